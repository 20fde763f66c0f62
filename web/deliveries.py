"""How an alert is on its way to a person, in words: sent, waiting and until when, or what went wrong. Pure.

The states are those of ``notifiers/outbox.py``. A time is on the person's own clock.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta, tzinfo

from notifiers.words.excuses import undelivered
from watchers.kinds import Channel
from watchers.models import Alert, AlertState
from web import words

_NAMES = {
    Channel.SMS: "Text",
    Channel.EMAIL: "E-mail",
    Channel.PUSH: "Push message",
    Channel.APP: "On this page",
}
_THE = {
    Channel.SMS: "the text",
    Channel.EMAIL: "the e-mail",
    Channel.PUSH: "the push message",
    Channel.APP: "this page",
}
_UNWANTED = {
    "ended": "you had ended the watch",
    "paused": "the watch was paused",
    "deleted": "the watch was deleted",
}
_HELD = {
    "quiet_hours": "waits until {at}: quiet hours",
    "snoozed": "waits until {at}: snoozed",
    "digest": "comes in the digest of {at}",
    "cap": "comes in the digest of {at}: the limit of messages a day was reached",
}
_PLAIN = {
    AlertState.SENDING: "is being sent",
    AlertState.UNDELIVERED: "not delivered",
    AlertState.FAILED: "not sent",
}
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
        instead = f"(instead of {_THE[failed]})"
    return " ".join(filter(None, (_NAMES[alert.channel], instead, _state(alert, clock))))


def is_waiting(alert: Alert, now: datetime) -> bool:
    """Whether it is held until a moment that is known."""
    held = alert.state is AlertState.HELD or (alert.state is AlertState.PENDING and alert.why in _HELD)
    return held and alert.due_at is not None and alert.due_at > now


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
            found_out = "not confirmed" if alert.settled_at else "we are finding out"
            return f"perhaps sent: {found_out}"
        case AlertState.FAILED if alert.why in _UNWANTED:
            return f"not sent, because {_UNWANTED[alert.why]}"
    return _PLAIN[alert.state]


def _waits(alert: Alert, clock: Clock) -> str:
    """Until when, where that is longer than a moment."""
    at = words.clock(alert.due_at, clock.now, clock.zone) if alert.due_at else ""
    if is_waiting(alert, clock.now):
        return _HELD.get(alert.why or "", "waits until {at}").format(at=at)
    if alert.attempts == 0:
        return "is about to be sent"
    is_soon = alert.due_at is None or alert.due_at - clock.now < _SOON
    return "is tried again soon" if is_soon else f"is tried again at {at}"


def _went(alert: Alert, clock: Clock) -> str:
    if alert.settled_at is None:
        return alert.state.value
    if alert.state is AlertState.SENT:
        return f"sent {words.moment(alert.settled_at, clock.zone)}"
    return f"delivered {words.second(alert.settled_at, clock.now, clock.zone)}"
