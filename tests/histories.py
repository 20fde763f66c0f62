"""Random watches, and random histories of what a provider might say of one target.

``RULES`` are hypothesis' settings for all who use them: the same examples at every run.
"""

from datetime import date, datetime, timedelta
from typing import Any

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st

from tests.builders import (
    BACK_IN_STOCK,
    FACE,
    ITEM,
    NEW_LISTING,
    RESALE,
    SEARCH,
    START,
    STATUS,
    at,
    below,
    drop,
    historic_low,
    observed,
    watch,
)
from watchers.money import Basis, PriceKey
from watchers.observation import Availability, EventStatus, Observation
from watchers.target import Target
from watchers.watch import Watch

RULES = settings(
    deadline=None, derandomize=True, max_examples=150, suppress_health_check=[HealthCheck.too_slow]
)

EUROS = PriceKey(Basis.FACE, "EUR")
PRICES = (0, 1_00, 30_00, 45_00, 70_00, 76_00, 80_00, 85_00, 89_99, 90_00, 90_01, 91_80, 91_81, 95_00, 100_00)
GAPS = (timedelta(minutes=1), timedelta(minutes=7), timedelta(hours=5), timedelta(days=1), timedelta(days=4))
EVENT_DAY = datetime(2026, 12, 20, 19, 0, tzinfo=START.tzinfo)

prices = st.sampled_from(PRICES) | st.integers(1, 200_00)
gaps = st.sampled_from(GAPS)
conditions = st.one_of(
    st.sampled_from(["90.00", "45.00", "76.00"]).map(below),
    st.builds(below, st.sampled_from(["90.00", "80.00"]), basis=st.sampled_from(["face", "resale"])),
    st.just(below("85.00", currency="EUR")),
    st.builds(drop, st.sampled_from([1, 5, 10, 33.3, 60])),
    st.builds(drop, st.sampled_from([5, 10]), min_saving=st.sampled_from(["1.00", "20.00"])),
    st.builds(historic_low, st.sampled_from([2, 3, 30])),
    st.sampled_from([dict(NEW_LISTING), dict(BACK_IN_STOCK), dict(STATUS)]),
)


@st.composite
def watches(draw: st.DrawFn, target: Target) -> Watch:
    return watch(
        *draw(st.lists(conditions, min_size=1, max_size=4)),
        target=target,
        already_true=draw(st.sampled_from(["tell", "wait"])),
        filters={"basis": draw(st.sampled_from([None, None, None, "face", "resale"]))},
        notify=["email"],
    )


@st.composite
def histories(draw: st.DrawFn, target: Target, size: int = 16) -> list[Observation]:
    """What a provider might say, one look after another: prices that stay and jump, keys that come and go."""
    seen: list[Observation] = []
    now, current = START, {FACE: 100_00}
    for _ in range(draw(st.integers(1, size))):
        now += draw(gaps)
        change = draw(st.sampled_from(["same", "same", "price", "price", "price", "keys", "unknown", "else"]))
        if change == "unknown":
            seen.append(observed(when=now, target=target))
            continue
        if change == "price" and current:
            current = {**current, draw(st.sampled_from(sorted(current))): draw(prices)}
        elif change == "keys":
            kept = draw(st.lists(st.sampled_from([FACE, RESALE, EUROS]), max_size=3, unique=True))
            current = {key: current.get(key) or draw(prices) for key in kept}
        said = draw(_anything_else(target)) if change == "else" else {}
        if seen and not said:
            said = _said(seen[-1])
        seen.append(observed(current, when=now, target=target, **said))
    return seen


def _said(last: Observation) -> dict[str, Any]:
    """What the last look said besides prices."""
    listed = None if last.listings is None else [one.target.item for one in last.listings]
    return {
        "availability": last.availability,
        "status": last.status,
        "starts_at": last.starts_at,
        "listed": listed,
    }


def _anything_else(target: Target) -> st.SearchStrategy[dict[str, Any]]:
    return st.fixed_dictionaries(
        {
            "availability": st.sampled_from(Availability),
            "status": st.sampled_from([None, *EventStatus]),
            "starts_on": st.sampled_from([None, date(2026, 12, 20), date(2026, 12, 21)]),
            "starts_at": st.sampled_from([None, None, EVENT_DAY, EVENT_DAY + timedelta(days=30), START]),
            "onsale_at": st.sampled_from([None, at(days=9), at(days=9, minutes=0.00001), at(days=40)]),
            "presales": st.sampled_from([{}, {"Fans": at(days=5)}, {"Fans": at(days=6), "Card": at(days=7)}]),
            "listed": st.lists(st.sampled_from("abcdef"), unique=True) if target.search else st.none(),
        }
    )


@st.composite
def stories(draw: st.DrawFn) -> tuple[Watch, list[Observation]]:
    target = draw(st.sampled_from([ITEM, SEARCH]))
    return draw(watches(target)), draw(histories(target))
