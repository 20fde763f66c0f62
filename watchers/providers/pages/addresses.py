"""Which addresses of pages may be asked. Pure; of names only what their form says.

An address names a public site over http or https, on the scheme's own port. Whatever a browser, a resolver
or a proxy might read in two ways is refused rather than repaired: credentials, numbers in place of a name
(in any notation), one-word names, names of private networks, blanks, backslashes and invisible characters.
Whether a name leads to a public address is asked when it is connected to (``guard.py``).
"""

import re
import unicodedata
from typing import Literal
from urllib.parse import quote, urljoin

import msgspec

LONGEST = 2000
_SHAPE = re.compile(r"(https?)://([^/?#]*)([^?#]*)(?:\?([^#]*))?(?:#.*)?", re.IGNORECASE | re.DOTALL)
_PORTS = {"https": "443", "http": "80"}
_LABEL = re.compile(r"[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?")
# A top-level domain is letters, or punycode. A number there makes the whole name a number to many readers.
_TOP = re.compile(r"[a-z]{2,63}|xn--[a-z0-9-]{2,59}")
_LONGEST_NAME, _FEWEST_LABELS = 253, 2
# https://www.iana.org/assignments/special-use-domain-names , and what routers and offices are called.
_NOT_PUBLIC = frozenset(
    {"localhost", "localdomain", "local", "internal", "intranet", "private", "lan", "home", "corp", "mail"}
    | {"test", "invalid", "onion", "alt", "arpa"}
)
_KEPT_IN_PATHS = "%/:@!$&'()*+,;=~-._"
_DOT = {".": ".", "%2e": ".", "..": "..", ".%2e": "..", "%2e.": "..", "%2e%2e": ".."}

Code = Literal["bad_id", "not_public", "redirects"]


class AddressRefusedError(ValueError):
    """This address is never asked. The message is a sentence for people, ``code`` a word for a log."""

    def __init__(self, code: Code, sentence: str) -> None:
        super().__init__(sentence)
        self.code: Code = code


class Address(msgspec.Struct, frozen=True):
    """Where a page lies. ``host`` is lower-case ASCII, ``path`` includes the query, percent-encoded."""

    scheme: str
    host: str
    path: str

    def __str__(self) -> str:
        return f"{self.scheme}://{self.host}{self.path}"

    @property
    def origin(self) -> str:
        """Scheme and host: what one robots.txt speaks for."""
        return f"{self.scheme}://{self.host}"


def read(text: str) -> Address:
    """The address as it will be asked, without its fragment.

    Raises:
        AddressRefusedError: it is none, or not that of a public site.
    """
    if len(text) > LONGEST:
        raise AddressRefusedError("bad_id", f"A page's address has at most {LONGEST} characters.")
    if "\\" in text or any(_is_invisible(letter) for letter in text):
        raise AddressRefusedError(
            "bad_id", "A page's address has no blanks, backslashes or control characters."
        )
    shape = _SHAPE.fullmatch(text)
    if not shape:
        raise AddressRefusedError(
            "bad_id", "Give the page's whole address, such as https://venue.com/shows/12."
        )
    scheme = shape[1].lower()
    return Address(scheme, _host(shape[2], scheme), _path(shape[3]) + _query(shape[4]))


def onward(address: Address, location: str) -> Address:
    """Where a redirect leads.

    Raises:
        AddressRefusedError: nowhere that may be asked, or from https to http.
    """
    if any(_is_invisible(letter) for letter in location):
        raise AddressRefusedError("redirects", "A redirect to no address.")
    try:
        onto = read(urljoin(str(address), location))
    except AddressRefusedError as refused:
        code: Code = "not_public" if refused.code == "not_public" else "redirects"
        raise AddressRefusedError(code, str(refused)) from None
    except ValueError:
        raise AddressRefusedError("redirects", "A redirect to no address.") from None
    if address.scheme == "https" and onto.scheme == "http":
        raise AddressRefusedError("redirects", "A redirect from https to http.")
    return onto


def _is_invisible(letter: str) -> bool:
    """Controls, blanks, and what is not seen: joiners, marks of direction, halves of characters."""
    return letter.isspace() or unicodedata.category(letter)[0] in "CZ"


def _host(authority: str, scheme: str) -> str:
    if "@" in authority:
        raise AddressRefusedError("bad_id", "A page's address must not hold a user name or password.")
    name, colon, port = authority.partition(":")
    if authority.startswith("[") or (colon and ":" in port):
        raise _a_number()
    if colon and port != _PORTS[scheme]:
        raise AddressRefusedError(
            "bad_id", "Only pages on the usual ports can be watched: 443 for https, 80 for http."
        )
    return _name(name if name.isascii() and "xn--" not in name.lower() else _as_ascii(name))


def _as_ascii(name: str) -> str:
    """By IDNA 2008 after UTS 46: full-width digits are digits, an ideographic full stop is a dot."""
    import idna  # noqa: PLC0415 - comes with httpx; its tables cost 10 ms and hardly any address needs them

    try:
        return idna.encode(name, uts46=True).decode("ascii")
    except (idna.IDNAError, UnicodeError):
        raise _no_name() from None


def _name(text: str) -> str:
    name = text.lower().removesuffix(".")
    labels = name.split(".")
    if labels[-1].isdigit() or re.fullmatch(r"0x[0-9a-f]*", labels[-1]):
        raise _a_number()
    if len(name) > _LONGEST_NAME or not all(_LABEL.fullmatch(label) for label in labels):
        raise _no_name()
    if len(labels) < _FEWEST_LABELS or labels[-1] in _NOT_PUBLIC:
        raise AddressRefusedError(
            "not_public", "Only pages that everybody can open can be watched, not those of a private network."
        )
    if not _TOP.fullmatch(labels[-1]):
        raise _no_name()
    return name


def _a_number() -> AddressRefusedError:
    return AddressRefusedError(
        "not_public", "Give the site's name, such as https://venue.com/, not an IP address."
    )


def _no_name() -> AddressRefusedError:
    return AddressRefusedError(
        "bad_id", "There is no site of that name; give an address such as https://venue.com/shows/12."
    )


def _path(text: str) -> str:
    """Without dot segments: robots.txt must be asked about the path that the server will see."""
    kept = list[str]()
    segments = text.split("/")[1:] or [""]
    for place, segment in enumerate(segments):
        dots, is_last = _DOT.get(segment.lower()), place == len(segments) - 1
        if dots is None:
            kept.append(segment)
            continue
        del kept[len(kept) - (dots == "..") :]
        if is_last:
            kept.append("")
    return "/" + quote(_whole_percents("/".join(kept)), safe=_KEPT_IN_PATHS)


def _query(text: str | None) -> str:
    return "" if text is None else "?" + quote(_whole_percents(text), safe=_KEPT_IN_PATHS + "?")


def _whole_percents(text: str) -> str:
    return re.sub(r"%(?![0-9A-Fa-f]{2})", "%25", text)
