"""The console: stdout for results, stderr for the rest, and nothing that spoils a terminal."""

import errno
import io
import json
import os
import threading
import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from subtitler import console as console_module
from subtitler.config import load_settings
from subtitler.console import Console, encodable, indented, printable
from subtitler.errors import EngineError, OutputError, OutputExists, UsageError
from subtitler.events import (
    AudioHeard,
    ChunkDone,
    ChunkPlanned,
    JobEnded,
    JobStarted,
    Retrying,
    StageStarted,
    Warned,
)
from subtitler.pipeline import JobResult
from subtitler.timing import Span

TALK = Path("talk.mp4")


class Screen(io.StringIO):
    """A stream that can be asked what it is."""

    def __init__(self, *, encoding="utf-8", is_terminal=False):
        super().__init__()
        self._encoding = encoding
        self._is_terminal = is_terminal

    @property
    def encoding(self):
        return self._encoding

    def isatty(self):
        return self._is_terminal


@pytest.fixture
def clock(monkeypatch):
    """Time that stands still until it is told to go on."""
    now = [100.0]
    monkeypatch.setattr(console_module.time, "monotonic", lambda: now[0])

    def go_on(seconds):
        now[0] += seconds

    return go_on


def result(**facts):
    return JobResult(
        **{"input": TALK, "status": "done", "task": "transcribe", "engine": "api", "model": "m", **facts}
    )


def console(**options):
    out, err = Screen(), Screen(**options.pop("stderr", {}))
    return Console(stdout=out, stderr=err, **options), out, err


def chunk(index, start_ms, end_ms):
    return {"index": index, "span": Span(start_ms, end_ms)}


def test_a_result_is_one_line_for_each_file_on_stdout():
    told, out, err = console()
    told.print_result(
        result(outputs=(Path("talk.en.srt"), Path("x.mkv")), cues=123, language="en", media_s=61.0)
    )
    assert out.getvalue() == (
        "wrote talk.en.srt (123 cues, en, 1:01 of media)\nwrote x.mkv (123 cues, en, 1:01 of media)\n"
    )
    assert err.getvalue() == ""


def test_an_error_is_one_line_and_its_hint_another_on_stderr():
    told, out, err = console()
    told.print_error(OutputExists("talk.srt: exists already", hint="give --overwrite"))
    assert err.getvalue() == "error: talk.srt: exists already\nhint: give --overwrite\n"
    assert out.getvalue() == ""


def test_a_traceback_is_shown_only_where_it_is_wished():
    with pytest.raises(UsageError) as caught:
        load_settings({"task": "sing"})
    for wish in (False, True):
        told, _, err = console(shows_tracebacks=wish)
        told.print_error(caught.value)
        assert ("Traceback" in err.getvalue()) == wish


def test_with_json_stdout_holds_one_line_a_result_and_nothing_else():
    told, out, err = console(is_json=True)
    for status, error in (("done", None), ("failed", UsageError("no", hint="yes"))):
        told(JobStarted(path=TALK, engine="api", media_ms=1000))
        told.print_result(result(input=Path("t\n\udcffä.mp4"), status=status, error=error))
    lines = [json.loads(line) for line in out.getvalue().splitlines()]
    assert [line["status"] for line in lines] == ["done", "failed"]
    assert lines[0]["input"] == "t\n\udcffä.mp4"
    assert lines[1]["error"] == {"class": "UsageError", "exit_code": 2, "message": "no", "hint": "yes"}
    assert out.getvalue().isascii()
    assert "mp4: no\nhint: yes" in err.getvalue()


def test_quiet_leaves_errors_and_warnings():
    told, out, err = console(is_quiet=True)
    told(JobStarted(path=TALK, engine="api", media_ms=1000))
    told(Retrying(attempt=1, wait_s=1, reason="503"))
    told(StageStarted(stage="write"))
    told(Warned(message="odd"))
    told(JobEnded(path=TALK, status="done"))
    told.print_result(result(outputs=(TALK,)))
    told.print_error(UsageError("no"))
    assert out.getvalue() == ""
    assert err.getvalue() == "warning: odd\nerror: no\n"


def test_plain_progress_comes_every_tenth_or_ten_seconds_but_not_in_bursts(clock):
    told, _, err = console(jobs=2)
    told(JobStarted(path=TALK, engine="api", media_ms=1_000_000))
    for index in range(100):
        told(ChunkPlanned(**chunk(index, index * 10_000, index * 10_000 + 10_000)))
    for index in range(100):
        clock(0.5)
        told(ChunkDone(**chunk(index, index * 10_000, index * 10_000 + 10_000)))
    lines = err.getvalue().splitlines()
    assert lines[0] == "[1/2] talk.mp4: 16:40, engine api"
    assert lines[1] == "[1/2] talk.mp4: 10% (1:40 of 16:40, 0:45 left)"
    assert len(lines) == 11
    clock(9)
    told(AudioHeard(until_ms=1_000_000))
    clock(2)
    told(AudioHeard(until_ms=1_000_000))
    assert len(err.getvalue().splitlines()) == 12


def test_progress_counts_audio_without_speech_as_done_and_waiting_chunks_as_not(clock):
    told, _, err = console()
    told(JobStarted(path=TALK, engine="api", media_ms=100_000))
    clock(2)
    told(ChunkPlanned(**chunk(0, 60_000, 80_000)))
    assert "60%" in err.getvalue()
    clock(2)
    told(ChunkDone(**chunk(0, 60_000, 80_000)))
    assert "80%" in err.getvalue()


def test_progress_of_a_clip_counts_from_where_it_begins(clock):
    told, _, err = console(start_ms=60_000)
    told(JobStarted(path=TALK, engine="api", media_ms=90_000))
    clock(2)
    told(AudioHeard(until_ms=105_000))
    assert "50%" in err.getvalue()


def test_progress_without_a_known_length_says_how_far_it_is(clock):
    told, _, err = console()
    told(JobStarted(path=TALK, engine="api", media_ms=None))
    clock(11)
    told(AudioHeard(until_ms=65_000))
    assert err.getvalue().splitlines() == ["talk.mp4: length unknown, engine api", "talk.mp4: 1:05 done"]


def test_a_terminal_gets_a_bar_that_leaves_nothing_behind(monkeypatch):
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("COLUMNS", "80")
    before = threading.active_count()
    told, out, err = console(stderr={"is_terminal": True})
    with told:
        told(JobStarted(path=Path("[bold]talk.mp4"), engine="api", media_ms=100_000))
        told(ChunkPlanned(**chunk(0, 0, 50_000)))
        told(ChunkDone(**chunk(0, 0, 50_000)))
        told(Warned(message="odd [red]"))
        told(StageStarted(stage="write"))
        told(JobEnded(path=TALK, status="done"))
    drawn = err.getvalue()
    assert "[bold]talk.mp4" in drawn
    assert "warning: odd [red]\n" in drawn
    assert "50%" in drawn
    assert drawn.endswith("\x1b[2K")
    deadline = time.monotonic() + 5
    while threading.active_count() > before and time.monotonic() < deadline:
        time.sleep(0.01)
    assert threading.active_count() == before
    assert out.getvalue() == ""


def test_a_dumb_terminal_gets_lines(monkeypatch):
    monkeypatch.setenv("TERM", "dumb")
    told, _, err = console(stderr={"is_terminal": True})
    told(JobStarted(path=TALK, engine="api", media_ms=1000))
    assert err.getvalue() == "talk.mp4: 0:01, engine api\n"


def test_a_files_name_can_neither_move_the_cursor_nor_pose_as_a_message():
    evil = "a\x1b[2Jb\nerror: c\u202ed\udcff\x9b.srt"
    told, out, err = console()
    told(Warned(message=evil))
    told.print_error(UsageError(f"{evil}: exists"))
    told.print_result(result(outputs=(Path(evil),)))
    lines = [*err.getvalue().splitlines(), *out.getvalue().splitlines()]
    assert all(line.isprintable() for line in lines)
    assert [line.split(" ")[0] for line in lines] == ["warning:", "error:", "", "wrote"]


def test_what_an_encoding_cannot_say_is_escaped():
    told, _, err = console(stderr={"encoding": "ascii"})
    told(Warned(message="füß"))
    assert err.getvalue() == "warning: f\\xfc\\xdf\n"


@given(st.text())
def test_whatever_the_text_it_is_printable_and_can_be_encoded(text):
    assert printable(text).isprintable()
    assert all(line.isprintable() for line in indented(text).split("\n"))
    screen = Screen(encoding="latin-1")
    encodable(printable(text), screen).encode("latin-1")


def test_a_stderr_that_is_gone_does_not_stop_the_work():
    class Gone(Screen):
        def write(self, text):
            raise BrokenPipeError

    told = Console(stdout=Screen(), stderr=Gone())
    told(JobStarted(path=TALK, engine="api", media_ms=1000))
    told(Warned(message="odd"))
    told.print_error(UsageError("no"))


def test_a_stdout_that_cannot_be_written_is_an_error():
    class Full(Screen):
        def flush(self):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with pytest.raises(OutputError, match="standard output cannot be written: No space left"):
        Console(stdout=Full(), stderr=Screen()).print_line("x")


def test_a_stdout_that_nobody_reads_is_left_to_the_caller():
    class Gone(Screen):
        def flush(self):
            raise BrokenPipeError

    with pytest.raises(BrokenPipeError):
        Console(stdout=Gone(), stderr=Screen()).print_json({})


def test_an_error_that_knows_of_no_file_is_told_with_its_inputs_name():
    for error, line in (
        (EngineError("the server is odd"), "error: talk.mp4: the server is odd"),
        (UsageError("t.srt: exists", path="t.srt"), "error: t.srt: exists"),
    ):
        told, _, err = console()
        told.print_result(result(status="failed", error=error))
        assert err.getvalue() == f"{line}\n"


def test_inputs_that_failed_before_they_began_are_counted():
    told, _, err = console(jobs=3)
    told(JobEnded(path=TALK, status="failed"))
    told(JobStarted(path=TALK, engine="api", media_ms=None))
    assert err.getvalue().startswith("[2/3] talk.mp4")


def test_events_from_many_threads_do_not_mix_their_lines():
    told, _, err = console()
    told(JobStarted(path=TALK, engine="api", media_ms=None))
    threads = [
        threading.Thread(target=lambda: [told(Warned(message="x" * 50)) for _ in range(50)]) for _ in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert set(err.getvalue().splitlines()[1:]) == {f"warning: {'x' * 50}"}
