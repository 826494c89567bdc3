"""Every page in every state: no fault that axe knows of, nothing from elsewhere, light enough."""

from urllib.parse import urlsplit

import pytest
from axe_playwright_python.sync_playwright import Axe

from tests.api import Api
from tests.browser import tour
from tests.processes import Service

RECIPIENTS_PAGE_BYTES = 30 * 1024
NARROW, WIDE = {"width": 320, "height": 700}, {"width": 1280, "height": 860}


@pytest.fixture(scope="module")
def toured(browser, tmp_path_factory):
    """What was found on the tour: axe's violations by page, and widths that spill."""
    faults, spills, elsewhere, said = {}, [], set(), []
    with Service(tmp_path_factory.mktemp("tour"), **tour.SETTINGS) as service:
        # The tour starts services of its own beside this one, on other ports.
        host = urlsplit(service.url).hostname

        def watch(context):
            context.set_default_timeout(10_000)
            context.on(
                "request",
                lambda r: urlsplit(r.url).hostname == host or elsewhere.add(urlsplit(r.url).netloc),
            )
            context.on("console", lambda m: said.append(m.text) if "Policy" in m.text else None)

        browser.on("context", watch)
        for name, page in tour.pages(browser, service):
            for theme in ("light", "dark"):
                page.emulate_media(color_scheme=theme)
                result = Axe().run(page)
                if result.violations_count:
                    faults[f"{name}, {theme}"] = [v["id"] for v in result.response["violations"]]
            for size in (NARROW, WIDE):
                page.set_viewport_size(size)
                if page.evaluate("document.documentElement.scrollWidth > innerWidth"):
                    spills.append((name, size["width"]))
        browser.remove_listener("context", watch)
    return {"faults": faults, "spills": spills, "elsewhere": elsewhere, "policy": said}


def test_axe_finds_no_fault_on_any_page_in_either_theme(toured):
    assert toured["faults"] == {}


def test_no_page_is_wider_than_the_window(toured):
    assert toured["spills"] == []


def test_no_page_loads_anything_from_elsewhere(toured):
    assert toured["elsewhere"] == set()


def test_no_page_breaks_its_own_policy(toured):
    assert toured["policy"] == []


def test_the_gate_with_all_that_it_loads_is_light(service, browser):
    sizes = {}
    with browser.new_context() as context:
        page = context.new_page()
        page.on("response", lambda r: sizes.update({r.url: len(r.body())}))
        page.goto(Api(service.url).send("x").answer["links"][0]["url"])
        page.wait_for_load_state("networkidle")

    assert len(sizes) >= 3
    assert sum(sizes.values()) <= RECIPIENTS_PAGE_BYTES
