"""What the page of one's watches shows of the latest alerts: what was told, how, did it arrive. Pure.

The text and the e-mail of one step are one entry; so is an e-mail that stands in for a text.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, tzinfo

from notifiers import phrases
from notifiers.letters import undelivered
from watchers.models import Alert, AlertState, Reason
from watchers.watch import Channel
from web import words

SHOWN = 20


@dataclass(frozen=True, slots=True)
class AlertLine:
    """One thing the person was told. ``trouble``: sentences about what did not arrive."""

    code: str
    headline: str
    name: str
    about: str
    watch_name: str
    reason: str
    at: str
    has_link: bool
    deliveries: tuple[str, ...]
    trouble: tuple[str, ...]


def lines(alerts: Iterable[Alert], zone: tzinfo) -> list[AlertLine]:
    """The latest alerts, newest first."""
    found = {alert.id: alert for alert in alerts}
    steps: dict[str, list[Alert]] = {}
    for alert in sorted(found.values(), key=lambda one: (one.created_at, one.channel != Channel.SMS)):
        original = found.get(alert.copy_of or "", alert)
        steps.setdefault(original.code, []).append(alert)
    newest = sorted(steps.values(), key=lambda step: step[0].created_at, reverse=True)
    return [_line(step, zone) for step in newest[:SHOWN]]


def _line(step: Sequence[Alert], zone: tzinfo) -> AlertLine:
    first, news = step[0], step[0].news
    reason = words.REASONS.get(news.reason, str(news.reason))
    if news.reason is Reason.STATUS_CHANGED and news.detail:
        reason = phrases.one_line(news.detail)
    return AlertLine(
        code=first.code,
        headline=phrases.headline(news) + phrases.was(news),
        name=phrases.one_line(news.event_name) or phrases.one_line(news.watch_name),
        about=phrases.joined(phrases.starts(news, year=True), phrases.one_line(news.venue)),
        watch_name=phrases.one_line(news.watch_name),
        reason=reason,
        at=words.moment(first.created_at, zone),
        has_link=bool(news.url),
        deliveries=tuple(_delivery(alert, zone) for alert in step),
        trouble=tuple(sentence for alert in step if (sentence := _trouble(alert))),
    )


_CHANNELS = {Channel.SMS: "Text", Channel.EMAIL: "E-mail"}


def _delivery(alert: Alert, zone: tzinfo) -> str:
    instead = " (instead of the text)" if alert.copy_of else ""
    return f"{_CHANNELS[alert.channel]}{instead} {_state(alert, zone)}"


def _state(alert: Alert, zone: tzinfo) -> str:
    at: datetime | None = alert.settled_at
    match alert.state:
        case AlertState.PENDING:
            return "is tried again soon" if alert.attempts else "is about to be sent"
        case AlertState.SENDING:
            return "is being sent"
        case AlertState.SENT:
            return f"sent {words.moment(at, zone)}" if at else "sent"
        case AlertState.UNCERTAIN:
            return "perhaps sent: not confirmed"
    return "not sent"


def _trouble(alert: Alert) -> str | None:
    """Why something did not arrive, or may not have; ``None`` when there is nothing to say."""
    if alert.state not in (AlertState.UNCERTAIN, AlertState.FAILED):
        return None
    why = alert.why or "unknown"
    if alert.channel is Channel.SMS:
        return undelivered(why, alert.code)
    return f"The e-mail could not be delivered (code {phrases.one_line(why)})."
