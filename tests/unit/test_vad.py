"""Voice activity: the stream gives what the whole recording would give."""

import numpy as np
import pytest

from subtitler import chunking
from subtitler.speech.vad import WINDOW_SAMPLES, SpeechDetector


@pytest.fixture(scope="module")
def noise():
    rng = np.random.default_rng(7)
    shape = np.sin(np.arange(16_000 * 20) / 4000) ** 2
    return (rng.normal(0, 3000, len(shape)) * shape).astype(np.int16)


def stream(samples, block):
    detector = SpeechDetector()
    found = [detector.feed(samples[start : start + block]) for start in range(0, len(samples), block)]
    return np.concatenate([*found, detector.finish()])


@pytest.mark.parametrize("block", [1, 511, 512, 16_000, 1_000_000])
def test_block_size_changes_no_bit(noise, block):
    samples = noise[: 16_000 * 3] if block == 1 else noise
    assert np.array_equal(stream(samples, block), stream(samples, 4096))


def test_a_stream_equals_faster_whispers_own_function_on_the_whole(noise):
    from faster_whisper.vad import get_vad_model

    padded = np.pad(noise.astype(np.float32) / 32768, (0, -len(noise) % WINDOW_SAMPLES))
    whole = get_vad_model()(padded).reshape(-1)
    # faster-whisper overwrites the end of its last window with zeros, so that one differs
    assert np.allclose(stream(noise, 5000)[:-1], whole[:-1], atol=1e-5)


def test_every_sample_is_looked_at():
    assert len(stream(np.zeros(1000, dtype=np.int16), 100)) == 2
    assert len(stream(np.zeros(0, dtype=np.int16), 100)) == 0


def test_the_planner_counts_in_the_same_windows():
    assert chunking.WINDOW_SAMPLES == WINDOW_SAMPLES
