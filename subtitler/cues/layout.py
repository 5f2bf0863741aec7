"""Words to cues: the cheapest way to cut the text, found by dynamic programming over its gaps.

Hard: characters per line, lines, longest duration; every word exactly once and in order. Soft, as
costs: cues and lines end where sentences and clauses end and where the speaker pauses, cues are not
scraps, lines are balanced. Afterwards each cue gets its out-time: long enough to read, never over the
next one.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from subtitler.cues.linebreak import NO_ROOM, LineRuler, lines_of
from subtitler.cues.styleguide import DEFAULT_STYLE, StyleGuide
from subtitler.model import Cue, Transcript, Word
from subtitler.timing import Span

CUE_COST = 2.0
"""What every cue costs: fewer and fuller cues are read with less effort."""

SCRAP_CHARACTERS = 18
SHORTEST_MS = 100
"""No cue is shorter, whatever times its words claim: it could not be seen, and containers drop it."""

LONG_PAUSE_MS = 1_500
"""After a pause of this length a new cue begins, whatever the text."""


def lay_out(transcript: Transcript, style: StyleGuide = DEFAULT_STYLE) -> tuple[Cue, ...]:
    """The cues of a transcript: in order, without overlap, every word exactly once."""
    words = [word for segment in transcript.segments for word in segment.words]
    cues: list[Cue] = []
    for stretch in _stretches(words):
        cues += _cues_of(stretch, style)
    return tuple(_with_out_times(cues, style))


def _stretches(words: Sequence[Word]) -> Iterator[Sequence[Word]]:
    """Runs of words without a long pause inside."""
    start = 0
    for index in range(1, len(words) + 1):
        if index == len(words) or _pause_ms(words[index - 1], words[index]) >= LONG_PAUSE_MS:
            yield words[start:index]
            start = index


def _pause_ms(left: Word, right: Word) -> int:
    return right.span.start_ms - left.span.end_ms


def _cues_of(words: Sequence[Word], style: StyleGuide) -> list[Cue]:
    """The cheapest cutting of words that are spoken without a long pause."""
    texts = [word.text for word in words]
    ruler = LineRuler(texts, style)
    cheapest = [0.0] + [NO_ROOM] * len(words)
    came_from: list[tuple[int, int | None]] = [(0, None)] * (len(words) + 1)
    for end in range(1, len(words) + 1):
        last = end - 1
        edge = _edge_cost(words, last, ruler)
        for first in range(last, -1, -1):
            is_too_long = words[last].span.end_ms - words[first].span.start_ms > style.max_ms
            line_cost, upper_end = ruler.best_break(first, last)
            if first < last and (is_too_long or line_cost == NO_ROOM):
                break
            cost = (
                cheapest[first] + CUE_COST + edge + line_cost + _shape_cost(words, first, last, ruler, style)
            )
            if cost < cheapest[end]:
                cheapest[end] = cost
                came_from[end] = (first, upper_end)
    cues: list[Cue] = []
    end = len(words)
    while end:
        first, upper_end = came_from[end]
        span = Span(words[first].span.start_ms, max(words[end - 1].span.end_ms, words[first].span.start_ms))
        rows = lines_of(texts[first:end], None if upper_end is None else upper_end - first)
        cues.append(Cue(span=span, lines=rows))
        end = first
    return cues[::-1]


def _edge_cost(words: Sequence[Word], last: int, ruler: LineRuler) -> float:
    """What it costs to end a cue after word ``last``."""
    if last + 1 == len(words):
        return 0.0
    pause_s = max(0, _pause_ms(words[last], words[last + 1])) / 1000
    return ruler.break_cost(last) - 3 * min(pause_s, 1.0)


def _shape_cost(words: Sequence[Word], first: int, last: int, ruler: LineRuler, style: StyleGuide) -> float:
    """What a cue of these words costs for being a scrap, too fast, or two sentences in one."""
    characters = ruler.length(first, last)
    cost = max(0.0, (SCRAP_CHARACTERS - characters) / SCRAP_CHARACTERS) * 2
    next_start = words[last + 1].span.start_ms if last + 1 < len(words) else None
    latest_end = words[last].span.end_ms + style.max_tail_ms
    end = latest_end if next_start is None else min(latest_end, max(next_start, words[last].span.end_ms))
    seconds = max(end - words[first].span.start_ms, 1) / 1000
    excess = characters / seconds / style.target_cps - 1
    cost += min(4.0, 4 * excess**2) if excess > 0 else 0.0
    return cost + 1.0 * ruler.sentence_ends(first, last)


def _with_out_times(cues: Sequence[Cue], style: StyleGuide) -> Iterator[Cue]:
    """Let each cue stand long enough to be read, and never into the next."""
    starts = list(_in_times(cues))
    for index, cue in enumerate(cues):
        start, spoken_until = starts[index], max(cue.span.end_ms, starts[index])
        characters = sum(len(line) for line in cue.lines)
        readable_until = start + max(style.min_ms, int(characters / style.target_cps * 1000))
        end = max(start + style.min_ms, spoken_until, min(readable_until, spoken_until + style.max_tail_ms))
        if index + 1 < len(cues):
            next_start = starts[index + 1]
            if next_start - end < style.close_gap_ms and next_start - spoken_until <= style.max_tail_ms:
                end = next_start - style.min_gap_ms
            end = max(end, spoken_until, start + SHORTEST_MS)
            end = min(end, max(next_start - style.min_gap_ms, start + SHORTEST_MS), next_start)
        yield Cue(span=Span(start, min(end, start + style.max_ms)), lines=cue.lines)


def _in_times(cues: Sequence[Cue]) -> Iterator[int]:
    """Where cues begin: with their first words, but for crowded ones, which each get a moment."""
    earliest = 0
    for cue in cues:
        start = max(cue.span.start_ms, earliest)
        yield start
        earliest = start + SHORTEST_MS
