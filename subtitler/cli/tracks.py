"""``subtitler tracks FILE…``: what is inside."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from subtitler.cli.options import examples, media_argument
from subtitler.console import Console
from subtitler.errors import BatchFailed, Cancelled, SubtitlerError, exit_code_of
from subtitler.model import MediaInfo, Track
from subtitler.timing import format_clock


@click.command("tracks", epilog=examples("subtitler tracks talk.mkv", "subtitler tracks *.mp4 --json"))
@media_argument("files", "FILE...")
@click.option("--json", "is_json", is_flag=True, help="Print one line of JSON per file.")
@click.option("--debug", is_flag=True, help="Show a traceback with an error.")
def command(*, files: tuple[str, ...], is_json: bool, debug: bool) -> int:
    """Show the video, audio and subtitle tracks in FILE, with their numbers and languages."""
    from subtitler.media.probe import describe_track, probe  # noqa: PLC0415 - imported on use

    console = Console(is_json=is_json, shows_tracebacks=debug)
    failures = []
    for path in map(Path, files):
        try:
            info = probe(path)
        except Cancelled:
            raise
        except SubtitlerError as error:
            failures.append(error)
            if is_json:
                console.print_json(_failure_json(path, error))
            console.print_error(error)
            continue
        if is_json:
            console.print_json(_json(info))
            continue
        length = "length unknown" if info.duration_ms is None else format_clock(info.duration_ms)
        console.print_line(f"{path}: {info.container}, {length}")
        for track in info.tracks:
            console.print_line(f"  {describe_track(track)}")
    if len(failures) > 1 or (failures and len(files) > 1):
        which = f"all {len(files)}" if len(failures) == len(files) else f"{len(failures)} of {len(files)}"
        raise BatchFailed(f"{which} files cannot be read")
    return exit_code_of(failures[0]) if failures else 0


def _json(info: MediaInfo) -> dict[str, Any]:
    return {
        "schema": 1,
        "input": str(info.path),
        "container": info.container,
        "duration_s": None if info.duration_ms is None else info.duration_ms / 1000,
        "chapters": info.chapters,
        "tracks": [_track_json(track) for track in info.tracks],
        "error": None,
    }


def _track_json(track: Track) -> dict[str, Any]:
    return {
        "kind": track.kind,
        "index": track.index,
        "position": track.position,
        "codec": track.codec,
        "language": track.language,
        "title": track.title,
        "start_s": None if track.start_ms is None else track.start_ms / 1000,
        "duration_s": None if track.duration_ms is None else track.duration_ms / 1000,
        "default": track.is_default,
        "forced": track.is_forced,
        "hearing_impaired": track.is_hearing_impaired,
        "picture": track.is_picture,
        "channels": track.channels,
        "sample_rate": track.sample_rate,
        "width": track.width,
        "height": track.height,
        "frame_rate": track.frame_rate,
    }


def _failure_json(path: Path, error: SubtitlerError) -> dict[str, Any]:
    return {
        "schema": 1,
        "input": str(path),
        "container": None,
        "duration_s": None,
        "chapters": 0,
        "tracks": [],
        "error": {
            "class": type(error).__name__,
            "exit_code": exit_code_of(error),
            "message": error.message,
            "hint": error.hint,
        },
    }
