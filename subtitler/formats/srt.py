r"""SubRip (SRT). The only user of pysrt.

There is no standard; this writes what every player reads: UTF-8, LF, indexes from 1,
``HH:MM:SS,mmm --> HH:MM:SS,mmm``, one blank line after each cue and none within. An arrow in the text
becomes ``->``. SRT has no escapes: all other text, tags and ``{\an8}`` included, goes through as it is.

Read is everything that still shows where cues begin: see `subtitler.formats.timing_lines`. A blank line
inside a cue does not end it, since what follows up to the next index is text that a viewer should see.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Final

from subtitler.formats import Format
from subtitler.formats.timing_lines import (
    Claim,
    agreed_cues,
    is_number,
    make_cues,
    parse_timing,
    require_timing,
    rows_of,
    scan_blocks,
    split_lines,
    take_labels,
)
from subtitler.timing import format_timecode

if TYPE_CHECKING:
    from subtitler.model import Cue

_CLOCK = re.compile(r"\d\s*:\s*\d", re.ASCII)
_ARROW = re.compile(r"(?<!-)--+>")  # of any length: shortening "--->" by one dash would leave an arrow


def parse(text: str) -> tuple[Cue, ...]:
    """The cues of an SRT text. Blank text is ``()``.

    Raises:
        ParseError: If there is text, but no timing that can be read.
    """
    lines = split_lines(text)
    if not any(line.strip() for line in lines):
        return ()
    blocks = scan_blocks(lines, is_break=_is_broken_timing)
    require_timing(lines, blocks, form="SRT")
    take_labels(blocks, is_label=is_number)
    scanned = make_cues((*block.times, "\n".join(block.rows)) for block in blocks if block.times is not None)
    return agreed_cues(scanned, lambda: _read_with_pysrt(lines))


def render(cues: Iterable[Cue]) -> str:
    """The SRT text of cues, which are written in the order given; those without text are left out."""
    parts: list[str] = []
    for cue in cues:
        rows = rows_of(_ARROW.sub("->", cue.text))
        if rows:
            start, end = (format_timecode(ms, separator=",") for ms in (cue.span.start_ms, cue.span.end_ms))
            parts.append("\n".join((f"{len(parts) + 1}", f"{start} --> {end}", *rows, "")))
    return "\n".join(parts)


def _is_broken_timing(line: str, above: str) -> bool:
    # "see --> there" is text; "00:00:xx --> 00:00:04,000", or anything right under an index, is not
    return _CLOCK.search(line) is not None or is_number(above)


def _read_with_pysrt(lines: Sequence[str]) -> Iterator[Claim]:
    from pysrt import SubRipFile  # noqa: PLC0415 - imported on use

    for item in SubRipFile.stream(lines):
        yield item.start.ordinal, item.end.ordinal, item.text


def _is_srt(text: str) -> bool:
    lines = split_lines(text)
    is_other = next((line for line in lines if line.strip()), "").startswith("WEBVTT")
    return not is_other and any(parse_timing(line) for line in lines)


FORMAT: Final = Format(name="srt", suffixes=(".srt",), parse=parse, render=render, is_format_of=_is_srt)
