"""An OpenAI-compatible server on a loopback port: refuses and answers as OpenAI does.

What it accepts stands in `contract`, what it answers in `replies`; what it understands is up to its
`Ears`, and what goes wrong on purpose to ``Rules.faults``.
"""

import contextlib
import dataclasses
import secrets
import socket
import threading
import time
from collections.abc import AsyncIterator
from typing import Final

import uvicorn
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, RedirectResponse, Response
from starlette.routing import Route

from emulator import replies
from emulator.contract import (
    RecordedRequest,
    Refused,
    Rules,
    Task,
    audio_of,
    check_fields,
    check_key,
    check_size,
)
from emulator.ears import Ears, translated
from emulator.track import RATE

_METHODS: Final = ["GET", "POST", "PUT", "PATCH", "DELETE"]
_PAGE: Final = "<!doctype html><html><head><title>{0}</title></head><body>{0}</body></html>"


class Emulator:
    """The server, listening from its construction until `stop`.

    ``requests`` holds everything that arrived, in order of arrival.
    """

    def __init__(self, ears: Ears, rules: Rules | None = None) -> None:
        self.rules = rules or Rules()
        self.requests: list[RecordedRequest] = []
        self._ears = ears
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        config = uvicorn.Config(
            self._app(),
            log_config=None,
            lifespan="off",
            loop="asyncio",
            http="h11",
            ws="none",
            timeout_graceful_shutdown=2,
        )
        self._server = uvicorn.Server(config)
        self._thread = threading.Thread(
            target=self._server.run, args=([self._listener],), name="emulator", daemon=True
        )
        self._thread.start()
        deadline = time.monotonic() + 10
        while not self._server.started:
            if time.monotonic() > deadline or not self._thread.is_alive():
                raise RuntimeError("the emulator does not start")
            time.sleep(0.005)

    @property
    def origin(self) -> str:
        """Scheme, host and port."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def base_url(self) -> str:
        """Where the endpoints begin."""
        return f"{self.origin}/v1"

    @property
    def most_at_once(self) -> int:
        """The largest number of requests that were being answered at one moment."""
        spans = [(record.started_s, record.ended_s or float("inf")) for record in self.requests]
        return max((sum(start <= moment < end for start, end in spans) for moment, _ in spans), default=0)

    def stop(self) -> None:
        """Stop listening; calling it twice does no harm."""
        self._server.should_exit = True
        self._thread.join(timeout=10)
        self._listener.close()

    def _app(self) -> Starlette:
        return Starlette(
            routes=[
                Route("/v1/audio/transcriptions", self._transcriptions, methods=["POST"]),
                Route("/v1/audio/translations", self._translations, methods=["POST"]),
                Route("/v1/models", self._models, methods=["GET"]),
                Route("/v1/{rest:path}", self._unknown, methods=_METHODS),
                Route("/{rest:path}", self._outside, methods=_METHODS),
            ]
        )

    async def _transcriptions(self, request: Request) -> Response:
        return await self._audio(request, "transcribe")

    async def _translations(self, request: Request) -> Response:
        return await self._audio(request, "translate")

    async def _models(self, request: Request) -> Response:
        async with self._recorded(request) as record:
            try:
                check_key(request.headers.get("authorization", ""), self.rules)
            except Refused as refused:
                return _answer(record, JSONResponse(refused.body, refused.status))
            models = [
                {"id": name, "object": "model", "created": 0, "owned_by": "emulator"}
                for name in self.rules.models
            ]
            return _answer(record, JSONResponse({"object": "list", "data": models}))

    async def _unknown(self, request: Request) -> Response:
        async with self._recorded(request) as record:
            refused = Refused(f"Invalid URL ({request.method} {request.url.path})", status=404)
            return _answer(record, JSONResponse(refused.body, refused.status))

    async def _outside(self, request: Request) -> Response:
        async with self._recorded(request) as record:
            match self.rules.outside:
                case "page":
                    return _answer(record, HTMLResponse(_PAGE.format("Welcome")))
                case "redirect":
                    return _answer(record, RedirectResponse(f"/v1{request.url.path}", 301))
                case "not_found":
                    return _answer(record, HTMLResponse(_PAGE.format("404 Not Found"), 404))

    async def _audio(self, request: Request, task: Task) -> Response:
        async with self._recorded(request) as record:
            try:
                check_key(request.headers.get("authorization", ""), self.rules)
                check_size(record.body_bytes, self.rules)
                content = await _read_form(request, record)
                response = await run_in_threadpool(self._recognised, record, content, task)
            except Refused as refused:
                response = JSONResponse(refused.body, refused.status)
            response.headers["x-request-id"] = f"req_{secrets.token_hex(16)}"
            return _answer(record, response)

    def _recognised(self, record: RecordedRequest, content: bytes, task: Task) -> Response:
        fault = self.rules.faults(record)
        if fault is not None:
            return fault
        model = check_fields(record, task, self.rules)
        samples = audio_of(record, content, model, self.rules)
        time.sleep(self.rules.latency_s)
        heard = self._ears.hear(samples)
        heard = dataclasses.replace(heard, language=record.field("language", heard.language))
        if task == "translate":
            heard = translated(heard, self.rules.translate)
        granularities = record.fields.get("timestamp_granularities[]", ("segment",))
        return replies.reply(
            heard,
            record.field("response_format", "json"),
            task=task,
            duration_s=len(samples) / RATE,
            has_words="word" in granularities,
            has_segments="segment" in granularities,
            temperature=float(record.field("temperature", "0")),
        )

    @contextlib.asynccontextmanager
    async def _recorded(self, request: Request) -> AsyncIterator[RecordedRequest]:
        body = await request.body()
        record = RecordedRequest(
            method=request.method,
            path=request.url.path,
            headers={name: value for name, value in request.headers.items() if name != "authorization"},
            has_key="authorization" in request.headers,
            body_bytes=len(body),
        )
        self.requests.append(record)
        try:
            yield record
        finally:
            record.ended_s = time.monotonic()


async def _read_form(request: Request, record: RecordedRequest) -> bytes:
    """Note the form in the record; its file's content."""
    if not request.headers.get("content-type", "").startswith("multipart/form-data"):
        raise Refused("Invalid content type. Expected multipart/form-data.", status=415)
    try:
        form = await request.form()
    except HTTPException as error:
        raise Refused("Could not parse multipart form") from error
    fields: dict[str, tuple[str, ...]] = {}
    content = b""
    for name, value in form.multi_items():
        if isinstance(value, str):
            fields[name] = (*fields.get(name, ()), value)
        elif name != "file" or record.file_name is not None:
            raise Refused(f"Unexpected file '{name}'.", param=name, code="unknown_parameter")
        else:
            content = await value.read()
            record.file_name, record.content_type, record.file_bytes = (
                value.filename,
                value.content_type,
                len(content),
            )
    record.fields = fields
    await form.close()
    return content


def _answer(record: RecordedRequest, response: Response) -> Response:
    record.status = response.status_code
    return response
