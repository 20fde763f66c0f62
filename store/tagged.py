"""A document as JSON text and back, exactly: aware datetimes (as UTC) and bytes are tagged maps.

A tag is a map with the one key ``$time`` or ``$bytes``. A person's own key that starts with ``$`` gets one
``$`` more, so nothing they write can be mistaken for a tag.
"""

import base64
import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any


def to_text(fields: Mapping[str, Any]) -> str:
    """The fields as JSON; equal documents give equal text."""
    return json.dumps(_tagged(fields), ensure_ascii=False, separators=(",", ":"), sort_keys=True)


def from_text(text: str) -> dict[str, Any]:
    """The inverse of ``to_text``; tuples come back as lists, datetimes in UTC."""
    fields: dict[str, Any] = json.loads(text, object_hook=_untagged)
    return fields


def _tagged(value: Any) -> Any:
    match value:
        case datetime():
            return {"$time": value.astimezone(UTC).isoformat()}
        case bytes():
            return {"$bytes": base64.b64encode(value).decode()}
        case Mapping():
            return {_escaped(key): _tagged(inner) for key, inner in value.items()}
        case list() | tuple():
            return [_tagged(inner) for inner in value]
    return value


def _untagged(found: dict[str, Any]) -> Any:
    match found:
        case {"$time": text}:
            return datetime.fromisoformat(text)
        case {"$bytes": text}:
            return base64.b64decode(text)
    return {key[1:] if key.startswith("$$") else key: value for key, value in found.items()}


def _escaped(key: str) -> str:
    return f"${key}" if key.startswith("$") else key
