r"""Subtitle formats: a sequence of cues <-> text, found in one table. No file is touched here.

A new format is one file in this folder, with a `Format` named ``FORMAT``, and one row in `FORMATS`.
Nothing is imported before it is used. The same readers serve files and the replies of servers, so they
take what they can read: only text without a single timing line is refused.

What the rows of a `Cue` hold, whatever they came from: plain text, and the tags ``<i>``, ``<b>``, ``<u>``
and (of SRT) ``<font …>`` as they stand. ``{\an8}`` and its kin are text. A ``<`` or ``&`` of the text is
written as each format can: VTT escapes it, SRT has no escape and keeps it as it is.
"""

from __future__ import annotations

import difflib
import importlib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, TypeAlias

from subtitler.errors import ParseError, UnknownName
from subtitler.formats.decoding import decode

if TYPE_CHECKING:
    from subtitler.model import Cue

__all__ = [
    "FORMATS",
    "Format",
    "decode",
    "format_names",
    "format_of_suffix",
    "get_format",
    "parse_cues",
    "sniff_format",
]

FORMATS: Final[Mapping[str, str]] = {
    "srt": "subtitler.formats.srt",
    "vtt": "subtitler.formats.vtt",
}
"""The formats of the house: name -> module."""

Parse: TypeAlias = "Callable[[str], tuple[Cue, ...]]"
Render: TypeAlias = "Callable[[Iterable[Cue]], str]"


@dataclass(frozen=True, slots=True, kw_only=True)
class Format:
    """One way to write cues down.

    Attributes:
        name: Its name in the table.
        suffixes: How its files end, with the dot, in lower case; the first is the one that is written.
        parse: Text to cues, in the text's order. Cues without text or that do not end after they start
            are left out. Text that holds nothing (no cue is meant) is ``()``; text in which no timing
            can be read is a `ParseError`; nothing else is ever raised.
        render: Cues to text: LF line ends, no byte order mark, to be written as UTF-8.
        is_format_of: Whether a text (perhaps only its beginning) is in this format and no other.
    """

    name: str
    suffixes: tuple[str, ...]
    parse: Parse
    render: Render
    is_format_of: Callable[[str], bool]


def format_names() -> tuple[str, ...]:
    """Every format that can be named."""
    return tuple(FORMATS)


def get_format(name: str) -> Format:
    """The format behind a name, imported now.

    Raises:
        UnknownName: If no format has this name.
    """
    module = FORMATS.get(name)
    if module is None:
        close = tuple(difflib.get_close_matches(name.lower().lstrip("."), FORMATS, n=2))
        raise UnknownName(
            f"unknown subtitle format {name!r}",
            kind="format",
            name=name,
            did_you_mean=close,
            hint=None if close else f"the formats here are {', '.join(FORMATS)}",
        )
    found: Format = importlib.import_module(module).FORMAT
    return found


def format_of_suffix(suffix: str) -> str | None:
    """The name of the format whose files end so (``.srt``, in any case), None if there is none."""
    return next((name for name in FORMATS if suffix.lower() in get_format(name).suffixes), None)


def sniff_format(text: str) -> str | None:
    """The name of the format a text is in, by its content alone; None if it is in none."""
    return next((name for name in FORMATS if get_format(name).is_format_of(text)), None)


def parse_cues(text: str, *, name: str | None = None) -> tuple[Cue, ...]:
    """The cues in a text.

    Args:
        text: A whole subtitle file or a server's reply.
        name: Its format; None to go by its content.

    Raises:
        ParseError: If it holds something, but no cue in a format known here.
        UnknownName: If ``name`` is no format.
    """
    found = name or sniff_format(text)
    if found is not None:
        return get_format(found).parse(text)
    if not text.removeprefix("\ufeff").strip():
        return ()
    raise ParseError(
        "the text is not in a subtitle format known here",
        line=1,
        hint=f"the formats here are {', '.join(FORMATS)}",
    )
