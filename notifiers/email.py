"""E-mail over any SMTP server (RFC 5321).

At-least-once: what the server may or may not have taken is sent again, under a Message-ID derived from the
alert, by which mailboxes tell that it is the same letter. There is a timeout on every step. Sessions are
used again while they are fresh (``mail_pool.py``); one that fails before the letter is said is replaced.

Settings: ``SMTP_URL`` and ``MAIL_FROM``. ``smtp://user:password@host:587`` speaks TLS after STARTTLS or not
at all; ``smtps://…:465`` from the start; certificates are verified. Only a server on this machine, or
``?tls=off``, is spoken to in the clear (``?tls=on`` insists on TLS on this machine too).
"""

import re
import smtplib
import ssl
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.header import Header
from email.message import EmailMessage
from email.policy import EmailPolicy
from email.utils import format_datetime, parseaddr
from typing import Any
from urllib.parse import SplitResult, parse_qs, unquote, urlsplit

from notifiers.base import Message
from notifiers.errors import (
    DeliveryUnknownError,
    Fault,
    NotConfiguredError,
    NotifierError,
    NotifierRejectedError,
    NotifierUnavailableError,
)
from notifiers.mail_pool import MailPool
from watchers.kinds import Channel

TIMEOUT = 10.0  # seconds for each step of the dialogue

_LONGEST_LINE = 998  # RFC 5322, 2.1.1: a longer one may be broken on its way, and its signature with it
_OK, _NOT_NOW, _FOR_GOOD = 250, 400, 500
_NO_SUCH_MAILBOX = frozenset({550, 551, 553})
_ENHANCED = re.compile(rb"5\.(?P<subject>\d{1,3})\.(?P<detail>\d{1,3})(?!\d)")  # RFC 2034: it comes first
_LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})
_SHAPE = "smtp://user:password@host:587 or smtps://user:password@host:465"


class _OneLineEach(EmailPolicy):
    """Headers as they are, each on one line: a link or an id that is folded is one no more.

    Only what is not ASCII is encoded and folded, because an encoded word holds 75 characters (RFC 2047).
    """

    def fold_binary(self, name: str, value: Any) -> bytes:
        """One header as it goes over the wire."""
        line = f"{name}: {value}"
        if line.isascii() and line.isprintable() and len(line) <= _LONGEST_LINE:
            return line.encode() + b"\r\n"
        if name == "Subject":  # the newer folding of Python 3.11 drops spaces between encoded words
            return (
                f"{name}: {Header(str(value), 'utf-8', 76, name).encode(linesep=self.linesep)}\r\n".encode()
            )
        return super().fold_binary(name, value)


_SEVEN_BITS = _OneLineEach(linesep="\r\n", cte_type="7bit")


def from_env(env: Mapping[str, str]) -> "SmtpNotifier":
    """The notifier these settings describe.

    Raises:
        NotConfiguredError: a setting is missing or has the wrong shape; the sentence names it.
    """
    if missing := [name for name in ("SMTP_URL", "MAIL_FROM") if not env.get(name)]:
        raise NotConfiguredError(f"E-mail is off: set {' and '.join(missing)}.")
    sender = env["MAIL_FROM"]
    if not _is_address(parseaddr(sender)[1]) or not sender.isprintable():
        raise NotConfiguredError(
            "E-mail is off: MAIL_FROM must be an address such as Scout <alerts@example.org>."
        )
    url = _server(env["SMTP_URL"])
    return SmtpNotifier(
        host=url.hostname or "",
        port=url.port or (465 if url.scheme == "smtps" else 587),
        tls=_tls(url),
        sender=sender,
        user=unquote(url.username or ""),
        password=unquote(url.password or ""),
    )


def _server(text: str) -> SplitResult:
    try:
        url = urlsplit(text)
        if url.scheme in ("smtp", "smtps") and url.hostname and url.port != 0:
            return url
    except ValueError:  # a port that is no number, a bracket that does not close; it may quote the password
        pass
    raise NotConfiguredError(f"E-mail is off: SMTP_URL must look like {_SHAPE}.")


def _tls(url: SplitResult) -> str:
    """``implicit``, ``starttls`` or ``off``."""
    if url.scheme == "smtps":
        return "implicit"
    asked = parse_qs(url.query).get("tls", ["off" if url.hostname in _LOOPBACK else "on"])[-1]
    return "off" if asked == "off" else "starttls"


@dataclass(frozen=True, slots=True)
class SmtpNotifier:
    """Sends letters through one server. ``tls`` is ``implicit``, ``starttls`` or ``off``."""

    host: str
    port: int
    tls: str
    sender: str = field(repr=False)
    user: str = field(default="", repr=False)
    password: str = field(default="", repr=False)
    timeout: float = TIMEOUT
    _pool: MailPool = field(default_factory=MailPool, init=False, repr=False, compare=False)

    channel = Channel.EMAIL

    def send(self, message: Message, to: str) -> str:
        """Hand one letter over; the receipt is its Message-ID. See ``Notifier.send``."""
        if not _is_address(to):
            raise NotifierRejectedError("bad_address")
        letter = self.letter(message, to)
        content = letter.as_bytes()
        smtp = self._ready(to)
        with _closed_on_error(smtp):
            _hand_over(smtp, content)
        self._pool.give_back(smtp)
        return str(letter["Message-ID"])

    def sign_in(self) -> None:
        """Greet the server, sign in and say goodbye; no letter is begun.

        Raises:
            NotifierUnavailableError: its code says what stood in the way.
        """
        smtp = self._open()
        with suppress(smtplib.SMTPException, OSError):
            smtp.quit()

    def close(self) -> None:
        """Close what is open; the next letter opens anew."""
        self._pool.close()

    def letter(self, message: Message, to: str) -> EmailMessage:
        """The message as it goes over the wire: seven bits, so that any server can carry it."""
        letter = EmailMessage(policy=_SEVEN_BITS)
        letter["From"], letter["To"], letter["Subject"] = self.sender, to, _words(message.subject)
        letter["Date"] = format_datetime(datetime.now(UTC))
        letter["Message-ID"] = f"<{message.alert_id}@{self._domain}>"
        letter["Auto-Submitted"] = "auto-generated"  # RFC 3834: no out-of-office replies, please
        for name, value in _unsubscribe(message.stop_url).items():
            letter[name] = value
        letter.set_content(message.text)
        letter.add_alternative(message.html, subtype="html")
        return letter

    @property
    def _domain(self) -> str:
        return parseaddr(self.sender)[1].rpartition("@")[2]

    def _ready(self, to: str) -> smtplib.SMTP:
        """A session in which the server waits for the letter itself.

        An old one may have been given up by the server, or have had its share of letters; nothing was sent
        yet, so a fresh one is asked before anything is given up.
        """
        if used := self._pool.take():
            with suppress(NotifierUnavailableError):
                return self._announce(used, to)
        return self._announce(self._open(), to)

    def _announce(self, smtp: smtplib.SMTP, to: str) -> smtplib.SMTP:
        with _closed_on_error(smtp):
            _address(smtp, parseaddr(self.sender)[1], to)
        return smtp

    def _open(self) -> smtplib.SMTP:
        """A greeted, secured, authenticated session; nothing of the letter has been said yet.

        What only the operator can mend (a password, a certificate) is for later, too: it is often mended
        within hours, and there is no other way to tell the person.
        """
        try:
            return self._greet()
        except (smtplib.SMTPAuthenticationError, UnicodeError):  # a password is ASCII, says smtplib
            raise NotifierUnavailableError("smtp_credentials") from None
        except smtplib.SMTPNotSupportedError:  # no STARTTLS, or no login, where one is wanted
            raise NotifierUnavailableError("smtp_unsupported") from None
        except ssl.SSLCertVerificationError:
            raise NotifierUnavailableError("smtp_certificate") from None
        except (smtplib.SMTPException, OSError):
            raise NotifierUnavailableError("unreachable") from None

    def _greet(self) -> smtplib.SMTP:
        smtp = self._connect()
        try:
            if self.tls == "starttls":
                smtp.starttls(context=ssl.create_default_context())
            smtp.ehlo_or_helo_if_needed()
            if self.user:
                smtp.login(self.user, self.password)
        except BaseException:
            smtp.close()
            raise
        return smtp

    def _connect(self) -> smtplib.SMTP:
        if self.tls == "implicit":
            trusted = ssl.create_default_context()
            return smtplib.SMTP_SSL(self.host, self.port, self._domain, timeout=self.timeout, context=trusted)
        return smtplib.SMTP(self.host, self.port, self._domain, timeout=self.timeout)


@contextmanager
def _closed_on_error(smtp: smtplib.SMTP) -> Iterator[None]:
    try:
        yield
    except BaseException:
        smtp.close()
        raise


def _address(smtp: smtplib.SMTP, sender: str, to: str) -> None:
    """Say from whom and to whom. Whatever goes wrong here, nothing was sent."""
    try:
        mail, _ = smtp.mail(sender)
        rcpt, said = smtp.rcpt(to) if mail == _OK else (mail, b"")
    except (smtplib.SMTPException, OSError):
        raise NotifierUnavailableError("unreachable") from None
    if mail != _OK:  # the server refuses us, not this person: someone must act, then it works
        raise NotifierUnavailableError(_code(mail))
    if rcpt >= _FOR_GOOD and _is_about_the_recipient(rcpt, said):
        raise NotifierRejectedError(str(rcpt), fault=Fault.BAD_CONTACT)
    if rcpt not in (_OK, 251):
        raise _refusal(rcpt)


def _is_about_the_recipient(code: int, said: bytes) -> bool:
    """Whether no letter will ever reach this address, rather than not this one, or not from us.

    An enhanced code says it precisely (RFC 3463, 3.2: 5.1.x is an address, of which .7 and .8 are the
    sender's); without one, RFC 5321 (4.2.3) has 550, 551 and 553 for mailboxes.
    """
    if enhanced := _ENHANCED.match(said):
        return enhanced["subject"] == b"1" and enhanced["detail"] not in (b"7", b"8")
    return code in _NO_SUCH_MAILBOX


def _hand_over(smtp: smtplib.SMTP, content: bytes) -> None:
    """The letter itself: without a clear answer it may have arrived."""
    try:
        data, _ = smtp.data(content)
    except smtplib.SMTPDataError as exc:
        raise _refusal(exc.smtp_code) from None
    except (smtplib.SMTPException, OSError):
        raise DeliveryUnknownError("no_answer") from None
    if data >= _NOT_NOW:
        raise _refusal(data)
    if data != _OK:
        raise DeliveryUnknownError("bad_answer")


def _refusal(code: int) -> NotifierError:
    """RFC 5321, 4.2.1: 5yz is for good, 4yz for now."""
    return NotifierRejectedError(_code(code)) if code >= _FOR_GOOD else NotifierUnavailableError(_code(code))


def _code(code: int) -> str:
    return str(code) if code >= _OK else "bad_answer"  # smtplib's -1: what came was no reply at all


def _unsubscribe(stop_url: str) -> dict[str, str]:
    """RFC 2369's link, and RFC 8058's one click (https only), for which mailboxes show their own button."""
    if not stop_url:
        return {}
    headers = {"List-Unsubscribe": f"<{stop_url}>"}
    return headers | (
        {"List-Unsubscribe-Post": "List-Unsubscribe=One-Click"} if stop_url.startswith("https://") else {}
    )


def _words(subject: str) -> str:
    """The subject as nothing but words: one that looks encoded would be decoded, line ends and all."""
    return subject.replace("=?", "= ?")


def _is_address(text: str) -> bool:
    """Something an envelope can hold: ASCII, one @, no space, no bracket, nothing that starts a new line.

    Nor anything that looks encoded, because the header it is written to would decode it.
    """
    local, at, domain = text.rpartition("@")
    is_plain = text.isascii() and text.isprintable() and "=?" not in text
    return bool(at and local and domain) and is_plain and not set(text) & set(' <>,;:"()[]\\')
