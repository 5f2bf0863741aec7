"""What holds of both formats for all cues and for all texts."""

import contextlib
import unicodedata

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from subtitler.errors import FormatError
from subtitler.formats import decode, format_names, get_format, parse_cues, sniff_format
from subtitler.formats.timing_lines import rows_of
from subtitler.model import Cue
from subtitler.timing import Span

unhurried = settings(deadline=None)  # the first example pays for the imports
FORMAT = pytest.mark.parametrize("form", [get_format(name) for name in format_names()], ids=format_names())

pieces = st.sampled_from(
    [
        "-->",
        "--->",
        "<",
        ">",
        "&",
        "&amp;",
        "&lt;i&gt;",
        "<i>",
        "</i>",
        "<b>",
        "<v Tom>",
        "<c.x>",
        "<00:01.000>",
        "{\\an8}",
        "42",
        "1",
        "2",
        "NOTE ",
        "WEBVTT",
        "STYLE",
        "00:00:01,000",
        " ",
        "\u00a0",
        "word",
    ]
)
printable = st.characters(codec="utf-8", exclude_categories=("Cc", "Zl", "Zp"))
rows = st.lists(pieces | st.text(printable, max_size=9), min_size=1, max_size=5).map("".join)


@st.composite
def cue_sequences(draw):
    """Sorted cues that do not overlap, each with text, rows trimmed and without control characters."""
    cues, now_ms = [], 0
    for _ in range(draw(st.integers(0, 6))):
        start_ms = now_ms + draw(st.integers(0, 400_000_000))
        now_ms = start_ms + draw(st.integers(1, 10_000))
        text = rows_of("\n".join(draw(st.lists(rows, min_size=1, max_size=3))))
        cues.append(Cue(span=Span(start_ms, now_ms), lines=text or ("word",)))
    return tuple(cues)


def as_written(cue, form):
    """The rule by which a format changes text: SRT shortens arrows, nothing else."""
    text = cue.text
    while form.name == "srt" and "-->" in text:
        text = text.replace("-->", "->")
    return Cue(span=cue.span, lines=rows_of(text))


@FORMAT
@unhurried
@given(cues=cue_sequences())
def test_what_is_written_is_read_again(form, cues):
    assert form.parse(form.render(cues)) == tuple(as_written(cue, form) for cue in cues)


@FORMAT
@unhurried
@given(cues=cue_sequences())
def test_rendering_what_was_read_changes_nothing(form, cues):
    once = form.render(cues)
    assert form.render(form.parse(once)) == once


@FORMAT
@unhurried
@given(cues=cue_sequences().filter(bool))
def test_what_is_written_is_recognised_and_clean(form, cues):
    text = form.render(cues)
    assert sniff_format(text) == form.name
    assert decode(text.encode("utf-8")) == text
    assert text.count("-->") == len(cues)
    assert "\n\n\n" not in text
    assert "\r" not in text
    assert text.endswith("\n")


@FORMAT
@unhurried
@given(cues=cue_sequences(), line_end=st.sampled_from(["\n", "\r\n", "\r", "\r\r\n"]))
def test_no_cue_is_lost_when_the_blank_lines_are(form, cues, line_end):
    lines = [line for line in form.render(cues).split("\n") if line]
    read = form.parse(line_end.join(lines))
    assert [cue.span for cue in read] == [cue.span for cue in cues]
    assert read == form.parse(form.render(cues))


noise = st.sampled_from(
    [
        "\n",
        "\n\n",
        "\r",
        "\r\n",
        " ",
        "\0",
        "\ufeff",
        "\u2028",
        "\x85",
        "-->",
        " --> ",
        ":",
        ",",
        ".",
        "<",
        ">",
        "&",
        "&#",
        ";",
        "1",
        "٣",
        "9" * 30,
        "9" * 5000,
        "00:00:01,000 --> 00:00:02,000",
        "00:01.000 --> 00:02.000 line:0",
        "WEBVTT",
        "NOTE",
        "STYLE",
        "-",
        "\ud800",
        "&#xffffff;",
        "<v",
        "<00:",
    ]
)
anything = st.text() | st.lists(noise | st.text(max_size=5), max_size=40).map("".join)


@st.composite
def mutilated(draw):
    """A valid file with pieces cut out and noise put in."""
    text = draw(st.sampled_from([get_format(name) for name in format_names()])).render(draw(cue_sequences()))
    for _ in range(draw(st.integers(1, 6))):
        at = draw(st.integers(0, len(text)))
        text = text[:at] + draw(noise) + text[at + draw(st.integers(0, 12)) :]
    return text


@pytest.mark.parametrize("name", [None, *format_names()])
@unhurried
@given(text=anything | mutilated())
def test_any_text_gives_sound_cues_or_a_format_error(name, text):
    cues = ()
    with contextlib.suppress(FormatError):
        cues = parse_cues(text, name=name)
    for cue in cues:
        assert cue.span.duration_ms >= 0
        assert cue.lines
        for row in cue.lines:
            assert row == row.strip() != ""
            assert len(row.splitlines()) == 1
            assert not any(unicodedata.category(char) == "Cs" for char in row)


@pytest.mark.timeout(20)
@FORMAT
@pytest.mark.parametrize(
    "piece", ["-", "\r", "\n", " ", "<", "<b ", "<1:", "&#", "1", "1 ", "1\n", "--> ", "00:"]
)
def test_time_grows_with_the_length_of_a_hostile_text_and_not_with_its_square(form, piece):
    hostile = f"WEBVTT\n\n1\n00:00:01,000 --> 00:00:02,000\nx{piece * 200_000}\n"
    form.render(form.parse(hostile))


@unhurried
@given(data=st.binary(max_size=300) | st.text().map(lambda text: text.encode("utf-16", "replace")))
def test_any_bytes_give_text_or_a_format_error(data):
    with contextlib.suppress(FormatError):
        decode(data).encode("utf-8")
