"""E-mail over any SMTP server (RFC 5321).

At-least-once: what the server may or may not have taken is sent again, under a Message-ID derived from the
alert, by which mailboxes tell that it is the same letter. One connection a letter, with a timeout on every
step.

Settings: ``SMTP_URL`` and ``MAIL_FROM``. ``smtp://user:password@host:587`` speaks TLS after STARTTLS or not
at all; ``smtps://…:465`` from the start; certificates are verified. Only a server on this machine, or
``?tls=off``, is spoken to in the clear (``?tls=on`` insists on TLS on this machine too).
"""

import smtplib
import ssl
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime, parseaddr
from urllib.parse import SplitResult, parse_qs, unquote, urlsplit

from notifiers.base import Message
from notifiers.errors import (
    DeliveryUnknownError,
    NotConfiguredError,
    NotifierError,
    NotifierRejectedError,
    NotifierUnavailableError,
)
from watchers.watch import Channel

TIMEOUT = 10.0  # seconds for each step of the dialogue

_LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})
_SHAPE = "smtp://user:password@host:587 or smtps://user:password@host:465"


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

    channel = Channel.EMAIL

    def send(self, message: Message, to: str) -> str:
        """Hand one letter over; the receipt is its Message-ID. See ``Notifier.send``."""
        if not _is_address(to):
            raise NotifierRejectedError("bad_address")
        letter = self.letter(message, to)
        content = letter.as_bytes(policy=letter.policy.clone(max_line_length=998))  # keep links in one piece
        smtp = self._open()
        try:
            _hand_over(smtp, parseaddr(self.sender)[1], to, content)
            with suppress(smtplib.SMTPException, OSError):
                smtp.quit()  # it has the letter, whatever becomes of the goodbye
        finally:
            smtp.close()
        return str(letter["Message-ID"])

    def letter(self, message: Message, to: str) -> EmailMessage:
        """The message as it goes over the wire: seven bits, so that any server can carry it."""
        letter = EmailMessage(policy=SMTP.clone(cte_type="7bit"))
        letter["From"], letter["To"], letter["Subject"] = self.sender, to, message.subject
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


def _hand_over(smtp: smtplib.SMTP, sender: str, to: str, content: bytes) -> None:
    """Until the letter itself goes, every failure is "surely not sent"; from then on it may have arrived."""
    try:
        mail, _ = smtp.mail(sender)
        rcpt, _ = smtp.rcpt(to) if mail == 250 else (mail, b"")  # noqa: PLR2004
    except (smtplib.SMTPException, OSError):
        raise NotifierUnavailableError("unreachable") from None
    if mail != 250:  # noqa: PLR2004 - the server refuses us, not this person: someone must act, then it works
        raise NotifierUnavailableError(str(mail))
    if rcpt not in (250, 251):
        raise _refusal(rcpt)
    try:
        data, _ = smtp.data(content)
    except smtplib.SMTPDataError as exc:
        raise _refusal(exc.smtp_code) from None
    except (smtplib.SMTPException, OSError):
        raise DeliveryUnknownError("no_answer") from None
    if data != 250:  # noqa: PLR2004
        raise _refusal(data)


def _refusal(code: int) -> NotifierError:
    """RFC 5321, 4.2.1: 5yz is for good, 4yz for now."""
    return NotifierRejectedError(str(code)) if code >= 500 else NotifierUnavailableError(str(code))  # noqa: PLR2004


def _unsubscribe(stop_url: str) -> dict[str, str]:
    """RFC 2369's link, and RFC 8058's one click (https only), for which mailboxes show their own button."""
    if not stop_url:
        return {}
    headers = {"List-Unsubscribe": f"<{stop_url}>"}
    return headers | (
        {"List-Unsubscribe-Post": "List-Unsubscribe=One-Click"} if stop_url.startswith("https://") else {}
    )


def _is_address(text: str) -> bool:
    """Something an envelope can hold: ASCII, one @, no space, no bracket, nothing that starts a new line."""
    local, at, domain = text.rpartition("@")
    return bool(at and local and domain) and text.isascii() and not set(text) & set(' <>,;:"()[]\\\r\n\t\0')
