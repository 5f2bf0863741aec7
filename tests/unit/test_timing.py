"""Time: one rounding rule, spans that cannot be turned round, clocks that people type."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from subtitler.timing import (
    Span,
    format_clock,
    format_timecode,
    ms_from_samples,
    ms_from_seconds,
    parse_clock,
    samples_from_ms,
)


@pytest.mark.parametrize(
    ("seconds", "ms"), [(1.9996, 2000), (0.0005, 1), (0.0004, 0), (59.9999, 60000), (2.5, 2500)]
)
def test_seconds_are_rounded_half_up(seconds, ms):
    assert ms_from_seconds(seconds) == ms


@given(st.integers(0, 10**12))
def test_milliseconds_survive_the_way_through_samples(ms):
    assert ms_from_samples(samples_from_ms(ms)) == ms


@given(st.integers(0, 400 * 3_600_000))
def test_a_timecode_says_the_time_that_a_person_types(ms):
    assert parse_clock(format_timecode(ms)) == ms


def test_a_timecode_carries_into_minutes_and_hours():
    assert format_timecode(3_599_999 + 1, separator=",") == "01:00:00,000"
    assert format_timecode(100 * 3_600_000) == "100:00:00.000"
    with pytest.raises(ValueError, match="negative"):
        format_timecode(-1)


@pytest.mark.parametrize(
    ("text", "ms"), [("90", 90_000), ("1:30", 90_000), ("0:01:30.5", 90_500), ("2:03,25", 123_250)]
)
def test_a_clock_reads_what_people_type(text, ms):
    assert parse_clock(text) == ms


@pytest.mark.parametrize("text", ["", "abc", "1:60", "1:60:00", "-1", "1:2:3:4", "1e3"])
def test_a_clock_refuses_what_is_no_time(text):
    with pytest.raises(ValueError, match="not a time"):
        parse_clock(text)


def test_a_clock_for_people_is_short():
    assert [format_clock(ms) for ms in (61_999, 3_723_000)] == ["1:01", "1:02:03"]


def test_a_span_cannot_end_before_it_starts():
    with pytest.raises(ValueError, match="cannot end before"):
        Span(2, 1)


@given(
    st.tuples(st.integers(0, 99), st.integers(0, 99)).map(sorted),
    st.tuples(st.integers(0, 99), st.integers(0, 99)).map(sorted),
)
def test_a_clamped_span_lies_inside_and_keeps_what_is_shared(one, other):
    span, limits = Span(*one), Span(*other)
    clamped = span.clamped(limits)
    assert limits.start_ms <= clamped.start_ms <= clamped.end_ms <= limits.end_ms
    assert clamped.duration_ms == span.overlap_ms(limits)
