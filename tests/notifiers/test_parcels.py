"""What goes out together, what waits, and what goes another way, from edge to edge."""

from collections.abc import Callable
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest
from msgspec import structs

from notifiers import outbox
from notifiers.base import Report
from notifiers.errors import (
    DeliveryUnknownError,
    Fault,
    NotifierError,
    NotifierRejectedError,
    NotifierUnavailableError,
)
from notifiers.learning import learn
from notifiers.limits import Limits
from notifiers.parcels import Outcome, sort
from notifiers.trials import UNCAPPED, trial
from notifiers.words.gsm import segments
from tests.fakes import Crash
from tests.notifiers.kit import (
    AT_ONCE,
    MINUTE,
    NEWS,
    NOW,
    SECOND,
    TARGET,
    Post,
    about,
    an_alert,
    copies,
    due,
    everything,
    fail_with,
    save_alert,
    save_alerts,
    save_person,
    save_price,
    save_watch,
    spent,
    stored,
    tally,
)
from watchers import alerts
from watchers.kinds import Channel
from watchers.models import Alert, AlertState, News, Reason

HOUR = timedelta(hours=1)
PRICED = replace(NEWS, target_id=TARGET.id)
EARLY = {"from": "07:00", "to": "09:00"}  # it is 08:00 in New York
NEXT_MORNING = NOW + 24 * HOUR


def originals(post: Post) -> list[Alert]:
    return [alert for alert in everything(post.documents) if not alert.copy_of]


def states(post: Post) -> set[AlertState]:
    return {alert.state for alert in originals(post)}


def sort_ids(*alerts: Alert) -> list[set[str]]:
    return [{alert.id for alert in parcel.alerts} for parcel in sort(alerts, AT_ONCE)]


# ── sorting ──────────────────────────────────────────────────────────────────────────────────────────────


def test_alerts_of_one_person_on_one_channel_make_one_parcel() -> None:
    mine = [an_alert(watch_id=name) for name in ("w1", "w2")]
    by_email = an_alert(Channel.EMAIL)
    yours = an_alert(watch_id="w3", uid="u2")

    found = sort_ids(mine[0], by_email, yours, mine[1])

    assert sorted(map(sorted, found)) == sorted(
        map(sorted, [{one.id for one in mine}, {by_email.id}, {yours.id}])
    )


@pytest.mark.parametrize(
    "changes",
    [
        {"attempts": 1},
        {"riders": ("other",)},
        {"state": AlertState.SENDING},
        {"state": AlertState.UNCERTAIN, "attempts": 1},
    ],
)
def test_what_was_tried_before_goes_its_own_way(changes: dict[str, Any]) -> None:
    assert len(sort_ids(an_alert(), an_alert(watch_id="w2", **changes))) == 2


def test_held_news_goes_with_what_is_new() -> None:
    assert len(sort_ids(an_alert(), an_alert(watch_id="w2", state=AlertState.HELD))) == 1


def on(day: int | None, **known: Any) -> News:
    starts_on = None if day is None else date(2026, 6, day)
    return replace(NEWS, starts_at=None, starts_on=starts_on, **known)


def test_the_nearest_event_comes_first_and_what_has_no_day_last() -> None:
    days = (20, None, 3, 13)
    alerts = [
        an_alert(uid=f"u{place}", watch_id=f"w{place}", news=on(day)) for place, day in enumerate(days, 1)
    ]

    order = [parcel.first.uid for parcel in sort(alerts, AT_ONCE)]

    assert order == ["u3", "u4", "u1", "u2"]


def test_a_parcel_is_as_near_as_the_nearest_of_its_events() -> None:
    mine = [an_alert(watch_id="w1", news=on(20)), an_alert(watch_id="w2", news=on(2))]
    yours = an_alert(uid="u2", watch_id="w3", news=on(3))

    assert [parcel.first.uid for parcel in sort([*mine, yours], AT_ONCE)] == ["u1", "u2"]


# ── one message for many ─────────────────────────────────────────────────────────────────────────────────


def test_five_alerts_of_one_person_are_one_text(post: Post) -> None:
    lead, *riders = save_alerts(post.documents, 5)

    assert post.sweep() == {"sent": 5}

    ((_, message),) = post.phone.sent
    assert (message.alert_id, message.code) == (lead.id, lead.code)
    assert message.callback_url.endswith(lead.id)
    assert segments(message.text) == 1
    told = stored(post.documents, lead.id)
    assert told.riders == tuple(rider.id for rider in riders)
    assert told.every_news == tuple(alert.news for alert in (lead, *riders))
    assert {(one.state, one.receipt) for one in originals(post)} == {(AlertState.SENT, "receipt-1")}
    assert {stored(post.documents, rider.id).rides_with for rider in riders} == {lead.id}


def test_the_nearest_event_leads(post: Post) -> None:
    save_alert(post.documents, watch_id="w1", news=on(20))
    near = save_alert(post.documents, watch_id="w2", news=on(2))

    post.sweep()

    assert [message.alert_id for _, message in post.phone.sent] == [near.id]


def test_one_message_counts_once_for_the_day_and_once_for_each_watch(post: Post) -> None:
    save_alerts(post.documents, 3)
    post.sweep()

    counted = tally(post.documents)
    assert dict(counted.told) == {"sms": 1, "sms:w1": 1, "sms:w2": 1, "sms:w3": 1}
    assert counted.segments == spent(post.documents) == 1
    assert counted.latest == post.phone.sent[0][1].alert_id


def test_text_and_email_of_the_same_alerts_are_a_message_each(post: Post) -> None:
    for channel in (Channel.SMS, Channel.EMAIL):
        save_alerts(post.documents, 3, channel)

    assert post.sweep() == {"sent": 6}
    assert (len(post.phone.sent), len(post.mailbox.sent)) == (1, 1)
    assert dict(tally(post.documents).told).items() >= {"sms": 1, "email": 1}.items()


def test_what_comes_after_a_message_was_claimed_is_a_message_of_its_own(post: Post) -> None:
    save_alerts(post.documents, 2)
    late: list[Alert] = []

    def one_more() -> None:
        if not late:
            late.append(save_alert(post.documents, watch_id="w9"))

    post.phone.before = one_more

    assert post.sweep() == {"sent": 3}
    assert len(post.phone.sent) == 2
    assert stored(post.documents, late[0].id).rides_with is None


FATES: list[tuple[BaseException, AlertState, str]] = [
    (NotifierRejectedError("30034", fault=Fault.OPERATOR), AlertState.FAILED, "30034"),
    (NotifierUnavailableError("20429", retry_after=3600), AlertState.FAILED, "unavailable"),
    (DeliveryUnknownError("no_answer"), AlertState.UNCERTAIN, "no_answer"),
    (RuntimeError("bug"), AlertState.UNCERTAIN, "lease_expired"),
]


@pytest.mark.parametrize(("error", "state", "why"), FATES)
def test_a_text_of_many_that_ends_badly_is_one_email_with_all_of_it(
    post: Post, error: Exception, state: AlertState, why: str
) -> None:
    lead, *_ = save_alerts(post.documents, 5)
    post.phone.raises(error)

    post.sweep_until_settled()

    assert states(post) == {state}
    assert stored(post.documents, lead.id).why == why
    ((_, letter),) = post.mailbox.sent
    for number in range(2, 6):
        assert f"Deftones w{number}" in letter.text
    (copy,) = copies(post.documents)
    assert (copy.copy_of, len(copy.every_news)) == (lead.id, 5)


def test_killed_with_a_text_of_many_all_of_it_goes_by_email(post: Post) -> None:
    save_alerts(post.documents, 5)
    post.phone.after = fail_with(Crash())
    with pytest.raises(Crash):
        post.sweep()
    post.phone.after = None

    post.sweep_until_settled()

    assert states(post) == {AlertState.UNCERTAIN}
    assert (len(post.phone.sent), len(post.mailbox.sent)) == (1, 1)
    assert len(copies(post.documents)[0].every_news) == 5


def test_a_text_of_many_that_could_not_go_goes_later_as_it_was(post: Post) -> None:
    lead, *riders = save_alerts(post.documents, 3)
    post.phone.raises(NotifierUnavailableError("20429"))
    assert post.sweep() == {"put_back": 3}
    post.phone.before = None
    late = save_alert(post.documents, watch_id="w9")

    assert [post.deliver(one, NOW + MINUTE) for one in (*riders, lead)] == [
        Outcome.NOT_DUE,
        Outcome.NOT_DUE,
        Outcome.SENT,
    ]
    assert stored(post.documents, late.id).state is AlertState.PENDING
    assert {stored(post.documents, one.id).state for one in (lead, *riders)} == {AlertState.SENT}
    assert tally(post.documents).count(Channel.SMS) == 1


@pytest.mark.parametrize("state", [AlertState.DELIVERED, AlertState.UNDELIVERED])
def test_what_the_vendor_says_later_is_said_of_all(post: Post, state: AlertState) -> None:
    lead, *riders = save_alerts(post.documents, 5)
    post.sweep()

    learn(lead.id, Report("receipt-1", state, "30003"), post.means, now=NOW + MINUTE)

    assert states(post) == {state}
    wanted = [5] if state is AlertState.UNDELIVERED else []
    assert [len(copy.every_news) for copy in copies(post.documents)] == wanted
    assert len(riders) == 4


def test_of_alerts_that_went_together_each_is_told_although_one_has_an_email_of_its_own(post: Post) -> None:
    save_alert(post.documents, watch_id="w1", also=(Channel.EMAIL,))
    save_alert(post.documents, Channel.EMAIL, watch_id="w1", also=(Channel.SMS,))
    save_alert(post.documents, watch_id="w2", created_at=NOW + SECOND / 10)
    post.phone.raises(NotifierRejectedError("30034"))

    post.sweep_until_settled()

    assert any("Deftones w2" in message.text for _, message in post.mailbox.sent)


def test_of_two_messages_that_fail_with_the_same_lead_every_rider_is_told(post: Post) -> None:
    """Text and push were to tell the same first alert, each with others; both make the same copy."""
    save_person(post.documents, push_url="ntfys://ntfy.example/t", push_verified_at=NOW)
    code = an_alert().code
    for channel, rider in ((Channel.SMS, "w2"), (Channel.PUSH, "w3")):
        save_alert(post.documents, channel, watch_id="w1", code=code)
        save_alert(post.documents, channel, watch_id=rider, created_at=NOW + SECOND / 10)
    post.phone.raises(NotifierRejectedError("30034"))  # and push is off

    post.sweep_until_settled()

    said = "".join(message.text for _, message in post.mailbox.sent)
    assert ("Deftones w2" in said, "Deftones w3" in said) == (True, True)


def test_one_alert_that_cannot_be_worded_does_not_stop_the_others_of_its_person(
    post: Post, monkeypatch: pytest.MonkeyPatch
) -> None:
    from notifiers import messages  # noqa: PLC0415 - only to break it

    render = messages.render

    def breaking(alert: Alert, *also: Any) -> Any:
        if any(news.event_name == "Deftones w2" for news in alert.every_news):
            raise ValueError("no words for it")
        return render(alert, *also)

    monkeypatch.setattr(messages, "render", breaking)
    save_alerts(post.documents, 3)

    post.sweep()

    assert len([alert for alert in originals(post) if alert.state is AlertState.SENT]) == 2


# ── held ─────────────────────────────────────────────────────────────────────────────────────────────────


def test_quiet_hours_hold_and_then_it_says_what_the_price_is_now(post: Post) -> None:
    save_person(post.documents, quiet_hours=EARLY)
    save_watch(post.documents)
    alert = save_alert(post.documents, news=PRICED)

    assert post.sweep() == {"held": 1}
    held = stored(post.documents, alert.id)
    assert (held.state, held.why, held.due_at) == (AlertState.HELD, "quiet_hours", NOW + HOUR)
    save_price(post.documents, 8400, 9700)

    assert post.sweep(NOW + HOUR - SECOND) == {}
    assert post.sweep(NOW + HOUR) == {"sent": 1}
    told = stored(post.documents, alert.id)
    assert (told.news.price, told.news.now_price) == (8400, 9700)
    assert told.news.now_at == about(NOW + HOUR)
    assert (told.state, told.why) == (AlertState.SENT, None)
    assert "now $97" in post.phone.sent[0][1].text


def test_a_trigger_during_quiet_hours_holds_and_sends_nothing(post: Post) -> None:
    save_person(post.documents, quiet_hours=EARLY)
    alert = save_alert(post.documents)

    assert post.deliver(alert) is Outcome.HELD
    assert post.deliver(alert) is Outcome.NOT_DUE
    assert post.phone.sent == []


def test_the_copy_of_a_text_that_was_not_delivered_at_night_waits_for_the_morning(post: Post) -> None:
    save_person(post.documents, quiet_hours=EARLY)
    save_watch(post.documents)
    alert = save_alert(post.documents, created_at=NOW - 2 * HOUR, due_at=NOW - 2 * HOUR)
    assert post.sweep(NOW - 2 * HOUR) == {"sent": 1}
    learn(alert.id, Report("receipt-1", AlertState.UNDELIVERED, "30003"), post.means, now=NOW)

    assert post.sweep(NOW) == {"held": 1}
    assert post.sweep(NOW + HOUR) == {"sent": 1}
    assert len(post.mailbox.sent) == 1


def test_a_message_that_could_not_go_before_quiet_hours_waits_for_their_end(post: Post) -> None:
    save_person(post.documents, quiet_hours={"from": "08:01", "to": "09:00"})
    alert = save_alert(post.documents, Channel.EMAIL)
    post.mailbox.raises(NotifierUnavailableError("451"))
    post.sweep()
    post.mailbox.before = None

    post.sweep(NOW + 2 * MINUTE)

    assert post.mailbox.sent == []
    assert stored(post.documents, alert.id).due_at == NOW + HOUR
    assert post.sweep(NOW + HOUR) == {"sent": 1}


def test_a_snoozed_watch_is_silent_until_then(post: Post) -> None:
    until = NOW + 3 * HOUR
    save_watch(post.documents, snoozed_until=until)
    alert = save_alert(post.documents, state=AlertState.HELD, why="quiet_hours")

    assert post.sweep() == {"held": 1}
    held = stored(post.documents, alert.id)
    assert (held.why, held.due_at) == ("snoozed", until)
    assert post.sweep(until) == {"sent": 1}


UNWANTED: list[tuple[str, Callable[[Post], None]]] = [
    ("deleted", lambda post: save_watch(post.documents, deleted_at=NOW)),
    ("paused", lambda post: save_watch(post.documents, status="paused")),
    ("ended", lambda post: save_watch(post.documents, status="ended")),
]


@pytest.mark.parametrize(("why", "prepare"), UNWANTED)
def test_held_news_that_nobody_wants_any_more_goes_to_nobody(
    post: Post, why: str, prepare: Callable[[Post], None]
) -> None:
    prepare(post)
    alert = save_alert(post.documents, state=AlertState.HELD, why="quiet_hours")

    assert post.sweep() == {"failed": 1}
    settled = stored(post.documents, alert.id)
    assert (settled.state, settled.why) == (AlertState.FAILED, why)
    assert everything(post.documents) == [settled]
    assert due(post.documents, NEXT_MORNING) == []
    assert post.phone.sent == post.mailbox.sent == []


def test_new_news_of_a_watch_that_has_just_ended_still_goes(post: Post) -> None:
    save_watch(post.documents, status="ended")
    save_alert(post.documents)

    assert post.sweep() == {"sent": 1}


def test_of_held_news_only_what_is_still_wanted_goes(post: Post) -> None:
    save_watch(post.documents, "w1")
    save_watch(post.documents, "w2", status="ended")
    save_watch(post.documents, "w3", snoozed_until=NOW + HOUR)
    alerts = save_alerts(post.documents, 3, state=AlertState.HELD, why="digest")
    new = save_alert(post.documents, watch_id="w4", created_at=NOW + SECOND)

    assert post.sweep() == {"failed": 1, "held": 1, "sent": 2}
    assert len(post.phone.sent) == 1
    wanted = [AlertState.SENT, AlertState.FAILED, AlertState.HELD, AlertState.SENT]
    assert [stored(post.documents, one.id).state for one in (*alerts, new)] == wanted
    assert "w2" not in post.phone.sent[0][1].text


# ── caps ─────────────────────────────────────────────────────────────────────────────────────────────────


def test_what_is_over_the_cap_comes_in_one_digest(post: Post) -> None:
    save_person(post.documents, per_day=2)
    for number in range(5):
        save_watch(post.documents, f"w{number}")
        save_alert(post.documents, watch_id=f"w{number}")
        post.sweep(NOW + number * MINUTE)

    assert len(post.phone.sent) == 2
    held = [alert for alert in originals(post) if alert.state is AlertState.HELD]
    assert [alert.why for alert in held] == ["cap"] * 3
    assert tally(post.documents).count(Channel.SMS) == 2

    post.sweep_until_settled(NOW + HOUR)
    assert len(post.phone.sent) == 3
    assert states(post) == {AlertState.SENT}
    digest = stored(post.documents, post.phone.sent[-1][1].alert_id)
    assert len(digest.every_news) == 3


def test_a_watch_that_says_too_much_is_capped_and_the_others_are_not(post: Post) -> None:
    save_person(post.documents, per_watch=1)
    post.sweep()
    first = save_alert(post.documents)
    post.sweep()
    again = save_alert(post.documents, id="again")
    other = save_alert(post.documents, watch_id="w2")

    assert post.sweep(NOW + MINUTE) == {"held": 1, "sent": 1}
    wanted = [AlertState.SENT, AlertState.HELD, AlertState.SENT]
    assert [stored(post.documents, one.id).state for one in (first, again, other)] == wanted


# ── budgets ──────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("person", "limits", "why"),
    [
        ({"segments_per_month": 1}, AT_ONCE, "over_budget_person"),
        ({}, structs.replace(AT_ONCE, segments_per_person=1), "over_budget_person"),
        (
            {"segments_per_month": 300},  # on a larger plan, which is over
            structs.replace(AT_ONCE, segments_per_person=1),
            "over_budget_person",
        ),
        ({}, structs.replace(AT_ONCE, segments_in_all=1), "over_budget"),
        (
            {"texts_granted": 5},
            structs.replace(AT_ONCE, segments_per_person=1, segments_in_all=1),
            "over_budget",
        ),
    ],
)
def test_texts_over_the_budget_go_by_email_with_the_reason(
    post: Post, person: dict[str, Any], limits: Limits, why: str
) -> None:
    save_person(post.documents, **person)
    post.limits = limits
    save_alert(post.documents)
    post.sweep()
    over = [save_alert(post.documents, watch_id=f"o{number}") for number in range(5)]

    assert post.sweep(NOW + MINUTE) == {"failed": 5, "sent": 5}

    assert {(one.state, one.why) for one in (stored(post.documents, one.id) for one in over)} == {
        (AlertState.FAILED, why)
    }
    ((_, letter),) = post.mailbox.sent
    assert "used up" in letter.text
    assert len(post.phone.sent) == tally(post.documents).segments == spent(post.documents) == 1


def test_next_month_there_are_texts_again(post: Post) -> None:
    post.limits = structs.replace(AT_ONCE, segments_in_all=1, segments_per_person=1)
    save_alert(post.documents)
    post.sweep()
    next_month = NOW + timedelta(days=31)
    save_alert(post.documents, watch_id="w2", created_at=next_month, due_at=next_month)

    assert post.sweep(next_month) == {"sent": 1}
    assert len(post.phone.sent) == 2


def test_a_test_waits_for_no_cap_and_counts_as_spent_like_any_text(post: Post) -> None:
    post.limits = structs.replace(AT_ONCE, per_day=0)
    save_alert(post.documents, news=replace(NEWS, reason=Reason.TEST))

    assert post.sweep() == {"sent": 1}
    assert tally(post.documents).segments == spent(post.documents) == 1
    assert tally(post.documents).latest is None, "an answer without a code is about no test"


@pytest.mark.parametrize(
    ("limits", "why"),
    [({"segments_in_all": 0}, "over_budget"), ({"segments_per_person": 0}, "over_budget_person")],
)
def test_a_test_is_not_sent_once_the_texts_are_used_up(post: Post, limits: dict[str, int], why: str) -> None:
    post.limits = structs.replace(AT_ONCE, **limits)
    asked = trial("u1", Channel.SMS, NOW)
    post.documents.commit(alerts.creation(asked))

    assert post.sweep() == {"failed": 1}
    assert stored(post.documents, asked.id).why == why
    assert post.phone.sent == post.mailbox.sent == []


def test_the_operators_own_test_goes_whatever_was_spent(post: Post) -> None:
    post.limits = structs.replace(AT_ONCE, segments_in_all=0, segments_per_person=0, per_day=0)
    post.documents.commit(alerts.creation(trial("u1", Channel.SMS, NOW, UNCAPPED)))

    assert post.sweep() == {"sent": 1}


def test_an_email_costs_no_segments(post: Post) -> None:
    post.limits = structs.replace(AT_ONCE, segments_in_all=0, segments_per_person=0)
    save_alert(post.documents, Channel.EMAIL)

    assert post.sweep() == {"sent": 1}
    assert (tally(post.documents).segments, spent(post.documents)) == (0, 0)


@pytest.mark.parametrize("error", [NotifierUnavailableError("20429"), NotifierUnavailableError("reset")])
def test_a_text_that_is_tried_twice_is_counted_once(post: Post, error: NotifierError) -> None:
    alert = save_alert(post.documents)
    post.phone.raises(error)
    post.sweep()
    post.phone.before = None
    post.sweep(NOW + MINUTE)

    told = stored(post.documents, alert.id)
    assert (told.state, told.attempts, told.segments) == (AlertState.SENT, 2, 1)
    assert tally(post.documents).segments == spent(post.documents) == 1
    assert outbox.LEASES[Channel.SMS] < MINUTE


# ── what was tried before, and is old by now ─────────────────────────────────────────────────────────────


def a_text_put_back_over_night(post: Post) -> Alert:
    """Twilio was busy a moment before the quiet hours began."""
    night = {"from": "22:00", "to": "07:00"}
    save_person(post.documents, timezone="UTC", quiet_hours=night)
    just_before = NOW.replace(hour=21, minute=59, second=50)
    news = replace(NEWS, observed_at=just_before, target_id=TARGET.id)
    alert = save_alert(post.documents, news=news, created_at=just_before, due_at=just_before)
    post.phone.raises(NotifierUnavailableError("20429"))
    assert post.deliver(alert, just_before) is Outcome.PUT_BACK
    post.phone.before = None
    assert post.sweep(just_before + MINUTE) == {"held": 1}
    held = stored(post.documents, alert.id)
    assert (held.state, held.why, held.due_at) == (
        AlertState.HELD,
        "quiet_hours",
        NEXT_MORNING.replace(hour=7),
    )
    return alert


def test_a_text_that_was_tried_before_the_night_says_in_the_morning_what_is_true_now(post: Post) -> None:
    save_watch(post.documents)
    a_text_put_back_over_night(post)
    save_price(post.documents, 8400, 9700, at=NEXT_MORNING - MINUTE)

    assert post.sweep(NEXT_MORNING) == {"sent": 1}
    ((_, message),) = post.phone.sent
    assert message.text.startswith("At 21:59 $84 all-in (was $112), now $97: ")


def test_a_text_that_was_tried_before_the_night_is_not_sent_for_a_watch_that_was_deleted(post: Post) -> None:
    a_text_put_back_over_night(post)
    save_watch(post.documents, deleted_at=NOW)

    assert post.sweep(NEXT_MORNING) == {"failed": 1}
    assert post.phone.sent == post.mailbox.sent == []


def test_a_copy_that_is_made_much_later_says_what_is_true_by_then(post: Post) -> None:
    """A look at the vendor's list may find out a day later that a text did not arrive."""
    save_watch(post.documents)
    save_price(post.documents, 8400, 9700)
    later = NOW + 20 * HOUR
    late = {"created_at": later, "due_at": later, "news": replace(NEWS, target_id=TARGET.id)}
    save_alert(post.documents, Channel.EMAIL, copy_of="a1", copy_why="30003", **late)

    assert post.sweep(later) == {"sent": 1}
    ((_, letter),) = post.mailbox.sent
    assert "now $97" in letter.text


def test_every_watch_of_a_message_is_known_by_its_own_code_also_in_its_copy(post: Post) -> None:
    told = save_alerts(post.documents, 3)
    post.phone.raises(NotifierRejectedError("30007"))
    assert post.sweep()["failed"] == 3

    lead = stored(post.documents, told[0].id)
    (copy,) = copies(post.documents)
    assert lead.more_codes == copy.more_codes == tuple(one.code for one in told[1:])
    assert lead.more_alerts == copy.more_alerts == tuple(one.id for one in told[1:])
