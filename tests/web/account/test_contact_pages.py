"""Contacts are added, replaced and removed by whoever proves them, and texts come by consent."""

import re
from datetime import timedelta
from typing import Any

import pytest

from notifiers import contacts
from notifiers.errors import NotifierRejectedError
from notifiers.limits import Limits
from notifiers.personal import erasure
from tests.web.account.kit import ADDRESS, NUMBER, OTHER, Town, uid_of
from tests.web.kit import PLACES, Someone, errors_of, text_of
from watchers import alerts
from watchers.documents import Put, Query
from watchers.kinds import Channel
from watchers.language import speaking
from web.account import consents

SECOND = "ann@work.example"


def add(town: Town, browser: Someone, kind: str, address: str, **fields: str) -> Any:
    """Ask, wait for the code, and type it."""
    answer = browser.post(f"/settings/contacts/{kind}", {"address": address, "country": "US", **fields})
    assert answer.status_code == 303, text_of(answer)
    town.deliver()
    return browser.post("/sign-in/code", {"code": town.code(address)})


def person(town: Town, browser: Someone) -> dict[str, Any]:
    return town.fields(f"people/{uid_of(browser)}")


def test_both_contacts_lead_to_the_same_person(town: Town) -> None:
    browser = town.come_in(ADDRESS)
    assert add(town, browser, "phone", NUMBER).status_code == 303
    assert uid_of(town.come_in(NUMBER)) == uid_of(town.come_in(ADDRESS)) == uid_of(browser)
    page = browser.get("/settings/contacts")
    assert NUMBER in page
    assert ADDRESS in page


def test_nothing_is_theirs_before_it_is_proven(town: Town) -> None:
    browser = town.come_in(ADDRESS)
    browser.post("/settings/contacts/phone", {"address": NUMBER, "country": "US"})
    assert "phone" not in person(town, browser)


def test_a_new_number_takes_the_place_of_the_old_one(town: Town) -> None:
    browser = town.come_in(NUMBER)
    add(town, browser, "phone", OTHER)
    assert person(town, browser)["phone"] == OTHER
    assert uid_of(town.come_in(OTHER)) == uid_of(browser)
    assert uid_of(town.come_in(NUMBER)) != uid_of(browser)


def test_what_is_somebody_elses_stays_theirs_and_nothing_is_said_of_them(town: Town) -> None:
    town.come_in(NUMBER)
    browser = town.come_in(ADDRESS)
    answer = add(town, browser, "phone", NUMBER)
    assert answer.status_code == 409
    assert "already signs somebody in" in errors_of(answer)["code"]
    assert "phone" not in person(town, browser)


def test_the_last_contact_stays(town: Town) -> None:
    browser = town.come_in(NUMBER)
    browser.post("/settings/contacts/phone/remove")
    assert person(town, browser)["phone"] == NUMBER
    assert "Add another" in browser.get("/settings/contacts")
    add(town, browser, "email", ADDRESS)
    browser.post("/settings/contacts/phone/remove")
    assert person(town, browser)["phone"] is None
    assert uid_of(town.come_in(NUMBER)) != uid_of(browser)
    browser.post("/settings/contacts/email/remove")
    assert person(town, browser)["email"] == ADDRESS


def test_a_letter_of_adding_is_answered_by_whoever_asked_and_nobody_else(town: Town) -> None:
    """Somebody who gives another's address as theirs gets nothing by that other one's click."""
    thief, victim = town.come_in(NUMBER), town.come_in(OTHER)
    thief.post("/settings/contacts/email", {"address": ADDRESS})
    town.deliver()
    assert victim.client.get(town.link()).status_code == 409
    assert victim.post(town.link()).status_code == 409
    assert town.stranger().client.get(town.link()).status_code == 401
    assert "email" not in person(town, thief)
    assert thief.client.get(town.link()).status_code == 200


def test_the_contacts_of_nobody_are_not_shown(town: Town) -> None:
    for path in ("/settings/contacts",):
        assert town.stranger().client.get(path).status_code == 401
    for path in ("/settings/contacts/phone", "/settings/contacts/phone/remove", "/settings/contacts/consent"):
        assert town.stranger().post(path, {"address": NUMBER}).status_code == 401


def test_what_was_typed_is_kept(town: Town) -> None:
    browser = town.come_in(ADDRESS)
    answer = browser.post("/settings/contacts/phone", {"address": "12", "country": "GB", "agree": "on"})
    assert answer.status_code == 422
    assert 'value="12"' in text_of(answer)
    assert '<option value="GB" selected>' in text_of(answer)
    assert 'name="agree" checked' in text_of(answer)
    assert errors_of(answer)["phone"]
    assert browser.post("/settings/contacts/fax", {"address": "1"}).status_code == 404


# ── consent ──────────────────────────────────────────────────────────────────────────────────────────────


def reachable(town: Town, browser: Someone) -> bool:
    uid = uid_of(browser) or ""
    return contacts.is_reachable(contacts.find(town.documents.inner, uid), Channel.SMS)


def test_the_box_is_not_ticked_and_says_all_that_it_must(town: Town) -> None:
    page = town.come_in(NUMBER).get("/settings/contacts")
    box = re.search(r'<input type="checkbox" name="agree"[^>]*>', page)
    assert box
    assert "checked" not in box[0]
    for must in ("Ticket Scout", "20 a day", "Msg & data rates may apply", "HELP", "STOP"):
        assert must in page


def test_other_words_are_another_version_in_every_language_the_same() -> None:
    assert "at most 7 a day" in consents.text(7)
    assert consents.version(7) != consents.version(20)
    with speaking("de"):
        assert consents.version(7).startswith("7-a-day-")
        german = consents.version(7)
    assert german == consents.version(7)


def test_without_consent_a_proven_number_gets_codes_and_nothing_else(town: Town) -> None:
    browser = town.come_in(NUMBER)
    assert not reachable(town, browser)
    known = contacts.find(town.documents.inner, uid_of(browser) or "")
    with pytest.raises(NotifierRejectedError, match="no_consent"):
        contacts.address(known, Channel.SMS)
    town.come_in(NUMBER)
    assert len(town.phone.sent) == 2


def test_a_consent_leaves_a_receipt(town: Town) -> None:
    browser = town.come_in(NUMBER)
    browser.post("/settings/contacts/consent", {"agree": "on"})
    assert reachable(town, browser)
    (receipt,) = person(town, browser)["consents"]
    assert receipt["number"] == NUMBER
    assert receipt["text"] == consents.version(Limits().per_day)
    assert receipt["network"] == "127.0.0.0/24"
    assert abs(receipt["at"] - town.now()) < timedelta(minutes=1)
    browser.post("/settings/contacts/consent")
    assert not reachable(town, browser)
    assert [receipt["given"] for receipt in person(town, browser)["consents"]] == [True, False]


def test_a_consent_that_is_ticked_beside_the_number_counts_once_it_is_proven(town: Town) -> None:
    browser = town.come_in(ADDRESS)
    browser.post("/settings/contacts/phone", {"address": NUMBER, "country": "US", "agree": "on"})
    assert "consents" not in person(town, browser)
    town.deliver()
    browser.post("/sign-in/code", {"code": town.code(NUMBER)})
    assert reachable(town, browser)
    assert person(town, browser)["consents"][0]["number"] == NUMBER


@pytest.mark.parametrize("ticks", [("", "on"), ("on", "")])
def test_whoever_goes_back_and_ticks_otherwise_is_taken_at_their_last_word(
    town: Town, ticks: tuple[str, ...]
) -> None:
    browser = town.come_in(ADDRESS)
    form = {"address": NUMBER, "country": "US", "asked": "the same form"}
    for tick in ticks:
        for _ in range(2):  # pressed twice
            browser.post("/settings/contacts/phone", form | ({"agree": tick} if tick else {}))
        town.deliver()
    assert len(town.phone.sent) == 2
    browser.post("/sign-in/code", {"code": town.code(NUMBER)})
    assert reachable(town, browser) == bool(ticks[-1])
    assert bool(person(town, browser).get("consents")) == bool(ticks[-1])


def test_the_same_said_again_adds_nothing_and_another_answer_does(town: Town) -> None:
    browser = town.come_in(NUMBER)
    for answer in ({"agree": "on"}, {}, {"agree": "on"}):
        for _ in range(3):
            town.later += timedelta(seconds=1)
            browser.post("/settings/contacts/consent", answer)
            assert reachable(town, browser) == bool(answer)
    assert [one["given"] for one in person(town, browser)["consents"]] == [True, False, True]


def test_who_stopped_us_since_has_not_said_the_same_before(town: Town) -> None:
    browser = town.come_in(NUMBER)
    browser.post("/settings/contacts/consent", {"agree": "on"})
    stopped = person(town, browser) | {"opted_out_at": town.now()}
    town.documents.inner.commit(Put(f"people/{uid_of(browser)}", stopped))
    browser.post("/settings/contacts/consent", {"agree": "on"})
    assert reachable(town, browser)
    assert len(person(town, browser)["consents"]) == 2


def test_a_consent_is_for_one_number(town: Town) -> None:
    browser = town.come_in(NUMBER)
    browser.post("/settings/contacts/consent", {"agree": "on"})
    add(town, browser, "phone", OTHER)
    assert not reachable(town, browser)
    assert len(person(town, browser)["consents"]) == 1


def test_a_number_an_operator_vouched_for_needs_none(town: Town) -> None:
    town.reach("ann", NUMBER)
    browser = town.come_in(NUMBER)
    assert uid_of(browser) == "ann"
    assert reachable(town, browser)
    assert "vouched" in browser.get("/settings/contacts")


def test_who_stopped_us_by_text_and_agrees_again_is_told_again(town: Town) -> None:
    town.reach("ann", NUMBER, opted_out_at=town.now())
    browser = town.come_in(NUMBER)
    browser.post("/settings/contacts/consent", {"agree": "on"})
    assert reachable(town, browser)


def test_who_stopped_us_and_was_erased_is_texted_only_once_they_agree_anew(town: Town) -> None:
    town.reach("ann", NUMBER, opted_out_at=town.now())
    erasure.erase(town.documents.inner, PLACES, "ann", town.now())
    browser = town.come_in(NUMBER)
    assert uid_of(browser) != "ann"
    assert not reachable(town, browser)
    browser.post("/settings/contacts/consent", {"agree": "on"})
    assert reachable(town, browser)


def test_who_stopped_us_was_erased_and_adds_the_number_again_is_texted_only_once_they_agree(
    town: Town,
) -> None:
    town.reach("ann", NUMBER, opted_out_at=town.now())
    erasure.erase(town.documents.inner, PLACES, "ann", town.now())
    browser = town.come_in(ADDRESS)
    add(town, browser, "phone", NUMBER)
    assert not reachable(town, browser)


def test_a_block_of_the_carrier_only_start_ends(town: Town) -> None:
    town.reach("ann", NUMBER, opted_out_at=town.now(), opted_out_at_vendor=True)
    browser = town.come_in(NUMBER)
    browser.post("/settings/contacts/consent", {"agree": "on"})
    assert not reachable(town, browser)
    assert "Reply START" in browser.get("/settings/contacts")


def test_the_alert_of_a_code_leads_nowhere(town: Town) -> None:
    """Its eight letters are shown to nobody; whoever had them could do nothing with them."""
    town.ask(town.stranger(), ADDRESS)
    (alert,) = town.documents.inner.find(Query(alerts.COLLECTION))
    code = alert.fields["code"]
    browser = town.stranger()
    assert ADDRESS not in text_of(browser.client.get(f"/a/{code}"))
    for path in (f"/a/{code}", f"/stop/{code}"):
        assert browser.client.get(path).status_code < 500
    assert browser.client.post(f"/stop/{code}").status_code < 500
