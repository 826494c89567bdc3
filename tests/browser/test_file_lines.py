"""Files in a real browser: over a network that breaks, with odd names, with what wants to run."""

import os
import re

import pytest
from playwright.sync_api import expect

from tests.browser.test_files import MIB, choose, fetched, row, sent_by
from tests.browser.tour import press, read
from tests.support.api import Api
from tests.support.cut_line import SwitchedLine
from tests.support.processes import wait_until

ODD_NAMES = {
    "تقرير الربع الأول.txt": "تقرير الربع الأول.txt",
    "say \"cheese\" & 'smile' <b>.txt": "say _cheese_ & 'smile' _b_.txt",
    "two\r\nlines\x07.txt": "two__lines_.txt",
    "../../etc/passwd": "passwd",
    "cod\u202egpj.exe": "cod_gpj.exe",
    "ñ" * 200 + ".txt": "ñ" * 125 + ".txt",
}
DROP_NAMED = """(names) => {
  const carried = new DataTransfer();
  for (const name of names) {
    const file = new File(["odd"], "x.txt", { type: "text/plain" });
    Object.defineProperty(file, "name", { value: name });
    carried.items.add(file);
  }
  document.querySelector("#text").dispatchEvent(
    new DragEvent("drop", { bubbles: true, cancelable: true, dataTransfer: carried }));
}"""


@pytest.fixture
def window(browser):
    """A person with scripts."""
    context = browser.new_context()
    context.set_default_timeout(20_000)
    yield context.new_page
    context.close()


def over(service, pace):
    """Return a line to the service that can be cut."""
    return SwitchedLine(int(service.url.rpartition(":")[2]), pace)


def test_three_files_come_whole_though_the_network_breaks(service, window, tmp_path):
    contents = {f"{name}.bin": os.urandom(9 * MIB) for name in ("one", "two", "three")}
    for name, data in contents.items():
        (tmp_path / name).write_bytes(data)
    page = window()
    with over(service, 8 * MIB) as line:
        page.goto(line.url)
        page.get_by_label("Message").fill("with files")
        field = page.get_by_label("Files", exact=True)
        field.set_input_files([tmp_path / name for name in contents])
        for name in contents:
            expect(row(page, name)).to_contain_text(" of 9.4 MB", timeout=20_000)
            before = line.passed
            wait_until(lambda: line.passed > before + 3 * MIB)  # noqa: B023
            line.cut()
            expect(row(page, name)).to_contain_text("The line broke.")
            line.mend()
        expect(page.locator("#uploads li", has_text="Uploaded")).to_have_count(3, timeout=40_000)
        press(page, "Create link")
        page.wait_for_url(re.compile("/s/"))
        control = page.url.rpartition("/")[2].partition("?")[0]
        assert line.passed < 36 * MIB, "only what was lost came again"
    read(page, Api(service.url).message(control)["links"][0]["url"])

    for number, (name, data) in enumerate(contents.items(), 1):
        assert fetched(page, number) == (name, data)


def test_a_download_goes_on_where_it_was_cut(service, window, tmp_path):
    data = os.urandom(24 * MIB)
    (tmp_path / "big.bin").write_bytes(data)
    page = window()
    page.goto(service.url)
    page.get_by_label("Message").fill("with files")
    page.get_by_label("Files", exact=True).set_input_files(tmp_path / "big.bin")
    address = sent_by(service, page)
    with over(service, 12 * MIB) as line:
        reader = window()
        read(reader, line.url + address.removeprefix(service.url))
        before = line.passed
        with reader.expect_download() as download:
            reader.get_by_role("link", name="Download: big.bin").click()
        for at in (4, 12):
            wait_until(lambda: line.passed - before > at * MIB)  # noqa: B023
            line.cut()
            line.mend()
        assert download.value.path().read_bytes() == data
        assert len(line.ranges) >= 2
        assert line.passed - before < 30 * MIB

    control = page.url.rpartition("/")[2].partition("?")[0]

    def told():
        [link] = Api(service.url).message(control)["links"]
        return link["reveals"], link["files"][0]["sent"]

    wait_until(lambda: told() == (1, len(data)))


def test_a_recall_stops_a_running_download_and_the_page_says_why(service, window, tmp_path):
    (tmp_path / "big.bin").write_bytes(bytes(40 * MIB))
    page = window()
    page.goto(service.url)
    page.get_by_label("Message").fill("with files")
    page.get_by_label("Files", exact=True).set_input_files(tmp_path / "big.bin")
    expect(row(page, "big.bin")).to_contain_text("Uploaded", timeout=40_000)
    address = sent_by(service, page)
    control = page.url.rpartition("/")[2].partition("?")[0]
    with over(service, 6 * MIB) as line:
        reader = window()
        read(reader, line.url + address.removeprefix(service.url))
        with reader.expect_download() as download:
            reader.get_by_role("link", name="Download: big.bin").click()
        wait_until(lambda: line.passed > 3 * MIB)
        verdict = Api(service.url).recall(control).json["verdicts"][0]

        assert download.value.failure()
        assert line.passed < 30 * MIB
        expect(reader.locator("#files-said")).to_contain_text(
            "The files can no longer be fetched: the message was taken back", timeout=30_000
        )
    assert verdict["outcome"] == "already_spent"
    sent = Api(service.url).message(control)["links"][0]["files"][0]["sent"]
    assert sent < 40 * MIB


def test_odd_names_are_only_names(service, window):
    page = window()
    page.goto(service.url)
    page.get_by_label("Message").fill("with files")
    page.evaluate(DROP_NAMED, list(ODD_NAMES))
    expect(page.locator("#uploads li", has_text="Uploaded")).to_have_count(len(ODD_NAMES))
    address = sent_by(service, page)
    shown = [one.inner_text() for one in page.locator(".with-files bdi").all()]
    assert shown == list(ODD_NAMES.values())
    read(page, address)

    assert [one.inner_text() for one in page.locator(".files bdi").all()] == shown
    for number, name in enumerate(shown, 1):
        saved, data = fetched(page, number)
        assert data == b"odd"
        # Chromium cuts a long name for its disk.
        assert name == saved or name.startswith(saved.removesuffix(".txt"))


EVIL = {
    "evil.svg": "image/svg+xml",
    "evil.html": "text/html",
    "picture.png": "image/png",
    "paper.pdf": "application/pdf",
    "note.txt": "text/plain",
}
SCRIPT = b"""<svg xmlns="http://www.w3.org/2000/svg" onload="document.title='run'; top.ran=1">
<script>document.title='run'; try { top.ran = 1; opener.ran = 1 } catch {}</script></svg>"""


def test_what_wants_to_run_does_not(service, window):
    """A script in a picture, also under the names and types of what is shown."""
    page = window()
    page.goto(service.url)
    page.get_by_label("Message").fill("with files")
    choose(page, *((name, kind, SCRIPT) for name, kind in EVIL.items()))
    read(page, sent_by(service, page))
    offered = page.get_by_role("link", name=re.compile("^Show:"))

    assert [one.get_attribute("aria-label") for one in offered.all()] == [
        f"Show: {name}" for name in list(EVIL)[2:]
    ]
    for number, name in enumerate(EVIL, 1):
        address = f"{page.url.partition('?')[0]}/files/{number}/show"
        beside = page.context.new_page()
        if name == "note.txt":
            beside.goto(address)
            assert beside.locator("body").inner_text().startswith("<svg")
            assert beside.evaluate("document.title") != "run"
        else:
            with beside.expect_download() as download:
                beside.evaluate(f"location.href = {address!r}")
            assert download.value.path().read_bytes() == SCRIPT
        beside.close()
    assert page.evaluate("globalThis.ran") is None
