"""What an alert will say, as facts: chosen here, worded in ``notifiers/messages.py``. Pure."""

from collections.abc import Sequence

from watchers.language import SOURCE, speaking
from watchers.models import News, Reason
from watchers.money import Basis, PriceKey
from watchers.next_text import next_text
from watchers.notices import Verdict
from watchers.observation import Availability, ItemCondition, Observation
from watchers.watch import Watch

_IMPORTANCE = {
    reason: rank
    for rank, reason in enumerate(
        (
            Reason.STATUS_CHANGED,
            Reason.BELOW_LIMIT,
            Reason.HISTORIC_LOW,
            Reason.DROPPED,
            Reason.FURTHER_DROP,
            Reason.BACK_IN_STOCK,
            Reason.NEW_LISTING,
            Reason.SECOND_LOOK,
            Reason.REARMED,
            Reason.TAKEN_AS_TOLD,
            Reason.NEW_PRICE_KEY,
            Reason.ALREADY_TOLD,
            Reason.FIRST_LOOK,
            Reason.NOT_TRUE,
            Reason.NOT_ENOUGH_HISTORY,
            Reason.NOT_KNOWN,
        )
    )
}
_CLEAREST = (Basis.ALL_IN, Basis.FACE, Basis.LISTING, Basis.RESALE)


def _clarity(key: PriceKey) -> tuple[int, str]:
    """The price that includes most comes first; the order in which prices are listed says nothing."""
    return _CLEAREST.index(key.basis), key.currency


def headline(verdicts: Sequence[Verdict]) -> Verdict:
    """The verdict worth a headline: the most important reason, of the price that includes most."""
    return min(
        verdicts,
        key=lambda verdict: (
            _IMPORTANCE[verdict.reason],
            _clarity(verdict.key) if verdict.key else (0, ""),
            verdict.condition,
        ),
        default=Verdict(0, Reason.NOT_KNOWN),
    )


def tell(watch: Watch, head: Verdict, now: Observation, rule: tuple[int, int | None, str] | None) -> News:
    """The facts of an alert about ``head``; ``rule`` is when the next text comes (``rules.rule``)."""
    about = head.about or _cheapest(now, head) or _available(now) or now
    key, price = (head.key, head.price) if head.key else clearest_price(about)
    at, over, currency = rule or (None, None, None)
    with speaking(SOURCE):  # what is stored is English, whoever asks
        written = next_text(*rule) if rule else None
    is_same = key is not None and currency == key.currency
    return News(
        reason=head.reason,
        watch_name=watch.name,
        provider=now.target.provider,
        event_name=_named(about),
        url=about.url,
        venue=about.venue,
        city=about.city,
        starts_at=about.starts_at,
        starts_on=about.starts_on,
        basis=key.basis if key else None,
        currency=key.currency if key else None,
        price=price,
        was=head.was if now.listings is None else None,  # another show's price is not what this one cost
        detail=head.detail,
        next_text=written,
        next_at=at if is_same else None,
        next_over=over if is_same else None,
        observed_at=now.at,
    )


def _named(about: Observation) -> str | None:
    """The name, and the condition where it is not new: nobody should be glad of another thing's price."""
    if about.name is None or about.condition in (None, ItemCondition.NEW):
        return about.name
    return f"{about.name} ({about.condition.replace('_', ' ')})"


def _cheapest(now: Observation, head: Verdict) -> Observation | None:
    """The listing of a search that has the price."""
    if head.key is None:
        return None
    return next(
        (found for found in now.listings or () if found.buyable_prices.get(head.key) == head.price), None
    )


def _available(now: Observation) -> Observation | None:
    """What of a search can be bought again."""
    return next((one for one in now.listings or () if one.availability is Availability.AVAILABLE), None)


def clearest_price(seen: Observation) -> tuple[PriceKey | None, int | None]:
    """The price that includes most, and what it includes."""
    ranked = sorted(seen.buyable_prices.items(), key=lambda entry: _clarity(entry[0]))
    return ranked[0] if ranked else (None, None)
