"""`python -m tests.browser.screenshots`: every page at two widths, light and dark."""

from __future__ import annotations

import shutil
import sys
import tempfile
from pathlib import Path

from playwright.sync_api import Page, sync_playwright

from tests.browser import tour
from tests.support.processes import ROOT, Service

FOLDER = ROOT / "screenshots"
WIDTHS = {375: 740, 1280: 860}


def photograph(name: str, page: Page) -> None:
    for width, height in WIDTHS.items():
        page.set_viewport_size({"width": width, "height": height})
        for theme in ("light", "dark"):
            page.emulate_media(color_scheme=theme)
            path = FOLDER / f"{name}-{width}-{theme}.png"
            page.screenshot(path=path, full_page=True, animations="disabled")
    if name.startswith("message"):
        page.emulate_media(media="print", color_scheme="light")
        page.pdf(path=FOLDER / f"{name}-print.pdf", format="A4")
        page.emulate_media(media="screen")


def main(only: str = "") -> None:
    """Photograph every state whose name begins with *only*."""
    shutil.rmtree(FOLDER, ignore_errors=True)
    FOLDER.mkdir()
    with (
        tempfile.TemporaryDirectory() as folder,
        Service(Path(folder), **tour.SETTINGS) as service,
        sync_playwright() as playwright,
    ):
        browser = playwright.chromium.launch(
            executable_path=shutil.which("chromium"), args=tour.CHROMIUM_ARGS
        )
        browser.on("context", lambda context: context.set_default_timeout(8_000))
        for name, page in tour.pages(browser, service):
            if name.startswith(only):
                photograph(name, page)
                print(name, page.title())
        browser.close()


if __name__ == "__main__":
    main(*sys.argv[1:])
