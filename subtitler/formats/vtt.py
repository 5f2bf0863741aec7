"""WebVTT. The only user of webvtt-py.

Written: ``WEBVTT``, then cues with hours in every time and without identifiers; ``&``, ``<`` and ``>``
of the text are escaped, which also takes care of arrows. The tags ``<i>``, ``<b>``, ``<u>`` stay tags, so
that italics survive between SRT and VTT; ``<font>``, which VTT does not know, is left out.

Read: the W3C's parsing rules, with more patience. Header, STYLE, REGION and NOTE blocks and identifiers
are passed over, as is a block whose timing cannot be read; class, voice, language, ruby and time tags are
taken off, ``<i.loud>`` becomes ``<i>``, entities become characters. Beyond the rules, for servers that do
not know them: times as sloppy as in SRT, a missing header, a ``<`` that begins no known tag is text, and
so is what stands after a blank line inside a cue.
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby
from typing import TYPE_CHECKING, Final

from subtitler.formats import Format
from subtitler.formats.timing_lines import (
    ARROW,
    Block,
    Claim,
    agreed_cues,
    make_cues,
    require_timing,
    rows_of,
    scan_blocks,
    split_lines,
    take_labels,
)
from subtitler.timing import format_timecode

if TYPE_CHECKING:
    from subtitler.model import Cue

_SIGNATURE: Final = "WEBVTT"
_ASIDE = re.compile(r"(?:NOTE|STYLE|REGION)(?:[\s:]|$)")
_STYLE_TAG = re.compile(r"<(/?[biu])(?:[.\s][^<>]*)?>")
_OTHER_TAG = re.compile(r"</?(?:c|v|lang|ruby|rt|font)(?:[.\s][^<>]*)?>|<\d+:[\d:.]+>")
_ENTITY = re.compile(r"&(?:#\d{1,7}|#[xX][0-9a-fA-F]{1,6}|[a-zA-Z][a-zA-Z0-9]{1,31});")
_MARKUP = re.compile(r"(?P<style></?[biu]>)|(?P<font></?font(?:\s[^<>]*)?>)|[&<>]", re.IGNORECASE)
_ESCAPES: Final = {"&": "&amp;", "<": "&lt;", ">": "&gt;"}


def parse(text: str) -> tuple[Cue, ...]:
    """The cues of a WebVTT text. Blank text and a file of headers and notes alone are ``()``.

    Raises:
        ParseError: If there is text, but neither a header nor a timing that can be read.
    """
    lines = split_lines(text)
    is_signed = _is_vtt(text)
    if not any(line.strip() for line in lines) or (is_signed and ARROW not in text):
        return ()
    blocks = scan_blocks(lines, is_break=lambda _line, _above: True)
    require_timing(lines, blocks, form="WebVTT")
    take_labels(blocks, is_label=lambda _line: True)
    scanned = make_cues(_claims(blocks))
    return agreed_cues(scanned, lambda: _read_with_webvtt(lines)) if is_signed else scanned


def render(cues: Iterable[Cue]) -> str:
    """The WebVTT text of cues, which are written in the order given; those without text are left out."""
    parts = [f"{_SIGNATURE}\n"]
    for cue in cues:
        rows = rows_of(_MARKUP.sub(_escaped, cue.text))
        if rows:
            start, end = format_timecode(cue.span.start_ms), format_timecode(cue.span.end_ms)
            parts.append("\n".join((f"{start} --> {end}", *rows, "")))
    return "\n".join(parts)


def _escaped(match: re.Match[str]) -> str:
    if match["style"]:
        return match["style"].lower()  # SRT players take <I>, the W3C's tags are lower case
    return "" if match["font"] else _ESCAPES[match[0]]


def _claims(blocks: Sequence[Block]) -> Iterator[Claim]:
    has_identifiers = any(block.has_label for block in blocks)
    for number, block in enumerate(blocks):
        if block.times is not None:
            is_last = number == len(blocks) - 1
            rows = _payload(block.rows, may_end_in_identifier=has_identifiers and not is_last)
            yield *block.times, _plain("\n".join(rows))


def _payload(rows: Sequence[str], *, may_end_in_identifier: bool) -> list[str]:
    """A cue's own rows: less the notes after it, and less an identifier cut off from the next cue."""
    paragraphs = [
        list(group) for has_text, group in groupby(rows, key=lambda row: bool(row.strip())) if has_text
    ]
    is_detached = len(paragraphs) > 1 and len(paragraphs[-1]) == 1 and not rows[-1].strip()
    if may_end_in_identifier and is_detached:
        paragraphs.pop()
    own = paragraphs[:1] + [paragraph for paragraph in paragraphs[1:] if not _ASIDE.match(paragraph[0])]
    return [row for paragraph in own for row in paragraph]


def _plain(text: str) -> str:
    """Cue text without tags but ``<i>``, ``<b>``, ``<u>``, and with characters for entities."""
    if "<" in text:
        text = _OTHER_TAG.sub("", _STYLE_TAG.sub(r"<\1>", text))
    return _ENTITY.sub(lambda match: html.unescape(match[0]), text) if "&" in text else text


def _read_with_webvtt(lines: Sequence[str]) -> Iterator[Claim]:
    import webvtt  # noqa: PLC0415 - imported on use

    for caption in webvtt.from_string("\n".join(lines)).captions:
        start_ms, end_ms = caption.start_time.in_milliseconds(), caption.end_time.in_milliseconds()
        yield start_ms, end_ms, _plain("\n".join(caption.lines))


def _is_vtt(text: str) -> bool:
    return text.removeprefix("\ufeff").lstrip().startswith(_SIGNATURE)


FORMAT: Final = Format(name="vtt", suffixes=(".vtt",), parse=parse, render=render, is_format_of=_is_vtt)
