"""The embedded recogniser: how a chunk is cut, levelled and heard."""

import itertools
import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from subtitler.engines import EngineOptions, create_engine
from subtitler.engines.moonshine import (
    LONGEST_UTTERANCE_MS,
    is_loop,
    levelled,
    pieces_between,
    quietest,
    split_into_utterances,
)
from subtitler.errors import EngineError, UsageError
from subtitler.timing import Span, samples_from_ms

SILENCE = np.zeros(samples_from_ms(60_000), np.int16)


@st.composite
def spoken(draw):
    """Speech spans in order, and noise of their length."""
    spans, now = [], draw(st.integers(0, 3000))
    for length, pause in draw(
        st.lists(st.tuples(st.integers(30, 20_000), st.integers(30, 8000)), max_size=8)
    ):
        spans.append(Span(now, now + length))
        now += length + pause
    rng = np.random.default_rng(now)
    return rng.integers(-3000, 3000, samples_from_ms(now + 100), dtype=np.int16), spans


@given(audio=spoken())
@settings(max_examples=40)
def test_utterances_hold_all_speech_once_in_order_and_are_never_too_long(audio):
    samples, spans = audio
    groups = split_into_utterances(samples, spans)
    flat = [span for group in groups for span in group]
    assert all(groups)
    assert sum(span.duration_ms for span in flat) == sum(span.duration_ms for span in spans)
    assert all(before.end_ms <= after.start_ms for before, after in itertools.pairwise(flat))
    assert all(group[-1].end_ms - group[0].start_ms <= LONGEST_UTTERANCE_MS for group in groups)


@given(audio=spoken())
@settings(max_examples=40)
def test_pieces_are_all_the_audio_and_each_holds_its_speech(audio):
    samples, spans = audio
    groups = split_into_utterances(samples, spans)
    pieces = pieces_between(samples, groups)
    edges = [edge for piece in pieces for edge in piece]
    assert edges[1:-1:2] == edges[2::2]
    assert (edges[0], edges[-1]) == (0, len(samples)) if edges else not spans
    for group, (start, end) in zip(groups, pieces, strict=True):
        assert start <= samples_from_ms(group[0].start_ms)
        assert samples_from_ms(group[-1].end_ms) <= end


def test_the_widest_pause_is_cut_first():
    spans = [Span(0, 4000), Span(4300, 7000), Span(8000, 16_000)]
    assert split_into_utterances(SILENCE, spans) == [spans[:2], spans[2:]]


def test_short_speech_is_one_utterance_and_no_speech_is_none():
    spans = [Span(0, 1000), Span(3000, LONGEST_UTTERANCE_MS)]
    assert split_into_utterances(SILENCE, spans) == [spans]
    assert split_into_utterances(SILENCE, []) == []
    assert pieces_between(SILENCE, []) == []


def test_the_quietest_moment_is_found_and_the_middle_of_equals():
    samples = np.full(samples_from_ms(4000), 1000, np.int16)
    samples[samples_from_ms(3000) : samples_from_ms(3400)] = 0
    assert abs(quietest(samples, 0, len(samples)) - samples_from_ms(3200)) < samples_from_ms(130)
    assert abs(quietest(SILENCE, 0, 16_000) - 8_000) <= 1
    assert quietest(SILENCE, 100, 200) == 150


def test_soft_speech_is_lifted_to_the_loudest_and_nothing_else_changes():
    samples = np.concatenate([np.full(1000, 10_000, np.int16), np.full(1000, 1_000, np.int16)])
    lifted = levelled(samples, [(0, 1000), (1000, 2000)])
    assert lifted[500] == pytest.approx(lifted[1500], rel=0.01)
    assert np.array_equal(levelled(samples, [(0, 1000)]), samples.astype(np.float32) / 32768)
    assert np.abs(levelled(np.full(2000, -32768, np.int16), [(0, 1000), (1000, 2000)])).max() <= 1


def test_a_text_that_goes_round_in_circles_is_known_from_a_refrain():
    assert is_loop("and the other one " * 12)
    assert not is_loop("It was the best of times, it was the worst of times, it was the age of wisdom.")
    assert not is_loop("No, no, no, no!")


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"task": "translate"}, "translate"),
        ({"language": "de"}, "German"),
        ({"model": "whisper-1"}, "whisper-1"),
    ],
)
def test_what_it_cannot_do_is_a_usage_error_that_names_what_can(options, said):
    with pytest.raises(UsageError, match=said) as caught:
        create_engine("embedded", EngineOptions(**options))
    assert "--engine api" in caught.value.hint
    assert caught.value.exit_code == 2


@pytest.mark.parametrize("reason", [None, OSError("GLIBC_2.34 not found")])
def test_a_missing_package_says_how_to_install_it_and_where_it_runs(monkeypatch, reason):
    class Broken:
        def find_spec(self, name, path=None, target=None):
            if name.startswith("moonshine_voice"):
                raise reason or ModuleNotFoundError(name)

    for name in [name for name in sys.modules if name.startswith("moonshine_voice")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setattr(sys, "meta_path", [Broken(), *sys.meta_path])
    with pytest.raises(EngineError, match="not installed") as caught:
        create_engine("embedded", EngineOptions())
    assert "pip install 'subtitler[embedded]'" in caught.value.hint
    assert "Windows" in caught.value.hint


# -- with its model --------------------------------------------------------------------------------------

MODEL = pytest.mark.embedded


@pytest.fixture(scope="module")
def engine():
    pytest.importorskip("moonshine_voice")
    engine = create_engine("embedded", EngineOptions(language="en-GB"))
    yield engine
    engine.close()


@MODEL
@pytest.mark.samples
def test_a_known_sentence_is_heard_and_timed_by_its_speech(engine, samples):
    import soundfile

    audio, _ = soundfile.read(samples / "speeches" / "jfk.wav", dtype="int16")
    speech = (Span(320, 2240), Span(3296, 4384), Span(5408, 7616), Span(8192, 10_592))
    reply = engine.recognise(audio, speech=speech)
    assert "what you can do for your country" in reply.text
    assert reply.segments[0].span.start_ms == 320
    assert reply.segments[-1].span.end_ms == 10_592
    assert reply.language == "en"


@MODEL
@pytest.mark.parametrize("length_ms", [1, 30, 100, 999, 1000])
def test_scraps_do_not_fail(engine, length_ms):
    noise = np.random.default_rng(1).integers(-500, 500, samples_from_ms(length_ms), dtype=np.int16)
    engine.recognise(noise, speech=(Span(0, length_ms),))


@MODEL
def test_digital_silence_is_not_heard_as_words(engine):
    assert engine.recognise(SILENCE[:48_000], speech=(Span(0, 3000),)).text == ""


@MODEL
def test_a_minute_without_a_pause_is_cut_and_heard(engine):
    noise = np.random.default_rng(1).integers(-20, 20, len(SILENCE), dtype=np.int16)
    reply = engine.recognise(noise, speech=(Span(0, 60_000),))
    assert all(segment.span.duration_ms <= LONGEST_UTTERANCE_MS for segment in reply.segments)


@MODEL
def test_hearing_needs_no_network_and_prints_nothing():
    program = (
        "import socket\n"
        "def refuse(*_, **__): raise AssertionError('the network was touched')\n"
        "socket.socket.connect = socket.getaddrinfo = refuse\n"
        "import numpy as np\n"
        "from subtitler.engines import EngineOptions, create_engine\n"
        "from subtitler.timing import Span\n"
        "engine = create_engine('embedded', EngineOptions())\n"
        "engine.recognise(np.ones(32000, np.int16) * 9, speech=(Span(0, 2000),))\n"
        "engine.close()\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, timeout=120, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, b"", b"")
