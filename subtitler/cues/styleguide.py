"""The limits that cues keep."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True, kw_only=True)
class StyleGuide:
    """Limits of one style guide. Characters count everything in a line, spaces and punctuation too.

    Attributes:
        max_cpl: Most characters per line.
        max_lines: Most lines in a cue.
        max_ms: Longest a cue may stand.
        min_ms: Shortest a cue should stand, where the next one leaves room.
        min_gap_ms: Between cues that do not touch.
        close_gap_ms: A smaller gap than this is closed to ``min_gap_ms``: it only flickers.
        max_tail_ms: How far a cue may outlast its last word, for reading.
        target_cps: Characters per second that every viewer can read.
    """

    max_cpl: int
    max_lines: int
    max_ms: int
    min_ms: int
    min_gap_ms: int
    close_gap_ms: int
    max_tail_ms: int
    target_cps: float


DEFAULT_STYLE: Final = StyleGuide(
    max_cpl=42,
    max_lines=2,
    max_ms=7_000,
    min_ms=833,
    min_gap_ms=83,
    close_gap_ms=500,
    max_tail_ms=500,
    target_cps=17.0,
)
"""Netflix's general requirements at 24 frames per second (partnerhelp 215758617, 360051554394)."""
