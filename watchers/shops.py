"""What providers are called, as they write themselves."""

_BRANDS = {
    "seatgeek": "SeatGeek",
    "ebay": "eBay",
    "bestbuy": "Best Buy",
    "stubhub": "StubHub",
    "ticketmaster_feed": "Ticketmaster's feed",
    "inventory_status": "Ticketmaster Inventory Status",
    "page": "Web page",
}


def shop(provider: str) -> str:
    """A provider's name for people."""
    return _BRANDS.get(provider, provider.replace("_", " ").capitalize())
