"""Other programs, run with care: the only user of subprocess.

An argv list, never a shell; no stdin to wait on; both pipes drained; the end of what it said kept;
a watch on time; and whatever happens, no child outlives its block.
"""

from __future__ import annotations

import collections
import contextlib
import io
import os
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import IO, TYPE_CHECKING, Any, Final, Self, cast

from subtitler.errors import ToolFailed, ToolNotFound, ToolTimeout

if TYPE_CHECKING:
    from types import TracebackType

SECRET_VARIABLES: Final = frozenset({"SUBTITLER_API_KEY", "COMETAPI_KEY", "OPENAI_API_KEY"})
"""Variables that no child gets to see."""

_TAIL_LINES: Final = 40
_LINE_BYTES: Final = 2000
_SAYS_NOTHING: Final = re.compile(r"(\[\w+\])?")  # ffmpeg sets its level before an empty line, too
_GRACE_S: Final = 3.0  # from the request to end until the kill
_INSTALL: Final = {
    "linux": "apt-get install ffmpeg (or your distribution's package)",
    "darwin": "brew install ffmpeg",
    "win32": "winget install ffmpeg",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Finished:
    """A program that ended well: all it wrote, and the last lines of what it said."""

    stdout: bytes
    stderr: str


def run(
    argv: Sequence[str],
    *,
    timeout_s: float,
    stage: str,
    path: str | os.PathLike[str] | None = None,
    stdin: bytes | None = None,
) -> Finished:
    """Run a program to its end.

    Args:
        argv: The program and its arguments.
        timeout_s: Seconds until it is stopped.
        stage: The verb it works for, for messages.
        path: The file it works on, for messages.
        stdin: What it may read; nothing if None.

    Raises:
        ToolNotFound: If it is not installed.
        ToolFailed: If it ends with anything but 0.
        ToolTimeout: If it takes too long.
    """
    with _Child(argv, stage=stage, path=path, has_stdin=stdin is not None) as child:
        feeder = child.feed(stdin) if stdin is not None else None
        with child.watched(timeout_s):
            stdout = child.stdout.read()
            returncode = child.wait()
        if feeder is not None:
            feeder.join()
        if returncode != 0:
            raise child.failure(returncode)
        return Finished(stdout=stdout, stderr=child.tail)


class Stream:
    """A program whose output is read while it runs.

    Args:
        argv: The program and its arguments.
        stage: The verb it works for, for messages.
        path: The file it works on, for messages.
        stall_timeout_s: How long a `read` may wait before the program counts as hung.
        on_line: Called, in a thread of its own, with every line the program says on stderr.
    """

    def __init__(
        self,
        argv: Sequence[str],
        *,
        stage: str,
        path: str | os.PathLike[str] | None = None,
        stall_timeout_s: float = 120.0,
        on_line: Callable[[str], None] | None = None,
    ) -> None:
        self._child = _Child(argv, stage=stage, path=path, on_line=on_line)
        self._stall_timeout_s = stall_timeout_s

    def __enter__(self) -> Self:
        self._child.__enter__()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._child.__exit__(kind, error, trace)

    def read(self, size: int) -> bytes:
        """Exactly ``size`` bytes, fewer at the end, none after it.

        Raises:
            ToolTimeout: If nothing at all comes for too long; slowness is no fault.
        """
        parts: list[bytes] = []
        while size > 0:
            with self._child.watched(self._stall_timeout_s):
                part = self._child.stdout.read1(size)
            if not part:
                break
            parts.append(part)
            size -= len(part)
        return b"".join(parts)

    def finish(self) -> tuple[int, str]:
        """Wait for its end: its return code, and the last lines of what it said."""
        with self._child.watched(self._stall_timeout_s):
            return self._child.wait(), self._child.tail

    def failure(self, returncode: int) -> ToolFailed:
        """The error that says how the program failed."""
        return self._child.failure(returncode)


class _Child:
    """One child process in a group of its own, with a thread on its stderr and one on the clock."""

    def __init__(
        self,
        argv: Sequence[str],
        *,
        stage: str,
        path: str | os.PathLike[str] | None,
        has_stdin: bool = False,
        on_line: Callable[[str], None] | None = None,
    ) -> None:
        self._argv = tuple(argv)
        self._stage = stage
        self._path = path
        self._has_stdin = has_stdin
        self._on_line = on_line
        self._lines: collections.deque[str] = collections.deque(maxlen=_TAIL_LINES)
        self._limit: tuple[float, float] | None = None  # the moment, and the seconds that led to it
        self._timed_out_after_s: float | None = None
        self._is_over = threading.Event()

    def __enter__(self) -> Self:
        self._process = self._spawn()
        self._listener = threading.Thread(target=self._listen, name=f"{self._name} stderr", daemon=True)
        self._watchdog = threading.Thread(target=self._watch, name=f"{self._name} watch", daemon=True)
        self._listener.start()
        self._watchdog.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._is_over.set()
        self._stop()
        self._watchdog.join()
        self._listener.join(_GRACE_S)
        pipes = [self._process.stdin, self._process.stdout]
        if not self._listener.is_alive():  # closing a pipe that is being read from would block
            pipes.append(self._process.stderr)
        for pipe in pipes:
            if pipe is not None:
                with contextlib.suppress(OSError):
                    pipe.close()

    @property
    def stdout(self) -> io.BufferedReader:
        return cast("io.BufferedReader", self._process.stdout)

    @property
    def tail(self) -> str:
        return "\n".join(self._lines)

    @property
    def _name(self) -> str:
        return os.path.basename(self._argv[0])  # noqa: PTH119 - a command's name, not a path of ours

    def wait(self) -> int:
        """Its return code, once it has ended and all it said is read."""
        returncode = self._process.wait()
        self._listener.join(_GRACE_S)
        return returncode

    def feed(self, data: bytes) -> threading.Thread:
        """Hand it ``data`` from a thread, so that a child that writes before it reads cannot lock."""
        pipe = self._process.stdin
        assert pipe is not None  # noqa: S101 - asked for at the start

        def write() -> None:
            with contextlib.suppress(OSError):  # it need not read all
                pipe.write(data)
            with contextlib.suppress(OSError):
                pipe.close()

        feeder = threading.Thread(target=write, name=f"{self._name} stdin", daemon=True)
        feeder.start()
        return feeder

    @contextlib.contextmanager
    def watched(self, timeout_s: float) -> Iterator[None]:
        """Stop the child if the block takes longer than ``timeout_s``; then say so."""
        self._limit = (time.monotonic() + timeout_s, timeout_s)
        try:
            yield
        finally:
            self._limit = None
        if self._timed_out_after_s is not None:
            raise ToolTimeout(
                f"{self._name} was stopped{self._about()}: {self._timed_out_after_s:g} s without a result",
                hint="is the file on a drive or network share that hangs?",
                stage=self._stage,
                path=self._path,
            )

    def failure(self, returncode: int) -> ToolFailed:
        said = self._lines[-1] if self._lines else "it said nothing"
        how = f"was killed by signal {-returncode}" if returncode < 0 else f"failed with code {returncode}"
        return ToolFailed(
            f"{self._name} {how}{self._about()}: {said}",
            argv=self._argv,
            returncode=returncode,
            stderr_tail=self.tail,
            stage=self._stage,
            path=self._path,
        )

    def _about(self) -> str:
        return "" if self._path is None else f" on {os.fspath(self._path)!r}"

    def _spawn(self) -> subprocess.Popen[bytes]:
        try:
            return subprocess.Popen(  # noqa: S603 - a list, no shell
                self._argv,
                stdin=subprocess.PIPE if self._has_stdin else subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                env=child_environment(os.environ),
                **_own_group(),
            )
        except (FileNotFoundError, PermissionError) as error:
            raise ToolNotFound(
                f"{self._name} cannot be started: {error.strerror}",
                hint=f"install it: {_INSTALL.get(sys.platform, _INSTALL['linux'])}",
                stage=self._stage,
                path=self._path,
            ) from error
        except (OSError, ValueError) as error:
            raise ToolFailed(
                f"{self._name} cannot be started{self._about()}: {error}",
                argv=self._argv,
                stage=self._stage,
                path=self._path,
            ) from error

    def _listen(self) -> None:
        pipe: IO[bytes] | None = self._process.stderr
        assert pipe is not None  # noqa: S101 - asked for at the start
        with contextlib.suppress(ValueError, OSError):  # closed under our hands at the end
            while line := pipe.readline(_LINE_BYTES):
                text = line.decode("utf-8", "replace").strip()
                if not _SAYS_NOTHING.fullmatch(text):
                    self._lines.append(text)
                    if self._on_line is not None:
                        self._on_line(text)

    def _watch(self) -> None:
        while not self._is_over.wait(0.1):
            limit = self._limit
            if limit is not None and time.monotonic() > limit[0]:
                self._timed_out_after_s = limit[1]
                self._stop()
                _kill(self._process)  # children of its own may still hold the pipes
                return

    def _stop(self) -> None:
        """Ask the whole group to end, and kill it if it does not."""
        process = self._process
        for ask in (_terminate, _kill):
            if process.poll() is not None:
                return
            ask(process)
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(_GRACE_S)


def child_environment(environment: Mapping[str, str]) -> dict[str, str]:
    """The environment without keys and without colour codes in what ffmpeg says."""
    kept = {name: value for name, value in environment.items() if name.upper() not in SECRET_VARIABLES}
    return kept | {"AV_LOG_FORCE_NOCOLOR": "1"}


def _own_group() -> dict[str, Any]:
    if sys.platform == "win32":
        return {"creationflags": subprocess.CREATE_NEW_PROCESS_GROUP}
    return {"start_new_session": True}


def _terminate(process: subprocess.Popen[bytes]) -> None:
    if sys.platform == "win32":
        process.terminate()
    else:
        _signal_group(process, signal.SIGTERM)


def _kill(process: subprocess.Popen[bytes]) -> None:
    if sys.platform == "win32":
        process.kill()
    else:
        _signal_group(process, signal.SIGKILL)


def _signal_group(process: subprocess.Popen[bytes], number: int) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, number)
