"""What people watch while versions change under them, and how often each of them must have been told by when.

Every watch has a person of its own, so that their texts are counted one by one. The market moves as it is
written here; nothing is left to chance.
"""

import secrets
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any, Protocol

from sandbox.goods import Event
from sandbox.market import Market
from tests.emulator.chain import PLACES, Someone, below
from tests.upgrade.versions import Version
from watchers.documents import Documents, Query, Update

ROLLING = 4  # falls of a price while both versions run


class Stage(Protocol):
    """A whole product whose code can be exchanged."""

    @property
    def market(self) -> Market:
        """Where prices move."""
        ...

    @property
    def documents(self) -> Documents:
        """The database that all versions work over."""
        ...

    def switch(self, version: Version) -> None:
        """From here on every function is this version, started anew."""
        ...

    def someone(self) -> Someone:
        """A new person who can be texted."""
        ...

    def show(self, face: str) -> Event:
        """A new show with one price, in pounds."""
        ...

    def save(self, person: Someone, watch_id: str, watch: Mapping[str, Any]) -> None:
        """A person writes their watch, and the version that runs copies it."""
        ...

    def delete(self, person: Someone, watch_id: str) -> None:
        """A person deletes their watch, and the version that runs hears of it."""
        ...

    def run(self) -> None:
        """The worker runs once, and everything that follows from it is done."""
        ...

    def refuse_one_text(self) -> None:
        """The vendor takes no text just now: the next one stays in the outbox."""
        ...

    def one_of_each(self, other: Version) -> "tuple[str, str]":
        """The worker that runs and one of another version beside it: their addresses."""
        ...

    def post(self, url: str) -> None:
        """The worker there runs once."""
        ...

    def texts(self, person: Someone) -> list[str]:
        """What is on the person's phone, oldest first."""
        ...

    def mails(self, person: Someone) -> list[Any]:
        """What is in the person's mailbox."""
        ...


@dataclass
class Story:
    """The story on one stage."""

    stage: Stage
    shows: dict[str, Event] = field(default_factory=dict)
    people: dict[str, Someone] = field(default_factory=dict)
    told: dict[str, int] = field(default_factory=dict)

    def play(self, old: Version, new: Version) -> None:
        """Upgrade, roll back, upgrade again, and both at once."""
        self.stage.switch(old)
        self._begin()
        self.stage.switch(new)
        self._upgraded()
        self.stage.switch(old)
        self._rolled_back()
        self.stage.switch(new)
        self._upgraded_again()
        self._rolling(old)
        self._judge()

    def _begin(self) -> None:
        """Everything is saved, told and left behind by the old version."""
        for name in ("limit", "waiting", "edited", "revived", "held"):
            self._watch(name, "60")
        self._watch("drop", "100", [{"kind": "drop", "percent": 15}])
        self._watch("stock", "100", [{"kind": "back_in_stock"}])
        self.stage.market.set_status(self.shows["stock"].id, "offsale")
        self._watch("listing", "60", [{"kind": "new_listing"}])
        self._expect()
        self._price("limit", "48")
        self._price("drop", "84")
        self._expect("limit", "drop")
        self._snooze_a_fall("held")
        self.stage.refuse_one_text()
        self._price("waiting", "48")
        self.stage.run()

    def _upgraded(self) -> None:
        """While nobody looked, everything moved: the new version's first look follows the old one's last."""
        self._make_due("waiting")
        self._price("limit", "45")
        self._price("drop", "71")
        self._list_another()
        self.stage.market.set_status(self.shows["stock"].id, "onsale")
        self._save("held", "50.00")
        self._expect("waiting", "limit", "drop", "listing", "stock", "held")
        self.stage.delete(self.people["revived"], self._id("revived"))
        self._price("revived", "48")
        self._price("held", "60")
        self._watch("later", "60")
        self._price("limit", "55")
        self._expect()
        self._snooze_a_fall("held")
        self.stage.refuse_one_text()
        self._price("later", "48")
        self.stage.run()

    def _rolled_back(self) -> None:
        """What the new version saved, armed again and left behind is the old one's."""
        self._make_due("later")
        self._price("limit", "49")
        self._price("drop", "60")
        self._price("edited", "48")
        self._list_another()
        self._save("held", "50.00")
        self._expect("later", "limit", "drop", "listing", "edited", "held")
        self._save("edited", "40.00")
        self._price("edited", "44")
        self._price("revived", "60")
        self._save("revived", "50.00")
        self._expect()
        self._price("revived", "48")
        self._expect("revived")
        self._price("revived", "55")
        self._expect()

    def _upgraded_again(self) -> None:
        self._price("edited", "39")
        self._price("later", "45")
        self._price("limit", "46")
        self._list_another()
        self._price("revived", "47")
        self._expect("edited", "later", "limit", "listing", "revived")
        job = self.stage.documents.get(PLACES.job(self._id("revived")))
        assert job
        assert job.fields["expires_at"] is None, "a watch that is watched would go by itself"

    def _rolling(self, old: Version) -> None:
        """While traffic moves, both versions work at once; each fall of the price is told once."""
        urls = self.stage.one_of_each(old) * 2
        price = 40.0
        with ThreadPoolExecutor(len(urls)) as pool:
            for _ in range(ROLLING):
                price = round(price * 0.93, 2)
                self._price("later", f"{price}")
                list(pool.map(self.stage.post, urls))
                self._expect("later")

    # ── what each step is made of ────────────────────────────────────────────────────────────────────────

    def _watch(self, name: str, face: str, conditions: list[dict[str, Any]] | None = None) -> None:
        show = replace(self.stage.show(face), act=f"Night of the {name} {secrets.token_hex(4)}")
        self.stage.market.add(show)
        self.shows[name], self.people[name], self.told[name] = show, self.stage.someone(), 0
        self._save(name, "50.00", conditions)

    def _snooze_a_fall(self, name: str) -> None:
        """Until tomorrow: what happens is kept for then, and told at once when its owner ends the snooze."""
        tomorrow = datetime.now(UTC) + timedelta(days=1)
        self._save(name, "50.00", snoozed_until=tomorrow.isoformat())
        self._price(name, "48")
        self._expect()
        assert "held" in {one.fields["state"] for one in self._alerts(name)}

    def _save(
        self, name: str, limit: str, conditions: list[dict[str, Any]] | None = None, **more: Any
    ) -> None:
        watch = below(self.shows[name], limit, name=name) | more
        if conditions:
            watch["conditions"] = conditions
        if name == "listing":
            watch["target"] = {"provider": "ticketmaster", "search": {"keyword": self.shows[name].act}}
        self.stage.save(self.people[name], self._id(name), watch)

    def _id(self, name: str) -> str:
        return f"{name}-{self.people[name].uid}"

    def _price(self, name: str, face: str) -> None:
        self.stage.market.set_price(self.shows[name].id, "face", face)

    def _list_another(self) -> None:
        self.stage.market.add_date(self.shows["listing"].id)

    def _make_due(self, name: str) -> None:
        """What waiting does to an alert that the vendor refused for now."""
        (alert,) = self._alerts(name)
        assert alert.fields["state"] == "pending"
        self.stage.documents.commit(Update(alert.path, {"due_at": datetime.now(UTC)}, alert.version))

    def _alerts(self, name: str) -> list[Any]:
        return list(self.stage.documents.find(Query("alerts", ("watch_id",), "==", self._id(name))))

    def _expect(self, *names: str) -> None:
        """Exactly these people hear one thing more; one more run tells nobody anything."""
        for name in names:
            self.told[name] += 1
        for _ in range(2):
            self.stage.run()
            assert self._counts() == self.told

    def _counts(self) -> dict[str, int]:
        return {name: len(self.stage.texts(person)) for name, person in self.people.items()}

    def _judge(self) -> None:
        """Every alert of the outbox is one text of its own, and nobody was written a letter instead."""
        for name, person in self.people.items():
            found = self._alerts(name)
            assert {one.fields["state"] for one in found} <= {"sent", "delivered"}, name
            assert len(found) == self.told[name], name
            texts = self.stage.texts(person)
            for one in found:
                assert len([text for text in texts if f"#{one.fields['code'][:4]}" in text]) == 1, name
            assert self.stage.mails(person) == []
