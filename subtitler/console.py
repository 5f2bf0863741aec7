"""What a person at a terminal, or a script behind a pipe, gets to see: the only place that prints.

Progress, warnings and errors go to stderr; stdout holds results alone. A terminal gets a bar with the
time left over the whole job, anything else plain lines now and then.
"""

from __future__ import annotations

import contextlib
import json
import os
import sys
import threading
import time
import traceback
from collections.abc import Callable, Mapping
from types import TracebackType
from typing import TYPE_CHECKING, Any, Final, Protocol, Self, TextIO

from subtitler.errors import OutputError, SubtitlerError
from subtitler.events import (
    AudioHeard,
    ChunkDone,
    ChunkPlanned,
    Event,
    JobEnded,
    JobStarted,
    Retrying,
    StageStarted,
    Warned,
)
from subtitler.timing import Span, format_clock

if TYPE_CHECKING:
    from pathlib import Path

    from subtitler.pipeline import JobResult

LINE_EVERY_S: Final = 10.0
LINE_EVERY_PERCENT: Final = 10
_LEAST_PAUSE_S: Final = 1.0
_LONGEST_NAME: Final = 40


class Console:
    """The `Reporter` for people, and the printer of results.

    Args:
        is_quiet: Errors and warnings only.
        is_json: stdout is for lines of JSON; what people read about results is not printed.
        shows_tracebacks: An error is followed by where it came from.
        jobs: How many jobs there will be.
        start_ms: Where the work begins in the media (a clip's start).
        stdout: Where results go; None for the process's own, and the same for stderr.
    """

    def __init__(
        self,
        *,
        is_quiet: bool = False,
        is_json: bool = False,
        shows_tracebacks: bool = False,
        jobs: int = 1,
        start_ms: int = 0,
        stdout: TextIO | None = None,
        stderr: TextIO | None = None,
    ) -> None:
        self._is_quiet = is_quiet
        self._is_json = is_json
        self._shows_tracebacks = shows_tracebacks
        self._jobs = jobs
        self._start_ms = start_ms
        self._stdout = sys.stdout if stdout is None else stdout
        self._stderr = sys.stderr if stderr is None else stderr
        self._lock = threading.RLock()
        self._ended = 0
        self._progress = _Progress(0, None)
        self._display: _Display = _Nothing()

    def __enter__(self) -> Self:
        """Nothing is drawn before the first job starts."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Take the bar off the screen, however the work ended."""
        self._close_display()

    def __call__(self, event: Event) -> None:
        """Show what happened; never raises for a terminal that went away."""
        with self._lock:
            match event:
                case JobStarted():
                    self._start(event)
                case AudioHeard() | ChunkPlanned() | ChunkDone():
                    self._progress.note(event)
                    self._display.show(self._progress)
                case Retrying():
                    what = f"{event.reason}; trying again in {event.wait_s:.1f} s (attempt {event.attempt})"
                    self._say_progress(what)
                case StageStarted():
                    self._display.stage(event.stage)
                case Warned():
                    self._say(f"warning: {printable(event.message)}")
                case JobEnded():
                    self._ended += 1
                    self._close_display()

    def print_result(self, result: JobResult) -> None:
        """Say how a job ended: what was written, or what went wrong; or one line of JSON."""
        with self._lock:
            self._close_display()
            if self._is_json:
                self.print_json(result.to_json())
            if result.error is not None:
                self.print_error(result.error, about=result.input)
            elif not (self._is_json or self._is_quiet):
                self._print_done(result)

    def print_error(self, error: SubtitlerError, *, about: Path | None = None) -> None:
        """``error: message``, and what to do about it on a line of its own.

        An error that knows of no file is given the name of the one it is ``about``.
        """
        name = "" if about is None or error.path is not None else f"{printable(os.fspath(about))}: "
        with self._lock:
            self._close_display()
            self._say(f"error: {indented(name + error.message)}")
            if error.hint:
                self._say(f"hint: {indented(error.hint)}")
            if self._shows_tracebacks:
                self._say("".join(traceback.format_exception(error)).rstrip())

    def print_json(self, value: Mapping[str, Any]) -> None:
        """One line on stdout, in ASCII, so that no encoding can spoil it."""
        self._put(json.dumps(value))

    def print_line(self, text: str = "") -> None:
        """One line for people on stdout."""
        self._put(printable(text))

    def print_text(self, text: str) -> None:
        """A text for programs on stdout, as it stands."""
        self._put(text.rstrip("\n"))

    def note(self, text: str) -> None:
        """A line for people that is no result: on stderr, unless they want it quiet."""
        with self._lock:
            self._say_progress(text)

    def _print_done(self, result: JobResult) -> None:
        facts = [f"{result.cues} cue{'' if result.cues == 1 else 's'}"]
        if result.language:
            facts.append(result.language)
        if result.media_s is not None:
            facts.append(f"{format_clock(int(result.media_s * 1000))} of media")
        for path in result.outputs:
            self._put(f"wrote {printable(os.fspath(path))} ({', '.join(facts)})")

    def _start(self, event: JobStarted) -> None:
        self._close_display()
        self._progress = _Progress(self._start_ms, event.media_ms)
        name = printable(event.path.name)
        if self._jobs > 1:
            name = f"[{self._ended + 1}/{self._jobs}] {name}"
        length = "length unknown" if event.media_ms is None else format_clock(event.media_ms)
        if self._is_quiet:
            return
        if _is_terminal(self._stderr):
            self._display = _Bar(name, event.media_ms, self._stderr)
        else:
            self._say(f"{name}: {length}, engine {printable(event.engine)}")
            self._display = _Lines(name, self._say)

    def _close_display(self) -> None:
        self._display.close()
        self._display = _Nothing()

    def _say_progress(self, text: str) -> None:
        if not self._is_quiet:
            self._say(printable(text))

    def _say(self, text: str) -> None:
        """One message on stderr; a stderr that is gone must not stop the work."""
        with self._lock:
            if self._display.print_above(encodable(text, self._stderr)):
                return
            try:
                self._stderr.write(encodable(text, self._stderr) + "\n")
                self._stderr.flush()
            except (AttributeError, OSError, ValueError):
                return

    def _put(self, text: str) -> None:
        """One line on stdout, flushed, for whoever waits for it.

        Raises:
            BrokenPipeError: If nobody reads it any more.
            OutputError: If it cannot be written.
        """
        if self._stdout is None:  # started without a stdout
            return
        try:
            self._stdout.write(encodable(text, self._stdout) + "\n")
            self._stdout.flush()
        except BrokenPipeError:
            raise
        except OSError as error:
            _abandon(self._stdout)
            raise OutputError(f"standard output cannot be written: {error.strerror}") from error


def _abandon(stream: TextIO) -> None:
    """Let what is still buffered go nowhere: flushing it at exit would fail again, with code 120."""
    with contextlib.suppress(OSError, ValueError):  # a stream without a file behind it has nothing to flush
        descriptor = os.open(os.devnull, os.O_WRONLY)
        os.dup2(descriptor, stream.fileno())
        os.close(descriptor)


def printable(text: str) -> str:
    """The text with everything escaped that is no visible character: escape sequences, odd directions."""
    return "".join(
        character if character.isprintable() else character.encode("unicode_escape", "surrogatepass").decode()
        for character in text
    )


def indented(text: str) -> str:
    """The same line by line, all but the first set in: no file's name can pose as a message of its own."""
    return "\n  ".join(printable(line) for line in text.split("\n"))


def encodable(text: str, stream: TextIO | None) -> str:
    """The text as far as the stream's encoding can say it, the rest escaped."""
    encoding = getattr(stream, "encoding", None) or "ascii"
    return text.encode(encoding, "backslashreplace").decode(encoding)


class _Progress:
    """How much of one job is done: all audio that was looked at, less what still waits for its answer."""

    def __init__(self, start_ms: int, media_ms: int | None) -> None:
        self._start_ms = start_ms
        self._heard_ms = start_ms
        self._waiting: dict[int, Span] = {}
        self.media_ms = media_ms
        self.done_ms = 0

    def note(self, event: AudioHeard | ChunkPlanned | ChunkDone) -> None:
        match event:
            case AudioHeard():
                self._heard_ms = max(self._heard_ms, event.until_ms)
            case ChunkPlanned():
                self._waiting[event.index] = event.span
                self._heard_ms = max(self._heard_ms, event.span.end_ms)
            case ChunkDone():
                self._waiting.pop(event.index, None)
        waiting_ms = sum(span.duration_ms for span in self._waiting.values())
        done_ms = self._heard_ms - self._start_ms - waiting_ms
        # never backwards, and never over what was announced
        self.done_ms = max(self.done_ms, done_ms if self.media_ms is None else min(done_ms, self.media_ms))

    @property
    def share(self) -> float | None:
        return self.done_ms / self.media_ms if self.media_ms else None


class _Display(Protocol):
    """One way to show progress."""

    def show(self, progress: _Progress) -> None: ...

    def stage(self, name: str) -> None: ...

    def print_above(self, text: str) -> bool:
        """Print a line without spoiling the picture; False if there is no picture."""

    def close(self) -> None: ...


class _Nothing:
    def show(self, progress: _Progress) -> None: ...

    def stage(self, name: str) -> None: ...

    def print_above(self, text: str) -> bool:  # noqa: ARG002 - there is no picture
        return False

    def close(self) -> None: ...


class _Lines(_Nothing):
    """Plain lines: one every ten per cent or ten seconds, whichever comes first, but not in a burst."""

    def __init__(self, name: str, say: Callable[[str], None]) -> None:
        self._name = name
        self._say = say
        self._started = self._last = time.monotonic()
        self._last_percent = 0

    def show(self, progress: _Progress) -> None:
        now = time.monotonic()
        share = progress.share
        percent = round(100 * (share or 0))
        has_grown = percent - self._last_percent >= LINE_EVERY_PERCENT
        pause = _LEAST_PAUSE_S if has_grown else LINE_EVERY_S
        if now - self._last < pause:
            return
        self._last = now
        done = format_clock(progress.done_ms)
        if share is None or progress.media_ms is None:
            self._say(f"{self._name}: {done} done")
            return
        self._last_percent = percent
        left = f", {_left(now - self._started, share)} left" if share > 0 else ""
        self._say(f"{self._name}: {percent}% ({done} of {format_clock(progress.media_ms)}{left})")


class _Bar(_Nothing):
    """A bar with the time left, redrawn in place."""

    def __init__(self, name: str, media_ms: int | None, stderr: TextIO) -> None:
        from rich.console import Console as Screen  # noqa: PLC0415 - imported on use
        from rich.markup import escape  # noqa: PLC0415 - the same
        from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn  # noqa: PLC0415

        if len(name) > _LONGEST_NAME:
            name = f"{name[: _LONGEST_NAME - 1]}…"
        self._name = escape(encodable(name, stderr))
        self._screen = Screen(file=stderr, highlight=False, emoji=False)
        self._progress = Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            TaskProgressColumn(),
            TimeRemainingColumn(compact=True),
            console=self._screen,
            transient=True,
            redirect_stdout=False,
            redirect_stderr=False,
        )
        self._task = self._progress.add_task(self._name, total=media_ms)
        self._is_open = True
        self._guarded(self._progress.start)

    def show(self, progress: _Progress) -> None:
        self._progress.update(self._task, completed=progress.done_ms)

    def stage(self, name: str) -> None:
        self._progress.update(self._task, description=f"{self._name}: {name}")

    def print_above(self, text: str) -> bool:
        if self._is_open:
            self._guarded(lambda: self._screen.print(text, markup=False, soft_wrap=True))
        return self._is_open

    def close(self) -> None:
        if self._is_open:
            self._is_open = False
            self._guarded(self._progress.stop)

    def _guarded(self, draw: Callable[[], None]) -> None:
        try:
            draw()
        except (OSError, ValueError):  # the terminal is gone; the work goes on
            self._is_open = False


def _left(elapsed_s: float, share: float) -> str:
    return format_clock(int(elapsed_s * (1 - share) / share * 1000))


def _is_terminal(stream: TextIO | None) -> bool:
    try:
        return stream is not None and stream.isatty() and os.environ.get("TERM") != "dumb"
    except ValueError:  # closed
        return False
