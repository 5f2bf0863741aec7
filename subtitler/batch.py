"""Many jobs, one after another, with one engine: what fails does not stop the rest."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from subtitler.config import choose_engine, engine_options
from subtitler.engines import create_engine
from subtitler.errors import Cancelled, EngineRejected, QuotaExhausted, SubtitlerError, own_fault
from subtitler.events import Event, JobEnded, Reporter, Warned, silent
from subtitler.pipeline import Job, JobRecord, JobResult, generate


def run_batch(
    jobs: Sequence[Job],
    *,
    reporter: Reporter = silent,
    on_result: Callable[[JobResult], None] = lambda result: None,  # noqa: ARG005 - takes it and does nothing
    environ: Mapping[str, str] | None = None,
) -> list[JobResult]:
    """Do every job, in order.

    A job that fails, be it by a fault of this program, gives a failed result with its error, and the rest go
    on; but where the server refuses the key or the account is empty, the rest fail with the same error and
    nothing more is sent.

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
    common: list[str] = []
    relay = _Relay(_noting(common, reporter))
    for message in choice.warnings:
        relay(Warned(message=message))
    engine = create_engine(choice.name, options, reporter=relay)
    results: list[JobResult] = []
    last_word: SubtitlerError | None = None
    try:
        for job in jobs:
            record = JobRecord(job, engine, reporter, warnings=common)
            relay.target = record
            result = _result(record, last_word)
            if _concerns_all(result.error):
                last_word = result.error
            results.append(result)
            on_result(result)
    finally:
        engine.close()
    return results


class _Relay:
    """The engine's reporter, which outlives the jobs: what it is told reaches the job at work."""

    def __init__(self, target: Reporter) -> None:
        self.target = target

    def __call__(self, event: Event) -> None:
        self.target(event)


def _noting(warnings: list[str], reporter: Reporter) -> Reporter:
    def note(event: Event) -> None:
        if isinstance(event, Warned):
            warnings.append(event.message)
        reporter(event)

    return note


def _result(record: JobRecord, last_word: SubtitlerError | None) -> JobResult:
    error = last_word
    if error is None:
        try:
            return generate(record.job, engine=record.engine, record=record)
        except Cancelled:
            raise
        except SubtitlerError as failure:
            error = failure
        except Exception as fault:  # noqa: BLE001 - it ends this job, not the rest; its cause is kept
            error = own_fault(fault)
    record(JobEnded(path=record.job.media, status="failed", outputs=tuple(record.outputs)))
    return record.result("failed", error=error)


def _concerns_all(error: SubtitlerError | None) -> bool:
    """Whether the server would say the same to every other job."""
    return isinstance(error, QuotaExhausted) or (isinstance(error, EngineRejected) and error.status == 401)
