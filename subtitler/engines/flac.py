"""FLAC in memory: what a chunk looks like on its way to a server."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Final

import numpy as np

from subtitler.timing import SAMPLE_RATE

if TYPE_CHECKING:
    from subtitler.model import Samples

SHORTEST_SAMPLES: Final = SAMPLE_RATE
"""Shorter audio is filled up with silence: some servers refuse under 0.1 s, some hear nothing under 1 s."""


def encode_flac(samples: Samples) -> bytes:
    """``samples`` (16 kHz mono int16) as a FLAC file of one second or more, sample for sample."""
    import soundfile  # noqa: PLC0415 - imported on use: only uploads need libsndfile

    missing = max(0, SHORTEST_SAMPLES - len(samples))
    buffer = io.BytesIO()
    soundfile.write(buffer, np.pad(samples, (0, missing)), SAMPLE_RATE, format="FLAC", subtype="PCM_16")
    return buffer.getvalue()
