"""Which thing the link to a shop's page means. Pure.

What is not one of ours is a web page, which can be watched as such where its site allows it.
"""

import re
from urllib.parse import parse_qs, urlsplit

_LAND = r"(?:com|[a-z]{2}|com?\.[a-z]{2})"  # the end of an address: .com, .de, .co.uk
_ITEMS = (
    ("steam", r"(?:www\.)?store\.steampowered\.com", r"/app/(\d+)(?:/.*)?"),
    ("ticketmaster", rf"(?:www\.)?ticketmaster\.{_LAND}", r"/(?:.*/)?event/([A-Za-z0-9_-]+)/?"),
    ("seatgeek", r"(?:www\.)?seatgeek\.com", r"/.*/(\d+)/?"),
    ("stubhub", rf"(?:www\.)?stubhub\.{_LAND}", r"/(?:.*/)?event/(\d+)(?:/.*)?"),
    ("eventbrite", rf"(?:www\.)?eventbrite\.{_LAND}", r"/e/(?:.*-)?(\d+)/?"),
    ("ebay", rf"(?:www\.)?ebay\.{_LAND}", r"/itm/(?:.*/)?(\d+)/?"),
    ("bestbuy", r"(?:www\.)?bestbuy\.com", r"/.*?(\d{6,9})(?:\.p)?/?"),
)


def meant(link: str) -> tuple[str, str] | None:
    """The provider and its id; ``page`` for any other site; ``None`` where it is no link at all."""
    try:
        parts = urlsplit(link.strip())
        host = (parts.hostname or "").lower()
    except ValueError:
        return None
    if parts.scheme not in ("http", "https") or not host:
        return None
    for provider, hosts, path in _ITEMS:
        if re.fullmatch(hosts, host):
            found = re.fullmatch(path, parts.path)
            item = found[1] if found else "".join(parse_qs(parts.query).get("skuId", []))
            return (provider, _as_asked(provider, item)) if item else ("page", link.strip())
    return "page", link.strip()


def is_amazon(link: str) -> bool:
    """Whether it leads to a shop that lets nobody ask for prices in a way we may."""
    host = (urlsplit(link.strip()).hostname or "").lower() if "://" in link else ""
    return bool(re.fullmatch(rf"(?:www\.|smile\.)?(?:amazon\.{_LAND}|amzn\.[a-z]+|a\.co)", host))


def _as_asked(provider: str, item: str) -> str:
    """An id in the shop's own form; eBay's: https://developer.ebay.com/api-docs/buy/static/api-browse.html."""
    return f"v1|{item}|0" if provider == "ebay" else item
