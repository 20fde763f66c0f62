"""The accounts that an installation lives on: Twilio, the mail server, the providers. Nothing is sent.

A provider is asked one question, unless it has no key or answers only with large files. That call is not in
its ledger: it is one of the tenth that is kept for people. What the vendor says in its own words is never
repeated.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import httpx

import notifiers
from notifiers.email import SmtpNotifier
from notifiers.errors import NotifierUnavailableError
from watchers import providers
from watchers.errors import ProviderError, ProviderRejectedError
from watchers.kinds import Channel
from watchers.ledger import Ledger
from watchers.providers.base import ForWatchesOnly, Provider
from watchers.quota import Budget
from watchers.settings import Settings
from watchers.target import Search, Target
from watchers.watch import Filters
from web.doctor import Finding

SECONDS = 10.0
KEYLESS = frozenset({"steam", "page"})
_TWILIO = "https://api.twilio.com"
_OK, _REFUSED, _MISSING = 200, (401, 403), 404
_TOLL_FREE = ("+1800", "+1833", "+1844", "+1855", "+1866", "+1877", "+1888")
_SERVICES = 20  # Messaging Services that are looked through for a number
_MAIL = {
    "smtp_credentials": "refuses the sign-in: correct SMTP_URL",
    "smtp_unsupported": "offers no TLS, or no sign-in: correct SMTP_URL",
    "smtp_certificate": "has a certificate that is not valid: correct the host in SMTP_URL",
    "unreachable": "does not answer from here: correct host and port in SMTP_URL, or see who blocks them",
}


def look_at_mail(env: Mapping[str, str]) -> Iterator[Finding]:
    """Whether the mail server lets us in."""
    on, off = notifiers.from_env(env)
    mail = on.get(Channel.EMAIL)
    if not isinstance(mail, SmtpNotifier):
        yield Finding("off", "e-mail", off.get(Channel.EMAIL, "E-mail is off."))
        return
    try:
        mail.sign_in()
    except NotifierUnavailableError as exc:
        yield Finding("WRONG", "e-mail", f"{mail.host} {_MAIL.get(exc.code, f'refuses us ({exc.code})')}")
    else:
        yield Finding(
            "ok", "e-mail", f"{mail.host} lets us in" + ("" if mail.user else ", without a sign-in")
        )


def look_at_keys(env: Mapping[str, str], now: datetime) -> Iterator[Finding]:
    """Whether each provider takes our key."""
    asked, _ = providers.from_env(env)
    for name, provider in asked.items():
        if name not in KEYLESS and not isinstance(provider, ForWatchesOnly):
            yield _key(name, provider, now)


def _key(name: str, provider: Provider, now: datetime) -> Finding:
    what = f"{name}'s key"
    target = Target(provider=name, search=Search(keyword="music"))
    if provider.refusal(target, Filters()):
        target = Target(provider=name, item="1")
    try:
        provider.fetch(provider.batches([target])[0], Budget(provider.quota, Ledger(), now, at_most=2), now)
    except ProviderRejectedError:
        return Finding(
            "WRONG", what, "is refused: get a new one, put it into your settings and run deploy/deploy.sh"
        )
    except ProviderError as exc:
        return Finding("off", what, f"could not be tried now ({type(exc).__name__}): look again later")
    return Finding("ok", what, "is valid")


# ── Twilio ───────────────────────────────────────────────────────────────────────────────────────────────


class _RefusedError(Exception):
    """Twilio did not show something; the message says what to do."""


@dataclass(frozen=True)
class _Twilio:
    """One account, over REST. A server on this machine plays all of Twilio's hosts."""

    account: str
    token: str = field(repr=False)
    http: httpx.Client = field(repr=False)
    base_url: str = _TWILIO

    def get(self, host: str, path: str, **asked: Any) -> dict[str, Any] | None:
        """One thing; ``None``: it is not there."""
        base = f"https://{host}.twilio.com" if self.base_url == _TWILIO else self.base_url
        login = (self.account, self.token)
        try:
            answer = self.http.get(f"{base}/{path}", params=asked, auth=login, timeout=SECONDS)
        except httpx.HTTPError as exc:
            raise _RefusedError(f"Twilio did not answer ({type(exc).__name__}): try again") from None
        if answer.status_code in _REFUSED:
            raise _RefusedError(
                "Twilio refuses the sign-in: correct TWILIO_ACCOUNT_SID and TWILIO_AUTH_TOKEN"
            )
        if answer.status_code == _MISSING:
            return None
        if answer.status_code != _OK:
            raise _RefusedError(f"Twilio answered {answer.status_code}: try again")
        said: dict[str, Any] = answer.json()
        return said


def look_at_twilio(env: Mapping[str, str], settings: Settings, http: httpx.Client) -> Iterator[Finding]:
    """Whether texts can be sent: the account, each sender's webhook and registration, the countries."""
    on, off = notifiers.from_env(env)
    if Channel.SMS not in on:
        yield Finding("off", "texts", off.get(Channel.SMS, "Texts are off."))
        return
    base_url = env.get("TWILIO_BASE_URL") or _TWILIO
    twilio = _Twilio(env["TWILIO_ACCOUNT_SID"], env["TWILIO_AUTH_TOKEN"], http, base_url.rstrip("/"))
    try:
        yield from _account(twilio)
        for number in _numbers(env):
            yield from _number(twilio, number, f"{settings.public_url}/twilio/reply")
        if service := env.get("TWILIO_MESSAGING_SERVICE_SID"):
            yield from _service(twilio, service)
        yield from _countries(twilio, settings.sms_countries)
    except _RefusedError as exc:
        yield Finding("WRONG", "Twilio", str(exc))


def _numbers(env: Mapping[str, str]) -> list[str]:
    from notifiers.twilio.senders import read  # noqa: PLC0415 - its sentence is said by from_env before

    pools = [number for numbers in read(env.get("TWILIO_SENDERS", "")).values() for number in numbers]
    return list(dict.fromkeys([*filter(None, [env.get("TWILIO_FROM_NUMBER")]), *pools]))


def _account(twilio: _Twilio) -> Iterator[Finding]:
    found = twilio.get("api", f"2010-04-01/Accounts/{twilio.account}.json") or {}
    if found.get("status") != "active":
        yield Finding(
            "WRONG",
            "Twilio",
            f"the account is {found.get('status', 'not there')}: see https://console.twilio.com",
        )
    elif found.get("type") == "Trial":
        yield Finding("WRONG", "Twilio", "a trial account texts nobody but numbers you verified: upgrade it")
    else:
        yield Finding("ok", "Twilio", "the account is active")


def _number(twilio: _Twilio, number: str, webhook: str) -> Iterator[Finding]:
    what = f"sender …{number[-4:]}"
    path = f"2010-04-01/Accounts/{twilio.account}/IncomingPhoneNumbers.json"
    found = (twilio.get("api", path, PhoneNumber=number) or {}).get("incoming_phone_numbers", [])
    if not found:
        yield Finding(
            "WRONG", what, "is no number of this account: correct TWILIO_FROM_NUMBER or TWILIO_SENDERS"
        )
        return
    if not found[0].get("capabilities", {}).get("sms"):
        yield Finding("WRONG", what, "cannot send texts: take another number")
        return
    registered = _registered(twilio, number, found[0]["sid"])
    yield Finding("WRONG", what, registered) if registered else Finding("ok", what, "can send texts")
    if found[0].get("sms_url", "") != webhook and not _service_of(twilio, found[0]["sid"]):
        yield Finding("WRONG", what, f"posts answers elsewhere than to {webhook}: run deploy/deploy.sh")


def _registered(twilio: _Twilio, number: str, sid: str) -> str | None:
    """What is missing, so that US carriers let its texts through; ``None``: nothing, or none is needed."""
    if not number.startswith("+1"):
        return None
    if number.startswith(_TOLL_FREE):
        found = twilio.get("messaging", "v1/Tollfree/Verifications", TollfreePhoneNumberSid=sid) or {}
        states = [one.get("status") for one in found.get("verifications", [])]
        return None if "TWILIO_APPROVED" in states else _unregistered("toll-free verification", states)
    service = _service_of(twilio, sid)
    if service is None:
        return "belongs to no Messaging Service with a registered campaign (A2P 10DLC): US carriers block it"
    return _campaign(twilio, service)


def _campaign(twilio: _Twilio, service: str) -> str | None:
    found = twilio.get("messaging", f"v1/Services/{service}/Compliance/Usa2p") or {}
    states = [one.get("campaign_status") for one in found.get("compliance", [])]
    return None if "VERIFIED" in states else _unregistered("campaign (A2P 10DLC)", states)


def _unregistered(what: str, states: list[Any]) -> str:
    said = f"is {states[0]}" if states else "was never asked for"
    return f"its {what} {said}: US carriers block it until that is approved (https://console.twilio.com)"


def _service_of(twilio: _Twilio, number_sid: str) -> str | None:
    """The Messaging Service a number belongs to."""
    found = twilio.get("messaging", "v1/Services", PageSize=_SERVICES) or {}
    for service in found.get("services", []):
        if twilio.get("messaging", f"v1/Services/{service['sid']}/PhoneNumbers/{number_sid}"):
            return str(service["sid"])
    return None


def _service(twilio: _Twilio, sid: str) -> Iterator[Finding]:
    what = "Messaging Service"
    if twilio.get("messaging", f"v1/Services/{sid}") is None:
        yield Finding("WRONG", what, "is none of this account: correct TWILIO_MESSAGING_SERVICE_SID")
        return
    found = twilio.get("messaging", f"v1/Services/{sid}/PhoneNumbers") or {}
    numbers = found.get("phone_numbers", [])
    if not numbers:
        yield Finding("WRONG", what, "has no number to send from: add one at https://console.twilio.com")
        return
    american = [one for one in numbers if one["phone_number"].startswith("+1")]
    local = [one for one in american if not one["phone_number"].startswith(_TOLL_FREE)]
    missing = _campaign(twilio, sid) if local else None
    yield (
        Finding("WRONG", what, missing)
        if missing
        else Finding("ok", what, f"sends from {len(numbers)} numbers")
    )


def _countries(twilio: _Twilio, countries: tuple[str, ...]) -> Iterator[Finding]:
    found = twilio.get("accounts", "v1/Messaging/GeoPermissions", CountryCode=",".join(countries)) or {}
    allowed = {one.get("country_code") for one in found.get("permissions", []) if one.get("enabled")}
    if refused := [country for country in countries if country not in allowed]:
        said = "allow it (Messaging, Geo permissions), or shorten SMS_COUNTRIES"
        yield Finding("WRONG", "Twilio", f"may not text to {', '.join(refused)}: {said}")
    else:
        yield Finding("ok", "Twilio", f"may text to {', '.join(countries)}")
