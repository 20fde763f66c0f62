"""A stranger signs in through every real part: web function, Firestore, trigger, phone and mailbox."""

import re
import secrets
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest

from sandbox.segments import size
from tests.emulator.chain import Chain, Someone, eventually
from watchers.documents import Query

pytestmark = pytest.mark.emulator
_CODE = re.compile(r"\b[0-9]{6}\b")


@pytest.fixture
def stranger(chain: Chain) -> Someone:
    """Somebody nobody knows."""
    person = Someone(
        "", f"+1415555{secrets.randbelow(9000) + 1000}", f"new.{secrets.token_hex(4)}@people.test"
    )
    chain.private += [person.phone, person.phone[1:], person.email]
    return person


def test_a_stranger_comes_in_by_phone_and_adds_an_address(chain: Chain, stranger: Someone) -> None:
    with httpx.Client(base_url=chain.public_url) as browser:
        assert browser.get("/").status_code == 401
        submit(browser, "/sign-in", "/sign-in", contact=stranger.phone)
        eventually(lambda: chain.texts(stranger))
        (text,) = chain.texts(stranger)
        assert (size(text).encoding, size(text).segments) == ("GSM-7", 1)
        submit(browser, "/sign-in/code", "/sign-in/code", code=code_in(text))
        assert browser.get("/").status_code == 200

        submit(browser, "/settings/contacts", "/settings/contacts/email", address=stranger.email)
        eventually(lambda: chain.mails(stranger))
        (mail,) = chain.mails(stranger)
        submit(browser, "/sign-in/code", "/sign-in/code", code=code_in(mail.plain or ""))
        page = browser.get("/settings/contacts").text
        assert stranger.phone in page
        assert stranger.email in page
    (person,) = chain.documents.find(Query("people", ("phone",), "==", stranger.phone))
    entries = chain.documents.find(Query("contacts", ("uid",), "==", person.id))
    assert len(entries) == 2


def test_pressed_many_times_at_once_one_text_goes_out(chain: Chain, stranger: Someone) -> None:
    with httpx.Client(base_url=chain.public_url) as browser:
        fields = hidden(browser.get("/sign-in").text) | {"contact": stranger.phone}
        with ThreadPoolExecutor(5) as pool:
            answers = list(pool.map(lambda _: browser.post("/sign-in", data=fields).status_code, range(5)))
        assert set(answers) == {303}
        eventually(lambda: chain.texts(stranger))
        chain.settle()
        assert len(chain.texts(stranger)) == 1


def submit(browser: httpx.Client, page: str, action: str, **typed: str) -> None:
    answer = browser.post(action, data=hidden(browser.get(page).text) | typed)
    assert answer.status_code == 303, answer.text


def hidden(page: str) -> dict[str, str]:
    """The hidden fields of a page's first form that asks or answers."""
    found = re.findall(r'<input type="hidden" name="(csrf|asked|next)" value="([^"]*)"', page)
    return dict(reversed(found))


def code_in(text: str) -> str:
    found = _CODE.search(text)
    assert found
    return found[0]
