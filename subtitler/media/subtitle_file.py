"""Subtitle files on disk, read as cues."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Final

from subtitler.errors import FormatError, ParseError
from subtitler.formats import decode, format_names, format_of_suffix, parse_cues, sniff_format

if TYPE_CHECKING:
    from subtitler.model import Cue

MOST_BYTES: Final = 32 * 1024 * 1024
"""Ten hours of dense subtitles take about 1 MiB; what is this large is something else."""

_STAGE: Final = "read"


def read_subtitle_file(path: str | os.PathLike[str]) -> tuple[Cue, ...]:
    """The cues of a subtitle file, at least one. Its content decides the format, else its suffix.

    Raises:
        ParseError: If no cue in it can be read.
        FormatError: If it cannot be read at all, is empty, too large, or not text.
    """
    file = Path(path)
    data = _read_bytes(file)
    try:
        text = decode(data)
        cues = parse_cues(text, name=sniff_format(text) or format_of_suffix(file.suffix))
    except ParseError as error:
        raise ParseError(
            f"{file}: {error.message}", line=error.line, hint=error.hint, stage=_STAGE, path=file
        ) from error
    except FormatError as error:
        raise FormatError(f"{file}: {error.message}", hint=error.hint, stage=_STAGE, path=file) from error
    if not cues:
        raise ParseError(
            f"{file}: there is no cue in this subtitle file",
            hint="give a file that holds cues with text, each ending after it starts",
            stage=_STAGE,
            path=file,
        )
    return cues


def _read_bytes(file: Path) -> bytes:
    try:
        with file.open("rb") as opened:
            data = opened.read(MOST_BYTES + 1)
    except FileNotFoundError as error:
        raise _refusal(file, "no such subtitle file", hint="check the path") from error
    except (OSError, ValueError) as error:  # ValueError: a path with a NUL in it
        reason = getattr(error, "strerror", None) or str(error)
        raise _refusal(
            file, f"cannot be read: {reason}", hint="give a subtitle file that you may read"
        ) from error
    if not data:
        raise _refusal(file, "the subtitle file is empty", hint="was it fully written?")
    if len(data) > MOST_BYTES:
        raise _refusal(
            file,
            f"larger than {MOST_BYTES >> 20} MiB, which no subtitle file is",
            hint=f"give a subtitle file ({', '.join(format_names())}), not the film",
        )
    return data


def _refusal(file: Path, reason: str, *, hint: str) -> FormatError:
    return FormatError(f"{file}: {reason}", hint=hint, stage=_STAGE, path=file)
