"""One contact has one form, and what nobody should be texted at is no contact at all."""

import pytest

from notifiers.proofs import Kind
from web.account import addresses
from web.account.addresses import UnreadableContactError
from web.account.doors import COUNTRIES


@pytest.mark.parametrize(
    ("typed", "country", "read"),
    [
        ("Ann@Example.ORG", "US", "ann@example.org"),
        (" ann+x@example.org ", "US", "ann+x@example.org"),
        ("ann@bücher.example", "US", "ann@xn--bcher-kva.example"),
        ("(415) 555-0123", "US", "+14155550123"),
        ("+1 415 555 0123", "GB", "+14155550123"),
        ("07400 123456", "GB", "+447400123456"),
        ("0151 12345678", "DE", "+4915112345678"),
        ("+49 (0) 151 12345678", "US", "+4915112345678"),
    ],
)
def test_what_is_typed_has_one_form(typed: str, country: str, read: str) -> None:
    assert addresses.read(typed, country, COUNTRIES).address == read


@pytest.mark.parametrize(
    "typed",
    [
        "ann@example",
        "@example.org",
        "ann@",
        "ann@@example.org",
        "ann@exam ple.org",
        "ann@example.org\r\nBcc: all@example.org",
        "ann@example.org, bob@example.org",
        '"ann bob"@example.org',
        "ann@127.0.0.1",
        ".ann@example.org",
        "\u212aate@example.org",  # the Kelvin sign: lower case makes a k of it, and kate somebody else
        "\u0430nn@example.org",  # a Cyrillic a
        "a" * 65 + "@example.org",
        "ann@" + "a" * 64 + ".org",
        "ann@" + "a." * 130 + "org",
        "ann\u0000@example.org",
    ],
)
def test_what_is_no_address_is_refused(typed: str) -> None:
    with pytest.raises(UnreadableContactError):
        addresses.read(typed, "US", COUNTRIES, Kind.EMAIL)


@pytest.mark.parametrize(
    "typed",
    [
        "+1 900 555 1234",  # premium rate
        "+44 909 879 0000",
        "+44 70 1234 5678",  # personal numbers, dear to call
        "+1 800 555 0199",  # toll-free
        "+49 30 123456",  # a landline
        "+1 876 555 0123",  # Jamaica: +1 as well
        "+1 809 555 0123",
        "+88213 123456",  # a satellite
        "+979 123456789",  # international premium rate
        "+1 415 555 0123 ext. 5",
        "+",
        "0" * 500,
        "+1\u0661415555",
    ],
)
def test_what_is_dear_or_no_mobile_phone_is_refused(typed: str) -> None:
    with pytest.raises(UnreadableContactError):
        addresses.read(typed, "US", COUNTRIES)


def test_an_address_is_no_number_where_a_number_is_asked_for() -> None:
    with pytest.raises(UnreadableContactError):
        addresses.read("ann@example.org", "US", COUNTRIES, Kind.PHONE)


def test_a_country_that_is_not_allowed_cannot_be_chosen_either() -> None:
    with pytest.raises(UnreadableContactError):
        addresses.read("876 555 0123", "JM", COUNTRIES)


def test_letters_that_no_mailbox_here_may_have_are_named_as_what_is_wrong() -> None:
    with pytest.raises(UnreadableContactError, match="Only letters a to z are accepted before the @"):
        addresses.read("ü@exämple.de", "DE", COUNTRIES)
