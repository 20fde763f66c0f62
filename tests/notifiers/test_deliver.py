"""Edge to edge: an alert goes in, and somebody was told, once, whatever went wrong between."""

import logging
from datetime import UTC, datetime, timedelta
from threading import Barrier, Thread
from typing import Any

import pytest

from notifiers import messages
from notifiers.deliver import deliver
from notifiers.errors import (
    DeliveryUnknownError,
    Fault,
    NotifierError,
    NotifierRejectedError,
    NotifierUnavailableError,
)
from notifiers.limits import Limits
from notifiers.parcels import Outcome
from notifiers.patience import PATIENCE
from tests.fakes import Crash, FaultyDocuments
from tests.notifiers.kit import (
    ADDRESS,
    MINUTE,
    NOW,
    PHONE,
    PUBLIC_URL,
    SECOND,
    Post,
    Stopwatch,
    about,
    copies,
    due,
    everything,
    fail_with,
    means,
    save_alert,
    save_alerts,
    save_person,
    stored,
)
from watchers.documents import Put, Write
from watchers.errors import StoreUnavailableError
from watchers.kinds import Channel
from watchers.models import Alert, AlertState

HOUR = timedelta(hours=1)
RESERVE, CLAIM, SETTLE = 1, 2, 3  # the commits of one text: its segments, its lease, its end


def sweep_all(post: Post, now: datetime = NOW) -> dict[str, int]:
    return dict(post.sweep(now, limit=100))


# ── the good day ─────────────────────────────────────────────────────────────────────────────────────────


def test_an_alert_reaches_the_phone_and_is_settled(post: Post) -> None:
    alert = save_alert(post.documents)

    assert post.deliver(alert) is Outcome.SENT

    ((to, message),) = post.phone.sent
    assert to == PHONE
    assert message.text == messages.render(alert, post.means.links).text
    settled = stored(post.documents, alert.id)
    assert (settled.state, settled.receipt, settled.attempts) == (AlertState.SENT, "receipt-1", 1)


def test_an_alert_reaches_the_mailbox(post: Post) -> None:
    alert = save_alert(post.documents, Channel.EMAIL)

    assert post.deliver(alert) is Outcome.SENT

    ((to, message),) = post.mailbox.sent
    assert to == ADDRESS
    assert message.subject.startswith("$84 all-in (was $112): Deftones")
    token = message.stop_url.removeprefix(f"{PUBLIC_URL}/do/")
    assert post.means.links.read_verb(token, datetime.now(UTC)) == (alert.id, "stop")


def test_a_redelivered_create_event_sends_nothing(post: Post) -> None:
    alert = save_alert(post.documents)
    post.deliver(alert)

    assert post.deliver(alert, NOW + HOUR) is Outcome.NOT_DUE
    assert len(post.phone.sent) == 1


def test_an_event_for_an_alert_that_is_gone_is_harmless(post: Post) -> None:
    outcome = deliver("gone", post.means, now=NOW)

    assert outcome is Outcome.MISSING


def test_two_deliveries_at_once_send_one_text(post: Post) -> None:
    """Both have read the alert before either claims it."""
    alert = save_alert(post.documents)
    together, outcomes = Barrier(2, timeout=5), list[Outcome]()

    def deliver_with_the_other() -> None:
        faulty = FaultyDocuments(post.documents)
        claims = list[object]()

        def meet_before_the_first_claim(writes: tuple[Write, ...]) -> None:
            if f"alerts/{alert.id}" in {write.path for write in writes} and not claims:
                claims.append(writes)
                together.wait()

        faulty.before_commit = meet_before_the_first_claim
        outcomes.append(post.deliver(alert, documents=faulty))

    both = [Thread(target=deliver_with_the_other) for _ in range(2)]
    for thread in both:
        thread.start()
    for thread in both:
        thread.join()

    assert sorted(outcomes) == [Outcome.NOT_DUE, Outcome.SENT]
    assert len(post.phone.sent) == 1


# ── the moment that others have to come along ────────────────────────────────────────────────────────────

GROUPING = Limits(grouping=SECOND / 2, longest_grouping=3 * SECOND)


def test_the_trigger_waits_for_others_and_tells_them_all(post: Post, stopwatch: Stopwatch) -> None:
    post.limits = GROUPING
    first = save_alert(post.documents, due_at=NOW + SECOND / 2)

    def others_come(seconds: float) -> None:
        stopwatch.sleep(seconds)
        if seconds < 1 and not copies_of_w2():
            save_alert(
                post.documents, watch_id="w2", created_at=stopwatch.now, due_at=stopwatch.now + SECOND / 2
            )

    def copies_of_w2() -> list[Alert]:
        return [alert for alert in everything(post.documents) if alert.watch_id == "w2"]

    outcome = deliver(first.id, post.means, now=NOW, sleep=others_come)

    assert outcome is Outcome.SENT
    assert len(post.phone.sent) == 1
    assert {alert.state for alert in everything(post.documents)} == {AlertState.SENT}
    assert stopwatch.now - NOW < 2 * SECOND


def test_what_comes_first_does_not_wait_longer_than_the_longest_grouping(
    post: Post, stopwatch: Stopwatch
) -> None:
    post.limits = GROUPING
    for n in range(1, 7):
        at = NOW + n * SECOND / 2
        save_alert(post.documents, watch_id=f"w{n}", created_at=at, due_at=at + SECOND / 2)
    stopwatch.now = NOW + 3 * SECOND
    last = save_alert(
        post.documents, watch_id="w7", created_at=stopwatch.now, due_at=stopwatch.now + SECOND / 2
    )

    assert deliver(last.id, post.means, now=stopwatch.now, sleep=stopwatch.sleep) is Outcome.SENT
    assert stopwatch.slept < 0.9  # the first one's three seconds end at 3.5
    assert len(post.phone.sent) == 1


def test_the_trigger_of_an_alert_that_is_due_much_later_does_not_wait(
    post: Post, stopwatch: Stopwatch
) -> None:
    post.limits = GROUPING
    alert = save_alert(post.documents, due_at=NOW + MINUTE)

    assert deliver(alert.id, post.means, now=NOW, sleep=stopwatch.sleep) is Outcome.NOT_DUE
    assert stopwatch.slept == 0


def test_the_sweep_waits_for_what_was_made_a_moment_ago(post: Post, stopwatch: Stopwatch) -> None:
    post.limits = GROUPING
    save_alerts(post.documents, 3, due_at=NOW + SECOND / 2)
    save_alert(post.documents, watch_id="w9", due_at=NOW + MINUTE)

    assert sweep_all(post) == {"sent": 3}
    assert len(post.phone.sent) == 1
    assert 0.4 < stopwatch.slept < 1


def test_the_sweep_does_not_wait_beyond_its_deadline(post: Post, stopwatch: Stopwatch) -> None:
    post.limits = GROUPING
    save_alert(post.documents, due_at=NOW + SECOND)

    assert post.sweep(deadline=NOW + SECOND / 2) == {}
    assert stopwatch.slept == 0


def test_one_trigger_tells_for_all_and_the_others_have_nothing_to_do(post: Post) -> None:
    alerts = save_alerts(post.documents, 3)

    outcomes = [post.deliver(alert) for alert in reversed(alerts)]

    assert outcomes == [Outcome.SENT, Outcome.NOT_DUE, Outcome.NOT_DUE]
    assert len(post.phone.sent) == 1


# ── dying at every line ──────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("crash", "commit"), [("crash_before", RESERVE), ("crash_after", RESERVE), ("crash_before", CLAIM)]
)
def test_killed_before_the_claim_the_sweep_sends_it(post: Post, crash: str, commit: int) -> None:
    alert = save_alert(post.documents)
    faulty = FaultyDocuments(post.documents)
    getattr(faulty, crash)(commit)
    with pytest.raises(Crash):
        post.deliver(alert, documents=faulty)

    assert sweep_all(post) == {"sent": 1}
    assert len(post.phone.sent) == 1


def test_killed_between_claim_and_sending_it_goes_by_email(post: Post) -> None:
    alert = save_alert(post.documents)
    faulty = FaultyDocuments(post.documents)
    faulty.crash_after(CLAIM)
    with pytest.raises(Crash):
        post.deliver(alert, documents=faulty)

    assert sweep_all(post) == {}  # the lease still runs
    assert sweep_all(post, NOW + MINUTE) == {"uncertain": 1, "unconfirmed": 1, "sent": 1}
    assert post.phone.sent == []
    assert len(post.mailbox.sent) == 1


@pytest.mark.parametrize("when", ["while_the_vendor_has_it", "before_settling"])
def test_killed_after_sending_before_settling_sends_no_second_text(post: Post, when: str) -> None:
    alert = save_alert(post.documents)
    faulty = FaultyDocuments(post.documents)
    if when == "before_settling":
        faulty.crash_before(SETTLE)
    else:
        post.phone.after = fail_with(Crash())
    with pytest.raises(Crash):
        post.deliver(alert, documents=faulty)
    post.phone.after = None

    for minutes in range(1, 60):
        sweep_all(post, NOW + minutes * MINUTE)

    assert len(post.phone.sent) == 1
    assert stored(post.documents, alert.id).state is AlertState.UNCERTAIN
    ((_, letter),) = post.mailbox.sent
    assert "could not confirm" in letter.text


def test_killed_after_settling_nothing_is_left(post: Post) -> None:
    alert = save_alert(post.documents)
    faulty = FaultyDocuments(post.documents)
    faulty.crash_after(SETTLE)
    with pytest.raises(Crash):
        post.deliver(alert, documents=faulty)

    assert sweep_all(post, NOW + HOUR) == {}
    assert len(post.phone.sent) == 1


def test_an_email_killed_after_sending_is_sent_again_under_the_same_id(post: Post) -> None:
    alert = save_alert(post.documents, Channel.EMAIL)
    faulty = FaultyDocuments(post.documents)
    faulty.crash_before(2)
    with pytest.raises(Crash):
        post.deliver(alert, documents=faulty)

    sweep_all(post, NOW + 3 * MINUTE)

    assert [message.alert_id for _, message in post.mailbox.sent] == [alert.id, alert.id]
    assert stored(post.documents, alert.id).state is AlertState.SENT


def test_an_email_that_kills_every_sender_is_given_up(post: Post) -> None:
    alert = save_alert(post.documents, Channel.EMAIL)
    post.mailbox.raises(Crash())
    now = NOW
    for _ in range(PATIENCE[Channel.EMAIL].attempts + 1):
        with pytest.raises(Crash):
            post.deliver(alert, now)
        now += HOUR

    assert post.deliver(alert, now) is Outcome.UNCONFIRMED
    assert due(post.documents, now + HOUR) == []
    assert [copy.channel for copy in copies(post.documents)] == [Channel.APP]


def test_a_sender_that_wakes_up_after_its_lease_tells_what_it_knows(post: Post) -> None:
    """It slept between the vendor's answer and settling; meanwhile the sweep gave the text up."""
    alert = save_alert(post.documents)
    post.phone.after = lambda: sweep_all(post, NOW + MINUTE)

    assert post.deliver(alert) is Outcome.SENT
    settled = stored(post.documents, alert.id)
    assert (settled.state, settled.receipt, settled.why) == (AlertState.SENT, "receipt-1", None)
    assert (len(post.phone.sent), len(post.mailbox.sent)) == (1, 1)


@pytest.mark.parametrize(
    "error",
    [
        NotifierUnavailableError("20429"),
        NotifierRejectedError("21614", fault=Fault.BAD_CONTACT),
        DeliveryUnknownError("no_answer"),
    ],
)
def test_a_sender_that_wakes_up_with_nothing_to_show_moves_nothing(post: Post, error: NotifierError) -> None:
    alert = save_alert(post.documents)

    def oversleep() -> None:
        sweep_all(post, NOW + MINUTE)
        raise error

    post.phone.before = oversleep

    assert post.deliver(alert) is Outcome.NOT_DUE
    assert stored(post.documents, alert.id).state is AlertState.UNCERTAIN
    assert len(copies(post.documents)) == len(post.mailbox.sent) == 1


def test_a_database_that_is_down_is_the_callers_to_repeat(post: Post) -> None:
    alert = save_alert(post.documents)
    faulty = FaultyDocuments(post.documents)
    faulty.down = True

    with pytest.raises(StoreUnavailableError):
        post.deliver(alert, documents=faulty)
    assert post.phone.sent == []


# ── every error has one way out ──────────────────────────────────────────────────────────────────────────


def test_an_unanswered_text_is_uncertain_and_goes_by_email_once(post: Post) -> None:
    alert = save_alert(post.documents)
    post.phone.raises(DeliveryUnknownError("no_answer"))

    assert sweep_all(post) == {"uncertain": 1, "unconfirmed": 1, "sent": 1}
    assert sweep_all(post, NOW + HOUR) == {}

    assert stored(post.documents, alert.id).why == "no_answer"
    ((_, letter),) = post.mailbox.sent
    assert f"#{alert.code[:4]}" in letter.text


def test_a_refused_text_goes_by_email_within_the_same_sweep(post: Post) -> None:
    alert = save_alert(post.documents)
    post.phone.raises(NotifierRejectedError("30999", fault=Fault.OPERATOR))

    assert sweep_all(post) == {"failed": 1, "sent": 1}
    assert stored(post.documents, alert.id).why == "30999"
    ((_, letter),) = post.mailbox.sent
    assert "could not be delivered: the phone network refused it (code 30999)" in letter.text


def test_a_text_that_could_not_go_is_tried_again_and_then_goes_once(post: Post) -> None:
    alert = save_alert(post.documents)
    post.phone.raises(NotifierUnavailableError("20429", retry_after=20))
    assert post.deliver(alert) is Outcome.PUT_BACK
    post.phone.before = None

    assert post.deliver(alert, NOW + 19 * SECOND) is Outcome.NOT_DUE
    assert post.deliver(alert, NOW + 21 * SECOND) is Outcome.SENT
    assert len(post.phone.sent) == 1


def test_a_text_that_cannot_go_for_minutes_goes_by_email(post: Post) -> None:
    alert = save_alert(post.documents)
    post.phone.raises(NotifierUnavailableError("unreachable"))

    outcomes = [post.deliver(alert, NOW + minutes * MINUTE) for minutes in range(3)]

    assert outcomes == [Outcome.PUT_BACK, Outcome.PUT_BACK, Outcome.FAILED]
    assert stored(post.documents, alert.id).why == "unavailable"
    assert len(copies(post.documents)) == 1


def test_a_text_told_to_wait_too_long_goes_by_email_at_once(post: Post) -> None:
    alert = save_alert(post.documents)
    post.phone.raises(NotifierUnavailableError("20429", retry_after=3600))

    assert post.deliver(alert) is Outcome.FAILED
    assert len(copies(post.documents)) == 1


@pytest.mark.parametrize("error", [NotifierUnavailableError("451"), DeliveryUnknownError("no_answer")])
def test_an_email_is_tried_for_about_a_day(post: Post, error: NotifierError) -> None:
    alert = save_alert(post.documents, Channel.EMAIL)
    post.mailbox.raises(error)
    now, attempts = NOW, 1
    while post.deliver(alert, now) is Outcome.PUT_BACK:
        now, attempts = stored(post.documents, alert.id).due_at or NOW, attempts + 1

    assert attempts == PATIENCE[Channel.EMAIL].attempts
    assert timedelta(hours=20) < now - NOW < timedelta(hours=28)
    wanted = AlertState.UNCERTAIN if isinstance(error, DeliveryUnknownError) else AlertState.FAILED
    assert stored(post.documents, alert.id).state is wanted


@pytest.mark.parametrize(
    ("channel", "next_one"),
    [(Channel.SMS, Channel.EMAIL), (Channel.PUSH, Channel.EMAIL), (Channel.EMAIL, Channel.APP)],
)
def test_a_channel_that_is_off_fails_with_its_name(post: Post, channel: Channel, next_one: Channel) -> None:
    save_person(post.documents, push_url="ntfys://ntfy.example/t", push_verified_at=NOW)
    alert = save_alert(post.documents, channel)

    outcome = deliver(alert.id, means(post.documents, {}), now=NOW)

    assert outcome is Outcome.FAILED
    assert stored(post.documents, alert.id).why == f"{channel}_not_configured"
    assert [copy.channel for copy in copies(post.documents)] == [next_one]


def test_what_neither_phone_nor_mailbox_takes_stands_on_the_page_of_alerts(post: Post) -> None:
    alert = save_alert(post.documents)
    for notifier in (post.phone, post.mailbox):
        notifier.raises(NotifierRejectedError("550"))

    assert sweep_all(post) == {"failed": 2}

    by_email, on_the_page = sorted(copies(post.documents), key=lambda copy: len(copy.also))
    assert (by_email.channel, by_email.state) == (Channel.EMAIL, AlertState.FAILED)
    assert (on_the_page.channel, on_the_page.state) == (Channel.APP, AlertState.SENT)
    assert (on_the_page.copy_of, on_the_page.news) == (by_email.id, alert.news)
    assert due(post.documents, NOW + HOUR) == []


# ── whom ─────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("channel", "person", "why", "next_one"),
    [
        pytest.param(
            Channel.SMS, {"opted_out_at": NOW}, "opted_out", Channel.EMAIL, id="who said STOP gets no text"
        ),
        pytest.param(
            Channel.SMS,
            {"phone_verified_at": None},
            "no_verified_phone",
            Channel.EMAIL,
            id="an unverified number",
        ),
        pytest.param(Channel.SMS, {"phone": None}, "no_verified_phone", Channel.EMAIL, id="no number"),
        pytest.param(
            Channel.EMAIL,
            {"email_verified_at": None},
            "no_verified_email",
            Channel.APP,
            id="an unverified address",
        ),
        pytest.param(
            Channel.SMS,
            {"phone_verified_at": None, "email_verified_at": None},
            "no_verified_contact",
            Channel.APP,
            id="nothing is verified",
        ),
    ],
)
def test_only_verified_contacts_are_used(
    post: Post, channel: Channel, person: dict[str, Any], why: str, next_one: Channel
) -> None:
    save_person(post.documents, **person)
    alert = save_alert(post.documents, channel)

    assert post.deliver(alert) is Outcome.FAILED
    assert stored(post.documents, alert.id).why == why
    assert post.phone.sent == post.mailbox.sent == []
    assert [copy.channel for copy in copies(post.documents)] == [next_one]


def test_an_alert_of_a_person_we_do_not_know_fails(post: Post) -> None:
    alert = save_alert(post.documents, uid="nobody")

    assert post.deliver(alert) is Outcome.FAILED
    assert stored(post.documents, alert.id).why == "no_verified_contact"
    assert [copy.channel for copy in copies(post.documents)] == [Channel.APP]


@pytest.mark.parametrize(
    ("refused", "marked"),
    [
        (NotifierRejectedError("21610", fault=Fault.OPTED_OUT), {"opted_out_at": about(NOW)}),
        (
            NotifierRejectedError("21614", fault=Fault.BAD_CONTACT),
            {"phone_verified_at": None, "phone_problem": "21614"},
        ),
        (NotifierRejectedError("30034", fault=Fault.OPERATOR), {"opted_out_at": None}),
    ],
    ids=["opted out", "bad number", "not the person's fault"],
)
def test_a_number_refused_for_good_is_not_tried_again(
    post: Post, refused: NotifierRejectedError, marked: dict[str, object]
) -> None:
    save_person(post.documents, opted_out_at=None, phone_problem=None)
    post.phone.raises(refused)
    post.deliver(save_alert(post.documents))

    person = post.documents.get("people/u1")
    assert person
    assert {name: person.fields[name] for name in marked} == marked
    assert person.fields["phone"] == PHONE


def test_a_number_that_was_changed_meanwhile_is_not_marked(post: Post) -> None:
    def refuse() -> None:
        save_person(post.documents, phone="+15005550009")
        raise NotifierRejectedError("21614", fault=Fault.BAD_CONTACT)

    post.phone.before = refuse
    post.deliver(save_alert(post.documents))

    person = post.documents.get("people/u1")
    assert person
    assert person.fields["phone_verified_at"] == NOW


def test_a_person_being_edited_does_not_stop_the_settling(post: Post) -> None:
    alert = save_alert(post.documents)
    faulty = FaultyDocuments(post.documents)

    def edit(writes: object) -> None:
        if "people/u1" in str(writes):
            save_person(post.documents, timezone="Europe/Paris")

    faulty.before_commit = edit
    post.phone.raises(NotifierRejectedError("21610", fault=Fault.OPTED_OUT))
    outcome = post.deliver(alert, documents=faulty)

    assert outcome is Outcome.FAILED
    assert len(copies(post.documents)) == 1


# ── the sweep ────────────────────────────────────────────────────────────────────────────────────────────


def test_a_poison_alert_does_not_stop_the_others_and_is_set_aside(post: Post) -> None:
    post.documents.commit(Put("alerts/poison", {"due_at": NOW - HOUR, "state": "no such state"}))
    save_alert(post.documents)

    assert sweep_all(post) == {"crashed": 1, "sent": 1}
    assert due(post.documents, NOW + 59 * MINUTE) == []
    assert due(post.documents, NOW + 61 * MINUTE) == ["poison"]


def test_a_notifier_with_a_bug_costs_its_own_alert_only(post: Post) -> None:
    """Whether the text went out is not known: its lease ends, and it goes by e-mail."""
    text = save_alert(post.documents)
    save_alert(post.documents, Channel.EMAIL)
    post.phone.raises(RuntimeError("bug"))

    assert sweep_all(post) == {"crashed": 1, "sent": 1}
    assert sweep_all(post, NOW + 2 * MINUTE) == {"uncertain": 1, "unconfirmed": 1, "sent": 1}
    assert stored(post.documents, text.id).why == "lease_expired"


def test_what_cannot_even_be_set_aside_is_found_again(post: Post) -> None:
    save_alert(post.documents, Channel.EMAIL)
    faulty = FaultyDocuments(post.documents)

    def fail(writes: object) -> None:
        if "attempts" not in str(writes):
            raise StoreUnavailableError("down")

    faulty.before_commit = fail
    post.mailbox.raises(RuntimeError("bug"))

    assert post.sweep(documents=faulty) == {"crashed": 1}
    assert due(post.documents, NOW + 3 * MINUTE)


def test_an_email_with_a_bug_is_set_aside_for_an_hour(post: Post) -> None:
    alert = save_alert(post.documents, Channel.EMAIL)
    post.mailbox.raises(RuntimeError("bug"))

    assert sweep_all(post) == {"crashed": 1}
    post.mailbox.before = None
    assert sweep_all(post, NOW + 30 * MINUTE) == {}
    assert sweep_all(post, NOW + 61 * MINUTE) == {"sent": 1}
    assert stored(post.documents, alert.id).attempts == 2


def test_a_sweep_stops_at_its_deadline(post: Post) -> None:
    save_alert(post.documents)

    outcomes = post.sweep(deadline=NOW)

    assert not outcomes
    assert post.phone.sent == []


def test_a_database_that_fails_in_the_middle_is_counted_and_survived(post: Post) -> None:
    save_alert(post.documents)
    faulty = FaultyDocuments(post.documents)

    def fail_once(_: object) -> None:
        faulty.before_commit = None
        raise StoreUnavailableError("down")

    faulty.before_commit = fail_once
    outcomes = post.sweep(documents=faulty, limit=10)

    assert outcomes == {"store_unavailable": 1, "sent": 1}  # the second round found it again
    assert len(post.phone.sent) == 1


# ── what is logged ───────────────────────────────────────────────────────────────────────────────────────


def logged(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [record.message for record in caplog.records]


@pytest.mark.parametrize(
    ("error", "event"),
    [
        (None, "alert.sent"),
        (NotifierUnavailableError("20429"), "alert.put_back"),
        (NotifierRejectedError("21610", fault=Fault.OPTED_OUT), "alert.failed"),
        (DeliveryUnknownError("no_answer"), "alert.uncertain"),
    ],
)
def test_every_outcome_is_logged_by_name_with_ids_and_codes_only(
    post: Post, caplog: pytest.LogCaptureFixture, error: NotifierError | None, event: str
) -> None:
    caplog.set_level(logging.DEBUG)
    alert = save_alert(post.documents)
    if error:
        post.phone.raises(error)
    post.deliver(alert)

    assert logged(caplog) == ["alert.claimed", event]
    record = caplog.records[-1]
    assert record.__dict__["alert"] == alert.id
    assert record.__dict__["why"] == (error.code if error else "")
    assert_nothing_personal(caplog, alert)


def test_a_crash_is_logged_with_its_place_and_without_its_words(
    post: Post, caplog: pytest.LogCaptureFixture
) -> None:
    alert = save_alert(post.documents)
    post.phone.raises(RuntimeError(f"could not text {PHONE}"))
    sweep_all(post)

    assert logged(caplog) == ["alert.crashed"]
    assert caplog.records[0].__dict__["why"].startswith("RuntimeError at kit.py:")
    assert_nothing_personal(caplog, alert)


def test_an_email_that_never_goes_is_an_error_and_a_failed_text_a_warning(
    post: Post, caplog: pytest.LogCaptureFixture
) -> None:
    for notifier in (post.phone, post.mailbox):
        notifier.raises(NotifierRejectedError("550"))
    save_alert(post.documents)
    sweep_all(post)

    assert [(record.message, record.levelname) for record in caplog.records] == [
        ("alert.failed", "WARNING"),
        ("alert.failed", "ERROR"),
    ]


def test_what_the_operator_must_do_is_logged_with_its_code(
    post: Post, caplog: pytest.LogCaptureFixture
) -> None:
    post.phone.raises(NotifierRejectedError("20003", fault=Fault.OPERATOR))
    post.deliver(save_alert(post.documents))

    assert logged(caplog) == ["alert.failed", "notifier.needs_operator"]
    assert caplog.records[1].__dict__["why"] == "20003"


def assert_nothing_personal(caplog: pytest.LogCaptureFixture, alert: Alert) -> None:
    everything = caplog.text + "".join(str(record.__dict__) for record in caplog.records)
    for private in (PHONE, ADDRESS, "Deftones", alert.code):
        assert private not in everything
