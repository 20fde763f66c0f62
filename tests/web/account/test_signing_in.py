"""People come in by showing a code that was sent to them, and nobody comes in by anything else."""

import re
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from notifiers import spend
from notifiers.errors import NotifierRejectedError
from notifiers.limits import Limits
from notifiers.proofs import Contact, Kind
from tests.fakes import Crash
from tests.web.account.kit import ADDRESS, NUMBER, OTHER, Town, uid_in, uid_of
from tests.web.kit import SECRET, Someone, csrf_of, errors_of, text_of
from watchers import expiry
from watchers.documents import Delete, Put, Query
from watchers.places import Places
from web.account import asking
from web.account.asking import Question
from web.account.doors import Doors
from web.account.network import network
from web.account.questions import own_path
from web.account.throttle import Limit, TooOftenError


@pytest.mark.parametrize("contact", [NUMBER, ADDRESS])
def test_a_code_that_was_sent_signs_in(town: Town, contact: str) -> None:
    browser = town.come_in(contact)
    uid = uid_of(browser)
    assert uid
    person = town.fields(f"people/{uid}")
    kind = "phone" if contact == NUMBER else "email"
    assert person[kind] == contact
    assert person[f"{kind}_verified_at"]
    assert browser.client.get("/").status_code == 200


def test_the_text_is_one_that_phones_fill_in(town: Town) -> None:
    browser = town.stranger()
    town.ask(browser, "(415) 555-0123")
    (to, message) = town.phone.sent[0]
    assert to == NUMBER
    assert re.match(r"[0-9]{6} is your Ticket Scout code\. ", message.text)


def test_the_letters_link_signs_in_by_its_button_only(town: Town) -> None:
    town.ask(town.stranger(), ADDRESS)
    other = town.stranger()  # the phone on which the letter is read
    for _ in range(3):
        page = other.get(town.link())
    assert "a…@example.org" in page
    assert uid_of(other) is None
    assert other.post(town.link()).status_code == 303
    assert uid_of(other)
    assert town.stranger().client.get(town.link()).status_code == 410


def test_the_second_time_it_is_the_same_person(town: Town) -> None:
    assert uid_of(town.come_in(ADDRESS)) == uid_of(town.come_in("Ann@EXAMPLE.org"))


def test_a_person_an_operator_made_is_found_without_an_index(town: Town) -> None:
    town.reach("ann", NUMBER, email="Ann@example.org".lower(), email_verified_at=town.now())
    assert uid_of(town.come_in(NUMBER)) == "ann"
    assert uid_of(town.come_in(ADDRESS)) == "ann"


def test_a_contact_nobody_verified_is_nobodys(town: Town) -> None:
    town.reach("ann", NUMBER, phone_verified_at=None)
    assert uid_of(town.come_in(NUMBER)) != "ann"


def test_double_clicking_sends_one_code(town: Town) -> None:
    browser = town.stranger()
    page = browser.get("/sign-in")
    found = re.search(r'name="asked" value="([0-9a-f]+)"', page)
    assert found
    for _ in range(2):
        town.ask(browser, NUMBER, asked=found[1])
    assert len(town.phone.sent) == 1
    assert browser.post("/sign-in/code", {"code": town.code(NUMBER)}).status_code == 303
    town.ask(browser, NUMBER, asked=found[1])  # an old form after the code was used
    assert len(town.phone.sent) == 2


# ── hostile ──────────────────────────────────────────────────────────────────────────────────────────────


def test_the_answer_never_tells_whether_somebody_is_known(town: Town) -> None:
    town.reach("ann", NUMBER)

    def answers(contact: str) -> tuple[int, str, str, int]:
        browser = town.stranger()
        before = town.documents.operations.copy()
        asked = browser.post("/sign-in", {"contact": contact, "country": "US"})
        used = town.documents.operations - before
        shown = f"<strong>{contact[-2:]}</strong>"  # not every 23: the names of files have digits as well
        page = browser.get("/sign-in/code").replace(contact, "").replace(shown, "")
        plain = re.sub(r'value="[^"]*"', "", page)
        return asked.status_code, asked.headers["Location"], plain, sum(used.values())

    answers("+14155550100")  # whoever asks first creates what all are counted in
    assert answers(NUMBER) == answers(OTHER)


def test_a_wrong_code_has_five_tries_however_many_browsers_guess(town: Town) -> None:
    browser = town.stranger()
    town.ask(browser, NUMBER)
    right = town.code(NUMBER)
    wrong = f"{(int(right) + 1) % 1_000_000:06}"
    cookie = browser.client.get_cookie("scout")
    assert cookie

    instances = [town.app().test_client() for _ in range(12)]

    def guess(number: int) -> int:
        client = instances[number]
        client.set_cookie("scout", cookie.value)
        data = {"csrf": csrf_of(browser.client), "code": wrong}
        return client.post("/sign-in/code", data=data).status_code

    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(guess, range(12)))
    assert answers.count(422) == 5
    assert set(answers) <= {410, 422}
    assert browser.post("/sign-in/code", {"code": right}).status_code == 410
    assert uid_of(browser) is None


def test_what_cannot_be_a_code_costs_no_try(town: Town) -> None:
    browser = town.stranger()
    town.ask(browser, NUMBER)
    for typed in ("", "12345", "1234567", "what?"):
        answer = browser.post("/sign-in/code", {"code": typed})
        assert answer.status_code == 422
        assert errors_of(answer)["code"] == "Write the six digits of the code."
    wrong = f"{(int(town.code(NUMBER)) + 1) % 1_000_000:06}"
    assert "4 more tries" in errors_of(browser.post("/sign-in/code", {"code": wrong}))["code"]


def test_tries_are_counted_down_in_words(town: Town) -> None:
    browser = town.stranger()
    town.ask(browser, NUMBER)
    wrong = f"{(int(town.code(NUMBER)) + 1) % 1_000_000:06}"
    said = [errors_of(browser.post("/sign-in/code", {"code": wrong})).get("code", "") for _ in range(5)]
    assert "4 more tries" in said[0]
    assert "1 more try" in said[3]
    assert "no tries are left" in said[4]


@pytest.mark.parametrize(
    "typed", ["", "12", "abcdef", "0" * 40, "\uff11\uff12\uff13\uff14\uff15\uff16", "12345\u0000"]
)
def test_what_is_no_code_is_a_wrong_one(town: Town, typed: str) -> None:
    browser = town.stranger()
    town.ask(browser, NUMBER)
    assert browser.post("/sign-in/code", {"code": typed}).status_code == 422


def test_a_code_may_be_typed_with_spaces(town: Town) -> None:
    browser = town.stranger()
    town.ask(browser, NUMBER)
    code = town.code(NUMBER)
    assert browser.post("/sign-in/code", {"code": f" {code[:3]} {code[3:]} "}).status_code == 303


def test_a_code_works_once(town: Town) -> None:
    browser = town.stranger()
    town.ask(browser, ADDRESS)
    cookie = browser.client.get_cookie("scout")
    assert cookie
    code, link = town.code(ADDRESS), town.link()
    token = csrf_of(browser.client)
    assert browser.post("/sign-in/code", {"code": code}).status_code == 303
    thief = town.app().test_client()
    thief.set_cookie("scout", cookie.value)  # the whole request, played once more
    assert thief.post("/sign-in/code", data={"csrf": token, "code": code}).status_code == 410
    assert uid_in(thief) is None
    assert town.stranger().client.get(link).status_code == 410


def test_a_code_is_of_no_use_in_another_browser(town: Town) -> None:
    town.ask(town.stranger(), NUMBER)
    thief = town.stranger()
    answer = thief.post("/sign-in/code", {"code": town.code(NUMBER)})
    assert answer.headers["Location"] == "/sign-in"
    assert uid_of(thief) is None


def test_a_code_ends_after_ten_minutes(town: Town) -> None:
    browser = town.stranger()
    town.ask(browser, ADDRESS)
    code, link = town.code(ADDRESS), town.link()
    town.later = timedelta(minutes=10, seconds=5)
    assert browser.post("/sign-in/code", {"code": code}).status_code == 410
    assert browser.client.get(link).status_code == 410
    assert "does not work any more" in browser.get("/sign-in/code")


def test_a_link_of_another_key_or_of_another_kind_is_none(town: Town) -> None:
    town.ask(town.stranger(), ADDRESS)
    link = town.link()
    for forged in (link[:-2], link + "x", "/sign-in/link/InYi", "/sign-in/link/%00"):
        assert town.stranger().client.get(forged).status_code == 410


def test_the_code_is_not_in_the_database(town: Town) -> None:
    town.ask(town.stranger(), NUMBER)
    code = town.code(NUMBER)
    for collection in ("proofs", "alerts", "throttles", "people", "contacts"):
        stored = town.documents.inner.find(Query(collection))
        assert not [document for document in stored if code in repr(document.fields)]


def test_what_is_counted_does_not_tell_who_asked_to_somebody_who_tries_every_number(town: Town) -> None:
    town.ask(town.stranger(), NUMBER)
    counted = {document.path for document in town.documents.inner.find(Query("throttles"))}
    key = Contact(Kind.PHONE, NUMBER).key
    tried = {
        Limit(name, 1, per).path
        for name in (f"contact:{key}", f"network:{network('127.0.0.1')}", f"texts:{network('127.0.0.1')}")
        for per in (asking.HOUR, asking.DAY)
    }
    assert counted
    assert not counted & tried


def test_signing_in_begins_a_new_session(town: Town) -> None:
    """Whatever a thief planted in the browser before is gone: no fixation."""
    browser = town.stranger()
    town.ask(browser, NUMBER)
    with browser.client.session_transaction() as session:
        planted = session["csrf"]
        session["planted"] = "by a thief"
    assert browser.post("/sign-in/code", {"code": town.code(NUMBER)}).status_code == 303
    with browser.client.session_transaction() as session:
        assert "planted" not in session
        assert "proof" not in session
        assert session.get("csrf") != planted


@pytest.mark.parametrize(
    "path",
    [
        "//evil.example",
        "https://evil.example/",
        "/\\evil.example",
        "\\/evil.example",
        "/\t/evil.example",
        "/%0d%0aSet-Cookie: x" + "\r\n",
        "javascript:alert(1)",
        "evil.example",
        "///evil.example",
        "/" + "x" * 600,
        "http://[broken",
    ],
)
def test_nobody_is_led_to_another_site(town: Town, path: str) -> None:
    assert own_path(path) == "/"
    browser = town.stranger()
    town.ask(browser, NUMBER, next=path)
    answer = browser.post("/sign-in/code", {"code": town.code(NUMBER)})
    assert answer.headers["Location"] == "/"


def test_whoever_was_sent_to_sign_in_comes_back(town: Town) -> None:
    browser = town.stranger()
    refused = browser.client.get("/watches/new?name=Deftones&price=90")
    assert refused.status_code == 401
    found = re.search(r'href="(/sign-in\?next=[^"]+)"', text_of(refused))
    assert found
    page = browser.get(found[1])
    to = re.search(r'name="next" value="([^"]+)"', page)
    assert to
    town.ask(browser, NUMBER, next=to[1])
    answer = browser.post("/sign-in/code", {"code": town.code(NUMBER)})
    assert answer.headers["Location"] == "/watches/new?name=Deftones&price=90"


# ── what is refused, in words ────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("typed", "says"),
    [
        ("", "Write your e-mail"),
        ("nobody", "with its country"),
        ("+1876 555 0123", "this country"),
        ("+1 900 555 1234", "not one of a mobile phone"),
        ("+44 70 1234 5678", "not one of a mobile phone"),
        ("+1 415 555 01", "No phone has this number"),
        ("a@b", "in full"),
        ("a b@example.org", "in full"),
        ("ann@example..org", "in full"),
    ],
)
def test_what_cannot_get_a_code_is_said_beside_the_field_and_kept(town: Town, typed: str, says: str) -> None:
    answer = town.stranger().post("/sign-in", {"contact": typed, "country": "GB"})
    assert answer.status_code == 422
    assert says in errors_of(answer)["contact"]
    assert f'value="{typed}"' in text_of(answer)
    assert '<option value="GB" selected>' in text_of(answer)
    assert town.codes() == 0


def test_a_form_that_was_open_too_long_keeps_what_was_typed(town: Town) -> None:
    answer = town.stranger().post("/sign-in", {"contact": NUMBER, "csrf": "of another session"})
    assert answer.status_code == 403
    assert f'value="{NUMBER}"' in text_of(answer)
    assert "Press the button again" in text_of(answer)
    assert town.codes() == 0


# ── how often ────────────────────────────────────────────────────────────────────────────────────────────


def ask(town: Town, contact: str, **headers: str) -> int:
    client = town.app().test_client()  # a browser and an instance of its own each time
    return Someone(client).post("/sign-in", {"contact": contact, "country": "US"}, headers).status_code


def test_a_contact_is_sent_five_codes_an_hour_and_no_more(town: Town) -> None:
    town.doors = proxied(town)
    sources = iter(range(1, 200))

    def again() -> int:
        return ask(town, NUMBER, **{"X-Forwarded-For": f"203.0.{next(sources)}.1"})

    assert [again() for _ in range(7)] == [303] * 5 + [429] * 2
    town.later = timedelta(hours=2)
    assert again() == 303


def test_too_often_is_said_with_the_time_to_wait(town: Town) -> None:
    browser = town.stranger()
    for _ in range(5):
        town.ask(browser, NUMBER)
    answer = browser.post("/sign-in", {"contact": NUMBER})
    assert answer.status_code == 429
    assert re.search(r"Wait [0-9]+ minutes?", errors_of(answer)["contact"])
    assert 0 < int(answer.headers["Retry-After"]) <= 3601
    assert f'value="{NUMBER}"' in text_of(answer)


def test_a_network_asks_for_twenty_an_hour_whatever_it_says_of_itself(town: Town) -> None:
    """Every request claims to come from elsewhere; what our own proxy added is what counts."""
    town.doors = proxied(town)
    answers = [
        ask(
            town,
            f"someone{number}@example.org",
            **{"X-Forwarded-For": f"9.9.{number}.9, 198.51.100.{number}"},
        )
        for number in range(25)
    ]
    assert answers.count(303) == asking.PER_NETWORK[0][0]
    assert answers[-1] == 429


def test_without_a_proxy_the_header_is_not_looked_at(town: Town) -> None:
    answers = [
        ask(town, f"someone{number}@example.org", **{"X-Forwarded-For": f"9.9.{number}.9"})
        for number in range(22)
    ]
    assert answers[-1] == 429


def test_a_country_and_everybody_together_have_a_limit(town: Town) -> None:
    town.doors = proxied(town, codes_per_hour=6)

    def text(number: int, country: str) -> int:
        contact = f"+1415555{number:04}" if country == "US" else f"+4915112345{number:03}"
        return ask(town, contact, **{"X-Forwarded-For": f"198.51.{number}.1"})

    assert [text(number, "US") for number in range(100, 105)] == [303] * 3 + [429] * 2
    assert [text(number, "DE") for number in range(110, 115)] == [303] * 3 + [429] * 2
    assert ask(town, ADDRESS, **{"X-Forwarded-For": "198.51.250.1"}) == 303


def proxied(town: Town, **changes: Any) -> Doors:
    return replace(town.doors, proxies=1, **changes)


def test_codes_leave_three_quarters_of_the_months_texts_to_alerts(town: Town) -> None:
    rules = asking.Rules(codes_per_hour=1000, segments_per_month=8)
    documents, done = town.documents.inner, 0
    for number in range(10):
        contact = Contact(Kind.PHONE, f"+1415555{number + 100:04}")
        question = Question(contact=contact, asked=str(number), network=f"198.51.{number}.0/24")
        with suppress(TooOftenError):
            asking.ask(documents, question, rules, SECRET, town.now() + number * asking.DAY)
            done += 1
    assert done == 2


def test_a_burst_from_many_networks_ends_a_days_codes_and_not_the_months(town: Town) -> None:
    rules = asking.Rules(codes_per_hour=1000, segments_per_month=1000)
    noon = town.now().replace(hour=12)

    def sent(now: datetime, networks: int, each: int) -> list[int]:
        """How many codes each network got."""
        counts = []
        for source in range(networks):
            done = 0
            for number in range(each):
                contact = Contact(Kind.PHONE, f"+1{415 + now.day % 2}55{source:02}{number:03}")
                question = Question(
                    contact=contact, asked=contact.key, network=f"198.{now.day}.{source}.0/24"
                )
                with suppress(TooOftenError):
                    asking.ask(town.documents.inner, question, rules, SECRET, now)
                    done += 1
            counts.append(done)
        return counts

    assert sent(noon, 5, 15) == [10, 10, 5, 0, 0]
    assert sent(noon + 2 * asking.DAY, 1, 1) == [1]


def test_an_old_count_begins_anew_while_its_document_still_stands(town: Town) -> None:
    for _ in range(5):
        town.ask(town.stranger(), NUMBER)
    town.later = timedelta(days=3)
    for _ in range(5):
        town.ask(town.stranger(), NUMBER)
    assert town.stranger().post("/sign-in", {"contact": NUMBER}).status_code == 429


def test_a_count_that_is_gone_while_it_is_counted_is_counted_anew(town: Town) -> None:
    """The database deletes by itself what is over, also between our look and our write."""
    town.ask(town.stranger(), NUMBER)
    town.later = timedelta(days=60)
    over = town.documents.inner.find(Query("throttles"))

    def gone(_writes: tuple[object, ...]) -> None:
        town.documents.before_commit = None
        town.documents.inner.commit(*(Delete(one.path) for one in over))

    town.documents.before_commit = gone
    town.ask(town.stranger(), NUMBER)
    counted = {one.path: one.fields["now"] for one in town.documents.inner.find(Query("throttles"))}
    assert {counted[one.path] for one in over if one.path in counted} == {1}


# ── dying, and doing it at once ──────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("die", ["crash_before", "crash_after"])
def test_a_process_that_dies_asking_has_asked_wholly_or_not_at_all(town: Town, die: str) -> None:
    browser = town.stranger()
    getattr(town.documents, die)(1)
    with pytest.raises(Crash):
        browser.post("/sign-in", {"contact": NUMBER, "asked": "same"})
    town.documents.crash_before(-1)
    kept = len(town.documents.inner.find(Query("proofs")))
    assert kept == town.codes() == (0 if die == "crash_before" else 1)
    town.ask(browser, NUMBER, asked="same")
    assert len(town.phone.sent) == 1
    assert browser.post("/sign-in/code", {"code": town.code(NUMBER)}).status_code == 303


@pytest.mark.parametrize("die", ["crash_before", "crash_after"])
def test_a_process_that_dies_proving_makes_no_second_person(town: Town, die: str) -> None:
    browser = town.stranger()
    town.ask(browser, NUMBER)
    getattr(town.documents, die)(1)
    with pytest.raises(Crash):
        browser.post("/sign-in/code", {"code": town.code(NUMBER)})
    town.documents.crash_before(-1)
    town.come_in(NUMBER)
    assert len(town.documents.inner.find(Query("people"))) == 1


def test_two_who_prove_one_contact_at_once_are_one_person(town: Town) -> None:
    browsers = [town.stranger() for _ in range(4)]
    codes = []
    for browser in browsers:
        town.ask(browser, NUMBER)
        codes.append(town.code(NUMBER))

    def prove(pair: tuple[Someone, str]) -> str | None:
        pair[0].post("/sign-in/code", {"code": pair[1]})
        return uid_of(pair[0])

    with ThreadPoolExecutor(4) as pool:
        found = set(pool.map(prove, zip(browsers, codes, strict=True)))
    assert len(found) == 1
    assert None not in found
    assert len(town.documents.inner.find(Query("people"))) == 1


def test_the_other_one_won_between_reading_and_writing(town: Town) -> None:
    mine, theirs = town.stranger(), town.stranger()
    town.ask(theirs, NUMBER)
    their_code = town.code(NUMBER)
    town.ask(mine, NUMBER)

    def slip_in(_: object) -> None:
        town.documents.before_commit = None
        theirs.post("/sign-in/code", {"code": their_code})

    town.documents.before_commit = slip_in
    assert mine.post("/sign-in/code", {"code": town.code(NUMBER)}).status_code == 303
    assert uid_of(mine) == uid_of(theirs)


def test_many_who_ask_at_once_all_get_a_code(town: Town) -> None:
    town.doors = proxied(town)

    browsers = [town.stranger() for _ in range(24)]

    def text(number: int) -> int:
        asked = {"contact": f"+141555501{number:02}"}
        return browsers[number].post("/sign-in", asked, {"X-Forwarded-For": f"198.51.{number}.1"}).status_code

    with ThreadPoolExecutor(12) as pool:
        assert set(pool.map(text, range(24))) == {303}


def test_a_code_that_is_over_and_the_counts_of_it_go_by_themselves(town: Town) -> None:
    town.ask(town.stranger(), NUMBER)
    expiry.forget(town.documents.inner, Places(), town.now() + timedelta(minutes=20))
    assert [found.fields["address"] for found in town.documents.inner.find(Query("proofs"))] == [NUMBER]
    expiry.forget(town.documents.inner, Places(), town.now() + timedelta(days=61))
    assert town.documents.inner.find(Query("proofs")) == town.documents.inner.find(Query("throttles")) == []


def test_while_the_database_is_down_nobody_comes_in(town: Town) -> None:
    browser = town.stranger()
    town.ask(browser, NUMBER)
    town.documents.down = True
    assert browser.post("/sign-in", {"contact": NUMBER}).status_code == 503
    assert browser.post("/sign-in/code", {"code": town.code(NUMBER)}).status_code == 503
    town.documents.down = False
    assert browser.post("/sign-in/code", {"code": town.code(NUMBER)}).status_code == 303


def test_no_texts_are_left_this_month(town: Town) -> None:
    town.documents.inner.commit(Put(spend.path(town.now()), {"segments": Limits().segments_in_all}))
    answer = town.stranger().post("/sign-in", {"contact": NUMBER})
    assert answer.status_code == 429
    assert "No more codes" in errors_of(answer)["contact"]
    town.come_in(ADDRESS)


def test_why_a_code_did_not_come_tells_nothing_of_whoever_has_the_number(town: Town) -> None:
    """“Has opted out of our texts” would say that we texted them before."""
    pages = []
    for code in ("21610", "21614", "30005"):
        browser = town.stranger()
        town.phone.raises(NotifierRejectedError(code))
        town.ask(browser, NUMBER)
        pages.append(re.sub(r'value="[^"]*"', "", browser.get("/sign-in/code")))
    assert "could not be delivered" in pages[0]
    assert len(set(pages)) == 1


def test_a_code_costs_so_many_reads_and_writes(town: Town) -> None:
    town.ask(town.stranger(), "+14155550100")
    before = town.documents.operations.copy()
    town.stranger().post("/sign-in", {"contact": NUMBER})
    used = town.documents.operations - before
    assert (used["reads"], used["writes"]) == (11, 11)


def test_who_has_sixty_five_thousand_networks_leaves_letters_to_the_others(town: Town) -> None:
    town.doors = proxied(town, codes_per_hour=20)

    def write(number: int, source: str) -> int:
        return ask(town, f"someone{number}@example.org", **{"X-Forwarded-For": source})

    answers = [write(number, f"2001:db8:1:{number:x}::1") for number in range(70)]
    assert answers == [303] * 60 + [429] * 10
    assert write(100, "2001:db8:2::1") == 303
