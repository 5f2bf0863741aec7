"""Chunking: the plan covers all speech, keeps its limits, and depends on the audio alone."""

from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from subtitler.chunking import (
    AIR_MS,
    LONG_SILENCE_MS,
    MIDDLE_OF_PAUSE,
    REAL_PAUSE_MS,
    WINDOW_SAMPLES,
    ChunkPlanner,
)
from subtitler.timing import SAMPLE_RATE

WINDOW_S = WINDOW_SAMPLES / SAMPLE_RATE


def windows(*stretches):
    """Probabilities from (seconds, probability) pairs."""
    return [probability for seconds, probability in stretches for _ in range(round(seconds / WINDOW_S))]


def plan(probabilities, *, max_chunk_s=30.0, block=64, first_sample=0):
    planner = ChunkPlanner(max_chunk_s=max_chunk_s, first_sample=first_sample)
    chunks = []
    for start in range(0, len(probabilities), block):
        chunks += planner.feed(probabilities[start : start + block])
    chunks += planner.finish(end_sample=first_sample + len(probabilities) * WINDOW_SAMPLES)
    return chunks, planner


speech_and_pauses = st.lists(
    st.tuples(st.floats(0.03, 40.0), st.sampled_from([0.0, 0.1, 0.3, 0.45, 0.6, 0.99])), max_size=30
).map(lambda stretches: windows(*stretches))


@settings(max_examples=200, deadline=None)
@given(speech_and_pauses, st.sampled_from([5.0, 15.0, 30.0, 90.0]), st.integers(1, 500))
def test_chunks_cover_all_speech_within_their_limit_in_any_blocks(probabilities, max_chunk_s, block):
    chunks, planner = plan(probabilities, max_chunk_s=max_chunk_s)
    same_chunks, same_planner = plan(probabilities, max_chunk_s=max_chunk_s, block=block)
    assert (chunks, planner.speech) == (same_chunks, same_planner.speech)
    sent = set()
    for number, chunk in enumerate(chunks):
        assert chunk.index == number
        assert 0 <= chunk.start_sample < chunk.end_sample <= len(probabilities) * WINDOW_SAMPLES
        assert chunk.end_sample - chunk.start_sample <= max_chunk_s * SAMPLE_RATE
        assert all(
            chunk.span.start_ms <= span.start_ms <= span.end_ms <= chunk.span.end_ms for span in chunk.speech
        )
        sent.update(range(chunk.start_sample // WINDOW_SAMPLES, -(-chunk.end_sample // WINDOW_SAMPLES)))
    likely = {number for number, probability in enumerate(probabilities) if probability >= 0.5}
    assert likely <= sent


@settings(max_examples=100, deadline=None)
@given(speech_and_pauses)
def test_neighbours_share_audio_only_where_they_say_so(probabilities):
    chunks, _ = plan(probabilities)
    for left, right in pairwise(chunks):
        assert (right.start_sample < left.end_sample) == right.overlaps_previous
        assert right.end_sample > left.end_sample
        unsent_ms = right.span.start_ms - left.span.end_ms
        assert unsent_ms <= 0 or unsent_ms > LONG_SILENCE_MS - 4 * AIR_MS, (
            "soft speech may be lost between them"
        )


@settings(max_examples=100, deadline=None)
@given(speech_and_pauses, st.integers(1, 10**9))
def test_a_later_beginning_moves_the_plan_and_changes_nothing_else(probabilities, first):
    chunks, _ = plan(probabilities)
    moved, _ = plan(probabilities, first_sample=first)
    assert [(c.start_sample, c.end_sample) for c in chunks] == [
        (c.start_sample - first, c.end_sample - first) for c in moved
    ]


def test_a_cut_lies_in_the_middle_of_the_widest_late_pause():
    chunks, _ = plan(windows((10, 0.9), (0.4, 0.0), (10, 0.9), (0.8, 0.0), (5, 0.9), (0.35, 0.0), (10, 0.9)))
    assert chunks[0].end_sample / SAMPLE_RATE == pytest.approx(20.4 + 0.8 * MIDDLE_OF_PAUSE, abs=0.05)
    assert chunks[1].start_sample == chunks[0].end_sample
    assert not chunks[1].overlaps_previous


@pytest.mark.parametrize("spoken_s", [29.5, 29.6, 29.7, 29.8])
def test_a_word_that_begins_while_the_chunk_fills_up_is_not_cut(spoken_s):
    """Its first 130 ms look like silence, as Silero hears soft beginnings."""
    soft_start_s, pause_s = 0.13, 0.4
    chunks, _ = plan(windows((spoken_s - pause_s, 0.9), (pause_s + soft_start_s, 0.02), (5, 0.9)))
    begins_at = spoken_s * SAMPLE_RATE
    assert any(
        chunk.start_sample <= begins_at and chunk.end_sample > begins_at + SAMPLE_RATE for chunk in chunks
    )


def test_a_stop_inside_a_word_is_no_place_to_cut():
    breathless = windows(*[(2.0, 0.95), (0.2, 0.05)] * 30)
    chunks, _ = plan(breathless)
    assert [chunk.overlaps_previous for chunk in chunks] == [False] + [True] * (len(chunks) - 1)
    assert REAL_PAUSE_MS / 1000 > 0.2


def test_long_silence_is_not_sent_and_air_stays_around_speech():
    chunks, _ = plan(windows((20, 0.0), (4, 0.9), (LONG_SILENCE_MS / 1000 + 1, 0.0), (4, 0.9), (60, 0.0)))
    assert [round(chunk.span.duration_ms / 1000) for chunk in chunks] == [5, 5]
    assert chunks[0].span.start_ms == pytest.approx(20_000 - AIR_MS, abs=40)
    assert chunks[0].span.end_ms == pytest.approx(24_000 + AIR_MS, abs=40)


def test_a_pause_of_some_seconds_stays_inside_one_chunk():
    chunks, _ = plan(windows((4, 0.9), (5, 0.0), (4, 0.9)))
    assert len(chunks) == 1


def test_soft_beginnings_and_endings_belong_to_the_speech():
    chunks, _ = plan(windows((5, 0.0), (0.32, 0.25), (3, 0.9), (0.064, 0.3), (5, 0.0)))
    (span,) = chunks[0].speech
    assert span.start_ms == pytest.approx(5000, abs=40)
    assert span.end_ms == pytest.approx(8384, abs=70)


def test_silence_alone_gives_no_chunk():
    assert plan(windows((3600, 0.05)))[0] == []


def test_a_cut_is_final_once_the_limit_and_ten_seconds_have_been_seen():
    stream = windows((4, 0.9), (0.5, 0.0)) * 200
    planner = ChunkPlanner(max_chunk_s=30.0)
    for number, probability in enumerate(stream, start=1):
        for chunk in planner.feed([probability]):
            assert number * WINDOW_SAMPLES - chunk.start_sample <= 40 * SAMPLE_RATE


def test_the_planner_remembers_only_what_it_still_needs():
    planner = ChunkPlanner(max_chunk_s=30.0)
    for _ in range(2000):
        list(planner.feed(windows((4, 0.9), (0.5, 0.0), (20, 0.1))))
        assert len(planner._recent._values) < 40 / WINDOW_S + 2048
