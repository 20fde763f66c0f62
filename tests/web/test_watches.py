"""Saving, changing, pausing, deleting: one document, only one's own, and twice does no harm."""

import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from notifiers.tallies import Tally
from tests.web.kit import FACE, ITEM, PLACES, WATCH, Someone, World, errors_of, news_of, plain, text_of
from watchers.documents import Delete, Put
from watchers.history import History
from watchers.kinds import Channel
from watchers.models import AlertState, Reason
from watchers.money import Basis
from watchers.observation import Availability, Observation, Price
from watchers.telling import tell
from watchers.watch import Watch
from web import snapshot
from web.words import REASONS


def test_a_saved_watch_is_one_document_and_shown_as_being_saved(world: World, ann: Someone) -> None:
    answer = ann.save(drop="on", percent="15", min_saving="5.00")
    (source,) = world.watches()
    assert answer.status_code == 303
    assert answer.location == f"/#w-{source.id}"
    assert source.fields == {
        "name": "Lakers v Warriors",
        "target": {"provider": "ticketmaster", "item": "vvG1zZ9abc"},
        "conditions": [
            {"kind": "below", "price": "90.00", "currency": "USD"},
            {"kind": "drop", "percent": 15, "min_saving": "5.00"},
        ],
        "already_true": "tell",
        "notify": ["sms", "email"],
        "status": "active",
    }
    page = ann.get("/")
    assert "Saved “Lakers v Warriors”." in page
    assert "Being saved…" in page
    assert "at or under $90.00; or 15 % and at least 5" in page


def test_a_watch_the_worker_took_over_is_shown_with_price_age_and_rule(world: World, ann: Someone) -> None:
    world.put_watch("w1")
    assert world.copy("w1") == "copied"
    assert "The first look is still to come." in ann.get("/")
    world.see(ITEM, FACE, Price(Basis.RESALE, "USD", 14050))
    page = ann.get("/")
    assert ">Watching<" in page
    assert "$95 face value, fees come on top (seen 3 min ago)" in plain(page)
    assert "$140.50 resale, fees may come on top (seen 3 min ago)" in plain(page)


def test_a_watch_that_was_told_says_when_it_speaks_again(world: World, ann: Someone) -> None:
    world.put_watch("w1")
    world.copy("w1")
    seen = Price(Basis.FACE, "USD", 8400)
    world.see(ITEM, seen)
    job = world.documents.get(PLACES.job("w1"))
    assert job
    tell(
        world.documents, PLACES, job, History(), Observation(ITEM, world.now(), name="Lakers", prices=(seen,))
    )
    page = ann.get("/")
    assert "Told at $84 on " in page
    assert "Next alert at $79.80 or less, or after it has been over $91.80." in page
    assert "Text is about to be sent; E-mail is about to be sent" in page
    ann.post("/watches/w1/pause")
    world.copy("w1")
    assert "Next alert" not in ann.get("/")


def test_what_cannot_be_bought_or_has_no_price_is_said(world: World, ann: Someone) -> None:
    world.put_watch("w1")
    world.copy("w1")
    world.see(ITEM, availability=Availability.UNAVAILABLE)
    page = plain(ann.get("/"))
    assert "Cannot be bought now (seen 3 min ago)." in page
    assert "No price is published (looked 3 min ago)." in page


def test_a_limit_in_a_currency_the_shop_does_not_publish_is_said(world: World, ann: Someone) -> None:
    world.put_watch("w1")
    world.copy("w1")
    world.see(ITEM, Price(Basis.FACE, "GBP", 4500))
    assert "No USD price is published here" in ann.get("/")


def test_a_target_not_seen_for_hours_is_called_blind(world: World, ann: Someone) -> None:
    world.put_watch("w1")
    world.copy("w1")
    world.see(ITEM, FACE, ago=timedelta(hours=2, minutes=5))
    assert "Blind for 2 h" in ann.get("/")


def test_an_id_that_the_shop_does_not_know_is_said(world: World, ann: Someone) -> None:
    world.put_watch("w1")
    world.copy("w1")
    world.see(ITEM, unseen_why="not_found")
    assert "Ticketmaster knows nothing by this id: check it." in ann.get("/")


def test_a_refused_watch_says_why(world: World, ann: Someone) -> None:
    world.put_watch("w1", target={"provider": "ticketmaster", "item": "unknown"}, surprise=1)
    world.put_watch("w2", target={"provider": "ticketmaster", "item": "unknown"})
    assert [world.copy("w1"), world.copy("w2")] == ["refused", "refused"]
    page = ann.get("/")
    assert page.count(">Refused<") == 2
    assert "surprise: this field is not known; remove it." in page
    assert "There is no such event." in page


def test_a_watch_that_was_accepted_and_is_refused_since_says_why(world: World, ann: Someone) -> None:
    for status in ("active", "paused"):
        world.put_watch("w1", status=status)
        assert world.copy("w1") == "copied"
        world.put_watch("w1", target={"provider": "ticketmaster", "item": "unknown"})
        assert world.copy("w1") == "refused"
        page = ann.get("/")
        assert ">Refused<" in page
        assert "There is no such event." in page
        assert "first look" not in page


def test_a_watch_whose_id_is_somebody_elses_says_so(world: World, ann: Someone) -> None:
    world.put_watch("w1", "bob")
    world.copy("w1", "bob")
    world.put_watch("w1")
    assert world.copy("w1") == "refused"
    page = ann.get("/")
    assert ">Refused<" in page
    assert "already in use" in page


def test_a_watch_whose_copy_nobody_can_read_says_what_was_said_of_it(world: World, ann: Someone) -> None:
    world.put_watch("w1")
    world.copy("w1")
    damaged = world.fields(PLACES.job("w1")) | {"state": "damaged"}
    world.documents.inner.commit(Put(PLACES.job("w1"), damaged))
    page = ann.get("/")
    assert ">Watching<" in page
    assert "The first look is still to come." in page


def test_a_watch_that_was_deleted_and_is_back_is_being_saved(world: World, ann: Someone) -> None:
    world.put_watch("w1")
    world.copy("w1")
    world.documents.inner.commit(Delete(PLACES.source("ann", "w1")))
    assert world.copy("w1") == "deleted"
    world.put_watch("w1")
    assert "Being saved…" in ann.get("/")
    world.copy("w1")
    assert ">Watching<" in ann.get("/")


def test_a_page_made_anew_reads_each_watch_twice_and_nothing_of_those_that_are_gone(
    world: World, ann: Someone
) -> None:
    for number in range(8):
        world.put_watch(f"w{number}", target={"provider": "ticketmaster", "item": f"event{number}"})
        world.copy(f"w{number}")
        world.told(f"K{number}Q2ABCD", "bob")
    world.see(ITEM, FACE)
    for gone in ("w5", "w6", "w7"):
        world.documents.inner.commit(Delete(PLACES.source("ann", gone)))
        world.copy(gone)
    before = world.documents.operations["reads"]
    assert ann.get("/").count(">Watching<") == 5
    around_it = 6  # no snapshot, the person, their tally, one board, their alerts and older ones
    assert world.documents.operations["reads"] - before == 2 * 5 + around_it
    ann.post("/watches/w0/pause")
    world.copy("w0")
    world.documents.inner.commit(Delete(snapshot.path("ann")))
    before = world.documents.operations["reads"]
    assert ">Paused<" in ann.get("/")
    assert world.documents.operations["reads"] - before == 2 * 5 + 1 + around_it


def test_a_watch_nobody_picks_up_is_not_called_watching(world: World, ann: Someone) -> None:
    world.put_watch("w1")
    world.later = timedelta(minutes=10)
    assert "Saved, but not picked up for 10 min" in ann.get("/")


def test_an_edited_watch_is_being_saved_until_the_worker_has_it(world: World, ann: Someone) -> None:
    world.put_watch("w1")
    world.copy("w1")
    assert ann.post("/watches/w1/edit", WATCH | {"price": "80"}).status_code == 303
    assert "Being saved…" in ann.get("/")
    world.copy("w1")
    assert "at or under $80.00" in ann.get("/")


def test_alerts_are_shown_with_their_delivery_and_what_failed(world: World, ann: Someone) -> None:
    text = world.told("K7Q2ABCD", state=AlertState.FAILED, why="21610", also=())
    world.told("M4X2ABCD", channel=Channel.EMAIL, copy_of=text.id, copy_why="21610")
    world.told("Z4X2ABCD", "bob", news=news_of(event_name="Bob's secret"))
    page = ann.get("/")
    assert "$84 face (was $112)" in page
    assert "under your limit" in page
    assert "Text not sent; E-mail (instead of the text) sent" in page
    assert "could not be delivered: your number has opted out" in page
    assert page.count("#K7Q2,") == 1
    assert "#M4X2" not in page
    assert "secret" not in page


def test_an_unconfirmed_text_is_called_so(world: World, ann: Someone) -> None:
    world.told("K7Q2ABCD", state=AlertState.UNCERTAIN, why="no_answer", news=news_of(currency="USD"))
    page = ann.get("/")
    assert "Text perhaps sent: not confirmed" in page
    assert "could not confirm" in page


def test_who_cannot_be_texted_is_told_before_it_matters(world: World, ann: Someone) -> None:
    world.put_watch("w1")
    assert "No text can be sent to you: we have no verified phone number of yours." in ann.get("/")
    verified = {"email": "ann@example.test", "email_verified_at": world.now()}
    world.documents.commit(Put("people/ann", verified))
    assert "For now everything goes by e-mail instead." in ann.get("/")
    form = ann.get("/watches/new")
    assert "Goes to ann@example.test." in form
    assert "Does not work yet: we have no verified phone number of yours." in form


def test_what_should_go_by_push_and_cannot_says_what_happens_instead(world: World, ann: Someone) -> None:
    world.put_watch("w1", notify=["push", "app"])
    world.put_watch("w2", notify=["push"], target={"provider": "ticketmaster", "item": "another1"})
    world.reach()
    page = ann.get("/")
    assert "No push message can be sent to you: push messages are not offered here yet." in page
    assert "For now everything goes to this page instead." in page
    assert "No text" not in page
    world.put_watch("w1", notify=["push", "sms", "app"])
    assert "For now everything goes by text or to this page instead." in ann.get("/")
    world.reach(push_url="ntfy://topic", push_verified_at=world.now())
    assert "No push message" not in ann.get("/")
    form = ann.get("/watches/new")
    assert "Goes to your ntfy." in form
    assert "Goes on your page of alerts." in form
    assert "topic" not in form


def test_what_is_held_says_until_when(world: World, ann: Someone) -> None:
    world.reach(timezone="America/New_York")
    until = world.now() + timedelta(hours=3)
    world.told("K7Q2ABCD", state=AlertState.HELD, due_at=until, why="quiet_hours", settled_at=None)
    page = ann.get("/")
    assert f"Text waits until {until.astimezone(ZoneInfo('America/New_York')):%H:%M}: quiet hours." in page
    assert ">Waiting<" in page


def test_steps_of_one_message_are_shown_as_its_parts(world: World, ann: Someone) -> None:
    rider = world.told("M7Q2ABCD", rides_with="K7Q2ABCD-ann-sms", news=news_of(event_name="Korn"))
    world.told("K7Q2ABCD", riders=(rider.id,), more=(rider.news,))
    page = ann.get("/")
    assert "2 alerts in one message" in page
    assert page.count("Text sent") == 1
    assert ("/a/K7Q2ABCD" in page, "/a/M7Q2ABCD" in page) == (True, True)


@pytest.mark.parametrize(
    ("most", "said"),
    [(None, "12 of 100 text segments this month"), (30, "12 of 30 text segments this month")],
)
def test_this_months_texts_are_counted(world: World, ann: Someone, most: int | None, said: str) -> None:
    assert "text segments" not in ann.get("/")
    world.reach(segments_per_month=most)
    tally = Tally("ann", day=world.now().date(), month=f"{world.now():%Y-%m}", segments=12)
    world.documents.inner.commit(tally.write())
    snapshot.mark(world.documents.inner, "ann")
    assert said in ann.get("/")
    world.later = timedelta(days=40)
    with ann.client.session_transaction() as session:
        session["renewed"] = world.now().date().isoformat()  # as somebody who came by meanwhile
    assert "12 " not in re.findall(r"[^>]*Times are", ann.get("/"))[0]


# ── mistakes ─────────────────────────────────────────────────────────────────────────────────────────────


def test_a_mistake_writes_nothing_and_keeps_what_was_written(world: World, ann: Someone) -> None:
    answer = ann.save(
        name='"><script>alert(1)</script>', price="-5", historic_low="on", days="0", sms="", status_news="on"
    )
    page = answer.get_data(as_text=True)
    assert answer.status_code == 422
    assert world.watches() == []
    assert errors_of(answer) == {
        "days": "Must be at least 2.",
        "price": "“-5” is not clear: write a plain number such as 1234.50.",
    }
    assert 'role="alert" tabindex="-1" autofocus' in page
    assert '<a href="#price">Price: “-5” is not clear' in page
    assert 'value="&#34;&gt;&lt;script&gt;alert(1)&lt;/script&gt;"' in page
    assert re.search(
        r'id="price" [^>]*value="-5"[^>]* aria-describedby="price-error" aria-invalid="true"', page
    )
    assert re.search(r'name="status_news"[^>]* checked', page)
    assert not re.search(r'name="sms"[^>]* checked', page)


def test_a_name_of_100_kb_is_refused_and_echoed_only_in_part(world: World, ann: Someone) -> None:
    answer = ann.save(name="x" * 100_000)
    assert answer.status_code == 422
    assert errors_of(answer) == {"name": "At most 200 characters."}
    assert len(answer.data) < 30_000
    assert world.watches() == []


def test_a_body_that_is_no_form_is_refused_with_a_page(world: World, ann: Someone) -> None:
    answer = ann.save(name="x" * 300_000)
    assert answer.status_code == 413
    assert "longer than any watch" in text_of(answer)
    assert world.watches() == []


def test_somebody_elses_words_are_escaped_wherever_they_are_shown(world: World, ann: Someone) -> None:
    evil = "<img src=x onerror=alert(1)>"
    world.put_watch("w1", name=evil, target={"provider": "ticketmaster", "item": evil})
    world.put_watch("w2", name=evil, **{evil: evil})
    world.copy("w1")
    world.copy("w2")
    news = news_of(event_name=evil, venue=evil, detail=evil)
    world.told("K7Q2ABCD", news=news_of(None, event_name=evil, venue=evil, watch_name=evil))
    world.told("M7Q2ABCD", news=news, state=AlertState.FAILED, why=evil)
    page = ann.client.get("/").get_data(as_text=True)
    deleted = ann.post("/watches/w1/delete").get_data(as_text=True)
    shown = [page, deleted]
    shown += [ann.client.get(path).get_data(as_text=True) for path in ("/a/K7Q2ABCD", "/stop/K7Q2ABCD")]
    for html in shown:
        assert "<img" not in html
        assert "&lt;img" in html


# ── twice, and at the same time ──────────────────────────────────────────────────────────────────────────


def test_a_double_click_saves_one_watch(world: World, ann: Someone) -> None:
    first, second = ann.save(watch_id="0" * 20), ann.save(watch_id="0" * 20)
    assert first.location == second.location == "/#w-00000000000000000000"
    assert len(world.watches()) == 1


def test_a_form_that_is_saved_already_never_overwrites_its_watch_with_another(
    world: World, ann: Someone
) -> None:
    ann.save(watch_id="0" * 20)
    answer = ann.save(watch_id="0" * 20, name="Another", item="another1")
    assert answer.status_code == 409
    assert "is saved already, as “Lakers v Warriors”" in text_of(answer)
    assert world.watches()[0].fields["name"] == "Lakers v Warriors"
    found = re.search(r'name="watch_id" value="([0-9a-f]{20})"', text_of(answer))
    assert found
    assert ann.save(watch_id=found[1], name="Another", item="another1").status_code == 303
    assert len(world.watches()) == 2


def test_the_same_watch_again_is_recognised(world: World, ann: Someone) -> None:
    ann.save()
    answer = ann.save(name="By another name", already_true="wait")
    assert answer.status_code == 422
    assert "You already have this: “Lakers v Warriors”" in text_of(answer)
    assert len(world.watches()) == 1


def test_two_people_may_watch_the_same(world: World, ann: Someone) -> None:
    ann.save()
    assert world.person("bob").save().status_code == 303


def test_a_database_that_is_down_keeps_the_form_and_writes_nothing(world: World, ann: Someone) -> None:
    page = ann.get("/watches/new")
    assert page
    world.put_watch("w1")
    world.documents.down = True
    for path in ("/watches/new", "/watches/w1/edit"):
        answer = ann.post(path, WATCH | {"watch_id": "0" * 20})
        assert answer.status_code == 503
        assert "press Save again" in text_of(answer)
        assert 'value="vvG1zZ9abc"' in text_of(answer)
    assert len(world.watches()) == 1


@pytest.mark.parametrize("action", ["pause", "resume", "delete"])
def test_a_button_while_the_database_is_down_says_so(world: World, ann: Someone, action: str) -> None:
    world.put_watch("w1")
    before = world.watches()
    world.documents.down = True
    answer = ann.post(f"/watches/w1/{action}")
    assert answer.status_code == 503
    assert answer.headers["Retry-After"] == "10"
    assert "database does not answer" in text_of(answer)
    assert world.watches() == before


# ── buttons ──────────────────────────────────────────────────────────────────────────────────────────────


def test_pause_and_resume_change_only_the_status(world: World, ann: Someone) -> None:
    world.put_watch("w1", filters={"sections": ["A"]})
    before = dict(world.watches()[0].fields)
    for _ in range(2):
        assert ann.post("/watches/w1/pause").status_code == 303
    assert world.watches()[0].fields == before | {"status": "paused"}
    world.copy("w1")
    assert ">Paused<" in ann.get("/")
    assert ann.post("/watches/w1/resume").status_code == 303
    assert world.watches()[0].fields == before


def test_what_was_held_while_it_was_snoozed_goes_when_the_snooze_is_ended(world: World, ann: Someone) -> None:
    until = world.now() + timedelta(days=1)
    held: dict[str, Any] = {"state": AlertState.HELD, "due_at": until, "settled_at": None}
    ours = world.told("K7Q2ABCD", why="snoozed", **held)
    others = [
        world.told("M7Q2ABCD", why="quiet_hours", **held),
        world.told("N7Q2ABCD", why="snoozed", watch_id="w2", **held),
        world.told("P7Q2ABCD", "bob", why="snoozed", **held),
    ]
    world.put_watch("w1", snoozed_until=until)
    ann.post("/watches/w1/pause")
    assert world.fields(f"alerts/{ours.id}")["due_at"] == until
    assert ann.post("/watches/w1/resume").status_code == 303
    assert world.watch()["snoozed_until"] is None
    assert world.fields(f"alerts/{ours.id}")["due_at"] <= world.now()
    assert all(world.fields(f"alerts/{one.id}")["due_at"] == until for one in others)


def test_ending_a_snooze_again_lets_go_of_what_was_missed(world: World, ann: Someone) -> None:
    """The first press died between ending the snooze and letting go."""
    held: dict[str, Any] = {
        "state": AlertState.HELD,
        "due_at": world.now() + timedelta(days=1),
        "settled_at": None,
    }
    missed = world.told("K7Q2ABCD", why="snoozed", **held)
    world.put_watch("w1")
    assert ann.post("/watches/w1/resume").status_code == 303
    assert world.fields(f"alerts/{missed.id}")["due_at"] <= world.now()


def test_a_pause_that_loses_a_race_reads_again(world: World, ann: Someone) -> None:
    world.put_watch("w1")
    slipped: list[int] = []

    def somebody_renames(_: object) -> None:
        if not slipped:
            slipped.append(1)
            world.put_watch("w1", name="Renamed")

    world.documents.before_commit = somebody_renames
    assert ann.post("/watches/w1/pause").status_code == 303
    (source,) = world.watches()
    assert (source.fields["name"], source.fields["status"]) == ("Renamed", "paused")


def test_an_edit_keeps_the_pause_and_what_the_form_has_no_field_for(world: World, ann: Someone) -> None:
    world.put_watch("w1", status="paused", filters={"sections": ["A"]})
    assert 'name="sections" type="text" value="A"' in ann.get("/watches/w1/edit")
    assert ann.post("/watches/w1/edit", WATCH | {"price": "70"}).status_code == 303
    (source,) = world.watches()
    assert source.fields["status"] == "paused"
    assert source.fields["filters"] == {"sections": ["A"]}


def test_an_edit_keeps_the_snooze_and_every_way_of_telling(world: World, ann: Someone) -> None:
    until = world.now().replace(microsecond=0) + timedelta(days=1)
    world.put_watch("w1", snoozed_until=until, notify=["sms", "push", "app"])
    page = ann.get("/watches/w1/edit")
    ticked = {name: bool(re.search(rf'name="{name}"[^>]* checked', page)) for name in Channel}
    assert ticked == {"sms": True, "email": False, "push": True, "app": True}
    fields = {name: "on" for name, is_on in ticked.items() if is_on}
    answer = ann.post(
        "/watches/w1/edit",
        {name: text for name, text in WATCH.items() if name != "email"} | fields | {"price": "70"},
    )
    assert answer.status_code == 303
    saved = world.watch()
    assert saved["snoozed_until"] == until
    assert saved["conditions"][0]["price"] == "70"
    assert saved["notify"] == ["sms", "push", "app"]


def test_a_form_sent_again_after_a_snooze_is_still_the_same_watch(world: World, ann: Someone) -> None:
    ann.save(watch_id="0" * 20)
    path = PLACES.source("ann", "0" * 20)
    snoozed = world.fields(path) | {"snoozed_until": world.now() + timedelta(days=1)}
    world.documents.inner.commit(Put(path, snoozed))
    assert ann.save(watch_id="0" * 20).status_code == 303
    assert world.fields(path) == snoozed


def test_a_watch_beyond_the_form_can_be_paused_but_not_edited(world: World, ann: Someone) -> None:
    searched = {"provider": "ticketmaster", "search": {"keyword": "Lakers"}}
    world.put_watch("w1", target={"markets": [searched]})
    assert "/watches/w1/edit" not in ann.get("/")
    assert "several markets" in text_of(ann.client.get("/watches/w1/edit"))
    assert ann.post("/watches/w1/edit", WATCH).status_code == 409
    assert ann.post("/watches/w1/pause").status_code == 303


def test_what_is_deleted_can_be_had_back_as_it_was(world: World, ann: Someone) -> None:
    world.put_watch("w1", status="paused", made_at=world.now().replace(microsecond=0))
    before = dict(world.watches()[0].fields)
    page = text_of(ann.post("/watches/w1/delete"))
    assert world.watches() == []
    found = re.search(r'name="undo" value="([^"]+)"', page)
    assert found
    for _ in range(2):
        assert ann.post("/watches/w1/undo", {"undo": found[1]}).status_code == 303
    assert dict(world.watches()[0].fields) == before
    world.put_watch("w1", name="Written since")
    ann.post("/watches/w1/undo", {"undo": found[1]})
    assert world.watches()[0].fields["name"] == "Written since"


def test_what_changed_while_it_was_deleted_comes_back_as_it_stood_last(world: World, ann: Someone) -> None:
    world.put_watch("w1")

    def rename(writes: tuple[object, ...]) -> None:
        if any(isinstance(one, Delete) for one in writes):
            world.documents.before_commit = None
            world.put_watch("w1", name="Renamed")

    world.documents.before_commit = rename
    found = re.search(r'name="undo" value="([^"]+)"', text_of(ann.post("/watches/w1/delete")))
    assert found
    assert world.watches() == []
    ann.post("/watches/w1/undo", {"undo": found[1]})
    assert world.watch("w1")["name"] == "Renamed"


def test_deleting_twice_is_no_error(world: World, ann: Someone) -> None:
    world.put_watch("w1")
    ann.post("/watches/w1/delete")
    assert ann.post("/watches/w1/delete").status_code == 303
    assert "deleted already" in ann.get("/")


def test_an_undo_writes_only_what_its_owner_deleted_there(world: World, ann: Someone) -> None:
    bob = world.person("bob")
    world.put_watch("w1", "bob")
    found = re.search(r'name="undo" value="([^"]+)"', text_of(bob.post("/watches/w1/delete")))
    assert found
    assert ann.post("/watches/w1/undo", {"undo": found[1]}).status_code == 403
    assert bob.post("/watches/w2/undo", {"undo": found[1]}).status_code == 403
    assert bob.post("/watches/w1/undo", {"undo": found[1][:-2]}).status_code == 403
    assert world.watches() == world.watches("bob") == []


# ── edits and what was done meanwhile ────────────────────────────────────────────────────────────────────


def _slip(world: World, what: Callable[[], object]) -> None:
    """Somebody else writes right before the next commit."""

    def first(_: object) -> None:
        world.documents.before_commit = None
        what()

    world.documents.before_commit = first


def _seen(page: str) -> dict[str, str]:
    """What the form of a watch remembers of what it was filled from."""
    return dict(re.findall(r'<input type="hidden" name="(shown|watch_id)" value="([^"]*)"', page))


def test_an_edit_undoes_no_pause_of_the_same_moment(world: World, ann: Someone) -> None:
    world.put_watch("w1")
    seen = _seen(ann.get("/watches/w1/edit"))
    _slip(world, lambda: world.put_watch("w1", status="paused"))
    assert ann.post("/watches/w1/edit", WATCH | seen | {"price": "70"}).status_code == 303
    saved = world.watch()
    assert (saved["status"], saved["conditions"][0]["price"]) == ("paused", "70")


def test_an_edit_undoes_no_pause_of_before(world: World, ann: Someone) -> None:
    world.put_watch("w1")
    seen = _seen(ann.get("/watches/w1/edit"))
    assert ann.post("/watches/w1/pause").status_code == 303
    assert ann.post("/watches/w1/edit", WATCH | seen | {"price": "70"}).status_code == 303
    assert world.watch()["status"] == "paused"


@pytest.mark.parametrize("when", ["before", "at the same moment"])
def test_what_another_window_saved_is_overwritten_only_once_that_was_said(
    world: World, ann: Someone, when: str
) -> None:
    world.put_watch("w1")
    seen = _seen(ann.get("/watches/w1/edit"))
    if when == "before":
        world.put_watch("w1", name="Of the other window")
    else:
        _slip(world, lambda: world.put_watch("w1", name="Of the other window"))
    answer = ann.post("/watches/w1/edit", WATCH | seen | {"name": "Mine", "price": "70"})
    page = text_of(answer)
    assert answer.status_code == 409
    assert "was changed meanwhile" in page
    assert 'value="Mine"' in page
    assert world.watch()["name"] == "Of the other window"
    again = ann.post("/watches/w1/edit", WATCH | _seen(page) | {"name": "Mine", "price": "70"})
    assert again.status_code == 303
    assert world.watch()["name"] == "Mine"


def test_a_double_click_on_an_edit_is_one_edit(world: World, ann: Someone) -> None:
    world.put_watch("w1")
    seen = _seen(ann.get("/watches/w1/edit"))
    for _ in range(2):
        assert ann.post("/watches/w1/edit", WATCH | seen | {"price": "70"}).status_code == 303


def test_a_new_watch_that_is_saved_twice_at_once_is_one(world: World, ann: Someone) -> None:
    _slip(world, lambda: world.put_watch("0" * 20, already_true="tell"))
    answer = ann.save(watch_id="0" * 20)
    assert answer.location == "/#w-00000000000000000000"
    assert len(world.watches()) == 1
    _slip(
        world, lambda: world.put_watch("1" * 20, name="Another", target={"provider": "steam", "item": "620"})
    )
    answer = ann.save(watch_id="1" * 20, item="another1")
    assert answer.status_code == 409
    assert world.watch("1" * 20)["name"] == "Another"


@pytest.mark.parametrize("when", ["before", "at the same moment"])
def test_what_was_written_of_a_watch_that_is_gone_can_be_saved_anew(
    world: World, ann: Someone, when: str
) -> None:
    world.put_watch("w1")
    seen = _seen(ann.get("/watches/w1/edit"))
    gone = Delete(PLACES.source("ann", "w1"))
    if when == "before":
        world.documents.inner.commit(gone)
    else:
        _slip(world, lambda: world.documents.inner.commit(gone))
    answer = ann.post("/watches/w1/edit", WATCH | seen | {"name": "Mine"})
    page = text_of(answer)
    assert answer.status_code == 409
    assert "was deleted meanwhile" in page
    assert 'value="Mine"' in page
    assert not world.watches()
    assert 'method="post" action="/watches/new"' in page
    assert ann.post("/watches/new", WATCH | _seen(page) | {"name": "Mine"}).status_code == 303
    (source,) = world.watches()
    assert (source.id, source.fields["name"]) == (_seen(page)["watch_id"], "Mine")


def test_what_was_written_of_a_watch_that_outgrew_the_form_stays_in_it(world: World, ann: Someone) -> None:
    world.put_watch("w1")
    seen = _seen(ann.get("/watches/w1/edit"))
    searched = {"markets": [{"provider": "ticketmaster", "search": {"keyword": "Lakers"}}]}
    world.put_watch("w1", target=searched)
    answer = ann.post("/watches/w1/edit", WATCH | seen | {"name": "Mine"})
    assert answer.status_code == 409
    assert "cannot be changed in the form any more" in text_of(answer)
    assert 'value="Mine"' in text_of(answer)
    assert world.watch()["target"] == searched


def test_a_watch_of_another_time_is_replaced_as_a_whole_unless_it_is_gone(world: World, ann: Someone) -> None:
    path = PLACES.source("ann", "w1")
    old = Put(path, {"eventId": "vvG1zZ9abc", "eventName": "Lakers", "maxPrice": 90})
    world.documents.inner.commit(old)
    seen = _seen(ann.get("/watches/w1/edit"))
    assert ann.post("/watches/w1/edit", WATCH | seen).status_code == 303
    assert world.watch().keys() <= {*Watch.model_fields}
    world.documents.inner.commit(old)
    seen = _seen(ann.get("/watches/w1/edit"))
    _slip(world, lambda: world.documents.inner.commit(Delete(path)))
    assert ann.post("/watches/w1/edit", WATCH | seen).status_code == 409
    assert not world.watches()


# ── other people ─────────────────────────────────────────────────────────────────────────────────────────


def test_another_persons_watch_is_neither_shown_nor_changed(world: World, ann: Someone) -> None:
    world.put_watch("w1", "bob", name="Bob's own")
    world.copy("w1", "bob")
    before = world.watches("bob")
    assert "Bob's own" not in ann.get("/")
    assert ann.client.get("/watches/w1/edit").status_code == 404
    written = ann.post("/watches/w1/edit", WATCH)
    assert written.status_code == 409
    assert "Bob's own" not in text_of(written)
    for action in ("pause", "resume"):
        assert ann.post(f"/watches/w1/{action}").status_code == 404
    assert ann.post("/watches/w1/delete").status_code == 303
    assert world.watches("bob") == before
    assert world.watches() == []


def test_a_watch_under_another_persons_id_shows_nothing_of_theirs(world: World, ann: Someone) -> None:
    """The worker knows watches by id alone; whoever had the id first keeps it."""
    world.put_watch("w1", "bob")
    world.copy("w1", "bob")
    world.see(ITEM, FACE)
    world.put_watch("w1", "ann", target={"provider": "ticketmaster", "item": "another1"})
    assert world.copy("w1", "ann") == "refused"
    page = ann.get("/")
    assert "already in use" in page
    assert "$95" not in page


@pytest.mark.parametrize("path", ["/", "/watches/new", "/watches/w1/edit"])
def test_nobody_sees_anything_without_being_signed_in(world: World, path: str) -> None:
    world.put_watch("w1")
    answer = world.app().test_client().get(path)
    assert answer.status_code == 401
    assert f'href="/sign-in?next={path}"' in text_of(answer)


@pytest.mark.parametrize("watch_id", ["..", ".", "__x__", "a%2Fb", "%00", "x" * 300, "%ED%A0%80"])
def test_an_id_no_watch_can_have_is_not_found(ann: Someone, watch_id: str) -> None:
    assert ann.client.get(f"/watches/{watch_id}/edit").status_code == 404


@pytest.mark.parametrize("watch_id", ["..", "__x__", "%00"])
def test_a_button_for_an_id_no_watch_can_have_leaves_the_page_as_it_was(
    world: World, ann: Someone, watch_id: str
) -> None:
    world.put_watch("w1")
    ann.get("/")
    ann.post(f"/watches/{watch_id}/delete")
    assert "Lakers v Warriors" in ann.get("/")


def test_somebody_who_has_too_many_watches_is_told(world: World, ann: Someone) -> None:
    for number in range(200):
        world.documents.inner.commit(Put(PLACES.source("ann", f"w{number}"), {"name": "x"}))
    answer = ann.save()
    assert answer.status_code == 422
    assert "Your plan (Basic) holds 200 watches, and you have as many." in text_of(answer)
    page = ann.get("/")
    assert "Page 1 of 4" in page
    assert page.count('class="card watch"') == 50
    assert ann.get("/?page=4").count('class="card watch"') == 50


def test_damaged_documents_never_break_the_page(world: World, ann: Someone) -> None:
    world.put_watch("w1")
    world.copy("w1")
    world.documents.inner.commit(
        Put(PLACES.source("ann", "w2"), {"name": ["x"], "target": 5, "status": {}}),
        Put(PLACES.job("w1"), {"uid": "ann"}),
        Put("alerts/broken", {"uid": "ann"}),
        Put("people/ann", {"timezone": "Mars/Olympus"}),
    )
    page = ann.get("/")
    assert "Lakers v Warriors" in page
    assert "Times are UTC." in page


def test_every_reason_has_words() -> None:
    assert {reason for reason in Reason if reason.fires} == set(REASONS)


def test_people_read_what_is_not_watched_here_and_operators_why(world: World, ann: Someone) -> None:
    page = ann.get("/")
    assert "Not watched here: SeatGeek." in page
    assert "SEATGEEK_CLIENT_ID" not in page
    world.operators = frozenset({"ann"})
    assert "SeatGeek: SEATGEEK_CLIENT_ID is not set" in world.person("ann").get("/")


def test_every_button_of_a_card_is_of_its_one_form(world: World, ann: Someone) -> None:
    world.put_watch("w1")
    world.copy("w1")
    page = ann.get("/")
    assert page.count('id="f-w1"') == 1
    form = page[page.index('<form id="f-w1"') :].partition("</form>")[0]
    assert 'action="/watches/w1/tags"' in form  # what Enter in the field of tags sends
    assert re.findall('formaction="([^"]+)"', form) == ["/watches/w1/pause", "/watches/w1/delete"]
    assert form.count('name="csrf"') == 1
