"""The ``golden`` fixture: what the program writes, byte for byte, beside what it wrote when a person looked.

A pytest plugin: ``pytest --update-golden`` writes the files anew, to be read and committed. Where the
variable CI is set it refuses, since there nobody looks.
"""

from __future__ import annotations

import difflib
import os
from pathlib import Path

import pytest

GOLDEN = Path(__file__).parent / "golden"


def pytest_addoption(parser):
    parser.addoption("--update-golden", action="store_true", help="write the golden files anew")


def pytest_configure(config):
    if config.getoption("--update-golden") and os.environ.get("CI"):
        raise pytest.UsageError("--update-golden is for a person who looks at the difference: not under CI")


@pytest.fixture
def golden(request):
    """Call it with a name and bytes (or text): they equal the golden file ``tests/golden/NAME``."""
    updates = request.config.getoption("--update-golden")

    def compare(name: str, actual: bytes | str) -> None:
        data = actual.encode("utf-8") if isinstance(actual, str) else actual
        path = GOLDEN / name
        if updates:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(data)
        elif not path.exists():
            pytest.fail(f"{path} is missing: write it with --update-golden, and look at it")
        elif path.read_bytes() != data:
            pytest.fail(f"{path} differs:\n{_difference(path.read_bytes(), data)}")

    return compare


def _difference(expected: bytes, actual: bytes) -> str:
    # repr shows a carriage return, a byte order mark and what else does not meet the eye
    old, new = ([repr(line) for line in data.splitlines(keepends=True)] for data in (expected, actual))
    return "\n".join(difflib.unified_diff(old, new, "golden", "actual", lineterm=""))
