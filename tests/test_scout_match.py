"""``scout.py match``: a line in, a line out, and what somebody said remembered."""

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

import scout

GAME = {
    "name": "Los Angeles Lakers vs. Boston Celtics",
    "venue": "Crypto.com Arena",
    "city": "Los Angeles",
    "state": "CA",
    "country": "US",
    "date": "2026-12-25",
    "time": "17:00:00",
    "timezone": "America/Los_Angeles",
    "performers": ["Los Angeles Lakers", "Boston Celtics"],
    "min_price": 84.5,
    "currency": "USD",
    "basis": "all_in",
    "provider": "ticketmaster",
    "item": "tm1",
}
OLD_NAME = {
    **GAME, "name": "Celtics at Lakers", "venue": "Staples Center", "time": "17:00", "performers": None,
    "timezone": None, "provider": "seatgeek", "item": "sg1",
}  # fmt: skip
PARKING = {**GAME, "name": "PARKING: Lakers vs Celtics", "provider": "stubhub", "item": "sh1"}


@pytest.fixture(autouse=True)
def here(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """An empty folder with a database of its own."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("STORE", "sqlite:///scout.db")


def run(*arguments: str, code: int = 0, stdin: str | None = None) -> Result:
    result = CliRunner().invoke(scout.cli, list(arguments), input=stdin)
    assert result.exit_code == code, (result.output, result.exception)
    return result


def lines(*pairs: object) -> str:
    return "".join(f"{pair if isinstance(pair, str) else json.dumps(pair)}\n" for pair in pairs)


def said(result: Result) -> list[dict[str, Any]]:
    return [json.loads(line) for line in result.stdout.splitlines()]


def test_each_line_of_a_file_is_answered_by_one_with_reasons() -> None:
    Path("pairs.jsonl").write_text(lines({"a": GAME, "b": OLD_NAME}, {"a": GAME, "b": PARKING}))

    same, other = said(run("match", "pairs.jsonl"))

    assert same.keys() == other.keys() == {"same", "score", "reasons"}
    assert (same["same"], other["same"]) == (True, False)
    assert same["score"] > 0.9
    assert other["score"] <= 0.3
    assert any("Crypto.com Arena was Staples Center until 2021" in reason for reason in same["reasons"])
    assert other["reasons"] == ["B is a parking pass"]


def test_a_bad_line_is_named_and_the_others_are_answered_all_the_same() -> None:
    wrong = {"a": {"name": "x", "date": "tomorrow"}, "b": {}}
    deep = '{"a": ' + "[" * 100_000
    piped = lines("nope", wrong, "[]", {"a": GAME}, deep, "", {"a": GAME, "b": OLD_NAME})

    result = run("match", "-", stdin=piped, code=1)

    answers = said(result)
    assert [answer["same"] for answer in answers] == [None, None, None, None, None, True]
    for number, answer in zip((1, 2, 3, 4, 5), answers, strict=False):
        assert answer["error"].startswith(f"line {number}: not understood (")
        assert f"line {number}: not understood (" in result.stderr
    assert "$.a.date" in answers[1]["error"]


def test_a_line_that_is_no_text_is_a_bad_line_and_an_editor_s_mark_is_none() -> None:
    good = lines({"a": GAME, "b": OLD_NAME}).encode()
    Path("pairs.jsonl").write_bytes(b"\xef\xbb\xbf" + good + b'{"a": "\xff"}\n' + good)

    answers = said(run("match", "pairs.jsonl", code=1))

    assert [answer["same"] for answer in answers] == [True, None, True]


def test_what_somebody_said_is_remembered_and_can_be_taken_back() -> None:
    pair = lines({"a": GAME, "b": OLD_NAME})

    run("match", "--not-same", "seatgeek:sg1", "ticketmaster:tm1")
    run("match", "--not-same", "ticketmaster:tm1", "seatgeek:sg1")
    (kept,) = said(run("match", "-", stdin=pair))
    run("match", "--take-back", "ticketmaster:tm1", "seatgeek:sg1")
    (again,) = said(run("match", "-", stdin=pair))

    assert kept == {"same": False, "score": 0.0, "reasons": ["somebody said that these are not the same"]}
    assert again["same"] is True


def test_pairs_without_ids_are_judged_without_a_database(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STORE", "nonsense")
    plain = {name: value for name, value in GAME.items() if name != "item"}

    (answer,) = said(run("match", "-", stdin=lines({"a": plain, "b": {**plain, "provider": "seatgeek"}})))

    assert answer["same"] is True


def test_what_cannot_be_understood_is_said() -> None:
    assert "name a FILE of pairs" in run("match", code=2).output
    assert "write provider:item" in run("match", "--not-same", "tm1", "seatgeek:sg1", code=2).output
    assert "one entry" in run("match", "--not-same", "seatgeek:1", "seatgeek:1", code=2).output
    assert "nowhere.jsonl" in run("match", "nowhere.jsonl", code=2).output
