"""Google's APIs of monitoring and log-based metrics on this machine, for the real gcloud to talk to.

What is made stands in ``things`` by its name; what was asked, in ``requests``; what ``refusing`` names is
refused once. Like Google it gives a name to what has none and an etag to dashboards, and refuses to update
what is not there.
"""

import json
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import unquote, urlsplit

KINDS = ("alertPolicies", "notificationChannels", "uptimeCheckConfigs", "dashboards", "metrics")
_VERSION = re.compile(r"^/v\d/")


@dataclass(frozen=True)
class Asked:
    """One request."""

    method: str
    path: str
    body: Any
    query: str = ""


@dataclass
class Monitoring:
    """What stands there, by name, and what was asked."""

    things: dict[str, dict[str, Any]] = field(default_factory=dict)
    requests: list[Asked] = field(default_factory=list)
    refusing: list[str] = field(default_factory=list)

    @property
    def changes(self) -> list[Asked]:
        """The requests that change something."""
        return [one for one in self.requests if one.method != "GET"]

    def of(self, kind: str) -> list[dict[str, Any]]:
        """What stands there of a kind."""
        return [thing for name, thing in self.things.items() if name.split("/")[2] == kind]

    def answer(self, asked: Asked) -> tuple[int, dict[str, Any]]:
        """What Google would say."""
        self.requests.append(asked)
        if (said := f"{asked.method} {asked.path}") in self.refusing:
            self.refusing.remove(said)
            return 400, {"error": {"code": 400, "message": "not now", "status": "FAILED_PRECONDITION"}}
        kind = asked.path.rsplit("/", 1)[-1]
        if asked.method == "GET" and kind in KINDS:
            return 200, {kind: self.of(kind)}
        if asked.method == "POST" and kind in KINDS:
            return self._create(asked.path, kind, asked.body)
        if asked.path not in self.things:
            return 404, {"error": {"code": 404, "message": f"{asked.path} not found", "status": "NOT_FOUND"}}
        if asked.method in ("PUT", "PATCH"):
            self._store(asked.path, {**self.things[asked.path], **asked.body})
        return 200, self.things[asked.path]

    def _create(self, path: str, kind: str, body: dict[str, Any]) -> tuple[int, dict[str, Any]]:
        own = body["name"] if kind == "metrics" else str(1000 + len(self.things))
        self._store(f"{path}/{own}", body)
        return 200, self.things[f"{path}/{own}"]

    def _store(self, name: str, body: dict[str, Any]) -> None:
        kind = name.split("/")[2]
        known = {} if kind == "metrics" else {"name": name}
        if kind == "dashboards":
            known["etag"] = f"e{len(self.requests)}"
        self.things[name] = {**body, **known}


@contextmanager
def monitoring() -> Iterator[tuple[Monitoring, dict[str, str]]]:
    """Google's side, and the environment that lets gcloud talk to it and to nothing else."""
    google = Monitoring()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def _serve(self) -> None:
            raw = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            address = urlsplit(self.path)
            path = unquote(_VERSION.sub("", address.path))
            asked = Asked(self.command, path, json.loads(raw) if raw else None, address.query)
            status, said = google.answer(asked)
            body = json.dumps(said).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = _serve  # noqa: N815 - the library's names

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the library's name
            """Nothing: what was asked is kept."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    url = f"http://127.0.0.1:{server.server_port}/"
    try:
        yield (
            google,
            {
                "CLOUDSDK_API_ENDPOINT_OVERRIDES_MONITORING": url,
                "CLOUDSDK_API_ENDPOINT_OVERRIDES_LOGGING": url,
                "CLOUDSDK_AUTH_ACCESS_TOKEN": "a-token-of-nobody",
            },
        )
    finally:
        server.shutdown()
        server.server_close()
