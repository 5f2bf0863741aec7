"""The library's front door: one media file, one call."""

from __future__ import annotations

import os
from pathlib import Path

from subtitler.batch import run_batch
from subtitler.config import choose_engine, load_settings
from subtitler.events import Reporter, silent
from subtitler.outputs import plan_outputs
from subtitler.pipeline import Job, JobResult


def generate(media: str | os.PathLike[str], *, reporter: Reporter = silent, **settings: object) -> JobResult:
    """Make subtitles of what is said in a media file, as ``subtitler generate`` does.

    Args:
        media: Any file that ffmpeg reads, video or audio.
        reporter: Told what happens, event by event.
        settings: The options of ``subtitler generate`` by their names (``language="de"``,
            ``format=["srt", "vtt"]``, ``max_chunk_s=60``); what is not given comes from the environment
            and the configuration files, as on the command line.

    Returns:
        What was written, and what a person should know about it.

    Raises:
        SubtitlerError: If it cannot be done; its class says why, its ``hint`` what to do.
    """
    chosen = load_settings(settings)
    (outputs,) = plan_outputs([Path(media)], chosen, spoken_language=choose_engine(chosen).spoken_language)
    (result,) = run_batch([Job(media=Path(media), settings=chosen, outputs=outputs)], reporter=reporter)
    if result.error is not None:
        raise result.error
    return result
