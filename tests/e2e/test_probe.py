"""Real files, and things that are no files, as `probe` sees them."""

import os
import socket
import threading

import pytest

from small_media import PICTURE, ffmpeg, noise, write_wav
from subtitler.errors import UnreadableMedia
from subtitler.media.extract import extract
from subtitler.media.ffmpeg import tool_version
from subtitler.media.probe import choose_audio_track, probe


@pytest.fixture(scope="module")
def film(tmp_path_factory):
    """Picture, two languages, a chapter, late audio in the second track."""
    folder = tmp_path_factory.mktemp("film")
    wav = write_wav(folder / "n.wav", noise(3))
    chapters = folder / "chapters.txt"
    chapters.write_text(";FFMETADATA1\n[CHAPTER]\nTIMEBASE=1/1000\nSTART=0\nEND=3000\ntitle=One\n")
    labels = {"s:a:0": ["language=eng"], "s:a:1": ["language=ger", "title=Dub\x07"]}
    ffmpeg(
        *PICTURE, "-i", wav, "-itsoffset", 1.5, "-i", wav, "-i", chapters, "-t", 4, "-map_chapters", 3,
        *("-map", "0", "-map", "1", "-map", "2", "-c:v", "libx264", "-c:a", "libopus"),
        *(word for which, said in labels.items() for label in said for word in (f"-metadata:{which}", label)),
        *("-disposition:a:1", "default", "-disposition:a:0", "0", folder / "film.mkv"),
    )  # fmt: skip
    return folder / "film.mkv"


def test_a_film_is_described_track_by_track(film):
    info = probe(film)
    picture, english, german = info.tracks
    assert (info.container, info.chapters, info.has_film, info.path) == ("matroska,webm", 1, True, film)
    assert abs(info.duration_ms - 4500) < 600
    assert (picture.kind, picture.codec, picture.width, picture.height, picture.frame_rate) == (
        "video", "h264", 160, 90, 10.0)  # fmt: skip
    assert (english.kind, english.position, english.index, english.language) == ("audio", 0, 1, "en")
    assert (german.position, german.index, german.language, german.title) == (1, 2, "de", "Dub")
    assert (german.is_default, english.is_default) == (True, False)
    assert abs(german.start_ms - 1500) < 30
    assert abs(german.duration_ms - 2500) < 50, "Matroska's tag says where it ends, not how long it is"
    assert choose_audio_track(info, None) == german


def test_a_cover_is_a_picture_and_no_film(film, tmp_path):
    ffmpeg(*PICTURE, "-frames:v", 1, tmp_path / "c.jpg")
    ffmpeg("-i", film, "-i", tmp_path / "c.jpg", "-map", "0:a:0", "-map", "1", "-c:a", "libmp3lame",
           "-c:v", "copy", "-disposition:v", "attached_pic", tmp_path / "song.mp3")  # fmt: skip
    info = probe(tmp_path / "song.mp3")
    assert [track.is_picture for track in info.tracks] == [False, True]
    assert not info.has_film


def test_a_length_that_is_only_ffmpegs_guess_is_nothing_the_track_claims(tmp_path):
    wav = write_wav(tmp_path / "n.wav", noise(3))
    ffmpeg("-i", wav, tmp_path / "n.aac")
    info = probe(tmp_path / "n.aac")
    assert info.duration_ms is not None
    assert info.tracks[0].duration_ms is None


@pytest.mark.parametrize(
    "name", ["-i.mkv", "a b'c\"$(x).mkv", "100%d.mkv", "http:x.mkv", "ünï 日本.mkv", "a\nb.mkv"]
)
def test_odd_names_are_names_and_nothing_else(film, tmp_path, monkeypatch, name):
    monkeypatch.chdir(tmp_path)
    (tmp_path / name).symlink_to(film)
    assert len(probe((tmp_path / name).relative_to(tmp_path)).tracks) == 3


@pytest.mark.skipif(os.name != "posix" or os.uname().sysname != "Linux", reason="names of any bytes")
def test_a_name_that_is_not_utf_8_is_read(film, tmp_path):
    link = tmp_path / os.fsdecode(b"\xff\xfe.mkv")
    link.symlink_to(film)
    info = probe(link)
    assert len(info.tracks) == 3
    with extract(info, info.tracks[1]) as sound:
        assert sum(map(len, sound)) > 40_000


def refused(path):
    with pytest.raises(UnreadableMedia) as caught:
        probe(path)
    error = caught.value
    assert error.exit_code == 3
    assert error.hint
    assert "\n" not in str(error)
    assert repr(str(path)) in str(error)
    return str(error)


def test_each_thing_that_is_no_media_is_refused_in_its_own_words(tmp_path, film):
    empty, text, cut = tmp_path / "empty.mp4", tmp_path / "text.mp4", tmp_path / "cut.mp4"
    empty.touch()
    text.write_text("once upon a time\n" * 100)
    ffmpeg("-i", film, "-map", "0:v", "-c", "copy", tmp_path / "whole.mp4")
    cut.write_bytes((tmp_path / "whole.mp4").read_bytes()[:2000])
    messages = [
        refused(tmp_path / "missing.mp4"),
        refused(tmp_path),
        refused(empty),
        refused(text),
        refused(cut),
        refused(empty / "inside.mp4"),
        refused(tmp_path / ("x" * 300)),
        refused(type(tmp_path)("nul\0.mp4")),
    ]
    whys = ["does not exist", "is a folder", "is empty", "not media", "moov atom not found", "does not exist",
            "too long", "cannot be opened"]  # fmt: skip
    for why, message in zip(whys, messages, strict=True):
        assert why in message


@pytest.mark.skipif(os.name != "posix", reason="POSIX kinds of files")
def test_what_is_no_regular_file_is_refused_without_waiting_for_it(tmp_path):
    os.mkfifo(tmp_path / "fifo.mp4")
    for path in (tmp_path / "fifo.mp4", type(tmp_path)("/dev/zero")):
        assert "not a regular file" in refused(path)


@pytest.mark.skipif(os.name != "posix" or os.geteuid() == 0, reason="root may read everything")
def test_a_file_without_permission_says_so(tmp_path, film):
    locked = tmp_path / "locked.mkv"
    locked.write_bytes(film.read_bytes())
    locked.chmod(0)
    assert "may not be read: Permission denied" in refused(locked)


def test_a_playlist_in_disguise_fetches_nothing(tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as server:
        visitors = []
        server.settimeout(30)

        def listen():
            try:
                visitors.append(server.accept()[0])
            except OSError:
                return

        thread = threading.Thread(target=listen)
        thread.start()
        address = f"http://127.0.0.1:{server.getsockname()[1]}/a.ts"
        playlist = tmp_path / "film.mp4"
        playlist.write_text(f"#EXTM3U\n#EXT-X-TARGETDURATION:10\n#EXTINF:10,\n{address}\n#EXT-X-ENDLIST\n")
        refused(playlist)
        server.shutdown(socket.SHUT_RDWR)
        thread.join()
    assert not visitors


def test_the_tools_say_their_version():
    assert tool_version("ffmpeg")[0].isalnum()
    assert tool_version("ffprobe") == tool_version("ffmpeg")


@pytest.mark.samples
def test_every_sample_is_described_or_refused(samples):
    unreadable = set()
    containers = samples / "containers"
    for path in sorted([*containers.iterdir(), *(containers / "derived").iterdir()]):
        if path.is_dir() or path.suffix == ".txt":
            continue
        try:
            assert probe(path).tracks
        except UnreadableMedia:
            unreadable.add(path.name)
    assert unreadable == {
        "aeneas_mono.empty.wav",
        "aeneas_mono.invalid.wav",
        "ps_bad.wav",
        "ps_evil.wav",
        "truncated_no_moov.mp4",
        "zero_bytes.mp4",
    }


@pytest.mark.samples
def test_the_samples_languages_defaults_and_starts_are_read(samples):
    derived = samples / "containers" / "derived"
    default_second = probe(derived / "two_audio_ger_eng_default2.mkv")
    assert [track.language for track in default_second.tracks_of("audio")] == ["de", "en"]
    assert choose_audio_track(default_second, None).position == 1
    assert choose_audio_track(probe(derived / "two_audio_eng_deu.mp4"), "German").position == 1
    late = probe(derived / "ts_start_3600s.ts")
    assert abs(late.start_ms - 3_600_000) < 100
    assert all(0 <= track.start_ms < 100 for track in late.tracks)
    nasa = probe(samples / "video" / "nasa_webb_13s.mp4")
    assert [track.kind for track in nasa.tracks] == ["video", "audio", "subtitle"] * 2
