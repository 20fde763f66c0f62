"""A shop in a process of its own, in Steam's wire format, that is never the slowest part of a measurement.

``GET /api/appdetails?appids=1,2`` is answered after a delay (50 ms), on connections that stay open. A price
follows from the app's number until somebody sets one; which answer first told it, and when, is remembered::

    with shop(delay=0.05) as upstream:
        upstream.set_price(7, 4_599)
        httpx.get(f"{upstream.url}/api/appdetails?appids=7")
        upstream.told_at(7)      # seconds since 1970
"""

import argparse
import asyncio
import json
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import httpx

DELAY = 0.05
_HEAD = "HTTP/1.1 200 OK\r\nContent-Type: application/json; charset=utf-8\r\nContent-Length: "


def price_of(app: int) -> int:
    """Hundredths, while nobody has set another."""
    return 9_000 + app % 900


@dataclass(frozen=True, slots=True)
class Shop:
    """Where it is, and what it can be told."""

    url: str

    def set_price(self, app: int, hundredths: int) -> None:
        """From the next answer on."""
        httpx.get(f"{self.url}/set", params={str(app): str(hundredths)}, trust_env=False).raise_for_status()

    def told_at(self, app: int) -> float | None:
        """When the price that was set last went out first, in seconds since 1970."""
        told = httpx.get(f"{self.url}/told", trust_env=False).json()
        return float(told[str(app)]) if str(app) in told else None


@contextmanager
def shop(delay: float = DELAY) -> Iterator[Shop]:
    """A shop until the block ends."""
    command = [sys.executable, str(Path(__file__)), "--delay", str(delay)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:  # noqa: S603 - ours
        try:
            yield Shop((process.stdout.readline() if process.stdout else "").strip())
        finally:
            process.kill()


class _Connection(asyncio.Protocol):
    """Reads GETs, which end at an empty line, and answers each after the delay."""

    prices: dict[int, int]
    told: dict[int, float]
    answers: dict[str, bytes]
    delay: float

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport, self.read = transport, b""

    def data_received(self, data: bytes) -> None:
        *requests, self.read = (self.read + data).split(b"\r\n\r\n")
        for request in requests:
            address = request.split(b" ", 2)[1].decode()
            delay = self.delay if address.startswith("/api/") else 0
            asyncio.get_running_loop().call_later(delay, self.answer, address)

    def answer(self, address: str) -> None:
        body = self.answers.get(address)
        if body is None:
            body = self.body(address)
        if isinstance(self.transport, asyncio.Transport) and not self.transport.is_closing():
            self.transport.write(body)

    def body(self, address: str) -> bytes:
        path, query = urlsplit(address).path, parse_qs(urlsplit(address).query)
        if path == "/set":
            for app, (price,) in query.items():
                self.prices[int(app)] = int(price)
                self.told.pop(int(app), None)
            self.answers.clear()
            return _answer({})
        if path == "/told":
            return _answer({str(app): at for app, at in self.told.items()})
        apps = [int(app) for app in query["appids"][0].split(",")]
        body = _answer({str(app): _entry(self.prices.get(app, price_of(app))) for app in apps})
        for number in self.prices.keys() & set(apps):
            self.told.setdefault(number, time.time())
        self.answers[address] = body
        return body


def _answer(value: object) -> bytes:
    body = json.dumps(value, separators=(",", ":")).encode()
    return f"{_HEAD}{len(body)}\r\n\r\n".encode() + body


def _entry(price: int) -> dict[str, object]:
    overview = {
        "currency": "USD",
        "initial": price,
        "final": price,
        "discount_percent": 0,
        "initial_formatted": "",
        "final_formatted": f"${price / 100:.2f}",
    }
    return {"success": True, "data": {"price_overview": overview}}


async def _serve(delay: float) -> None:
    _Connection.prices, _Connection.told, _Connection.answers, _Connection.delay = {}, {}, {}, delay
    server = await asyncio.get_running_loop().create_server(_Connection, "127.0.0.1", 0, backlog=256)
    host, port = server.sockets[0].getsockname()
    print(f"http://{host}:{port}", flush=True)
    await server.serve_forever()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--delay", type=float, default=DELAY)
    asyncio.run(_serve(parser.parse_args().delay))
