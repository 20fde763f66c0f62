"""What was worked out a moment ago is not worked out again."""

from concurrent.futures import ThreadPoolExecutor
from threading import Event
from time import sleep

import pytest

from watchers.errors import StoreUnavailableError
from web.memo import Memo


def test_a_value_is_good_for_so_many_seconds() -> None:
    now, asked = [0.0], []
    memo = Memo(lambda: now[0])

    def work_out() -> int:
        asked.append(now[0])
        return len(asked)

    assert [memo.of("a", 10, work_out) for now[0] in (0.0, 5.0, 9.9, 10.0, 12.0)] == [1, 1, 1, 2, 2]
    assert memo.of("b", 10, work_out) == 3


def test_what_failed_is_asked_again() -> None:
    memo = Memo()

    def fails() -> int:
        raise RuntimeError

    with pytest.raises(RuntimeError):
        memo.of("a", 10, fails)
    assert memo.of("a", 10, lambda: 7) == 7


def test_of_many_at_once_one_works_it_out() -> None:
    memo, asked = Memo(), []

    def slow() -> int:
        asked.append(1)
        sleep(0.05)
        return len(asked)

    with ThreadPoolExecutor(8) as pool:
        assert set(pool.map(lambda _: memo.of("a", 10, slow), range(8))) == {1}


def test_while_one_hangs_the_others_are_told_the_last_value_and_in_the_end_that_there_is_none() -> None:
    now, hangs, goes_on = [0.0], Event(), Event()
    memo = Memo(lambda: now[0], patience=0.01)
    memo.of("a", 10, lambda: 1)

    def hang() -> int:
        hangs.set()
        assert goes_on.wait(10)
        return 2

    with ThreadPoolExecutor(1) as pool:
        now[0] = 11.0
        slow = pool.submit(memo.of, "a", 10, hang)
        assert hangs.wait(10)
        try:
            assert memo.of("a", 10, lambda: 3) == 1
            now[0] = 31.0
            with pytest.raises(StoreUnavailableError):
                memo.of("a", 10, lambda: 3)
        finally:
            goes_on.set()
        assert slow.result() == 2
    assert memo.of("a", 10, lambda: 3) == 2
