"""What each kind of video file can hold, and what becomes of a film's tracks in it: no I/O here."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from subtitler.errors import UsageError
from subtitler.languages import iso_639_2
from subtitler.media.probe import describe_track

if TYPE_CHECKING:
    from subtitler.model import MediaInfo, Track

_TEXT: Final = frozenset(
    {"subrip", "mov_text", "webvtt", "ass", "ssa", "text", "ttml", "eia_608", "microdvd", "subviewer"}
)
_IMAGES: Final = frozenset({"dvd_subtitle", "hdmv_pgs_subtitle", "dvb_subtitle"})
_NEVER_MP4: Final = frozenset(
    {"vp8", "theora", "wmv1", "wmv2", "msmpeg4v3", "flv1", "prores", "ffv1", "huffyuv", "wmav1", "wmav2"}
    | {"speex"}
)
_QUICKTIME: Final = frozenset({"deu", "nld", "ell", "isl", "zho", "fas", "msa"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Container:
    """One kind of video file.

    Attributes:
        name: What people call it: its suffix.
        muxer: What ffmpeg calls it.
        native_text: Codecs of text subtitles that it holds as they are.
        text_encoder: What other text is converted to.
        new_format: The format in which new subtitles are handed to ffmpeg.
        new_encoder: What ffmpeg makes of them; ``copy`` keeps every letter.
        codecs: The picture and sound it takes; None where only ffmpeg knows.
        refused: Picture and sound it never takes, where only ffmpeg knows the rest.
        has_images: It holds subtitles that are pictures.
        has_attachments: It holds attached files, such as fonts.
        has_covers: It holds a picture that is no film.
        attaches_covers: Such a picture is an attached file in it.
    """

    name: str
    muxer: str
    native_text: frozenset[str]
    text_encoder: str
    new_format: str
    new_encoder: str
    codecs: frozenset[str] | None = None
    refused: frozenset[str] = frozenset()
    has_images: bool = False
    has_attachments: bool = False
    has_covers: bool = False
    attaches_covers: bool = False

    def language_code(self, tag: str) -> str:
        """What is written for a language: ISO 639-2, in the form this container's players know."""
        code = iso_639_2(tag)
        # QuickTime has a list of languages, of which ffmpeg knows these by the older code only
        is_older = self.muxer in ("matroska", "webm") or (self.muxer == "mov" and code in _QUICKTIME)
        return iso_639_2(tag, bibliographic=True) if is_older else code


# mov_text is made by ffmpeg, which reads ``<`` and ``&`` as text only where they are escaped: in WebVTT
# (ours has no STYLE block, with which ffmpeg would find no cue at all).
_MP4: Final = Container(
    name="mp4",
    muxer="mp4",
    native_text=frozenset({"mov_text"}),
    text_encoder="mov_text",
    new_format="vtt",
    new_encoder="mov_text",
    refused=_NEVER_MP4,
    has_covers=True,
)
_MOV: Final = Container(
    name="mov",
    muxer="mov",
    refused=frozenset({"vp8", "vp9", "opus"}),
    native_text=frozenset({"mov_text"}),
    text_encoder="mov_text",
    new_format="vtt",
    new_encoder="mov_text",
)
_MKV: Final = Container(
    name="mkv",
    muxer="matroska",
    native_text=frozenset({"subrip", "ass", "ssa", "webvtt"}),
    text_encoder="srt",
    new_format="srt",
    new_encoder="copy",
    has_images=True,
    has_attachments=True,
    has_covers=True,
    attaches_covers=True,
)
_WEBM: Final = Container(
    name="webm",
    muxer="webm",
    native_text=frozenset({"webvtt"}),
    text_encoder="webvtt",
    new_format="vtt",
    new_encoder="copy",
    codecs=frozenset({"vp8", "vp9", "av1", "vorbis", "opus"}),
)
CONTAINERS: Final[Mapping[str, Container]] = {
    "mp4": _MP4,
    "m4v": _MP4,
    "mov": _MOV,
    "mkv": _MKV,
    "webm": _WEBM,
}
"""What can be written, by the suffix of the file."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """A film's tracks in a new file.

    Attributes:
        tracks: Those that become streams, in the film's order.
        covers: Pictures that become attached files.
        warnings: One sentence for each track that is left out or replaced.
    """

    tracks: tuple[Track, ...]
    covers: tuple[Track, ...]
    warnings: tuple[str, ...]


def container_named(suffix: str) -> Container:
    """The container behind a suffix, with or without its dot.

    Raises:
        UsageError: If it cannot be written.
    """
    name = suffix.removeprefix(".").lower()
    if name not in CONTAINERS:
        raise UsageError(
            f"cannot put subtitles into a {suffix or 'nameless'} file",
            hint=f"write one of {', '.join(CONTAINERS)}; mkv holds everything",
            stage="mux",
        )
    return CONTAINERS[name]


def sort_tracks(
    info: MediaInfo, target: Container, *, dropped_languages: frozenset[str] = frozenset()
) -> Kept:
    """Decide what becomes of every track of a film.

    Args:
        info: The film.
        target: Where it goes.
        dropped_languages: ISO 639-2 codes whose subtitles are replaced by new ones.

    Raises:
        UsageError: If the container cannot hold the picture or the sound: a copy without them helps nobody.
    """
    tracks: list[Track] = []
    covers: list[Track] = []
    warnings: list[str] = []
    for track in info.tracks:
        if track.kind == "subtitle" and iso_639_2(track.language) in dropped_languages:
            warnings.append(f"took out {describe_track(track)}: the new one replaces it")
            continue
        if _is_chapter_list(track, info):
            continue  # written anew, from the chapters
        if not _holds(target, track):
            warnings.append(f"left out {describe_track(track)}: {target.name} cannot hold it")
        elif track.is_picture and target.attaches_covers:
            covers.append(track)
        else:
            _check_codec(target, track, info)
            tracks.append(track)
    return Kept(tracks=tuple(tracks), covers=tuple(covers), warnings=tuple(warnings))


def refuse_unmuxable(info: MediaInfo, suffix: str) -> None:
    """Refuse, before any work, a film that the container behind a suffix cannot hold.

    Raises:
        UsageError: If picture or sound do not fit, as far as that is known here; ffmpeg knows the rest.
    """
    sort_tracks(info, container_named(suffix))


def encoder_for(track: Track, target: Container) -> str:
    """How a track that is there already is written."""
    is_foreign_text = track.kind == "subtitle" and track.codec in _TEXT - target.native_text
    return target.text_encoder if is_foreign_text else "copy"


def _holds(target: Container, track: Track) -> bool:
    if not track.codec and track.kind != "attachment":
        return False  # ffmpeg cannot copy what it cannot name
    match track.kind:
        case "data":
            return False  # timecodes and the like belong to the container they were made for
        case "attachment":
            return target.has_attachments
        case "subtitle":
            return track.codec in _TEXT or (target.has_images and track.codec in _IMAGES)
        case "video" if track.is_picture:
            return target.has_covers
        case _:
            return True


def _is_chapter_list(track: Track, info: MediaInfo) -> bool:
    """QuickTime keeps the names of chapters in a track of their own."""
    return track.kind == "data" and track.codec == "bin_data" and info.chapters > 0


def _check_codec(target: Container, track: Track, info: MediaInfo) -> None:
    is_refused = track.codec in target.refused or (
        target.codecs is not None and track.codec not in target.codecs
    )
    if track.kind in ("video", "audio") and is_refused:
        raise UsageError(
            f"{target.name} cannot hold the {track.kind} of {str(info.path)!r} ({track.codec})",
            hint="write an .mkv file, which holds everything",
            stage="mux",
            path=info.path,
        )
