"""Whether a person can be reached at all, and where: said before they rely on it. Pure."""

from dataclasses import dataclass

from notifiers import contacts
from notifiers.errors import NotifierRejectedError
from watchers.kinds import Channel
from watchers.models import Person

_STOPPED = "you replied STOP to our texts; reply START to our number to get them again"
_NOT_AGREED = "you have not agreed to texts yet; do so under Contacts"
_MISSING = {
    Channel.SMS: "we have no verified phone number of yours",
    Channel.EMAIL: "we have no verified e-mail address of yours",
    Channel.PUSH: "we have no app or chat of yours",
}
_OPTIONS = {Channel.SMS: "--phone", Channel.EMAIL: "--email", Channel.PUSH: "--push"}
_APPS = {
    "bark": "Bark",
    "discord": "Discord",
    "gchat": "Google Chat",
    "gotify": "Gotify",
    "mmost": "Mattermost",
    "ntfy": "ntfy",
    "pover": "Pushover",
    "slack": "Slack",
    "tgram": "Telegram",
}


@dataclass(frozen=True, slots=True)
class Reach:
    """By channel: where it goes (``to the number ending in 01``), or ``None`` and why not."""

    sms: str | None
    email: str | None
    why_no_sms: str = ""
    why_no_email: str = ""
    push: str | None = None
    why_no_push: str = ""
    app: str = "on your page of alerts"

    def said(self, channel: str) -> str:
        """One sentence for the form, beside ``sms``, ``email``, ``push`` or ``app``."""
        where = getattr(self, Channel(channel).value)
        return f"Goes {where}." if where else f"Does not work yet: {getattr(self, f'why_no_{channel}')}."


def reach(person: Person, local_person: str | None = None) -> Reach:
    """Where this person is told. ``local_person`` runs this and can vouch for contacts: they are told how."""
    is_local = person.uid == local_person
    phone, why_no_sms = _address(person, Channel.SMS, is_local=is_local)
    email, why_no_email = _address(person, Channel.EMAIL, is_local=is_local)
    push, why_no_push = _address(person, Channel.PUSH, is_local=is_local)
    return Reach(
        sms=f"to the number ending in {phone[-2:]}" if phone else None,
        why_no_sms=why_no_sms,
        email=f"to {email}" if email else None,
        why_no_email=why_no_email,
        push=f"to your {app_of(push)}" if push else None,
        why_no_push=why_no_push,
    )


def _address(person: Person, channel: Channel, *, is_local: bool) -> tuple[str | None, str]:
    try:
        return contacts.address(person, channel), ""
    except NotifierRejectedError as refused:
        if refused.code == "opted_out":
            return None, _STOPPED
        if refused.code == "no_consent":
            return None, _NOT_AGREED
    if said := _refused(person, channel):
        return None, said
    how = f" (add it with: .venv/bin/python scout.py person add {person.uid} {_OPTIONS[channel]} …)"
    return None, _MISSING[channel] + (how if is_local and not _is_known(person, channel) else "")


def _refused(person: Person, channel: Channel) -> str:
    """Who gave the contact up, and with which code; empty when nobody did."""
    if channel is Channel.SMS and person.phone_problem:
        return f"the phone network refused your number ({person.phone_problem})"
    if channel is Channel.EMAIL and person.email_problem:
        return f"your mail server refused the address ({person.email_problem})"
    if channel is Channel.PUSH and person.push_problem:
        return f"your {app_of(person.push_url or '')} refused the address ({person.push_problem})"
    return ""


def _is_known(person: Person, channel: Channel) -> bool:
    return bool({Channel.SMS: person.phone, Channel.EMAIL: person.email}.get(channel, person.push_url))


def app_of(url: str) -> str:
    """What people call the service at this address; never more of it than its name."""
    scheme = url.partition("://")[0].lower()
    return _APPS.get(scheme) or _APPS.get(scheme.removesuffix("s")) or "webhook"
