"""The API engine: OpenAI's audio endpoints, and whoever speaks like them.

A chunk is sent as FLAC to ``{base}/audio/transcriptions`` or ``/audio/translations``. The richest answer
is asked for first; where a server refuses a format, the engine steps down and remembers.
"""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import httpx

from subtitler._version import __version__
from subtitler.engines.flac import encode_flac
from subtitler.engines.replies import read_reply
from subtitler.engines.transport import (
    Answer,
    UnsupportedParameter,
    fault_of,
    fault_of_exception,
    persist,
)
from subtitler.errors import EngineError, EngineOutputInvalid, EngineUnavailable, UsageError
from subtitler.events import Reporter, Warned, silent
from subtitler.hosts import KEY_VARIABLES, is_loopback
from subtitler.languages import iso_639_1
from subtitler.timing import SAMPLE_RATE, Span

if TYPE_CHECKING:
    from subtitler.engines import EngineOptions
    from subtitler.model import Reply, ResponseFormat, Samples, Secret

DEFAULT_MODEL: Final = "whisper-1"

MOST_BYTES: Final = 32 * 1024 * 1024
"""A longer answer is no transcript of a chunk."""

_PROXIES: Final = frozenset({"HTTPS_PROXY", "HTTP_PROXY", "ALL_PROXY"})

CONNECT_TIMEOUT_S: Final = 10.0
SLOWEST_UPLOAD: Final = 64 * 1024  # bytes per second


@dataclass(frozen=True, slots=True)
class _Rung:
    """One step of the ladder: a format, with or without times of words."""

    response_format: ResponseFormat
    has_granularities: bool = False


_WITH_WORDS = _Rung("verbose_json", has_granularities=True)
_LADDER: Final = (
    _WITH_WORDS,
    _Rung("verbose_json"),
    _Rung("srt"),
    _Rung("vtt"),
    _Rung("json"),
    _Rung("text"),
)


class ApiEngine:
    """Speech recognised by a server. Threads may share it.

    Raises:
        UsageError: If the base URL is none, or the key must not or cannot go there.
    """

    name = "api"
    default_max_chunk_s = 90.0

    def __init__(self, options: EngineOptions, *, reporter: Reporter = silent) -> None:
        self.model = options.model or DEFAULT_MODEL
        self.max_concurrency = max(1, options.concurrency)
        self.spoken_language: str | None = "en" if options.task == "translate" else None
        self._options = options
        self._reporter = reporter
        self._base = _base_url(options.base_url)
        self._address = str(self._base.copy_with(userinfo=b"")).rstrip("/")
        _check_key(options.api_key, self._base, allows_insecure_http=options.allows_insecure_http)
        self._ladder = _ladder(options)
        self._rung = 0
        self._lock = threading.Lock()
        self._closed = threading.Event()
        self._client = _client(self._base, options.api_key)

    def recognise(self, samples: Samples, *, speech: tuple[Span, ...]) -> Reply:  # noqa: ARG002 - it hears all
        """What the server says about ``samples``; see `Engine.recognise`."""
        audio = encode_flac(samples)
        seconds = len(samples) / SAMPLE_RATE
        while True:
            with self._lock:
                place = self._rung
            rung = self._ladder[place]
            try:
                return persist(
                    lambda rung=rung: self._send(audio, seconds, rung),  # type: ignore[misc] # bound now
                    reporter=self._reporter,
                    closed=self._closed,
                )
            except UnsupportedParameter as refusal:
                if not self._step_down(place, refusal):
                    raise

    def close(self) -> None:
        """End waits and connections."""
        self._closed.set()
        self._client.close()

    def _send(self, audio: bytes, seconds: float, rung: _Rung) -> Reply:
        """One exchange: a request, and its reply or its error."""
        answer = self._exchange(audio, self._fields(rung), _timeout(len(audio), seconds))
        fault = fault_of(answer)
        if fault is not None:
            raise fault
        try:
            return read_reply(answer.body, asked=rung.response_format, address=self._address)
        except EngineError as error:
            error.status, error.request_id = answer.status, answer.headers.get("x-request-id")
            raise

    def _exchange(
        self, audio: bytes, fields: Mapping[str, str | list[str]], timeout: httpx.Timeout
    ) -> Answer:
        verb = "transcriptions" if self._options.task == "transcribe" else "translations"
        deadline = time.monotonic() + 2 * (timeout.write or 0) + 2 * (timeout.read or 0)
        body = bytearray()
        try:
            with self._client.stream(
                "POST",
                f"{self._base}/audio/{verb}",
                data=dict(fields),
                files={"file": ("chunk.flac", audio, "audio/flac")},
                timeout=timeout,
            ) as response:
                for piece in response.iter_bytes():
                    body += piece
                    if len(body) > MOST_BYTES:
                        raise EngineOutputInvalid(f"{self._address} sent an answer without end")
                    if time.monotonic() > deadline:
                        raise EngineUnavailable(f"{self._address} did not finish its answer in time")
        except (httpx.HTTPError, httpx.StreamError, OSError) as error:
            raise fault_of_exception(error, address=self._address) from error
        except RuntimeError as error:
            if not self._closed.is_set():
                raise
            raise EngineError("the engine is closed") from error
        return Answer(
            status=response.status_code,
            headers=response.headers,
            body=_without_key(bytes(body), self._options.api_key),
            address=self._address,
            host=self._base.host,
        )

    def _fields(self, rung: _Rung) -> dict[str, str | list[str]]:
        """Only what the endpoint knows: servers refuse fields they do not know."""
        options = self._options
        fields: dict[str, str | list[str]] = {"model": self.model, "response_format": rung.response_format}
        if options.task == "transcribe" and options.language is not None:
            code = iso_639_1(options.language)
            if code is not None:
                fields["language"] = code
        if options.prompt:
            fields["prompt"] = options.prompt
        if options.temperature is not None:
            fields["temperature"] = f"{options.temperature:g}"
        if rung.has_granularities:
            fields["timestamp_granularities[]"] = ["word", "segment"]
        return fields

    def _step_down(self, place: int, refusal: UnsupportedParameter) -> bool:
        """Go to the next rung that may be granted; False if the ladder ends here."""
        with self._lock:
            if self._rung != place:  # another thread was refused before, and has stepped down already
                return True
            lower = _next_rung(self._ladder, place, refusal)
            if lower is None:
                return False
            self._rung = lower
        was, now = self._ladder[place], self._ladder[lower]
        lost = "the times of words" if was.response_format == now.response_format else was.response_format
        self._reporter(
            Warned(message=f"{self._address} refuses {lost}; asking for {now.response_format} instead")
        )
        return True


def _ladder(options: EngineOptions) -> tuple[_Rung, ...]:
    asked = options.response_format
    rungs = _LADDER if asked == "auto" else tuple(rung for rung in _LADDER if rung.response_format == asked)
    # translations know no granularities
    return tuple(rung for rung in rungs if options.task == "transcribe" or not rung.has_granularities)


def _next_rung(ladder: Sequence[_Rung], place: int, refusal: UnsupportedParameter) -> int | None:
    refused = ladder[place]
    for lower in range(place + 1, len(ladder)):
        rung = ladder[lower]
        if refusal.parameter == "response_format":
            if rung.response_format == refused.response_format:
                continue
            formats = [later.response_format for later in ladder[lower:]]
            if refusal.alternative in formats and rung.response_format != refusal.alternative:
                continue
        return lower
    return None


def _base_url(text: str) -> httpx.URL:
    try:
        url = httpx.URL(text.strip().rstrip("/"))
    except httpx.InvalidURL as error:
        raise UsageError("the base URL cannot be read", hint="it looks like https://host/v1") from error
    if url.scheme not in ("http", "https") or not url.host:
        raise UsageError(
            f"not a base URL: {url.copy_with(userinfo=b'')}", hint="it looks like https://host/v1"
        )
    return url.copy_with(query=None, fragment=None)


def _check_key(key: Secret | None, base: httpx.URL, *, allows_insecure_http: bool) -> None:
    if key is None:
        variable = KEY_VARIABLES.get(base.host)
        if variable is not None:
            raise UsageError(f"{base.host} wants a key and there is none", hint=f"set {variable}")
        return
    if not key.reveal() or not all("!" <= character <= "~" for character in key.reveal()):
        raise UsageError("the key is empty or holds blanks or other odd characters", hint="copy it again")
    if base.scheme == "http" and not is_loopback(base.host) and not allows_insecure_http:
        raise UsageError(
            f"the key would travel unprotected to {base.host}",
            hint="use https, or allow it with --insecure-http",
        )


def _client(base: httpx.URL, key: Secret | None) -> httpx.Client:
    headers = {"User-Agent": f"subtitler/{__version__}"}
    if key is not None:
        headers["Authorization"] = f"Bearer {key.reveal()}"
    # proxies and certificates come from the environment, but this machine is never reached through a proxy
    host = f"[{base.host}]" if ":" in base.host else base.host
    direct: dict[str, httpx.BaseTransport | None] = {f"all://{host}": None}
    try:
        return httpx.Client(
            headers=headers,
            follow_redirects=False,
            mounts=direct if is_loopback(base.host) else None,
            limits=httpx.Limits(max_connections=None, max_keepalive_connections=None),
        )
    except OSError:  # httpx reads certificates here, and nothing else
        names = [name for name in ("SSL_CERT_FILE", "SSL_CERT_DIR") if os.environ.get(name)]
        raise _unusable(names, hint="it must name readable certificates in PEM form; or unset it") from None
    except (ValueError, ImportError, httpx.InvalidURL):
        # without the cause: a proxy's address, which it repeats, may hold a password
        names = [name for name in os.environ if name.upper() in _PROXIES and not _is_proxy(os.environ[name])]
        hint = "it must look like http://host:port (socks needs httpx[socks]); or unset it"
        raise _unusable(names or ["NO_PROXY"], hint=hint) from None


def _is_proxy(address: str) -> bool:
    try:
        httpx.Client(proxy=address if "://" in address else f"http://{address}", trust_env=False).close()
    except (ValueError, ImportError, httpx.InvalidURL):
        return False
    return True


def _unusable(variables: Sequence[str], *, hint: str) -> UsageError:
    return UsageError(f"{' or '.join(variables) or 'the network setting'} cannot be used", hint=hint)


def _timeout(size: int, seconds: float) -> httpx.Timeout:
    """How long to wait for a chunk of ``size`` bytes and so many seconds of audio."""
    return httpx.Timeout(
        connect=CONNECT_TIMEOUT_S,
        write=30 + size / SLOWEST_UPLOAD,
        read=min(max(60 + 0.5 * seconds, 120), 600),
        pool=None,
    )


def _without_key(body: bytes, key: Secret | None) -> bytes:
    """A body with the key masked, should the server repeat it."""
    secret = key.reveal().encode() if key is not None else b""
    return body.replace(secret, b"********") if len(secret) >= 4 else body
