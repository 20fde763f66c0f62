"""The page of one watch: what is known, why, what was told; its buttons, twice; nobody else's."""

import re
from datetime import timedelta, timezone
from typing import Any

import pytest

from tests.web.kit import FACE, ITEM, PLACES, Someone, World, news_of, text_of
from watchers import board, price_history
from watchers.chunks import Span, encode
from watchers.documents import Delete, Put
from watchers.history import History
from watchers.kinds import Channel
from watchers.models import AlertState
from watchers.money import Basis, PriceKey
from watchers.observation import Availability, EventStatus, Observation, Price
from watchers.quota import Quota
from watchers.rows import Row
from watchers.target import Target

USD = PriceKey(Basis.FACE, "USD")


def look(world: World, target: Target, *seen: tuple[timedelta, int], **facts: object) -> None:
    """What so many looks leave on the board: how long ago, and at which price."""
    history = History()
    for ago, price in seen:
        made: dict[str, object] = {"availability": Availability.AVAILABLE, **facts}
        at = world.now() - ago
        history = history.after(Observation(target, at, prices=(Price(*USD, price),), **made))  # type: ignore[arg-type]
    put(world, Row(target, since=world.now() - timedelta(days=30), history=history))


def put(world: World, row: Row) -> None:
    """This row, on its board."""
    name = f"{row.target.provider}-0"
    quota = Quota(calls=1000, per=timedelta(days=1), per_second=5)
    run = f"at {world.now()}"
    found = board.claim(world.documents, name, run, quota, world.now(), at_most=1)
    assert isinstance(found, board.Board)
    found.rows[row.target.id] = row
    board.save(world.documents, found, run)


def past(world: World, target: Target, *prices: int, every: timedelta = timedelta(days=1)) -> None:
    """A chunk of past prices, the last of them ``every`` ago."""
    now = int(world.now().timestamp())
    step = int(every.total_seconds())
    count = len(prices)
    spans = [
        Span(price, now - step * (count - number + 1), now - step * (count - number) - 60)
        for number, price in enumerate(prices, 1)
    ]
    fields = {
        "newest_first": 0,
        "blob": encode({USD: spans}),
        "begun_at": world.now() - timedelta(days=90),
        "expires_at": world.now() + timedelta(days=600),
    }
    world.documents.inner.commit(Put(f"{price_history.collection(target.id)}/0", fields))


def watching(world: World, uid: str = "ann", **fields: Any) -> None:
    """A watch that the worker has taken over."""
    world.put_watch("w1", uid=uid, **fields)
    world.copy("w1", uid=uid)


MINUTES = [timedelta(minutes=minutes) for minutes in (40, 30, 20, 10)]


def test_a_new_watch_has_its_page_before_anything_was_seen(world: World, ann: Someone) -> None:
    world.put_watch("w1")
    page = ann.get("/watches/w1")
    assert "<h1><bdi>Lakers v Warriors</bdi></h1>" in page
    assert "Being saved…" in page
    world.copy("w1")
    page = ann.get("/watches/w1")
    assert "The first look is still to come." in page
    assert "No price was seen in this time." in page
    assert "Nothing was looked at yet." in page
    assert "None yet." in page


def test_price_deal_dates_and_end_are_said(world: World, ann: Someone) -> None:
    watching(world, tags=["gift"])
    past(world, ITEM, *([11000, 10000, 12000] * 10))
    starts = world.now() + timedelta(days=40)
    look(
        world, ITEM, (timedelta(minutes=3), 8400),
        starts_at=starts, onsale_at=world.now() + timedelta(days=2), status=EventStatus.POSTPONED,
    )  # fmt: skip
    page = ann.get("/watches/w1")
    assert "<strong>$84</strong> face value, fees come on top (seen 3 min ago)" in page
    assert (
        "good: lowest in 30 days, as long as it has been watched; 24 % under the median of 30 prices" in page
    )
    assert (
        f"It ends when the event is over ({starts:%a} {starts.day} {starts:%b %Y %H:%M} (your time))." in page
    )
    assert "On sale from " in page
    assert "The event is postponed." in page
    assert "<dd>gift</dd>" in page


def test_the_chart_has_limit_alert_and_a_table_that_says_the_same(world: World, ann: Someone) -> None:
    watching(world)
    past(world, ITEM, 11000, 10000, 12000)
    look(world, ITEM, (timedelta(minutes=20), 8400))
    world.told("K7Q2ABCD", created_at=world.now() - timedelta(minutes=20))
    world.told("K7Q2ABCD", created_at=world.now() - timedelta(minutes=20), channel=Channel.EMAIL)
    page = ann.get("/watches/w1")
    assert page.count('<svg class="chart steps" role="img"') == 1
    assert ">limit $90.00</text>" in page
    assert page.count('data-alerts="1"') == 1
    assert "Face value between $84 and $120, last $84; limit $90; told once." in page
    rows = re.findall(
        r'<tr><th scope="row">.*?</th><td>.*?</td><td>(.*?)</td><td class="number">(.*?)</td>', page
    )
    assert ("Face value", "$120") in rows
    assert ("Told #K7Q2", "$84 face") in rows
    assert "style=" not in page


@pytest.mark.parametrize(
    ("target", "address"),
    [
        ({"provider": "steam", "item": "440"}, "https://store.steampowered.com/app/440"),
        ({"provider": "steam", "item": "440/../x"}, None),
        ({"provider": "ticketmaster", "item": "vvG1zZ9abc"}, None),
    ],
)
def test_the_official_page_is_known_before_anything_was_told(
    world: World, ann: Someone, target: dict[str, str], address: str | None
) -> None:
    watching(world, target=target)
    page = ann.get("/watches/w1")
    assert ("Official page" in page) == (address is not None)
    assert address is None or f'href="{address}"' in page


@pytest.mark.parametrize("url", ["javascript:alert(1)", "https://[x", "data:text/html,x", "https://a b"])
def test_an_address_that_is_none_is_no_link(world: World, ann: Someone, url: str) -> None:
    watching(world)
    world.told("K7Q2ABCD", news=news_of(url))
    assert url not in ann.get("/watches/w1")


def test_several_markets_are_lines_of_one_chart_and_compared(world: World, ann: Someone) -> None:
    other = Target(provider="steam", item="440")
    watching(world, target={"markets": [ITEM.to_document(), other.to_document()]})
    past(world, ITEM, *([11000, 10000, 12000] * 10))
    past(world, other, *([11500, 10500, 12500] * 10))
    look(world, ITEM, (timedelta(minutes=3), 9400))
    look(world, other, (timedelta(minutes=3), 9900))
    page = ann.get("/watches/w1")
    assert page.count('<svg class="chart steps"') == 1
    assert ("line face n1" in page, "line face n2" in page) == (True, True)
    assert "Face value (Steam) between $99 and $125, last $99" in page
    assert "cheapest of 2 markets" in page
    assert "$5 over the cheapest of 2 markets" in page


def test_currencies_are_never_on_one_axis(world: World, ann: Someone) -> None:
    watching(world, target={"markets": [ITEM.to_document(), {"provider": "steam", "item": "440"}]})
    past(world, ITEM, 11000, 10000)
    world.see(Target(provider="steam", item="440"), Price(Basis.LISTING, "GBP", 4500))
    page = ann.get("/watches/w1")
    assert "Price chart (USD)" in page
    assert "Price chart (GBP)" in page


def test_only_the_latest_of_many_alerts_are_listed_and_that_is_said(world: World, ann: Someone) -> None:
    watching(world)
    past(world, ITEM, 11000, 10000)
    for number in range(25):
        at = world.now() - timedelta(hours=number)
        world.told(f"{'ABCDEFGHJKLMNPQRSTUVWXYZ23'[number]}7Q2ABCD", created_at=at, settled_at=at)
    page = ann.get("/watches/w1")
    assert "These are the latest 20" in page
    assert sum(map(int, re.findall(r'data-alerts="(\d+)"', page))) == 25


@pytest.mark.parametrize(
    ("days", "shown"), [("7", False), ("30", True), ("365", True), ("all", True), ("<b>", True)]
)
def test_how_far_back_the_chart_reaches_is_in_the_address(
    world: World, ann: Someone, days: str, shown: bool
) -> None:
    watching(world)
    past(world, ITEM, *[11000] * 9, 10000, *([9000, 9500] * 5))
    assert (">$110<" in ann.get(f"/watches/w1?range={days}")) is shown


def test_why_and_why_not_are_said_look_by_look(world: World, ann: Someone) -> None:
    watching(world)
    world.later = timedelta(hours=1)
    look(world, ITEM, *zip(MINUTES, (9500, 9200, 8400, 8400), strict=True))
    world.told("K7Q2ABCD", news=news_of(observed_at=world.now() - MINUTES[2], target_id=ITEM.id))
    page = re.sub(r"</?span[^>]*>", "", ann.get("/watches/w1"))
    assert "$95 face first look, not true yet" in page
    assert "$92 face not true" in page
    assert "$84 face told #K7Q2: at or under the limit" in page
    assert "$84 face already told" in page
    assert "Seen by 4 of 4 looks since " in page


def test_a_look_that_is_true_again_but_told_nobody_is_not_called_told(world: World, ann: Someone) -> None:
    watching(world)
    world.later = timedelta(hours=1)
    look(world, ITEM, *zip(MINUTES, (9500, 9200, 8400, 8400), strict=True))
    assert "true: at or under the limit" in ann.get("/watches/w1")


@pytest.mark.parametrize(
    ("why", "said"),
    [
        ("ProviderUnavailableError", "Ticketmaster did not answer, or not in a way we understand."),
        ("ProviderRejectedError", "Ticketmaster refuses to answer us."),
        ("OutOfQuotaError", "the calls that Ticketmaster allows us are used up for now."),
        ("robots", "the site does not want programs to read this page"),
        ("not_found", "Ticketmaster knows nothing by this id."),
        ("brand_new_code", "Ticketmaster did not answer, or not in a way we understand."),
    ],
)
def test_blindness_is_said_in_words_not_in_codes(world: World, ann: Someone, why: str, said: str) -> None:
    watching(world)
    seen = History().after(Observation(ITEM, world.now() - timedelta(hours=3), prices=(FACE,)))
    put(world, Row(ITEM, since=world.now() - timedelta(days=2), history=seen, failures=3, unseen_why=why))
    page = ann.get("/watches/w1")
    assert f"The last 3 looks failed: {said}" in page
    assert "Seen by 1 of 4 looks" in page
    assert why not in page or why == "robots"


def test_what_it_told_has_the_delivery_of_each_channel_and_the_reason(world: World, ann: Someone) -> None:
    watching(world)
    world.told("K7Q2ABCD", state=AlertState.UNDELIVERED, why="30003")
    copied = world.told("ZZZZABCD", channel=Channel.EMAIL, copy_of="K7Q2ABCD-ann-sms", copy_why="30003")
    world.told("OTHERABC".replace("O", "P"), watch_id="w2", news=news_of(watch_name="Another"))
    page = ann.get("/watches/w1")
    assert "Text not delivered" in page
    assert "E-mail (instead of the text) sent" in page
    assert "your phone could not be reached" in page
    assert copied.code[:4] not in page  # the copy is told under the code of what it stands in for
    assert "Another" not in page


# ── buttons ──────────────────────────────────────────────────────────────────────────────────────────────


def test_of_a_watch_that_ended_what_it_told_is_drawn_where_no_other_price_is_kept(
    world: World, ann: Someone
) -> None:
    watching(world, status="ended")
    page = ann.get("/watches/w1")
    assert "No price of this time is kept." in page
    assert "No price was seen" not in page
    world.told("K7Q2M9X4", news=news_of(price=2800, observed_at=world.now() - timedelta(hours=1)))
    page = ann.get("/watches/w1")
    assert "No price of this time is kept." not in page
    assert re.search(r"Face value <strong>\$28</strong>", page)


@pytest.mark.parametrize(
    ("pressed", "field", "value"), [("pause", "status", "paused"), ("bought", "status", "ended")]
)
def test_a_button_may_be_pressed_twice(
    world: World, ann: Someone, pressed: str, field: str, value: str
) -> None:
    world.put_watch("w1")
    for _ in range(2):
        answer = ann.post("/watches/w1/do", {"do": pressed})
        assert (answer.status_code, answer.location) == (303, "/watches/w1")
        assert world.watch()[field] == value
    assert ann.post("/watches/w1/do", {"do": "resume"}).status_code == 303
    assert world.watch()["status"] == "active"
    assert "Watching again: “Lakers v Warriors”." in ann.get("/watches/w1")


def test_snoozing_for_an_hour_twice_is_one_snooze_and_resuming_ends_it(world: World, ann: Someone) -> None:
    world.put_watch("w1")
    ann.post("/watches/w1/do", {"do": "snooze-1h"})
    until = world.watch()["snoozed_until"]
    ann.post("/watches/w1/do", {"do": "snooze-1h"})
    assert world.watch()["snoozed_until"] == until
    assert abs(until - world.now() - timedelta(hours=1)) < timedelta(minutes=1)
    world.told("K7Q2ABCD", state=AlertState.HELD, why="snoozed", due_at=until, settled_at=None)
    ann.post("/watches/w1/do", {"do": "resume"})
    assert world.watch()["snoozed_until"] is None
    assert world.fields("alerts/K7Q2ABCD-ann-sms")["due_at"] < until


def test_snoozing_until_a_day_means_the_hour_of_digests_on_the_persons_clock(
    world: World, ann: Someone
) -> None:
    world.reach("ann", timezone="Pacific/Apia", digest_at="09:30")
    world.put_watch("w1")
    day = (world.now() + timedelta(days=5)).date()
    ann.post("/watches/w1/do", {"do": "snooze-until", "day": str(day)})
    until = world.watch()["snoozed_until"]
    assert f"{until:%H:%M %z}" == "20:30 +0000"
    assert until.date() == day - timedelta(days=1)
    assert "is quiet until " in ann.get("/watches/w1")


@pytest.mark.parametrize("day", ["", "soon", "2020-01-01", "9999-12-31", "0001-01-01", "2027-02-30"])
def test_a_day_that_is_none_is_refused_beside_the_field_and_kept(
    world: World, ann: Someone, day: str
) -> None:
    world.put_watch("w1")
    before = world.watch()
    answer = ann.post("/watches/w1/do", {"do": "snooze-until", "day": day})
    assert answer.status_code == 422
    assert 'id="day-error" role="alert">Choose a day' in text_of(answer)
    assert f'name="day" type="date" value="{day}"' in text_of(answer)
    assert world.watch() == before


def test_a_lower_limit_is_saved_and_said(world: World, ann: Someone) -> None:
    world.put_watch("w1")
    for _ in range(2):
        assert ann.post("/watches/w1/do", {"do": "below", "price": "$79.50"}).status_code == 303
    assert world.watch()["conditions"] == [{"kind": "below", "price": "79.50", "currency": "USD"}]
    assert "“Lakers v Warriors” now tells you at $79.50 or less." in ann.get("/watches/w1")


@pytest.mark.parametrize("price", ["", "cheap", "-5", "80 GBP", "0", "1e9", "<b>"])
def test_a_limit_that_is_none_is_refused_beside_the_field_and_kept(
    world: World, ann: Someone, price: str
) -> None:
    world.put_watch("w1")
    answer = ann.post("/watches/w1/do", {"do": "below", "price": price})
    assert answer.status_code == 422
    assert 'id="price-error" role="alert">' in text_of(answer)
    assert f'value="{price}"' in text_of(answer)
    assert world.watch()["conditions"][0]["price"] == "90.00"


def test_an_unknown_button_and_a_forged_one_change_nothing(world: World, ann: Someone) -> None:
    world.put_watch("w1")
    assert ann.post("/watches/w1/do", {"do": "explode"}).status_code == 404
    assert ann.client.post("/watches/w1/do", data={"do": "pause"}).status_code == 403
    assert ann.client.get("/watches/w1/do").status_code == 405
    assert world.watch()["status"] == "active"


# ── whose, and in which state ────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("watch_id", ["w1", "nope", "..", "__x__", "%00", "a" * 300, "w1%0a"])
def test_another_persons_watch_is_not_there(world: World, watch_id: str) -> None:
    world.put_watch("w1")
    world.copy("w1")
    world.told("K7Q2ABCD")
    bob = world.person("bob")
    assert bob.client.get(f"/watches/{watch_id}").status_code == 404
    assert bob.post(f"/watches/{watch_id}/do", {"do": "pause"}).status_code == 404
    assert world.watch()["status"] == "active"


def test_nobody_sees_a_watch_without_being_signed_in(world: World) -> None:
    world.put_watch("w1")
    assert world.app().test_client().get("/watches/w1").status_code in (302, 303, 401)


def test_a_watch_whose_id_another_person_took_first_shows_nothing_of_theirs(
    world: World, ann: Someone
) -> None:
    world.put_watch("w1", uid="bob", name="Bob's secret")
    world.copy("w1", uid="bob")
    world.put_watch("w1")
    world.copy("w1")
    page = ann.get("/watches/w1")
    assert "Bob's secret" not in page
    assert "This watch's id is already in use." in page


def test_a_refused_watch_says_why(world: World, ann: Someone) -> None:
    watching(world, target={"provider": "ticketmaster", "item": "unknown"})
    page = ann.get("/watches/w1")
    assert "This watch was refused" in page
    assert "There is no such event." in page


def test_a_watch_that_cannot_be_read_has_a_page_with_its_alerts(world: World, ann: Someone) -> None:
    watching(world, conditions=[{"kind": "magic"}])
    world.told("K7Q2ABCD")
    page = ann.get("/watches/w1")
    assert "cannot be read" in page
    assert "#K7Q2" in page
    assert ann.post("/watches/w1/do", {"do": "pause"}).status_code == 303


def test_a_deleted_watch_has_a_page_that_says_so(world: World, ann: Someone) -> None:
    watching(world)
    world.told("K7Q2ABCD")
    world.documents.inner.commit(Delete(PLACES.source("ann", "w1")))
    world.copy("w1")
    answer = ann.client.get("/watches/w1")
    assert answer.status_code == 410
    assert "This watch is deleted" in text_of(answer)
    assert "Lakers v Warriors" in text_of(answer)
    assert "#K7Q2" in text_of(answer)
    assert ann.post("/watches/w1/do", {"do": "pause"}).status_code == 404


def test_damaged_surroundings_take_nothing_with_them(world: World, ann: Someone) -> None:
    watching(world)
    past(world, ITEM, 9000)
    chunk = f"{price_history.collection(ITEM.id)}/0"
    world.documents.inner.commit(Put(chunk, {**world.fields(chunk), "blob": b"rubbish"}))
    world.documents.inner.commit(Put(PLACES.job("w1"), {"uid": "ann"}))
    page = ann.get("/watches/w1")
    assert "Lakers v Warriors" in page
    assert "Some of the past prices cannot be read" in page


def test_while_the_database_is_down_the_page_says_so(world: World, ann: Someone) -> None:
    world.put_watch("w1")
    world.documents.down = True
    assert ann.client.get("/watches/w1").status_code == 503


# ── what it costs ────────────────────────────────────────────────────────────────────────────────────────


def test_a_page_reads_no_more_than_it_promises(world: World, ann: Someone) -> None:
    world.reach("ann")
    watching(world)
    past(world, ITEM, 9000, 9500)
    look(world, ITEM, (timedelta(minutes=3), 8400))
    for number in range(3):
        world.told(f"K7Q{number + 2}ABCD")
    ann.get("/watches/w1")
    world.documents.operations.clear()
    ann.get("/watches/w1")
    spent = world.documents.operations
    # the watch, its copy, the person, one board, one chunk, the shelf of alerts, and three alerts
    assert spent["reads"] <= 9 + 1
    assert not spent["writes"]


def test_an_event_has_the_clock_of_its_venue(world: World, ann: Someone) -> None:
    watching(world)
    starts = (world.now() + timedelta(days=40)).replace(hour=2, minute=5)
    look(
        world, ITEM, (timedelta(minutes=3), 8400), starts_at=starts.astimezone(timezone(-timedelta(hours=6)))
    )
    assert "20:05 (local time)" in ann.get("/watches/w1")
    assert "20:05 (local time)" in ann.get("/")


def test_an_ended_watch_says_so_and_takes_no_new_limit_in_silence(world: World, ann: Someone) -> None:
    watching(world, status="ended")
    page = ann.get("/watches/w1")
    assert "It has ended: nothing is looked at or told any more." in page
    assert 'name="price"' not in page
    ann.post("/watches/w1/do", {"do": "below", "price": "18"})
    assert "It is ended all the same: resume it among your watches." in ann.get("/watches/w1")
