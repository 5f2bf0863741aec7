"""Time: integer milliseconds, spans, timecodes, and the one rounding rule.

Everything in the model is whole milliseconds from the start of the media. Audio is counted in
samples of 16 kHz mono; a sample's index is its time. Seconds (floats) exist only at the edges:
what a server or a tool said.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from typing import Final

SAMPLE_RATE: Final = 16_000
"""Samples per second of all audio inside subtitler (what every recogniser wants)."""

SAMPLES_PER_MS: Final = SAMPLE_RATE // 1000


@dataclass(frozen=True, slots=True, order=True)
class Span:
    """A stretch of time: ``start_ms`` inclusive, ``end_ms`` exclusive.

    Raises:
        ValueError: If it would end before it starts.
    """

    start_ms: int
    end_ms: int

    def __post_init__(self) -> None:
        if self.end_ms < self.start_ms:
            raise ValueError(f"a span cannot end before it starts: {self.start_ms} > {self.end_ms}")

    @property
    def duration_ms(self) -> int:
        """Length in milliseconds."""
        return self.end_ms - self.start_ms

    @property
    def middle_ms(self) -> int:
        """The millisecond halfway."""
        return (self.start_ms + self.end_ms) // 2

    def shifted(self, by_ms: int) -> Span:
        """The same stretch, ``by_ms`` later (earlier if negative)."""
        return Span(self.start_ms + by_ms, self.end_ms + by_ms)

    def clamped(self, to: Span) -> Span:
        """The part inside ``to``; an empty span on its nearest edge if there is none."""
        start = min(max(self.start_ms, to.start_ms), to.end_ms)
        return Span(start, max(start, min(self.end_ms, to.end_ms)))

    def overlap_ms(self, other: Span) -> int:
        """Milliseconds shared with ``other``, never negative."""
        return max(0, min(self.end_ms, other.end_ms) - max(self.start_ms, other.start_ms))


def ms_from_seconds(seconds: float) -> int:
    """Whole milliseconds: THE rounding rule, half up (as webvtt-py does, unlike ``round``)."""
    return math.floor(seconds * 1000 + 0.5)


def ms_from_samples(samples: int) -> int:
    """The time of a sample, rounded by the one rule."""
    return (samples * 2 + SAMPLES_PER_MS) // (2 * SAMPLES_PER_MS)


def samples_from_ms(ms: int) -> int:
    """The first sample at or after a time in milliseconds."""
    return ms * SAMPLES_PER_MS


def format_timecode(ms: int, *, separator: str = ".") -> str:
    """``HH:MM:SS.mmm``; hours grow beyond two digits where they must."""
    if ms < 0:
        raise ValueError(f"a timecode cannot be negative: {ms} ms")
    seconds, ms = divmod(ms, 1000)
    minutes, seconds = divmod(seconds, 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours:02d}:{minutes:02d}:{seconds:02d}{separator}{ms:03d}"


def format_clock(ms: int) -> str:
    """A time for people: ``1:02:03`` or ``2:03``."""
    minutes, seconds = divmod(ms // 1000, 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02d}:{seconds:02d}" if hours else f"{minutes}:{seconds:02d}"


_CLOCK = re.compile(r"(?:(?:(?P<hours>\d+):)?(?P<minutes>\d+):)?(?P<seconds>\d+)(?:[.,](?P<fraction>\d+))?")


def parse_clock(text: str) -> int:
    """Milliseconds of what a person types: ``90``, ``1:30``, ``0:01:30.5``.

    Raises:
        ValueError: If ``text`` is no time.
    """
    match = _CLOCK.fullmatch(text.strip())
    if match is None:
        raise ValueError(f"not a time: {text!r}")
    hours, minutes, seconds = (int(match[name] or 0) for name in ("hours", "minutes", "seconds"))
    if match["minutes"] is not None and seconds >= 60:
        raise ValueError(f"not a time: {text!r} (seconds run to 59)")
    if match["hours"] is not None and minutes >= 60:
        raise ValueError(f"not a time: {text!r} (minutes run to 59)")
    fraction = ms_from_seconds(float(f"0.{match['fraction'] or 0}"))
    return ((hours * 60 + minutes) * 60 + seconds) * 1000 + fraction
