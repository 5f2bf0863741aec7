"""Engines: recognisers behind one protocol, found in one table.

A new engine is one file in this folder and one row in `ENGINES`; a stranger's engine comes in by the
entry point group ``subtitler.engines`` (same shape: ``name = "module:Class"``). Nothing is imported
before it is used.
"""

from __future__ import annotations

import importlib
import importlib.metadata
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Protocol, runtime_checkable

from subtitler.errors import UnknownName
from subtitler.events import Reporter, silent

if TYPE_CHECKING:
    from subtitler.model import Reply, ResponseFormat, Samples, Secret, Task
    from subtitler.timing import Span

ENTRY_POINT_GROUP: Final = "subtitler.engines"

ENGINES: Final[Mapping[str, str]] = {
    "api": "subtitler.engines.openai_http:ApiEngine",
    "embedded": "subtitler.engines.moonshine:EmbeddedEngine",
}
"""The engines of the house: name -> ``module:Class``."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EngineOptions:
    """All that shapes an engine's answers.

    Attributes:
        model: The model's name; None for the engine's own default.
        language: BCP 47 of what is spoken; None to let the engine find out.
        temperature: 0 to 1; None to leave it to the engine.
        base_url: Where a server's endpoints begin (``https://host/v1``).
        concurrency: Most requests at once.
        allows_insecure_http: The key may travel over plain http to a host that is not this machine.
    """

    task: Task = "transcribe"
    model: str | None = None
    language: str | None = None
    prompt: str | None = None
    temperature: float | None = None
    response_format: ResponseFormat = "auto"
    base_url: str = ""
    api_key: Secret | None = None
    concurrency: int = 1
    allows_insecure_http: bool = False


@runtime_checkable
class Engine(Protocol):
    """A recogniser. Its constructor takes ``(options: EngineOptions, *, reporter: Reporter)``.

    Attributes:
        name: Its name in the table.
        model: The model in use.
        default_max_chunk_s: The longest chunk it likes, in seconds.
        max_concurrency: How many calls of `recognise` may run at once, from several threads.
        spoken_language: BCP 47 of all its answers, where it knows one language only; else None.
    """

    name: str
    model: str
    default_max_chunk_s: float
    max_concurrency: int
    spoken_language: str | None

    def recognise(self, samples: Samples, *, speech: tuple[Span, ...]) -> Reply:
        """What is said in ``samples``.

        Args:
            samples: 16 kHz mono int16, shape ``(n,)``.
            speech: Where speech was found, in milliseconds from the first sample.

        Raises:
            EngineError: If there is no answer that can be used.
        """

    def close(self) -> None:
        """Give back what it holds; calling it twice does no harm."""


def engine_names() -> tuple[str, ...]:
    """Every engine that can be named, the house's own first."""
    strangers = (point.name for point in importlib.metadata.entry_points(group=ENTRY_POINT_GROUP))
    return (*ENGINES, *(name for name in strangers if name not in ENGINES))


def engine_class(name: str) -> type[Engine]:
    """The class behind a name, imported now.

    Raises:
        UnknownName: If no engine has this name.
    """
    target = ENGINES.get(name)
    if target is not None:
        module, _, attribute = target.partition(":")
        found: type[Engine] = getattr(importlib.import_module(module), attribute)
        return found
    for point in importlib.metadata.entry_points(group=ENTRY_POINT_GROUP, name=name):
        loaded: type[Engine] = point.load()
        return loaded
    raise UnknownName(
        f"unknown engine {name!r}",
        kind="engine",
        name=name,
        hint=f"the engines here are {', '.join(engine_names())}",
    )


def create_engine(name: str, options: EngineOptions, *, reporter: Reporter = silent) -> Engine:
    """The engine behind a name, ready to work.

    Raises:
        UnknownName: If no engine has this name.
        UsageError: If the options make no sense to it.
        EngineError: If it cannot work here.
    """
    build = engine_class(name)
    return build(options, reporter=reporter)  # type: ignore[call-arg] # constructors are outside a protocol
