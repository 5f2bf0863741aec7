"""The emulator keeps the contract of OpenAI's audio endpoints: shown by OpenAI's own client."""

import concurrent.futures
import io
import re
import subprocess
import threading
import wave

import httpx
import langcodes
import numpy as np
import openai
import pytest
import soundfile
from starlette.responses import JSONResponse

from emulator.ears import Heard, PerfectEars
from emulator.track import RATE, make_track

KEY = "sk-emulator"
FIRST_S, LAST_S = 3, 23
TRANSLATION = {"path": "audio/translations"}
WORDS = {"response_format": "verbose_json", "timestamp_granularities[]": "word"}


@pytest.fixture(scope="module")
def track():
    return make_track(1, seed=7)


@pytest.fixture(scope="module")
def ears(track):
    return PerfectEars(track)


@pytest.fixture(scope="module")
def speech(track):
    """Twenty seconds of the track and the words in them."""
    start, end = FIRST_S * RATE, LAST_S * RATE
    return track.samples[start:end], [word.text for word in track.words_inside(start, end)]


@pytest.fixture
def server(emulator, ears):
    return emulator(ears=ears, key=KEY)


def encoded(samples, file_format="FLAC"):
    file = io.BytesIO()
    soundfile.write(file, samples, RATE, format=file_format, subtype="PCM_16")
    return file.getvalue()


def client_of(server, key=KEY):
    return openai.OpenAI(api_key=key, base_url=server.base_url, max_retries=0)


def transcribed(server, samples, **fields):
    with client_of(server) as client:
        file = ("speech.wav", encoded(samples, "WAV"))
        return client.audio.transcriptions.create(file=file, model="whisper-1", **fields)


def posted(
    server,
    content=None,
    *,
    path="audio/transcriptions",
    file=("speech.flac", "audio/flac"),
    key=KEY,
    **fields,
):
    """A raw request: whatever a careless client might send."""
    name, kind = file
    data = {"model": "whisper-1", **fields}
    files = {"file": (name, content, kind)} if content is not None else {"nothing": ("", b"")}
    headers = {"Authorization": f"Bearer {key}"} if key else {}
    return httpx.post(f"{server.base_url}/{path}", data=data, files=files, headers=headers, trust_env=False)


def bare(text):
    return re.sub(r"[^\w\s]", "", text).lower().split()


def test_verbose_json_brings_words_and_segments_in_the_shape_of_openai(server, speech):
    samples, words = speech
    reply = transcribed(
        server, samples, response_format="verbose_json", timestamp_granularities=["word", "segment"]
    )
    assert reply.language == "english"
    assert reply.duration == pytest.approx(20)
    assert [word.word.lower() for word in reply.words] == words
    assert bare(reply.text) == words
    assert all(segment.text.startswith(" ") for segment in reply.segments)
    assert " ".join(segment.text.strip() for segment in reply.segments) == reply.text
    assert reply.segments[0].start == reply.words[0].start
    assert reply.segments[-1].end == reply.words[-1].end
    assert all(word.word.isalpha() for word in reply.words)


def test_words_come_only_where_they_are_asked_for(server, speech):
    def keys(*granularities):
        fields = {"timestamp_granularities[]": list(granularities)} if granularities else {}
        return list(posted(server, encoded(speech[0]), response_format="verbose_json", **fields).json())

    head = ["task", "language", "duration", "text"]
    assert keys() == [*head, "segments", "usage"]
    assert keys("segment") == [*head, "segments", "usage"]
    assert keys("word") == [*head, "words", "usage"]
    assert keys("word", "segment") == [*head, "segments", "words", "usage"]


def test_word_times_are_those_of_the_track_to_ten_milliseconds(server, track, speech):
    reply = transcribed(server, speech[0], response_format="verbose_json", timestamp_granularities=["word"])
    known = track.words_inside(FIRST_S * RATE, LAST_S * RATE)
    for word, truth in zip(reply.words, known, strict=True):
        assert word.start == pytest.approx(truth.start / RATE - FIRST_S, abs=0.0051)
        assert word.end == pytest.approx(truth.end / RATE - FIRST_S, abs=0.0051)
        assert word.start == pytest.approx(round(word.start, 2), abs=1e-5)


def test_json_and_text_are_the_words_and_nothing_else(server, speech):
    samples, words = speech
    reply = posted(server, encoded(samples))
    assert reply.headers["content-type"] == "application/json"
    assert bare(reply.json()["text"]) == words
    assert reply.json()["usage"] == {"type": "duration", "seconds": 20}
    text = posted(server, encoded(samples), response_format="text")
    assert text.headers["content-type"] == "text/plain; charset=utf-8"
    assert text.text == reply.json()["text"] + "\n"
    assert bare(transcribed(server, samples, response_format="text")) == words


def test_srt_and_vtt_are_laid_out_byte_for_byte_as_openai_does(server, speech):
    samples, words = speech
    srt = transcribed(server, samples, response_format="srt")
    time = r"\d\d:\d\d:\d\d"
    assert re.fullmatch(rf"(\d+\n{time},\d{{3}} --> {time},\d{{3}}\n[^\n]+\n\n)+\n", srt)
    assert srt.startswith("1\n00:00:0")
    vtt = transcribed(server, samples, response_format="vtt")
    assert re.fullmatch(rf"WEBVTT\n\n({time}\.\d{{3}} --> {time}\.\d{{3}}\n[^\n]+\n\n)+", vtt)
    for text in (srt, vtt):
        assert [
            word
            for line in text.splitlines()
            if line[:1].isalpha() and line != "WEBVTT"
            for word in bare(line)
        ] == words
    assert (
        posted(server, encoded(samples), response_format="vtt")
        .headers["content-type"]
        .startswith("text/plain")
    )


def test_silence_is_answered_with_nothing_in_every_format(server):
    silence = encoded(np.zeros(2 * RATE, dtype=np.int16))
    bodies = {name: posted(server, silence, response_format=name).text for name in ("text", "srt", "vtt")}
    assert bodies == {"text": "\n", "srt": "\n", "vtt": "WEBVTT\n\n"}
    verbose = posted(server, silence, response_format="verbose_json").json()
    assert (verbose["text"], verbose["segments"]) == ("", [])


def test_a_translation_is_english_in_whole_seconds_without_words_or_usage(server, speech):
    samples, words = speech
    reply = posted(server, encoded(samples), path="audio/translations", response_format="verbose_json").json()
    assert list(reply) == ["task", "language", "duration", "text", "segments"]
    assert (reply["task"], reply["language"]) == ("translate", "english")
    times = [time for segment in reply["segments"] for time in (segment["start"], segment["end"])]
    assert times == sorted(times)
    assert all(time.is_integer() for time in times)
    assert bare(reply["text"]) == words
    assert reply["text"].isupper()
    assert list(posted(server, encoded(samples), path="audio/translations").json()) == ["text"]


def test_openais_client_translates(server, speech):
    with client_of(server) as client, pytest.warns(DeprecationWarning, match="deprecated|shut"):
        reply = client.audio.translations.create(file=("a.wav", encoded(speech[0], "WAV")), model="whisper-1")
    assert bare(reply.text) == speech[1]


def test_the_language_asked_for_is_the_language_of_the_reply(server, speech):
    reply = transcribed(server, speech[0], language="de", response_format="verbose_json")
    assert reply.language == "german"


def test_the_models_are_listed(server):
    with client_of(server) as client:
        assert "whisper-1" in [model.id for model in client.models.list()]
    assert httpx.get(f"{server.base_url}/models", trust_env=False).status_code == 401


def test_a_wrong_key_is_refused_and_not_kept(server, speech):
    with client_of(server, key="sk-wrong") as client, pytest.raises(openai.AuthenticationError) as caught:
        client.audio.transcriptions.create(file=("a.wav", encoded(speech[0], "WAV")), model="whisper-1")
    assert caught.value.code == "invalid_api_key"
    assert "sk-wrong" not in str(server.requests)
    assert posted(server, encoded(speech[0]), key=None).status_code == 401
    assert [(request.status, request.has_key) for request in server.requests] == [(401, True), (401, False)]


def test_without_a_key_of_its_own_the_server_asks_for_none(emulator, ears, speech):
    server = emulator(ears=ears)
    assert posted(server, encoded(speech[0]), key=None).status_code == 200
    assert posted(server, encoded(speech[0]), key="anything").status_code == 200


def test_a_body_that_is_too_large_is_refused_in_openais_words(emulator, ears, speech):
    limit = len(encoded(speech[0], "WAV")) + 100  # the form counts, not the file alone
    server = emulator(ears=ears, max_body_bytes=limit)
    with pytest.raises(openai.APIStatusError) as caught:
        transcribed(server, speech[0])
    assert caught.value.status_code == 413
    (request,) = server.requests
    assert caught.value.body == {
        "message": f"Maximum content size limit ({limit}) exceeded ({request.body_bytes} bytes read)",
        "type": "server_error",
        "param": None,
        "code": None,
    }


@pytest.mark.parametrize(
    ("fields", "status", "code"),
    [
        ({"colour": "red"}, 400, "unknown_parameter"),
        ({"timestamp_granularities": "word", "response_format": "verbose_json"}, 400, "unknown_parameter"),
        ({"model": ""}, 400, None),
        ({"model": "whisper-9"}, 404, "model_not_found"),
        ({"model": "gpt-4o-transcribe", "response_format": "srt"}, 400, "unsupported_value"),
        ({"model": ["whisper-1", "whisper-1"]}, 400, "duplicate_parameter"),
        ({"response_format": "ssa"}, 400, "invalid_value"),
        ({"response_format": ""}, 400, "invalid_value"),
        ({"timestamp_granularities[]": "word"}, 400, "unsupported_value"),
        ({"timestamp_granularities[]": "letter", "response_format": "verbose_json"}, 400, "invalid_value"),
        ({"language": ""}, 400, "invalid_language_format"),
        ({"language": "english"}, 400, "invalid_language_format"),
        ({"language": "en-US"}, 400, "invalid_language_format"),
        ({"language": "xx"}, 400, "invalid_language_format"),
        ({"temperature": "1.1"}, 400, "invalid_value"),
        ({"temperature": "-0.1"}, 400, "invalid_value"),
        ({"temperature": "nan"}, 400, "invalid_value"),
        ({"temperature": "warm"}, 400, "invalid_value"),
        ({**TRANSLATION, "language": "de"}, 400, "unknown_parameter"),
        ({**TRANSLATION, **WORDS}, 400, "unknown_parameter"),
        ({**TRANSLATION, "model": "gpt-4o-transcribe"}, 400, "invalid_value"),
    ],
)  # fmt: skip
def test_a_field_that_is_not_as_it_must_be_is_refused(server, speech, fields, status, code):
    reply = posted(server, encoded(speech[0]), **fields)
    assert reply.status_code == status
    assert reply.json()["error"]["code"] == code
    assert reply.json()["error"]["type"] == "invalid_request_error"


@pytest.mark.parametrize(
    ("file", "message"),
    [
        (("speech", "audio/flac"), "Invalid file format"),
        (("speech.aac", "audio/aac"), "Invalid file format"),
        (("speech.wav", "audio/wav"), "Invalid file format"),
        (("speech.flac", "application/octet-stream"), "Invalid content type"),
        (("speech.flac", ""), "Invalid content type"),
    ],
)
def test_a_file_that_is_not_what_it_says_is_refused(server, speech, file, message):
    reply = posted(server, encoded(speech[0]), file=file)
    assert reply.status_code == 400
    assert message in reply.json()["error"]["message"]


@pytest.mark.parametrize(
    ("content", "message"), [(b"", "Invalid file format"), (b"fLaC and no more", "could not be decoded")]
)
def test_a_file_without_audio_is_refused(server, content, message):
    reply = posted(server, content)
    assert reply.status_code == 400
    assert message in reply.json()["error"]["message"]


@pytest.mark.parametrize(
    ("file", "options"),
    [
        (("a.mp3", "audio/mpeg"), ["-c:a", "libmp3lame"]),
        (("a.m4a", "audio/mp4"), ["-c:a", "aac"]),
        (("a.ogg", "audio/ogg"), ["-c:a", "libopus"]),
        (("a.webm", "video/webm"), ["-c:a", "libopus"]),
        (("a.wav", "audio/wav"), ["-ar", "44100", "-ac", "2"]),
    ],
    ids=lambda value: value[0],
)
def test_speech_in_any_format_is_heard(server, speech, tmp_path, file, options):
    samples, words = speech
    path = tmp_path / file[0]
    argv = ["ffmpeg", "-v", "error", "-f", "wav", "-i", "pipe:0", *options, str(path)]
    subprocess.run(argv, input=encoded(samples, "WAV"), check=True)
    assert bare(posted(server, path.read_bytes(), file=file).json()["text"]) == words


def test_a_flac_that_breaks_off_is_refused(server, speech):
    content = encoded(speech[0])
    reply = posted(server, content[: len(content) // 2])
    assert (reply.status_code, "could not be decoded" in reply.text) == (400, True)


def test_a_request_without_a_file_or_a_form_is_refused(server):
    assert posted(server).json()["error"]["param"] in {"file", "nothing"}
    headers = {"Authorization": f"Bearer {KEY}"}
    reply = httpx.post(f"{server.base_url}/audio/transcriptions", json={}, headers=headers, trust_env=False)
    assert reply.status_code == 415


def test_audio_may_not_be_too_short_nor_too_long_for_its_model(server):
    reply = posted(server, encoded(np.zeros(1599, dtype=np.int16)))
    assert (reply.status_code, reply.json()["error"]["code"]) == (400, "audio_too_short")
    assert reply.json()["error"]["message"] == "Audio file is too short. Minimum audio length is 0.1 seconds."
    assert posted(server, encoded(np.zeros(1600, dtype=np.int16))).status_code == 200
    hours = encoded(np.zeros(1401 * RATE, dtype=np.int16))
    assert "longer than 1400 seconds" in posted(server, hours, model="gpt-4o-transcribe").text
    assert posted(server, hours).status_code == 200


def test_a_server_may_know_no_granularities(emulator, ears, speech):
    server = emulator(ears=ears, accepts_granularities=False)
    assert posted(server, encoded(speech[0]), **WORDS).json()["error"]["code"] == "unknown_parameter"


@pytest.mark.parametrize(
    ("outside", "status", "kind"),
    [("page", 200, "html"), ("redirect", 301, None), ("not_found", 404, "html")],
)
def test_a_base_url_without_v1_meets_no_api(emulator, ears, outside, status, kind):
    server = emulator(ears=ears, outside=outside)
    reply = httpx.post(f"{server.origin}/audio/transcriptions", trust_env=False)
    assert reply.status_code == status
    assert kind is None or kind in reply.headers["content-type"]


def test_an_unknown_path_under_v1_is_a_404_in_json(server):
    reply = httpx.post(f"{server.base_url}/audio/subtitles", trust_env=False)
    assert (reply.status_code, reply.json()["error"]["type"]) == (404, "invalid_request_error")


def test_faults_come_before_hearing_and_see_the_request(emulator, ears, speech):
    seen = []

    def busy_once(request):
        seen.append(request.file_name)
        return JSONResponse({"error": {"message": "slow down"}}, 429) if len(seen) == 1 else None

    server = emulator(ears=ears, faults=busy_once)
    with pytest.raises(openai.RateLimitError):
        transcribed(server, speech[0])
    assert bare(transcribed(server, speech[0]).text) == speech[1]
    assert [request.status for request in server.requests] == [429, 200]
    assert seen == ["speech.wav", "speech.wav"]


def test_requests_are_recorded_as_they_came(server, speech):
    content = encoded(speech[0])
    posted(server, content, language="en", prompt="Names: Ada")
    (request,) = server.requests
    assert request.fields == {"model": ("whisper-1",), "language": ("en",), "prompt": ("Names: Ada",)}
    assert (request.file_name, request.content_type) == ("speech.flac", "audio/flac")
    assert (request.file_bytes, request.duration_s) == (len(content), 20)
    assert request.body_bytes > request.file_bytes
    assert "authorization" not in request.headers


def test_requests_are_answered_side_by_side(emulator, speech):
    together = threading.Barrier(3, timeout=20)

    class Patient:
        def hear(self, samples):
            together.wait()
            return Heard()

    server = emulator(ears=Patient())
    with concurrent.futures.ThreadPoolExecutor(3) as pool:
        replies = list(pool.map(lambda _: posted(server, encoded(speech[0])), range(3)))
    assert [reply.status_code for reply in replies] == [200] * 3
    assert server.most_at_once == 3


@pytest.mark.embedded
def test_the_embedded_ears_hear_a_real_voice(emulator, embedded_ears):
    from moonshine_voice import get_assets_path

    with wave.open(f"{get_assets_path()}/two_cities.wav") as file:
        rate = file.getframerate()
        samples = np.frombuffer(file.readframes(15 * rate), dtype="<i2")[:: rate // RATE]
    server = emulator(ears=embedded_ears)
    reply = transcribed(
        server, samples, response_format="verbose_json", timestamp_granularities=["word", "segment"]
    )
    assert "best of times" in reply.text
    assert bare(" ".join(word.word for word in reply.words)) == bare(reply.text)
    assert langcodes.find(reply.language).language == "en"
