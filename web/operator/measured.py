"""``/metrics`` for Prometheus: the same facts as the status page, and the requests of this process.

Off unless ``METRICS_TOKEN`` is set; then for whoever names it (``Authorization: Bearer …``). What comes from
the database is gathered once in ``REMEMBERED`` seconds however often it is scraped: some thirty reads.
Labels are names of ours (providers, channels, states, endpoints): nothing personal, and never more of them
than we have.
"""

import hmac
import logging
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from flask import Blueprint, Response, abort, request

from watchers.errors import StoreError
from web.operator.facts import FREE_READS, FREE_WRITES, Facts, gather
from web.site import Site, site
from web.traffic import BOUNDS

if TYPE_CHECKING:
    from prometheus_client.core import Metric

log = logging.getLogger(__name__)

pages = Blueprint("metrics", __name__)

REMEMBERED = 300.0  # seconds
_CODES = 20  # of failures that are told apart


@pages.get("/metrics")
def show() -> Response:
    """Everything that is measured, in Prometheus's text format."""
    _require_token(site().metrics_token)
    from prometheus_client import CollectorRegistry  # noqa: PLC0415 - loaded by the first scrape
    from prometheus_client.exposition import CONTENT_TYPE_LATEST, generate_latest  # noqa: PLC0415 - loaded by the first scrape

    registry = CollectorRegistry(auto_describe=False)
    registry.register(Measured(site()))
    return Response(generate_latest(registry), content_type=CONTENT_TYPE_LATEST)


def _require_token(token: str | None) -> None:
    if not token:
        abort(404)
    scheme, _, given = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not hmac.compare_digest(given.strip().encode(), token.encode()):
        abort(Response("name the token: Authorization: Bearer …\n", 401, {"WWW-Authenticate": "Bearer"}))


class Measured:
    """What is collected when somebody asks."""

    def __init__(self, surroundings: Site) -> None:
        self._site = surroundings

    def describe(self) -> list["Metric"]:
        """Nothing is collected to be registered."""
        return []

    def collect(self) -> Iterator["Metric"]:
        """This process's own, and the facts, if the database answers."""
        yield from _traffic(self._site)
        try:
            facts = self._site.memo.of("measured", REMEMBERED, lambda: gather(self._site))
        except StoreError as exc:
            log.warning("metrics.store_unavailable", extra={"why": type(exc).__name__})
            yield _gauge("up", "Whether the database answered", 0)
            return
        yield _gauge("up", "Whether the database answered", 1)
        yield from _worker(facts)
        yield from _providers(facts)
        yield from _outbox(facts)
        yield from _installation(facts)


def _gauge(name: str, said: str, value: float | None = None, labels: tuple[str, ...] = ()) -> Any:
    from prometheus_client.core import GaugeMetricFamily  # noqa: PLC0415 - loaded by the first scrape

    return GaugeMetricFamily(
        f"ticket_scout_{name}", said, value=value, labels=None if value is not None else labels
    )


def _labelled(name: str, said: str, labels: tuple[str, ...], values: Mapping[Any, float]) -> Any:
    gauge = _gauge(name, said, labels=labels)
    for of, value in values.items():
        gauge.add_metric(list(of), value)
    return gauge


def _traffic(surroundings: Site) -> Iterator[Any]:
    from prometheus_client.core import CounterMetricFamily, HistogramMetricFamily  # noqa: PLC0415 - loaded by the first scrape

    answers = CounterMetricFamily(
        "ticket_scout_http_requests", "Answers of this process", labels=["endpoint", "method", "status"]
    )
    for (endpoint, method, status), number in surroundings.traffic.answers().items():
        answers.add_metric([endpoint, method, status], number)
    yield answers
    latencies = HistogramMetricFamily(
        "ticket_scout_http_request_seconds", "How long answers of this process took", labels=["endpoint"]
    )
    for endpoint, (counts, seconds) in surroundings.traffic.latencies().items():
        bounds = [*(f"{bound:g}" for bound in BOUNDS), "+Inf"]
        latencies.add_metric([endpoint], list(zip(bounds, counts, strict=True)), seconds)
    yield latencies
    yield _dwells()
    operations = CounterMetricFamily(
        "ticket_scout_process_document_operations", "Document operations of this process", labels=["kind"]
    )
    for kind in ("reads", "writes", "deletes"):
        operations.add_metric([kind], surroundings.documents.operations[kind])
    yield operations


def _dwells() -> Any:
    from prometheus_client.core import HistogramMetricFamily  # noqa: PLC0415 - loaded by the first scrape

    from notifiers import dwell  # noqa: PLC0415 - the same

    seconds = HistogramMetricFamily(
        "ticket_scout_dwell_seconds",
        "From a price that was seen to its message being accepted, of messages that this process sent",
        labels=["channel"],
    )
    bounds = [*(f"{bound:g}" for bound in dwell.BOUNDS), "+Inf"]
    for channel, (counts, total) in dwell.DWELLS.by_channel().items():
        seconds.add_metric([str(channel)], list(zip(bounds, counts, strict=True)), total)
    return seconds


def _worker(facts: Facts) -> Iterator[Any]:
    yield _gauge("worker_runs", "Whether the worker runs", float(not facts.is_late))
    if facts.ticked_at is not None:
        yield _gauge(
            "last_tick_timestamp_seconds", "When a board was saved last", facts.ticked_at.timestamp()
        )
    last = {tick.board: tick for tick in reversed(facts.ticks)}
    board = ("board",)
    yield _labelled(
        "tick_seconds",
        "How long the last tick took",
        board,
        {(one,): tick.milliseconds / 1e3 for one, tick in last.items()},
    )
    yield _labelled(
        "tick_looks", "Looks of the last tick", board, {(one,): tick.asked for one, tick in last.items()}
    )
    yield _labelled(
        "tick_calls", "Calls of the last tick", board, {(one,): tick.calls for one, tick in last.items()}
    )
    yield _labelled(
        "tick_looks_failed",
        "Looks of the last tick that failed",
        board,
        {(one,): tick.failed for one, tick in last.items()},
    )
    yield _labelled(
        "tick_alerts", "Alerts of the last tick", board, {(one,): tick.alerts for one, tick in last.items()}
    )
    yield _gauge(
        "boards_failed",
        "Boards that could not be ticked, of the last that are remembered",
        len(facts.mishaps),
    )


def _providers(facts: Facts) -> Iterator[Any]:
    known = {one.name: one.known for one in facts.providers if one.known}
    of = ("provider",)
    yield _labelled(
        "provider_on",
        "Whether it is switched on",
        of,
        {(one.name,): float(one.state == "on") for one in facts.providers},
    )
    yield _labelled(
        "provider_down",
        "Whether it does not answer",
        of,
        {(name,): float(one.down_since is not None) for name, one in known.items()},
    )
    yield _labelled(
        "provider_calls_left",
        "Calls left of its quota's window",
        of,
        {(name,): one.calls_left for name, one in known.items()},
    )
    yield _labelled(
        "provider_calls_quota",
        "Calls of its quota's window",
        of,
        {(name,): one.calls for name, one in known.items()},
    )
    yield _labelled(
        "provider_targets",
        "Targets that are watched",
        of,
        {(name,): len(one.turns) for name, one in known.items()},
    )
    yield _labelled(
        "provider_blind_targets",
        "Targets that are not seen",
        of,
        {(one.name,): len(one.blind) for one in facts.providers if one.known},
    )


def _outbox(facts: Facts) -> Iterator[Any]:
    box = facts.outbox
    yield _labelled(
        "outbox_alerts", "Alerts on their way", ("state",), {(state,): n for state, n in box.open.items()}
    )
    yield _gauge("outbox_due", "Alerts that somebody must look at now", box.due)
    age = (facts.at - box.oldest).total_seconds() if box.oldest else 0.0
    yield _gauge("outbox_oldest_seconds", "For how long the oldest of them waits", max(0.0, age))
    yield _gauge("outbox_set_aside", "Alerts that could not be dealt with lately", box.set_aside)
    yield _labelled("alerts_today", "What became of alerts today (UTC)", ("channel", "outcome"), box.ended)
    codes = sorted(box.failed.items(), key=lambda one: (-one[1], one[0]))[:_CODES]
    yield _labelled(
        "alerts_failed", "Why alerts failed since yesterday", ("code",), {(code,): n for code, n in codes}
    )


def _installation(facts: Facts) -> Iterator[Any]:
    yield _gauge("text_segments_month", "Segments of texts this month", facts.segments)
    yield _gauge("text_segments_month_limit", "The cap on them", facts.segments_in_all)
    yield _gauge("text_dollars_month", "What they cost, about", float(facts.spent))
    yield _gauge("people", "People", facts.people)
    yield _gauge("watches", "Watches that go on", facts.watches)
    yield _gauge("targets", "Targets that are watched", facts.targets)
    yield _gauge("watches_refused", "Watches that are refused", facts.refused)
    today = {
        ("reads",): facts.usage.reads,
        ("writes",): facts.usage.writes,
        ("deletes",): facts.usage.deletes,
    }
    yield _labelled(
        "document_operations_today", "Document operations of all processes today (UTC)", ("kind",), today
    )
    free = {("reads",): FREE_READS, ("writes",): FREE_WRITES}
    yield _labelled("document_operations_free", "Of these a day cost nothing", ("kind",), free)
