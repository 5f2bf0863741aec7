"""A batch: one engine for all, what fails does not stop the rest, what concerns all does."""

from pathlib import Path

import pytest

from subtitler import batch
from subtitler.config import load_settings
from subtitler.errors import (
    Cancelled,
    EngineError,
    EngineRejected,
    QuotaExhausted,
    UnreadableMedia,
    UsageError,
)
from subtitler.events import Warned
from subtitler.outputs import plan_outputs
from subtitler.pipeline import Job

NAMES = ["a.mp4", "b.mp4", "c.mp4"]


class Recogniser:
    """An engine that is only made and closed."""

    name = "api"
    model = "m"
    spoken_language = None
    closed = 0

    def __init__(self, reporter):
        self.reporter = reporter

    def close(self):
        self.closed += 1


@pytest.fixture
def run(monkeypatch):
    """Run a batch of three in which the jobs end as told: the results, and the jobs that were begun."""

    def run(*endings, **flags):
        settings = load_settings({"base_url": "http://127.0.0.1:1/v1", **flags}, environ={})
        plans = plan_outputs([Path(name) for name in NAMES], settings)
        jobs = [Job(media=plan.media, settings=settings, outputs=plan) for plan in plans]
        engines, done = [], []

        def create_engine(name, options, *, reporter):
            engines.append(Recogniser(reporter))
            return engines[-1]

        def generate(job, *, engine, record):
            ending = endings[len(done)]
            done.append(job.media.name)
            engine.reporter(Warned(message=f"about {job.media}"))
            if isinstance(ending, BaseException):
                raise ending
            return record.result("done")

        monkeypatch.setattr(batch, "create_engine", create_engine)
        monkeypatch.setattr(batch, "generate", generate)
        told = []
        try:
            results = batch.run_batch(jobs, on_result=told.append, environ={})
        finally:
            assert [engine.closed for engine in engines] in ([], [1]), "one engine, closed once"
        assert told == results
        return results, done

    return run


def test_a_failed_job_keeps_its_error_and_warnings_and_the_rest_are_done(run):
    error = UnreadableMedia("b.mp4 is odd")
    results, done = run(None, error, None)
    assert done == NAMES
    assert [result.status for result in results] == ["done", "failed", "done"]
    assert [str(result.input) for result in results] == NAMES
    assert (results[1].error, results[1].warnings) == (error, ("about b.mp4",))
    assert results[1].engine == "api"


def test_what_the_engine_warns_of_is_told_with_the_job_at_work(run):
    results, _ = run(None, EngineError("odd"), None)
    assert [result.warnings for result in results] == [(f"about {name}",) for name in NAMES]


def test_a_fault_of_ours_fails_its_job_alone_and_keeps_its_cause(run):
    fault = KeyError("bug")
    results, done = run(None, fault, None)
    assert done == NAMES
    assert [result.status for result in results] == ["done", "failed", "done"]
    assert results[1].error.exit_code == 1
    assert "a fault in subtitler itself: KeyError" in results[1].error.message
    assert results[1].error.__cause__ is fault


@pytest.mark.parametrize(
    "error", [EngineRejected("wrong key", status=401), QuotaExhausted("empty", status=429)]
)
def test_what_the_server_would_say_to_all_is_asked_once(run, error):
    results, done = run(None, error)
    assert done == NAMES[:2]
    assert [result.error for result in results] == [None, error, error]


def test_a_request_that_is_wrong_for_one_file_does_not_stop_the_rest(run):
    _, done = run(EngineRejected("too long", status=400), EngineError("odd"), None)
    assert done == NAMES


def test_a_user_who_stops_it_stops_it(run):
    with pytest.raises(Cancelled):
        run(None, Cancelled())
    with pytest.raises(KeyboardInterrupt):
        run(None, KeyboardInterrupt())


def test_what_no_engine_can_do_is_raised_before_any_is_made(run):
    with pytest.raises(UsageError):
        run(engine="embedded", task="translate")
