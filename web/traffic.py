"""The requests that this process has answered: by endpoint, status and how long they took.

Endpoints are those of the application, so there are as many as it has; what leads nowhere counts as one.
"""

import threading
import time
from bisect import bisect_left
from collections import Counter
from collections.abc import Callable
from datetime import datetime
from itertools import accumulate

from flask import Flask, Response, g, request

from watchers.usage import Meter

BOUNDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
"""Seconds: an answer counts with the first bound that it is not over."""
NOWHERE = "nowhere"
METHODS = frozenset({"GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS"})
OTHER = "other"


class Traffic:
    """Counts answers; may be told from any thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._answers: Counter[tuple[str, str, str]] = Counter()
        self._latencies: dict[str, list[int]] = {}
        self._seconds: Counter[str] = Counter()

    def count(self, endpoint: str, method: str, status: int, seconds: float) -> None:
        """One more answer."""
        with self._lock:
            self._answers[endpoint, method if method in METHODS else OTHER, str(status)] += 1
            buckets = self._latencies.setdefault(endpoint, [0] * (len(BOUNDS) + 1))
            buckets[bisect_left(BOUNDS, seconds)] += 1
            self._seconds[endpoint] += seconds  # type: ignore[assignment]

    def answers(self) -> dict[tuple[str, str, str], int]:
        """How many answers, by endpoint, method and status."""
        with self._lock:
            return dict(self._answers)

    def latencies(self) -> dict[str, tuple[list[int], float]]:
        """Of each endpoint: answers within each bound (and the rest), added up; and the seconds of all."""
        with self._lock:
            return {
                one: (list(accumulate(buckets)), float(self._seconds[one]))
                for one, buckets in self._latencies.items()
            }


def install(app: Flask, traffic: Traffic, meter: Meter | None, now: Callable[[], datetime]) -> None:
    """Count what this application answers, and now and then what it takes of the database."""

    def begin() -> None:
        g.began = time.perf_counter()

    def end(answer: Response) -> Response:
        seconds = time.perf_counter() - g.pop("began", time.perf_counter())
        traffic.count(request.endpoint or NOWHERE, request.method, answer.status_code, seconds)
        if meter is not None:
            meter.note(now())
        return answer

    app.before_request_funcs.setdefault(None, []).insert(0, begin)
    app.after_request(end)
