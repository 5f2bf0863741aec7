"""Films around a known track, and when each of its words is heard on the media's clock."""

import json
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Final, NamedTuple

import numpy as np

from emulator.track import RATE, KnownTrack

AUDIO_ONLY: Final = frozenset({"flac", "m4a", "mp3", "ogg", "wav"})
_WIDE_PAUSE_MS: Final = 100  # a codec needs a packet or two on either side of a hole


class _Codec(NamedTuple):
    """How ffmpeg encodes, how long a packet is, and how much it puts before the first sample."""

    argv: tuple[str, ...]
    packet_s: float | None = None
    priming_s: float = 0


_CODECS: Final = {
    "aac": _Codec(
        ("-c:a", "aac", "-aac_coder", "fast", "-b:a", "96k", "-ar", "48000"), 1024 / 48_000, 1024 / 48_000
    ),
    "opus": _Codec(("-c:a", "libopus", "-b:a", "64k", "-ar", "48000"), 0.02, 312 / 48_000),
    "mp3": _Codec(("-c:a", "libmp3lame", "-b:a", "96k", "-ar", "44100"), 1152 / 44_100, 1105 / 44_100),
    "flac": _Codec(("-c:a", "flac")),
    "pcm": _Codec(("-c:a", "pcm_s16le")),
}


class FilmWord(NamedTuple):
    """A word and when it is heard, in milliseconds from the start of the media (its earliest stream)."""

    text: str
    start_ms: int
    end_ms: int


@dataclass(frozen=True)
class Film:
    """A media file and the words that can be heard in it.

    Attributes:
        offset_ms: Media time minus track time.
        hole_ms: Where, on the media's clock, its audio packets are missing.
    """

    path: Path
    words: tuple[FilmWord, ...]
    offset_ms: float = 0
    hole_ms: tuple[int, int] | None = None


def make_film(
    track: KnownTrack,
    path: Path,
    *,
    container: str = "mp4",
    audio_codec: str = "aac",
    audio_delay_s: float = 0,
    video_delay_s: float = 0,
    drop_packets: tuple[float, float] | None = None,
) -> Film:
    """A film of a tiny moving picture and the track's sound.

    Args:
        track: What is said.
        path: Where to write it; its suffix becomes the container's.
        container: ``mp4``, ``mkv``, ``mov``, ``webm``, ``ts``; without a picture those of `AUDIO_ONLY`.
        audio_codec: ``aac``, ``opus``, ``mp3``, ``flac`` or ``pcm``.
        audio_delay_s: How much later than the picture the sound begins.
        video_delay_s: How much later than the sound the picture begins.
        drop_packets: The stretch of the track, in seconds, whose packets are left out while those after
            it keep their times. It begins and ends in wide pauses near by, so that no word is cut, and is
            not shorter than asked.
    """
    path = path.with_suffix(f".{container}")
    codec = _CODECS[audio_codec]
    has_picture = container not in AUDIO_ONLY
    hole = None if drop_packets is None else _widened(track, *drop_packets)
    length_s = len(track.samples) / RATE
    argv = ["ffmpeg", "-y", "-v", "error"]
    if has_picture:
        argv += ["-itsoffset", f"{video_delay_s}"]
        argv += ["-f", "lavfi", "-i", f"testsrc2=size=64x36:rate=2:duration={length_s}"]
    argv += ["-itsoffset", f"{audio_delay_s}", "-f", "s16le", "-ar", f"{RATE}", "-ac", "1", "-i", "pipe:0"]
    if has_picture:
        argv += [
            "-map",
            "0:v",
            "-map",
            "1:a",
            "-pix_fmt",
            "yuv420p",
            "-threads",
            "2",
            *_picture_codec(container),
        ]
    argv += [*codec.argv, *_leave_out(hole, codec), str(path)]
    subprocess.run(argv, input=memoryview(track.samples).cast("B"), check=True)

    offset_ms = 1000 * (_first_packet_s(path) + codec.priming_s)
    words = tuple(
        FilmWord(word.text, _ms(word.start, offset_ms), _ms(word.end, offset_ms))
        for word in track.words
        if hole is None or word.end <= hole[0] or word.start >= hole[1]
    )
    hole_ms = None if hole is None else (_ms(hole[0], offset_ms), _ms(hole[1], offset_ms))
    return Film(path, words, offset_ms, hole_ms)


def _picture_codec(container: str) -> list[str]:
    if container == "webm":
        return ["-c:v", "libvpx", "-deadline", "realtime", "-cpu-used", "8"]
    return ["-c:v", "libx264", "-preset", "ultrafast", "-bf", "0"]


def _leave_out(hole: tuple[int, int] | None, codec: _Codec) -> list[str]:
    """Options that drop the packets of a stretch; those that follow keep their times."""
    if hole is None:
        return []
    if codec.packet_s is None:
        raise ValueError("packets of this codec are of no known length")
    first, last = (round((place / RATE + codec.priming_s) / codec.packet_s) for place in hole)
    return ["-bsf:a", f"noise=drop=between(n\\,{first}\\,{last})"]


def _ms(samples: int, offset_ms: float) -> int:
    return round(samples * 1000 / RATE + offset_ms)


def _widened(track: KnownTrack, start_s: float, end_s: float) -> tuple[int, int]:
    """A stretch at least this long, in samples, from the middle of a wide pause to that of another."""
    middles = np.array([(start + end) // 2 for start, end in track.pauses(_WIDE_PAUSE_MS)])
    start = int(middles[np.argmin(np.abs(middles - start_s * RATE))])
    later = middles[middles >= start + (end_s - start_s) * RATE]
    if not len(later):
        raise ValueError(f"no wide pause is left after {end_s} s")
    return start, int(later[0])


def _first_packet_s(path: Path) -> float:
    """When the audio's first packet begins, on the media's clock."""
    argv = ["ffprobe", "-v", "error", "-select_streams", "a:0", "-read_intervals", "%+#1", "-of", "json"]
    argv += ["-show_entries", "packet=pts_time:format=start_time", str(path)]
    shown = json.loads(subprocess.run(argv, check=True, capture_output=True).stdout)
    return float(shown["packets"][0]["pts_time"]) - float(shown["format"].get("start_time", 0))
