"""How a file comes to stand in its place: whole or not at all."""

from __future__ import annotations

import errno
import os
import secrets
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from subtitler.errors import DiskFull, OutputError, OutputNotWritable
from subtitler.outputs.checks import folder_closed, name_too_long, output_exists


@contextmanager
def whole_file(path: Path, *, overwrites: bool, flag: str = "--output") -> Iterator[Path]:
    """Give a temporary file to write to, and let it take the place of ``path`` only if all went well.

    The temporary file lies in the same folder under a short random hidden name with the same suffix.
    It and its folder are flushed to the disk before the name is taken. On any exception it is removed.

    Args:
        path: The file to be.
        overwrites: Replace what is there, and keep its mode. Without it, a file that appeared meanwhile
            stays.
        flag: What chooses another place, for the hint of an error.

    Raises:
        OutputError: If it cannot be written; the class says why.
    """
    # a symbolic link keeps pointing: what it points to is replaced
    target = Path(os.path.realpath(path)) if overwrites else path
    temporary = target.with_name(f".{secrets.token_hex(6)}{target.suffix}")
    try:
        mode = _mode(target) if overwrites else None
        # created here and now, so that its mode follows the umask and a closed folder is told at once
        os.close(os.open(temporary, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o666 if mode is None else 0o600))
        try:
            yield temporary
            _flush(temporary)
            if mode is not None:
                temporary.chmod(mode)
            if overwrites:
                temporary.replace(target)
            else:
                _take_free_name(temporary, target)
            _flush_folder(target.parent)
        finally:
            temporary.unlink(missing_ok=True)
    except OSError as error:
        failure = _output_error(error, path, temporary, flag)
        if failure is None:
            raise
        raise failure from error


def write_text_whole(path: Path, text: str, *, overwrites: bool) -> None:
    """Write a text as UTF-8 with the line ends that it has, whole or not at all.

    Raises:
        OutputError: If it cannot be written; the class says why.
    """
    with whole_file(path, overwrites=overwrites) as temporary:
        temporary.write_bytes(text.encode("utf-8"))


def _take_free_name(temporary: Path, target: Path) -> None:
    """Give the file its name unless somebody else has it by now."""
    try:
        os.link(temporary, target)  # unlike a rename, it never replaces
    except FileExistsError:
        raise
    except OSError:
        # a file system without hard links: reserve the name, then replace what is certainly ours
        os.close(os.open(target, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o666))
        try:
            temporary.replace(target)
        except BaseException:
            target.unlink(missing_ok=True)
            raise


def _mode(path: Path) -> int | None:
    """The mode of a file, None if there is none."""
    try:
        return stat.S_IMODE(path.stat().st_mode)
    except OSError:
        return None


def _flush(path: Path) -> None:
    with path.open("rb+") as file:
        os.fsync(file.fileno())


def _flush_folder(folder: Path) -> None:
    """Make the new name survive a power cut, where the system can."""
    with suppress(OSError):
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def _output_error(error: OSError, path: Path, temporary: Path, flag: str) -> OutputError | None:
    """What an OSError says about the output; None if it is about another file."""
    if error.filename not in {None, os.fspath(temporary), os.fspath(path), os.path.realpath(path)}:
        return None
    if isinstance(error, FileExistsError):
        return output_exists(path, flag=flag)
    match error.errno:
        case errno.ENOSPC | errno.EDQUOT:
            return DiskFull(
                f"{path}: no room left on the disk", hint="make room, then run it again", path=path
            )
        case errno.ENAMETOOLONG:
            return name_too_long(path, flag=flag)
        case errno.EACCES | errno.EPERM | errno.EROFS:
            return folder_closed(path, folder=temporary.parent, flag=flag)
    return OutputNotWritable(
        f"{path}: cannot be written: {error.strerror}", hint=f"choose another place with {flag}", path=path
    )
