"""What Prometheus is told: read by its own parser, behind a token, and nothing personal."""

from collections import Counter

import pytest
from prometheus_client.parser import text_string_to_metric_families

from notifiers.dwell import DWELLS
from tests.web.kit import FACE, ITEM, World
from watchers.kinds import Channel
from watchers.models import AlertState

TOKEN = "not-a-real-token-of-metrics"
BEARER = {"Authorization": f"Bearer {TOKEN}"}


@pytest.fixture
def world() -> World:
    world = World(metrics_token=TOKEN)
    world.allow(5000)
    world.reach("ann", email="ann@example.com")
    world.put_watch("w1")
    world.copy("w1")
    world.see(ITEM, FACE)
    world.told("AAAA2222", state=AlertState.SENT)
    world.told("BBBB2222", state=AlertState.FAILED, why="over_budget")
    return world


def scraped(world: World) -> dict[str, dict[tuple[tuple[str, str], ...], float]]:
    client = world.app().test_client()
    client.get("/nothing/here")
    client.get("/settings/plan")
    answer = client.get("/metrics", headers=BEARER)
    assert answer.status_code == 200
    assert answer.mimetype == "text/plain"
    found: dict[str, dict[tuple[tuple[str, str], ...], float]] = {}
    for family in text_string_to_metric_families(answer.get_data(as_text=True)):
        for sample in family.samples:
            found.setdefault(sample.name, {})[tuple(sorted(sample.labels.items()))] = sample.value
    return found


def test_everything_is_measured(world: World) -> None:
    said = scraped(world)
    assert said["ticket_scout_up"] == {(): 1}
    assert said["ticket_scout_worker_runs"] == {(): 1}
    assert said["ticket_scout_provider_targets"] == {(("provider", "ticketmaster"),): 1}
    assert said["ticket_scout_provider_down"] == {(("provider", "ticketmaster"),): 0}
    assert said["ticket_scout_provider_on"][("provider", "seatgeek"),] == 0
    assert said["ticket_scout_alerts_today"][("channel", "sms"), ("outcome", "sent")] == 1
    assert said["ticket_scout_alerts_failed"] == {(("code", "over_budget"),): 1}
    assert said["ticket_scout_people"] == said["ticket_scout_watches"] == {(): 1}
    assert said["ticket_scout_text_segments_month_limit"] == {(): 1000}
    answers = said["ticket_scout_http_requests_total"]
    assert answers[("endpoint", "nowhere"), ("method", "GET"), ("status", "404")] == 1
    assert answers[("endpoint", "plan.show"), ("method", "GET"), ("status", "401")] == 1
    assert said["ticket_scout_http_request_seconds_count"][("endpoint", "nowhere"),] == 1
    assert said["ticket_scout_process_document_operations_total"][("kind", "reads"),] > 0


def test_nothing_personal_and_no_secret_is_in_it(world: World) -> None:
    text = world.app().test_client().get("/metrics", headers=BEARER).get_data(as_text=True)
    assert not [
        word for word in ('"ann"', "4155550123", "example.com", "Lakers", TOKEN, "vvG1") if word in text
    ]


def test_however_many_addresses_and_methods_are_tried_there_are_no_more_labels(world: World) -> None:
    app = world.app()
    client = app.test_client()
    for number in range(50):
        client.get(f"/nowhere/{number}")
        client.open("/", method=f"ODD{number}")
    text = client.get("/metrics", headers=BEARER).get_data(as_text=True)
    lines = [line for line in text.splitlines() if line.startswith("ticket_scout_http_requests_total")]
    assert len(lines) <= 4
    assert "ODD" not in text


@pytest.mark.parametrize(
    "said",
    [None, "", "Bearer", "Bearer ", f"Basic {TOKEN}", f"Bearer {TOKEN}x", f"Bearer {TOKEN[:-1]}", "Bearer é"],
)
def test_who_does_not_name_the_token_sees_nothing(world: World, said: str | None) -> None:
    headers = {} if said is None else {"Authorization": said}
    answer = world.app().test_client().get("/metrics", headers=headers)
    assert answer.status_code == 401
    assert "ticket_scout" not in answer.get_data(as_text=True)


def test_without_a_token_there_is_no_such_page() -> None:
    assert World().app().test_client().get("/metrics", headers=BEARER).status_code == 404


def test_scraping_again_costs_no_read(world: World) -> None:
    client = world.app().test_client()
    client.get("/metrics", headers=BEARER)
    before = Counter(world.documents.operations)
    for _ in range(20):
        client.get("/metrics", headers=BEARER)
    assert Counter(world.documents.operations) == before


def test_a_database_that_is_away_is_a_measurement_too(world: World) -> None:
    world.documents.down = True
    said = scraped(world)
    assert said["ticket_scout_up"] == {(): 0}
    assert "ticket_scout_http_requests_total" in said


def test_dwell_is_a_histogram_of_what_this_process_sent(world: World) -> None:
    def counted() -> tuple[float, float]:
        said, of = scraped(world), (("channel", "email"),)
        return tuple(  # type: ignore[return-value]
            said.get(f"ticket_scout_dwell_seconds_{part}", {}).get(of, 0.0) for part in ("count", "sum")
        )

    number, total = counted()
    DWELLS.note(Channel.EMAIL, 2.5)
    assert counted() == (number + 1, total + 2.5)
    bounds = {dict(labels)["le"] for labels in scraped(world)["ticket_scout_dwell_seconds_bucket"]}
    assert {"1", "60", "+Inf"} <= bounds
