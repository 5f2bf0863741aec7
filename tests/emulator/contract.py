"""What the server accepts: every rule of OpenAI's audio endpoints, refused in OpenAI's words."""

import dataclasses
import secrets
import time
from collections.abc import Callable, Mapping
from pathlib import PurePath
from types import MappingProxyType
from typing import TYPE_CHECKING, Final, Literal

import langcodes

from emulator.track import RATE, Samples
from emulator.uploads import UndecodableUpload, decoded, is_of_format

if TYPE_CHECKING:
    from starlette.responses import Response

Task = Literal["transcribe", "translate"]

_GRANULARITIES: Final = "timestamp_granularities[]"
_FORMATS: Final = frozenset({"json", "srt", "text", "verbose_json", "vtt"})
_EXTENSIONS: Final = ("flac", "m4a", "mp3", "mp4", "mpeg", "mpga", "oga", "ogg", "wav", "webm")
_TRANSLATION_FIELDS: Final = frozenset({"model", "prompt", "response_format", "temperature"})
_FIELDS: Final[Mapping[Task, frozenset[str]]] = MappingProxyType(
    {"transcribe": _TRANSLATION_FIELDS | {"language", _GRANULARITIES}, "translate": _TRANSLATION_FIELDS}
)


@dataclasses.dataclass(frozen=True, kw_only=True)
class Model:
    """What a model can do; ``max_audio_s`` is the longest audio it takes."""

    formats: frozenset[str] = _FORMATS
    can_translate: bool = True
    max_audio_s: float = float("inf")


_GPT_4O: Final = Model(formats=frozenset({"json", "text"}), can_translate=False, max_audio_s=1400)
MODELS: Final[Mapping[str, Model]] = MappingProxyType(
    {"whisper-1": Model(), "gpt-4o-transcribe": _GPT_4O, "gpt-4o-mini-transcribe": _GPT_4O}
)


@dataclasses.dataclass(kw_only=True)
class RecordedRequest:
    """A request as it arrived, and how it was answered.

    Attributes:
        headers: By lower-case name, without Authorization: a key is not kept, only whether there was one.
        body_bytes: Size of the whole body.
        fields: Every text field with its values.
        file_name: Of the file's part, None if there was no file.
        content_type: Of the file's part.
        duration_s: Of the audio, once it is decoded.
        started_s: When it had arrived, on the monotonic clock.
        ended_s: When its answer was ready.
        status: What it was answered with; None before.
    """

    method: str
    path: str
    headers: Mapping[str, str]
    has_key: bool
    body_bytes: int
    fields: Mapping[str, tuple[str, ...]] = dataclasses.field(default_factory=dict)
    file_name: str | None = None
    content_type: str | None = None
    file_bytes: int = 0
    duration_s: float | None = None
    started_s: float = dataclasses.field(default_factory=time.monotonic)
    ended_s: float | None = None
    status: int | None = None

    def field(self, name: str, default: str = "") -> str:
        """The value of a text field."""
        return self.fields[name][0] if name in self.fields else default


@dataclasses.dataclass(frozen=True, kw_only=True)
class Rules:
    """How the server behaves.

    Attributes:
        key: The key every request must carry; None asks for none, and refuses none.
        max_body_bytes: The largest request body.
        min_audio_s: The shortest audio.
        accepts_granularities: Whether it knows ``timestamp_granularities[]``.
        outside: The answer to anything that is not under ``/v1``.
        latency_s: How long it thinks before it answers.
        translate: What it makes of each segment's text in a translation.
        faults: Asked about every audio request with a key and size in order; its response, if any, is the
            answer. Called from several threads at once.
    """

    key: str | None = None
    models: Mapping[str, Model] = dataclasses.field(default_factory=lambda: MODELS)
    max_body_bytes: int = 26_214_400
    min_audio_s: float = 0.1
    accepts_granularities: bool = True
    outside: Literal["page", "redirect", "not_found"] = "page"
    latency_s: float = 0
    translate: Callable[[str], str] = str.upper
    faults: "Callable[[RecordedRequest], Response | None]" = lambda _: None


class Refused(Exception):
    """A request that is answered with OpenAI's error envelope."""

    def __init__(
        self,
        message: str,
        *,
        status: int = 400,
        kind: str = "invalid_request_error",
        param: str | None = None,
        code: str | None = None,
    ) -> None:
        super().__init__(message)
        self.status = status
        self.body: dict[str, object] = {
            "error": {"message": message, "type": kind, "param": param, "code": code}
        }
        if status == 400:
            self.body["usage"] = {"type": "duration", "seconds": 0}


def check_key(authorization: str, rules: Rules) -> None:
    """Refuse a request whose Authorization header is not the right one."""
    if rules.key is None:
        return
    scheme, _, key = authorization.partition(" ")
    if not key or scheme != "Bearer":
        message = (
            "You didn't provide an API key. You need to provide your API key in an Authorization header using"
            " Bearer auth (i.e. Authorization: Bearer YOUR_KEY)."
        )
        raise Refused(message, status=401)
    if not secrets.compare_digest(key.encode(), rules.key.encode()):
        message = (
            f"Incorrect API key provided: {key[:3]}*****. You can find your API key at"
            " https://platform.openai.com/account/api-keys."
        )
        raise Refused(message, status=401, code="invalid_api_key")


def check_size(body_bytes: int, rules: Rules) -> None:
    """Refuse a body that is too large: all of it counts, not the file alone."""
    limit = rules.max_body_bytes
    if body_bytes > limit:
        message = f"Maximum content size limit ({limit}) exceeded ({body_bytes} bytes read)"
        raise Refused(message, status=413, kind="server_error")


def check_fields(request: RecordedRequest, task: Task, rules: Rules) -> Model:
    """The model asked for, if every text field is as it must be."""
    for name, values in request.fields.items():
        is_known = name in _FIELDS[task] and (name != _GRANULARITIES or rules.accepts_granularities)
        if not is_known:
            raise Refused(f"Unknown parameter: '{name}'.", param=name, code="unknown_parameter")
        if len(values) > 1 and name != _GRANULARITIES:
            raise Refused(f"Duplicate parameter: '{name}'.", param=name, code="duplicate_parameter")
    model = _model(request.field("model"), task, rules)
    _check_format(request, model)
    if "language" in request.fields:
        _check_language(request.field("language"))
    if "temperature" in request.fields:
        _check_temperature(request.field("temperature"))
    return model


def _model(name: str, task: Task, rules: Rules) -> Model:
    if not name:
        raise Refused("you must provide a model parameter")
    model = rules.models.get(name)
    if model is None:
        message = f"The model `{name}` does not exist or you do not have access to it."
        raise Refused(message, status=404, code="model_not_found")
    if task == "translate" and not model.can_translate:
        raise _bad_value("model", name, [other for other, can in rules.models.items() if can.can_translate])
    return model


def _check_format(request: RecordedRequest, model: Model) -> None:
    response_format = request.field("response_format", "json")
    if response_format not in _FORMATS:
        raise _bad_value("response_format", response_format, sorted(_FORMATS))
    if response_format not in model.formats:
        message = (
            f"response_format '{response_format}' is not compatible with model '{request.field('model')}'."
            " Use 'json' or 'text' instead."
        )
        raise Refused(message, param="response_format", code="unsupported_value")
    granularities = request.fields.get(_GRANULARITIES, ())
    if granularities and response_format != "verbose_json":
        message = f"{_GRANULARITIES} is only supported with response_format 'verbose_json'."
        raise Refused(message, param=_GRANULARITIES, code="unsupported_value")
    for granularity in granularities:
        if granularity not in {"word", "segment"}:
            raise _bad_value(_GRANULARITIES, granularity, ["word", "segment"])


def _check_language(language: str) -> None:
    if len(language) != 2 or not language.islower() or not langcodes.tag_is_valid(language):
        message = f"Invalid language '{language}'. Language parameter must be specified in ISO-639-1 format."
        raise Refused(message, param="language", code="invalid_language_format")


def _check_temperature(text: str) -> None:
    try:
        is_valid = 0 <= float(text) <= 1
    except ValueError:
        is_valid = False
    if not is_valid:
        raise _bad_value("temperature", text, ["a number from 0 to 1"])


def _bad_value(param: str, value: str, valid: list[str]) -> Refused:
    message = f"Invalid value: '{value}'. Supported values are: {', '.join(valid)}."
    return Refused(message, param=param, code="invalid_value")


def audio_of(request: RecordedRequest, content: bytes, model: Model, rules: Rules) -> Samples:
    """The upload's samples, if it is what its name says and neither too short nor too long."""
    if request.file_name is None:
        raise Refused("file is a required parameter", param="file")
    extension = PurePath(request.file_name).suffix.removeprefix(".")
    if extension not in _EXTENSIONS or not is_of_format(content, extension):
        raise Refused(f"Invalid file format. Supported formats: {list(_EXTENSIONS)}")
    if not (request.content_type or "").startswith(("audio/", "video/")):
        raise Refused(f"Invalid content type {request.content_type!r} of the file's part.", param="file")
    try:
        samples = decoded(content, extension)
    except UndecodableUpload as error:
        raise Refused("The audio file could not be decoded or its format is not supported.") from error
    duration_s = request.duration_s = len(samples) / RATE
    if duration_s < rules.min_audio_s:
        message = f"Audio file is too short. Minimum audio length is {rules.min_audio_s} seconds."
        raise Refused(message, param="file", code="audio_too_short")
    if duration_s > model.max_audio_s:
        message = (
            f"audio duration {duration_s} seconds is longer than {model.max_audio_s} seconds"
            " which is the maximum for this model"
        )
        raise Refused(message, code="invalid_value")
    return samples
