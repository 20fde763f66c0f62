"""Whether somebody watches the same for the same already: one is enough. Pure."""

from collections.abc import Iterable

from watchers.documents import Document
from watchers.watch import Watch
from web import monitors


def twin(watch: Watch | None, known: Iterable[Document], but: str = "") -> Document | None:
    """Which of a person's watches asks for the same; ``None`` when none does.

    Args:
        watch: What is to be saved.
        known: Their own copies (``monitors.find_all``).
        but: The id under which it is to be saved.
    """
    asked = _question(watch)
    others = (source for source in known if source.id != but)
    return next((source for source in others if asked == _question(monitors.read(source.fields))), None)


def _question(watch: Watch | None) -> object:
    """What makes two watches the same to the person who has both."""
    if watch is None:
        return object()
    rule = watch.rule
    return rule["target"], sorted(map(repr, rule["conditions"])), rule["filters"]
