"""What the benches reckon with; their figures are not tested, their arithmetic and their shop are."""

import random
import tomllib
from collections import Counter
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from bench import fuzz_answers, fuzz_pages
from bench.cost import FREE_WATCHES, day, month, most_that_fit
from bench.markets import EVENINGS, markets
from bench.report import Report
from bench.upstream import price_of, shop
from tests.upstream import NOW, purse
from watchers.money import CURRENCIES
from watchers.observation import Observation
from watchers.providers import shapes
from watchers.providers.pages import amounts, offer
from watchers.providers.pages.amounts import currency_of
from watchers.providers.pages.reading import OUR_FAULT, observe
from watchers.providers.steam import Steam
from watchers.providers.ticketmaster import Ticketmaster
from watchers.quota import Quota
from watchers.target import Search, Target

ROOT = Path(__file__).parents[2]
PRICES = tomllib.loads((ROOT / "bench/prices.toml").read_text())
SPENT = {"an uneventful run": Counter(reads=3, writes=2), "a page of five watches": Counter(reads=22)}


def test_a_broken_promise_is_an_exit_code_and_stands_in_the_json(tmp_path: Path) -> None:
    report = Report("one")
    report.say("speed", 1_234.5)
    report.promise("it is fast", holds=True)
    assert report.end(None) == 0
    report.promise("it is small", holds=False)
    assert report.end(tmp_path / "deep" / "one.json") == 1
    assert '"it is small": false' in (tmp_path / "deep" / "one.json").read_text()


def test_twice_the_watches_are_twice_the_pages_and_no_more_runs_until_a_board_is_full() -> None:
    few, many = (day(watches, SPENT, PRICES["assumed"], 100) for watches in (1_000, 2_000))
    runs = 3 * PRICES["assumed"]["runs_a_day"]
    assert many.operations["reads"] - runs == 2 * (few.operations["reads"] - runs)
    assert many.boards == few.boards == 1
    assert day(20_001, SPENT, PRICES["assumed"], 100).boards == 2


def test_the_watches_that_fit_cost_nothing_at_firestore_and_a_few_more_do() -> None:
    fit = most_that_fit(SPENT, PRICES, 100)
    paid = [month(day(n, SPENT, PRICES["assumed"], 100), PRICES)["Firestore"] for n in (fit, fit + 200)]
    assert paid[0] == 0 < paid[1]


def test_texts_are_paid_for_by_segment_and_carrier() -> None:
    assumed = PRICES["assumed"] | {"alerts_per_watch_a_month": 1}
    bill = month(day(FREE_WATCHES, SPENT, assumed, 100), PRICES)
    each = PRICES["twilio"]["segment"] + PRICES["twilio"]["carrier_fee"]
    assert bill["texts"] == pytest.approx(FREE_WATCHES * each + PRICES["twilio"]["number_a_month"])


def test_the_shop_speaks_steams_language_and_remembers_when_it_told_a_new_price() -> None:
    with shop(delay=0) as upstream:
        steam = Steam(None, upstream.url, quota=Quota(1_000, timedelta(days=1), 1_000.0))
        targets = [Target(provider="steam", item=str(app)) for app in (7, 8)]
        assert upstream.told_at(7) is None
        before = steam.fetch(targets, purse(steam.quota), NOW)
        upstream.set_price(7, 4_599)
        after = steam.fetch(targets, purse(steam.quota), NOW)
        assert upstream.told_at(7) is not None
        assert upstream.told_at(8) is None
    prices = [[seen.prices[0].low for seen in one.observations.values()] for one in (before, after)]
    assert prices == [[price_of(7), price_of(8)], [4_599, price_of(8)]]


def test_the_markets_speak_ticketmasters_language_and_sell_the_same_evenings_at_their_own_prices() -> None:
    target, lowest = Target("ticketmaster", search=Search("tram")), []
    with markets([0, 0]) as urls:
        for url in urls:
            shop = Ticketmaster(None, "not-a-real-key", url)
            seen = shop.fetch([target], purse(shop.quota), NOW).observations[target.id]
            assert len(seen.listings or ()) == EVENINGS
            assert not seen.problems
            lowest.append(min(one.prices[0].low for one in seen.listings or ()))
    assert lowest == [50_00, 51_00]


# ── whether the fuzzers would find what they look for ────────────────────────────────────────────────────


def _pages() -> Iterator[Observation]:
    """So many hostile pages, read; always the same ones."""
    luck = random.Random(1)  # noqa: S311 - not for secrets
    samples = [path.read_bytes() for path in sorted((ROOT / "tests/data/page").glob("*.html"))]
    target = Target("page", item=fuzz_pages.URL)
    for _ in range(2_000):
        page = bytes(fuzz_pages._mispriced(luck, bytearray(luck.choice(samples)), samples))  # noqa: SLF001
        yield observe(page, None, fuzz_pages.URL, target, fuzz_pages.NOW)


def test_a_reader_of_pages_that_takes_no_currency_for_one_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    """XXX is ISO 4217's "no currency"."""
    assert not any(map(fuzz_pages.invented, _pages()))
    monkeypatch.setattr(amounts, "CURRENCIES", CURRENCIES | {"XXX"})
    assert any(map(fuzz_pages.invented, _pages()))


def test_a_reader_of_pages_that_fails_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    assert not any(OUR_FAULT in seen.problems for seen in _pages())

    def fails(written: str | None) -> str | None:
        if written == "XXX":
            raise RuntimeError
        return currency_of(written)

    monkeypatch.setattr(offer, "currency_of", fails)
    assert any(OUR_FAULT in seen.problems for seen in _pages())


@pytest.mark.parametrize("provider", ["ticketmaster", "ebay", "eventbrite"])
def test_a_reader_of_answers_that_takes_no_currency_for_one_is_found(
    monkeypatch: pytest.MonkeyPatch, provider: str
) -> None:
    files = sorted((ROOT / "tests/data" / provider).glob("*.json"))
    samples = [file.read_bytes() for file in files if file.name != "kit.json"]

    def counted() -> Counter[str]:
        counts, luck = Counter[str](), random.Random(1)  # noqa: S311 - not for secrets
        answers = fuzz_answers._answers(luck, samples)  # noqa: SLF001
        for _ in range(4_000):
            fuzz_answers._read(provider, next(answers), counts)  # noqa: SLF001
        return counts

    assert (counted()["invented"], counted()["crashes"]) == (0, 0)
    monkeypatch.setattr(shapes, "CURRENCIES", CURRENCIES | {"XXX"})
    assert counted()["invented"] > 0
