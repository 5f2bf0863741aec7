"""subtitler: from a video to subtitles a professional would sign."""

from subtitler._version import __version__

__all__ = ["__version__"]
