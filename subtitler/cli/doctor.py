"""``subtitler doctor``: what is here, what is missing, what to do."""

from __future__ import annotations

import difflib
import os
import platform
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import click

from subtitler.cli.options import examples
from subtitler.config import (
    ENVIRONMENT_PREFIX,
    PROJECT_FILE,
    SETTINGS,
    Settings,
    choose_engine,
    load_settings,
    resolve_key,
    user_file,
)
from subtitler.console import Console
from subtitler.engines import EngineOptions, create_engine
from subtitler.errors import SubtitlerError, ToolError, UsageError
from subtitler.hosts import KEY_VARIABLES, OWN_KEY_VARIABLE


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One thing that was looked at.

    Attributes:
        exit_code: What its absence means for the whole; 0 where one can do without it.
    """

    name: str
    is_ok: bool
    says: str
    cure: str | None = None
    exit_code: int = 0


@click.command("doctor", epilog=examples("subtitler doctor", "subtitler doctor --json"))
@click.option("--json", "is_json", is_flag=True, help="Print one line of JSON.")
@click.option("--debug", is_flag=True, help="Show a traceback with an error.")
def command(*, is_json: bool, debug: bool) -> int:
    """Check tools, models, keys, configuration and folders, and say what to do about what is missing.

    The exit code is 4 if a tool is missing that everything needs, 2 if the configuration is broken.
    """
    console = Console(is_json=is_json, shows_tracebacks=debug)
    findings = [*_tools(), *_engines(), *_configuration(os.environ), *_folders(os.environ)]
    exit_code = max(finding.exit_code for finding in findings)
    if is_json:
        rows = [{"name": one.name, "ok": one.is_ok, "says": one.says, "cure": one.cure} for one in findings]
        console.print_json({"schema": 1, "exit_code": exit_code, "checks": rows})
        return exit_code
    width = max(len(finding.name) for finding in findings)
    for finding in findings:
        console.print_line(
            f"{'ok' if finding.is_ok else 'missing':7}  {finding.name:{width}}  {finding.says}"
        )
        if finding.cure:
            console.print_line(f"{'':7}  {'':{width}}  -> {finding.cure}")
    return exit_code


def _tools() -> Iterator[Finding]:
    from subtitler.media.ffmpeg import tool_version  # noqa: PLC0415 - imported on use
    from subtitler.speech.vad import model_path  # noqa: PLC0415 - the same

    yield Finding(name="Python", is_ok=True, says=platform.python_version())
    for tool in ("ffmpeg", "ffprobe"):
        yield _try(tool, lambda tool=tool: tool_version(tool))  # type: ignore[misc] # bound now, called now
    yield _try("voice activity model", lambda: str(model_path()))


def _engines() -> Iterator[Finding]:
    def start() -> str:
        engine = create_engine("embedded", EngineOptions())
        engine.close()
        return f"{engine.model}, English only"

    yield _try("embedded recogniser", start)


def _configuration(environ: Mapping[str, str]) -> Iterator[Finding]:
    for name, path in (("project file", Path.cwd() / PROJECT_FILE), ("user file", user_file(environ))):
        if path is not None:
            says = str(path) if path.exists() else f"{path} (not there, and need not be)"
            yield Finding(name=name, is_ok=True, says=says)
    for name in sorted(environ):
        close = difflib.get_close_matches(name, [row.variable for row in SETTINGS.values()], n=1, cutoff=0.8)
        is_setting = any(name == row.variable for row in SETTINGS.values())
        if name.startswith(ENVIRONMENT_PREFIX) and close and not is_setting:
            yield Finding(name=name, is_ok=False, says="means nothing", cure=f"did you mean {close[0]}?")
    try:
        settings = load_settings(environ=environ)
    except UsageError as error:
        yield Finding(
            name="settings", is_ok=False, says=error.message, cure=error.hint, exit_code=error.exit_code
        )
        return
    yield from _keys(settings, environ)
    yield Finding(name="base URL", is_ok=True, says=f"{settings.base_url} ({settings.source('base_url')})")
    try:
        choice = choose_engine(settings, environ)
    except UsageError as error:
        yield Finding(name="engine", is_ok=False, says=error.message, cure=error.hint)
        return
    how = "what auto takes" if settings.engine == "auto" else f"set by {settings.source('engine')}"
    yield Finding(name="engine", is_ok=True, says=f"{choice.name} ({how})")
    if choice.name == "api":
        try:
            resolve_key(settings, environ)
        except UsageError as error:
            yield Finding(name="key", is_ok=False, says=error.message, cure=error.hint)


def _keys(settings: Settings, environ: Mapping[str, str]) -> Iterator[Finding]:
    own = "set" if settings.api_key else "not set"
    yield Finding(name=OWN_KEY_VARIABLE, is_ok=True, says=f"{own} (for whatever base URL is set)")
    for host, variable in KEY_VARIABLES.items():
        state = "set" if environ.get(variable, "").strip() else "not set"
        yield Finding(name=variable, is_ok=True, says=f"{state} (for {host} alone)")


def _folders(environ: Mapping[str, str]) -> Iterator[Finding]:
    home = environ.get("HOME") or environ.get("USERPROFILE")
    cache = environ.get("XDG_CACHE_HOME") or (home and str(Path(home, ".cache")))
    file = user_file(environ)
    folders = {
        "cache folder": cache and Path(cache, "subtitler"),
        "configuration folder": file and file.parent,
    }
    for name, folder in folders.items():
        if not folder:
            yield Finding(name=name, is_ok=False, says="no home folder is known", cure="set HOME")
        elif _could_be_written(folder):
            yield Finding(name=name, is_ok=True, says=str(folder))
        else:
            cure = f"allow yourself to write to {folder}"
            yield Finding(name=name, is_ok=False, says=f"{folder} cannot be written to", cure=cure)


def _could_be_written(folder: Path) -> bool:
    """Whether a folder, or the nearest one above it that is there, takes files."""
    nearest = next((one for one in (folder, *folder.parents) if one.exists()), folder)
    return nearest.is_dir() and os.access(nearest, os.W_OK | os.X_OK)


def _try(name: str, look: Callable[[], str]) -> Finding:
    """What a look at something says; only tools are needed by everything."""
    try:
        return Finding(name=name, is_ok=True, says=look())
    except SubtitlerError as error:
        needed = error.exit_code if isinstance(error, ToolError) else 0
        return Finding(name=name, is_ok=False, says=error.message, cure=error.hint, exit_code=needed)
