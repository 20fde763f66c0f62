import msgspec

from tests.upstream import NOW
from watchers.events import Event, normalised
from watchers.money import Basis
from watchers.observation import Availability, Observation, Price
from watchers.target import Target

ITEM = Target("ticketmaster", item="vvG1zZ9abc")


def test_what_is_not_said_is_null_and_nothing_is_left_out() -> None:
    said = normalised(Observation(ITEM, NOW)).to_json()
    assert said.keys() == set(Event.__struct_fields__)
    assert {name for name, value in said.items() if value is not None} == {"performers", "provider", "item"}


def test_prices_are_numbers_of_the_basis_that_includes_most() -> None:
    seen = Observation(
        ITEM,
        NOW,
        availability=Availability.AVAILABLE,
        prices=(Price(Basis.RESALE, "USD", 5_000), Price(Basis.ALL_IN, "USD", 8_450, 12_000, 9_999)),
    )
    said = normalised(seen).to_json()
    assert (said["min_price"], said["max_price"], said["average_price"]) == (84.5, 120, 99.99)
    assert (said["basis"], said["currency"], said["available"]) == ("all_in", "USD", True)


def test_an_event_is_read_from_its_own_json() -> None:
    event = Event(name="A v B", city="Oslo")
    assert msgspec.convert(event.to_json(), Event, strict=False) == event
