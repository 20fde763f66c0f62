"""What signing in rests on in this installation, read once from the settings."""

from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from watchers.kinds import Channel

if TYPE_CHECKING:
    from notifiers.twilio.verify import TwilioVerify
    from web.account.firebase import Firebase

COUNTRIES = ("US", "CA", "GB", "IE", "AU", "NZ", "DE", "AT", "CH")
CODES_PER_HOUR = 200


def _both() -> Collection[Channel]:
    return (Channel.SMS, Channel.EMAIL)


@dataclass(frozen=True, slots=True, kw_only=True)
class Doors:
    """How people may come in.

    Attributes:
        countries: Whose numbers are texted codes, the likeliest first.
        codes_per_hour: How many codes are texted in an hour at most, to everybody together.
        proxies: How many stand before us: so many entries of X-Forwarded-For are not the sender's own.
        ways: The channels that are on.
        verify: Who makes and compares the codes of phones, where that is not us.
        firebase: Whose ID tokens are believed; ``None``: nobody's.
    """

    countries: tuple[str, ...] = COUNTRIES
    codes_per_hour: int = CODES_PER_HOUR
    proxies: int = 0
    ways: Callable[[], Collection[Channel]] = field(default=_both)
    verify: "TwilioVerify | None" = None
    firebase: "Firebase | None" = None
