"""What a plan lets a person have: watches, texts a month, and how much a look at what they watch is worth.

A person's ``plan`` is one of three words. What it holds is called a *tier* in code, because ``plan.py`` is
the schedule's forecast. Higher ones never have less. Nothing is sold here: an operator says who has which.

Settings: ``PLAN_BASIC_WATCHES``, ``PLAN_BASIC_TEXTS``, ``PLAN_BASIC_PRIORITY``, the same of ``PREMIUM`` and
``ENTERPRISE``, and ``PLAN_CONTACT``. Pure.
"""

from collections.abc import Mapping

import msgspec

from watchers.language import say, say_many

BASIC = "basic"
NAMES = (BASIC, "premium", "enterprise")
"""The plans, the least first."""

DOCUMENTED: Mapping[str, str] = {
    "PLAN_BASIC_WATCHES": "200",
    "PLAN_BASIC_TEXTS": "",
    "PLAN_BASIC_PRIORITY": "1",
    "PLAN_PREMIUM_WATCHES": "500",
    "PLAN_PREMIUM_TEXTS": "300",
    "PLAN_PREMIUM_PRIORITY": "2",
    "PLAN_ENTERPRISE_WATCHES": "1000",
    "PLAN_ENTERPRISE_TEXTS": "1000",
    "PLAN_ENTERPRISE_PRIORITY": "4",
    "PLAN_CONTACT": "",
}
"""Every setting with its default; without ``PLAN_BASIC_TEXTS`` it is ``SMS_SEGMENTS_PER_PERSON``."""

USUAL_TEXTS = 100
HIGHEST_PRIORITY = 8
_BOUNDS = {"watches": (1, 5000), "texts": (0, 10_000), "priority": (1, HIGHEST_PRIORITY)}
_NEARLY = 0.8  # of what a plan holds: it is said before it is full


class Tier(msgspec.Struct, frozen=True):
    """What one plan holds.

    Attributes:
        name: The plan's word.
        watches: How many watches that are not ended.
        texts: Segments of texts a month; what is over goes by e-mail. ``None``: as usual in the installation.
        priority: How many people's looks one watcher is worth to the schedule.
    """

    name: str = BASIC
    watches: int = 200
    texts: int | None = None
    priority: int = 1


class Tiers(msgspec.Struct, frozen=True):
    """Every plan, by its word, the least first; ``contact``: whom to ask for another, if that was said."""

    every: Mapping[str, Tier] = msgspec.field(
        default_factory=lambda: {
            "basic": Tier(),
            "premium": Tier("premium", 500, 300, 2),
            "enterprise": Tier("enterprise", 1000, 1000, 4),
        }
    )
    contact: str = ""

    @classmethod
    def from_env(cls, env: Mapping[str, str], usual_texts: int = USUAL_TEXTS) -> "Tiers":
        """Read them; ``usual_texts``: of somebody on the basic plan, where no setting says it.

        Raises:
            ValueError: a setting is wrong, or a higher plan has less; the message names it.
        """
        every: dict[str, Tier] = {}
        least = {"watches": 1, "texts": usual_texts, "priority": 1}
        lower = ""
        for name in NAMES:
            holds = {what: _held(env, name, what, lower, least[what]) for what in _BOUNDS}
            said = bool(env.get("PLAN_BASIC_TEXTS", "").strip()) or name != BASIC
            every[name] = Tier(name, holds["watches"], holds["texts"] if said else None, holds["priority"])
            least, lower = holds, name
        return cls(every, env.get("PLAN_CONTACT", "").strip())

    def of(self, plan: object) -> Tier:
        """What a plan holds; a word that is none is the least."""
        return self.every.get(plan, self.every[BASIC]) if isinstance(plan, str) else self.every[BASIC]

    @property
    def most_watches(self) -> int:
        """As many as anybody may have."""
        return max(tier.watches for tier in self.every.values())


def _held(env: Mapping[str, str], plan: str, what: str, lower: str, at_least: int) -> int:
    """What a setting says, or its default where the lower plan does not have more already."""
    name = f"PLAN_{plan}_{what}".upper()
    text, (least, most) = env.get(name, "").strip(), _BOUNDS[what]
    if not text:
        return max(at_least, int(DOCUMENTED[name] or 0))
    if not (text.isascii() and text.isdigit() and len(text) < 7 and least <= int(text) <= most):  # noqa: PLR2004 - digits
        raise ValueError(
            f"{name} must be a whole number from {least} to {most}, such as {DOCUMENTED[name] or most}"
        )
    if lower and int(text) < at_least:
        below = f"PLAN_{lower}_{what}".upper()
        raise ValueError(f"{name} must be at least {at_least}, as much as {below}: a higher plan has no less")
    return int(text)


def is_plan(word: object) -> bool:
    """Whether there is such a plan."""
    return word in NAMES


def title(plan: str) -> str:
    """What people read."""
    return {"premium": say("Premium"), "enterprise": say("Enterprise")}.get(plan, say("Basic"))


def is_nearly_full(used: int, of: int) -> bool:
    """Whether so much is used that it must be said."""
    return used >= _NEARLY * of


def no_room(tier: Tier, watches: int) -> str | None:
    """Why somebody with so many watches that are not ended cannot have one more; ``None`` when they can."""
    if watches < tier.watches:
        return None
    return say(
        "Your plan ({plan}) holds {count} watches, and you have as many. Delete or end one that you do not "
        "need any more, or ask for a larger plan.",
        plan=title(tier.name),
        count=tier.watches,
    )


def waits_for_room(tier: Tier) -> str:
    """What is said of a watch that is over the plan's limit: it waits, and begins by itself."""
    held = say_many("{number} watch", "{number} watches", tier.watches)
    return say(
        "Your plan ({plan}) holds {held}, and you have as many. Delete or end one, and this one begins by "
        "itself.",
        plan=title(tier.name),
        held=held,
    )


def cannot_wait(tier: Tier, waiting: int) -> str:
    """What is said of a watch over the limit where as many wait as may: it does not come by itself."""
    return say(
        "Your plan ({plan}) is full, and {number} watches wait for room already, so this one does not wait. "
        "Delete or end watches until none waits, then save this one again.",
        plan=title(tier.name),
        number=waiting,
    )
