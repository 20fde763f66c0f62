"""What goes out together, and what has to be written before it may: everything short of sending.

A parcel is what one person is told on one channel at one moment. It is prepared without writing anything;
what comes out is a unit to be written whole, and the letter to send once it was.
"""

import logging
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from enum import StrEnum

from notifiers import contacts, messages, outbox, patience, proofs, timing
from notifiers.base import Message, Notifier
from notifiers.errors import Fault, NotifierRejectedError
from notifiers.freshness import Freshness, Snoozed, Unwanted
from notifiers.limits import Limits
from notifiers.means import Means
from notifiers.outbox import Bundle, Move
from notifiers.spend import Allowance
from notifiers.tallies import Tally
from notifiers.trials import UNCAPPED
from notifiers.words.gsm import segments
from watchers.documents import Write
from watchers.kinds import Channel
from watchers.language import speaking
from watchers.models import Alert, AlertState, News, Person, Reason

log = logging.getLogger(__name__)

STALE = timedelta(minutes=10)  # resold tickets live for 5 to 20 minutes; after that it is looked at again
LOOK_AFTER = timedelta(seconds=5)  # a vendor who did not answer may know of it by then
_FAR = date.max


class Outcome(StrEnum):
    """What became of an alert: a word to count and to log."""

    SENT = "sent"
    HELD = "held"
    FAILED = "failed"
    UNCERTAIN = "uncertain"
    UNCONFIRMED = "unconfirmed"  # nobody could find out whether it was sent
    FOUND = "found"  # an uncertain one turned out to have been accepted
    PUT_BACK = "put_back"
    NOT_DUE = "not_due"  # settled, held by another sender, or waiting for its time
    OVERTAKEN = "overtaken"  # another sender moved it while we looked
    MISSING = "missing"  # no such alert
    DELIVERED = "delivered"  # the vendor says so
    UNDELIVERED = "undelivered"  # the same
    CRASHED = "crashed"  # nobody can deal with it; set aside for an hour
    STORE_UNAVAILABLE = "store_unavailable"  # nothing is known about it


@dataclass(frozen=True, slots=True)
class Parcel:
    """Alerts of one person on one channel, due together; or one alert that goes its own way."""

    alerts: tuple[Alert, ...]
    ready_at: datetime

    @property
    def first(self) -> Alert:
        """One of them."""
        return self.alerts[0]

    @property
    def nearest(self) -> date:
        """The day of the event that comes first: who goes there is told before the others."""
        return min(map(_day, self.alerts))


@dataclass(frozen=True, slots=True)
class Letter:
    """A message that may be sent once its claim was written."""

    claim: Move
    person: Person
    notifier: Notifier
    message: Message = field(repr=False)
    to: str = field(repr=False)


@dataclass(slots=True)
class Prepared:
    """What a parcel comes to: what to write, what to send then, and what became of the rest."""

    unit: list[Move | Write] = field(default_factory=list)
    letter: Letter | None = None
    settled: list[tuple[Outcome, Alert]] = field(default_factory=list)
    taken: int = 0  # segments of the month, to be given back should somebody else send it

    @property
    def alerts(self) -> list[Alert]:
        """All that it is about."""
        claimed = self.letter.claim.after.alerts if self.letter else ()
        return [*claimed, *(alert for _, alert in self.settled)]

    def settle(self, outcome: Outcome, move: Move) -> None:
        """One more step that needs no sending."""
        self.unit.append(move)
        self.settled += [(outcome, alert) for alert in move.after.alerts]


def sort(found: Iterable[Alert], limits: Limits) -> list[Parcel]:
    """The parcels that these alerts make, those of the nearest events first."""
    groups: dict[object, list[Alert]] = {}
    for alert in found:
        fresh = alert.state in outbox.OPEN and not alert.riders and alert.attempts == 0
        groups.setdefault((alert.uid, alert.channel) if fresh else alert.id, []).append(alert)
    parcels = [Parcel(tuple(group), timing.ready_at(group, limits)) for group in groups.values()]
    return sorted(parcels, key=lambda parcel: (parcel.nearest, parcel.first.created_at))


def _day(alert: Alert) -> date:
    news = alert.news
    return news.starts_at.date() if news.starts_at else news.starts_on or _FAR


@dataclass(frozen=True, slots=True)
class Desk:
    """What the parcels of one sweep are prepared with."""

    means: Means
    freshness: Freshness
    allowance: Allowance


def prepare(parcel: Parcel, person: Person, tally: Tally, desk: Desk, now: datetime) -> Prepared:
    """What is to be done about a parcel. Writes nothing but the count of segments that are taken.

    Raises:
        StoreError: nothing is known; nothing was done.
        ValueError: something stored cannot be read.
    """
    first = parcel.first
    if outbox.is_orphaned(first, now):
        return _orphaned(outbox.bundle(desk.means.documents, first), now)
    if first.riders or first.attempts:
        return _again(outbox.bundle(desk.means.documents, first), person, desk, now)
    return _tell(parcel.alerts, person, tally, desk, now)


def _orphaned(lost: Bundle, now: datetime) -> Prepared:
    prepared = Prepared()
    prepared.settle(Outcome.UNCERTAIN, outbox.uncertain(lost, "lease_expired", now))
    return prepared


def _again(bundle: Bundle, person: Person, desk: Desk, now: datetime) -> Prepared:
    """A message that surely was not sent, or that may be sent twice: the same one again."""
    prepared, lead = Prepared(), bundle.lead
    if not outbox.is_claimable(lead, now):
        return prepared  # somebody else has it
    if patience.is_overdrawn(lead):  # every sender so far died over it, or had no time to begin
        if lead.state in outbox.OPEN:
            move = outbox.failed(bundle, "unavailable", now, over_to(person, bundle))
            prepared.settle(Outcome.FAILED, move)
        else:
            move = outbox.unconfirmed(bundle, now, over_to(person, bundle), why="lease_expired")
            prepared.settle(Outcome.UNCONFIRMED, move)
        return prepared
    try:
        to, notifier = _way(person, lead, desk)
    except NotifierRejectedError as refused:
        prepared.settle(Outcome.FAILED, outbox.failed(bundle, refused.code, now, over_to(person, bundle)))
        return prepared
    if quiet := timing.quiet_until(person.quiet_hours, contacts.zone_of(person), now):
        prepared.settle(Outcome.HELD, outbox.hold(lead, quiet, timing.QUIET, bundle.riders))
        return prepared
    news = _as_of_now(lead, desk.freshness, now)
    if isinstance(news, Unwanted):
        prepared.settle(Outcome.FAILED, outbox.failed(bundle, news.why, now))
        return prepared
    claim = outbox.claim(lead, bundle.riders, now, news=news, segments=lead.segments)
    prepared.unit.append(claim)
    prepared.letter = Letter(claim, person, notifier, _message(claim.after.lead, person, desk), to)
    return prepared


def _as_of_now(lead: Alert, freshness: Freshness, now: datetime) -> list[News] | Unwanted:
    """What a message says that was tried before: of old news, also what is true now."""
    if not _is_old(lead, now):
        return list(lead.every_news)
    found = freshness.of(lead, now)
    if isinstance(found, Unwanted) and not lead.more:
        return found
    return [freshness.priced(news, now) for news in lead.every_news]


def _is_old(alert: Alert, now: datetime) -> bool:
    lasts = proofs.LASTS if alert.news.reason is Reason.CODE else STALE
    return alert.state is AlertState.HELD or now - (alert.news.observed_at or alert.created_at) > lasts


def _tell(alerts: Sequence[Alert], person: Person, tally: Tally, desk: Desk, now: datetime) -> Prepared:
    """Alerts that nobody tried to send yet: those whose time it is, as one message."""
    prepared = Prepared()
    news = _still_wanted(alerts, prepared, desk.freshness, now)
    today = tally.at(now, contacts.zone_of(person))
    wanted = [alert for alert in alerts if alert.id in news]
    plan = timing.plan(person, wanted, today, desk.means.limits, now)
    for held in plan.hold:
        prepared.settle(Outcome.HELD, outbox.hold(held.alert, held.until, held.why))
    if not plan.send:
        return prepared
    lead = plan.send[0]
    said = [each for alert in plan.send for each in (news[alert.id], *_more(alert, desk.freshness, now))]
    try:
        to, notifier = _way(person, lead, desk)
        lead = outbox.claim(lead, plan.send[1:], now, news=said).after.lead  # as it will stand, to be worded
        message = _message(lead, person, desk)
        counted, length = _counted(lead, message, person, plan.tally, desk)
    except NotifierRejectedError as refused:
        if refused.fault is Fault.OPERATOR:
            log.warning("notifier.needs_operator", extra={"channel": str(lead.channel), "why": refused.code})
        for alert in plan.send:
            instead = over_to(person, Bundle(alert))
            failure = outbox.failed(Bundle(alert), refused.code, now, instead)
            prepared.settle(Outcome.FAILED, failure)
        return prepared
    claim = outbox.claim(plan.send[0], plan.send[1:], now, news=said, segments=length)
    prepared.taken = 0 if _is_uncapped(lead) else length or 0
    prepared.unit += [claim] if counted == today else [claim, counted.write()]
    prepared.letter = Letter(claim, person, notifier, message, to)
    return prepared


def _still_wanted(
    alerts: Sequence[Alert], prepared: Prepared, freshness: Freshness, now: datetime
) -> dict[str, News]:
    """What those that somebody still wants to hear of say now, by their ids."""
    wanted: dict[str, News] = {}
    for alert in alerts:
        found = freshness.of(alert, now) if _is_old(alert, now) else alert.news
        match found:
            case Unwanted(why):
                prepared.settle(Outcome.FAILED, outbox.failed(Bundle(alert), why, now))
            case Snoozed(until):
                prepared.settle(Outcome.HELD, outbox.hold(alert, until, "snoozed"))
            case News():
                wanted[alert.id] = found
    return wanted


def _more(copy: Alert, freshness: Freshness, now: datetime) -> list[News]:
    """What a copy tells besides its own news."""
    is_old = _is_old(copy, now)
    return [freshness.priced(news, now) if is_old else news for news in copy.more]


def _counted(
    lead: Alert, message: Message, person: Person, tally: Tally, desk: Desk
) -> tuple[Tally, int | None]:
    """A text is counted before it is sent: the tally with it, and its length in segments.

    Raises:
        NotifierRejectedError: ``over_budget_person``, ``over_budget``: nothing is left of this month's.
    """
    if lead.channel is not Channel.SMS:
        return tally, None
    length = segments(message.text)
    if _is_uncapped(lead):
        return tally, length
    if lead.news.reason is Reason.CODE:  # in nobody's name yet; how many are asked for is limited elsewhere
        if not desk.allowance.take(length):
            raise NotifierRejectedError("over_budget", fault=Fault.OPERATOR)
        return tally, length
    if tally.segments + length > desk.means.limits.texts_of(person):
        raise NotifierRejectedError("over_budget_person")
    if not desk.allowance.take(length):
        raise NotifierRejectedError("over_budget", fault=Fault.OPERATOR)
    latest = tally.latest if lead.news.reason is Reason.TEST else lead.id
    return replace(tally, segments=tally.segments + length, latest=latest), length


def _is_uncapped(alert: Alert) -> bool:
    """Whether it is the operator's own test, which must go when everything is used up."""
    return alert.news.reason is Reason.TEST and alert.news.detail == UNCAPPED


def _way(person: Person, lead: Alert, desk: Desk) -> tuple[str, Notifier]:
    """Where to, and over whom.

    Raises:
        NotifierRejectedError: there is no way.
    """
    channel = lead.channel
    to = contacts.address(person, channel)
    if lead.news.reason is Reason.CODE and channel is Channel.SMS and desk.means.verify:
        return to, desk.means.verify
    if channel not in desk.means.notifiers:
        raise NotifierRejectedError(f"{channel}_not_configured", fault=Fault.OPERATOR)
    return to, desk.means.notifiers[channel]


def _message(lead: Alert, person: Person, desk: Desk) -> Message:
    links = desk.means.links
    with speaking(person.language):
        message = messages.render(lead, links, contacts.zone_of(person))
    if lead.channel is not Channel.SMS:
        return message
    return replace(message, callback_url=links.callback(lead.id))


def over_to(person: Person, told: Bundle) -> Channel | None:
    """Who tells it when this channel does not; nobody when a later one tells all of it anyway.

    Nobody either of a code: it proves the one contact to which it is sent.
    """
    if told.lead.news.reason is Reason.CODE:
        return None
    return contacts.successor(person, told.lead.channel, told.also)
