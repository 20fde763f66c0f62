"""Several instances of the worker at once, and instances that vanish in the middle of their work.

Real processes, the real emulator. Nothing that people should hear of is lost, and nothing is said twice.
"""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime

import httpx
import pytest

from tests.emulator.chain import Chain, Someone, below, board_report, eventually, schedule
from tests.emulator.functions import Function
from tests.notifiers.kit import an_alert
from watchers import alerts

pytestmark = pytest.mark.emulator

ROUNDS = 12
AT_ONCE = 6  # requests a round, half to each worker


@pytest.fixture
def workers(chain: Chain) -> Iterator[tuple[Function, Function]]:
    with chain.second_worker() as second:
        yield chain.functions["ticket_monitor_worker"], second


@pytest.fixture
def person(chain: Chain) -> Someone:
    return chain.someone()


def test_two_workers_at_the_same_moment_never_send_a_second_text(
    chain: Chain, workers: tuple[Function, Function], person: Someone
) -> None:
    chain.eventarc.duplicate = True
    falling, swinging = chain.show(face="60"), chain.show(face="60")
    chain.save(person, "falling", below(falling, "50.00"))
    chain.save(person, "swinging", below(swinging, "50.00"))
    outcomes = set[str]()
    price = 50.0
    with ThreadPoolExecutor(AT_ONCE) as pool:
        for number in range(ROUNDS):
            price = round(price * 0.94, 2)
            chain.market.set_price(falling.id, "face", f"{price}")
            chain.market.set_price(swinging.id, "face", "49" if number % 3 == 0 else "60")
            one_run = [schedule()] * AT_ONCE
            headers = one_run if number % 2 else [schedule() for _ in range(AT_ONCE)]
            urls = [worker.url for worker in workers] * (AT_ONCE // 2)
            reports = pool.map(chain.post, urls, headers)
            found = [board_report(report).get("skipped", "worked") for report in reports]
            assert found.count("worked") == 1 or headers != one_run, "one run works once"
            outcomes.update(found)
            chain.run()  # and one undisturbed, for what the others left to each other
    assert len(chain.texts(person)) == len(set(chain.texts(person)))
    assert _told(chain, "falling") == ROUNDS
    assert _told(chain, "swinging") == ROUNDS // 3
    receipts = {alert["receipt"] for name in ("falling", "swinging") for alert in chain.alerts(name)}
    assert len(chain.texts(person)) == len(receipts), "each text tells one alert, or both of a round"
    assert ROUNDS <= len(receipts) <= ROUNDS + ROUNDS // 3
    assert chain.mails(person) == []
    assert "busy" in outcomes, "they did meet"
    assert "overtaken" not in outcomes


def _told(chain: Chain, watch_id: str) -> int:
    """How many texts about this watch were sent; there is no alert in any other state."""
    states = [alert["state"] for alert in chain.alerts(watch_id)]
    assert set(states) <= {"sent", "delivered"}
    return len(states)


def test_a_worker_killed_while_it_asks_loses_nothing(
    chain: Chain, workers: tuple[Function, Function], person: Someone
) -> None:
    first, second = workers
    show = chain.show(face="60")
    chain.save(person, "killed-asking", below(show, "50.00"))
    chain.run(second.url)
    chain.market.set_price(show.id, "face", "48")
    chain.market.slow_seconds, chain.market.fault = 5.0, "slow"
    chain.market.asked.clear()
    headers = schedule()
    with ThreadPoolExecutor(1) as pool:
        run = pool.submit(chain.post, first.url, headers)
        eventually(lambda: [asked for asked in chain.market.asked if show.id in asked])
        first.kill()
        assert isinstance(run.exception(), httpx.TransportError)
    chain.market.fault = None

    assert chain.tick(second.url)["skipped"] == "busy", "the dead one's lease still runs"
    assert chain.texts(person) == []
    chain.expire_lease()
    retried = board_report(chain.run(second.url, headers))
    assert "skipped" not in retried, "Cloud Scheduler's retry of the run that died takes place"
    assert len(chain.texts(person)) == 1
    first.ensure_running()
    chain.run(first.url)
    assert len(chain.texts(person)) == 1


def test_a_worker_killed_after_the_alert_and_before_the_board_says_nothing_twice(
    chain: Chain, workers: tuple[Function, Function], person: Someone
) -> None:
    first, second = workers
    show = chain.show(face="60")
    chain.save(person, "killed-saving", below(show, "50.00"))
    search = {"provider": "ticketmaster", "search": {"keyword": "Copper Whale", "country": "US"}}
    chain.save(person, "slow-search", below(show, "1.00") | {"target": search})
    chain.run(second.url)
    chain.market.set_price(show.id, "face", "48")
    chain.slow.searches = 5.0
    with ThreadPoolExecutor(1) as pool:
        run = pool.submit(chain.post, first.url)
        eventually(lambda: chain.texts(person))
        assert chain.price_on_board(show) == 6000, "the board has not moved on"
        first.kill()
        assert isinstance(run.exception(), httpx.TransportError)
    chain.slow.searches = 0.0
    chain.expire_lease()
    for _ in range(2):
        chain.run(second.url)
    assert len(chain.texts(person)) == 1
    chain.market.set_price(show.id, "face", "45")
    chain.run(second.url)
    assert len(chain.texts(person)) == 2


@pytest.mark.parametrize("calls_back", [True, False], ids=["its callback comes", "no callback comes"])
def test_a_sender_killed_after_twilio_accepted_is_found_out_about_and_nothing_follows(
    chain: Chain, workers: tuple[Function, Function], person: Someone, calls_back: bool
) -> None:
    sender, second = workers
    chain.phone.calls_back = calls_back
    show, watch = chain.show(face="48"), f"killed-sending-{person.uid}"
    chain.save(person, watch, below(show, "50.00"))
    chain.phone.faults.append("timeout_after_accept")
    _kill_while_sending(chain, sender, lambda: chain.texts(person))
    if calls_back:
        eventually(lambda: chain.states(watch) == [("sms", "delivered")])
    else:
        assert chain.states(watch) == [("sms", "sending")], "nobody may send it while the lease runs"
        chain.pass_a_minute(watch)
    for _ in range(2):
        chain.run(second.url)
    assert chain.states(watch) == [("sms", "delivered")], "its code stands in Twilio's list"
    assert (len(chain.texts(person)), chain.mails(person)) == (1, [])


def test_a_sender_killed_before_twilio_accepted_is_followed_by_an_email(
    chain: Chain, workers: tuple[Function, Function], person: Someone
) -> None:
    sender, second = workers
    show = chain.show(face="48")
    chain.save(person, "killed-before", below(show, "50.00"))
    chain.phone.faults.append("hang")
    _kill_while_sending(chain, sender, lambda: not chain.phone.faults)
    assert chain.states("killed-before") == [("sms", "sending")]
    chain.pass_a_minute("killed-before")
    for _ in range(2):
        chain.run(second.url)
    text, mail = chain.alerts("killed-before")
    assert (text["state"], text["why"]) == ("uncertain", "lease_expired")
    assert (mail["channel"], mail["state"], mail["copy_why"]) == ("email", "sent", "lease_expired")
    assert (chain.texts(person), len(chain.mails(person))) == ([], 1)


def test_an_event_whose_function_was_killed_comes_again_and_sends_nothing(
    chain: Chain, person: Someone
) -> None:
    chain.phone.calls_back = False
    now, sender = datetime.now(UTC), chain.functions["deliver_alert"]
    alert = an_alert(watch_id=f"event-{person.uid}", uid=person.uid, created_at=now, due_at=now)
    chain.phone.faults.append("timeout_after_accept")
    chain.documents.commit(alerts.creation(alert))
    eventually(lambda: chain.texts(person))
    sender.kill()
    sender.ensure_running()
    chain.settle()
    assert chain.states(alert.watch_id) == [("sms", "sending")], "its event came again, and the lease runs"
    ((first, *_, last),) = [one.statuses for one in chain.eventarc.about(alerts.path(alert.id))]
    assert (first, last) == (0, 200)
    chain.pass_a_minute(alert.watch_id)
    chain.run()
    assert chain.states(alert.watch_id) == [("sms", "delivered")]
    assert (len(chain.texts(person)), chain.mails(person)) == (1, [])


def _kill_while_sending(chain: Chain, sender: Function, is_sending: Callable[[], object]) -> None:
    """A run that dies in its call to Twilio, with its tick behind it; the alert's event comes after that."""
    with chain.eventarc.holding(), ThreadPoolExecutor(1) as pool:
        run = pool.submit(chain.post, sender.url)
        eventually(is_sending)
        eventually(lambda: not chain.is_leased())
        sender.kill()
        assert isinstance(run.exception(), httpx.TransportError)
    sender.ensure_running()
    chain.settle()
