"""The public surface: what ``import subtitler`` offers, and what it costs."""

import subprocess
import sys

import pytest

import subtitler


def test_the_public_names_are_these_and_sorted():
    assert subtitler.__all__ == [
        "Cue", "JobResult", "MediaInfo", "Span", "SubtitlerError", "Transcript", "__version__", "generate",
        "lay_out", "parse_cues", "probe", "read_subtitle_file",
    ]  # fmt: skip
    assert subtitler.__all__ == sorted(subtitler.__all__)
    assert all(getattr(subtitler, name) is not None for name in subtitler.__all__)
    assert dir(subtitler) == subtitler.__all__


def test_a_name_that_is_not_there_is_an_attribute_error():
    with pytest.raises(AttributeError, match="no_such_name"):
        subtitler.no_such_name  # noqa: B018 - looking it up is the test


def test_importing_the_package_loads_nothing_heavy():
    program = (
        "import sys, subtitler; "
        "heavy = {'numpy', 'onnxruntime', 'httpx', 'click', 'rich', 'langcodes'} & set(sys.modules); "
        "sys.exit(repr(heavy) if heavy else 0)"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
