"""What a person asks for: a target, conditions, and how to be told.

It comes from outside, so it is validated here: an unknown field is refused, never ignored, and every fault
is a sentence (``asked.py`` puts them together). Frozen values without I/O.
"""

import json
import re
from collections.abc import Mapping
from datetime import date, datetime
from decimal import Decimal
from functools import cached_property
from typing import Annotated, Any, ClassVar, Literal, Self

from msgspec.structs import replace
from pydantic import (
    AfterValidator,
    AwareDatetime,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Discriminator,
    Field,
    GetCoreSchemaHandler,
    Tag,
    TypeAdapter,
    WithJsonSchema,
    model_validator,
)
from pydantic_core import CoreSchema, PydanticCustomError, core_schema

from watchers.errors import TOO_EARLY
from watchers.kinds import Channel, Kind
from watchers.language import say
from watchers.money import CURRENCIES, Basis, PriceKey, exponent, minor_units
from watchers.target import Search, Target, Weekday

MAX_PRICE = Decimal(1_000_000)
MAX_NAME = 200


class _Document(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", str_strip_whitespace=True, defer_build=True)


def _plain_amount(value: object) -> Decimal:
    """A price as people write it: ``"90"``, ``"89.90"``, 90 or 89.9; no exponent, sign, NaN or separator."""
    text = str(value).strip() if isinstance(value, str | int | float | Decimal) and value is not True else ""
    if not re.fullmatch(r"\d{1,15}(\.\d{1,3})?", text):
        raise ValueError(say('write an amount as a plain number such as "90.00"'))
    amount = Decimal(text)
    if not 0 < amount <= MAX_PRICE:
        raise ValueError(say("an amount must be over 0 and at most {most}", most=f"{MAX_PRICE:,}"))
    return (
        Decimal(f"{amount:f}".rstrip("0").rstrip(".")) if "." in text else amount
    )  # 90 and 90.00 ask the same


def _number(value: object) -> object:
    """Yes and no are not numbers here, and neither is text."""
    if isinstance(value, bool | str):
        raise ValueError(say("must be a plain number"))  # noqa: TRY004 - pydantic turns it into a sentence
    return value


def _day(value: object) -> object:
    """A day is written as one: seconds since 1970 are none, and neither is midnight."""
    if isinstance(value, str) and not re.fullmatch(r"\d{4}-\d\d-\d\d", value, re.ASCII):
        raise ValueError(say('write a date such as "2026-12-31"'))
    if not isinstance(value, str | date | None):
        raise ValueError(say('write a date such as "2026-12-31"'))  # noqa: TRY004 - as above
    return value


def _moment(value: object) -> object:
    """A time is written as one: seconds since 1970 are none."""
    is_written = isinstance(value, str) and re.match(r"\d{4}-\d\d-\d\d[Tt ]\d\d:", value, re.ASCII)
    if not is_written and not isinstance(value, datetime | None):
        raise ValueError(say('write a time with its zone, such as "2026-12-31T18:00:00Z"'))
    return value


def _one_line(value: object) -> object:
    """A name on one line, without what cannot be printed."""
    if not isinstance(value, str):
        return value
    return "".join(letter for letter in " ".join(value.split()) if letter.isprintable())


def _known_currency(code: str) -> str:
    if code not in CURRENCIES:
        raise ValueError(say('this is no currency; write its ISO code, such as "USD"'))
    return code


_WRITTEN = {"type": "string", "pattern": r"^[0-9]{1,7}(\.[0-9]{1,3})?$"}
_COUNTED = {"type": "number", "exclusiveMinimum": 0, "maximum": int(MAX_PRICE)}
_IN_JSON = {
    "anyOf": [_WRITTEN, _COUNTED],
    "description": "In major units of the currency.",
    "examples": ["90.00"],
}

Amount = Annotated[Decimal, BeforeValidator(_plain_amount), WithJsonSchema(_IN_JSON)]
Currency = Annotated[str, Field(pattern=r"^[A-Z]{3}$"), AfterValidator(_known_currency)]
Day = Annotated[date, BeforeValidator(_day)]
Moment = Annotated[AwareDatetime, BeforeValidator(_moment)]
Country = Annotated[str, Field(pattern=r"^[A-Z]{2}$")]
ProviderName = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,30}$")]
ShortText = Annotated[str, Field(min_length=1, max_length=MAX_NAME), BeforeValidator(_one_line)]
Word = Annotated[str, Field(min_length=1, max_length=30), BeforeValidator(_one_line)]


class SearchFields(_Document):
    """A query as a person writes it: at least a keyword, a city or a category."""

    keyword: ShortText | None = None
    city: ShortText | None = None
    country: Country | None = None
    date_from: Day | None = None
    date_to: Day | None = None
    category: ShortText | None = None
    weekdays: tuple[Weekday, ...] = ()

    @model_validator(mode="after")
    def _says_something(self) -> Self:
        if not (self.keyword or self.city or self.category):
            raise ValueError(say("a search needs a keyword, a city or a category"))
        if self.date_from and self.date_to and self.date_from > self.date_to:
            raise PydanticCustomError(TOO_EARLY, say("date_from must not be later than date_to"))
        return self


class TargetFields(_Document):
    """A target as a person writes it: what ``Target`` takes for granted is refused here."""

    provider: ProviderName
    item: Annotated[str, Field(min_length=1, max_length=2000)] | None = None
    search: SearchFields | None = None
    country: Country | None = None

    @model_validator(mode="after")
    def _one_question(self) -> Self:
        if (self.item is None) == (self.search is None):
            raise ValueError(say("a target has either an item or a search"))
        return self

    def plain(self) -> Target:
        """As it is asked."""
        search = Search(**dict(self.search)) if self.search else None
        return Target(self.provider, self.item, search, self.country)


class _ReadAsTarget:
    """Tells pydantic to read a ``Target`` by the rules of ``TargetFields``, and how it is stored."""

    @staticmethod
    def __get_pydantic_core_schema__(_source: object, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.no_info_wrap_validator_function(
            lambda value, read: value if isinstance(value, Target) else read(value).plain(),
            handler.generate_schema(TargetFields),
            serialization=core_schema.plain_serializer_function_ser_schema(Target.to_document),
        )


AskedTarget = Annotated[Target, _ReadAsTarget]
read_target = TypeAdapter[Target](AskedTarget, config=ConfigDict(defer_build=True)).validate_python
"""The target that a mapping asks for; ``ValidationError`` where it asks for none."""


class Markets(_Document):
    """One event on several markets: any of them may fire."""

    markets: Annotated[tuple[AskedTarget, ...], Field(min_length=1, max_length=10)]


class Below(_Document):
    """Lowest comparable price at or under the limit."""

    kind: Literal[Kind.BELOW]
    price: Amount
    currency: Currency
    basis: Basis | Literal["any"] = "any"

    @model_validator(mode="after")
    def _whole_minor_units(self) -> Self:
        if self.price != self.price.quantize(Decimal(1).scaleb(-exponent(self.currency))):
            digits = exponent(self.currency)
            raise ValueError(
                say(
                    "write the price with at most {digits} digits behind the point ({currency})",
                    digits=digits,
                    currency=self.currency,
                )
            )
        return self

    @property
    def limit(self) -> int:
        """The limit in minor units."""
        return minor_units(self.price, self.currency)

    def concerns(self, key: PriceKey) -> bool:
        """Whether this limit speaks of prices of this key."""
        return key.currency == self.currency and self.basis in ("any", key.basis)


class Drop(_Document):
    """At least ``percent`` and at least ``min_saving`` (in the price's own currency) under the reference."""

    kind: Literal[Kind.DROP]
    percent: Annotated[float, Field(gt=0, lt=100, allow_inf_nan=False), BeforeValidator(_number)]
    min_saving: Amount | None = None
    basis: Basis | Literal["any"] = "any"

    def concerns(self, key: PriceKey) -> bool:
        """Whether this condition speaks of prices of this key."""
        return self.basis in ("any", key.basis)


class HistoricLow(_Document):
    """Under every price of the last ``days`` days."""

    kind: Literal[Kind.HISTORIC_LOW]
    days: Annotated[int, Field(ge=2, le=730), BeforeValidator(_number)]
    basis: Basis | Literal["any"] = "any"

    def concerns(self, key: PriceKey) -> bool:
        """Whether this condition speaks of prices of this key."""
        return self.basis in ("any", key.basis)


class NewListing(_Document):
    """An id not seen before among a search's results."""

    kind: Literal[Kind.NEW_LISTING]
    basis: ClassVar[None] = None  # no price is compared


class BackInStock(_Document):
    """Sold out or off sale, and now available."""

    kind: Literal[Kind.BACK_IN_STOCK]
    basis: ClassVar[None] = None  # no price is compared


class StatusChange(_Document):
    """On-sale or presale dates announced or moved; cancelled, postponed, rescheduled."""

    kind: Literal[Kind.STATUS]
    basis: ClassVar[None] = None  # no price is compared


PriceCondition = Below | Drop | HistoricLow
Condition = Annotated[
    Below | Drop | HistoricLow | NewListing | BackInStock | StatusChange, Field(discriminator="kind")
]


class Filters(_Document):
    """What narrows a watch. A provider that cannot honour a filter refuses the watch; it never ignores it."""

    min_quantity: Annotated[int, Field(ge=1, le=20), BeforeValidator(_number)] | None = None
    sections: tuple[ShortText, ...] = ()
    basis: Basis | None = None
    weekdays: tuple[Weekday, ...] = ()


def _target_or_markets(value: object) -> str:
    plural = isinstance(value, Markets) or (isinstance(value, Mapping) and "markets" in value)
    return "markets" if plural else "target"


class Watch(_Document):
    """What a person asked for: a target, conditions (any one is enough), and how to be told.

    ``already_true``: a condition that holds at the first look is told (``tell``), or taken as told so that
    only a further drop fires (``wait``). ``status``: ``ended`` is a pause that its owner means for good
    ("bought it"). ``snoozed_until``: what is found before then is kept, and told then. ``tags``: its owner's
    own words, to find it by.
    """

    name: Annotated[ShortText, Field(description="What its owner calls it.", examples=["Lakers under $90"])]
    target: Annotated[
        Annotated[AskedTarget, Tag("target")] | Annotated[Markets, Tag("markets")],
        Discriminator(_target_or_markets),
        Field(description="What is looked at: an item, a search, or one event on several markets."),
    ]
    conditions: Annotated[
        tuple[Condition, ...],
        Field(min_length=1, max_length=10, description="Any one of them is enough to tell."),
    ]
    already_true: Literal["tell", "wait"] = Field(
        "tell", description="What is true at the first look: `tell` it, or `wait` for a further drop."
    )
    notify: Annotated[
        tuple[Channel, ...],
        Field(min_length=1, max_length=4, description="How it tells; only where a contact is verified."),
    ] = (Channel.SMS, Channel.EMAIL)
    status: Literal["active", "paused", "ended"] = Field(
        "active", description="`ended` is a pause for good: it was bought, or is over."
    )
    snoozed_until: Moment | None = Field(
        None,
        description="What is found before then is kept, and told then.",
        examples=["2026-12-31T18:00:00Z"],
    )
    filters: Filters = Field(Filters(), description="What narrows what counts.")
    tags: Annotated[
        tuple[Word, ...], Field(max_length=10, description="Its owner's own words, to find it by.")
    ] = ()

    @cached_property
    def targets(self) -> tuple[Target, ...]:
        """Every target asked for this watch. A filter that changes the question is part of the target."""
        asked = self.target.markets if isinstance(self.target, Markets) else (self.target,)
        return tuple(self._narrowed(target) for target in asked)

    def _narrowed(self, target: Target) -> Target:
        if target.search is None or not self.filters.weekdays:
            return target
        return replace(target, search=replace(target.search, weekdays=self.filters.weekdays))

    @property
    def rule(self) -> dict[str, Any]:
        """What was asked, without name, channels or pause: when this changes, the watch starts anew."""
        return self.model_dump(mode="json", include={"target", "conditions", "already_true", "filters"})

    @property
    def question(self) -> str:
        """What makes two watches the same to the person who has both: all they ask, in whatever order."""
        rule = self.rule
        conditions = sorted(json.dumps(one, sort_keys=True, default=str) for one in rule["conditions"])
        return json.dumps([rule["target"], conditions, rule["filters"]], sort_keys=True, default=str)

    def wants(self, key: PriceKey) -> bool:
        """Whether prices of this key count at all under the watch's filters."""
        return self.filters.basis in (None, key.basis)
