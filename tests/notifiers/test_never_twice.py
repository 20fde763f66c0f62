"""The delivery promise, whole: nobody is texted twice about one alert, and somebody is told in the end.

Whatever the vendors do and say, wherever the process dies, and whoever else sweeps meanwhile.
"""

from collections import Counter
from collections.abc import Callable
from contextlib import closing, suppress
from dataclasses import dataclass
from datetime import datetime, timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from notifiers.base import Report
from notifiers.errors import (
    DeliveryUnknownError,
    Fault,
    NotifierRejectedError,
    NotifierUnavailableError,
)
from notifiers.learning import learn
from store.sqlite import SqliteDocuments
from tests.fakes import Crash, FaultyDocuments
from tests.notifiers.kit import (
    MOMENT,
    NOW,
    FakeNotifier,
    ListedPhone,
    Post,
    copies,
    everything,
    fail_with,
    save_alert,
    save_person,
    stored,
)
from watchers.documents import Write
from watchers.kinds import Channel
from watchers.models import Alert, AlertState

VendorDay = Callable[[FakeNotifier], None]
TOLD = {AlertState.SENT, AlertState.DELIVERED}


def before(error: BaseException) -> VendorDay:
    return lambda notifier: setattr(notifier, "before", fail_with(error))


def after(error: BaseException) -> VendorDay:
    return lambda notifier: setattr(notifier, "after", fail_with(error))


# A vendor's day, and a process's.
VENDOR: dict[str, VendorDay] = {
    "well": lambda _: None,
    "busy": before(NotifierUnavailableError("20429")),
    "busy for an hour": before(NotifierUnavailableError("20429", retry_after=3600)),
    "lost": before(DeliveryUnknownError("no_answer")),
    "taken and lost": after(DeliveryUnknownError("no_answer")),
    "our bug": before(RuntimeError("bug")),
    "taken, then our bug": after(RuntimeError("bug")),
    "killed while sending": before(Crash()),
    "taken, then killed": after(Crash()),
}
TEXT_ONLY: dict[str, VendorDay] = {
    "refused": before(NotifierRejectedError("30034", fault=Fault.OPERATOR)),
    "bad number": before(NotifierRejectedError("21614", fault=Fault.BAD_CONTACT)),
}
PROCESS = ("lives", *(f"crash_{when} {commit}" for when in ("before", "after") for commit in range(1, 7)))
CALLBACKS = ("lost", "early", "sent", "final", "doubled", "reordered")
ANOTHER = ("none", *(f"commit {number}" for number in range(1, 5)), "while sending", "once taken")
LEASE_AND_MORE = 46


@dataclass(frozen=True)
class Day:
    """What comes, how the vendors do, what they say of it, where we die, and when somebody else sweeps."""

    alerts: int = 0
    phone: str = "well"
    mailbox: str = "well"
    process: str = "lives"
    callbacks: str = "lost"
    another: str = "none"
    ahead: int = 0
    list_lies: bool = False

    @property
    def is_good(self) -> bool:
        """Whether every text is simply sent."""
        return (self.phone, self.mailbox, self.process, self.another) == ("well", "well", "lives", "none")


@dataclass(frozen=True)
class World:
    """What does not change: whether texts get through, and what else the person has."""

    gets_through: bool = True
    has_email: bool = True
    email_too: str = "none"


days = st.builds(
    Day,
    alerts=st.sampled_from([0, 1, 3]),
    phone=st.sampled_from(sorted(VENDOR | TEXT_ONLY)),
    mailbox=st.sampled_from(sorted(VENDOR)),
    process=st.sampled_from(PROCESS),
    callbacks=st.sampled_from(CALLBACKS),
    another=st.sampled_from(ANOTHER),
    ahead=st.sampled_from([0, LEASE_AND_MORE]),
    list_lies=st.booleans(),
)
good_days = st.builds(Day, alerts=st.sampled_from([0, 1, 3]), callbacks=st.sampled_from(CALLBACKS))
worlds = st.builds(World, st.booleans(), st.booleans(), st.sampled_from(["none", "all", "some"]))
pauses = st.sampled_from([5, 30, 70, 4000])


@settings(deadline=None, max_examples=200)
@given(st.lists(days, min_size=1, max_size=5), worlds, pauses)
def test_nobody_is_texted_twice_and_somebody_is_told(history: list[Day], world: World, seconds: int) -> None:
    with closing(SqliteDocuments(":memory:")) as documents:
        post = lived_through(documents, history, world, seconds)

        assert max(accepted(post).values(), default=0) <= 1
        assert max(Counter(copy.copy_of for copy in copies(documents)).values(), default=0) <= 1
        letters = {message.alert_id for _, message in post.mailbox.sent}
        assert all(count <= 1 for count in mentions(post, letters).values())
        for alert in everything(documents):
            assert alert.due_at is None
            assert_told(post, alert)
            assert_explained(post, alert)


@settings(deadline=None, max_examples=30)
@given(st.lists(good_days, min_size=1, max_size=4), pauses)
def test_on_good_days_each_alert_is_one_text_and_nothing_else(history: list[Day], seconds: int) -> None:
    with closing(SqliteDocuments(":memory:")) as documents:
        post = lived_through(documents, history, World(), seconds)

        assert copies(documents) == []
        assert set(accepted(post)) == {alert.id for alert in everything(documents)}
        assert {alert.state for alert in everything(documents)} <= TOLD
        said = {day.callbacks for day in history}
        assert said - {"lost", "sent"} or all(
            alert.state is AlertState.SENT for alert in everything(documents)
        )


# ── living through it ────────────────────────────────────────────────────────────────────────────────────


def lived_through(documents: SqliteDocuments, history: list[Day], world: World, seconds: int) -> Post:
    """Days one after another, and then good ones until nothing is left to do."""
    save_person(documents, email_verified_at=NOW if world.has_email else None)
    phone = ListedPhone()
    post, now, number = Post(documents, phone=phone), NOW, 0
    for day in history:
        for _ in range(day.alerts):
            number += 1
            save_step(documents, number, now, world)
        phone.lies = day.list_lies
        a_sweep(post, day, world, now)
        callbacks(post, day.callbacks, world, now)
        now += timedelta(seconds=seconds)
    post.sweep_until_settled(now)
    callbacks(post, history[-1].callbacks, world, now)
    post.sweep_until_settled(now)
    return post


def save_step(documents: SqliteDocuments, number: int, now: datetime, world: World) -> None:
    """A text about one watch, and perhaps the e-mail that says the same: of all, of none, or of some."""
    known = {"watch_id": f"w{number + 1}", "created_at": now + number * MOMENT, "due_at": now}
    by_email = world.email_too == "all" or (world.email_too == "some" and number % 2)
    also = {Channel.SMS: (Channel.EMAIL,), Channel.EMAIL: (Channel.SMS,)} if by_email else {}
    for channel in also or (Channel.SMS,):
        save_alert(documents, channel, **known, also=also.get(channel, ()))


def a_sweep(post: Post, day: Day, world: World, now: datetime) -> None:
    (VENDOR | TEXT_ONLY)[day.phone](post.phone)
    VENDOR[day.mailbox](post.mailbox)
    faulty = FaultyDocuments(post.documents)
    if day.process != "lives":
        crash, commit = day.process.split()
        getattr(faulty, crash)(int(commit))
    if day.callbacks == "early":
        post.phone.after = then(lambda: callbacks(post, "final", world, now), post.phone.after)
    another_sweeps(post, faulty, day, now)
    with suppress(Crash):
        post.sweep(now, faulty)
    for notifier in (post.phone, post.mailbox):
        notifier.before = notifier.after = None


def another_sweeps(post: Post, faulty: FaultyDocuments, day: Day, now: datetime) -> None:
    """Somebody else sweeps once, in the middle of it; perhaps so late that they take us for dead."""
    swept: list[datetime] = []

    def once() -> None:
        if not swept:
            swept.append(now)
            with suppress(Crash):
                post.sweep(now + timedelta(seconds=day.ahead))

    def at_its_commit(_: tuple[Write, ...]) -> None:
        if f"commit {faulty.commits + 1}" == day.another:
            once()

    if day.another == "while sending":
        post.phone.before = then(once, post.phone.before)
    elif day.another == "once taken":
        post.phone.after = then(once, post.phone.after)
    else:
        faulty.before_commit = at_its_commit


def then(first: Callable[[], object], second: Callable[[], object] | None) -> Callable[[], object]:
    def both() -> None:
        first()
        if second:
            second()

    return both


def callbacks(post: Post, which: str, world: World, now: datetime) -> None:
    """What the vendor says of every text it ever took."""
    final = AlertState.DELIVERED if world.gets_through else AlertState.UNDELIVERED
    order = {
        "sent": (AlertState.SENT,),
        "final": (final,),
        "doubled": (final, final),
        "reordered": (final, AlertState.SENT),
    }.get(which, ())
    for number, (_, message) in enumerate(list(post.phone.sent), 1):
        for state in order:
            learn(message.alert_id, Report(f"receipt-{number}", state), post.means, now=now)


# ── what must hold ───────────────────────────────────────────────────────────────────────────────────────


def accepted(post: Post) -> Counter[str]:
    """How many accepted texts told of each alert; of those that rode in another's message, too."""
    return mentions(post, [message.alert_id for _, message in post.phone.sent])


def mentions(post: Post, leads: object) -> Counter[str]:
    told = [stored(post.documents, lead) for lead in leads]  # type: ignore[attr-defined]
    return Counter(identity for lead in told for identity in (lead.id, *lead.riders))


def assert_told(post: Post, alert: Alert) -> None:
    """By its own message, or by another one that says the same: in a letter, or on the page of alerts."""
    if alert.channel is Channel.SMS and alert.state in TOLD:
        assert accepted(post)[alert.id] == 1
    says_the_same = [other for other in everything(post.documents) if alert.news in said_by(other)]
    assert any(other.state in TOLD for other in says_the_same)


def said_by(alert: Alert) -> tuple[object, ...]:
    return alert.every_news if alert.rides_with is None else ()


def assert_explained(post: Post, alert: Alert) -> None:
    """Whoever cannot be sure says why, and somebody else tells it."""
    if alert.state is not AlertState.UNCERTAIN or alert.rides_with:
        return
    assert alert.why
    assert alert.also or [copy for copy in copies(post.documents) if copy.copy_of == alert.id]
