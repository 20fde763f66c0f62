"""What can go wrong upstream and in the stores, split on the caller's only question: can trying again help?

* ProviderError
  · ProviderUnavailableError   later may work: time-out, 5xx, not JSON, a spike limit
    + OutOfQuotaError          not before the quota's next window
  · ProviderRejectedError      not until someone acts: wrong key, refused query
* StoreError
  · ConflictError              somebody else wrote first: read again and decide again
  · StoreUnavailableError      the database did not answer in time: the step may be repeated
  · DocumentTooLargeError      a document would not fit: someone must act
* WatchRefusedError            what a person asked for cannot be watched, and why

Messages hold ids and codes only: no key, phone number, URL or vendor's prose.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from watchers.language import Saying

TOO_EARLY: Final = "too_early"
"""The ``code`` of a last day that lies before the first."""
TOO_LARGE: Final = "too_large"
"""The ``code`` of a document that is too large as a whole."""


class ProviderError(Exception):
    """A provider could not be asked, or its answer could not be understood.

    ``why`` says the same to a person, without the provider's name, where it can be said so.
    """

    def __init__(self, message: str = "", why: Saying | None = None) -> None:
        super().__init__(message)
        self.why = why


class ProviderUnavailableError(ProviderError):
    """Trying again later may work."""


class OutOfQuotaError(ProviderUnavailableError):
    """No call may be made now: the quota is spent, or the provider told us to stop for a while."""


class ProviderRejectedError(ProviderError):
    """Trying again will not help until someone acts (a wrong key, a query the provider refuses)."""


class StoreError(Exception):
    """A document could not be read or written."""


class ConflictError(StoreError):
    """The document is not the version that was read, or exists already: read it again, decide again."""


class StoreUnavailableError(StoreError):
    """The database did not answer in time. Nothing is known about the last write; it may be repeated."""


class DocumentTooLargeError(StoreError):
    """The document would exceed the database's limit (1 MiB); nothing was written."""


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing that is wrong with what a person asked for.

    Attributes:
        said: A sentence, in their language.
        place: The field it is about, as documents name it: ``conditions 1, price``. Empty: no one field.
        code: What kind of fault it is, for whoever says it in words of their own.
    """

    said: str
    place: str = ""
    code: str = ""

    def __str__(self) -> str:
        return f"{self.place}: {self.said}" if self.place else self.said


class WatchRefusedError(Exception):
    """A watch that cannot be accepted; ``reasons`` are sentences for the person who asked.

    ``faults`` are the same, with the field that each is about.
    """

    def __init__(self, reasons: Sequence[str | Fault]) -> None:
        self.faults = tuple(one if isinstance(one, Fault) else Fault(one) for one in reasons)
        self.reasons = tuple(map(str, self.faults))
        super().__init__("; ".join(self.reasons))
