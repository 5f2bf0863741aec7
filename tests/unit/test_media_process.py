"""Other programs are run with care: no hang, no orphan, no secret, and the reason kept."""

import os
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from subtitler.errors import ToolFailed, ToolNotFound, ToolTimeout
from subtitler.media.process import Stream, child_environment, run

pytestmark = pytest.mark.skipif(os.name != "posix", reason="looks at processes the POSIX way")


def python(code):
    return [sys.executable, "-c", code]


def is_alive(pid):
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except FileNotFoundError:
        return False


def gone(pid, within_s=5):
    end = time.monotonic() + within_s
    while time.monotonic() < end:
        if not is_alive(pid):
            return True
        time.sleep(0.05)
    return False


def test_what_a_program_writes_and_says_comes_back():
    done = run(python("import sys; print('out'); print('err', file=sys.stderr)"), timeout_s=20, stage="probe")
    assert (done.stdout, done.stderr) == (b"out\n", "err")


def test_megabytes_on_both_pipes_do_not_lock():
    code = "import sys\nfor _ in range(2000): sys.stderr.write('e'*999+'\\n'); sys.stdout.write('o'*1000)"
    done = run(python(code), timeout_s=30, stage="probe")
    assert len(done.stdout) == 2_000_000
    assert len(done.stderr) < 100_000, "only the end of what it said is kept"


def test_a_child_that_writes_before_it_reads_gets_its_input():
    code = "import sys; sys.stdout.write('x'*500_000); sys.stdout.flush(); print(len(sys.stdin.read()))"
    assert run(python(code), timeout_s=30, stage="probe", stdin=b"y" * 500_000).stdout.endswith(b"500000\n")


def test_without_input_stdin_is_empty_and_nothing_waits_for_the_terminal():
    assert (
        run(python("import sys; print(repr(sys.stdin.read()))"), timeout_s=20, stage="probe").stdout
        == b"''\n"
    )


def test_a_failure_keeps_code_argv_and_the_last_words():
    argv = python("import sys; print('first', file=sys.stderr); sys.exit('no such thing')")
    with pytest.raises(ToolFailed, match=r"failed with code 1 on 'a film\.mp4': no such thing") as caught:
        run(argv, timeout_s=20, stage="probe", path="a film.mp4")
    error = caught.value
    assert (error.returncode, error.argv, error.stage) == (1, tuple(argv), "probe")
    assert error.stderr_tail == "first\nno such thing"


def test_a_crash_is_named_by_its_signal():
    with pytest.raises(ToolFailed, match="killed by signal 9"):
        run(python("import os; os.kill(os.getpid(), 9)"), timeout_s=20, stage="probe")


def test_a_missing_program_says_how_to_get_it():
    with pytest.raises(ToolNotFound, match="ffmpeg-that-is-not-there") as caught:
        run(["ffmpeg-that-is-not-there"], timeout_s=5, stage="probe")
    assert "install" in caught.value.hint
    assert caught.value.exit_code == 4


def test_a_program_that_hangs_is_stopped_with_its_children(tmp_path):
    note = tmp_path / "pids"
    code = (
        "import os, subprocess, sys, time\n"
        "child = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(60)'])\n"
        f"open({str(note)!r}, 'w').write(f'{{os.getpid()}} {{child.pid}}')\n"
        "time.sleep(60)"
    )
    begun = time.monotonic()
    with pytest.raises(ToolTimeout, match=r"1\.5 s"):
        run(python(code), timeout_s=1.5, stage="probe")
    assert time.monotonic() - begun < 10
    assert all(gone(int(pid)) for pid in note.read_text().split())


def test_a_program_that_ignores_the_request_to_end_is_killed():
    deaf = "import signal, time\nsignal.signal(signal.SIGTERM, signal.SIG_IGN)\n"
    code = deaf + "print('on', flush=True)\ntime.sleep(60)"
    with Stream(python(code), stage="extract", stall_timeout_s=20) as stream:
        assert stream.read(3) == b"on\n"
        pid = stream._child._process.pid
    assert gone(pid)


def test_a_grandchild_that_holds_the_pipe_does_not_hang_us():
    code = "import subprocess, sys\nsubprocess.Popen([sys.executable, '-c', 'import time; time.sleep(60)'])\n"
    begun = time.monotonic()
    with pytest.raises(ToolTimeout):
        run(python(code), timeout_s=1.5, stage="probe")
    assert time.monotonic() - begun < 12


def test_keys_do_not_reach_a_child(monkeypatch):
    for name in ("SUBTITLER_API_KEY", "COMETAPI_KEY", "OPENAI_API_KEY"):
        monkeypatch.setenv(name, "sk-secret")
    monkeypatch.setenv("SUBTITLER_TEST_OTHER", "seen")
    told = run(python("import os; print(dict(os.environ))"), timeout_s=20, stage="probe").stdout.decode()
    assert "sk-secret" not in told
    assert "seen" in told
    assert "PATH" in child_environment(os.environ)


def test_a_stream_gives_what_is_asked_for_and_then_its_end():
    code = (
        "import sys, time\n"
        "for _ in range(5): sys.stdout.buffer.write(b'abc'); sys.stdout.flush(); time.sleep(0.02)"
    )
    lines = []
    with Stream(
        python(code + "\nprint('bye', file=sys.stderr)"), stage="extract", on_line=lines.append
    ) as stream:
        assert [stream.read(4), stream.read(100), stream.read(1)] == [b"abca", b"bcabcabcabc", b""]
        assert stream.finish() == (0, "bye")
    assert lines == ["bye"]


def test_a_stream_that_stalls_is_stopped_but_a_slow_reader_is_no_stall():
    code = "import sys, time; sys.stdout.write('ab'); sys.stdout.flush(); time.sleep(60)"
    with Stream(python(code), stage="extract", path="f", stall_timeout_s=0.5) as stream:
        assert stream.read(1) == b"a"
        time.sleep(1)  # nobody waits in read
        assert stream.read(1) == b"b"
        with pytest.raises(ToolTimeout, match=r"0\.5 s"):
            stream.read(1)


@pytest.mark.parametrize("error", [KeyboardInterrupt, ValueError])
def test_whatever_interrupts_the_reader_ends_the_program(error):
    pids = []

    def interrupted():
        with Stream(python("import time; time.sleep(60)"), stage="extract") as stream:
            pids.append(stream._child._process.pid)
            raise error

    with pytest.raises(error):
        interrupted()
    assert gone(*pids)


def test_a_program_runs_in_a_group_of_its_own_and_leaves_no_thread():
    before = threading.active_count()
    told = run(python("import os; print(os.getpgid(0) == os.getpid())"), timeout_s=20, stage="probe")
    assert told.stdout == b"True\n"
    assert threading.active_count() == before


def test_ctrl_c_at_the_terminal_leaves_no_child_behind(tmp_path):
    note = tmp_path / "pid"
    child = f"import os, time; open({str(note)!r}, 'w').write(str(os.getpid())); time.sleep(60)"
    code = (
        "import sys\nfrom subtitler.media.process import run\n"
        f"run([sys.executable, '-c', {child!r}], timeout_s=60, stage='probe')"
    )
    environment = os.environ | {"PYTHONPATH": str(Path.cwd())}
    parent = subprocess.Popen(python(code), stderr=subprocess.DEVNULL, env=environment)
    end = time.monotonic() + 20
    while not (note.exists() and note.read_text()) and time.monotonic() < end:
        time.sleep(0.05)
    parent.send_signal(2)
    assert parent.wait(20) != 0
    assert gone(int(note.read_text()))
