"""What every provider in the registry promises; a new one needs only ``tests/data/<provider>/``.

``kit.json`` holds made-up settings (``env``), the ``secrets`` among them, the ``item`` that ``item.json``
answers, and a pattern for ``many`` ids. ``other_item.json`` is a good answer about something else. Where
calls need one, ``token`` is what a call for it is answered; the provider has it already when a test begins.

A provider of web pages has ``item.html`` instead, and no other item: what stands at an address is the item.
Where each item ``stands_alone`` (it has a host of its own), what goes wrong is a failure of that item and
never an outage, and redirects are followed. ``harmless`` are ids among ``HOSTILE_IDS`` that it may ask for;
``patience`` is where its time limit stands.
"""

import contextlib
import copy
import json
import logging
import traceback
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache
from typing import Any, cast

import httpx
import pytest
from msgspec import structs

from tests.builders import BACK_IN_STOCK, NEW_LISTING, STATUS, below, drop, historic_low, watch
from tests.upstream import DATA, NOW, Step, Upstream, fails, purse, says
from watchers.errors import OutOfQuotaError, ProviderError, ProviderRejectedError, ProviderUnavailableError
from watchers.money import Basis
from watchers.providers import NEEDED, PROVIDERS, SwitchedOff, cannot_see, from_env
from watchers.providers.base import Fetched, Provider
from watchers.target import Search, Target
from watchers.watch import Condition, Filters

EVERY = pytest.mark.parametrize("name", list(PROVIDERS))


@dataclass(frozen=True)
class Kit:
    """One provider's samples."""

    name: str
    env: dict[str, str]
    secrets: list[str]
    item: str
    many: str
    good: Any = field(repr=False)
    other: Any = field(repr=False)
    token: dict[str, Any] | None = field(default=None, repr=False)
    harmless: list[str] = field(default_factory=list)
    stands_alone: bool = False
    patience: str = "watchers.providers.http.WHOLE_ANSWER_SECONDS"

    @property
    def is_markup(self) -> bool:
        """Whether its answers are web pages."""
        return isinstance(self.good, bytes)

    @property
    def recorded(self) -> bytes:
        """The good answer as a file."""
        return self.good if isinstance(self.good, bytes) else json.dumps(self.good).encode()

    @property
    def step(self) -> Step:
        """The good answer."""
        return says(self.recorded, kind="text/html" if self.is_markup else "application/json")

    @property
    def target(self) -> Target:
        """The item that ``good`` answers."""
        return Target(provider=self.name, item=self.item)

    def targets(self, count: int) -> list[Target]:
        """So many different items."""
        return [Target(provider=self.name, item=self.many.format(number)) for number in range(1, count + 1)]

    def provider(self, upstream: Upstream, **env: str) -> Provider:
        """The provider, switched on, asking ``upstream``."""
        built = PROVIDERS[self.name]().from_env({**self.env, **env}, upstream.client)
        assert not isinstance(built, SwitchedOff)
        if self.token:
            upstream.before(says(self.token), says(self.good))
            built.fetch([self.target], purse(built.quota), NOW)
            upstream.forget()
        return built


@cache
def kit(name: str) -> Kit:
    folder = DATA / name
    if (folder / "item.html").exists():
        good, other = (folder / "item.html").read_bytes(), None
    else:
        good, other = (json.loads((folder / file).read_text()) for file in ("item.json", "other_item.json"))
    return Kit(name=name, good=good, other=other, **json.loads((folder / "kit.json").read_text()))


def outcome(name: str, *steps: Step) -> Fetched | ProviderError:
    """What comes of asking about one item."""
    provider = kit(name).provider(upstream := Upstream(*steps))
    budget = purse(provider.quota)
    try:
        return provider.fetch([kit(name).target], budget, NOW)
    except ProviderError as exc:
        return exc
    finally:
        assert len(upstream.requests) == budget.made


def is_not_seen(name: str, result: Fetched | ProviderError, error: type[ProviderError]) -> bool:
    """Whether it raised that error; or, where each item stands alone, whether the item failed and no more."""
    if kit(name).stands_alone and isinstance(result, Fetched):
        return not result.observations and list(result.failures) == [kit(name).target.id]
    return isinstance(result, error)


# ── the registry ─────────────────────────────────────────────────────────────────────────────────────────


@EVERY
def test_every_provider_has_samples_of_its_own(name: str) -> None:
    files = {file.name for file in (DATA / name).iterdir()}
    assert {"kit.json", "item.html"} <= files or {"kit.json", "item.json", "other_item.json"} <= files


@EVERY
def test_the_name_in_the_registry_is_the_name_of_the_provider(name: str) -> None:
    assert kit(name).provider(Upstream(says({}))).name == name


def test_without_settings_every_provider_is_on_or_says_what_is_missing() -> None:
    on, off = from_env({})
    assert sorted([*on, *(one.name for one in off)]) == sorted(PROVIDERS)
    assert all(one.why.startswith(one.name.upper()) for one in off)


@EVERY
def test_a_blank_setting_is_an_absent_one(name: str) -> None:
    blank = dict.fromkeys(kit(name).env, " ")
    plain, blanked = (PROVIDERS[name]().from_env(env, Upstream(says({})).client) for env in ({}, blank))
    assert isinstance(plain, SwitchedOff) == isinstance(blanked, SwitchedOff)


@EVERY
@pytest.mark.parametrize("setting", ["CALLS_PER_DAY", "CALLS_PER_SECOND", "BASE_URL"])
@pytest.mark.parametrize("value", ["0", "-1", "secret", "nan", "inf", "1e999"])
def test_a_wrong_setting_is_refused_by_name_and_not_repeated(name: str, setting: str, value: str) -> None:
    setting = f"{name.upper()}_{setting}"
    with pytest.raises(ValueError, match=setting) as refused:
        kit(name).provider(Upstream(says({})), **{setting: value})
    assert "secret" not in str(refused.value)


@EVERY
def test_a_granted_quota_is_believed(name: str) -> None:
    quota = (
        kit(name)
        .provider(
            Upstream(says({})),
            **{f"{name.upper()}_CALLS_PER_DAY": "77", f"{name.upper()}_CALLS_PER_SECOND": "0.5"},
        )
        .quota
    )
    assert (quota.calls, quota.per.days, quota.per_second) == (77, 1, 0.5)


@EVERY
def test_any_provider_can_be_pointed_at_another_host(name: str) -> None:
    upstream = Upstream(kit(name).step)
    provider = kit(name).provider(upstream, **{f"{name.upper()}_BASE_URL": "http://127.0.0.1:9/"})
    provider.fetch([kit(name).target], purse(provider.quota), NOW)
    assert {(one.url.scheme, one.url.host, one.url.port) for one in upstream.requests} == {
        ("http", "127.0.0.1", 9)
    }
    assert all("//" not in path for path in upstream.paths)


# ── asking ───────────────────────────────────────────────────────────────────────────────────────────────


@EVERY
def test_a_good_answer_is_an_observation_with_a_price(name: str) -> None:
    fetched = outcome(name, kit(name).step)
    assert isinstance(fetched, Fetched)
    assert not fetched.failures
    seen = fetched.observations[kit(name).target.id]
    assert (seen.target, seen.at, seen.listings) == (kit(name).target, NOW, None)
    assert seen.prices
    assert seen.problems == ()


@EVERY
def test_a_request_names_us_honestly_and_has_time_limits(name: str) -> None:
    provider = kit(name).provider(upstream := Upstream(kit(name).step))
    provider.fetch([kit(name).target], purse(provider.quota), NOW)
    assert len(upstream.requests) == 1 + kit(name).stands_alone  # robots.txt comes first
    for request in upstream.requests:
        assert request.headers["user-agent"].startswith("TicketScout/")
        assert all(0 < seconds <= 30 for seconds in request.extensions["timeout"].values())
        assert request.method == "GET"


REJECTED, UNAVAILABLE = ProviderRejectedError, ProviderUnavailableError
STATUSES = {
    **dict.fromkeys((201, 204, 206, 301, 302, 307, 308, 408, 425, 429, 500, 502, 503, 504, 529), UNAVAILABLE),
    **dict.fromkeys((400, 401, 405, 410, 422), REJECTED),
    403: ProviderError,  # a wrong key for most, a time-out in the corner for some
}


@EVERY
@pytest.mark.parametrize("body", [b"", b"<html>no</html>", b"{}", b"[]", b"null"], ids=repr)
@pytest.mark.parametrize(("status", "error"), STATUSES.items())
def test_a_status_says_whether_trying_again_helps(
    name: str, status: int, error: type[ProviderError], body: bytes
) -> None:
    assert is_not_seen(name, outcome(name, says(body, status)), error)


@EVERY
def test_a_404_is_never_an_observation(name: str) -> None:
    result = outcome(name, says({}, 404))
    assert isinstance(result, ProviderRejectedError) or (
        isinstance(result, Fetched) and result.failures == {kit(name).target.id: "not_found"}
    )


@EVERY
def test_a_redirect_is_not_followed(name: str) -> None:
    if kit(name).stands_alone:
        pytest.skip("pages move, and each step is checked: tests/watchers/providers/pages/test_redirects.py")
    provider = kit(name).provider(
        upstream := Upstream(says(b"", 302, {"location": "https://elsewhere.example/"}))
    )
    with pytest.raises(ProviderUnavailableError):
        provider.fetch([kit(name).target], purse(provider.quota), NOW)
    assert len(upstream.requests) == 1


@EVERY
def test_after_too_many_requests_nothing_more_is_asked(name: str) -> None:
    provider = kit(name).provider(upstream := Upstream(says({}, 429)))
    budget = purse(provider.quota)
    for _ in range(2):
        if kit(name).stands_alone:
            assert is_not_seen(name, provider.fetch([kit(name).target], budget, NOW), REJECTED)
            continue
        with pytest.raises(ProviderUnavailableError):
            provider.fetch([kit(name).target], budget, NOW)
    assert len(upstream.requests) == 1
    if kit(name).stands_alone:
        return  # one host rests, and the others do not
    blocked_until = budget.ledger.blocked_until
    assert blocked_until is not None
    assert blocked_until > NOW


TROUBLES = [
    httpx.ConnectTimeout,
    httpx.ReadTimeout,
    httpx.WriteTimeout,
    httpx.PoolTimeout,
    httpx.ConnectError,
    httpx.ReadError,
    httpx.RemoteProtocolError,
    httpx.DecodingError,
    httpx.ProxyError,
    httpx.UnsupportedProtocol,
    httpx.TooManyRedirects,
]


@EVERY
@pytest.mark.parametrize("trouble", TROUBLES)
def test_no_connection_or_no_answer_in_time_may_be_tried_again(
    name: str, trouble: type[httpx.HTTPError]
) -> None:
    assert is_not_seen(name, outcome(name, fails(trouble)), ProviderUnavailableError)


def repr_start(body: bytes) -> str:
    """A test's id, also for a very long body."""
    return repr(body[:20])


MALFORMED = [
    b"",
    b" ",
    b"{",
    b"null",
    b"true",
    b"0",
    b'"text"',
    b"[]",
    b"[{}]",
    b"{}",
    b'{"page": {}}',
    b'{"id": 1}',
    b"\xff\xfe\x00",
    b"<html><body>Are you a robot?</body></html>",
    b"[" * 200_000,
    b"1" * 5_000,
    b'{"a": NaN}',
]


@EVERY
@pytest.mark.parametrize("body", MALFORMED, ids=repr_start)
def test_a_malformed_answer_is_never_an_observation(name: str, body: bytes) -> None:
    result = outcome(name, says(body))
    assert isinstance(result, ProviderUnavailableError) or (
        isinstance(result, Fetched)
        and not result.observations
        and list(result.failures) == [kit(name).target.id]
    )


@EVERY
def test_an_answer_that_says_it_is_something_else_is_not_read(name: str) -> None:
    kind = "application/json" if kit(name).is_markup else "text/html; charset=utf-8"
    answer = says(kit(name).recorded, kind=kind)
    assert is_not_seen(name, outcome(name, answer), ProviderUnavailableError)


@EVERY
def test_another_items_answer_is_never_taken_for_this_one(name: str) -> None:
    if kit(name).other is None:
        pytest.skip("what stands at an address is the item")
    fetched = outcome(name, says(kit(name).other))
    assert isinstance(fetched, Fetched)
    assert not fetched.observations
    assert list(fetched.failures) == [kit(name).target.id]


@EVERY
def test_an_answer_that_is_no_text_is_not_understood(name: str) -> None:
    spoilt = kit(name).recorded.replace(b"e", b"\xf5")
    assert not getattr(outcome(name, says(spoilt)), "observations", None)


@EVERY
def test_an_answer_without_end_is_given_up(name: str) -> None:
    answer = says(b" " * (17 * 1024 * 1024))
    assert is_not_seen(name, outcome(name, answer), ProviderUnavailableError)


@EVERY
def test_an_answer_that_drips_is_given_up(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    provider = kit(name).provider(Upstream(kit(name).step))
    monkeypatch.setattr(kit(name).patience, -1.0)
    result: Fetched | ProviderError
    try:
        result = provider.fetch([kit(name).target], purse(provider.quota), NOW)
    except ProviderError as exc:
        result = exc
    assert is_not_seen(name, result, ProviderUnavailableError)


NONSENSE: tuple[object, ...] = (
    None,
    [],
    {},
    "",
    "x",
    "0",
    -1,
    0,
    10**400,
    1e308,
    float("nan"),
    True,
    ["x"],
    {"x": 1},
)


def _spoilt(value: Any) -> Iterator[Any]:
    """Copies of a document, each with one part replaced by nonsense."""
    yield from NONSENSE
    if isinstance(value, bytes):
        yield from (value[:length] for length in range(0, len(value), 97))
    parts = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, part in list(parts):
        for spoilt_part in _spoilt(part):
            whole = copy.copy(value)
            whole[key] = spoilt_part
            yield whole


@EVERY
def test_no_nonsense_in_an_answer_crashes_or_becomes_a_price_of_zero(name: str) -> None:
    for document in _spoilt(kit(name).good):
        kind = "text/html" if isinstance(document, bytes) else "application/json"
        result = outcome(name, says(document, kind=kind))
        for seen in result.observations.values() if isinstance(result, Fetched) else ():
            assert all(price.low > 0 for price in seen.prices)
            assert all(price.high is None or price.high >= price.low for price in seen.prices)


# ── quota ────────────────────────────────────────────────────────────────────────────────────────────────


@EVERY
def test_with_an_empty_budget_nothing_is_asked(name: str) -> None:
    provider = kit(name).provider(upstream := Upstream(kit(name).step))
    for batch in provider.batches([kit(name).target, *kit(name).targets(3)]):
        with pytest.raises(OutOfQuotaError):
            provider.fetch(batch, purse(provider.quota, 0), NOW)
    assert upstream.requests == []


@EVERY
@pytest.mark.parametrize("answer", [says({}), says({}, 404), says({}, 400), says({}, 500)])
@pytest.mark.parametrize("calls", [1, 2, 3])
def test_every_call_is_paid_for(name: str, answer: Step, calls: int) -> None:
    provider = kit(name).provider(upstream := Upstream(answer))
    budget = purse(provider.quota, calls)
    for batch in provider.batches(kit(name).targets(7)):
        with contextlib.suppress(ProviderError):
            provider.fetch(batch, budget, NOW)
    assert len(upstream.requests) == budget.made <= calls


# ── batches and refusals ─────────────────────────────────────────────────────────────────────────────────


@EVERY
@pytest.mark.parametrize("count", [0, 1, 2, 49, 50, 51, 99, 100, 101, 350])
def test_batches_lose_and_repeat_nothing(name: str, count: int) -> None:
    targets = kit(name).targets(count)
    targets += [structs.replace(target, country="DE") for target in targets[::3]]
    targets += [Target(provider=name, search=Search(keyword=f"show {n}")) for n in range(count // 10)]
    batches = kit(name).provider(Upstream(says({}))).batches(targets)
    assert sorted(target.id for batch in batches for target in batch) == sorted(one.id for one in targets)
    assert all(batches)
    for batch in batches:
        places = [targets.index(target) for target in batch]
        assert places == sorted(places)


@EVERY
def test_every_target_of_a_batch_is_answered_at_most_once(name: str) -> None:
    provider = kit(name).provider(Upstream(kit(name).step))
    for batch in provider.batches([kit(name).target, *kit(name).targets(5)]):
        fetched = provider.fetch(batch, purse(provider.quota), NOW)
        assert not fetched.observations.keys() & fetched.failures.keys()
        assert fetched.observations.keys() | fetched.failures.keys() <= {target.id for target in batch}


@EVERY
def test_an_ordinary_item_can_be_watched(name: str) -> None:
    assert kit(name).provider(Upstream(says({}))).refusal(kit(name).target, Filters()) is None


@EVERY
@pytest.mark.parametrize(
    "filters", [Filters(min_quantity=2), Filters(sections=("A",)), Filters(weekdays=("fri",))], ids=repr
)
def test_a_filter_that_cannot_be_honoured_is_refused_in_a_sentence(name: str, filters: Filters) -> None:
    refusal = kit(name).provider(Upstream(says({}))).refusal(kit(name).target, filters)
    assert refusal is not None
    assert refusal.endswith(".")


def conditions() -> tuple[Condition, ...]:
    """One of every kind, and every basis."""
    priced = [make(basis=basis) for make in (below, drop, historic_low) for basis in ("any", *Basis)]
    half = len(priced) // 2
    some, others = watch(*priced[:half]), watch(*priced[half:])
    return (*some.conditions, *others.conditions, *watch(NEW_LISTING, BACK_IN_STOCK, STATUS).conditions)


@EVERY
def test_any_price_of_an_ordinary_item_can_be_waited_for(name: str) -> None:
    for condition in watch(below(), drop(), historic_low()).conditions:
        assert cannot_see(kit(name).target, condition) is None


@EVERY
@pytest.mark.parametrize("condition", conditions(), ids=str)
def test_what_can_never_fire_is_said_in_a_sentence_with_the_way_out(name: str, condition: Condition) -> None:
    searching = Target(provider=name, search=Search(keyword="lanterns"))
    for said in (cannot_see(kit(name).target, condition), cannot_see(searching, condition)):
        assert said is None or (said.endswith(".") and "; choose " in said)


@EVERY
def test_nowhere_does_an_item_list_something_new_or_a_search_have_a_status(name: str) -> None:
    new_listing, status = watch(NEW_LISTING, STATUS).conditions
    searching = Target(provider=name, search=Search(keyword="lanterns"))
    assert "choose a search" in (cannot_see(kit(name).target, new_listing) or "")
    assert "choose one event" in (cannot_see(searching, status) or "")
    assert cannot_see(searching, new_listing) is None


def test_of_a_provider_nobody_knows_nothing_more_is_said() -> None:
    nowhere = Target(provider="nowhere", item="1")
    for condition in watch(below(basis="face"), BACK_IN_STOCK, STATUS).conditions:
        assert cannot_see(nowhere, condition) is None


HOSTILE_IDS = [
    "../../secrets",
    "a?b=c",
    "a,b,c,d,e",
    "12 34",
    "1;drop",
    "é" * 6,
    "https://x.example/a",
    "\\u0000a",
]


@EVERY
@pytest.mark.parametrize("item", HOSTILE_IDS)
def test_an_id_that_could_be_another_question_is_refused_and_never_asked(name: str, item: str) -> None:
    provider = kit(name).provider(upstream := Upstream(kit(name).step))
    if item in kit(name).harmless:
        pytest.skip("an ordinary item here")
    target = Target(provider=name, item=item)
    assert (provider.refusal(target, Filters()) or "").endswith(".")
    fetched = provider.fetch([target], purse(provider.quota), NOW)
    assert dict(fetched.failures) == {target.id: "bad_id"}
    assert upstream.requests == []


# ── recorded answers ─────────────────────────────────────────────────────────────────────────────────────


@EVERY
def test_a_recorded_answer_reads_like_a_live_one(name: str) -> None:
    provider = kit(name).provider(Upstream(says({})))
    (seen,) = provider.read(kit(name).recorded, NOW)
    assert seen.target == kit(name).target
    assert seen.prices


@EVERY
@pytest.mark.parametrize("body", [*MALFORMED, b'{"hello": "world"}'], ids=repr_start)
def test_what_is_no_answer_of_this_provider_is_not_read(name: str, body: bytes) -> None:
    with pytest.raises(ProviderError):
        kit(name).provider(Upstream(says({}))).read(body, NOW)


@EVERY
@pytest.mark.parametrize("head", [b"", b"HTTP/1.1 200 OK\r\n\r\n"], ids=["body", "http"])
@pytest.mark.parametrize(
    "body", [b"", b"{", b"\xff\xfe\x00", b"<html>no</html>", b"[" * 200_000], ids=repr_start
)
def test_a_file_that_is_no_answer_is_no_outage(name: str, body: bytes, head: bytes) -> None:
    with pytest.raises(ProviderError) as raised:
        kit(name).provider(Upstream(says({}))).read(head + body, NOW)
    assert type(raised.value) is ProviderError


@EVERY
def test_a_recorded_web_page_with_an_error_status_is_that_error(name: str) -> None:
    with pytest.raises(ProviderUnavailableError, match="503"):
        kit(name).provider(Upstream(says({}))).read(b"HTTP/1.1 503 No\r\n\r\n<html>no</html>", NOW)


@EVERY
@pytest.mark.parametrize(("status", "error"), [(400, REJECTED), (503, UNAVAILABLE)])
def test_a_recorded_error_is_raised(name: str, status: int, error: type[ProviderError]) -> None:
    if kit(name).is_markup:
        pytest.skip("pages are kept as they came")
    call = {"status": status, "headers": {}, "response": {}}
    with pytest.raises(error):
        kit(name).provider(Upstream(says({}))).read(json.dumps([call]).encode(), NOW)


# ── secrets ──────────────────────────────────────────────────────────────────────────────────────────────


def _leaky(name: str) -> list[Step]:
    """Answers and failures that repeat whatever they were asked."""
    status_codes = (200, 302, 400, 401, 403, 404, 429, 500)

    def echo(status: int) -> Step:
        def step(request: httpx.Request) -> httpx.Response:
            asked = str(request.url)
            fault = {
                "faultstring": asked,
                "detail": {"errorcode": f"policies.ratelimit.QuotaViolation {asked}"},
            }
            body = {
                "fault": fault,
                "errors": [{"code": asked, "detail": asked, "status": f"{status} {asked}"}],
            }
            return says(body, status, {"location": asked, "retry-after": asked})(request)

        return step

    return [
        *(echo(status) for status in status_codes),
        *(fails(trouble) for trouble in TROUBLES),
        kit(name).step,
    ]


@EVERY
def test_no_secret_stands_in_any_error_log_line_or_repr(name: str, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    for logger in ("httpx", "httpcore", "watchers"):
        caplog.set_level(logging.DEBUG, logger=logger)
    told: list[str] = []
    for step in _leaky(name):
        provider = kit(name).provider(upstream := Upstream(step))
        result = _told(provider, upstream)
        told += [repr(provider), repr(vars(provider)), result]
    told += [f"{one.getMessage()} {one.msg!r} {one.args!r}" for one in caplog.records]
    assert caplog.records
    assert not [line for line in told for secret in kit(name).secrets if secret in line]


def _told(provider: Provider, upstream: Upstream) -> str:
    try:
        return repr(provider.fetch([kit(provider.name).target], purse(provider.quota), NOW))
    except ProviderError as exc:
        assert upstream.requests
        told = [*traceback.format_exception(exc)]
        cause = cast("BaseException | None", exc)
        while cause is not None:
            told += [str(cause), repr(cause), repr(cause.__cause__)]
            cause = cause.__cause__ or cause.__context__
        return "\n".join(told)


@EVERY
def test_what_it_needs_is_said_alike_by_it_and_for_it(name: str) -> None:
    """Without its settings it is not even imported, so what it would say is said without it."""
    env = dict[str, str]()
    for needed in (*NEEDED.get(name, ()), None):
        said = [one for one in from_env(env)[1] if one.name == name]
        itself = PROVIDERS[name]().from_env(env)
        assert said == ([itself] if isinstance(itself, SwitchedOff) else [])
        if needed is not None:
            assert said[0].why.startswith(f"{needed} is not set")
            env[needed] = kit(name).env.get(needed, "made-up")
