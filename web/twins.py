"""Whether somebody watches the same for the same already: one is enough. Pure."""

from collections.abc import Iterable

from watchers.documents import Document
from watchers.watch import Watch
from web import monitors


def twin(watch: Watch | None, known: Iterable[Document]) -> Document | None:
    """Which of a person's watches asks for the same; ``None`` when none does.

    Args:
        watch: What is to be saved.
        known: Their own copies (``monitors.find_all``), without the one that is to be saved.
    """
    if watch is None:
        return None
    return next((source for source in known if _question(source) == watch.question), None)


def _question(source: Document) -> str | None:
    watch = monitors.read(source.fields)
    return watch.question if watch else None
