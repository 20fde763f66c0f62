"""What the market's APIs do when they are told to fail: the same for every wire format.

Each API says how its two limits look (``spike``, ``quota``); server errors and maintenance pages are no
API's own.
"""

import time
from collections.abc import Callable

from flask import Response

from sandbox.stock import Market

MAINTENANCE = (
    "<!doctype html><html lang=en><title>Sandbox</title><h1>Sandbox: down for maintenance</h1></html>"
)


def suffered(market: Market, spike: Callable[[], Response], quota: Callable[[], Response]) -> Response | None:
    """The answer that the market's present fault gives instead of the real one; ``None``: answer normally."""
    if market.fault == "slow":
        time.sleep(market.slow_seconds)
    answers: dict[str | None, Callable[[], Response]] = {
        "500": lambda: Response("sandbox: internal server error", 500, mimetype="text/plain"),
        "html": lambda: Response(MAINTENANCE, 200, mimetype="text/html"),
        "429_spike": spike,
        "429_quota": quota,
    }
    answer = answers.get(market.fault)
    return answer() if answer else None
