"""The API, tried by schemathesis from its own description: every phase, good data and bad."""

import os
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any
from unittest.mock import patch

from flask import Flask

from notifiers import contacts
from notifiers.personal import returning
from tests import markets
from tests.markets import Market, all_in, entry, face
from tests.web.kit import World
from watchers.documents import Delete, Put
from watchers.observation import Observation
from watchers.target import Target
from web.api import tokens
from web.pace import Pace
from web.site import EXTENSION

UID = "ann"


@dataclass
class Tried:
    """What came of it: how many requests, how many of each status, and every failed check in words."""

    requests: int = 0
    statuses: Counter[int] = field(default_factory=Counter)
    failures: dict[str, str] = field(default_factory=dict)
    operations: set[str] = field(default_factory=set)


class _Shop(Market):
    """Says of an item it does not know that it is there, and nothing else."""

    def _says(self, target: Target, now: datetime) -> Observation:
        known = target.search is not None or any(one.target.item == target.item for one in self.entries)
        return super()._says(target, now) if known else Observation(target, now)


def world() -> World:
    """A person with watches, alerts, prices and markets to search."""
    made = World(operators=frozenset({UID}))
    made.reach(UID, quiet_hours={"from": "22:00", "to": "07:00"})
    shop = _Shop("ticketmaster", entry("ticketmaster", "vvG1zZ9abc", face(5400, high=12000)))
    steam = _Shop("steam", entry("steam", "620", face(4900), all_in(6100), listing_count=3))
    made.catalog = markets.World(shop, steam, switched_off={"seatgeek": "no key"}).catalog
    for number in range(3):
        item = {"provider": "ticketmaster", "item": f"event{number}"}
        made.put_watch(f"w{number}", UID, target=item)
        made.copy(f"w{number}", UID)
        made.told(f"K7Q2M9X{number + 2}", UID, watch_id=f"w{number}")
    made.see(Target("ticketmaster", "event0"), face(9500))
    return made


def open_to_all(app: Flask) -> Flask:
    """The same application, without a limit on how often one may ask."""
    site = app.extensions[EXTENSION]
    app.extensions[EXTENSION] = replace(
        site,
        **{name: Pace(10**9, timedelta(minutes=5)) for name in ("calls", "strangers", "searches", "copies")},
    )
    return app


@dataclass(frozen=True)
class Key:
    """A token of the person that may write, and how it is put back once the API has revoked it."""

    text: str
    put_back: Callable[[], None]


def key_of(made: World) -> Key:
    """One that outlives being revoked: it is what all of this is asked with."""
    documents = made.documents.inner
    text, token = tokens.make(documents, tokens.Token("", UID, "fuzz", "write", made.now()))
    kept = made.fields(tokens.path(token.id))

    person = made.fields(contacts.path(UID))

    def put_back() -> None:
        if documents.get(tokens.path(token.id)) is None:
            documents.commit(Put(tokens.path(token.id), kept))
        found = documents.get(contacts.path(UID))
        if found is None or found.fields.get("erased_at"):
            documents.commit(Put(contacts.path(UID), person), Delete(returning.path(UID)))

    return Key(text, put_back)


def config(key: Key, *, seed: int, examples: int, seconds: int | None = None) -> Any:
    """How schemathesis tries it.

    Data that fits the description may still be refused with 409, 412, 422 or 429: a currency that there is
    none of, a day that has passed, a watch that one has already, one code too many.
    """
    from schemathesis.config import SchemathesisConfig  # noqa: PLC0415 - it takes a second

    said: dict[str, Any] = {
        "seed": seed,
        "generation": {"max-examples": examples, "no-shrink": True, "database": "none"},
        "headers": {"Authorization": f"Bearer {key.text}"},
        "checks": {
            "positive_data_acceptance": {
                "expected-statuses": ["2xx", "3xx", "404", "409", "412", "422", "429"],
            },
            "negative_data_rejection": {
                "expected-statuses": ["400", "401", "403", "404", "405", "409", "412", "415", "422"],
            },
        },
        "phases": {"stateful": {"generation": {"max-examples": examples}}},
    }
    made = SchemathesisConfig.from_dict(said)
    if seconds is not None:
        made.max_time = seconds
    return made


def fuzz(app: Flask, key: Key, how: Any) -> Tried:
    """Try every operation in every phase."""
    import schemathesis  # noqa: PLC0415 - it takes a second
    from schemathesis.engine import Status, events, from_schema  # noqa: PLC0415

    schema = schemathesis.openapi.from_wsgi("/api/v1/openapi.json", app, config=how)
    tried = Tried()
    with _no_proxies(), _in_process(key.put_back):
        for event in from_schema(schema).execute():
            if isinstance(event, events.NonFatalError):
                tried.failures.setdefault(f"{event.label}: {event.value!r}", "")
            if isinstance(event, events.FatalError):
                raise event.exception
            if isinstance(event, events.ScenarioFinished):
                _note(tried, event.recorder, Status.FAILURE)
    return tried


def _note(tried: Tried, recorder: Any, failure: Any) -> None:
    for case_id, interaction in recorder.interactions.items():
        if interaction.response is None:
            continue
        tried.requests += 1
        tried.statuses[interaction.response.status_code] += 1
        if case := recorder.cases.get(case_id):
            tried.operations.add(case.value.operation.label)
        for check in recorder.checks.get(case_id, ()):
            if check.status == failure:
                told = check.failure_info
                label = case.value.operation.label if case else recorder.label
                tried.failures.setdefault(
                    f"{label}: {check.name}: {told.failure.title}: {told.failure.message}", told.code_sample
                )


@contextmanager
def _in_process(before: Callable[[], None]) -> Iterator[None]:
    """Its check that asks without a token hands an application in this process what only sockets have."""
    from schemathesis.transport.wsgi import WSGITransport  # noqa: PLC0415 - as above

    send = WSGITransport.send

    def sent(self: Any, case: Any, **known: Any) -> Any:
        before()
        return send(self, case, **{name: value for name, value in known.items() if name not in _OF_SOCKETS})

    with patch.object(WSGITransport, "send", sent):
        yield


_OF_SOCKETS = ("max_redirects", "verify", "cert", "proxies")


@contextmanager
def _no_proxies() -> Iterator[None]:
    """Nothing here goes out, whatever the environment says."""
    kept = {name: os.environ.pop(name) for name in list(os.environ) if name.lower().endswith("_proxy")}
    try:
        yield
    finally:
        os.environ.update(kept)
