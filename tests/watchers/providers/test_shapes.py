"""Somebody else's values: what has the wrong shape is absent, whatever it is."""

import pytest

from watchers.providers import shapes


@pytest.mark.parametrize("name", ["America/Toronto", "America/Argentina/Buenos_Aires", "Etc/GMT+5", "UTC"])
def test_a_zone_is_one_of_the_database(name: str) -> None:
    assert str(shapes.zone(name)) == name


@pytest.mark.parametrize(
    "value", ["", "Mars/Olympus", "../etc", "America", "/UTC", "a/" * 500 + "b", "<a " * 20_000, None, 5]
)
def test_anything_else_is_no_zone_however_long(value: object) -> None:
    assert shapes.zone(value) is None


@pytest.mark.parametrize(("code", "known"), [("USD", "USD"), ("QQQ", None), ("XXX", None), ("usd", None)])
def test_a_currency_is_one_that_the_standard_knows(code: str, known: str | None) -> None:
    assert shapes.currency(code) == known
