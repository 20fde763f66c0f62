"""What people text back is understood as they mean it, and answered in at most two segments."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from notifiers.words import answers, phrases
from notifiers.words.answers import Line
from notifiers.words.gsm import segments, septets
from notifiers.words.replies import KEYWORDS, Amount, Reply, Verb, amount, parse
from tests.builders import BACK_IN_STOCK, NEW_LISTING, STATUS, below, drop, historic_low, watch
from watchers.language import speaking
from watchers.models import News, Reason
from watchers.money import Basis

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)


@pytest.mark.parametrize("word", sorted(KEYWORDS))
@pytest.mark.parametrize("form", ["{}", " {} ", "{}\r\n", "\u00a0{}"])
def test_a_word_that_twilio_acts_on_is_left_to_it(word: str, form: str) -> None:
    for text in (form.format(word), form.format(word.upper()), form.format(word.capitalize())):
        assert parse(text) == Reply(KEYWORDS[word], is_keyword=True)


@pytest.mark.parametrize(
    "text",
    [
        "stop please",
        "Please stop texting me",
        "STOP!!!",
        "Stop.",
        "“STOP”",
        "STOP 🛑🛑",
        "S\u200bTOP",
        "\uff33\uff34\uff2f\uff30",  # full-width letters
        "stop it now",
        "please, please stop",
        "Can you stop sending me messages",
        "unsubscribe me",
        "I want to cancel my subscription",
        "no more texts",
        "NO MORE",
        "opt-out",
        "opt out please",
        "opt me out",
        "take me off your list",
        "remove me",
        "leave me alone",
        "end please",
        "quit texting me",
        "STOP ALL",
        "stop #K7Q2",
        "STOP K7Q2",
        "Stopp bitte",
        "kündigen",
        "abmelden",
        "ARRÊT",
        "arret svp",
        "Alto por favor",
        "cancelar",
    ],
)
def test_a_wish_to_be_left_alone_is_believed_however_it_is_put(text: str) -> None:
    reply = parse(text)
    assert (reply.verb, reply.is_keyword) == (Verb.STOP, False)


@pytest.mark.parametrize(
    "text",
    [
        "don't stop",
        "Don\u2019t stop!",
        "dont stop",
        "do not stop",
        "can't stop, won't stop",
        "cant stop",
        "never stop",
        "non-stop",
        "bus stop",
        "stop here",
        "next stop?",
        "don't cancel",
        "was the show cancelled?",
        "the end",
        "he quit the band",
        "stop for 3 days",
        "why stop",
        "nicht stop",
        "не stop",
        "unstoppable",
        "stop Lakers",
        "cant stop #K7Q2",
    ],
)
def test_stop_inside_something_else_is_no_wish_to_stop(text: str) -> None:
    assert parse(text).verb is not Verb.STOP


@pytest.mark.parametrize(
    ("text", "reply"),
    [
        ("Start!", Reply(Verb.START)),
        ("start again please", Reply(Verb.START)),
        ("YES!", Reply(Verb.UNKNOWN)),
        ("help?", Reply(Verb.HELP)),
        ("?", Reply(Verb.HELP)),
        ("info please", Reply(Verb.HELP)),
        ("LIST", Reply(Verb.LIST)),
        ("list my watches", Reply(Verb.LIST)),
        ("why?", Reply(Verb.WHY)),
        ("WHY #K7Q2", Reply(Verb.WHY, "K7Q2")),
        ("#k7q28m4x why", Reply(Verb.WHY, "K7Q28M4X")),
        ("K7Q28M4X WHY", Reply(Verb.WHY, "K7Q28M4X")),
        ("SNOOZE 1D", Reply(Verb.SNOOZE, length=DAY)),
        ("snooze", Reply(Verb.SNOOZE, length=DAY)),
        ("1D", Reply(Verb.SNOOZE, length=DAY)),
        ("1\u00a0h", Reply(Verb.SNOOZE, length=HOUR)),
        ("“1H”", Reply(Verb.SNOOZE, length=HOUR)),
        ("3 DAYS", Reply(Verb.SNOOZE, length=3 * DAY)),
        ("90M", Reply(Verb.SNOOZE, length=90 * timedelta(minutes=1))),
        ("Snooze for an hour, please", Reply(Verb.SNOOZE, length=HOUR)),
        ("snooze 2 weeks K7Q2", Reply(Verb.SNOOZE, "K7Q2", 14 * DAY)),
        ("1m", Reply(Verb.SNOOZE, length=timedelta(minutes=1))),
        ("60d", Reply(Verb.SNOOZE, length=60 * DAY)),
        ("0m", Reply(Verb.SNOOZE)),
        ("61d", Reply(Verb.SNOOZE)),
        ("999999w", Reply(Verb.SNOOZE)),
        ("1d 2345", Reply(Verb.SNOOZE, "2345", DAY)),
        ("BELOW 80", Reply(Verb.BELOW, amount=Amount(Decimal(80)))),
        ("below 80.", Reply(Verb.BELOW, amount=Amount(Decimal(80)))),
        ("Below $79.50", Reply(Verb.BELOW, amount=Amount(Decimal("79.50"), "$"))),
        ("< 80", Reply(Verb.BELOW, amount=Amount(Decimal(80)))),
        ("<80 #K7Q2", Reply(Verb.BELOW, "K7Q2", amount=Amount(Decimal(80)))),
        ("#K7Q2 under 79,50 EUR", Reply(Verb.BELOW, "K7Q2", amount=Amount(Decimal("79.50"), "EUR"))),
        ("below £1,200", Reply(Verb.BELOW, amount=Amount(Decimal(1200), "GBP"))),
        ("below 2345", Reply(Verb.BELOW, amount=Amount(Decimal(2345)))),
        ("below 80 2345", Reply(Verb.BELOW, "2345", amount=Amount(Decimal(80)))),
        ("BELOW", Reply(Verb.BELOW)),
        ("below 80 xyz", Reply(Verb.BELOW)),
        ("BOUGHT", Reply(Verb.BOUGHT)),
        ("bought it! 🎉", Reply(Verb.BOUGHT)),
        ("I've bought tickets", Reply(Verb.BOUGHT)),
        ("bought ABCD", Reply(Verb.BOUGHT, "ABCD")),
        ("RESUME #k7q2", Reply(Verb.RESUME, "K7Q2")),
        ("K7Q2", Reply(Verb.UNKNOWN)),
        ("see you there", Reply(Verb.UNKNOWN)),
        ("below my expectations", Reply(Verb.UNKNOWN)),
        ("not bought", Reply(Verb.UNKNOWN)),
        ("123456", Reply(Verb.NOTHING)),
        ("thanks!", Reply(Verb.NOTHING)),
        ("", Reply(Verb.NOTHING)),
        ("🛑", Reply(Verb.NOTHING)),
        ("Loved “$84 all-in #K7Q2 STOP”", Reply(Verb.NOTHING)),
        ('👍 to "$84 all-in"', Reply(Verb.NOTHING)),
    ],
)
def test_words_are_understood(text: str, reply: Reply) -> None:
    assert parse(text) == reply


@pytest.mark.parametrize("kind", ["STOP", "START", "HELP"])
def test_what_the_vendor_took_it_for_wins(kind: str) -> None:
    assert parse("whatever", kind) == Reply(Verb(kind.lower()), is_keyword=True)
    assert parse("bought", "TOMORROW").verb is Verb.BOUGHT


@given(st.text(max_size=200) | st.text("#K7Q2 stop<$80.,1dh\u00a0\u2019", max_size=40))
def test_nothing_anybody_writes_breaks_it(text: str) -> None:
    reply = parse(text)
    assert reply.length is None or timedelta(minutes=1) <= reply.length <= timedelta(days=60)
    assert len(reply.code) in (0, 4, 8)


@pytest.mark.parametrize(
    ("written", "currency", "is_meant"),
    [
        ("80", "GBP", True),
        ("$80", "CAD", True),
        ("$80", "MXN", True),
        ("$80", "EUR", False),
        ("€80", "EUR", True),
    ],
)
def test_an_amount_says_which_currencies_it_may_mean(written: str, currency: str, is_meant: bool) -> None:
    found = amount(written)
    assert found
    assert found.means(currency) is is_meant


@pytest.mark.parametrize("text", ["", "cheap", "80 90", "1.2.3", "80 XYZ", "8" * 30, "-", "1,2,3"])
def test_what_is_no_amount_is_none(text: str) -> None:
    assert amount(text) is None


# ── answers ──────────────────────────────────────────────────────────────────────────────────────────────

LINK = "https://scout.example"
LONG = "Ünïcödé 🎟 " * 40


def every_answer(name: str, link: str) -> Iterator[str]:
    asked = watch(below(), drop(), historic_low(), NEW_LISTING, BACK_IN_STOCK, STATUS, status="paused")
    news = News(
        Reason.BELOW_LIMIT,
        name,
        "ticketmaster",
        basis=Basis.ALL_IN,
        currency="USD",
        price=99999999,
        was=999999999,
        next_text="Next text at $79.80 or less, or after it has been over $91.80." * 3,
    )
    yield from (answers.opted_out(), answers.welcome_back(), answers.say_which(), answers.say_how_long())
    yield from (answers.say_how_much(), answers.helped(link), answers.not_understood(link))
    yield from (
        answers.listed([Line(name, one) for one in (asked, None) * n], link, NOW) for n in (0, 1, 9, 99)
    )
    yield from (answers.why(news, "K7Q28M4X", "20 Nov 12:00 UTC", link), answers.no_such_alert("K7Q2"))
    yield from (answers.snoozed(name, "20 Nov 12:00 UTC", asked), answers.lowered(name, asked))
    yield from (answers.ended(name), answers.resumed(name), answers.refused([name] * 9))
    yield from (answers.one_of([("K7Q28M4X", name)] * n, "SNOOZE") for n in (2, 9, 99))


@pytest.mark.parametrize("name", ["Lakers", LONG, "", "中文" * 100, "{}[]^|€~" * 30])
@pytest.mark.parametrize(
    "link", [LINK, f"{LINK}/{'a' * 400}", "https://bücher.example", "https://日本.example"]
)
def test_no_answer_is_longer_than_two_segments(name: str, link: str) -> None:
    for text in every_answer(name, link):
        assert text
        assert septets(text) is not None, text
        assert segments(text) <= 2, text


def test_the_last_answer_of_a_day_says_so_where_there_is_room() -> None:
    assert answers.last_today("Done.") == "Done. This is the last answer today."
    longest = "x" * (306 - len(" This is the last answer today."))
    assert segments(answers.last_today(longest)) == 2
    assert answers.last_today(longest) != longest
    assert answers.last_today(longest + "x") == longest + "x"


def test_help_names_every_word() -> None:
    for word in ("LIST", "WHY", "SNOOZE", "BELOW", "BOUGHT", "RESUME", "STOP"):
        assert word in answers.helped(LINK)
        assert word in answers.not_understood(LINK)
    assert answers.helped(LINK).endswith(LINK)


def test_every_word_that_help_names_is_understood() -> None:
    said = ("LIST", "WHY", "SNOOZE 1D", "BELOW 80", "BOUGHT", "RESUME", "WHY #K7Q2", "SNOOZE 3D", "1H")
    assert not {parse(word).verb for word in said} & {Verb.UNKNOWN, Verb.NOTHING}


def test_a_list_names_as_many_as_fit_and_where_the_rest_is() -> None:
    few = [
        Line("Lakers", watch()),
        Line("Deftones", watch(drop(15), NEW_LISTING)),
        Line("Asleep", watch(snoozed_until=NOW + HOUR)),
        Line("Awake", watch(snoozed_until=NOW - HOUR)),
        Line("Over", watch(status="ended")),
    ]
    assert answers.listed(few, LINK, NOW) == (
        "You watch: Awake under $90; Deftones 15% off or new dates; Lakers under $90; "
        "Asleep under $90 (snoozed); Over under $90 (ended)."
    )
    many = [Line(f"Watch number {n:02}", watch()) for n in range(30)]
    text = answers.listed(many, LINK, NOW)
    shown = text.count("under $90")
    assert 7 <= shown < 30
    assert text.endswith(f". + {30 - shown} more at {LINK}")
    assert answers.listed([], LINK, NOW) == f"You watch nothing yet. Begin at {LINK}"


def test_why_says_what_was_told_and_what_comes_next() -> None:
    news = News(
        Reason.DROPPED, "Lakers", "ticketmaster", currency="USD", price=8400, was=11200, next_text="Next."
    )
    assert answers.why(news, "K7Q28M4X", "20 Nov 12:00 UTC", LINK) == (
        "#K7Q2 Lakers: $84 (was $112), it dropped as much as you asked for. "
        f"Seen 20 Nov 12:00 UTC. Next. {LINK}"
    )


def test_the_rule_is_made_again_in_the_language_of_whoever_reads_it() -> None:
    written = "Next text at $79.80 or less, or after it has been over $91.80."
    old = News(Reason.DROPPED, "Lakers", "steam", currency="USD", price=8400, next_text=written)
    new = replace(old, next_at=7980, next_over=9180)
    assert phrases.next_text(new) == written
    assert phrases.next_alert(new) == written.replace("text", "alert")
    with speaking("de"):
        assert "Nächste SMS bei $79.80 oder weniger" in answers.why(new, "K7Q28M4X", "", LINK)
        assert phrases.next_alert(new).startswith("Nächste Meldung bei $79.80 oder weniger, ")
        assert phrases.next_text(old) == written


def test_every_reason_that_tells_can_be_explained() -> None:
    for reason in (one for one in Reason if one.fires):
        assert f", {reason}." not in answers.why(News(reason, "Lakers", "steam"), "K7Q28M4X", "", LINK)
