"""Run subtitler as a person does: as a program of its own."""

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class Finished:
    """How a command ended and what it said."""

    code: int
    stdout: str
    stderr: str

    @property
    def results(self) -> list[dict[str, Any]]:
        """The lines of ``--json``."""
        return [json.loads(line) for line in self.stdout.splitlines()]


def run_subtitler(
    *arguments: str | os.PathLike[str],
    cwd: Path | None = None,
    env: dict[str, str] | None = None,
    timeout_s: float = 300,
) -> Finished:
    """``subtitler ARGUMENTS`` in the test's environment, with ``env`` on top."""
    finished = subprocess.run(
        [sys.executable, "-m", "subtitler", *map(os.fspath, arguments)],
        cwd=cwd,
        env={**os.environ, **(env or {})},
        capture_output=True,
        timeout=timeout_s,
        check=False,
    )
    return Finished(finished.returncode, finished.stdout.decode(), finished.stderr.decode(errors="replace"))
