"""Subtitles into a film as soft tracks: everything else is copied untouched, and the result is checked."""

from __future__ import annotations

import itertools
import json
import os
import re
import tempfile
from collections import deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from subtitler.errors import DiskFull, OutputNotWritable, SubtitlerError, ToolFailed, UsageError
from subtitler.formats import get_format
from subtitler.languages import UNKNOWN, iso_639_2, language_name
from subtitler.media.containers import Container, Kept, container_named, encoder_for, sort_tracks
from subtitler.media.ffmpeg import Attachment, OutputStream, mux_argv, picture_argv, probe_argv
from subtitler.media.probe import probe
from subtitler.media.process import run
from subtitler.model import Cue
from subtitler.timing import Span

if TYPE_CHECKING:
    from subtitler.model import MediaInfo, Track, TrackKind

_START_S: Final = 300.0
_LEAST_BYTES_PER_S: Final = 1_000_000  # a slow network drive
_EMPTY_PACKET: Final = 2  # bytes of a mov_text packet that clears the screen
_MIME: Final = {"mjpeg": "image/jpeg", "png": "image/png", "bmp": "image/bmp", "gif": "image/gif"}


@dataclass(frozen=True, slots=True, kw_only=True)
class NewTrack:
    """Subtitles to be added.

    Attributes:
        cues: What is shown, in the media's time.
        language: BCP 47, ``und`` if unknown.
        title: The track's name in a player's menu. Where it is empty and the language has a region or
            a script, which containers do not hold, it is the language's name.
        is_default: Players show it unasked; no other subtitle track is then a default.
    """

    cues: Sequence[Cue]
    language: str = UNKNOWN
    title: str = ""
    is_default: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class MuxReport:
    """What a person should know about the new file: what was left out, what could not be kept."""

    warnings: tuple[str, ...] = ()


def mux(
    info: MediaInfo,
    tracks: Sequence[NewTrack],
    output: Path,
    *,
    container: str | None = None,
    replaces_same_language: bool = False,
) -> MuxReport:
    """Write a copy of a film with more subtitle tracks.

    Args:
        info: The film, as `probe` found it.
        tracks: The subtitles to add, in this order, after those that are there.
        output: Where to write. What is there is overwritten, and after an error something broken may
            stay: let it be a temporary name.
        container: A suffix in `containers.CONTAINERS`; None for what the suffix of ``output`` says.
        replaces_same_language: Subtitle tracks of the same languages that are there are dropped.

    Raises:
        UsageError: If there is no film or no cue, or the container cannot hold the film.
        DiskFull: If there is no room.
        OutputNotWritable: If the output's folder refuses it.
        ToolError: If ffmpeg fails, or what it wrote is not what was asked for.
    """
    target = container_named(container or output.suffix)
    _check_request(info, tracks)
    replaced = {iso_639_2(track.language) for track in tracks} if replaces_same_language else set()
    kept = sort_tracks(info, target, dropped_languages=frozenset(replaced))
    prepared = [_presentable(track.cues, target) for track in tracks]
    with tempfile.TemporaryDirectory(prefix="subtitler-") as name:
        folder = Path(name)
        texts = [_write_cues(cues, target, folder / str(number)) for number, cues in enumerate(prepared)]
        covers = [_save_cover(info, cover, folder, number) for number, cover in enumerate(kept.covers)]
        streams = _streams(info, kept, tracks, target)
        argv = mux_argv(info.path, texts, streams, output, muxer=target.muxer, attachments=covers)
        _run_ffmpeg(argv, info, output, target)
    written = probe(output)
    _check_tracks(written, kept, len(tracks))
    warnings = list(kept.warnings)
    if written.chapters != info.chapters:
        warnings.append(f"{target.name} holds {written.chapters} of {info.chapters} chapters")
    new = written.tracks_of("subtitle")[-len(tracks) :] if tracks else ()
    for track, asked, cues in zip(new, tracks, prepared, strict=True):
        if not _has_language(track, asked, output):
            warnings.append(
                f"{target.name} has no name for the language {asked.language}: the track is untagged"
            )
        _check_cues(track, len(cues), output)
    return MuxReport(warnings=tuple(warnings))


def without_overlaps(cues: Iterable[Cue]) -> list[Cue]:
    """The same rows at the same times, in cues of which only one is shown at a time."""
    waiting = deque(sorted(cues, key=lambda cue: cue.span))
    edges = sorted({edge for cue in waiting for edge in (cue.span.start_ms, cue.span.end_ms)})
    flat: list[Cue] = []
    shown: list[Cue] = []
    for start_ms, end_ms in itertools.pairwise(edges):
        shown = [cue for cue in shown if cue.span.end_ms > start_ms]
        while waiting and waiting[0].span.start_ms <= start_ms:
            shown.append(waiting.popleft())
        if shown:
            lines = tuple(line for cue in shown for line in cue.lines)
            flat.append(Cue(span=Span(start_ms, end_ms), lines=lines))
    return flat


def _check_request(info: MediaInfo, tracks: Sequence[NewTrack]) -> None:
    if not info.has_film:
        raise UsageError(
            f"{os.fspath(info.path)!r} has no moving picture to put subtitles on",
            hint="write a subtitle file beside it",
            stage="mux",
            path=info.path,
        )
    for track in tracks:
        if not track.cues:
            raise UsageError(
                f"a subtitle track without a cue ({track.language}) cannot be added",
                stage="mux",
                path=info.path,
            )


def _presentable(cues: Iterable[Cue], target: Container) -> list[Cue]:
    """What ffmpeg takes in without losing any: in order, each once, with a length; alone for mov_text."""
    lasting = (cue if cue.span.duration_ms else _shortest(cue) for cue in cues)
    unique = {(cue.span, cue.lines): cue for cue in lasting}
    ordered = sorted(unique.values(), key=lambda cue: cue.span)
    return without_overlaps(ordered) if target.new_encoder == "mov_text" else ordered


def _shortest(cue: Cue) -> Cue:
    """A cue of no length with the shortest there is, so that its words are not lost."""
    return Cue(span=Span(cue.span.start_ms, cue.span.start_ms + 1), lines=cue.lines)


def _write_cues(cues: Sequence[Cue], target: Container, stem: Path) -> Path:
    name = target.new_format
    if target.new_encoder == "mov_text" and any("{" in cue.text for cue in cues):
        name = "srt"  # from WebVTT ffmpeg 5 writes braces with a backslash
    path = stem.with_suffix(get_format(name).suffixes[0])
    path.write_text(get_format(name).render(cues), encoding="utf-8", newline="\n")
    return path


def _save_cover(info: MediaInfo, cover: Track, folder: Path, number: int) -> Attachment:
    """Take the picture out: copied as a stream it would become a film of one frame."""
    stem = "cover" if number == 0 else f"cover_{number}"
    name = f"{stem}.{'jpg' if cover.codec == 'mjpeg' else cover.codec}"
    picture = run(picture_argv(info.path, cover.index), timeout_s=_START_S, stage="mux", path=info.path)
    (folder / name).write_bytes(picture.stdout)
    mime = _MIME.get(cover.codec, "application/octet-stream")
    return Attachment(path=folder / name, metadata={"mimetype": mime, "filename": name})


def _streams(
    info: MediaInfo, kept: Kept, tracks: Sequence[NewTrack], target: Container
) -> list[OutputStream]:
    is_outranked = any(track.is_default for track in tracks)
    # ffmpeg carries labels over by itself, but in the words of the container they come from
    is_foreign = target.muxer == "mov" or target.muxer not in info.container.split(",")
    streams = []
    for track in kept.tracks:
        has_lost_rank = is_outranked and track.kind == "subtitle" and track.is_default
        streams.append(
            OutputStream(
                source=0,
                index=track.index,
                codec=encoder_for(track, target),
                metadata=_labels(track.language, track.title, target) if is_foreign else {},
                disposition="-default" if has_lost_rank else None,
            )
        )
    for number, new in enumerate(tracks, start=1):
        title = new.title or (language_name(new.language) if "-" in new.language else "")
        streams.append(
            OutputStream(
                source=number,
                index=0,
                codec=target.new_encoder,
                metadata={"language": UNKNOWN} | _labels(new.language, title, target),
                # mp4 and mov: their muxer enables the first subtitle track where none is the default
                disposition="default" if new.is_default else "0",
            )
        )
    return streams


def _labels(language: str, title: str, target: Container) -> dict[str, str]:
    """Language and title, under the keys that this container's readers look at."""
    labels = {}
    if language != UNKNOWN:
        labels["language"] = target.language_code(language)
    if title:
        labels["title"] = title
        if target.muxer in ("mp4", "mov"):
            labels["handler_name"] = title  # the only name that ffmpeg 5 writes
    return labels


def _run_ffmpeg(argv: Sequence[str], info: MediaInfo, output: Path, target: Container) -> None:
    timeout_s = _START_S + info.path.stat().st_size / _LEAST_BYTES_PER_S
    try:
        said = run(argv, timeout_s=timeout_s, stage="mux", path=info.path).stderr
    except ToolFailed as error:
        raise _explained(error.stderr_tail, info, output, target) or error from error
    if (explained := _explained(said, info, output, target)) is not None:
        raise explained  # ffmpeg may say this and still end with 0


def _explained(said: str, info: MediaInfo, output: Path, target: Container) -> SubtitlerError | None:
    """The error behind what ffmpeg said, where it is the disk's, the folder's or the container's."""
    folder = os.fspath(output.parent)
    if re.search(r"No space left on device|Disk quota exceeded|File too large", said):
        return DiskFull(
            f"no room in {folder!r} for the muxed film", hint="free some space", stage="mux", path=output
        )
    if re.search(rf"{re.escape(str(output))}.*(Permission denied|Read-only file system|No such file)", said):
        return OutputNotWritable(
            f"{os.fspath(output)!r} cannot be written", hint="check the folder", stage="mux", path=output
        )
    if "Could not write header" in said:
        codecs = ", ".join(track.codec for track in info.tracks if track.kind in ("video", "audio"))
        return UsageError(
            f"{target.name} cannot hold all of {os.fspath(info.path)!r} ({codecs})",
            hint="write an .mkv file, which holds everything",
            stage="mux",
            path=info.path,
        )
    return None


def _check_tracks(written: MediaInfo, kept: Kept, new_count: int) -> None:
    kinds: tuple[TrackKind, ...] = ("video", "audio", "subtitle")
    for kind in kinds:
        due = sum(track.kind == kind for track in (*kept.tracks, *kept.covers))
        due += new_count if kind == "subtitle" else 0
        found = len(written.tracks_of(kind))
        if found != due:
            raise _wrong(written.path, f"{found} {kind} tracks instead of {due}")


def _has_language(track: Track, asked: NewTrack, output: Path) -> bool:
    """Whether the track is tagged as asked; none at all may be all that the container can do."""
    if iso_639_2(track.language) == iso_639_2(asked.language):
        return True
    if track.language != UNKNOWN:
        raise _wrong(output, f"a subtitle track in {track.language} instead of {asked.language}")
    return False


def _check_cues(track: Track, due: int, output: Path) -> None:
    argv = probe_argv(output, "-select_streams", str(track.index), "-show_entries", "packet=size")
    timeout_s = _START_S + output.stat().st_size / _LEAST_BYTES_PER_S
    packets = json.loads(run(argv, timeout_s=timeout_s, stage="mux", path=output).stdout)["packets"]
    found = sum(track.codec != "mov_text" or int(packet["size"]) > _EMPTY_PACKET for packet in packets)
    if found != due:
        raise _wrong(output, f"{found} cues in {track.language} instead of {due}")


def _wrong(output: Path, what: str) -> ToolFailed:
    return ToolFailed(f"ffmpeg wrote {what}", hint="please report this", stage="mux", path=output)
