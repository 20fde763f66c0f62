"""Every page of the product by its route, with an address that shows it in use; a new one is entered here."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Shown:
    """One page: its route, and an address with ``{names}`` of what was seeded.

    Attributes:
        name: Of its picture.
        rule: As Flask writes it.
        address: Where it is shown in use.
        is_for_strangers: Seen by who is not signed in.
        status: What it answers.
        is_main: Its picture is taken on a desktop too.
    """

    name: str
    rule: str
    address: str
    is_for_strangers: bool = False
    status: int = 200
    is_main: bool = False


@dataclass(frozen=True)
class Seeded:
    """What there is to be seen: addresses' ``{names}``, and where the product is."""

    url: str
    names: dict[str, str]

    def address(self, page: Shown) -> str:
        return self.url + page.address.format_map(self.names)


PAGES = (
    Shown("watches", "/", "/", is_main=True),
    Shown("stranger", "/", "/", is_for_strangers=True, status=401),
    Shown("new-watch", "/watches/new", "/watches/new", is_main=True),
    Shown("edit-watch", "/watches/<watch_id>/edit", "/watches/{watch}/edit"),
    Shown("watch", "/watches/<watch_id>", "/watches/{watch}?range=365", is_main=True),
    Shown("watch-paused", "/watches/<watch_id>", "/watches/{paused}"),
    Shown("import", "/watches/import", "/watches/import"),
    Shown("calendar", "/watches/calendar", "/watches/calendar"),
    Shown("alerts", "/alerts", "/alerts", is_main=True),
    Shown("search-empty", "/search", "/search"),
    Shown("search", "/search", "/search?keyword=night&country=GB", is_main=True),
    Shown("deals", "/search", "/search?keyword=night&max_price=80&currency=GBP"),
    Shown("search-mistake", "/search", "/search?keyword=a&country=Wales", status=422),
    Shown("sign-in", "/sign-in", "/sign-in", is_for_strangers=True, is_main=True),
    Shown("sign-in-link", "/sign-in/link/<token>", "/sign-in/link/{proof}", is_for_strangers=True),
    Shown("box-results", "/watches/new", "/watches/new?q=night", is_main=True),
    Shown(
        "new-watch-found",
        "/watches/new",
        "/watches/new?provider=ticketmaster&item=SbxNightTram01",
        is_main=True,
    ),
    Shown("box-nothing", "/watches/new", "/watches/new?q=nobody+sells+this"),
    Shown("box-id", "/watches/new", "/watches/new?q=vvG1zZ9abcDEF"),
    Shown("new-watch-any-date", "/watches/new", "/watches/new?provider=ticketmaster&keyword=night"),
    Shown("settings", "/settings", "/settings", is_main=True),
    Shown("contacts", "/settings/contacts", "/settings/contacts"),
    Shown("my-data", "/settings/data", "/settings/data"),
    Shown("plan", "/settings/plan", "/settings/plan"),
    Shown("tokens", "/settings/tokens", "/settings/tokens"),
    Shown("api", "/api", "/api", is_for_strangers=True),
    Shown("alert", "/a/<code>", "/a/{several}"),
    Shown("stop", "/stop/<code>", "/stop/{code}"),
    Shown("verb", "/do/<token>", "/do/{verb}"),
    Shown("status", "/status", "/status", is_main=True),
    Shown("status-blind", "/status/blind", "/status/blind"),
    Shown("status-refused", "/status/refused", "/status/refused"),
    Shown("people", "/status/people", "/status/people"),
    Shown("person", "/status/people/<uid>", "/status/people/you"),
    Shown("enter", "/enter", "/enter?token={entry}", is_for_strangers=True),
    Shown("not-found", "(none)", "/nothing/here", status=404),
)

NO_PAGES = {
    "/sign-in/code": "leads away where no code is awaited; shown among the answers to forms",
    "/assets/<digest>/<name>": "style, scripts and the icon",
    "/calendar/<token>.ics": "a file",
    "/health": "for machines",
    "/healthz": "for machines",
    "/metrics": "for machines",
    "/ready": "for machines",
    "/readyz": "for machines",
    "/watches/<watch_id>/calendar.ics": "a file",
    "/watches/calendar.ics": "a file",
    "/watches/export.csv": "a file",
    "/watches/export.json": "a file",
    "/watches/live": "what a page asks for by itself",
}
"""Routes that answer with something else than a page."""
