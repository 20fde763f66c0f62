"""The delivery promise, whole: nobody is texted twice about one alert, and somebody is told in the end.

Whatever the vendors do and wherever the process dies, in whatever order.
"""

from collections.abc import Callable
from contextlib import closing, suppress
from datetime import datetime, timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from notifiers.deliver import sweep
from notifiers.errors import (
    DeliveryUnknownError,
    Fault,
    NotifierRejectedError,
    NotifierUnavailableError,
)
from store.sqlite import SqliteDocuments
from tests.fakes import Crash, FaultyDocuments
from tests.notifiers.kit import (
    MINUTE,
    NOW,
    PUBLIC_URL,
    FakeNotifier,
    Post,
    fail_with,
    save_alert,
    save_person,
)
from watchers import alerts
from watchers.documents import Query
from watchers.models import AlertState
from watchers.watch import Channel

VendorDay = Callable[[FakeNotifier], None]


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
TEXT_ONLY = {"refused": before(NotifierRejectedError("30034", fault=Fault.OPERATOR))}
PROCESS = ("lives", *(f"crash_{when} {commit}" for when in ("before", "after") for commit in range(1, 5)))
days = st.tuples(
    st.sampled_from(sorted(VENDOR | TEXT_ONLY)),
    st.sampled_from(sorted(VENDOR)),
    st.sampled_from(PROCESS),
)


@settings(deadline=None, max_examples=150)
@given(st.lists(days, max_size=6), st.sampled_from([5, 30, 70, 4000]))
def test_nobody_is_texted_twice_and_somebody_is_told(
    history: list[tuple[str, str, str]], seconds: int
) -> None:
    with closing(SqliteDocuments(":memory:")) as documents:
        save_person(documents)
        post, now = Post(documents), NOW
        save_alert(documents)
        for phone, mailbox, process in history:
            a_bad_sweep(post, phone, mailbox, process, now)
            now += timedelta(seconds=seconds)
        for _ in range(4):
            a_sweep(post, FaultyDocuments(documents), now)
            now += 61 * MINUTE

        assert len(post.phone.sent) <= 1
        assert post.phone.sent or post.mailbox.sent
        assert len({message.alert_id for _, message in post.mailbox.sent}) <= 1
        assert_all_settled(documents)


def a_bad_sweep(post: Post, phone: str, mailbox: str, process: str, now: datetime) -> None:
    (VENDOR | TEXT_ONLY)[phone](post.phone)
    VENDOR[mailbox](post.mailbox)
    faulty = FaultyDocuments(post.documents)
    if process != "lives":
        crash, commit = process.split()
        getattr(faulty, crash)(int(commit))
    with suppress(Crash):
        a_sweep(post, faulty, now)
    for notifier in (post.phone, post.mailbox):
        notifier.before = notifier.after = None


def a_sweep(post: Post, documents: FaultyDocuments, now: datetime) -> None:
    sweep(documents, post.notifiers, public_url=PUBLIC_URL, now=now, deadline=now + MINUTE)


def assert_all_settled(documents: SqliteDocuments) -> None:
    for document in documents.find(Query(alerts.COLLECTION)):
        alert = alerts.from_document(document)
        assert alert.due_at is None
        if alert.channel is Channel.EMAIL:
            assert alert.state is AlertState.SENT
