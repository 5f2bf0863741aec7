"""Whose cues count: a library's, where it finds what the plain scan finds, else the scan's."""

import pytest

from subtitler.formats.srt import _read_with_pysrt, parse
from subtitler.formats.timing_lines import agreed_cues, make_cues, split_lines

SCANNED = make_cues([(0, 1000, "one two\nthree")])


def test_a_library_that_finds_the_same_times_and_letters_is_believed_about_the_rows():
    assert agreed_cues(SCANNED, lambda: [(0, 1000, "one\ntwo three")])[0].lines == ("one", "two three")


@pytest.mark.parametrize(
    "claims",
    [[], [(0, 1001, "one two three")], [(0, 1000, "one two")], [(0, 1000, "one"), (0, 1000, "two three")]],
)
def test_a_library_that_finds_anything_else_is_not(claims):
    assert agreed_cues(SCANNED, lambda: claims) is SCANNED


def test_a_library_that_raises_midway_is_not():
    def read():
        yield 0, 1000, "one two three"
        raise ZeroDivisionError

    assert agreed_cues(SCANNED, read) is SCANNED


def test_pysrt_still_drops_text_after_a_blank_line_and_the_scan_still_has_it():
    text = "1\n00:00:01,000 --> 00:00:02,000\nOne\n\nmore\n"
    assert [found[2] for found in _read_with_pysrt(split_lines(text))] == ["One"]
    assert parse(text)[0].lines == ("One", "more")
