"""What a person changes about a watch in one word."""

from collections.abc import Callable, Mapping
from datetime import timedelta
from decimal import Decimal
from functools import partial
from typing import Any

import pytest

from store.sqlite import SqliteDocuments
from tests.builders import START, below, drop
from tests.fakes import Crash, FaultyDocuments
from watchers import jobs, verbs
from watchers.documents import Put
from watchers.errors import StoreUnavailableError, WatchRefusedError
from watchers.jobs import copy_watch
from watchers.places import Places
from watchers.target import Target
from watchers.verbs import Change, Planned
from watchers.watch import Filters

PLACES = Places()
UNTIL = START + timedelta(days=1)
WATCH: Mapping[str, Any] = {
    "name": "Lakers",
    "target": {"provider": "ticketmaster", "item": "E1"},
    "conditions": [below(), drop(), below("70.00", basis="resale")],
    "filters": {"sections": ["A"]},
}
PLAIN: Mapping[str, Any] = {"eventId": "E1", "eventName": "Lakers", "maxPrice": 90, "status": "active"}
LOWER: Change = partial(verbs.below, amount=Decimal(80))


def anything(_target: Target, _filters: Filters) -> None:
    """A provider that refuses nothing."""


def nothing(_target: Target, _filters: Filters) -> str:
    return "The shop is closed."


@pytest.fixture
def documents() -> FaultyDocuments:
    return FaultyDocuments(SqliteDocuments(":memory:"))


def save(documents: FaultyDocuments, fields: Mapping[str, Any] = WATCH, **changes: Any) -> None:
    documents.inner.commit(Put(PLACES.source("u1", "w1"), {**fields, **changes}))


def saved(documents: FaultyDocuments) -> dict[str, Any]:
    found = documents.inner.get(PLACES.source("u1", "w1"))
    assert found
    return dict(found.fields)


def apply(documents: FaultyDocuments, change: Change, refusal: Any = anything, uid: str = "u1") -> Planned:
    return verbs.apply(documents, PLACES, refusal, change, uid=uid, watch_id="w1", now=START)


# ── pure ─────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("change", "before", "changed"),
    [
        pytest.param(verbs.stop, {}, {"status": "paused"}, id="stop"),
        pytest.param(verbs.stop, {"status": "paused"}, {}, id="stopped already"),
        pytest.param(verbs.stop, {"status": "ended"}, {}, id="ended already"),
        pytest.param(verbs.bought, {"status": "paused"}, {"status": "ended"}, id="bought"),
        pytest.param(verbs.resume, {"status": "ended"}, {"status": "active"}, id="resume"),
        pytest.param(verbs.resume, {}, {}, id="watching already"),
        pytest.param(verbs.resume, {"snoozed_until": UNTIL}, {"snoozed_until": None}, id="wake"),
        pytest.param(partial(verbs.snooze, until=UNTIL), {}, {"snoozed_until": UNTIL}, id="snooze"),
        pytest.param(
            partial(verbs.snooze, until=UNTIL),
            {"snoozed_until": UNTIL - timedelta(seconds=5)},
            {},
            id="snoozed already",
        ),
        pytest.param(
            partial(verbs.snooze, until=UNTIL),
            {"snoozed_until": "?"},
            {"snoozed_until": UNTIL},
            id="unreadable",
        ),
        pytest.param(LOWER, {"eventId": "E1", "maxPrice": 90}, {"maxPrice": 80}, id="plain shape"),
        pytest.param(
            partial(verbs.below, amount=Decimal("79.50")),
            {"eventId": "E1"},
            {"maxPrice": 79.5},
            id="plain cents",
        ),
    ],
)
def test_what_changes(change: Change, before: dict[str, Any], changed: dict[str, Any]) -> None:
    kept = dict(before)
    assert change(before) == changed
    assert before == kept


def test_below_changes_every_limit_and_nothing_else() -> None:
    changed = LOWER(WATCH)
    assert changed == {"conditions": [below("80"), drop(), below("80", basis="resale")]}
    assert WATCH["conditions"][0]["price"] == "90.00"
    assert LOWER({**WATCH, **changed}) == {}


@pytest.mark.parametrize(
    ("fields", "says"),
    [
        ({"conditions": [drop()]}, "no price limit"),
        ({"conditions": None}, "no price limit"),
        ({"conditions": "below"}, "no price limit"),
        ({}, "no price limit"),
        ({"conditions": [below(currency="EUR")]}, "counts in EUR"),
        ({"conditions": [below(), below(currency="EUR")]}, "counts in EUR"),
    ],
)
def test_a_limit_that_cannot_be_changed_is_refused_in_a_sentence(fields: dict[str, Any], says: str) -> None:
    with pytest.raises(WatchRefusedError, match=says):
        verbs.below(fields, Decimal(80), means=lambda currency: currency == "USD")


# ── done ─────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("fields", [WATCH, PLAIN], ids=["full", "plain"])
@pytest.mark.parametrize(("change", "status"), [(verbs.stop, "paused"), (verbs.bought, "ended")])
def test_it_is_done_once_and_can_be_taken_back(
    documents: FaultyDocuments, fields: Mapping[str, Any], change: Change, status: str
) -> None:
    save(documents, fields)
    for _ in range(2):
        done = apply(documents, change)
        assert done.watch
        assert done.watch.status == status
    assert saved(documents) == {**fields, "status": status}
    assert documents.commits == 1
    apply(documents, verbs.resume)
    assert saved(documents) == {**fields, "status": "active"}


def test_a_snoozed_watch_goes_on_watching_with_its_memory(documents: FaultyDocuments) -> None:
    save(documents)
    copy = partial(copy_watch, documents, PLACES, anything, uid="u1", watch_id="w1", now=START)
    copy()
    before = job_of(documents)
    done = apply(documents, partial(verbs.snooze, until=UNTIL))
    assert done.watch
    assert done.watch.snoozed_until == UNTIL
    assert copy() == "copied"
    job = job_of(documents)
    assert (job.rule_version, job.targets) == (before.rule_version, before.targets)
    assert job.watch.snoozed_until == UNTIL


def test_an_ended_watch_has_no_targets_and_says_so(documents: FaultyDocuments) -> None:
    save(documents)
    copy = partial(copy_watch, documents, PLACES, anything, uid="u1", watch_id="w1", now=START)
    copy()
    target = next(iter(job_of(documents).targets))
    apply(documents, verbs.bought)
    copy()
    assert (job_of(documents).targets, job_of(documents).left) == ({}, (target,))
    status = documents.get(PLACES.status("u1", "w1"))
    assert status
    assert status.fields["state"] == "ended"


def job_of(documents: FaultyDocuments) -> jobs.Job:
    found = documents.get(PLACES.job("w1"))
    assert found
    return jobs.read_job(found)


@pytest.mark.parametrize(
    "change", [verbs.stop, verbs.bought, verbs.resume, LOWER, partial(verbs.snooze, until=UNTIL)]
)
def test_a_watch_that_is_gone_or_anothers_is_said(documents: FaultyDocuments, change: Change) -> None:
    save(documents)
    with pytest.raises(WatchRefusedError, match="does not exist any more"):
        apply(documents, change, uid="u2")
    assert saved(documents) == WATCH


@pytest.mark.parametrize(
    ("amount", "says"),
    [("0", r"^An amount must be over 0"), ("79.555", "at most 2 digits"), ("1000001", "at most 1,000,000")],
)
@pytest.mark.parametrize("status", ["active", "paused"])
def test_a_limit_that_cannot_be_watched_is_refused(
    documents: FaultyDocuments, amount: str, says: str, status: str
) -> None:
    save(documents, status=status)
    with pytest.raises(WatchRefusedError, match=says):
        apply(documents, partial(verbs.below, amount=Decimal(amount)))
    assert saved(documents) == {**WATCH, "status": status}


def test_what_the_shop_refuses_now_can_be_stopped_but_not_resumed(documents: FaultyDocuments) -> None:
    save(documents)
    assert apply(documents, verbs.stop, nothing).watch is None
    with pytest.raises(WatchRefusedError, match="shop is closed"):
        apply(documents, verbs.resume, nothing)
    assert saved(documents)["status"] == "paused"


def test_what_is_no_watch_at_all_can_be_stopped(documents: FaultyDocuments) -> None:
    save(documents, {"name": "?"})
    apply(documents, verbs.stop)
    assert saved(documents) == {"name": "?", "status": "paused"}


def test_a_write_in_between_is_kept(documents: FaultyDocuments) -> None:
    save(documents)

    def renamed(_: object) -> None:
        documents.before_commit = None
        save(documents, name="Renamed")

    documents.before_commit = renamed
    apply(documents, LOWER)
    assert saved(documents)["name"] == "Renamed"
    assert saved(documents)["conditions"][0]["price"] == "80"


def test_a_write_while_it_is_being_decided_is_kept(documents: FaultyDocuments) -> None:
    save(documents)
    names = iter(["Renamed"])

    def slowly(fields: Mapping[str, Any]) -> dict[str, Any]:
        for name in names:
            save(documents, name=name, conditions=[below("95.00")])
        return LOWER(fields)

    apply(documents, slowly)
    assert (saved(documents)["name"], saved(documents)["conditions"]) == ("Renamed", [below("80")])


def test_a_watch_that_keeps_changing_asks_for_another_try(documents: FaultyDocuments) -> None:
    save(documents)
    names = iter("abcdefghij")
    documents.before_commit = lambda _: save(documents, name=next(names))
    with pytest.raises(StoreUnavailableError):
        apply(documents, verbs.stop)


@pytest.mark.parametrize("crash", ["crash_before", "crash_after"])
def test_after_a_crash_it_is_done_by_doing_it_again(documents: FaultyDocuments, crash: str) -> None:
    save(documents)
    plan: Callable[[int], None] = getattr(documents, crash)
    plan(1)
    with pytest.raises(Crash):
        apply(documents, verbs.bought)
    documents.crash_before(0)
    apply(documents, verbs.bought)
    assert saved(documents) == {**WATCH, "status": "ended"}
