"""Configuration: one `Settings` value, and what follows from it.

Precedence: flag > ``SUBTITLER_*`` > ``./subtitler.toml`` > the user's file > default. The environment
is read when asked, never at import.
"""

from subtitler.config.choice import (
    API,
    EngineChoice,
    choose_engine,
    engine_options,
    resolve_key,
)
from subtitler.config.kinds import OPEN_END_MS
from subtitler.config.loading import PROJECT_FILE, is_wished, load_settings, user_file
from subtitler.config.settings import (
    ENVIRONMENT_PREFIX,
    SETTINGS,
    Level,
    Setting,
    Settings,
    Source,
    markdown_table,
    value_text,
)

__all__ = [
    "API",
    "ENVIRONMENT_PREFIX",
    "OPEN_END_MS",
    "PROJECT_FILE",
    "SETTINGS",
    "EngineChoice",
    "Level",
    "Setting",
    "Settings",
    "Source",
    "choose_engine",
    "engine_options",
    "is_wished",
    "load_settings",
    "markdown_table",
    "resolve_key",
    "user_file",
    "value_text",
]
