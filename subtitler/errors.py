"""The error tree: what can go wrong, and the exit code of each class.

::

    SubtitlerError                       1
    ├── UsageError                       2   flags, settings, conflicting outputs
    │   ├── ConfigError                      a configuration file or variable
    │   └── UnknownName                      a language, style or format nobody knows
    ├── MediaError                       3   the media file
    │   ├── UnreadableMedia                  missing, empty, not media, broken
    │   └── NoAudioTrack                     nothing to listen to
    ├── ToolError                        4   ffmpeg, ffprobe
    │   ├── ToolNotFound
    │   ├── ToolFailed
    │   └── ToolTimeout
    ├── EngineError                      5   the recogniser or its server
    │   ├── EngineUnavailable                may pass: worth another try
    │   ├── EngineRejected                   will not pass: the request is wrong
    │   ├── EngineOutputInvalid              an answer nobody can read
    │   └── QuotaExhausted                   the purse is empty
    ├── FormatError                      6   a subtitle file
    │   └── ParseError
    ├── OutputError                      7   what is written
    │   ├── OutputExists
    │   ├── OutputNotWritable
    │   ├── DiskFull
    │   └── NameTooLong
    ├── BatchFailed                      8   some inputs failed, the rest finished
    ├── FindingsError                    9   a hard rule of the style guide is broken
    └── Cancelled                      130   SIGINT (143: SIGTERM)

Every class takes one positional message; all else is keyword-only with a default, so that an
error survives pickling. No third-party exception leaves its adapter.
"""

from __future__ import annotations

import os
from typing import ClassVar, TypedDict, Unpack


class Context(TypedDict, total=False):
    """What every error may know beside its message: see `SubtitlerError`."""

    hint: str | None
    stage: str | None
    path: str | os.PathLike[str] | None


class SubtitlerError(Exception):
    """The root: catch this to catch everything that subtitler raises on purpose.

    Args:
        message: What failed and why, in one sentence that names the file.
        hint: What to do about it: a line of its own.
        stage: The verb that failed (``probe``, ``extract``, ``recognise``, …).
        path: The file concerned.
    """

    exit_code: ClassVar[int] = 1

    def __init__(
        self,
        message: str,
        *,
        hint: str | None = None,
        stage: str | None = None,
        path: str | os.PathLike[str] | None = None,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint
        self.stage = stage
        self.path = None if path is None else os.fspath(path)


class UsageError(SubtitlerError):
    """The request itself cannot be carried out: flags, settings, conflicting outputs."""

    exit_code = 2


class ConfigError(UsageError):
    """A configuration file or an environment variable holds something that is not a setting."""


class UnknownName(UsageError):
    """A name that is not in its table: a language, a format, an engine."""

    def __init__(
        self,
        message: str,
        *,
        kind: str = "",
        name: str = "",
        did_you_mean: tuple[str, ...] = (),
        **context: Unpack[Context],
    ) -> None:
        if did_you_mean and not context.get("hint"):
            context["hint"] = f"did you mean {' or '.join(did_you_mean)}?"
        super().__init__(message, **context)
        self.kind = kind
        self.name = name
        self.did_you_mean = did_you_mean


class MediaError(SubtitlerError):
    """The media file cannot be used."""

    exit_code = 3


class UnreadableMedia(MediaError):
    """Missing, empty, a folder, not media at all, or broken beyond use."""


class NoAudioTrack(MediaError):
    """The media has no audio track to listen to."""


class ToolError(SubtitlerError):
    """A program that subtitler stands on is missing or failed."""

    exit_code = 4


class ToolNotFound(ToolError):
    """The program is not installed or not on the PATH."""


class ToolFailed(ToolError):
    """The program ran and failed; ``stderr_tail`` keeps the end of what it said."""

    def __init__(
        self,
        message: str,
        *,
        argv: tuple[str, ...] = (),
        returncode: int | None = None,
        stderr_tail: str = "",
        **context: Unpack[Context],
    ) -> None:
        super().__init__(message, **context)
        self.argv = argv
        self.returncode = returncode
        self.stderr_tail = stderr_tail


class ToolTimeout(ToolError):
    """The program said nothing for too long and was stopped."""


class EngineError(SubtitlerError):
    """The recogniser, or the server behind it, did not deliver.

    ``request_id`` is the server's own name for the request, to be quoted to its support.
    """

    exit_code = 5

    def __init__(
        self,
        message: str,
        *,
        request_id: str | None = None,
        status: int | None = None,
        **context: Unpack[Context],
    ) -> None:
        context.setdefault("stage", "recognise")
        super().__init__(message, **context)
        self.request_id = request_id
        self.status = status


class EngineUnavailable(EngineError):
    """A fault that may pass. ``retry_after`` is the server's wish in seconds, if it named one."""

    def __init__(
        self,
        message: str,
        *,
        retry_after: float | None = None,
        request_id: str | None = None,
        status: int | None = None,
        **context: Unpack[Context],
    ) -> None:
        super().__init__(message, request_id=request_id, status=status, **context)
        self.retry_after = retry_after


class EngineRejected(EngineError):
    """The request is wrong and would be wrong again: key, model, parameters, address."""


class EngineOutputInvalid(EngineError):
    """The server answered with success, but what it sent is no transcript."""


class QuotaExhausted(EngineError):
    """The account behind the key has no money or quota left."""


class FormatError(SubtitlerError):
    """A subtitle file cannot be used."""

    exit_code = 6


class ParseError(FormatError):
    """A subtitle file holds no cue that can be read; ``line`` counts from 1."""

    def __init__(
        self,
        message: str,
        *,
        line: int | None = None,
        **context: Unpack[Context],
    ) -> None:
        super().__init__(message, **context)
        self.line = line


class OutputError(SubtitlerError):
    """An output cannot be written."""

    exit_code = 7


class OutputExists(OutputError):
    """The output is there already and ``--overwrite`` was not given."""


class OutputNotWritable(OutputError):
    """The folder is missing or may not be written to, or the output is the input."""


class DiskFull(OutputError):
    """No room left on the device."""


class NameTooLong(OutputError):
    """The file system refuses a name of this length."""


class BatchFailed(SubtitlerError):
    """Several inputs, of which some failed; the rest finished."""

    exit_code = 8


class FindingsError(SubtitlerError):
    """``check`` found a hard rule of the style guide broken."""

    exit_code = 9


class Cancelled(SubtitlerError):
    """Stopped by the user (SIGINT, exit 130) or the system (SIGTERM, exit 143)."""

    exit_code = 130

    def __init__(
        self,
        message: str = "cancelled",
        *,
        signal_number: int = 2,
        **context: Unpack[Context],
    ) -> None:
        super().__init__(message, **context)
        self.signal_number = signal_number

    @property
    def signal_exit_code(self) -> int:
        """128 plus the signal's number, as shells count."""
        return 128 + self.signal_number


def own_fault(fault: Exception) -> SubtitlerError:
    """An exception that nobody foresaw, told like any other error; it stays as the cause."""
    error = SubtitlerError(
        f"a fault in subtitler itself: {type(fault).__name__}: {fault}",
        hint="run it again with --debug, and report what it prints",
    )
    error.__cause__ = fault
    return error


def exit_code_of(error: SubtitlerError) -> int:
    """The process exit code for ``error``."""
    return error.signal_exit_code if isinstance(error, Cancelled) else error.exit_code
