"""What plans hold: settings with defaults, and a higher plan never has less."""

import pytest

from watchers.tiers import BASIC, DOCUMENTED, NAMES, Tier, Tiers, is_nearly_full, no_room


def test_without_any_setting_the_plans_are_the_documented_ones() -> None:
    assert Tiers.from_env({}) == Tiers()
    documented = {name: text for name, text in DOCUMENTED.items() if text}
    assert Tiers.from_env(documented) == Tiers()


def test_what_is_set_is_taken() -> None:
    tiers = Tiers.from_env(
        {"PLAN_BASIC_WATCHES": "10", "PLAN_BASIC_TEXTS": "20", "PLAN_PREMIUM_PRIORITY": "3"}
    )
    assert tiers.of(BASIC) == Tier(BASIC, 10, 20, 1)
    assert tiers.of("premium") == Tier("premium", 500, 300, 3)


@pytest.mark.parametrize("plan", [None, "", "gold", 7, ["basic"]])
def test_a_plan_that_is_none_is_the_basic_one(plan: object) -> None:
    assert Tiers().of(plan) == Tiers().of(BASIC)


def test_a_default_is_never_less_than_what_the_lower_plan_was_given() -> None:
    tiers = Tiers.from_env({"PLAN_BASIC_WATCHES": "700"}, usual_texts=450)
    assert [tiers.of(name).watches for name in NAMES] == [700, 700, 1000]
    assert [tiers.of(name).texts for name in NAMES] == [None, 450, 1000]


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("PLAN_BASIC_WATCHES", "0"),
        ("PLAN_BASIC_WATCHES", "ten"),
        ("PLAN_BASIC_WATCHES", "-1"),
        ("PLAN_PREMIUM_WATCHES", "9999999"),
        ("PLAN_PREMIUM_TEXTS", "1.5"),
        ("PLAN_ENTERPRISE_PRIORITY", "9"),
        ("PLAN_ENTERPRISE_PRIORITY", "٣"),
    ],
)
def test_a_wrong_setting_is_named(name: str, text: str) -> None:
    with pytest.raises(ValueError, match=f"^{name} must be a whole number from "):
        Tiers.from_env({name: text})


def test_a_higher_plan_with_less_is_refused_and_both_settings_are_named() -> None:
    with pytest.raises(
        ValueError, match="PLAN_PREMIUM_WATCHES must be at least 200, as much as PLAN_BASIC_WATCHES"
    ):
        Tiers.from_env({"PLAN_PREMIUM_WATCHES": "50"})


def test_it_is_said_before_a_plan_is_full() -> None:
    assert [is_nearly_full(number, 10) for number in (7, 8, 10)] == [False, True, True]
    assert no_room(Tier(watches=2), 1) is None
    assert no_room(Tier(watches=2), 2) == (
        "Your plan (Basic) holds 2 watches, and you have as many. Delete or end one that you do not need any "
        "more, or ask for a larger plan."
    )
