"""The command line itself: lazy, documented, and the same for scripts as it was yesterday."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from commands import run_subtitler
from subtitler._version import __version__
from subtitler.cli import COMMANDS, main
from subtitler.cli.mux import language_of_name
from subtitler.config import SETTINGS

HEAVY = {
    "numpy",
    "httpx",
    "rich",
    "onnxruntime",
    "langcodes",
    "ffmpeg",
    "soundfile",
    "pysrt",
    "webvtt",
    "stamina",
}
SRT = "1\n00:00:00,500 --> 00:00:01,500\nHello.\n"


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """The working directory, with a short film and subtitles in it."""
    monkeypatch.chdir(tmp_path)
    picture = ("-f", "lavfi", "-i", "testsrc=size=64x48:rate=5:duration=2")
    sound = ("-f", "lavfi", "-i", "sine=duration=2", "-metadata:s:a:0", "language=deu")
    subprocess.run(["ffmpeg", "-v", "error", *picture, *sound, "talk.mp4"], check=True)
    for name in ("talk.en.srt", "talk.pt-BR.srt", "talk.srt"):
        (tmp_path / name).write_text(SRT)
    return tmp_path


def tracks_of(path):
    (line,) = run_subtitler("tracks", path, "--json").results
    return [track for track in line["tracks"] if track["kind"] == "subtitle"]


@pytest.mark.parametrize("arguments", [["--help"], ["--version"], []])
def test_help_costs_nothing_heavy(arguments):
    code = (
        f"import sys, subtitler.cli; subtitler.cli.main({arguments!r}); print(*sys.modules, file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    loaded = set(done.stderr.split())
    assert "click" in loaded
    assert not loaded & HEAVY
    assert {name for name in loaded if name.startswith("subtitler.")} == {
        "subtitler._version",
        "subtitler.cli",
        "subtitler.errors",
    }


@pytest.mark.parametrize("command", COMMANDS)
def test_every_commands_help_shows_examples_that_name_it(command, capsys):
    assert main([command, "--help"]) == 0
    shown = capsys.readouterr().out
    assert shown.startswith(f"Usage: subtitler {command}")
    assert f"  subtitler {command}" in shown.split("Examples:")[1] or f'"$(subtitler {command} ' in shown


def test_every_setting_with_a_flag_is_in_the_help(capsys):
    main(["generate", "--help"])
    shown = capsys.readouterr().out
    for setting in SETTINGS.values():
        assert (f"{setting.flag} " in shown) == setting.has_flag


def test_the_version_is_told(capsys):
    assert main(["--version"]) == 0
    assert capsys.readouterr().out == f"subtitler {__version__}\n"


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["genrate", "x"], "did you mean generate?"),
        (["generate"], "missing argument"),
        (["tracks", "x", "--jason"], "--jason"),
        (["completion", "cmd"], "cmd"),
        (["mux", "x.mp4"], "missing argument"),
    ],
)
def test_a_slip_on_the_command_line_is_exit_2_with_the_way_to_the_help(capsys, arguments, says):
    assert main(arguments) == 2
    err = capsys.readouterr().err
    assert err.startswith("error: ")
    assert says in err
    assert "\nhint: see subtitler" in err


@pytest.mark.parametrize(
    ("arguments", "hint"),
    [
        (["generate", "x", "--concurrency"], "see subtitler generate --help"),
        (["tracks", "x", "--json=3"], "see subtitler tracks --help"),
        (["completion"], "see subtitler completion --help"),
        (["generate", "-lead.mp4"], "given as ./-lead.mp4"),
        (["generate", "x", "-f", "srt,vtt"], "give -f once for each: -f srt -f vtt"),
    ],
)
def test_the_hint_of_a_slip_fits_it(folder, capsys, arguments, hint):
    (folder / "-lead.mp4").touch()
    assert main(arguments) == 2
    err = capsys.readouterr().err
    assert hint in err
    assert "\\t" not in err


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_the_completion_script_is_what_its_shell_can_read(shell, capsys):
    assert main(["completion", shell]) == 0
    script = capsys.readouterr().out
    assert "_SUBTITLER_COMPLETE" in script
    if shell == "bash":
        subprocess.run(["bash", "-n"], input=script, text=True, check=True)


@pytest.mark.parametrize(
    ("typed", "offered"),
    [
        ("subtitler ge", "generate"),
        ("subtitler generate --task tr", "translate"),
        ("subtitler mux --repl", "--replace"),
    ],
)
def test_commands_flags_and_names_complete(typed, offered):
    words = {"COMP_WORDS": typed, "COMP_CWORD": str(len(typed.split()) - 1)}
    done = run_subtitler(env={"_SUBTITLER_COMPLETE": "bash_complete", **words})
    assert f"plain,{offered}" in done.stdout.splitlines()


# config, doctor


def test_config_show_tells_value_and_source_and_hides_secrets(folder):
    (folder / "subtitler.toml").write_text("max-chunk-s = 20\n")
    env = {"SUBTITLER_API_KEY": "s3cret", "SUBTITLER_FORMAT": "srt vtt"}
    done = run_subtitler("config", "show", env=env)
    rows = {line.split()[0]: line.split(maxsplit=1)[1] for line in done.stdout.splitlines()}
    assert list(rows) == list(SETTINGS)
    assert rows["max_chunk_s"].split() == ["20", str(folder / "subtitler.toml")]
    assert rows["api_key"].split() == ["********", "SUBTITLER_API_KEY"]
    assert rows["base_url"].split() == ["https://api.cometapi.com/v1", "default"]
    as_json = run_subtitler("config", "show", "--json", env=env)
    assert as_json.results[0]["settings"]["format"] == {"value": ["srt", "vtt"], "source": "SUBTITLER_FORMAT"}
    assert "s3cret" not in done.stdout + as_json.stdout


def test_a_broken_configuration_is_exit_2_everywhere(folder):
    (folder / "subtitler.toml").write_text("api_key = 's3cret'\n")
    for command in (["config", "show"], ["generate", "talk.mp4"], ["doctor"]):
        done = run_subtitler(*command)
        assert done.code == 2
        assert "may not stand in a project's file" in done.stdout + done.stderr
        assert "s3cret" not in done.stdout + done.stderr


def test_doctor_finds_what_is_here_and_shows_no_key(folder):
    env = {"COMETAPI_KEY": "s3cret", "SUBTITLER_BASEURL": "x"}
    done = run_subtitler("doctor", "--json", env=env)
    checks = {one["name"]: one for one in done.results[0]["checks"]}
    assert done.code == 0
    assert all(
        checks[name]["ok"] for name in ("Python", "ffmpeg", "ffprobe", "voice activity model", "engine")
    )
    assert checks["engine"]["says"] == "api (what auto takes)"
    assert checks["COMETAPI_KEY"]["says"].startswith("set ")
    assert checks["SUBTITLER_BASEURL"]["cure"] == "did you mean SUBTITLER_BASE_URL?"
    assert "s3cret" not in done.stdout + done.stderr


def test_doctor_without_ffmpeg_is_exit_4_and_says_what_to_do(folder):
    done = run_subtitler("doctor", env={"PATH": str(folder)})
    assert done.code == 4
    lines = done.stdout.splitlines()
    missing = [number for number, line in enumerate(lines) if line.startswith("missing  ff")]
    assert len(missing) == 2
    assert all(lines[number + 1].strip().startswith("-> ") for number in missing)


# tracks, mux


def test_tracks_shows_what_is_inside_and_goes_on_after_a_failure(folder):
    done = run_subtitler("tracks", "nothing.mkv", "talk.mp4")
    assert done.code == 8
    assert "audio 0: de" in done.stdout
    assert "nothing.mkv" in done.stderr
    lines = run_subtitler("tracks", "nothing.mkv", "talk.mp4", "--json").results
    assert [line["input"] for line in lines] == ["nothing.mkv", "talk.mp4"]
    assert lines[0]["error"]["exit_code"] == 3
    assert [(track["kind"], track["language"]) for track in lines[1]["tracks"]] == [
        ("video", "und"),
        ("audio", "de"),
    ]
    assert run_subtitler("tracks", "nothing.mkv").code == 3


@pytest.mark.parametrize(
    ("name", "language"),
    [
        ("talk.pt-BR.vtt", "pt-BR"),
        ("talk.en.sdh.srt", "en"),
        ("talk.EN.Forced.srt", "en"),
        ("talk.german.srt", "de"),
        ("talk.deu.srt", "de"),
        ("talk.hi.srt", "hi"),
        ("en.srt", "und"),
        ("talk.srt", "und"),
        ("talk.mkv.srt", "und"),
        ("talk.final.srt", "und"),
        ("talk.1.srt", "und"),
        ("a.b.zh-Hant.default.srt", "zh-Hant"),
    ],
)
def test_the_last_tag_of_a_name_is_its_language(name, language):
    assert language_of_name(Path(name)) == language


def test_mux_adds_tracks_with_the_languages_of_their_names(folder):
    done = run_subtitler(
        "mux", "talk.mp4", "talk.en.srt", "talk.pt-BR.srt", "talk.srt", "-o", "out.mkv", "--default"
    )
    assert (done.code, done.stdout) == (0, "wrote out.mkv (3 new tracks: en, pt-BR, und)\n"), done.stderr
    assert [(track["language"], track["default"]) for track in tracks_of("out.mkv")][::2] == [
        ("en", True),
        ("und", False),
    ]


def test_mux_takes_the_word_that_nobody_knows_the_language(folder):
    done = run_subtitler("mux", "talk.mp4", "talk.en.srt", "--language", "und")
    assert done.stdout == "wrote talk.subtitled.mp4 (1 new track: und)\n", done.stderr


@pytest.mark.parametrize("script", ["echo oops; exit 3", "echo oops", "echo '[]'"])
def test_a_broken_ffprobe_is_no_fault_of_the_media(folder, script):
    tool = folder / "bin" / "ffprobe"
    tool.parent.mkdir()
    tool.write_text(f"#!/bin/sh\n{script}\n")
    tool.chmod(0o755)
    done = run_subtitler("tracks", "talk.mp4", env={"PATH": f"{tool.parent}:{os.environ['PATH']}"})
    assert done.code == 4, done.stderr


@pytest.mark.parametrize(
    ("variable", "value"),
    [("HTTPS_PROXY", "gopher://me:s3cret@proxy:1"), ("SSL_CERT_FILE", "/missing.pem")],
)
def test_a_network_setting_that_cannot_be_used_is_named_and_its_secret_is_not_shown(folder, variable, value):
    done = run_subtitler(
        "generate", "talk.mp4", "--base-url", "https://example.org/v1", "--debug", env={variable: value}
    )
    assert done.code == 2, done.stderr
    assert f"error: {variable} cannot be used" in done.stderr
    assert "s3cret" not in done.stderr


def test_mux_writes_beside_the_video_under_its_usual_name(folder):
    done = run_subtitler("mux", "talk.mp4", "talk.srt", "--language", "German", "--title", "Untertitel")
    assert done.stdout.startswith("wrote talk.subtitled.mp4 "), done.stderr
    (track,) = tracks_of("talk.subtitled.mp4")
    assert (track["language"], track["title"]) == ("de", "Untertitel")
    again = run_subtitler(
        "mux", "talk.subtitled.mp4", "talk.srt", "--language", "de", "--replace", "-o", "b.mp4"
    )
    assert again.code == 0
    assert len(tracks_of("b.mp4")) == 1


@pytest.mark.parametrize(
    ("arguments", "code", "says"),
    [
        (["nothing.mp4", "talk.srt"], 3, "nothing.mp4"),
        (["talk.mp4", "nothing.srt"], 6, "nothing.srt"),
        (["talk.mp4", "empty.srt"], 6, "empty.srt"),
        (["talk.mp4", "binary.srt"], 6, "binary.srt"),
        (["talk.mp4", "talk.srt", "-o", "x.avi"], 2, ".avi"),
        (["talk.mp4", "talk.srt", "-o", "missing/x.mp4"], 7, "missing"),
        (["talk.mp4", "talk.srt", "-o", "talk.mp4", "--overwrite"], 7, "over an input"),
        (["talk.mp4", "talk.srt", "-o", "taken.mp4"], 7, "taken.mp4"),
        (["sound.wav", "talk.srt"], 2, "audio alone"),
        (["sound.wav", "talk.srt"], 2, "give the video first"),
        (["talk.srt", "talk.mp4"], 2, "give the video first"),
        (["talk.mp4", "nothing.srt"], 6, "no such"),
        (["talk.mp4", "talk.srt", "--language", "xx"], 2, "--language: unknown language 'xx'"),
        (["talk.mp4", "talk.srt", "--language", "en", "--language", "de"], 2, "2 times for 1"),
    ],
)
def test_what_mux_cannot_do_is_told_and_leaves_nothing_behind(folder, capsys, arguments, code, says):
    subprocess.run(["ffmpeg", "-v", "error", "-i", "talk.mp4", "-vn", "sound.wav"], check=True)
    (folder / "empty.srt").touch()
    (folder / "binary.srt").write_bytes(bytes(range(256)) * 10)
    (folder / "taken.mp4").write_text("mine")
    before = {path: path.stat().st_mtime_ns for path in folder.iterdir()}
    assert main(["mux", *arguments]) == code
    assert says in capsys.readouterr().err
    assert {path: path.stat().st_mtime_ns for path in folder.iterdir()} == before


# the process


def test_a_reader_that_goes_away_ends_it_quietly(folder):
    reader, writer = os.pipe()
    os.close(reader)
    with os.fdopen(writer, "wb") as gone:
        command = [sys.executable, "-m", "subtitler", "config", "show"]
        done = subprocess.run(command, stdout=gone, stderr=subprocess.PIPE, check=False)
    assert (done.returncode, done.stderr) == (1, b"")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no /dev/full")
def test_a_stdout_that_is_full_is_an_error(folder):
    with Path("/dev/full").open("wb") as full:
        command = [sys.executable, "-m", "subtitler", "tracks", "talk.mp4", "--json"]
        done = subprocess.run(command, stdout=full, stderr=subprocess.PIPE, check=False)
    assert done.returncode == 7
    assert done.stderr.startswith(b"error: standard output cannot be written")
    assert b"Traceback" not in done.stderr


def test_an_ascii_terminal_and_an_odd_name_do_no_harm(folder):
    name = os.fsdecode(b"f\xfc\x1b\n\xc3\xbc.mp4")
    (folder / name).symlink_to("talk.mp4")
    done = run_subtitler("tracks", name, env={"PYTHONIOENCODING": "ascii", "PYTHONUTF8": "0", "LC_ALL": "C"})
    assert done.code == 0, done.stderr
    assert done.stdout.isascii()
    assert "\x1b" not in done.stdout
    (line,) = run_subtitler("tracks", name, "--json").results
    assert line["input"] == name
    assert json.dumps(line).isascii()
