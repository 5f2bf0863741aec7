"""Outputs: names known before work, and files that are whole or not there."""

import errno
import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from subtitler.config import load_settings
from subtitler.errors import (
    DiskFull,
    NameTooLong,
    OutputExists,
    OutputNotWritable,
    SubtitlerError,
    UsageError,
)
from subtitler.model import MediaInfo, Track
from subtitler.outputs import OutputPlan, check_outputs, plan_outputs, whole_file, write_text_whole


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """The working directory, with two films in it."""
    monkeypatch.chdir(tmp_path)
    for name in ("talk.mp4", "film.avi"):
        (tmp_path / name).write_bytes(b"film")
    return tmp_path


def plan(*media, spoken=None, environ=None, **flags) -> tuple[OutputPlan, ...]:
    settings = load_settings(flags, environ=environ or {})
    return plan_outputs([Path(name) for name in media], settings, spoken_language=spoken)


def film(path="talk.mp4", *, is_picture=False) -> MediaInfo:
    tracks = (Track(kind="video", index=0, position=0, is_picture=is_picture),)
    return MediaInfo(path=Path(path), container="mp4", tracks=tracks)


def names(plan, language=None):
    return [str(path) for path in plan.sidecars(language).values()]


# Names


@pytest.mark.parametrize(
    ("flags", "spoken", "said", "name"),
    [
        ({}, None, None, "talk.srt"),
        ({}, None, "und", "talk.srt"),
        ({}, None, "de", "talk.de.srt"),
        ({"language": "pt-BR"}, None, "pt", "talk.pt-BR.srt"),
        ({"language": "de", "task": "translate"}, None, "de", "talk.en.srt"),
        ({}, "en", None, "talk.en.srt"),
        ({"language": "en-GB"}, "en", None, "talk.en.srt"),
        ({"format": ("vtt",)}, None, "de", "talk.de.vtt"),
    ],
)
def test_the_tag_is_the_language_that_is_known_first(folder, flags, spoken, said, name):
    (one,) = plan("talk.mp4", spoken=spoken, **flags)
    assert names(one, said) == [name]


def test_all_formats_go_beside_the_film_or_into_the_folder_asked_for(folder):
    (folder / "out").mkdir()
    (folder / "in").mkdir()
    (one,) = plan("in/talk.mp4", format=("srt", "vtt"))
    assert names(one, "de") == ["in/talk.de.srt", "in/talk.de.vtt"]
    for wish in ("out", "out/"):
        first, second = plan("in/talk.mp4", "film.avi", format=("srt", "vtt"), output=wish, mux=True)
        assert names(first, "de") == ["out/talk.de.srt", "out/talk.de.vtt"]
        assert second.mux_path(film()) == Path("out/film.subtitled.mkv")


def test_a_file_asked_for_is_that_file_in_the_format_of_its_suffix(folder):
    (one,) = plan("talk.mp4", output="x.VTT", mux=True)
    assert (names(one, "de"), one.formats) == (["x.VTT"], ("vtt",))
    assert one.mux_path(film()) == Path("talk.subtitled.mp4")


def test_only_dots_before_the_last_belong_to_a_films_name(folder):
    (one,) = plan("my.talk.2024.mp4")
    assert names(one, "de") == ["my.talk.2024.de.srt"]


@pytest.mark.parametrize(
    ("media", "flags", "says"),
    [
        (["talk.mp4"], {"output": "x.vtt", "format": ("srt",)}, "ends in .vtt, but --format asks for srt"),
        (["talk.mp4"], {"output": "x.srt", "format": ("srt", "vtt")}, "2 formats cannot share one file"),
        (["talk.mp4", "film.avi"], {"output": "x.srt"}, "2 inputs cannot share one file"),
        (["talk.mp4"], {"output": "x.docx"}, "no subtitle format"),
        (["talk.mp4"], {"output": "talk.mp4"}, "no subtitle format"),
        (["talk.mp4"], {"mux_output": "x.avi"}, "no video can be written as .avi"),
        (["talk.mp4", "film.avi"], {"mux_output": "x.mkv"}, "2 inputs cannot share one file"),
        (["talk.mp4", "./talk.mp4"], {}, "would both be written to"),
        (["talk.mp4", "talk.mkv"], {}, "would both be written to talk.srt"),
        (["talk.mp4", "talk.mkv"], {"language": "de"}, "would both be written to talk.de.srt"),
    ],
)
def test_wishes_that_contradict_each_other_are_refused_before_work(folder, media, flags, says):
    with pytest.raises(UsageError, match=says):
        plan(*media, **flags)


def test_two_names_of_one_folder_are_one_folder(folder):
    (folder / "link").symlink_to(folder)
    with pytest.raises(UsageError, match="would both be written"):
        plan("talk.mp4", "link/talk.mp4")


def test_a_format_in_a_file_gives_way_to_the_suffix_of_a_flag(folder):
    (folder / "subtitler.toml").write_text('format = ["srt", "vtt"]')
    (one,) = plan("talk.mp4", output="x.vtt")
    assert one.formats == ("vtt",)
    with pytest.raises(UsageError, match="--format asks for srt"):
        plan("talk.mp4", format=("srt",), environ={"SUBTITLER_OUTPUT": "x.vtt"})


@pytest.mark.parametrize("wish", ["missing", "missing/", "missing.d/"])
def test_a_folder_that_is_not_there_is_refused(folder, wish):
    for media in (["talk.mp4"], ["talk.mp4", "film.avi"]):
        with pytest.raises(OutputNotWritable, match="there is no folder"):
            plan(*media, output=wish)
    with pytest.raises(OutputNotWritable, match="there is no folder"):
        plan("talk.mp4", mux_output=wish)


@pytest.mark.parametrize("suffix", [".mp4", ".m4v", ".mov", ".mkv", ".webm", ".MP4"])
def test_a_video_keeps_its_suffix_where_it_can_be_written(folder, suffix):
    (one,) = plan(f"a{suffix}", mux=True)
    assert one.mux_path(film()) == Path(f"a.subtitled{suffix}")


@pytest.mark.parametrize("name", ["a.avi", "a.ts", "a"])
def test_any_other_video_becomes_mkv(folder, name):
    (one,) = plan(name, mux=True)
    assert one.mux_path(film()) == Path("a.subtitled.mkv")


def test_a_video_asked_for_by_name_needs_no_other_flag(folder):
    (one,) = plan("talk.mp4", mux_output="x.mkv")
    assert one.mux_path(film()) == Path("x.mkv")
    (two,) = plan("talk.mp4")
    assert two.mux_path(film()) is None


def test_audio_alone_is_no_film_even_with_a_cover(folder):
    (one,) = plan("talk.mp3", mux=True)
    for info in (film(is_picture=True), MediaInfo(path=Path("talk.mp3"), container="mp3")):
        with pytest.raises(UsageError, match="no video to put subtitles into"):
            one.mux_path(info)


# Checks before work


def test_a_known_name_that_is_taken_is_refused_and_an_unknown_one_when_it_is_known(folder):
    (folder / "talk.de.srt").write_text("mine")
    (known,) = plan("talk.mp4", language="de")
    with pytest.raises(OutputExists, match=r"talk\.de\.srt"):
        known.check_known()
    (unknown,) = plan("talk.mp4")
    unknown.check_known()
    with pytest.raises(OutputExists):
        unknown.check_free(unknown.sidecars("de").values())
    (allowed,) = plan("talk.mp4", language="de", overwrite=True)
    allowed.check_known()


@pytest.mark.parametrize("answers", ["srt", "vtt", "json", "text"])
def test_where_no_reply_names_a_language_the_name_without_one_is_checked_before_work(folder, answers):
    (folder / "talk.srt").write_text("mine")
    (one,) = plan("talk.mp4", response_format=answers)
    with pytest.raises(OutputExists, match=r"talk\.srt"):
        one.check_known()
    (other,) = plan("talk.mp4", response_format="verbose_json")
    other.check_known()


def test_a_link_into_a_folder_that_is_not_there_is_refused_before_work(folder):
    (folder / "talk.de.srt").symlink_to("missing/talk.srt")
    (one,) = plan("talk.mp4", language="de", overwrite=True)
    with pytest.raises(OutputNotWritable, match=r"there is no folder .*missing"):
        one.check_known()


def test_two_links_to_one_file_are_one_name(folder):
    for name in ("talk.de.srt", "film.de.srt"):
        (folder / name).symlink_to("one.srt")
    with pytest.raises(UsageError, match="would both be written"):
        plan("talk.mp4", "film.avi", language="de", overwrite=True)


def test_a_dangling_link_is_a_name_that_is_taken(folder):
    (folder / "talk.de.srt").symlink_to("nowhere")
    (one,) = plan("talk.mp4", language="de")
    with pytest.raises(OutputExists):
        one.check_known()


def test_the_video_is_checked_before_work_too(folder):
    (folder / "talk.subtitled.mp4").write_text("mine")
    (one,) = plan("talk.mp4", mux=True)
    with pytest.raises(OutputExists, match="subtitled") as caught:
        one.check_known()
    assert "--mux-output" in caught.value.hint


def test_no_output_is_written_over_an_input_whatever_its_name(folder):
    (folder / "link.mkv").symlink_to("talk.mp4")
    os.link(folder / "film.avi", folder / "hard.srt")
    for media, flags in (
        (["talk.mp4"], {"mux_output": "talk.mp4"}),
        (["talk.mp4"], {"mux_output": "link.mkv"}),
        (["film.avi"], {"output": "hard.srt"}),
        (["film.subtitled.mkv", "film.avi"], {"mux": True, "language": "en"}),
    ):
        (folder / "film.subtitled.mkv").write_bytes(b"film")
        plans = plan(*media, overwrite=True, **flags)
        with pytest.raises(OutputNotWritable, match="over an input"):
            plans[-1].check_known()


@pytest.mark.parametrize("language", [None, "de"])
def test_a_name_too_long_for_its_suffix_is_refused_before_work(folder, language):
    stem = "ä" * 124 + "x"  # 249 bytes: with .mp4 it can be, with a tag and .srt it cannot
    (one,) = plan(f"{stem}.mp4", language=language)
    with pytest.raises(NameTooLong) as caught:
        one.check_known()
    assert "xxx" not in caught.value.message
    (short,) = plan(f"{stem[:-2]}x.mp4", language=language)  # 248 bytes: there is room for one of two letters
    short.check_known()
    (video,) = plan(f"{stem[:-2]}.mp4", mux=True, output="x.srt")
    with pytest.raises(NameTooLong, match="subtitled"):
        video.check_known()
    with pytest.raises(NameTooLong):
        plan("talk.mp4", output=f"{'x' * 300}.srt")[0].check_known()


def test_an_output_in_a_folder_that_is_not_there_or_is_a_file_is_refused(folder):
    for wish in ("missing/x.srt", "talk.mp4/x.srt"):
        (one,) = plan("talk.mp4", output=wish)
        with pytest.raises(OutputNotWritable, match="there is no folder"):
            one.check_known()


_AS_NOBODY = """
import os, sys
from pathlib import Path
from subtitler.errors import OutputNotWritable
from subtitler.outputs import check_outputs, write_text_whole
import subtitler.formats.srt
if os.geteuid() == 0:
    os.setgroups([]); os.setgid(65534); os.setuid(65534)
for attempt in (
    lambda: check_outputs([Path("closed/x.srt")], inputs=[], overwrites=False),
    lambda: write_text_whole(Path("closed/x.srt"), "cues", overwrites=False),
):
    try:
        attempt()
    except OutputNotWritable as error:
        assert "may not be written to" in error.message, error
    else:
        sys.exit("it was written")
"""


@pytest.mark.skipif(not hasattr(os, "geteuid"), reason="users are POSIX")
def test_a_closed_folder_is_refused_before_and_while_writing(folder):
    """In a process of its own that is not root, to whom no folder is closed."""
    folder.chmod(0o755)
    (folder / "closed").mkdir(mode=0o555)
    done = subprocess.run([sys.executable, "-c", _AS_NOBODY], cwd=folder, capture_output=True, check=False)
    assert done.returncode == 0, done.stderr.decode()
    assert list((folder / "closed").iterdir()) == []


def test_a_folder_of_the_outputs_name_is_refused_even_with_overwrite(folder):
    (folder / "x.srt").mkdir()
    with pytest.raises(OutputNotWritable, match="is a folder"):
        check_outputs([Path("x.srt")], inputs=[], overwrites=True)


# Whole files


def test_a_file_appears_whole_with_the_mode_of_the_umask_and_nothing_else_stays(tmp_path):
    target = tmp_path / "talk.srt"
    before = os.umask(0o027)
    try:
        with whole_file(target, overwrites=False) as temporary:
            assert (temporary.parent, temporary.suffix) == (tmp_path, ".srt")
            assert temporary.name.startswith(".")
            assert len(temporary.name) < 24
            temporary.write_text("cues")
            assert not target.exists()
    finally:
        os.umask(before)
    assert target.read_text() == "cues"
    assert stat.S_IMODE(target.stat().st_mode) == 0o640
    assert list(tmp_path.iterdir()) == [target]


def test_a_file_that_is_replaced_passes_its_mode_on(tmp_path):
    target = tmp_path / "talk.srt"
    target.write_text("old")
    target.chmod(0o600)
    write_text_whole(target, "new", overwrites=True)
    assert target.read_text() == "new"
    assert stat.S_IMODE(target.stat().st_mode) == 0o600


def _write(target, text, *, then, overwrites):
    with whole_file(target, overwrites=overwrites) as temporary:
        temporary.write_text(text)
        then()


def _raise(error):
    def throw():
        raise error

    return throw


@pytest.mark.parametrize("error", [ValueError("x"), KeyboardInterrupt(), SubtitlerError("x")])
def test_after_an_exception_the_folder_is_as_it_was(tmp_path, error):
    target = tmp_path / "talk.srt"
    target.write_text("old")
    with pytest.raises(type(error)):
        _write(target, "new", then=_raise(error), overwrites=True)
    assert target.read_text() == "old"
    assert list(tmp_path.iterdir()) == [target]


def test_overwriting_replaces_what_a_link_points_to(tmp_path):
    (tmp_path / "real").mkdir()
    (tmp_path / "real/talk.srt").write_text("old")
    (tmp_path / "talk.srt").symlink_to("real/talk.srt")
    write_text_whole(tmp_path / "talk.srt", "new\r\n", overwrites=True)
    assert (tmp_path / "talk.srt").is_symlink()
    assert (tmp_path / "real/talk.srt").read_bytes() == b"new\r\n"


@pytest.mark.parametrize("has_hard_links", [True, False])
def test_a_file_that_appeared_meanwhile_is_not_replaced(tmp_path, monkeypatch, has_hard_links):
    target = tmp_path / "talk.srt"
    if not has_hard_links:
        monkeypatch.setattr(os, "link", _no_links)
    with pytest.raises(OutputExists):
        _write(target, "new", then=lambda: target.write_text("somebody else's"), overwrites=False)
    assert target.read_text() == "somebody else's"
    assert list(tmp_path.iterdir()) == [target]


def test_a_file_system_without_hard_links_will_do(tmp_path, monkeypatch):
    monkeypatch.setattr(os, "link", _no_links)
    write_text_whole(tmp_path / "talk.srt", "ä", overwrites=False)
    assert (tmp_path / "talk.srt").read_bytes() == b"\xc3\xa4"
    assert list(tmp_path.iterdir()) == [tmp_path / "talk.srt"]


def _no_links(source, target):
    raise PermissionError(errno.EPERM, os.strerror(errno.EPERM), source, None, target)


@pytest.mark.parametrize(
    ("number", "expected"),
    [
        (errno.ENOSPC, DiskFull),
        (errno.EDQUOT, DiskFull),
        (errno.EROFS, OutputNotWritable),
        (errno.EACCES, OutputNotWritable),
        (errno.EIO, OutputNotWritable),
        (errno.ENAMETOOLONG, NameTooLong),
    ],
)
def test_what_the_system_says_becomes_the_error_of_its_kind(tmp_path, number, expected):
    target = tmp_path / "talk.srt"
    with pytest.raises(expected, match=r"talk\.srt"), whole_file(target, overwrites=False):
        raise OSError(number, os.strerror(number))
    assert list(tmp_path.iterdir()) == []


def test_an_error_about_another_file_is_left_as_it_is(tmp_path):
    with pytest.raises(FileNotFoundError), whole_file(tmp_path / "talk.srt", overwrites=False):
        (tmp_path / "other").read_text()
    assert list(tmp_path.iterdir()) == []


def test_a_missing_folder_or_a_name_too_long_is_told_at_once(tmp_path):
    with pytest.raises(OutputNotWritable, match="missing"):
        write_text_whole(tmp_path / "missing/talk.srt", "", overwrites=False)
    with pytest.raises(NameTooLong):
        write_text_whole(tmp_path / f"{'x' * 300}.srt", "", overwrites=True)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no /dev/full")
def test_a_full_disk_is_told_as_such(tmp_path, monkeypatch):
    """The real ENOSPC of a real write, without a name in it."""
    with (
        pytest.raises(DiskFull, match="no room left"),
        whole_file(tmp_path / "talk.srt", overwrites=False),
        Path("/dev/full").open("w") as full,
    ):
        full.write("x")
    assert list(tmp_path.iterdir()) == []
