"""What the page of one's watches shows of the latest alerts: what was told, how, did it arrive. Pure.

An entry is what was told together. The text, the e-mail and the rest of one step of a watch are one entry,
and so is a copy that stands in for one of them; several steps that went out in one message are one entry too,
with its parts.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from notifiers.words import phrases
from watchers.kinds import Channel
from watchers.models import Alert, AlertState, News
from web import deliveries, words
from web.deliveries import Clock

SHOWN = 20  # and whatever is new or still waits
_REACHED = (AlertState.SENT, AlertState.DELIVERED)
_ORDER = {channel: place for place, channel in enumerate(Channel)}


@dataclass(frozen=True, slots=True)
class AlertPart:
    """One thing the person was told. ``deliveries`` and ``trouble``: of this part alone."""

    code: str
    headline: str
    name: str
    about: str
    watch_name: str
    reason: str
    at: str
    has_link: bool
    is_new: bool
    deliveries: tuple[str, ...] = ()
    trouble: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class AlertEntry:
    """What was told together. ``deliveries``: of all its parts; ``trouble``: what did not arrive of it."""

    parts: tuple[AlertPart, ...]
    deliveries: tuple[str, ...]
    trouble: tuple[str, ...]
    is_waiting: bool

    @property
    def is_new(self) -> bool:
        """Whether any of it is unread."""
        return any(part.is_new for part in self.parts)


def is_unread(alert: Alert) -> bool:
    """Whether it is told on this page, and its person has not called it read."""
    return alert.channel is Channel.APP and alert.state is AlertState.SENT and alert.seen_at is None


def _is_new(alert: Alert, step: Iterable[Alert]) -> bool:
    """Whether it is unread, and no copy of what reached the person in another way after all."""
    reached = any(one.channel is not Channel.APP and one.state in _REACHED for one in step)
    return is_unread(alert) and not (alert.copy_of and reached)


def entries(alerts: Iterable[Alert], clock: Clock, shown: int | None = SHOWN) -> list[AlertEntry]:
    """The latest (all, if ``shown`` says nothing), newest first; what is new or waits whatever its age."""
    found = {alert.id: alert for alert in sorted(alerts, key=_age)}
    together = sorted(_together(found), key=_newest, reverse=True)
    made = [_Telling(found, clock).entry(steps) for steps in together]
    kept = len(made) if shown is None else shown
    return [one for place, one in enumerate(made) if place < kept or one.is_new or one.is_waiting]


def _age(alert: Alert) -> tuple[datetime, int, str]:
    return alert.created_at, _ORDER[alert.channel], alert.id


# ── what belongs together ────────────────────────────────────────────────────────────────────────────────

_Steps = Mapping[str, Sequence[Alert]]  # by code: the alerts of one step of a watch, oldest first


def _together(found: Mapping[str, Alert]) -> Iterator[_Steps]:
    """The steps, those that went out in one message side by side."""
    steps: dict[str, list[Alert]] = {}
    for alert in found.values():
        steps.setdefault(_code(alert, found), []).append(alert)
    groups = {code: {code: step} for code, step in steps.items()}
    for alert in found.values():
        if lead := found.get(alert.rides_with or ""):
            _join(groups, _code(lead, found), _code(alert, found))
    yield from {id(group): group for group in groups.values()}.values()


def _code(alert: Alert, found: Mapping[str, Alert]) -> str:
    return found.get(alert.copy_of or "", alert).code


def _join(groups: dict[str, dict[str, list[Alert]]], one: str, other: str) -> None:
    if groups[one] is not groups[other]:
        groups[one].update(groups[other])
        for code in groups[other]:
            groups[code] = groups[one]


def _newest(steps: _Steps) -> datetime:
    return max(step[0].created_at for step in steps.values())


# ── in words ─────────────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class _Telling:
    """All that was found, and the time."""

    found: Mapping[str, Alert]
    clock: Clock

    def entry(self, steps: _Steps) -> AlertEntry:
        """What is the same for all parts is said once."""
        whole = [alert for step in steps.values() for alert in step if alert.riders or alert.more]
        own = {code: list(filter(self._goes_alone, step)) for code, step in steps.items()}
        first, *others = own.values()
        same = [one for one in first if all(self._said(one) in map(self._said, other) for other in others)]
        every = [alert for step in steps.values() for alert in step]
        parts = [self._part(steps[code], own[code], whole) for code in _led(steps, whole)]
        said = tuple(dict.fromkeys(map(self._said, sorted((*whole, *same), key=_age))))
        trouble = tuple(self._trouble(whole))
        if len(parts) == 1:
            trouble += parts[0].trouble
        return AlertEntry(
            parts=tuple(_without(part, said, has_trouble=len(parts) > 1) for part in parts),
            deliveries=said,
            trouble=trouble,
            is_waiting=any(deliveries.is_waiting(alert, self.clock.now) for alert in every),
        )

    def _goes_alone(self, alert: Alert) -> bool:
        return not (alert.riders or alert.more or alert.rides_with in self.found)

    def _part(self, step: Sequence[Alert], own: Sequence[Alert], whole: Sequence[Alert]) -> AlertPart:
        news = self._news(step)
        return AlertPart(
            code=_code(step[0], self.found),
            headline=phrases.then(phrases.headline(news) + phrases.was(news), news, self.clock.zone),
            name=phrases.one_line(news.event_name) or phrases.one_line(news.watch_name),
            about=phrases.joined(
                words.event_day(news.starts_at, news.starts_on, self.clock.zone), phrases.one_line(news.venue)
            ),
            watch_name=phrases.one_line(news.watch_name),
            reason=_reason(news),
            at=words.moment(step[0].created_at, self.clock.zone),
            has_link=bool(news.url),
            is_new=any(_is_new(alert, step) for alert in (*own, *whole)),
            deliveries=tuple(map(self._said, own)),
            trouble=tuple(self._trouble(own)),
        )

    def _news(self, step: Sequence[Alert]) -> News:
        """What its message said, where one that waited was looked at again."""
        said = [self._news_of(alert) for alert in step]
        return next((news for news in said if news.now_at), said[0])

    def _news_of(self, alert: Alert) -> News:
        lead = self.found.get(alert.rides_with or "")
        told = dict(zip(lead.riders, lead.more, strict=False)) if lead else {}
        return told.get(alert.id, alert.news)

    def _said(self, alert: Alert) -> str:
        return deliveries.delivery(alert, self.clock, self.found.get(alert.copy_of or ""))

    def _trouble(self, alerts: Iterable[Alert]) -> Iterator[str]:
        for alert in alerts:
            if sentence := deliveries.trouble(alert, _code(alert, self.found)):
                yield sentence


def _led(steps: _Steps, whole: Sequence[Alert]) -> list[str]:
    """The codes of the parts, that of the message first; its link leads to all of them."""
    leads = {alert.code for alert in whole}
    return sorted(steps, key=lambda code: (code not in leads, _age(steps[code][0])))


def _without(part: AlertPart, said: Sequence[str], *, has_trouble: bool) -> AlertPart:
    own = tuple(one for one in part.deliveries if one not in said)
    return replace(part, deliveries=own, trouble=part.trouble if has_trouble else ())


def _reason(news: News) -> str:
    if phrases.says_itself(news):
        return phrases.one_line(news.detail)
    return words.REASONS.get(news.reason, str(news.reason))
