"""subtitler: from a video to subtitles a professional would sign.

Everything below is imported when it is first used, so that ``import subtitler`` costs nothing.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Final

from subtitler._version import __version__

if TYPE_CHECKING:
    from subtitler.api import generate as generate
    from subtitler.cues import lay_out as lay_out
    from subtitler.errors import SubtitlerError as SubtitlerError
    from subtitler.formats import parse_cues as parse_cues
    from subtitler.media.probe import probe as probe
    from subtitler.media.subtitle_file import read_subtitle_file as read_subtitle_file
    from subtitler.model import Cue as Cue
    from subtitler.model import MediaInfo as MediaInfo
    from subtitler.model import Transcript as Transcript
    from subtitler.pipeline import JobResult as JobResult
    from subtitler.timing import Span as Span

_HOMES: Final = {
    "Cue": "subtitler.model",
    "JobResult": "subtitler.pipeline",
    "MediaInfo": "subtitler.model",
    "Span": "subtitler.timing",
    "SubtitlerError": "subtitler.errors",
    "Transcript": "subtitler.model",
    "generate": "subtitler.api",
    "lay_out": "subtitler.cues",
    "parse_cues": "subtitler.formats",
    "probe": "subtitler.media.probe",
    "read_subtitle_file": "subtitler.media.subtitle_file",
}

__all__ = [
    "Cue",
    "JobResult",
    "MediaInfo",
    "Span",
    "SubtitlerError",
    "Transcript",
    "__version__",
    "generate",
    "lay_out",
    "parse_cues",
    "probe",
    "read_subtitle_file",
]


def __getattr__(name: str) -> object:
    home = _HOMES.get(name)
    if home is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(home), name)


def __dir__() -> list[str]:
    return __all__
