"""Alerts: what was told, by which channel, and what became of it."""

from watchers import alerts
from watchers.models import Alert, News
from web import feed, own_writes, snapshot
from web.alert_lines import is_unread
from web.api import paging
from web.api.models import ReadAlerts, ToldAlert, ToldAlerts, ToldNews, money
from web.api.operation import Access, Call, Operation, Reply
from web.api.paging import Paged
from web.api.watches import existing
from web.site import site


def every(call: Call) -> Reply:
    """The newest alerts."""
    return _page(call, list(feed.latest(call.uid).alerts))


def of_watch(call: Call, watch_id: str) -> Reply:
    """The newest alerts of one watch."""
    existing(call.uid, watch_id)
    return _page(call, [one for one in feed.latest(call.uid).alerts if one.watch_id == watch_id])


def _page(call: Call, found: list[Alert]) -> Reply:
    page: Paged = call.query
    last = str(paging.after(call.uid, page.cursor).get("after", ""))
    rest = [one for one in found if alerts.newest_first(one) > last]
    shown = rest[: page.limit]
    is_more = len(rest) > len(shown)
    following = paging.cursor(call.uid, {"after": alerts.newest_first(shown[-1])}) if is_more else None
    return Reply(ToldAlerts(alerts=tuple(map(told, shown)), next=following))


def read(call: Call) -> Reply:
    """Call them read; those that are read already, or nobody's, are no error."""
    asked: ReadAlerts = call.body
    own_writes.of(call.uid, snapshot.ALERTS)
    feed.mark_read(call.uid, frozenset(asked.ids), site().now())
    return Reply(status=204)


def told(alert: Alert) -> ToldAlert:
    """An alert as it is answered."""
    return ToldAlert(
        id=alert.id,
        watch_id=alert.watch_id,
        code=alert.code[:4],  # all of it would stop the watch, which a token that only reads must not
        channel=alert.channel,
        state=alert.state,
        why=alert.why,
        is_new=is_unread(alert),
        created_at=alert.created_at,
        due_at=alert.due_at,
        settled_at=alert.settled_at,
        news=_news(alert.news),
    )


def _news(news: News) -> ToldNews:
    return ToldNews(
        reason=news.reason,
        watch_name=news.watch_name,
        provider=news.provider,
        event_name=news.event_name,
        venue=news.venue,
        city=news.city,
        starts_at=news.starts_at,
        starts_on=news.starts_on,
        basis=news.basis,
        currency=news.currency,
        price=money(news.price, news.currency),
        was=money(news.was, news.currency),
        detail=news.detail,
        url=news.url,
        observed_at=news.observed_at,
    )


_TAG = "Alerts"

OPERATIONS = (
    Operation(
        name="listAlerts", method="GET", path="/alerts", run=every, tag=_TAG,
        summary="What you were told, newest first", query=Paged, answers={200: ToldAlerts},
        details=f"The newest {feed.MOST} are looked through.",
    ),
    Operation(
        name="readAlerts", method="POST", path="/alerts/read", run=read, tag=_TAG,
        summary="Call alerts read", access=Access.WRITE, body=ReadAlerts, answers={204: None},
        example={"ids": ["5f0c…"]},
    ),
    Operation(
        name="listWatchAlerts", method="GET", path="/watches/{watch_id}/alerts", run=of_watch, tag=_TAG,
        summary="What one watch told, newest first", query=Paged, answers={200: ToldAlerts},
        details=f"Among your newest {feed.MOST} alerts.",
    ),
)  # fmt: skip
