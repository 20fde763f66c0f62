"""A page provider on a hostile internet, with a stand-in for the reader: reading is not the question."""

import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from types import ModuleType

import pytest

from tests.hostile_web import HostileWeb
from tests.upstream import NOW, purse
from watchers.observation import Observation
from watchers.providers.page import Page
from watchers.providers.pages.public import is_public
from watchers.providers.pages.reading import Read
from watchers.quota import Budget, Quota
from watchers.target import Target


@dataclass
class Reader:
    """What was given to be read."""

    markup: list[bytes] = field(default_factory=list)
    charsets: list[str | None] = field(default_factory=list)
    urls: list[str] = field(default_factory=list)
    changes_at: datetime | None = None

    def read(self, markup: bytes, charset: str | None, url: str, target: Target, now: datetime) -> Read:
        """The first letters, as a name."""
        self.markup.append(markup)
        self.charsets.append(charset)
        self.urls.append(url)
        seen = Observation(target, now, name=markup[:30].decode("latin-1"), url=url)
        return Read(seen, self.changes_at)


@pytest.fixture
def reader(monkeypatch: pytest.MonkeyPatch) -> Reader:
    made = ModuleType("watchers.providers.pages.reading")
    made.read = (one := Reader()).read  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "watchers.providers.pages.reading", made)
    return one


@pytest.fixture(scope="session")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> tuple[str, str] | None:
    """For every name under example.com; ``None`` where there is no openssl to make it."""
    if not (openssl := shutil.which("openssl")):
        return None
    folder = tmp_path_factory.mktemp("certificate")
    made, key = str(folder / "certificate.pem"), str(folder / "key.pem")
    subprocess.run(  # noqa: S603 - our own words
        [
            *(openssl, "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2"),
            *("-subj", "/CN=made-up", "-addext", "subjectAltName=DNS:*.example.com"),
            *("-keyout", key, "-out", made),
        ],
        check=True,
        capture_output=True,
    )
    return made, key


@pytest.fixture
def web(
    certificate: tuple[str, str] | None, reader: Reader, monkeypatch: pytest.MonkeyPatch
) -> Iterator[HostileWeb]:
    """Whatever happens, nothing is ever connected to at an address that is not public."""
    del reader
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy", "https_proxy", "all_proxy"):
        monkeypatch.delenv(name, raising=False)
    with HostileWeb(certificate) as one:
        yield one
    assert [address for address in one.connected if not is_public(address)] == []


class Clock:
    """Stands still until it is moved."""

    seconds = 1000.0

    def __call__(self) -> float:
        """Now."""
        return self.seconds


@dataclass
class Looking:
    """One provider; calling it is one look."""

    page: Page
    budgets: list[Budget] = field(default_factory=list)

    def __call__(self, address: str, now: datetime = NOW, calls: int = 50) -> Observation | str | None:
        """What was seen, the code of the failure, or ``None``: it stays due."""
        target = Target(provider="page", item=address)
        self.budgets.append(purse(Quota(5000, self.page.quota.per, 1000.0), calls))
        fetched = self.page.fetch([target], self.budgets[-1], now)
        return fetched.observations.get(target.id) or fetched.failures.get(target.id)


@pytest.fixture
def clock() -> Clock:
    """The time by which hosts rest."""
    return Clock()


@pytest.fixture
def look(web: HostileWeb, clock: Clock) -> Looking:
    return Looking(Page(web.client(), "https://scout.example.com/contact", clock=clock))


Look = Callable[..., Observation | str | None]
