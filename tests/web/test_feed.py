"""A person's own alerts: the newest are found among any number, and what was shown is called read."""

import re
from collections import Counter
from datetime import datetime, timedelta

import pytest

from store.firestore import FirestoreDocuments
from tests.fakes import FaultyDocuments
from tests.web.kit import Someone, World, news_of, text_of
from watchers import alerts
from watchers.documents import Create, Update
from watchers.kinds import Channel
from watchers.models import Alert, AlertState
from web import feed


def test_alerts_on_this_page_are_new_until_they_are_marked_as_read(world: World, ann: Someone) -> None:
    world.told("K7Q2ABCD", channel=Channel.APP)
    world.told("M7Q2ABCD", channel=Channel.APP)
    world.told("Z7Q2ABCD")
    page = ann.get("/")
    assert "<title>2 new alerts · Your watches" in page
    assert '<span class="count">2<' in page
    assert page.count(">New<") == 2
    assert "On this page." in page

    answer = ann.post("/alerts/read", {"shown": _shown(page)})

    assert (answer.status_code, answer.location) == (303, "/")
    page = ann.get("/")
    assert "Marked as read." in page
    assert "<title>Your watches" in page
    assert "Mark as read" not in page
    assert ">New<" not in page
    seen = [world.fields(f"alerts/{code}-ann-app")["seen_at"] for code in ("K7Q2ABCD", "M7Q2ABCD")]
    assert all(isinstance(at, datetime) for at in seen)
    ann.post("/alerts/read", {"shown": "K7Q2ABCD-ann-app"})
    assert world.fields("alerts/K7Q2ABCD-ann-app")["seen_at"] == seen[0]


def test_what_comes_between_the_look_and_the_press_stays_new(world: World, ann: Someone) -> None:
    world.told("K7Q2ABCD", channel=Channel.APP)
    shown = _shown(ann.get("/"))
    world.told("M7Q2ABCD", channel=Channel.APP, created_at=world.now() - timedelta(minutes=1))
    ann.post("/alerts/read", {"shown": shown})
    assert "<title>1 new alert · " in ann.get("/")


def test_nobody_calls_read_what_is_not_theirs_or_not_told_here(world: World, ann: Someone) -> None:
    world.told("K7Q2ABCD", "bob", Channel.APP)
    world.told("K7Q2ABCD", channel=Channel.SMS)
    for shown in ("K7Q2ABCD-bob-app K7Q2ABCD-ann-sms nope ../x", ""):
        assert ann.post("/alerts/read", {"shown": shown}).status_code == 303
    assert world.fields("alerts/K7Q2ABCD-bob-app")["seen_at"] is None
    assert world.fields("alerts/K7Q2ABCD-ann-sms")["seen_at"] is None


def test_only_our_own_button_marks_as_read(world: World, ann: Someone) -> None:
    world.told("K7Q2ABCD", channel=Channel.APP)
    shown = {"shown": "K7Q2ABCD-ann-app"}
    assert ann.client.post("/alerts/read", data=shown).status_code == 403
    assert ann.post("/alerts/read", shown, {"Sec-Fetch-Site": "cross-site"}).status_code == 403
    assert ann.client.get("/alerts/read").status_code == 405
    assert Someone(world.app().test_client()).post("/alerts/read", shown).status_code == 401
    assert world.fields("alerts/K7Q2ABCD-ann-app")["seen_at"] is None


def test_a_press_that_loses_a_race_reads_again(world: World, ann: Someone) -> None:
    alert = world.told("K7Q2ABCD", channel=Channel.APP)
    slipped: list[int] = []

    def somebody_writes(_: object) -> None:
        if not slipped:
            slipped.append(1)
            found = world.documents.inner.get(alerts.path(alert.id))
            assert found
            world.documents.inner.commit(Update(found.path, {"why": "written"}, found.version))

    world.documents.before_commit = somebody_writes
    ann.post("/alerts/read", {"shown": alert.id})
    fields = world.fields(alerts.path(alert.id))
    assert (fields["why"], fields["seen_at"] is not None) == ("written", True)


def test_a_press_while_the_database_is_down_says_so(world: World, ann: Someone) -> None:
    world.told("K7Q2ABCD", channel=Channel.APP)
    world.documents.down = True
    answer = ann.post("/alerts/read", {"shown": "K7Q2ABCD-ann-app"})
    assert answer.status_code == 503
    assert "database does not answer" in text_of(answer)


def test_the_newest_are_found_among_more_than_anyone_looks_through(
    world: World, ann: Someone, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(feed, "MOST", 60)
    now = world.now()
    world.documents.inner.commit(*(_creation(at, now - timedelta(minutes=at)) for at in range(61)))
    world.told("NNNNNNNN", channel=Channel.APP, created_at=now + timedelta(minutes=1))
    page = ann.get("/alerts")
    shown = re.findall(r"#(\w{4}), ", page)
    assert shown[0] == "NNNN"
    assert shown[1:] == [f"{at:08}"[-4:] for at in range(19)]
    assert "only the latest 60 are looked through" in page


@pytest.mark.parametrize("own", [0, 1, 24, 25, 26, 60, 110])
def test_all_of_them_are_read_and_none_of_other_people(world: World, own: int) -> None:
    now = world.now()
    for uid, count in (("ann", own), ("ann:x", 40), ("bob", 150)):
        world.documents.inner.commit(*(_creation(at, now, uid) for at in range(count)))
    before = Counter(world.documents.operations)
    with world.app().test_request_context():
        found = feed.latest("ann")
    assert sorted(alert.id for alert in found.alerts) == [f"ann-{at:08}" for at in range(own)]
    assert not found.is_cut
    assert world.documents.operations["reads"] - before["reads"] - own in (
        1,
        2,
    )  # their shelf; what finds none is one


def test_somebody_whose_name_begins_alike_and_lies_between_is_passed_over(world: World) -> None:
    now = world.now()
    for uid in ("ann", "ann:5"):
        world.documents.inner.commit(*(_creation(at, now, uid) for at in range(3)))
    with world.app().test_request_context():
        assert {alert.uid for alert in feed.latest("ann").alerts} == {"ann"}


def test_two_alerts_of_the_same_moment_are_both_found(world: World) -> None:
    now = world.now()
    world.documents.inner.commit(*(_creation(at, now) for at in range(30)))
    with world.app().test_request_context():
        assert len(feed.latest("ann").alerts) == 30


@pytest.mark.emulator
def test_the_newest_come_first_on_firestore_too(firestore_documents: FirestoreDocuments) -> None:
    world = World(FaultyDocuments(firestore_documents))
    now = world.now()
    for uid in ("ann", "bob"):
        firestore_documents.commit(*(_creation(at, now - timedelta(minutes=at), uid) for at in range(30)))
    with world.app().test_request_context():
        found = feed.latest("ann")
    assert [alert.id for alert in found.alerts] == [f"ann-{at:08}" for at in range(30)]


def _creation(at: int, created_at: datetime, uid: str = "ann") -> Create:
    return alerts.creation(
        Alert(
            id=f"{uid}-{at:08}",
            uid=uid,
            watch_id="w1",
            channel=Channel.SMS,
            code=f"{at:04}{at:04}",
            news=news_of(),
            created_at=created_at,
            state=AlertState.SENT,
        )
    )


def _shown(page: str) -> str:
    found = re.search(r'name="shown" value="([^"]+)"', page)
    assert found
    return found[1]
