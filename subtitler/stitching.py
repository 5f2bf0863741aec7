"""From the replies about chunks to one transcript: the only place where chunk time becomes media time.

A reply's times are claims. Here they are clamped to their chunk, put in order, and repaired: what an
engine timed as words keeps its times, what it timed as segments or not at all is shared out over the
speech that was found there. Where chunks overlap, each word of the overlap is taken from one of them.
The order in which replies arrived does not matter.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from difflib import SequenceMatcher
from itertools import accumulate, groupby, pairwise
from typing import Final

from subtitler.languages import UNKNOWN, primary_subtag
from subtitler.model import ChunkResult, Reply, Segment, Transcript, Word
from subtitler.timing import Span
from subtitler.words import join_words, normalise, split_words, weights

SAME_WORD_WITHIN_MS: Final = 300
SAME_ESTIMATED_WORD_WITHIN_MS: Final = 4_000
"""How far two neighbours' times of one word may lie apart: heard, or shared out over a segment."""

SURELY_SAME_WORD_WITHIN_MS: Final = 100
"""Heard times this close need not overlap: short words are timed roughly."""

LEFT_OUT_PRICE: Final = 0.8
"""What it costs a match to leave out a word that both chunks should have heard."""

RUN_BONUS: Final = 1.0
"""What each further word of a matching run is worth beside its likeness, where times are estimates."""

_SENTENCE_ENDS: Final = (".", "?", "!", "…", "。", "？", "！")


@dataclass(frozen=True, slots=True)
class _Heard:
    """A word in media time, and which segment of which chunk it comes from."""

    word: Word
    chunk: int
    segment: int


def stitch(
    results: Iterable[ChunkResult], *, speech: Sequence[Span] = (), language: str | None = None
) -> Transcript:
    """One transcript of all that was said.

    Args:
        results: Chunks and their replies, in any order.
        speech: Where speech was found in the whole film, in media time.
        language: BCP 47 if it is known; else the language of most seconds of speech is taken.
    """
    ordered = sorted(results, key=lambda result: result.chunk.index)
    heard: list[_Heard] = []
    segments: dict[tuple[int, int], Segment] = {}
    for result in ordered:
        chunk = result.chunk
        pieces = _segments_in_media_time(result)
        new = [
            _Heard(word, chunk.index, number) for number, piece in enumerate(pieces) for word in piece.words
        ]
        segments.update({(chunk.index, number): piece for number, piece in enumerate(pieces)})
        heard = (
            _join_overlap(heard, new, start_ms=chunk.span.start_ms)
            if chunk.overlaps_previous
            else heard + new
        )
    return Transcript(
        segments=tuple(_regroup(_in_order(heard), segments)),
        language=language or main_language(ordered),
        speech=tuple(speech),
    )


def main_language(results: Iterable[ChunkResult]) -> str:
    """The language of most seconds of speech, ``und`` if no reply names one."""
    seconds: Counter[str] = Counter()
    for result in results:
        if result.reply.language and result.reply.text.strip():
            seconds[result.reply.language] += sum(span.duration_ms for span in result.chunk.speech)
    if not seconds:
        return UNKNOWN
    by_language: Counter[str] = Counter()
    for tag, ms in seconds.items():
        by_language[primary_subtag(tag)] += ms
    winner = by_language.most_common(1)[0][0]
    return max((tag for tag in seconds if primary_subtag(tag) == winner), key=lambda tag: seconds[tag])


# -- one reply ------------------------------------------------------------------------------------


def _segments_in_media_time(result: ChunkResult) -> list[Segment]:
    """The reply's segments, each with its words, clamped to the chunk."""
    chunk, reply = result.chunk, result.reply
    offset = chunk.span.start_ms
    speech = tuple(span.clamped(chunk.span) for span in chunk.speech) or (chunk.span,)
    claims = _believable_segments(reply, chunk.span.duration_ms)
    words = [
        replace(word, span=word.span.shifted(offset).clamped(chunk.span))
        for word in reply.words
        if normalise(word.text) and word.span.start_ms < chunk.span.duration_ms
    ]
    texts = (
        [claim.text for claim in claims]
        or _sentences(reply.text)
        or _sentences(join_words(w.text for w in words))
    )
    tokens = [split_words(text) for text in texts]
    flat = [token for piece in tokens for token in piece]
    if not flat:
        return []
    if words:
        timed = _times_from_words(flat, words)
    elif claims:
        timed = []
        for claim, piece in zip(claims, tokens, strict=True):
            place = claim.span.shifted(offset).clamped(chunk.span)
            timed += share_out(piece, _speech_within(place, speech))
    else:
        timed = share_out(flat, speech)
    sources: Sequence[Segment | None] = claims or [None] * len(texts)
    pieces: list[Segment] = []
    for source, piece in zip(sources, tokens, strict=True):
        mine, timed = tuple(timed[: len(piece)]), timed[len(piece) :]
        if mine:
            pieces.append(_segment(mine, source))
    return pieces


def _believable_segments(reply: Reply, duration_ms: int) -> list[Segment]:
    """The reply's segments that begin inside the chunk; none if their times are nonsense."""
    spoken = [segment for segment in reply.segments if segment.text.strip()]
    inside = [segment for segment in spoken if segment.span.start_ms < duration_ms]
    with_length = [segment for segment in inside if segment.span.duration_ms > 0]
    are_in_order = all(left.span.start_ms <= right.span.start_ms for left, right in pairwise(inside))
    if 2 * len(with_length) < len(spoken) or (not are_in_order and not reply.words):
        return []
    return inside


def _sentences(text: str) -> list[str]:
    """``text`` cut after sentence ends, so that a reply without segments gets some."""
    sentences: list[list[str]] = [[]]
    for word in split_words(text):
        sentences[-1].append(word)
        if word.rstrip("\"'”’»)]").endswith(_SENTENCE_ENDS):
            sentences.append([])
    return [join_words(words) for words in sentences if words]


def _speech_within(place: Span, speech: Sequence[Span]) -> tuple[Span, ...]:
    """The speech inside a segment's span; the span itself where too little was found to rely on."""
    inside = tuple(span.clamped(place) for span in speech if span.overlap_ms(place) > 0)
    found_ms = sum(span.duration_ms for span in inside)
    is_enough = found_ms >= 1000 or 0 < place.duration_ms <= found_ms * 3
    return inside if is_enough else (place,)


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


def _times_from_words(tokens: Sequence[str], words: Sequence[Word]) -> list[Word]:
    """The tokens of the punctuated text with the times of the bare words, matched letter by letter.

    Both spell the same speech, so their letters nearly agree even where they are cut differently
    (``don't`` and ``don`` ``'t``, or one word a character). A token without any matching letter lies
    between its neighbours.
    """
    spelled = [normalise(token) for token in tokens]
    heard = [normalise(word.text) for word in words]
    owner_of_token_letter = [index for index, letters in enumerate(spelled) for _ in letters]
    owner_of_word_letter = [index for index, letters in enumerate(heard) for _ in letters]
    matched: dict[int, list[int]] = {}
    for token_letter, word_letter in _matching_letters("".join(spelled), "".join(heard), spelled, heard):
        matched.setdefault(owner_of_token_letter[token_letter], []).append(owner_of_word_letter[word_letter])
    timed: list[Word | None] = []
    for index, token in enumerate(tokens):
        mine = [words[number] for number in matched.get(index, ())]
        if not mine:
            timed.append(None)
            continue
        confidences = [word.confidence for word in mine if word.confidence is not None]
        timed.append(
            Word(
                text=token,
                span=Span(mine[0].span.start_ms, max(mine[0].span.start_ms, mine[-1].span.end_ms)),
                confidence=min(confidences, default=None),
                is_estimated=any(word.is_estimated for word in mine),
            )
        )
    return _fill_between(tokens, timed, Span(words[0].span.start_ms, max(word.span.end_ms for word in words)))


def _matching_letters(
    left: str, right: str, left_words: Sequence[str], right_words: Sequence[str]
) -> Iterable[tuple[int, int]]:
    """Pairs of positions in both strings that hold the same letter of the same speech."""
    if left == right:
        yield from zip(range(len(left)), range(len(right)), strict=True)
        return
    # Whole words first: letters alone would match across unrelated words.
    left_starts = [0, *accumulate(len(word) for word in left_words)]
    right_starts = [0, *accumulate(len(word) for word in right_words)]
    matcher = SequenceMatcher(None, left_words, right_words, autojunk=False)
    for kind, i1, i2, j1, j2 in matcher.get_opcodes():
        a, b, c, d = left_starts[i1], left_starts[i2], right_starts[j1], right_starts[j2]
        if kind == "equal":
            yield from zip(range(a, b), range(c, d), strict=True)
        elif kind == "replace":
            # Other spellings of the same stretch of speech: spread one over the other.
            yield from ((a + k, c + k * (d - c) // (b - a)) for k in range(b - a) if d > c)


def _fill_between(tokens: Sequence[str], timed: Sequence[Word | None], around: Span) -> list[Word]:
    """Give the tokens without a time the room between their neighbours."""
    filled: list[Word] = []
    position = 0
    for is_missing, group in groupby(timed, key=lambda word: word is None):
        run = list(group)
        if not is_missing:
            filled += [word for word in run if word is not None]
        else:
            start = filled[-1].span.end_ms if filled else around.start_ms
            following = timed[position + len(run)] if position + len(run) < len(timed) else None
            end = following.span.start_ms if following else around.end_ms
            room = Span(min(start, end), end) if filled else Span(start, max(start, end))
            filled += share_out(tokens[position : position + len(run)], [room])
        position += len(run)
    return filled


def _segment(words: tuple[Word, ...], source: Segment | None) -> Segment:
    start = min(word.span.start_ms for word in words)
    return Segment(
        text=join_words(word.text for word in words),
        span=Span(start, max(start, *(word.span.end_ms for word in words))),
        words=words,
        avg_logprob=source.avg_logprob if source else None,
        no_speech_prob=source.no_speech_prob if source else None,
    )


# -- neighbours -----------------------------------------------------------------------------------


def _join_overlap(left: list[_Heard], right: list[_Heard], *, start_ms: int) -> list[_Heard]:
    """Both chunks heard the stretch from ``start_ms`` to the end of ``left``: take each word once.

    The same words in both are the seam: up to one of them near the middle of the overlap the left
    chunk is right, after it the right one. Edges are heard badly, so the middle is best.
    """
    if not left or not right:
        return left + right
    end_ms = max(item.word.span.end_ms for item in left)
    are_estimated = left[-1].word.is_estimated or right[0].word.is_estimated
    blur_ms = SAME_ESTIMATED_WORD_WITHIN_MS if are_estimated else SAME_WORD_WITHIN_MS
    offset = next(i for i, item in enumerate(left) if item.word.span.end_ms > min(start_ms, end_ms) - blur_ms)
    shared_left = left[offset:]
    shared_right = [item for item in right if item.word.span.start_ms < end_ms + blur_ms]
    middle_ms = (start_ms + end_ms) // 2
    pairs = _same_words([item.word for item in shared_left], [item.word for item in shared_right])
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


def _same_words(left: Sequence[Word], right: Sequence[Word]) -> list[tuple[int, int]]:
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
            likeness = _likeness(left[i], right[j]) if spelled_left[i] == spelled_right[j] else 0.0
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


def _likeness(left: Word, right: Word) -> float:
    """How surely two equal spellings are one word: 1 at the same time, 0 too far apart."""
    apart_ms = abs(left.span.start_ms - right.span.start_ms)
    if left.is_estimated or right.is_estimated:
        return max(0.0, 1 - apart_ms / SAME_ESTIMATED_WORD_WITHIN_MS)
    are_two = apart_ms > SURELY_SAME_WORD_WITHIN_MS and not left.span.overlap_ms(right.span)
    return 0.0 if are_two else max(0.0, 1 - apart_ms / SAME_WORD_WITHIN_MS)


def _in_order(heard: list[_Heard]) -> list[_Heard]:
    """Times that never run backwards: each word begins no earlier than the one before it."""
    ordered: list[_Heard] = []
    floor = 0
    for index, item in enumerate(heard):
        span = item.word.span
        start = max(span.start_ms, floor)
        end = max(start, span.end_ms)
        if index + 1 < len(heard):
            end = max(start, min(end, heard[index + 1].word.span.start_ms))
        ordered.append(replace(item, word=replace(item.word, span=Span(start, end))))
        floor = start
    return ordered


def _regroup(heard: Sequence[_Heard], segments: dict[tuple[int, int], Segment]) -> Iterable[Segment]:
    for key, group in groupby(heard, key=lambda item: (item.chunk, item.segment)):
        yield _segment(tuple(item.word for item in group), segments[key])
