"""What was told together is one entry: over all channels of a step, and over all steps of a message."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from tests.web.kit import news_of
from watchers.kinds import Channel
from watchers.models import Alert, AlertState
from web import alert_lines
from web.alert_lines import AlertEntry
from web.deliveries import Clock

NOW = datetime(2026, 11, 20, 17, 0, tzinfo=UTC)
EARLIER = NOW - timedelta(minutes=5)


def test_all_channels_of_a_step_and_what_stands_in_for_them_are_one_entry() -> None:
    text = _alert("K7Q2ABCD", state=AlertState.FAILED, why="30007")
    push = _alert("K7Q2ABCD", Channel.PUSH, state=AlertState.UNCERTAIN, settled_at=EARLIER, why="no_answer")
    app = _alert("K7Q2ABCD", Channel.APP)
    copy = _alert("K7Q2ABCD", Channel.EMAIL, copy_of=text.id, created_at=NOW)

    (entry,) = _entries(copy, app, push, text)

    assert entry.deliveries == (
        "Text not sent",
        "Push message perhaps sent: not confirmed",
        "On this page",
        "E-mail (instead of the text) sent 16:55:00",
    )
    assert [sentence.split()[1] for sentence in entry.trouble] == ["text", "could"]
    assert len(entry.parts) == 1
    assert entry.parts[0].trouble == entry.parts[0].deliveries == ()


def test_a_fail_over_copy_here_says_what_it_stands_in_for_and_is_new() -> None:
    email = _alert("K7Q2ABCD", Channel.EMAIL, state=AlertState.FAILED, why="550")
    copy = _alert("K7Q2ABCD", Channel.APP, copy_of=email.id, also=(Channel.SMS, Channel.EMAIL))

    (entry,) = _entries(email, copy)
    (alone,) = _entries(copy)

    assert entry.deliveries == ("E-mail not sent", "On this page (instead of the e-mail)")
    assert alone.deliveries == ("On this page (instead of the e-mail)",)
    assert entry.is_new
    assert alone.is_new


@pytest.mark.parametrize(("text", "is_new"), [(AlertState.DELIVERED, False), (AlertState.UNDELIVERED, True)])
def test_a_copy_here_of_what_reached_the_person_anyway_is_not_called_new(
    text: AlertState, *, is_new: bool
) -> None:
    told = _alert("K7Q2ABCD", state=text)
    email = _alert("K7Q2ABCD", Channel.EMAIL, state=AlertState.FAILED, why="no_verified_email")
    copy = _alert("K7Q2ABCD", Channel.APP, copy_of=email.id, also=(Channel.SMS, Channel.EMAIL))

    (entry,) = _entries(told, email, copy)

    assert entry.is_new is is_new


def test_steps_that_went_out_in_one_message_are_one_entry_with_its_parts() -> None:
    lead, *riders = _group("MMMMMMMM", "BBBBBBBB", "CCCCCCCC")

    (entry,) = _entries(*riders, lead)

    assert [part.code for part in entry.parts] == ["MMMMMMMM", "BBBBBBBB", "CCCCCCCC"]
    assert [part.name for part in entry.parts] == ["MMMMMMMM", "BBBBBBBB", "CCCCCCCC"]
    assert entry.deliveries == ("Text delivered 16:55:00",)
    assert [part.deliveries for part in entry.parts] == [(), (), ()]
    assert not entry.is_new


def test_what_only_one_part_of_a_message_went_through_is_said_beside_it() -> None:
    group = _group("AAAAAAAA", "BBBBBBBB")
    here = [_alert(code, Channel.APP) for code in ("AAAAAAAA", "BBBBBBBB")]
    failed = _alert("BBBBBBBB", Channel.PUSH, state=AlertState.FAILED, why="404")

    (entry,) = _entries(*group, *here, failed)

    assert entry.deliveries == ("Text delivered 16:55:00", "On this page")
    assert [part.deliveries for part in entry.parts] == [(), ("Push message not sent",)]
    assert [len(part.trouble) for part in entry.parts] == [0, 1]
    assert entry.trouble == ()
    assert [part.is_new for part in entry.parts] == [True, True]


def test_messages_that_share_a_step_are_one_entry() -> None:
    texts = _group("AAAAAAAA", "BBBBBBBB")
    letters = _group("CCCCCCCC", "BBBBBBBB", channel=Channel.EMAIL)

    (entry,) = _entries(*texts, *letters)

    assert {part.code for part in entry.parts} == {"AAAAAAAA", "BBBBBBBB", "CCCCCCCC"}
    assert len(entry.deliveries) == 2


def test_a_copy_of_a_whole_message_makes_all_its_parts_new() -> None:
    lead, rider = _group("AAAAAAAA", "BBBBBBBB", state=AlertState.UNDELIVERED, why="30003")
    copy = _alert("AAAAAAAA", Channel.APP, copy_of=lead.id, more=(rider.news,), also=(Channel.SMS,))

    (entry,) = _entries(lead, rider, copy)

    assert entry.deliveries == ("Text not delivered", "On this page (instead of the text)")
    assert len(entry.trouble) == 1
    assert [part.trouble for part in entry.parts] == [(), ()]
    assert [part.is_new for part in entry.parts] == [True, True]


def test_news_that_waited_says_what_it_is_now_in_every_part() -> None:
    late: dict[str, Any] = {"now_at": NOW, "now_price": 8800, "observed_at": NOW - timedelta(hours=4)}
    lead, rider = _group("AAAAAAAA", "BBBBBBBB", more=(news_of(**late),))

    (entry,) = _entries(lead, rider)

    assert entry.parts[1].headline == "At 13:00 $84 face (was $112), now $88"


def test_what_a_later_channel_found_out_is_said_too() -> None:
    held = replace(
        _alert("K7Q2ABCD", Channel.EMAIL),
        news=news_of(now_at=NOW, now_price=8400, observed_at=NOW - timedelta(hours=4)),
    )

    (entry,) = _entries(_alert("K7Q2ABCD"), held)

    assert entry.parts[0].headline == "At 13:00 $84 face (was $112), still $84"


def test_a_rider_whose_message_is_not_among_them_stands_alone() -> None:
    _, rider = _group("AAAAAAAA", "BBBBBBBB")

    (entry,) = _entries(rider)

    assert entry.deliveries == ("Text delivered 16:55:00",)


def test_only_the_latest_are_shown_and_whatever_is_new_or_waits() -> None:
    many = [_alert(f"A{at:07}", created_at=EARLIER - timedelta(minutes=at)) for at in range(30)]
    fresh = _alert("NNNNNNNN", Channel.APP, created_at=EARLIER - timedelta(days=2))
    held: dict[str, Any] = {"state": AlertState.HELD, "due_at": NOW + timedelta(hours=1), "why": "snoozed"}
    waiting = _alert("WWWWWWWW", created_at=EARLIER - timedelta(days=3), settled_at=None, **held)

    found = _entries(waiting, fresh, *reversed(many))

    codes = [entry.parts[0].code for entry in found]
    assert codes == [*(alert.code for alert in many[:20]), "NNNNNNNN", "WWWWWWWW"]
    assert [entry.is_waiting for entry in found[-2:]] == [False, True]


def test_what_was_read_is_not_new() -> None:
    (entry,) = _entries(_alert("K7Q2ABCD", Channel.APP, seen_at=NOW))
    assert not entry.is_new


def _entries(*alerts: Alert) -> list[AlertEntry]:
    return alert_lines.entries(alerts, Clock(NOW, ZoneInfo("UTC")))


def _group(
    code: str, *others: str, channel: Channel = Channel.SMS, more: Any = (), **changes: Any
) -> list[Alert]:
    """A message: the alert that leads, and those that ride with it."""
    fate = {"state": AlertState.DELIVERED, **changes}
    riders = [_alert(other, channel, rides_with=f"{code}-{channel}", **fate) for other in others]
    told = more or tuple(rider.news for rider in riders)
    ids = tuple(rider.id for rider in riders)
    return [_alert(code, channel, riders=ids, more=told, **fate), *riders]


def test_when_an_event_is_reads_as_on_the_card_of_its_watch() -> None:
    at = datetime(2027, 1, 9, 19, 30, tzinfo=UTC)
    berlin, chicago = ZoneInfo("Europe/Berlin"), ZoneInfo("America/Chicago")
    for starts_at, said in (
        (at, "Sat 9 Jan 2027 20:30 (your time), Arena"),
        (at.astimezone(chicago), "Sat 9 Jan 2027 13:30 (local time), Arena"),
    ):
        alert = replace(_alert("K7Q2ABCD"), news=news_of(starts_at=starts_at))
        (entry,) = alert_lines.entries([alert], Clock(NOW, berlin))
        assert entry.parts[0].about == said


def _alert(code: str, channel: Channel = Channel.SMS, **changes: Any) -> Alert:
    made: dict[str, Any] = {"created_at": EARLIER, "settled_at": EARLIER, "state": AlertState.SENT, **changes}
    news = news_of(event_name=code)
    identity = f"{code}-{channel}" + ("-copy" if "copy_of" in made else "")
    return Alert(id=identity, uid="ann", watch_id="w1", channel=channel, code=code, news=news, **made)
