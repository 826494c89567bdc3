"""Files on the pages, by people with a real browser."""

import os
import re
from base64 import b64decode

import pytest
from playwright.sync_api import expect

from tests.browser.tour import press, read
from tests.support.api import Api

MIB = 1024 * 1024
PNG = b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
)
DROP = """([place, kind, name]) => {
  const carried = new DataTransfer();
  carried.items.add(new File(["picture"], name, { type: "image/png" }));
  const its = { bubbles: true, cancelable: true };
  const event = kind === "paste"
    ? new ClipboardEvent(kind, { ...its, clipboardData: carried })
    : new DragEvent(kind, { ...its, dataTransfer: carried });
  document.querySelector(place).dispatchEvent(event);
}"""


@pytest.fixture
def writer(browser):
    """A person with scripts."""
    context = browser.new_context()
    context.set_default_timeout(10_000)
    yield context.new_page()
    context.close()


def held_by(holds):
    """Return what keeps requests from going on: Playwright looks at its code."""

    def hold(route):
        holds.append(route)

    return hold


def choose(page, *files):
    page.get_by_label("Files", exact=True).set_input_files(
        [{"name": name, "mimeType": kind, "buffer": data} for name, kind, data in files]
    )


def row(page, name):
    return page.locator("#uploads li", has_text=name)


def sent_by(service, page):
    press(page, "Create link")
    page.wait_for_url(re.compile("/s/"))
    control = page.url.rpartition("/")[2].partition("?")[0]
    return Api(service.url).message(control)["links"][0]["url"]


def fetched(reader, number):
    with reader.expect_download() as download:
        reader.get_by_role("link", name=re.compile("^Download:")).nth(number - 1).click()
    return download.value.suggested_filename, download.value.path().read_bytes()


def test_files_go_from_one_person_to_another(service, person):
    writer, reader = person(), person()
    pair = [("a.bin", "", os.urandom(MIB)), ("تقرير.txt", "text/plain", b"two")]
    writer.goto(service.url)
    writer.get_by_label("Message").fill("with files")
    choose(writer, *pair)
    read(reader, sent_by(service, writer))

    expect(reader.locator("#letter")).to_contain_text("with files")
    for number, (name, _, data) in enumerate(pair, 1):
        assert fetched(reader, number) == (name, data)
    with reader.context.expect_page() as shown:
        reader.get_by_role("link", name="Show: تقرير.txt").click()
    expect(shown.value.locator("body")).to_have_text("two")


def test_a_line_that_breaks_is_tried_again_where_it_was(service, writer, tmp_path):
    data, cuts = os.urandom(20 * MIB), [1, 2, 4]
    asked = []

    def meet(route):
        if route.request.method == "PATCH":
            asked.append(int(route.request.headers["upload-offset"]))
            if len(asked) in cuts:
                return route.abort("connectionreset")
        return route.fallback()

    writer.route("**/api/v1/upload", meet)
    writer.goto(service.url)
    writer.get_by_label("Message").fill("with files")
    (tmp_path / "big.bin").write_bytes(data)
    writer.get_by_label("Files", exact=True).set_input_files(tmp_path / "big.bin")
    expect(row(writer, "big.bin")).to_contain_text("Uploaded", timeout=30_000)
    assert asked == [0, 0, 0, 8 * MIB, 8 * MIB, 16 * MIB]
    address = sent_by(service, writer)
    writer.unroute_all()
    read(writer, address)

    assert fetched(writer, 1) == ("big.bin", data)


def holding(page, size):
    """Let *size* bytes of an upload come, then hold it; return where each piece began."""
    asked = []

    def meet(route):
        if route.request.method == "PATCH":
            asked.append(int(route.request.headers["upload-offset"]))
            if asked[-1] >= size:
                return None
        return route.fallback()

    page.route("**/api/v1/upload", meet)
    return asked


def test_after_a_reload_the_same_file_goes_on_and_no_other_does(service, writer, tmp_path):
    data = os.urandom(17 * MIB)
    path = tmp_path / "big.bin"
    path.write_bytes(data)
    asked = holding(writer, 8 * MIB)
    field = writer.get_by_label("Files", exact=True)
    writer.goto(service.url)
    with writer.expect_request(lambda its: its.headers.get("upload-offset") == str(8 * MIB)):
        field.set_input_files(path)
    kept = writer.evaluate("JSON.stringify(Object.entries(sessionStorage))")
    writer.unroute_all()
    writer.reload()
    expect(writer.locator("#uploads-said")).to_contain_text("Choose them again")
    asked = holding(writer, 99 * MIB)
    changed = tmp_path / "other"
    changed.mkdir()
    (changed / "big.bin").write_bytes(data[:-1] + bytes([data[-1] ^ 1]))
    os.utime(changed / "big.bin", (path.stat().st_atime, path.stat().st_mtime))
    field.set_input_files(changed / "big.bin")
    expect(row(writer, "big.bin")).to_contain_text("Uploaded", timeout=30_000)
    assert asked == [0, 8 * MIB, 16 * MIB]
    writer.get_by_role("button", name="Take out: big.bin").click()
    expect(row(writer, "big.bin")).to_have_count(0)
    field.set_input_files(path)
    expect(row(writer, "big.bin")).to_contain_text("Uploaded", timeout=30_000)
    assert asked[3] >= 8 * MIB
    writer.get_by_label("Message").fill("with files")
    address = sent_by(service, writer)

    assert "big.bin" not in kept
    assert str(len(data)) not in kept
    assert "upload-" not in writer.evaluate("Object.keys(sessionStorage).join()")
    writer.unroute_all()
    read(writer, address)
    assert fetched(writer, 1) == ("big.bin", data)


def test_a_replace_has_files_that_come_in_pieces(service, writer, tmp_path):
    data, cuts = os.urandom(9 * MIB), [2]
    asked = []

    def meet(route):
        if route.request.method == "PATCH":
            asked.append(int(route.request.headers["upload-offset"]))
            if len(asked) in cuts:
                return route.abort("connectionreset")
        return route.fallback()

    writer.goto(service.url)
    writer.get_by_label("Message").fill("old text")
    press(writer, "Create link")
    writer.wait_for_url(re.compile("/s/"))
    control = writer.url.rpartition("/")[2].partition("?")[0]
    address = Api(service.url).message(control)["links"][0]["url"]
    writer.route("**/api/v1/upload", meet)
    writer.locator("summary", has_text="Replace the text").click()
    (tmp_path / "new.bin").write_bytes(data)
    writer.get_by_label("New text").fill("new text")
    writer.get_by_label("Files", exact=True).set_input_files(tmp_path / "new.bin")
    choose(writer, ("small.bin", "", b"small"))
    expect(writer.locator("#uploads-sum")).to_contain_text("9.4 MB together")
    writer.get_by_role("button", name="Replace the text").click()
    expect(writer.locator("#verdict")).to_contain_text("new.bin", timeout=30_000)
    assert asked == [0, 8 * MIB, 8 * MIB, 0]
    writer.unroute_all()
    read(writer, address)

    expect(writer.locator("#letter")).to_have_text("new text")
    assert fetched(writer, 1) == ("new.bin", data)


def test_a_send_waits_for_its_files(service, writer):
    holds = []
    writer.route("**/api/v1/upload", held_by(holds))
    writer.goto(service.url)
    writer.get_by_label("Message").fill("with files")
    with writer.expect_request("**/api/v1/upload"):
        choose(writer, ("slow.bin", "", b"slow"))
    press(writer, "Create link")
    expect(writer.locator("#uploads-said")).to_have_text(
        "The message is sent as soon as its files are here."
    )
    for route in holds:
        route.continue_()
    writer.wait_for_url(re.compile("/s/"))


def test_an_upload_is_paused_continued_and_taken_out(service, writer):
    writer.goto(service.url)
    choose(writer, ("first.bin", "", b"1"))
    expect(row(writer, "first.bin")).to_contain_text("Uploaded")
    holds = []
    writer.route("**/api/v1/upload", held_by(holds))
    choose(writer, ("second.bin", "", b"2"))
    writer.get_by_role("button", name="Pause upload: second.bin").click()
    expect(row(writer, "second.bin")).to_contain_text("Paused")
    writer.unroute_all()
    writer.get_by_role("button", name="Continue upload: second.bin").click()
    expect(row(writer, "second.bin")).to_contain_text("Uploaded")
    writer.get_by_role("button", name="Take out: first.bin").click()
    expect(row(writer, "first.bin")).to_have_count(0)
    writer.get_by_label("Message").fill("with files")
    read(writer, sent_by(service, writer))

    assert fetched(writer, 1) == ("second.bin", b"2")
    expect(writer.get_by_role("link", name=re.compile("^Download:"))).to_have_count(1)


def test_files_are_dropped_and_pasted(service, writer):
    writer.goto(service.url)
    writer.evaluate(DROP, ["#text", "drop", "dropped.png"])
    writer.evaluate(DROP, ["#text", "paste", "pasted.png"])
    expect(row(writer, "dropped.png")).to_contain_text("Uploaded")
    expect(row(writer, "pasted.png")).to_contain_text("Uploaded")


def test_a_file_that_is_too_many_must_be_taken_out(service, writer):
    writer.goto(service.url)
    writer.get_by_label("Message").fill("with files")
    writer.evaluate("document.getElementById('uploads').dataset.many = 1")
    choose(writer, ("one.bin", "", b"1"), ("two.bin", "", b"2"))
    expect(row(writer, "one.bin")).to_contain_text("Uploaded")
    expect(row(writer, "two.bin")).to_contain_text("A message has at most")
    press(writer, "Create link")
    expect(writer.locator("#uploads-said")).to_contain_text("Take out the file")
    writer.get_by_role("button", name="Take out: two.bin").click()
    read(writer, sent_by(service, writer))

    assert fetched(writer, 1) == ("one.bin", b"1")


def test_a_recall_is_told_where_files_are_fetched(service, person):
    writer, reader = person(), person()
    writer.goto(service.url)
    writer.get_by_label("Message").fill("with files")
    choose(writer, ("a.bin", "", b"1"))
    read(reader, sent_by(service, writer))
    assert fetched(reader, 1) == ("a.bin", b"1")
    Api(service.url).recall(writer.url.rpartition("/")[2].partition("?")[0])
    if reader.locator("[data-print]").is_visible():
        expect(reader.locator("#files-said")).to_contain_text("can no longer", timeout=30_000)
    with reader.context.expect_page() as shown:
        reader.evaluate("document.querySelectorAll('.over').forEach((one) => one.className = '')")
        reader.get_by_role("link", name="Download: a.bin").click()
    expect(shown.value.locator("h1")).to_have_text("The time for these files is over.")


def test_a_file_is_taken_out_while_its_reader_has_the_page_open(service, person):
    writer, reader = person(), person()
    writer.goto(service.url)
    writer.get_by_label("Message").fill("with files")
    choose(writer, ("wrong.bin", "", b"wrong"), ("right.bin", "", b"right"))
    read(reader, sent_by(service, writer))
    assert fetched(reader, 2) == ("right.bin", b"right")
    writer.get_by_text("Take out a file").click()
    writer.get_by_role("link", name="Take out: wrong.bin").click()
    expect(writer.locator("main")).to_contain_text("Not fetched")
    press(writer, "Yes, take it out")
    expect(writer.locator("h1")).to_have_text("This file was taken out.")
    expect(writer.locator("main")).to_contain_text("Prevented")
    writer.get_by_role("link", name="Back to the message").click()
    expect(writer.locator("#verdict")).to_contain_text("wrong.bin taken out")
    expect(writer.get_by_text("Take out a file")).to_have_count(1)

    with reader.context.expect_page() as shown:
        reader.get_by_role("link", name="Download: wrong.bin").click()
    expect(shown.value.locator("h1")).to_have_text("The sender took this file out.")
    if reader.locator("[data-print]").is_visible():
        row_of = reader.locator(".file-list li", has_text="wrong.bin")
        expect(row_of).to_contain_text("The sender took this file out.", timeout=30_000)
        expect(reader.get_by_role("link", name="Download: wrong.bin")).to_have_count(0)
    with reader.expect_download() as download:
        reader.get_by_role("link", name="Download: right.bin").click()
    assert download.value.path().read_bytes() == b"right"


def test_pictures_are_shown_in_the_page_when_they_are_asked_for(service, writer):
    writer.goto(service.url)
    writer.get_by_label("Message").fill("with files")
    choose(writer, ("dot.png", "image/png", PNG), ("not.png", "image/png", b"no picture"))
    address = sent_by(service, writer)
    control = writer.url.rpartition("/")[2].partition("?")[0]
    read(writer, address)
    [link] = Api(service.url).message(control)["links"]
    assert [its["sent"] for its in link["files"]] == [None, None]
    writer.get_by_role("button", name="Show the pictures here").click()
    picture = writer.get_by_role("img", name="dot.png")
    expect(picture).to_be_visible()
    writer.wait_for_function("document.querySelector('.file-list img').naturalWidth === 1")
    expect(writer.get_by_role("img", name="not.png")).to_have_count(0)
    expect(writer.get_by_role("button", name="Show the pictures here")).to_have_count(0)


def test_a_file_is_taken_out_in_spanish(service, browser):
    context = browser.new_context(locale="es-ES")
    page = context.new_page()
    page.goto(service.url)
    page.get_by_label("Mensaje").fill("con archivos")
    page.get_by_label("Archivos", exact=True).set_input_files(
        [{"name": "malo.bin", "mimeType": "", "buffer": b"malo"}]
    )
    press(page, "Crear enlace")
    page.wait_for_url(re.compile("/s/"))
    page.get_by_text("Quitar un archivo").click()
    page.get_by_role("link", name="Quitar: malo.bin").click()
    expect(page.locator("main")).to_contain_text("Sin descargar")
    press(page, "Sí, quitarlo")
    expect(page.locator("h1")).to_have_text("Este archivo se ha quitado.")
    expect(page.locator("main")).to_contain_text("Evitado")
    context.close()


def test_who_leaves_during_an_upload_is_asked(service, writer):
    asked = []
    writer.route("**/api/v1/upload", lambda _: None)
    writer.goto(service.url)
    choose(writer, ("slow.bin", "", b"slow"))
    writer.get_by_label("Message").click()  # a page that nobody touched asks nothing
    writer.on("dialog", lambda dialog: (asked.append(dialog.type), dialog.accept()))
    writer.goto(f"{service.url}/sent")

    assert asked == ["beforeunload"]


def test_a_form_with_a_fault_brings_its_files_back(service, person):
    writer = person()
    writer.goto(service.url)
    choose(writer, ("kept.txt", "text/plain", b"kept"))
    if writer.locator("#uploads li").count():
        expect(row(writer, "kept.txt")).to_contain_text("Uploaded")
    press(writer, "Create link")
    expect(writer.get_by_role("checkbox", name="kept.txt")).to_be_checked()
    expect(writer.get_by_label("Files", exact=True)).to_be_visible()
    writer.get_by_label("Message").fill("with files")
    read(writer, sent_by(service, writer))

    assert fetched(writer, 1) == ("kept.txt", b"kept")
