"""Options of the command line, made from the table of settings."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final, TypeVar

import click
from click.shell_completion import CompletionItem

from subtitler.config import SETTINGS, Setting, value_text

Command = TypeVar("Command", bound=Callable[..., Any])

ANY_FILE: Final = click.Path(readable=False)
"""A name alone: whether it can be read is told by who reads it, in its own words and file by file."""


class _SettingValue(click.ParamType[str]):
    """A value as typed: what it means is read where flags, variables and files are read alike."""

    def __init__(self, setting: Setting) -> None:
        self.name = setting.kind.metavar
        self._setting = setting

    def shell_complete(
        self,
        ctx: click.Context,  # noqa: ARG002 - click's signature
        param: click.Parameter,  # noqa: ARG002 - the same
        incomplete: str,
    ) -> list[CompletionItem]:
        """The names in the setting's table; files, where it takes one."""
        if self._setting.kind.metavar == "PATH":
            return [CompletionItem(incomplete, type="file")]
        return [CompletionItem(name) for name in self._setting.kind.choices() if name.startswith(incomplete)]


def setting_options(command: Command) -> Command:
    """Give a command the flag of every setting; what was not given is None or ``()``."""
    for setting in reversed(list(SETTINGS.values())):
        if setting.has_flag:
            command = _option(setting)(command)
    return command


def media_argument(name: str, metavar: str) -> Callable[[Command], Command]:
    """One or more names of files, as they stand."""
    return click.argument(name, metavar=metavar, nargs=-1, required=True, type=ANY_FILE)


def examples(*lines: str) -> str:
    """An epilog of commands, kept line by line."""
    return "\n".join(["\b", "Examples:", *(f"  {line}" for line in lines)])


def _option(setting: Setting) -> Callable[[Command], Command]:
    kind = setting.kind
    default = value_text(setting.default)
    if kind.is_switch:
        return click.option(
            f"{setting.flag}/--no-{setting.flag[2:]}", setting.name, default=None, help=setting.help
        )
    choices = kind.choices()
    return click.option(
        *filter(None, [setting.short_flag, setting.flag]),
        setting.name,
        default=None,
        multiple=kind.is_repeatable,
        metavar=f"[{'|'.join(choices)}]" if choices else kind.metavar,
        type=_SettingValue(setting),
        help=f"{setting.help}{f'  [{default}]' if default else ''}",
    )
