"""Recorded answers of real servers, read in place: what they said comes out, and errors are understood."""

import json

import httpx
import pytest

from subtitler.engines.replies import read_reply
from subtitler.engines.transport import Answer, UnsupportedParameter, fault_of
from subtitler.errors import EngineError, EngineRejected, EngineUnavailable, QuotaExhausted

pytestmark = pytest.mark.samples


@pytest.fixture(scope="session")
def recorded(samples):
    folder = samples.parent / "reference" / "recorded_api"
    if not folder.is_dir():
        pytest.skip(f"no recorded answers beside the samples: {folder}")
    return folder


def exchanges(folder, pattern):
    """Format asked for, status, body and headers of each recorded exchange."""
    for path in sorted(folder.glob(pattern)):
        record = json.loads(path.read_text(encoding="utf-8"))
        body = record["response_body"]
        raw = (body if isinstance(body, str) else json.dumps(body)).encode()
        headers = {
            name: value for name, value in record["response_headers"].items() if isinstance(value, str)
        }
        asked = record.get("request_fields", {}).get("response_format", "json")
        yield path.name, asked, record["status"], raw, headers


def answer(status, body, headers=None):
    return Answer(
        status=status, headers=httpx.Headers(headers or {}), body=body, address="https://host/v1", host="host"
    )


def test_every_recorded_transcript_of_openai_is_read(recorded):
    read = 0
    for name, asked, status, body, headers in exchanges(recorded, "openai_dotnet/*.json"):
        if status != 200:
            continue
        assert fault_of(answer(status, body, headers)) is None, name
        reply = read_reply(body, asked=asked)
        assert "test" in reply.text.casefold() or "calling openai" in reply.text.casefold(), name
        assert bool(reply.segments or reply.words) == (asked not in ("json", "text")), name
        assert reply.language == ("en" if asked == "verbose_json" else None), name
        read += 1
    assert read > 25


def test_word_times_of_openai_are_read_to_the_millisecond(recorded):
    (exchange,) = exchanges(recorded, "openai_dotnet/*TimestampsWork_Word_Segment.json")
    reply = read_reply(exchange[3], asked="verbose_json")
    assert [word.text for word in reply.words] == ["Hello", "world", "this", "is", "a", "test"]
    assert (reply.words[0].span.end_ms, reply.words[-1].span.end_ms) == (320, 1460)
    assert reply.segments[0].text == "Hello world, this is a test."


def test_transcripts_of_other_houses_are_read(recorded):
    said = (recorded / "ruby_llm" / "ruby.txt").read_text(encoding="utf-8").strip()
    read = 0
    for name, asked, status, body, headers in exchanges(recorded, "ruby_llm/*.json"):
        if name.startswith("deepgram"):  # an API of its own
            continue
        assert fault_of(answer(status, body, headers)) is None, name
        reply = read_reply(body, asked=asked)
        assert reply.text == said, name
        assert len(reply.words) in (0, len(said.split())), name
        read += 1
    assert read >= 8
    for path in sorted((recorded / "vercel_ai").glob("*.json")):
        record = json.loads(path.read_text(encoding="utf-8"))
        body = record["body"] if "body" in record else json.dumps(record)
        assert len(read_reply(body.encode(), asked="json").text) > 20, path.name


def test_a_refused_language_is_a_rejection_with_its_reason(recorded):
    (exchange,) = exchanges(recorded, "openai_dotnet/*BadTranscriptionRequest.json")
    fault = fault_of(answer(exchange[2], exchange[3], exchange[4]))
    assert type(fault) is EngineRejected
    assert "ISO-639-1" in str(fault)
    assert fault.request_id


def test_every_recorded_error_body_is_understood(recorded):
    kinds = {}
    lines = (recorded / "error_bodies.jsonl").read_text(encoding="utf-8").splitlines()
    for line in lines:
        record = json.loads(line)
        fault = fault_of(answer(record["status"], json.dumps(record["body"]).encode(), record.get("headers")))
        assert isinstance(fault, EngineError), line
        assert record["body"]["error"]["message"].split(" sk-")[0][:60] in str(fault), line
        kinds.setdefault(record["status"], set()).add(type(fault))
    assert len(lines) == 16
    assert kinds == {
        400: {EngineRejected, UnsupportedParameter},
        401: {EngineRejected},
        413: {EngineRejected},
        429: {QuotaExhausted},
        500: {EngineUnavailable},
    }
