"""How much and how soon a person is told, unless they chose otherwise. The operator's settings; pure.

Settings: ``GROUPING_SECONDS``, ``MESSAGES_PER_DAY``, ``MESSAGES_PER_WATCH``, ``SMS_SEGMENTS_PER_PERSON``,
``SMS_SEGMENTS_PER_MONTH``, ``SETTLE_SECONDS``.
"""

from collections.abc import Mapping
from datetime import timedelta
from typing import TYPE_CHECKING

import msgspec

from watchers.tiers import Tier, Tiers

if TYPE_CHECKING:
    from watchers.models import Person

DOCUMENTED: Mapping[str, str] = {
    "GROUPING_SECONDS": "0.15",
    "MESSAGES_PER_DAY": "20",
    "MESSAGES_PER_WATCH": "6",
    "SMS_SEGMENTS_PER_PERSON": "100",
    "SMS_SEGMENTS_PER_MONTH": "1000",
    "SETTLE_SECONDS": "45",
}
"""Every setting with its default."""

_LONGEST = 6  # times the grouping: news that keeps coming must not put off what came first


class Limits(msgspec.Struct, frozen=True):
    """What holds for everybody; ``Person.per_day`` and its like come first (of texts only to want less).

    Attributes:
        grouping: How long the first alert waits for others of the same person.
        longest_grouping: How long it waits at most while others keep coming.
        per_day: Messages to one person a day, by each channel; the rest is told in one digest.
        per_watch: Of these, messages about one watch.
        segments_per_person: Segments of texts a month to one person of the basic plan, unless that says it;
            what is over goes by e-mail.
        segments_in_all: Segments of texts to everybody a month.
        settle: How long a text without an answer may still be found before e-mail takes over.
        tiers: What people's plans hold.
    """

    grouping: timedelta = timedelta(seconds=0.15)
    longest_grouping: timedelta = timedelta(seconds=0.9)
    per_day: int = 20
    per_watch: int = 6
    segments_per_person: int = 100
    segments_in_all: int = 1000
    settle: timedelta = timedelta(seconds=45)
    tiers: Tiers = msgspec.field(default_factory=Tiers)

    def texts_of(self, person: "Person") -> int:
        """Segments of texts a month to this person: what they may have, or less where they want less."""
        own, most = person.segments_per_month, self.most_texts_of(person)
        return most if own is None else min(own, most)

    def most_texts_of(self, person: "Person") -> int:
        """Segments of texts a month that this person may have: what an operator granted, or their plan."""
        granted = person.texts_granted
        return self.texts_at(self.tiers.of(person.plan)) if granted is None else granted

    def texts_at(self, tier: Tier) -> int:
        """Segments of texts a month that a plan holds."""
        return self.segments_per_person if tier.texts is None else tier.texts

    @classmethod
    def from_env(cls, env: Mapping[str, str]) -> "Limits":
        """Read them.

        Raises:
            ValueError: a setting is wrong; the message names it.
        """
        grouping, usual = _seconds(env, "GROUPING_SECONDS"), _count(env, "SMS_SEGMENTS_PER_PERSON")
        return cls(
            grouping=grouping,
            longest_grouping=_LONGEST * grouping,
            per_day=_count(env, "MESSAGES_PER_DAY"),
            per_watch=_count(env, "MESSAGES_PER_WATCH"),
            segments_per_person=usual,
            segments_in_all=_count(env, "SMS_SEGMENTS_PER_MONTH"),
            settle=_seconds(env, "SETTLE_SECONDS"),
            tiers=Tiers.from_env(env, usual),
        )


def _text(env: Mapping[str, str], name: str) -> str:
    return env.get(name, "").strip() or DOCUMENTED[name]


def _seconds(env: Mapping[str, str], name: str) -> timedelta:
    try:
        number = float(_text(env, name))
    except ValueError:
        number = -1
    if not 0 <= number < 1e6:  # noqa: PLR2004 - also refuses NaN and infinity
        raise ValueError(f"{name} must be a number of seconds of at least 0, such as {DOCUMENTED[name]}")
    return timedelta(seconds=number)


def _count(env: Mapping[str, str], name: str) -> int:
    text = _text(env, name)
    if not (text.isascii() and text.isdigit() and len(text) < 10):  # noqa: PLR2004 - a number that anybody means
        raise ValueError(f"{name} must be a whole number of at least 0, such as {DOCUMENTED[name]}")
    return int(text)
