"""Which engine, which key: the rules that decide where audio and keys go."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlsplit

from subtitler.config.settings import DEFAULT_BASE_URL, Level, Settings
from subtitler.engines import EngineOptions, engine_class
from subtitler.errors import UsageError
from subtitler.hosts import KEY_VARIABLES, OWN_KEY_VARIABLE, is_loopback
from subtitler.languages import language_name, primary_subtag
from subtitler.model import Secret

API: Final = "api"
EMBEDDED: Final = "embedded"
EMBEDDED_LANGUAGE: Final = "en"


@dataclass(frozen=True, slots=True, kw_only=True)
class EngineChoice:
    """The engine that will work, and what the user should know about it.

    Attributes:
        spoken_language: BCP 47 of all its answers, where it knows one language only; else None.
    """

    name: str
    warnings: tuple[str, ...] = ()
    spoken_language: str | None = None


def resolve_key(settings: Settings, environ: Mapping[str, str] | None = None) -> Secret | None:
    """The key for the base URL, None where none is needed.

    Raises:
        UsageError: If the host requires a key and there is none, or it would travel in the open.
    """
    parts = urlsplit(settings.base_url)
    host = parts.hostname or ""
    key = _find_key(settings, os.environ if environ is None else environ)
    variable = KEY_VARIABLES.get(host)
    if key is None and variable is not None:
        if parts.scheme != "https":
            raise UsageError(f"--base-url: {host} is asked over https only", hint=f"use https://{host}/v1")
        raise UsageError(
            f"{host} needs a key, and neither {variable} nor {OWN_KEY_VARIABLE} is set",
            hint=f"export {variable}=…, or use --engine embedded (English only, no key)",
        )
    if key is not None and parts.scheme != "https" and not (is_loopback(host) or settings.insecure_http):
        raise UsageError(
            f"the key would travel in the open to {host}, over plain http",
            hint="use https://, or --insecure-http if you trust every step of the way",
        )
    return key


def choose_engine(settings: Settings, environ: Mapping[str, str] | None = None) -> EngineChoice:
    """The engine that the settings ask for, or the one that ``auto`` takes.

    ``auto`` takes the API if a base URL is set anywhere or a key for the default one is at hand.
    Otherwise the embedded recogniser, for English only, with a warning.

    Raises:
        UsageError: If that engine cannot do what is asked.
    """
    if settings.engine == EMBEDDED:
        return _embedded(settings, is_choice_of_user=True)
    if settings.engine != "auto":
        return EngineChoice(name=settings.engine, spoken_language=_spoken_language(settings.engine))
    has_base_url = (
        settings.source("base_url").level is not Level.DEFAULT or settings.base_url != DEFAULT_BASE_URL
    )
    if has_base_url or _find_key(settings, os.environ if environ is None else environ):
        return EngineChoice(name=API)
    return _embedded(settings, is_choice_of_user=False)


def engine_options(
    settings: Settings, choice: EngineChoice, environ: Mapping[str, str] | None = None
) -> EngineOptions:
    """What the engine is made with. The language is not sent with a translation.

    Raises:
        UsageError: If its server needs a key and there is none.
    """
    is_embedded = choice.name == EMBEDDED
    return EngineOptions(
        task=settings.task,
        model=None if is_embedded else settings.model,
        language=None if settings.task == "translate" else settings.language,
        prompt=settings.prompt,
        temperature=settings.temperature,
        response_format=settings.response_format,
        base_url=settings.base_url,
        api_key=None if is_embedded else resolve_key(settings, environ),
        concurrency=settings.concurrency,
        allows_insecure_http=settings.insecure_http,
    )


def _spoken_language(engine: str) -> str | None:
    """What an engine's class says before it is made, so that names can be checked before work."""
    if engine == API:
        return None
    spoken = getattr(engine_class(engine), "spoken_language", None)
    return spoken if isinstance(spoken, str) else None


def _find_key(settings: Settings, environ: Mapping[str, str]) -> Secret | None:
    if settings.api_key is not None:
        return settings.api_key
    parts = urlsplit(settings.base_url)
    variable = KEY_VARIABLES.get(parts.hostname or "")
    if variable is None or parts.scheme != "https":
        return None
    text = environ.get(variable, "").strip()
    if not text:
        return None
    if not all("!" <= character <= "~" for character in text):
        raise UsageError(
            f"{variable}: it holds blanks or characters that a key cannot have", hint="copy it again"
        )
    return Secret(text)


def _embedded(settings: Settings, *, is_choice_of_user: bool) -> EngineChoice:
    """The embedded recogniser, if it can do what is asked."""
    cure = f"set COMETAPI_KEY, or --base-url and {OWN_KEY_VARIABLE}, to use an API that can"
    if is_choice_of_user:
        who, cure = "the embedded recogniser", "use --engine api"
    else:
        who = "without an API key, only the embedded recogniser is here: it"
    if settings.task == "translate":
        raise UsageError(f"{who} cannot translate", hint=cure)
    if settings.language is not None and primary_subtag(settings.language) != EMBEDDED_LANGUAGE:
        name = language_name(settings.language)
        raise UsageError(f"{who} knows English only, not {name}", hint=cure)
    if settings.model is not None and not settings.outranks("engine", "model"):
        raise UsageError(f"{who} has one model, and --model cannot choose another", hint=cure)
    warnings = (
        ()
        if is_choice_of_user
        else ("no API key is set: the embedded recogniser does the work, which knows English only",)
    )
    return EngineChoice(
        name=EMBEDDED, warnings=warnings + _ignored(settings), spoken_language=EMBEDDED_LANGUAGE
    )


def _ignored(settings: Settings) -> tuple[str, ...]:
    """What was said on the command line for nothing."""
    said = [
        name
        for name in ("prompt", "temperature", "response_format")
        if settings.source(name).level is Level.FLAG
    ]
    return tuple(f"--{name.replace('_', '-')} means nothing to the embedded recogniser" for name in said)
