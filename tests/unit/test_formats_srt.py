"""SRT: what is written, and what is read from files and servers that take liberties."""

import pytest

from subtitler.formats.srt import parse, render
from subtitler.model import Cue
from subtitler.timing import Span


def cue(start_ms, end_ms, *lines):
    return Cue(span=Span(start_ms, end_ms), lines=lines)


ONE, TWO = cue(1000, 2000, "One"), cue(3000, 4000, "Two")

# writing


def test_cues_are_written_with_indexes_from_1_and_a_blank_line_between():
    assert render([ONE, cue(3000, 4500, "Two", "rows")]) == (
        "1\n00:00:01,000 --> 00:00:02,000\nOne\n\n2\n00:00:03,000 --> 00:00:04,500\nTwo\nrows\n"
    )


def test_an_arrow_of_any_length_in_the_text_is_no_arrow_afterwards():
    assert "A -> B -> C" in render([cue(0, 1, "A --> B -----> C")])


def test_no_blank_line_stands_inside_a_written_cue():
    assert render([cue(0, 1000, "a\n\n \r\nb", "\u2028", "c\u2029d")]).splitlines()[2:] == [
        "a",
        "b",
        "c",
        "d",
    ]


def test_a_cue_without_text_is_left_out_and_takes_no_index():
    assert render([cue(0, 1, ""), TWO]).startswith("1\n00:00:03,000")


def test_hours_past_99_are_written_and_read():
    late = cue(100 * 3_600_000, 123 * 3_600_000, "late")
    assert "100:00:00,000 --> 123:00:00,000" in render([late])
    assert parse(render([late])) == (late,)


def test_tags_and_positions_go_through_as_they_are():
    text = r'{\an8}<i>Tom & Jerry</i> <font color="red">1 < 2</font>'
    assert parse(render([cue(0, 1, text)])) == (cue(0, 1, text),)


def test_what_utf8_cannot_hold_is_replaced():
    render([cue(0, 1, "a\ud800b\0c")]).encode("utf-8")
    assert "a\ufffdb\ufffdc" in render([cue(0, 1, "a\ud800b\0c")])


# reading

PLAIN = "1\n00:00:01,000 --> 00:00:02,000\nOne\n\n2\n00:00:03,000 --> 00:00:04,000\nTwo\n"


@pytest.mark.parametrize(
    "text",
    [
        pytest.param(PLAIN, id="as written"),
        pytest.param(PLAIN + "\n", id="one more line end, as OpenAI sends"),
        pytest.param("\n\n" + PLAIN.rstrip(), id="blank lines first and no last line end, as LocalAI sends"),
        pytest.param("\ufeff" + PLAIN, id="byte order mark"),
        pytest.param(PLAIN.replace("\n", "\r\n"), id="CRLF"),
        pytest.param(PLAIN.replace("\n", "\r"), id="CR"),
        pytest.param(PLAIN.replace("\n", "\r\r\n"), id="CR CR LF"),
        pytest.param(PLAIN.replace("1\n", "", 1).replace("2\n", "", 1), id="no indexes"),
        pytest.param(PLAIN.replace("\n\n", "\n"), id="no blank line between"),
        pytest.param(PLAIN.replace("\n\n2\n", "\n\n7\n"), id="indexes with a hole"),
        pytest.param(PLAIN.replace("\n\n2\n", "\n7\n"), id="indexes with a hole and no blank line"),
        pytest.param(PLAIN.replace("\n\n2\n", "\n\n\n \n2\n"), id="several blank lines"),
        pytest.param(PLAIN.replace(",000", ".000"), id="full stops"),
        pytest.param(PLAIN.replace(",000", ""), id="whole seconds"),
        pytest.param(PLAIN.replace(",000", ",0"), id="tenths"),
        pytest.param(PLAIN.replace("00:00:", "00:"), id="no hours"),
        pytest.param(PLAIN.replace("00:00:0", "0:0:"), id="single digits"),
        pytest.param(PLAIN.replace(" --> ", "-->"), id="no blanks round the arrow"),
        pytest.param(PLAIN.replace(" --> ", "\t -->  "), id="tabs round the arrow"),
        pytest.param(PLAIN.replace("4,000", "4,000  X1:100 X2:200 Y1:1 Y2:2"), id="SRT coordinates"),
        pytest.param(PLAIN.replace("4,000", "4,000 line:0 align:start"), id="VTT settings"),
        pytest.param(PLAIN + "\n3\n00:00:05,000 --> 00:00:06,000\n\n", id="an empty cue last"),
        pytest.param(
            PLAIN.replace("\n2\n", "\n2\n00:00:02,500 --> 00:00:02,600\n\n3\n"), id="an empty cue between"
        ),
        pytest.param(
            PLAIN + "\n3\n00:00:06,000 --> 00:00:05,999\nno time\n", id="a cue that ends before it starts"
        ),
        pytest.param(
            PLAIN + "\n3\n00:00:06,000 --> 00:00:05,000\nbackwards\n", id="a cue that ends before it starts"
        ),
        pytest.param(PLAIN + "\n3\n00:00:xx --> 00:00:06,000\nlost\n", id="a garbage timing last"),
        pytest.param(PLAIN.replace("\n2\n", "\n2\n0:0x --> 4\nlost\n\n3\n"), id="a garbage timing between"),
        pytest.param(
            PLAIN.replace("\n2\n", "\n2\nfoo --> bar\nlost\n\n3\n"), id="an index over a garbage timing"
        ),
        pytest.param(
            PLAIN.replace("\n2\n", "\n2\n-0:0:02,000 --> 0:0:03,000\nlost\n\n3\n"), id="a negative time"
        ),
    ],
)
def test_odd_but_readable_files_give_the_same_two_cues(text):
    assert parse(text) == (ONE, TWO)


@pytest.mark.parametrize(
    ("written", "ms"),
    [
        ("0:00:01,5", 1500),
        ("0:00:01,05", 1050),
        ("00:00:01,0004", 1000),
        ("00:00:01,9995", 2000),
        ("01:75:30,000", 4_530_000),  # LocalAI: minutes not reduced
        ("00:75:30,000", 4_530_000),
        ("75:30,000", 4_530_000),
        ("02:120:00,000", 7_200_000),
        ("00:00:60,000", 60_000),
    ],
)
def test_a_time_is_read_as_it_was_meant(written, ms):
    assert parse(f"1\n{written} --> 999:00:00,000\nx\n")[0].span.start_ms == ms


def test_text_after_a_blank_line_inside_a_cue_is_kept():
    text = PLAIN.replace("One\n", "One\n\nmore\n \nand more\n")
    assert parse(text) == (cue(1000, 2000, "One", "more", "and more"), TWO)


def test_a_number_that_is_a_cues_only_text_stays_with_and_without_indexes():
    assert parse(PLAIN.replace("One", "1984"))[0].lines == ("1984",)
    bare = "00:00:01,000 --> 00:00:02,000\n1984\n00:00:03,000 --> 00:00:04,000\nTwo\n"
    assert [found.lines for found in parse(bare)] == [("1984",), ("Two",)]


def test_an_arrow_in_running_text_is_text():
    assert parse(PLAIN.replace("One", "see --> there"))[0].lines == ("see --> there",)


def test_overlapping_cues_and_their_order_are_kept_as_they_are():
    text = "1\n00:00:05,000 --> 00:00:09,000\nb\n\n2\n00:00:01,000 --> 00:00:07,000\na\n"
    assert parse(text) == (cue(5000, 9000, "b"), cue(1000, 7000, "a"))


def test_a_text_of_timings_without_words_is_no_error():
    assert parse("1\n00:00:00,000 --> 00:00:30,000\n\n\n") == ()


def test_numbers_of_absurd_length_are_no_times():
    text = PLAIN + f"\n{'9' * 5000}\n{'9' * 5000}:00:00,000 --> 00:00:06,000\nlost\n"
    assert parse(text)[0] == ONE
