"""What was worked out a moment ago is not worked out again."""

from concurrent.futures import ThreadPoolExecutor
from time import sleep

import pytest

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
