"""Recognition: chunks stream to the engine, a slow engine holds the decoder back, failures stop it all."""

import io
import subprocess
import threading
import time

import numpy as np
import pytest
import soundfile

from subtitler.errors import EngineRejected
from subtitler.events import ChunkDone, ChunkPlanned, silent
from subtitler.model import Chunk, Reply
from subtitler.recognition import (
    FLAC_BYTES_PER_SECOND,
    ChunkAudio,
    ChunkStream,
    longest_chunk_s,
    recognise,
)
from subtitler.timing import SAMPLE_RATE, Span


class CountingEngine:
    """Answers with what it was given, and knows how many were on their way at once."""

    name, model, default_max_chunk_s, spoken_language = "counting", "none", 30.0, None

    def __init__(self, *, max_concurrency=3, seconds=0.0, fails_at=None):
        self.max_concurrency = max_concurrency
        self.seconds = seconds
        self.fails_at = fails_at
        self.lock = threading.Lock()
        self.running = self.most_running = self.calls = 0

    def recognise(self, samples, *, speech):
        with self.lock:
            self.calls += 1
            number = self.calls
            self.running += 1
            self.most_running = max(self.most_running, self.running)
        time.sleep(self.seconds)
        with self.lock:
            self.running -= 1
        if number == self.fails_at:
            raise EngineRejected("no")
        return Reply(text=f"{int(samples[0])} {speech[0].start_ms}")

    def close(self):
        pass


def items(count):
    for number in range(count):
        span = Span(number * 1000 + 100, number * 1000 + 900)
        chunk = Chunk(
            index=number, start_sample=number * 16_000, end_sample=(number + 1) * 16_000, speech=(span,)
        )
        yield ChunkAudio(chunk=chunk, samples=np.full(16_000, number, dtype=np.int16))


def test_every_chunk_gets_the_answer_to_its_own_samples():
    results = list(recognise(items(40), CountingEngine(), reporter=silent))
    assert sorted((r.chunk.index, r.reply.text) for r in results) == [(n, f"{n} 100") for n in range(40)]


def test_as_many_requests_run_at_once_as_the_engine_allows_and_no_more():
    engine = CountingEngine(max_concurrency=3, seconds=0.02)
    list(recognise(items(12), engine, reporter=silent))
    assert engine.most_running == 3


def test_the_first_chunk_goes_alone_so_that_one_request_tells_a_wrong_key():
    engine = CountingEngine(max_concurrency=5, seconds=0.05, fails_at=1)
    with pytest.raises(EngineRejected):
        list(recognise(items(50), engine, reporter=silent))
    time.sleep(0.1)
    assert engine.calls == 1


def test_a_slow_engine_holds_the_stream_back():
    taken = []

    def stream():
        for item in items(50):
            taken.append(item.chunk.index)
            yield item

    engine = CountingEngine(max_concurrency=2, seconds=0.01)
    for result in recognise(stream(), engine, reporter=silent):
        assert len(taken) - engine.calls <= 4, "chunks pile up in memory"
        assert result.reply.text


def test_the_first_failure_ends_the_job_and_no_new_chunk_is_sent():
    engine = CountingEngine(max_concurrency=1, fails_at=3)
    with pytest.raises(EngineRejected):
        list(recognise(items(50), engine, reporter=silent))
    time.sleep(0.05)
    assert engine.calls == 3


def test_a_consumer_that_leaves_does_not_wait_for_the_engine():
    class Hanging(CountingEngine):
        def recognise(self, samples, *, speech):
            if self.calls:
                time.sleep(5)
            return super().recognise(samples, speech=speech)

    started = time.monotonic()
    stream = recognise(items(9), Hanging(max_concurrency=2), reporter=silent)
    next(stream)
    stream.close()
    assert time.monotonic() - started < 1


def test_each_chunk_is_announced_when_planned_and_when_done():
    events = []
    list(recognise(items(5), CountingEngine(), reporter=events.append))
    assert sorted(e.index for e in events if isinstance(e, ChunkPlanned)) == list(range(5))
    assert sorted(e.index for e in events if isinstance(e, ChunkDone)) == list(range(5))


@pytest.fixture(scope="module")
def voice():
    """Some seconds of espeak-ng, 16 kHz."""
    text = "The quick brown fox jumps over the lazy dog, and nobody in the village knows why."
    spoken = subprocess.run(
        ["espeak-ng", "-v", "en-us", "--stdout", text], capture_output=True, check=True
    ).stdout
    command = ["ffmpeg", "-v", "error", "-i", "-", "-ac", "1", "-ar", "16000", "-f", "s16le", "-"]
    return np.frombuffer(
        subprocess.run(command, input=spoken, capture_output=True, check=True).stdout, dtype=np.int16
    )


@pytest.mark.parametrize("block", [999, 16_000, 200_000])
def test_chunks_carry_exactly_the_samples_of_their_place_whatever_the_blocks(voice, block):
    audio = np.concatenate([np.zeros(SAMPLE_RATE * 3, np.int16), *[voice, np.zeros(8000, np.int16)] * 10])
    blocks = [audio[start : start + block] for start in range(0, len(audio), block)]
    first = 16_000 * 77
    found = list(ChunkStream(blocks, max_chunk_s=15, first_sample=first))
    assert len(found) > 2
    for item in found:
        start, end = item.chunk.start_sample - first, item.chunk.end_sample - first
        assert np.array_equal(item.samples, audio[start:end])
        assert all(
            0 <= span.start_ms <= span.end_ms <= len(item.samples) // 16 + 1 for span in item.speech_in_chunk
        )
    assert [i.chunk for i in found] == [
        i.chunk for i in ChunkStream([audio], max_chunk_s=15, first_sample=first)
    ]


def test_the_longest_chunk_fits_an_upload_even_if_its_audio_is_noise():
    seconds = longest_chunk_s(1400, max_upload_bytes=2 * 1024 * 1024)
    noise = np.random.default_rng(1).integers(-32768, 32767, int(seconds * SAMPLE_RATE), dtype=np.int16)
    flac = io.BytesIO()
    soundfile.write(flac, noise, SAMPLE_RATE, format="FLAC", subtype="PCM_16")
    assert len(flac.getvalue()) < 2 * 1024 * 1024
    assert seconds > 0.9 * 2 * 1024 * 1024 / FLAC_BYTES_PER_SECOND
    assert longest_chunk_s(90, max_upload_bytes=24 * 1024 * 1024) == 90
