"""How an alert is on its way, in words: each state of the outbox, and why it waits."""

from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from tests.web.kit import news_of
from watchers.kinds import Channel
from watchers.models import Alert, AlertState
from web import deliveries
from web.deliveries import Clock

NOW = datetime(2026, 11, 20, 17, 0, tzinfo=UTC)
CLOCK = Clock(NOW, ZoneInfo("America/New_York"))  # where it is noon
MORNING = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
MONDAY = datetime(2026, 11, 23, 13, 0, tzinfo=UTC)
EARLIER = datetime(2026, 11, 20, 15, 40, 9, tzinfo=UTC)

SAID: list[tuple[str, dict[str, Any]]] = [
    ("Text is about to be sent", {"state": "pending", "due_at": NOW}),
    ("Text is tried again soon", {"state": "pending", "attempts": 1, "due_at": NOW + timedelta(seconds=30)}),
    (
        "Text is tried again at 12:05",
        {"state": "pending", "attempts": 1, "due_at": NOW + timedelta(minutes=5), "why": "20429"},
    ),
    (
        "Text waits until 07:00: quiet hours",
        {"state": "pending", "attempts": 1, "due_at": MORNING, "why": "quiet_hours"},
    ),
    ("Text waits until 07:00: quiet hours", {"state": "held", "due_at": MORNING, "why": "quiet_hours"}),
    ("Text waits until 23 Nov 08:00: snoozed", {"state": "held", "due_at": MONDAY, "why": "snoozed"}),
    ("Text comes in the digest of 23 Nov 08:00", {"state": "held", "due_at": MONDAY, "why": "digest"}),
    (
        "Text comes in the digest of 07:00: the limit of messages a day was reached",
        {"state": "held", "due_at": MORNING, "why": "cap"},
    ),
    ("Text waits until 07:00", {"state": "held", "due_at": MORNING, "why": "full"}),
    ("Text is about to be sent", {"state": "held", "due_at": EARLIER, "why": "quiet_hours"}),
    ("Text is being sent", {"state": "sending", "due_at": NOW}),
    ("Text sent 10:40:09", {"state": "sent", "settled_at": EARLIER}),
    ("Text delivered 10:40:09", {"state": "delivered", "settled_at": EARLIER}),
    (
        "Text delivered 19 Nov 10:40:09",
        {"state": "delivered", "settled_at": EARLIER - timedelta(days=1)},
    ),
    ("Text not delivered", {"state": "undelivered", "settled_at": EARLIER, "why": "30003"}),
    ("Text not sent", {"state": "failed", "settled_at": EARLIER, "why": "21211"}),
    (
        "Text not sent, because the watch was paused",
        {"state": "failed", "settled_at": EARLIER, "why": "paused"},
    ),
    ("Text perhaps sent: we are finding out", {"state": "uncertain", "due_at": NOW, "why": "no_answer"}),
    ("Text perhaps sent: not confirmed", {"state": "uncertain", "settled_at": EARLIER, "why": "no_answer"}),
    ("Push message sent 10:40:09", {"state": "sent", "channel": Channel.PUSH, "settled_at": EARLIER}),
    ("On this page", {"state": "sent", "channel": Channel.APP, "settled_at": EARLIER}),
    (
        "E-mail (instead of the push message) sent 10:40:09",
        {
            "state": "sent",
            "channel": Channel.EMAIL,
            "settled_at": EARLIER,
            "copy_of": "other",
            "also": (Channel.SMS, Channel.PUSH),
        },
    ),
]


@pytest.mark.parametrize(("said", "changes"), SAID, ids=[said for said, _ in SAID])
def test_a_state_is_said_with_its_time_on_the_persons_clock(said: str, changes: dict[str, Any]) -> None:
    assert deliveries.delivery(_alert(**changes), CLOCK) == said


@pytest.mark.parametrize("channel", Channel)
@pytest.mark.parametrize("state", AlertState)
def test_every_state_of_every_channel_has_words(channel: Channel, state: AlertState) -> None:
    for settled_at in (None, EARLIER):
        alert = _alert(channel=channel, state=state, settled_at=settled_at, copy_of="x", also=(channel,))
        assert deliveries.delivery(alert, CLOCK)


def test_only_what_went_wrong_is_trouble() -> None:
    lost = {"state": "uncertain", "why": "no_answer"}
    assert deliveries.trouble(_alert(**lost), "K7Q2ABCD") is None
    assert "could not confirm that the text about this (#K7Q2)" in str(
        deliveries.trouble(_alert(**lost, settled_at=EARLIER), "K7Q2ABCD")
    )
    assert deliveries.trouble(_alert(state="failed", why="ended"), "K7Q2ABCD") is None
    assert deliveries.trouble(_alert(state="delivered"), "K7Q2ABCD") is None
    refused = deliveries.trouble(_alert(state="undelivered", why="30003"), "K7Q2ABCD")
    assert "your phone could not be reached" in str(refused)
    push = deliveries.trouble(_alert(state="failed", why="404", channel=Channel.PUSH), "K7Q2ABCD")
    assert str(push).startswith("The push message about this (#K7Q2) could not be delivered: ")


def _alert(**changes: Any) -> Alert:
    made: dict[str, Any] = {"channel": Channel.SMS, "news": news_of(), "created_at": EARLIER, **changes}
    made["state"] = AlertState(made["state"])
    return Alert(id="a", uid="ann", watch_id="w1", code="K7Q2ABCD", **made)


def test_what_goes_out_later_waits_whatever_the_page_shows_already() -> None:
    page = _alert(channel=Channel.APP, state="sent", settled_at=EARLIER)
    held = _alert(state="held", due_at=MORNING, why="quiet_hours")
    sent = _alert(channel=Channel.EMAIL, state="sent", settled_at=EARLIER)
    assert deliveries.waiting([page, held], NOW) == {held.code: MORNING}
    assert deliveries.waiting([page, held, sent], NOW) == {}
    assert deliveries.waiting([held], MORNING) == {}
