"""From a transcript to what a viewer sees: cues that can be read."""

from subtitler.cues.layout import lay_out
from subtitler.cues.styleguide import DEFAULT_STYLE, StyleGuide

__all__ = ["DEFAULT_STYLE", "StyleGuide", "lay_out"]
