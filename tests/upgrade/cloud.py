"""The story's stage in the cloud's shape: Firestore's emulator, its trigger events, a process a function."""

from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sandbox.goods import Event
from sandbox.market import Market
from store.firestore import FirestoreDocuments
from tests.emulator.chain import ENTRY_POINTS, Chain, Someone, running_chain
from tests.emulator.functions import Function, records
from tests.upgrade.versions import Version


@dataclass
class Cloud:
    """See ``story.Stage``."""

    chain: Chain
    running: ExitStack

    @property
    def market(self) -> Market:
        return self.chain.market

    @property
    def documents(self) -> FirestoreDocuments:
        return self.chain.documents

    def switch(self, version: Version) -> None:
        functions = [self.chain.functions[name] for name in ENTRY_POINTS]
        for function in functions:
            function.kill()
            function.become(version.main)
            function.start()
        for function in functions:
            function.wait_until_ready()

    def someone(self) -> Someone:
        return self.chain.someone()

    def show(self, face: str) -> Event:
        return self.chain.show(face)

    def save(self, person: Someone, watch_id: str, watch: Mapping[str, Any]) -> None:
        self.chain.save(person, watch_id, watch)

    def delete(self, person: Someone, watch_id: str) -> None:
        self.chain.source(person, watch_id).delete()
        self.chain.settle()

    def run(self) -> None:
        self.chain.run()

    def refuse_one_text(self) -> None:
        self.chain.phone.faults.append("429")

    def one_of_each(self, other: Version) -> tuple[str, str]:
        second = Function("ticket_monitor_worker", "http", self.chain.settings, self.chain.folder)
        second.become(other.main)
        self.running.enter_context(second)
        second.wait_until_ready()
        self.chain.functions[f"worker on {second.port}"] = second
        return self.chain.functions["ticket_monitor_worker"].url, second.url

    def post(self, url: str) -> None:
        self.chain.post(url)

    def texts(self, person: Someone) -> list[str]:
        return self.chain.texts(person)

    def mails(self, person: Someone) -> list[Any]:
        return self.chain.mails(person)

    def complaints(self) -> list[str]:
        """What any version wrote of errors."""
        lines = records(self.chain.new_lines())
        return [str(one) for one in lines if one["severity"] in ("ERROR", "CRITICAL")]


@contextmanager
def standing_cloud(folder: Path) -> Iterator[Cloud]:
    """Everything of it, with this version's code until another is asked for."""
    with running_chain(folder) as chain, ExitStack() as running:
        yield Cloud(chain, running)
