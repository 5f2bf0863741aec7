"""What is inside a media file: ffprobe's answer as a `MediaInfo`.

Everything a file says of itself is a claim; what makes no sense reads as unknown.
"""

from __future__ import annotations

import dataclasses
import json
import math
import os
import re
import stat
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final, cast

from subtitler.errors import NoAudioTrack, ToolFailed, UnknownName, UnreadableMedia, UsageError
from subtitler.languages import language_or_unknown, parse_language, primary_subtag
from subtitler.media.ffmpeg import probe_argv
from subtitler.media.process import run
from subtitler.model import MediaInfo, Track, TrackKind
from subtitler.timing import format_clock, ms_from_seconds

_TIMEOUT_S: Final = 120.0
_KINDS: Final = frozenset({"video", "audio", "subtitle", "data", "attachment"})
_POINTERS: Final = frozenset({"hls", "dash", "concat", "sdp", "rtsp"})
"""Formats that hold no media, only the places where it lies."""

_TEXT: Final = frozenset({"tty", "bin", "idf", "xbin", "adf"})
"""Formats as which ffmpeg would paint a text file into a picture."""

_GUESSED: Final = "Estimating duration from bitrate"
"""ffmpeg's warning that a length is no claim of the file but its own division."""

_NAMELESS: Final = re.compile(r"handler|ISO media|Core Media|GPAC|vide|soun|sbtl|text", re.IGNORECASE)
"""Names that programs give to the tracks of an mp4 file for want of a title."""


def probe(path: Path) -> MediaInfo:
    """Look into a media file.

    Raises:
        UnreadableMedia: If it is missing, no file, empty, not readable, or not media.
        ToolError: If ffprobe is missing or hangs.
    """
    _check_is_file(path)
    argv = probe_argv(path, "-show_format", "-show_streams", "-show_chapters")
    try:
        answer = run(argv, timeout_s=_TIMEOUT_S, stage="probe", path=path)
    except ToolFailed as error:
        if error.returncode is None or error.returncode < 0 or "[error]" not in error.stderr_tail:
            raise  # it broke down, or it is no ffprobe: what it says of a file it says as an error
        raise _unreadable(path, f"is not media that ffmpeg can read{_reason(error)}", _DAMAGED) from error
    facts = _facts(answer.stdout, argv)
    container = facts.get("format", {}).get("format_name", "")
    if _POINTERS & set(container.split(",")):
        raise _unreadable(path, f"is a playlist ({container}), not media", "give the media file it points to")
    if container in _TEXT or not facts.get("streams"):
        raise _unreadable(path, "holds no media", "is it the right file?")
    return _media_info(path, facts, is_length_guessed=_GUESSED in answer.stderr)


def choose_audio_track(info: MediaInfo, wish: str | None) -> Track:
    """The track to listen to.

    Args:
        info: What `probe` found.
        wish: A number counted from 0 among the audio tracks, or a language; None for the track
            flagged as default, else the first.

    Raises:
        NoAudioTrack: If there is nothing to listen to.
        UsageError: If no track is what was wished for.
    """
    tracks = info.tracks_of("audio")
    if not tracks:
        raise NoAudioTrack(
            f"{os.fspath(info.path)!r} has no audio track; it holds {_contents(info)}",
            hint="is the sound in a file of its own? Give that one",
            stage="probe",
            path=info.path,
        )
    if wish is None:
        return next((track for track in tracks if track.is_default), tracks[0])
    found = [track for track in tracks if _is_wished(track, wish.strip())]
    if found:
        return next((track for track in found if track.is_default), found[0])
    listed = "; ".join(describe_track(track) for track in tracks)
    raise UsageError(
        f"{os.fspath(info.path)!r} has no audio track {wish!r}; it has {listed}",
        hint="choose one by its number, counted from 0, or by its language",
        stage="probe",
        path=info.path,
    )


def describe_track(track: Track) -> str:
    """One track in a few words: ``audio 1: deu "Kommentar", aac, 2 channels, default``."""
    title = f' "{track.title}"' if track.title else ""
    words = [f"{track.language}{title}", track.codec or "unknown codec"]
    if track.kind == "video" and track.width and track.height:
        words.append(f"{track.width}x{track.height}")
    if track.channels:
        words.append("mono" if track.channels == 1 else f"{track.channels} channels")
    if track.duration_ms:
        words.append(format_clock(track.duration_ms))
    flags = {
        "default": track.is_default,
        "forced": track.is_forced,
        "for the hearing impaired": track.is_hearing_impaired,
        "picture": track.is_picture,
    }
    words += [name for name, is_set in flags.items() if is_set]
    return f"{track.kind} {track.position}: {', '.join(words)}"


_DAMAGED: Final = (
    "check that it plays; an interrupted copy or recording can often be repaired with its own program"
)


def _facts(answer: bytes, argv: Sequence[str]) -> dict[str, Any]:
    try:
        facts = json.loads(answer.decode("utf-8", "replace"))
    except ValueError:
        facts = None
    if not isinstance(facts, dict):
        raise ToolFailed(
            "ffprobe gives an answer that is none of ffprobe's",
            hint="see subtitler doctor: is the ffprobe on the PATH the real one?",
            argv=tuple(argv),
            stage="probe",
        )
    return facts


def _check_is_file(path: Path) -> None:
    try:
        status = path.stat()
    except (FileNotFoundError, NotADirectoryError) as error:
        raise _unreadable(path, "does not exist", "check the name and the folder") from error
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise _unreadable(
            path, f"cannot be opened: {reason}", "check the name and the permissions"
        ) from error
    if stat.S_ISDIR(status.st_mode):
        raise _unreadable(path, "is a folder", "give the media files in it")
    if not stat.S_ISREG(status.st_mode):
        raise _unreadable(path, "is not a regular file", "save the stream to a file first")
    if status.st_size == 0:
        raise _unreadable(path, "is empty (0 bytes)", "was it copied or downloaded to the end?")
    try:
        path.open("rb").close()
    except OSError as error:
        raise _unreadable(path, f"may not be read: {error.strerror}", "check its permissions") from error


def _unreadable(path: Path, why: str, hint: str) -> UnreadableMedia:
    return UnreadableMedia(f"{os.fspath(path)!r} {why}", hint=hint, stage="probe", path=path)


def _reason(error: ToolFailed) -> str:
    """The first complaint of ffprobe, bare of addresses and levels, if it says more than that it failed."""
    said = re.search(r"\[error\] (?!file:)(.*)", error.stderr_tail)
    return f" ({said[1]})" if said else ""


def _media_info(path: Path, facts: Mapping[str, Any], *, is_length_guessed: bool) -> MediaInfo:
    container = facts["format"]
    start_s = _number(container.get("start_time")) or 0.0
    duration_ms = _length_ms(container.get("duration"))
    stretch = _wav_claim(path) if is_length_guessed and container["format_name"] == "wav" else 1.0
    seen: Counter[str] = Counter()
    tracks = []
    for stream in facts["streams"]:
        kind = stream.get("codec_type")
        kind = kind if kind in _KINDS else "data"
        track = _track(stream, cast("TrackKind", kind), seen[kind], start_s)
        if is_length_guessed:
            claim_ms = round(track.duration_ms * stretch) if track.duration_ms and stretch > 1 else None
            track = dataclasses.replace(track, duration_ms=claim_ms)
        tracks.append(track)
        seen[kind] += 1
    return MediaInfo(
        path=path,
        container=container.get("format_name", ""),
        start_ms=ms_from_seconds(start_s),
        duration_ms=None if duration_ms is None else round(duration_ms * stretch),
        tracks=tuple(tracks),
        chapters=len(facts.get("chapters", ())),
    )


def _wav_claim(path: Path) -> float:
    """How many times larger a WAV file says it is than it is: ffmpeg forgets what a cut file said."""
    with path.open("rb") as file:
        head = file.read(8)
        size = file.seek(0, os.SEEK_END)
    claimed = int.from_bytes(head[4:8], "little") + 8
    is_claim = head[:4] == b"RIFF" and claimed < 0xFFFFFF00  # more is written by those who do not know
    return max(1.0, claimed / size) if is_claim else 1.0


def _track(stream: Mapping[str, Any], kind: TrackKind, position: int, media_start_s: float) -> Track:
    tags = {name.lower(): value for name, value in stream.get("tags", {}).items()}
    flags = stream.get("disposition", {})
    start_s = _number(stream.get("start_time"))
    start_ms = None if start_s is None else ms_from_seconds(start_s - media_start_s)
    duration_ms = _length_ms(stream.get("duration"))
    if duration_ms is None and (tagged := _clock_ms(tags.get("duration"))) is not None:
        # ffmpeg writes where a track ends into this tag, mkvmerge how long it is
        is_end = "_statistics_writing_app" not in tags
        duration_ms = max(0, tagged - ms_from_seconds(start_s or 0.0)) if is_end else tagged
    return Track(
        kind=kind,
        index=stream["index"],
        position=position,
        codec=stream.get("codec_name") or "",
        language=language_or_unknown(tags.get("language")),
        title=_title(tags),
        start_ms=start_ms,
        duration_ms=duration_ms,
        is_default=bool(flags.get("default")),
        is_forced=bool(flags.get("forced")),
        is_hearing_impaired=bool(flags.get("hearing_impaired")),
        is_picture=bool(flags.get("attached_pic")),
        channels=stream.get("channels") or None,
        sample_rate=int(_number(stream.get("sample_rate")) or 0) or None,
        width=stream.get("width") or None,
        height=stream.get("height") or None,
        frame_rate=_frame_rate(stream.get("avg_frame_rate")) if kind == "video" else None,
    )


def _title(tags: Mapping[str, str]) -> str:
    title, name = (
        "".join(char for char in tags.get(key, "") if char.isprintable()).strip()
        for key in ("title", "handler_name")
    )
    return title or ("" if _NAMELESS.search(name) else name)


def _number(text: str | None) -> float | None:
    try:
        value = float(text) if text is not None else math.nan
    except ValueError:
        return None
    return value if math.isfinite(value) else None


def _length_ms(text: str | None) -> int | None:
    seconds = _number(text)
    return ms_from_seconds(seconds) if seconds is not None and seconds > 0 else None


def _clock_ms(text: str | None) -> int | None:
    """``00:00:17.780000000``, as Matroska's statistics tags have it."""
    match = re.fullmatch(r"(\d+):(\d\d):(\d\d(?:\.\d+)?)", (text or "").strip())
    if match is None:
        return None
    return (int(match[1]) * 60 + int(match[2])) * 60_000 + ms_from_seconds(float(match[3]))


def _frame_rate(text: str | None) -> float | None:
    over, _, under = (text or "").partition("/")
    frames, seconds = _number(over), _number(under or "1")
    return frames / seconds if frames and seconds else None


def _is_wished(track: Track, wish: str) -> bool:
    if re.fullmatch(r"\d{1,4}", wish, re.ASCII):
        return track.position == int(wish)
    try:
        return primary_subtag(track.language) == primary_subtag(parse_language(wish))
    except UnknownName:
        return False


def _contents(info: MediaInfo) -> str:
    pictures = sum(track.is_picture for track in info.tracks)
    counts = Counter(track.kind for track in info.tracks if not track.is_picture)
    parts = [f"{count} {kind} {'track' if count == 1 else 'tracks'}" for kind, count in counts.items()]
    if pictures:
        parts.append(f"{pictures} {'picture' if pictures == 1 else 'pictures'}")
    return ", ".join(parts)
