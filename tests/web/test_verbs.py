"""The signed links of messages: a look changes nothing, a button does it once, and there is a way back."""

import re
from collections.abc import Callable
from datetime import timedelta

import pytest
from itsdangerous import URLSafeTimedSerializer
from werkzeug.test import TestResponse

from notifiers.links import VERBS_WORK_FOR, Links
from tests.web.kit import PLACES, SECRET, Someone, World, news_of, text_of
from watchers.documents import Delete, Put
from watchers.kinds import Channel
from watchers.models import AlertState
from web.verbs import offers

CODE = "K7Q2ABCD"
VERBS = ["snooze-1h", "snooze-1d", "bought", "stop", "stop-all", "resume", "below"]


@pytest.fixture
def stranger(world: World) -> Someone:
    """Nobody is signed in."""
    world.reach()
    world.put_watch("w1")
    world.told(CODE, channel=Channel.EMAIL)
    return Someone(world.app().test_client())


def link(verb: str, alert_id: str = f"{CODE}-ann-email", secret: str = SECRET) -> str:
    return Links("http://localhost", secret).verb(alert_id, verb).removeprefix("http://localhost")


def press(stranger: Someone, verb: str, **fields: str) -> TestResponse:
    """The button as a mail client's browser presses it: from another site, with no cookie and no token."""
    headers = {"Origin": "null", "Sec-Fetch-Site": "cross-site"}
    return stranger.client.post(link(verb), data=fields, headers=headers)


def test_every_link_has_its_page() -> None:
    assert set(VERBS) == set(offers())


@pytest.mark.parametrize("verb", VERBS)
def test_a_look_changes_nothing_and_shows_one_button(world: World, stranger: Someone, verb: str) -> None:
    before, commits = world.watch(), world.documents.commits
    for method in (stranger.client.get, stranger.client.head):
        answer = method(link(verb))
        assert answer.status_code == 200
        assert answer.headers["Referrer-Policy"] == "no-referrer"
        assert "Set-Cookie" not in answer.headers
    page = stranger.get(link(verb))
    assert "Lakers v Warriors" in page
    assert page.count("<button") == 1
    assert (world.watch(), world.documents.commits) == (before, commits)


@pytest.mark.parametrize(
    ("verb", "name", "value", "says"),
    [
        ("bought", "status", "ended", "has ended"),
        ("stop", "status", "paused", "is paused"),
    ],
)
def test_a_button_does_it_once_and_offers_the_way_back(
    world: World, stranger: Someone, verb: str, name: str, value: str, says: str
) -> None:
    before = world.watch()
    for _ in range(2):
        answer = press(stranger, verb)
        assert answer.status_code == 200
        assert says in text_of(answer)
        assert world.watch() == before | {name: value}
    assert world.documents.commits == 1
    undo = re.search(r'<form method="post" action="(/do/[^"]+)"', text_of(answer))
    assert undo
    assert stranger.client.post(undo[1]).status_code == 200
    assert world.watch() == before


@pytest.mark.parametrize(
    ("verb", "length"), [("snooze-1h", timedelta(hours=1)), ("snooze-1d", timedelta(days=1))]
)
def test_a_snooze_is_until_then_and_pressing_twice_does_not_add_up(
    world: World, stranger: Someone, verb: str, length: timedelta
) -> None:
    page = text_of(press(stranger, verb))
    until = world.watch()["snoozed_until"]
    assert timedelta() <= world.now() + length - until < timedelta(minutes=1)
    assert "is quiet until" in page
    press(stranger, verb)
    assert world.watch()["snoozed_until"] == until
    world.copy("w1")
    assert world.fields(PLACES.status("ann", "w1"))["state"] == "accepted"
    press(stranger, "resume")
    assert world.watch()["snoozed_until"] is None


def test_to_watch_again_lets_go_of_what_waited_for_the_end_of_the_snooze(
    world: World, stranger: Someone
) -> None:
    later = world.now() + timedelta(hours=5)
    for code, watch_id, why in (("M", "w1", "snoozed"), ("N", "w2", "snoozed"), ("P", "w1", "cap")):
        held = AlertState.HELD
        world.told(f"{code}7Q2ABCD", watch_id=watch_id, state=held, why=why, due_at=later, settled_at=None)
    press(stranger, "resume")
    due = {code: world.fields(f"alerts/{code}7Q2ABCD-ann-sms")["due_at"] for code in "MNP"}
    assert due["M"] <= world.now()
    assert due["N"] == due["P"] == later


def test_resume_wakes_what_has_ended(world: World, stranger: Someone) -> None:
    world.put_watch("w1", status="ended", snoozed_until=world.now())
    assert "is watching again" in text_of(press(stranger, "resume"))
    assert (world.watch()["status"], world.watch()["snoozed_until"]) == ("active", None)


def test_a_price_is_changed_and_goes_back(world: World, stranger: Someone) -> None:
    page = stranger.get(link("below"))
    assert 'name="price"' in page
    assert 'value="90.00"' in page
    assert "Price in USD" in page
    answer = press(stranger, "below", price=" $79.50 ")
    assert "now tells you at $79.50 or less" in text_of(answer)
    assert world.watch()["conditions"][0]["price"] == "79.50"
    back = re.search(r'name="price" value="([^"]+)"', text_of(answer))
    assert back
    assert back[1] == "90.00"
    assert press(stranger, "below", price=back[1]).status_code == 200
    assert world.watch()["conditions"][0]["price"] == "90.00"


@pytest.mark.parametrize(
    ("price", "says"),
    [
        ("", "Write an amount"),
        ("cheap", "Write an amount"),
        ("<b>80</b>", "Write an amount"),
        ("0", "over 0"),
        ("79.555", "at most 2 digits"),
        ("9" * 12, "at most 1,000,000"),
        ("80 EUR", "counts in USD"),
    ],
)
def test_a_price_that_cannot_be_is_said_beside_its_field(
    world: World, stranger: Someone, price: str, says: str
) -> None:
    before = world.watch()
    answer = press(stranger, "below", price=price)
    assert answer.status_code == 422
    error = re.search(r'id="price-error" role="alert">(.*?)</p>', text_of(answer))
    assert error
    assert says in error[1]
    assert "<b>80" not in answer.get_data(as_text=True)
    assert world.watch() == before


def test_a_watch_without_a_limit_has_no_price_to_change(world: World, stranger: Someone) -> None:
    world.put_watch("w1", conditions=[{"kind": "drop", "percent": 10}])
    assert "no price limit" in stranger.get(link("below"))
    assert press(stranger, "below", price="80").status_code == 422


def test_a_price_of_a_paused_watch_says_that_it_stays_paused(world: World, stranger: Someone) -> None:
    world.put_watch("w1", status="paused")
    assert "It is paused all the same" in text_of(press(stranger, "below", price="80"))
    assert world.watch()["status"] == "paused"


def _cut(token: str) -> str:
    return token[:-3]


def _other(token: str) -> str:
    return token.replace("/do/", "/do/x")


@pytest.mark.parametrize("broken", [_cut, _other])
@pytest.mark.parametrize("verb", VERBS)
def test_a_broken_link_says_what_to_do(
    world: World, stranger: Someone, verb: str, broken: Callable[[str], str]
) -> None:
    for method in (stranger.client.get, stranger.client.post):
        answer = method(broken(link(verb)))
        assert answer.status_code == 403
        assert "Use the link of a newer message" in text_of(answer)
    assert world.documents.commits == 0


@pytest.mark.parametrize(
    "address",
    [
        link("delete"),
        link("stop", secret="another"),
        link("stop", alert_id="nobody"),
        "/do/" + str(URLSafeTimedSerializer(SECRET, salt="ticket-scout.enter").dumps("ann")),
        "/do/" + str(URLSafeTimedSerializer(SECRET, salt="ticket-scout.verb").dumps("stop")),
    ],
    ids=["unknown verb", "another key", "no such alert", "another purpose", "another shape"],
)
def test_what_we_did_not_sign_for_this_does_nothing(world: World, stranger: Someone, address: str) -> None:
    assert stranger.client.get(address).status_code == 403
    assert stranger.client.post(address).status_code == 403
    assert world.watch()["status"] == "active"


def test_a_link_works_for_thirty_days(world: World, stranger: Someone) -> None:
    world.later = VERBS_WORK_FOR - timedelta(minutes=1)
    assert stranger.client.get(link("stop")).status_code == 200
    world.later = VERBS_WORK_FOR + timedelta(minutes=1)
    assert stranger.client.get(link("stop")).status_code == 403
    assert press(stranger, "stop").status_code == 403
    assert world.watch()["status"] == "active"


@pytest.mark.parametrize("verb", VERBS)
def test_a_watch_that_is_gone_is_said(world: World, stranger: Someone, verb: str) -> None:
    world.documents.inner.commit(Delete(PLACES.source("ann", "w1")))
    assert "does not exist any more" in stranger.get(link(verb))
    answer = press(stranger, verb, price="80")
    assert "does not exist any more" in text_of(answer)
    assert world.watches() == []


def test_what_cannot_be_watched_any_more_can_be_stopped_but_not_resumed(
    world: World, stranger: Someone
) -> None:
    over = {"provider": "ticketmaster", "search": {"keyword": "Lakers", "date_to": "2020-01-01"}}
    world.put_watch("w1", target=over)
    assert press(stranger, "stop").status_code == 200
    assert world.watch()["status"] == "paused"
    answer = press(stranger, "resume")
    assert answer.status_code == 409
    assert "2020-01-01 has passed" in text_of(answer)
    assert world.watch()["status"] == "paused"


def test_a_link_changes_its_own_persons_watch_only(world: World, stranger: Someone) -> None:
    world.put_watch("w1", "bob")
    press(stranger, "stop")
    assert world.watch("w1", "bob")["status"] == "active"


def test_somebody_elses_write_is_kept(world: World, stranger: Someone) -> None:
    def renamed(_: object) -> None:
        world.documents.before_commit = None
        world.documents.inner.commit(Put(PLACES.source("ann", "w1"), world.watch() | {"name": "Renamed"}))

    world.documents.before_commit = renamed
    assert "“Renamed” is paused" in text_of(press(stranger, "stop"))
    assert (world.watch()["name"], world.watch()["status"]) == ("Renamed", "paused")


def test_while_the_database_is_down_it_asks_for_another_try(world: World, stranger: Someone) -> None:
    world.documents.down = True
    assert press(stranger, "stop").status_code == 503


# ── all that a message told about ────────────────────────────────────────────────────────────────────────


@pytest.fixture
def told(world: World) -> None:
    """One message about three watches of ann, one of them twice; one is gone, and one was never hers."""
    for watch_id in ("w2", "w3"):
        world.put_watch(watch_id, name=f"Watch {watch_id}")
    world.put_watch("w4", "bob")
    others = [
        world.told("M7Q2ABCD", watch_id="w2"),
        world.told("N7Q2ABCD", watch_id="w2"),
        world.told("P7Q2ABCD", watch_id="gone"),
        world.told("Q7Q2ABCD", "bob", watch_id="w4"),
    ]
    world.told(
        CODE,
        channel=Channel.PUSH,
        more=tuple(one.news for one in others),
        more_codes=tuple(one.code for one in others),
        more_alerts=tuple(one.id for one in others),
    )


ALL = f"{CODE}-ann-push"


def statuses(world: World) -> dict[str, str]:
    hers = {one.id: one.fields["status"] for one in world.watches()}
    return hers | {"bob's": world.watch("w4", "bob")["status"]}


@pytest.mark.usefixtures("told")
def test_a_look_at_the_button_that_stops_all_names_them_and_stops_none(
    world: World, stranger: Someone
) -> None:
    page = stranger.get(link("stop-all", ALL))

    assert "“Lakers v Warriors”, “Watch w2”:" in page
    assert "Watch w3" not in page
    assert page.count("<button") == 1
    assert set(statuses(world).values()) == {"active"}


@pytest.mark.usefixtures("told")
@pytest.mark.parametrize(
    "headers",
    [{}, {"Origin": "https://mail.example", "Sec-Fetch-Site": "cross-site"}],
    ids=["server", "webmail"],
)
def test_a_mail_client_stops_all_that_a_message_told_about_in_one_click(
    world: World, stranger: Someone, headers: dict[str, str]
) -> None:
    said = {"List-Unsubscribe": "One-Click"}
    pages = []
    for _ in range(2):
        answer = stranger.client.post(link("stop-all", ALL), data=said, headers=headers)
        assert answer.status_code == 200
        assert "Set-Cookie" not in answer.headers
        pages.append(text_of(answer))
        assert statuses(world) == {"w1": "paused", "w2": "paused", "w3": "active", "bob's": "active"}
    assert world.documents.commits == 2
    assert "nothing more: “Lakers v Warriors”, “Watch w2”." in pages[0]
    assert "Watch w2" in pages[1]


@pytest.mark.usefixtures("told")
def test_each_of_them_has_its_own_way_back(world: World, stranger: Someone) -> None:
    page = text_of(stranger.client.post(link("stop-all", ALL)))
    ways = re.findall(r'<form method="post" action="(/do/[^"]+)"', page)
    assert len(ways) == 2
    assert stranger.client.post(ways[1]).status_code == 200
    assert statuses(world) == {"w1": "paused", "w2": "active", "w3": "active", "bob's": "active"}


@pytest.mark.usefixtures("told")
def test_what_broke_off_is_finished_by_asking_again(world: World, stranger: Someone) -> None:
    world.documents.down = True
    assert stranger.client.post(link("stop-all", ALL)).status_code == 503
    world.documents.down = False
    assert stranger.client.post(link("stop-all", ALL)).status_code == 200
    assert statuses(world)["w2"] == "paused"


def test_of_very_many_ten_are_named(world: World, stranger: Someone) -> None:
    for number in range(12):
        world.put_watch(f"v{number}", name=f"Band {number}")
    others = [world.told(f"M7Q2ABC{number:X}", watch_id=f"v{number}") for number in range(12)]
    ids, codes = tuple(one.id for one in others), tuple(one.code for one in others)
    news = tuple(one.news for one in others)
    world.told(CODE, channel=Channel.PUSH, more=news, more_alerts=ids, more_codes=codes)
    assert "“Band 8” and 3 more:" in stranger.get(link("stop-all", ALL))
    stranger.client.post(link("stop-all", ALL))
    assert {one.fields["status"] for one in world.watches()} == {"paused"}


@pytest.mark.parametrize("verb", ["stop", "stop-all"])
def test_a_mail_clients_button_has_worked_where_the_watch_is_gone(
    world: World, stranger: Someone, verb: str
) -> None:
    world.documents.inner.commit(Delete(PLACES.source("ann", "w1")))
    answer = press(stranger, verb)
    assert answer.status_code == 200
    assert "Stopped" in text_of(answer)
    assert "does not exist any more" in text_of(answer)


# ── what the pages show of it ────────────────────────────────────────────────────────────────────────────


def test_ended_and_snoozed_are_shown_and_resumed(world: World, ann: Someone) -> None:
    world.put_watch("w1", status="ended")
    world.put_watch("w2", name="Other", snoozed_until=world.now() + timedelta(hours=5))
    world.put_watch("w3", name="Past", snoozed_until=world.now() - timedelta(hours=5))
    for watch_id in ("w1", "w2", "w3"):
        world.copy(watch_id)
    chips = re.findall(r'<p class="chip (\w+)">([^<]+)</p>', ann.get("/"))
    assert chips[0] == ("paused", "Ended")
    assert chips[1][1].startswith("Snoozed until ")
    assert chips[2] == ("watching", "Watching")
    assert world.fields(PLACES.status("ann", "w1"))["state"] == "ended"
    assert world.fields(PLACES.job("w1"))["targets"] == []
    assert ann.post("/watches/w2/resume").status_code == 303
    assert world.watch("w2")["snoozed_until"] is None
    assert ann.post("/watches/w1/resume").status_code == 303
    assert world.watch("w1")["status"] == "active"


# ── one link to everything that a message told ───────────────────────────────────────────────────────────


def test_the_link_of_a_grouped_text_leads_to_everything_it_told(world: World) -> None:
    second = news_of(
        "https://shop.example/e/2", event_name="Deftones", watch_name="Loud", price=4400, was=None
    )
    third = news_of(None, event_name="Opera", watch_name="Quiet")
    riders = [
        world.told("M7Q2ABCD", watch_id="w2", news=second, rides_with=f"{CODE}-ann-sms"),
        world.told("P7Q2ABCD", watch_id="w3", news=third, rides_with=f"{CODE}-ann-sms"),
    ]
    codes, ids = tuple(one.code for one in riders), tuple(one.id for one in riders)
    world.told(CODE, more=(second, third), more_codes=codes, more_alerts=ids)
    world.told(CODE, channel=Channel.EMAIL)  # told alone, by another channel, at the same moment
    stranger = Someone(world.app().test_client())
    page = stranger.get(f"/a/{CODE}")
    assert "3 alerts in one message" in page
    assert re.findall(r'href="(https://shop[^"]+)"', page) == [
        "https://shop.example/e/1",
        "https://shop.example/e/2",
    ]
    assert re.findall(r"Alert (#\w{4})", page) == ["#K7Q2", "#M7Q2", "#P7Q2"]
    assert "gave no link for this" in page
    assert "Loud" not in page
    assert "Loud" in world.person("ann").get(f"/a/{CODE}")
    assert stranger.client.get("/a/M7Q2ABCD").location == "https://shop.example/e/2"


def test_what_has_no_known_code_is_still_told(world: World) -> None:
    second = news_of("javascript:alert(1)", event_name="Deftones")
    world.told(CODE, more=(second,))
    page = Someone(world.app().test_client()).get(f"/a/{CODE}")
    assert "2 alerts in one message" in page
    assert "Deftones" in page
    assert 'href="javascript' not in page


@pytest.mark.parametrize("verb", ["stop", "stop-all"])
def test_what_has_ended_is_not_stopped_and_there_is_no_way_back_from_that(
    world: World, stranger: Someone, verb: str
) -> None:
    world.put_watch("w1", status="ended")
    page = text_of(press(stranger, verb))
    assert "Undo" not in page
    assert world.watch()["status"] == "ended"


def test_stopping_what_has_ended_says_so(world: World, stranger: Someone) -> None:
    world.put_watch("w1", status="ended")
    assert "has ended already" in text_of(press(stranger, "stop"))
