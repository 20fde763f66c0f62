"""What is known by heart, from two data files beside this one: read once, when somebody first asks."""

import tomllib
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import msgspec

from watchers.matching.words import folded

_HERE = Path(__file__).parent


class Venue(msgspec.Struct, frozen=True, rename={"name": "is"}):
    """One place by its name of today, with the others it goes or went by."""

    name: str
    city: str
    was: tuple[tuple[str, int], ...] = ()
    also: tuple[str, ...] = ()

    @property
    def names(self) -> tuple[str, ...]:
        """All of them."""
        return (self.name, *(name for name, _ in self.was), *self.also)


class _Aliases(msgspec.Struct, frozen=True):
    venue: tuple[Venue, ...]
    teams: Mapping[str, tuple[str, ...]]


class _Places(msgspec.Struct, frozen=True):
    towns: Mapping[str, tuple[str, ...]]
    areas: Mapping[str, tuple[str, ...]]
    states: Mapping[str, tuple[str, str]]
    countries: Mapping[str, str]


def town(name: str) -> str:
    """One name for a town that has several."""
    return _town_names().get(folded(name), folded(name))


def areas(name: str) -> frozenset[str]:
    """Of a ``town``, the areas whose towns are taken for one another."""
    return _areas().get(name, frozenset()) | {name}


def state(name: str) -> str:
    """``"California"`` and ``"CA"`` alike."""
    return _state_names().get(folded(name), folded(name))


def zone(state_: str | None, country: str | None) -> str | None:
    """The main zone of a state or of a country that has one."""
    code = (country or "").upper()
    if state_ and code in {"", "US", "CA", "AU"}:
        found = _places().states.get(state(state_).upper())
        if found and (not code or (code == "AU") == found[1].startswith("Australia/")):
            return found[1]
    return _places().countries.get(code)


def venues(name: str) -> tuple[Venue, ...]:
    """Every place that goes or went by this name."""
    return _venues().get(folded(name), ())


def teams(name: str) -> tuple[str, ...]:
    """The full names of every team that is called so."""
    return _teams().get(folded(name), ())


def _read(name: str, shape: Any) -> Any:
    return msgspec.convert(tomllib.loads((_HERE / name).read_text()), shape)


@cache
def _aliases() -> _Aliases:
    return _read("aliases.toml", _Aliases)  # type: ignore[no-any-return]


@cache
def _places() -> _Places:
    return _read("places.toml", _Places)  # type: ignore[no-any-return]


@cache
def _town_names() -> dict[str, str]:
    return {folded(other): folded(name) for name, others in _places().towns.items() for other in others}


@cache
def _areas() -> dict[str, frozenset[str]]:
    found: dict[str, set[str]] = {}
    for area, others in _places().areas.items():
        for name in others:
            found.setdefault(town(name), set()).add(town(area))
    return {name: frozenset(of) for name, of in found.items()}


@cache
def _state_names() -> dict[str, str]:
    return {folded(name): code.lower() for code, (name, _) in _places().states.items()}


@cache
def _venues() -> dict[str, tuple[Venue, ...]]:
    return _by_name({venue: venue.names for venue in _aliases().venue})


@cache
def _teams() -> dict[str, tuple[str, ...]]:
    return _by_name({name: (name, *others) for name, others in _aliases().teams.items()})


def _by_name(names: Mapping[Any, Sequence[str]]) -> dict[str, tuple[Any, ...]]:
    found: dict[str, dict[Any, None]] = {}
    for one, its in names.items():
        for name in its:
            found.setdefault(folded(name), {})[one] = None
    return {name: tuple(ones) for name, ones in found.items()}
