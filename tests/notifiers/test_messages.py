"""What people read: always one segment, never half a price, never a lie about the text that did not come."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta, timezone
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from notifiers.links import Links
from notifiers.messages import push, render, segments, sms
from notifiers.words import digests, gsm
from notifiers.words.gsm import plain, septets, shorten
from tests.notifiers.kit import NEWS, NOW, PUBLIC_URL, an_alert
from watchers.alerts import alert_code
from watchers.kinds import Channel
from watchers.models import Alert, News, Reason
from watchers.money import Basis, spoken

CODE = "K7Q28M4X"
END = f"#K7Q2 {PUBLIC_URL}/a/{CODE}"


LINKS = Links(PUBLIC_URL)
NEW_YORK = ZoneInfo("America/New_York")


def text_of(*more: News, **changes: Any) -> str:
    return sms(telling(replace(NEWS, **changes), *more), LINKS, NEW_YORK)


def telling(news: News, *more: News) -> Alert:
    return an_alert(code=CODE, news=news, more=more)


def about(name: str, price: int | None, **changes: Any) -> News:
    """News of another watch."""
    return replace(NEWS, watch_name=f"{name} watch", event_name=name, price=price, **changes)


# ── the text ─────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({}, "$84 all-in (was $112) Deftones, Sat 13 Jun 19:30, MSG"),
        ({"reason": Reason.DROPPED}, "$84 all-in (was $112) Deftones, Sat 13 Jun 19:30, MSG"),
        ({"reason": Reason.HISTORIC_LOW}, "$84 all-in, new low (was $112) Deftones, Sat 13 Jun 19:30, MSG"),
        (
            {"reason": Reason.FURTHER_DROP},
            "$84 all-in, down again (was $112) Deftones, Sat 13 Jun 19:30, MSG",
        ),
        (
            {"reason": Reason.NEW_LISTING, "was": None, "detail": "and 2 more"},
            "$84 all-in, new listing: Deftones, Sat 13 Jun 19:30, MSG, and 2 more",
        ),
        (
            {"reason": Reason.NEW_LISTING, "price": None, "was": None},
            "New listing: Deftones, Sat 13 Jun 19:30, MSG",
        ),
        (
            {"reason": Reason.BACK_IN_STOCK, "price": None, "was": None},
            "Back in stock: Deftones, Sat 13 Jun 19:30, MSG",
        ),
        (
            {"reason": Reason.STATUS_CHANGED, "price": None, "detail": "Cancelled."},
            "Cancelled: Deftones, Sat 13 Jun 19:30, MSG",
        ),
        (
            {"reason": Reason.STATUS_CHANGED, "price": None, "detail": None},
            "Status changed: Deftones, Sat 13 Jun 19:30, MSG",
        ),
        (
            {"reason": Reason.STATUS_CHANGED, "price": None, "detail": "on sale from Fri 5 Jun."},
            "On sale from Fri 5 Jun: Deftones, Sat 13 Jun 19:30, MSG",
        ),
        ({"price": 0}, "Free (was $112) Deftones, Sat 13 Jun 19:30, MSG"),
        (
            {"reason": Reason.STATUS_CHANGED, "price": 0, "detail": "moved"},
            "Moved, free: Deftones, Sat 13 Jun 19:30, MSG",
        ),
        ({"was": 0}, "$84 all-in (was free) Deftones, Sat 13 Jun 19:30, MSG"),
        ({"was": None}, "$84 all-in: Deftones, Sat 13 Jun 19:30, MSG"),
        ({"was": 8400}, "$84 all-in: Deftones, Sat 13 Jun 19:30, MSG"),
        ({"basis": Basis.FACE}, "$84 face (was $112) Deftones, Sat 13 Jun 19:30, MSG"),
        ({"basis": Basis.RESALE}, "$84 resale (was $112) Deftones, Sat 13 Jun 19:30, MSG"),
        ({"basis": Basis.LISTING}, "$84 list (was $112) Deftones, Sat 13 Jun 19:30, MSG"),
        ({"basis": None}, "$84 (was $112) Deftones, Sat 13 Jun 19:30, MSG"),
        ({"price": 8450, "currency": "EUR", "was": None}, "€84.50 all-in: Deftones, Sat 13 Jun 19:30, MSG"),
        (
            {"starts_at": None, "starts_on": date(2026, 6, 13)},
            "$84 all-in (was $112) Deftones, Sat 13 Jun, MSG",
        ),
        ({"starts_at": None}, "$84 all-in (was $112) Deftones, MSG"),
        ({"venue": None}, "$84 all-in (was $112) Deftones, Sat 13 Jun 19:30, New York"),
        ({"event_name": None}, "$84 all-in (was $112) Deftones under $90, Sat 13 Jun 19:30, MSG"),
        ({"event_name": "🎸🎸"}, "$84 all-in (was $112) Deftones under $90, Sat 13 Jun 19:30, MSG"),
        ({"price": None, "was": None}, "Price drop: Deftones, Sat 13 Jun 19:30, MSG"),
    ],
)
def test_each_reason_has_its_words(changes: dict[str, Any], said: str) -> None:
    assert text_of(**changes) == f"{said} {END}"


def test_the_first_sixty_characters_decide() -> None:
    assert text_of()[:60] == "$84 all-in (was $112) Deftones, Sat 13 Jun 19:30, MSG #K7Q2 "


@pytest.mark.parametrize(
    ("name", "written"),
    [
        ("Beyoncé", "Beyoncé"),
        ("Mötley Crüe", "Mötley Crüe"),
        ("Antonín Dvořák", "Antonin Dvorak"),
        ("Beyonce\u0301", "Beyoncé"),
        ("\u201cAin\u2019t\u201d \u2013 it…", '"Ain\'t" - it...'),
        ("🎸 Deftones 🤘🏽", "Deftones"),
        ("Guns N` Roses", "Guns N' Roses"),
        ("one\r\ntwo\x00\x1b[31m", "one two[31m"),
        ("Кино Ω", "Kino Ω"),
        ("宇多田ヒカル", "YuDuoTianhikaru"),
        ("\u202eevil\u202c", "evil"),
        ("", ""),
    ],
)
def test_names_are_written_in_the_alphabet_of_a_text(name: str, written: str) -> None:
    assert plain(name) == written


@pytest.mark.parametrize(
    ("text", "room", "kept"),
    [
        ("The Smashing Pumpkins", 21, "The Smashing Pumpkins"),
        ("The Smashing Pumpkins", 20, "The Smashing"),
        ("The Smashing Pumpkins", 12, "The Smashing"),
        ("The Smashing, Pumpkins", 14, "The Smashing"),
        ("Supercalifragilistic", 5, "Super"),
        ("€€€", 4, "€€"),
        ("anything", 0, ""),
    ],
)
def test_names_are_shortened_at_word_ends(text: str, room: int, kept: str) -> None:
    assert shorten(text, room) == kept


def test_a_long_name_gives_way_before_the_day_does() -> None:
    text = text_of(event_name="An Evening of " + "Very Long Names " * 12)

    assert "Sat 13 Jun 19:30, MSG" in text
    assert "An Evening of Very Long Names Very Long," in text


def test_what_it_was_gives_way_before_the_name_goes() -> None:
    long_url = "https://" + "x" * 112
    text = sms(telling(NEWS), Links(long_url))

    assert text == f"$84 all-in: Deftones #K7Q2 {long_url}/a/{CODE}"


def test_a_link_too_long_for_one_text_is_left_out_whole() -> None:
    assert sms(telling(NEWS), Links("https://" + "x" * 200)) == "$84 all-in #K7Q2"


def test_a_test_says_that_texts_arrive() -> None:
    assert text_of(reason=Reason.TEST) == "This is a test from Ticket Scout: texts arrive. #K7Q2"


# ── news that was held: what was true then, and what is true now ─────────────────────────────────────────

NIGHT = datetime(2026, 6, 1, 7, 10, tzinfo=UTC)  # 03:10 in New York


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"now_price": 8800}, "At 03:10 $71 all-in (was $112), now $88: Deftones, Sat 13 Jun 19:30, MSG"),
        ({"now_price": 7100}, "At 03:10 $71 all-in (was $112), still $71: Deftones, Sat 13 Jun 19:30, MSG"),
        (
            {"now_price": None},
            "At 03:10 $71 all-in (was $112), now not on sale: Deftones, Sat 13 Jun 19:30, MSG",
        ),
        ({"now_price": 0}, "At 03:10 $71 all-in (was $112), now free: Deftones, Sat 13 Jun 19:30, MSG"),
        (
            {"price": None, "was": None, "reason": Reason.BACK_IN_STOCK},
            "At 03:10 back in stock: Deftones, Sat 13 Jun 19:30, MSG",
        ),
        (
            {"price": None, "was": None, "reason": Reason.STATUS_CHANGED, "detail": "Cancelled."},
            "At 03:10 cancelled: Deftones, Sat 13 Jun 19:30, MSG",
        ),
        (
            {"price": 0, "was": None, "now_price": 500},
            "At 03:10 free, now $5: Deftones, Sat 13 Jun 19:30, MSG",
        ),
        (
            {"now_price": 8800, "observed_at": None},
            "$71 all-in (was $112), now $88: Deftones, Sat 13 Jun 19:30, MSG",
        ),
    ],
)
def test_held_news_says_then_and_now(changes: dict[str, Any], said: str) -> None:
    held = {"price": 7100, "observed_at": NIGHT, "now_at": NIGHT + timedelta(hours=4)}

    assert text_of(**held | changes) == f"{said} {END}"


@pytest.mark.parametrize(
    ("held_for", "since"),
    [
        (timedelta(days=1), "At 03:10"),
        (timedelta(days=1, minutes=1), "Mon 03:10"),
        (timedelta(days=6), "Mon 1 Jun 03:10"),
    ],
)
def test_longer_ago_than_a_day_the_day_is_said_too(held_for: timedelta, since: str) -> None:
    text = text_of(observed_at=NIGHT, now_at=NIGHT + held_for, now_price=9000)

    assert text.startswith(f"{since} $84 all-in (was $112), now $90: ")


def test_the_clock_is_the_persons_own_on_both_sides_of_a_clock_change() -> None:
    before, after = datetime(2026, 3, 8, 6, 30, tzinfo=UTC), datetime(2026, 3, 8, 7, 30, tzinfo=UTC)
    told = [text_of(observed_at=at, now_at=after, now_price=1)[:8] for at in (before, after)]

    assert told == ["At 01:30", "At 03:30"]


# ── several news in one text ─────────────────────────────────────────────────────────────────────────────


def test_several_news_are_one_text_that_names_as_many_as_fit() -> None:
    others = [about(name, price) for name, price in (("Korn", 4000), ("Bad Bunny", 9950), ("Tool", 12000))]

    assert text_of(*others) == (
        f"$84 all-in Deftones, Sat 13 Jun + $40 Korn + $99.50 Bad Bunny + $120 Tool {END}"
    )


def test_those_that_do_not_fit_are_counted() -> None:
    bands = [about(f"The Rather Long Band Number {number}", 1000 * number) for number in range(1, 30)]
    text = text_of(*bands)

    assert text == (
        "$84 all-in Deftones, Sat 13 Jun + $10 The Rather Long Band + $20 The Rather Long Band + 27 more "
        f"{END}"
    )


def test_what_is_no_price_is_told_in_few_words() -> None:
    gone = about("Korn", None, reason=Reason.STATUS_CHANGED, detail="Cancelled.")
    new = about("Tool", None, reason=Reason.NEW_LISTING)

    assert (
        text_of(gone, new) == f"$84 all-in Deftones, Sat 13 Jun + Cancelled: Korn + New listing: Tool {END}"
    )


def test_held_news_among_several_also_says_then_and_now() -> None:
    held = {"observed_at": NIGHT, "now_at": NIGHT + timedelta(hours=4)}
    text = text_of(
        about("Korn", 4000, now_price=5200, **held),
        about("Tool", 6000, now_price=6000, **held),
        now_price=8800,
        **held,
    )

    assert text == (
        "At 03:10 $84 all-in, now $88: Deftones, Sat 13 Jun + $40 (now $52) Korn + still $60 Tool " + END
    )


def test_a_watch_with_several_news_is_named_once_with_newest_and_lowest() -> None:
    low = replace(NEWS, price=7100, observed_at=NOW - timedelta(hours=2))
    other_kind = replace(NEWS, price=500, basis=Basis.FACE, observed_at=NOW - timedelta(hours=1))

    assert text_of(low, other_kind) == (
        f"$84 all-in (was $112), lowest $71: Deftones, Sat 13 Jun 19:30, MSG {END}"
    )
    korn = [about("Korn", 4000), replace(about("Korn", 3500), observed_at=NOW - timedelta(hours=2))]
    assert text_of(*korn) == f"$84 all-in Deftones, Sat 13 Jun + $40 (lowest $35) Korn {END}"


def test_what_is_counted_is_news_as_the_subject_of_a_letter_counts_it() -> None:
    names = [f"The Rather Long Band Number {number}" for number in range(1, 11)]
    twice = [about(name, price) for name in names for price in (1000, 900)]

    assert " + 14 more #" in text_of(*twice)  # 21 news: one, three named that had two each, and these


def test_two_events_of_one_watch_are_two_things() -> None:
    other_night = replace(NEWS, event_name="Deftones, second night", price=9000)

    assert text_of(other_night) == (f"$84 all-in Deftones, Sat 13 Jun + $90 Deftones, second night {END}")


# GSM-7 and UCS-2 by the book: 160/153 and 70/67, extension characters are two, pairs are never torn apart.
@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("a" * 160, 1),
        ("a" * 161, 2),
        ("a" * 306, 2),
        ("a" * 307, 3),
        ("€" * 80, 1),
        ("€" * 81, 2),
        ("a" * 152 + "€" + "a" * 10, 2),
        ("a" * 152 + "€" + "a" * 151, 2),
        ("a" * 152 + "€" + "a" * 152, 3),
        ("é" * 160, 1),
        ("á" * 70, 1),
        ("á" * 71, 2),
        ("á" * 134, 2),
        ("á" * 135, 3),
        ("🎸" * 35, 1),
        ("🎸" * 36, 2),
        ("á" * 66 + "🎸" * 34, 3),
        ("\u00a0", 1),
        ("", 1),
    ],
)
def test_segments_are_counted_as_they_are_billed(text: str, count: int) -> None:
    assert segments(text) == count


def test_the_alphabet_is_complete() -> None:
    """3GPP TS 23.038: 128 positions, of which one is the escape; ten more behind it (form feed not used)."""
    assert sum(septets(chr(point)) == 1 for point in range(0x10000)) == 127
    assert {chr(point) for point in range(0x10000) if septets(chr(point)) == 2} == set("^{}\\[~]|€")
    assert not gsm.fits("\x1b")


ugly = st.one_of(
    st.text(max_size=200),
    st.text(
        st.sampled_from("éáßřΩЖ東京한שלוםمرحبا🎸👩‍👧\u202e\n\r\t\x00\x1b`\u2019“…{}[]€|^~\\ ab,"),
        max_size=200,
    ),
    st.just("W" * 200),
    st.just("word " * 40),
)
links = st.from_regex(r"\Ahttps://[a-z0-9~_.-]{1,52}\Z")
prices = st.integers(min_value=0, max_value=10**9)
news = st.builds(
    News,
    reason=st.sampled_from([reason for reason in Reason if reason.fires]),
    watch_name=ugly,
    provider=st.just("ticketmaster"),
    event_name=st.none() | ugly,
    venue=st.none() | ugly,
    city=st.none() | ugly,
    starts_at=st.none()
    | st.datetimes(
        datetime(2026, 1, 1),  # noqa: DTZ001
        datetime(2030, 1, 1),  # noqa: DTZ001
        timezones=st.just(timezone(timedelta(hours=-7))),
    ),
    basis=st.none() | st.sampled_from(Basis),
    currency=st.sampled_from(["USD", "EUR", "GBP", "JPY", "KRW", "KWD", "MXN", "CHF"]),
    price=st.none() | prices,
    was=st.none() | prices,
    detail=st.none() | ugly,
    url=st.none() | ugly,
    next_text=st.none() | ugly,
    observed_at=st.none() | st.just(NOW),
    now_at=st.none() | st.just(NOW + timedelta(days=3)),
    now_price=st.none() | prices,
)
groups = st.lists(news, max_size=6) | st.builds(lambda one, times: [one] * times, news, st.integers(0, 99))


@settings(deadline=None)  # a busy machine is no failure
@given(news, groups, links, st.text())
def test_every_text_is_one_segment_with_price_code_and_link_whole(
    news: News, more: list[News], public_url: str, identity: str
) -> None:
    code = alert_code(identity.encode("utf-8", "ignore").decode())
    alert = an_alert(code=code, news=news, more=tuple(more))
    text = sms(alert, Links(public_url), NEW_YORK)

    assert segments(text) == 1
    assert text.isprintable()
    if news.reason is Reason.TEST and not more:
        return
    assert text.endswith(f" #{code[:4]} {public_url}/a/{code}")
    first = digests.topics(alert.every_news)[0].news
    if first.price is not None and first.currency:
        price = spoken(first.price, first.currency) if first.price else "free"
        assert price in text.removesuffix(f"{public_url}/a/{code}").replace("Free", "free")


@settings(deadline=None)  # a busy machine is no failure
@given(st.lists(ugly, min_size=1, max_size=99, unique=True), links)
def test_what_is_not_named_is_counted_however_many_there_are(names: list[str], public_url: str) -> None:
    others = [replace(NEWS, watch_name=name, event_name=None, price=77700) for name in names]
    text = sms(telling(NEWS, *others), Links(public_url))
    *_, last = text.removesuffix(f" #K7Q2 {public_url}/a/{CODE}").split(" + ")
    counted = int(last.removesuffix(" more")) if last.endswith(" more") else 0

    assert segments(text) == 1
    assert text.startswith("$84 all-in")
    assert text.count("$777") + counted == len(names)


@settings(deadline=None)  # a busy machine is no failure
@given(ugly, groups, st.text(max_size=300))
def test_whatever_the_public_url_a_text_is_one_segment(name: str, more: list[News], public_url: str) -> None:
    text = sms(telling(replace(NEWS, event_name=name), *more), Links(public_url))

    assert segments(text) == 1
    assert "#K7Q2" in text
    assert more or "$84 all-in" in text


@settings(deadline=None)  # a busy machine is no failure
@given(ugly, st.integers(min_value=0, max_value=200))
def test_shortening_keeps_within_its_room_and_only_cuts(name: str, room: int) -> None:
    text = plain(name)
    kept = shorten(text, room)

    assert text.startswith(kept)
    assert (septets(kept) or 0) <= room


# ── the push message ─────────────────────────────────────────────────────────────────────────────────────


def test_a_push_message_has_a_title_and_the_rest() -> None:
    title, text = push(telling(NEWS), LINKS)

    assert title == "$84 all-in (was $112): Deftones"
    assert text == (
        "Sat 13 Jun 19:30, MSG, New York\n"
        "Next alert under $83, or after it has been over $96.\n"
        "\n"
        "About this alert (#K7Q2): https://scout.example/a/K7Q28M4X\n"
    )


def test_a_push_message_about_many_lists_twenty() -> None:
    title, text = push(telling(NEWS, *(about(f"Band {number}", 1000) for number in range(1, 31))), LINKS)
    lines = text.splitlines()

    assert title == "31 alerts: $84 Deftones, $10 Band 1 and 29 more"
    assert lines[0] == "$84 all-in (was $112): Deftones, Sat 13 Jun 19:30, MSG"
    assert lines[19:21] == ["$10 all-in (was $112): Band 19, Sat 13 Jun 19:30, MSG", "and 11 more"]


def test_a_push_message_that_stands_in_for_a_text_says_why() -> None:
    copy = replace(telling(NEWS), copy_of="first", copy_why="21610", also=(Channel.SMS,))

    assert push(copy, LINKS)[1].startswith("The text about this (#K7Q2) could not be delivered: your number")


def test_a_push_test_says_so() -> None:
    tried = telling(replace(NEWS, reason=Reason.TEST))

    assert push(tried, LINKS) == (
        "This is a test from Ticket Scout",
        "This is a test from Ticket Scout: push messages arrive. #K7Q2\n",
    )


@settings(deadline=None)  # a busy machine is no failure
@given(news, groups)
def test_the_title_of_a_push_message_is_one_line(news: News, more: list[News]) -> None:
    title, text = push(telling(news, *more), LINKS, NEW_YORK)

    assert len(title.splitlines()) == 1
    assert len(text.splitlines()) <= 25
    assert len(text) < 2000  # what is longer is cut off at its end, where the link is


# ── by channel ───────────────────────────────────────────────────────────────────────────────────────────


def test_each_channel_gets_what_it_can_show() -> None:
    text, letter, pushed = (
        render(an_alert(channel), LINKS) for channel in (Channel.SMS, Channel.EMAIL, Channel.PUSH)
    )

    assert (text.subject, text.html, text.stop_url) == ("", "", "")
    assert letter.subject == pushed.subject == "$84 all-in (was $112): Deftones"
    assert letter.html
    assert not pushed.html
    assert letter.stop_url == f"{PUBLIC_URL}/stop/{letter.code}"


@pytest.mark.parametrize("channel", [Channel.EMAIL, Channel.PUSH])
@pytest.mark.parametrize(("more", "verb"), [((), "stop"), ((NEWS,), "stop-all")])
def test_with_a_key_what_stops_is_signed_and_stops_all_that_is_told(
    channel: Channel, more: tuple[News, ...], verb: str
) -> None:
    signed = Links(PUBLIC_URL, "a-key-of-this-test-alone")
    alert = an_alert(channel, more=more)
    token = render(alert, signed).stop_url.removeprefix(f"{PUBLIC_URL}/do/")

    assert signed.read_verb(token, datetime.now(UTC)) == (alert.id, verb)


def test_the_letter_of_a_test_stops_nothing() -> None:
    assert render(an_alert(Channel.EMAIL, news=replace(NEWS, reason=Reason.TEST)), LINKS).stop_url == ""
