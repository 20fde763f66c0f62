import pytest

from notifiers.errors import NotConfiguredError
from notifiers.twilio import senders
from notifiers.twilio.senders import Senders

POOLS = "1=+14155550100,+14155550101; 44=+447700900000; 1604=+16045550100;"
ELSEWHERE = {"messaging_service_sid": "MG" + "0" * 32}
OURS = Senders(ELSEWHERE, senders.read(POOLS))


@pytest.mark.parametrize(
    ("recipient", "sender"),
    [
        ("+447911123456", {"from_": "+447700900000"}),
        ("+16045550199", {"from_": "+16045550100"}),  # the longest calling code wins
        ("+4915112345678", ELSEWHERE),
        ("+358401234567", ELSEWHERE),
    ],
)
def test_the_recipients_country_chooses_the_sender(recipient: str, sender: dict[str, str]) -> None:
    assert OURS.to(recipient) == sender


def test_a_person_always_hears_from_the_same_number_and_all_of_them_are_used() -> None:
    people = [f"+1415555{number:04}" for number in range(200)]
    used = [OURS.to(person)["from_"] for person in people]

    assert used == [Senders(ELSEWHERE, senders.read(POOLS)).to(person)["from_"] for person in people]
    assert {number: used.count(number) > 60 for number in used} == {
        "+14155550100": True,
        "+14155550101": True,
    }


def test_another_number_moves_only_those_who_come_to_it() -> None:
    more = Senders({}, senders.read("1=+14155550100,+14155550101,+14155550102"))
    people = [f"+1415555{number:04}" for number in range(200)]
    moved = [person for person in people if more.to(person) != OURS.to(person)]

    assert 0 < len(moved) < 100
    assert {more.to(person)["from_"] for person in moved} == {"+14155550102"}


def test_spaces_do_not_matter() -> None:
    assert senders.read(" 44 = +447700900000 , +447700900001 ;; ") == {
        "44": ("+447700900000", "+447700900001")
    }


def test_without_the_setting_there_are_no_pools() -> None:
    assert senders.read("") == {}
    assert Senders({"from_": "+15005550001"}).to("+447911123456") == {"from_": "+15005550001"}


@pytest.mark.parametrize(
    "setting",
    [
        "+14155550109",
        "1=",
        "1=14155550109",
        "1=+14155550109,",
        "US=+14155550109",
        "+1=+14155550109",
        "1=+14155550109;1=+14155550108",
        "=+14155550109",
        "1=+1 415 555 0109",
        "1=+14155550109=2",
    ],
)
def test_what_cannot_be_read_is_explained_and_not_repeated(setting: str) -> None:
    with pytest.raises(NotConfiguredError) as off:
        senders.read(setting)
    assert "TWILIO_SENDERS" in str(off.value)
    assert "1=+14155550100" in str(off.value)
    assert "0109" not in str(off.value)


def test_its_repr_holds_no_number() -> None:
    assert "+1" not in repr(OURS)
    assert "MG" not in repr(OURS)
