"""The golden fixture itself: it compares, it updates, and never under CI."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

import golden_files

TEST = "def test_it(golden):\n    golden('x.txt', {actual!r})\n"


@pytest.fixture
def run(tmp_path):
    """Run one golden test in a folder of its own, with a golden file that holds ``old``."""

    def run_it(actual: str, *flags: str, ci: bool = False) -> tuple[int, str, str]:
        (tmp_path / "golden_files.py").write_bytes(Path(golden_files.__file__).read_bytes())
        (tmp_path / "golden").mkdir(exist_ok=True)
        (tmp_path / "golden" / "x.txt").write_text("old\n", encoding="utf-8")
        (tmp_path / "test_x.py").write_text(TEST.format(actual=actual), encoding="utf-8")
        environment = {name: value for name, value in os.environ.items() if name != "CI"}
        environment |= {"PYTHONPATH": str(tmp_path)} | ({"CI": "1"} if ci else {})
        argv = [
            sys.executable,
            "-m",
            "pytest",
            "-q",
            "-p",
            "golden_files",
            "--rootdir=.",
            "test_x.py",
            *flags,
        ]
        done = subprocess.run(
            argv, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False
        )
        return done.returncode, done.stdout + done.stderr, (tmp_path / "golden" / "x.txt").read_text("utf-8")

    return run_it


def test_equal_bytes_pass_and_a_difference_is_shown(run):
    assert run("old\n")[0] == 0
    code, said, kept = run("old\r\n")
    assert code == 1
    assert r"old\r\n" in said
    assert kept == "old\n"


def test_updating_writes_the_file_anew_but_not_under_ci(run):
    assert run("new\n", "--update-golden")[::2] == (0, "new\n")
    code, said, kept = run("new\n", "--update-golden", ci=True)
    assert code == 4
    assert "not under CI" in said
    assert kept == "old\n"
