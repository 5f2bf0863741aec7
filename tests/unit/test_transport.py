"""Transport: what an answer means, body before status, and when it is worth another try."""

import json
import pickle
import ssl
import threading
from datetime import UTC, datetime

import httpx
import pytest
import stamina

from subtitler.engines.transport import (
    ATTEMPTS,
    Answer,
    UnsupportedParameter,
    fault_of,
    fault_of_exception,
    persist,
    retry_after_s,
    silence_retry_log,
)
from subtitler.errors import (
    EngineError,
    EngineOutputInvalid,
    EngineRejected,
    EngineUnavailable,
    QuotaExhausted,
)
from subtitler.model import Reply

PAGE = b"<!doctype html><html><head><title>502 Bad Gateway</title></head></html>"


def answer(status, body=b"", host="host", **headers):
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    return Answer(
        status=status, headers=httpx.Headers(headers), body=raw, address=f"https://{host}/v1", host=host
    )


def stated(message, code=None, kind="invalid_request_error", param=None):
    return {"error": {"message": message, "type": kind, "param": param, "code": code}}


# -- classification -----------------------------------------------------------------------------------


@pytest.mark.parametrize("status", [429, 500, 502, 503, 504, 520, 524, 529, 408, 409])
@pytest.mark.parametrize("body", [stated("busy"), b"", b"oops", PAGE, {"detail": "later"}])
def test_faults_that_may_pass_are_worth_a_retry(status, body):
    assert type(fault_of(answer(status, body))) is EngineUnavailable


@pytest.mark.parametrize("status", [400, 402, 403, 429, 500, 503, 200])
@pytest.mark.parametrize(
    "body",
    [
        stated("You exceeded your current quota, please check your plan", code="insufficient_quota"),
        stated("user quota is not enough"),
        stated("用户额度不足 (request id: 20261121)", code="insufficient_user_quota", kind="new_api_error"),
    ],
)
def test_an_empty_purse_is_recognised_behind_any_status(status, body):
    assert type(fault_of(answer(status, body))) is QuotaExhausted


def test_402_is_money_whatever_it_says():
    assert type(fault_of(answer(402, b""))) is QuotaExhausted


@pytest.mark.parametrize(
    "body",
    [
        stated("bad request (request id: abcdef123)", code="invalid_request", kind="comet_api_error"),
        stated("Invalid file format. Supported formats: ['flac']"),
        stated("Audio file is too short. Minimum audio length is 0.1 seconds.", code="audio_too_short"),
        stated("no such model", code="404"),
    ],
)
def test_a_permanent_error_behind_status_500_is_not_repeated(body):
    assert isinstance(fault_of(answer(500, body)), EngineRejected)


@pytest.mark.parametrize(
    ("host", "variable"),
    [
        ("api.cometapi.com", "COMETAPI_KEY"),
        ("api.openai.com", "OPENAI_API_KEY"),
        ("else", "SUBTITLER_API_KEY"),
    ],
)
@pytest.mark.parametrize(
    ("status", "body"),
    [
        (401, stated("no key")),
        (401, b""),
        (500, stated("bad key", code="invalid_api_key")),
        (200, stated("x", code=401)),
    ],
)
def test_a_wrong_key_names_the_variable_to_set(host, variable, status, body):
    fault = fault_of(answer(status, body, host))
    assert isinstance(fault, EngineRejected)
    assert variable in fault.hint


@pytest.mark.parametrize(
    ("status", "body"),
    [(301, b""), (302, PAGE), (307, b""), (308, b""), (200, PAGE), (404, PAGE), (200, b"\xef\xbb\xbf<html>")],
)
def test_a_page_or_a_redirect_names_the_base_url_and_its_cure(status, body):
    fault = fault_of(answer(status, body))
    assert isinstance(fault, EngineRejected)
    assert "https://host/v1" in str(fault)
    assert "/v1" in fault.hint


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (413, b"<html><head><title>413 Request Entity Too Large</title>"),
        (413, b""),
        (500, stated("Maximum content size limit (26214400) exceeded")),
    ],
)
def test_an_upload_that_is_too_large_says_what_to_lower(status, body):
    fault = fault_of(answer(status, body))
    assert isinstance(fault, EngineRejected)
    assert "--max-upload-mib" in fault.hint


@pytest.mark.parametrize(
    "body", [b"Hello", b'{"text":""}', b'{"text":"the error","segments":[]}', b"WEBVTT", b"", b'{"words":[]}']
)
def test_what_may_be_a_transcript_is_no_fault(body):
    assert fault_of(answer(200, body)) is None


def test_success_with_an_error_inside_is_an_answer_nobody_can_use():
    assert type(fault_of(answer(200, stated("upstream failed", kind="server_error")))) is EngineOutputInvalid
    assert type(fault_of(answer(200, {"success": False}))) is EngineOutputInvalid


@pytest.mark.parametrize(
    ("body", "parameter", "alternative"),
    [
        (
            stated(
                "response_format 'verbose_json' is not compatible. Use 'json' or 'text' instead.",
                param="response_format",
            ),
            "response_format",
            "json",
        ),
        (stated("timestamp_granularities need verbose_json"), "timestamp_granularities", None),
        (
            {"detail": [{"loc": ["body", "timestamp_granularities[]"], "msg": "extra", "type": "x"}]},
            "timestamp_granularities",
            None,
        ),
        (stated("Unknown field", param="timestamp_granularities[]"), "timestamp_granularities", None),
        ({"error": "invalid response format srt"}, "response_format", None),
    ],
)
@pytest.mark.parametrize("status", [400, 422, 500])
def test_a_refused_parameter_is_named(status, body, parameter, alternative):
    fault = fault_of(answer(status, body))
    assert isinstance(fault, UnsupportedParameter)
    assert (fault.parameter, fault.alternative) == (parameter, alternative)
    assert pickle.loads(pickle.dumps(fault)).parameter == parameter


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (stated("told"), "told"),
        ({"error": "told"}, "told"),
        ({"message": "told"}, "told"),
        ({"msg": "told"}, "told"),
        ({"detail": "told"}, "told"),
        ({"detail": [{"loc": ["body", "file"], "msg": "told"}]}, "body.file: told"),
        ({"err": "told"}, "told"),
        ({"error_msg": "told"}, "told"),
        ({"errors": [{"message": "told"}]}, "told"),
        ({"error": {"code": "told"}}, "told"),
        (b"<html><head><title>told</title></head>", "told"),
        (b"told", "told"),
        (b"told" + b"!" * 900, "told!!!"),
    ],
)
def test_the_reason_is_found_wherever_it_is_said(body, message):
    assert message in str(fault_of(answer(400, body)))
    assert len(str(fault_of(answer(400, body)))) < 300


def test_the_request_id_is_kept():
    assert fault_of(answer(500, b"", **{"X-Request-ID": "req_1"})).request_id == "req_1"
    assert fault_of(answer(500, stated("no (request id: 2026abcdef)"))).request_id == "2026abcdef"


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"retry-after": "7"}, 7),
        ({"retry-after": "0.5"}, 0.5),
        ({"retry-after": "9999"}, 120),
        ({"retry-after-ms": "1500", "retry-after": "9"}, 1.5),
        ({"retry-after": "Sat, 21 Nov 2026 12:00:30 GMT"}, 30),
        ({"retry-after": "Sat, 21 Nov 2026 11:00:00 GMT"}, None),
        ({"retry-after": "soon"}, None),
        ({"retry-after": "nan"}, None),
        ({"retry-after": "-1"}, None),
        ({}, None),
    ],
)
def test_every_form_of_retry_after_is_understood(headers, seconds):
    now = datetime(2026, 11, 21, 12, tzinfo=UTC)
    assert retry_after_s(httpx.Headers(headers), now=now) == seconds


def test_exceptions_of_the_client_are_errors_of_ours_without_their_text():
    request = httpx.Request("POST", "https://host")
    secret = "Bearer sk-secret"
    for kind in (
        httpx.ReadTimeout,
        httpx.ConnectTimeout,
        httpx.ConnectError,
        httpx.WriteError,
        httpx.RemoteProtocolError,
    ):
        fault = fault_of_exception(kind(secret, request=request), address="https://host")
        assert type(fault) is EngineUnavailable
        assert "sk-secret" not in f"{fault} {fault.hint}"
    untrusted = httpx.ConnectError("no", request=request)
    untrusted.__cause__ = ssl.SSLCertVerificationError("no")
    assert "SSL_CERT_FILE" in fault_of_exception(untrusted, address="https://host").hint


# -- retries ------------------------------------------------------------------------------------------


class Scripted:
    """Raises its errors one after another, then answers."""

    def __init__(self, *errors):
        self.errors = list(errors)
        self.calls = 0

    def __call__(self):
        self.calls += 1
        if self.errors:
            raise self.errors.pop(0)
        return Reply(text="done")


def busy(retry_after=None):
    return EngineUnavailable("busy", retry_after=retry_after)


def test_a_passing_fault_is_tried_again_and_told():
    events, send = [], Scripted(busy(), busy(3.0))
    assert persist(send, reporter=events.append).text == "done"
    assert [(event.attempt, event.reason) for event in events] == [(2, "busy"), (3, "busy")]
    assert 1 <= events[0].wait_s <= 2
    assert events[1].wait_s == 3.0


def test_a_program_can_keep_retries_out_of_the_log(caplog):
    hooks = stamina.instrumentation.get_on_retry_hooks()
    try:
        silence_retry_log()
        persist(Scripted(busy()), reporter=lambda event: None)
        assert not caplog.records
    finally:
        stamina.instrumentation.set_on_retry_hooks(hooks)


def test_patience_ends_after_five_attempts():
    send = Scripted(*[busy() for _ in range(9)])
    with pytest.raises(EngineUnavailable):
        persist(send, reporter=lambda event: None)
    assert send.calls == ATTEMPTS


def test_patience_ends_after_five_minutes():
    now = iter([0, 100, 290, 999])
    send = Scripted(*[busy(50.0) for _ in range(9)])
    with pytest.raises(EngineUnavailable):
        persist(send, reporter=lambda event: None, clock=lambda: next(now))
    assert send.calls == 2


@pytest.mark.parametrize(
    "error", [EngineRejected("no"), QuotaExhausted("empty"), EngineError("closed"), KeyError("bug")]
)
def test_what_will_not_pass_is_sent_once(error):
    send = Scripted(error)
    with pytest.raises(type(error)):
        persist(send, reporter=lambda event: None)
    assert send.calls == 1


def test_an_answer_nobody_can_read_is_asked_for_twice_more():
    send = Scripted(*[EngineOutputInvalid("garbled") for _ in range(9)])
    with pytest.raises(EngineOutputInvalid):
        persist(send, reporter=lambda event: None)
    assert send.calls == 3


def test_closing_ends_a_wait_at_once():
    closed = threading.Event()
    send = Scripted(busy(100.0))
    with stamina.set_testing(testing=False), pytest.raises(EngineError, match="closed"):
        persist(send, reporter=lambda event: threading.Timer(0.05, closed.set).start(), closed=closed)
    assert send.calls == 1
