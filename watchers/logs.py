"""One JSON line a log record, as Cloud Logging and Error Reporting read it; events with hand-picked fields.

A line bears the trace of what it is about (``extra={"trace": …}``: an alert's is that of the run that created
it), else of the request that caused it; where both are known and differ, the request's is ``request_trace``.
An error says of which service it is and names itself as one, so that Error Reporting counts it by its event
even where nothing was raised. Whatever a line would say, the values of secret settings and anything that
looks like a phone number or an address is masked: the last line of defence behind code that never logs them.
"""

import hashlib
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
# https://cloud.google.com/error-reporting/docs/formatting-error-messages
_REPORTED = "type.googleapis.com/google.devtools.clouderrorreporting.v1beta1.ReportedErrorEvent"
_STANDARD = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName", "trace"}
_CONTACT = re.compile(r"\+\d{7,15}\b|[\w.+-]+@[\w-]+\.[\w.-]+")
_QUERY = re.compile(r"(https?://[^\s?\"']+)\?[^\s\"']*")


class JsonLines(logging.Formatter):
    """A record as one line of JSON, with secrets masked."""

    def __init__(
        self, secrets: Iterable[str] = (), project: str | None = None, service: str = "", version: str = ""
    ) -> None:
        super().__init__()
        self._service = {"service": service or "ticket-scout"} | ({"version": version} if version else {})
        self._secrets = sorted(filter(None, map(str.strip, secrets)), key=len, reverse=True)
        self._project = project

    def format(self, record: logging.LogRecord) -> str:
        """The line."""
        said: dict[str, Any] = {
            "severity": record.levelname,
            "message": record.getMessage(),
            "event": record.getMessage(),
            "logger": record.name,
        }
        said |= {name: value for name, value in vars(record).items() if name not in _STANDARD | said.keys()}
        said |= self._traces(getattr(record, "trace", None), TRACE.get())
        if record.exc_info:
            said["stack_trace"] = self.formatException(record.exc_info)
        if record.levelname in {"ERROR", "CRITICAL"}:
            said |= {"@type": _REPORTED, "serviceContext": self._service}
        return json.dumps(self._masked(said), ensure_ascii=False)

    def _traces(self, own: str | None, requests: str | None) -> dict[str, str]:
        """The trace of what a line is about, and that of the request where it is another."""
        trace = own or requests
        if not trace:
            return {}
        told = {_TRACE_FIELD: f"projects/{self._project}/traces/{trace}" if self._project else trace}
        return told | ({"request_trace": requests} if requests and requests != trace else {})

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


def configure(
    secrets: Iterable[str] = (),
    project: str | None = None,
    level: int = logging.INFO,
    *,
    service: str = "",
    version: str = "",
) -> None:
    """Send every record of this process to standard error as JSON lines."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonLines(secrets, project, service, version))
    logging.basicConfig(level=level, handlers=[handler], force=True)
    for chatty in ("httpx", "httpcore", "twilio", "urllib3", "werkzeug", "google"):
        logging.getLogger(chatty).setLevel(logging.WARNING)


def trace_of(header: Callable[[str], str | None]) -> str | None:
    """The trace id of a request, by its headers: W3C ``traceparent``, else Google's own."""
    parent = (header("traceparent") or "").split("-")
    if len(parent) == 4 and (trace := read(parent[1])):  # noqa: PLR2004 - version-trace-span-flags
        return trace
    found = re.match(r"[0-9a-f]{32}", header("X-Cloud-Trace-Context") or "")
    return found[0] if found else None


def read(said: object) -> str | None:
    """A trace id that somebody else said, if it is one."""
    return said if isinstance(said, str) and re.fullmatch(r"[0-9a-f]{32}", said) else None


def trace_of_run(run: str) -> str:
    """A run's own trace id, where no request brought one: the same for whoever has the run's key."""
    return hashlib.sha256(run.encode()).hexdigest()[:32]
