"""What ffmpeg and ffprobe are asked: argument lists, built through ffmpeg-python.

A file is always named by a ``file:`` URL of its absolute path: no leading dash, colon or ``%d`` in
its name means anything to ffmpeg then. Only local files may be opened, whatever a playlist in
disguise asks for.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from subtitler.errors import ToolFailed
from subtitler.media.process import run
from subtitler.timing import SAMPLE_RATE

_PROTOCOLS: Final = "file,pipe"
_QUIET: Final = ("-nostdin", "-hide_banner", "-v", "repeat+level+error")

_MEDIA_CLOCK: Final = {
    # In a transport stream ffmpeg moves zero to the first of the streams that are used: late audio,
    # used alone, would begin at 0. It leaves alone a file that carries an offset, however small.
    "itsoffset": "0.000001",
    # And it closes holes of more than 10 s there; up to an hour they are time that passed.
    "dts_delta_threshold": "3600",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class OutputStream:
    """A stream of a muxed file.

    Attributes:
        source: The number of its input: 0 is the media, 1 and up the new subtitles.
        index: Its number in that input.
        codec: An encoder, or ``copy``.
        metadata: Keys to set, beside those that are copied.
        disposition: ``default``, ``0`` for none …; None leaves it as it is.
    """

    source: int
    index: int
    codec: str = "copy"
    metadata: Mapping[str, str] = field(default_factory=dict)
    disposition: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Attachment:
    """A file to be attached, and what is said about it (Matroska wants ``mimetype`` and ``filename``)."""

    path: Path
    metadata: Mapping[str, str]


def media_url(path: str | os.PathLike[str]) -> str:
    """The name under which ffmpeg opens a file, and only that file."""
    return f"file:{Path(path).absolute()}"


def probe_argv(path: Path, *options: str) -> list[str]:
    """Ask ffprobe about a file, to be answered in JSON."""
    return [
        *("ffprobe", "-hide_banner", "-v", "repeat+level+warning", "-protocol_whitelist", _PROTOCOLS),
        *(*options, "-of", "json", media_url(path)),
    ]


def decode_argv(
    path: Path,
    position: int,
    *,
    seek_s: float | None = None,
    limit_s: float | None = None,
    channels: int | None = None,
) -> list[str]:
    """Decode one audio track to 16 kHz mono samples on stdout, each block with its time.

    The blocks come as Matroska, because raw samples have no times: what is late or missing would
    close up. (ffmpeg's own cure, ``aresample=async=1:first_pts=0``, fills holes well, but starts
    again at 0 wherever the number of channels or the sample rate changes, and then repeats all the
    time that has passed as silence; broadcasts change between film and advertisements.)

    Args:
        path: The media.
        position: The track's number among the audio tracks.
        seek_s: Where on the media's clock to begin and to count from; its start if None.
        limit_s: How much to decode; all if None.
        channels: How many channels to add up, where they have no names that ffmpeg could go by.
    """
    import ffmpeg  # noqa: PLC0415 - imported on use

    seek = {} if seek_s is None else {"ss": f"{seek_s:.3f}"}
    limit = {} if limit_s is None else {"t": f"{limit_s:.3f}"}
    source = ffmpeg.input("<media>", protocol_whitelist=_PROTOCOLS, **_MEDIA_CLOCK, **seek)
    filters = ["atrim=start=0"]
    if channels:
        filters.insert(0, f"pan=mono|c0<{'+'.join(f'c{channel}' for channel in range(channels))}")
    output = source[f"a:{position}"].output(
        "pipe:1",
        format="matroska",
        acodec="pcm_s16le",
        af=",".join(filters),
        ac=1,
        ar=SAMPLE_RATE,
        vn=None,
        sn=None,
        dn=None,
        map_metadata=-1,
        map_chapters=-1,
        **limit,
    )
    return _compile(output, {"<media>": media_url(path)})


def mux_argv(
    media: Path,
    subtitles: Sequence[Path],
    streams: Sequence[OutputStream],
    output: Path,
    *,
    muxer: str,
    attachments: Sequence[Attachment] = (),
) -> list[str]:
    """Write a file of the given streams of ``media`` (input 0) and ``subtitles`` (1, 2 …)."""
    import ffmpeg  # noqa: PLC0415 - imported on use

    inputs = [ffmpeg.input("<media>", protocol_whitelist=_PROTOCOLS, fflags="+genpts", **_MEDIA_CLOCK)]
    names = {"<media>": media_url(media), "<output>": media_url(output)}
    for number, path in enumerate(subtitles, start=1):
        names[f"<subtitles {number}>"] = media_url(path)
        inputs.append(ffmpeg.input(f"<subtitles {number}>", protocol_whitelist=_PROTOCOLS))
    options: dict[str, Any] = {
        "format": muxer,
        "map_metadata": 0,
        "map_chapters": 0,
        "copyinkf": None,  # a film that begins between two key frames is still copied whole
        "max_muxing_queue_size": 9999,  # sound that begins minutes after the picture
    }
    if muxer in ("mp4", "mov"):
        options["movflags"] = "+faststart"
    repeated: list[str] = []
    for number, stream in enumerate(streams):
        options[f"c:{number}"] = stream.codec
        if stream.disposition is not None:
            options[f"disposition:{number}"] = stream.disposition
        for key, value in stream.metadata.items():
            repeated += [f"-metadata:s:{number}", f"{key}={value}"]
    for number, attachment in enumerate(attachments, start=len(streams)):
        repeated += ["-attach", media_url(attachment.path)]
        for key, value in attachment.metadata.items():
            repeated += [f"-metadata:s:{number}", f"{key}={value}"]
    chosen = [inputs[stream.source][str(stream.index)] for stream in streams]
    return _compile(ffmpeg.output(*chosen, "<output>", **options), names, repeated)


def picture_argv(path: Path, index: int) -> list[str]:
    """Copy an attached picture, as it is, to stdout."""
    import ffmpeg  # noqa: PLC0415 - imported on use

    source = ffmpeg.input("<media>", protocol_whitelist=_PROTOCOLS)
    output = source[str(index)].output("pipe:1", format="image2pipe", c="copy", **{"frames:v": 1})
    return _compile(output, {"<media>": media_url(path)})


def tool_version(name: str) -> str:
    """The version that ``ffmpeg`` or ``ffprobe`` gives itself, ``5.1.9-0+deb12u1``.

    Raises:
        ToolNotFound: If it is not installed.
        ToolFailed: If it does not say.
    """
    argv = [name, "-version"]
    words = run(argv, timeout_s=30, stage="doctor").stdout.decode("utf-8", "replace").split(maxsplit=3)
    if words[:2] != [name, "version"] or len(words) < 3:
        raise ToolFailed(f"{name} does not say its version", argv=tuple(argv), stage="doctor")
    return words[2]


def _compile(
    output: Any,  # noqa: ANN401 - ffmpeg-python has no types
    names: Mapping[str, str],
    repeated: Sequence[str] = (),
) -> list[str]:
    """The argument list.

    Args:
        output: What ffmpeg-python made.
        names: What stands for the files in it: it cannot take names that are not valid UTF-8.
        repeated: What it cannot say: an option that is given twice.
    """
    argv: list[str] = output.compile(cmd=["ffmpeg", *_QUIET], overwrite_output=False)
    *words, last = (names.get(word, word) for word in argv)
    return [*words, *repeated, "-y", last]
