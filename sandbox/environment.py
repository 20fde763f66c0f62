"""What the product is told when the sandbox starts it. Pure: no environment is read or written here.

A setting of the person's own always wins, and an empty one (``TWILIO_ACCOUNT_SID=`` in ``.env``) counts as
not set. Sandbox watches and real ones never share a database file.
"""

import json
import secrets
import shlex
from collections.abc import Mapping
from dataclasses import dataclass

from sandbox.pages import Link
from sandbox.stock import API_KEY

CALLS_PER_DAY = 1_000_000
MARKET_KEY, PHONE_KEY, MAILBOX_KEY = "TICKETMASTER_API_KEY", "TWILIO_ACCOUNT_SID", "SMTP_URL"


SETTINGS_FILE = "data/sandbox.env"  # where the settings stand while the sandbox runs
YOU = "you"  # the person who sits at this machine


@dataclass(frozen=True, slots=True)
class Places:
    """Base URLs of what runs; ``None`` for what is real or absent."""

    product: str
    market: str | None = None
    phone: str | None = None
    mailbox: str | None = None
    smtp: str | None = None

    @property
    def links(self) -> list[Link]:
        """What stands in every header, the product first."""
        named = {
            "Ticket Scout": self.product,
            "Market": self.market,
            "Phone": self.phone,
            "Mailbox": self.mailbox,
        }
        return [Link(name=name, url=url) for name, url in named.items() if url]


@dataclass(frozen=True, slots=True)
class Account:
    """The account of the sandbox's Twilio."""

    sid: str
    token: str


def needs(given: Mapping[str, str], key: str) -> bool:
    """Whether the sandbox plays the part that this setting would make real."""
    return not given.get(key)


def account(given: Mapping[str, str]) -> Account:
    """A fresh account; its token is the given one where there is one."""
    return Account("AC" + secrets.token_hex(16), given.get("TWILIO_AUTH_TOKEN") or secrets.token_hex(16))


def environment(given: Mapping[str, str], places: Places, twilio: Account) -> dict[str, str]:
    """The settings to add to what is given; nothing given is in it."""
    return {name: value for name, value in _wanted(places, twilio).items() if not given.get(name)}


def as_file(started_with: Mapping[str, str], places: Places) -> str:
    """For a shell in another terminal: what the sandbox decides, as the product was started with it.

    The settings of real accounts are not in it: they stay where they are.
    """
    names = _wanted(places, Account("", ""))
    return "".join(f"{name}={shlex.quote(started_with[name])}\n" for name in names if started_with.get(name))


def _wanted(places: Places, twilio: Account) -> dict[str, str]:
    return {
        "PORT": places.product.rpartition(":")[2],
        "PUBLIC_URL": places.product,
        "STORE": f"sqlite:///data/{'sandbox' if places.market else 'ticket-scout'}.db",
        "SECRET_KEY": secrets.token_hex(32),
        "LOCAL_PERSON": YOU,
        "SANDBOX_LINKS": json.dumps([*places.links[1:], _somebody_else(places)]),
        **_market(places.market),
        **_phone(places.phone, twilio),
        **_mailbox(places.smtp),
    }


def _somebody_else(places: Places) -> Link:
    """You are signed in by yourself; here one comes in as a stranger would."""
    return Link(name="Sign in as somebody else", url=f"{places.product}/sign-in")


def _market(url: str | None) -> dict[str, str]:
    if url is None:
        return {}
    quota = {"CALLS_PER_DAY": str(CALLS_PER_DAY), "CALLS_PER_SECOND": "50"}
    return {
        "TICKETMASTER_API_KEY": API_KEY,
        "TICKETMASTER_BASE_URL": url,
        "STEAM_BASE_URL": url,
        "MIN_INTERVAL_SECONDS": "2",
        "TICK_EVERY_SECONDS": "3",
        **{f"{shop}_{name}": value for shop in ("TICKETMASTER", "STEAM") for name, value in quota.items()},
    }


def _phone(url: str | None, twilio: Account) -> dict[str, str]:
    if url is None:
        return {}
    return {
        "TWILIO_ACCOUNT_SID": twilio.sid,
        "TWILIO_AUTH_TOKEN": twilio.token,
        "TWILIO_FROM_NUMBER": "+15005550006",
        "TWILIO_BASE_URL": url,
    }


def _mailbox(url: str | None) -> dict[str, str]:
    return {} if url is None else {"SMTP_URL": url, "MAIL_FROM": "Ticket Scout sandbox <scout@sandbox.test>"}


def welcome(places: Places) -> str:
    """What to open, how to see a text arrive or be told for real, and how ``scout.py`` joins in."""
    rows = "\n".join(f"  {link['name']:<14}{link['url']}" for link in places.links)
    said = f"{_steps(places)}{_commands(places)}"
    return f"\n{_summary(places)}\n\n{rows}\n\n{said}  Ctrl-C stops everything.\n"


def _summary(places: Places) -> str:
    played = {"shops": places.market, "texts": places.phone, "mail": places.mailbox}
    invented = [name for name, url in played.items() if url]
    real = [name for name, url in played.items() if not url]
    if not real:
        return "Ticket Scout with its sandbox: everything is invented and stays on this machine."
    sandbox = f"sandbox: {', '.join(invented)}" if invented else "no sandbox"
    return f"Ticket Scout with REAL {' and '.join(real)} ({sandbox})."


def _steps(places: Places) -> str:
    if not (places.market and places.phone):
        return ""
    return (
        "  See a text arrive:\n"
        '  1. In Ticket Scout, save a watch for "Night Tram Orchestra" under 50 GBP.\n'
        "  2. In the Market, set its face value to 45.\n"
        "  3. Look at the Phone: the text is there within seconds.\n\n"
    )


def _commands(places: Places) -> str:
    missing = [option for option, url in (("--phone", places.phone), ("--email", places.mailbox)) if not url]
    lines = f"  For scout.py in another terminal: set -a; . {SETTINGS_FILE}; set +a\n"
    if missing:
        contacts = " ".join(f"{option} …" for option in missing)
        lines += f"  To be told, say there where: .venv/bin/python scout.py person add {YOU} {contacts}\n"
    return f"{lines}\n"
