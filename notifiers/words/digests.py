"""Many news in one message: which belong together, and how few words name each. Pure.

What one watch says about one event is one topic, named once: with its newest news, and with the lowest
price that was told when that was another.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo

from notifiers.words import phrases
from watchers.language import say
from watchers.models import News

_LONG_AGO = datetime.min.replace(tzinfo=UTC)
_NAMED_IN_A_SUBJECT = 2


@dataclass(frozen=True, slots=True)
class Topic:
    """The newest news of one watch about one event, out of ``count``; ``lowest`` in its minor units."""

    news: News
    count: int = 1
    lowest: int | None = None

    @property
    def name(self) -> str:
        """The event's name, or else the watch's."""
        return phrases.one_line(self.news.event_name) or phrases.one_line(self.news.watch_name)

    @property
    def price(self) -> str:
        """``$84``, ``$84 (lowest $71)``, or what became of it: ``$84 (now $97)``; empty when not known."""
        news = self.news
        if news.price is None or news.currency is None:
            return ""
        amount, now = phrases.amount(news.price, news.currency), phrases.now(news)
        if news.now_price == news.price:
            amount, now = now, ""  # still $84
        beside = phrases.joined(self.low, now)
        return f"{amount} ({beside})" if beside else amount

    @property
    def low(self) -> str:
        """``lowest $71``; empty when that is the price told."""
        if self.lowest is None or self.news.currency is None:
            return ""
        return say("lowest {amount}", amount=phrases.amount(self.lowest, self.news.currency))

    @property
    def brief(self) -> str:
        """What is new in the fewest words: the price, or else what happened."""
        if phrases.says_itself(self.news):
            return phrases.capital(phrases.one_line(self.news.detail)).rstrip(".")
        return self.price or phrases.headline(self.news)


def topics(every: Sequence[News]) -> tuple[Topic, ...]:
    """The news by topic, in the order in which each topic first comes."""
    found: dict[tuple[str, str | None], list[News]] = {}
    for news in every:
        found.setdefault((news.watch_name, news.event_name), []).append(news)
    return tuple(map(_topic, found.values()))


def by_watch(every: Sequence[News]) -> dict[str, list[int]]:
    """Where each watch's news stand in the sequence, in the order in which each watch first comes."""
    found: dict[str, list[int]] = {}
    for place, news in enumerate(every):
        found.setdefault(phrases.one_line(news.watch_name), []).append(place)
    return found


def subject(every: Sequence[News]) -> str:
    """``5 alerts: $84 Deftones, $40 Korn and 3 more``."""
    found = topics(every)
    named = found[:_NAMED_IN_A_SUBJECT]
    said = phrases.joined(*(f"{cut(topic.brief)} {cut(topic.name)}" for topic in named))
    left = len(every) - sum(topic.count for topic in named)
    alerts = say("{number} alerts: {said}", number=len(every), said=said)
    more = say("and {number} more", number=left)
    return phrases.one_line(f"{alerts} {more}" if left else alerts)


def line(topic: Topic, zone: tzinfo) -> str:
    """A topic in one line, with all that helps to decide."""
    news = topic.news
    lead = phrases.then(phrases.joined(phrases.lead(news), topic.low), news, zone)
    return f"{lead}: {phrases.joined(topic.name, phrases.starts(news), phrases.one_line(news.venue))}"


def cut(text: str, room: int = 40) -> str:
    """At most ``room`` characters of it."""
    return text if len(text) <= room else text[: room - 1].rstrip(" ,;:") + "…"


def _topic(told: list[News]) -> Topic:
    """Only prices of the newest one's kind are compared with it."""
    newest = max(reversed(told), key=lambda news: news.observed_at or _LONG_AGO)
    alike = [news for news in told if (news.basis, news.currency) == (newest.basis, newest.currency)]
    lowest = min((news.price for news in alike if news.price is not None), default=None)
    return Topic(newest, len(told), lowest if lowest != newest.price else None)
