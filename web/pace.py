"""How often one person may do something that costs others: so many times in a while, in this process."""

import threading
from collections import OrderedDict, deque
from datetime import datetime, timedelta
from math import ceil

MOST, PER = 20, timedelta(minutes=5)
_PEOPLE = 10_000  # remembered; whoever was not here for longest is forgotten


class Pace:
    """Counts by person; safe to share between threads."""

    def __init__(self, most: int = MOST, per: timedelta = PER) -> None:
        self.most, self.per = most, per
        self._lock = threading.Lock()
        self._done: OrderedDict[str, deque[datetime]] = OrderedDict()

    def wait(self, uid: str, now: datetime) -> timedelta | None:
        """How long until this person may again; ``None``: they may now, and it is counted."""
        with self._lock:
            done = self._done.setdefault(uid, deque())
            self._done.move_to_end(uid)
            while done and done[0] <= now - self.per:
                done.popleft()
            if len(done) >= self.most:
                return done[0] + self.per - now
            done.append(now)
            if len(self._done) > _PEOPLE:
                self._done.popitem(last=False)
            return None

    def left(self, uid: str, now: datetime) -> int:
        """How many times more this person may now; looking counts nothing."""
        with self._lock:
            return self.most - len(self._lately(uid, now))

    def resets(self, uid: str, now: datetime) -> int:
        """In how many seconds the first of what is counted will not count any more."""
        with self._lock:
            lately = self._lately(uid, now)
        return max(0, ceil((lately[0] + self.per - now).total_seconds())) if lately else 0

    def _lately(self, uid: str, now: datetime) -> list[datetime]:
        return [at for at in self._done.get(uid, ()) if at > now - self.per]
