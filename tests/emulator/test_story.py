"""A person's watch from its first save to its last text, through every real part there is.

Firestore emulator → trigger event → function → worker → provider → outbox → trigger event → function → phone.
"""

import re
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest

from sandbox.goods import Event
from sandbox.segments import size
from tests.emulator.chain import PLACES, Chain, Someone, below, board_report, eventually, schedule
from tests.emulator.functions import records
from tests.notifiers.kit import an_alert
from watchers import alerts

pytestmark = pytest.mark.emulator


@pytest.mark.parametrize("duplicate", [False, True], ids=["every event once", "every event twice"])
def test_a_watch_from_its_first_save_to_its_deletion(chain: Chain, duplicate: bool) -> None:
    chain.eventarc.duplicate = duplicate
    person, show = chain.someone(), chain.show(face="60")
    watch = f"story-{person.uid}"

    chain.save(person, watch, below(show, "50.00"))
    assert chain.status(person, watch)["state"] == "accepted"
    assert chain.job(watch)["uid"] == person.uid
    assert chain.tick()["targets"] >= 1, "the first look"
    assert show.id in chain.watched_shows()
    assert chain.texts(person) == []

    assert _texts_when(chain, person, show, "48") == 1, "under the limit"
    assert _texts_when(chain, person, show, "48") == 1, "nothing new"
    assert _texts_when(chain, person, show, "47") == 1, "not far enough under the price last told"
    assert _texts_when(chain, person, show, "45.12") == 2, "6 % further"
    assert _texts_when(chain, person, show, "55") == 2
    assert _texts_when(chain, person, show, "55") == 2, "clearly false for two looks: armed again"
    assert _texts_when(chain, person, show, "49") == 3
    assert chain.status(person, watch)["last_told"]["price"] == 4900

    chain.save(person, watch, below(show, "40.00"))
    assert _texts_when(chain, person, show, "44") == 3, "the new limit is obeyed"
    assert _texts_when(chain, person, show, "39") == 4

    chain.save(person, watch, below(show, "40.00", status="paused"))
    assert chain.status(person, watch)["state"] == "paused"
    assert _texts_when(chain, person, show, "36") == 4, "paused"
    assert show.id not in chain.watched_shows()

    chain.save(person, watch, below(show, "40.00", name="Another name"))
    assert _texts_when(chain, person, show, "35") == 5, "active again, it remembers what was told"

    chain.source(person, watch).delete()
    chain.settle()
    assert chain.job(watch)["deleted_at"] is not None
    assert chain.status(person, watch)["state"] == "deleted"
    chain.tick()
    assert show.id not in chain.watched_shows()
    chain.market.asked.clear()
    assert _texts_when(chain, person, show, "20") == 5
    assert not [asked for asked in chain.market.asked if show.id in asked], "nobody watches it: not asked"

    eventually(lambda: chain.states(watch) == [("sms", "delivered")] * 5)
    assert chain.mails(person) == []
    times = 2 if duplicate else 1
    assert _answers(chain, person, watch) == [[200]] * 5 * times
    for alert in chain.alerts(watch):
        delivered = chain.eventarc.about(f"alerts/{alert['id']}")
        assert [delivery.statuses for delivery in delivered] == [[200]] * times

    _come_again(chain, person, watch)
    assert len(chain.texts(person)) == 5, "events that come again much later change nothing"
    assert chain.job(watch)["deleted_at"] is not None


def _come_again(chain: Chain, person: Someone, watch_id: str) -> None:
    """Every event about a watch and its alerts is delivered once more, and the worker runs."""
    for path in (
        PLACES.source(person.uid, watch_id),
        *(f"alerts/{one['id']}" for one in chain.alerts(watch_id)),
    ):
        chain.eventarc.deliver_again(path)
    chain.run()


def _answers(chain: Chain, person: Someone, watch_id: str) -> list[list[int]]:
    """What each delivery about a person's watch was answered, attempt by attempt."""
    return [delivery.statuses for delivery in chain.eventarc.about(PLACES.source(person.uid, watch_id))]


def _texts_when(chain: Chain, person: Someone, show: Event, price: str) -> int:
    """How many texts the person has after one run at this price."""
    chain.market.set_price(show.id, "face", price)
    chain.run()
    return len(chain.texts(person))


def test_the_text_is_one_segment_with_price_code_and_link(chain: Chain) -> None:
    person, show = chain.someone(), chain.show(face="48")
    chain.save(person, "words", below(show, "50.00"))
    chain.run()
    (text,) = chain.texts(person)
    (alert,) = chain.alerts("words")
    assert size(text).encoding == "GSM-7"
    assert size(text).segments == 1
    assert text.startswith("£48 face")
    assert show.act in text
    assert f"#{alert['code'][:4]} {chain.public_url}/a/{alert['code']}" in text


def test_a_retry_of_the_same_run_asks_nobody_anything(chain: Chain) -> None:
    person, show = chain.someone(), chain.show(face="60")
    chain.save(person, "retried", below(show, "50.00"))
    headers = schedule()
    first = board_report(chain.run(headers=headers))
    assert first["calls"] >= 1
    chain.market.set_price(show.id, "face", "48")
    chain.market.asked.clear()
    again = chain.run(headers=headers)
    assert {report["skipped"] for report in again["boards"]} == {"already_run"}
    assert not chain.market.asked
    assert chain.texts(person) == []
    chain.run()
    assert len(chain.texts(person)) == 1


def test_a_run_forced_ahead_of_time_does_not_replace_the_real_one(chain: Chain) -> None:
    later = schedule(datetime.now(UTC) + timedelta(minutes=1))
    for _ in range(2):
        report = board_report(chain.run(headers=later))
        assert report["run"].startswith("manual-")
        assert "skipped" not in report


@pytest.mark.parametrize("duplicate", [False, True], ids=["every event once", "every event twice"])
def test_a_text_that_nobody_can_confirm_is_followed_by_one_email_and_no_second_text(
    chain: Chain, duplicate: bool
) -> None:
    chain.eventarc.duplicate = duplicate
    person, show = chain.someone(), chain.show(face="48")
    watch = f"unconfirmed-{person.uid}"
    chain.save(person, watch, below(show, "50.00"))
    chain.phone.faults.append("hang" if duplicate else "500")
    chain.run()
    assert chain.states(watch) == [("sms", "uncertain")], "it may still turn up"
    chain.pass_a_minute(watch)
    _come_again(chain, person, watch)
    assert chain.states(watch) == [("sms", "uncertain"), ("email", "sent")]
    assert chain.texts(person) == [], "what Twilio does not list was never there"
    (letter,) = chain.mails(person)
    assert "could not confirm" in (letter.plain or "")
    assert f"#{chain.alerts(watch)[0]['code'][:4]}" in (letter.plain or "")


@pytest.mark.parametrize(
    ("fault", "duplicate"),
    [("500_after_accept", False), ("timeout_after_accept", True)],
    ids=["every event once", "every event twice"],
)
def test_a_text_whose_answer_was_lost_is_found_in_the_list_and_nothing_follows_it(
    chain: Chain, fault: str, duplicate: bool
) -> None:
    chain.eventarc.duplicate, chain.phone.calls_back = duplicate, False
    person, show = chain.someone(), chain.show(face="48")
    watch = f"found-{person.uid}"
    chain.save(person, watch, below(show, "50.00"))
    chain.phone.faults.append(fault)
    chain.run()
    assert chain.states(watch) == [("sms", "uncertain")]
    chain.pass_a_minute(watch)
    _come_again(chain, person, watch)
    assert chain.states(watch) == [("sms", "delivered")]
    assert (len(chain.texts(person)), chain.mails(person)) == (1, [])


def test_a_text_whose_answer_was_lost_is_known_by_its_callback(chain: Chain) -> None:
    person, show = chain.someone(), chain.show(face="48")
    chain.save(person, "called-back", below(show, "50.00"))
    chain.phone.faults.append("500_after_accept")
    chain.run()
    eventually(lambda: chain.states("called-back") == [("sms", "delivered")])
    chain.run()
    assert (len(chain.texts(person)), chain.mails(person)) == (1, [])


def test_a_text_is_delivered_when_twilio_says_so(chain: Chain) -> None:
    person, show = chain.someone(), chain.show(face="48")
    chain.save(person, "delivered", below(show, "50.00"))
    chain.run()
    eventually(lambda: chain.states("delivered") == [("sms", "delivered")])
    (alert,) = chain.alerts("delivered")
    assert alert["receipt"] in {text.sid for text in chain.phone.texts}


def test_a_callback_that_twilio_did_not_sign_changes_nothing(chain: Chain) -> None:
    chain.phone.calls_back = False
    person, show = chain.someone(), chain.show(face="48")
    chain.save(person, "unsigned", below(show, "50.00"))
    chain.run()
    (alert,) = chain.alerts("unsigned")
    forged = {"MessageSid": alert["receipt"], "MessageStatus": "undelivered", "ErrorCode": "30003"}
    url = f"{chain.public_url}/twilio/status/{alert['id']}"
    for headers in ({}, {"X-Twilio-Signature": "bm90IHNpZ25lZA=="}):
        assert httpx.post(url, data=forged, headers=headers, trust_env=False).status_code == 403
    assert chain.states("unsigned") == [("sms", "sent")]


# ── everything for one person at once ────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("duplicate", [False, True], ids=["every event once", "every event twice"])
def test_five_alerts_of_one_run_are_one_text_and_one_email(chain: Chain, duplicate: bool) -> None:
    chain.eventarc.duplicate = duplicate
    person, show = chain.someone(), chain.show(face="48")
    five = [f"five-{person.uid}-{number}" for number in range(5)]
    for watch in five:
        chain.save(person, watch, below(show, "50.00", name=watch, notify=["sms", "email"]))
    chain.run()
    for watch in five:
        _come_again(chain, person, watch)
    assert (len(chain.texts(person)), len(chain.mails(person))) == (1, 1)
    assert not [watch for watch in five if watch not in (chain.mails(person)[0].plain or "")]
    told = [alert for watch in five for alert in chain.alerts(watch) if alert["channel"] == "sms"]
    assert len({alert["receipt"] for alert in told}) == 1
    eventually(
        lambda: {chain.states(watch)[0] for watch in five} <= {("sms", "delivered"), ("email", "sent")}
    )


@pytest.mark.parametrize("duplicate", [False, True], ids=["every event once", "every event twice"])
def test_five_alerts_that_only_their_events_speak_of_are_one_text(chain: Chain, duplicate: bool) -> None:
    chain.eventarc.duplicate, chain.phone.calls_back = duplicate, False
    person, now = chain.someone(), datetime.now(UTC)
    due: dict[str, Any] = {"uid": person.uid, "created_at": now, "due_at": now + timedelta(seconds=0.1)}
    five = [an_alert(watch_id=f"direct-{person.uid}-{number}", **due) for number in range(5)]
    chain.documents.commit(*map(alerts.creation, five))
    chain.settle()
    for alert in five:
        chain.eventarc.deliver_again(alerts.path(alert.id))
    assert len(chain.texts(person)) == 1
    told = [alert for one in five for alert in chain.alerts(one.watch_id)]
    assert {(alert["state"], alert["receipt"]) for alert in told} == {("sent", chain.phone.texts[-1].sid)}


# ── what people text back ────────────────────────────────────────────────────────────────────────────────


def test_stop_ends_all_texts_and_what_comes_then_goes_by_email(chain: Chain) -> None:
    person, show = chain.someone(), chain.show(face="48")
    chain.save(person, "stopped", below(show, "50.00"))
    assert _texts_when(chain, person, show, "48") == 1
    said = chain.reply(person, "STOP")
    assert [words.partition(":")[0] for words in said] == ["Twilio (sandbox)"], (
        "Twilio answers, and we do not"
    )
    assert _texts_when(chain, person, show, "40") == 1
    *_, text, mail = chain.alerts("stopped")
    assert (text["state"], text["why"]) == ("failed", "opted_out")
    assert (mail["channel"], mail["state"], mail["copy_why"]) == ("email", "sent", "opted_out")
    assert len(chain.mails(person)) == 1
    chain.reply(person, "START")
    assert _texts_when(chain, person, show, "35") == 2
    assert not chain.phone.unheard


def test_stop_please_is_a_stop_too_and_is_confirmed(chain: Chain) -> None:
    person, show = chain.someone(), chain.show(face="48")
    chain.save(person, "stop-please", below(show, "50.00"))
    assert _texts_when(chain, person, show, "48") == 1
    (answer,) = chain.reply(person, "stop please")
    assert "START" in answer
    assert _texts_when(chain, person, show, "40") == 1
    assert chain.alerts("stop-please")[1]["why"] == "opted_out"


def test_a_watch_that_is_snoozed_by_text_keeps_its_news(chain: Chain) -> None:
    chain.eventarc.duplicate = True
    person, show = chain.someone(), chain.show(face="48")
    chain.save(person, "snoozed", below(show, "50.00"))
    assert _texts_when(chain, person, show, "48") == 1
    (answer,) = chain.reply(person, "SNOOZE 1D")
    assert "Story under a limit" in answer
    assert chain.job("snoozed")["watch"]["snoozed_until"]
    assert _texts_when(chain, person, show, "40") == 1
    _, held = chain.alerts("snoozed")
    assert (held["state"], held["why"]) == ("held", "snoozed")
    assert timedelta(hours=23) < held["due_at"] - datetime.now(UTC) <= timedelta(days=1)
    assert not chain.phone.unheard


def test_a_text_that_is_refused_for_now_is_sent_later_once(chain: Chain) -> None:
    person, show = chain.someone(), chain.show(face="48")
    chain.save(person, "busy", below(show, "50.00"))
    chain.phone.faults.append("429")
    chain.run()
    (alert,) = chain.alerts("busy")
    assert (alert["state"], chain.texts(person)) == ("pending", [])
    chain.client.document(f"alerts/{alert['id']}").update({"due_at": datetime.now(UTC)})  # 15 s later
    for _ in range(2):
        chain.run()
    assert len(chain.texts(person)) == 1


def test_both_channels_are_told_once_each(chain: Chain) -> None:
    chain.eventarc.duplicate = True
    person, show = chain.someone(), chain.show(face="48")
    chain.save(person, "both", below(show, "50.00", notify=["sms", "email"]))
    chain.run()
    assert (len(chain.texts(person)), len(chain.mails(person))) == (1, 1)


def test_an_invalid_watch_is_refused_with_reasons_and_its_event_is_done(chain: Chain) -> None:
    person, show = chain.someone(), chain.show(face="48")
    wrong = below(show, "-5", colour="red") | {"target": {"provider": "nobody", "item": show.id}}
    chain.save(person, "invalid", wrong)
    status = chain.status(person, "invalid")
    assert status["state"] == "refused"
    assert any("colour" in reason for reason in status["reasons"])
    assert any("price" in reason for reason in status["reasons"])
    assert _answers(chain, person, "invalid") == [[200]]
    assert chain.job("invalid") == {}

    chain.save(person, "invalid", below(show, "50.00"))
    assert chain.status(person, "invalid")["state"] == "accepted"
    chain.save(person, "invalid", wrong)
    assert chain.status(person, "invalid")["state"] == "refused"
    chain.run()
    assert chain.texts(person) == [], "what was refused is not watched any more"


def test_somebody_elses_watch_of_the_same_id_is_never_touched(chain: Chain) -> None:
    owner, other, show = chain.someone(), chain.someone(), chain.show(face="48")
    chain.save(owner, "taken", below(show, "50.00"))
    chain.save(other, "taken", below(show, "50.00"))
    chain.source(other, "taken").delete()
    chain.settle()
    assert chain.job("taken")["uid"] == owner.uid
    assert chain.job("taken")["deleted_at"] is None
    chain.run()
    assert (len(chain.texts(owner)), chain.texts(other)) == (1, [])


def test_an_event_about_a_document_already_gone_is_done(chain: Chain) -> None:
    person, show = chain.someone(), chain.show(face="48")
    with chain.eventarc.holding() as held:
        chain.source(person, "gone").set(below(show, "50.00"))
        chain.source(person, "gone").delete()
        eventually(lambda: len(held) == 2)
    assert _answers(chain, person, "gone") == [[200], [200]]
    assert chain.job("gone") == {}


@pytest.mark.parametrize("duplicate", [False, True], ids=["every event once", "every event twice"])
def test_events_out_of_order_end_in_what_was_written_last(chain: Chain, duplicate: bool) -> None:
    chain.eventarc.duplicate = duplicate
    person, show = chain.someone(), chain.show(face="48")
    watch = f"order-{person.uid}"
    with chain.eventarc.holding() as held:
        chain.source(person, watch).set(below(show, "30.00"))
        chain.source(person, watch).delete()
        chain.source(person, watch).set(below(show, "40.00", status="paused"))
        chain.source(person, watch).set(below(show, "49"))
        eventually(lambda: len(held) == 4)
        held.reverse()
    assert chain.job(watch)["watch"]["conditions"][0]["price"] == "49"
    assert chain.job(watch)["deleted_at"] is None
    chain.run()
    assert len(chain.texts(person)) == 1

    with chain.eventarc.holding() as held:
        chain.source(person, watch).set(below(show, "45.00"))
        chain.source(person, watch).delete()
        eventually(lambda: len(held) == 2)
        held.reverse()
    assert chain.job(watch)["deleted_at"] is not None
    chain.market.set_price(show.id, "face", "35")
    chain.run()
    assert len(chain.texts(person)) == 1


@pytest.mark.parametrize("watch_id", ["Helvétios 日本", "50%41", "a b"])
def test_an_id_in_any_script_is_copied(chain: Chain, watch_id: str) -> None:
    person, show = chain.someone(), chain.show(face="48")
    chain.save(person, watch_id, below(show, "50.00"))
    assert chain.job(watch_id)["uid"] == person.uid
    chain.run()
    assert len(chain.texts(person)) == 1


def test_a_watch_saved_while_its_function_is_away_is_copied_when_it_is_back(chain: Chain) -> None:
    person, show = chain.someone(), chain.show(face="48")
    function = chain.functions["copy_monitor_job"]
    function.kill()
    chain.source(person, "away").set(below(show, "50.00"))
    path = PLACES.source(person.uid, "away")
    eventually(lambda: [one for one in chain.eventarc.about(path) if one.statuses])
    function.ensure_running()
    chain.settle()
    ((*refused, done),) = _answers(chain, person, "away")
    assert (set(refused), done) == ({0}, 200)
    assert chain.job("away")["uid"] == person.uid


def test_an_alert_that_no_event_spoke_of_is_found_by_the_sweep(chain: Chain) -> None:
    person, show = chain.someone(), chain.show(face="48")
    chain.save(person, "swept", below(show, "50.00"))
    with chain.eventarc.holding() as held:
        chain.post()
        eventually(lambda: [event for event in held if event.trigger == "deliver_alert"])
        chain.post()
        assert len(chain.texts(person)) == 1
    chain.settle()
    assert len(chain.texts(person)) == 1


def test_what_happened_can_be_read_from_the_log(chain: Chain) -> None:
    chain.new_lines()
    person, show = chain.someone(), chain.show(face="48")
    chain.save(person, "logged", below(show, "50.00"))
    chain.run()
    written = {record["event"]: record for record in records(chain.new_lines()) if "logged" in str(record)}
    steps = {"alert.created", "alert.claimed", "alert.sent"}
    assert set(written) - {"alert.delivered"} == {"watch.copied", *steps}, "by several processes"
    assert len({written[step]["logging.googleapis.com/trace"] for step in steps}) == 1
    assert re.fullmatch(r"SM[0-9a-f]{32}", written["alert.sent"]["receipt"])
