"""``python -m sandbox`` (``make run``): everything in one process on this machine, with no account anywhere.

The sandbox plays only the parts for which no real account is set (in the environment or ``.env``): the
market without TICKETMASTER_API_KEY, the phone without TWILIO_ACCOUNT_SID, the mailbox without SMTP_URL.
Then it starts the product as ``scout.py run`` would. Only this file knows both sides. While it runs, its
settings stand in ``data/sandbox.env``; each start makes new ones.
"""

import os
import signal
import socket
import sys
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager, redirect_stdout, suppress
from datetime import timedelta
from io import StringIO
from pathlib import Path
from typing import NoReturn

import click
from dotenv import load_dotenv

from sandbox.environment import (
    CALLS_PER_DAY,
    MAILBOX_KEY,
    MARKET_KEY,
    PHONE_KEY,
    SETTINGS_FILE,
    YOU,
    Account,
    Places,
    account,
    as_file,
    environment,
    needs,
    welcome,
)
from sandbox.mailbox import Mailbox, mailbox_app, receiving
from sandbox.market import Market, market_app
from sandbox.phone import Phone, phone_app
from sandbox.servers import PortTakenError, listen, serving, url_of

# Whoever sits at this machine: the contacts that the sandbox plays.
YOUR_PHONE, YOUR_EMAIL = "+15005550010", "you@sandbox.example"

PRODUCT_PORT = 8080
PORTS = {MARKET_KEY: 8081, PHONE_KEY: 8082, MAILBOX_KEY: 8083}
MAX_PORT = 65_535
TRIES = 50  # the next free port is looked for this far


def main() -> int:
    """Start everything, and stop it again at Ctrl-C or SIGTERM; returns the exit code."""
    signal.signal(signal.SIGTERM, _stop)
    if os.environ.get("SANDBOX_LINKS"):  # its accounts would be taken for real ones
        click.echo(f"This terminal has the settings of {SETTINGS_FILE}. Start it in a new one.", err=True)
        return 1
    load_dotenv(".env")
    try:
        with running(os.environ) as (places, settings):
            os.environ.update(settings)
            with kept(Path(SETTINGS_FILE), as_file(os.environ, places)):
                click.echo(welcome(places))
                _run_the_product(places)
    except PortTakenError as exc:
        click.echo(str(exc), err=True)
        return 1
    except click.ClickException as exc:
        exc.show()
        return exc.exit_code
    except (KeyboardInterrupt, click.Abort):
        click.echo("\nStopped.")
    return 0


@contextmanager
def kept(path: Path, text: str) -> Iterator[None]:
    """Keep ``text`` in a file that only its owner can read, until the block ends."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.unlink(missing_ok=True)  # of a sandbox that was killed: it may be open to others
    path.touch(mode=0o600, exist_ok=False)
    path.write_text(text, encoding="utf-8")
    try:
        yield
    finally:
        with suppress(OSError):
            if path.read_text(encoding="utf-8") == text:  # or it is another sandbox's by now
                path.unlink()


@contextmanager
def running(given: Mapping[str, str]) -> Iterator[tuple[Places, dict[str, str]]]:
    """Run the parts that are needed until the block ends; yields where, and the product's settings.

    Raises:
        PortTakenError: a sentence that says what to do.
    """
    twilio, market, mailbox = account(given), Market(calls_per_day=CALLS_PER_DAY), Mailbox()
    market.quota_back_in = timedelta(minutes=1)  # a demonstration does not wait for tomorrow
    with ExitStack() as stack:
        product, taken = _take_ports(given, stack)
        smtp = stack.enter_context(receiving(mailbox)) if MAILBOX_KEY in taken else None
        urls = {key: url_of(listening) for key, listening in taken.items()}
        places = Places(product, urls.get(MARKET_KEY), urls.get(PHONE_KEY), urls.get(MAILBOX_KEY), smtp)
        apps = {
            MARKET_KEY: market_app(market, places.links),
            PHONE_KEY: phone_app(_phone(given, twilio, product), places.links),
            MAILBOX_KEY: mailbox_app(mailbox, places.links),
        }
        for key, listening in taken.items():
            stack.enter_context(serving(apps[key], listening))
        yield places, environment(given, places, twilio)


def _phone(given: Mapping[str, str], twilio: Account, product: str) -> Phone:
    """The phone, which knows where the product hears what is texted back."""
    phone = Phone(twilio.sid, twilio.token)
    phone.product, phone.public_url = product, given.get("PUBLIC_URL") or product
    return phone


def _take_ports(given: Mapping[str, str], stack: ExitStack) -> tuple[str, dict[str, socket.socket]]:
    """The product's URL, whose port is found free and left to it, and the sandbox's sockets."""
    with _product_socket(given.get("PORT")) as product:
        wanted = {key: port for key, port in PORTS.items() if needs(given, key)}
        taken = {key: stack.enter_context(listen(port, TRIES)) for key, port in wanted.items()}
        return url_of(product), taken


def _product_socket(port: str | None) -> socket.socket:
    """The port asked for and no other, or else the next free one."""
    if not port:
        return listen(PRODUCT_PORT, TRIES)
    if not (port.isdecimal() and 0 < int(port) <= MAX_PORT):
        raise click.UsageError(f"PORT must be a number from 1 to {MAX_PORT}, such as {PRODUCT_PORT}.")
    try:
        return listen(int(port))
    except PortTakenError as exc:
        raise PortTakenError(
            f"Port {port} is taken (PORT is set to it). Stop what listens there, choose another with "
            f"`PORT={int(port) + 10} make run`, or leave PORT unset to take the next free one."
        ) from exc


def _run_the_product(places: Places) -> None:
    import scout  # noqa: PLC0415 - it reads its settings, which stand only now

    contacts = ["--phone", YOUR_PHONE] if places.phone else []
    contacts += ["--email", YOUR_EMAIL] if places.mailbox else []
    if contacts:
        with redirect_stdout(StringIO()):
            scout.cli(["person", "add", YOU, *contacts], standalone_mode=False)
    scout.cli(["run"], standalone_mode=False)


def _stop(*_: object) -> NoReturn:
    raise KeyboardInterrupt


if __name__ == "__main__":
    sys.exit(main())
