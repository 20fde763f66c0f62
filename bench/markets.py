"""Markets in a process of their own, in Ticketmaster's wire format: each on a port, each after its delay.

    with markets([0.5, 0.5, None]) as urls:      one answer after half a second each; the third never answers
        ...

Every market sells the same evenings under its own ids and at its own prices.
"""

import argparse
import asyncio
import json
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import date, timedelta
from pathlib import Path

EVENINGS = 40
_HEAD = "HTTP/1.1 200 OK\r\nContent-Type: application/json;charset=utf-8\r\nContent-Length: "
_FIRST = date(2100, 1, 1)


@contextmanager
def markets(delays: Sequence[float | None]) -> Iterator[list[str]]:
    """Their addresses, until the block ends; ``None``: it takes a question and never answers."""
    command = [sys.executable, str(Path(__file__)), *("never" if one is None else str(one) for one in delays)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:  # noqa: S603 - ours
        try:
            assert process.stdout is not None  # noqa: S101 - it was asked for
            yield process.stdout.readline().split()
        finally:
            process.kill()


class _Connection(asyncio.Protocol):
    """Reads GETs, which end at an empty line, and answers each after the delay."""

    def __init__(self, number: int, delay: float | None) -> None:
        self.number, self.delay, self.read = number, delay, b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = transport

    def data_received(self, data: bytes) -> None:
        *requests, self.read = (self.read + data).split(b"\r\n\r\n")
        for _ in requests if self.delay is not None else ():
            asyncio.get_running_loop().call_later(self.delay or 0, self.answer)

    def answer(self) -> None:
        if isinstance(self.transport, asyncio.Transport) and not self.transport.is_closing():
            self.transport.write(page(self.number))


def page(market: int) -> bytes:
    """One page of a search, as HTTP."""
    shown = {
        "_embedded": {"events": [_event(market, number) for number in range(EVENINGS)]},
        "page": {"size": 200, "totalElements": EVENINGS, "totalPages": 1, "number": 0},
    }
    body = json.dumps(shown, separators=(",", ":"))
    return f"{_HEAD}{len(body)}\r\n\r\n{body}".encode()


def _event(market: int, number: int) -> dict[str, object]:
    item, day = f"Bench{market}x{number:04}", _FIRST + timedelta(days=number)
    venue = {"name": "Bench Hall", "city": {"name": "London"}, "country": {"countryCode": "GB"}}
    price = {"type": "standard", "currency": "GBP", "min": 50 + market + number / 10, "max": 120}
    return {
        "id": item,
        "name": "Night Tram Orchestra",
        "url": f"https://bench.example/{item}",
        "dates": {
            "start": {"localDate": day.isoformat(), "localTime": "19:30:00"},
            "timezone": "Europe/London",
            "status": {"code": "onsale"},
        },
        "priceRanges": [price],
        "_embedded": {"venues": [venue], "attractions": [{"name": "Night Tram Orchestra"}]},
    }


async def _serve(delays: Sequence[str]) -> None:
    loop, servers = asyncio.get_running_loop(), []
    for number, delay in enumerate(delays):
        seconds = None if delay == "never" else float(delay)
        servers.append(
            await loop.create_server(
                lambda number=number, seconds=seconds: _Connection(number, seconds),  # type: ignore[misc]
                "127.0.0.1",
                0,
            )
        )
    addresses = [server.sockets[0].getsockname() for server in servers]
    print(*(f"http://{host}:{port}" for host, port in addresses), flush=True)
    await asyncio.gather(*(server.serve_forever() for server in servers))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("delays", nargs="+")
    asyncio.run(_serve(parser.parse_args().delays))
