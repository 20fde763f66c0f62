"""What was asked a moment ago: kept for its time, bounded, and asked once however many want it."""

import threading
from collections.abc import Callable
from unittest.mock import patch

import pytest

from watchers.catalog.kept import Kept


class Shelf:
    """A cache of lengths, with a clock that a test moves."""

    def __init__(self, most: int = 10, seconds: float = 60) -> None:
        self.now, self.asked = 0.0, list[str]()
        self.kept = Kept[str](most, lambda _: seconds, len, lambda: self.now, lambda work: work())

    def ask(self, word: str, age: float = 60) -> str:
        return self.kept.ask(word, lambda: self.answer(word), age=age).answer.result()

    def answer(self, word: str) -> str:
        self.asked.append(word)
        return word


def test_what_is_fresh_enough_is_not_asked_again() -> None:
    shelf = Shelf()
    shelf.ask("a")
    shelf.now = 30
    assert (shelf.ask("a"), shelf.asked) == ("a", ["a"])
    shelf.ask("a", age=29)
    assert shelf.asked == ["a", "a"]


def test_what_is_over_its_time_is_gone() -> None:
    shelf = Shelf(seconds=5)
    shelf.ask("a")
    shelf.now = 6
    shelf.ask("a", age=1000)
    assert shelf.asked == ["a", "a"]


def test_what_was_not_used_for_longest_makes_room_and_what_is_too_large_is_not_kept() -> None:
    shelf = Shelf(most=3)
    for word in ("a", "b", "a", "cc", "a", "b", "dddd", "dddd"):
        shelf.ask(word)
    assert shelf.asked == ["a", "b", "cc", "b", "dddd", "dddd"]


def test_its_age_is_counted_from_the_answer_and_not_from_the_question() -> None:
    shelf = Shelf()

    def slow() -> str:
        shelf.now += 20
        return "a"

    shelf.kept.ask("a", slow, age=60)
    shelf.now = 75
    assert shelf.ask("a") == "a"
    assert shelf.asked == []


def test_an_answer_that_breaks_breaks_for_whoever_waits_and_is_not_kept() -> None:
    works: list[Callable[[], None]] = []
    kept = Kept[str](10, lambda _: 60, len, start=works.append)

    def breaks() -> str:
        raise ZeroDivisionError

    asked = kept.ask("a", breaks, age=60)
    with pytest.raises(ZeroDivisionError):
        works[0]()
    with pytest.raises(ZeroDivisionError):
        asked.answer.result(0)
    assert kept.ask("a", breaks, age=60) is not asked


def test_the_thread_never_holds_up_the_end_of_the_process() -> None:
    kept = Kept[str](10, lambda _: 60, len)
    asked = kept.ask("a", lambda: str(threading.current_thread().daemon), age=1)
    assert asked.answer.result(5) == "True"


def test_where_no_thread_is_to_be_had_whoever_asks_waits() -> None:
    with patch("threading.Thread.start", side_effect=RuntimeError("can't start new thread")):
        assert Kept[str](10, lambda _: 60, len).ask("a", lambda: "b", age=1).answer.result(0) == "b"
