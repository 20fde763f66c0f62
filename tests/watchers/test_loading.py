"""Code is loaded without looking for rubbish meanwhile, and what was on before is on again."""

import gc

import pytest

from watchers.loading import without_collecting


def test_nothing_is_collected_until_the_block_ends() -> None:
    with without_collecting():
        assert not gc.isenabled()
    assert gc.isenabled()


def test_whatever_ends_the_block_ends_the_pause() -> None:
    with pytest.raises(ImportError), without_collecting():
        raise ImportError
    assert gc.isenabled()


def test_who_never_collects_is_left_alone() -> None:
    gc.disable()
    try:
        with without_collecting():
            pass
        assert not gc.isenabled()
    finally:
        gc.enable()
