"""What SRT and VTT share: lines, timing lines, and cues found by a plain scan of both.

A timing line is what people and programs really write: hours may be missing or past 99, ``,`` and ``.``
both separate the fraction, fewer than three digits of it are a decimal fraction (``,5`` is 500 ms),
settings after the end time are passed over. Minutes of 60 and more were counted from the start of the
media and make the hours superfluous (a known server writes ``01:75:30,000`` for 75 min 30 s).
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Final, TypeAlias

from subtitler.errors import ParseError
from subtitler.model import Cue
from subtitler.timing import Span

ARROW: Final = "-->"

Claim: TypeAlias = tuple[int, int, str]
"""A cue as a reader found it: start and end in milliseconds, and text with line breaks."""

_LINE_END = re.compile(r"\r{0,2}\n|\r")  # CR CR LF: a CRLF file that was written in text mode once more
_TIME = r"(?:(\d{1,6}):)?(\d{1,6}):(\d{1,2})(?:[.,](\d{1,9}))?"
_TIMING = re.compile(rf"\s*{_TIME}\s*-->\s*{_TIME}(?![\d:.,])", re.ASCII)
_NUMBER = re.compile(r"\s*\d{1,9}\s*", re.ASCII)
_NOT_TEXT = re.compile("[\0\ud800-\udfff]")


@dataclass(slots=True)
class Block:
    """A timing line with the rows under it, up to the next timing line.

    Attributes:
        times: Start and end in milliseconds; None where the timing cannot be read, and for the rows
            above the first timing line.
        rows: The lines as they are, blank ones too.
        has_label: An index or an identifier stood above the timing line.
    """

    times: tuple[int, int] | None
    rows: list[str]
    has_label: bool = False


def split_lines(text: str) -> list[str]:
    """The lines of a text that may begin with a byte order mark; LF, CRLF and CR all end a line."""
    return _LINE_END.split(text.removeprefix("\ufeff"))


def parse_timing(line: str) -> tuple[int, int] | None:
    """Start and end of a timing line in milliseconds, None if it is not one."""
    match = _TIMING.match(line) if ARROW in line else None
    return match and (_ms(*match.groups()[:4]), _ms(*match.groups()[4:]))


def _ms(hours: str | None, minutes: str, seconds: str, fraction: str | None) -> int:
    minutes_ms = int(minutes) * 60_000
    hours_ms = int(hours or 0) * 3_600_000 if int(minutes) < 60 else 0
    tenths = int((fraction or "0")[:4].ljust(4, "0"))
    return hours_ms + minutes_ms + int(seconds) * 1000 + (tenths + 5) // 10


def is_number(line: str) -> bool:
    """Whether a line is nothing but a number, as the index above an SRT timing line is."""
    return _NUMBER.fullmatch(line) is not None


def scan_blocks(lines: Sequence[str], *, is_break: Callable[[str, str], bool]) -> list[Block]:
    """The blocks of a file; the first holds what stands above the first timing line.

    Args:
        lines: The lines of the file.
        is_break: Of a line with an arrow that is no timing line, and the line above it: whether it was
            meant to be one. Then its rows belong to no cue; otherwise it is text.
    """
    blocks = [Block(times=None, rows=[])]
    above = ""
    for line in lines:
        times = parse_timing(line)
        if times is not None or (ARROW in line and is_break(line, above)):
            blocks.append(Block(times=times, rows=[]))
        else:
            blocks[-1].rows.append(line)
        above = line
    return blocks


def take_labels(blocks: Sequence[Block], *, is_label: Callable[[str], bool]) -> None:
    """Take the index or identifier above each timing line out of the rows of the block before.

    After a blank line (or at the top) any line for which ``is_label`` holds is one. Where the blank line
    is missing only a number can be told from text: the next number, or any number in a numbered file if
    some text is left. So a file without indexes keeps ``42`` as the words of a cue.
    """
    expected: int | None = None
    for before, block in itertools.pairwise(blocks):
        rows = before.rows
        number = int(rows[-1]) if rows and is_number(rows[-1]) else None
        if rows and (before is blocks[0] or (len(rows) > 1 and not rows[-2].strip())):
            block.has_label = is_label(rows[-1])
        elif number is not None and expected is not None:
            block.has_label = number == expected or any(row.strip() for row in rows[:-1])
        if block.has_label:
            rows.pop()
        if block.has_label and number is not None:
            expected = number + 1
        elif expected is not None:
            expected += 1


def require_timing(lines: Sequence[str], blocks: Sequence[Block], *, form: str) -> None:
    """Refuse a text in which no timing can be read.

    Raises:
        ParseError: With the line that was meant to be a timing, or else the first that is not blank.
    """
    if any(block.times is not None for block in blocks):
        return
    suspects = [number for number, line in enumerate(lines, 1) if ARROW in line]
    suspects += [number for number, line in enumerate(lines, 1) if line.strip()]
    raise ParseError(
        f"no {form} cue can be read: no line holds a start and an end time (see line {suspects[0]})",
        line=suspects[0],
        hint="a cue's times look like 00:00:01.000 --> 00:00:04.000",
    )


def rows_of(text: str) -> tuple[str, ...]:
    """The rows of a cue's text: split at every kind of line break, trimmed, none empty.

    What no file can hold (NUL, half a surrogate pair) becomes U+FFFD.
    """
    return tuple(row for line in _NOT_TEXT.sub("\ufffd", text).splitlines() if (row := line.strip()))


def make_cues(claims: Iterable[Claim]) -> tuple[Cue, ...]:
    """Cues of what a reader found: those with text that do not end before they start.

    A cue of no length keeps its words: servers write such, and stitching repairs their times.
    """
    return tuple(
        Cue(span=Span(start_ms, end_ms), lines=rows)
        for start_ms, end_ms, text in claims
        if end_ms >= start_ms and (rows := rows_of(text))
    )


def agreed_cues(scanned: tuple[Cue, ...], library: Callable[[], Iterable[Claim]]) -> tuple[Cue, ...]:
    """A library's cues if their times and letters equal those of the scan, else the scan's.

    Libraries drop or merge text of odd files without a word, or raise; the scan does neither.
    """
    try:
        read = make_cues(library())
    except Exception:  # noqa: BLE001 - whatever a library thinks of an odd file, the scan has read it
        return scanned
    return read if _times_and_letters(read) == _times_and_letters(scanned) else scanned


def _times_and_letters(cues: Iterable[Cue]) -> list[tuple[Span, str]]:
    return [(cue.span, "".join("".join(cue.lines).split())) for cue in cues]
