"""A country's feed, read as the worker reads it: rows a second, and how little of it is ever in memory.

    .venv/bin/python bench/feed.py
    .venv/bin/python bench/feed.py --rows 150000 --json data/bench/feed.json

A server on this machine, in a process of its own, answers the question with a redirect and then sends a
packed file of 70,000 made-up rows of 7 KB, thirty pictures in each, as Ticketmaster's have. In it 5,000
events and 20 searches are looked for, in one pass. Memory is this process's own, before and after. The exit
code says whether the promises hold.
"""

import gzip
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parent.parent
sys.path.insert(0, str(ROOT))

from bench.report import Report, arguments, resident_peak_mb
from watchers.providers import http
from watchers.providers.ticketmaster_feed import QUOTA, TicketmasterFeed
from watchers.quota import Budget, Ledger
from watchers.target import Search, Target

ROWS, ITEMS, SEARCHES = 70_000, 5_000, 20
NOW = datetime(2026, 10, 1, 12, tzinfo=UTC)
_NOUNS = ("Lanterns", "Gulls", "Trams", "Harbours", "Quarries", "Orchards", "Ferries")


def _row(number: int) -> dict[str, Any]:
    """A row as large as a real one, and different from all others."""
    picture = {"image": {"ratio": "16_9", "width": "1024", "height": "576"}}
    images = [
        {"image": {**picture["image"], "url": f"https://images.example/dam/{number:06d}/{size:032d}.jpg"}}
        for size in range(30)
    ]
    return {
        "eventId": f"vvBench{number:07d}",
        "primaryEventUrl": f"https://www.ticketmaster.com/made-up/event/{number:016X}",
        "resaleEventUrl": "",
        "eventName": f"The {_NOUNS[number % len(_NOUNS)]} {number // 100}",
        "eventInfo": "Doors open an hour before. " * 40,
        "eventStatus": "onsale",
        "eventStartDateTime": "2026-12-05T01:00:00Z",
        "eventStartLocalDate": "2026-12-04",
        "eventStartLocalTime": "20:00",
        "venue": {"venueName": f"Hall {number % 997}", "venueCity": f"Town {number % 499}"},
        "attractions": [{"attraction": {"attractionName": f"Act {number % 7919}", "images": images[:8]}}],
        "images": images,
        "minPrice": 40 + number % 60 + 0.95,
        "maxPrice": "",
        "currency": "USD",
        "classificationSegment": "Music",
        "source": "ticketmaster",
        "transactable": "true",
    }


def _write(path: Path, count: int) -> int:
    """A packed file of so many rows; how large it is unpacked."""
    size = 0
    with gzip.open(path, "wb", compresslevel=1) as file:
        size += file.write(b'{"events": [')
        for number in range(count):
            size += file.write((b", " if number else b"") + json.dumps(_row(number)).encode())
        size += file.write(b"]}")
    return size


def _serve(path: Path) -> None:
    class Answers(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            if self.path.startswith("/discovery-feed/"):
                self.send_response(303)
                self.send_header("Location", f"http://{self.headers['Host']}/file.gz")
                self.send_header("Content-Length", "0")
                self.end_headers()
                return
            self.send_response(200)
            self.send_header("Content-Type", "application/x-gzip")
            self.send_header("Content-Length", str(path.stat().st_size))
            self.end_headers()
            with path.open("rb") as file:
                while piece := file.read(64 * 1024):
                    self.wfile.write(piece)

        def log_message(self, *_: object) -> None:
            return

    server = ThreadingHTTPServer(("127.0.0.1", 0), Answers)
    print(f"http://127.0.0.1:{server.server_port}", flush=True)
    server.serve_forever()


@contextmanager
def _storage(path: Path) -> Iterator[str]:
    """The address of a server that sends this file, until the block ends."""
    command = [sys.executable, __file__, "--serve", str(path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:  # noqa: S603 - ours
        try:
            yield (process.stdout.readline() if process.stdout else "").strip()
        finally:
            process.kill()


def _targets() -> list[Target]:
    items = [Target("ticketmaster_feed", item=f"vvBench{number * 13:07d}") for number in range(ITEMS)]
    words = [f"{_NOUNS[number % len(_NOUNS)]} {number}" for number in range(SEARCHES)]
    return [*items, *(Target("ticketmaster_feed", search=Search(keyword=one)) for one in words)]


def _look(address: str, targets: list[Target]) -> tuple[int, float]:
    """How many of the targets were seen, and in how many seconds of a processor."""
    provider = TicketmasterFeed(None, "no-key", address)
    budget = Budget(QUOTA, Ledger(), NOW, sleep=lambda _seconds: None, even=False)
    began = time.process_time()
    seen = provider.fetch(targets, budget, NOW)
    return len(seen.observations), time.process_time() - began


def main() -> int:
    """Measure and print; 1 if a promise is broken."""
    parser = arguments(__doc__)
    parser.add_argument("--rows", type=int, default=ROWS)
    parser.add_argument("--serve", type=Path)
    given = parser.parse_args()
    if given.serve:
        _serve(given.serve)
    report = Report("feed")
    with tempfile.TemporaryDirectory() as folder:
        small, large = Path(folder) / "small.gz", Path(folder) / "large.gz"
        _write(small, 100)
        size = _write(large, given.rows)
        with _storage(small) as address:  # what any first call loads
            _look(address, _targets())
        before = resident_peak_mb()
        with _storage(large) as address:
            seen, seconds = _look(address, _targets())
        grown = resident_peak_mb() - before
        report.say("rows", given.rows)
        report.say("the file, packed", large.stat().st_size / 1e6, ",.1f", "MB")
        report.say("the file, unpacked", size / 1e6, ",.1f", "MB")
    report.say("targets looked for in one pass", ITEMS + SEARCHES)
    report.say("of them seen", seen)
    report.say("seconds of a processor", seconds, ",.1f")
    report.say("rows in each", given.rows / seconds)
    report.say("memory before", before, ",.1f", "MB")
    report.say("memory grew by", grown, ",.1f", "MB")
    report.promise("memory grows by less than 25 MB, whatever the file's size", holds=grown < 25)  # noqa: PLR2004
    in_time = seconds < http.WHOLE_FILE_SECONDS / 2
    report.promise("alone on its processor it takes less than half of the time it may take", holds=in_time)
    return report.end(given.json)


if __name__ == "__main__":
    sys.exit(main())
