"""Kinds of settings: what a value may be, and how it is read from the text of a flag or a variable.

A value of a TOML file is checked for its type and then read by the same parser, so that a setting
means the same wherever it stands.
"""

from __future__ import annotations

import math
import re
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlsplit

from subtitler.languages import parse_language
from subtitler.model import Secret
from subtitler.timing import Span, parse_clock

OPEN_END_MS: Final = 10_000 * 3_600_000
"""Where a clip without an end ends: later than any media (ten thousand hours)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """What a setting may hold.

    Attributes:
        allowed: The same for people, as in "it is not …".
        metavar: The value's name in a help text.
        parse: Text to value; raises ValueError (whose message, if it has one, says more than
            ``allowed``) or UnknownName.
        toml_types: The types that it may have in a TOML file, exactly.
        choices: All values, where they can be listed; asked only when needed.
        is_repeatable: It holds several values: a flag given again, a variable with blanks, a TOML list.
        is_switch: It is on or off.
    """

    allowed: str
    metavar: str
    parse: Callable[[str], object]
    toml_types: tuple[type, ...] = (str,)
    choices: Callable[[], tuple[str, ...]] = tuple
    is_repeatable: bool = False
    is_switch: bool = False


def one_of(names: Callable[[], tuple[str, ...]], metavar: str, *, is_repeatable: bool = False) -> Kind:
    """One name (or several) out of a table."""

    def parse(text: str) -> str:
        if text not in names():
            raise ValueError
        return text

    return Kind(
        allowed="a name in the list",
        metavar=metavar,
        parse=parse,
        choices=names,
        is_repeatable=is_repeatable,
    )


def number(low: float, high: float, *, metavar: str, excludes_low: bool = False) -> Kind:
    """A number in a range, ends included (``low`` may be excluded)."""

    def parse(text: str) -> float:
        value = float(text)
        if "_" in text or not math.isfinite(value) or not low <= value <= high:
            raise ValueError
        if excludes_low and value == low:
            raise ValueError
        return value

    allowed = (
        f"a number {'over' if excludes_low else 'from'} {low:g} {'up to' if excludes_low else 'to'} {high:g}"
    )
    return Kind(allowed=allowed, metavar=metavar, parse=_quiet(parse), toml_types=(int, float))


def whole_number(low: int, high: int, *, metavar: str) -> Kind:
    """A whole number in a range, ends included."""

    def parse(text: str) -> int:
        if not (text.isascii() and text.isdigit() and low <= int(text) <= high):
            raise ValueError
        return int(text)

    return Kind(
        allowed=f"a whole number from {low} to {high}",
        metavar=metavar,
        parse=_quiet(parse),
        toml_types=(int,),
    )


def _quiet(parse: Callable[[str], object]) -> Callable[[str], object]:
    """The same parser, whose ValueError has no words of Python's own."""

    def quiet(text: str) -> object:
        try:
            return parse(text)
        except ValueError:
            raise ValueError from None

    return quiet


def _parse_switch(text: str) -> bool:
    try:
        return {"1": True, "true": True, "0": False, "false": False}[text.lower()]
    except KeyError:
        raise ValueError from None


def _parse_text(text: str) -> str:
    if any(unicodedata.category(character) in {"Cs", "Cc"} and character not in "\n\t" for character in text):
        raise ValueError("it holds control characters, or bytes that are not UTF-8")
    return text


def _parse_path(text: str) -> str:
    """The text as it stands: a slash at its end says that a folder is meant, and a Path would drop it."""
    if not text or "\0" in text:
        raise ValueError
    return text


def _parse_url(text: str) -> str:
    """An address without anything secret in it; messages never repeat it, for it may hold just that."""
    try:
        parts = urlsplit(text)
        has_port_that_can_be = parts.port is None or parts.port > 0
    except ValueError:
        raise ValueError("it is not an address") from None
    if parts.scheme not in {"http", "https"} or not parts.hostname or not has_port_that_can_be:
        raise ValueError("it must begin with https:// (or http://) and a host")
    if parts.username is not None or parts.password is not None:
        raise ValueError("it holds a user name or password; the key goes into SUBTITLER_API_KEY")
    if parts.query or parts.fragment or "?" in text or "#" in text:
        raise ValueError("it holds a query or fragment; it ends with a path such as /v1")
    if not re.fullmatch(r"[!-~]+", text) or "\\" in text:
        raise ValueError("it holds blanks or characters that an address cannot have")
    return text.rstrip("/")


def _parse_key(text: str) -> Secret:
    """What can stand in a header; anything else would be a slip of the clipboard, or an attack."""
    if not re.fullmatch(r"[!-~]+", text):
        raise ValueError("it holds blanks or characters that a key cannot have")
    return Secret(text)


def _parse_track(text: str) -> str:
    """A language stays as it was typed, for messages; whoever looks for the track reads it again."""
    if text.isascii() and text.isdigit():
        return str(int(text))
    parse_language(text)
    return text


def _parse_clip(text: str) -> Span:
    start, dash, end = text.replace("\N{EN DASH}", "-").partition("-")
    if not dash or not (start.strip() or end.strip()):
        raise ValueError
    try:
        start_ms = parse_clock(start) if start.strip() else 0
        end_ms = parse_clock(end) if end.strip() else OPEN_END_MS
    except ValueError:
        raise ValueError from None
    if end_ms <= start_ms:
        raise ValueError("it ends before it starts")
    if end_ms > OPEN_END_MS:
        raise ValueError("no media is that long")
    return Span(start_ms, end_ms)


SWITCH: Final = Kind(
    allowed="1, 0, true or false", metavar="", parse=_parse_switch, toml_types=(bool,), is_switch=True
)
TEXT: Final = Kind(allowed="a text without control characters", metavar="TEXT", parse=_parse_text)
FILE: Final = Kind(allowed="the name of a file or folder", metavar="PATH", parse=_parse_path)
URL: Final = Kind(allowed="an address such as https://host/v1", metavar="URL", parse=_parse_url)
KEY: Final = Kind(allowed="a key as its server shows it, without blanks", metavar="KEY", parse=_parse_key)
LANGUAGE: Final = Kind(allowed="a language such as en, de or pt-BR", metavar="LANG", parse=parse_language)
AUDIO_TRACK: Final = Kind(
    allowed="a track's number counted from 0, or a language",
    metavar="N|LANG",
    parse=_parse_track,
    toml_types=(int, str),
)
CLIP: Final = Kind(allowed="a stretch of time such as 1:00-2:30 or 1:00-", metavar="A-B", parse=_parse_clip)
