"""Whether a person can be reached at all, and where: said before they rely on it. Pure."""

from dataclasses import dataclass

from notifiers import contacts
from notifiers.errors import NotifierRejectedError
from watchers.models import Person
from watchers.watch import Channel

_WHY_NOT = {
    (
        Channel.SMS,
        "opted_out",
    ): "you replied STOP to our texts; ask whoever runs this to switch them on again",
    (Channel.SMS, "no_verified_phone"): "we have no verified phone number of yours",
    (Channel.SMS, "no_verified_contact"): "we have no verified phone number of yours",
    (Channel.EMAIL, "no_verified_email"): "we have no verified e-mail address of yours",
    (Channel.EMAIL, "no_verified_contact"): "we have no verified e-mail address of yours",
}


@dataclass(frozen=True, slots=True)
class Reach:
    """By channel: where it goes (``to the number ending in 01``), or ``None`` and why not."""

    sms: str | None
    email: str | None
    why_no_sms: str = ""
    why_no_email: str = ""

    def said(self, channel: str) -> str:
        """One sentence for the form, beside ``sms`` or ``email``."""
        where, why_not = (
            (self.sms, self.why_no_sms) if channel == Channel.SMS else (self.email, self.why_no_email)
        )
        return f"Goes {where}." if where else f"Does not work yet: {why_not}."


def reach(person: Person, local_person: str | None = None) -> Reach:
    """Where this person is told. ``local_person`` runs this and can vouch for contacts: they are told how."""
    phone, why_no_sms = _address(person, Channel.SMS)
    email, why_no_email = _address(person, Channel.EMAIL)
    if person.uid == local_person:
        why_no_sms += _how_to_add(person, "--phone") if not person.phone else ""
        why_no_email += _how_to_add(person, "--email") if not person.email else ""
    sms = f"to the number ending in {phone[-2:]}" if phone else None
    return Reach(sms, f"to {email}" if email else None, why_no_sms, why_no_email)


def _how_to_add(person: Person, option: str) -> str:
    return f" (add it with: .venv/bin/python scout.py person add {person.uid} {option} …)"


def _address(person: Person, channel: Channel) -> tuple[str | None, str]:
    try:
        return contacts.address(person, channel), ""
    except NotifierRejectedError as refused:
        return None, _WHY_NOT.get((channel, refused.code), refused.code)
