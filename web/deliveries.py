"""How an alert is on its way to a person, in words: sent, waiting and until when, or what went wrong. Pure.

The states are those of ``notifiers/outbox.py``. A time is on the person's own clock.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta, tzinfo

from notifiers.words.excuses import undelivered
from watchers.kinds import Channel
from watchers.language import say
from watchers.models import Alert, AlertState
from web import words

_UNWANTED = frozenset({"ended", "paused", "deleted"})
_HELD = frozenset({"quiet_hours", "snoozed", "digest", "cap"})
_SOON = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Clock:
    """Now, and where the person is."""

    now: datetime
    zone: tzinfo


def delivery(alert: Alert, clock: Clock, original: Alert | None = None) -> str:
    """``Text delivered 10:40:09``. ``original``: what a copy stands in for, where that is known."""
    instead = ""
    if alert.copy_of:
        failed = original.channel if original else alert.also[-1] if alert.also else Channel.SMS
        instead = say("(instead of {the})", the=_the(failed))
    return " ".join(filter(None, (_name(alert.channel), instead, _state(alert, clock))))


def _name(channel: Channel) -> str:
    names = {
        Channel.SMS: say("Text"),
        Channel.EMAIL: say("E-mail"),
        Channel.PUSH: say("Push message"),
        Channel.APP: say("On this page"),
    }
    return names[channel]


def _the(channel: Channel) -> str:
    """As ``instead of`` has it."""
    names = {
        Channel.SMS: say("the text"),
        Channel.EMAIL: say("the e-mail"),
        Channel.PUSH: say("the push message"),
        Channel.APP: say("this page"),
    }
    return names[channel]


def is_waiting(alert: Alert, now: datetime) -> bool:
    """Whether it is held until a moment that is known."""
    held = alert.state is AlertState.HELD or (alert.state is AlertState.PENDING and alert.why in _HELD)
    return held and alert.due_at is not None and alert.due_at > now


def waiting(alerts: Iterable[Alert], now: datetime) -> dict[str, datetime]:
    """What reaches its person only later, by the code of what was told: when the first of it goes.

    The page of alerts has it at once, which wakes nobody up: only what goes out counts.
    """
    found: dict[str, list[Alert]] = {}
    for alert in alerts:
        if alert.channel is not Channel.APP:
            found.setdefault(alert.code, []).append(alert)
    return {
        code: min(one.due_at for one in several if one.due_at)
        for code, several in found.items()
        if all(is_waiting(one, now) for one in several)
    }


def trouble(alert: Alert, code: str) -> str | None:
    """Why something did not arrive, or may not have; ``None`` when there is nothing to say."""
    why = alert.why or "unknown"
    match alert.state:
        case AlertState.FAILED if why in _UNWANTED:
            return None
        case AlertState.UNCERTAIN if alert.settled_at is None:
            return None
        case AlertState.UNCERTAIN | AlertState.FAILED | AlertState.UNDELIVERED:
            return undelivered(why, code, alert.channel)
    return None


def _state(alert: Alert, clock: Clock) -> str:
    match alert.state:
        case AlertState.PENDING | AlertState.HELD:
            return _waits(alert, clock)
        case AlertState.SENT | AlertState.DELIVERED:
            return "" if alert.channel is Channel.APP else _went(alert, clock)
        case AlertState.UNCERTAIN:
            is_final = alert.settled_at is not None
            return say("perhaps sent: not confirmed") if is_final else say("perhaps sent: we are finding out")
        case AlertState.FAILED:
            return _not_sent(alert.why)
        case AlertState.SENDING:
            return say("is being sent")
    return say("not delivered")


def _not_sent(why: str | None) -> str:
    match why:
        case "ended":
            return say("not sent, because you had ended the watch")
        case "paused":
            return say("not sent, because the watch was paused")
        case "deleted":
            return say("not sent, because the watch was deleted")
    return say("not sent")


def _waits(alert: Alert, clock: Clock) -> str:
    """Until when, where that is longer than a moment."""
    at = words.clock(alert.due_at, clock.now, clock.zone) if alert.due_at else ""
    if is_waiting(alert, clock.now):
        return _held(alert.why, at)
    if alert.attempts == 0:
        return say("is about to be sent")
    is_soon = alert.due_at is None or alert.due_at - clock.now < _SOON
    return say("is tried again soon") if is_soon else say("is tried again at {at}", at=at)


def _held(why: str | None, at: str) -> str:
    match why:
        case "quiet_hours":
            return say("waits until {at}: quiet hours", at=at)
        case "snoozed":
            return say("waits until {at}: snoozed", at=at)
        case "digest":
            return say("comes in the digest of {at}", at=at)
        case "cap":
            return say("comes in the digest of {at}: the limit of messages a day was reached", at=at)
    return say("waits until {at}", at=at)


def _went(alert: Alert, clock: Clock) -> str:
    if alert.settled_at is None:
        return say("sent") if alert.state is AlertState.SENT else say("delivered")
    if alert.state is AlertState.SENT:
        return say("sent {at}", at=words.second(alert.settled_at, clock.now, clock.zone))
    return say("delivered {at}", at=words.second(alert.settled_at, clock.now, clock.zone))
