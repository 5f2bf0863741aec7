"""The formats against the world: files and replies that others wrote, and readers that others wrote."""

import json
import subprocess

import pytest

from subtitler.formats import decode, format_names, get_format, parse_cues
from subtitler.media.subtitle_file import read_subtitle_file
from subtitler.model import Cue
from subtitler.timing import Span

CUES = tuple(
    Cue(span=Span(n * 2000, n * 2000 + 1500), lines=lines)
    for n, lines in enumerate(
        [
            ("Tom & Jerry <3",),
            ("<i>1 < 2 > 0</i>", "second --> row"),
            ("你好 🎬", "مرحبا"),
            ("42",),
            ("NOTE nothing",),
            ("&amp; &lt;i&gt;",),
            ("WEBVTT",),
        ]
    )
)


@pytest.mark.samples
def test_every_subtitle_file_of_the_samples_is_read_whole_and_survives_both_formats(samples):
    paths = [path for path in sorted(samples.rglob("*")) if path.suffix in {".srt", ".vtt"}]
    assert paths
    for path in paths:
        cues = read_subtitle_file(path)
        arrows = [line for line in decode(path.read_bytes()).splitlines() if "-->" in line]
        assert len(cues) == len(arrows), path
        for name in format_names():
            assert parse_cues(get_format(name).render(cues)) == cues, (path, name)


@pytest.mark.samples
def test_recorded_replies_of_a_real_server_are_read(samples):
    recorded = samples.parent / "reference" / "recorded_api" / "openai_dotnet"
    for name in format_names():
        path = recorded / f"TranscriptionTests_TranscriptionFormatsWork_{name}.json"
        reply = json.loads(path.read_text(encoding="utf-8"))["response_body"]
        assert parse_cues(reply) == (Cue(span=Span(0, 2000), lines=("Hello, world! This is a test.",)),)


@pytest.mark.parametrize("name", format_names())
def test_ffmpeg_reads_every_cue_that_is_written(tmp_path, name):
    found = get_format(name)
    path = tmp_path / f"film{found.suffixes[0]}"
    path.write_text(found.render(CUES), encoding="utf-8", newline="")
    counted = subprocess.run(
        [
            "ffprobe",
            "-v",
            "error",
            "-count_packets",
            "-show_entries",
            "stream=nb_read_packets",
            "-of",
            "json",
            path,
        ],
        capture_output=True,
        check=True,
    )
    assert [stream["nb_read_packets"] for stream in json.loads(counted.stdout)["streams"]] == [str(len(CUES))]
    assert not counted.stderr
    converted = subprocess.run(
        ["ffmpeg", "-v", "error", "-nostdin", "-i", path, "-f", "srt", "-"], capture_output=True, check=True
    )
    assert [cue.span for cue in parse_cues(converted.stdout.decode("utf-8"))] == [cue.span for cue in CUES]


def test_other_readers_find_the_same_cues_in_what_is_written():
    srt = pytest.importorskip("srt")
    webvtt = pytest.importorskip("webvtt")
    pysrt = pytest.importorskip("pysrt")
    as_srt = get_format("srt").render(CUES)
    rows = [list(cue.lines) for cue in get_format("srt").parse(as_srt)]
    assert [item.content.split("\n") for item in srt.parse(as_srt, ignore_errors=False)] == rows
    assert [item.text.split("\n") for item in pysrt.from_string(as_srt, error_handling=2)] == rows
    captions = webvtt.from_string(get_format("vtt").render(CUES), strict=True)
    assert [(c.start_time.in_milliseconds(), c.end_time.in_milliseconds()) for c in captions] == [
        (cue.span.start_ms, cue.span.end_ms) for cue in CUES
    ]
