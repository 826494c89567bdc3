"""A real service, and a real browser in front of it."""

from urllib.parse import parse_qsl

import pytest
from playwright.sync_api import sync_playwright

from tests.browser import tour
from tests.support import canaries
from tests.support.processes import Service
from webapp.http import multipart
from webapp.http.multipart import MULTIPART


@pytest.fixture(scope="package")
def service(tmp_path_factory):
    with Service(tmp_path_factory.mktemp("browser"), **tour.SETTINGS) as service:
        yield service


@pytest.fixture(scope="package")
def chromium():
    """What starts browsers."""
    with sync_playwright() as playwright:
        yield playwright.chromium


@pytest.fixture(scope="package")
def launch(chromium):
    """Start browsers by the program's path; they end with the tests."""
    started = []

    def start(path, *more):
        args = [*tour.CHROMIUM_ARGS, *more]
        browser = chromium.launch(executable_path=path, args=args)
        started.append(browser)
        return browser

    yield start
    for browser in started:
        browser.close()


@pytest.fixture(scope="package")
def browser(launch, light_chromium_path):
    return launch(light_chromium_path)


def learn(request):
    """Remember what a person's browser sends: no log may tell it."""
    canaries.learn_headers(request.headers)
    if request.method == "POST" and (body := request.post_data_buffer):
        canaries.learn_form(fields_of(request.headers.get("content-type", ""), body))


def fields_of(kind, body):
    """Return the fields of a form as a browser sends it."""
    if not kind.startswith(MULTIPART):
        return dict(parse_qsl(body.decode()))
    return dict(multipart.read(body, kind.partition("boundary=")[2], 64)[0])


@pytest.fixture(params=[True, False], ids=["with scripts", "without scripts"])
def person(browser, request):
    """Open windows for people who have no cookies in common, all with scripts or all without."""
    contexts = []

    def open_window(**options):
        context = browser.new_context(java_script_enabled=request.param, **options)
        context.set_default_timeout(10_000)
        context.on("request", learn)
        contexts.append(context)
        return context.new_page()

    yield open_window
    for context in contexts:
        context.close()
