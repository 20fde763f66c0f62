"""Code is loaded without looking for rubbish meanwhile, and what was on before is on again."""

import gc
import math
import sys
from collections.abc import Iterator
from types import ModuleType

import pytest

from watchers.loading import collect_rarely, without_collecting


@pytest.fixture(autouse=True)
def _thawed() -> Iterator[None]:
    yield
    gc.unfreeze()


def _load(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "just_loaded", ModuleType("just_loaded"))


def test_nothing_is_collected_until_the_block_ends() -> None:
    with without_collecting():
        assert not gc.isenabled()
    assert gc.isenabled()


def test_whatever_ends_the_block_ends_the_pause() -> None:
    with pytest.raises(ImportError), without_collecting():
        raise ImportError
    assert gc.isenabled()


def test_who_never_collects_is_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    gc.disable()
    before = gc.get_freeze_count()
    try:
        with without_collecting():
            _load(monkeypatch)
        assert not gc.isenabled()
        assert gc.get_freeze_count() == before
    finally:
        gc.enable()


def test_what_was_loaded_is_never_looked_through_again(monkeypatch: pytest.MonkeyPatch) -> None:
    with without_collecting():
        _load(monkeypatch)
        loaded: list[list[int]] = [[] for _ in range(1_000)]
    assert gc.get_freeze_count() > len(loaded)
    assert not any(one is loaded for one in gc.get_objects())


def test_where_nothing_was_loaded_everything_is_looked_through_as_ever() -> None:
    before = gc.get_freeze_count()
    for _ in range(3):
        with without_collecting():
            pass
    assert gc.get_freeze_count() == before


def test_a_block_in_a_block_ends_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    with without_collecting():
        before = gc.get_freeze_count()
        with without_collecting():
            _load(monkeypatch)
        assert not gc.isenabled()
        assert gc.get_freeze_count() == before


def test_who_answers_people_looks_through_everything_a_tenth_as_often_at_the_most() -> None:
    before = gc.get_threshold()
    try:
        collect_rarely()
        assert math.prod(gc.get_threshold()) >= 10 * math.prod((700, 10, 10)), "Python's own"
        assert gc.isenabled()
    finally:
        gc.set_threshold(*before)
