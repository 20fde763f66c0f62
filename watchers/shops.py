"""What providers are called, as they write themselves."""

from watchers.language import say, to_say

_BRANDS = {
    "seatgeek": "SeatGeek",
    "ebay": "eBay",
    "bestbuy": "Best Buy",
    "stubhub": "StubHub",
    "ticketmaster_feed": to_say("Ticketmaster's feed"),
    "inventory_status": "Ticketmaster Inventory Status",
    "page": to_say("Web page"),
}


def shop(provider: str) -> str:
    """A provider's name for people."""
    return say(_BRANDS.get(provider, provider.replace("_", " ").capitalize()))
