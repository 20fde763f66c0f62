"""A newcomer's first minute with nothing but `python -m sandbox`: save a watch, lower a price, be told."""

import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import Page, expect, sync_playwright

ROOT = Path(__file__).parent.parent.parent
CHROMIUM = shutil.which("chromium")

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(CHROMIUM is None, reason="no chromium here: apt-get install chromium"),
]


def _free_port() -> int:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port: int = taken.getsockname()[1]
        return port


@pytest.fixture
def product(tmp_path: Path) -> Iterator[str]:
    """Everything as `make run` starts it, in an empty folder; its address."""
    port, log = _free_port(), (tmp_path / "log").open("w")
    env = {"PATH": os.environ["PATH"], "PORT": str(port), "PYTHONPATH": str(ROOT), "HOME": str(tmp_path)}
    process = subprocess.Popen(
        [sys.executable, "-m", "sandbox"], cwd=tmp_path, env=env, stdout=log, stderr=log
    )
    try:
        _await(f"http://127.0.0.1:{port}/healthz", process, tmp_path / "log")
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait(timeout=20)
        log.close()


def _await(url: str, process: subprocess.Popen[bytes], log: Path) -> None:
    for _ in range(150):
        try:
            if httpx.get(url).status_code == 200:
                return
        except httpx.HTTPError:
            assert process.poll() is None, log.read_text()
        time.sleep(0.2)
    pytest.fail(log.read_text())


@pytest.fixture
def page() -> Iterator[Page]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield browser.new_page(viewport={"width": 390, "height": 844})
        browser.close()


def test_a_newcomer_sees_a_text_arrive(product: str, page: Page) -> None:
    page.goto(product)
    page.get_by_role("link", name="Market").first.click()
    page.get_by_role("link", name="Watch it").first.click()
    expect(page.get_by_label("Under a price")).to_be_checked()
    page.get_by_label("Price", exact=True).fill("50")
    page.get_by_label("Currency").fill("GBP")
    page.get_by_role("button", name="Save watch").click()
    _reload_until(page, product, "£54 face")

    page.get_by_role("link", name="Market").first.click()
    form = page.get_by_role("form", name="Change Night Tram Orchestra (sandbox)")
    form.locator("[name=face]").fill("45")
    form.get_by_role("button", name="Set price").click()

    page.get_by_role("link", name="Phone").first.click()
    _reload_until(page, page.url, "£45 face (was £54)")
    assert "1 segment" in page.inner_text("body")
    link = page.locator("a[href*='/a/']").first.get_attribute("href")
    page.goto(link or "")
    assert "Night Tram Orchestra" in page.inner_text("body")
    assert "/event/" in page.url


def _reload_until(page: Page, url: str, text: str) -> None:
    for _ in range(60):
        page.goto(url)
        if text in page.inner_text("body"):
            return
        time.sleep(0.5)
    pytest.fail(f"{text!r} did not come: {page.inner_text('body')}")
