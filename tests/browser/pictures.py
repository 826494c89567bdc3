"""`python -m tests.browser.pictures`: the pictures of README.md, into docs/pictures."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from playwright.sync_api import sync_playwright

from tests.browser import tour
from tests.support.processes import ROOT, Service

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

FOLDER = ROOT / "docs" / "pictures"
FIREFOX = "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:147.0) Gecko/20100101 Firefox/147.0"
ABOUT = {"from": "Marta Vidal", "subject": "The safe", "text": "The safe is behind the Vermeer."}


def _somebody(browser: Browser, address: str, height: int, width: int, **options: str) -> Page:
    return browser.new_context(
        viewport={"width": width, "height": height},
        locale="en-GB",
        timezone_id="Europe/Madrid",
        extra_http_headers={"X-Forwarded-For": address},
        **options,
    ).new_page()


def take(browser: Browser, url: str) -> None:
    """Photograph the gate, and the control page of a message on its way."""
    reader = _somebody(browser, "198.51.100.4", 900, 880, user_agent=FIREFOX)
    sender = _somebody(browser, "203.0.113.7", 940, 1168)
    reader.goto(tour.send(url, **ABOUT)["links"][0]["url"])
    reader.screenshot(path=FOLDER / "gate.png")
    sent = tour.send(url, recipients=["Ana", "Ben", "Clara"], **ABOUT)
    tour.read(reader, sent["links"][0]["url"])
    reader.wait_for_load_state("networkidle")
    sender.goto(sent["control_url"])
    tour.press(sender, "I am the sender: go on")
    sender.get_by_role("button", name="Recall only the link for Ben").click()
    sender.get_by_role("link", name="Back to the message").click()
    sender.get_by_role("heading", name="1 of 3").wait_for()
    sender.screenshot(path=FOLDER / "control.png")


def main() -> None:
    with (
        tempfile.TemporaryDirectory() as folder,
        Service(Path(folder), RESTANTE_TRUSTED_PROXIES="1") as service,
        sync_playwright() as playwright,
    ):
        browser = playwright.chromium.launch(
            executable_path=shutil.which("chromium"), args=tour.CHROMIUM_ARGS
        )
        take(browser, service.url)
        browser.close()


if __name__ == "__main__":
    main()
