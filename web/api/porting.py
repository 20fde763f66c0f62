"""All watches out at once."""

from web import monitors
from web.api.models import Exported
from web.api.operation import Call, Operation, Reply
from web.api.watches import saved
from web.site import site


def export(call: Call) -> Reply:
    """All watches at once."""
    found = sorted(monitors.find_all(call.uid), key=lambda source: source.id)
    return Reply(Exported(exported_at=site().now(), watches=tuple(map(saved, found))))


_TAG = "Watches"

OPERATIONS = (
    Operation(
        name="exportWatches", method="GET", path="/export", run=export, tag=_TAG,
        summary="All your watches, at once", answers={200: Exported},
    ),
)  # fmt: skip
