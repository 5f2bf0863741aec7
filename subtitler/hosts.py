"""Servers: which key belongs to which host, and which host is this machine."""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping
from typing import Final

KEY_VARIABLES: Final[Mapping[str, str]] = {
    "api.cometapi.com": "COMETAPI_KEY",
    "api.openai.com": "OPENAI_API_KEY",
}
"""Keys that belong to one host: they go there, over https, and nowhere else. Both hosts require one."""

OWN_KEY_VARIABLE: Final = "SUBTITLER_API_KEY"
"""The key for whatever base URL is set."""


def is_loopback(host: str) -> bool:
    """Whether a host, as a URL names it, is this machine itself."""
    name = host.strip("[]").lower()
    try:
        return ipaddress.ip_address(name).is_loopback
    except ValueError:
        return name == "localhost" or name.endswith(".localhost")
