"""A site whose codes really go out: the pages, the outbox behind them, a phone and a mailbox."""

import re
from dataclasses import dataclass, field

from flask.testing import FlaskClient

from notifiers.deliver import sweep
from notifiers.limits import Limits
from notifiers.links import Links
from notifiers.means import Means
from tests.notifiers.kit import FakeNotifier
from tests.web.kit import SECRET, Someone, World
from watchers import alerts
from watchers.documents import Query
from watchers.kinds import Channel

NUMBER, OTHER = "+14155550123", "+14155550199"
ADDRESS = "ann@example.org"
AT_ONCE = Limits(grouping=Limits().grouping * 0, longest_grouping=Limits().longest_grouping * 0)


@dataclass
class Town(World):
    """A world with a phone and a mailbox."""

    phone: FakeNotifier = field(default_factory=lambda: FakeNotifier(Channel.SMS))
    mailbox: FakeNotifier = field(default_factory=lambda: FakeNotifier(Channel.EMAIL))

    def deliver(self) -> None:
        """What the trigger and the sweep do."""
        ways = {Channel.SMS: self.phone, Channel.EMAIL: self.mailbox}
        links = Links("http://localhost", SECRET)
        means = Means(self.documents.inner, ways, links, AT_ONCE)
        sweep(means, now=self.now(), deadline=self.now() + Limits().settle)

    def stranger(self) -> Someone:
        """A browser that was never here."""
        return Someone(self.app().test_client())

    def ask(self, browser: Someone, contact: str, **fields: str) -> None:
        """Ask for a code, and let it go out."""
        answer = browser.post("/sign-in", {"contact": contact, "country": "US", **fields})
        assert answer.status_code == 303, answer.get_data(as_text=True)
        assert answer.headers["Location"] == "/sign-in/code"
        self.deliver()

    def code(self, contact: str) -> str:
        """The code that was sent there last."""
        sent = [*self.phone.sent, *self.mailbox.sent]
        said = [message.text for to, message in sent if to == contact]
        found = re.search(r"\b[0-9]{6}\b", said[-1])
        assert found
        return found[0]

    def link(self, contact: str = ADDRESS) -> str:
        """The path of the link in the letter that was sent there last."""
        text = [message.text for to, message in self.mailbox.sent if to == contact][-1]
        found = re.search(r"http://localhost(/sign-in/link/\S+)", text)
        assert found
        return found[1]

    def come_in(self, contact: str, browser: Someone | None = None) -> Someone:
        """Somebody who proved this contact."""
        browser = browser or self.stranger()
        self.ask(browser, contact)
        answer = browser.post("/sign-in/code", {"code": self.code(contact.lower())})
        assert answer.status_code == 303, answer.get_data(as_text=True)
        return browser

    def codes(self) -> int:
        """How many codes are in the outbox."""
        return len(self.documents.inner.find(Query(alerts.COLLECTION)))


def uid_of(browser: Someone) -> str | None:
    """Who is signed in there."""
    return uid_in(browser.client)


def uid_in(client: FlaskClient) -> str | None:
    """The same of a bare client."""
    with client.session_transaction() as session:
        found = session.get("uid")
        return found if isinstance(found, str) else None
