"""Outputs: their names, and how a file comes to stand in its place whole or not at all.

What would go wrong after an hour of paid recognition is told before the first request.
"""

from subtitler.outputs.checks import check_outputs
from subtitler.outputs.plan import (
    VIDEO_FLAG,
    OutputPlan,
    OutputSettings,
    plan_outputs,
    require_film,
    video_path,
)
from subtitler.outputs.whole import whole_file, write_text_whole

__all__ = [
    "VIDEO_FLAG",
    "OutputPlan",
    "OutputSettings",
    "check_outputs",
    "plan_outputs",
    "require_film",
    "video_path",
    "whole_file",
    "write_text_whole",
]
