"""Asking for items one by one: what a provider does where it cannot, or may not, ask for several at once."""

from collections.abc import Callable, Sequence

from watchers.errors import OutOfQuotaError, ProviderError, ProviderUnavailableError
from watchers.observation import Observation
from watchers.providers.base import Fetched
from watchers.target import Target

Answers = dict[str, Observation | str]
"""By target id: what was seen, or the code of a failure. Who is not in it was not asked."""


def one_by_one(
    targets: Sequence[Target],
    known: Answers,
    by_id: Callable[[Target], Observation | str],
    final: type[ProviderError],
) -> Answers:
    """Ask for as long as there is budget and an answer; what is ``known`` already is kept.

    A refusal of one item is its own failure, unless it is a ``final`` one, which concerns every item.

    Raises:
        ProviderError: a final one, or nothing is known about any item.
    """
    answered = dict(known)
    for target in targets:
        try:
            answered[target.id] = by_id(target)
        except final:
            raise
        except ProviderUnavailableError as exc:
            if not answered:
                raise
            if not isinstance(exc, OutOfQuotaError):  # whoever is not asked stays due
                answered[target.id] = "unavailable"
            break
        except ProviderError:
            if len(targets) == 1 and not known:
                raise
            answered[target.id] = "refused"
    return answered


def fetched(answers: Answers) -> Fetched:
    """Observations here, failures there."""
    return Fetched(
        {id_: one for id_, one in answers.items() if isinstance(one, Observation)},
        {id_: one for id_, one in answers.items() if isinstance(one, str)},
    )
