"""Replies: the bytes a server sent -> what it said. Pure.

Content types lie, so the body is sniffed whatever it claims to be. One small function per shape; a new
dialect is one more. Times are claims: they are made whole milliseconds here and repaired in
`stitching`, and no text is ever dropped because its time makes no sense.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any, Final

from subtitler import formats
from subtitler.errors import EngineOutputInvalid, EngineRejected, ParseError
from subtitler.languages import UNKNOWN, language_or_unknown
from subtitler.model import Reply, ResponseFormat, Segment, Word
from subtitler.timing import Span, ms_from_seconds

QUOTED_CHARACTERS: Final = 200

_HTML = re.compile(r"<(?:!doctype|html|head|body|title|h1|center|\?xml|!--)", re.IGNORECASE)
_SRT = re.compile(r"(?:\d+[ \t]*\r?\n)?\s*\d+:[\d:.,]+[ \t]*-->")
_EVENT_STREAM = re.compile(r"(?:event:[^\n]*\n|:[^\n]*\n)*data:")
_TIMING_LINE = re.compile(r"^.*-->.*$", re.MULTILINE)
_TIMECODE = re.compile(r"(?:\d+:)?\d+:\d+[.,]\d+")
_LATE_MINUTES = re.compile(r"\d+:([6-9]\d|\d{3,}):(?=\d\d[.,]\d)")
_KEY_LIKE = re.compile(r"\b(?:sk|gsk|pk|key)[-_][\w*-]{5,}|(?<=Bearer )\S+", re.IGNORECASE)

_Object = Mapping[str, Any]  # what a server put into its JSON: nothing is known about it


def read_reply(body: bytes, *, asked: ResponseFormat, address: str = "the server") -> Reply:
    """What a server said.

    Args:
        body: The answer's bytes, decompressed.
        asked: The format that was asked for; it decides only where the bytes leave a choice.
        address: The base URL, for messages.

    Raises:
        EngineOutputInvalid: If the body is no transcript.
        EngineRejected: If it is a web page: the address is not that of an API.
    """
    text = body.decode("utf-8", "surrogateescape").removeprefix("\ufeff").strip()
    if _HTML.match(text):
        raise not_an_api(address)
    if text.startswith(("{", "[")):
        return _from_json(text, asked)
    if _EVENT_STREAM.match(text):
        return _from_events(text)
    if not text and asked in ("auto", "json", "verbose_json"):
        raise EngineOutputInvalid("the server sent an empty answer")
    return _from_plain(text)


def not_an_api(address: str, *, status: int | None = None) -> EngineRejected:
    """The error for an address where a web page answers, or another place is pointed to."""
    return EngineRejected(
        f"{address} answers, but not as an API of audio endpoints",
        hint="check the base URL; most end in /v1 (https://api.cometapi.com/v1)",
        status=status,
    )


def quoted(text: str) -> str:
    """The beginning of what a server said, on one line, with whatever looks like a key masked."""
    line = " ".join(mend(_KEY_LIKE.sub("********", text)).split())
    return line if len(line) <= QUOTED_CHARACTERS else line[:QUOTED_CHARACTERS] + "…"


def mend(text: str) -> str:
    """``text`` with torn characters joined, or replaced where their other half is missing."""
    try:
        return text.encode("utf-8", "surrogateescape").decode("utf-8", "replace")
    except UnicodeEncodeError:  # half of a pair, escaped in JSON: not a byte that went astray
        return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


# -- shapes ---------------------------------------------------------------------------------------


def _from_plain(text: str) -> Reply:
    """Subtitles where the text looks like them, else plain text."""
    if text.startswith("WEBVTT"):
        return _from_cues(text, "vtt")
    if _SRT.match(text):
        return _from_cues(text, "srt")
    return Reply(text=mend(text))


def _from_cues(text: str, name: str) -> Reply:
    if "-->" not in text:  # a header alone: nobody spoke
        return Reply(text="")
    try:
        cues = formats.parse_cues(_TIMING_LINE.sub(_mended_timing, mend(text)), name=name)
    except ParseError as error:
        raise _invalid(f"{name} that cannot be read", text) from error
    segments = tuple(Segment(text=" ".join(cue.lines), span=cue.span) for cue in cues)
    return Reply(text=_joined(segments), segments=segments)


def _mended_timing(line: re.Match[str]) -> str:
    """A timing line as the readers of files want it.

    LocalAI counts minutes on past the hour (``01:75:30`` is 1 h 15 min): the minutes are right. And a
    cue that ends before it starts would be left out, with its words.
    """
    start, _, end = (_LATE_MINUTES.sub(_with_true_hours, part) for part in line[0].partition("-->"))
    times = [_TIMECODE.search(part) for part in (start, end)]
    if times[0] and times[1] and _order(times[1][0]) < _order(times[0][0]):
        end = end.replace(times[1][0], times[0][0], 1)
    return f"{start}-->{end}"


def _with_true_hours(timecode: re.Match[str]) -> str:
    minutes = int(timecode[1])
    return f"{minutes // 60:02d}:{minutes % 60:02d}:"


def _order(timecode: str) -> tuple[int, ...]:
    numbers = [int(number) for number in re.split(r"[:.,]", timecode)]
    return (0,) * (4 - len(numbers)) + tuple(numbers)


def _from_json(text: str, asked: ResponseFormat) -> Reply:
    try:
        value = json.loads(text)
    except (ValueError, RecursionError) as error:
        if asked in ("text", "srt", "vtt"):  # "[Music]" is what somebody heard
            return _from_plain(text)
        raise _invalid("JSON that cannot be read", text) from error
    if isinstance(value, list) and all(isinstance(item, dict) for item in value):
        value = {"segments": value}
    if not isinstance(value, dict):
        raise _invalid("JSON that is no transcript", text)
    inner = value.get("text")
    if asked in ("srt", "vtt") and isinstance(inner, str) and not value.get("segments"):
        # LiteLLM wraps every format in JSON
        return replace(_from_plain(inner.strip()), language=_language(value))
    return _from_object(value, text)


def _from_object(value: _Object, body: str) -> Reply:
    """json, verbose_json, diarized_json, and their dialects."""
    said = value.get("text")
    has_list = any(isinstance(value.get(key), list) for key in ("segments", "words"))
    if value.get("error") and not said:
        raise _invalid("an error in place of a transcript", body)
    if not isinstance(said, str) and not has_list:
        raise _invalid("JSON that is no transcript", body)
    segments = _segments(_objects(value.get("segments")))
    words = _words(_objects(value.get("words")))
    words = words or tuple(word for segment in segments for word in segment.words)
    text = mend(said).strip() if isinstance(said, str) else _joined(segments)
    return Reply(
        text=text or " ".join(word.text for word in words),
        segments=segments,
        words=words,
        language=_language(value),
    )


def _from_events(text: str) -> Reply:
    """Server-sent events, though no stream was asked for."""
    segments: list[_Object] = []
    pieces: list[str] = []
    done: str | None = None
    is_complete = False
    for line in text.splitlines():
        data = line.removeprefix("data:").strip() if line.startswith("data:") else ""
        if not data:
            continue
        if data == "[DONE]":
            is_complete = True
            continue
        try:
            event = json.loads(data)
        except (ValueError, RecursionError) as error:
            raise _invalid("a stream of events that breaks off", text) from error
        if not isinstance(event, dict) or event.get("error"):
            raise _invalid("an error in place of a transcript", data)
        kind = event.get("type")
        if kind == "transcript.text.done":
            done, is_complete = str(event.get("text") or ""), True
        elif kind == "transcript.text.segment":
            segments.append(event)
        else:
            segments.extend(_objects(event.get("segments")))
            pieces.append(str(event.get("delta") or event.get("text") or ""))
    if not is_complete:
        raise _invalid("a stream of events that breaks off", text)
    return _from_object({"text": done or "".join(pieces) or None, "segments": segments}, text)


# -- pieces ---------------------------------------------------------------------------------------


def _segments(items: Sequence[_Object]) -> tuple[Segment, ...]:
    """Timed pieces; none at all where no piece has a time."""
    found: list[Segment] = []
    has_times = False
    for item in items:
        said = item.get("text")
        text = mend(said).strip() if isinstance(said, str) else ""
        if not text:
            continue
        span, is_timed = _span(item, after=found[-1].span.end_ms if found else 0)
        has_times |= is_timed
        doubt = _number(item.get("no_speech_prob"))
        found.append(
            Segment(
                text=text,
                span=span,
                words=_words(_objects(item.get("words"))),
                avg_logprob=_number(item.get("avg_logprob")),
                no_speech_prob=doubt if doubt is not None and 0 <= doubt <= 1 else None,
            )
        )
    return tuple(found) if has_times else ()


def _words(items: Iterable[_Object]) -> tuple[Word, ...]:
    """Timed words, tokens joined; none at all where no word has a time."""
    found: list[Word] = []
    has_times = False
    for text, parts in _tokens_joined([(_word_text(item), item) for item in items]):
        first, _ = _span(parts[0], after=found[-1].span.end_ms if found else 0)
        spans = [_span(part, after=first.start_ms) for part in parts]
        has_times |= any(is_timed for _, is_timed in spans)
        end_ms = max(span.end_ms for span, _ in spans)
        found.append(
            Word(
                text=text,
                span=Span(first.start_ms, max(first.start_ms, end_ms)),
                confidence=_confidence(parts),
            )
        )
    return tuple(found) if has_times else ()


def _tokens_joined(tokens: Sequence[tuple[str, _Object]]) -> list[tuple[str, list[_Object]]]:
    """Words out of what may be parts of words, as whisper.cpp sends them.

    Where any token brings its space along, one without it belongs to the word before; a token with
    half a character always does.
    """
    brings_spaces = any(text[:1].isspace() for text, _ in tokens if text.strip())
    groups: list[tuple[str, list[_Object]]] = []
    for text, item in tokens:
        if not text.strip():
            continue
        before = groups[-1][0] if groups else ""
        if groups and ((brings_spaces and not text[0].isspace()) or _is_torn(before)):
            groups[-1] = (before + text, [*groups[-1][1], item])
        else:
            groups.append((text, [item]))
    return [(mend(text).strip(), items) for text, items in groups]


def _is_torn(text: str) -> bool:
    """Whether a character at the end waits for its other half."""
    return bool(text) and "\ud800" <= text[-1] <= "\udfff" and "\ufffd" in mend(text)


def _word_text(item: _Object) -> str:
    text = item.get("word") if item.get("word") is not None else item.get("text")  # LocalAI: ``text``
    return text if isinstance(text, str) else ""


def _confidence(parts: Iterable[_Object]) -> float | None:
    """The doubt of a word is that of its most doubtful part."""
    known = [_number(part.get("probability", part.get("confidence"))) for part in parts]
    inside = [value for value in known if value is not None and 0 <= value <= 1]
    return min(inside) if inside else None


def _span(item: _Object, *, after: int) -> tuple[Span, bool]:
    """The claimed time, and whether there is one; where there is none, an empty span at ``after``."""
    start, end = _milliseconds(item.get("start")), _milliseconds(item.get("end"))
    known = start if start is not None else end
    if known is None:
        return Span(after, after), False
    return Span(known, max(known, end if end is not None else known)), True


def _milliseconds(value: object) -> int | None:
    seconds = _number(value)
    return None if seconds is None or seconds < 0 else ms_from_seconds(seconds)


def _number(value: object) -> float | None:
    """A finite number, also where it came as a string (``"1,5"``)."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    try:
        number = float(value.strip().replace(",", ".")) if isinstance(value, str) else float(value)
    except (ValueError, OverflowError):
        return None
    return number if math.isfinite(number) and abs(number) < 1e9 else None


def _language(value: _Object) -> str | None:
    for key in ("language", "detected_language", "language_code"):
        name = value.get(key)
        tag = language_or_unknown(name) if isinstance(name, str) else UNKNOWN
        if tag != UNKNOWN:
            return tag
    return None


def _objects(value: object) -> list[_Object]:
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []


def _joined(segments: Iterable[Segment]) -> str:
    return " ".join(segment.text for segment in segments)


def _invalid(what: str, body: str) -> EngineOutputInvalid:
    return EngineOutputInvalid(f"the server sent {what}: {quoted(body)}")
