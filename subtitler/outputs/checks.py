"""What can stand in an output's way, told before it costs anything."""

from __future__ import annotations

import os
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from typing import Final

from subtitler.errors import NameTooLong, OutputExists, OutputNotWritable

_FLAG: Final = "--output"


def check_outputs(
    paths: Iterable[Path], *, inputs: Iterable[Path], overwrites: bool, flag: str = _FLAG
) -> None:
    """Refuse outputs that cannot take their place; ``flag`` chooses another, for the hint.

    Raises:
        OutputNotWritable: The folder is missing or closed, or the output is an input or a folder.
        NameTooLong: The file system takes no name of this length.
        OutputExists: It is there, and may not be replaced.
    """
    inputs = tuple(inputs)
    for path in paths:
        check_folder(path, flag=flag)
        check_length(path, flag=flag)
        if any(_is_same_file(path, media) for media in inputs):
            raise OutputNotWritable(
                f"{path}: the output would be written over an input", hint="choose another name", path=path
            )
        if is_folder(path):
            raise OutputNotWritable(f"{path}: is a folder", hint="choose another name", path=path)
        if not overwrites and os.path.lexists(path):
            raise output_exists(path, flag=flag)
        if path.is_symlink():  # what it points to is written, or made
            check_folder(path, folder=Path(os.path.realpath(path)).parent, flag=flag)


def check_folder(path: Path, *, folder: Path | None = None, flag: str = _FLAG) -> None:
    """Refuse a folder (None for the path's own) that is missing or closed.

    Raises:
        OutputNotWritable: If it is.
    """
    folder = folder or path.parent
    if not is_folder(folder):
        raise OutputNotWritable(
            f"{path}: there is no folder {folder}",
            hint=f"make it first, or choose another with {flag}",
            path=path,
        )
    if not os.access(folder, os.W_OK | os.X_OK):
        raise folder_closed(path, folder=folder, flag=flag)


def check_length(path: Path, *, tag: str = "", flag: str = _FLAG) -> None:
    """Refuse a name that the file system cannot hold; ``tag`` will come into it, or one like it.

    Raises:
        NameTooLong: If it is too long.
    """
    limit = 255
    with suppress(OSError, ValueError, AttributeError):  # no pathconf on Windows
        limit = os.pathconf(path.parent, "PC_NAME_MAX")
    if len(os.fsencode(path.name + tag)) > limit:
        raise name_too_long(path, has_tag_to_come=bool(tag), flag=flag)


def is_folder(path: Path) -> bool:
    """Whether a folder is there; a name too long for any is none."""
    try:
        return path.is_dir()
    except OSError:
        return False


def _is_same_file(path: Path, other: Path) -> bool:
    try:
        return path.samefile(other)
    except OSError:
        return False


def output_exists(path: Path, *, flag: str = _FLAG) -> OutputExists:
    """It is there, and may not be replaced."""
    return OutputExists(
        f"{path}: exists already", hint=f"give --overwrite to replace it, or another {flag}", path=path
    )


def folder_closed(path: Path, *, folder: Path | None = None, flag: str = _FLAG) -> OutputNotWritable:
    """Its folder takes no new file."""
    return OutputNotWritable(
        f"{path}: the folder {folder or path.parent} may not be written to",
        hint=f"choose another place with {flag}",
        path=path,
    )


def name_too_long(path: Path, *, has_tag_to_come: bool = False, flag: str = _FLAG) -> NameTooLong:
    """The file system takes no name of this length."""
    size = f"{len(os.fsencode(path.name))} bytes{' and a language tag' if has_tag_to_come else ''}"
    return NameTooLong(
        f"{path}: the file system takes no name of this length ({size})",
        hint=f"choose a shorter name with {flag}",
        path=path,
    )
