"""Reading a subtitle file: every way in which it can fail is one clear error with exit code 6."""

import pickle

import pytest

from subtitler.errors import FormatError, ParseError
from subtitler.media import subtitle_file
from subtitler.media.subtitle_file import read_subtitle_file

SRT = "1\n00:00:01,000 --> 00:00:02,000\nHéllo\n"
VTT = "WEBVTT\n\n00:00:01.000 --> 00:00:02.000\nHéllo &amp; more\n"


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
@pytest.mark.parametrize(
    ("name", "text", "row"),
    [
        ("a.srt", SRT, "Héllo"),
        ("a.vtt", VTT, "Héllo & more"),
        ("wrong.srt", VTT, "Héllo & more"),
        ("no suffix", SRT, "Héllo"),
    ],
)
def test_a_file_is_read_by_its_content_in_any_unicode(tmp_path, name, text, row, encoding):
    (tmp_path / name).write_bytes(text.encode(encoding))
    assert [cue.lines for cue in read_subtitle_file(tmp_path / name)] == [(row,)]


@pytest.mark.parametrize(
    ("content", "kind", "says"),
    [
        (None, FormatError, "no such"),
        (b"", FormatError, "empty"),
        (b"\xff\xfe1", FormatError, "utf-16"),
        (b"plain words\n", ParseError, "no SRT cue"),
        (b"\n\n", ParseError, "no cue"),
        (b"1\n00:00:01,000 --> 00:00:02,000\n\n", ParseError, "no cue"),
        (b"WEBVTT\n\n", ParseError, "no cue"),
        (b"\x00\x00\x00\x20ftypisom\x00\x00\x02\x00" * 99, FormatError, ""),
    ],
)
def test_a_file_without_cues_is_refused_by_name_with_a_cure(tmp_path, content, kind, says):
    path = tmp_path / "film.srt"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(kind) as caught:
        read_subtitle_file(path)
    error = caught.value
    assert str(path) in error.message
    assert says in error.message
    assert error.hint
    assert error.exit_code == 6
    assert error.path == str(path)
    assert pickle.loads(pickle.dumps(error)).message == error.message


def test_a_folder_and_an_impossible_name_are_refused(tmp_path):
    for path in (tmp_path, "a\0b.srt", tmp_path / ("x" * 300)):
        with pytest.raises(FormatError) as caught:
            read_subtitle_file(path)
        assert caught.value.hint


def test_a_file_larger_than_any_subtitles_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(subtitle_file, "MOST_BYTES", len(SRT))
    (tmp_path / "film.srt").write_text(SRT, encoding="utf-8")
    with pytest.raises(FormatError, match="larger"):
        read_subtitle_file(tmp_path / "film.srt")


def test_the_line_of_a_broken_timing_is_told(tmp_path):
    (tmp_path / "film.srt").write_text("1\n00:00:01 --> soon\nHello\n", encoding="utf-8")
    with pytest.raises(ParseError) as caught:
        read_subtitle_file(tmp_path / "film.srt")
    assert caught.value.line == 2
