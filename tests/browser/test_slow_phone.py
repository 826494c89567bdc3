"""The gate on a slow phone with a slow line: what it waits for until something is on the screen."""

from __future__ import annotations

import pytest

from tests.support.api import Api

PHONE = {"width": 375, "height": 720}
CPU_SLOWDOWN = 4
LATENCY_MS = 400
BYTES_PER_SECOND = 400_000 // 8
FILES_MOST, BYTES_MOST = 3, 20_000
PAINTED = """() => new Promise((done) => {
  const tell = () => {
    const [entry] = performance.getEntriesByName("first-contentful-paint");
    entry ? done(entry.startTime) : setTimeout(tell, 50);
  };
  tell();
})"""
"""Resolves with the ms from the start of the navigation to the first words on the screen."""


@pytest.fixture
def slow_phone(browser):
    context = browser.new_context(viewport=PHONE, device_scale_factor=2, is_mobile=True)
    page = context.new_page()
    devtools = context.new_cdp_session(page)
    devtools.send("Network.enable")
    devtools.send("Emulation.setCPUThrottlingRate", {"rate": CPU_SLOWDOWN})
    devtools.send(
        "Network.emulateNetworkConditions",
        {
            "offline": False,
            "latency": LATENCY_MS,
            "downloadThroughput": BYTES_PER_SECOND,
            "uploadThroughput": BYTES_PER_SECOND,
        },
    )
    yield page, devtools
    context.close()


def test_a_gate_waits_for_few_files_and_few_bytes(service, slow_phone):
    page, devtools = slow_phone
    asked, sizes = [], []
    devtools.on("Network.requestWillBeSent", lambda told: asked.append(told["request"]["url"]))
    devtools.on("Network.loadingFinished", lambda told: sizes.append(told["encodedDataLength"]))
    link = Api(service.url).send("for a slow phone").link
    page.goto(f"{service.url}/m/{link}", wait_until="load")
    painted = page.evaluate(PAINTED)
    files = [url.removeprefix(service.url).partition("?")[0] for url in asked]

    print(f"first words after {painted:.0f} ms; {files}, {sum(sizes):.0f} bytes")
    assert len(files) - files.count("/static/favicon.svg") <= FILES_MOST
    assert 0 < sum(sizes) <= BYTES_MOST
    assert page.get_by_role("button").first.is_visible()
