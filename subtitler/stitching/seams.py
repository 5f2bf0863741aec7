"""Where two chunks overlap, each word of the overlap is taken from one of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import takewhile
from typing import Final

from subtitler.model import Word
from subtitler.words import normalise

SAME_WORD_WITHIN_MS: Final = 300
"""How far the heard times of one word may lie apart in two chunks."""

SAME_ESTIMATED_WORD_WITHIN_MS: Final = (1_000, 4_000)
"""The same for times that were shared out: the length of the overlap, but no less and no more than this."""

SURELY_SAME_WORD_WITHIN_MS: Final = 100
"""Heard times this close need not overlap: short words are timed roughly."""

LEFT_OUT_PRICE: Final = 0.8
"""What it costs a match to leave out a word that both chunks should have heard."""

RUN_BONUS: Final = 1.0
"""What each further word of a matching run is worth beside its likeness, where times are estimates."""


@dataclass(frozen=True, slots=True)
class Heard:
    """A word in media time, and which segment of which chunk it comes from."""

    word: Word
    chunk: int
    segment: int


def join_overlap(left: list[Heard], right: list[Heard], *, start_ms: int, overlap_ms: int) -> list[Heard]:
    """Both chunks heard the stretch from ``start_ms`` on, ``overlap_ms`` of it: take each word once.

    The same words in both are the seam: up to one of them near the middle of the overlap the left
    chunk is right, after it the right one. Edges are heard badly, so the middle is best.
    """
    end_ms = max((item.word.span.end_ms for item in left), default=start_ms)
    if not right or end_ms <= start_ms:
        return left + right
    least_ms, most_ms = SAME_ESTIMATED_WORD_WITHIN_MS
    are_estimated = left[-1].word.is_estimated or right[0].word.is_estimated
    blur_ms = min(max(overlap_ms, least_ms), most_ms) if are_estimated else SAME_WORD_WITHIN_MS
    offset = next(i for i, item in enumerate(left) if item.word.span.end_ms > start_ms - blur_ms)
    shared_left = left[offset:]
    shared_right = list(takewhile(lambda item: item.word.span.start_ms < end_ms + blur_ms, right))
    middle_ms = (start_ms + end_ms) // 2
    pairs = _same_words([item.word for item in shared_left], [item.word for item in shared_right], blur_ms)
    if pairs:
        i, j = min(pairs, key=lambda pair: abs(shared_left[pair[0]].word.span.middle_ms - middle_ms))
        return left[: offset + i + 1] + right[j + 1 :]
    # No word was heard twice. One that lies across the other chunk's edge was heard once: it is kept.
    kept = [
        item
        for side, others in ((shared_left, shared_right), (shared_right, shared_left))
        for item in side
        if (item.word.span.middle_ms < middle_ms) == (side is shared_left)
        or not any(other.word.span.overlap_ms(item.word.span) for other in others)
    ]
    kept.sort(key=lambda item: (item.word.span.start_ms, item.chunk))
    return left[:offset] + kept + right[len(shared_right) :]


def _same_words(left: Sequence[Word], right: Sequence[Word], blur_ms: int) -> list[tuple[int, int]]:
    """Pairs of indexes that are one word heard twice: the best match of text and time that keeps the order.

    Where times are estimates it is the run of words that tells: a word that follows a matched pair on
    both sides is worth more than a lone one. Times that were heard tell by themselves. What ``left``
    heard last and ``right`` heard first should be in the other too, so leaving it out has a price.
    """
    bonus = RUN_BONUS if any(word.is_estimated for word in (*left, *right)) else 0.0
    spelled_left = [normalise(word.text) for word in left]
    spelled_right = [normalise(word.text) for word in right]
    # The worth of the best match of left[i:] with right[j:], and of the best that begins with this pair.
    worth = [[0.0] * (len(right) + 1) for _ in range(len(left) + 1)]
    paired = [[0.0] * (len(right) + 1) for _ in range(len(left) + 1)]
    for i in reversed(range(len(left))):
        worth[i][-1] = worth[i + 1][-1] - LEFT_OUT_PRICE
        for j in reversed(range(len(right))):
            likeness = _likeness(left[i], right[j], blur_ms) if spelled_left[i] == spelled_right[j] else 0.0
            if likeness > 0:
                run = paired[i + 1][j + 1]
                paired[i][j] = likeness + max(worth[i + 1][j + 1], run + bonus if run else 0.0)
            without = max(worth[i + 1][j], worth[i][j + 1]) - LEFT_OUT_PRICE
            worth[i][j] = max(without, paired[i][j])
    i = max(range(len(left) + 1), key=lambda i: (worth[i][0], i))
    j = 0
    pairs: list[tuple[int, int]] = []
    is_in_run = False
    while i < len(left) and j < len(right):
        if paired[i][j] and (is_in_run or worth[i][j] == paired[i][j]):
            pairs.append((i, j))
            run = paired[i + 1][j + 1]
            is_in_run = bool(run) and run + bonus >= worth[i + 1][j + 1]
            i, j = i + 1, j + 1
        elif worth[i + 1][j] >= worth[i][j + 1]:
            i += 1
        else:
            j += 1
    return pairs


def _likeness(left: Word, right: Word, blur_ms: int) -> float:
    """How surely two equal spellings are one word: 1 at the same time, 0 too far apart."""
    apart_ms = abs(left.span.start_ms - right.span.start_ms)
    are_heard = not (left.is_estimated or right.is_estimated)
    if are_heard and apart_ms > SURELY_SAME_WORD_WITHIN_MS and not left.span.overlap_ms(right.span):
        return 0.0
    return max(0.0, 1 - apart_ms / (SAME_WORD_WITHIN_MS if are_heard else blur_ms))
