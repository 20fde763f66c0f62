"""Markup -> its tags and the text between them, in one pass and in time proportional to its length.

Written by hand because what we tried is not safe on a stranger's page. Lexbor (selectolax 1.0.2) builds the
tree that browsers build: 49 kB of unclosed ``<b a=1>`` took 1.8 GB, 1 MB of nested ``<div>`` 142 s, and
100,000 attributes 47 s. ``html.parser`` (Python 3.11.7) needs 49 s for 200 kB of ``<a``. Here no tree is
built, and every token takes all that it has looked at: what is never closed goes to the end of the page.

Attributes are read only of the tags that are asked about; it never raises.
"""

import re
from collections.abc import Iterator, Mapping
from html import unescape

import msgspec

_NAME = r"[^\s/>][^\s/>=]*+"
_VALUE = r"""(?:"[^"]*+(?:"|\Z)|'[^']*+(?:'|\Z)|[^\s>]*+)"""
_MOST = 500  # attributes; what follows them is no tag any more
_ATTRIBUTE = re.compile(rf"({_NAME})(?:\s*+=\s*+({_VALUE}))?+")
_TOKEN = re.compile(
    rf"""
    <!--(?:.*?-->|.*)                                      # a comment, or the rest
    |<[!?][^>]*+(?:>|\Z)                                   # a doctype and the like
    |<(/?)([A-Za-z][^\s/>]*+)((?:[\s/]*+{_NAME}(?:\s*+=\s*+{_VALUE})?+){{0,{_MOST}}}+)[\s/]*+>?
    """,
    re.VERBOSE | re.DOTALL,
)
# Between these and their end tags stands no markup: https://html.spec.whatwg.org/#parsing-html-fragments
_RAW = {
    name: re.compile(rf"</{name}(?=[\s/>])", re.IGNORECASE)
    for name in ("script", "style", "textarea", "title", "xmp", "iframe", "noembed", "noframes")
}
_LONGEST = 2_000  # characters in which entities are read; what is longer is kept as it stands


class Tag(msgspec.Struct):
    """One start or end tag; ``written`` are its attributes as they stand."""

    name: str
    closes: bool = False
    written: str = ""

    @property
    def attributes(self) -> Mapping[str, str]:
        """By lower-case name; the first of a name counts."""
        read: dict[str, str] = {}
        for name, value in _ATTRIBUTE.findall(self.written):
            read.setdefault(name.lower(), plain(_unquoted(value)))
        return read


def tokens(markup: str) -> Iterator[Tag | str]:
    """Every tag, and every text between two tags as it is written; raw text is one text."""
    at = 0
    while found := _TOKEN.search(markup, at):
        if found.start() > at:
            yield markup[at : found.start()]
        at = found.end()
        if found[2] is None:
            continue
        tag = Tag(found[2].lower(), found[1] == "/", found[3])
        yield tag
        if (end := _RAW.get(tag.name)) and not tag.closes:
            closing = end.search(markup, at)
            start, at = at, closing.start() if closing else len(markup)
            yield markup[start:at]
    if at < len(markup):
        yield markup[at:]


def plain(text: str) -> str:
    """With ``&amp;`` and the like read."""
    if "&" not in text or len(text) > _LONGEST:
        return text
    try:
        return unescape(text)
    except ValueError:  # a character's number of more than 4,300 digits
        return text


def _unquoted(value: str) -> str:
    quote = value[:1]
    return value[1:].removesuffix(quote) if quote in ("'", '"') else value
