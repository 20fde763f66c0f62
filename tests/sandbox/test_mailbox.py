import logging
import smtplib
from collections.abc import Iterator
from email.message import EmailMessage
from urllib.parse import urlsplit

import httpx
import pytest

from sandbox.mailbox import Mailbox, mailbox_app, receiving
from sandbox.servers import serving


@pytest.fixture
def smtp(mailbox: Mailbox) -> Iterator[smtplib.SMTP]:
    with receiving(mailbox) as url:
        place = urlsplit(url)
        with smtplib.SMTP(place.hostname or "", place.port or 0, timeout=5) as client:
            yield client


def mail(subject: str = "Night Tram: £45") -> EmailMessage:
    message = EmailMessage()
    message["From"], message["To"], message["Subject"] = "scout@sandbox.test", "al@example.test", subject
    message["Message-ID"] = "<alert-1@scout>"
    message["List-Unsubscribe"] = "<https://scout.example/u/1>"
    message.set_content("plain: £45\n")
    message.add_alternative('<p style="color:red">html: £45 <script>alert(1)</script></p>', subtype="html")
    return message


def test_a_mail_arrives_whole(smtp: smtplib.SMTP, mailbox: Mailbox) -> None:
    smtp.send_message(mail())
    (got,) = mailbox.mails
    assert (got.number, got.recipients) == (1, ("al@example.test",))
    assert got.message["Subject"] == "Night Tram: £45"
    assert (got.plain or "").strip() == "plain: £45"
    assert "html: £45" in (got.html or "")


def test_a_recipient_who_does_not_exist(smtp: smtplib.SMTP, mailbox: Mailbox) -> None:
    with pytest.raises(smtplib.SMTPRecipientsRefused):
        smtp.send_message(mail(), to_addrs=["bounce@example.test"])
    assert mailbox.mails == ()


def test_a_fault_is_met_once(smtp: smtplib.SMTP, mailbox: Mailbox) -> None:
    mailbox.faults.append("451 4.3.0 try later")
    with pytest.raises(smtplib.SMTPDataError, match="451"):
        smtp.send_message(mail())
    smtp.send_message(mail())
    assert len(mailbox.mails) == 1


def test_the_pages_show_list_headers_and_both_parts(smtp: smtplib.SMTP, mailbox: Mailbox) -> None:
    with serving(mailbox_app(mailbox)) as url, httpx.Client(base_url=url) as pages:
        assert "No mail yet" in pages.get("/").text
        smtp.send_message(mail("first"))
        smtp.send_message(mail("second"))
        listed = pages.get("/").text
        assert listed.index("second</") < listed.index("first</")
        shown = pages.get("/mail/1")
        assert pages.get("/mail/3").status_code == 404
    for expected in ("&lt;alert-1@scout&gt;", "List-Unsubscribe", "plain: £45", "Sandbox: nothing"):
        assert expected in shown.text
    assert "<script>alert" not in shown.text
    assert 'sandbox="allow-popups allow-popups-to-escape-sandbox"' in shown.text
    assert "default-src 'none'" in shown.headers["Content-Security-Policy"]


def test_a_mail_with_a_plain_part_only(smtp: smtplib.SMTP, mailbox: Mailbox) -> None:
    smtp.sendmail("a@x.test", ["b@x.test"], b"From: a@x.test\r\n\r\nhello\r\n")
    with serving(mailbox_app(mailbox)) as url:
        shown = httpx.get(f"{url}/mail/1").text
    assert "(no subject)" in shown
    assert "<iframe" not in shown


def test_the_mail_server_keeps_quiet_about_what_it_hears() -> None:
    with receiving(Mailbox()):
        assert not logging.getLogger("mail.log").isEnabledFor(logging.INFO)
