"""Many jobs, one after another, with one engine: what fails does not stop the rest."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping, Sequence

from subtitler.config import choose_engine, engine_options
from subtitler.engines import Engine, create_engine
from subtitler.errors import Cancelled, EngineRejected, QuotaExhausted, SubtitlerError
from subtitler.events import Event, JobEnded, Reporter, Warned, silent
from subtitler.pipeline import Job, JobResult, generate


def run_batch(
    jobs: Sequence[Job],
    *,
    reporter: Reporter = silent,
    on_result: Callable[[JobResult], None] = lambda result: None,  # noqa: ARG005 - takes it and does nothing
    environ: Mapping[str, str] | None = None,
) -> list[JobResult]:
    """Do every job, in order.

    A job that fails gives a failed result with its error, and the rest go on; but where the server refuses
    the key or the account is empty, the rest fail with the same error and nothing more is sent.

    Args:
        jobs: At least one; the first one's settings choose the engine for all.
        reporter: Told what happens.
        on_result: Given each result as soon as it stands.
        environ: Where keys are found; None for the environment of the process.

    Raises:
        UsageError: If the engine cannot do what is asked; nothing was done then.
        EngineError: If it cannot work here; nothing was done then.
        Cancelled: If somebody stopped it.
    """
    settings = jobs[0].settings
    choice = choose_engine(settings, environ)
    options = engine_options(settings, choice, environ)
    for message in choice.warnings:
        reporter(Warned(message=message))
    engine = create_engine(choice.name, options, reporter=reporter)
    results: list[JobResult] = []
    last_word: SubtitlerError | None = None
    try:
        for job in jobs:
            result = _result(job, engine, reporter, last_word)
            result = dataclasses.replace(result, warnings=(*choice.warnings, *result.warnings))
            if _concerns_all(result.error):
                last_word = result.error
            results.append(result)
            on_result(result)
    finally:
        engine.close()
    return results


def _result(job: Job, engine: Engine, reporter: Reporter, last_word: SubtitlerError | None) -> JobResult:
    warnings: list[str] = []

    def tell(event: Event) -> None:
        if isinstance(event, Warned):
            warnings.append(event.message)
        reporter(event)

    error = last_word
    if error is None:
        try:
            return generate(job, engine=engine, reporter=tell)
        except Cancelled:
            raise
        except SubtitlerError as failure:
            error = failure
    reporter(JobEnded(path=job.media, status="failed"))
    return JobResult(
        input=job.media,
        status="failed",
        task=job.settings.task,
        engine=engine.name,
        model=engine.model,
        warnings=tuple(warnings),
        error=error,
    )


def _concerns_all(error: SubtitlerError | None) -> bool:
    """Whether the server would say the same to every other job."""
    return isinstance(error, QuotaExhausted) or (isinstance(error, EngineRejected) and error.status == 401)
