"""The database as a tick leaves it: people, their watches, and what they are to be told."""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta

from notifiers import outbox
from notifiers.outbox import Bundle
from tests.builders import watch
from tests.faults.scenario import EMAIL, Scenario, Someone, Told
from watchers import alerts
from watchers.documents import Documents, Put
from watchers.jobs import Job
from watchers.kinds import Channel
from watchers.models import Alert, News, Reason
from watchers.money import Basis
from watchers.places import Places

NOW = datetime(2026, 6, 1, 12, 0, tzinfo=UTC)


def fill(documents: Documents, scenario: Scenario) -> list[Alert]:
    """Write it; all alerts that a tick created."""
    documents.commit(*map(_person, scenario.people))
    jobs = [Job(f"w{told.number}", told.uid, watch(), "r1", NOW, {}) for told in scenario.told]
    documents.commit(*(Put(Places().job(job.watch_id), job.fields()) for job in jobs))
    made = [_alert(told, channel) for told in scenario.told for channel in told.channels]
    documents.commit(*map(alerts.creation, made))
    _refuse(documents, (_alert(told, told.channels[0]) for told in scenario.told if told.failed))
    return made


def _person(someone: Someone) -> Put:
    known: dict[str, object] = {"timezone": "America/New_York"}
    if someone.phone:
        known |= {"phone": someone.phone, "phone_verified_at": NOW}
    if someone.address:
        known |= {"email": someone.address, "email_verified_at": NOW}
    return Put(f"people/{someone.uid}", {**known, **someone.wishes})


def _refuse(documents: Documents, made: Iterable[Alert]) -> None:
    for alert in made:
        standing = outbox.load(documents, alert.id)
        assert standing
        outbox.commit(documents, [[outbox.failed(Bundle(standing), "21612", NOW, EMAIL)]])


def _alert(told: Told, channel: Channel) -> Alert:
    identity = alerts.alert_id(f"w{told.number}", "r1", "e1", 1, channel)
    created_at = NOW + timedelta(milliseconds=told.number)
    return Alert(
        id=identity,
        uid=told.uid,
        watch_id=f"w{told.number}",
        channel=channel,
        code=alerts.alert_code(identity),
        news=News(
            reason=Reason.BELOW_LIMIT,
            watch_name=f"Gala {told.number}",
            provider="ticketmaster",
            event_name=f"Gala {told.number}",
            starts_at=NOW + timedelta(days=10 + told.number),
            basis=Basis.ALL_IN,
            currency="USD",
            price=100 * (told.number + 10),
            observed_at=NOW,
        ),
        created_at=created_at,
        also=tuple(other for other in told.channels if other is not channel),
        **alerts.arriving(channel, created_at),
    )
