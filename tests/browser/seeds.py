"""A year of use in a product's database: watches in every state, past prices, alerts."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from notifiers import proofs
from notifiers.proofs import Contact, Kind, Proof
from store.sqlite import SqliteDocuments
from tests.browser.pages import Seeded
from tests.browser.product import Product
from tests.fakes import FaultyDocuments
from tests.web.kit import World, news_of
from watchers import price_history
from watchers.documents import Put
from watchers.history import History
from watchers.kinds import Channel
from watchers.models import AlertState
from watchers.money import Basis
from watchers.observation import Observation, Price
from watchers.rows import Row
from watchers.target import Target
from web.entry import entry_token

TRAM = Target(provider="ticketmaster", item="SbxNightTram01")
YOU = "you"
KEPT = timedelta(days=730)
BELOW = {"kind": "below", "price": "50.00", "currency": "GBP"}


def seed(product: Product) -> Seeded:
    """Fill it; what is there already is replaced."""
    documents = product.documents
    world = World(FaultyDocuments(documents))
    _watches(world)
    _prices(documents, world.now())
    _alerts(world)
    names = {
        "watch": "seededtram",
        "paused": "seededpaused",
        "code": "K7Q2ABCD",
        "several": "M7Q2ABCD",
        "market": product.setting("TICKETMASTER_BASE_URL"),
        "proof": _proof(product, world).rsplit("/", 1)[1],
        "entry": entry_token(product.setting("SECRET_KEY"), YOU),
        "verb": product.links.verb("K7Q2ABCD-you-sms", "snooze-1d").rsplit("/", 1)[1],
    }
    return Seeded(product.url, names)


def _proof(product: Product, world: World) -> str:
    """The link of a letter that somebody asked for by whom they come in."""
    made_at = world.now()
    asked = Proof("b" * 32, Contact(Kind.EMAIL, "new@example.test"), made_at)
    world.documents.inner.commit(*proofs.creation(asked))
    return product.links.proof(asked.id)


def _watches(world: World) -> None:
    tram = {"provider": "ticketmaster", "item": "SbxNightTram01"}
    game = {"provider": "steam", "item": "9000001", "country": "GB"}
    search = {"provider": "ticketmaster", "search": {"keyword": "Night", "country": "GB"}}
    drop = {"kind": "drop", "percent": 15, "min_saving": "5.00"}
    world.put_watch(
        "seededtram",
        YOU,
        name="Night Tram Orchestra",
        target=tram,
        conditions=[BELOW, drop],
        tags=["friends"],
    )
    world.put_watch("seededgame", YOU, name="A game for the holidays", target=game, conditions=[BELOW])
    world.put_watch(
        "seededsearch", YOU, name="Nights out", target=search, conditions=[{"kind": "new_listing"}]
    )
    world.put_watch(
        "seededpaused", YOU, name="Paused: 宇多田ヒカル", target=tram, conditions=[BELOW], status="paused"
    )
    world.put_watch(
        "seededbad", YOU, name="Not what we know", target={"provider": "ticketmaster", "item": "unknown"}
    )
    for watch_id in ("seededtram", "seededgame", "seededsearch", "seededpaused", "seededbad"):
        world.copy(watch_id, YOU)


def _prices(documents: SqliteDocuments, now: datetime) -> None:
    """Sixty days of prices, as ticks would have left them."""
    row = Row(TRAM, since=now - timedelta(days=60))
    for start in range(0, 56, 7):
        row.history = _seen(row.history, now - timedelta(days=60 - start), _WALK[start : start + 8])
        price_history.append(documents, row, now, KEPT)


_WALK = [6200 + 350 * ((day * 7) % 11 - 5) - 12 * day for day in range(64)]


def _seen(history: History, since: datetime, prices: Sequence[int]) -> History:
    for day, face in enumerate(prices):
        at = (since + timedelta(days=day)).astimezone(UTC)
        seen = Price(Basis.FACE, "GBP", face), Price(Basis.ALL_IN, "GBP", face + 840)
        history = history.after(Observation(TRAM, at, prices=seen))
    return history


def _alerts(world: World) -> None:
    tram = {
        "watch_name": "Night Tram Orchestra", "event_name": "Night Tram Orchestra", "venue": "Sandbox Hall",
        "city": "London", "currency": "GBP", "price": 4500, "was": 5400,
    }  # fmt: skip
    url = "https://market.example/event/SbxNightTram01"
    about: dict[str, Any] = {"watch_id": "seededtram", "news": news_of(url, **tram)}
    ago = world.now() - timedelta(hours=30)
    world.told("K7Q2ABCD", YOU, created_at=ago, settled_at=ago, **about)
    world.told("P7Q2ABCD", YOU, Channel.EMAIL, state=AlertState.FAILED, why="rejected", **about)
    rider = world.told("N7Q2ABCD", YOU, Channel.APP, rides_with="M7Q2ABCD-you-app", **about)
    world.told("M7Q2ABCD", YOU, Channel.APP, riders=(rider.id,), more=(rider.news,), **about)
    world.documents.inner.commit(Put("seeded/year", {"at": world.now()}))
