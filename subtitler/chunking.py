"""Where the audio is cut: from the probability of speech to a plan of chunks, while samples arrive.

The rules, in their order:

1. A chunk never exceeds its limit.
2. Nothing that may be speech is left out: `AIR_MS` of audio stays around it, and chunks with a shorter
   pause between them than that of rule 3 touch.
3. A stretch of more than `LONG_SILENCE_MS` without speech is not sent.
4. A cut lies in the middle of a real pause (`REAL_PAUSE_MS` or more), the wider and the later the better.
5. Where there is no such pause, neighbours overlap, and `stitching` chooses the words of the overlap.

The plan depends on the probabilities and the limit alone, not on the size of the blocks they come in,
and a cut is final once the chunk's limit and a long silence's length of audio have been seen.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final

from subtitler.model import Chunk
from subtitler.timing import SAMPLE_RATE, Span, ms_from_samples, samples_from_ms

WINDOW_SAMPLES: Final = 512
"""Samples behind one probability: 32 ms, the window of Silero's model."""

SPEECH_STARTS_AT: Final = 0.5
SPEECH_ENDS_BELOW: Final = 0.35
"""Silero's own thresholds: speech begins at the first and lasts until the second is undercut."""

SPEECH_FADES_BELOW: Final = 0.2
"""A span's edges reach out over windows that are at least this likely: soft beginnings and endings."""

SHORTEST_PAUSE_WINDOWS: Final = 3
"""Fewer quiet windows than this do not end a stretch of speech: stops inside words are as long."""

LONGEST_FADE_WINDOWS: Final = 30
"""How far the beginning of speech may reach back: music can be a little likely for minutes."""

AIR_MS: Final = 500
REAL_PAUSE_MS: Final = 300
MIDDLE_OF_PAUSE: Final = 0.4
"""Where a pause is cut: Silero tells a word's beginning up to 130 ms late and its end at most 90 ms early
(measured on half an hour of words with known times), so its pauses are a little late as a whole."""

LONG_SILENCE_MS: Final = 8_000
WORTHLESS_WIDTH_MS: Final = 2_000
"""A pause wider than this is no better to cut in than one of this width."""

EARLIEST_CUT: Final = 0.1
"""A full chunk is not cut before this part of its limit: scraps are heard badly and paid like the rest."""

_LONGEST_OVERLAP_S: Final = 5.0
_SHORTEST_OVERLAP_S: Final = 1.0


@dataclass(slots=True)
class _Stretch:
    """Speech from one window up to (not including) another; its end moves while it lasts."""

    start: int
    end: int


@dataclass(slots=True)
class _Pending:
    """The chunk that is being filled."""

    start_sample: int
    stretches: list[_Stretch]
    overlaps_previous: bool = False


class ChunkPlanner:
    """Plans chunks from a stream of speech probabilities.

    Args:
        max_chunk_s: The longest chunk, in seconds.
        first_sample: The sample, counted from the start of the media, where the stream begins.
    """

    def __init__(self, *, max_chunk_s: float, first_sample: int = 0) -> None:
        self._max_samples = int(max_chunk_s * SAMPLE_RATE)
        overlap_s = min(max(max_chunk_s * 0.15, _SHORTEST_OVERLAP_S), _LONGEST_OVERLAP_S)
        self._overlap_windows = int(overlap_s * SAMPLE_RATE) // WINDOW_SAMPLES
        longest_lead_ms = min(LONG_SILENCE_MS - 2 * AIR_MS, int(max_chunk_s * 1000 / 3))
        self._longest_lead_samples = samples_from_ms(longest_lead_ms)
        self._first_sample = first_sample
        self._seen = 0
        self._recent = _RecentProbabilities()
        self._open: _Stretch | None = None
        self._quiet_windows = 0
        self._pending: _Pending | None = None
        self._planned_until = first_sample
        self._end_sample: int | None = None
        self._chunks = 0
        self._speech: list[Span] = []

    @property
    def speech(self) -> tuple[Span, ...]:
        """Where speech was found and has ended, in media time."""
        return tuple(self._speech)

    @property
    def oldest_needed_sample(self) -> int:
        """No chunk to come holds audio from before this sample."""
        if self._pending is not None:
            return self._pending.start_sample
        reach = self._longest_lead_samples + LONGEST_FADE_WINDOWS * WINDOW_SAMPLES
        return max(self._planned_until, self._sample(self._seen) - reach)

    def feed(self, probabilities: Iterable[float], *, end_sample: int | None = None) -> Iterator[Chunk]:
        """Take the next windows' probabilities; yield each chunk as soon as it is final.

        ``end_sample`` comes with the last ones, whose window may reach past the end of the audio.
        """
        self._end_sample = end_sample
        for probability in probabilities:
            self._recent.append(probability)
            self._seen += 1
            self._follow(probability)
            if self._pending is None:
                self._recent.forget_before(self._seen - LONGEST_FADE_WINDOWS)
            elif (chunk := self._cut_if_due(self._pending)) is not None:
                yield chunk

    def finish(self, *, end_sample: int) -> Iterator[Chunk]:
        """The stream ended at ``end_sample`` (counted from the start of the media): yield what is left."""
        if self._open is not None:
            self._close(self._open)
        if self._pending is not None:
            air_end = self._sample(self._pending.stretches[-1].end) + samples_from_ms(AIR_MS)
            self._end_sample = end_sample
            yield self._planned(self._pending, self._pending.stretches, end=air_end)
            self._pending = None

    def _sample(self, window: int) -> int:
        return self._first_sample + window * WINDOW_SAMPLES

    # -- where speech is ------------------------------------------------------------------------

    def _follow(self, probability: float) -> None:
        if self._open is None:
            if probability >= SPEECH_STARTS_AT:
                self._begin(self._seen - 1)
            return
        self._open.end = self._seen
        self._quiet_windows = 0 if probability >= SPEECH_ENDS_BELOW else self._quiet_windows + 1
        if self._quiet_windows >= SHORTEST_PAUSE_WINDOWS:
            self._close(self._open)

    def _begin(self, window: int) -> None:
        stretches = self._pending.stretches if self._pending else []
        earliest = max(window - LONGEST_FADE_WINDOWS, stretches[-1].end if stretches else 0)
        while window > earliest and self._recent[window - 1] >= SPEECH_FADES_BELOW:
            window -= 1
        self._open = _Stretch(window, self._seen)
        self._quiet_windows = 0
        if self._pending is None:
            self._pending = _Pending(self._start_before(self._sample(window)), [])
        self._pending.stretches.append(self._open)

    def _start_before(self, sample: int) -> int:
        """Where a chunk begins whose speech begins at ``sample``.

        After a short pause it touches the chunk before it: speech that is too soft to be found may lie
        between them.
        """
        is_near = sample - self._planned_until <= self._longest_lead_samples
        return self._planned_until if is_near else sample - samples_from_ms(AIR_MS)

    def _close(self, stretch: _Stretch) -> None:
        stretch.end = self._seen - self._quiet_windows
        while stretch.end < self._seen and self._recent[stretch.end] >= SPEECH_FADES_BELOW:
            stretch.end += 1
        self._speech.append(self._span(stretch))
        self._open = None

    def _span(self, stretch: _Stretch) -> Span:
        return Span(ms_from_samples(self._sample(stretch.start)), ms_from_samples(self._sample(stretch.end)))

    # -- where it is cut ------------------------------------------------------------------------

    def _cut_if_due(self, pending: _Pending) -> Chunk | None:
        now = self._sample(self._seen)
        quiet_since = now if self._open else self._sample(pending.stretches[-1].end)
        quiet_ms = ms_from_samples(now - quiet_since)
        is_full = now - pending.start_sample > self._max_samples - WINDOW_SAMPLES
        if quiet_ms >= LONG_SILENCE_MS or (is_full and quiet_ms >= REAL_PAUSE_MS):
            self._pending = None
            # Well before now: the next word may have begun before it can be told from silence.
            is_long = quiet_ms >= LONG_SILENCE_MS
            end = quiet_since + samples_from_ms(AIR_MS) if is_long else _middle(quiet_since, now)
            return self._planned(pending, pending.stretches, end=end)
        if not is_full:
            return None
        place = self._best_pause(pending)
        return self._cut_with_overlap(pending) if place is None else self._cut_in_pause(pending, place)

    def _best_pause(self, pending: _Pending) -> int | None:
        """The number of stretches before the pause that is best to cut in; None if there is no real one."""
        best, best_worth = None, 0.0
        for place in range(1, len(pending.stretches)):
            pause_start = self._sample(pending.stretches[place - 1].end)
            pause_end = self._sample(pending.stretches[place].start)
            width_ms = ms_from_samples(pause_end - pause_start)
            lateness = (pause_start - pending.start_sample) / self._max_samples
            if width_ms < REAL_PAUSE_MS or lateness < EARLIEST_CUT:
                continue
            worth = min(width_ms / WORTHLESS_WIDTH_MS, 1.0) + lateness
            if worth > best_worth:
                best, best_worth = place, worth
        return best

    def _cut_in_pause(self, pending: _Pending, place: int) -> Chunk:
        before, after = pending.stretches[:place], pending.stretches[place:]
        middle = _middle(self._sample(before[-1].end), self._sample(after[0].start))
        chunk = self._planned(pending, before, end=middle)
        self._begin_next(_Pending(middle, after))
        return chunk

    def _cut_with_overlap(self, pending: _Pending) -> Chunk:
        """Nobody draws breath: end late, begin the next one early, both where speech is least likely."""
        reach = self._overlap_windows // 4
        last = self._recent.quietest(self._seen - reach, self._seen)
        first = self._recent.quietest(
            last - self._overlap_windows - reach, last - self._overlap_windows + reach
        )
        until = self._sample(last) + WINDOW_SAMPLES // 2
        before = [stretch for stretch in pending.stretches if self._sample(stretch.start) < until]
        chunk = self._planned(pending, before, end=until)
        after = [stretch for stretch in pending.stretches if stretch.end > first]
        self._begin_next(_Pending(self._sample(first) + WINDOW_SAMPLES // 2, after, overlaps_previous=True))
        return chunk

    def _begin_next(self, pending: _Pending) -> None:
        self._pending = pending
        self._recent.forget_before((pending.start_sample - self._first_sample) // WINDOW_SAMPLES)

    def _planned(self, pending: _Pending, stretches: list[_Stretch], *, end: int) -> Chunk:
        end = end if self._end_sample is None else min(end, self._end_sample)
        span = Span(ms_from_samples(pending.start_sample), ms_from_samples(end))
        chunk = Chunk(
            index=self._chunks,
            start_sample=pending.start_sample,
            end_sample=end,
            speech=tuple(self._span(stretch).clamped(span) for stretch in stretches),
            overlaps_previous=pending.overlaps_previous,
        )
        self._chunks += 1
        self._planned_until = end
        return chunk


def _middle(pause_start: int, pause_end: int) -> int:
    return pause_start + int((pause_end - pause_start) * MIDDLE_OF_PAUSE)


class _RecentProbabilities:
    """The probabilities of the latest windows, found by the window's number in the stream."""

    def __init__(self) -> None:
        self._values: list[float] = []
        self._first = 0

    def append(self, probability: float) -> None:
        self._values.append(probability)

    def __getitem__(self, window: int) -> float:
        return self._values[window - self._first]

    def forget_before(self, window: int) -> None:
        surplus = window - self._first
        if surplus >= 1024:  # seldom, so that each window is moved a few times at most
            del self._values[:surplus]
            self._first = window

    def quietest(self, start: int, end: int) -> int:
        """The window in ``[start, end)`` where speech is least likely; the last of equals."""
        return min(range(max(start, self._first), end), key=lambda window: (self[window], -window))
