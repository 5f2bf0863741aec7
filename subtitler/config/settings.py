"""Every setting there is: one field a row, from which all else is made.

Command line options, environment variables, what a TOML file may hold, ``config show`` and the
README's table read `SETTINGS`; nothing about a setting is said in a second place.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import IntEnum
from types import MappingProxyType
from typing import Final

from subtitler.config.kinds import (
    AUDIO_TRACK,
    CLIP,
    FILE,
    KEY,
    LANGUAGE,
    OPEN_END_MS,
    SWITCH,
    TEXT,
    URL,
    Kind,
    number,
    one_of,
    whole_number,
)
from subtitler.engines import engine_names
from subtitler.formats import format_names
from subtitler.model import ResponseFormat, Secret, Task
from subtitler.timing import Span, format_clock

ENVIRONMENT_PREFIX: Final = "SUBTITLER_"
DEFAULT_BASE_URL: Final = "https://api.cometapi.com/v1"


class Level(IntEnum):
    """Who said it; the smaller number wins."""

    FLAG = 0
    ENVIRONMENT = 1
    PROJECT_FILE = 2
    USER_FILE = 3
    DEFAULT = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """Where a value came from; its text is the flag, the variable or the file."""

    level: Level
    label: str

    def __str__(self) -> str:
        return self.label


DEFAULT_SOURCE: Final = Source(level=Level.DEFAULT, label="default")


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """One row of the table.

    Attributes:
        name: Its field in `Settings`, and (with hyphens if you like) its key in a TOML file.
        kind: What it may hold.
        help: What it does, for people.
        default: Its value if nobody says anything.
        short_flag: ``-o`` for ``--output``.
        has_flag: It can be given on the command line (a key cannot: others would see it).
        is_for_project_file: ``./subtitler.toml`` may set it. What decides where data and keys go may
            not stand in a folder that someone downloaded.
        is_secret: Its value is never shown.
    """

    name: str
    kind: Kind
    help: str
    default: object
    short_flag: str | None = None
    has_flag: bool = True
    is_for_project_file: bool = True
    is_secret: bool = False

    @property
    def flag(self) -> str:
        """``--max-chunk-s``."""
        return "--" + self.name.replace("_", "-")

    @property
    def variable(self) -> str:
        """``SUBTITLER_MAX_CHUNK_S``."""
        return ENVIRONMENT_PREFIX + self.name.upper()


def _row(kind: Kind, help: str, **more: object) -> dict[str, dict[str, object]]:  # noqa: A002 - as click calls it
    """A field's metadata: its row without name and default, which the field has."""
    return {"row": {"kind": kind, "help": help, **more}}


def _tasks() -> tuple[str, ...]:
    return ("transcribe", "translate")


def _engines() -> tuple[str, ...]:
    return ("auto", *engine_names())


def _response_formats() -> tuple[str, ...]:
    return ("auto", "verbose_json", "srt", "vtt", "json", "text")


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """All that can be set, checked: see `SETTINGS` for what each value means.

    ``sources`` says where each value came from.
    """

    output: str | None = field(
        default=None,
        metadata=_row(
            FILE,
            "Subtitle file (one input, one format) or existing folder. Default: beside the media.",
            short_flag="-o",
        ),
    )
    format: tuple[str, ...] = field(
        default=("srt",),
        metadata=_row(
            one_of(format_names, "FORMAT", is_repeatable=True),
            "Subtitle format; may be given again.",
            short_flag="-f",
        ),
    )
    task: Task = field(
        default="transcribe",
        metadata=_row(one_of(_tasks, "TASK"), "Subtitles as spoken, or translated into English."),
    )
    engine: str = field(
        default="auto",
        metadata=_row(
            one_of(_engines, "ENGINE"),
            "Recogniser. auto: the API if a base URL or a key is set, otherwise embedded (English only).",
        ),
    )
    model: str | None = field(default=None, metadata=_row(TEXT, "Model of the API. Default: whisper-1."))
    language: str | None = field(
        default=None,
        metadata=_row(
            LANGUAGE,
            "Language spoken (en, de, pt-BR, …); not sent with translate. Default: the engine finds out.",
        ),
    )
    prompt: str | None = field(
        default=None, metadata=_row(TEXT, "Names and words to expect, as a text for the recogniser.")
    )
    temperature: float | None = field(
        default=None,
        metadata=_row(number(0, 1, metavar="0..1"), "Sampling temperature. Default: left to the engine."),
    )
    response_format: ResponseFormat = field(
        default="auto",
        metadata=_row(
            one_of(_response_formats, "FORMAT"), "What to ask of the API. auto: the best that it knows."
        ),
    )
    base_url: str = field(
        default=DEFAULT_BASE_URL,
        metadata=_row(URL, "Where the API's endpoints begin.", is_for_project_file=False),
    )
    api_key: Secret | None = field(
        default=None,
        metadata=_row(
            KEY,
            "Key for whatever base URL is set.",
            has_flag=False,
            is_for_project_file=False,
            is_secret=True,
        ),
    )
    audio_track: str | None = field(
        default=None,
        metadata=_row(
            AUDIO_TRACK,
            "Audio track: its number, counted from 0 among audio tracks, or its language.",
        ),
    )
    clip: Span | None = field(
        default=None, metadata=_row(CLIP, "Only a part, such as 1:00-2:30 or 1:00-; times stay the film's.")
    )
    max_chunk_s: float | None = field(
        default=None,
        metadata=_row(
            number(5, 1400, metavar="SECONDS"),
            "Longest piece of audio sent at once. Default: 90 for api, 30 for embedded.",
        ),
    )
    max_upload_mib: float = field(
        default=24.0,
        metadata=_row(number(0.2, 1024, metavar="MIB", excludes_low=True), "Largest upload, in MiB."),
    )
    concurrency: int = field(
        default=5, metadata=_row(whole_number(1, 64, metavar="N"), "Most requests at once.")
    )
    mux: bool = field(
        default=False, metadata=_row(SWITCH, "Also write the video with the subtitles as a track in it.")
    )
    mux_output: str | None = field(
        default=None,
        metadata=_row(
            FILE, "Video file (or existing folder) to write; implies --mux. Default: NAME.subtitled.EXT."
        ),
    )
    overwrite: bool = field(default=False, metadata=_row(SWITCH, "Replace outputs that exist."))
    json: bool = field(
        default=False,
        metadata=_row(SWITCH, "Print one line of JSON per input on stdout, and nothing else."),
    )
    quiet: bool = field(default=False, metadata=_row(SWITCH, "Print errors and warnings only."))
    debug: bool = field(default=False, metadata=_row(SWITCH, "Show a traceback with an error."))
    insecure_http: bool = field(
        default=False,
        metadata=_row(
            SWITCH,
            "Let the key travel over plain http to a host that is not this machine.",
            is_for_project_file=False,
        ),
    )
    sources: Mapping[str, Source] = field(default_factory=dict)

    @property
    def wants_mux(self) -> bool:
        """Whether a video is to be written too."""
        return self.mux or self.mux_output is not None

    def source(self, name: str) -> Source:
        """Where the value of ``name`` came from."""
        return self.sources.get(name, DEFAULT_SOURCE)

    def outranks(self, winner: str, loser: str) -> bool:
        """Whether ``winner`` was said on a stronger level than ``loser`` (a flag against a file, …)."""
        return self.source(winner).level < self.source(loser).level


SETTINGS: Final[Mapping[str, Setting]] = MappingProxyType(
    {
        row.name: Setting(name=row.name, default=row.default, **row.metadata["row"])
        for row in dataclasses.fields(Settings)
        if "row" in row.metadata
    }
)
"""The table: name -> row, in the order of help texts."""


def value_text(value: object) -> str:
    """A setting's value as one would type it; secrets stay hidden."""
    match value:
        case None:
            return ""
        case bool():
            return "true" if value else "false"
        case tuple():
            return " ".join(map(str, value))
        case Span():
            end = "" if value.end_ms == OPEN_END_MS else format_clock(value.end_ms)
            return f"{format_clock(value.start_ms)}-{end}"
        case float():
            return f"{value:g}"
        case _:
            return str(value)


def markdown_table() -> str:
    """The table as the README shows it."""
    rows = ["| flag | variable | default | what it does |", "|---|---|---|---|"]
    for setting in SETTINGS.values():
        flag = f"`{setting.flag}`" if setting.has_flag else ""
        if setting.short_flag:
            flag = f"`{setting.short_flag}`, {flag}"
        default = value_text(setting.default)
        what = setting.help.replace("|", "\\|")
        if setting.kind.choices():
            what += f" ({', '.join(setting.kind.choices())})"
        if not setting.is_for_project_file:
            what += " Not in a project's file."
        rows.append(f"| {flag} | `{setting.variable}` | {f'`{default}`' if default else ''} | {what} |")
    return "\n".join(rows) + "\n"
