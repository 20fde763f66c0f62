"""What the one box was given: a name, a link or an id, and what can be done with it. Pure.

A link is read by the shop whose own it is; any other is a page. What might be an id is never guessed at:
whose it is, a person says, and it may be a name all the same. Nothing is asked here, and nothing is invented:
what could not be taken as it was is said.
"""

import re
from collections.abc import Iterable, Mapping

import msgspec

from watchers.language import say
from watchers.providers import links, recognise, refusal
from watchers.providers.base import Provider
from watchers.providers.links import Link
from watchers.shops import shop
from watchers.target import Target

LONGEST = 2000
LONGEST_WORDS = 200
_DIGITS = re.compile(r"[1-9][0-9]{2,14}")
_LETTERS_TOO = re.compile(r"(?=.*[0-9])(?=.+[A-Z])[A-Za-z0-9_-]{8,60}")  # Blink182 is a name
_EBAY = re.compile(r"v1\|[0-9]+\|[0-9]+")
_NEEDS_LETTERS = frozenset({"ticketmaster", "ticketmaster_feed", "inventory_status"})  # of an id


class Wanted(msgspec.Struct, frozen=True):
    """What a text in the box stands for.

    Attributes:
        text: The text, cleaned.
        items: What can be watched as it is: one item or list; or several, at one shop each, of which one is
            meant.
        words: What to search all markets for, instead or as well; empty where nothing is.
        name: What the thing is called, as far as its link says.
        said: What was understood, or could not be taken as it was, in sentences.
        error: What to write instead, where nothing can be done with it.
    """

    text: str = ""
    items: tuple[Target, ...] = ()
    words: str = ""
    name: str = ""
    said: tuple[str, ...] = ()
    error: str = ""

    @property
    def item(self) -> Target | None:
        """The one thing that is surely meant."""
        return self.items[0] if len(self.items) == 1 and not self.words else None


def read(text: str, providers: Mapping[str, str], asked: Iterable[Provider] = ()) -> Wanted:
    """What a text stands for.

    Args:
        text: As it was typed or pasted.
        providers: Every provider by name, ``on`` or why it is off (``Site.providers``).
        asked: Those that are on: of their own servers they know the addresses.
    """
    given = " ".join("".join(letter if letter.isprintable() else " " for letter in text).split())
    if not given:
        return Wanted()
    if (link := links.read(given)) is not None:
        return _of_link(given, link, providers, recognise(link, asked))
    if error := _unreadable(given):
        return Wanted(given[:LONGEST], error=error)
    return _of_id(given, providers) or Wanted(given, words=given)


def _unreadable(given: str) -> str:
    if "://" in given:
        return say("This address cannot be read. Paste it anew, or type the name.")
    if len(given) > LONGEST_WORDS:
        return say("This is too long: a name has at most {most} letters here.", most=LONGEST_WORDS)
    return ""


# ── a link ───────────────────────────────────────────────────────────────────────────────────────────────


def _of_link(given: str, link: Link, providers: Mapping[str, str], target: Target | None) -> Wanted:
    name = links.title(link)
    if target is None:
        return _of_page(given, link, name, providers)
    where = shop(target.provider)
    if (state := providers.get(target.provider)) != "on":
        why = say("{shop} is switched off here ({why}).", shop=where, why=state or say("it is not known"))
        return _instead(given, name, why)
    if target.search is not None and target.provider == "ticketmaster":
        return _instead(given, target.search.keyword or "", _web_id(target.provider))
    return Wanted(given, (target,), name=name, said=(say("A link of {shop}.", shop=where),))


def _of_page(given: str, link: Link, name: str, providers: Mapping[str, str]) -> Wanted:
    page = Target("page", link.address)
    if ".ticketmaster." in f".{link.host}":
        return _instead(
            given, "", say("The id in a Ticketmaster address is not the one its interface knows.")
        )
    if (state := providers.get("page")) != "on":
        why = say("Web pages are switched off here ({why}).", why=state or say("they are not known"))
        return _instead(given, name, why)
    if refused := _refused(page):
        return Wanted(given, error=refused)
    said = say("A web page: it is watched where it says its price in a way that machines can read.")
    return Wanted(given, (page,), name=name, said=(said,))


def _web_id(provider: str) -> str:
    return say("The id in a {shop} address is not the one its interface knows.", shop=shop(provider))


def _instead(given: str, words: str, why: str) -> Wanted:
    """A search for the words of an address that is of no other use."""
    if not words:
        return Wanted(given, error=say("{why} Type the name instead.", why=why))
    said = say("{why} So we searched for the words in it: “{words}”.", why=why, words=words)
    return Wanted(given, words=words[:LONGEST_WORDS], name=words, said=(said,))


# ── an id ────────────────────────────────────────────────────────────────────────────────────────────────


def _of_id(given: str, providers: Mapping[str, str]) -> Wanted | None:
    if _EBAY.fullmatch(given):
        names = ["ebay"]
    elif _DIGITS.fullmatch(given):
        names = [name for name in providers if name not in _NEEDS_LETTERS]
    elif _LETTERS_TOO.fullmatch(given):
        names = [name for name in providers if name in _NEEDS_LETTERS]
    else:
        return None
    targets = (Target(name, given) for name in names if name != "page" and providers.get(name) == "on")
    found = tuple(target for target in targets if not _refused(target))
    said = say("This may be an id. Whose is it?")
    return Wanted(given, found, words=given, said=(said,)) if found else None


def _refused(target: Target) -> str | None:
    """Without filters."""
    from watchers.watch import Filters  # noqa: PLC0415 - pydantic, for those who ask for an item

    return refusal(target, Filters())
