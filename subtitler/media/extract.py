"""The sound of one track as a stream of samples: 16 kHz, mono, on the media's clock.

Zero is the start of the media, and a sample's index is its time: sound that begins late, and every
hole in it, is filled with silence. Memory does not grow with the length of the media.
"""

from __future__ import annotations

import io
import os
import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, Final, Self

from subtitler.errors import UnreadableMedia, UsageError
from subtitler.media.ffmpeg import decode_argv
from subtitler.media.process import Stream
from subtitler.media.timeline import on_one_line, recut, timed_blocks
from subtitler.timing import Span, format_clock, ms_from_samples, samples_from_ms

if TYPE_CHECKING:
    from types import TracebackType

    from subtitler.model import MediaInfo, Samples, Track

_EXACT_SEEK: Final = frozenset({"mov", "matroska", "wav", "flac", "mp3"})
"""Formats in which decoding from the middle gave the same samples, to the millisecond, as decoding
from the start (AVI was 12 ms off). Transport streams and Ogg may change their clock on the way, so
that a time does not name one place: they are decoded from the start, too."""

_PREROLL_MS: Final = 3000
"""What is decoded before a clip and thrown away, for codecs that need the past."""

_MARGIN_S: Final = 1.0
_SHORT_MS: Final = 2000
_SHORT_PART: Final = 0.01
_LEAST_BITS_PER_SECOND: Final = 100
"""No codec does with less: a header that claims so much time for so few bytes lies."""

_NAMED_CHANNELS: Final = 8
"""Up to here ffmpeg knows what channels without a name mean."""


class Extraction:
    """The samples of one track: a context manager, and an iterator of int16 arrays of one second.

    Attributes:
        sample_count: How many samples have been given so far.
        damage: After the last block: a sentence that says how the sound is broken, None if it is whole.
    """

    def __init__(self, info: MediaInfo, track: Track, clip: Span | None) -> None:
        self.sample_count = 0
        self.damage: str | None = None
        self._info = info
        self._track = track
        self._clip = clip
        self._complaint = ""
        self._complaint_count = 0
        seek_ms, limit_ms = None, None
        if clip is not None:
            begin_ms = clip.start_ms - _PREROLL_MS
            if begin_ms > 0 and _EXACT_SEEK & set(info.container.split(",")):
                seek_ms = begin_ms
            limit_ms = clip.end_ms - (seek_ms or 0)
        self._seek_ms = seek_ms or 0
        self._stream = Stream(
            decode_argv(
                info.path,
                track.position,
                seek_s=None if seek_ms is None else seek_ms / 1000,
                limit_s=None if limit_ms is None else limit_ms / 1000 + _MARGIN_S,
                channels=track.channels if (track.channels or 0) > _NAMED_CHANNELS else None,
            ),
            stage="extract",
            path=info.path,
            on_line=self._note,
        )
        self._blocks = self._decode()

    def __enter__(self) -> Self:
        self._stream.__enter__()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stream.__exit__(kind, error, trace)

    def __iter__(self) -> Iterator[Samples]:
        return self

    def __next__(self) -> Samples:
        """The next block.

        Raises:
            UnreadableMedia: If nothing can be decoded.
            UsageError: If the clip begins after the end.
            ToolError: If ffmpeg crashes or hangs.
        """
        return next(self._blocks)

    def _decode(self) -> Iterator[Samples]:
        heard = 0

        def counted(pieces: Iterator[Samples]) -> Iterator[Samples]:
            nonlocal heard
            for piece in pieces:
                heard += len(piece)
                yield piece

        reader = io.BufferedReader(_Raw(self._stream), 1 << 16)
        pieces = counted(on_one_line(timed_blocks(reader.read)))
        clip = self._clip
        skip = 0 if clip is None else samples_from_ms(clip.start_ms - self._seek_ms)
        limit = None if clip is None else samples_from_ms(clip.duration_ms)
        for block in recut(pieces, skip=skip, limit=limit):
            self.sample_count += len(block)
            yield block
        if limit is not None and self.sample_count == limit:
            self.damage = self._judge(None)
            return
        returncode, said = self._stream.finish()
        is_mute = returncode != 0 and not re.search(r"\[(error|fatal|panic)\]", said)
        if returncode < 0 or returncode == 255 or is_mute:  # a crash, a signal, or it is no ffmpeg
            raise self._stream.failure(returncode)
        self.damage = self._judge(self._seek_ms + ms_from_samples(heard))
        if heard == 0 and (self.damage or returncode != 0):
            raise UnreadableMedia(
                f"nothing can be decoded of audio track {self._track.position} "
                f"of {os.fspath(self._info.path)!r}{self._first_complaint()}",
                hint="check that it plays; is another audio track whole?",
                stage="extract",
                path=self._info.path,
            )
        length_ms = self._info.duration_ms
        if clip is not None and self.sample_count == 0 and (length_ms is None or clip.start_ms >= length_ms):
            raise _clip_too_late(self._info, clip)

    def _judge(self, end_ms: int | None) -> str | None:
        """Whether the sound is whole; ``end_ms`` is where it ended, None if more may have followed."""
        found = []
        declared_ms = declared_end_ms(self._info, self._track)
        if end_ms is not None and declared_ms is not None:
            due_ms = declared_ms if self._clip is None else min(declared_ms, self._clip.end_ms)
            if due_ms - end_ms > max(_SHORT_MS, _SHORT_PART * declared_ms):
                found.append(
                    f"ends at {format_clock(end_ms)}, though the file says {format_clock(declared_ms)}"
                )
        if self._complaint_count:
            times = "1 error" if self._complaint_count == 1 else f"{self._complaint_count} errors"
            found.append(f"gave {times} in reading{self._first_complaint()}")
        if not found:
            return None
        return f"audio track {self._track.position} is damaged: it {' and '.join(found)}"

    def _first_complaint(self) -> str:
        return f" ({self._complaint})" if self._complaint else ""

    def _note(self, line: str) -> None:
        """Count ffmpeg's complaints that are about this track."""
        complaint = complaint_about(line, self._track.codec, self._info.container)
        if complaint is not None:
            self._complaint_count += 1
            self._complaint = self._complaint or complaint


def extract(info: MediaInfo, track: Track, *, clip: Span | None = None) -> Extraction:
    """Decode one audio track.

    Args:
        info: What `probe` found.
        track: One of its audio tracks.
        clip: Only this stretch: the first sample is ``clip.start_ms``. It may end after the media.

    Raises:
        UsageError: If the clip begins after the end of the media.
    """
    if clip is not None and info.duration_ms is not None and clip.start_ms >= info.duration_ms:
        raise _clip_too_late(info, clip)
    return Extraction(info, track, clip)


def declared_end_ms(info: MediaInfo, track: Track) -> int | None:
    """Where a file says that a track ends; None where it says nothing that can be held against it.

    The track's own length counts first. The container's counts only where the track is alone: a film
    may go on in silence. And a length that leaves next to no bits for a second is a lie, not a sign
    of damage.
    """
    if track.duration_ms is not None:
        end_ms = (track.start_ms or 0) + track.duration_ms
    elif info.duration_ms is not None and "matroska" in info.container and len(info.tracks) == 1:
        end_ms = info.duration_ms
    else:
        return None
    try:
        bits = info.path.stat().st_size * 8
    except OSError:
        return None
    return end_ms if bits * 1000 >= end_ms * _LEAST_BITS_PER_SECOND else None


def complaint_about(line: str, codec: str, container: str) -> str | None:
    """What a line of ffmpeg's says against one track or its container; None if it is about others.

    While it looks for the streams ffmpeg tries all decoders: a picture that begins between two key
    frames, or a broken cover, is no fault of the sound.
    """
    match = re.fullmatch(
        r"(?:\[(?P<who>[^\]]*?)(?: @ 0x[0-9a-f]+)?\] )?\[(?:error|fatal|panic)\] (?P<what>.*)", line
    )
    if match is None:
        return None
    who = match["who"]
    is_ours = who is None or who == container or bool(codec and (codec in who or who in codec))
    return match["what"] if is_ours else None


def _clip_too_late(info: MediaInfo, clip: Span) -> UsageError:
    length = "" if info.duration_ms is None else f", which is {format_clock(info.duration_ms)} long"
    return UsageError(
        f"the clip begins at {format_clock(clip.start_ms)}, past the end of {os.fspath(info.path)!r}{length}",
        hint="choose a clip inside the media",
        stage="extract",
        path=info.path,
    )


class _Raw(io.RawIOBase):
    """A `Stream` as Python's own readers want it."""

    def __init__(self, stream: Stream) -> None:
        self._stream = stream

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]  # typeshed's Buffer needs 3.12
        data = self._stream.read(len(buffer))
        buffer[: len(data)] = data
        return len(data)
