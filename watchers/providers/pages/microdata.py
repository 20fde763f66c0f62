"""Microdata: what tags say with ``itemscope`` and ``itemprop``, as the same trees that JSON-LD has.

https://html.spec.whatwg.org/multipage/microdata.html. An item is ``{"@type": [...], "name": ["..."], ...}``.
``itemref`` is not followed. Depth and number of what is kept have limits, so that a page cannot be dear.
"""

from collections import Counter
from typing import Any

import msgspec

from watchers.providers.pages.tags import Tag, plain

Item = dict[str, Any]

DEEPEST, MOST_PROPERTIES = 256, 20_000
_TEXTS, _LONGEST = 16, 1_000  # properties whose text is collected at once, and the characters of each
_VOID = frozenset(
    ("area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "wbr")
)
_ENDS_ALL = frozenset(("body", "html"))  # sites forget to close what is in them
_CLOSED_BY_ITS_LIKE = frozenset(("li", "dd", "dt", "tr", "td", "th", "p", "option"))
_SAID_BY = {
    **dict.fromkeys(("a", "area", "link"), "href"),
    **dict.fromkeys(("img", "audio", "video", "embed", "iframe", "source", "track"), "src"),
    **dict.fromkeys(("data", "meter"), "value"),
    "object": "data",
    "time": "datetime",
}


class _Element(msgspec.Struct, eq=False):
    """An open element: the item it is, or the properties of ``owner`` that its text will be."""

    name: str
    item: Item | None = None
    owner: Item | None = None
    properties: tuple[str, ...] = ()
    text: str = ""


class Items:
    """Collects items, tag by tag; ``found`` are those that are no property of another.

    ``broken_off``: the page ended within an item, or said more than is kept. Such items are not among them,
    because what is missing may be the word that they are sold out.
    """

    def __init__(self) -> None:
        self.found: list[Item] = []
        self.broken_off = False
        self._open: list[_Element] = []
        self._texts: list[_Element] = []
        self._scopes: list[Item] = []
        self._names: Counter[str] = Counter()
        self._left, self._lost = MOST_PROPERTIES, False

    def tag(self, tag: Tag) -> None:
        """The next tag of the page."""
        if self._left < 0:
            return  # nothing of it will be kept
        if tag.closes and tag.name in _ENDS_ALL:
            self._leave_all()
        elif tag.closes:
            self._close(tag.name)
        elif "item" in tag.written.lower():
            self._like(tag.name)
            self._start(tag)
        elif self._open:
            self._like(tag.name)
            self._enter(_Element(tag.name))

    def text(self, text: str) -> None:
        """The next text between tags."""
        for element in self._texts:
            if len(element.text) < _LONGEST:
                element.text += text[:_LONGEST]

    def end(self) -> None:
        """The page is over; whatever is still open was broken off."""
        self.broken_off = bool(self._scopes)
        unfinished = {id(item) for item in self._scopes}
        self.found = [item for item in self.found if id(item) not in unfinished]
        self._leave_all()
        if self._lost or self._left < 0:
            self.found, self.broken_off = [], True

    def _leave_all(self) -> None:
        while self._open:
            self._leave(self._open.pop())

    def _start(self, tag: Tag) -> None:
        said = tag.attributes
        scope = self._scopes[-1] if self._scopes else None
        element = _Element(tag.name)
        properties = tuple(said.get("itemprop", "").split()[:5])
        if "itemscope" in said:
            element.item = {"@type": said.get("itemtype", "").split()[:10]}
            if scope is None or not properties:
                self._keep(element.item)
            self._set(scope, properties, element.item)
        elif properties and scope is not None:
            value = said.get("content", said.get(_SAID_BY.get(tag.name, "content")))
            if value is not None:
                self._set(scope, properties, value)
            elif tag.name not in _VOID:
                element.owner, element.properties = scope, properties
        self._enter(element)

    def _enter(self, element: _Element) -> None:
        if element.name in _VOID:
            return
        if len(self._open) >= DEEPEST or (element.owner is not None and len(self._texts) >= _TEXTS):
            self._lost = True
            return
        self._open.append(element)
        self._names[element.name] += 1
        if element.item is not None:
            self._scopes.append(element.item)
        if element.owner is not None:
            self._texts.append(element)

    def _like(self, name: str) -> None:
        """A start tag that ends its open neighbour: ``<li>`` after ``<li>``."""
        if name in _CLOSED_BY_ITS_LIKE and self._open and self._open[-1].name == name:
            self._leave(self._open.pop())

    def _close(self, name: str) -> None:
        """The innermost open element of the name ends, and all within it; a stray end tag is nothing."""
        open_of_it = self._names.get(name, 0)
        while self._open and self._names[name] >= open_of_it > 0:
            self._leave(self._open.pop())

    def _leave(self, element: _Element) -> None:
        self._names[element.name] -= 1
        if element.item is not None:
            self._scopes.pop()
        if element.owner is not None:
            self._texts.remove(element)
            self._set(element.owner, element.properties, plain(element.text).strip())

    def _keep(self, item: Item) -> None:
        self._left -= 1
        if self._left >= 0:
            self.found.append(item)

    def _set(self, owner: Item | None, properties: tuple[str, ...], value: Item | str) -> None:
        if owner is None:
            return
        for name in properties:
            self._left -= 1
            if self._left >= 0:
                owner.setdefault(name, []).append(value)
