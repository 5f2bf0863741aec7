"""Transport: what a finished exchange means, and when to try again.

`fault_of` and `fault_of_exception` turn answers and network exceptions into this project's errors, the
body first and the status second, for gateways rewrite statuses in both directions. `persist` is the one
layer of retries.
"""

from __future__ import annotations

import email.utils
import json
import math
import random
import re
import ssl
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final, Literal, TypeAlias

import httpx
import stamina

from subtitler.engines.replies import not_an_api, quoted
from subtitler.errors import (
    EngineError,
    EngineOutputInvalid,
    EngineRejected,
    EngineUnavailable,
    QuotaExhausted,
)
from subtitler.events import Reporter, Retrying
from subtitler.hosts import KEY_VARIABLES, OWN_KEY_VARIABLE
from subtitler.model import Reply

ATTEMPTS: Final = 5
TOTAL_S: Final = 300.0
"""No attempt begins later than this after the first."""

LONGEST_WAIT_S: Final = 120.0
INVALID_ANSWERS: Final = 3
"""How many answers nobody can read are taken before giving up: two retries."""

Parameter: TypeAlias = Literal["response_format", "timestamp_granularities"]

_MONEY = re.compile(
    r"insufficient[_ ](?:user[_ ])?(?:quota|balance|credit|fund)|exceeded your current quota"
    r"|quota is not enough|billing_hard_limit|(?:额度|余额)(?:不足|已用尽)",
    re.IGNORECASE,
)
_TOO_LARGE = re.compile(
    r"maximum content size|request_?too_?large|entity too large|payload too large", re.IGNORECASE
)
_PERMANENT = re.compile(
    r"\binvalid_request\b|audio_too_short|too short|invalid_value|is (?:longer|shorter) than [\d.]+ seconds"
    r"|invalid file format|could not be decoded|unsupported_(?:value|format)|invalid_language|invalid_api_key"
    r"|incorrect api key",
    re.IGNORECASE,
)
_GRANULARITIES = re.compile(r"granularit", re.IGNORECASE)
_FORMAT = re.compile(r"response[_ ]?format|verbose_json", re.IGNORECASE)
_TITLE = re.compile(r"<(title|h1)[^>]*>(.*?)</\1>", re.IGNORECASE | re.DOTALL)
_HTML = re.compile(rb"\s*<(?:!doctype|html|head|body|title|h1|center)", re.IGNORECASE)
_REQUEST_ID = re.compile(r"request[ _-]?id:?\s*([\w-]{6,})", re.IGNORECASE)


class UnsupportedParameter(EngineRejected):
    """The server does not know what was asked for; without ``parameter`` it may answer.

    ``alternative`` is the response format the server recommends, if it names one.
    """

    parameter: Parameter = "response_format"
    alternative: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """A finished answer of a server, with every trace of the key already masked.

    Attributes:
        headers: Found without regard to case.
        address: The base URL, as it may be shown.
        host: Its host.
    """

    status: int
    headers: httpx.Headers
    body: bytes
    address: str
    host: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Statement:
    """What the body of a failed request says."""

    message: str
    code: str = ""
    kind: str = ""
    parameter: str = ""

    @property
    def all(self) -> str:
        return f"{self.message} {self.code} {self.kind}"


# -- what an answer means -----------------------------------------------------------------------------


def fault_of(answer: Answer) -> EngineError | None:
    """The error an answer amounts to, None if its body may be a transcript."""
    is_page = _HTML.match(answer.body.removeprefix(b"\xef\xbb\xbf")) is not None
    if 300 <= answer.status < 400 or (is_page and (answer.status < 400 or answer.status in (404, 405))):
        return not_an_api(answer.address, status=answer.status)
    said = _statement(answer.body)
    if answer.status < 400 and said is None:
        return None
    said = said or _Statement(message=_plain_message(answer.body))
    status = _true_status(answer.status, said)
    error = _error(status, said, answer)
    error.status, error.request_id = answer.status, _request_id(answer.headers, said)
    return error


def fault_of_exception(error: Exception, *, address: str) -> EngineError:
    """The error behind an exception of the HTTP client, whose text is not used: it may hold the key."""
    if isinstance(error, httpx.TimeoutException):
        doing = "connect" if isinstance(error, httpx.ConnectTimeout) else "answer"
        return EngineUnavailable(
            f"{address} did not {doing} in time", hint="try again, or lower --max-chunk-s"
        )
    if isinstance(error, httpx.DecodingError):
        return EngineOutputInvalid(f"{address} sent an answer that cannot be decompressed")
    if isinstance(error, httpx.LocalProtocolError):
        return EngineRejected(
            f"the request to {address} cannot be sent: a header is not valid", hint="check the key"
        )
    if _is_about_certificates(error):
        return EngineRejected(
            f"{address} shows a certificate that is not trusted",
            hint="SSL_CERT_FILE names further authorities",
        )
    if isinstance(error, httpx.ConnectError | httpx.ProxyError):
        return EngineUnavailable(
            f"cannot connect to {address}", hint="check the base URL, the network and the proxy"
        )
    return EngineUnavailable(f"the connection to {address} broke off ({type(error).__name__})")


def retry_after_s(headers: httpx.Headers, *, now: datetime | None = None) -> float | None:
    """The wait a server asks for, in seconds, at most `LONGEST_WAIT_S`; None if it asks for none.

    Understood are ``retry-after-ms``, and ``retry-after`` as seconds or as an HTTP date.
    """
    for name, unit_s in (("retry-after-ms", 0.001), ("retry-after", 1.0)):
        text = headers.get(name, "").strip()
        try:
            seconds = float(text) * unit_s
        except ValueError:
            seconds = _until(text, now or datetime.now(UTC)) if unit_s == 1.0 else 0.0
        if math.isfinite(seconds) and seconds > 0:
            return min(seconds, LONGEST_WAIT_S)
    return None


def _until(date: str, now: datetime) -> float:
    try:
        moment = email.utils.parsedate_to_datetime(date)
    except ValueError:
        return 0.0
    return (moment.replace(tzinfo=moment.tzinfo or UTC) - now).total_seconds()


def _error(status: int, said: _Statement, answer: Answer) -> EngineError:
    message = f"{answer.address} says: {quoted(said.message)} (HTTP {answer.status})"
    if status == 402 or _MONEY.search(said.all):
        return QuotaExhausted(message, hint="add credit to the account behind the key, or use another key")
    if status == 413 or _TOO_LARGE.search(said.all):
        return EngineRejected(
            f"{message}: the upload is too large", hint="lower --max-upload-mib or --max-chunk-s"
        )
    if status != 401 and (unsupported := _unsupported(status, said, message)) is not None:
        return unsupported
    if status in (401, 403):
        variable = KEY_VARIABLES.get(answer.host)
        either = f"{OWN_KEY_VARIABLE} (or {variable})" if variable else OWN_KEY_VARIABLE
        hint = f"set {either} to a valid key for {answer.host or 'this server'}"
        return EngineRejected(message, hint=hint if status == 401 else f"{hint}, and check what it may use")
    if status == 404:
        return EngineRejected(
            message, hint=f"check --model, and the base URL {answer.address} (most end in /v1)"
        )
    if status < 400:
        return EngineOutputInvalid(message)
    if status in (408, 409, 429) or (status >= 500 and not _PERMANENT.search(said.all)):
        return EngineUnavailable(
            message, retry_after=retry_after_s(answer.headers), hint="try again later, or lower --concurrency"
        )
    return EngineRejected(message, hint="check --model, --language, --prompt and --temperature")


def _unsupported(status: int, said: _Statement, message: str) -> UnsupportedParameter | None:
    if status in (403, 404, 408, 409, 429) or status < 400:
        return None
    named: Parameter | None = None
    if _GRANULARITIES.search(said.parameter or said.message):
        named = "timestamp_granularities"
    elif _FORMAT.search(said.parameter or said.message):
        named = "response_format"
    if named is None:
        return None
    error = UnsupportedParameter(message, hint="use --response-format auto, or another --model")
    error.parameter = named
    instead = re.search(r"use '?(json|text|srt|vtt)\b", said.message, re.IGNORECASE)
    error.alternative = instead[1].lower() if instead else None
    return error


def _true_status(status: int, said: _Statement) -> int:
    """The status the server meant: gateways pass the one from further up as ``code``."""
    if status < 400 or status >= 500:
        if re.fullmatch(r"4\d\d", said.code):
            return int(said.code)
        if re.search(r"invalid_api_key|incorrect api key", said.all, re.IGNORECASE):
            return 401
    return status


# -- what a body says ---------------------------------------------------------------------------------


def _statement(body: bytes) -> _Statement | None:
    """The error that a body states, None if it states none."""
    try:
        value = json.loads(body.decode("utf-8-sig", "replace"))
    except (ValueError, RecursionError):
        return None
    if not isinstance(value, dict) or value.get("text"):
        return None
    error = value.get("error")
    if isinstance(error, dict):
        message = next(filter(None, _messages(error)), "") or json.dumps(error, ensure_ascii=False)
        return _Statement(
            message=message,
            code=_word(error, "code"),
            kind=_word(error, "type"),
            parameter=_word(error, "param"),
        )
    message = next(filter(None, _messages(value)), "")
    if not message and value.get("success") is not False:
        return None
    return _Statement(
        message=message or "no reason given", code=_word(value, "code"), kind=_word(value, "type")
    )


def _messages(value: Mapping[str, Any]) -> Iterator[str]:
    """Where servers put their reasons, the most telling first."""
    for key in ("error", "message", "msg", "detail", "err", "error_msg", "errors"):
        found = value.get(key)
        if isinstance(found, str):
            yield found
        elif isinstance(found, dict):
            yield from _messages(found)
        elif isinstance(found, list) and found:
            yield "; ".join(_item_message(item) for item in found[:3])


def _item_message(item: object) -> str:
    """One entry of FastAPI's ``detail`` (where, and what), or of another list of errors."""
    if not isinstance(item, dict):
        return str(item)
    place = item.get("loc")
    where = ".".join(str(part) for part in place) + ": " if isinstance(place, list) else ""
    return where + next(filter(None, _messages(item)), "")


def _word(value: Mapping[str, Any], key: str) -> str:
    """A field of an error, without the ways of gateways to say nothing."""
    text = str(value.get(key, "") if value.get(key) is not None else "")
    return "" if text.lower() in ("none", "null") else text


def _plain_message(body: bytes) -> str:
    text = body.decode("utf-8-sig", "replace")
    title = _TITLE.search(text) if _HTML.match(body) else None
    return (title[2] if title else text).strip() or "nothing"


def _request_id(headers: httpx.Headers, said: _Statement) -> str | None:
    for name in ("x-request-id", "request-id", "x-oneapi-request-id", "cf-ray"):
        if headers.get(name):
            return headers[name][:100]
    found = _REQUEST_ID.search(said.message)
    return found[1] if found else None


def _is_about_certificates(error: BaseException) -> bool:
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, ssl.SSLCertVerificationError) or "CERTIFICATE_VERIFY_FAILED" in str(cause):
            return True
        cause = cause.__cause__ or cause.__context__
    return False


# -- trying again -------------------------------------------------------------------------------------


def silence_retry_log() -> None:
    """Keep stamina from logging every retry, as it does by itself: a reporter hears of each already.

    This holds for the whole process, so it is for a program to ask for. A library must not take a log, and
    what else hangs on stamina's hooks, from whoever uses it.
    """
    stamina.instrumentation.set_on_retry_hooks(())


def persist(
    send: Callable[[], Reply],
    *,
    reporter: Reporter,
    closed: threading.Event | None = None,
    clock: Callable[[], float] = time.monotonic,
) -> Reply:
    """Send until there is an answer: the only roof under which requests are repeated.

    Args:
        send: One exchange; it raises `EngineError`.
        reporter: Hears of each retry before its wait.
        closed: Set from elsewhere, it ends a wait at once.
        clock: Seconds that never go backwards.

    Raises:
        EngineError: The last one, when patience is over or a retry is of no use.
    """
    patience = _Patience(reporter, closed or threading.Event(), clock)
    for attempt in stamina.retry_context(
        on=patience.is_worth_a_retry, attempts=ATTEMPTS, timeout=TOTAL_S, wait_initial=0, wait_jitter=0
    ):
        with attempt:
            patience.wait()
            return send()
    raise AssertionError("stamina returns or raises")


class _Patience:
    """Decides whether to go on and how long to wait; the wait itself ends when the engine is closed."""

    def __init__(self, reporter: Reporter, closed: threading.Event, clock: Callable[[], float]) -> None:
        self._reporter = reporter
        self._closed = closed
        self._clock = clock
        self._started = clock()
        self._failures = 0
        self._invalid = 0
        self._wait_s = 0.0

    def is_worth_a_retry(self, error: Exception) -> bool:
        self._failures += 1
        self._invalid += isinstance(error, EngineOutputInvalid)
        if not isinstance(error, EngineUnavailable | EngineOutputInvalid) or self._invalid >= INVALID_ANSWERS:
            return False
        asked = error.retry_after if isinstance(error, EngineUnavailable) else None
        # what CometAPI's own example does, and OpenAI's guide: doubling, with a jitter
        wait_s = asked or min(2.0 ** (self._failures - 1), 30.0) + random.random()  # noqa: S311 - no secret
        is_late = self._clock() - self._started + wait_s > TOTAL_S
        if self._failures >= ATTEMPTS or is_late or self._closed.is_set():
            return False
        self._wait_s = wait_s
        self._reporter(Retrying(attempt=self._failures + 1, wait_s=wait_s, reason=str(error)))
        return True

    def wait(self) -> None:
        if self._wait_s and not stamina.is_testing() and self._closed.wait(self._wait_s):
            raise EngineError("the engine was closed while a request waited for its retry")
