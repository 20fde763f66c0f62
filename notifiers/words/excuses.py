"""Why something came another way than it should have, said honestly and shortly. Pure.

The reasons are the outbox's words, or a vendor's codes. Twilio's are explained at
https://www.twilio.com/docs/api/errors/<code>, an SMTP server's in RFC 5321, 4.2.3.
"""

from notifiers.words.phrases import one_line
from watchers.kinds import Channel

_UNCONFIRMED = frozenset(
    {*("no_answer", "bad_answer", "server_error", "push_unconfirmed"), *("lease_expired", "unconfirmed")}
)

_OPTED_OUT = "your number has opted out of our texts (reply START to our number to get them again)"
_BAD_NUMBER = "your phone number cannot receive texts"
_BAD_ADDRESS = "your e-mail address cannot receive letters"
_BAD_PUSH = "your address for push messages is not one we can use"
_UNEXPLAINED = "nobody said why"
_UNREGISTERED = "our number is not registered for texts to you yet (whoever runs this must do that)"
_FAILED = {
    "opted_out": _OPTED_OUT,
    "21610": _OPTED_OUT,
    "21211": _BAD_NUMBER,
    "21614": _BAD_NUMBER,
    "21635": _BAD_NUMBER,
    "30006": _BAD_NUMBER,
    "30003": "your phone could not be reached (switched off, or no signal)",
    "30004": "your phone or your carrier blocks our texts",
    "30005": "your carrier does not know your phone number",
    "30007": "a carrier took it for unwanted and filtered it out",
    "30008": _UNEXPLAINED,
    "30036": "your phone could not be reached in time",
    "undelivered": _UNEXPLAINED,
    "30032": _UNREGISTERED,
    "30034": _UNREGISTERED,
    "21408": "texts to your country are not allowed here (whoever runs this can change that)",
    "550": _BAD_ADDRESS,
    "551": _BAD_ADDRESS,
    "553": _BAD_ADDRESS,
    "bad_address": _BAD_ADDRESS,
    "push_url": _BAD_PUSH,
    "push_option": _BAD_PUSH,
    "push_private_host": _BAD_PUSH,
    "push_scheme": "your push service is not one that is switched on here",
}
_NOT_SENT = {
    "over_budget": "this month's texts of this installation are used up",
    "over_budget_person": "your texts of this month are used up",
    "no_verified_contact": "we have no verified contact of yours",
    "no_verified_phone": "we have no verified phone number of yours",
    "no_verified_email": "we have no verified e-mail address of yours",
    "no_consent": "you have not agreed to texts to your number yet",
    "no_verified_push": "we have no verified address of yours for push messages",
    "sms_not_configured": "texts are switched off here at the moment",
    "email_not_configured": "e-mail is switched off here at the moment",
    "push_not_configured": "push messages are switched off here at the moment",
}
_WHAT = {Channel.SMS: "text", Channel.EMAIL: "e-mail", Channel.PUSH: "push message"}
_WHO = {
    Channel.SMS: ("the text service", "the phone network"),
    Channel.EMAIL: ("the mail server", "the mail server"),
    Channel.PUSH: ("the push service", "the push service"),
}
_ANYONE = ("the service", "the service")


def undelivered(why: str, code: str | None = None, channel: Channel = Channel.SMS) -> str:
    """One or two sentences about the message with this ``code`` that should have come by ``channel``."""
    what = f"{_WHAT.get(channel, 'message')} about this"
    what = f"{what} (#{code[:4]})" if code else what
    if why in _UNCONFIRMED:
        again = "text it" if channel is Channel.SMS else "send it"
        return (
            f"We could not confirm that the {what} reached you. You may have both; we do not {again} again."
        )
    if why in _NOT_SENT:
        return f"The {what} was not sent: {_NOT_SENT[why]}."
    return f"The {what} could not be delivered: {_reason(why, channel)}."


def _reason(why: str, channel: Channel) -> str:
    service, network = _WHO.get(channel, _ANYONE)
    if why == "unavailable":
        return f"{service} could not be reached"
    return _FAILED.get(why, f"{network} refused it (code {one_line(why)})")
