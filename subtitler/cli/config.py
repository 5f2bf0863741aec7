"""``subtitler config show``: every setting, its value, its source."""

from __future__ import annotations

from typing import Final

import click

from subtitler.cli.options import examples
from subtitler.config import SETTINGS, Settings, load_settings, value_text
from subtitler.console import Console

_EXAMPLES: Final = examples("subtitler config show", "subtitler config show --json")


@click.group("config", epilog=_EXAMPLES)
def command() -> None:
    """Look at the settings that flags, variables and files add up to."""


@command.command("show", epilog=_EXAMPLES)
@click.option("--json", "is_json", is_flag=True, help="Print one line of JSON.")
@click.option("--debug", is_flag=True, help="Show a traceback with an error.")
def show(*, is_json: bool, debug: bool) -> int:
    """Print every setting, its value and where it comes from; secrets stay hidden."""
    settings = load_settings()
    console = Console(is_json=is_json, shows_tracebacks=debug)
    if is_json:
        rows = {
            name: {"value": _plain(name, settings), "source": str(settings.source(name))} for name in SETTINGS
        }
        console.print_json({"schema": 1, "settings": rows})
        return 0
    values = {name: value_text(getattr(settings, name)) or "-" for name in SETTINGS}
    name_width = max(map(len, SETTINGS))
    value_width = max(map(len, values.values()))
    for name, value in values.items():
        console.print_line(f"{name:{name_width}}  {value:{value_width}}  {settings.source(name)}")
    return 0


def _plain(name: str, settings: Settings) -> object:
    """A value as JSON can say it."""
    value = getattr(settings, name)
    if isinstance(value, tuple):
        return list(value)
    return value if isinstance(value, (bool, int, float, str, type(None))) else value_text(value)
