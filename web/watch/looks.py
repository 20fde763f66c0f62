"""Why a watch told something and why it did not, in words: its recent looks, decided again. Pure.

A look that fires here was told if there is an alert about it; where there is none it is only said to be true.
How often was looked is known since the oldest price that the board remembers.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from watchers.history import Runs, moment
from watchers.jobs import Job
from watchers.language import say, say_many
from watchers.models import Alert, Reason
from watchers.rows import Row
from watchers.why import Explained, replay
from web import words
from web.deliveries import Clock, waiting

SHOWN = 40  # looks of one target, the newest
_SAME_LOOK = timedelta(seconds=2)


@dataclass(frozen=True, slots=True)
class Look:
    """One look: when, what was seen, and what it meant. ``code``: of the alert that told it."""

    at: str
    seen: str
    meant: str
    code: str = ""


@dataclass(frozen=True, slots=True)
class Sight:
    """How one target is seen. ``counted``: how many looks saw it; ``trouble``: why it is not seen now."""

    shop: str
    counted: str
    trouble: str
    looks: Sequence[Look]
    is_blind: bool


def sights(job: Job | None, rows: Mapping[str, Row], alerts: Sequence[Alert], clock: Clock) -> list[Sight]:
    """How each target that was looked at is seen, and what its recent looks meant."""
    return [_sight(job, row, alerts, clock) for row in rows.values()]


def _sight(job: Job | None, row: Row, alerts: Sequence[Alert], clock: Clock) -> Sight:
    replayed = replay(job, row) if job else []
    return Sight(
        shop=words.shop(row.target.provider),
        counted=counted(row, clock),
        trouble=trouble(row, clock),
        looks=[_look(one, alerts, clock) for one in replayed[::-1][:SHOWN]],
        is_blind=row.is_blind(clock.now),
    )


def counted(row: Row, clock: Clock) -> str:
    """``Seen by 41 of 44 looks since 29 Nov 10:20; …``, as far as the board remembers."""
    seen_at = row.history.seen_at
    if seen_at is None:
        return say("Never seen; asked for since {since}.", since=words.moment(row.since, clock.zone))
    known: list[Runs[Any]] = [*row.history.prices.values(), row.history.availability]
    every = [runs for runs in known if runs]
    looks = max((sum(run.looks for run in runs) for runs in every), default=1)
    since = min((moment(runs[0].first_ms) for runs in every), default=seen_at)
    return say(
        "Seen by {seen} of {looks} looks since {since}; the last one that saw it was {ago}.",
        seen=f"{looks:,}",
        looks=f"{looks + row.failures:,}",
        since=words.moment(since, clock.zone),
        ago=words.ago(seen_at, clock.now),
    )


def trouble(row: Row, clock: Clock) -> str:
    """Why it is not seen at the moment; empty when it is."""
    shop = words.shop(row.target.provider)
    if row.failures:
        failed = say_many("The last look failed", "The last {number} looks failed", row.failures)
        return f"{failed}: {unseen(row.unseen_why, shop)}"
    if row.is_blind(clock.now):
        return say(
            "Nobody has looked for longer than usual: the worker may not be running, or the quota is used up."
        )
    return ""


def unseen(why: str, shop: str) -> str:
    """Why a look failed, by its short word; an unknown one is said to be no answer."""
    return _whys(shop).get(why) or say("{shop} did not answer, or not in a way we understand.", shop=shop)


def _whys(shop: str) -> Mapping[str, str]:
    unknown = say("{shop} knows nothing by this id. Check it.", shop=shop)
    unreadable = say("what came back could not be read.")
    return {
        **dict.fromkeys(words.UNKNOWN_THERE, unknown),
        **dict.fromkeys(("too_large", "not_html", "encoding", "empty", "broken"), unreadable),
        **dict.fromkeys(
            ("no_address", "not_public"), say("the address leads to no site that everybody can reach.")
        ),
        "OutOfQuotaError": say("the calls that {shop} allows us are used up for now.", shop=shop),
        "ProviderRejectedError": say("{shop} refuses to answer us. Whoever runs this must act.", shop=shop),
        "timeout": say("{shop} did not answer in time.", shop=shop),
        "robots": say("the site does not want programs to read this page, so we do not."),
        "challenge": say("the site lets only people read this page, and we do not pretend to be one."),
        "redirects": say("the address leads on and on, or to another site."),
    }


def _look(one: Explained, alerts: Sequence[Alert], clock: Clock) -> Look:
    at, reason = words.second(one.at, clock.now, clock.zone), one.decision.reason
    told = next((alert for alert in alerts if _tells(alert, one)), None)
    if told:
        why, code = meant(told.news.reason), told.code[:4]
        until = waiting(alerts, clock.now).get(told.code)
        if until:
            goes = words.clock(until, clock.now, clock.zone)
            said = say("waits until {at} #{code}: {why}", at=goes, code=code, why=why)
        else:
            said = say("told #{code}: {why}", code=code, why=why)
        return Look(at, one.seen, said, told.code)
    return Look(at, one.seen, say("true: {why}", why=meant(reason)) if reason.fires else meant(reason))


def _tells(alert: Alert, one: Explained) -> bool:
    seen_at = alert.news.observed_at
    is_same = alert.news.target_id in (None, one.target_id)
    return is_same and seen_at is not None and abs(seen_at - one.at) <= _SAME_LOOK


def meant(reason: Reason) -> str:
    """What a look came to, in a few words."""
    return {
        Reason.BELOW_LIMIT: say("at or under the limit"),
        Reason.DROPPED: say("dropped enough"),
        Reason.HISTORIC_LOW: say("lowest of the days asked for"),
        Reason.FURTHER_DROP: say("dropped further"),
        Reason.NEW_LISTING: say("newly listed"),
        Reason.BACK_IN_STOCK: say("available again"),
        Reason.STATUS_CHANGED: say("announced or changed"),
        Reason.TEST: say("a test message"),
        Reason.FIRST_LOOK: say("first look, not true yet"),
        Reason.TAKEN_AS_TOLD: say("already true when saved"),
        Reason.NOT_TRUE: say("not true"),
        Reason.ALREADY_TOLD: say("already told"),
        Reason.REARMED: say("clearly false again: counts anew"),
        Reason.SECOND_LOOK: say("waits for a second look"),
        Reason.NEW_PRICE_KEY: say("a kind of price not published before"),
        Reason.NOT_ENOUGH_HISTORY: say("not watched long enough"),
        Reason.NOT_KNOWN: say("not known"),
        Reason.OUT_OF_DATE: say("older than what is known"),
        Reason.EVENT_OVER: say("the event is over"),
    }[reason]
