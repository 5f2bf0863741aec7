"""Where settings come from: flag > environment > project file > user file > default."""

from __future__ import annotations

import difflib
import os
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Final

from subtitler.config.settings import DEFAULT_SOURCE, SETTINGS, Level, Setting, Settings, Source
from subtitler.errors import ConfigError, UnknownName, UsageError

PROJECT_FILE: Final = "subtitler.toml"


def load_settings(
    flags: Mapping[str, object] = MappingProxyType({}),
    *,
    environ: Mapping[str, str] | None = None,
    cwd: Path | None = None,
) -> Settings:
    """Everything that was set, checked.

    Args:
        flags: Name (as in `SETTINGS`) to value: a text as typed, or a plain Python value. None is unset.
        environ: The environment; None for that of the process, read now.
        cwd: Where the project's file may lie; None for the working directory.

    Raises:
        UsageError: If a flag makes no sense.
        ConfigError: If a variable or a file does not.
    """
    environ = os.environ if environ is None else environ
    layers = [
        _of_flags(flags),
        _of_environment(environ),
        _of_file((cwd or Path.cwd()) / PROJECT_FILE, Level.PROJECT_FILE, environ),
        _of_file(user_file(environ), Level.USER_FILE, environ),
    ]
    values: dict[str, object] = {}
    sources: dict[str, Source] = {}
    for name in SETTINGS:
        given = next((layer[name] for layer in layers if name in layer), None)
        sources[name] = given.source if given else DEFAULT_SOURCE
        if given:
            values[name] = given.value()
    return Settings(**values, sources=MappingProxyType(sources))  # type: ignore[arg-type] # checked against the same table


def user_file(environ: Mapping[str, str]) -> Path | None:
    """The user's configuration file (which need not exist); None if there is no home."""
    folder = environ.get("XDG_CONFIG_HOME", "")
    if folder and Path(folder).is_absolute():  # the XDG specification: relative paths are to be ignored
        return Path(folder, "subtitler", "config.toml")
    home = environ.get("HOME") or environ.get("USERPROFILE")
    return Path(home, ".config", "subtitler", "config.toml") if home else None


def is_wished(name: str, flags: Mapping[str, object], environ: Mapping[str, str]) -> bool:
    """Whether a switch is on as far as one can tell while the rest of the settings is broken."""
    value = flags.get(name)
    text = environ.get(SETTINGS[name].variable, "") if value is None else str(value)
    return text.strip().lower() in {"1", "true"}


@dataclass(frozen=True, slots=True, kw_only=True)
class _Given:
    """A value that somebody gave, not yet read.

    ``label`` names it in messages, more exactly than its source does.
    """

    setting: Setting
    source: Source
    label: str
    texts: tuple[str, ...]

    def value(self) -> object:
        """What it means.

        Raises:
            UsageError, ConfigError: If it means nothing.
        """
        kind = self.setting.kind
        read = tuple(self._read(text) for text in self.texts)
        return tuple(dict.fromkeys(read)) if kind.is_repeatable else read[-1]

    def _read(self, text: str) -> object:
        try:
            return self.setting.kind.parse(text)
        except UnknownName as error:
            if self.source.level is Level.FLAG:
                message = f"{self.label}: {error.message}"
                raise UnknownName(message, kind=error.kind, name=error.name, hint=error.hint) from None
            raise ConfigError(f"{self.label}: {error.message}", hint=error.hint) from None
        except ValueError as error:
            raise self._refusal(text, str(error)) from None

    def _how_to_list(self, values: Sequence[str]) -> str:
        if self.source.level is Level.FLAG:
            flag = self.setting.short_flag or self.setting.flag
            return f"give {flag} once for each: {' '.join(f'{flag} {value}' for value in values)}"
        if self.source.level is Level.ENVIRONMENT:
            return f"put blanks between them: {' '.join(values)}"
        quoted = ", ".join(f'"{value}"' for value in values)
        return f"make it a list: [{quoted}]"

    def _refusal(self, text: str, reason: str) -> UsageError:
        kind = self.setting.kind
        choices = kind.choices()
        allowed = f"one of {', '.join(choices)}" if choices else kind.allowed
        close = difflib.get_close_matches(text.lower(), choices, n=1)
        hint = f"did you mean {close[0]}?" if close else f"it takes {allowed}"
        if kind.is_repeatable and len(names := text.replace(",", " ").split()) > 1:
            hint = self._how_to_list(names)
        message = f"{self.label}: {reason}" if reason else f"{self.label}: {text!r} is not {allowed}"
        failure = UsageError if self.source.level is Level.FLAG else ConfigError
        return failure(message, hint=hint)


def _of_flags(flags: Mapping[str, object]) -> dict[str, _Given]:
    found = {}
    for name, value in flags.items():
        setting = SETTINGS.get(name)
        if setting is None:
            raise UsageError(f"unknown setting {name!r}", hint=_meant(name))
        if value is not None and value != ():
            source = Source(level=Level.FLAG, label=setting.flag)
            values = value if isinstance(value, (tuple, list)) else (value,)
            texts = tuple(map(_text, values))
            found[name] = _Given(setting=setting, source=source, label=setting.flag, texts=texts)
    return found


def _of_environment(environ: Mapping[str, str]) -> dict[str, _Given]:
    found = {}
    for name, setting in SETTINGS.items():
        text = environ.get(setting.variable, "").strip()
        if text:
            texts = tuple(text.split()) if setting.kind.is_repeatable else (text,)
            source = Source(level=Level.ENVIRONMENT, label=setting.variable)
            found[name] = _Given(setting=setting, source=source, label=setting.variable, texts=texts)
    return found


def _of_file(path: Path | None, level: Level, environ: Mapping[str, str]) -> dict[str, _Given]:
    found: dict[str, _Given] = {}
    if path is None:
        return found
    for key, value in _read_toml(path):
        label = f"{path}: {key}"
        setting = SETTINGS.get(key.replace("-", "_"))
        if setting is None:
            raise ConfigError(f"{path}: unknown setting {key!r}", hint=_meant(key), path=path)
        if setting.name in found:
            raise ConfigError(f"{label} is set twice", hint="hyphens and underscores are the same", path=path)
        if level is Level.PROJECT_FILE and not setting.is_for_project_file:
            place = user_file(environ) or "the user's config.toml"
            raise ConfigError(
                f"{label} may not stand in a project's file, which could send your key elsewhere",
                hint=f"set {setting.variable}, or put it into {place}",
                path=path,
            )
        texts = _toml_texts(setting, value, label)
        given = _Given(setting=setting, source=Source(level=level, label=str(path)), label=label, texts=texts)
        if texts:
            given.value()  # a broken file is told about even where something stronger hides its value
            found[setting.name] = given
    return found


def _read_toml(path: Path) -> Iterator[tuple[str, object]]:
    try:
        yield from tomllib.loads(path.read_text(encoding="utf-8-sig")).items()
    except (FileNotFoundError, NotADirectoryError):
        return
    except OSError as error:
        raise ConfigError(
            f"{path}: cannot be read: {error.strerror}",
            hint="let yourself read it, or move it away",
            path=path,
        ) from None
    except UnicodeDecodeError:
        raise ConfigError(f"{path}: is not UTF-8", hint="save it as UTF-8", path=path) from None
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(
            f"{path}: is not TOML: {error}",
            hint='each line is name = value, and texts stand in quotes: language = "en"',
            path=path,
        ) from None


def _toml_texts(setting: Setting, value: object, label: str) -> tuple[str, ...]:
    kind = setting.kind
    values = value if kind.is_repeatable and isinstance(value, list) else [value]
    for one in values:
        if type(one) not in kind.toml_types:  # exactly: True is no number
            names = " or ".join(
                {bool: "true or false", int: "a whole number", float: "a number"}.get(
                    kind_type, "a text in quotes"
                )
                for kind_type in kind.toml_types
            )
            raise ConfigError(
                f"{label}: must be {names}, not {_toml_name(one)}", hint=f"it takes {kind.allowed}"
            )
    return tuple(map(_text, values))


def _toml_name(value: object) -> str:
    names = {
        bool: "true or false",
        int: "a number",
        float: "a number",
        str: "a text",
        list: "a list",
        dict: "a table",
    }
    return names.get(type(value), "a date or time")


def _text(value: object) -> str:
    """A plain value as one would type it."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return os.fspath(value) if isinstance(value, (str, os.PathLike)) else str(value)


def _meant(name: str) -> str:
    close = difflib.get_close_matches(name.replace("-", "_"), SETTINGS, n=1)
    return f"did you mean {close[0]}?" if close else f"the settings are {', '.join(SETTINGS)}"
