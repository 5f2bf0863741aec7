"""The table of formats: names, suffixes, recognising a text, and what is refused."""

import subprocess
import sys

import pytest

from subtitler.errors import ParseError, UnknownName
from subtitler.formats import FORMATS, format_names, format_of_suffix, get_format, parse_cues, sniff_format

SRT = "1\n00:00:01,000 --> 00:00:02,000\nHello\n\n"
VTT = "WEBVTT\n\n00:00:01.000 --> 00:00:02.000\nHello\n\n"


@pytest.mark.parametrize("name", format_names())
def test_a_row_of_the_table_holds_a_format_of_its_name(name):
    found = get_format(name)
    assert found.name == name
    assert found.suffixes
    assert all(
        format_of_suffix(suffix) == format_of_suffix(suffix.upper()) == name for suffix in found.suffixes
    )


def test_an_unknown_format_says_what_was_meant():
    with pytest.raises(UnknownName) as caught:
        get_format(".VTTT")
    assert caught.value.did_you_mean == ("vtt",)
    assert caught.value.exit_code == 2


def test_a_name_near_nothing_lists_the_formats():
    with pytest.raises(UnknownName) as caught:
        get_format("quicktime")
    assert all(name in caught.value.hint for name in FORMATS)


def test_an_unknown_suffix_is_no_format():
    assert format_of_suffix(".mp4") is None


@pytest.mark.parametrize(
    ("text", "name"),
    [
        (SRT, "srt"),
        ("\ufeff" + SRT, "srt"),
        ("\n\n" + SRT.rstrip(), "srt"),
        (SRT.replace("\n", "\r\n"), "srt"),
        (VTT, "vtt"),
        ("\ufeff" + VTT, "vtt"),
        ("\n" + VTT, "vtt"),
        ("WEBVTT", "vtt"),
        ("", None),
        ("Hello, this is a plain transcript.", None),
        ("This --> is not a time.", None),
        ('{"text": "hello"}', None),
        ("<html>", None),
    ],
)
def test_a_text_is_recognised_by_its_content(text, name):
    assert sniff_format(text) == name
    if name and "Hello" in text:
        assert [cue.lines for cue in parse_cues(text)] == [("Hello",)]


@pytest.mark.parametrize("text", ["", "\ufeff", " \r\n\t\n"])
@pytest.mark.parametrize("name", [None, *format_names()])
def test_a_blank_text_means_no_cue(text, name):
    assert parse_cues(text, name=name) == ()


@pytest.mark.parametrize("name", [None, *format_names()])
def test_text_without_any_timing_is_refused_with_its_line(name):
    with pytest.raises(ParseError) as caught:
        parse_cues("\n\nno subtitles here\n", name=name)
    assert caught.value.exit_code == 6
    assert caught.value.hint
    assert caught.value.line in {1, 3}


@pytest.mark.parametrize("name", format_names())
def test_timings_that_cannot_be_read_are_refused_with_the_line_of_the_first(name):
    with pytest.raises(ParseError) as caught:
        parse_cues("WEBVTT\n\n1\n00:00:xx --> 00:00:02,000\nHello\n", name=name)
    assert caught.value.line == 4


@pytest.mark.parametrize("name", format_names())
def test_rendering_no_cue_gives_a_text_that_means_no_cue(name):
    found = get_format(name)
    assert found.parse(found.render(())) == ()


def test_nothing_foreign_is_imported_before_a_text_is_parsed():
    code = (
        "import sys; from subtitler import formats\n"
        "for name in formats.format_names(): formats.get_format(name).render(())\n"
        "assert not {'pysrt', 'webvtt', 'charset_normalizer'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
