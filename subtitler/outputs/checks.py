"""What can stand in an output's way, told before it costs anything."""

from __future__ import annotations

import os
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

from subtitler.errors import NameTooLong, OutputExists, OutputNotWritable


def check_outputs(paths: Iterable[Path], *, inputs: Iterable[Path], overwrites: bool) -> None:
    """Refuse outputs that cannot take their place.

    Raises:
        OutputNotWritable: The folder is missing or closed, or the output is an input or a folder.
        NameTooLong: The file system takes no name of this length.
        OutputExists: It is there, and may not be replaced.
    """
    inputs = tuple(inputs)
    for path in paths:
        check_folder(path)
        check_length(path)
        if any(_is_same_file(path, media) for media in inputs):
            raise OutputNotWritable(
                f"{path}: the output would be written over an input", hint="choose another name", path=path
            )
        if is_folder(path):
            raise OutputNotWritable(f"{path}: is a folder", hint="choose another name", path=path)
        if not overwrites and os.path.lexists(path):
            raise output_exists(path)


def check_folder(path: Path) -> None:
    """Refuse a folder that is missing or closed.

    Raises:
        OutputNotWritable: If it is.
    """
    folder = path.parent
    if not is_folder(folder):
        raise OutputNotWritable(
            f"{path}: there is no folder {folder}",
            hint="make it first, or choose another with --output",
            path=path,
        )
    if not os.access(folder, os.W_OK | os.X_OK):
        raise folder_closed(path)


def check_length(path: Path) -> None:
    """Refuse a name that the file system cannot hold.

    Raises:
        NameTooLong: If it is too long.
    """
    limit = 255
    with suppress(OSError, ValueError, AttributeError):  # no pathconf on Windows
        limit = os.pathconf(path.parent, "PC_NAME_MAX")
    if len(os.fsencode(path.name)) > limit:
        raise name_too_long(path)


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


def output_exists(path: Path) -> OutputExists:
    """It is there, and may not be replaced."""
    return OutputExists(
        f"{path}: exists already", hint="give --overwrite to replace it, or another --output", path=path
    )


def folder_closed(path: Path) -> OutputNotWritable:
    """Its folder takes no new file."""
    return OutputNotWritable(
        f"{path}: the folder {path.parent} may not be written to",
        hint="choose another place with --output",
        path=path,
    )


def name_too_long(path: Path) -> NameTooLong:
    """The file system takes no name of this length."""
    return NameTooLong(
        f"{path}: the file system takes no name of this length ({len(os.fsencode(path.name))} bytes)",
        hint="choose a shorter name with --output",
        path=path,
    )
