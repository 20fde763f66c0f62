"""What people type as their number or address, read as the one contact it is. Pure.

One contact has one form, or two people could be signed in by what is one mailbox: addresses are ASCII in
lower case (letters that only look alike are other letters), domains as the DNS has them, numbers in E.164. A
number is one that can get a text, in a country that is allowed here; what costs its caller is refused,
because codes to such numbers are how others earn money at our expense.
"""

import re
from collections.abc import Collection

from notifiers.proofs import Contact, Kind
from watchers.language import say

LONGEST = 254  # RFC 5321, 4.5.3.1
_LONGEST_LOCAL = 64
_LOCAL = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*")
_LABEL = re.compile(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?")


class UnreadableContactError(ValueError):
    """Nothing a code could be sent to; the sentence says how to write it, or why not."""


def read(text: str, country: str, allowed: Collection[str], kind: Kind | None = None) -> Contact:
    """The contact that was typed. ``country``: of a number without its country's code. ``kind``: if only one.

    Raises:
        UnreadableContactError: it is none, or none that we may text.
    """
    said = text.strip()
    if not said:
        raise UnreadableContactError(_missing(kind))
    if kind is Kind.EMAIL or (kind is None and "@" in said):
        return Contact(Kind.EMAIL, _email(said))
    return Contact(Kind.PHONE, _phone(said, country, allowed, kind))


def country_of(contact: Contact) -> str:
    """``US``, of a number that was read here."""
    import phonenumbers  # noqa: PLC0415 - only who types a number pays for it

    return phonenumbers.region_code_for_number(phonenumbers.parse(contact.address)) or ""


def countries(allowed: Collection[str]) -> list[tuple[str, str]]:
    """``("US", "United States +1")`` for each, in this order: what one chooses from."""
    import phonenumbers  # noqa: PLC0415

    names = _names()
    return [
        (code, f"{names.get(code, code)} +{phonenumbers.country_code_for_region(code)}") for code in allowed
    ]


def _names() -> dict[str, str]:
    """What countries are called; others are shown by their code."""
    return {
        "AT": say("Austria"),
        "AU": say("Australia"),
        "BE": say("Belgium"),
        "CA": say("Canada"),
        "CH": say("Switzerland"),
        "DE": say("Germany"),
        "DK": say("Denmark"),
        "ES": say("Spain"),
        "FI": say("Finland"),
        "FR": say("France"),
        "GB": say("United Kingdom"),
        "IE": say("Ireland"),
        "IT": say("Italy"),
        "MX": say("Mexico"),
        "NL": say("Netherlands"),
        "NO": say("Norway"),
        "NZ": say("New Zealand"),
        "PL": say("Poland"),
        "PT": say("Portugal"),
        "SE": say("Sweden"),
        "US": say("United States"),
    }


def _missing(kind: Kind | None) -> str:
    match kind:
        case Kind.PHONE:
            return say("Write your mobile number.")
        case Kind.EMAIL:
            return say("Write your e-mail address, such as name@example.com.")
    return say("Write your e-mail address or your mobile number.")


def _not_a_number(kind: Kind | None) -> str:
    if kind is Kind.PHONE:
        return say("Write the number with its country, such as +1 415 555 0123.")
    return say("Write an address such as name@example.com, or a number with its country: +1 415 555 0123.")


def _email(said: str) -> str:
    local, _, domain = said.rpartition("@")
    ascii_domain = _domain(domain)
    is_one = _LOCAL.fullmatch(local) and len(local) <= _LONGEST_LOCAL and ascii_domain
    if domain and not local.isascii():
        raise UnreadableContactError(
            say("Only letters a to z are accepted before the @. Use another e-mail address.")
        )
    if not is_one or len(local) + 1 + len(ascii_domain) > LONGEST:
        raise UnreadableContactError(say("Write the e-mail address in full, such as name@example.com."))
    return f"{local.lower()}@{ascii_domain}"


def _domain(domain: str) -> str:
    """As the DNS has it; empty where it cannot."""
    import idna  # noqa: PLC0415

    try:
        written = idna.encode(domain, uts46=True).decode().lower()
    except idna.IDNAError:
        return ""
    labels = written.split(".")
    is_one = len(labels) > 1 and all(map(_LABEL.fullmatch, labels)) and not labels[-1].isdecimal()
    return written if is_one else ""


def _phone(said: str, country: str, allowed: Collection[str], kind: Kind | None) -> str:
    import phonenumbers  # noqa: PLC0415

    kinds = phonenumbers.PhoneNumberType
    try:
        number = phonenumbers.parse(said[:40], country if country in allowed else None)
    except phonenumbers.NumberParseException:
        raise UnreadableContactError(_not_a_number(kind)) from None
    region = phonenumbers.region_code_for_number(number)
    if number.extension or not phonenumbers.is_valid_number(number) or region is None:
        raise UnreadableContactError(say("No phone has this number. Look at its digits again."))
    if region not in allowed:
        raise UnreadableContactError(
            say("We cannot text numbers of this country. Use an e-mail address instead.")
        )
    if phonenumbers.number_type(number) not in (kinds.MOBILE, kinds.FIXED_LINE_OR_MOBILE):
        raise UnreadableContactError(
            say("This number cannot get our texts: it is not one of a mobile phone. Use another one.")
        )
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)
