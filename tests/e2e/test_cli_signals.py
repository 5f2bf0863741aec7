"""SIGINT and SIGTERM: their exit code, nothing half-written, no process left."""

import os
import signal
import subprocess
import sys
import time

import pytest

from emulator.ears import Heard

pytestmark = pytest.mark.skipif(not hasattr(signal, "SIGHUP"), reason="signals are POSIX")


class DeafEars:
    """They take their time, and hear nothing."""

    def hear(self, samples):
        return Heard()


@pytest.fixture
def talk(tmp_path):
    """Two minutes of speech, which take long enough to be stopped in the middle."""
    text = "The quick brown fox jumps over the lazy dog, and nobody knows why. " * 30
    path = tmp_path / "talk.wav"
    subprocess.run(["espeak-ng", "-w", path, text], check=True)
    return path


def wait_for(claim, what):
    deadline = time.monotonic() + 60
    while not claim():
        assert time.monotonic() < deadline, f"waited in vain for {what}"
        time.sleep(0.05)


@pytest.mark.parametrize(
    ("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGHUP, 129)]
)
def test_a_signal_ends_it_with_its_code_and_nothing_half_written(talk, emulator, number, code):
    server = emulator(ears=DeafEars(), latency_s=20)
    command = [sys.executable, "-m", "subtitler", "generate", talk, "--base-url", server.base_url, "--json"]
    process = subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, start_new_session=True
    )
    wait_for(lambda: server.requests, "a request")
    started = time.monotonic()
    process.send_signal(number)
    out, err = process.communicate(timeout=30)
    assert process.returncode == code
    assert time.monotonic() - started < 10
    assert err.decode().splitlines()[-1].startswith("error: ")
    assert b"Traceback" not in err
    assert b'"status": "failed"' in out
    assert f'"exit_code": {code}'.encode() in out
    assert list(talk.parent.iterdir()) == [talk]
    with pytest.raises(ProcessLookupError):
        os.killpg(process.pid, 0)


def test_a_signal_that_was_told_to_be_ignored_stays_ignored(tmp_path):
    code = (
        "import signal, os; signal.signal(signal.SIGINT, signal.SIG_IGN)\n"
        "from subtitler import cli\n"
        "cli.subtitler.main = lambda *a, **k: os.kill(os.getpid(), signal.SIGINT) or 0\n"
        "raise SystemExit(cli.main(['--help']))"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_handlers_are_given_back():
    from subtitler.cli import main

    before = signal.getsignal(signal.SIGTERM)
    main(["--version"])
    assert signal.getsignal(signal.SIGTERM) is before
