"""The streaming half of the street: audio in, answered chunks out, N requests at a time.

One thread (the caller's) decodes, finds speech and plans; a few daemon threads wait for the engine.
A bounded number of chunks is on its way at once, so that a slow engine holds the decoder back and
memory does not grow with the length of the film. Daemon threads, because a cancelled job must not
wait for a server's answer.
"""

from __future__ import annotations

import queue
import threading
from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from subtitler.chunking import ChunkPlanner
from subtitler.engines import Engine
from subtitler.events import AudioHeard, ChunkDone, ChunkPlanned, Reporter, silent
from subtitler.model import Chunk, ChunkResult
from subtitler.speech.vad import SpeechDetector
from subtitler.timing import SAMPLE_RATE, Span, ms_from_samples

if TYPE_CHECKING:
    from subtitler.model import Samples

FLAC_BYTES_PER_SECOND = 2 * SAMPLE_RATE * 1.01
"""FLAC of noise is no smaller than its samples: the worst case, so that no upload exceeds its limit."""

REQUEST_OVERHEAD_BYTES = 16 * 1024
"""Fields, boundaries and headers of an upload, generously."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ChunkAudio:
    """A planned chunk with its samples."""

    chunk: Chunk
    samples: Samples

    @property
    def speech_in_chunk(self) -> tuple[Span, ...]:
        """Where speech was found, from the chunk's start."""
        return tuple(span.shifted(-self.chunk.span.start_ms) for span in self.chunk.speech)


class ChunkStream:
    """Chunks with their samples, cut from blocks of audio as they come.

    Args:
        blocks: 16 kHz mono int16 of any sizes.
        max_chunk_s: The longest chunk, in seconds.
        first_sample: Where the blocks begin, in samples from the start of the media.
        reporter: Told how far the audio has been heard.
    """

    def __init__(
        self,
        blocks: Iterable[Samples],
        *,
        max_chunk_s: float,
        first_sample: int = 0,
        reporter: Reporter = silent,
    ) -> None:
        self._blocks = blocks
        self._reporter = reporter
        self._detector = SpeechDetector()
        self._planner = ChunkPlanner(max_chunk_s=max_chunk_s, first_sample=first_sample)
        self._tail = _AudioTail(first_sample)

    @property
    def speech(self) -> tuple[Span, ...]:
        """Where speech was found so far, in media time."""
        return self._planner.speech

    def __iter__(self) -> Iterator[ChunkAudio]:
        """Yield each chunk as soon as it is final."""
        for block in self._blocks:
            self._tail.append(block)
            self._reporter(AudioHeard(until_ms=ms_from_samples(self._tail.end_sample)))
            for chunk in self._planner.feed(self._detector.feed(block).tolist()):
                yield self._with_samples(chunk)
            self._tail.forget_before(self._planner.oldest_needed_sample)
        end = self._tail.end_sample
        yield from map(
            self._with_samples, self._planner.feed(self._detector.finish().tolist(), end_sample=end)
        )
        yield from map(self._with_samples, self._planner.finish(end_sample=end))

    def _with_samples(self, chunk: Chunk) -> ChunkAudio:
        return ChunkAudio(chunk=chunk, samples=self._tail.slice(chunk.start_sample, chunk.end_sample))


def recognise(chunks: Iterable[ChunkAudio], engine: Engine, *, reporter: Reporter) -> Iterator[ChunkResult]:
    """Every chunk's result, as they come in; chunks are taken from the stream as places get free.

    Raises:
        SubtitlerError: The first error of the stream or the engine; what is on its way is abandoned.
    """
    crew = _Crew(engine)
    try:
        for result in _results_of(chunks, crew, reporter):
            reporter(ChunkDone(index=result.chunk.index, span=result.chunk.span))
            yield result
    finally:
        crew.dismiss()


def _results_of(chunks: Iterable[ChunkAudio], crew: _Crew, reporter: Reporter) -> Iterator[ChunkResult]:
    for item in chunks:
        reporter(ChunkPlanned(index=item.chunk.index, span=item.chunk.span))
        yield from crew.take_on(item)
    yield from crew.finish()


def longest_chunk_s(wish_s: float, *, max_upload_bytes: int) -> float:
    """The longest chunk, in seconds, that keeps both limits whatever the audio holds."""
    return min(wish_s, (max_upload_bytes - REQUEST_OVERHEAD_BYTES) / FLAC_BYTES_PER_SECOND)


class _AudioTail:
    """The latest samples of a stream, found by their number from the start of the media."""

    def __init__(self, first_sample: int) -> None:
        self._blocks: deque[Samples] = deque()
        self._first = first_sample
        self.end_sample = first_sample

    def append(self, block: Samples) -> None:
        self._blocks.append(block)
        self.end_sample += len(block)

    def forget_before(self, sample: int) -> None:
        while self._blocks and self._first + len(self._blocks[0]) <= sample:
            self._first += len(self._blocks.popleft())

    def slice(self, start: int, end: int) -> Samples:
        pieces, position = [], self._first
        for block in self._blocks:
            if position >= end:
                break
            pieces.append(block[max(0, start - position) : max(0, end - position)])
            position += len(block)
        return np.concatenate(pieces)


class _Crew:
    """A few daemon threads that carry chunks to the engine."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._waiting: queue.SimpleQueue[ChunkAudio | None] = queue.SimpleQueue()
        self._finished: queue.SimpleQueue[ChunkResult | BaseException] = queue.SimpleQueue()
        self._threads: list[threading.Thread] = []
        self._on_their_way = 0
        self._has_answer = False
        self._is_dismissed = False

    def take_on(self, item: ChunkAudio) -> Iterator[ChunkResult]:
        """Hand ``item`` over; yield what is finished, waiting for it only where too much is on its way."""
        self._waiting.put(item)
        self._on_their_way += 1
        self._start_threads()
        yield from self._results(may_stay=self._engine.max_concurrency + 1)

    def _start_threads(self) -> None:
        """As many threads as the engine allows; but the first chunk goes alone.

        It finds out what would go wrong with every other: a wrong key is then told by one request.
        """
        enough = min(self._on_their_way, self._engine.max_concurrency) if self._has_answer else 1
        while len(self._threads) < enough:
            name = f"recognise-{len(self._threads)}"
            self._threads.append(threading.Thread(target=self._work, name=name, daemon=True))
            self._threads[-1].start()

    def finish(self) -> Iterator[ChunkResult]:
        """Wait for all that is on its way."""
        yield from self._results(may_stay=0)

    def dismiss(self) -> None:
        """Nobody waits any more: threads end when their call returns."""
        self._is_dismissed = True
        for _ in self._threads:
            self._waiting.put(None)

    def _results(self, *, may_stay: int) -> Iterator[ChunkResult]:
        while self._on_their_way and (self._on_their_way > may_stay or not self._finished.empty()):
            result = self._finished.get()
            self._on_their_way -= 1
            if isinstance(result, BaseException):
                raise result
            self._has_answer = True
            self._start_threads()
            yield result

    def _work(self) -> None:
        while (item := self._waiting.get()) is not None and not self._is_dismissed:
            try:
                reply = self._engine.recognise(item.samples, speech=item.speech_in_chunk)
            except BaseException as error:  # noqa: BLE001 - carried over to the caller's thread, raised there
                self._is_dismissed = True  # nothing more is sent after the first failure
                self._finished.put(error)
            else:
                self._finished.put(ChunkResult(chunk=item.chunk, reply=reply))
