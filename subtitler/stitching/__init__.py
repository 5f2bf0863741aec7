"""From the replies about chunks to one transcript: the only place where chunk time becomes media time.

`repair` makes words with times of each reply, `seams` joins the words of chunks that overlap. The order
in which replies arrived does not matter.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import replace
from itertools import groupby

from subtitler.languages import UNKNOWN, primary_subtag
from subtitler.model import ChunkResult, Segment, Transcript
from subtitler.stitching.repair import repaired_segments, segment_of
from subtitler.stitching.seams import Heard, join_overlap
from subtitler.stitching.sharing import share_out
from subtitler.timing import Span

__all__ = ["main_language", "share_out", "stitch"]


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
    heard: list[Heard] = []
    segments: dict[tuple[int, int], Segment] = {}
    heard_until = 0
    for result in ordered:
        chunk = result.chunk
        pieces = repaired_segments(result)
        new = [
            Heard(word, chunk.index, number) for number, piece in enumerate(pieces) for word in piece.words
        ]
        segments.update({(chunk.index, number): piece for number, piece in enumerate(pieces)})
        overlap_ms = heard_until - chunk.span.start_ms
        if chunk.overlaps_previous and overlap_ms > 0:
            heard = join_overlap(heard, new, start_ms=chunk.span.start_ms, overlap_ms=overlap_ms)
        else:
            heard = heard + new
        heard_until = chunk.span.end_ms
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


def _in_order(heard: list[Heard]) -> list[Heard]:
    """Times that never run backwards: each word begins no earlier than the one before it."""
    ordered: list[Heard] = []
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


def _regroup(heard: Sequence[Heard], segments: dict[tuple[int, int], Segment]) -> Iterable[Segment]:
    for key, group in groupby(heard, key=lambda item: (item.chunk, item.segment)):
        yield segment_of(tuple(item.word for item in group), segments[key])
