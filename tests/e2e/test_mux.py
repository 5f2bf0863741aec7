"""Subtitles into real films: what was there stays untouched, what is new is what was asked for."""

import json
import os
import subprocess
import tempfile
from pathlib import Path

import pytest

from small_media import PICTURE, ffmpeg
from subtitler.errors import DiskFull, OutputNotWritable, ToolFailed, UsageError
from subtitler.formats import get_format
from subtitler.media.containers import refuse_unmuxable
from subtitler.media.mux import NewTrack, mux
from subtitler.media.probe import probe
from subtitler.model import Cue, MediaInfo, Track
from subtitler.timing import Span

CUES = (
    Cue(span=Span(1000, 2000), lines=("Hello there,", "how <i>are</i> you?")),
    Cue(span=Span(2000, 3500), lines=("a < b & c > d, AT&T",)),
    Cue(span=Span(5000, 7000), lines=("ünï 日本 😀",)),
)
SOUND = (
    "-f",
    "lavfi",
    "-i",
    "sine=frequency=440:duration=8",
    "-f",
    "lavfi",
    "-i",
    "sine=frequency=550:duration=8",
)
SHOWN = "stream=codec_type:stream_tags:format_tags:chapter_tags"


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("mux")


@pytest.fixture(scope="module")
def make(folder):
    """An eight second film with two audio tracks, two chapters and a title, in any container."""
    chapters = folder / "chapters.txt"
    one, two = ("[CHAPTER]\nTIMEBASE=1/1000\nSTART=0\nEND=4000\ntitle=One\n",
                "[CHAPTER]\nTIMEBASE=1/1000\nSTART=4000\nEND=8000\ntitle=Two\n")  # fmt: skip
    chapters.write_text(f";FFMETADATA1\ntitle=The Film\n{one}{two}")

    def film(suffix):
        path = folder / f"film.{suffix}"
        codecs = ("libvpx", "libopus") if suffix == "webm" else ("libx264", "aac")
        if not path.exists():
            ffmpeg(
                *PICTURE, *SOUND, "-i", chapters, "-t", 8, "-map_metadata", 3, "-map_chapters", 3,
                *("-map", 0, "-map", 1, "-map", 2, "-c:v", codecs[0], "-g", 20, "-c:a", codecs[1]),
                *("-metadata:s:a:0", "language=eng", "-metadata:s:a:1", "language=ger"),
                *("-disposition:a:0", "default", path),
            )  # fmt: skip
        return path

    return film


def hashes(path):
    argv = [
        "ffmpeg",
        "-v",
        "error",
        "-i",
        str(path),
        "-map",
        "0:v",
        "-map",
        "0:a?",
        "-c",
        "copy",
        "-f",
        "streamhash",
        "-",
    ]
    lines = subprocess.run(argv, check=True, capture_output=True, text=True).stdout.split()
    assert lines
    return lines


def facts(path):
    argv = ["ffprobe", "-v", "error", "-show_chapters", "-show_entries", SHOWN, "-of", "json", str(path)]
    return json.loads(subprocess.run(argv, check=True, capture_output=True, text=True).stdout)


def first_picture_ms(path):
    """When the first picture is shown, on the media's clock."""
    argv = ["ffprobe", "-v", "error", "-select_streams", "v:0", "-show_entries", "packet=pts_time"]
    argv += ["-read_intervals", "%+#3", "-of", "csv=p=0", str(path)]
    lines = subprocess.run(argv, check=True, capture_output=True, text=True).stdout.replace(",", "").split()
    return round(min(map(float, lines)) * 1000) - probe(path).start_ms


def cues_in(path, position, tmp_path, *, source=None):
    """The subtitles that ffmpeg reads back; their times as the picture of ``source`` has them.

    ffmpeg moves picture, sound and subtitles of a Matroska file together, by the delay of the encoder.
    """
    codec = probe(path).tracks_of("subtitle")[position].codec
    suffix = "vtt" if codec == "webvtt" else "srt"
    out = tmp_path / f"back.{suffix}"
    how = ("-c:s", "srt") if codec == "mov_text" else ("-c", "copy")
    ffmpeg("-i", path, "-map", f"0:s:{position}", *how, out)
    shift = 0 if source is None else first_picture_ms(source) - first_picture_ms(path)
    cues = get_format(suffix).parse(out.read_text(encoding="utf-8"))
    return tuple(Cue(span=cue.span.shifted(shift), lines=cue.lines) for cue in cues)


@pytest.mark.parametrize("suffix", ["mp4", "m4v", "mov", "mkv", "webm"])
def test_all_that_was_there_is_untouched_and_the_new_tracks_are_as_asked(make, folder, tmp_path, suffix):
    source = make(suffix)
    output = folder / f"out.{suffix}"
    new = [NewTrack(cues=CUES, language="en"), NewTrack(cues=CUES[:2], language="pt-BR"),
           NewTrack(cues=CUES, language="de", title="Für Ünï", is_default=True)]  # fmt: skip
    report = mux(probe(source), new, output)
    assert report.warnings == ()
    assert hashes(output) == hashes(source)
    before, after = facts(source), facts(output)
    assert [chapter["tags"]["title"] for chapter in after["chapters"]] == ["One", "Two"]
    assert after["format"]["tags"]["title"] == before["format"]["tags"]["title"] == "The Film"
    info = probe(output)
    assert [track.language for track in info.tracks_of("audio")] == [
        track.language for track in probe(source).tracks_of("audio")
    ]
    subtitles = info.tracks_of("subtitle")
    assert [track.language for track in subtitles] == ["en", "pt", "de"]
    assert [track.title for track in subtitles] == ["", "Portuguese (Brazil)", "Für Ünï"]
    assert [track.is_default for track in subtitles] == [False, False, True]
    codes = [stream["tags"]["language"] for stream in after["streams"] if stream["codec_type"] == "subtitle"]
    assert codes == ["eng", "por", "deu" if suffix in ("mp4", "m4v") else "ger"]
    assert cues_in(output, 2, tmp_path, source=source) == CUES
    assert cues_in(output, 1, tmp_path, source=source) == CUES[:2]


@pytest.mark.parametrize("suffix", ["mp4", "mkv", "webm", "mov"])
def test_a_second_mux_that_replaces_leaves_one_track(make, folder, tmp_path, suffix):
    first, second, third = (folder / f"again{number}.{suffix}" for number in (1, 2, 3))
    mux(probe(make(suffix)), [NewTrack(cues=CUES, language="en"), NewTrack(cues=CUES, language="fr")], first)
    mux(probe(first), [NewTrack(cues=CUES[:1], language="en")], second)
    assert [track.language for track in probe(second).tracks_of("subtitle")] == ["en", "fr", "en"]
    report = mux(
        probe(second), [NewTrack(cues=CUES[:1], language="en-GB")], third, replaces_same_language=True
    )
    assert [track.language for track in probe(third).tracks_of("subtitle")] == ["fr", "en"]
    assert cues_in(third, 1, tmp_path, source=second) == CUES[:1]
    assert hashes(third) == hashes(make(suffix))
    assert [warning.split(":")[0] for warning in report.warnings] == [
        "took out subtitle 0",
        "took out subtitle 2",
    ]


@pytest.mark.parametrize(
    ("kind", "codec", "suffix"),
    [
        ("video", "h264", ".webm"),
        ("video", "vp8", ".mp4"),
        ("audio", "opus", ".mov"),
        ("audio", "aac", ".webm"),
    ],
)
def test_what_a_container_cannot_hold_is_known_before_work(kind, codec, suffix):
    info = MediaInfo(
        path=Path("film"), container="matroska", tracks=(Track(kind=kind, index=0, position=0, codec=codec),)
    )
    refuse_unmuxable(info, ".mkv")
    with pytest.raises(UsageError, match="cannot hold"):
        refuse_unmuxable(info, suffix)


@pytest.mark.parametrize("suffix", ["mp4", "mkv", "webm", "mov"])
def test_a_cue_of_no_length_keeps_its_words(make, folder, tmp_path, suffix):
    output = folder / f"instant.{suffix}"
    instant = Cue(span=Span(1000, 1000), lines=("Now.",))
    later = Cue(span=Span(2000, 3000), lines=("Then.",))
    mux(probe(make(suffix)), [NewTrack(cues=[instant, later], language="en")], output)
    assert [cue.text for cue in cues_in(output, 0, tmp_path)] == ["Now.", "Then."]


@pytest.mark.parametrize("suffix", ["mp4", "mkv"])
def test_a_track_without_a_language_is_replaced_by_one_without_a_language(make, folder, suffix):
    first, second = folder / f"und1.{suffix}", folder / f"und2.{suffix}"
    mux(probe(make(suffix)), [NewTrack(cues=CUES)], first)
    mux(probe(first), [NewTrack(cues=CUES)], second, replaces_same_language=True)
    assert [track.language for track in probe(second).tracks_of("subtitle")] == ["und"]


@pytest.mark.parametrize(
    ("source", "target", "codec"),
    [
        ("mp4", "mkv", "subrip"),
        ("mkv", "mp4", "mov_text"),
        ("mkv", "mov", "mov_text"),
        ("webm", "mkv", "webvtt"),
    ],
)
def test_text_that_was_there_is_converted_for_another_container(
    make, folder, tmp_path, source, target, codec
):
    first, second = folder / f"from.{source}", folder / f"from_{source}.{target}"
    mux(probe(make(source)), [NewTrack(cues=CUES, language="de", title="Namen")], first)
    report = mux(probe(first), [NewTrack(cues=CUES, language="en")], second)
    assert report.warnings == ()
    old, new = probe(second).tracks_of("subtitle")
    assert (old.codec, old.language, old.title, new.language) == (codec, "de", "Namen", "en")
    assert [cue.span for cue in cues_in(second, 0, tmp_path, source=make(source))] == [
        cue.span for cue in CUES
    ]
    assert cues_in(second, 1, tmp_path, source=first) == CUES
    assert [track.language for track in probe(second).tracks_of("audio")] == ["en", "de"]
    assert probe(second).chapters == 2


def test_the_container_may_be_named_where_the_temporary_name_has_another_suffix(make, folder):
    output = folder / "x.tmp"
    mux(probe(make("mp4")), [NewTrack(cues=CUES)], output, container="mkv")
    assert probe(output).container == "matroska,webm"


def test_a_cover_and_fonts_stay_in_matroska_and_what_mp4_cannot_hold_is_named(make, folder):
    cover, font, rich = folder / "c.jpg", folder / "a font.ttf", folder / "rich.mkv"
    ffmpeg(*PICTURE, "-frames:v", 1, cover)
    font.write_bytes(b"a font")
    ffmpeg("-i", make("mkv"), "-map", 0, "-c", "copy",
           "-attach", cover, "-metadata:s:t:0", "mimetype=image/jpeg",
           "-metadata:s:t:0", "filename=cover.jpg",
           "-attach", font, "-metadata:s:t:1", "mimetype=application/x-truetype-font",
           "-metadata:s:t:1", "filename=a font.ttf", rich)  # fmt: skip
    kept = folder / "rich_kept.mkv"
    assert mux(probe(rich), [NewTrack(cues=CUES)], kept).warnings == ()
    info = probe(kept)
    pictures = [
        (track.kind, track.is_picture) for track in info.tracks if track.kind in ("video", "attachment")
    ]
    assert pictures == [("video", False), ("attachment", False), ("video", True)]
    names = {stream["tags"]["filename"] for stream in facts(kept)["streams"] if "filename" in stream["tags"]}
    assert names == {"cover.jpg", "a font.ttf"}
    assert hashes(kept)[-1] == hashes(rich)[-1]

    small = folder / "rich.mp4"
    warnings = mux(probe(rich), [NewTrack(cues=CUES)], small).warnings
    assert ["attachment 0" in warning and "mp4 cannot hold it" in warning for warning in warnings] == [True]
    assert [track.is_picture for track in probe(small).tracks_of("video")] == [False, True]


def test_a_timecode_track_is_left_out_and_named(make, folder):
    source = folder / "timecode.mov"
    ffmpeg("-i", make("mp4"), "-map", "0:v", "-map", "0:a", "-map_chapters", -1, "-c", "copy", "-timecode",
           "01:00:00:00", source)  # fmt: skip
    assert probe(source).tracks_of("data")
    report = mux(probe(source), [NewTrack(cues=CUES)], folder / "timecode.mkv")
    assert [warning for warning in report.warnings if "left out data 0" in warning]


def test_overlapping_cues_lose_no_row_in_mp4(make, folder, tmp_path):
    cues = [Cue(span=Span(1000, 4000), lines=("A",)), Cue(span=Span(3000, 6000), lines=("B",))]
    output = folder / "overlap.mp4"
    mux(probe(make("mp4")), [NewTrack(cues=cues)], output)
    assert [(cue.span.start_ms, cue.span.end_ms, cue.lines) for cue in cues_in(output, 0, tmp_path)] == [
        (1000, 3000, ("A",)), (3000, 4000, ("A", "B")), (4000, 6000, ("B",))]  # fmt: skip


@pytest.mark.parametrize("suffix", ["mp4", "mkv", "webm"])
def test_cues_that_come_twice_or_out_of_order_are_no_trouble(make, folder, tmp_path, suffix):
    output = folder / f"rough.{suffix}"
    mux(probe(make(suffix)), [NewTrack(cues=[*reversed(CUES), CUES[0]])], output)
    assert cues_in(output, 0, tmp_path, source=make(suffix)) == CUES


@pytest.mark.parametrize("suffix", ["mp4", "mkv", "webm"])
def test_letters_with_a_meaning_of_their_own_are_letters(make, folder, tmp_path, suffix):
    cues = (
        Cue(span=Span(0, 900), lines=("{curly} and 100%",)),
        Cue(span=Span(1000, 1900), lines=("- WEBVTT", "NOTE: 1")),
    )
    output = folder / f"letters.{suffix}"
    mux(probe(make(suffix)), [NewTrack(cues=cues)], output)
    assert cues_in(output, 0, tmp_path, source=make(suffix)) == cues


def test_a_default_among_the_new_takes_the_rank_of_the_old(make, folder):
    first, second = folder / "rank1.mkv", folder / "rank2.mkv"
    mux(probe(make("mkv")), [NewTrack(cues=CUES, language="en", is_default=True)], first)
    mux(probe(first), [NewTrack(cues=CUES, language="fr", is_default=True)], second)
    assert [track.is_default for track in probe(second).tracks_of("subtitle")] == [False, True]
    assert probe(second).tracks_of("audio")[0].is_default


@pytest.mark.parametrize(
    "name", ["-o.mkv", "100%d.mkv", "a:b 'c\".mkv", "ünï\n日本.mkv", os.fsdecode(b"\xff.mkv")]
)
def test_odd_names_are_names(make, folder, name):
    source = folder / "odd" / name
    source.parent.mkdir(exist_ok=True)
    source.write_bytes(make("mkv").read_bytes())
    output = source.with_name(f"out {name}")
    mux(probe(source), [NewTrack(cues=CUES)], output)
    assert len(probe(output).tracks_of("subtitle")) == 1


def test_what_cannot_be_asked_for_is_refused_before_any_work(make, folder):
    info = probe(make("mp4"))
    output = folder / "never.mp4"
    ffmpeg(*SOUND[:4], folder / "song.m4a")
    with pytest.raises(UsageError, match="no moving picture"):
        mux(probe(folder / "song.m4a"), [NewTrack(cues=CUES)], output)
    with pytest.raises(UsageError, match="without a cue"):
        mux(info, [NewTrack(cues=(), language="en")], output)
    with pytest.raises(UsageError, match="webm cannot hold the video"):
        mux(info, [NewTrack(cues=CUES)], folder / "never.webm")
    with pytest.raises(UsageError, match=r"cannot put subtitles into a \.avi file"):
        mux(info, [NewTrack(cues=CUES)], folder / "never.avi")
    assert not list(folder.glob("never*"))


def test_a_codec_that_only_ffmpeg_knows_to_be_wrong_is_a_wrong_request(make, folder):
    film = folder / "truehd.mkv"
    sound = ("-strict", "-2", "-c:a", "truehd", "-ar", "48000")
    ffmpeg("-i", make("mkv"), *SOUND[:4], "-map", "0:v", "-map", "1:a", "-c:v", "copy", *sound, film)
    with pytest.raises(UsageError, match=r"mov cannot hold all of .*truehd") as caught:
        mux(probe(film), [NewTrack(cues=CUES)], folder / "truehd.mov")
    assert "mkv" in caught.value.hint


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs a device that is always full")
def test_a_full_disk_is_called_one(make):
    for container in ("mkv", "mp4"):
        with pytest.raises(DiskFull, match="no room") as caught:
            mux(probe(make("mkv")), [NewTrack(cues=CUES)], Path("/dev/full"), container=container)
        assert caught.value.exit_code == 7


def test_a_folder_that_is_not_there_is_called_so(make, folder):
    with pytest.raises(OutputNotWritable, match="cannot be written"):
        mux(probe(make("mkv")), [NewTrack(cues=CUES)], folder / "missing" / "out.mkv")


def test_a_film_that_breaks_meanwhile_is_a_failed_tool_that_tells_why(make, folder):
    doomed = folder / "doomed.mkv"
    doomed.write_bytes(make("mkv").read_bytes())
    info = probe(doomed)
    doomed.write_bytes(b"no film any more")
    with pytest.raises(ToolFailed, match="Invalid data") as caught:
        mux(info, [NewTrack(cues=CUES)], folder / "doomed_out.mkv")
    assert caught.value.argv[0] == "ffmpeg"


def test_no_temporary_file_stays_behind(make, folder, tmp_path, monkeypatch):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    mux(probe(make("mkv")), [NewTrack(cues=CUES)], folder / "tidy.mkv")
    with pytest.raises(UsageError):
        mux(probe(make("webm")), [NewTrack(cues=CUES)], folder / "tidy.mov")
    assert not list(tmp_path.iterdir())


@pytest.mark.samples
@pytest.mark.parametrize("suffix", ["mp4", "mkv"])
def test_a_film_of_two_pictures_two_sounds_and_two_subtitles_keeps_them_all(
    samples, folder, tmp_path, suffix
):
    source = samples / "video" / "nasa_webb_13s.mp4"
    output = folder / f"nasa.{suffix}"
    report = mux(probe(source), [NewTrack(cues=CUES, language="es")], output)
    assert report.warnings == ()
    assert hashes(output) == hashes(source)
    info = probe(output)
    counts = {kind: len(info.tracks_of(kind)) for kind in ("video", "audio", "subtitle")}
    assert counts == {"video": 2, "audio": 2, "subtitle": 3}
    assert [track.language for track in info.tracks_of("subtitle")] == ["en", "en", "es"]
    assert cues_in(output, 2, tmp_path, source=source) == CUES
    assert [cue.text for cue in cues_in(output, 0, tmp_path)] == [
        cue.text for cue in cues_in(source, 0, tmp_path)
    ]
    replaced = folder / f"nasa_en.{suffix}"
    mux(info, [NewTrack(cues=CUES, language="en")], replaced, replaces_same_language=True)
    assert [track.language for track in probe(replaced).tracks_of("subtitle")] == ["es", "en"]


ODD_FILMS = [
    "exo_sample.avi",
    "exo_sample_fragmented.mp4",
    "exo_sample_with_srt.mkv",
    "exo_sample_with_vtt_subtitles.mkv",
    "gradio_video_sample.webm",
    "moviepy_no_duration.webm",
    "derived/vfr.mp4",
    "derived/truncated_60pct.mkv",
    "derived/audio_delay_2s5.mp4",
    "derived/speech.flv",
]


@pytest.mark.samples
@pytest.mark.parametrize("name", ODD_FILMS)
def test_odd_films_are_copied_whole(samples, folder, name):
    source = samples / "containers" / name
    output = folder / f"{source.stem}.mkv"
    mux(probe(source), [NewTrack(cues=CUES, language="en")], output)
    assert hashes(output) == hashes(source)


@pytest.mark.samples
def test_subtitles_that_are_pictures_stay_in_matroska_and_are_named_for_mp4(samples, folder):
    info = probe(samples / "video" / "popeye_p1_no_audio.mkv")
    assert mux(info, [NewTrack(cues=CUES)], folder / "popeye.mkv").warnings == ()
    assert [track.codec for track in probe(folder / "popeye.mkv").tracks_of("subtitle")] == [
        "dvd_subtitle",
        "subrip",
    ]
    (warning,) = mux(info, [NewTrack(cues=CUES)], folder / "popeye.mp4").warnings
    assert "dvd_subtitle" in warning
