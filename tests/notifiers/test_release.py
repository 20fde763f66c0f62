"""What waits for a reason that is gone goes; what waits for another one still waits."""

from datetime import timedelta
from typing import Any

from notifiers.outbox import LEASES
from notifiers.release import release
from tests.notifiers.kit import NOW, Post, save_alert, stored
from watchers.kinds import Channel
from watchers.models import AlertState

LATER = NOW + timedelta(hours=5)


def test_only_what_waits_for_such_a_reason_and_of_this_watch_becomes_due(post: Post) -> None:
    held: dict[str, Any] = {"state": AlertState.HELD, "due_at": LATER}
    meant = save_alert(post.documents, why="snoozed", **held)
    by_email = save_alert(post.documents, Channel.EMAIL, why="snoozed", **held)
    another = save_alert(post.documents, watch_id="w2", why="snoozed", **held)
    capped = save_alert(post.documents, watch_id="w3", why="cap", **held)
    somebody_elses = save_alert(post.documents, uid="u2", watch_id="w4", why="snoozed", **held)

    assert release(post.documents, "u1", {"snoozed"}, NOW, watch_ids={"w1"}) == 2

    due_at = [
        stored(post.documents, one.id).due_at for one in (meant, by_email, another, capped, somebody_elses)
    ]
    assert due_at == [NOW, NOW, LATER, LATER, LATER]


def test_of_many_watches_each_channel_is_asked_once(post: Post) -> None:
    held: dict[str, Any] = {"state": AlertState.HELD, "due_at": LATER, "why": "snoozed"}
    ids = {f"w{number}" for number in range(30)}
    for one in ids:
        save_alert(post.documents, watch_id=one, **held)
    before = post.documents.operations["reads"]

    assert release(post.documents, "u1", {"snoozed"}, NOW, watch_ids=ids) == 30

    assert post.documents.operations["reads"] - before == 30 + len(LEASES) - 1
    assert release(post.documents, "u1", {"snoozed"}, NOW, watch_ids=set()) == 0


def test_what_was_released_is_planned_anew(post: Post) -> None:
    alert = save_alert(post.documents, state=AlertState.HELD, due_at=LATER, why="quiet_hours")

    assert release(post.documents, "u1", {"quiet_hours", "digest"}, NOW) == 1
    assert post.sweep() == {"sent": 1}
    assert stored(post.documents, alert.id).state is AlertState.SENT


def test_what_was_released_early_was_kept_back_until_then(post: Post) -> None:
    held: dict[str, Any] = {"state": AlertState.HELD, "due_at": LATER, "held_until": LATER}
    alert = save_alert(post.documents, why="snoozed", **held)
    release(post.documents, "u1", {"snoozed"}, NOW)
    assert stored(post.documents, alert.id).held_until == NOW
