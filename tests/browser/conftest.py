"""A real service, and a real browser in front of it."""

import pytest
from playwright.sync_api import sync_playwright

from tests.browser import tour
from tests.processes import Service


@pytest.fixture(scope="package")
def service(tmp_path_factory):
    with Service(tmp_path_factory.mktemp("browser"), **tour.SETTINGS) as service:
        yield service


@pytest.fixture(scope="package")
def browser(chromium_path):
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium_path, args=tour.CHROMIUM_ARGS)
        yield browser
        browser.close()


@pytest.fixture(params=[True, False], ids=["with scripts", "without scripts"])
def person(browser, request):
    """Open windows for people who have no cookies in common, all with scripts or all without."""
    contexts = []

    def open_window(**options):
        context = browser.new_context(java_script_enabled=request.param, **options)
        context.set_default_timeout(10_000)
        contexts.append(context)
        return context.new_page()

    yield open_window
    for context in contexts:
        context.close()
