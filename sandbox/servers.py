"""Serving an app on this machine, for ``python -m sandbox`` and for tests.

::

    with serving(market_app(market)) as base_url:
        httpx.get(f"{base_url}/api/appdetails?appids=9000010")

Only 127.0.0.1 is ever bound. A port is taken before its server exists, so that nobody can come in between,
and every app can know every other's address.
"""

import errno
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from flask import Flask
from werkzeug.serving import WSGIRequestHandler, make_server

HOST = "127.0.0.1"


class PortTakenError(Exception):
    """No port is free where one was looked for."""


def listen(port: int = 0, tries: int = 1) -> socket.socket:
    """Take ``port``, or the next free one within ``tries``; 0 takes any. The caller closes the socket.

    Raises:
        PortTakenError: all of them are taken, or may not be used.
    """
    for candidate in range(port, port + tries):
        listening = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listening.bind((HOST, candidate))
            listening.listen(128)
        except OSError as exc:
            listening.close()
            if exc.errno not in (errno.EADDRINUSE, errno.EACCES):
                raise
        else:
            return listening
    raise PortTakenError(f"no port is free from {port} to {port + tries - 1}")


def port_of(listening: socket.socket) -> int:
    """The port a socket listens on."""
    port: int = listening.getsockname()[1]
    return port


def url_of(listening: socket.socket) -> str:
    """The base URL of what will be served there, without a last slash."""
    return f"http://{HOST}:{port_of(listening)}"


@contextmanager
def serving(app: Flask, listening: socket.socket | None = None) -> Iterator[str]:
    """Serve ``app`` from daemon threads until the block ends; yields its base URL without a last slash.

    Without ``listening`` any free port is taken; with it, the socket is this function's from now on.
    """
    with listening or listen() as taken:
        base_url = url_of(taken)
        server = make_server(
            HOST, port_of(taken), app, threaded=True, request_handler=_Quiet, fd=taken.fileno()
        )
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield base_url
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


class _Quiet(WSGIRequestHandler):
    """No line per request; errors are still logged."""

    protocol_version = "HTTP/1.1"

    def log_request(self, *_: Any) -> None:
        """Say nothing."""
