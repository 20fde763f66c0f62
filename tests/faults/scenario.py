"""What one run is about, drawn from its seed: who is told of what, how vendors fail, who dies where. Pure.

The same seed is the same scenario. What comes of it may differ, because processes race.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from random import Random

from watchers.kinds import Channel

SMS, EMAIL = Channel.SMS, Channel.EMAIL
TWILIO = {
    "": 8,
    "slow": 1,
    "hang": 1,
    "reset": 1,
    "500": 1,
    "503": 1,
    "429": 2,
    "21610": 1,
    "21211": 1,
    "21408": 1,
    "20003": 1,
    "20429": 1,
    "30034": 1,
    "timeout_after_accept": 2,
    "reset_after_accept": 2,
    "500_after_accept": 2,
    "accept_then_429": 1,
    "not_json": 1,
    "no_sid": 1,
    "lies_in_list": 1,
    "timeout_after_accept+lies_in_list": 1,
    "500_after_accept+lies_in_list": 1,
}
LISTS = {"": 4, "list_500": 2, "list_429": 1, "list_not_json": 1, "list_hang": 1}
CALLBACKS = {
    "once": 3,
    "twice": 2,
    "reordered": 2,
    "early": 2,
    "late": 2,
    "owed": 4,  # told in a later round
    "none": 9,
    "undelivered:30003": 1,
    "undelivered:30005": 1,
    "failed:30034": 1,
}
MAIL = {
    "": 8,
    "451 at MAIL": 1,
    "450 4.2.1 at RCPT": 1,
    "550 5.1.1 at RCPT": 1,
    "550 5.7.1 at RCPT": 1,
    "hang at RCPT": 1,
    "452 at DATA": 1,
    "554 at DATA": 1,
    "drop at DATA": 1,
    "drop after DATA": 3,
    "hang after DATA": 1,
}
# Groups of files, and about how many lines a worker executes in them: one of these lines is its last.
# ``answered``: from the first answer of a vendor on, when something was done that is not written yet.
FILES = {"outbox": 550, "wire": 750, "words": 500, "store": 250, "answered": 400}


@dataclass(frozen=True)
class Someone:
    """Whom to tell; ``wishes`` are fields of their document."""

    uid: str
    phone: str | None
    address: str | None
    wishes: dict[str, object]


@dataclass(frozen=True)
class Told:
    """One decision of a tick: an alert on each of these channels. ``number`` is in its words and its price.

    ``failed``: the text was refused a moment ago, and the copy that stands in for it is what waits.
    """

    uid: str
    number: int
    channels: tuple[Channel, ...]
    failed: bool = False


@dataclass(frozen=True)
class Worker:
    """One process. It sweeps, or delivers as the trigger does, and dies at a line of a group of files.

    ``ahead``: its clock is so many seconds later: the others were frozen meanwhile. ``hiccup``: the n-th
    commit of it fails, before or after it was done.
    """

    acts: tuple[str, ...] = ("sweep",)
    dies: tuple[str, int] | None = None
    ahead: float = 0
    delay: float = 0
    hiccup: tuple[int, str] | None = None


@dataclass(frozen=True)
class Round:
    """Workers that run at once, so many seconds after the round before."""

    later: float
    workers: tuple[Worker, ...]


@dataclass(frozen=True)
class Scenario:
    """Everything that is decided before a run begins."""

    seed: int
    people: tuple[Someone, ...]
    told: tuple[Told, ...]
    rounds: tuple[Round, ...]
    twilio: tuple[str, ...] = ()
    lists: tuple[str, ...] = ()
    callbacks: tuple[str, ...] = ()
    mail: tuple[str, ...] = ()
    retry_after: str = "1"
    settings: tuple[tuple[str, str], ...] = ()


def drawn(seed: int) -> Scenario:
    """The scenario of a seed."""
    chance = Random(seed)  # noqa: S311 - nobody must guess it
    people = tuple(_someone(chance, number) for number in range(chance.randint(1, 4)))
    told = tuple(_told(chance, people, number) for number in range(chance.randint(1, 8)))
    return Scenario(
        seed,
        people,
        told,
        rounds=tuple(_round(chance, len(told)) for _ in range(chance.randint(1, 4))),
        twilio=_some(chance, TWILIO, 8),
        lists=_some(chance, LISTS, 4),
        callbacks=_some(chance, CALLBACKS, 10, at_least=10),
        mail=_some(chance, MAIL, 6),
        retry_after=chance.choice(["1", "1", "20", "3600"]),
        settings=_settings(chance),
    )


def _someone(chance: Random, number: int) -> Someone:
    wishes: dict[str, object] = {}
    if chance.random() < 0.2:
        wishes["per_day"] = chance.randint(0, 2)
    if chance.random() < 0.1:
        wishes["digest"] = "daily"
    address = f"somebody{number}@example.org" if chance.random() < 0.75 else None
    phone = f"+1500555{number:04}" if chance.random() < 0.9 else None
    return Someone(f"u{number}", phone, address, wishes)


def _told(chance: Random, people: Sequence[Someone], number: int) -> Told:
    channels = chance.choice([(SMS,), (SMS,), (SMS,), (EMAIL,), (SMS, EMAIL)])
    someone = chance.choice(people)
    failed = channels == (SMS,) and someone.address is not None and chance.random() < 0.1
    return Told(someone.uid, number, channels, failed)


def _round(chance: Random, alerts: int) -> Round:
    later = chance.choice([0, 0, 6, 20, 50, 130])
    return Round(later, tuple(_worker(chance, alerts) for _ in range(chance.choice([1, 1, 2, 2, 3]))))


def _worker(chance: Random, alerts: int) -> Worker:
    deliveries = [f"deliver {chance.randrange(alerts)}" for _ in range(chance.randint(1, 2))]
    acts = chance.choice([["sweep"], ["sweep"], deliveries, [*deliveries, "sweep"]])
    group = chance.choice([*FILES, "answered", "answered", "outbox"])
    dies = (group, 1 + int(FILES[group] * chance.random() ** 1.5)) if chance.random() < 0.75 else None
    return Worker(
        tuple(acts),
        dies,
        ahead=chance.choice([0, 0, 0, 0, 50, 130]),
        delay=chance.choice([0, 0, 0.01, 0.05, 0.1]),
        hiccup=(chance.randint(1, 5), chance.choice(["before", "after"])) if chance.random() < 0.1 else None,
    )


def _some(chance: Random, weights: dict[str, int], most: int, *, at_least: int = 0) -> tuple[str, ...]:
    return tuple(chance.choices(list(weights), list(weights.values()), k=chance.randint(at_least, most)))


def _settings(chance: Random) -> tuple[tuple[str, str], ...]:
    grouping = chance.choice(["0", "0", "0", "0.05"])
    person, everybody = chance.choice(["100", "100", "2"]), chance.choice(["1000", "1000", "1000", "3"])
    return (
        ("GROUPING_SECONDS", grouping),
        ("SMS_SEGMENTS_PER_PERSON", person),
        ("SMS_SEGMENTS_PER_MONTH", everybody),
    )
