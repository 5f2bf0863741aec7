"""One reply: what it claims about its chunk, on the media's clock and in order.

Times are claims. What the engine timed as words keeps its times, unless they jump out of line; what it
timed as segments, or not at all, is shared out over the speech found there. Texts are claims too: where
the parts of a reply disagree, the fullest counts.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import replace
from difflib import SequenceMatcher
from itertools import accumulate, groupby, pairwise
from typing import Final

from subtitler.model import ChunkResult, Reply, Segment, Word
from subtitler.stitching.sharing import share_out
from subtitler.timing import Span
from subtitler.words import ends_sentence, join_words, normalise, split_words

IMAGINED_AFTER_MS: Final = 500
"""What begins this much later than its audio ends was not heard in it."""

LEAST_LETTERS_LACKING: Final = 20
PART_LACKING: Final = 0.1
"""A text lacks words of another if it is so many letters, and by such a part, shorter."""


def repaired_segments(result: ChunkResult) -> list[Segment]:
    """The reply's segments, each with its words, clamped to the chunk, times never running backwards."""
    chunk, reply = result.chunk, result.reply
    offset, length_ms = chunk.span.start_ms, chunk.span.duration_ms
    speech = tuple(span.clamped(chunk.span) for span in chunk.speech) or (chunk.span,)
    words = [
        replace(word, span=word.span.shifted(offset).clamped(chunk.span))
        for word in reply.words
        if normalise(word.text) and word.span.start_ms < length_ms + IMAGINED_AFTER_MS
    ]
    claims = [
        replace(claim, span=claim.span.shifted(offset).clamped(chunk.span))
        for claim in _believable_segments(reply, length_ms, has_words=bool(words))
    ]
    texts, are_claims = _fullest_texts(reply, claims, words)
    tokens = [split_words(text) for text in texts]
    sources = _in_line(words) or [
        word
        for claim in claims
        for word in share_out(split_words(claim.text), _speech_within(claim.span, speech))
    ]
    flat = [token for piece in tokens for token in piece]
    if not flat:
        return []
    timed: Sequence[Word | None] = _times_from_words(flat, sources) if sources else [None] * len(flat)
    if not are_claims:
        timed = list(_filled(flat, timed, speech))
    segments = []
    for index, piece in enumerate(tokens):
        mine, timed = timed[: len(piece)], timed[len(piece) :]
        source = claims[index] if are_claims else None
        around = _speech_within(source.span, speech) if source else speech
        if piece:
            segments.append(segment_of(_filled(piece, mine, around), source))
    return segments


def segment_of(words: Iterable[Word], source: Segment | None) -> Segment:
    """A segment of these words, as sure of itself as its source."""
    words = tuple(words)
    start = min(word.span.start_ms for word in words)
    return Segment(
        text=join_words(word.text for word in words),
        span=Span(start, max(start, *(word.span.end_ms for word in words))),
        words=words,
        avg_logprob=source.avg_logprob if source else None,
        no_speech_prob=source.no_speech_prob if source else None,
    )


# -- what was said --------------------------------------------------------------------------------


def _believable_segments(reply: Reply, length_ms: int, *, has_words: bool) -> list[Segment]:
    """The reply's segments without imagined ones; none if their times are nonsense.

    Where words have times of their own, a segment's place does not matter.
    """
    spoken = [segment for segment in reply.segments if segment.text.strip()]
    if has_words:
        return spoken
    inside = [segment for segment in spoken if segment.span.start_ms < length_ms + IMAGINED_AFTER_MS]
    with_length = [segment for segment in inside if segment.span.duration_ms > 0]
    are_in_order = all(left.span.start_ms <= right.span.start_ms for left, right in pairwise(inside))
    return inside if are_in_order and 2 * len(with_length) >= len(spoken) else []


def _fullest_texts(reply: Reply, claims: Sequence[Segment], words: Sequence[Word]) -> tuple[list[str], bool]:
    """What was said in pieces, and whether the pieces are the claims: they are, unless they lack words."""
    of_segments = " ".join(segment.text for segment in reply.segments)
    of_words = join_words(word.text for word in words)
    best, are_claims = of_segments, bool(claims)
    for text in (reply.text, of_words):
        if _lacks_words_of(best, text):
            best, are_claims = text, False
    return ([claim.text for claim in claims], True) if are_claims else (_sentences(best), False)


def _lacks_words_of(text: str, other: str) -> bool:
    """Whether ``other`` holds clearly more; a few letters are only another spelling (``$20``)."""
    more = len(normalise(other)) - len(normalise(text))
    return more > 0 and (not normalise(text) or more > max(LEAST_LETTERS_LACKING, PART_LACKING * len(text)))


def _sentences(text: str) -> list[str]:
    """``text`` cut after sentence ends, so that a reply without segments gets some."""
    sentences: list[list[str]] = [[]]
    for word in split_words(text):
        sentences[-1].append(word)
        if ends_sentence(word):
            sentences.append([])
    return [join_words(words) for words in sentences if words]


# -- when it was said -----------------------------------------------------------------------------


def _speech_within(place: Span, speech: Sequence[Span]) -> tuple[Span, ...]:
    """The speech inside a segment's span; the span itself where too little was found to rely on."""
    inside = tuple(span.clamped(place) for span in speech if span.overlap_ms(place) > 0)
    found_ms = sum(span.duration_ms for span in inside)
    is_enough = found_ms >= 1000 or 0 < place.duration_ms <= found_ms * 3
    return inside if is_enough else (place,)


def _in_line(words: Sequence[Word]) -> list[Word]:
    """The longest row of words whose times do not run backwards: one wild time costs no other its own."""
    tops: list[int] = []  # the smallest last start of a row of each length
    ends: list[int] = []  # and the word it belongs to
    before: list[int] = []
    for index, word in enumerate(words):
        place = bisect_right(tops, word.span.start_ms)
        before.append(ends[place - 1] if place else -1)
        tops[place : place + 1] = [word.span.start_ms]
        ends[place : place + 1] = [index]
    row: list[Word] = []
    index = ends[-1] if ends else -1
    while index >= 0:
        row.append(words[index])
        index = before[index]
    return row[::-1]


def _times_from_words(tokens: Sequence[str], words: Sequence[Word]) -> list[Word | None]:
    """The tokens of the punctuated text with the times of the bare words, matched letter by letter.

    Both spell the same speech, so their letters nearly agree even where they are cut differently
    (``don't`` and ``don`` ``'t``, or one word a character). None for a token without any matching letter.
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
    return timed


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


def _filled(tokens: Sequence[str], timed: Sequence[Word | None], around: Sequence[Span]) -> Iterable[Word]:
    """Give the tokens without a time the room between their neighbours; all of ``around`` if none has one."""
    if not any(timed):
        yield from share_out(tokens, around)
        return
    last_end = around[0].start_ms
    position = 0
    for is_missing, group in groupby(timed, key=lambda word: word is None):
        run = list(group)
        following = timed[position + len(run)] if position + len(run) < len(timed) else None
        if is_missing:
            end = max(last_end, around[-1].end_ms) if following is None else following.span.start_ms
            yield from share_out(tokens[position : position + len(run)], [Span(min(last_end, end), end)])
        else:
            yield from (word for word in run if word is not None)
            last_end = max(word.span.end_ms for word in run if word is not None)
        position += len(run)
