"""What each kind of evidence makes of two entries, one sentence a case."""

from datetime import date, time
from zoneinfo import ZoneInfo

import pytest

from watchers.events import Event
from watchers.matching import kinds, known, names, parts, teams, things, times, venues
from watchers.matching.words import folded, words

DAY = date(2026, 6, 14)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Björk", "BJORK"),
        ("Fontaines D.C.", "Fontaines DC"),
        ("RuPaul's Drag Race", "RuPauls Drag Race"),
        ("St. Louis", "Saint Louis"),
        ("The Beacon Theatre", "the beacon theater"),
        ("Mumford & Sons", "Mumford and Sons"),
        ("Part II", "part two"),
        ("Ke$ha", "Kesha"),
    ],
)
def test_spellings_of_one_text_fold_to_the_same(one: str, other: str) -> None:
    assert folded(one) == folded(other)


@pytest.mark.parametrize(
    ("name", "venue", "kind"),
    [
        ("PARKING: Coldplay", "Gillette Stadium", "a parking pass"),
        ("Coldplay", "Gillette Stadium Parking Lots", "a parking pass"),
        ("Adele VIP Package", "", "a package"),
        ("Gulls v Herons", "Depot Arena- Premium Seating", "a package"),
        ("(Suites) Gulls v Herons", "Depot Arena", "a package"),
        ("Lollapalooza: Four-Day General Admission", "", "a pass for 4 days"),
        ("Reading Festival - Weekend Ticket", "", "a pass for several days"),
        ("Buyback: Gulls v Herons", "", "an offer to buy back"),
        ("Wicked Sing-Along (Film)", "", "a screening"),
        ("Deposit: Night Tram Orchestra", "", "a deposit"),
        ("Night Tram Orchestra - Deposit", "", "a deposit"),
        ("Night Tram Orchestra: Early Entry Add-On", "", "an add-on"),
        ("Night Tram Orchestra - Fast Lane", "", "an add-on"),
        ("Night Tram Orchestra - Locker Rental", "", "an add-on"),
        ("Pre-Show Party: Night Tram Orchestra", "", "an add-on"),
        ("Night Tram Orchestra Gift Card", "", "a voucher"),
        ("Night Tram Orchestra Merchandise Bundle", "", "merchandise"),
        ("Hamilton: Student Rush", "", "a student's ticket"),
        ("Open Rehearsal: Night Tram Orchestra", "", "a rehearsal"),
    ],
)
def test_an_entry_beside_the_event_is_known_by_its_words(name: str, venue: str, kind: str) -> None:
    assert kinds.kinds(name, venue, "") == {kind}


@pytest.mark.parametrize(
    "name",
    [
        "Coldplay: Music of the Spheres World Tour",
        "Holst: The Planets Suite",
        "US Open Tennis - Session 5 (Day)",
        "Gulls v Herons (Bobblehead Night)",
        "An Evening With Fleetwood Mac",
        "Life in the Fast Lane: The Hotel Years",
        "Rush: Fifty Something",
        "Foot Locker Classic",
    ],
)
def test_an_event_is_no_entry_beside_itself(name: str) -> None:
    assert not kinds.kinds(name, "Depot Arena", "Music")


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Gulls v Herons (Game 1)", "Herons at Gulls - Game 2 of Doubleheader"),
        ("The Cursed Child - Part One", "The Cursed Child Part II"),
        ("The Cursed Child - Part One", "The Cursed Child - Parts One & Two"),
        ("Wimbledon: Centre Court", "Wimbledon: Court No. 1"),
        ("Coachella Weekend 1", "Coachella: Weekend Two"),
        ("Ana Comic (Early Show)", "Ana Comic (Late Show)"),
        ("Gulls Women v Herons Women", "Gulls v Herons"),
        ("Gulls U21 v Herons U21", "Gulls v Herons"),
        ("Gulls Legends v Herons Legends", "Gulls v Herons"),
    ],
)
def test_names_that_count_or_field_differently_are_two_events(one: str, other: str) -> None:
    found = parts.same_part(Event(name=one), Event(name=other))
    assert found is not None
    assert found.ruled_out


def test_a_women_s_league_as_the_category_says_as_much_as_the_name() -> None:
    named = Event(name="Gulls Women v Herons Women")
    assert parts.same_part(named, Event(name="Gulls v Herons", category="WSL")) is None


def _start(day: int, hour: int, minute: int = 0, zone: str | None = None, state: str | None = None) -> Event:
    return Event(date=date(2026, 6, day), time=time(hour, minute), timezone=zone, state=state, country="US")


@pytest.mark.parametrize(
    ("one", "other", "says"),
    [
        (_start(14, 19, 30, "America/Los_Angeles"), _start(15, 2, 30, "UTC"), "the same local start"),
        (_start(14, 19, 30, state="CA"), _start(15, 2, 30, "UTC"), "the same local start"),
        (
            _start(14, 19, 30, "America/Los_Angeles"),
            _start(15, 2, 30, None, "CA"),
            "if one of them is in UTC",
        ),
        (_start(14, 19), _start(14, 19, 45), "as doors and show are"),
        (_start(14, 19), _start(14, 3, 30), "no hour"),
    ],
)
def test_starts_agree_over_zones_doors_and_open_hours(one: Event, other: Event, says: str) -> None:
    for a, b in ((one, other), (other, one)):
        found = times.same_start(a, b, several_a_day=False, by_the_minute=False)
        assert not found.ruled_out
        assert says in found.reason


@pytest.mark.parametrize(
    ("one", "other", "several_a_day", "by_the_minute"),
    [
        (_start(14, 19), _start(15, 19), False, False),
        (_start(14, 13, 5), _start(14, 17, 5), False, False),
        (_start(14, 19), _start(14, 19, 45), True, False),
        (_start(14, 10), _start(14, 10, 30), False, True),
        (_start(14, 19, zone="America/Los_Angeles"), _start(14, 19, zone="UTC"), False, False),
    ],
)
def test_other_days_shows_and_slots_are_ruled_out(
    one: Event, other: Event, *, several_a_day: bool, by_the_minute: bool
) -> None:
    found = times.same_start(one, other, several_a_day=several_a_day, by_the_minute=by_the_minute)
    assert found.ruled_out


def _at(
    venue: str | None, city: str | None = None, state: str | None = None, country: str | None = None
) -> Event:
    return Event(venue=venue, city=city, state=state, country=country)


@pytest.mark.parametrize(
    ("one", "other", "says"),
    [
        (
            _at("Crypto.com Arena", "Los Angeles"),
            _at("Staples Center", "LA"),
            "Crypto.com Arena was Staples Center until 2021",
        ),
        (_at("The O2", "London"), _at("O2 Arena", "Greenwich"), "are The O2"),
        (_at("Carnegie Hall", "New York"), _at("Carnegie Hall - Zankel Hall", "NYC"), "one of its halls"),
        (_at("Depot Hall", "Leeds"), _at("The Depot Hall, Leeds", "Leeds"), "the same venue"),
        (_at("Tokyo Dome", "Tokyo"), _at("Tokyo Dome", "Bunkyo", "Tokyo"), "the same venue"),
        (_at("Depot Hall", "München"), _at(None, "Munich"), "does not say the venue"),
    ],
)
def test_one_place_under_several_names(one: Event, other: Event, says: str) -> None:
    found = venues.same_place(one, other)
    assert not found.ruled_out
    assert says in found.reason


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (_at("Paramount Theatre", "Seattle", "WA", "US"), _at("Paramount Theatre", "Denver", "CO", "US")),
        (_at(None, "Portland", "ME", "US"), _at(None, "Portland", "OR", "US")),
        (_at("The O2", "London", country="GB"), _at("O2 arena", "Prague", country="CZ")),
        (_at("Wembley Stadium", "London"), _at("OVO Arena Wembley", "London")),
        (_at("Carnegie Hall - Weill Recital Hall"), _at("Carnegie Hall - Stern Auditorium / Perelman Stage")),
        (_at("Madison Square Garden", "New York"), _at("The Theater at Madison Square Garden", "New York")),
    ],
)
def test_places_of_one_name_and_halls_of_one_building_are_told_apart(one: Event, other: Event) -> None:
    assert venues.same_place(one, other).ruled_out


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Los Angeles Lakers vs. Boston Celtics", "Celtics at Lakers"),
        ("Man Utd v Man City", "Manchester City FC vs Manchester United FC"),
        ("Premier League: Arsenal v Chelsea", "Arsenal FC vs Chelsea FC - Premier League"),
        ("Flamengo x Fluminense", "CR Flamengo vs Fluminense FC"),
        ("Ohio State at Michigan", "Michigan Wolverines v Ohio State Buckeyes"),
    ],
)
def test_the_same_two_teams_however_they_are_called(one: str, other: str) -> None:
    found = teams.same_teams(Event(name=one, category="sports"), Event(name=other, category="sports"))
    assert found is not None
    assert found.strength > 0.85


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Manchester United v Arsenal", "Manchester City v Arsenal"),
        ("LA Galaxy v Gulls", "LAFC v Gulls"),
        ("Ohio State v Michigan", "Ohio State v Michigan State"),
        ("Inter v Gulls", "AC Milan v Gulls"),
    ],
)
def test_teams_of_nearly_one_name_are_others(one: str, other: str) -> None:
    found = teams.same_teams(Event(name=one), Event(name=other))
    assert found is not None
    assert found.ruled_out


def test_a_place_after_at_is_no_team() -> None:
    assert teams.same_teams(Event(name="Hozier at Marlay Park"), Event(name="Hozier")) is None


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Coldplay: Music of the Spheres World Tour", "Coldplay"),
        ("AC/DC: Power Up", "ACDC"),
        ("An Evening With Fleetwood Mac", "Fleetwood Mac"),
        ("Brit Floyd: World's Greatest Pink Floyd Tribute Show", "Brit Floyd"),
        ("Electric Daisy Carnival", "EDC"),
    ],
)
def test_one_name_with_and_without_what_is_put_round_it(one: str, other: str) -> None:
    found = names.same_name(Event(name=one), Event(name=other))
    assert found.strength >= 0.8
    assert not found.ruled_out


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Rumours of Fleetwood Mac", "Fleetwood Mac"),
        ("Coldplay: A Tribute", "Coldplay"),
        ("Definitely Oasis", "Oasis"),
        ("The Music of Billy Joel starring Somebody", "Billy Joel"),
    ],
)
def test_a_tribute_is_not_whom_it_honours(one: str, other: str) -> None:
    assert names.same_name(Event(name=one), Event(name=other)).ruled_out


@pytest.mark.parametrize(
    ("one", "other", "is_same"),
    [
        ("Baldur's Gate 3", "BALDUR'S GATE III", True),
        ("Elden Ring", "Elden Ring (PC)", True),
        ("Quay Console 1TB", "Quay - Console - 1 TB", True),
        ("Elden Ring (PS5)", "Elden Ring (PC)", False),
        ("Baldur's Gate 3", "Baldur's Gate 3 - Deluxe Edition", False),
        ("AirPods Pro 2nd Generation", "AirPods Pro 3rd Generation", False),
    ],
)
def test_things_are_the_same_only_word_by_word(one: str, other: str, *, is_same: bool) -> None:
    a, b = (Event(name=name, provider="steam") for name in (one, other))
    assert things.same_thing(a, b)[2] is not is_same


def test_every_zone_of_the_places_exists_and_every_venue_is_of_one_town() -> None:
    for state in ("California", "ca", "NSW", "Ontario"):
        assert known.zone(state, None)
    assert known.zone("WA", "US") == "America/Los_Angeles"
    assert known.zone("WA", "AU") is None, "Western Australia is not Washington"
    places = known._places()  # noqa: SLF001 - the file itself is what is tested
    for zone in (*(zone for _, zone in places.states.values()), *places.countries.values()):
        ZoneInfo(zone)


def test_the_aliases_are_few_and_no_name_stands_for_two_venues_of_one_town() -> None:
    listed = known._aliases().venue  # noqa: SLF001 - the file itself is what is tested
    assert 100 <= len(listed) <= 200
    named = [
        (folded(name), venue.city) for venue in listed for name in {folded(name) for name in venue.names}
    ]
    assert len(named) == len(set(named))


def test_words_are_kept_in_their_order() -> None:
    assert words("Fußball-Arena München") == ("fussball", "arena", "munich")
