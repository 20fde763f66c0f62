"""One JSON line a log record, in the shape Cloud Logging reads; event names with hand-picked fields.

The trace of the request that caused a line goes with it. Whatever a line would say, the values of secret
settings and anything that looks like a phone number or an address is masked: the last line of defence
behind code that never logs them.
"""

import json
import logging
import re
import sys
from collections.abc import Callable, Iterable, Mapping
from contextvars import ContextVar
from typing import Any

TRACE: ContextVar[str | None] = ContextVar("trace", default=None)

# https://cloud.google.com/logging/docs/structured-logging
_TRACE_FIELD = "logging.googleapis.com/trace"
_STANDARD = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName"}
_CONTACT = re.compile(r"\+\d{7,15}\b|[\w.+-]+@[\w-]+\.[\w.-]+")
_QUERY = re.compile(r"(https?://[^\s?\"']+)\?[^\s\"']*")


class JsonLines(logging.Formatter):
    """A record as one line of JSON, with secrets masked."""

    def __init__(self, secrets: Iterable[str] = (), project: str | None = None) -> None:
        super().__init__()
        self._secrets = sorted(filter(None, map(str.strip, secrets)), key=len, reverse=True)
        self._project = project

    def format(self, record: logging.LogRecord) -> str:
        """The line."""
        said: dict[str, Any] = {
            "severity": record.levelname,
            "event": record.getMessage(),
            "logger": record.name,
        }
        said |= {name: value for name, value in vars(record).items() if name not in _STANDARD | said.keys()}
        if trace := TRACE.get():
            said[_TRACE_FIELD] = f"projects/{self._project}/traces/{trace}" if self._project else trace
        if record.exc_info:
            said["exception"] = self.formatException(record.exc_info)
        return json.dumps(self._masked(said), ensure_ascii=False)

    def _masked(self, value: Any) -> Any:
        """Every text in ``value``, before it is JSON: a mask must not cut an escape in two."""
        match value:
            case None | bool() | int() | float():
                return value
            case Mapping():
                return {self._masked(str(name)): self._masked(inner) for name, inner in value.items()}
            case list() | tuple():
                return [self._masked(inner) for inner in value]
        text = _CONTACT.sub("***", _QUERY.sub(r"\1?***", str(value)))
        for secret in self._secrets:
            text = text.replace(secret, "***")
        return text


def configure(secrets: Iterable[str] = (), project: str | None = None, level: int = logging.INFO) -> None:
    """Send every record of this process to standard error as JSON lines."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonLines(secrets, project))
    logging.basicConfig(level=level, handlers=[handler], force=True)
    for chatty in ("httpx", "httpcore", "twilio", "urllib3", "werkzeug", "google"):
        logging.getLogger(chatty).setLevel(logging.WARNING)


def trace_of(header: Callable[[str], str | None]) -> str | None:
    """The trace id of a request, by its headers: W3C ``traceparent``, else Google's own."""
    parent = (header("traceparent") or "").split("-")
    if len(parent) == 4 and re.fullmatch(r"[0-9a-f]{32}", parent[1]):  # noqa: PLR2004 - version-trace-span-flags
        return parent[1]
    found = re.match(r"[0-9a-f]{32}", header("X-Cloud-Trace-Context") or "")
    return found[0] if found else None
