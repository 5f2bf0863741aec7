"""``subtitler generate MEDIA…``: subtitles of what is said."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from subtitler.cli.options import examples, media_argument, setting_options
from subtitler.config import API, SETTINGS, Settings, choose_engine, is_wished, load_settings
from subtitler.console import Console
from subtitler.errors import BatchFailed, SubtitlerError, UsageError, exit_code_of
from subtitler.outputs import plan_outputs

if TYPE_CHECKING:
    from subtitler.pipeline import JobResult


@click.command(
    "generate",
    epilog=examples(
        "subtitler generate talk.mp4",
        "subtitler generate talk.mp4 -o talk.vtt --task translate",
        "subtitler generate talk.mp4 -f srt -f vtt --mux",
        "subtitler generate talk.mp4 --clip 1:00-2:30",
        "subtitler generate *.mp4 -o subtitles/ --json",
        "subtitler generate talk.mp4 --engine embedded",
        "subtitler generate talk.mp4 --base-url http://localhost:8000/v1 --model whisper-large",
    ),
)
@media_argument("media", "MEDIA...")
@setting_options
def command(media: tuple[str, ...], **flags: object) -> int:
    """Make subtitles of what is said in MEDIA, beside it.

    Every option can also be set by a variable (SUBTITLER_MAX_CHUNK_S for --max-chunk-s), in
    ./subtitler.toml (but not where audio and keys go: --base-url, --insecure-http) or in the user's
    config.toml; see: subtitler config show. With --task translate, --language is not sent to the API.
    """
    inputs = tuple(map(Path, media))
    try:
        settings = load_settings(flags)
    except UsageError as error:
        settings = _as_far_as_known(flags)
        return _fail(error, inputs, settings, _console(settings, inputs))
    return _generate(inputs, settings)


def _as_far_as_known(flags: Mapping[str, object]) -> Settings:
    """What the line of a failure says of the wishes, where they cannot all be read."""
    known: dict[str, object] = {
        name: is_wished(name, flags, os.environ) for name in ("json", "quiet", "debug")
    }
    for name in ("task", "engine", "model"):
        text = flags.get(name) or os.environ.get(SETTINGS[name].variable, "").strip()
        with contextlib.suppress(ValueError):
            known |= {name: SETTINGS[name].kind.parse(str(text))} if text else {}
    return Settings(**known)  # type: ignore[arg-type] # checked by the same table


def _generate(inputs: Sequence[Path], settings: Settings) -> int:
    results: list[JobResult] = []
    engine = settings.engine
    with _console(settings, inputs) as console:

        def on_result(result: JobResult) -> None:
            results.append(result)
            console.print_result(result)

        try:
            choice = choose_engine(settings)
            engine = choice.name
            plans = plan_outputs(inputs, settings, spoken_language=choice.spoken_language)

            from subtitler.batch import run_batch  # noqa: PLC0415 - numpy and more, after all that is cheap to check
            from subtitler.pipeline import Job  # noqa: PLC0415 - the same

            if choice.name == API:
                from subtitler.engines.transport import silence_retry_log  # noqa: PLC0415 - the same

                silence_retry_log()
            jobs = [Job(media=plan.media, settings=settings, outputs=plan) for plan in plans]
            run_batch(jobs, reporter=console, on_result=on_result)
        except SubtitlerError as error:
            return _fail(error, inputs[len(results) :], settings, console, engine=engine)
    failures = [result.error for result in results if result.error is not None]
    if not failures:
        return 0
    if len(inputs) == 1:
        return exit_code_of(failures[0])
    if len(failures) == len(inputs):
        failure = BatchFailed(f"all {len(inputs)} inputs failed")
    else:
        failure = BatchFailed(f"{len(failures)} of {len(inputs)} inputs failed; the rest are done")
    console.print_error(failure)
    return exit_code_of(failure)


def _console(settings: Settings, inputs: Sequence[Path]) -> Console:
    return Console(
        is_quiet=settings.quiet,
        is_json=settings.json,
        shows_tracebacks=settings.debug,
        jobs=len(inputs),
        start_ms=settings.clip.start_ms if settings.clip else 0,
    )


def _fail(
    error: SubtitlerError, left: Sequence[Path], settings: Settings, console: Console, *, engine: str = ""
) -> int:
    """Tell what stopped everything; each input that has no result yet gets its line of JSON too."""
    if settings.json:
        from subtitler.pipeline import JobResult  # noqa: PLC0415 - imported on use

        for path in left:
            result = JobResult(
                input=path,
                status="failed",
                task=settings.task,
                engine=engine or settings.engine,
                model=settings.model or "",
                error=error,
            )
            console.print_json(result.to_json())
    console.print_error(error)
    return exit_code_of(error)
