"""Compare the outbox with the vendor's own list: every difference is said, and mended where it can be.

Callbacks get lost and processes die; the vendor's list does not. Once a day (and whenever an operator asks)
each text of the outbox is held against it, both ways.
"""

import logging
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from notifiers import outbox
from notifiers.base import Report, Traceable
from notifiers.learning import learn
from notifiers.means import Means
from notifiers.parcels import Outcome
from notifiers.sending import says
from notifiers.twilio import verify
from watchers import alerts
from watchers.documents import Document, Documents, Query
from watchers.kinds import Channel
from watchers.models import Alert, AlertState

log = logging.getLogger(__name__)

SETTLED_BY = timedelta(minutes=5)  # what was attempted since then may still be on its way
A_DAY_AND_MORE = timedelta(hours=26)  # what was too fresh the day before is looked at again
_PAGE = 2_000  # alerts in one question
_LATER_THAN_SENT = frozenset({AlertState.DELIVERED, AlertState.UNDELIVERED})  # the list may lag behind
_NOTHING_NEW = frozenset({Outcome.NOT_DUE, Outcome.OVERTAKEN, Outcome.MISSING})  # it moved while we looked


class Difference(StrEnum):
    """How the outbox and the list disagree."""

    LEARNED = "learned"  # the list knew more; now the outbox does too
    NOT_LISTED = "not_listed"  # the outbox says it was accepted, and the list does not have it
    NOT_OURS = "not_ours"  # the list has a text that no alert knows
    DOUBLED = "doubled"  # two texts for one alert
    CONTRADICTED = "contradicted"  # both are final, and differ


@dataclass(frozen=True, slots=True)
class Finding:
    """One difference. Ids and states only."""

    difference: Difference
    alert: str
    receipt: str
    outbox: str
    listed: str

    def to_json(self) -> dict[str, str]:
        """For the log, a script, an answer."""
        return {
            "difference": str(self.difference),
            "alert": self.alert,
            "receipt": self.receipt,
            "outbox": self.outbox,
            "listed": self.listed,
        }


@dataclass(frozen=True, slots=True)
class Reconciled:
    """What was compared, and what did not agree.

    Attributes:
        texts: Texts of the outbox that were attempted in the period, without the last five minutes.
        listed: Texts of the list, of the same time or matched with one of those.
        findings: Every difference.
    """

    texts: int
    listed: int
    findings: tuple[Finding, ...]

    def to_json(self) -> dict[str, object]:
        """For a script, an answer."""
        return {
            "texts": self.texts,
            "listed": self.listed,
            "differences": dict(Counter(str(one.difference) for one in self.findings)),
            "findings": [one.to_json() for one in self.findings],
        }


@dataclass(frozen=True, slots=True)
class _Span:
    """The time whose texts are compared."""

    begins: datetime
    ends: datetime

    def __contains__(self, at: datetime | None) -> bool:
        return at is not None and self.begins <= at <= self.ends


def reconcile(means: Means, *, now: datetime, period: timedelta = A_DAY_AND_MORE) -> Reconciled:
    """Compare the texts of the last ``period``.

    Raises:
        NotifierUnavailableError: the list cannot be had, or not whole; nothing was compared.
        StoreError: the database failed; repeating it is harmless.
    """
    notifier = means.notifiers.get(Channel.SMS)
    if not isinstance(notifier, Traceable):
        return Reconciled(0, 0, ())
    settled = _Span(now - period, now - SETTLED_BY)
    since = settled.begins - SETTLED_BY  # of what lies at an edge, the other may know a moment earlier
    listed, known = list(notifier.accepted(since)), list(_texts(means, since))
    matched = _matched(known, listed)
    texts = [alert for alert in known if alert.attempted_at in settled]
    compared = _compared_with(texts, matched, listed, settled)
    findings = [*_differences(texts, matched, means, now), *_strangers(listed, matched, settled)]
    for finding in findings:
        log.warning("reconcile.difference", extra=finding.to_json())
    log.info("reconcile.done", extra={"texts": len(texts), "listed": compared, "differences": len(findings)})
    return Reconciled(len(texts), compared, tuple(findings))


def _texts(means: Means, since: datetime) -> Iterator[Alert]:
    """Alerts that were handed to the vendor; those that ride with another are in that one's text.

    What Verify texts is in no list of ours.
    """
    for document in _attempted(means.documents, since):
        try:
            alert = alerts.from_document(document)
        except outbox.UNREADABLE:
            log.warning("alert.unreadable", extra={"alert": document.id})
            continue
        if alert.channel is Channel.SMS and alert.rides_with is None and not verify.is_receipt(alert.receipt):
            yield alert


def _attempted(documents: Documents, since: datetime) -> Iterator[Document]:
    """Every alert attempted since then, page by page; each once, also when it moves meanwhile."""
    seen: set[str] = set()
    limit = _PAGE
    while True:
        found = documents.find(Query(alerts.COLLECTION, ("attempted_at",), ">=", since, limit))
        yield from (document for document in found if document.id not in seen)
        if len(found) < limit:
            return
        seen |= {document.id for document in found}
        last: datetime = found[-1].fields["attempted_at"]
        limit = 2 * limit if last == since else _PAGE  # a page of one moment alone would come again for ever
        since = last


def _matched(texts: Iterable[Alert], listed: Iterable[Report]) -> Mapping[str, list[Report]]:
    """By alert id, what the list has of it: by its receipt, or else by the code in its words."""
    found: dict[str, list[Report]] = defaultdict(list)
    by_receipt: dict[str, Alert] = {}
    by_code: dict[str, list[Alert]] = defaultdict(list)
    for alert in texts:
        by_code[alert.code[:4]].append(alert)
        if alert.receipt:
            by_receipt[alert.receipt] = alert
    for report in listed:
        if alert_of := by_receipt.get(report.receipt):
            found[alert_of.id].append(report)
            continue
        for shown in {word[1:5] for word in report.body.split() if word.startswith("#")}:
            for alert in by_code.get(shown, ()):
                if says(report.body, alert.code):
                    found[alert.id].append(report)
    return found


def _differences(
    texts: Iterable[Alert], matched: Mapping[str, list[Report]], means: Means, now: datetime
) -> Iterator[Finding]:
    for alert in texts:
        reports = matched.get(alert.id, [])
        if len({report.receipt for report in reports} | ({alert.receipt} - {None})) > 1:
            yield from (_finding(Difference.DOUBLED, alert, report) for report in reports)
        elif reports:
            yield from _compared(alert, reports[0], means, now)
        elif alert.receipt:
            yield _finding(Difference.NOT_LISTED, alert, None)


def _compared(alert: Alert, report: Report, means: Means, now: datetime) -> Iterator[Finding]:
    if alert.state is report.state or (alert.state in _LATER_THAN_SENT and report.state is AlertState.SENT):
        return
    if alert.state in outbox.FINAL:
        yield _finding(Difference.CONTRADICTED, alert, report)
    elif learn(alert.id, report, means, now=now) not in _NOTHING_NEW:
        yield _finding(Difference.LEARNED, alert, report)


def _strangers(
    listed: Iterable[Report], matched: Mapping[str, list[Report]], settled: _Span
) -> Iterator[Finding]:
    ours = {report.receipt for reports in matched.values() for report in reports}
    for report in listed:
        if report.receipt not in ours and _is_settled(report, settled):
            yield Finding(Difference.NOT_OURS, "", report.receipt, "", str(report.state))


def _compared_with(
    texts: Iterable[Alert], matched: Mapping[str, list[Report]], listed: Iterable[Report], settled: _Span
) -> int:
    """How many of the list were looked at: what is too fresh is left out there too."""
    theirs = {report.receipt for alert in texts for report in matched.get(alert.id, ())}
    return sum(report.receipt in theirs or _is_settled(report, settled) for report in listed)


def _is_settled(report: Report, settled: _Span) -> bool:
    return report.at is None or report.at in settled


def _finding(difference: Difference, alert: Alert, report: Report | None) -> Finding:
    receipt = report.receipt if report else alert.receipt or ""
    return Finding(difference, alert.id, receipt, str(alert.state), str(report.state) if report else "")
