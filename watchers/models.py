"""What we conclude, and whom we tell: frozen values without I/O.

As in ``observation.py``, an unknown price is absent, never 0, and a time is aware. What a person asks
for is in ``watch.py``.
"""

from dataclasses import dataclass, field
from datetime import date, datetime, time
from enum import StrEnum

from watchers.kinds import Channel
from watchers.money import Basis


class Reason(StrEnum):
    """Why a watch fired or did not: a closed vocabulary, so that one word in a log answers a question."""

    # fired
    BELOW_LIMIT = "below_limit"
    DROPPED = "dropped"
    HISTORIC_LOW = "historic_low"
    FURTHER_DROP = "further_drop"
    NEW_LISTING = "new_listing"
    BACK_IN_STOCK = "back_in_stock"
    STATUS_CHANGED = "status_changed"
    TEST = "test"  # somebody asked for a message to see whether it arrives
    CODE = "code"  # somebody proves that a number or an address is theirs
    # did not fire
    FIRST_LOOK = "first_look"  # a silent baseline
    TAKEN_AS_TOLD = "taken_as_told"  # already true when saved, and the person chose to wait
    NOT_TRUE = "not_true"
    ALREADY_TOLD = "already_told"
    REARMED = "rearmed"  # clearly false for two looks: the next time counts again
    SECOND_LOOK = "second_look"  # suspicious: held until a second look agrees
    NEW_PRICE_KEY = "new_price_key"  # a kind of price that was not published before
    NOT_ENOUGH_HISTORY = "not_enough_history"
    NOT_KNOWN = "not_known"
    OUT_OF_DATE = "out_of_date"  # an observation no newer than one already decided on
    EVENT_OVER = "event_over"

    @property
    def fires(self) -> bool:
        """Whether this reason tells somebody."""
        return self in _FIRING

    @property
    def is_awaited(self) -> bool:
        """Whether somebody sits and waits for the message: no quiet hours, digest or cap concern it."""
        return self in (Reason.TEST, Reason.CODE)


_FIRING = frozenset(
    {
        Reason.BELOW_LIMIT,
        Reason.DROPPED,
        Reason.HISTORIC_LOW,
        Reason.FURTHER_DROP,
        Reason.NEW_LISTING,
        Reason.BACK_IN_STOCK,
        Reason.STATUS_CHANGED,
        Reason.TEST,
        Reason.CODE,
    }
)


class AlertState(StrEnum):
    """Where an alert stands; the machine is drawn in ``notifiers/outbox.py``."""

    PENDING = "pending"
    HELD = "held"
    SENDING = "sending"
    SENT = "sent"
    DELIVERED = "delivered"
    UNDELIVERED = "undelivered"
    FAILED = "failed"
    UNCERTAIN = "uncertain"


@dataclass(frozen=True, slots=True)
class PastPrice:
    """One price at one moment, in minor units of whatever it stands beside."""

    at: datetime
    price: int


@dataclass(frozen=True, slots=True)
class News:
    """What an alert says, as facts; the wording is ``notifiers/messages.py``'s.

    ``price`` and ``was`` are minor units of ``currency``. ``detail`` is the sentence of a status change or
    the other new listings, in English. ``next_text`` is the rule in one line, in English too; ``next_at`` and
    ``next_over`` are its prices, minor units of ``currency``, from which other languages make it. ``recent``
    are the prices of this key up to ``price``, oldest first. ``now_at`` is set when the news was held: when
    the price was looked up again before it went out, and ``now_price`` what it was by then (``None``: it had
    none).
    """

    reason: Reason
    watch_name: str
    provider: str
    event_name: str | None = None
    url: str | None = None
    venue: str | None = None
    city: str | None = None
    starts_at: datetime | None = None
    starts_on: date | None = None
    basis: Basis | None = None
    currency: str | None = None
    price: int | None = None
    was: int | None = None
    detail: str | None = None
    next_text: str | None = None
    next_at: int | None = None
    next_over: int | None = None
    observed_at: datetime | None = None
    target_id: str | None = None
    recent: tuple[PastPrice, ...] = ()
    now_price: int | None = None
    now_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Alert:
    """One outbox entry: one watch, one episode step, one channel.

    ``id`` is derived from those, so that deciding the same thing twice is one alert. ``code`` is what a
    person sees (its first four characters, ``#K7Q2``) and what the short link carries (all eight).

    Attributes:
        due_at: When the outbox must look at it next; ``None`` once it is settled, or rides with another.
        attempts: How often it was claimed.
        receipt: What the vendor calls it, once accepted.
        why: Of a state that is not plain success: one word, or the vendor's code.
        attempted_at: When it was claimed last: not before then can a vendor know of it.
        settled_at: When it came to the state it is in, if nothing more is to be done about it.
        also: The other channels that tell, or tried to tell, the same.
        copy_of, copy_why: The alert this one stands in for, and why that one did not do.
        riders: The alerts that go out in this one's message.
        more, more_codes, more_alerts: What the message tells besides its own news, to be worded, and of which
            alerts that is: their codes and ids, in the same order. A copy of a message has them too.
        rides_with: The alert whose message this one goes out in; it then shares that one's fate.
        segments: How many segments its text was counted to have, before it was sent.
        trace: Of the run or request that created it: each of its steps is logged with it.
        held_until: Until when it was last kept back, because its person wanted it so: no delay of ours.
        seen_at: When the person called it read, where it is told on their own page.
        version: The store's; never written.
    """

    id: str
    uid: str
    watch_id: str
    channel: Channel
    code: str
    news: News
    created_at: datetime
    state: AlertState = AlertState.PENDING
    due_at: datetime | None = None
    attempts: int = 0
    receipt: str | None = None
    why: str | None = None
    attempted_at: datetime | None = None
    settled_at: datetime | None = None
    also: tuple[Channel, ...] = ()
    copy_of: str | None = None
    copy_why: str | None = None
    riders: tuple[str, ...] = ()
    more: tuple[News, ...] = ()
    more_codes: tuple[str, ...] = ()
    more_alerts: tuple[str, ...] = ()
    rides_with: str | None = None
    segments: int | None = None
    seen_at: datetime | None = None
    trace: str | None = None
    held_until: datetime | None = None
    version: str | None = field(default=None, compare=False)

    @property
    def every_news(self) -> tuple[News, ...]:
        """Everything its message says, its own first."""
        return (self.news, *self.more)


@dataclass(frozen=True, slots=True)
class QuietHours:
    """Every day from ``start`` until ``end`` by the person's own clock, over midnight if ``end`` is less."""

    start: time
    end: time


class Every(StrEnum):
    """How often a digest comes."""

    DAILY = "daily"
    WEEKLY = "weekly"  # on Mondays


@dataclass(frozen=True, slots=True)
class Person:
    """Whom to tell: ``people/{uid}``, written by the server only. Unverified contacts are never used.

    Attributes:
        phone_problem, email_problem, push_problem: The code for which a contact was given up.
        quiet_hours: When nothing is sent; it waits until they are over.
        digest: Everything is collected and told so often, at ``digest_at`` (the person's own clock).
        per_day, per_watch: At most so many messages a day, of all and of one watch, by each channel; the
            rest is told in one digest. ``None``: as the installation has it.
        failover: Who takes over when a channel fails, in this order; the page of alerts always comes last.
        push_url: An address that Apprise understands; it is as secret as a password.
        segments_per_month: Of texts, at most, as they want it; what is over goes by e-mail. ``None``: as many
            as they may have, which it never makes more.
        texts_granted: So many an operator lets them have, whatever their plan holds.
        language: The code of the language they read.
        plan: What they may have: ``basic``, ``premium`` or ``enterprise``.
        sessions_since: Who signed in before then is signed out.
        texts_need_consent: The number was proven by its owner, and nobody vouched that they want texts.
        texts_agreed_at: When they said so themselves, for this number.
    """

    uid: str
    phone: str | None = None
    phone_verified_at: datetime | None = None
    email: str | None = None
    email_verified_at: datetime | None = None
    timezone: str = "UTC"
    opted_out_at: datetime | None = None
    opted_out_at_vendor: bool = False  # who blocks by itself there: only START itself ends it
    push_url: str | None = field(default=None, repr=False)
    push_verified_at: datetime | None = None
    phone_problem: str | None = None
    email_problem: str | None = None
    push_problem: str | None = None
    quiet_hours: QuietHours | None = None
    digest: Every | None = None
    digest_at: time = time(8)
    per_day: int | None = None
    per_watch: int | None = None
    failover: tuple[Channel, ...] = (Channel.EMAIL, Channel.APP)
    segments_per_month: int | None = None
    texts_granted: int | None = None
    language: str = "en"
    plan: str = "basic"
    sessions_since: datetime | None = None
    texts_need_consent: bool = False
    texts_agreed_at: datetime | None = None
