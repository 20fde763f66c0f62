"""One chunk of parcels on its way: prepared, claimed, sent and settled together.

    prepare each        nothing is written; one that cannot be dealt with is set aside and stops no other
    claim               all in one commit; what somebody else has moved meanwhile is left to them
    send, look up       side by side, each once
    settle              whatever has come back, in one commit, while the others are still under way

Told apart from ``deliver.py`` so that each reads on one screen or two: there it is decided what is due, here
it is carried out.
"""

import contextvars
import logging
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import replace
from datetime import datetime
from functools import partial
from itertools import chain

from notifiers import contacts, outbox, tallies
from notifiers.freshness import Freshness
from notifiers.learning import learn
from notifiers.means import Clock, Means
from notifiers.outbox import Bundle, Versions
from notifiers.parcels import Desk, Outcome, Parcel, Prepared, prepare
from notifiers.records import log_claimed, log_outcome, log_step, remember, set_aside
from notifiers.sending import Settlement, look_up, send
from notifiers.spend import Allowance
from watchers.errors import StoreError, StoreUnavailableError
from watchers.kinds import Channel
from watchers.models import Alert, AlertState, Person

log = logging.getLogger(__name__)

AT_ONCE = 32  # letters under way at the same time, and parcels claimed together
_PAUSE = 0.2  # seconds before what was learned from a vendor is written again

Told = tuple[str, Outcome]
"""An alert's id, and what became of it."""


def dispatch_each(ready: Sequence[Parcel], means: Means, clock: Clock, deadline: datetime) -> Iterator[Told]:
    """As ``dispatch``; a database that fails, and a parcel that nobody can deal with, stop no other."""
    for chunk in _chunks(ready):
        try:
            yield from dispatch(chunk, means, clock, deadline)
        except StoreError as exc:
            log.warning("alerts.store_unavailable", extra={"why": type(exc).__name__, "parcels": len(chunk)})
            if isinstance(exc, StoreUnavailableError):
                yield from ((alert.id, Outcome.STORE_UNAVAILABLE) for one in chunk for alert in one.alerts)
            elif len(chunk) > 1:
                yield from chain.from_iterable(dispatch_each([one], means, clock, deadline) for one in chunk)
            else:
                yield from ((alert.id, set_aside(alert.id, exc, means, clock)) for alert in chunk[0].alerts)


def _chunks(ready: Sequence[Parcel]) -> Iterator[list[Parcel]]:
    """At most ``AT_ONCE`` parcels together, and never two of one person: both would write the same tally."""
    waiting = list(ready)
    while waiting:
        chunk: dict[str, Parcel] = {}
        for parcel in waiting:
            if len(chunk) < AT_ONCE:
                chunk.setdefault(parcel.first.uid, parcel)
        yield list(chunk.values())
        waiting = [parcel for parcel in waiting if chunk.get(parcel.first.uid) is not parcel]


def dispatch(parcels: Sequence[Parcel], means: Means, clock: Clock, deadline: datetime) -> Iterator[Told]:
    """Steps 2 to 5 for parcels of different people.

    Raises:
        StoreError: the database failed before anything was sent.
    """
    if clock() >= deadline:
        return
    texts = sum(parcel.first.channel is Channel.SMS for parcel in parcels)
    with Allowance(means.documents, means.limits.segments_in_all, clock(), block=texts) as allowance:
        desk = Desk(means, Freshness(means.documents, means.places), allowance)
        people, counts = _people(parcels, means)
        lost = [
            outbox.bundle(means.documents, parcel.first)
            for parcel in parcels
            if parcel.first.state is AlertState.UNCERTAIN
        ]
        prepared: list[Prepared] = []
        for parcel in parcels:
            if parcel.first.state is not AlertState.UNCERTAIN:
                uid = parcel.first.uid
                try:
                    prepared.append(prepare(parcel, people[uid], counts[uid](), desk, clock()))
                except StoreError:
                    raise
                except Exception as exc:  # noqa: BLE001 - one that we cannot read or render must not starve the rest
                    culprits = _culprits(parcel, people[uid], counts[uid], desk, clock)
                    yield from ((alert.id, set_aside(alert.id, exc, means, clock)) for alert in culprits)
        written = outbox.commit(means.documents, [one.unit for one in prepared])
        allowance.put_back(
            sum(one.taken for one, found in zip(prepared, written, strict=True) if found is None)
        )
    yield from _sent(prepared, written, lost, people, means, clock)


def _culprits(
    parcel: Parcel, person: Person, count: Callable[[], tallies.Tally], desk: Desk, clock: Clock
) -> Sequence[Alert]:
    """Those that cannot be prepared by themselves either; all of them if it is none of them."""
    found = []
    for alert in parcel.alerts if len(parcel.alerts) > 1 else ():
        try:
            prepare(replace(parcel, alerts=(alert,)), person, count(), desk, clock())
        except StoreError:
            raise
        except Exception:  # noqa: BLE001 - as above
            found.append(alert)
    return found or parcel.alerts


def _people(
    parcels: Sequence[Parcel], means: Means
) -> tuple[dict[str, Person], dict[str, Callable[[], tallies.Tally]]]:
    """By uid: the people, and how to read what they were sent (which may fail, and then for one alone)."""
    uids = list(dict.fromkeys(parcel.first.uid for parcel in parcels))
    paths = [*map(contacts.path, uids), *map(tallies.path, uids)]
    found = means.documents.get_many(paths)
    known, counted = found[: len(uids)], found[len(uids) :]
    return (
        {
            uid: contacts.from_document(one) if one else Person(uid)
            for uid, one in zip(uids, known, strict=True)
        },
        {uid: partial(tallies.from_document, uid, one) for uid, one in zip(uids, counted, strict=True)},
    )


def _sent(
    prepared: Sequence[Prepared],
    written: Sequence[Versions | None],
    lost: Sequence[Bundle],
    people: Mapping[str, Person],
    means: Means,
    clock: Clock,
) -> Iterator[Told]:
    """Send what was claimed, look up what is uncertain, and settle each as it comes back."""
    with ThreadPoolExecutor(AT_ONCE) as pool:
        under_way: dict[Future[Settlement], tuple[Person, Bundle]] = {}
        for one, versions in zip(prepared, written, strict=True):
            if versions is None:
                yield from ((alert.id, Outcome.OVERTAKEN) for alert in one.alerts)
                continue
            for outcome, alert in one.settled:
                yield alert.id, log_outcome(outcome, alert)
            if letter := one.letter:
                held = outbox.standing(letter.claim, versions)
                log_claimed(held)
                under_way[_submit(pool, send, letter, held, clock)] = letter.person, held
        for held in lost:
            person = people[held.lead.uid]
            under_way[_submit(pool, look_up, held, person, means, clock())] = person, held
        while under_way:
            done, _ = wait(under_way, return_when=FIRST_COMPLETED)
            yield from _settled({future: under_way.pop(future) for future in done}, means, clock)


def _submit(pool: ThreadPoolExecutor, act: Callable[..., Settlement], *args: object) -> "Future[Settlement]":
    """In another thread, whose log lines bear the trace of this one."""
    return pool.submit(contextvars.copy_context().run, act, *args)


def _settled(
    done: Mapping["Future[Settlement]", tuple[Person, Bundle]], means: Means, clock: Clock
) -> Iterator[Told]:
    """Write what came back, all in one commit."""
    known: list[tuple[Settlement, Person, Bundle]] = []
    for future, (person, held) in done.items():
        try:
            known.append((future.result(), person, held))
        except Exception as exc:  # noqa: BLE001 - a bug in one must not leave the others unsettled
            yield from ((alert.id, set_aside(held.lead.id, exc, means, clock)) for alert in held.alerts)
    written = _commit_patiently([settlement for settlement, _, _ in known], means)
    for (settlement, person, held), versions in zip(known, written, strict=True):
        outcome = settlement.outcome
        if versions is None:
            outcome = _overtaken(settlement, held, means, clock)
        else:
            log_step(outcome, held, settlement.move.after)
        remember(means, person, held.lead, settlement.fault, settlement.code, clock())
        yield from ((alert.id, outcome) for alert in held.alerts)


def _commit_patiently(settlements: Sequence[Settlement], means: Means) -> list[Versions | None]:
    """A receipt that is not written costs a look in the vendor's list, so it is tried more than once."""
    for attempt in range(1, 4):
        try:
            return outbox.commit(means.documents, [[settlement.move] for settlement in settlements])
        except StoreUnavailableError:
            if attempt == 3:  # noqa: PLR2004 - the leases end, and somebody finds out
                log.warning("alerts.not_settled", extra={"alerts": len(settlements)})
            time.sleep(_PAUSE * attempt)
    return [None] * len(settlements)


def _overtaken(settlement: Settlement, held: Bundle, means: Means, clock: Clock) -> Outcome:
    """Somebody moved it while we were sending: the vendor's callback, or a sweep that thought us dead."""
    if settlement.report is None:
        return Outcome.OVERTAKEN
    try:
        learn(held.lead.id, settlement.report, means, now=clock())
    except StoreError:
        return Outcome.STORE_UNAVAILABLE
    return settlement.outcome
