"""The texts that a Twilio on this machine accepted, and how its API shows them: as the vendor describes.

https://www.twilio.com/docs/messaging/api/message-resource
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import format_datetime
from typing import Any
from urllib.parse import urlencode

ACCOUNT = "AC" + "0" * 32
MESSAGES = f"/2010-04-01/Accounts/{ACCOUNT}/Messages"


@dataclass
class Text:
    """One accepted message: the fields it was created with, and what became of it."""

    sid: str
    fields: dict[str, str]
    created_at: datetime
    status: str = "queued"
    error_code: int | None = None
    sent_at: datetime | None = None
    direction: str = "outbound-api"
    listed: bool = True

    def become(self, status: str, code: int | None = None) -> None:
        """What the list says of it from now on."""
        self.status, self.error_code = status, code
        self.sent_at = self.sent_at or datetime.now(UTC)

    def document(self) -> dict[str, Any]:
        """The whole resource."""
        uri = f"{MESSAGES}/{self.sid}"
        return {
            "account_sid": ACCOUNT,
            "api_version": "2010-04-01",
            "body": self.fields["Body"],
            "date_created": format_datetime(self.created_at),
            "date_sent": format_datetime(self.sent_at) if self.sent_at else None,
            "date_updated": format_datetime(self.sent_at or self.created_at),
            "direction": self.direction,
            "error_code": self.error_code,
            "error_message": f"could not reach {self.fields['To']}" if self.error_code else None,
            "from": self.fields.get("From"),
            "messaging_service_sid": self.fields.get("MessagingServiceSid"),
            "num_media": "0",
            "num_segments": "1",
            "price": None,
            "price_unit": "USD",
            "sid": self.sid,
            "status": self.status,
            "subresource_uris": {"media": f"{uri}/Media.json"},
            "to": self.fields["To"],
            "uri": f"{uri}.json",
        }


def callback_fields(text: Text, status: str, code: int | None = None) -> dict[str, str]:
    """What Twilio posts to a StatusCallback."""
    sender = {"From": text.fields["From"]} if "From" in text.fields else {}
    return {
        "AccountSid": ACCOUNT,
        "ApiVersion": "2010-04-01",
        "MessageSid": text.sid,
        "MessageStatus": status,
        "SmsSid": text.sid,
        "SmsStatus": status,
        "To": text.fields["To"],
        **sender,
        **({"ErrorCode": str(code)} if code else {}),
    }


def page(texts: Sequence[Text], asked: Mapping[str, str]) -> dict[str, Any]:
    """A page of the list, newest first. It begins after the message its token names, whatever came since."""
    to = asked.get("To")
    found = [text for text in reversed(texts) if text.listed and to in (None, text.fields["To"])]
    sids = [text.sid for text in found]
    size, number = int(asked.get("PageSize", 50)), int(asked.get("Page", 0))
    token = asked.get("PageToken", "").removeprefix("PA")
    start = sids.index(token) + 1 if token in sids else 0
    shown = found[start : start + size]

    def uri(page: int, after: str = "") -> str:
        filters = {"To": to} if to else {}
        paged = {"PageSize": size, "Page": page} | ({"PageToken": f"PA{after}"} if after else {})
        return f"{MESSAGES}.json?{urlencode(filters | paged)}"

    return {
        "end": start + max(len(shown) - 1, 0),
        "first_page_uri": uri(0),
        "messages": [text.document() for text in shown],
        "next_page_uri": uri(number + 1, shown[-1].sid) if start + size < len(found) else None,
        "page": number,
        "page_size": size,
        "previous_page_uri": uri(number - 1) if number else None,
        "start": start,
        "uri": uri(number),
    }
