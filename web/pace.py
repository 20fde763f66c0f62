"""How often one person may do something that costs others: so many times in a while, in this process."""

import threading
from collections import OrderedDict, deque
from datetime import datetime, timedelta

MOST, PER = 20, timedelta(minutes=5)
_PEOPLE = 10_000  # remembered; whoever was not here for longest is forgotten


class Pace:
    """Counts by person; safe to share between threads."""

    def __init__(self, most: int = MOST, per: timedelta = PER) -> None:
        self._most, self._per = most, per
        self._lock = threading.Lock()
        self._done: OrderedDict[str, deque[datetime]] = OrderedDict()

    def wait(self, uid: str, now: datetime) -> timedelta | None:
        """How long until this person may again; ``None``: they may now, and it is counted."""
        with self._lock:
            done = self._done.setdefault(uid, deque())
            self._done.move_to_end(uid)
            while done and done[0] <= now - self._per:
                done.popleft()
            if len(done) >= self._most:
                return done[0] + self._per - now
            done.append(now)
            if len(self._done) > _PEOPLE:
                self._done.popitem(last=False)
            return None
