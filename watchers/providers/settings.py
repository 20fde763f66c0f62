"""Reading a provider's settings: what is absent or blank is the default, what is wrong is refused by name.

A value is never repeated in an error, because people paste keys into the wrong line.
"""

import math
import re
from collections.abc import Mapping


def given(env: Mapping[str, str], name: str) -> str | None:
    """The setting without blanks around it, or ``None`` when it is absent or blank."""
    return env.get(name, "").strip() or None


def whole_number(env: Mapping[str, str], name: str, default: int) -> int:
    """A count of at least 1."""
    raw = given(env, name)
    if raw is None:
        return default
    if not re.fullmatch(r"[0-9]{1,9}", raw) or int(raw) == 0:
        raise ValueError(f"{name} must be a whole number over 0")
    return int(raw)


def rate(env: Mapping[str, str], name: str, default: float) -> float:
    """A number over 0, such as 0.5."""
    raw = given(env, name)
    if raw is None:
        return default
    try:
        value = float(raw)
    except ValueError:
        value = math.nan
    if not (math.isfinite(value) and value > 0):
        raise ValueError(f"{name} must be a number over 0")
    return value


def base_url(env: Mapping[str, str], name: str, default: str) -> str:
    """Scheme and host (and a path, if need be), without a slash at the end."""
    raw = given(env, name) or default
    if not re.fullmatch(r"https?://[^\s/?#@]+(/[^\s?#]*)?", raw):
        raise ValueError(f"{name} must be a scheme and a host such as https://api.example.com")
    return raw.rstrip("/")


def switched_on(env: Mapping[str, str], name: str) -> bool:
    """Whether it is ``on``; ``off`` is the same as absent."""
    raw = (given(env, name) or "off").lower()
    if raw not in {"on", "off"}:
        raise ValueError(f"{name} must be on or off")
    return raw == "on"


def country(env: Mapping[str, str], name: str, default: str) -> str:
    """Two letters, as capitals."""
    raw = (given(env, name) or default).upper()
    if not re.fullmatch(r"[A-Z]{2}", raw):
        raise ValueError(f"{name} must be a country of two letters such as US")
    return raw
