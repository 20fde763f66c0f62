"""So many alerts at once, each delivered by its own trigger: how many deliveries under way are too many.

    .venv/bin/python bench/deliveries.py

Real: ``notifiers/deliver.py`` on the Firestore emulator, one call for each alert, as ``deliver-alert`` makes
them, from so many threads as there are requests under way (instances times concurrency). Played: a phone that
takes 0.1 s. Each text is counted in the month's one document (``notifiers/spend.py``), at which deliveries
meet; one that cannot get at it gives up, and its event comes again. Promised: none is lost or sent twice, and
one sweep of the worker sends what was given up. Needs the emulator (see README).
"""

import os
import sys
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent))

from bench.report import Report, arguments
from bench.tests_found import running_emulator, why_missing
from notifiers.deliver import deliver, sweep
from notifiers.limits import Limits
from notifiers.links import Links
from notifiers.means import Means
from store.firestore import FirestoreDocuments
from tests.notifiers.kit import NOW, FakeNotifier, save_alert, save_person
from watchers.errors import StoreUnavailableError
from watchers.kinds import Channel
from watchers.models import Alert

ALERTS, AT_ONCE = 300, (8, 16, 24, 80)
ANSWERS_AFTER = 0.1  # seconds
LIMITS = Limits(grouping=timedelta(0), longest_grouping=timedelta(0), segments_in_all=10**6)


def furnish(documents: FirestoreDocuments, person: int) -> Alert:
    """Somebody with a number, and an alert for them."""
    save_person(documents, f"u{person}", phone=f"+1555765{person:04}")
    return save_alert(documents, watch_id=f"w{person}", uid=f"u{person}")


def storm(report: Report, at_once: int) -> None:
    """Deliver all of them so, and sweep."""
    documents = FirestoreDocuments(f"demo-storm-{at_once}")
    with ThreadPoolExecutor(32) as pool:
        told = list(pool.map(lambda person: furnish(documents, person), range(ALERTS)))
    phone = FakeNotifier(Channel.SMS, after=lambda: time.sleep(ANSWERS_AFTER))
    means = Means(documents, {Channel.SMS: phone}, Links("https://scout.example", "not-a-real-key"), LIMITS)

    def tell(alert: Alert) -> str:
        try:
            return str(deliver(alert.id, means, now=NOW))
        except StoreUnavailableError:
            return "given up"

    began = time.perf_counter()
    with ThreadPoolExecutor(at_once) as pool:
        outcomes = Counter(pool.map(tell, told))
    seconds = time.perf_counter() - began
    swept = sweep(means, now=NOW, deadline=NOW + timedelta(minutes=1))
    texted = Counter(to for to, _ in phone.sent)
    report.say(f"{at_once} under way: sent", outcomes["sent"])
    report.say(f"{at_once} under way: given up, for a later event or the sweep", outcomes["given up"])
    report.say(f"{at_once} under way: texts a second", outcomes["sent"] / seconds, ",.0f")
    report.say(f"{at_once} under way: sent by the sweep", swept["sent"])
    once = len(texted) == ALERTS and set(texted.values()) == {1}
    report.promise(f"{at_once} under way: everybody was told once", holds=once)


def main() -> int:
    """Measure, print, and say in the exit code whether the promises hold."""
    asked = arguments(__doc__).parse_args()
    report = Report("deliveries")
    if reason := why_missing():
        report.say("not measured", reason)
        return report.end(asked.json)
    with running_emulator() as host:
        os.environ["FIRESTORE_EMULATOR_HOST"] = host
        for at_once in AT_ONCE:
            storm(report, at_once)
    return report.end(asked.json)


if __name__ == "__main__":
    sys.exit(main())
