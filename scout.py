"""The operator's command line, as thin as the entry points: read the arguments, call one function, print.

Exit codes: 0 done, 1 something is wrong (and says what), 2 the command was not understood.
"""

import json
import os
import re
import secrets
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import ExitStack, closing, contextmanager
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from itertools import islice
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, NoReturn

import click

if TYPE_CHECKING:
    from tqdm import tqdm

    from notifiers.means import Means
    from watchers.catalog import Catalog
    from watchers.catalog.found import Found
    from watchers.deal import Deal
    from watchers.documents import Document, Documents, Write
    from watchers.matching.pairs import Pair
    from watchers.money import PriceKey
    from watchers.observation import Observation
    from watchers.price_history import Series
    from watchers.providers import SwitchedOff
    from watchers.providers.base import Provider
    from watchers.quota import Quota
    from watchers.settings import Settings
    from watchers.target import Search, Target
    from watchers.tick import Report
    from watchers.tiers import Tiers
    from watchers.verbs import Change
    from watchers.watch import Watch
    from web.doctor import Finding
    from web.plans import Plans
    from web.site import Site

_CALLS_OF_A_SEARCH = 5  # a page each
_CALLS_OF_AN_ITEM = {"page": 5}  # robots.txt first, and both may have moved
_LINES_AT_ONCE = 300  # pairs whose verdicts are asked for in one question

as_json = click.option("--json", "as_json", is_flag=True, help="Print JSON instead of text.")


class _Sentences(click.Group):
    """Commands that say in one sentence that the database is away."""

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command that was asked for."""
        from watchers.errors import StoreError

        try:
            return super().invoke(ctx)
        except StoreError as exc:
            raise click.ClickException(f"the database: {exc}") from exc


def _an_id(_: click.Context, __: click.Parameter, text: str | None) -> str | None:
    """Ids are part of the database's paths, so nothing is done before they could be."""
    if text is None or re.fullmatch(r"(?!\.{1,2}$|__.*__$)[^/\x00-\x1f\ud800-\udfff]{1,128}", text):
        return text
    raise click.BadParameter("an id has 1 to 128 characters, and no slash among them")


@click.group(
    cls=_Sentences, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100}
)
def cli() -> None:
    """Ticket Scout: watch public event and price APIs, and tell people in time.

    Settings come from the environment and from .env, or from the file that SETTINGS names; see the table in
    README.md.
    """
    from dotenv import load_dotenv

    named = os.environ.get("SETTINGS")
    if named and not Path(named).is_file():
        raise click.ClickException(f"SETTINGS names {named}, which is not there")
    load_dotenv(named or ".env")
    port = os.environ.get("PORT", "").strip()
    if port and not os.environ.get("PUBLIC_URL", "").strip():
        os.environ["PUBLIC_URL"] = f"http://127.0.0.1:{port}"


@cli.command()
def run() -> None:
    """Run everything in this one process: the form, the ticks, the deliveries. Ctrl-C stops it."""
    from web.laptop import Laptop

    settings = _settings_of_one_process()
    laptop = Laptop(settings)
    laptop.start()
    click.echo(f"Ticket Scout is at {settings.public_url} (Ctrl-C stops it)")
    try:
        laptop.wait()
    finally:
        laptop.stop()


@cli.command()
@click.option("--host", default="127.0.0.1", show_default=True, help="Where to listen; the port is PORT.")
@click.option(
    "--threads", type=click.IntRange(1, 64), default=8, show_default=True, help="That answer people."
)
def serve(host: str, threads: int) -> None:
    """Run everything on one small server: as `run`, behind gunicorn. SIGTERM stops it."""
    os.environ.pop("WEB_CONCURRENCY", None)  # deploy.sh's; gunicorn would take it for its own
    from web.server import Server

    settings = _settings_of_one_process()
    if settings.local_person:
        raise click.ClickException(
            "LOCAL_PERSON is for a laptop: behind a proxy everybody is signed in as them. Leave it unset"
        )
    Server(settings, host, threads).run()


def _settings_of_one_process() -> "Settings":
    """Settings with which everything may start; a wrong one stops the start, not every tick."""
    settings = _settings()
    _providers()
    if not settings.secret_key:
        raise click.ClickException(
            "SECRET_KEY is not set: cookies and links are signed with it. Make one with `python3 -c "
            '"import secrets; print(secrets.token_hex(32))"` and put SECRET_KEY=… into .env'
        )
    if settings.caller:
        raise click.ClickException(
            "WORKER_AUDIENCE is for the deployed worker; here only this process reaches it: leave it unset"
        )
    return settings


@cli.command()
@click.option("--dry-run", is_flag=True, help="Ask and decide, but create no alert and send nothing.")
@as_json
def tick(*, dry_run: bool, as_json: bool) -> None:
    """Run the worker once: a tick of every board, then the outbox."""
    from tqdm import tqdm

    from notifiers.deliver import sweep
    from watchers.clocks import read_clocks
    from watchers.worker import run_key, work

    settings, now = _settings(), datetime.now(UTC)
    (asked, _), means = _providers(), _means(settings)
    bar = tqdm(unit="target", disable=None, leave=False)
    done = work(
        means.documents,
        settings.places,
        asked,
        lambda at: sweep(means, now=at, deadline=at + timedelta(minutes=5)),
        run=run_key(lambda _: None, now, secrets.token_hex(8)),
        now=now,
        every=settings.every,
        seconds=settings.tick_seconds,
        grouping=means.limits.grouping,
        keep=settings.price_history,
        dry_run=dry_run,
        progress=lambda asked, due: _show(bar, asked, due),
        clocks=read_clocks,
    )
    bar.close()
    report = done.to_json()
    if as_json:
        click.echo(json.dumps(report))
    else:
        for board in done.reports:
            click.echo(_summary(board))
            for one in board.would_tell:
                click.echo(
                    f"  would tell {one['watch']} by {one['channel']}: {one['reason']} {one['price'] or ''}"
                )
        click.echo(f"outbox: {dict(done.swept) or 'nothing due'}")
    sys.exit(1 if done.failed else 0)


def _show(bar: "tqdm[Any]", asked: int, due: int) -> None:
    bar.total, bar.n = due, asked
    bar.refresh()


def _summary(board: "Report") -> str:
    if board.skipped:
        return f"{board.board}: skipped, {board.skipped}"
    failed = sum(board.failures.values())
    asked = f"{board.asked} of {board.targets} targets asked with {board.calls} calls"
    return f"{board.board}: {asked}, {board.changes} changed, {board.alerts} alerts, {failed} failures"


@cli.command()
@click.argument("watch_id", metavar="[WATCH]", required=False, callback=_an_id)
@as_json
def plan(watch_id: str | None, *, as_json: bool) -> None:
    """Say how often everything is looked at, and which watches cannot be served well; or of one WATCH.

    A forecast from what is known now: as if nothing failed and nobody came or left.
    """
    from watchers.jobs import read_job
    from web import planning

    settings, (asked, off) = _settings(), _providers()
    documents, states = _documents(settings), dict.fromkeys(asked, "on") | {one.name: one.why for one in off}
    plans = _plans(settings, documents, asked)
    if watch_id is None:
        said = planning.everything(plans, documents, settings.places, states)
        shown = planning.table(said)
    else:
        job = documents.get(settings.places.job(watch_id))
        if job is None or job.fields.get("deleted_at") is not None:
            raise click.ClickException(f"there is no watch {watch_id}; `scout.py watch list` shows them")
        said = planning.one(plans, read_job(job), states)
        shown = planning.lines(said)
    for line in [json.dumps(said)] if as_json else shown:
        click.echo(line)


@cli.command()
@as_json
def status(*, as_json: bool) -> None:
    """Say how everything is doing: worker, outbox, spending, free tier, providers. As the page /status."""
    from web.operator.facts import gather
    from web.operator.lines import text

    known = gather(_site())
    for line in [json.dumps(known.to_json())] if as_json else text(known):
        click.echo(line)


def _site() -> "Site":
    """What the operator's page rests on, without the pages."""
    import notifiers
    from notifiers.limits import Limits
    from watchers.plan import shortest
    from watchers.providers import refusal
    from watchers.usage import Meter
    from web.site import Site

    settings, (asked, off) = _settings(), _providers()
    documents = _documents(settings)
    with _named():
        on, silent = notifiers.from_env(os.environ)
        limits = Limits.from_env(os.environ)
    return Site(
        documents=documents,
        places=settings.places,
        refusal=refusal,
        secret_key=settings.secret_key or "",
        public_url=settings.public_url,
        providers=dict.fromkeys(asked, "on") | {one.name: one.why for one in off},
        now=lambda: datetime.now(UTC),
        limits=limits,
        asked=asked,
        shortest=shortest(settings.every, settings.tick_every),
        tick_every=settings.tick_every,
        channels=lambda: dict.fromkeys(on, "on") | silent,
        store=settings.store.partition(":")[0],
        version=settings.version,
        text_price=settings.text_price,
        meter=Meter(documents),
    )


def _plans(settings: "Settings", documents: "Documents", asked: "Mapping[str, Provider]") -> "Plans":
    from watchers.plan import shortest
    from web.plans import Plans

    pause = shortest(settings.every, settings.tick_every)
    return Plans(documents, asked, datetime.now(UTC), pause)


@cli.command()
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
@click.option("--overwrite", is_flag=True, help="Replace a file of this name.")
@as_json
def backup(file: Path, *, overwrite: bool, as_json: bool) -> None:
    """Copy the SQLite database to FILE, as it stands at one moment, while everything goes on."""
    from store import snapshot

    made = snapshot.back_up(_database_file(), file, overwrite=overwrite)
    said = {"file": str(file), "bytes": made.size, "documents": made.documents}
    click.echo(
        json.dumps(said) if as_json else f"{file}: {made.documents} documents, {made.size} bytes, sound"
    )


@cli.command()
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
@click.option("--overwrite", is_flag=True, help="Replace the database that is there; it is kept beside it.")
@click.option(
    "--moved", is_flag=True, help="Nothing has run since the backup was made: what waits, waits on."
)
@as_json
def restore(file: Path, *, overwrite: bool, moved: bool, as_json: bool) -> None:
    """Put the backup FILE where the database is. Stop what runs on it first.

    Texts that wait in it may have been sent since: they are looked for in Twilio's list, and go by e-mail if
    they are not there. Who was erased or stopped texts since is read from the database that is replaced.
    """
    from store import snapshot

    now, found = datetime.now(UTC), _Brought()

    def prepare(copy: Path, replaced: Path | None) -> None:
        nonlocal found
        found = _brought_up_to_date(copy, replaced, now, moved=moved)

    replaced = snapshot.restore(file, _database_file(), now, overwrite=overwrite, prepare=prepare)
    if as_json:
        said = {"file": str(file), "replaced": str(replaced) if replaced else None}
        click.echo(json.dumps(said | asdict(found)))
        return
    click.echo(f"{file} is now the database")
    if replaced:
        click.echo(f"the one before is {replaced}: delete it once you do not need it any more")
    _say_brought(found, after=replaced)


@dataclass(frozen=True)
class _Brought:
    """What a database of the past was told of what happened since; ``None``: nobody could say."""

    doubted: int = 0
    erased: int | None = 0
    stopped: int | None = 0


def _brought_up_to_date(copy: Path, replaced: Path | None, now: datetime, *, moved: bool) -> _Brought:
    from notifiers.restored import carry, doubt
    from store.sqlite import SqliteDocuments
    from watchers.errors import StoreError

    with ExitStack() as opened:
        documents = opened.enter_context(closing(SqliteDocuments(str(copy))))
        before: SqliteDocuments | None = None
        erased: int | None = 0
        stopped: int | None = 0
        if replaced:
            try:
                before = opened.enter_context(closing(SqliteDocuments(str(replaced))))
                erased, stopped = carry(before, documents, now)
            except StoreError as exc:
                before = erased = stopped = None
                click.echo(f"who was erased or stopped texts since must be told to it again: {exc}", err=True)
        return _Brought(0 if moved else doubt(documents, now, before), erased, stopped)


def _say_brought(found: _Brought, after: Path | str | None) -> None:
    if after and found.erased is not None:
        click.echo(
            f"since the backup: {found.erased} people erased, {found.stopped} stopped texts; again now"
        )
    if found.doubted:
        click.echo(
            f"{found.doubted} waiting messages may have been sent: they are looked up before anybody is told"
        )


@cli.command()
@click.option("--before", required=True, help="The database that ran until now; (default) is the first one.")
@click.option(
    "--only-people",
    is_flag=True,
    help="Who was erased or stopped texts; once everything runs on the new one.",
)
@as_json
def restored(before: str, *, only_people: bool, as_json: bool) -> None:
    """Tell a Firestore database that was made of a backup what happened since, before anything runs on it.

    ``deploy/restore.sh`` does. FIRESTORE_DATABASE names the new one. Texts that wait in it may have been sent
    since: they are looked for in Twilio's list, and go by e-mail if they are not there. Who was erased or
    stopped texts since is read from the database BEFORE. Twice is harmless.
    """
    from notifiers.restored import carry, doubt
    from store import open_documents
    from web.installation.wanted import DEFAULT_DATABASE

    settings, now = _settings(), datetime.now(UTC)
    if settings.store != "firestore" or (settings.database or DEFAULT_DATABASE) == before:
        raise click.ClickException(
            "set STORE=firestore, and FIRESTORE_DATABASE to another database than --before; "
            "of a SQLite file `scout.py restore` does this itself"
        )
    documents = _documents(settings)
    name = None if before == DEFAULT_DATABASE else before
    replaced = open_documents(settings.store, project=settings.project, database=name)
    erased, stopped = carry(replaced, documents, now)
    found = _Brought(0 if only_people else doubt(documents, now, replaced), erased, stopped)
    if as_json:
        click.echo(json.dumps(asdict(found)))
    else:
        _say_brought(found, after=before)


def _database_file() -> Path:
    """The SQLite file of ``STORE``."""
    kind, _, path = _settings().store.partition(":///")
    if kind != "sqlite" or path in ("", ":memory:"):
        raise click.ClickException(
            "STORE names no SQLite file; Firestore's backups are Google's: see docs/operating.md"
        )
    return Path(path)


@cli.command()
@click.argument("provider")
@click.argument("boards", type=click.IntRange(1, 256))
@as_json
def reshard(provider: str, boards: int, *, as_json: bool) -> None:
    """Spread a provider's targets over so many BOARDS, while everything goes on.

    Needed when the log says board.filling. It may be broken off and run again; nothing is lost.
    """
    from watchers.resharding import NotNowError, reshard
    from web.words import many

    documents, now = _documents(_settings()), datetime.now(UTC)
    quota, holder = _quota_for(provider, boards), f"reshard-{secrets.token_hex(8)}"
    try:
        done = reshard(documents, provider, boards, quota=quota, holder=holder, now=now)
    except NotNowError as exc:
        raise click.ClickException(str(exc)) from exc
    if as_json:
        click.echo(json.dumps(asdict(done) | {"provider": provider}))
    else:
        spread = f"{many(done.targets, 'target')} on {many(done.after, 'board')}"
        click.echo(f"{provider}: {spread} ({done.before} before)")


def _quota_for(provider: str, boards: int) -> "Quota":
    """What they share. Each needs a call of its own, or what lies on it is never looked at."""
    switched_on, _ = _providers()
    if provider not in switched_on:
        raise click.ClickException(f"{provider} is not switched on here, so its quota is not known")
    quota = switched_on[provider].quota
    if quota.calls < boards:
        has = f"{quota.calls} calls in {quota.per.total_seconds() / 60:g} minutes"
        raise click.ClickException(f"{provider} has {has}: not one for each of {boards} boards")
    return quota


@cli.command()
@click.argument("name", metavar="BOARD|PROVIDER")
@as_json
def rebuild(name: str, *, as_json: bool) -> None:
    """Empty a board, or all of a provider's; the next tick folds every watch in anew.

    Nobody is told again what they were told. Recent prices are forgotten, and what a search listed: its next
    look is a silent first one.
    """
    from watchers import homes
    from watchers.resharding import NotNowError, rebuild
    from watchers.shards import is_board
    from web.words import many

    documents, now = _documents(_settings()), datetime.now(UTC)
    names = [name] if is_board(name) else [board.name for board in homes.every(documents, name)]
    emptied: dict[str, int] = {}
    try:
        for board in names:
            emptied[board] = rebuild(documents, board, holder=f"rebuild-{secrets.token_hex(8)}", now=now)
    except NotNowError as exc:
        raise click.ClickException(str(exc)) from exc
    if as_json:
        click.echo(json.dumps(emptied))
    for board, targets in emptied.items() if not as_json else ():
        click.echo(f"{board}: emptied of {many(targets, 'target')}; the next tick looks at every watch anew")
    if not as_json:
        click.echo("what searches listed is not known any more: their next look is a silent first one")


@cli.command()
@click.option("--hours", type=click.IntRange(1, 24 * 30), default=24, show_default=True, help="How far back.")
@as_json
def reconcile(*, hours: int, as_json: bool) -> None:
    """Compare the outbox with Twilio's own list of texts, and say every difference."""
    from notifiers.errors import NotifierUnavailableError
    from notifiers.reconcile import SETTLED_BY, reconcile
    from watchers.kinds import Channel

    means = _means(_settings())
    if Channel.SMS not in means.notifiers:
        raise click.ClickException("nothing to compare with: texts are switched off; see `scout.py doctor`")
    try:
        done = reconcile(means, now=datetime.now(UTC), period=timedelta(hours=hours))
    except NotifierUnavailableError as exc:
        raise click.ClickException(f"Twilio's list cannot be had now ({exc.code}); try again later") from exc
    if as_json:
        click.echo(json.dumps(done.to_json()))
        return
    compared = f"{done.texts} texts compared with {done.listed} of Twilio's list"
    fresh = f"the last {SETTLED_BY.seconds // 60} minutes are left out"
    click.echo(f"{compared} ({fresh}): {len(done.findings)} differences")
    for one in done.findings:
        ours = f"alert {one.alert or '-'} is {one.outbox or '-'}"
        click.echo(f"  {one.difference}: {ours}, {one.receipt or 'the list'} is {one.listed or '-'}")


@cli.command()
@click.option("--send", "uid", metavar="PERSON", callback=_an_id, help="Also send this person one real test.")
@click.option("--wait", "seconds", default=60.0, show_default=True, help="For the test to be delivered.")
@click.option("--probe", is_flag=True, help="Put open questions to the live APIs: at most 10 calls.")
@click.option("--again", is_flag=True, help="With --probe: also those that were answered.")
@click.option(
    "--cloud", nargs=2, metavar="PROJECT REGION", help="An installation on Google Cloud instead; only reads."
)
@as_json
def doctor(
    *, uid: str | None, seconds: float, probe: bool, again: bool, cloud: tuple[str, str] | None, as_json: bool
) -> None:
    """Check the settings and the database, and say what is switched off and why.

    Sends and spends nothing, unless it is asked to --send or to --probe.
    """
    from watchers.clocks import read_clocks
    from web.doctor import examine, inquire, try_out

    if again and not probe:
        raise click.UsageError("--again goes with --probe")
    if cloud:
        if uid or probe:
            raise click.UsageError("--cloud only reads: it does not go with --send or --probe")
        _report(_examined(*cloud), as_json=as_json)
    asked = (
        inquire(_documents(_settings()), _providers()[0], read_clocks(datetime.now(UTC)), again=again)
        if probe
        else []
    )
    findings = examine(os.environ)
    findings += [one for one in asked if one.mark != "ok"]  # what was learned is among them already
    if uid is not None and not any(finding.is_wrong for finding in findings if finding.what == "settings"):
        findings += try_out(_means(_settings()), uid, timedelta(seconds=seconds))
    _report(findings, as_json=as_json)


def _report(findings: "Iterable[Finding]", *, as_json: bool) -> NoReturn:
    """Say each finding as soon as it is known, and end with 1 if someone must act."""
    said = []
    for finding in findings:
        said.append(finding)
        if not as_json:
            click.echo(f"{finding.mark} {finding.what}: {finding.said}")
    if as_json:
        click.echo(json.dumps([finding.to_json() for finding in said]))
    sys.exit(1 if any(finding.is_wrong for finding in said) else 0)


def _examined(project: str, region: str) -> "Iterator[Finding]":
    """What ``doctor --cloud`` finds."""
    import httpx

    from web.installation.examining import examine
    from web.installation.google import Google, UnseenError, token

    try:
        signed_in = token()
    except UnseenError as exc:
        raise click.ClickException(str(exc)) from exc
    with httpx.Client() as http:
        yield from examine(Google(project, signed_in, http, os.environ), region, datetime.now(UTC))


@cli.command()
@click.argument("provider")
@click.argument("what", required=False)
@click.option("--city", help="Search in this city.")
@click.option("--country", help="Two letters: of a search, or of a shop whose prices depend on it.")
@click.option("--from", "date_from", help="Search from this day (YYYY-MM-DD).")
@click.option("--to", "date_to", help="Search up to this day (YYYY-MM-DD).")
@click.option("--search", "is_search", is_flag=True, help="WHAT is a keyword, not an item's id.")
@click.option(
    "--file",
    "file",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="Understand a recorded answer instead of asking.",
)
@click.option("--json", is_flag=True, expose_value=False, help="Print JSON, as it does anyway.")
def look(provider: str, what: str | None, *, file: Path | None, **asked: Any) -> None:
    """Show what a provider says about an item or a search now, as JSON.

    WHAT is an item's id, or with --search (or any search option) a keyword.
    """
    from watchers import providers
    from watchers.errors import ProviderError

    now = datetime.now(UTC)
    if provider not in providers.PROVIDERS:
        raise click.UsageError(
            f"there is no provider {provider!r}; choose one of {', '.join(providers.PROVIDERS)}"
        )
    try:
        found = _read(provider, file.read_bytes(), now) if file else _ask(provider, what, asked, now)
    except ProviderError as exc:
        click.echo("[]")
        understood = file is not None and type(exc) is not ProviderError
        click.echo(f"{'a refusal or an error' if understood else 'not shown'}: {exc}", err=True)
        sys.exit(0 if understood else 1)
    click.echo(json.dumps([_shown(one) for one in found], ensure_ascii=False, indent=2))


def _read(provider: str, body: bytes, now: datetime) -> "list[Observation]":
    from watchers import providers
    from watchers.errors import ProviderError
    from watchers.providers.recordings import recordings

    try:
        if provider != "page":  # a page is kept as it came
            recordings(body, provider)
    except ProviderError as exc:  # no JSON: not even a refusal
        raise ProviderError(str(exc)) from exc
    return providers.PROVIDERS[provider]().read(body, now)


def _ask(provider: str, what: str | None, asked: dict[str, Any], now: datetime) -> "list[Observation]":
    from watchers.clocks import read_clocks
    from watchers.purse import draw, remember

    target = _target(provider, what, asked)
    switched_on, off = _providers()
    if provider not in switched_on:
        raise click.ClickException("; ".join(one.why for one in off if one.name == provider))
    chosen = switched_on[provider]
    calls = _CALLS_OF_A_SEARCH if target.search else _CALLS_OF_AN_ITEM.get(provider, 2)  # a token, and it
    documents = _documents(_settings())
    purse = draw(documents, provider, chosen.quota, read_clocks(now), calls=calls)
    try:
        fetched = chosen.fetch([target], purse, now)
    finally:
        remember(documents, provider, chosen.quota, purse)
    if target.id in fetched.failures:
        raise click.ClickException(f"{provider}: {fetched.failures[target.id]}")
    if target.id not in fetched.observations:
        raise click.ClickException(
            f"{provider}: it wants to be left alone for a moment; try again in a minute"
        )
    seen = fetched.observations[target.id]
    return list(seen.listings) if seen.listings is not None else [seen]


def _target(provider: str, what: str | None, asked: dict[str, Any]) -> "Target":
    from pydantic import ValidationError

    from watchers.asked import sentences
    from watchers.providers import refusal
    from watchers.watch import Filters, read_target

    narrowing = {name: asked[name] for name in ("city", "date_from", "date_to") if asked[name]}
    if what is None and not (asked["is_search"] or narrowing):
        raise click.UsageError("say what to look for: an item's id, or --search with a keyword")
    country = {"country": asked["country"].upper()} if asked["country"] else {}
    if asked["is_search"] or narrowing:
        question: dict[str, Any] = {"search": {"keyword": what, **narrowing, **country}}
    else:
        question = {"item": what, **country}
    try:
        target = read_target({"provider": provider, **question})
    except ValidationError as exc:
        raise click.UsageError(" ".join(sentences(exc))) from exc
    if said := refusal(target, Filters()):
        raise click.UsageError(said)
    return target


def _shown(seen: "Observation") -> dict[str, Any]:
    from watchers.money import decimal_amount

    starts = seen.starts_at or seen.starts_on
    return {
        "provider": seen.target.provider,
        "item": seen.target.item or None,
        "name": seen.name,
        "url": seen.url,
        "starts_at": starts.isoformat() if starts else None,
        "venue": seen.venue,
        "city": seen.city,
        "region": seen.region,
        "country": seen.country,
        "performers": list(seen.performers),
        "category": seen.category,
        "image": seen.image,
        "status": seen.status,
        "availability": seen.availability,
        "condition": seen.condition,
        "listings": seen.listing_count,
        "prices": [
            {
                "basis": price.basis,
                "currency": price.currency,
                "low": float(decimal_amount(price.low, price.currency)),
                "high": None if price.high is None else float(decimal_amount(price.high, price.currency)),
                "average": (
                    None if price.average is None else float(decimal_amount(price.average, price.currency))
                ),
            }
            for price in seen.prices
        ],
        "problems": list(seen.problems),
    }


@cli.command("match")
@click.argument("file", type=click.File("rb"), required=False)
@click.option("--not-same", nargs=2, metavar="A B", help="Remember that these entries are not the same.")
@click.option("--take-back", nargs=2, metavar="A B", help="Forget that it was said.")
def match_(
    file: IO[bytes] | None, not_same: tuple[str, str] | None, take_back: tuple[str, str] | None
) -> None:
    """Say of each line of FILE whether two events are the same, and why, as a line of JSON.

    A line is {"a": event, "b": event}; FILE may be - for what is piped in. A and B are entries, each as
    provider:item. What was remembered holds wherever both events of a line have a provider and an item.
    """
    from watchers import verdicts

    for said, keep in ((not_same, True), (take_back, False)):
        if said:
            documents, entries = _documents(_settings()), _entries(*said)
            if keep:
                verdicts.remember(documents, entries, datetime.now(UTC))
            else:
                verdicts.take_back(documents, entries)
            click.echo(f"{' and '.join(said)}: {'remembered as not the same' if keep else 'taken back'}")
    if file is None and not (not_same or take_back):
        raise click.UsageError("name a FILE of pairs, or - for what is piped in")
    wrong = sum(map(_matched, _chunks(file))) if file else 0
    sys.exit(1 if wrong else 0)


def _entries(one: str, other: str) -> "frozenset[str]":
    for said in (one, other):
        if not re.fullmatch(r"[a-z][a-z0-9_]*:\S.*", said):
            raise click.UsageError(
                f"{said!r} is no entry: write provider:item, such as ticketmaster:vvG1zZ9abc"
            )
    if one == other:
        raise click.UsageError("these are one entry")
    return frozenset({one, other})


def _chunks(file: IO[bytes]) -> Iterator[list[tuple[int, bytes]]]:
    """The lines with something on them, by number, a few hundred at a time."""
    lines = ((number, line) for number, line in enumerate(file, 1) if line.strip())
    while chunk := list(islice(lines, _LINES_AT_ONCE)):
        yield chunk


def _matched(lines: list[tuple[int, bytes]]) -> int:
    """Print what is said of each line; how many could not be understood."""
    from watchers import verdicts
    from watchers.matching import match

    pairs = [(number, _pair(line)) for number, line in lines]
    said = _said_before([verdicts.pair(two.a, two.b) for _, two in pairs if not isinstance(two, str)])
    for number, two in pairs:
        shown: dict[str, Any]
        if isinstance(two, str):
            shown = {"same": None, "score": None, "reasons": [], "error": f"line {number}: {two}"}
            click.echo(f"line {number}: {two}", err=True)
        else:
            found = match(two.a, two.b, not_same=verdicts.remembered(said))
            shown = {"same": found.same, "score": found.score, "reasons": found.reasons}
        click.echo(json.dumps(shown, ensure_ascii=False))
    return sum(isinstance(two, str) for _, two in pairs)


def _pair(line: bytes) -> "Pair | str":
    """Two events, or what is wrong with the line."""
    from watchers.matching import pairs

    try:
        return pairs.read(line)
    except ValueError as exc:
        return f'not understood ({exc}); write {{"a": event, "b": event}}, both in the normalised format'


def _said_before(pairs: "list[frozenset[str] | None]") -> "frozenset[frozenset[str]]":
    from watchers import verdicts
    from watchers.errors import StoreError

    if not any(pairs):
        return frozenset()
    try:
        return verdicts.not_the_same(_documents(_settings()), pairs)
    except StoreError as exc:
        click.echo(f"judged without what was remembered, as the database is away: {exc}", err=True)
        return frozenset()


@cli.group()
def watch() -> None:
    """Save, list, pause, resume and remove watches."""


@watch.command("add")
@click.option("--person", "uid", default="you", show_default=True, callback=_an_id, help="Whose watch it is.")
@click.option("--name", help="What to call it; the item by default.")
@click.option("--provider", help="Whom to ask: ticketmaster, steam, …")
@click.option("--item", help="The provider's own id.")
@click.option("--search", "keyword", help="A keyword to search for, instead of an item.")
@click.option("--city", help="Search in this city.")
@click.option("--country", help="Two letters.")
@click.option("--below", nargs=2, metavar="PRICE CURRENCY", help="At or under this price: --below 90 USD")
@click.option("--drop", type=float, metavar="PERCENT", help="At least this much under today's price.")
@click.option("--lowest-in", "days", type=int, metavar="DAYS", help="Lowest of so many days.")
@click.option("--new-listing", is_flag=True, help="Something new among a search's results.")
@click.option("--back-in-stock", is_flag=True, help="Sold out or off sale, and available again.")
@click.option("--status-change", is_flag=True, help="On-sale dates, cancelled, postponed, moved.")
@click.option("--wait", is_flag=True, help="If it is already true, tell only a further drop.")
@click.option("--document", type=click.File(), help="A watch as a JSON document, instead of all of these.")
@as_json
def watch_add(*, as_json: bool, uid: str, document: Any, **asked: Any) -> None:
    """Save a watch."""
    from watchers.asked import read_watch
    from watchers.documents import Put
    from watchers.errors import WatchRefusedError
    from watchers.jobs import copy_watch
    from watchers.providers import cannot_see, refusal

    fields, now = _document(document) if document else _document_of(asked), datetime.now(UTC)
    try:
        wanted = read_watch(fields, refusal, now, cannot_see=cannot_see)
    except WatchRefusedError as refused:
        raise click.ClickException("\n".join(refused.reasons)) from refused
    settings = _settings()
    documents, watch_id = _documents(settings), secrets.token_hex(10)
    documents.commit(Put(settings.places.source(uid, watch_id), fields))
    copied = partial(copy_watch, documents, settings.places, refusal, cannot_see=cannot_see, tiers=_tiers())
    outcome = copied(uid=uid, watch_id=watch_id, now=now)
    click.echo(json.dumps({"watch": watch_id, "person": uid}) if as_json else f"saved as {watch_id}")
    if outcome == "refused" and (said := documents.get(settings.places.status(uid, watch_id))):
        click.echo(f"it waits: {' '.join(said.fields['reasons'])}", err=True)
    _warn_of_what_is_off(wanted)
    _warn_of_long_waits(settings, wanted)


def _document(file: IO[str]) -> Any:
    try:
        return json.load(file)
    except (ValueError, RecursionError) as exc:
        raise click.ClickException("--document is not JSON: write one object, as README.md shows") from exc


def _warn_of_what_is_off(watch: "Watch") -> None:
    _, off = _providers()
    why = {one.name: one.why for one in off}
    for name in dict.fromkeys(target.provider for target in watch.targets if target.provider in why):
        click.echo(f"it is not looked at yet: {name} is switched off ({why[name]})", err=True)


def _warn_of_long_waits(settings: "Settings", watch: "Watch") -> None:
    plans = _plans(settings, _documents(settings), _providers()[0])
    for said in dict.fromkeys(one.warning for one in plans.of(watch, watch.targets) if one.warning):
        click.echo(said, err=True)


def _document_of(asked: dict[str, Any]) -> dict[str, Any]:
    search = {name: asked[name] for name in ("keyword", "city") if asked[name]}
    country = {"country": asked["country"].upper()} if asked["country"] else {}
    target: dict[str, Any] = {"provider": asked["provider"]}
    target |= {"search": search | country} if search else {"item": asked["item"], **country}
    conditions: list[dict[str, Any]] = []
    if asked["below"]:
        price, currency = asked["below"]
        conditions.append({"kind": "below", "price": price, "currency": currency.upper()})
    if asked["drop"] is not None:
        conditions.append({"kind": "drop", "percent": asked["drop"]})
    if asked["days"] is not None:
        conditions.append({"kind": "historic_low", "days": asked["days"]})
    kinds = {"new_listing": "new_listing", "back_in_stock": "back_in_stock", "status_change": "status"}
    conditions += [{"kind": kind} for option, kind in kinds.items() if asked[option]]
    return {
        "name": asked["name"] or asked["item"] or asked["keyword"],
        "target": target,
        "conditions": conditions,
        "already_true": "wait" if asked["wait"] else "tell",
    }


@watch.command("list")
@click.option("--person", "uid", help="Only this person's.")
@as_json
def watch_list(*, uid: str | None, as_json: bool) -> None:
    """List watches as the worker knows them."""
    from watchers.documents import Query

    settings = _settings()
    field = ("uid",) if uid else ()
    found = _documents(settings).find(Query(settings.places.worker_collection, field, "==", uid))
    alive = [one for one in found if one.fields.get("deleted_at") is None]
    rows = [_listed(one.id, one.fields) for one in alive]
    if as_json:
        click.echo(json.dumps(rows))
    for row in rows if not as_json else ():
        click.echo(f"{row['watch']}  {row['person']:12}  {row['state']:8}  {row['name']}")


def _listed(watch_id: str, fields: Any) -> dict[str, Any]:
    asked = fields.get("watch", {})
    watching = bool(fields.get("targets"))
    stopped = asked.get("status") if asked.get("status") in ("paused", "ended") else "refused"
    return {
        "watch": watch_id,
        "person": fields.get("uid"),
        "name": asked.get("name"),
        "state": "watching" if watching else stopped,
    }


@watch.command("pause")
@click.argument("watch_id", callback=_an_id)
@as_json
def watch_pause(watch_id: str, *, as_json: bool) -> None:
    """Stop watching, and remember everything."""
    from watchers import verbs

    _change(watch_id, partial(_with, verbs.stop))
    _say(watch_id, "paused", as_json=as_json)


@watch.command("resume")
@click.argument("watch_id", callback=_an_id)
@as_json
def watch_resume(watch_id: str, *, as_json: bool) -> None:
    """Go on with a watch that is paused, snoozed or ended."""
    from notifiers.release import release
    from watchers import verbs

    uid = _change(watch_id, partial(_with, verbs.resume))
    release(_documents(_settings()), uid, {"snoozed"}, datetime.now(UTC), watch_ids={watch_id})
    _say(watch_id, "active", as_json=as_json)


@watch.command("remove")
@click.argument("watch_id", callback=_an_id)
@as_json
def watch_remove(watch_id: str, *, as_json: bool) -> None:
    """Delete a watch."""
    from watchers.documents import Delete

    _change(watch_id, lambda source: Delete(source.path))
    _say(watch_id, "removed", as_json=as_json)


def _say(watch_id: str, status: str, *, as_json: bool) -> None:
    click.echo(json.dumps({"watch": watch_id, "status": status}) if as_json else f"{watch_id} is {status}")


def _with(change: "Change", source: "Document") -> "Write | None":
    """The write that changes the document like that; ``None`` where it is so already."""
    from watchers.documents import Update

    changes = change(source.fields)
    return Update(source.path, changes, source.version) if changes else None


def _change(watch_id: str, change: "Callable[[Document], Write | None]") -> str:
    """Change a person's own document, and copy it at once; returns whose it is."""
    from watchers.jobs import copy_watch
    from watchers.providers import cannot_see, refusal

    settings = _settings()
    documents, places = _documents(settings), settings.places
    job = documents.get(places.job(watch_id))
    uid = str(job.fields["uid"]) if job else ""
    source = documents.get(places.source(uid, watch_id)) if job else None
    if source is None:
        raise click.ClickException(f"there is no watch {watch_id}; `scout.py watch list` shows them")
    if write := change(source):
        documents.commit(write)
    copied = partial(copy_watch, documents, places, refusal, cannot_see=cannot_see, tiers=_tiers())
    copied(uid=uid, watch_id=watch_id, now=datetime.now(UTC))
    return uid


_searching = (
    click.option("--city", help="Only in this city."),
    click.option("--country", help="Two letters, such as US."),
    click.option("--from", "date_from", help="From this day on (YYYY-MM-DD)."),
    click.option("--to", "date_to", help="Up to this day (YYYY-MM-DD)."),
    click.option("--category", help="Of this kind, such as music or sports."),
)


def _narrowed(command: Callable[..., None]) -> Callable[..., None]:
    """The options of a search over all markets."""
    for option in reversed(_searching):
        command = option(command)
    return command


@cli.command()
@click.argument("query", required=False)
@_narrowed
@as_json
def search(query: str | None, *, as_json: bool, **asked: str | None) -> None:
    """Search all markets at once: events with their prices, the same event once.

    Each market has ten seconds; one that is not seen is named. Uses the calls that are kept for people.
    """
    from web.findings import found_lines

    found = _catalog().find(_question(query, asked))
    _print_found(found.to_json(), found_lines(found), as_json=as_json)
    sys.exit(0 if found.answered or not found.absences else 1)


@cli.command()
@click.argument("provider", required=False)
@click.argument("item", required=False)
@click.option("--search", "query", help="Compare everything that these words find, instead of one item.")
@_narrowed
@as_json
def compare(
    provider: str | None, item: str | None, *, query: str | None, as_json: bool, **asked: str | None
) -> None:
    """Show one event on every market: PROVIDER's ITEM, or what --search finds. At most two minutes old."""
    from watchers.catalog import COMPARED
    from watchers.target import Target
    from web.findings import compared_lines

    if query is None and not (provider and item):
        raise click.UsageError("name a market and its item, or what to --search for")
    catalog = _catalog()
    if query is not None:
        found = catalog.find(_question(query, asked), COMPARED)
    else:
        country = asked["country"]
        try:
            found = catalog.compare(
                Target(provider or "", item, country=country.upper() if country else None)
            )
        except ValueError as exc:
            raise click.UsageError(str(exc)) from exc
    deals = {one.markets[0].target.id: catalog.deal(one) for one in found.events[:1]} if item else {}
    _print_found(_with_deals(found, deals), compared_lines(found, deals), as_json=as_json)
    sys.exit(0 if found.answered or not found.absences else 1)


@cli.command()
@click.argument("query", required=False)
@click.option("--max-price", nargs=2, metavar="PRICE CURRENCY", required=True, help="Such as 90 USD.")
@click.option(
    "--min-quantity", type=click.IntRange(1, 1000), default=1, show_default=True, help="Offers there."
)
@click.option("--basis", type=click.Choice(["all_in", "face", "listing", "resale"]), help="Only such prices.")
@_narrowed
@as_json
def deals(
    query: str | None,
    *,
    max_price: tuple[str, str],
    min_quantity: int,
    basis: str | None,
    as_json: bool,
    **asked: str | None,
) -> None:
    """Of a search, show what costs at most --max-price: the lowest of each kind of price first."""
    from watchers.catalog.bargains import limit
    from watchers.money import Basis
    from web.findings import deal_lines

    try:
        price, currency = limit(*max_price)
    except ValueError as exc:
        raise click.UsageError(f"--max-price, {exc}") from exc
    only = Basis(basis) if basis else None
    shown, found = _catalog().deals(
        _question(query, asked), price, currency, min_quantity=min_quantity, basis=only
    )
    said = {"deals": [one.to_json() for one in shown], **found.surroundings()}
    _print_found(said, deal_lines(shown, found, min_quantity), as_json=as_json)
    sys.exit(0 if found.answered or not found.absences else 1)


def _with_deals(found: "Found", deals: "Mapping[str, Deal | None]") -> dict[str, Any]:
    """As JSON, with how good the best price is where that was asked for."""
    said = found.to_json()
    for shown, one in zip(said["events"], found.events, strict=True):
        if good := deals.get(one.markets[0].target.id):
            shown["deal"] = good.to_json()
    return said


def _catalog() -> "Catalog":
    from watchers.catalog import Catalog

    switched_on, off = _providers()
    return Catalog(_documents(_settings()), switched_on, {one.name: one.why for one in off})


def _question(query: str | None, asked: Mapping[str, str | None]) -> "Search":
    from watchers.catalog.question import question

    country = asked["country"]
    try:
        return question({**asked, "keyword": query, "country": country.upper() if country else None})
    except ValueError as exc:
        raise click.UsageError(str(exc)) from exc


def _print_found(said: dict[str, Any], lines: Iterable[str], *, as_json: bool) -> None:
    for line in [json.dumps(said, ensure_ascii=False)] if as_json else lines:
        click.echo(line)


@cli.group()
def person() -> None:
    """Manage whom to tell."""


def _wishes(command: Callable[..., None]) -> Callable[..., None]:
    """The options that say how somebody wants to be told."""
    options = (
        click.option("--timezone", help="Such as America/New_York; UTC if never said."),
        click.option("--language", help="Of their pages and messages: en or de."),
        click.option("--quiet", help="When nothing is sent, by their own clock: 22:00-07:00, or off."),
        click.option("--digest", help="Everything in one message: daily or weekly, or off."),
        click.option("--digest-at", help="When the digest comes, by their own clock: 08:00."),
        click.option("--per-day", help="At most so many messages a day, or default."),
        click.option("--per-watch", help="At most so many messages a day about one watch, or default."),
        click.option("--failover", help="Who takes over when a way fails, in order: push,email; or default."),
        click.option(
            "--texts-per-month",
            "texts_granted",
            help="Segments of texts a month, whatever their plan; or default.",
        ),
        click.option("--plan", help="What they may have: basic, premium or enterprise."),
    )
    for option in reversed(options):
        command = option(command)
    return command


@person.command("add")
@click.argument("uid", callback=_an_id)
@click.option("--phone", help="In international form, such as +14155550123.")
@click.option("--email", help="An e-mail address.")
@click.option("--push", help="An address as Apprise writes it, such as ntfys://ntfy.sh/your-topic.")
@_wishes
@as_json
def person_add(uid: str, *, as_json: bool, **said: str | None) -> None:
    """Add a person, or change one. You vouch that the contacts are theirs and that they agreed."""
    settings = _settings()
    _save_person(settings, uid, said)
    link = _entry_link(settings, uid)
    if as_json:
        click.echo(json.dumps({"person": uid, "link": link}))
    else:
        click.echo(f"{uid} is saved")
        click.echo(
            f"their way in, valid for a day: {link}" if link else "set SECRET_KEY to get a link for them"
        )
    if said["push"]:
        _warn_if_push_is_off(said["push"])


@person.command("set")
@click.argument("uid", callback=_an_id)
@_wishes
@as_json
def person_set(uid: str, *, as_json: bool, **said: str | None) -> None:
    """Say how a person wants to be told; what is not named stays."""
    if not any(words is not None for words in said.values()):
        raise click.UsageError("nothing was named, so nothing is saved; say what, as in --quiet 22:00-07:00")
    settings = _settings()
    _person(settings, uid)
    _save_person(settings, uid, said)
    click.echo(json.dumps({"person": uid}) if as_json else f"{uid} is saved")


@person.command("show")
@click.argument("uid", callback=_an_id)
@as_json
def person_show(uid: str, *, as_json: bool) -> None:
    """Show what is known of a person: contacts (masked), wishes, and what they were sent."""
    from notifiers import contacts, tallies
    from notifiers.profile import lines, profile

    settings = _settings()
    known = contacts.from_document(_person(settings, uid))
    try:
        kept = tallies.from_document(uid, _documents(settings).get(tallies.path(uid)))
        counted = kept.at(datetime.now(UTC), contacts.zone_of(known))
    except ValueError:
        counted = None
    shown = profile(known, counted)
    if as_json:
        click.echo(json.dumps(shown))
    for line in lines(shown) if not as_json else ():
        click.echo(line)


@person.command("export")
@click.argument("uid", callback=_an_id)
@click.option("--json", is_flag=True, expose_value=False, help="Print JSON, as it does anyway.")
def person_export(uid: str) -> None:
    """Print everything a person's account holds, as the JSON document that they get themselves."""
    from notifiers.personal.export import export

    settings = _settings()
    _known(settings, uid)
    for piece in export(_documents(settings), settings.places, uid, datetime.now(UTC)):
        click.echo(piece, nl=False)


@person.command("erase")
@click.argument("uid", callback=_an_id)
@click.option("--yes", is_flag=True, help="Do not ask whether this is meant.")
@as_json
def person_erase(uid: str, *, yes: bool, as_json: bool) -> None:
    """Delete everything about a person, for good; what must be kept is said in README.md."""
    from notifiers.personal.erasure import erase

    settings = _settings()
    _known(settings, uid)
    if not yes:
        click.confirm(f"delete {uid} with all watches and alerts? It cannot be undone", abort=True, err=True)
    erase(_documents(settings), settings.places, uid, datetime.now(UTC))
    click.echo(json.dumps({"person": uid, "erased": True}) if as_json else f"{uid} is erased")


def _known(settings: "Settings", uid: str) -> None:
    """Stop where nothing is kept under this id: it was mistyped."""
    from notifiers.personal.whereabouts import is_known

    if not is_known(_documents(settings), settings.places, uid):
        _person(settings, uid)


def _save_person(settings: "Settings", uid: str, said: Mapping[str, str | None]) -> None:
    """Write what was named and nothing else, and let go of what waits for a wish that is gone."""
    from notifiers import preferences
    from notifiers.contacts import vouched
    from notifiers.personal.returning import StillErasedError
    from notifiers.wishes import wished

    now = datetime.now(UTC)
    vouching = {name: said.get(name) for name in ("phone", "email", "push", "timezone")}
    wishes = {name: words for name, words in said.items() if name not in vouching}
    with _named():
        named = wished(vouched({}, **vouching, now=now), **wishes)
    try:
        preferences.save(_documents(settings), uid, named, now)
    except StillErasedError as still:
        raise click.ClickException(str(still)) from still
    if "plan" in named:
        _carry_plan(settings, _documents(settings), uid)


def _carry_plan(settings: "Settings", documents: "Documents", uid: str) -> None:
    """What the plan says now holds for the person's watches as well."""
    from watchers.jobs import carry_plan
    from watchers.providers import cannot_see, refusal

    carry_plan(
        documents,
        settings.places,
        refusal,
        uid=uid,
        now=datetime.now(UTC),
        cannot_see=cannot_see,
        tiers=_tiers(),
    )


def _person(settings: "Settings", uid: str) -> "Document":
    from notifiers.contacts import path

    found = _documents(settings).get(path(uid))
    if found is None:
        raise click.ClickException(
            f"there is no person {uid} in {settings.store}; `scout.py person add {uid}` adds one"
        )
    return found


def _warn_if_push_is_off(url: str) -> None:
    from notifiers import push
    from notifiers.errors import NotConfiguredError

    scheme = url.partition("://")[0]
    try:
        listed = push.from_env(os.environ).schemes
    except NotConfiguredError as off:
        click.echo(f"nothing is pushed yet: {off}", err=True)
    else:
        if scheme not in listed:
            click.echo(f"nothing is pushed yet: APPRISE_SCHEMES does not name {scheme}", err=True)


def _entry_link(settings: "Settings", uid: str) -> str | None:
    from web.entry import entry_token

    if not settings.secret_key:
        return None
    return f"{settings.public_url}/enter?token={entry_token(settings.secret_key, uid)}"


@cli.command()
@click.argument("watch_id", callback=_an_id)
@as_json
def why(watch_id: str, *, as_json: bool) -> None:
    """Decide the recent looks again: what was decided about a watch and why, and why not."""
    from watchers.alerts import from_document
    from watchers.documents import Query
    from watchers.jobs import read_job
    from watchers.why import explain

    settings = _settings()
    documents = _documents(settings)
    document = documents.get(settings.places.job(watch_id))
    if document is None:
        raise click.ClickException(f"there is no watch {watch_id}; `scout.py watch list` shows them")
    alerts = [from_document(one) for one in documents.find(Query("alerts", ("watch_id",), "==", watch_id))]
    story = explain(documents, read_job(document), alerts)
    if as_json:
        click.echo(json.dumps(story, default=str))
    else:
        _print_story(story)


def _print_story(story: dict[str, Any]) -> None:
    from watchers.why import REASONS

    words: dict[str | None, str] = {str(reason): said for reason, said in REASONS.items()}
    click.echo(f"{story['name']} ({story['state']})")
    for target in story["targets"]:
        click.echo(f"  {target['target']}: {target['state']}")
        if target["rule"]:
            click.echo(f"  {target['rule']}")
        for one in target["looks"]:
            click.echo(
                f"    {one['at']:%d %b %H:%M:%S}  {one['seen']:24}  {words.get(one['reason'], '')}".rstrip()
            )
    if story["not_replayed"]:
        click.echo(f"  {story['not_replayed']}")
    _print_alerts(story["alerts"])


def _print_alerts(alerts: Iterable[dict[str, Any]]) -> None:
    for one in alerts:
        said = f" ({one['why']})" if one["why"] else ""
        click.echo(
            f"  told {one['at']:%d %b %H:%M:%S}  #{one['code'][:4]}  {one['channel']}: {one['state']}{said}"
        )


@cli.command()
@click.argument("watch_or_target", callback=_an_id)
@click.option("--days", type=click.IntRange(1, 3650), default=30, show_default=True, help="How far back.")
@as_json
def prices(watch_or_target: str, *, days: int, as_json: bool) -> None:
    """Show what the targets of a watch, or one target, have cost."""
    from watchers.jobs import read_job
    from watchers.price_history import past, within

    settings, now = _settings(), datetime.now(UTC)
    documents = _documents(settings)
    job = documents.get(settings.places.job(watch_or_target))
    targets = list(read_job(job).targets) if job else [watch_or_target]
    kept = settings.price_history or timedelta(days=days)
    whole = {target_id: past(documents, target_id, now - kept) for target_id in targets}
    if job is None and not any(series.steps or series.damaged for series in whole.values()):
        raise click.ClickException(f"there is no watch {watch_or_target}, and no price of such a target")
    found = {
        target_id: within(series, now - min(timedelta(days=days), kept))
        for target_id, series in whole.items()
    }
    deals = {target_id: _deals(series, now) for target_id, series in whole.items()}
    if as_json:
        click.echo(json.dumps([_past_shown(one, series, deals[one]) for one, series in found.items()]))
    for target_id, series in found.items() if not as_json else ():
        _print_past(target_id, series, deals[target_id])


def _deals(series: "Series", now: datetime) -> "dict[PriceKey, Deal]":
    """How good the price is that was seen last, for each key."""
    from watchers.deal import deal

    return {
        key: deal(steps[-1].price, key.currency, steps, now, since=series.since)
        for key, steps in series.steps.items()
    }


def _past_shown(target_id: str, series: "Series", deals: "Mapping[PriceKey, Deal]") -> dict[str, Any]:
    from watchers.money import decimal_amount
    from watchers.price_history import highest, lowest, typical

    words = {"lowest": lowest, "typical": typical, "highest": highest}
    prices = [
        {
            "basis": key.basis,
            "currency": key.currency,
            **{word: float(decimal_amount(of(steps) or 0, key.currency)) for word, of in words.items()},
            "deal": deals[key].to_json(),
            "steps": [
                {
                    "since": step.since.isoformat(),
                    "until": step.until.isoformat(),
                    "price": float(decimal_amount(step.price, key.currency)),
                }
                for step in steps
            ],
        }
        for key, steps in series.steps.items()
    ]
    damaged = list(series.damaged)
    return {"target": target_id, "since": series.since.isoformat(), "damaged": damaged, "prices": prices}


def _print_past(target_id: str, series: "Series", deals: "Mapping[PriceKey, Deal]") -> None:
    from watchers.money import spoken
    from watchers.price_history import highest, lowest, typical

    click.echo(f"{target_id}, since {series.since:%d %b %Y %H:%M} UTC")
    for key, steps in series.steps.items():
        words = {"lowest": lowest, "typical": typical, "highest": highest}
        said = ", ".join(f"{word} {spoken(of(steps) or 0, key.currency)}" for word, of in words.items())
        click.echo(f"  {key.basis}: {said}")
        click.echo(f"    last {spoken(steps[-1].price, key.currency)} - {deals[key]}")
        for step in steps:
            seen = f"{step.since:%d %b %Y %H:%M} - {step.until:%d %b %Y %H:%M}"
            click.echo(f"    {seen}  {spoken(step.price, key.currency)}")
    if not series.steps:
        click.echo("  no price is known")
    if series.damaged:
        numbers = ", ".join(map(str, series.damaged))
        click.echo(f"  not shown, because it is damaged: chunk {numbers} of its price history")


@cli.command()
@click.argument("public_url", metavar="URL")
@click.option(
    "--settings",
    "path",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="Instead of .env.",
)
def webhooks(*, public_url: str, path: Path | None) -> None:
    """Let Twilio post answers to texts to URL, where your pages are; what is right already is left alone."""
    from dotenv import dotenv_values

    from notifiers.errors import NotConfiguredError, NotifierError
    from notifiers.twilio.webhooks import Found, from_env

    chosen = (
        {name: value or "" for name, value in dotenv_values(path, interpolate=False).items()}
        if path
        else os.environ
    )
    if not public_url.startswith("https://"):
        raise click.ClickException("Twilio needs an address that begins with https://")
    try:
        found = list(from_env(chosen).point_to(public_url))
    except NotConfiguredError as exc:
        raise click.ClickException(str(exc)) from exc
    except NotifierError as exc:
        raise click.ClickException(
            f"Twilio refused or did not answer ({exc.code}): check TWILIO_ACCOUNT_SID and TWILIO_AUTH_TOKEN, "
            "then try again"
        ) from exc
    for sender, how in found:
        click.echo(f"{sender} {how}")
    sys.exit(any(how is Found.UNKNOWN for _, how in found))


@contextmanager
def _named() -> Iterator[None]:
    """A wrong setting becomes the sentence that names it."""
    try:
        yield
    except ValueError as exc:
        raise click.ClickException(str(exc)) from exc


def _settings() -> "Settings":
    from watchers.settings import Settings

    with _named():
        return Settings.from_env(os.environ)


def _documents(settings: "Settings") -> "Documents":
    from store import open_documents

    with _named():
        return open_documents(settings.store, project=settings.project, database=settings.database)


def _providers() -> "tuple[dict[str, Provider], tuple[SwitchedOff, ...]]":
    from watchers import providers

    with _named():
        return providers.from_env(os.environ)


def _tiers() -> "Tiers":
    from notifiers.limits import Limits

    with _named():
        return Limits.from_env(os.environ).tiers


def _means(settings: "Settings") -> "Means":
    import notifiers
    from notifiers.limits import Limits
    from notifiers.links import Links
    from notifiers.means import Means

    documents = _documents(settings)
    with _named():
        told, limits = notifiers.from_env(os.environ)[0], Limits.from_env(os.environ)
    return Means(documents, told, Links(settings.public_url, settings.secret_key), limits, settings.places)


if __name__ == "__main__":
    cli()
