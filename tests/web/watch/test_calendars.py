"""Dates in a calendar: valid, stable, cancelled where cancelled; a secret address that can be renewed."""

import re
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime, timedelta
from typing import Any

from icalendar import Calendar

from store.sqlite import SqliteDocuments
from tests.web.kit import ITEM, Someone, World
from tests.web.watch.test_page import look, put, watching
from watchers.documents import Put
from watchers.history import Facts, History
from watchers.observation import EventStatus, Observation, Presale
from watchers.rows import Row

STARTS = datetime(2027, 6, 14, 2, 30, tzinfo=UTC)


def seen(world: World, **facts: Any) -> None:
    look(world, ITEM, (timedelta(minutes=3), 8400), **facts)


def events(body: bytes) -> list[Any]:
    return list(Calendar.from_ical(body).walk("VEVENT"))


def read(someone: Someone, path: str = "/watches/calendar.ics") -> list[Any]:
    answer = someone.client.get(path)
    assert answer.status_code == 200
    assert answer.content_type == "text/calendar; charset=utf-8"
    return events(answer.get_data())


def test_events_sales_and_presales_are_dates(world: World, ann: Someone) -> None:
    watching(world)
    sale = world.now().replace(microsecond=0) + timedelta(days=3)
    seen(world, starts_at=STARTS, onsale_at=sale, presales=(Presale("Fans", sale - timedelta(days=1)),))
    found = {str(event["SUMMARY"]): event for event in read(ann)}
    assert found["Lakers v Warriors"].decoded("DTSTART") == STARTS
    assert found["On sale: Lakers v Warriors"].decoded("DTSTART") == sale
    assert found["Presale Fans: Lakers v Warriors"].decoded("DTSTART") == sale - timedelta(days=1)
    assert str(found["Lakers v Warriors"]["URL"]) == "http://localhost/watches/w1"
    assert len({str(event["UID"]) for event in found.values()}) == 3
    page = ann.get("/watches/calendar")
    assert "On sale: Lakers v Warriors" in page


def test_a_day_without_an_hour_is_a_whole_day(world: World, ann: Someone) -> None:
    watching(world)
    seen(world, starts_on=date(2027, 6, 14))
    (event,) = read(ann)
    assert event.decoded("DTSTART") == date(2027, 6, 14)
    assert event.decoded("DTEND") == date(2027, 6, 15)


def test_what_moves_keeps_its_uid_and_raises_its_sequence(world: World, ann: Someone) -> None:
    watching(world)
    seen(world, starts_at=STARTS)
    (first,) = read(ann)
    (again,) = read(ann)
    assert again.to_ical() == first.to_ical()
    facts = Facts(status=EventStatus.CANCELLED, starts_at=STARTS + timedelta(days=1))
    world.later = timedelta(hours=2)
    history = History().after(Observation(ITEM, world.now(), status=facts.status, starts_at=facts.starts_at))
    put(world, Row(ITEM, since=world.now(), history=history))
    (moved,) = _fresh(world)
    assert moved["UID"] == first["UID"]
    assert (first["SEQUENCE"], moved["SEQUENCE"]) == (0, 1)
    assert moved.decoded("DTSTAMP") > first.decoded("DTSTAMP")
    assert (first["STATUS"], moved["STATUS"]) == ("CONFIRMED", "CANCELLED")


def _fresh(world: World) -> list[Any]:
    return read(world.person("ann"))


def test_one_watch_has_a_file_of_its_own_that_changes_nothing_of_the_others(
    world: World, ann: Someone
) -> None:
    watching(world)
    world.put_watch("w2", target={"provider": "ticketmaster", "item": "other"})
    seen(world, starts_at=STARTS)
    whole = read(ann)
    assert [event.to_ical() for event in read(ann, "/watches/w1/calendar.ics")] == [
        one.to_ical() for one in whole
    ]
    assert ann.client.get("/watches/w2/calendar.ics").status_code == 404
    assert world.person("bob").client.get("/watches/w1/calendar.ics").status_code == 404


def test_a_quiet_calendar_is_written_once(world: World, ann: Someone) -> None:
    watching(world)
    seen(world, starts_at=STARTS)
    read(ann)
    world.documents.operations.clear()
    read(ann)
    assert not world.documents.operations["writes"]


# ── the secret address ───────────────────────────────────────────────────────────────────────────────────


def _address(someone: Someone) -> str:
    assert someone.post("/watches/calendar").status_code == 303
    found = re.search(
        r'readonly value="http://localhost(/calendar/\S+\.ics)"', someone.get("/watches/calendar")
    )
    assert found
    return found[1]


def test_the_secret_address_needs_nobody_signed_in_and_is_cached_politely(world: World, ann: Someone) -> None:
    watching(world)
    seen(world, starts_at=STARTS)
    program, address = world.app().test_client(), _address(ann)
    answer = program.get(address)
    (event,) = events(answer.get_data())
    assert str(event["SUMMARY"]) == "Lakers v Warriors"
    assert answer.headers["Cache-Control"] == "private, max-age=3600"
    assert "Set-Cookie" not in answer.headers
    again = program.get(address, headers={"If-None-Match": answer.headers["ETag"]})
    assert (again.status_code, again.get_data()) == (304, b"")


def test_a_renewed_address_leads_nowhere_any_more(world: World, ann: Someone) -> None:
    old = _address(ann)
    new = _address(ann)
    program = world.app().test_client()
    assert program.get(old).status_code == 404
    assert program.get(new).status_code == 200


def test_what_is_damaged_of_it_is_begun_anew_and_the_address_stays(world: World, ann: Someone) -> None:
    watching(world)
    seen(world, starts_at=STARTS)
    address, kept = _address(ann), world.fields("calendars/ann")
    for rubbish in ("x", {"event-1": 7}, {"event-1": {"sequence": 1}}, None):
        world.documents.inner.commit(Put("calendars/ann", {**kept, "shown": rubbish}))
        assert len(events(world.app().test_client().get(address).get_data())) == 1


def test_pressing_twice_at_the_same_time_makes_one_address(world: World, ann: Someone) -> None:
    from web.watch import subscriptions  # noqa: PLC0415

    documents = SqliteDocuments(":memory:")
    with ThreadPoolExecutor(4) as pool:
        made = {one.secret for one in pool.map(lambda _: subscriptions.renew(documents, "ann"), range(4))}
    assert subscriptions.find(documents, "ann").secret in made
    assert _address(ann)
    assert world.fields("calendars/ann")["uid"] == "ann"


def test_no_guessed_or_foreign_address_is_believed(world: World, ann: Someone) -> None:
    from itsdangerous import URLSafeSerializer  # noqa: PLC0415

    address = _address(ann)
    world.documents.inner.commit(Put("calendars/eve", {"uid": "eve", "secret": "", "shown": {}}))
    signer = URLSafeSerializer("for tests only", salt="ticket-scout.calendar")
    forged = [
        address.replace("/calendar/", "/calendar/x"),
        address[:-9] + ".ics",
        "/calendar/.ics",
        *(
            f"/calendar/{signer.dumps(said)}.ics"
            for said in (["eve", ""], ["ann", ""], ["ann", "x"], ["nobody", "x"], "ann", [1, 2], {"ann": "x"})
        ),
        f"/calendar/{URLSafeSerializer('another key', salt='ticket-scout.calendar').dumps(['ann', 'x'])}.ics",
    ]
    program = world.app().test_client()
    assert {program.get(one).status_code for one in forged} == {404}


def test_the_calendar_speaks_its_owners_language_not_its_programs(world: World, ann: Someone) -> None:
    watching(world)
    seen(world, starts_at=STARTS)
    world.reach("ann", language="en")
    answer = world.app().test_client().get(_address(ann), headers={"Accept-Language": "de"})
    assert b"You watch this" in answer.get_data().replace(b"\r\n ", b"")


def test_a_name_cannot_break_the_file(world: World, ann: Someone) -> None:
    watching(world, name="A;B,C\\n BEGIN:VEVENT \N{PILE OF POO}" + "x" * 150)
    seen(world, starts_at=STARTS)
    (event,) = read(ann)
    assert str(event["SUMMARY"]).startswith("A;B,C\\n BEGIN:VEVENT \N{PILE OF POO}")


def test_nobody_gets_dates_without_being_signed_in(world: World) -> None:
    client = world.app().test_client()
    assert client.get("/watches/calendar.ics").status_code in (302, 303, 401)
    assert client.post("/watches/calendar").status_code == 403
