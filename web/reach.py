"""Whether a person can be reached at all, and where: said before they rely on it. Pure."""

from dataclasses import dataclass

from notifiers import contacts, preferences
from notifiers.errors import NotifierRejectedError
from watchers.documents import Document
from watchers.kinds import Channel
from watchers.language import Sayings, say, to_say
from watchers.models import Person

_STOPPED = to_say("you replied STOP to our texts; reply START to our number to get them again")
_NOT_AGREED = to_say("you have not agreed to texts yet; do so under Contacts")
_MISSING = Sayings(
    {
        Channel.SMS: to_say("we have no verified phone number of yours"),
        Channel.EMAIL: to_say("we have no verified e-mail address of yours"),
        Channel.PUSH: to_say("we have no app or chat of yours"),
    }
)
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
    app: str = to_say("on your page of alerts")

    def said(self, channel: str) -> str:
        """One sentence for the form, beside ``sms``, ``email``, ``push`` or ``app``."""
        where = getattr(self, Channel(channel).value)
        if where:
            return say("Goes {where}.", where=say(where))
        return say("Does not work yet: {why}.", why=getattr(self, f"why_no_{channel}"))


def reach(person: Person, local_person: str | None = None) -> Reach:
    """Where this person is told. ``local_person`` runs this and can vouch for contacts: they are told how."""
    is_local = person.uid == local_person
    phone, why_no_sms = _address(person, Channel.SMS, is_local=is_local)
    email, why_no_email = _address(person, Channel.EMAIL, is_local=is_local)
    push, why_no_push = _address(person, Channel.PUSH, is_local=is_local)
    return Reach(
        sms=say("to the number ending in {digits}", digits=phone[-2:]) if phone else None,
        why_no_sms=why_no_sms,
        email=say("to {address}", address=email) if email else None,
        why_no_email=why_no_email,
        push=say("to your {app}", app=app_of(push)) if push else None,
        why_no_push=why_no_push,
    )


def _address(person: Person, channel: Channel, *, is_local: bool) -> tuple[str | None, str]:
    try:
        return contacts.address(person, channel), ""
    except NotifierRejectedError as refused:
        if refused.code == "opted_out":
            return None, say(_STOPPED)
        if refused.code == "no_consent":
            return None, say(_NOT_AGREED)
    if said := _refused(person, channel):
        return None, said
    if channel is Channel.PUSH and not is_local and not _is_known(person, channel):
        return None, say("push messages are not offered here yet")
    command = f".venv/bin/python scout.py person add {person.uid} {_OPTIONS[channel]} …"
    how = say(" (add it with: {command})", command=command)
    return None, _MISSING[channel] + (how if is_local and not _is_known(person, channel) else "")


def _refused(person: Person, channel: Channel) -> str:
    """Who gave the contact up, and with which code; empty when nobody did."""
    if channel is Channel.SMS and person.phone_problem:
        return say("the phone network refused your number ({code})", code=person.phone_problem)
    if channel is Channel.EMAIL and person.email_problem:
        return say("your mail server refused the address ({code})", code=person.email_problem)
    if channel is Channel.PUSH and person.push_problem:
        app = app_of(person.push_url or "")
        return say("your {app} refused the address ({code})", app=app, code=person.push_problem)
    return ""


def _is_known(person: Person, channel: Channel) -> bool:
    return bool({Channel.SMS: person.phone, Channel.EMAIL: person.email}.get(channel, person.push_url))


def app_of(url: str) -> str:
    """What people call the service at this address; never more of it than its name."""
    scheme = url.partition("://")[0].lower()
    return _APPS.get(scheme) or _APPS.get(scheme.removesuffix("s")) or "webhook"


def usual_ways(person: Document | None) -> tuple[Channel, ...]:
    """How somebody is told who does not say so; ``person``: ``people/{uid}``.

    As their settings have it, else by text and e-mail, as far as that works; on this site where nothing does.
    """
    known = contacts.from_document(person) if person else None
    ways = preferences.default_channels(person.fields if person else {}) or (Channel.SMS, Channel.EMAIL)
    return tuple(one for one in ways if known and contacts.is_reachable(known, one)) or (Channel.APP,)
