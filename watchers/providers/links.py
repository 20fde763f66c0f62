"""An address that somebody pasted, taken apart: each provider says whether it is one of its own. Pure."""

import re
from collections.abc import Mapping
from urllib.parse import parse_qsl, unquote, urlsplit

import msgspec

LONGEST = 2000
_SCHEME = re.compile(r"https?://", re.IGNORECASE)
_BARE = re.compile(r"(?:www\.|m\.)?[a-z0-9-]+(?:\.[a-z0-9-]+)*\.[a-z]{2,24}/\S+", re.IGNORECASE)
_DAY = re.compile(r"\b\d{1,2} \d{1,2} (?:19|20)\d\d\b|\b(?:19|20)\d\d \d{1,2} \d{1,2}\b")
_NOISE = re.compile(r"\b(?:tickets?|biglietti|billets?|html?|event)\b", re.IGNORECASE)

_ID = re.compile(r"(?=.*\d)[A-Za-z0-9_]{8,}")
_FOLDERS = frozenset(
    {"artist", "artists", "venue", "venues", "event", "events", "itm", "site", "product", "app", "sku"}
)


class Link(msgspec.Struct, frozen=True):
    """A web address. ``host`` is in small letters; ``query`` has the last value of each name."""

    address: str
    host: str
    path: str
    query: Mapping[str, str]

    def is_of(self, *names: str) -> bool:
        """Whether it lies on one of these hosts, or on a part of one (``www.``)."""
        return any(self.host == name or self.host.endswith(f".{name}") for name in names)


def read(text: str) -> Link | None:
    """The address that a text is, also without its scheme where it has a path; ``None`` when it is none."""
    if len(text) > LONGEST or not text.isprintable() or " " in text:
        return None
    if not _SCHEME.match(text):
        if not _BARE.fullmatch(text):
            return None
        text = f"https://{text}"
    try:
        parts = urlsplit(text)
        host = (parts.hostname or "").rstrip(".")
    except ValueError:
        return None
    return Link(text, host, unquote(parts.path), dict(parse_qsl(parts.query))) if host else None


def path_at(link: Link, base_url: str, usual: str) -> str:
    """The path of an address of a server that is asked instead of the usual one; empty for any other."""
    is_there = base_url != usual and link.address.startswith(f"{base_url}/")
    return urlsplit(link.address[len(base_url) :]).path if is_there else ""


def words(slug: str) -> str:
    """``night-tram-london-tickets-12-31-2026`` as words: ``night tram london``."""
    spaced = re.sub(r"[-_+.\s]+", " ", slug)
    return " ".join(_NOISE.sub(" ", _DAY.sub(" ", spaced)).split())[:200]


def title(link: Link) -> str:
    """The words of the longest part of its path that is no number, id or plain folder: roughly its name."""
    parts = [part.removesuffix("/") for part in link.path.split("/")]
    named = [words(part) for part in parts if part.lower() not in _FOLDERS and not _ID.fullmatch(part)]
    return max((one for one in named if re.search(r"[^\W\d_]{2}", one)), key=len, default="")
