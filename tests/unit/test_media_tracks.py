"""What is thought about tracks before any program runs: which to hear, which a container holds."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from subtitler.errors import NoAudioTrack, UsageError
from subtitler.media.containers import CONTAINERS, container_named, encoder_for, sort_tracks
from subtitler.media.extract import complaint_about, declared_end_ms
from subtitler.media.ffmpeg import OutputStream, decode_argv, media_url, mux_argv, probe_argv
from subtitler.media.mux import without_overlaps
from subtitler.media.probe import choose_audio_track, describe_track
from subtitler.model import Cue, MediaInfo, Track
from subtitler.timing import Span


def film(*tracks, path=Path("film.mkv"), container="matroska,webm", **facts):
    seen = {}
    numbered = []
    for index, (kind, codec, more) in enumerate(tracks):
        numbered.append(Track(kind=kind, index=index, position=seen.get(kind, 0), codec=codec, **more))
        seen[kind] = seen.get(kind, 0) + 1
    return MediaInfo(path=path, container=container, tracks=tuple(numbered), **facts)


VIDEO = ("video", "h264", {"width": 640, "height": 360})
BABEL = film(
    VIDEO,
    ("audio", "aac", {"language": "de"}),
    ("audio", "ac3", {"language": "en", "channels": 6}),
    ("audio", "aac", {"language": "pt-BR", "title": "Dub", "channels": 1}),
    ("audio", "opus", {"language": "en", "is_default": True}),
)


@pytest.mark.parametrize(
    ("wish", "position"),
    [(None, 3), ("0", 0), ("2", 2), ("de", 0), ("deu", 0), ("German", 0), ("pt", 2), ("en", 3), ("en-GB", 3)],
)
def test_a_track_is_found_by_number_or_language_and_the_default_comes_first(wish, position):
    assert choose_audio_track(BABEL, wish).position == position


def test_without_a_default_the_first_track_is_heard():
    assert choose_audio_track(film(VIDEO, ("audio", "aac", {}), ("audio", "aac", {})), None).index == 1


@pytest.mark.parametrize("wish", ["4", "fr", "Klingonese", "-1", "", "²"])
def test_a_wish_that_no_track_fulfils_lists_what_is_there(wish):
    with pytest.raises(UsageError) as caught:
        choose_audio_track(BABEL, wish)
    assert caught.value.exit_code == 2
    assert "audio 0: de, aac" in str(caught.value)
    assert 'audio 2: pt-BR "Dub", aac, mono' in str(caught.value)


def test_without_sound_the_message_says_what_the_file_holds():
    with pytest.raises(
        NoAudioTrack, match=r"'film\.mkv' has no audio track; it holds 1 video track, 1 picture"
    ) as caught:
        choose_audio_track(film(VIDEO, ("video", "mjpeg", {"is_picture": True})), None)
    assert caught.value.exit_code == 3


def test_a_track_is_described_in_one_line():
    track = Track(
        kind="video",
        index=0,
        position=0,
        codec="h264",
        width=640,
        height=360,
        duration_ms=61_000,
        is_default=True,
    )
    assert describe_track(track) == "video 0: und, h264, 640x360, 1:01, default"


@pytest.mark.parametrize(
    "name", ["-i.mp4", "a:b.mp4", "%d.mp4", "a\nb.mp4", "http:x.mp4", "\udcff.mp4", "pipe:0"]
)
def test_a_name_is_never_an_option_nor_an_address(name, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    assert media_url(Path(name)) == f"file:{tmp_path}/{name}"
    for argv in (probe_argv(Path(name)), decode_argv(Path(name), 0)):
        assert name not in argv
        assert argv[argv.index("-protocol_whitelist") + 1] == "file,pipe"


def test_inputs_keep_their_order_so_that_the_media_is_number_0():
    subtitles = [Path(f"/s/{number}.srt") for number in range(12)]
    streams = [OutputStream(source=0, index=1), OutputStream(source=0, index=0)]
    streams += [OutputStream(source=number + 1, index=0) for number in range(12)]
    argv = mux_argv(Path("/f.mkv"), subtitles, streams, Path("/o.mkv"), muxer="matroska")
    inputs = [argv[at + 1] for at, word in enumerate(argv) if word == "-i"]
    maps = [argv[at + 1] for at, word in enumerate(argv) if word == "-map"]
    assert inputs == ["file:/f.mkv", *(f"file:/s/{number}.srt" for number in range(12))]
    assert maps == ["0:1", "0:0", *(f"{number}:0" for number in range(1, 13))]


@pytest.mark.parametrize(
    ("line", "complaint"),
    [
        ("[aac @ 0x5581] [error] Input buffer exhausted", "Input buffer exhausted"),
        ("[mp3float @ 0x5581] [error] Header missing", "Header missing"),
        ("[matroska,webm @ 0x5581] [error] File ended prematurely", "File ended prematurely"),
        ("[error] Error while decoding stream #0:0", "Error while decoding stream #0:0"),
        ("[h264 @ 0x5581] [error] non-existing PPS 0 referenced", None),
        ("[mjpeg @ 0x5581] [fatal] No JPEG data found in image", None),
        ("[aac @ 0x5581] [warning] whatever", None),
        ("Press [q] to stop", None),
    ],
)
def test_only_complaints_about_the_sound_count(line, complaint):
    codec = "mp3" if "mp3" in line else "aac"
    assert complaint_about(line, codec, "matroska,webm") == complaint


def sized(tmp_path, size=1_000_000):
    path = tmp_path / "film"
    path.write_bytes(bytes(size))
    return path


def test_the_declared_end_is_the_tracks_own_before_the_containers(tmp_path):
    sound = ("audio", "aac", {"start_ms": 2500, "duration_ms": 9000})
    assert (
        declared_end_ms(
            film(VIDEO, sound, path=sized(tmp_path), duration_ms=20_000), film(VIDEO, sound).tracks[1]
        )
        == 11_500
    )


def test_the_containers_length_is_not_held_against_sound_shorter_than_its_film(tmp_path):
    sound = ("audio", "opus", {})
    both = film(VIDEO, sound, path=sized(tmp_path), duration_ms=20_000)
    alone = film(sound, path=sized(tmp_path), duration_ms=20_000)
    assert declared_end_ms(both, both.tracks[1]) is None
    assert declared_end_ms(alone, alone.tracks[0]) == 20_000


def test_a_length_that_leaves_no_bits_for_a_second_is_not_believed(tmp_path):
    sound = ("audio", "aac", {"duration_ms": 97_391_000})
    lying = film(sound, path=sized(tmp_path, 106_000))
    assert declared_end_ms(lying, lying.tracks[0]) is None


SUBTITLES = film(
    VIDEO,
    ("audio", "aac", {"language": "en"}),
    ("subtitle", "subrip", {"language": "de"}),
    ("subtitle", "hdmv_pgs_subtitle", {"language": "en"}),
    ("subtitle", "", {}),
    ("data", "bin_data", {}),
    ("attachment", "ttf", {}),
    ("video", "mjpeg", {"is_picture": True}),
)


@pytest.mark.parametrize(
    ("suffix", "kept", "left_out"),
    [
        ("mkv", [0, 1, 2, 3, 6], 2),
        ("mp4", [0, 1, 2, 7], 4),
        ("mov", [0, 1, 2], 5),
    ],
)
def test_what_a_container_cannot_hold_is_left_out_and_named(suffix, kept, left_out):
    sorted_out = sort_tracks(SUBTITLES, CONTAINERS[suffix])
    assert [track.index for track in sorted_out.tracks] == kept
    assert len(sorted_out.warnings) == left_out
    assert all(suffix in warning for warning in sorted_out.warnings)
    assert [track.index for track in sorted_out.covers] == ([7] if suffix == "mkv" else [])


def test_a_container_that_cannot_hold_the_film_is_refused():
    with pytest.raises(UsageError, match=r"webm cannot hold the video of 'film\.mkv' \(h264\)"):
        sort_tracks(SUBTITLES, CONTAINERS["webm"])


@pytest.mark.parametrize("suffix", [".avi", "", ".srt", ".mp4x"])
def test_a_file_that_cannot_hold_subtitles_is_refused(suffix):
    with pytest.raises(UsageError, match="cannot put subtitles") as caught:
        container_named(suffix)
    assert "mkv" in caught.value.hint


def test_the_list_of_chapters_is_no_loss():
    chaptered = film(VIDEO, ("data", "bin_data", {}), container="mov,mp4,m4a,3gp,3g2,mj2", chapters=3)
    sorted_out = sort_tracks(chaptered, CONTAINERS["mp4"])
    assert (len(sorted_out.tracks), sorted_out.warnings) == (1, ())


def test_subtitles_that_are_replaced_go_and_are_named():
    sorted_out = sort_tracks(SUBTITLES, CONTAINERS["mkv"], dropped_languages=frozenset({"deu", "eng"}))
    assert [track.kind for track in sorted_out.tracks] == ["video", "audio", "attachment"]
    assert sorted_out.warnings[:2] == (
        "took out subtitle 0: de, subrip: the new one replaces it",
        "took out subtitle 1: en, hdmv_pgs_subtitle: the new one replaces it",
    )


def test_text_is_converted_only_where_the_container_does_not_know_it():
    subrip = SUBTITLES.tracks[2]
    assert [encoder_for(subrip, CONTAINERS[suffix]) for suffix in ("mkv", "mp4", "webm")] == [
        "copy",
        "mov_text",
        "webvtt",
    ]
    assert encoder_for(SUBTITLES.tracks[0], CONTAINERS["mp4"]) == "copy"


@pytest.mark.parametrize(
    ("suffix", "tag", "code"),
    [
        ("mp4", "de", "deu"),
        ("mkv", "de", "ger"),
        ("webm", "fr-CA", "fre"),
        ("mov", "zh-Hans", "chi"),
        ("mov", "fr", "fra"),
    ],
)
def test_languages_are_written_in_the_containers_own_code(suffix, tag, code):
    assert CONTAINERS[suffix].language_code(tag) == code


def cue(start, end, *lines):
    return Cue(span=Span(start, end), lines=lines or (f"{start}",))


def test_rows_shown_together_become_one_cue():
    assert without_overlaps([cue(3, 8, "B"), cue(0, 5, "A", "a")]) == [
        cue(0, 3, "A", "a"),
        cue(3, 5, "A", "a", "B"),
        cue(5, 8, "B"),
    ]


@given(st.lists(st.tuples(st.integers(0, 60), st.integers(1, 30)), max_size=15))
def test_at_every_moment_the_same_rows_are_shown_by_at_most_one_cue(spans):
    cues = [cue(start, start + length, f"row {number}") for number, (start, length) in enumerate(spans)]
    flat = without_overlaps(cues)
    for moment in range(95):
        shown = [one for one in flat if one.span.start_ms <= moment < one.span.end_ms]
        due = {one.text for one in cues if one.span.start_ms <= moment < one.span.end_ms}
        assert len(shown) == bool(due)
        assert {line for one in shown for line in one.lines} == due


def test_cues_that_do_not_overlap_stay_as_they_are():
    cues = [cue(0, 5), cue(5, 9), cue(12, 13)]
    assert without_overlaps(cues) == cues
