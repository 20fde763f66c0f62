"""Runs that are not drawn: a worker dies at each of its lines in turn, loses each commit, or races."""

from dataclasses import replace

from tests.faults.nursery import Nursery
from tests.faults.play import play
from tests.faults.scenario import EMAIL, SMS, Round, Scenario, Someone, Told, Worker

# A text that tells three, an e-mail, one that is held (a cap), a copy, one text more; one of them is refused.
CALM = Scenario(
    seed=0,
    people=(
        Someone("u0", "+15005550000", "somebody0@example.org", {}),
        Someone("u1", "+15005550001", "somebody1@example.org", {"per_day": 0}),
        Someone("u2", "+15005550002", "somebody2@example.org", {}),
    ),
    told=(
        *(Told("u0", number, (SMS,)) for number in range(3)),
        Told("u0", 3, (EMAIL,)),
        Told("u1", 4, (SMS,)),
        Told("u1", 5, (SMS,), failed=True),
        Told("u2", 6, (SMS,)),
    ),
    rounds=(Round(0, (Worker(),)),),
    twilio=("21612",),
    callbacks=("none", "once"),
)
_NEVER = 10**9


def every_line(line: int) -> Scenario:
    """The one in which the worker dies at this line of the core."""
    return replace(CALM, seed=line, rounds=(Round(1, (Worker(dies=("core", line)),)),))


def lines_in_all(nursery: Nursery, emulator: str | None = None) -> int:
    """How many lines of the core a worker executes that lives."""
    played = play(every_line(_NEVER), nursery, emulator)
    assert not played.violations, played.violations
    return played.lines[0]


def given_up() -> Scenario:
    """A text is refused, and before its copy goes out the mail server says that there is no such mailbox."""
    told = (Told("u0", 0, (SMS,)), Told("u0", 1, (EMAIL,)))
    rounds, refusal = (Round(0, (Worker(),)),), ("550 5.1.1 at RCPT",)
    return Scenario(0, CALM.people, told, rounds, twilio=("20003",), mail=refusal)


def race(number: int) -> Scenario:
    """Texts that were refused for the moment, and four who send them again at once."""
    people = tuple(Someone(f"u{who}", f"+1500555000{who}", None, {}) for who in range(4))
    return Scenario(
        seed=number,
        people=people,
        told=tuple(Told(someone.uid, who, (SMS,)) for who, someone in enumerate(people)),
        rounds=(Round(0, (Worker(),)), Round(20, (Worker(),) * 4)),
        twilio=("429",) * len(people),
        callbacks=("once", "early", "none"),
    )


def hiccups() -> list[Scenario]:
    """Nobody dies, and each of the worker's commits in turn seems to be lost, or is."""
    return [
        replace(CALM, seed=number, rounds=(Round(1, (Worker(hiccup=(number, when)),)),))
        for number in range(1, 7)
        for when in ("before", "after")
    ]
