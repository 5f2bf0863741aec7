"""Languages: BCP 47 inside, ISO 639-1 for servers, ISO 639-2 for containers.

The only user of langcodes. ``und`` means unknown, everywhere.
"""

from __future__ import annotations

import difflib
import functools
from typing import Final

from subtitler.errors import UnknownName

UNKNOWN: Final = "und"


def parse_language(text: str) -> str:
    """The BCP 47 tag of what a person or a file calls a language: ``en``, ``pt_BR``, ``deu``, ``German``.

    Raises:
        UnknownName: If no such language is known.
    """
    tag = _find_tag(text.strip())
    if tag is None:
        close = _close_names(text)
        raise UnknownName(
            f"unknown language {text!r}",
            kind="language",
            name=text,
            did_you_mean=close,
            hint=None if close else "use a code such as en, de or pt-BR",
        )
    return tag


def language_or_unknown(text: str | None) -> str:
    """Like `parse_language`, for claims of servers and files: ``und`` where nothing sensible is said."""
    return (text and _find_tag(text.strip())) or UNKNOWN


def primary_subtag(tag: str) -> str:
    """The language without script and region: ``pt-BR`` -> ``pt``."""
    return tag.split("-", 1)[0]


def iso_639_1(tag: str) -> str | None:
    """The two-letter code that audio servers want, None if the language has none."""
    primary = primary_subtag(tag)
    return primary if len(primary) == 2 else None


def iso_639_2(tag: str, *, bibliographic: bool = False) -> str:
    """The three-letter code that containers hold.

    Args:
        tag: BCP 47.
        bibliographic: ``fre`` and ``ger`` (Matroska's legacy element) instead of ``fra`` and ``deu``
            (mp4).
    """
    import langcodes  # noqa: PLC0415 - imported on use: the command line answers at once

    if tag == UNKNOWN:
        return UNKNOWN
    try:
        return langcodes.Language.get(tag).to_alpha3(variant="B" if bibliographic else "T")
    except LookupError:
        return UNKNOWN


def language_name(tag: str) -> str:
    """What English speakers call it: ``de`` -> ``German``."""
    import langcodes  # noqa: PLC0415 - imported on use

    return langcodes.Language.get(tag).display_name()


@functools.cache
def _find_tag(text: str) -> str | None:
    import langcodes  # noqa: PLC0415 - imported on use

    if not text or text.lower() == UNKNOWN:
        return None
    try:
        tag = langcodes.standardize_tag(text.replace("_", "-"))
        if langcodes.tag_is_valid(tag):
            return tag
    except ValueError:
        pass  # no tag: perhaps a name
    if len(text) < 4:
        return None  # no language that anybody means has so short a name; this is a code mistyped
    try:
        found = langcodes.find(text)
    except LookupError:
        return None
    # langcodes finds names by their beginning too; a guess is not good enough to pin a film's language
    return found.to_tag() if found.display_name().casefold() == text.casefold() else None


def _close_names(text: str) -> tuple[str, ...]:
    from language_data.language_lists import CLDR_LANGUAGES  # noqa: PLC0415 - only on the way to an error

    names = {language_name(code).lower(): code for code in CLDR_LANGUAGES if len(code) == 2}
    close = difflib.get_close_matches(text.lower(), names, n=2)
    return tuple(f"{names[name]} ({name.title()})" for name in close)
