"""Older alerts are read in one document, and the page says the same as if each of them were read."""

import re
from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.web.kit import PLACES, Someone, World, news_of
from watchers import alerts, expiry
from watchers.documents import Delete, Put, Update
from watchers.errors import StoreUnavailableError
from watchers.kinds import Channel
from watchers.models import Alert, AlertState, PastPrice
from web import feed, shelf, snapshot

DAY = timedelta(days=1)


def test_what_came_to_rest_is_read_in_one_document(world: World, ann: Someone) -> None:
    for day in range(30):
        _told(world, day)
    first = _anew(world, ann)
    reads, writes = _spent(world, ann)
    assert (reads, writes) == (1 + 8, 0)  # the shelf; those of the last week
    assert _alerts_of(_anew(world, ann)) == _alerts_of(first)
    assert len(re.findall("#D", first)) == 20


def test_the_shelf_grows_by_a_few_at_once_and_keeps_no_more_than_anyone_looks_through(
    world: World, ann: Someone, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(feed, "MOST", 40)
    for day in range(38):
        _told(world, day)
    _anew(world, ann)
    for later, writes in ((1, 0), (2, 0), (3, 1), (4, 0), (5, 0), (6, 1)):
        world.later = later * DAY
        _told(world, 100 + later, ago=0)
        assert _spent(world, ann)[1] == writes
    kept = shelf.read(world.documents, "ann")
    assert (len(kept.alerts), kept.is_cut) == (36, False)
    world.later = 9 * DAY
    _anew(world, ann)
    kept = shelf.read(world.documents, "ann")
    assert (len(kept.alerts), kept.is_cut) == (39, False)
    for more in range(3):
        _told(world, 200 + more, ago=0)
    assert "only the latest 40 are looked through" in _anew(world, ann)
    world.later = 20 * DAY
    _anew(world, ann)
    kept = shelf.read(world.documents, "ann")
    assert (len(kept.alerts), kept.is_cut) == (40, True)


def test_what_may_still_change_is_never_on_the_shelf_nor_anything_newer(world: World, ann: Someone) -> None:
    for day in range(20):
        _told(world, 20 + day)
    waits = _told(world, 19, state=AlertState.HELD, due_at=world.now() + DAY, why="snoozed", settled_at=None)
    for day in range(10, 19):
        _told(world, day)
    page = _anew(world, ann)
    assert [one.id for one in shelf.read(world.documents, "ann").alerts] == [_id(20 + at) for at in range(20)]
    assert page.count(">Waiting<") == 1
    _change(world, waits, state="sent", due_at=None, settled_at=world.now())
    assert ">Waiting<" not in _anew(world, ann)


def test_an_unread_alert_stays_new_and_can_be_called_read_however_old_it_is(
    world: World, ann: Someone
) -> None:
    unread = _told(world, 200, channel=Channel.APP)
    for day in range(30):
        _told(world, 100 + day)
    page = _anew(world, ann)
    assert "<title>1 new alert · " in page
    ann.post("/alerts/read", {"shown": unread.id})
    assert "<title>Your alerts" in _anew(world, ann)
    assert len(shelf.read(world.documents, "ann").alerts) == 31


def test_of_more_than_anyone_looks_through_the_shelf_takes_the_newest(
    world: World, ann: Someone, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(feed, "MOST", 40)
    for day in range(60):
        _told(world, day)
    said = _alerts_of(_anew(world, ann))
    assert _alerts_of(_anew(world, ann)) == said
    assert "only the latest 40 are looked through" in _anew(world, ann)
    assert _spent(world, ann)[0] == 1 + 8
    for more in range(50):  # so many that they do not reach as far as the shelf
        _told(world, 500 + more, ago=more / 1000 - 1)
    page = _anew(world, ann)
    assert "only the latest 40 are looked through" in page
    world.later = 9 * DAY
    _anew(world, ann)
    kept = shelf.read(world.documents, "ann")
    assert [one.id for one in kept.alerts] == [_id(500 + more) for more in range(40)]


@pytest.mark.parametrize("blob", [b"", b"{", b"\x78\x9c\x03\x00\x00\x00\x00\x01", None])
def test_a_shelf_that_is_damaged_is_passed_over_and_made_again(
    world: World, ann: Someone, blob: bytes | None
) -> None:
    for day in range(30):
        _told(world, day)
    said = _alerts_of(_anew(world, ann))
    world.documents.inner.commit(Put(shelf.path("ann"), {"blob": blob, "is_cut": False}))
    assert _alerts_of(_anew(world, ann)) == said
    assert len(shelf.read(world.documents, "ann").alerts) == 22
    world.documents.inner.commit(Delete(shelf.path("ann")))
    assert _alerts_of(_anew(world, ann)) == said


def test_a_shelf_that_cannot_be_written_changes_nothing(world: World, ann: Someone) -> None:
    for day in range(30):
        _told(world, day)

    def broken(_writes: object) -> None:
        raise StoreUnavailableError("the test broke it")

    world.documents.before_commit = broken
    assert len(re.findall("#D", _anew(world, ann))) == 20
    world.documents.before_commit = None
    assert world.documents.inner.get(shelf.path("ann")) is None


def test_nobody_reads_the_shelf_of_another(world: World, ann: Someone) -> None:
    for day in range(30):
        _told(world, day)
    _anew(world, ann)
    assert "None yet." in world.person("bob").get("/")


@given(
    st.lists(
        st.tuples(
            st.floats(0, 40),
            st.sampled_from(AlertState),
            st.sampled_from(Channel),
            st.booleans(),
            st.booleans(),
        ),
        max_size=30,
    )
)
def test_a_page_shows_the_same_with_and_without_a_shelf(
    told: list[tuple[float, AlertState, Channel, bool, bool]],
) -> None:
    world = World()
    for number, (ago, state, channel, is_due, is_seen) in enumerate(told):
        at = world.now() - ago * DAY
        _told(
            world,
            number,
            ago=ago,
            state=state,
            channel=channel,
            due_at=at if is_due else None,
            seen_at=at if is_seen else None,
        )
    with world.app().test_request_context():
        without, beside = feed.latest("ann"), feed.latest("ann")
    assert _unversioned(beside) == _unversioned(without)


def test_everything_that_an_alert_says_survives_the_shelf(world: World) -> None:
    now = world.now()
    news = news_of(
        event_name="Žluť",
        starts_at=now,
        observed_at=now,
        now_at=now,
        recent=(PastPrice(now - DAY, 100), PastPrice(now, 90)),
    )
    told = _told(
        world, 30, news=news, more=(news, news_of()), riders=("a", "b"), seen_at=now, also=(Channel.APP,)
    )
    shelf.keep(world.documents, "ann", shelf.Shelf((told,), is_cut=True))
    kept = shelf.read(world.documents, "ann")
    assert replace(kept.alerts[0], version=None) == replace(told, version=None)
    assert kept.is_cut


def test_an_alert_whose_time_is_over_is_gone_from_the_page_before_it_is_gone_from_the_database(
    world: World, ann: Someone
) -> None:
    for day in range(30):
        _told(world, day)
    _anew(world, ann)
    world.later = expiry.TOLD - timedelta(days=25)
    with world.app().test_request_context():
        found = feed.latest("ann").alerts
    assert [found[0].id, found[-1].id, len(found)] == [_id(0), _id(25), 26]
    kept = world.documents.inner.get(shelf.path("ann"))
    assert kept
    assert kept.fields["expires_at"] == alerts.expires_at(found[-1])
    assert world.documents.inner.get(alerts.path(_id(26)))


def test_a_shelf_that_is_gone_with_its_oldest_alert_is_made_of_the_others(world: World, ann: Someone) -> None:
    for day in range(30):
        _told(world, day)
    _anew(world, ann)
    world.later = expiry.TOLD - timedelta(days=25)
    assert expiry.forget(world.documents.inner, PLACES, world.now()) == 4 + 2  # the shelf; the page
    assert world.documents.inner.get(shelf.path("ann")) is None
    with ann.client.session_transaction() as session:  # they came by meanwhile
        session["renewed"] = world.now().date().isoformat()
    page = _anew(world, ann)
    assert len(re.findall("#D", page)) == 20
    assert len(shelf.read(world.documents, "ann").alerts) == 26


def test_a_page_whose_snapshot_is_over_is_made_anew(world: World, ann: Someone) -> None:
    """It may not have heard of a watch whose tombstone is gone, too."""
    ann.get("/")
    kept, version = snapshot.read(world.documents, "ann", world.now() + expiry.SNAPSHOT - timedelta(hours=1))
    assert kept
    assert version
    assert snapshot.read(world.documents, "ann", world.now() + expiry.SNAPSHOT) == (None, version)


def _told(world: World, day: int, ago: float | None = None, **changes: object) -> Alert:
    at = (
        world.now() - (day if ago is None else ago) * DAY + timedelta(minutes=1)
    )  # so that a test takes no week
    fields: dict[str, object] = {"channel": Channel.SMS, "state": AlertState.SENT, "settled_at": at}
    fields |= {"news": news_of(), "watch_id": "w1", **changes}
    alert = Alert(id=_id(day), uid="ann", code=f"D{day:03}ABCD", created_at=at, **fields)  # type: ignore[arg-type]
    world.documents.inner.commit(alerts.creation(alert))
    return alert


def _id(day: int) -> str:
    return f"alert-{day:03}"


def _change(world: World, alert: Alert, **fields: object) -> None:
    found = world.documents.inner.get(alerts.path(alert.id))
    assert found
    world.documents.inner.commit(Update(found.path, fields, found.version))


def _anew(world: World, ann: Someone) -> str:
    """Her page of alerts, made of everything anew: with a snapshot no shelf is read."""
    world.documents.inner.commit(Delete(snapshot.path("ann")))
    return ann.get("/alerts")


def _spent(world: World, ann: Someone) -> tuple[int, int]:
    """Reads and writes of the shelf and the alerts, without those around them."""
    world.documents.inner.commit(Delete(snapshot.path("ann")))
    before = dict(world.documents.operations)
    ann.get("/")
    after = world.documents.operations
    around = 4  # the snapshot (once more written), the person, their watches, their tally
    return after["reads"] - before["reads"] - around, after["writes"] - before["writes"] - 1


def _alerts_of(page: str) -> str:
    """That part of the page, without its forms' tokens, which are new every second."""
    return re.sub(r'name="csrf" value="[^"]*"', "", page[page.index('id="alerts"') :])


def _unversioned(found: feed.Feed) -> list[Alert]:
    return [replace(alert, version=None) for alert in found.alerts]
