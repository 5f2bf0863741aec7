"""WebVTT: what is written, and what is read, by the W3C's rules and from servers that do not know them."""

import pytest

from subtitler.errors import ParseError
from subtitler.formats import srt
from subtitler.formats.vtt import parse, render
from subtitler.model import Cue
from subtitler.timing import Span


def cue(start_ms, end_ms, *lines):
    return Cue(span=Span(start_ms, end_ms), lines=lines)


ONE, TWO = cue(1000, 2000, "One"), cue(3000, 4000, "Two")

# writing


def test_cues_are_written_under_the_header_with_hours_and_a_blank_line_between():
    assert render([ONE, cue(3000, 4500, "Two", "rows")]) == (
        "WEBVTT\n\n00:00:01.000 --> 00:00:02.000\nOne\n\n00:00:03.000 --> 00:00:04.500\nTwo\nrows\n"
    )


def test_what_would_be_markup_is_escaped_and_comes_back():
    text = "R&B: 1 < 2 > 0 --> <v Tom> &amp; <c.x> <00:01.000>"
    written = render([cue(0, 1, text)])
    assert "R&amp;B: 1 &lt; 2 &gt; 0 --&gt; &lt;v Tom&gt; &amp;amp; &lt;c.x&gt;" in written
    assert written.count("-->") == 1
    assert parse(written) == (cue(0, 1, text),)


def test_italics_survive_from_srt_to_vtt_and_back():
    text = "<i>Where</i> & <b>when</b>?"
    assert f"\n{text.replace('&', '&amp;')}\n" in render([cue(0, 1, text)])
    assert srt.parse(srt.render(parse(render([cue(0, 1, text)])))) == (cue(0, 1, text),)


def test_font_tags_are_left_out_and_upper_case_tags_become_lower_case():
    assert "\n<i>red</i>\n" in render([cue(0, 1, '<I><font color="#f00">red</font></I>')])


def test_no_blank_line_stands_inside_a_written_cue():
    assert render([cue(0, 1, "a\n\n \r\nb", "\u2028", "c\u2029d")]).splitlines()[3:] == ["a", "b", "c", "d"]


def test_text_that_looks_like_a_block_of_its_own_is_text():
    cues = (cue(0, 1, "NOTE this", "STYLE"), cue(1, 2, "WEBVTT"))
    assert parse(render(cues)) == cues


# reading

PLAIN = "WEBVTT\n\n00:00:01.000 --> 00:00:02.000\nOne\n\n00:00:03.000 --> 00:00:04.000\nTwo\n"


@pytest.mark.parametrize(
    "text",
    [
        pytest.param(PLAIN, id="as written"),
        pytest.param("\ufeff" + PLAIN, id="byte order mark"),
        pytest.param(PLAIN.replace("\n", "\r\n"), id="CRLF"),
        pytest.param(PLAIN.replace("\n", "\r"), id="CR"),
        pytest.param("\n\n" + PLAIN, id="blank lines first"),
        pytest.param(PLAIN.replace("WEBVTT\n\n", ""), id="no header"),
        pytest.param(PLAIN.replace("WEBVTT\n", "WEBVTT"), id="no blank line after the header"),
        pytest.param(
            PLAIN.replace("WEBVTT", "WEBVTT - title\nKind: captions\nLanguage: en"), id="header lines"
        ),
        pytest.param(
            PLAIN.replace("WEBVTT", "WEBVTT\nX-TIMESTAMP-MAP=MPEGTS:900000,LOCAL:00:00:00.000"), id="HLS"
        ),
        pytest.param(PLAIN.replace("00:00:", "00:"), id="no hours, as the whisper program writes"),
        pytest.param(PLAIN.replace(".000", ",000"), id="commas"),
        pytest.param(PLAIN.replace(".000", ".0"), id="tenths"),
        pytest.param(PLAIN.replace("4.000", "4.000 line:80% align:start position:10%"), id="settings"),
        pytest.param(PLAIN.replace("\n\n00:00:03", "\n00:00:03"), id="no blank line between"),
        pytest.param(PLAIN.replace("00:00:01.000 -", "first\n00:00:01.000 -"), id="an identifier"),
        pytest.param(PLAIN.replace("00:00:0", "id\n00:00:0").replace(" --> id\n", " --> "), id="identifiers"),
        pytest.param(
            PLAIN.replace("\n00:00:01", "\n1\n00:00:01").replace("\n\n00:00:03", "\n2\n00:00:03"),
            id="numbers without a blank line",
        ),
        pytest.param(
            PLAIN.replace("\n00:00:01", "\na\n00:00:01").replace("\n00:00:03", "\nb\n\n00:00:03"),
            id="an identifier cut off by a blank line",
        ),
        pytest.param(
            PLAIN.replace("\n\n00:00:03", "\n\nNOTE a\nb --\n\nNOTE\n\n00:00:03"), id="notes between"
        ),
        pytest.param(PLAIN + "\nNOTE the end\n", id="a note last"),
        pytest.param(
            PLAIN.replace("WEBVTT\n", "WEBVTT\n\nSTYLE\n::cue { color: red }\n\nREGION\nid:a\nwidth:40%\n"),
            id="STYLE and REGION",
        ),
        pytest.param(PLAIN.replace("WEBVTT\n", "WEBVTT\n\nREGION: id=foo width=40%\n"), id="an old REGION"),
        pytest.param(
            PLAIN.replace("\n\n00:00:03", "\n\n00:00:02.x --> 00:00:03\nlost\n\n00:00:03"),
            id="garbage timing",
        ),
        pytest.param(PLAIN.replace("\n00:00:01", "\n-->\n00:00:01"), id="an arrow alone"),
        pytest.param(PLAIN.replace("\n\n00:00:03", "\nfoo-->\nlost\n00:00:03"), id="an arrow ends a cue"),
        pytest.param(PLAIN.replace("One", "<v.loud Mary Ann>One</v>"), id="a voice"),
        pytest.param(
            PLAIN.replace("One", "<c.red>O<00:00:01.500>n</c><lang en-GB>e</lang>"),
            id="class, time, language",
        ),
        pytest.param(PLAIN.replace("One", "<font color=red>One</font>"), id="a font tag from SRT"),
        pytest.param(PLAIN + "\n00:00:05.000 --> 00:00:06.000\n\n", id="an empty cue"),
        pytest.param(
            PLAIN + "\n00:00:05.000 --> 00:00:06.000\n<v Tom></v>&nbsp;\n\n", id="a cue of tags alone"
        ),
        pytest.param(
            PLAIN + "\n00:00:05.000 --> 00:00:04.999\nno time\n", id="a cue that ends before it starts"
        ),
    ],
)
def test_odd_but_readable_files_give_the_same_two_cues(text):
    assert parse(text) == (ONE, TWO)


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("Tom &amp; Jerry", "Tom & Jerry"),
        ("&lt;i&gt;", "<i>"),
        ("a&nbsp;b", "a\u00a0b"),
        ("&lrm;a&rlm;b", "\u200ea\u200fb"),
        ("&#8230;&#x2026;", "……"),
        ("&amp;lt;", "&lt;"),
        ("&#0;&#xd800;", "\ufffd\ufffd"),
        ("AT&T; R&B &copy", "AT&T; R&B &copy"),
        ("1 < 2 and 3 > 2", "1 < 2 and 3 > 2"),
        ("<i.loud>Go</i>", "<i>Go</i>"),
        ("<ruby>漢<rt>kan</rt></ruby>", "漢kan"),
        ("nul \0", "nul \ufffd"),
    ],
)
def test_entities_and_tags_become_what_a_viewer_sees(written, read):
    assert [found.lines for found in parse(PLAIN.replace("One", written))] == [(read,), ("Two",)]


def test_text_after_a_blank_line_inside_a_cue_is_kept():
    text = PLAIN.replace("One\n", "One\n\nmore\n\nNOTE not this\n")
    assert parse(text) == (cue(1000, 2000, "One", "more"), TWO)


@pytest.mark.parametrize(
    "text",
    [
        "WEBVTT",
        "WEBVTT\n\n",
        "\ufeffWEBVTT - nobody speaks\n\nNOTE empty\n",
        "WEBVTT\n\n00:00.000 --> 00:30.000\n\n",
    ],
)
def test_a_file_without_words_is_no_error(text):
    assert parse(text) == ()


def test_a_file_of_broken_timings_alone_is_an_error():
    with pytest.raises(ParseError):
        parse("WEBVTT\n\n00:00:xx --> 00:00:01.000\ntext\n")
