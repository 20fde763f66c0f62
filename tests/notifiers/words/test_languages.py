"""Messages speak their reader's language: every sentence of theirs goes through the catalogue."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from gettext import NullTranslations

import pytest

from notifiers import messages
from notifiers.links import Links
from notifiers.words.excuses import undelivered
from notifiers.words.gsm import fits, segments, septets
from tests.notifiers.kit import NEWS, NOW, an_alert
from tests.notifiers.words.test_replies import every_answer
from watchers import language
from watchers.kinds import Channel
from watchers.language import speaking
from watchers.models import Alert, PastPrice, Reason

LINKS = Links("https://scout.example", "secret")


class Marked(NullTranslations):
    """A language in which every sentence is as in English, between marks; with letters that cost no more."""

    def gettext(self, message: str) -> str:
        return f"ä{message}ü"

    def ngettext(self, msgid1: str, msgid2: str, n: int) -> str:
        return self.gettext(msgid1 if n == 1 else msgid2)


class Unwritable(Marked):
    """One whose letters no text holds."""

    def gettext(self, message: str) -> str:
        return f"„{message}“"


@pytest.fixture(params=[Marked, Unwritable])
def spoken(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[type[Marked]]:
    monkeypatch.setattr(language, "_catalogue", lambda _: request.param())
    with speaking("de"):
        yield request.param


def every() -> list[Alert]:
    recent = (PastPrice(NOW - timedelta(days=3), 11200), PastPrice(NOW - timedelta(days=1), 9000))
    news = replace(NEWS, recent=recent)
    held = replace(news, now_at=NOW + timedelta(hours=7), now_price=9700)
    copied = {"copy_of": "a0", "copy_why": "30003", "also": (Channel.SMS,)}
    return [
        an_alert(channel, news=told, **changes)
        for channel in (Channel.SMS, Channel.EMAIL, Channel.PUSH)
        for told in (
            news,
            held,
            replace(news, reason=Reason.TEST),
            replace(news, reason=Reason.BACK_IN_STOCK),
        )
        for changes in (
            {},
            copied,
            {"more": (held, replace(news, event_name="Korn", reason=Reason.HISTORIC_LOW))},
        )
    ]


@pytest.mark.usefixtures("spoken")
def test_a_text_in_any_language_is_one_segment_with_its_price_and_code() -> None:
    for alert in every():
        if alert.channel is Channel.SMS:
            text = messages.sms(alert, LINKS)
            assert fits(text)
            assert f"#{alert.code[:4]}" in text


@pytest.mark.usefixtures("spoken")
@pytest.mark.parametrize("name", ["Lakers", "Ünï " * 60])
def test_an_answer_in_any_language_is_two_segments_at_most(name: str) -> None:
    for text in every_answer(name, "https://scout.example"):
        assert septets(text) is not None, text
        assert segments(text) <= 2, text


def test_what_is_said_is_said_in_it(spoken: type[Marked]) -> None:
    first, last = spoken().gettext(" ").split(" ")
    for alert in every():
        if alert.channel is not Channel.SMS:
            message = messages.render(alert, LINKS)
            assert first in message.text
            assert last in message.text
    assert undelivered("30003").startswith(first)


def test_english_stays_what_it_was_after_another_language(spoken: type[Marked]) -> None:
    assert spoken
    with speaking("en"):
        assert messages.sms(an_alert(), LINKS).startswith("$84 all-in (was $112) Deftones, Sat 13 Jun 19:30")
