"""What holds for every engine in the table, and what the API engine owes to servers over real HTTP."""

import contextlib
import io
import threading
import wave
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
import soundfile
from starlette.responses import HTMLResponse, JSONResponse, PlainTextResponse, Response

from emulator.contract import Model
from emulator.ears import Heard, Timed
from subtitler.engines import ENGINES, Engine, EngineOptions, create_engine, engine_names
from subtitler.engines.flac import encode_flac
from subtitler.errors import (
    EngineError,
    EngineOutputInvalid,
    EngineRejected,
    EngineUnavailable,
    QuotaExhausted,
    UnknownName,
    UsageError,
)
from subtitler.events import Retrying, Warned
from subtitler.model import Secret
from subtitler.timing import SAMPLE_RATE, Span

SECOND = SAMPLE_RATE
KEY = "sk-test-0123456789"
SPEECH = (Span(500, 2500),)


class FixedEars:
    """Hears two words in anything that is loud."""

    def hear(self, samples):
        if np.abs(samples.astype(np.int32)).max(initial=0) < 100:
            return Heard()
        words = (Timed("Hello", 0.5, 1.0), Timed("world", 1.0, 2.5))
        return Heard(words=words, segments=(Timed("Hello, world!", 0.5, 2.5),))


@pytest.fixture(scope="module")
def tone():
    """Three seconds, loud in the middle."""
    seconds = np.arange(3 * SECOND) / SECOND
    loud = (seconds > 0.5) & (seconds < 2.5)
    return (np.sin(2 * np.pi * 220 * seconds) * 8000 * loud).astype(np.int16)


@pytest.fixture(scope="module")
def voice():
    """The first 4.6 s of the recording in moonshine-voice: two clauses of A Tale of Two Cities."""
    utils = pytest.importorskip("moonshine_voice.utils")
    with wave.open(str(utils.get_assets_path() / "two_cities.wav")) as file:
        rate, frames = file.getframerate(), file.readframes(file.getnframes())
    samples = np.frombuffer(frames, np.int16)
    assert rate % SAMPLE_RATE == 0
    return samples[:: rate // SAMPLE_RATE][: int(4.6 * SECOND)].copy()


@pytest.fixture
def server(emulator):
    return emulator(ears=FixedEars())


def options_of(name, server, **options):
    return EngineOptions(**({"base_url": server.base_url} if name == "api" else {}), **options)


@pytest.fixture(params=sorted(ENGINES))
def engine(request, server):
    if request.param == "embedded":
        pytest.importorskip("moonshine_voice")
    made = create_engine(request.param, options_of(request.param, server))
    yield made
    made.close()


# -- every engine -------------------------------------------------------------------------------------


def test_every_engine_is_what_the_protocol_says(engine):
    assert isinstance(engine, Engine)
    assert engine.name in engine_names()
    assert engine.model
    assert 5 <= engine.default_max_chunk_s <= 1400
    assert engine.max_concurrency >= 1


def test_every_engine_hears_speech_at_sensible_times(engine, voice):
    speech = (Span(300, 2100), Span(2500, 4400))
    reply = engine.recognise(voice, speech=speech)
    assert reply.text
    assert reply.segments
    starts = [segment.span.start_ms for segment in reply.segments]
    assert starts == sorted(starts)
    assert all(0 <= segment.span.start_ms < segment.span.end_ms <= 4600 for segment in reply.segments)
    assert " ".join(segment.text for segment in reply.segments) == reply.text
    assert reply.language in (None, engine.spoken_language or "en")


@pytest.mark.parametrize("length", [0, 1, 800, 3 * SECOND])
def test_every_engine_hears_nothing_in_silence(engine, length):
    reply = engine.recognise(np.zeros(length, np.int16), speech=())
    assert (reply.text, reply.segments, reply.words) == ("", (), ())


def test_every_engine_answers_several_threads(engine, voice):
    with ThreadPoolExecutor(3) as pool:
        replies = list(pool.map(lambda _: engine.recognise(voice, speech=(Span(300, 4400),)), range(3)))
    assert replies[0] == replies[1] == replies[2]


def test_closing_twice_does_no_harm_and_a_closed_engine_says_so(engine, tone):
    engine.close()
    engine.close()
    with pytest.raises(EngineError, match="closed"):
        engine.recognise(tone, speech=SPEECH)


def test_an_unknown_engine_is_refused():
    with pytest.raises(UnknownName, match="whispering"):
        create_engine("whispering", EngineOptions())


# -- what the API engine sends --------------------------------------------------------------------------


@pytest.fixture
def api():
    """Call it with a server, a reporter and options: the engine is closed when the test ends."""
    with contextlib.ExitStack() as stack:

        def make(server, reporter=lambda event: None, **options):
            options = {"base_url": server.base_url, **options}
            engine = create_engine("api", EngineOptions(**options), reporter=reporter)
            stack.callback(engine.close)
            return engine

        yield make


def test_a_transcription_brings_words_and_segments(api, server, tone):
    reply = api(server).recognise(tone, speech=SPEECH)
    assert reply.text == "Hello, world!"
    assert [(word.text, word.span) for word in reply.words] == [
        ("Hello", Span(500, 1000)),
        ("world", Span(1000, 2500)),
    ]
    assert reply.segments[0].span == Span(500, 2500)
    assert reply.language == "en"


def test_only_what_the_endpoint_knows_is_sent(api, server, tone):
    engine = api(server, language="de-AT", prompt="Names", temperature=0.25, api_key=Secret(KEY))
    engine.recognise(tone, speech=SPEECH)
    (request,) = server.requests
    assert request.path == "/v1/audio/transcriptions"
    assert dict(request.fields) == {
        "model": ("whisper-1",),
        "response_format": ("verbose_json",),
        "language": ("de",),
        "prompt": ("Names",),
        "temperature": ("0.25",),
        "timestamp_granularities[]": ("word", "segment"),
    }
    assert (request.file_name, request.content_type) == ("chunk.flac", "audio/flac")
    assert request.headers["user-agent"].startswith("subtitler/")
    assert request.has_key


def test_without_a_key_language_prompt_or_temperature_nothing_is_sent_for_them(api, server, tone):
    api(server, language="haw").recognise(tone, speech=SPEECH)  # Hawaiian has no two-letter code
    (request,) = server.requests
    assert set(request.fields) == {"model", "response_format", "timestamp_granularities[]"}
    assert not request.has_key


def test_a_translation_sends_neither_language_nor_granularities_and_is_english(api, server, tone):
    engine = api(server, task="translate", language="de")
    assert engine.spoken_language == "en"
    assert engine.recognise(tone, speech=SPEECH).text == "HELLO, WORLD!"
    (request,) = server.requests
    assert request.path == "/v1/audio/translations"
    assert set(request.fields) == {"model", "response_format"}


@pytest.mark.parametrize("response_format", ["verbose_json", "srt", "vtt", "json", "text"])
@pytest.mark.parametrize("task", ["transcribe", "translate"])
def test_every_format_says_the_same(api, server, tone, response_format, task):
    reply = api(server, response_format=response_format, task=task).recognise(tone, speech=SPEECH)
    assert reply.text.casefold() == "hello, world!"
    assert bool(reply.segments) == (response_format in ("verbose_json", "srt", "vtt"))


@pytest.mark.parametrize("length", [1, 100, 1599, SECOND - 1, SECOND, SECOND + 1])
def test_uploads_are_exact_and_never_shorter_than_a_second(length):
    samples = np.random.default_rng(length).integers(-32768, 32767, length, dtype=np.int16, endpoint=True)
    heard, rate = soundfile.read(io.BytesIO(encode_flac(samples)), dtype="int16")
    assert rate == SAMPLE_RATE
    assert len(heard) == max(length, SECOND)
    assert np.array_equal(heard[:length], samples)
    assert not heard[length:].any()


# -- stepping down --------------------------------------------------------------------------------------


def formats_asked(server):
    return [
        (request.field("response_format"), "timestamp_granularities[]" in request.fields)
        for request in server.requests
    ]


def test_a_server_that_knows_no_granularities_is_asked_without_and_remembered(api, emulator, tone):
    server = emulator(ears=FixedEars(), accepts_granularities=False)
    events = []
    engine = api(server, events.append)
    assert not engine.recognise(tone, speech=SPEECH).words
    engine.recognise(tone, speech=SPEECH)
    assert formats_asked(server) == [("verbose_json", True), ("verbose_json", False), ("verbose_json", False)]
    assert [type(event) for event in events] == [Warned]


def test_a_model_that_only_writes_json_is_asked_for_json_at_once(api, server, tone):
    reply = api(server, model="gpt-4o-transcribe").recognise(tone, speech=SPEECH)
    assert reply.text == "Hello, world!"
    assert formats_asked(server) == [("verbose_json", True), ("json", False)]


@pytest.mark.parametrize("known", ["srt", "vtt", "json", "text"])
def test_the_ladder_is_walked_down_to_the_one_format_a_server_knows(api, emulator, tone, known):
    def refuse(request):
        if request.field("response_format") != known:
            return JSONResponse({"detail": [{"loc": ["body", "response_format"], "msg": "bad"}]}, 422)
        return None

    server = emulator(ears=FixedEars(), faults=refuse)
    assert api(server).recognise(tone, speech=SPEECH).text == "Hello, world!"
    assert formats_asked(server)[-1] == (known, False)


def test_a_format_that_was_asked_for_is_not_replaced(api, emulator, tone):
    server = emulator(ears=FixedEars(), models={"whisper-1": Model(formats=frozenset({"json"}))})
    with pytest.raises(EngineRejected, match="srt"):
        api(server, response_format="srt").recognise(tone, speech=SPEECH)
    assert len(server.requests) == 1


def test_threads_that_are_refused_together_step_down_once(api, emulator, tone):
    barrier = threading.Barrier(4, timeout=10)

    def refuse(request):
        if "timestamp_granularities[]" in request.fields:
            barrier.wait()
            return JSONResponse({"error": {"message": "timestamp_granularities?", "param": None}}, 400)
        return None

    server = emulator(ears=FixedEars(), faults=refuse)
    engine = api(server, concurrency=4)
    with ThreadPoolExecutor(4) as pool:
        replies = list(pool.map(lambda _: engine.recognise(tone, speech=SPEECH), range(4)))
    assert {reply.text for reply in replies} == {"Hello, world!"}
    assert {asked for asked, _ in formats_asked(server)} == {"verbose_json"}


# -- faults ---------------------------------------------------------------------------------------------


def failing(emulator, *responses):
    """A server that answers so before it answers well."""
    left = list(responses)
    return emulator(ears=FixedEars(), faults=lambda request: left.pop(0) if left else None)


@pytest.mark.parametrize(
    "response",
    [
        lambda: Response(status_code=503, headers={"retry-after": "1"}),
        lambda: JSONResponse({"error": {"message": "slow down"}}, 429),
        lambda: HTMLResponse("<html><title>524</title></html>", 524),
        lambda: PlainTextResponse('{"text": "Hel', 200),
        lambda: JSONResponse({"error": {"message": "upstream"}}, 200),
        lambda: Response(b"", 200),
        lambda: Response(b"no gzip", 200, headers={"content-encoding": "gzip"}),
    ],
)
def test_a_fault_that_passes_is_survived_and_told(api, emulator, tone, response):
    events = []
    server = failing(emulator, response(), response())
    assert api(server, events.append).recognise(tone, speech=SPEECH).text == "Hello, world!"
    assert [type(event) for event in events] == [Retrying, Retrying]


@pytest.mark.parametrize(
    ("response", "error"),
    [
        (JSONResponse({"error": {"message": "no"}}, 401), EngineRejected),
        (JSONResponse({"error": {"message": "not for you"}}, 403), EngineRejected),
        (JSONResponse({"detail": "Not Found"}, 404), EngineRejected),
        (JSONResponse({"error": {"message": "too big"}}, 413), EngineRejected),
        (JSONResponse({"error": {"message": "quota", "code": "insufficient_quota"}}, 429), QuotaExhausted),
        (JSONResponse({"error": {"message": "no", "code": "invalid_request"}}, 500), EngineRejected),
    ],
)
def test_a_fault_that_stays_is_met_once(api, emulator, tone, response, error):
    server = failing(emulator, response, response, response)
    with pytest.raises(error) as caught:
        api(server).recognise(tone, speech=SPEECH)
    assert caught.value.hint
    assert caught.value.status == response.status_code
    assert len(server.requests) == 1


def test_a_server_that_never_recovers_is_asked_five_times(api, emulator, tone):
    server = failing(emulator, *[Response(status_code=503) for _ in range(9)])
    with pytest.raises(EngineUnavailable):
        api(server).recognise(tone, speech=SPEECH)
    assert len(server.requests) == 5


def test_answers_that_stay_broken_are_asked_for_three_times(api, emulator, tone):
    server = failing(emulator, *[PlainTextResponse('{"te') for _ in range(9)])
    with pytest.raises(EngineOutputInvalid, match="te"):
        api(server).recognise(tone, speech=SPEECH)
    assert len(server.requests) == 3


def test_a_wrong_key_is_one_request_and_the_key_is_in_no_message(api, emulator, tone):
    echo = JSONResponse({"error": {"message": f"Incorrect API key provided: {KEY}"}}, 401)
    server = emulator(ears=FixedEars(), faults=lambda request: echo)
    engine = api(server, api_key=Secret(KEY))
    with pytest.raises(EngineRejected) as caught:
        engine.recognise(tone, speech=SPEECH)
    assert "SUBTITLER_API_KEY" in caught.value.hint
    assert "0123456789" not in f"{caught.value!r} {caught.value.hint} {vars(engine)!r}"
    assert len(server.requests) == 1


@pytest.mark.parametrize("outside", ["page", "redirect", "not_found"])
def test_a_base_url_without_v1_is_named_with_its_cure(api, emulator, tone, outside):
    server = emulator(ears=FixedEars(), outside=outside)
    engine = api(server, base_url=server.origin)
    with pytest.raises(EngineRejected, match=server.origin) as caught:
        engine.recognise(tone, speech=SPEECH)
    assert "/v1" in caught.value.hint
    assert len(server.requests) == 1


def test_a_server_that_is_not_there_is_unavailable(api, server, tone):
    engine = api(server)
    server.stop()
    with pytest.raises(EngineUnavailable, match="cannot connect"):
        engine.recognise(tone, speech=SPEECH)


def test_this_machine_is_not_reached_through_a_proxy(api, server, tone, monkeypatch):
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    assert api(server).recognise(tone, speech=SPEECH).text


# -- options the API engine refuses -----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"base_url": ""}, "base URL"),
        ({"base_url": "ftp://host/v1"}, "base URL"),
        ({"base_url": "http://[::1"}, "base URL"),
        ({"base_url": "https://api.cometapi.com/v1"}, "key"),
        ({"base_url": "https://api.openai.com/v1"}, "key"),
        ({"base_url": "http://host/v1", "api_key": Secret(KEY)}, "unprotected"),
        ({"base_url": "https://host/v1", "api_key": Secret("two words")}, "blanks"),
        ({"base_url": "https://host/v1", "api_key": Secret("kéy")}, "characters"),
    ],
)
def test_options_that_make_no_sense_are_refused_without_showing_the_key(options, said):
    with pytest.raises(UsageError, match=said) as caught:
        create_engine("api", EngineOptions(**options))
    assert caught.value.hint
    assert KEY not in str(caught.value)


@pytest.mark.parametrize(
    "options",
    [
        {"base_url": "http://host/v1"},
        {"base_url": "http://[::1]:8080/v1", "api_key": Secret(KEY)},
        {"base_url": "http://localhost/v1/", "api_key": Secret(KEY)},
        {"base_url": "http://host/v1", "api_key": Secret(KEY), "allows_insecure_http": True},
    ],
)
def test_options_that_make_sense_are_taken(options):
    create_engine("api", EngineOptions(**options)).close()
