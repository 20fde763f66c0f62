from collections.abc import Callable
from datetime import datetime

import pytest

from store.sqlite import SqliteDocuments
from tests.fake_provider import FakeProvider
from tests.upstream import NOW
from watchers import probing
from watchers.clocks import Moment
from watchers.errors import ProviderUnavailableError
from watchers.probing import ask, known
from watchers.providers.base import Probe
from watchers.quota import Budget

MOMENT = Moment(NOW)


class Curious(FakeProvider):
    """A provider with questions."""

    questions: tuple[Probe, ...] = ()

    def probes(self) -> tuple[Probe, ...]:
        return self.questions


def a_question(number: int, answer: Callable[[], str], calls: list[int]) -> Probe:
    def put(budget: Budget, _now: datetime) -> str:
        budget.take()
        calls.append(number)
        return answer()

    return Probe(f"q{number}", f"Question {number}?", put)


@pytest.fixture
def documents() -> SqliteDocuments:
    return SqliteDocuments(":memory:")


@pytest.fixture
def calls() -> list[int]:
    return []


def curious(*questions: Probe) -> dict[str, Curious]:
    provider = Curious()
    provider.questions = questions
    return {provider.name: provider}


def test_a_question_is_asked_once_and_its_answer_remembered(
    documents: SqliteDocuments, calls: list[int]
) -> None:
    asked = curious(a_question(1, lambda: "Yes.", calls), a_question(2, lambda: "No.", calls))
    assert [one.said for one in known(documents, asked)] == [None, None]
    assert [one.said for one in ask(documents, asked, MOMENT)] == ["Yes.", "No."]
    assert ask(documents, asked, MOMENT) == []
    assert [(one.said, one.asked_at) for one in known(documents, asked)] == [("Yes.", NOW), ("No.", NOW)]
    assert calls == [1, 2]


def test_again_asks_everything_anew(documents: SqliteDocuments, calls: list[int]) -> None:
    answers = iter(["Yes.", "No longer."])
    asked = curious(a_question(1, lambda: next(answers), calls))
    ask(documents, asked, MOMENT)
    ask(documents, asked, MOMENT, again=True)
    assert [one.said for one in known(documents, asked)] == ["No longer."]


def test_a_call_that_failed_leaves_the_question_open_and_says_why(
    documents: SqliteDocuments, calls: list[int]
) -> None:
    def fail() -> str:
        raise ProviderUnavailableError("fake: no answer in time")

    asked = curious(a_question(1, fail, calls), a_question(2, lambda: "No.", calls))
    assert [(one.said, one.failed) for one in ask(documents, asked, MOMENT)] == [
        (None, "fake: no answer in time"),
        ("No.", None),
    ]
    assert [one.said for one in known(documents, asked)] == [None, "No."]


def test_no_run_makes_more_than_ten_calls(documents: SqliteDocuments, calls: list[int]) -> None:
    asked = curious(*(a_question(number, lambda: "Yes.", calls) for number in range(14)))
    assert len(ask(documents, asked, MOMENT)) == probing.MOST
    assert len(calls) == probing.MOST
    ask(documents, asked, MOMENT)
    assert sorted(calls) == list(range(14))


def test_a_provider_without_questions_costs_nothing(documents: SqliteDocuments) -> None:
    before = dict(documents.operations)
    assert known(documents, {"fake": FakeProvider()}) == []
    assert ask(documents, {"fake": FakeProvider()}, MOMENT) == []
    assert dict(documents.operations) == before
