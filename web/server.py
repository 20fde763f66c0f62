"""One small server: what ``laptop.py`` runs, behind the server that the deployed functions have.

gunicorn holds the port and starts one worker process, which answers people with threads and runs the schedule
and the triggers besides. A worker that dies is started again, and its loops with it; what was under way is
found in the database, as everywhere. One worker and never more: SQLite has one writer at a time, and one
schedule is enough. Before it belongs a proxy that speaks TLS.
"""

from typing import Any

from flask import Flask
from gunicorn.app.base import BaseApplication

from watchers.settings import Settings
from web.laptop import Laptop

_STOPS_WITHIN = 25  # seconds for what is under way
_HUNG_AFTER = 60  # seconds without a sign of life of the worker's own loop


class Server(BaseApplication):  # type: ignore[misc] # gunicorn ships no types
    """Serves until SIGTERM or Ctrl-C."""

    def __init__(self, settings: Settings, host: str, threads: int) -> None:
        self._settings, self._host, self._threads = settings, host, threads
        self._laptop: Laptop | None = None
        super().__init__()

    def load_config(self) -> None:
        """See ``BaseApplication``; nothing is read from files or from the command line."""
        for name, value in self._options().items():
            self.cfg.set(name, value)

    def load(self) -> Flask:
        """Build everything, within the worker process."""
        self._laptop = Laptop(self._settings)
        return self._laptop.web

    def _options(self) -> dict[str, Any]:
        return {
            "bind": f"{self._host}:{self._settings.port}",
            "workers": 1,
            "worker_class": "gthread",
            "threads": self._threads,
            "timeout": _HUNG_AFTER,
            "graceful_timeout": _STOPS_WITHIN,
            "loglevel": "warning",
            "control_socket_disable": True,
            "post_worker_init": self._begin,
            "worker_exit": self._end,
        }

    def _begin(self, _worker: object) -> None:
        if self._laptop is not None:
            self._laptop.begin()

    def _end(self, _arbiter: object, _worker: object) -> None:
        if self._laptop is not None:
            self._laptop.stop()
