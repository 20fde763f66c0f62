"""What people read in an e-mail: all that a text leaves out, never a lie about the text that did not come."""

import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage
from html.parser import HTMLParser
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from notifiers.links import Links
from notifiers.words import phrases
from notifiers.words.letters import email, undelivered
from tests.notifiers.kit import NEWS, NOW, PUBLIC_URL, an_alert
from watchers.alerts import alert_code
from watchers.kinds import Channel
from watchers.models import Alert, News, PastPrice, Reason

CODE = "K7Q28M4X"
LINKS = Links(PUBLIC_URL)
SIGNED = Links(PUBLIC_URL, "a-key-of-this-test-alone")
NEW_YORK = ZoneInfo("America/New_York")
ACTS = {
    "Snooze for an hour": "snooze-1h",
    "Snooze for a day": "snooze-1d",
    "Change the price": "below",
    "I bought it": "bought",
    "Stop these alerts": "stop",
}


def letter(*more: News, links: Links = LINKS, zone: Any = UTC, **changes: Any) -> tuple[str, str, str]:
    """Subject, text and HTML of a letter that says the usual news with these changes, and more."""
    return email(telling(replace(NEWS, **changes), *more), links, zone)


def telling(news: News, *more: News, **changes: Any) -> Alert:
    return an_alert(Channel.EMAIL, code=CODE, news=news, more=more, **changes)


def meant(link: str) -> tuple[str, str] | None:
    """The alert and the verb of a signed link."""
    return SIGNED.read_verb(link.removeprefix(f"{PUBLIC_URL}/do/"), datetime.now(UTC))


def about(name: str, price: int | None = 4000, **changes: Any) -> News:
    """News of another watch."""
    return replace(NEWS, watch_name=f"{name} watch", event_name=name, price=price, **changes)


class Page(HTMLParser):
    """The links of a letter, its tags, and whatever it would load."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.links: dict[str, list[str]] = {}
        self.tags: list[str] = []
        self.loads: list[str] = []
        self._href = ""
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        found = dict(attrs)
        self._href = found.get("href") or "" if tag == "a" else ""
        self.loads += [name for name in found if name in {"src", "srcset", "background", "class", "id"}]

    def handle_data(self, data: str) -> None:
        if self._href:
            self.links.setdefault(data.replace("\u00a0", " "), []).append(self._href)
            self._href = ""


def test_a_letter_says_all_that_a_text_leaves_out() -> None:
    subject, text, html = letter()

    assert subject == "$84 all-in (was $112): Deftones"
    assert text == (
        "$84 all-in (was $112)\n"
        "Deftones\n"
        "Sat 13 Jun 2026 19:30, MSG, New York\n"
        "\n"
        "The price includes all fees.\n"
        "Seen at Ticketmaster on Mon 1 Jun 2026 at 08:00 (UTC-04:00).\n"
        "Next alert under $83, or after it has been over $96.\n"
        'Your watch: "Deftones under $90".\n'
        "\n"
        "Official page: https://tickets.example/e/1\n"
        "About this alert (#K7Q2): https://scout.example/a/K7Q28M4X\n"
        "Stop these alerts: https://scout.example/stop/K7Q28M4X\n"
    )
    assert Page(html).links == {
        "Official page": ["https://tickets.example/e/1"],
        "About this alert (#K7Q2)": [f"{PUBLIC_URL}/a/{CODE}"],
        "Stop these alerts": [f"{PUBLIC_URL}/stop/{CODE}"],
    }
    assert "Next alert under $83" in html
    assert "Next text" not in html


def test_with_a_key_a_letter_offers_what_can_be_done() -> None:
    _, text, html = letter(links=SIGNED)
    links, identity = Page(html).links, an_alert(Channel.EMAIL).id

    acts = {label: meant(found) for label, (found,) in links.items() if "/do/" in found}
    assert acts == {label: (identity, verb) for label, verb in ACTS.items()}
    assert re.findall(r"^(.*): \S+/do/", text, re.MULTILINE) == list(ACTS)
    assert "/stop/" not in text


@pytest.mark.parametrize(
    "changes",
    [
        {"reason": Reason.BACK_IN_STOCK},
        {"reason": Reason.STATUS_CHANGED, "detail": "Cancelled."},
        {"price": None},
        {"currency": None},
    ],
)
def test_where_the_news_is_no_price_there_is_none_to_change(changes: dict[str, Any]) -> None:
    _, text, html = letter(links=SIGNED, **changes)

    assert "Change the price" not in {*Page(html).links, *re.findall(r"^[\w ]+(?=:)", text, re.MULTILINE)}
    assert "Snooze for an hour" in Page(html).links


def test_a_watch_of_which_any_news_is_a_price_has_one_to_change() -> None:
    back = replace(NEWS, reason=Reason.BACK_IN_STOCK)
    _, _, html = email(telling(back, NEWS), SIGNED)

    assert len(Page(html).links["Change the price"]) == 1


# ── held news ────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("now_price", "said"), [(8800, "now $88"), (7100, "still $71"), (None, "now not on sale")]
)
def test_held_news_says_then_and_now(now_price: int | None, said: str) -> None:
    at = datetime(2026, 6, 1, 7, 10, tzinfo=UTC)
    held: dict[str, Any] = {
        "price": 7100,
        "observed_at": at,
        "now_at": at + timedelta(hours=4),
        "now_price": now_price,
    }
    subject, text, html = letter(zone=NEW_YORK, **held)

    assert subject == f"At 03:10 $71 all-in (was $112), {said}: Deftones"
    for part in (text, html):
        assert f"At 03:10 $71 all-in (was $112), {said}" in part
        assert "This waited until 07:10 your time. The price was looked up again then." in part


# ── many news ────────────────────────────────────────────────────────────────────────────────────────────


def test_a_digest_names_two_and_counts_the_rest() -> None:
    subject, text, _ = letter(about("Korn"), about("Tool"), about("Muse"), about("Blur"))

    assert subject == "5 alerts: $84 Deftones, $40 Korn and 3 more"
    assert text.startswith(
        '5 alerts\n\nYour watch: "Deftones under $90"\n\n$84 all-in (was $112)\nDeftones\n'
    )


def test_a_digest_puts_together_what_one_watch_says() -> None:
    later = replace(NEWS, price=7100)
    subject, text, html = letter(about("Korn"), later)

    assert subject == "3 alerts: $71 Deftones, $40 Korn"
    headings = [line for line in text.splitlines() if line.startswith("Your watch:")]
    assert headings == ['Your watch: "Deftones under $90"', 'Your watch: "Korn watch"']
    assert text.index("$71 all-in") < text.index("Korn watch")
    assert Page(html).tags.count("h2") == 2
    assert Page(html).tags.count("h3") == 3


def test_in_a_digest_each_watch_can_be_acted_on() -> None:
    alert = telling(NEWS, about("Korn"), more_alerts=("the-id-of-korn",), more_codes=("M7Q2ABCD",))
    _, text, html = email(alert, SIGNED)
    links = Page(html).links

    for label, verb in ACTS.items():
        assert list(map(meant, links[label])) == [(alert.id, verb), ("the-id-of-korn", verb)]
    assert list(map(meant, links["Stop all these alerts"])) == [(alert.id, "stop-all")]
    assert links["About this alert (#M7Q2)"] == [f"{PUBLIC_URL}/a/M7Q2ABCD"]
    assert f"{PUBLIC_URL}/a/M7Q2ABCD" in text


def test_without_a_key_a_digest_cannot_stop_all_at_once() -> None:
    _, text, html = email(telling(NEWS, about("Korn")), LINKS)

    assert "Stop all" not in text + html
    assert f"{PUBLIC_URL}/stop/{CODE}" in text


@pytest.mark.parametrize("known", [(), ("one-for-two",)])
def test_where_only_the_message_knows_what_it_said_nothing_is_linked_wrongly(known: tuple[str, ...]) -> None:
    alert = telling(NEWS, about("Korn"), about("Tool"), more_alerts=known, more_codes=known)
    _, _, html = email(alert, SIGNED)

    assert len(Page(html).links["Stop these alerts"]) == 1
    assert [label for label in Page(html).links if label.startswith("About")] == ["About this alert (#K7Q2)"]


def test_a_digest_ends_at_fifty_and_stays_small_enough_to_be_shown_whole() -> None:
    others = [about(f"The Rather Long Name of Band {number}") for number in range(99)]
    ids = tuple(f"{number:032x}" for number in range(99))
    alert = telling(NEWS, *others, more_alerts=ids, more_codes=tuple(map(alert_code, ids)))
    subject, text, html = email(alert, SIGNED)

    assert subject.startswith("100 alerts: $84 Deftones, $40 The Rather Long Name of Band 0 and 98 more")
    assert Page(html).tags.count("h3") == 50
    assert f"And 50 more: {PUBLIC_URL}/a/{CODE}" in text
    assert Page(html).links["And 50 more"] == [f"{PUBLIC_URL}/a/{CODE}"]
    assert len(html) < 102_000  # where Gmail cuts


def test_a_digest_of_held_news_says_then_and_now_of_each() -> None:
    at = datetime(2026, 6, 1, 7, 10, tzinfo=UTC)
    held: dict[str, Any] = {"observed_at": at, "now_at": at + timedelta(hours=4)}
    subject, text, _ = letter(about("Korn", now_price=4000, **held), zone=NEW_YORK, now_price=9700, **held)

    assert subject == "2 alerts: $84 (now $97) Deftones, still $40 Korn"
    assert "At 03:10 $84 all-in (was $112), now $97\nDeftones" in text
    assert "At 03:10 $40 all-in (was $112), still $40\nKorn" in text


# ── a copy says why ──────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("why", "said"),
    [
        (
            "no_answer",
            "We could not confirm that the text about this (#K7Q2) reached you. You may have both; ",
        ),
        ("server_error", "We could not confirm"),
        ("lease_expired", "We could not confirm"),
        ("unconfirmed", "We could not confirm"),
        ("21610", "The text about this (#K7Q2) could not be delivered: your number has opted out"),
        ("opted_out", "could not be delivered: your number has opted out"),
        ("21211", "could not be delivered: your phone number cannot receive texts"),
        ("30003", "could not be delivered: your phone could not be reached"),
        ("30004", "could not be delivered: your phone or your carrier blocks our texts"),
        ("30005", "could not be delivered: your carrier does not know your phone number"),
        ("30006", "could not be delivered: your phone number cannot receive texts"),
        ("30007", "could not be delivered: a carrier took it for unwanted"),
        ("30008", "could not be delivered: nobody said why."),
        ("30032", "could not be delivered: our number is not registered"),
        ("30034", "could not be delivered: our number is not registered"),
        ("21408", "could not be delivered: texts to your country are not allowed here"),
        ("sms_not_configured", "was not sent: texts are switched off here"),
        ("no_verified_phone", "was not sent: we have no verified phone number of yours"),
        ("over_budget", "was not sent: this month's texts of this installation are used up."),
        ("over_budget_person", "was not sent: your texts of this month are used up."),
        ("unavailable", "could not be delivered: the text service could not be reached"),
        ("39999", "could not be delivered: the phone network refused it (code 39999)."),
    ],
)
def test_a_copy_says_honestly_what_became_of_the_text(why: str, said: str) -> None:
    copy = telling(NEWS, copy_of="first", copy_why=why, also=(Channel.SMS,))
    _, text, html = email(copy, LINKS)

    assert said in text.splitlines()[0]
    assert said.replace("'", "&#x27;") in html
    assert ("START" in text) == (why in ("21610", "opted_out"))


@pytest.mark.parametrize(
    ("why", "said"),
    [
        (
            "no_answer",
            "We could not confirm that the push message about this (#K7Q2) reached you. You may have",
        ),
        (
            "push_not_configured",
            "The push message about this (#K7Q2) was not sent: push messages are switched",
        ),
        ("no_verified_push", "was not sent: we have no verified address of yours for push messages."),
        ("unavailable", "could not be delivered: the push service could not be reached."),
        ("404", "could not be delivered: the push service refused it (code 404)."),
    ],
)
def test_a_copy_of_a_push_message_names_what_failed(why: str, said: str) -> None:
    copy = telling(NEWS, copy_of="first", copy_why=why, also=(Channel.SMS, Channel.PUSH))

    assert said in email(copy, LINKS)[1].splitlines()[0]


def test_an_unconfirmed_message_is_promised_never_to_come_twice() -> None:
    assert undelivered("no_answer").endswith("we do not text it again.")
    assert undelivered("no_answer", channel=Channel.PUSH).endswith("we do not send it again.")


def test_a_code_is_said_on_one_line_whatever_it_holds() -> None:
    assert (
        undelivered("5\r\n50")
        == "The text about this could not be delivered: the phone network refused it (code 5 50)."
    )


# ── somebody else's words, and letters about little ──────────────────────────────────────────────────────


def test_somebody_elses_words_stay_words() -> None:
    evil = replace(
        NEWS,
        event_name='<script>alert("x")</script>\r\nBcc: all@example.org',
        url="javascript:alert(1)",
        watch_name='"><img src=https://evil.example/pixel>',
        recent=(PastPrice(NOW, 9900),),
        currency="<b>",
    )
    for subject, text, html in (letter(), email(telling(evil), LINKS), email(telling(evil, evil), LINKS)):
        assert "\n" not in subject
        assert {"script", "img", "b"}.isdisjoint(Page(html).tags)
        assert "javascript:" not in html + text


def test_the_html_loads_nothing_and_says_its_colours() -> None:
    _, _, html = letter(recent=(PastPrice(NOW - timedelta(days=1), 9900),))

    assert Page(html).loads == []
    assert {"img", "svg", "style", "link", "script"}.isdisjoint(Page(html).tags)
    assert "url(" not in html
    assert "color:#222222;background-color:#ffffff" in html


def test_a_name_in_any_script_stays_as_it_is() -> None:
    assert all("宇多田ヒカル 🎸" in part for part in letter(event_name="宇多田ヒカル 🎸"))


def test_a_status_letter_leads_with_what_happened() -> None:
    changed: dict[str, Any] = {
        "reason": Reason.STATUS_CHANGED,
        "detail": "Moved to Fri 19 Jun.",
        "price": None,
    }

    assert letter(**changed)[0] == "Moved to Fri 19 Jun: Deftones"


def test_the_subject_of_a_status_begins_with_a_capital_and_a_free_item_is_free() -> None:
    subject, text, _ = letter(reason=Reason.STATUS_CHANGED, detail="moved to Fri 19 Jun.", price=0)

    assert subject == "Moved to Fri 19 Jun, free: Deftones"
    assert "The price" not in text


def test_a_letter_about_little_is_still_a_letter() -> None:
    bare = News(reason=Reason.NEW_LISTING, watch_name="Lakers", provider="seatgeek")
    subject, text, _ = email(telling(bare), LINKS)

    assert subject == "New listing: Lakers"
    assert text.startswith('New listing\nLakers\n\nYour watch: "Lakers".\n\nAbout this alert')


def test_without_the_events_hour_the_observation_is_told_in_utc() -> None:
    _, text, _ = letter(starts_at=None, observed_at=NOW.astimezone(UTC))

    assert "on Mon 1 Jun 2026 at 12:00 (UTC)." in text


def test_a_test_says_that_e_mails_arrive() -> None:
    subject, text, html = letter(reason=Reason.TEST)

    assert subject == "This is a test from Ticket Scout"
    assert text == "This is a test from Ticket Scout: e-mails arrive. #K7Q2\n"
    assert text.strip() in html


ugly = st.text(max_size=120) | st.text(
    st.sampled_from("éЖ東ש🎸👩‍👧\u202e\n\r\x00`<>&\"'=?{} ab,"), max_size=200
)
news = st.builds(
    News,
    reason=st.sampled_from([reason for reason in Reason if reason.fires]),
    watch_name=ugly,
    provider=st.just("ticketmaster"),
    event_name=st.none() | ugly,
    venue=st.none() | ugly,
    currency=st.none() | st.sampled_from(["USD", "KWD", "JPY"]),
    price=st.none() | st.integers(0, 10**9),
    was=st.none() | st.integers(0, 10**9),
    detail=st.none() | ugly,
    url=st.none() | ugly,
    observed_at=st.none() | st.just(NOW),
    recent=st.lists(st.builds(PastPrice, st.just(NOW), st.integers(0, 10**9)), max_size=12).map(tuple),
    now_at=st.none() | st.just(NOW + timedelta(days=3)),
    now_price=st.none() | st.integers(0, 10**9),
)


OURS = {
    *("html", "head", "meta", "body", "p", "h1", "h2", "h3"),
    *("strong", "br", "hr", "a", "table", "tr", "td"),
}


@settings(deadline=None)  # a busy machine is no failure
@given(news, st.lists(news, max_size=4))
def test_every_letter_can_be_written_and_has_a_one_line_subject(news: News, more: list[News]) -> None:
    subject, text, html = email(telling(news, *more), LINKS, NEW_YORK)
    written = EmailMessage()
    written["Subject"] = subject.replace("=?", "= ?")
    written.set_content(text)
    written.add_alternative(html, subtype="html")

    assert written.as_bytes()
    assert len(subject) <= 120
    assert phrases.one_line(subject) == subject
    assert set(Page(html).tags) <= OURS
