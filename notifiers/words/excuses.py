"""Why something came another way than it should have, said honestly and shortly. Pure.

The reasons are the outbox's words, or a vendor's codes. Twilio's are explained at
https://www.twilio.com/docs/api/errors/<code>, an SMTP server's in RFC 5321, 4.2.3.
"""

from notifiers.words.phrases import one_line
from watchers.kinds import Channel
from watchers.language import say

_UNCONFIRMED = frozenset(
    {*("no_answer", "bad_answer", "server_error", "push_unconfirmed"), *("lease_expired", "unconfirmed")}
)

_OPTED_OUT = frozenset({"opted_out", "21610"})
_BAD_NUMBER = frozenset({"21211", "21614", "21635", "30006"})
_BAD_ADDRESS = frozenset({"550", "551", "553", "bad_address"})
_BAD_PUSH = frozenset({"push_url", "push_option", "push_private_host"})
_UNEXPLAINED = frozenset({"30008", "undelivered"})
_UNREGISTERED = frozenset({"30032", "30034"})


def undelivered(why: str, code: str | None = None, channel: Channel = Channel.SMS) -> str:
    """One or two sentences about the message with this ``code`` that should have come by ``channel``."""
    what = f"{_what(channel)} (#{code[:4]})" if code else _what(channel)
    if why in _UNCONFIRMED:
        doubt = say("We could not confirm that the {what} reached you.", what=what)
        once = say("You may have both; we do not send it again.")
        if channel is Channel.SMS:
            once = say("You may have both; we do not text it again.")
        return f"{doubt} {once}"
    if said := _not_sent(why):
        return say("The {what} was not sent: {why}.", what=what, why=said)
    return say("The {what} could not be delivered: {why}.", what=what, why=_reason(why, channel))


def _what(channel: Channel) -> str:
    said = {
        Channel.SMS: say("text about this"),
        Channel.EMAIL: say("e-mail about this"),
        Channel.PUSH: say("push message about this"),
    }
    return said.get(channel, say("message about this"))


def _not_sent(why: str) -> str | None:
    """Why it was not even tried; ``None`` when it was."""
    said = {
        "over_budget": say("this month's texts of this installation are used up"),
        "over_budget_person": say("your texts of this month are used up"),
        "no_verified_contact": say("we have no verified contact of yours"),
        "no_verified_phone": say("we have no verified phone number of yours"),
        "no_verified_email": say("we have no verified e-mail address of yours"),
        "no_consent": say("you have not agreed to texts to your number yet"),
        "no_verified_push": say("we have no verified address of yours for push messages"),
        "sms_not_configured": say("texts are switched off here at the moment"),
        "email_not_configured": say("e-mail is switched off here at the moment"),
        "push_not_configured": say("push messages are switched off here at the moment"),
    }
    return said.get(why)


def _reason(why: str, channel: Channel) -> str:
    service, network = _who(channel)
    if why == "unavailable":
        return say("{service} could not be reached", service=service)
    said = {
        _OPTED_OUT: say(
            "your number has opted out of our texts (reply START to our number to get them again)"
        ),
        _BAD_NUMBER: say("your phone number cannot receive texts"),
        _BAD_ADDRESS: say("your e-mail address cannot receive letters"),
        _BAD_PUSH: say("your address for push messages is not one we can use"),
        _UNEXPLAINED: say("nobody said why"),
        _UNREGISTERED: say(
            "our number is not registered for texts to you yet (whoever runs this must do that)"
        ),
        frozenset({"30003"}): say("your phone could not be reached (switched off, or no signal)"),
        frozenset({"30004"}): say("your phone or your carrier blocks our texts"),
        frozenset({"30005"}): say("your carrier does not know your phone number"),
        frozenset({"30007"}): say("a carrier took it for unwanted and filtered it out"),
        frozenset({"30036"}): say("your phone could not be reached in time"),
        frozenset({"21408"}): say(
            "texts to your country are not allowed here (whoever runs this can change that)"
        ),
        frozenset({"push_scheme"}): say("your push service is not one that is switched on here"),
    }
    refused = say("{who} refused it (code {code})", who=network, code=one_line(why))
    return next((reason for codes, reason in said.items() if why in codes), refused)


def _who(channel: Channel) -> tuple[str, str]:
    """Whom we hand it to, and who carries it."""
    match channel:
        case Channel.SMS:
            return say("the text service"), say("the phone network")
        case Channel.EMAIL:
            return say("the mail server"), say("the mail server")
        case Channel.PUSH:
            return say("the push service"), say("the push service")
    return say("the service"), say("the service")
