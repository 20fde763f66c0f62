from datetime import UTC, datetime
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from store.tagged import from_text, to_text

KEYS = st.one_of(st.sampled_from(["$time", "$bytes", "$", "$$", "$$time", "a"]), st.text(max_size=3))
SCALARS: st.SearchStrategy[Any] = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(allow_nan=False),
    st.text(max_size=5),
    st.binary(max_size=5),
    st.datetimes(timezones=st.just(UTC)),
)
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=3),
    max_leaves=8,
)


@settings(deadline=None)
@given(st.dictionaries(KEYS, VALUES, max_size=4))
def test_whatever_is_written_comes_back(fields: dict[str, Any]) -> None:
    assert from_text(to_text(fields)) == fields


@settings(deadline=None)
@given(st.dictionaries(KEYS, VALUES, max_size=4))
def test_the_order_of_the_keys_does_not_show(fields: dict[str, Any]) -> None:
    assert to_text(dict(reversed(fields.items()))) == to_text(fields)


def test_a_moment_is_kept_in_utc() -> None:
    moment = datetime.fromisoformat("2026-12-01T04:00:00.000001-08:00")
    assert to_text({"at": moment}) == '{"at":{"$time":"2026-12-01T12:00:00.000001+00:00"}}'
