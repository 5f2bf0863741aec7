"""What happened, told to whoever listens: the library itself never prints.

A `Reporter` is any callable that takes an event. Events come from several threads, but one at a
time for each job's main stages; a reporter must be quick and must not raise.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Protocol, TypeAlias

from subtitler.timing import Span


@dataclass(frozen=True, slots=True, kw_only=True)
class JobStarted:
    """A media file was probed and its work begins; ``media_ms`` is None if its length is unknown."""

    path: Path
    engine: str
    media_ms: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class AudioHeard:
    """Decoding has come this far: everything before ``until_ms`` is planned."""

    until_ms: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ChunkPlanned:
    """A chunk was cut and waits for its engine."""

    index: int
    span: Span


@dataclass(frozen=True, slots=True, kw_only=True)
class ChunkDone:
    """A chunk has its answer."""

    index: int
    span: Span


@dataclass(frozen=True, slots=True, kw_only=True)
class Retrying:
    """A request failed in a way that may pass, and is sent again after ``wait_s`` seconds."""

    attempt: int
    wait_s: float
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class StageStarted:
    """A stage after recognition began: ``stitch``, ``lay out``, ``write``, ``mux``."""

    stage: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Warned:
    """Something a person should know, though work goes on."""

    message: str


@dataclass(frozen=True, slots=True, kw_only=True)
class JobEnded:
    """The job is over; ``status`` is ``done``, ``no_speech`` or ``failed``."""

    path: Path
    status: str
    outputs: tuple[Path, ...] = ()


Event: TypeAlias = (
    JobStarted | AudioHeard | ChunkPlanned | ChunkDone | Retrying | StageStarted | Warned | JobEnded
)


class Reporter(Protocol):
    """Anything that wants to know."""

    def __call__(self, event: Event) -> None:
        """Take note of ``event``."""


def silent(event: Event) -> None:
    """The reporter that says nothing."""
