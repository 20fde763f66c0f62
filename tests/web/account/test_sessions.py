"""How long somebody is signed in, and what ends it."""

from datetime import timedelta

import pytest

from notifiers.personal.erasure import erase, resume
from tests.web.account.kit import ADDRESS, NUMBER, Town, uid_of
from tests.web.kit import PLACES, Someone, text_of
from watchers.documents import Document, Put, Update

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
    browser.client.get("/settings/contacts")
    second = cookie_of(browser)
    assert second != first
    browser.client.get("/settings/contacts")
    assert cookie_of(browser) == second


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


def days_pass(monkeypatch: pytest.MonkeyPatch, town: Town, days: int) -> None:
    """For the site's clock, and for the one that dates and judges cookies."""
    town.later = days * DAY
    monkeypatch.setattr("itsdangerous.timed.time.time", lambda: town.now().timestamp())


def test_a_session_ends_after_thirty_idle_days(town: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    browser = town.come_in(NUMBER)
    kept = cookie_of(browser)
    days_pass(monkeypatch, town, 29)
    assert is_in(browser)
    stale = Someone(town.app().test_client())
    days_pass(monkeypatch, town, 31)
    stale.client.set_cookie("scout", kept)
    assert not is_in(stale)


def test_whoever_comes_once_in_a_while_stays(town: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    browser = town.come_in(NUMBER)
    for days in (20, 40, 60, 80):
        days_pass(monkeypatch, town, days)
        assert is_in(browser)


def test_an_old_session_that_was_renewed_is_ended_everywhere_too(
    town: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Renewing a cookie does not make its person have signed in again."""
    browser, other = town.come_in(NUMBER), town.come_in(NUMBER)
    days_pass(monkeypatch, town, 5)
    assert is_in(browser)
    other.post("/leave/everywhere")
    days_pass(monkeypatch, town, 6)
    assert not is_in(browser)


def test_a_session_that_was_ended_is_forgotten(town: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    """Kept alive, it would open whatever its person begins anew, long after."""
    browser, other = town.come_in(NUMBER), town.come_in(NUMBER)
    other.post("/leave/everywhere")
    days_pass(monkeypatch, town, 1)
    assert not is_in(browser)
    assert uid_of(browser) is None


@pytest.mark.parametrize("asks", [False, True])
def test_an_old_device_never_gets_back_in_after_its_person_was_erased(
    town: Town, monkeypatch: pytest.MonkeyPatch, *, asks: bool
) -> None:
    """Not on the day when nothing says any more that there was anybody; also if it asks for codes daily."""
    browser = town.come_in(NUMBER)
    uid = uid_of(browser) or ""
    erase(town.documents.inner, PLACES, uid, town.now())
    for day in range(1, 110):
        days_pass(monkeypatch, town, day)
        resume(town.documents.inner, PLACES, town.now())
        if asks:
            browser.post("/sign-in", {"contact": ADDRESS})
        if not asks or day > 105:
            assert not is_in(browser)
    assert town.documents.inner.get(f"people/{uid}") is None


def test_an_operator_is_shown_a_page_when_the_database_is_down(town: Town) -> None:
    browser = town.come_in(NUMBER)
    town.operators = frozenset({uid_of(browser) or ""})
    operator = Someone(town.app().test_client())
    operator.client.set_cookie("scout", cookie_of(browser))
    assert operator.client.get("/status").status_code == 200
    town.documents.down = True
    for path in ("/", "/status", "/sign-in", "/settings/contacts"):
        answer = operator.client.get(path)
        assert answer.status_code in (200, 503)
        assert "<h1>" in text_of(answer)
    town.documents.down = False


def test_an_operator_who_signed_out_everywhere_is_none(town: Town) -> None:
    browser, other = town.come_in(NUMBER), town.come_in(NUMBER)
    town.operators = frozenset({uid_of(browser) or ""})
    operator = Someone(town.app().test_client())
    operator.client.set_cookie("scout", cookie_of(browser))
    other.post("/leave/everywhere")
    assert operator.client.get("/status").status_code == 404


def test_choosing_a_language_keeps_nobody_signed_in_for_longer(town: Town) -> None:
    browser = town.come_in(NUMBER)
    town.later = 29 * DAY
    browser.client.get("/healthz?lang=de")
    town.later = 31 * DAY
    assert not is_in(browser)


def test_a_language_chosen_on_one_device_is_spoken_on_the_others(town: Town) -> None:
    phone, laptop = town.come_in(NUMBER), town.come_in(NUMBER)
    person = town.documents.inner.get(f"people/{uid_of(phone)}")
    assert person
    assert 'lang="en"' in phone.get("/")
    town.documents.inner.commit(Update(person.path, {"language": "de"}, person.version))
    for browser in (phone, laptop):
        assert '<html lang="de">' in browser.get("/")
    assert '<html lang="en">' in laptop.get("/?lang=en")
    assert '<html lang="en">' in laptop.get("/"), "chosen here, and the settings have not changed since"
