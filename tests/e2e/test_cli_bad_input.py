"""Bad input: one clear message with file and cure, its exit code, no traceback, nothing half-written."""

import os
import shutil
import subprocess

import pytest
from starlette.responses import Response

from commands import run_subtitler
from emulator.ears import Heard, Timed
from subtitler.cli import main

API = (
    "--engine",
    "api",
    "--base-url",
    "http://127.0.0.1:9/v1",
)  # nobody listens there: no case may get so far


class HelloEars:
    """They hear the same in everything."""

    def hear(self, samples):
        end_s = len(samples) / 16_000
        return Heard(words=(Timed("Hello", 0.0, end_s),), segments=(Timed("Hello.", 0.0, end_s),))


def ffmpeg(*arguments):
    subprocess.run(["ffmpeg", "-v", "error", "-y", *map(str, arguments)], check=True)


@pytest.fixture(scope="module")
def media(tmp_path_factory):
    """A folder with one file of each kind."""
    folder = tmp_path_factory.mktemp("media")
    text = "The quick brown fox jumps over the lazy dog, and nobody knows why it should do so."
    subprocess.run(["espeak-ng", "-w", folder / "speech.wav", text], check=True)
    picture = ("-f", "lavfi", "-i", "testsrc=size=64x48:rate=5:duration=6")
    aac = ("-c:v", "libx264", "-pix_fmt", "yuv420p", "-c:a", "aac", "-shortest")
    ffmpeg(*picture, "-i", folder / "speech.wav", *aac, folder / "talk.mp4")
    ffmpeg(*picture, "-an", "-c:v", "libx264", folder / "mute.mp4")
    ffmpeg("-f", "lavfi", "-i", "anullsrc=r=16000:cl=mono", "-t", "4", folder / "silence.wav")
    (folder / "text.mp4").write_text("This is no film. " * 100)
    (folder / "empty.mp4").touch()
    whole = (folder / "talk.mp4").read_bytes()  # its index stands at the end, and is cut off
    (folder / "truncated.mp4").write_bytes(whole[: len(whole) // 2])
    return folder


@pytest.fixture
def folder(tmp_path, media, monkeypatch):
    """A folder of its own with all of them in it; the working directory."""
    for file in media.iterdir():
        (tmp_path / file.name).symlink_to(file)
    (tmp_path / "folder.mp4").mkdir()
    monkeypatch.chdir(tmp_path)
    return tmp_path


CASES = {
    "no such file": (["nothing.mp4"], 3, "nothing.mp4", API),
    "a folder": (["folder.mp4"], 3, "folder.mp4", API),
    "an empty file": (["empty.mp4"], 3, "empty.mp4", API),
    "a text named mp4": (["text.mp4"], 3, "text.mp4", API),
    "a truncated mp4": (["truncated.mp4"], 3, "truncated.mp4", API),
    "a video without audio": (["mute.mp4"], 3, "audio", API),
    "no such audio track": (["talk.mp4", "--audio-track", "7"], 2, "audio 0", API),
    "an output folder that is missing": (["talk.mp4", "-o", "missing/"], 7, "missing", API),
    "an output in a folder that is missing": (["talk.mp4", "-o", "missing/x.srt"], 7, "missing", API),
    "an output that exists": (["talk.mp4", "--language", "en"], 7, "talk.en.srt", API),
    "a video that exists": (["talk.mp4", "--mux"], 7, "talk.subtitled.mp4", API),
    "an output that is the input": (["talk.mp4", "--mux-output", "talk.mp4"], 7, "over an input", API),
    "a suffix against the format": (["talk.mp4", "-f", "srt", "-o", "x.vtt"], 2, "x.vtt", API),
    "a suffix nobody knows": (["talk.mp4", "-o", "x.docx"], 2, "x.docx", API),
    "two outputs of one name": (["talk.mp4", "talk.mkv"], 2, "both", API),
    "a video of audio alone": (["speech.wav", "--mux"], 2, "audio alone", API),
    "an unknown language": (["talk.mp4", "--language", "germn"], 2, "germn", API),
    "an unknown flag": (["talk.mp4", "--lang", "de"], 2, "--lang", ()),
    "a value out of its limits": (["talk.mp4", "--temperature", "2"], 2, "--temperature", ()),
    "the API without a key": (["talk.mp4", "--engine", "api"], 2, "COMETAPI_KEY", ()),
    "a translation without an API": (["talk.mp4", "--task", "translate"], 2, "COMETAPI_KEY", ()),
    "German without an API": (["talk.mp4", "--language", "de"], 2, "COMETAPI_KEY", ()),
    "a model for the embedded one": (["talk.mp4", "--engine", "embedded", "--model", "x"], 2, "--model", ()),
    "a server that nobody runs": (["talk.mp4", "--language", "de"], 5, "127.0.0.1:9", API),
}  # fmt: skip


@pytest.mark.parametrize("case", CASES)
def test_bad_input_is_one_clear_error_and_leaves_nothing_behind(folder, capsys, case):
    arguments, code, says, engine = CASES[case]
    (folder / "talk.en.srt").write_text("mine")
    (folder / "talk.subtitled.mp4").write_text("mine")
    before = sorted(folder.iterdir())
    assert main(["generate", *arguments, *engine]) == code
    told = capsys.readouterr()
    lines = told.err.splitlines()
    errors = [line for line in lines if line.startswith("error: ")]
    assert len(errors) == 1, told.err
    assert says in errors[0] + lines[-1]
    assert any(line.startswith("hint: ") for line in lines), "it says what to do"
    assert "Traceback" not in told.err
    assert told.out == ""
    assert sorted(folder.iterdir()) == before
    assert (folder / "talk.en.srt").read_text() == "mine"


@pytest.mark.parametrize("code", [2, 3])
def test_with_json_a_failed_input_has_its_line(folder, code):
    arguments = ["nothing.mp4", *API] if code == 3 else ["nothing.mp4", "--language", "germn"]
    done = run_subtitler("generate", *arguments, "--json")
    (line,) = done.results
    assert done.code == code
    assert (line["schema"], line["input"], line["status"]) == (1, "nothing.mp4", "failed")
    assert line["error"]["exit_code"] == code
    assert line["error"]["message"] in done.stderr
    assert line["error"]["hint"]


def test_what_stops_everything_before_work_gives_each_input_its_line(folder):
    done = run_subtitler(
        "generate", "talk.mp4", "talk.mkv", env={"SUBTITLER_JSON": "1", "SUBTITLER_ENGINE": "api"}
    )
    assert done.code == 2
    assert [line["input"] for line in done.results] == ["talk.mp4", "talk.mkv"]
    assert {line["error"]["class"] for line in done.results} == {"UsageError"}
    assert done.stderr.count("error: ") == 1


def test_a_line_before_work_tells_what_was_wished_for_as_far_as_that_is_known(folder):
    flags = ("--task", "translate", "--model", "m")
    for more, engine in (
        (("--engine", "api", "--language", "germn"), "api"),
        (("-o", "missing/", "--base-url", "http://127.0.0.1:9/v1"), "api"),
    ):
        (line,) = run_subtitler("generate", "talk.mp4", "--json", *flags, *more).results
        assert (line["task"], line["engine"], line["model"]) == ("translate", engine, "m")


def test_silence_alone_gives_no_file_one_warning_and_success(folder):
    before = sorted(folder.iterdir())
    done = run_subtitler("generate", "silence.wav", *API, "--json")
    (line,) = done.results
    assert (done.code, line["status"], line["outputs"], line["chunks"]) == (0, "no_speech", [], 0)
    assert len(line["warnings"]) == 1
    assert done.stderr.count("warning: ") == 1
    assert sorted(folder.iterdir()) == before


def test_several_inputs_of_which_some_fail_is_exit_8_and_the_rest_are_done(folder):
    done = run_subtitler("generate", "nothing.mp4", "silence.wav", "mute.mp4", *API, "--json")
    assert done.code == 8
    assert [line["status"] for line in done.results] == ["failed", "no_speech", "failed"]
    assert "2 of 3 inputs failed" in done.stderr


def test_a_name_too_long_for_its_suffix_is_told_before_work(folder):
    name = "ä" * 124 + ".mp4"
    (folder / name).symlink_to(folder / "talk.mp4")
    done = run_subtitler("generate", name, *API, "--mux")
    assert done.code == 7
    assert "no name of this length" in done.stderr


def test_a_wrong_key_is_one_request_and_no_retry_for_all_inputs(folder, emulator):
    server = emulator(ears=HelloEars(), key="right")
    done = run_subtitler(
        "generate", "talk.mp4", "speech.wav", "--base-url", server.base_url, "--language", "en", "-f", "vtt",
        env={"SUBTITLER_API_KEY": "wrong"},
    )  # fmt: skip
    assert done.code == 8
    assert "error: all 2 inputs failed" in done.stderr
    assert [request.status for request in server.requests] == [401]
    assert "wrong" not in done.stdout + done.stderr.replace("wrong key", "")
    one = run_subtitler(
        "generate", "talk.mp4", "--base-url", server.base_url, env={"SUBTITLER_API_KEY": "wrong"}
    )
    assert one.code == 5
    assert "SUBTITLER_API_KEY" in one.stderr


def test_a_base_url_without_its_path_is_named(folder, emulator):
    server = emulator(ears=HelloEars())
    done = run_subtitler("generate", "talk.mp4", "--base-url", server.origin)
    assert done.code == 5
    assert "/v1" in done.stderr
    assert not list(folder.glob("*.srt"))


def test_what_may_not_be_read_fails_alone_and_in_its_own_words(folder, monkeypatch):
    """Without asking beforehand: root, and systems with other rights, know it only when they try."""
    monkeypatch.setattr("os.access", lambda path, mode, **more: mode != os.R_OK)
    assert main(["generate", "text.mp4", "silence.wav", *API]) == 8
    assert main(["tracks", "text.mp4"]) == 3
    assert main(["mux", "text.mp4", "text.mp4"]) == 3
    assert main(["mux", "talk.mp4", "empty.mp4"]) == 6


def test_what_was_done_before_a_failure_is_in_its_line(folder, emulator):
    (folder / "talk.en.srt").write_text("mine")
    server = emulator(ears=HelloEars())
    done = run_subtitler("generate", "talk.mp4", "--base-url", server.base_url, "--json")
    (line,) = done.results
    assert done.code == 7, done.stderr
    assert (line["chunks"], line["language"], line["engine"], line["model"]) == (1, "en", "api", "whisper-1")
    assert 4 < line["sent_s"] < 7
    assert 5 < line["media_s"] < 7


def test_a_retry_is_told_once(folder, emulator):
    server = emulator(ears=HelloEars(), faults=_first(Response("busy", 503)))
    done = run_subtitler("generate", "talk.mp4", "--base-url", server.base_url)
    assert done.code == 0, done.stderr
    assert done.stderr.count("trying again") == 1
    assert "stamina" not in done.stderr + done.stdout


def test_what_a_server_says_is_told_with_the_files_name(folder, emulator):
    server = emulator(ears=HelloEars(), faults=lambda request: Response("odd", 400))
    done = run_subtitler("generate", "talk.mp4", "silence.wav", "--base-url", server.base_url)
    assert "error: talk.mp4: http" in done.stderr


def _first(response):
    left = [response]
    return lambda request: left.pop() if left else None


def test_a_film_that_its_new_container_cannot_hold_is_refused_before_any_request(folder, emulator):
    server = emulator(ears=HelloEars())
    done = run_subtitler("generate", "talk.mp4", "--base-url", server.base_url, "--mux-output", "x.webm")
    assert (done.code, server.requests) == (2, [])
    assert "webm cannot hold the video" in done.stderr


def test_a_sidecar_written_before_a_failure_is_in_its_line(folder, emulator):
    server = emulator(ears=HelloEars())
    broken = folder / "bin" / "ffmpeg"
    broken.parent.mkdir()
    ffmpeg_here = shutil.which("ffmpeg")
    broken.write_text(f'#!/bin/sh\ncase "$*" in *mov_text*) exit 1;; esac\nexec {ffmpeg_here} "$@"\n')
    broken.chmod(0o755)
    done = run_subtitler(
        "generate", "talk.mp4", "--base-url", server.base_url, "--json", "--mux",
        env={"PATH": f"{broken.parent}:{os.environ['PATH']}"},
    )  # fmt: skip
    (line,) = done.results
    assert (done.code, line["status"], line["outputs"]) == (4, "failed", ["talk.en.srt"])
    assert (folder / "talk.en.srt").exists()
    assert line["cues"] > 0


def test_a_broken_ffmpeg_is_no_fault_of_the_media(folder):
    broken = folder / "bin" / "ffmpeg"
    broken.parent.mkdir()
    broken.write_text("#!/bin/sh\necho out of order >&2\nexit 3\n")
    broken.chmod(0o755)
    path = f"{broken.parent}:{os.environ['PATH']}"
    done = run_subtitler("generate", "talk.mp4", *API, env={"PATH": path})
    assert done.code == 4, done.stderr
    assert "out of order" in done.stderr


def test_debug_shows_a_traceback(folder):
    done = run_subtitler("generate", "nothing.mp4", *API, "--debug")
    assert done.code == 3
    assert "Traceback" in done.stderr
