from datetime import timedelta

import pytest

from notifiers.limits import DOCUMENTED, Limits
from watchers.models import Person


def test_without_any_setting_the_limits_are_the_documented_ones() -> None:
    assert Limits.from_env({}) == Limits.from_env(DOCUMENTED) == Limits()


def test_a_blank_setting_is_none() -> None:
    assert Limits.from_env(dict.fromkeys(DOCUMENTED, "  ")) == Limits()


def test_what_is_set_is_taken() -> None:
    limits = Limits.from_env(
        {
            "GROUPING_SECONDS": "2",
            "MESSAGES_PER_DAY": "5",
            "MESSAGES_PER_WATCH": "0",
            "SMS_SEGMENTS_PER_PERSON": "30",
            "SMS_SEGMENTS_PER_MONTH": " 400 ",
            "SETTLE_SECONDS": "1.5",
        }
    )
    assert limits == Limits(
        grouping=timedelta(seconds=2),
        longest_grouping=timedelta(seconds=12),
        per_day=5,
        per_watch=0,
        segments_per_person=30,
        segments_in_all=400,
        settle=timedelta(seconds=1.5),
    )


def test_every_documented_setting_is_read() -> None:
    for name in DOCUMENTED:
        assert Limits.from_env({name: "7"}) != Limits(), name


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("GROUPING_SECONDS", "-0.5"),
        ("GROUPING_SECONDS", "half a second"),
        ("SETTLE_SECONDS", "nan"),
        ("SETTLE_SECONDS", "inf"),
        ("MESSAGES_PER_DAY", "-1"),
        ("MESSAGES_PER_DAY", "2.5"),
        ("MESSAGES_PER_WATCH", "many"),
        ("SMS_SEGMENTS_PER_PERSON", "1_000"),
        ("SMS_SEGMENTS_PER_MONTH", "٣"),
        ("SMS_SEGMENTS_PER_MONTH", "9" * 5000),
    ],
)
def test_a_wrong_setting_is_named_and_its_value_is_not_repeated(name: str, value: str) -> None:
    with pytest.raises(ValueError, match=f"^{name} must be a ") as refused:
        Limits.from_env({name: value})
    assert value not in str(refused.value).replace("such as " + DOCUMENTED[name], "")


@pytest.mark.parametrize(
    ("plan", "own", "granted", "texts"),
    [
        pytest.param("premium", None, None, 300, id="as the plan has it"),
        pytest.param("premium", 30, None, 30, id="as few as they want"),
        pytest.param("basic", 300, None, 100, id="what a larger plan held ends with it"),
        pytest.param("basic", None, 500, 500, id="an operator may grant more"),
        pytest.param("premium", None, 0, 0, id="or less"),
        pytest.param("basic", 30, 500, 30, id="and they may still want less"),
    ],
)
def test_a_person_has_as_many_texts_as_they_may_have_and_want(
    plan: str, own: int | None, granted: int | None, texts: int
) -> None:
    person = Person("u1", plan=plan, segments_per_month=own, texts_granted=granted)
    assert Limits().texts_of(person) == texts


def test_the_defaults_are_one_and_the_same() -> None:
    assert Limits.from_env({}) == Limits()


def test_grouping_leaves_room_in_the_third_of_a_second_that_a_text_may_take() -> None:
    assert Limits().grouping <= timedelta(seconds=0.2)
    assert Limits().longest_grouping < timedelta(seconds=1)
