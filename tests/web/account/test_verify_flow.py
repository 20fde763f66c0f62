"""Where Twilio Verify makes the codes: the same pages, and what its service says."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta

import pytest

from notifiers import proofs
from notifiers.deliver import sweep
from notifiers.limits import Limits
from notifiers.links import Links
from notifiers.means import Means
from notifiers.twilio.verify import TwilioVerify
from tests.verify_server import SERVICE, VerifyServer
from tests.web.account.kit import AT_ONCE, NUMBER, Town, uid_of
from tests.web.kit import SECRET, Someone, text_of
from watchers.documents import Write
from watchers.errors import StoreUnavailableError


@pytest.fixture
def server() -> Iterator[VerifyServer]:
    with VerifyServer() as running:
        yield running


@pytest.fixture
def asked(town: Town, server: VerifyServer) -> Someone:
    """A browser that waits for a code of Verify's."""
    vendor = TwilioVerify("AC1", "secret", SERVICE, server.url, timeout=0.5)
    town.doors = replace(town.doors, verify=vendor, ways=tuple)
    browser = town.stranger()
    assert browser.post("/sign-in", {"contact": NUMBER}).status_code == 303
    means = Means(town.documents.inner, {}, Links("http://localhost", SECRET), AT_ONCE, verify=vendor)
    sweep(means, now=town.now(), deadline=town.now() + Limits().settle)
    assert server.sent == [NUMBER]
    return browser


def test_its_code_signs_in(town: Town, server: VerifyServer, asked: Someone) -> None:
    assert asked.post("/sign-in/code", {"code": server.codes[NUMBER]}).status_code == 303
    assert town.fields(f"people/{uid_of(asked)}")["phone"] == NUMBER


def test_a_wrong_one_does_not_and_is_counted_here_too(server: VerifyServer, asked: Someone) -> None:
    for _ in range(5):
        assert asked.post("/sign-in/code", {"code": "999999"}).status_code == 422
    assert asked.post("/sign-in/code", {"code": server.codes[NUMBER]}).status_code == 410
    assert server.checks[NUMBER] == 5
    assert uid_of(asked) is None


@pytest.mark.parametrize("fault", ["429", "500", "hang", "reset", "approved_then_hang"])
def test_while_it_does_not_answer_nobody_comes_in(server: VerifyServer, asked: Someone, fault: str) -> None:
    server.fail_with(fault)
    answer = asked.post("/sign-in/code", {"code": server.codes[NUMBER]})
    assert answer.status_code == 503
    assert "does not answer" in text_of(answer)
    assert uid_of(asked) is None


def test_what_it_forgot_is_over(server: VerifyServer, asked: Someone) -> None:
    server.expire()
    assert asked.post("/sign-in/code", {"code": "000001"}).status_code == 410


def test_our_own_code_is_of_no_use_then(town: Town, asked: Someone) -> None:

    with asked.client.session_transaction() as session:
        proof = proofs.find(town.documents.inner, session["proof"])
    assert proof
    ours = proofs.passcode(SECRET, proof.id, proof.made_at)
    assert asked.post("/sign-in/code", {"code": ours}).status_code == 422


def test_after_ten_minutes_it_is_not_even_asked(town: Town, server: VerifyServer, asked: Someone) -> None:
    town.later = timedelta(minutes=11)
    assert asked.post("/sign-in/code", {"code": server.codes[NUMBER]}).status_code == 410
    assert server.checks[NUMBER] == 0


def test_a_right_code_stays_good_until_something_came_of_it(
    town: Town, server: VerifyServer, asked: Someone
) -> None:
    """The vendor has used it up; what was to be written with it did not get through."""

    def unless_it_is_a_person(writes: tuple[Write, ...]) -> None:
        if any(write.path.startswith("people/") for write in writes):
            raise StoreUnavailableError("away")

    code = server.codes[NUMBER]
    town.documents.before_commit = unless_it_is_a_person
    assert asked.post("/sign-in/code", {"code": code}).status_code == 503
    assert uid_of(asked) is None
    town.documents.before_commit = None
    assert asked.post("/sign-in/code", {"code": "999999"}).status_code != 303
    assert asked.post("/sign-in/code", {"code": code}).status_code == 303
    assert town.fields(f"people/{uid_of(asked)}")["phone"] == NUMBER
