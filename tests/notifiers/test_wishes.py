"""How a person wants to be told: from words to a document, and back to a ``Person``."""

from datetime import UTC, datetime, time
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from notifiers.contacts import from_document
from notifiers.wishes import wished
from watchers.documents import Document
from watchers.kinds import Channel
from watchers.models import Every, Person, QuietHours

NOW = datetime(2026, 6, 1, 12, 0, tzinfo=UTC)
KNOWN: dict[str, Any] = {"phone": "+15005550006", "plan": "premium", "made_at": NOW}


def person_of(fields: dict[str, Any]) -> Person:
    return from_document(Document("people/u1", fields, "1", NOW))


@pytest.mark.parametrize(
    ("wish", "words", "stored"),
    [
        ("quiet", "22:00-07:00", {"quiet_hours": {"from": "22:00", "to": "07:00"}}),
        ("quiet", " 9:30 – 17:05 ", {"quiet_hours": {"from": "09:30", "to": "17:05"}}),  # noqa: RUF001
        ("quiet", "Off", {"quiet_hours": None}),
        ("digest", "daily", {"digest": "daily"}),
        ("digest", "WEEKLY", {"digest": "weekly"}),
        ("digest", "off", {"digest": None}),
        ("digest_at", "8:00", {"digest_at": "08:00"}),
        ("per_day", "20", {"per_day": 20}),
        ("per_day", "default", {"per_day": None}),
        ("per_watch", "6", {"per_watch": 6}),
        ("per_watch", "default", {"per_watch": None}),
        ("failover", "push, email", {"failover": ["push", "email"]}),
        ("failover", "app", {"failover": ["app"]}),
        ("failover", "default", {"failover": None}),
        ("texts_granted", "0", {"texts_granted": 0}),
        ("texts_granted", "default", {"texts_granted": None}),
    ],
)
def test_a_wish_is_stored_and_the_rest_stays(wish: str, words: str, stored: dict[str, Any]) -> None:
    assert wished(KNOWN, **{wish: words}) == KNOWN | stored


@pytest.mark.parametrize(
    ("wish", "words", "said"),
    [
        ("quiet", "22:00", "as in 22:00-07:00, or off"),
        ("quiet", "10pm-7am", "as in 22:00-07:00, or off"),
        ("quiet", "24:00-07:00", "as in 22:00-07:00, or off"),
        ("quiet", "22:60-07:00", "as in 22:00-07:00, or off"),
        ("quiet", "22:00-07:00-08:00", "as in 22:00-07:00, or off"),
        ("quiet", "٢٢:00-07:00", "as in 22:00-07:00, or off"),
        ("quiet", "", "as in 22:00-07:00, or off"),
        ("quiet", "07:00-7:00", "end at another time than they begin"),
        ("digest", "hourly", "daily or weekly, or is off"),
        ("digest_at", "8", "as in 08:00"),
        ("digest_at", "25:00", "as in 08:00"),
        ("per_day", "0", "from 1 to 1000, or default"),
        ("per_day", "many", "from 1 to 1000, or default"),
        ("per_day", "²", "from 1 to 1000, or default"),
        ("per_day", "9" * 5000, "from 1 to 1000, or default"),
        ("per_watch", "-1", "from 1 to 1000, or default"),
        ("per_watch", "1.5", "from 1 to 1000, or default"),
        ("texts_granted", "1e3", "from 0 to 10000, or default"),
        ("failover", "", "out of sms, email, push and app"),
        ("failover", "email,pigeon", "out of sms, email, push and app"),
        ("failover", "email,email", "out of sms, email, push and app"),
        ("failover", "email,", "out of sms, email, push and app"),
    ],
)
def test_what_cannot_be_read_is_refused_with_how_to_write_it(wish: str, words: str, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        wished(KNOWN, **{wish: words})


def test_what_was_not_said_changes_nothing() -> None:
    assert wished(KNOWN, quiet=None, per_day=None) == KNOWN


def test_a_persons_document_is_not_changed_in_place() -> None:
    known = dict(KNOWN)

    wished(known, quiet="22:00-07:00")

    assert known == KNOWN


CLOCKS = st.times().map(lambda clock: clock.replace(second=0, microsecond=0))


@given(
    start=CLOCKS,
    end=CLOCKS,
    digest=st.none() | st.sampled_from(Every),
    digest_at=CLOCKS,
    counts=st.lists(st.none() | st.integers(1, 1000), min_size=3, max_size=3),
    failover=st.permutations(list(Channel)).flatmap(
        lambda order: st.integers(1, 4).map(lambda length: tuple(order[:length]))
    ),
)
def test_every_wish_is_read_back_as_it_was_said(
    start: time,
    end: time,
    digest: Every | None,
    digest_at: time,
    counts: list[int | None],
    failover: tuple[Channel, ...],
) -> None:
    per_day, per_watch, segments = counts
    quiet = QuietHours(start, end) if start != end else None
    words = [str(count or "default") for count in counts]

    read = person_of(
        wished(
            KNOWN,
            quiet=f"{start:%H:%M}-{end:%H:%M}" if quiet else "off",
            digest=digest or "off",
            digest_at=f"{digest_at:%H:%M}",
            per_day=words[0],
            per_watch=words[1],
            texts_granted=words[2],
            failover=",".join(failover),
        )
    )

    assert read == Person(
        "u1",
        phone="+15005550006",
        quiet_hours=quiet,
        digest=digest,
        digest_at=digest_at,
        per_day=per_day,
        per_watch=per_watch,
        texts_granted=segments,
        failover=failover,
        plan="premium",
    )


def test_a_wish_taken_back_is_as_if_it_had_never_been_said() -> None:
    said = wished(KNOWN, quiet="22:00-07:00", digest="daily", per_day="5", failover="app")
    back = wished(said, quiet="off", digest="off", per_day="default", failover="default")

    assert person_of(back) == person_of(KNOWN)


def test_a_plan_is_one_of_three() -> None:
    assert person_of(wished(KNOWN, plan=" Enterprise ")).plan == "enterprise"
    with pytest.raises(ValueError, match="a plan is one of basic, premium, enterprise"):
        wished(KNOWN, plan="gold")
