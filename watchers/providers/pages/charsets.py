"""Bytes of a page -> its text, by what the page or its server says; never raises.

As browsers do it (https://encoding.spec.whatwg.org/): a byte order mark wins, then the server's word, then
the page's own ``<meta>``. What is unknown, or encodes no text, is UTF-8 where that fits, else Windows-1252.
"""

import codecs
import re

_MARKS = ((codecs.BOM_UTF8, "utf-8"), (codecs.BOM_UTF16_LE, "utf-16-le"), (codecs.BOM_UTF16_BE, "utf-16-be"))
_META = re.compile(rb"<meta[^>]{0,200}?charset\s*=\s*[\"']?\s*([A-Za-z0-9_.:-]{1,40})", re.IGNORECASE)
_HEAD = 4096  # browsers look at the first kilobyte; pages are less careful
_UTF16 = {"utf-16", "utf-16-le", "utf-16-be"}
# Of Python's codecs, those that the standard for the web knows; others are slow, or no text at all.
_KNOWN = {
    *_UTF16,
    *("utf-8", "koi8-r", "koi8-u", "gbk", "gb18030", "gb2312", "big5", "euc_jp", "euc_kr", "shift_jis"),
    *(f"cp125{number}" for number in range(9)),
    *(f"iso8859-{number}" for number in range(2, 17)),
}
_BROWSERS_READ = {"iso8859-1": "cp1252", "ascii": "cp1252", "cp932": "shift_jis", "gb2312": "gb18030"}


def text_of(markup: bytes, charset: str | None) -> str:
    """The page as text; what cannot be decoded becomes U+FFFD."""
    for mark, encoding in _MARKS:
        if markup.startswith(mark):
            return markup[len(mark) :].decode(encoding, "replace")
    encoding = _known(charset) or _meta(markup) or _fitting(markup)
    return markup.decode(encoding, "replace")


def _known(label: str | None) -> str | None:
    try:
        name = codecs.lookup(label.strip()).name if label and len(label) <= 40 else ""  # noqa: PLR2004
    except (LookupError, ValueError):  # unknown, or not even a name
        return None
    name = _BROWSERS_READ.get(name, name)
    return name if name in _KNOWN else None


def _meta(markup: bytes) -> str | None:
    found = _META.search(markup[:_HEAD])
    encoding = _known(found[1].decode("ascii")) if found else None
    return "utf-8" if encoding in _UTF16 else encoding  # it was read as ASCII, so it cannot be UTF-16


def _fitting(markup: bytes) -> str:
    try:
        markup.decode("utf-8")
    except ValueError:
        return "cp1252"
    return "utf-8"
