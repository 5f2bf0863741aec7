"""The values that walk down the street: frozen, slotted, keyword-only, without behaviour of their own.

All times are integer milliseconds. In a `Reply` they count from the chunk's start and are the
engine's claims; everywhere else they count from the start of the media and can be relied on.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal, TypeAlias

from subtitler.timing import Span, ms_from_samples

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    Samples: TypeAlias = npt.NDArray[np.int16]
    """Audio inside subtitler: signed 16 bit, mono, 16 kHz; shape ``(n,)``."""

Task: TypeAlias = Literal["transcribe", "translate"]
TrackKind: TypeAlias = Literal["video", "audio", "subtitle", "data", "attachment"]
ResponseFormat: TypeAlias = Literal["auto", "verbose_json", "srt", "vtt", "json", "text"]


class Secret:
    """A value that never shows itself: not in a repr, a log, a traceback or an f-string."""

    __slots__ = ("_value",)

    def __init__(self, value: str) -> None:
        self._value = value

    def reveal(self) -> str:
        """The value itself; call it only where it is handed to its server."""
        return self._value

    def __repr__(self) -> str:
        return "********"

    __str__ = __repr__

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and other._value == self._value

    def __hash__(self) -> int:
        return hash(self._value)

    def __reduce__(self) -> str:
        raise TypeError("a secret is not pickled")


@dataclass(frozen=True, slots=True, kw_only=True)
class Track:
    """One stream in a media file.

    Attributes:
        kind: What it is.
        index: Its number among all streams, as in ffmpeg's ``0:INDEX``.
        position: Its number among the streams of its kind, as in ffmpeg's ``0:a:POSITION``.
        codec: ffmpeg's name of the codec, or ``""`` if ffmpeg does not know it.
        language: BCP 47, ``und`` if unknown.
        start_ms: Where it begins on the media's clock (0 is the earliest stream); None if unknown.
        duration_ms: How long the container says it is; None if it says nothing.
        frame_rate: Frames per second of a video track, else None.
        is_picture: An attached picture (cover art), which is no film.
    """

    kind: TrackKind
    index: int
    position: int
    codec: str = ""
    language: str = "und"
    title: str = ""
    start_ms: int | None = None
    duration_ms: int | None = None
    is_default: bool = False
    is_forced: bool = False
    is_hearing_impaired: bool = False
    is_picture: bool = False
    channels: int | None = None
    sample_rate: int | None = None
    width: int | None = None
    height: int | None = None
    frame_rate: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class MediaInfo:
    """What `probe` found in a media file.

    Attributes:
        path: The file.
        container: ffmpeg's name of the container format (``mov,mp4,m4a,3gp,3g2,mj2``).
        start_ms: The container's clock at the start of the media (ffprobe's ``format.start_time``).
        duration_ms: The container's declared length; None if it declares none.
        tracks: Every stream, in the file's order.
        chapters: How many chapters it has.
    """

    path: Path
    container: str
    start_ms: int = 0
    duration_ms: int | None = None
    tracks: tuple[Track, ...] = ()
    chapters: int = 0

    def tracks_of(self, kind: TrackKind) -> tuple[Track, ...]:
        """The tracks of one kind, in the file's order."""
        return tuple(track for track in self.tracks if track.kind == kind)

    @property
    def has_film(self) -> bool:
        """Whether there is a moving picture (cover art does not count)."""
        return any(track.kind == "video" and not track.is_picture for track in self.tracks)


@dataclass(frozen=True, slots=True, kw_only=True)
class Chunk:
    """A slice of audio sent to an engine.

    Attributes:
        index: Its place in the plan, from 0.
        start_sample: First sample, counted from the start of the media.
        end_sample: One past the last sample.
        speech: Where speech was found inside it, in media time.
        overlaps_previous: It begins before the chunk before it ends, because there was no pause to
            cut in: `stitching` chooses the words of the shared stretch.
    """

    index: int
    start_sample: int
    end_sample: int
    speech: tuple[Span, ...] = ()
    overlaps_previous: bool = False

    @property
    def span(self) -> Span:
        """Its place in media time."""
        return Span(ms_from_samples(self.start_sample), ms_from_samples(self.end_sample))


@dataclass(frozen=True, slots=True, kw_only=True)
class Word:
    """A timed token; punctuation hangs on the word it follows or opens.

    Attributes:
        confidence: 0 to 1, None if the engine does not say.
        is_estimated: Its time was shared out over a longer stretch, not heard by the engine.
    """

    text: str
    span: Span
    confidence: float | None = None
    is_estimated: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Segment:
    """What an engine returns for a stretch of speech.

    Attributes:
        words: Its words; empty in a `Reply` whose engine times segments only, never empty in a
            `Transcript`.
        avg_logprob: Mean log probability of its tokens, None if unknown.
        no_speech_prob: The engine's doubt that anybody speaks, 0 to 1, None if unknown.
    """

    text: str
    span: Span
    words: tuple[Word, ...] = ()
    avg_logprob: float | None = None
    no_speech_prob: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """What an engine said about one chunk: claims, in milliseconds from the chunk's start.

    Attributes:
        text: All it understood, as one string.
        segments: Its timed pieces, in order; empty if it times nothing.
        words: Its timed words, in order, punctuated or bare; empty if it times no words.
        language: BCP 47, None if it does not say.
    """

    text: str
    segments: tuple[Segment, ...] = ()
    words: tuple[Word, ...] = ()
    language: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ChunkResult:
    """A chunk and what was said about it: what a store keeps and `stitching` joins."""

    chunk: Chunk
    reply: Reply


@dataclass(frozen=True, slots=True, kw_only=True)
class Transcript:
    """Segments timed from the media's start: clamped, in order, every one with its words.

    Attributes:
        language: BCP 47 of the film, ``und`` if nobody said.
        speech: Where speech was found in the whole film.
    """

    segments: tuple[Segment, ...]
    language: str = "und"
    speech: tuple[Span, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Cue:
    """What a viewer sees at one moment.

    Attributes:
        lines: Rows of text, top to bottom; none is empty, none holds a line break.
    """

    span: Span
    lines: tuple[str, ...]

    @property
    def text(self) -> str:
        """The rows joined by line breaks."""
        return "\n".join(self.lines)
