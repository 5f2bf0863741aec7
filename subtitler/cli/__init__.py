"""The command line: one module a command, imported when it is called.

A command parses, builds settings, calls the library and gives back an exit code. Everything that goes
wrong ends here, in `main`, as one message and the exit code of its class.
"""

from __future__ import annotations

import importlib
import os
import signal
import sys
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from types import FrameType
from typing import Final

import click

from subtitler._version import __version__
from subtitler.errors import Cancelled, SubtitlerError, UsageError, exit_code_of, own_fault

COMMANDS: Final[Mapping[str, str]] = {
    "generate": "Make subtitles of what is said in media files.",
    "mux": "Add subtitle files to a video as tracks.",
    "tracks": "Show what is inside media files.",
    "doctor": "Check what is here, what is missing, what to do.",
    "config": "Show every setting, its value and where it comes from.",
    "completion": "Print a shell's completion script.",
}
"""Every command and what it does: the module of its name holds it as ``command``."""


class _LazyGroup(click.Group):
    """A group whose commands are imported when they are called: the list of them costs nothing."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's signature
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name in COMMANDS:
            found: click.Command = importlib.import_module(f"subtitler.cli.{cmd_name}").command
            return found
        import difflib  # noqa: PLC0415 - only on the way to an error

        close = difflib.get_close_matches(cmd_name, COMMANDS, n=1)
        meant = f" (did you mean {close[0]}?)" if close else ""
        raise click.UsageError(f"no such command: {cmd_name}{meant}", ctx=ctx)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))


@click.group(
    cls=_LazyGroup,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog="Begin with: subtitler generate talk.mp4",
)
@click.version_option(__version__, message="%(prog)s %(version)s")
def subtitler() -> None:
    """From a video to its subtitles in one command."""


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line and give back its exit code.

    Args:
        argv: The arguments after the program's name; None for those of the process.
    """
    arguments = list(sys.argv[1:] if argv is None else argv)
    try:
        with _signals():
            code = subtitler.main(arguments, prog_name="subtitler", standalone_mode=False)
    except click.exceptions.NoArgsIsHelpError as error:
        click.echo(error.format_message(), err=True)
        return 2
    except click.ClickException as error:
        return _tell(_usage_error(error, arguments), arguments)
    except SystemExit as stop:  # click's own: a completion is done, or nobody reads stdout any more
        return stop.code if isinstance(stop.code, int) else 1
    except (KeyboardInterrupt, click.Abort):
        return _tell(Cancelled(), arguments)
    except SubtitlerError as error:
        return _tell(error, arguments)
    except Exception as error:  # noqa: BLE001 - the last resort: a fault of ours, told like any other
        return _tell(own_fault(error), arguments)
    return code if isinstance(code, int) else 0


def _tell(error: SubtitlerError, arguments: Sequence[str]) -> int:
    from subtitler.console import Console  # noqa: PLC0415 - imported on use

    wants_traceback = "--debug" in arguments or os.environ.get("SUBTITLER_DEBUG", "").lower() in {"1", "true"}
    Console(shows_tracebacks=wants_traceback).print_error(error)
    return exit_code_of(error)


def _usage_error(error: click.ClickException, arguments: Sequence[str]) -> UsageError:
    context = getattr(error, "ctx", None)
    called = [argument for argument in arguments[:1] if argument in COMMANDS]
    path = context.command_path if context else " ".join(["subtitler", *called])
    message = " ".join(error.format_message().split())
    hint = f"see {path} --help"
    for argument in arguments:
        if argument.startswith("-") and os.path.lexists(argument):
            hint = f"a file's name that begins with a dash is given as ./{argument}; {hint}"
            break
    return UsageError(message[:1].lower() + message[1:].rstrip("."), hint=hint)


@contextmanager
def _signals() -> Iterator[None]:
    """Turn signals that ask to stop into `Cancelled`, raised where the main thread is at work.

    What was told to be ignored (nohup, a job in the background) stays ignored. A second SIGINT gets
    through to Python's own handler, in case the clean-up itself hangs.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def stop(number: int, frame: FrameType | None) -> None:  # noqa: ARG001 - the signature of a handler
        signal.signal(number, signal.default_int_handler if number == signal.SIGINT else signal.SIG_IGN)
        raise Cancelled(f"stopped by {signal.Signals(number).name}", signal_number=number)

    numbers = [getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name)]
    before = {number: signal.getsignal(number) for number in numbers}
    for number, handler in before.items():
        if handler not in {signal.SIG_IGN, None}:
            signal.signal(number, stop)
    try:
        yield
    finally:
        for number, handler in before.items():
            if handler is not None:
                signal.signal(number, handler)
