"""A page as text -> what it says to machines: JSON-LD, microdata, its title and its own address."""

import re
from urllib.parse import urljoin

import msgspec

from watchers.providers.pages.microdata import Item, Items
from watchers.providers.pages.tags import Tag, plain, tokens

MOST_TOKENS, MOST_BLOCKS, MOST_JSON = 400_000, 200, 2_000_000
_TITLES, _ADDRESSES = ("og:title", "twitter:title"), ("og:url",)
_MOST_SAID = 20  # titles and addresses; a page has one or two of each
_JSON_LD = re.compile(r"\s*application/ld\+json\b", re.IGNORECASE)


class Page(msgspec.Struct):
    """What stands in the markup.

    Attributes:
        blocks: The JSON-LD as written, block by block.
        items: Microdata, see ``microdata``.
        headings: The page's title and first headings, for telling which thing it is about.
        addresses: What it calls its own address, the clearest first; absolute.
        cut: It had more tags or blocks than are read.
        broken_off: It ended in the middle of an item.
    """

    blocks: list[str] = msgspec.field(default_factory=list)
    items: list[Item] = msgspec.field(default_factory=list)
    headings: list[str] = msgspec.field(default_factory=list)
    addresses: list[str] = msgspec.field(default_factory=list)
    cut: bool = False
    broken_off: bool = False


def page_of(markup: str, url: str) -> Page:
    """Read a page; ``url`` is where it was found, for addresses that are relative. Never raises."""
    page, items, titles = Page(), Items(), ""
    raw: str | None = None  # what the next text is: "script", "title", "h1"
    for number, token in enumerate(tokens(markup)):
        if number > MOST_TOKENS:
            page.cut = True
            break
        if isinstance(token, Tag):
            raw = None if token.closes else _meaning(token, page, url)
            items.tag(token)
        elif raw == "script":
            _add_block(page, token)
        elif raw in ("title", "h1"):
            titles += f" {plain(token)[:300]}" if len(titles) < 2_000 else ""  # noqa: PLR2004
            items.text(token)
        elif raw != "nothing":
            items.text(token)
    items.end()
    page.items = items.found
    page.broken_off = items.broken_off
    page.headings.append(titles)
    return page


def _meaning(tag: Tag, page: Page, url: str) -> str | None:
    """What the text after a start tag is; a tag without text is read here."""
    if tag.name == "script":
        return "script" if _JSON_LD.match(tag.attributes.get("type", "")) else "nothing"
    if tag.name == "style":
        return "nothing"
    if tag.name in ("title", "h1"):
        return tag.name
    if tag.name in ("meta", "link"):
        _about(tag, page, url)
    return None


def _about(tag: Tag, page: Page, url: str) -> None:
    said = tag.attributes
    name = said.get("property", said.get("name", "")).lower()
    if len(page.headings) + len(page.addresses) > _MOST_SAID:
        return
    if name in _TITLES:
        page.headings.append(said.get("content", "")[:300])
    if name in _ADDRESSES and (own := absolute(url, said.get("content"))):
        page.addresses.append(own)
    if said.get("rel", "").lower() == "canonical" and (own := absolute(url, said.get("href"))):
        page.addresses.insert(0, own)


def _add_block(page: Page, text: str) -> None:
    if len(page.blocks) < MOST_BLOCKS and len(text) + sum(map(len, page.blocks)) <= MOST_JSON:
        page.blocks.append(text)
    else:
        page.cut = True


def absolute(base: str, address: str | None) -> str | None:
    """A web address as seen from another; ``None`` if it is none."""
    if not address or len(address) > 2_000:  # noqa: PLR2004 - browsers allow no more either
        return None
    try:
        joined = urljoin(base, address.strip())
    except ValueError:  # such as half an IPv6 address
        return None
    return joined if re.fullmatch(r"https?://[^\s/]+\S*", joined) else None
