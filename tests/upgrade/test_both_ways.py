"""An upgrade and a rollback with live watches: the version before and this one in turns over one database.

The rule behind it is docs/adr/0029. ``UPGRADE_FROM=TAG`` asks for another version to upgrade from.
"""

from pathlib import Path

import pytest

from tests.firestore_emulator import why_missing
from tests.upgrade.cloud import standing_cloud
from tests.upgrade.laptop import standing_laptop
from tests.upgrade.story import Story
from tests.upgrade.versions import HERE, NoHistoryError, Version, before


@pytest.fixture(scope="module")
def old(tmp_path_factory: pytest.TempPathFactory) -> Version:
    try:
        return before(tmp_path_factory.mktemp("before"))
    except NoHistoryError as exc:
        pytest.skip(f"there is no version to upgrade from: {exc}")


def test_over_one_file_no_alert_is_lost_or_doubled_when_versions_change(old: Version, tmp_path: Path) -> None:
    with standing_laptop(tmp_path) as laptop:
        Story(laptop).play(old, HERE)
        assert not laptop.complaints()


@pytest.mark.emulator
def test_over_firestore_no_alert_is_lost_or_doubled_when_versions_change(
    old: Version, tmp_path: Path
) -> None:
    if reason := why_missing():
        pytest.skip(reason)
    with standing_cloud(tmp_path) as cloud:
        Story(cloud).play(old, HERE)
        assert not cloud.complaints()
