"""What somebody texted us is done, once, and answered, at most once.

``inbound/{MessageSid}`` is created in the same commit as what the text changes and as the count of answers:
however often Twilio tells of it, and whatever line we die on, it happens once or not at all. An answer may be
lost with the process that made it; it is never sent twice.

Two machines that answer each other stop after ``MOST_ANSWERS`` a day; what they ask for is done all the same.
Only who has changed their consent is answered however often they were. An answer counts against the segments
of the whole installation, and there is none when they are used up.
"""

import logging
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from notifiers import contacts, tallies
from notifiers.spend import Allowance
from notifiers.tallies import Tally
from notifiers.words import answers
from notifiers.words.answers import Line
from notifiers.words.gsm import segments
from notifiers.words.replies import Amount, Reply, Verb, parse
from watchers import alerts, expiry, verbs
from watchers.documents import Create, Document, Query, Update, Write
from watchers.errors import ConflictError, StoreUnavailableError, WatchRefusedError
from watchers.language import SOURCE, speaking
from watchers.models import Alert, Person
from watchers.verbs import Change, Planned
from web import monitors, words
from web.site import site

log = logging.getLogger(__name__)

COLLECTION = "inbound"
MOST_ANSWERS = 10  # of one person a day
_ATTEMPTS = 8
_SHARING = 20  # people with one number
_LOOKED_AT = 50  # alerts whose codes begin alike
_OF_A_WATCH = frozenset({Verb.WHY, Verb.SNOOZE, Verb.BELOW, Verb.BOUGHT, Verb.RESUME})


@dataclass(frozen=True, slots=True)
class Inbound:
    """A text as Twilio hands it over."""

    sid: str
    sender: str = field(repr=False)
    body: str = field(repr=False)
    opt_out_type: str = ""


@dataclass(frozen=True, slots=True)
class _Outcome:
    """What a text leads to: what to write, what to answer, and whom and which watch it is about."""

    answer: str = ""
    writes: tuple[Write, ...] = ()
    uid: str = ""
    watch_id: str = ""
    is_consent: bool = False


def receive(message: Inbound) -> str:
    """Do what the text asks for; the answer, or empty where there is none.

    Raises:
        StoreError: nothing is known; it may be told again.
    """
    reply = parse(message.body, message.opt_out_type)
    with Allowance(site().documents, site().limits.segments_in_all, site().now()) as allowance:
        outcome = _done_once(f"{COLLECTION}/{message.sid}", reply, message.sender, allowance)
    if outcome is None:
        return ""  # told again
    log.info("reply.received", extra={"verb": str(reply.verb), "watch": outcome.watch_id})
    if reply.verb is Verb.RESUME and outcome.watch_id:
        monitors.let_go(outcome.uid, outcome.watch_id)
    return outcome.answer


def _done_once(path: str, reply: Reply, sender: str, allowance: Allowance) -> _Outcome | None:
    """What it led to, kept; ``None`` when somebody has done it already."""
    for _ in range(_ATTEMPTS):
        if site().documents.get(path):
            return None
        people = _people(sender)
        with speaking(people[0][0].language if people else SOURCE):
            outcome = _counted(_outcome(reply, people), people, allowance)
        heard = _heard(outcome, reply, site().now())
        try:
            site().documents.commit(Create(path, heard), *outcome.writes)
        except ConflictError:  # told twice at once, or something changed meanwhile: look again
            allowance.put_back(segments(outcome.answer) if outcome.answer else 0)
            continue
        return outcome
    raise StoreUnavailableError("a reply kept meeting changes")


def _heard(outcome: _Outcome, reply: Reply, at: datetime) -> dict[str, Any]:
    """What is kept of a text, for long: a signed request bears no time, so it could be told again then."""
    kept = {"uid": outcome.uid, "at": at, "verb": str(reply.verb), "watch": outcome.watch_id}
    return kept | {expiry.FIELD: at + expiry.TOLD}


def _people(number: str) -> list[tuple[Person, str]]:
    """Everybody whose verified number it is, with the versions of their documents."""
    if not number:
        return []
    found = site().documents.find(Query(contacts.COLLECTION, ("phone",), "==", number, _SHARING))
    people = [(contacts.from_document(document), document.version) for document in found]
    return [(person, version) for person, version in people if person.phone_verified_at]


def _outcome(reply: Reply, people: Sequence[tuple[Person, str]]) -> _Outcome:
    if not people or reply.verb is Verb.NOTHING:
        return _Outcome(uid=people[0][0].uid if people else "")
    if reply.verb in (Verb.STOP, Verb.START):
        return _consent(reply, people)
    alert = _alert([person.uid for person, _ in people], reply.code)
    person = next((one for one, _ in people if alert and one.uid == alert.uid), people[0][0])
    if reply.verb in _OF_A_WATCH:
        return _about_a_watch(reply, alert, person)
    return _Outcome("" if reply.is_keyword else _general(reply, person), uid=person.uid)


def _consent(reply: Reply, people: Sequence[tuple[Person, str]]) -> _Outcome:
    """Of everybody who has this number: the phone is what was texted from.

    A number that Twilio itself blocks gets no answer of ours, and only a word that Twilio knows unblocks it.
    """
    uid = people[0][0].uid
    stops = reply.verb is Verb.STOP
    is_blocked = any(person.opted_out_at and person.opted_out_at_vendor for person, _ in people)
    if is_blocked and not stops and not reply.is_keyword:
        return _Outcome(uid=uid)
    wanted = [
        (person, version, _stopped(person, reply) if stops else _started(person))
        for person, version in people
    ]
    writes = tuple(Update(contacts.path(one.uid), new, version) for one, version, new in wanted if new)
    said = answers.opted_out() if stops else answers.welcome_back()
    is_answered = bool(writes) and not is_blocked and not reply.is_keyword
    return _Outcome(said if is_answered else "", writes, uid, is_consent=True)


def _stopped(person: Person, reply: Reply) -> dict[str, Any]:
    """What changes about somebody who stops; one who has stopped already may now be blocked by Twilio too."""
    is_known = person.opted_out_at and (person.opted_out_at_vendor or not reply.is_keyword)
    at = person.opted_out_at or site().now()
    return {} if is_known else {"opted_out_at": at, "opted_out_at_vendor": reply.is_keyword}


def _started(person: Person) -> dict[str, Any]:
    return {"opted_out_at": None, "opted_out_at_vendor": False} if person.opted_out_at else {}


def _general(reply: Reply, person: Person) -> str:
    link = site().public_url
    match reply.verb:
        case Verb.HELP:
            return answers.helped(link)
        case Verb.LIST:
            sources = monitors.find_all(person.uid)
            lines = [Line(monitors.name_of(source), monitors.read(source.fields)) for source in sources]
            return answers.listed(lines, link, site().now())
    return answers.not_understood(link)


# ── one watch ────────────────────────────────────────────────────────────────────────────────────────────


def _alert(uids: Sequence[str], code: str) -> Alert | None:
    """The newest alert of theirs with this code; without a code, the one that led their latest text."""
    documents = site().documents
    found: Iterable[Document | None]
    if code:
        found = documents.find(Query(alerts.COLLECTION, ("code",), ">=", code, _LOOKED_AT))
    else:
        counted = documents.get_many([tallies.path(uid) for uid in uids])
        led = [str(one.fields["latest"]) for one in counted if one and one.fields.get("latest")]
        found = documents.get_many([alerts.path(identity) for identity in led])
    theirs = [alert for alert in _readable(found) if alert.uid in uids and alert.code.startswith(code)]
    return max(theirs, key=lambda one: (one.attempted_at or one.created_at, one.id), default=None)


def _readable(documents: Iterable[Document | None]) -> Iterator[Alert]:
    for document in filter(None, documents):
        try:
            yield alerts.from_document(document)
        except (KeyError, TypeError, ValueError):
            log.warning("alert.unreadable", extra={"alert": document.id})


def _about_a_watch(reply: Reply, alert: Alert | None, person: Person) -> _Outcome:
    if alert is None:
        said = answers.no_such_alert(reply.code) if reply.code else answers.say_which()
        return _Outcome(said, uid=person.uid)
    told = _Outcome(uid=person.uid, watch_id=alert.watch_id)
    if not reply.code and len(choices := _choices(alert)) > 1:
        return replace(told, answer=answers.one_of(choices, reply.verb.upper()), watch_id="")
    if reply.verb is Verb.WHY:
        return replace(told, answer=_why(alert, person))
    return _changed(reply, told, person)


def _choices(alert: Alert) -> list[tuple[str, str]]:
    """Code and name of each watch that the alert's message told of."""
    riders = site().documents.get_many([alerts.path(one) for one in alert.riders]) if alert.riders else []
    told = (alert, *_readable(riders))
    return list({one.watch_id: (one.code, one.news.watch_name) for one in reversed(told)}.values())[::-1]


def _why(alert: Alert, person: Person) -> str:
    seen = _moment(alert.news.observed_at, person) if alert.news.observed_at else ""
    return answers.why(alert.news, alert.code, seen, site().links.alert(alert.code))


def _changed(reply: Reply, told: _Outcome, person: Person) -> _Outcome:
    now = site().now()
    change = _change(reply, now)
    if change is None:
        how = answers.say_how_long() if reply.verb is Verb.SNOOZE else answers.say_how_much()
        return replace(told, answer=how)
    surroundings = (site().documents, site().places, site().refusal)
    try:
        planned = verbs.plan(*surroundings, change, uid=person.uid, watch_id=told.watch_id, now=now)
    except WatchRefusedError as refused:
        return replace(told, answer=answers.refused(refused.reasons))
    return replace(told, answer=_done(reply, planned, person, now), writes=planned.writes)


def _change(reply: Reply, now: datetime) -> Change | None:
    """``None``: how long, or how much, was not said so that it could be done."""
    match reply:
        case Reply(verb=Verb.BOUGHT):
            return verbs.bought
        case Reply(verb=Verb.RESUME):
            return verbs.resume
        case Reply(verb=Verb.SNOOZE, length=timedelta() as length):
            return partial(verbs.snooze, until=now + length)
        case Reply(verb=Verb.BELOW, amount=Amount() as amount):
            return partial(verbs.below, amount=amount.number, means=amount.means)
    return None


def _done(reply: Reply, planned: Planned, person: Person, now: datetime) -> str:
    name = monitors.name_of(planned.source)
    match reply:
        case Reply(verb=Verb.BOUGHT):
            return answers.ended(name)
        case Reply(verb=Verb.SNOOZE, length=timedelta() as length):
            return answers.snoozed(name, _moment(now + length, person), planned.watch)
        case Reply(verb=Verb.BELOW):
            return answers.lowered(name, planned.watch)
    return answers.resumed(name)


def _moment(at: datetime, person: Person) -> str:
    zone = contacts.zone_of(person)
    return f"{words.moment(at, zone)} {at.astimezone(zone):%Z}"


# ── answering ────────────────────────────────────────────────────────────────────────────────────────────


def _counted(outcome: _Outcome, people: Sequence[tuple[Person, str]], allowance: Allowance) -> _Outcome:
    """With the write that counts the answer, and its segments taken; else without an answer."""
    person = next((one for one, _ in people if one.uid == outcome.uid), None)
    if not outcome.answer or person is None:
        return outcome
    silent = replace(outcome, answer="")
    if person.opted_out_at and not outcome.is_consent:
        return silent
    tally = _tally(person)
    if not outcome.is_consent and (tally is None or tally.replies >= MOST_ANSWERS):
        log.info("reply.not_answered", extra={"uid": person.uid})
        return silent
    is_last = tally is not None and tally.replies == MOST_ANSWERS - 1
    answer = answers.last_today(outcome.answer) if is_last else outcome.answer
    if not _is_paid(answer, allowance):
        log.warning("reply.not_answered", extra={"uid": person.uid, "why": "over_budget"})
        return silent
    counts = () if tally is None else (replace(tally, replies=tally.replies + 1).write(),)
    return replace(outcome, answer=answer, writes=(*outcome.writes, *counts))


def _tally(person: Person) -> Tally | None:
    """What was answered today; ``None`` when that cannot be known."""
    try:
        known = tallies.from_document(person.uid, site().documents.get(tallies.path(person.uid)))
    except ValueError:
        log.warning("tally.unreadable", extra={"uid": person.uid})
        return None
    return known.at(site().now(), contacts.zone_of(person))


def _is_paid(answer: str, allowance: Allowance) -> bool:
    """Whether this month's segments still pay for it; what cannot be known is no reason to do nothing."""
    try:
        return allowance.take(segments(answer))
    except StoreUnavailableError:
        return False
