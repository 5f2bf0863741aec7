"""What is heard, byte for byte as OpenAI writes it in each response format."""

import json
import math
import zlib

import langcodes
import numpy as np
from starlette.responses import Response

from emulator.ears import Heard, Timed


def reply(
    heard: Heard,
    response_format: str,
    *,
    task: str,
    duration_s: float,
    has_words: bool,
    has_segments: bool,
    temperature: float,
) -> Response:
    """The answer to a request for ``response_format``."""
    if response_format == "text":
        return _plain(f"{_text(heard)}\n")
    if response_format == "srt":
        cues = (
            f"{number}\n{_timecode(cue.start_s, ',')} --> {_timecode(cue.end_s, ',')}\n{cue.text}\n\n"
            for number, cue in enumerate(heard.segments, 1)
        )
        return _plain("".join(cues) + "\n")
    if response_format == "vtt":
        cues = (
            f"{_timecode(cue.start_s, '.')} --> {_timecode(cue.end_s, '.')}\n{cue.text}\n\n"
            for cue in heard.segments
        )
        return _plain("WEBVTT\n\n" + "".join(cues))
    usage = {"usage": {"type": "duration", "seconds": math.ceil(duration_s)}} if task == "transcribe" else {}
    if response_format == "json":
        return _json({"text": _text(heard), **usage})
    body: dict[str, object] = {
        "task": task,
        "language": langcodes.Language.get(heard.language).display_name().lower(),
        "duration": _float32(duration_s),
        "text": _text(heard),
    }
    if has_segments:
        body["segments"] = [_segment(number, cue, temperature) for number, cue in enumerate(heard.segments)]
    if has_words:
        body["words"] = [
            {"word": word.text, "start": _float32(word.start_s), "end": _float32(word.end_s)}
            for word in heard.words
        ]
    return _json({**body, **usage})


def _text(heard: Heard) -> str:
    return " ".join(segment.text for segment in heard.segments)


def _segment(number: int, segment: Timed, temperature: float) -> dict[str, object]:
    said = segment.text.encode()
    return {
        "id": number,
        "seek": int(segment.start_s // 30) * 3000,
        "start": _float32(segment.start_s),
        "end": _float32(segment.end_s),
        "text": f" {segment.text}",
        "tokens": [50364, *(zlib.crc32(word) % 50_000 for word in said.split()), 50464],
        "temperature": _float32(temperature),
        "avg_logprob": -0.2543297410011292,
        "compression_ratio": len(said) / len(zlib.compress(said)),
        "no_speech_prob": 0.002052504802122712,
    }


def _float32(value: float) -> float:
    """A number as it looks after a single-precision float: 1.7000000476837158."""
    return float(np.float32(value))


def _timecode(seconds: float, separator: str) -> str:
    whole_seconds, ms = divmod(round(seconds * 1000), 1000)
    minutes, second = divmod(whole_seconds, 60)
    hours, minute = divmod(minutes, 60)
    return f"{hours:02d}:{minute:02d}:{second:02d}{separator}{ms:03d}"


def _json(body: dict[str, object]) -> Response:
    return Response(
        json.dumps(body, ensure_ascii=False, separators=(",", ":")), media_type="application/json"
    )


def _plain(text: str) -> Response:
    return Response(text, headers={"content-type": "text/plain; charset=utf-8"})
