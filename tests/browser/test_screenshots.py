"""`make screenshots`: a picture of every page into docs/screenshots, and their index docs/screenshots.md."""

import base64
import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page

from tests.browser.conftest import Screen
from tests.browser.pages import PAGES, Seeded, Shown
from tests.browser.product import ROOT, STRANGER

FOLDER = os.environ.get("SCREENSHOTS")  # under docs/
QUALITY = 0.82
TALLEST = 2600  # pixels: what is further down looks the same

pytestmark = pytest.mark.skipif(not FOLDER, reason="pictures are taken by `make screenshots`")


@pytest.fixture(scope="module")
def folder() -> Iterator[Path]:
    """Emptied before, and listed after."""
    folder = ROOT / (FOLDER or "")
    folder.mkdir(parents=True, exist_ok=True)
    for old in folder.glob("*.webp"):
        old.unlink()
    yield folder
    index = folder.with_suffix(".md")
    index.write_text(_index(folder), encoding="utf-8")


def test_a_picture_of_every_page(folder: Path, browser: Browser, seeded: Seeded, screen: Screen) -> None:
    for shown in PAGES:
        if screen.name.startswith("phone") or shown.is_main:
            context = screen.context(
                browser,
                extra_http_headers=STRANGER if shown.is_for_strangers else {},
                reduced_motion="reduce",
            )
            page = context.new_page()
            page.goto(seeded.address(shown))
            height = min(TALLEST, page.evaluate("document.documentElement.scrollHeight"))
            picture = page.screenshot(
                full_page=True, clip={"x": 0, "y": 0, "width": screen.width, "height": height}
            )
            (folder / f"{shown.name}-{screen.name}.webp").write_bytes(_as_webp(context.new_page(), picture))
            context.close()


def _as_webp(page: Page, png: bytes) -> bytes:
    """The same picture in a third of the bytes: the browser can do it, and nothing else needs to."""
    made: str = page.evaluate(
        """async ([data, quality]) => {
          const picture = new Image(); picture.src = "data:image/png;base64," + data; await picture.decode();
          const canvas = document.createElement("canvas");
          canvas.width = picture.width; canvas.height = picture.height;
          canvas.getContext("2d").drawImage(picture, 0, 0);
          return canvas.toDataURL("image/webp", quality);
        }""",
        [base64.b64encode(png).decode(), QUALITY],
    )
    return base64.b64decode(made.partition(",")[2])


def _index(folder: Path) -> str:
    lines = [
        "# Every page",
        "",
        "Taken by `make screenshots` in the sandbox; everything in them is invented.",
    ]
    for shown in PAGES:
        lines += ["", f"## {shown.name.replace('-', ' ').capitalize()}", "", _where(shown), ""]
        lines += [
            f"![{shown.name}, {picture.stem.removeprefix(shown.name + '-')}]({folder.name}/{picture.name})"
            for picture in sorted(folder.glob(f"{shown.name}-*.webp"), reverse=True)
            if picture.stem.removeprefix(f"{shown.name}-").count("-") == 1
        ]
    return "\n".join(lines) + "\n"


def _where(shown: Shown) -> str:
    return f"`{shown.rule}`" + (", for who is not signed in" if shown.is_for_strangers else "")
