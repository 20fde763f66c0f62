"""The real ``smtplib`` against a real SMTP server on this machine."""

import shutil
import socket
import ssl
import subprocess
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from email.utils import parsedate_to_datetime
from pathlib import Path

import pytest

from notifiers import email
from notifiers.base import Message
from notifiers.deliver import deliver
from notifiers.errors import (
    DeliveryUnknownError,
    Fault,
    NotConfiguredError,
    NotifierError,
    NotifierRejectedError,
    NotifierUnavailableError,
)
from notifiers.parcels import Outcome
from store.sqlite import SqliteDocuments
from tests.notifiers.kit import ADDRESS, MINUTE, NOW, means, save_alert
from tests.smtp_server import PASSWORD, USER, SmtpServer
from watchers.kinds import Channel

SENDER = "Ticket Scout <alerts@scout.example>"
LONG_LINK = "https://scout.example/" + "long/" * 20 + "stop/K7Q28M4X"
MESSAGE = Message(
    "a" * 32, "K7Q28M4X", "宇多田ヒカル, €84\n", "€84: 宇多田ヒカル", "<p>宇多田ヒカル, €84</p>", LONG_LINK
)


@pytest.fixture
def mail() -> Iterator[SmtpServer]:
    with SmtpServer() as server:
        yield server


def notifier(mail: SmtpServer, url: str = "") -> email.SmtpNotifier:
    made = email.from_env({"SMTP_URL": url or mail.url, "MAIL_FROM": SENDER})
    return replace(made, timeout=2)


def test_a_letter_arrives_in_both_forms_whatever_the_script(mail: SmtpServer) -> None:
    receipt = notifier(mail).send(MESSAGE, ADDRESS)

    (letter,) = mail.letters
    assert mail.recipients == [ADDRESS]
    assert (letter["From"], letter["To"], letter["Subject"]) == (SENDER, ADDRESS, MESSAGE.subject)
    assert letter["Message-ID"] == receipt == f"<{'a' * 32}@scout.example>"
    assert parsedate_to_datetime(letter["Date"]).tzinfo
    assert letter.get_content_type() == "multipart/alternative"
    plain, html = (part.get_content().strip() for part in letter.iter_parts())
    assert (plain, html) == (MESSAGE.text.strip(), MESSAGE.html)


def test_a_mailbox_can_offer_one_click_to_stop(mail: SmtpServer) -> None:
    notifier(mail).send(MESSAGE, ADDRESS)

    (letter,) = mail.letters
    assert letter["List-Unsubscribe"] == f"<{LONG_LINK}>"
    assert letter["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert letter["Auto-Submitted"] == "auto-generated"


@pytest.mark.parametrize(
    ("stop_url", "headers"),
    [("", []), ("http://127.0.0.1:8080/stop/K7Q28M4X", ["List-Unsubscribe"])],
    ids=["nowhere to stop", "one click is https only"],
)
def test_no_button_is_offered_that_does_not_work(mail: SmtpServer, stop_url: str, headers: list[str]) -> None:
    notifier(mail).send(replace(MESSAGE, stop_url=stop_url), ADDRESS)

    assert [name for name in mail.letters[0] if name.startswith("List-")] == headers


def test_the_same_alert_is_the_same_letter(mail: SmtpServer) -> None:
    for _ in range(2):
        notifier(mail).send(MESSAGE, ADDRESS)

    assert len({letter["Message-ID"] for letter in mail.letters}) == 1


@pytest.mark.parametrize(
    ("where", "answer", "kind", "code"),
    [
        ("refuse_recipient", "551 no such user", NotifierRejectedError, "551"),
        ("refuse_recipient", "552 5.2.2 mailbox full", NotifierRejectedError, "552"),
        ("refuse_recipient", "450 mailbox busy", NotifierUnavailableError, "450"),
        ("refuse_sender", "550 not allowed to send as that", NotifierUnavailableError, "550"),
        ("refuse_sender", "421 going down", NotifierUnavailableError, "421"),
        ("after_data", "554 looks like spam", NotifierRejectedError, "554"),
        ("after_data", "451 try later", NotifierUnavailableError, "451"),
    ],
)
def test_an_answer_is_judged_by_its_code(
    mail: SmtpServer, where: str, answer: str, kind: type[NotifierError], code: str
) -> None:
    setattr(mail, where, answer)

    with pytest.raises(kind) as refused:
        notifier(mail).send(MESSAGE, ADDRESS)
    assert refused.value.code == code
    assert mail.letters == []


@pytest.mark.parametrize(
    ("answer", "fault"),
    [
        ("550 no such user", Fault.BAD_CONTACT),
        ("551 user not local", Fault.BAD_CONTACT),
        ("553 mailbox name not allowed", Fault.BAD_CONTACT),
        ("550 5.1.1 no such user", Fault.BAD_CONTACT),
        ("554 5.1.2 no such host", Fault.BAD_CONTACT),
        ("556 5.1.10 the domain takes no mail", Fault.BAD_CONTACT),
        ("550-5.1.1 no such user\r\n550 5.1.1 see our page", Fault.BAD_CONTACT),
        ("550 5.7.1 policy: you are on a list", None),
        ("551 5.7.1 relaying denied", None),
        ("553 5.1.8 the sender's domain does not exist", None),
        ("550 5.1.7 bad sender", None),
        ("550 5.2.1 mailbox disabled for now", None),
        ("552 5.2.2 mailbox full", None),
        ("554 transaction failed", None),
        ("501 what?", None),
    ],
)
def test_an_address_is_given_up_only_when_the_answer_is_about_the_address(
    mail: SmtpServer, answer: str, fault: Fault | None
) -> None:
    mail.refuse_recipient = answer

    with pytest.raises(NotifierRejectedError) as refused:
        notifier(mail).send(MESSAGE, ADDRESS)
    assert (refused.value.code, refused.value.fault) == (answer[:3], fault)


def test_the_letter_being_refused_says_nothing_about_the_address(mail: SmtpServer) -> None:
    mail.after_data = "550 5.1.1 after all that"

    with pytest.raises(NotifierRejectedError) as refused:
        notifier(mail).send(MESSAGE, ADDRESS)
    assert refused.value.fault is None


# ── on the wire ──────────────────────────────────────────────────────────────────────────────────────────


def header_lines(mail: SmtpServer) -> list[bytes]:
    return mail.wire[0].partition(b"\r\n\r\n")[0].split(b"\r\n")


def test_a_signature_survives_because_every_line_is_short_and_seven_bits(mail: SmtpServer) -> None:
    long = replace(
        MESSAGE, subject="宇多田ヒカル 🎸 " * 8 + "é", text="ü" * 3000, html=f"<p>{'word ' * 900}</p>"
    )
    notifier(mail).send(long, ADDRESS)

    assert mail.wire[0].isascii()
    assert max(map(len, mail.wire[0].split(b"\r\n"))) <= 998
    assert b"\n" not in mail.wire[0].replace(b"\r\n", b"")
    assert mail.letters[0]["Subject"] == long.subject
    encoded = [word for line in header_lines(mail) for word in line.split() if word.startswith(b"=?")]
    assert encoded
    assert max(map(len, encoded)) <= 75  # RFC 2047, 2


@pytest.mark.parametrize(
    "subject", ["é " * 59, "a" * 100 + " é", "€84: " + "word " * 20, " ".join("🎸" * 40)]
)
def test_a_subject_arrives_to_the_letter_wherever_it_is_folded(mail: SmtpServer, subject: str) -> None:
    notifier(mail).send(replace(MESSAGE, subject=subject.strip()), ADDRESS)

    assert mail.letters[0]["Subject"] == subject.strip()


def test_a_sender_may_have_a_name_in_any_script(mail: SmtpServer) -> None:
    replace(notifier(mail), sender="Späher GmbH <alerts@scout.example>").send(MESSAGE, ADDRESS)

    assert mail.letters[0]["From"].addresses[0].display_name == "Späher GmbH"
    assert mail.senders == ["alerts@scout.example"]


def test_links_and_ids_are_on_one_line_each(mail: SmtpServer) -> None:
    notifier(mail).send(MESSAGE, ADDRESS)

    assert f"List-Unsubscribe: <{LONG_LINK}>".encode() in header_lines(mail)
    assert f"Message-ID: <{'a' * 32}@scout.example>".encode() in header_lines(mail)


def test_a_letter_is_from_who_sends_it_and_has_what_is_signed(mail: SmtpServer) -> None:
    notifier(mail).send(MESSAGE, ADDRESS)

    names = [line.partition(b":")[0] for line in header_lines(mail) if not line[:1].isspace()]
    for name in (b"From", b"To", b"Subject", b"Date", b"Message-ID", b"MIME-Version", b"Content-Type"):
        assert names.count(name) == 1
    assert mail.senders == ["alerts@scout.example"]


def test_a_name_that_looks_encoded_is_not_decoded_into_headers(mail: SmtpServer) -> None:
    """A subject is read as RFC 2047 says, which may hold line ends, and with them other headers."""
    evil = "$84: =?utf-8?q?x=0D=0AReply-To:_all@example.org=0D=0A?="
    notifier(mail).send(replace(MESSAGE, subject=evil), ADDRESS)

    assert not [line for line in header_lines(mail) if line.startswith(b"Reply-To")]
    assert mail.letters[0]["Subject"] == evil.replace("=?", "= ?")


def test_a_line_that_goes_dead_after_the_letter_leaves_it_unknown(mail: SmtpServer) -> None:
    mail.drop_after_data = True

    with pytest.raises(DeliveryUnknownError, match="no_answer"):
        notifier(mail).send(MESSAGE, ADDRESS)


def test_an_unknown_email_is_sent_again_under_the_same_id(
    documents: SqliteDocuments, mail: SmtpServer
) -> None:
    alert = save_alert(documents, Channel.EMAIL)
    on = {Channel.EMAIL: notifier(mail)}
    mail.drop_after_data = True
    assert deliver(alert.id, means(documents, on), now=NOW) is Outcome.PUT_BACK
    mail.drop_after_data = False

    assert deliver(alert.id, means(documents, on), now=NOW + MINUTE) is Outcome.SENT
    assert len({letter["Message-ID"] for letter in mail.letters}) == 1
    assert len(mail.letters) == 2


def test_a_server_that_is_not_there_is_for_later() -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        port = unused.getsockname()[1]
    gone = email.from_env({"SMTP_URL": f"smtp://127.0.0.1:{port}", "MAIL_FROM": SENDER})

    with pytest.raises(NotifierUnavailableError, match="unreachable"):
        gone.send(MESSAGE, ADDRESS)


def test_a_server_that_says_nothing_is_for_later() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"smtp://127.0.0.1:{silent.getsockname()[1]}"
        mute = replace(email.from_env({"SMTP_URL": url, "MAIL_FROM": SENDER}), timeout=0.1)
        with pytest.raises(NotifierUnavailableError, match="unreachable"):
            mute.send(MESSAGE, ADDRESS)


@pytest.mark.parametrize(
    "to",
    [
        "",
        "al",
        "al@",
        "@x",
        "al@example.org\r\nBcc: b@example.org",
        "a <al@x>",
        "ål@example.org",
        "a@b,c@d",
        "=?utf-8?q?a?=@x",
    ],
)
def test_what_is_no_address_is_refused_before_anyone_is_asked(to: str) -> None:
    nowhere = email.from_env({"SMTP_URL": "smtp://no-such-host.invalid", "MAIL_FROM": SENDER})

    with pytest.raises(NotifierRejectedError, match="bad_address"):
        nowhere.send(MESSAGE, to)


@pytest.mark.parametrize(
    ("server_says", "kind"),
    [
        pytest.param(
            ["250 hi"], NotifierUnavailableError, id="the line goes dead before the recipient is named"
        ),
        pytest.param(
            ["250 hi", "250 ok", "250 ok", "554 no"], NotifierRejectedError, id="the letter is not let in"
        ),
        pytest.param(
            ["250 hi", "250 ok", "250 ok", "354 go"], DeliveryUnknownError, id="dead after the letter"
        ),
        pytest.param(["250 hi", "what?"], NotifierUnavailableError, id="what is no reply"),
        pytest.param(
            ["250 hi", "250 ok", "250 ok", "354 go", *["what?"] * 60], DeliveryUnknownError, id="nor after it"
        ),
    ],
)
def test_until_the_letter_goes_nothing_was_sent(server_says: list[str], kind: type[NotifierError]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener, ThreadPoolExecutor(1) as pool:
        pool.submit(answer_and_hang_up, listener, server_says)
        url = f"smtp://127.0.0.1:{listener.getsockname()[1]}"
        with pytest.raises(kind):
            replace(email.from_env({"SMTP_URL": url, "MAIL_FROM": SENDER}), timeout=2).send(MESSAGE, ADDRESS)


def answer_and_hang_up(listener: socket.socket, lines: list[str]) -> None:
    connection, _ = listener.accept()
    with connection, connection.makefile("rwb") as line:
        for said in ["220 hello", *lines]:
            line.write(f"{said}\r\n".encode())
            line.flush()
            line.readline()


# ── login and TLS ────────────────────────────────────────────────────────────────────────────────────────


def test_a_login_is_used_and_a_wrong_one_is_for_the_operator_to_mend() -> None:
    with SmtpServer(login=True) as mail:
        address = f"127.0.0.1:{mail.port}"
        notifier(mail, f"smtp://{USER}:{PASSWORD}@{address}").send(MESSAGE, ADDRESS)
        for wrong in ("wrong", "%C3%A5"):
            with pytest.raises(NotifierUnavailableError, match="smtp_credentials"):
                notifier(mail, f"smtp://{USER}:{wrong}@{address}").send(MESSAGE, ADDRESS)

        assert len(mail.letters) == 1


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A self-made certificate for this machine, and its key."""
    openssl = shutil.which("openssl")
    if not openssl:
        pytest.skip("needs openssl to make a certificate")
    folder = tmp_path_factory.mktemp("tls")
    made, key = folder / "certificate.pem", folder / "key.pem"
    wanted = ["-days", "1", "-subj", "/CN=localhost", "-addext", "subjectAltName=IP:127.0.0.1"]
    files = ["-keyout", str(key), "-out", str(made)]
    subprocess.run(  # noqa: S603
        [openssl, "req", "-x509", "-newkey", "rsa:2048", "-nodes", *wanted, *files],
        check=True,
        capture_output=True,
    )
    return made, key


@pytest.fixture
def tls(certificate: tuple[Path, Path]) -> ssl.SSLContext:
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(*certificate)
    return context


def test_starttls_is_spoken_with_a_certificate_that_is_trusted(
    tls: ssl.SSLContext, certificate: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate[0]))
    with SmtpServer(tls=tls) as mail:
        notifier(mail, f"{mail.url}?tls=on").send(MESSAGE, ADDRESS)

        assert len(mail.letters) == 1


def test_implicit_tls_is_spoken_from_the_start(
    tls: ssl.SSLContext, certificate: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate[0]))
    with SmtpServer(tls=tls, implicit=True) as mail:
        notifier(mail, f"smtps://127.0.0.1:{mail.port}").send(MESSAGE, ADDRESS)

        assert len(mail.letters) == 1


def test_a_certificate_nobody_vouches_for_gets_no_letter(tls: ssl.SSLContext) -> None:
    with SmtpServer(tls=tls) as mail:
        with pytest.raises(NotifierUnavailableError, match="smtp_certificate"):
            notifier(mail, f"{mail.url}?tls=on").send(MESSAGE, ADDRESS)

        assert mail.letters == []


def test_a_server_without_tls_gets_no_letter_when_tls_is_wanted(mail: SmtpServer) -> None:
    with pytest.raises(NotifierUnavailableError, match="smtp_unsupported"):
        notifier(mail, f"{mail.url}?tls=on").send(MESSAGE, ADDRESS)


# ── settings ─────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("url", "host", "port", "tls"),
    [
        ("smtp://u:p%40ss@mail.example", "mail.example", 587, "starttls"),
        ("smtp://u:p%40ss@mail.example:25?tls=off", "mail.example", 25, "off"),
        ("smtps://u:p%40ss@mail.example", "mail.example", 465, "implicit"),
        ("smtp://u:p%40ss@127.0.0.1:2525", "127.0.0.1", 2525, "off"),
        ("smtp://u:p%40ss@[::1]:2525", "::1", 2525, "off"),
        ("smtp://u:p%40ss@localhost:2525?tls=on", "localhost", 2525, "starttls"),
        ("smtp://u:p%40ss@mail.example?tls=maybe", "mail.example", 587, "starttls"),
    ],
)
def test_a_url_says_where_and_how(url: str, host: str, port: int, tls: str) -> None:
    made = email.from_env({"SMTP_URL": url, "MAIL_FROM": SENDER})

    assert (made.host, made.port, made.tls) == (host, port, tls)
    assert (made.user, made.password) == ("u", "p@ss")


@pytest.mark.parametrize(
    ("settings", "names"),
    [
        ({}, "SMTP_URL and MAIL_FROM"),
        ({"SMTP_URL": "smtp://h"}, "MAIL_FROM"),
        ({"SMTP_URL": "http://user:secret@h", "MAIL_FROM": SENDER}, "SMTP_URL"),
        ({"SMTP_URL": "smtp://user:secret@h:port", "MAIL_FROM": SENDER}, "SMTP_URL"),
        ({"SMTP_URL": "smtp://user:secret@[h", "MAIL_FROM": SENDER}, "SMTP_URL"),
        ({"SMTP_URL": "smtp://h", "MAIL_FROM": "nobody"}, "MAIL_FROM"),
        ({"SMTP_URL": "smtp://h", "MAIL_FROM": f"{SENDER}\nBcc: x@y"}, "MAIL_FROM"),
    ],
)
def test_a_missing_or_misshapen_setting_is_named_and_not_quoted(settings: dict[str, str], names: str) -> None:
    with pytest.raises(NotConfiguredError) as off:
        email.from_env(settings)
    assert names in str(off.value)
    assert "secret" not in str(off.value)
