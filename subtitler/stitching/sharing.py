"""Sharing out: words over a longer stretch of speech, by their length."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import accumulate

from subtitler.model import Word
from subtitler.timing import Span
from subtitler.words import weights


def share_out(texts: Sequence[str], spans: Sequence[Span]) -> list[Word]:
    """Words with times shared out over ``spans`` by their length: estimates, marked as such."""
    total_ms = sum(span.duration_ms for span in spans)
    parts = weights(texts)
    edges = [0, *accumulate(parts)]
    scale = total_ms / edges[-1] if edges[-1] else 0.0
    words = []
    for text, start, end in zip(texts, edges, edges[1:], strict=False):
        start_ms = _place(start * scale, spans, is_end=False)
        end_ms = max(start_ms, _place(end * scale, spans, is_end=True))
        words.append(Word(text=text, span=Span(start_ms, end_ms), is_estimated=True))
    return words


def _place(progress_ms: float, spans: Sequence[Span], *, is_end: bool) -> int:
    """The time at which ``progress_ms`` of all spans have passed.

    On a seam that is the end of the span before for an end, the start of the next for a start.
    """
    left = progress_ms
    for span in spans:
        is_inside = left <= span.duration_ms + 0.5 if is_end else left < span.duration_ms - 0.5
        if is_inside:
            return span.start_ms + int(min(left, span.duration_ms) + 0.5)
        left -= span.duration_ms
    return spans[-1].end_ms
