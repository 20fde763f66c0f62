"""Sizes as in the worked example of https://firebase.google.com/docs/firestore/storage-size."""

from datetime import UTC, datetime

import pytest

from store.limits import document_size
from watchers.documents import SERVER_TIME


def test_the_vendors_own_example_comes_to_the_vendors_own_figure() -> None:
    fields = {"type": "Personal", "done": False, "priority": 1, "description": "Learn Cloud Firestore"}
    assert document_size("users/jeff/tasks/my_task_id", fields) == 147


@pytest.mark.parametrize(
    ("value", "size"),
    [
        (None, 1),
        (True, 1),
        (1, 8),
        (1.5, 8),
        ("é", 3),
        (b"123", 3),
        (datetime(2026, 12, 1, tzinfo=UTC), 8),
        (SERVER_TIME, 8),
        ([1, "é"], 11),
        ({"ab": 1}, 43),
    ],
)
def test_each_kind_of_value_has_its_size(value: object, size: int) -> None:
    assert document_size("a/b", {"v": value}) - document_size("a/b", {}) == size + len("v") + 1
