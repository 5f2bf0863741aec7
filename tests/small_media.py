"""Small media that tests make themselves, with ffmpeg."""

import subprocess

import numpy as np

RATE = 16_000
PICTURE = ("-f", "lavfi", "-i", "testsrc=size=160x90:rate=10")


def ffmpeg(*arguments):
    argv = ["ffmpeg", "-nostdin", "-hide_banner", "-v", "error", "-y", *map(str, arguments)]
    subprocess.run(argv, check=True, timeout=120)


def noise(seconds, *, seed=1):
    """Pink-ish noise of changing loudness: no two places in it are alike."""
    random = np.random.default_rng(seed)
    white = random.standard_normal(int(seconds * RATE))
    smooth = np.convolve(white, np.ones(8) / 8, "same")
    loud = np.repeat(random.uniform(0.1, 1, int(seconds * 10) + 1), RATE // 10)[: len(smooth)]
    return (smooth * loud * 12_000).clip(-32_000, 32_000).astype(np.int16)


def write_wav(path, samples):
    import wave

    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(RATE)
        file.writeframes(samples.tobytes())
    return path


def lag_ms(found, wanted, *, at_ms, reach_ms=400):
    """How much later ``wanted`` is in ``found`` than at ``at_ms``, by correlation; and how alike they are."""
    from scipy.signal import correlate

    reach = reach_ms * RATE // 1000
    start = at_ms * RATE // 1000 - reach
    stretch = found[max(0, start) : max(0, start) + len(wanted) + 2 * reach].astype(float)
    scores = correlate(stretch, wanted.astype(float), "valid")
    best = int(np.argmax(np.abs(scores)))
    there = stretch[best : best + len(wanted)]
    alike = scores[best] / (np.linalg.norm(there) * np.linalg.norm(wanted.astype(float)) + 1e-9)
    return (max(0, start) + best) * 1000 / RATE - at_ms, float(alike)
