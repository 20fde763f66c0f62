"""What people read: always one segment, never half a price, never a lie about the text that did not come."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta, timezone
from email.message import EmailMessage
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from notifiers import gsm, phrases
from notifiers.gsm import plain, septets, shorten
from notifiers.messages import email, render, segments, sms
from tests.notifiers.kit import NEWS, NOW, PUBLIC_URL, an_alert
from watchers.alerts import alert_code
from watchers.models import News, Reason
from watchers.money import Basis, spoken
from watchers.watch import Channel

CODE = "K7Q28M4X"
END = f"#K7Q2 {PUBLIC_URL}/a/{CODE}"


def text_of(**changes: Any) -> str:
    return sms(replace(NEWS, **changes), CODE, PUBLIC_URL)


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
    text = sms(NEWS, CODE, long_url)

    assert text == f"$84 all-in: Deftones #K7Q2 {long_url}/a/{CODE}"


def test_a_link_too_long_for_one_text_is_left_out_whole() -> None:
    assert sms(NEWS, CODE, "https://" + "x" * 200) == "$84 all-in #K7Q2"


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
)


@settings(deadline=None)  # a busy machine is no failure
@given(news, links, st.text())
def test_every_text_is_one_segment_with_price_code_and_link_whole(
    news: News, public_url: str, identity: str
) -> None:
    code = alert_code(identity.encode("utf-8", "ignore").decode())
    text = sms(news, code, public_url)

    assert segments(text) == 1
    assert text.isprintable()
    assert text.endswith(f" #{code[:4]} {public_url}/a/{code}")
    if news.price is not None and news.currency:
        price = spoken(news.price, news.currency) if news.price else "free"
        assert price in text.removesuffix(f"{public_url}/a/{code}").replace("Free", "free")


@settings(deadline=None)  # a busy machine is no failure
@given(ugly, st.text(max_size=300))
def test_whatever_the_public_url_a_text_is_one_segment(name: str, public_url: str) -> None:
    text = sms(replace(NEWS, event_name=name), CODE, public_url)

    assert segments(text) == 1
    assert "$84 all-in" in text
    assert "#K7Q2" in text


@settings(deadline=None)  # a busy machine is no failure
@given(ugly, st.integers(min_value=0, max_value=200))
def test_shortening_keeps_within_its_room_and_only_cuts(name: str, room: int) -> None:
    text = plain(name)
    kept = shorten(text, room)

    assert text.startswith(kept)
    assert (septets(kept) or 0) <= room


# ── the e-mail ───────────────────────────────────────────────────────────────────────────────────────────


def test_a_letter_says_all_that_a_text_leaves_out() -> None:
    subject, text, html = email(NEWS, CODE, PUBLIC_URL)

    assert subject == "$84 all-in (was $112): Deftones"
    assert text == (
        "$84 all-in (was $112)\n"
        "Deftones\n"
        "Sat 13 Jun 2026 19:30, MSG, New York\n"
        "\n"
        "The price includes all fees.\n"
        "Seen at Ticketmaster on Mon 1 Jun 2026 at 08:00 (UTC-04:00).\n"
        "Next text under $83, or after it has been over $96.\n"
        'Your watch: "Deftones under $90".\n'
        "\n"
        "Official page: https://tickets.example/e/1\n"
        "About this alert (#K7Q2): https://scout.example/a/K7Q28M4X\n"
        "Stop these alerts: https://scout.example/stop/K7Q28M4X\n"
    )
    for link in ("https://tickets.example/e/1", f"{PUBLIC_URL}/a/{CODE}", f"{PUBLIC_URL}/stop/{CODE}"):
        assert f'href="{link}"' in html
    assert "Next text under $83" in html


@pytest.mark.parametrize(
    ("why", "said"),
    [
        ("no_answer", "We could not confirm that the text about this (#ABCD) reached you. You may have both"),
        ("server_error", "We could not confirm"),
        ("lease_expired", "We could not confirm"),
        ("21610", "The text about this (#ABCD) could not be delivered: your number has opted out"),
        ("opted_out", "could not be delivered: your number has opted out"),
        ("21211", "could not be delivered: your phone number cannot receive texts"),
        ("sms_not_configured", "could not be delivered: texts are switched off here"),
        ("unavailable", "could not be delivered: the text service could not be reached"),
        ("30007", "could not be delivered: the phone network refused it (code 30007)"),
    ],
)
def test_a_copy_says_honestly_what_became_of_the_text(why: str, said: str) -> None:
    _, text, html = email(NEWS, CODE, PUBLIC_URL, copy_why=why, text_code="ABCD2345")

    assert said in text.splitlines()[0]
    assert said in html
    assert "START" not in text  # replies are not read


def test_a_rendered_copy_names_the_code_of_the_text_it_stands_in_for() -> None:
    copy = an_alert(Channel.EMAIL, copy_of="first", copy_why="no_answer")

    assert f"(#{copy.code[:4]})" in render(copy, PUBLIC_URL).text


def test_somebody_elses_words_stay_words() -> None:
    evil = replace(
        NEWS,
        event_name='<script>alert("x")</script>\r\nBcc: all@example.org',
        url="javascript:alert(1)",
        watch_name='"><img src=https://evil.example/pixel>',
    )
    subject, text, html = email(evil, CODE, PUBLIC_URL)

    assert "\n" not in subject
    assert "<script" not in html
    assert "<img" not in html
    assert "javascript:" not in html + text


def test_a_name_in_any_script_stays_as_it_is() -> None:
    subject, text, html = email(replace(NEWS, event_name="宇多田ヒカル 🎸"), CODE, PUBLIC_URL)

    assert all("宇多田ヒカル 🎸" in part for part in (subject, text, html))


def test_a_status_letter_leads_with_what_happened() -> None:
    changed = replace(NEWS, reason=Reason.STATUS_CHANGED, detail="Moved to Fri 19 Jun.", price=None)

    assert email(changed, CODE, PUBLIC_URL)[0] == "Moved to Fri 19 Jun: Deftones"


def test_the_subject_of_a_status_begins_with_a_capital_and_a_free_item_is_free() -> None:
    changed = replace(NEWS, reason=Reason.STATUS_CHANGED, detail="moved to Fri 19 Jun.", price=0)
    subject, text, _ = email(changed, CODE, PUBLIC_URL)

    assert subject == "Moved to Fri 19 Jun, free: Deftones"
    assert "The price" not in text


def test_a_letter_about_little_is_still_a_letter() -> None:
    bare = News(reason=Reason.NEW_LISTING, watch_name="Lakers", provider="seatgeek")
    subject, text, _ = email(bare, CODE, PUBLIC_URL)

    assert subject == "New listing: Lakers"
    assert text.startswith('New listing\nLakers\n\nYour watch: "Lakers".\n\nAbout this alert')


def test_without_the_events_hour_the_observation_is_told_in_utc() -> None:
    _, text, _ = email(replace(NEWS, starts_at=None, observed_at=NOW.astimezone(UTC)), CODE, PUBLIC_URL)

    assert "on Mon 1 Jun 2026 at 12:00 (UTC)." in text


@settings(deadline=None)  # a busy machine is no failure
@given(news)
def test_every_letter_can_be_written_and_has_a_one_line_subject(news: News) -> None:
    subject, text, html = email(news, CODE, PUBLIC_URL)
    letter = EmailMessage()
    letter["Subject"] = subject
    letter.set_content(text)
    letter.add_alternative(html, subtype="html")

    assert letter.as_bytes()
    assert len(subject) <= 120
    assert phrases.one_line(subject) == subject
