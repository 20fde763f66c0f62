"""Every link of a letter about many things works, and acts on the one thing beside which it stands."""

import re
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from html import unescape

import pytest
from flask.testing import FlaskClient

from notifiers import outbox
from notifiers.base import Message
from notifiers.errors import NotifierRejectedError
from store.sqlite import SqliteDocuments
from tests.notifiers.kit import NEWS, NOW, PUBLIC_URL, Post, copies, everything, save_alert
from tests.web.kit import PLACES
from watchers.documents import Document, Put
from watchers.kinds import Channel
from watchers.models import Alert
from web.app import create_app
from web.site import Site

WATCHES = ("w1", "w2", "w3")


def named(watch_id: str) -> str:
    return f"The watch {watch_id}"


@pytest.fixture
def browser(documents: SqliteDocuments) -> FlaskClient:
    """Of nobody who is signed in."""
    for watch_id in WATCHES:
        put(documents, watch_id)
    site = Site(
        documents=documents,
        places=PLACES,
        refusal=lambda _target, _filters: None,
        secret_key="not-a-real-key",  # the one that the kit signs with
        public_url=PUBLIC_URL,
        local_person=None,
        providers={},
        now=lambda: datetime.now(UTC),
    )
    return create_app(site).test_client()


def put(documents: SqliteDocuments, watch_id: str) -> None:
    watch = {
        "name": named(watch_id),
        "target": {"provider": "ticketmaster", "item": "E1"},
        "conditions": [{"kind": "below", "price": "90.00", "currency": "USD"}],
        "notify": ["sms", "email"],
        "status": "active",
    }
    documents.commit(Put(PLACES.source("u1", watch_id), watch))


def sources(documents: SqliteDocuments) -> dict[str, Document | None]:
    return {watch_id: documents.get(PLACES.source("u1", watch_id)) for watch_id in WATCHES}


def save_each(post: Post, channel: Channel, watch_ids: Sequence[str] = WATCHES) -> list[Alert]:
    """An alert of each, that waits."""
    news = {one: replace(NEWS, watch_name=named(one), event_name=f"Deftones {one}") for one in watch_ids}
    return [save_alert(post.documents, channel, watch_id=one, news=told) for one, told in news.items()]


def of_e_mails(post: Post) -> None:
    """Three e-mails that are one."""
    first, *_ = save_each(post, Channel.EMAIL)
    post.deliver(first)


def of_a_text(post: Post) -> None:
    """A copy of one text about three things."""
    post.phone.raises(NotifierRejectedError("30006"))
    first, *_ = save_each(post, Channel.SMS)
    post.deliver(first)


def of_texts(post: Post) -> None:
    """Copies of a text about two things and of one about one, that go out as one letter."""
    for watch_ids in (WATCHES[:2], WATCHES[2:]):
        lead, *riders = save_each(post, Channel.SMS, watch_ids)
        claim = outbox.claim(lead, riders, NOW, news=[one.news for one in (lead, *riders)])
        (versions,) = outbox.commit(post.documents, [[claim]])
        assert versions
        failed = outbox.failed(outbox.standing(claim, versions), "30006", NOW, Channel.EMAIL)
        outbox.commit(post.documents, [[failed]])


@pytest.fixture(params=[of_e_mails, of_a_text, of_texts])
def letter(post: Post, request: pytest.FixtureRequest) -> Message:
    """A letter that tells of all three watches."""
    request.param(post)
    post.sweep_until_settled(NOW)
    ((_, message),) = post.mailbox.sent
    assert len({one.watch_id for one in everything(post.documents)}) == len(WATCHES)
    assert bool(copies(post.documents)) == (request.param is not of_e_mails)
    return message


def links(part: str) -> list[str]:
    return re.findall(rf"{PUBLIC_URL}(/(?:a|do)/[\w.-]+)", part)


def acts(message: Message) -> dict[str, dict[str, str]]:
    """By watch: what can be done about it, and where."""
    sections = re.split(r'^Your watch: "(.*)"$', message.text, flags=re.MULTILINE)[1:]
    return {
        name: dict(re.findall(rf"^(.*): {PUBLIC_URL}(/do/\S+)$", body, re.MULTILINE))
        for name, body in zip(sections[::2], sections[1::2], strict=True)
    }


def test_every_link_of_it_leads_somewhere(letter: Message, browser: FlaskClient) -> None:
    found = links(letter.text)

    assert len(found) == len(set(found)) == 3 * (1 + 5) + 1
    assert sorted(links(unescape(letter.html))) == sorted(found)
    for link in found:
        answer = browser.get(link)
        assert answer.status_code in ((200, 302) if link.startswith("/a/") else (200,)), link


def test_every_code_of_it_is_that_of_its_own_watch(letter: Message, documents: SqliteDocuments) -> None:
    sections = re.split(r'^Your watch: "(.*)"$', letter.text, flags=re.MULTILINE)[1:]

    for name, body in zip(sections[::2], sections[1::2], strict=True):
        (link,) = re.findall(rf"{PUBLIC_URL}/a/\w+", body)
        texts = [one for one in everything(documents) if one.copy_of is None]
        assert [named(one.watch_id) for one in texts if link.endswith(one.code)] == [name]


def test_every_act_of_it_changes_its_own_watch(
    letter: Message, browser: FlaskClient, documents: SqliteDocuments
) -> None:
    assert set(acts(letter)) == set(map(named, WATCHES))
    for watch_id in WATCHES:
        own = acts(letter)[named(watch_id)]
        own.pop("Stop all these alerts", None)
        assert len(own) == 5
        for link in own.values():
            before = sources(documents)
            assert browser.post(link, data={"price": "70"}).status_code == 200
            after = sources(documents)
            assert [one for one in WATCHES if before[one] != after[one]] == [watch_id]
            put(documents, watch_id)


def test_a_mail_clients_own_button_stops_all_that_it_told(
    letter: Message, browser: FlaskClient, documents: SqliteDocuments
) -> None:
    link = letter.stop_url.removeprefix(PUBLIC_URL)

    assert browser.get(link).status_code == 200
    assert {one.fields["status"] for one in sources(documents).values() if one} == {"active"}
    headers = {"Origin": "https://mail.example", "Sec-Fetch-Site": "cross-site"}
    for _ in range(2):
        answer = browser.post(link, data={"List-Unsubscribe": "One-Click"}, headers=headers)
        assert answer.status_code == 200
        assert all(f"“{named(one)}”" in answer.get_data(as_text=True) for one in WATCHES)
        assert {one.fields["status"] for one in sources(documents).values() if one} == {"paused"}
