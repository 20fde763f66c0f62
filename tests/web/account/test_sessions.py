"""How long somebody is signed in, and what ends it."""

from datetime import timedelta

import pytest

from tests.web.account.kit import ADDRESS, NUMBER, Town, uid_of
from tests.web.kit import Someone, text_of
from watchers.documents import Document, Put

DAY = timedelta(days=1)


def is_in(browser: Someone) -> bool:
    return browser.client.get("/").status_code == 200


def cookie_of(browser: Someone) -> str:
    found = browser.client.get_cookie("scout")
    assert found
    return found.value


def test_a_cookie_is_made_anew_once_a_day_and_not_oftener(town: Town) -> None:
    browser = town.come_in(NUMBER)
    browser.get("/sign-in")
    first = cookie_of(browser)
    browser.client.get("/healthz")
    assert cookie_of(browser) == first
    town.later = DAY
    browser.client.get("/healthz")
    assert cookie_of(browser) != first


def test_signing_out_everywhere_ends_every_other_session(town: Town) -> None:
    phone, laptop = town.come_in(NUMBER), town.come_in(NUMBER)
    assert is_in(phone)
    assert is_in(laptop)
    answer = laptop.post("/leave/everywhere")
    assert "everywhere" in text_of(answer)
    assert not is_in(phone)
    assert not is_in(laptop)
    for path in ("/watches/new", "/settings/contacts"):
        assert phone.client.get(path).status_code == 401
    town.later = timedelta(seconds=5)
    assert is_in(town.come_in(NUMBER))
    assert not is_in(phone)


def test_others_stay_signed_in(town: Town) -> None:
    ann, bob = town.come_in(NUMBER), town.come_in(ADDRESS)
    ann.post("/leave/everywhere")
    assert is_in(bob)


def test_a_cookie_from_before_there_were_times_in_it_ends_too(town: Town) -> None:
    browser = town.come_in(NUMBER)
    with browser.client.session_transaction() as session:
        del session["since"]
    assert is_in(browser)
    uid = uid_of(browser)
    town.documents.inner.commit(
        Put(f"people/{uid}", town.fields(f"people/{uid}") | {"sessions_since": town.now()})
    )
    assert not is_in(browser)


def test_the_language_somebody_chose_comes_along(town: Town) -> None:
    town.reach("ann", NUMBER, language="de")
    browser = town.come_in(NUMBER)
    with browser.client.session_transaction() as session:
        assert session["language"] == "de"


def test_while_the_database_is_down_an_ended_session_does_nothing(town: Town) -> None:
    """One answer fails and the next would succeed: the request is nobody's all the same."""
    browser = town.come_in(NUMBER)
    uid = uid_of(browser)
    town.put_watch("w1", uid or "")
    real = town.documents.get

    def failing(path: str) -> Document | None:
        if path.startswith("people/"):
            town.documents.down = True
            try:
                return real(path)
            finally:
                town.documents.down = False
        return real(path)

    town.documents.get = failing  # type: ignore[method-assign]
    assert browser.client.get("/").status_code == 503
    assert browser.post("/watches/w1/delete").status_code == 503
    town.documents.get = real  # type: ignore[method-assign]
    assert len(town.watches(uid or "")) == 1


@pytest.mark.parametrize("path", ["/healthz", "/sign-in", "/enter"])
def test_a_page_that_needs_no_database_reads_none(town: Town, path: str) -> None:
    browser = town.come_in(NUMBER)
    before = town.documents.operations.copy()
    browser.client.get(path)
    assert town.documents.operations == before
