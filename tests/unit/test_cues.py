"""Cues: within the limits, in order, every word exactly once."""

from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st

from subtitler.cues import DEFAULT_STYLE, lay_out
from subtitler.cues.layout import SHORTEST_MS
from subtitler.model import Segment, Transcript, Word
from subtitler.timing import Span


def transcript(*words):
    """A transcript of (text, start, end)."""
    made = tuple(Word(text=text, span=Span(start, end)) for text, start, end in words)
    if not made:
        return Transcript(segments=())
    span = Span(made[0].span.start_ms, max(w.span.end_ms for w in made))
    return Transcript(segments=(Segment(text="", span=span, words=made),))


def spoken(text, *, start_ms=0, word_ms=300, gap_ms=60):
    at, words = start_ms, []
    for token in text.split():
        words.append((token, at, at + word_ms))
        at += word_ms + gap_ms
    return words


@st.composite
def speech(draw):
    at, words = 0, []
    for _ in range(draw(st.integers(0, 80))):
        at += draw(st.sampled_from([0, 20, 80, 400, 900, 3000]))
        length = draw(st.integers(0, 1500))
        text = draw(st.text("abcdefghij", min_size=1, max_size=20)) + draw(
            st.sampled_from(["", "", "", ",", ".", "?"])
        )
        words.append((text, at, at + length))
        at += length
    return words


@settings(max_examples=300, deadline=None)
@given(speech())
def test_every_cue_keeps_the_limits_and_every_word_appears_once(words):
    cues = lay_out(transcript(*words))
    assert " ".join(line for cue in cues for line in cue.lines).split() == [text for text, _, _ in words]
    for cue in cues:
        assert 1 <= len(cue.lines) <= DEFAULT_STYLE.max_lines
        assert all(0 < len(line) <= DEFAULT_STYLE.max_cpl for line in cue.lines)
        assert cue.span.duration_ms <= DEFAULT_STYLE.max_ms
    for left, right in pairwise(cues):
        assert left.span.end_ms <= right.span.start_ms
        assert left.span.start_ms <= right.span.start_ms


@settings(max_examples=200, deadline=None)
@given(speech())
def test_a_cue_comes_with_its_first_word_and_stays_until_its_last(words):
    cues = lay_out(transcript(*words))
    position, earliest = 0, 0
    for cue in cues:
        count = len(" ".join(cue.lines).split())
        mine = words[position : position + count]
        position += count
        assert cue.span.start_ms == max(mine[0][1], earliest)
        assert cue.span.duration_ms >= SHORTEST_MS
        assert cue.span.end_ms >= min(
            mine[-1][2], cue.span.start_ms + DEFAULT_STYLE.max_ms
        ) or position < len(words)
        earliest = cue.span.start_ms + SHORTEST_MS


def test_one_line_wherever_it_fits():
    (cue,) = lay_out(transcript(*spoken("A line of no more than forty-two letters.")))
    assert len(cue.lines) == 1


def test_two_lines_break_after_a_comma_and_near_the_middle():
    (cue,) = lay_out(
        transcript(*spoken("When the rain began in the valley, nobody had an umbrella.", word_ms=200))
    )
    assert cue.lines == ("When the rain began in the valley,", "nobody had an umbrella.")


def test_cues_end_with_sentences():
    text = "The first sentence ends right here. The second one is a little longer than that. And a third."
    assert [cue.text.split()[-1][-1] for cue in lay_out(transcript(*spoken(text)))] == ["."] * len(
        lay_out(transcript(*spoken(text)))
    )


def test_a_long_pause_begins_a_new_cue():
    words = [*spoken("wait for it"), *spoken("now", start_ms=5000)]
    assert [cue.text for cue in lay_out(transcript(*words))] == ["wait for it", "now"]


def test_a_short_word_stands_long_enough_to_be_seen():
    (cue,) = lay_out(transcript(("No.", 1000, 1100)))
    assert cue.span == Span(1000, 1833)


def test_a_small_gap_is_closed_to_two_frames():
    words = [
        *spoken("This is the end of one long sentence."),
        *spoken("And here is the next one.", start_ms=3000),
    ]
    first, second = lay_out(transcript(*words))
    assert second.span.start_ms - first.span.end_ms == DEFAULT_STYLE.min_gap_ms


def test_a_word_longer_than_a_line_stands_alone():
    giant = "Donau" + "dampf" * 12
    cues = lay_out(transcript(("short", 0, 300), (giant, 350, 900), ("words", 950, 1200)))
    assert giant in [cue.text for cue in cues]


def test_nothing_said_is_no_cue():
    assert lay_out(transcript()) == ()


def test_scripts_without_spaces_keep_the_limits():
    words = [
        (character, n * 150, n * 150 + 150) for n, character in enumerate("今日はとても天気が良いです" * 20)
    ]
    cues = lay_out(transcript(*words))
    assert "".join(line for cue in cues for line in cue.lines) == "今日はとても天気が良いです" * 20
    assert all(len(line) <= DEFAULT_STYLE.max_cpl for cue in cues for line in cue.lines)
