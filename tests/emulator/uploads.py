"""An uploaded file: what it is by its first bytes, and its samples."""

import io
import subprocess
import tempfile
from pathlib import Path

import numpy as np
import soundfile

from emulator.track import RATE, Samples


class UndecodableUpload(Exception):
    """There is no audio to be had from it."""


def is_of_format(content: bytes, extension: str) -> bool:
    """Whether the first bytes are those of a file with this extension."""
    match extension:
        case "flac":
            return content.startswith(b"fLaC")
        case "wav":
            return content.startswith(b"RIFF") and content[8:12] == b"WAVE"
        case "ogg" | "oga":
            return content.startswith(b"OggS")
        case "mp3" | "mpga" | "mpeg":
            is_frame = len(content) > 1 and content[0] == 0xFF and content[1] & 0xE0 == 0xE0
            return is_frame or content.startswith((b"ID3", b"\x00\x00\x01\xba"))
        case "mp4" | "m4a":
            return content[4:8] == b"ftyp"
        case "webm":
            return content.startswith(b"\x1a\x45\xdf\xa3")
        case _:
            return False


def decoded(content: bytes, extension: str) -> Samples:
    """16 kHz mono int16.

    Raises:
        UndecodableUpload: If it is broken, or holds no audio.
    """
    if extension in {"flac", "wav"}:
        try:
            with soundfile.SoundFile(io.BytesIO(content)) as file:
                if (file.samplerate, file.channels) == (RATE, 1):
                    samples: Samples = file.read(dtype="int16")
                    if len(samples) != file.frames:
                        raise UndecodableUpload("it ends before its end")
                    return samples
        except soundfile.LibsndfileError as error:
            raise UndecodableUpload(str(error)) from error
    return _decoded_by_ffmpeg(content, extension)


def _decoded_by_ffmpeg(content: bytes, extension: str) -> Samples:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"upload.{extension}"  # a pipe cannot be sought, and mp4 must be
        path.write_bytes(content)
        argv = ["ffmpeg", "-nostdin", "-v", "error", "-i", str(path), "-map", "0:a:0"]
        argv += ["-ac", "1", "-ar", str(RATE), "-f", "s16le", "pipe:1"]
        done = subprocess.run(argv, capture_output=True, check=False)
    if done.returncode != 0:
        raise UndecodableUpload(done.stderr.decode(errors="replace"))
    return np.frombuffer(done.stdout, dtype="<i2")
