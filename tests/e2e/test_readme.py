"""The README tells the truth: every command in it runs, every program, and its tables come from the code."""

import os
import re
import runpy
import shlex
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from emulator.contract import MODELS
from subtitler.config import load_settings
from subtitler.errors import SubtitlerError

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")
SPANISH = "WEBVTT\n\n00:00:01.000 --> 00:00:02.000\nBuenos días.\n"
ENGLISH = "1\n00:00:01,000 --> 00:00:02,000\nGood morning.\n"

pytestmark = pytest.mark.embedded


def blocks(language):
    return re.findall(rf"^```{language}\n(.*?)^```", README, flags=re.MULTILINE | re.DOTALL)


COMMANDS = [line for block in blocks("sh") for line in block.splitlines() if line.strip()]
OWN_COMMANDS = [line for line in COMMANDS if line.startswith("subtitler ")]


@pytest.fixture
def folder(tmp_path):
    """Where a reader of the README would stand."""
    shutil.copy(ROOT / "samples" / "greeting.mp4", tmp_path / "talk.mp4")
    (tmp_path / "talk.es.vtt").write_text(SPANISH, encoding="utf-8")
    (tmp_path / "subtitles").mkdir()
    return tmp_path


@pytest.fixture
def environment(emulator, embedded_ears):
    """The environment of that reader, whose server stands on this machine."""
    server = emulator(
        ears=embedded_ears,
        key="k-readme",
        models=dict.fromkeys(("whisper-1", "whisper-large-v3"), MODELS["whisper-1"]),
    )
    programs = str(Path(sys.executable).parent)
    return {
        **os.environ,
        "PATH": programs + os.pathsep + os.environ["PATH"],
        "SUBTITLER_BASE_URL": server.base_url,
        "SUBTITLER_API_KEY": "k-readme",
    }


@pytest.mark.parametrize("command", OWN_COMMANDS, ids=lambda command: command.split("#")[0].strip())
def test_every_command_of_the_readme_runs(command, folder, environment):
    name = shlex.split(command, comments=True)[1]
    if name == "mux":
        (folder / "talk.en.srt").write_text(ENGLISH, encoding="utf-8")
    if name == "tracks":
        shutil.copy(folder / "talk.mp4", folder / "talk.mkv")
    # the one command that names a server of the reader's own
    command = command.replace("http://127.0.0.1:8000/v1", environment["SUBTITLER_BASE_URL"])
    done = subprocess.run(
        ["bash", "-c", command],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    promised = re.search(r"# (talk\S+) beside it|, and (talk\S+)$| -o (talk\S+)", command)
    if promised:
        assert (folder / next(filter(None, promised.groups()))).stat().st_size > 0


def test_the_other_commands_of_the_readme_are_known_ones():
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    extras = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"][
        "optional-dependencies"
    ]
    for command in set(COMMANDS) - set(OWN_COMMANDS):
        words = shlex.split(command, comments=True)
        match words:
            case ["make", target]:
                assert re.search(rf"^{target}:", makefile, flags=re.MULTILINE)
            case ["pip", "install", what]:
                assert re.fullmatch(r"subtitler\[(\w+)\]", what)[1] in extras
            case ["export", setting]:
                assert setting.startswith("COMETAPI_KEY=")
            case _:
                pytest.fail(f"nobody knows whether this works: {command}")


@pytest.mark.parametrize("program", blocks("python"))
def test_every_program_of_the_readme_runs(program, folder, environment):
    assert len(program.strip().splitlines()) <= 8
    done = subprocess.run(
        [sys.executable, "-c", program],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("done en ")


@pytest.mark.parametrize("text", blocks("toml"))
def test_every_configuration_of_the_readme_is_accepted(text, tmp_path):
    (tmp_path / "subtitler.toml").write_text(text, encoding="utf-8")
    settings = load_settings({}, environ={}, cwd=tmp_path)
    assert settings.language == "de"


def test_the_table_of_settings_is_that_of_the_code():
    assert runpy.run_path(str(ROOT / "docs" / "write_tables.py"))["with_tables"](README) == README, (
        "run: make docs"
    )


def test_the_table_of_exit_codes_is_that_of_the_errors():
    told = {
        int(code)
        for row in re.findall(r"^\| ([\d, ]+) \|", README, flags=re.MULTILINE)
        for code in row.split(",")
    }
    classes = [SubtitlerError, *SubtitlerError.__subclasses__()]
    promised = {cls.exit_code for cls in classes} - {1, 9}  # nothing gives 1 on purpose; 9 is not given yet
    assert promised <= told


def test_files_that_the_readme_links_to_are_there():
    for target in re.findall(r"\]\((?!http)([^)]+)\)", README):
        assert (ROOT / target).exists(), target
