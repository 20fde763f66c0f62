"""What is known of a person, to be seen by whoever runs this: contacts masked, wishes as written. Pure."""

from collections.abc import Iterator, Mapping
from typing import Any

from notifiers.tallies import Tally
from watchers.kinds import Channel
from watchers.models import Person


def profile(person: Person, tally: Tally | None) -> dict[str, Any]:
    """The person as JSON. ``tally`` is today's; ``None`` when it could not be read."""
    told = {channel.value: tally.count(channel) for channel in Channel} if tally else None
    quiet = person.quiet_hours
    return {
        "person": person.uid,
        "timezone": person.timezone,
        "plan": person.plan,
        "phone": _contact(f"…{person.phone[-2:]}" if person.phone else None, person, "phone"),
        "email": _contact(_masked(person.email) if person.email else None, person, "email"),
        "push": _contact(person.push_url.partition("://")[0] if person.push_url else None, person, "push"),
        "opted_out_at": person.opted_out_at.isoformat() if person.opted_out_at else None,
        "quiet_hours": f"{quiet.start:%H:%M}-{quiet.end:%H:%M}" if quiet else None,
        "digest": person.digest,
        "digest_at": f"{person.digest_at:%H:%M}",
        "per_day": person.per_day,
        "per_watch": person.per_watch,
        "segments_per_month": person.segments_per_month,
        "texts_granted": person.texts_granted,
        "failover": list(person.failover),
        "told_today": told,
        "segments_this_month": tally.segments if tally else None,
    }


def lines(known: Mapping[str, Any]) -> Iterator[str]:
    """The same in plain lines."""
    yield f"{known['person']} ({known['timezone']})"
    yield f"  plan:      {known['plan']}"
    for name in ("phone", "email", "push"):
        yield f"  {name + ':':10} {_where(known[name])}"
    if known["opted_out_at"]:
        yield f"  texts:     stopped by STOP on {known['opted_out_at'][:10]}"
    yield f"  quiet:     {known['quiet_hours'] or 'off'}"
    yield f"  digest:    {known['digest']} at {known['digest_at']}" if known["digest"] else "  digest:    off"
    day, watch, month = (_limit(known[name]) for name in ("per_day", "per_watch", "texts_granted"))
    wish = known["segments_per_month"]
    less = "" if wish is None else f", and they want no more than {wish}"
    yield f"  caps:      per day {day}, per watch {watch}, segments of texts per month {month}{less}"
    yield f"  failover:  {', '.join(known['failover']) or 'app'}"
    yield f"  counted:   {_counted(known)}"


def _contact(shown: str | None, person: Person, name: str) -> dict[str, Any] | None:
    if shown is None:
        return None
    is_verified = getattr(person, f"{name}_verified_at") is not None
    return {"shown": shown, "verified": is_verified, "problem": getattr(person, f"{name}_problem")}


def _masked(email: str) -> str:
    return f"{email[0]}…@{email.rpartition('@')[2]}"


def _where(contact: Mapping[str, Any] | None) -> str:
    if contact is None:
        return "none"
    if contact["problem"]:
        return f"{contact['shown']}, given up: {contact['problem']}"
    return str(contact["shown"]) if contact["verified"] else f"{contact['shown']}, not verified"


def _limit(number: int | None) -> str:
    return "as usual" if number is None else str(number)


def _counted(known: Mapping[str, Any]) -> str:
    if known["told_today"] is None:
        return "the tally cannot be read"
    told = ", ".join(f"{count} by {name}" for name, count in known["told_today"].items() if count)
    return f"{told or 'nothing'} today, {known['segments_this_month']} segments of texts this month"
