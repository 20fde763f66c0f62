"""A scripted upstream without a network: it answers in order and remembers what it was asked."""

import json
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path

import httpx

from watchers.quota import Budget, Ledger, Quota

NOW = datetime(2026, 10, 1, 12, 0, tzinfo=UTC)
DATA = Path(__file__).parent / "data"
PAYLOADS = Path(__file__).parents[2] / "shared" / "payloads"

Step = Callable[[httpx.Request], httpx.Response]


def says(
    body: object, status: int = 200, headers: Mapping[str, str] | None = None, kind: str = "application/json"
) -> Step:
    """Answer with this body: bytes as they are, anything else as JSON."""
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    return lambda _request: httpx.Response(
        status, stream=httpx.ByteStream(content), headers={"content-type": kind, **(headers or {})}
    )


def fails(error: type[httpx.HTTPError]) -> Step:
    """Fail as httpx does, and say the address in the error, as its worst messages do."""

    def step(request: httpx.Request) -> httpx.Response:
        raise error(f"cannot reach {request.url}")

    return step


class Upstream:
    """Each request gets the next step; the last step goes on for ever."""

    def __init__(self, *steps: Step) -> None:
        self._steps = list(steps)
        self.requests: list[httpx.Request] = []
        self.client = httpx.Client(transport=httpx.MockTransport(self._answer))

    def _answer(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        step = self._steps.pop(0) if len(self._steps) > 1 else self._steps[0]
        return step(request)

    def before(self, *steps: Step) -> None:
        """Answer these first."""
        self._steps[:0] = steps

    def forget(self) -> None:
        """As if nothing had been asked yet."""
        self.requests.clear()

    @property
    def asked(self) -> list[dict[str, str]]:
        """The query of every request."""
        return [dict(request.url.params) for request in self.requests]

    @property
    def paths(self) -> list[str]:
        """The path of every request."""
        return [request.url.path for request in self.requests]


def purse(quota: Quota, calls: int | None = None) -> Budget:
    """A budget that never sleeps: of a whole window, or with exactly ``calls`` left."""
    return Budget(quota, Ledger(), NOW, sleep=lambda _seconds: None, at_most=calls, even=False)


def sample(provider: str, name: str) -> bytes:
    """A made-up answer in the provider's shape."""
    return (DATA / provider / name).read_bytes()


def sample_json(provider: str, name: str) -> object:
    """The same, as Python values."""
    value: object = json.loads(sample(provider, name))
    return value
