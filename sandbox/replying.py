"""What somebody texts back from the phone, and what Twilio does with it.

Twilio sees to a whole text that is STOP, START or HELP (or a word like these) by itself: it answers, and a
number that stopped is sent nothing until it starts again (error 21610). Every text also goes to the product,
whose TwiML says what to text back.
https://help.twilio.com/articles/223134027-Twilio-support-for-opt-out-keywords-SMS-STOP-filtering-
"""

from xml.etree import ElementTree as ET

from sandbox import callbacks
from sandbox.segments import size
from sandbox.texts import Fields, Phone, Text

SENDER = "+15005550006"  # where a messaging service chose the number
PATH = "/twilio/reply"

STOP = ("stop", "stopall", "unsubscribe", "cancel", "end", "quit", "revoke", "optout")
START = ("start", "yes", "unstop")
HELP = ("help", "info")
SAYS = {
    STOP: "Twilio (sandbox): this number gets no more texts. Reply START for texts again.",
    START: "Twilio (sandbox): this number gets texts again. Reply STOP to end them.",
    HELP: "Twilio (sandbox): reply STOP to end the texts.",
}


def reply(phone: Phone, number: str, body: str) -> None:
    """Text ``body`` from the phone's ``number`` to whoever texted it last."""
    latest = next((text for text in reversed(phone.texts) if text.to == number), None)
    account_sid = (latest.account_sid if latest else None) or phone.account_sid or ""
    ours = (latest.sender if latest else None) or SENDER
    written = phone.receive(account_sid, Fields(ours, number, None, body, None, "inbound"))
    _see_to_keyword(phone, written)
    for answer in _answers(phone, written):
        if number not in phone.opted_out:
            _answer(phone, written, answer)


def _see_to_keyword(phone: Phone, written: Text) -> None:
    said = written.body.strip().casefold()
    words = next((words for words in SAYS if said in words), None)
    was_out = written.number in phone.opted_out
    if words is STOP:
        phone.opted_out.add(written.number)
    if words is START:
        phone.opted_out.discard(written.number)
    if words and (words is not HELP or not was_out):
        _answer(phone, written, SAYS[words])


def _answer(phone: Phone, written: Text, body: str) -> None:
    fields = Fields(written.number, written.to, None, body, None, "outbound-reply")
    phone.receive(written.account_sid, fields)


def _answers(phone: Phone, written: Text) -> list[str]:
    """What the product's TwiML says to text back; why not is kept for the page."""
    if phone.product is None or not callbacks.is_here(phone.product):
        return []
    signed = (phone.public_url or phone.product).rstrip("/") + PATH
    heard = callbacks.post(
        phone.product.rstrip("/") + PATH, _fields(written), phone.auth_token, signed_url=signed
    )
    if heard is None or not heard.is_success:
        why = f"it answered {heard.status_code}" if heard else "it does not answer"
        phone.unheard[written.sid] = f"Ticket Scout did not take this: {why}."
        return []
    twiml = ET.fromstring(heard.content)  # noqa: S314 - the product's own
    return [message.text or "" for message in twiml.iter("Message")]


def _fields(written: Text) -> dict[str, str]:
    return {
        "AccountSid": written.account_sid,
        "ApiVersion": "2010-04-01",
        "Body": written.body,
        "From": written.number,
        "MessageSid": written.sid,
        "NumMedia": "0",
        "NumSegments": str(size(written.body).segments),
        "SmsMessageSid": written.sid,
        "SmsSid": written.sid,
        "SmsStatus": "received",
        "To": written.to,
    }
