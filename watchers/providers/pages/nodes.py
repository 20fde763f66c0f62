"""JSON-LD and microdata as one kind of tree: nodes with types and properties, whatever their spelling.

Types lose their address (``http://schema.org/Offer`` is ``Offer``), properties their prefix and capitals
(``schema:Price``, ``Offers``), lists their nesting. A node that only names another by ``@id`` is replaced by
it, so a tree may hold itself: whoever walks it counts the steps. Size and depth have limits.
"""

import re
from collections.abc import Iterable
from decimal import Decimal
from typing import Any

import msgspec

from watchers.providers import shapes
from watchers.providers.pages.tags import plain

MOST, DEEPEST = 50_000, 40
_PREFIX = re.compile(r"^.*[/#:](?=[^/#:]+[/#]?$)", re.DOTALL)
_LONGEST_NAME = 200


class Node(msgspec.Struct, eq=False):
    """One thing of schema.org. ``types`` are as written, without address."""

    types: tuple[str, ...] = ()
    properties: dict[str, list[Any]] = msgspec.field(default_factory=dict)

    def is_a(self, *types: str) -> bool:
        """Whether one of its types is one of these, whatever the capitals."""
        return any(one.lower() in types for one in self.types)

    def all(self, *names: str) -> list[Any]:
        """The values of the first of the properties that has any."""
        return next((found for name in names if (found := self.properties.get(name))), [])

    def nodes(self, *names: str) -> list["Node"]:
        """The same, nodes only."""
        return [one for one in self.all(*names) if isinstance(one, Node)]

    def texts(self, *names: str) -> list[str]:
        """The same, texts only, each on one line; of a node its name."""
        return [text for one in self.all(*names) if (text := _text(one, "name"))]

    def words(self, *names: str) -> list[str]:
        """The same, where a node stands for a word of schema.org by its ``@id``; without addresses."""
        return [last_part(text) for one in self.all(*names) if (text := _text(one, "@id"))]

    def text(self, *names: str) -> str | None:
        """The first of these."""
        return next(iter(self.texts(*names)), None)


def last_part(name: str) -> str:
    """``http://schema.org/InStock`` -> ``InStock``; without an address, as it is."""
    return _PREFIX.sub("", name[:_LONGEST_NAME].strip()).strip("/#")


class Nodes:
    """Reads trees, one after the other, and counts."""

    def __init__(self) -> None:
        self.cut = False
        self._left = MOST
        self._named: dict[str, Node] = {}
        self._read: list[Node] = []

    def read(self, values: Iterable[Any]) -> list[Node]:
        """The nodes at the top of values; ``joined`` must follow once everything is read."""
        return [one for value in values for one in self._flat(value, 0) if isinstance(one, Node)]

    def joined(self) -> None:
        """Put the nodes in the place of those that only name them."""
        for node in self._read:
            for name, values in node.properties.items():
                if name != "@id":
                    values[:] = [self._meant(one) for one in values]

    def _meant(self, value: Any) -> Any:
        if isinstance(value, Node) and value.properties.keys() == {"@id"} and not value.types:
            return self._named.get(value.text("@id") or "", value)
        return value

    def _flat(self, value: Any, depth: int) -> list[Any]:
        """A value as a list: of a list its members, of a wrapper what is wrapped."""
        if self._left <= 0 or depth > DEEPEST:
            self.cut = True
            return []
        self._left -= 1
        if isinstance(value, list):
            return [one for member in value for one in self._flat(member, depth + 1)]
        if not isinstance(value, dict):
            return [value] if isinstance(value, str | bool | Decimal) else []
        for wrapper in ("@value", "@list", "@set"):
            if wrapper in value:
                return self._flat(value[wrapper], depth + 1)
        return [self._node(value, depth)]

    def _node(self, value: dict[str, Any], depth: int) -> Node:
        node = Node()
        for key, member in value.items():
            name = key.lower() if key.startswith("@") else last_part(key).lower()
            found = self._flat(member, depth + 1)
            if name in ("@type", "type"):
                node.types = (*node.types, *(last_part(one) for one in found if isinstance(one, str)))
            else:
                node.properties.setdefault(name, []).extend(found)
        self._read.append(node)
        if len(node.properties) > 1 and (id_ := node.text("@id")):
            self._named.setdefault(id_, node)
        return node


def _text(value: Any, of_node: str) -> str | None:
    """A node's own texts only: trees may hold themselves."""
    if isinstance(value, Node):
        return next((line for one in value.all(of_node) if (line := _line(one))), None)
    return _line(value)


def _line(value: Any) -> str | None:
    if isinstance(value, Decimal):
        return str(value)
    return shapes.text(plain(value)) if isinstance(value, str) else None
