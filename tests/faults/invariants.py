"""What must hold after a run, whatever the vendors did and whoever died: the delivery promise, as questions.

Asked of three witnesses that know nothing of each other: the outbox, what Twilio accepted, what the mail
server took. An answer is a sentence that names the alert.
"""

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime

from notifiers import outbox, spend, tallies
from notifiers.reconcile import Difference, Reconciled
from notifiers.twilio.codes import state_of
from notifiers.words.gsm import segments
from tests.faults.scenario import Scenario
from tests.faults.vendors import Mail, Twilio, alert_of
from tests.twilio_server import Text
from watchers import alerts
from watchers.documents import Documents, Query
from watchers.kinds import Channel
from watchers.models import Alert, AlertState

SETTLED = outbox.FINAL | {AlertState.SENT, AlertState.UNCERTAIN}
_PRICE, _MORE = re.compile(r"\$(\d+)"), re.compile(r"\b(\d+) more\b")
_ACCEPTED = (AlertState.SENT, AlertState.DELIVERED, AlertState.UNDELIVERED)


@dataclass(frozen=True)
class Evidence:
    """What the witnesses say once nothing is due any more."""

    scenario: Scenario
    outbox: Mapping[str, Alert]
    texts: tuple[Text, ...]
    letters: tuple[tuple[str, str], ...]  # the alert of its Message-ID, and its words
    segments: Mapping[str, int]  # counted, by uid
    spent: int

    def bundle(self, alert: Alert) -> list[Alert]:
        """The alert that leads, and its riders."""
        lead = self.outbox[alert.rides_with] if alert.rides_with else alert
        return [lead, *(self.outbox[rider] for rider in lead.riders)]

    def told_by(self, alert: Alert) -> set[int]:
        """The numbers of the news that its message tells, the riders' too."""
        return {number for one in self.bundle(alert) for number in self._own(one)}

    def _own(self, alert: Alert) -> set[int]:
        return self.told_by(self.outbox[alert.copy_of]) if alert.copy_of else {(alert.news.price or 0) // 100}

    def is_told(self, alert: Alert) -> bool:
        """Whether the person was told on its channel, or by whatever stands in for it."""
        lead, *_ = self.bundle(alert)
        if any(self.is_told(copy) for copy in self.outbox.values() if copy.copy_of == lead.id):
            return True
        match lead.channel:
            case Channel.SMS:
                texts = [text for text in self.texts if alert_of(text) == lead.id]
                return any(state_of(text.status) is not AlertState.UNDELIVERED for text in texts)
            case Channel.EMAIL:
                return any(identity == lead.id for identity, _ in self.letters)
        return True  # stored is told

    def siblings(self, alert: Alert) -> Iterator[Alert]:
        """The same decision on other channels."""
        for other in self.outbox.values():
            if other.watch_id == alert.watch_id and not other.copy_of and other.id != alert.id:
                yield other


def gathered(scenario: Scenario, documents: Documents, twilio: Twilio, mail: Mail, now: datetime) -> Evidence:
    """Ask the witnesses."""
    found = map(alerts.from_document, documents.find(Query(alerts.COLLECTION)))
    counted = {
        someone.uid: tallies.from_document(someone.uid, documents.get(tallies.path(someone.uid))).segments
        for someone in scenario.people
    }
    letters = (
        (
            str(letter["Message-ID"]).strip("<>").partition("@")[0],
            letter.get_body(("plain",)).get_content(),  # type: ignore[union-attr]
        )
        for letter in list(mail.letters)
    )
    return Evidence(
        scenario,
        {alert.id: alert for alert in found},
        tuple(twilio.texts),
        tuple(letters),
        counted,
        spend.spent(documents, now),
    )


def violations(seen: Evidence) -> list[str]:
    """Every promise that was not kept; none is what is wanted."""
    asked = (_doubled, _wrongly_worded, _lost, _unsettled, _unheard, _unexplained, _uncounted)
    return [sentence for question in asked for sentence in question(seen)]


def _doubled(seen: Evidence) -> Iterator[str]:
    texts = Counter(number for text in seen.texts for number in seen.told_by(_lead(seen, text)))
    yield from (f"{count} texts tell of {number}" for number, count in texts.items() if count > 1)
    letters: dict[str, set[str]] = defaultdict(set)
    for identity, _ in seen.letters:
        for one in seen.bundle(seen.outbox[identity]):
            letters[one.id].add(identity)
    for alert, identities in letters.items():
        if len(identities) > 1:  # a mailbox cannot tell that they are the same
            yield f"{alert[:6]} was told in letters of {len(identities)} Message-IDs"


def _wrongly_worded(seen: Evidence) -> Iterator[str]:
    """A message names or counts exactly what the outbox says that it tells."""
    for text in seen.texts:
        lead = _lead(seen, text)
        if f"/{lead.code}" not in text.fields["Body"]:
            yield f"a text for {lead.id[:6]} has another code"
        yield from _worded(f"text for {lead.id[:6]}", text.fields["Body"], seen.told_by(lead))
    for identity, words in seen.letters:
        yield from _worded(f"letter for {identity[:6]}", words, seen.told_by(seen.outbox[identity]))


def _worded(which: str, words: str, wanted: set[int]) -> Iterator[str]:
    named = set(map(int, _PRICE.findall(words)))
    counted = len(named) + sum(map(int, _MORE.findall(words)))
    if named - wanted or counted != len(wanted):
        yield f"the {which} tells of {sorted(named)}, {counted} in all, and not of {sorted(wanted)}"


def _lost(seen: Evidence) -> Iterator[str]:
    for alert in _originals(seen):
        if not any(map(seen.is_told, (alert, *seen.siblings(alert)))):
            yield f"nobody was told of {alert.news.price} ({alert.channel} {alert.id[:6]}, {alert.state})"
    made = {(alert.news.price or 0) // 100 for alert in _originals(seen)}
    yield from (
        f"{told.number} is not in the outbox" for told in seen.scenario.told if told.number + 10 not in made
    )


def _unsettled(seen: Evidence) -> Iterator[str]:
    for alert in seen.outbox.values():
        lead, *_ = seen.bundle(alert)
        if alert.due_at is not None or alert.state not in SETTLED:
            yield f"{alert.id[:6]} is {alert.state}, due {alert.due_at}"
        if alert.state is not lead.state:
            yield f"{alert.id[:6]} is {alert.state} and rides with {lead.id[:6]}, which is {lead.state}"


def _unheard(seen: Evidence) -> Iterator[str]:
    """What Twilio has told of a text is what the outbox says of it: final states are final."""
    for text in seen.texts:
        told, alert = state_of(text.status), _lead(seen, text)
        if told is not AlertState.SENT and alert.state is not told:
            yield f"{alert.id[:6]} is {alert.state}, and Twilio has told that it is {told}"


def _unexplained(seen: Evidence) -> Iterator[str]:
    for alert in seen.outbox.values():
        if alert.state is not AlertState.UNCERTAIN or alert.rides_with:
            continue
        if not alert.why:
            yield f"{alert.id[:6]} is uncertain, and nothing says why"
        if not explained_by(seen, alert):
            yield f"{alert.id[:6]} is uncertain ({alert.why}), and nobody else tells it"


def explained_by(seen: Evidence, alert: Alert) -> str:
    """Who tells what an uncertain one perhaps did not: "" for nobody."""
    copies = [one for one in seen.outbox.values() if one.copy_of == alert.id]
    if told := [copy for copy in copies if seen.is_told(copy)]:
        return f"a copy by {told[0].channel}"
    for one in seen.bundle(alert):
        if not any(map(seen.is_told, seen.siblings(one))):
            return ""
    return "the same alert by another channel"


def _uncounted(seen: Evidence) -> Iterator[str]:
    used = Counter[str]()
    for text in seen.texts:
        used[_lead(seen, text).uid] += segments(text.fields["Body"])
    settings = dict(seen.scenario.settings)
    for uid, count in used.items():
        if seen.segments[uid] < count:
            yield f"{uid} was texted {count} segments and {seen.segments[uid]} were counted"
        if count > int(settings.get("SMS_SEGMENTS_PER_PERSON", 100)):
            yield f"{uid} was texted {count} segments, which is over the budget"
    if seen.spent < used.total():
        yield f"{used.total()} segments were sent and {seen.spent} were counted"
    if used.total() > int(settings.get("SMS_SEGMENTS_PER_MONTH", 1000)):
        yield f"{used.total()} segments were sent, which is over the budget"


def misreported(seen: Evidence, reconciled: Reconciled) -> list[str]:
    """Differences that were reported and are none, and those that are and were not; before any is mended."""
    found = Counter((str(one.difference), one.alert) for one in reconciled.findings)
    wanted = Counter(_differences(seen))
    return [
        *(f"reconcile reports {kind} of {alert[:6]}" for kind, alert in found - wanted),
        *(f"reconcile does not report {kind} of {alert[:6]}" for kind, alert in wanted - found),
    ]


def _differences(seen: Evidence) -> Iterator[tuple[str, str]]:
    for alert in seen.outbox.values():
        if alert.channel is not Channel.SMS or alert.rides_with or alert.attempted_at is None:
            continue
        listed = [text for text in seen.texts if alert_of(text) == alert.id and text.listed]
        said = {state_of(text.status) for text in listed}
        if not said and alert.receipt:
            yield Difference.NOT_LISTED, alert.id
        elif said and alert.state not in said:
            if alert.state not in outbox.FINAL:
                yield Difference.LEARNED, alert.id
            elif alert.state is AlertState.FAILED or said != {AlertState.SENT}:
                yield Difference.CONTRADICTED, alert.id


def unlisted(seen: Evidence) -> Iterator[str]:
    """Alerts that say they were accepted, and were not: the list does not even lie about them."""
    sent_for = {alert_of(text) for text in seen.texts}
    for alert in seen.outbox.values():
        leads_a_text = alert.channel is Channel.SMS and not alert.rides_with
        if leads_a_text and alert.state in _ACCEPTED and alert.id not in sent_for:
            yield f"{alert.id[:6]} is {alert.state}, and Twilio never had it"


def leaks(logs: Iterable[str], secrets: Iterable[str]) -> list[str]:
    """What was written down and must not be."""
    known = list(secrets)
    lines = [line for log in logs for line in log.splitlines()]
    return [
        f"a log line holds {secret!r}: {line[:400]}" for line in lines for secret in known if secret in line
    ]


def _originals(seen: Evidence) -> list[Alert]:
    return [alert for alert in seen.outbox.values() if not alert.copy_of]


def _lead(seen: Evidence, text: Text) -> Alert:
    return seen.outbox[alert_of(text)]
