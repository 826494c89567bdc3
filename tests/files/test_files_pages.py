"""The pages of files for readers: the list, downloads, previews, and everything as one ZIP."""

import io
import os
import uuid
import zipfile

import pytest

from tests.support.api import Api, Visitor, filled, form_of
from tests.support.processes import Service
from tests.support.tickets import waited
from webapp.http import zips

PNG = b"\x89PNG\r\n\x1a\n" + bytes(64)
PDF = b"%PDF-1.7\n" + bytes(20)
NAMES = ['a "quoted" one.png', "تقرير.pdf", "../etc/notes.txt", "run.svg", "big.bin"]
BIG = os.urandom(300_000)
CONTENTS = [PNG, PDF, "grüße".encode(), b"<svg xmlns='http://www.w3.org/2000/svg'/>", BIG]
TYPES = ["image/png", "application/pdf", "text/plain; charset=x", "image/svg+xml", ""]


@pytest.fixture(scope="module")
def service(tmp_path_factory):
    with Service(tmp_path_factory.mktemp("pages"), RESTANTE_WEB_WORKERS="2") as service:
        yield service


@pytest.fixture
def api(service):
    with Api(service.url) as api:
        yield api


def sent_with(api, contents=CONTENTS, names=NAMES, types=TYPES, **fields):
    key = str(uuid.uuid4())
    files = []
    for data, name, kind in zip(contents, names, types, strict=True):
        once = {"Idempotency-Key": key}
        begun = api.ask("POST", "/api/v1/uploads", {"size": len(data)}, headers=once)
        upload = begun.json["upload_token"]
        said = {
            "Content-Type": "application/partial-upload",
            "Upload-Offset": "0",
            "Upload-Complete": "?1",
        }
        done = api.ask("PATCH", "/api/v1/upload", data, token=upload, headers=said)
        assert done.status == 204, done
        files.append({"upload": upload, "name": name, "type": kind})
    body = {"text": "with files", "files": files, **fields}
    answer = api.ask("POST", "/api/v1/messages", body, headers={"Idempotency-Key": key})
    assert answer.status == 201, answer
    return answer.json


class Reader:
    """A person who opened a link in a browser without scripts."""

    def __init__(self, service, sent, *, has_cookies=True):
        self.link = sent["links"][0]["token"]
        self.path = f"/m/{self.link}"
        self.visitor = Visitor(service.url)
        gate = self.visitor.get(self.path)
        if has_cookies:
            form = waited(service, self.visitor, self.link, form_of(gate, self.link))
        else:
            self.visitor.cookies.clear()
            again = self.visitor.post(self.path, form_of(gate, self.link))
            self.visitor.cookies.clear()
            form = filled(again, self.link)
        self.page = self.visitor.post(self.path, form)
        assert "with files" in self.page.text, self.page.text

    def get(self, what, **headers):
        return self.visitor.get(f"{self.path}/files/{what}", **headers)


def types_of(api, sent):
    return [event["type"] for event in api.message(sent["control_token"])["events"]]


def test_the_page_of_an_opened_message_lists_its_files(api, service):
    reader = Reader(service, sent_with(api))
    page = reader.page.text

    assert "5 files" in page
    for said in ("a _quoted_ one.png", "notes.txt", "Picture, 72 bytes", "300 kB", "PDF"):
        assert said in page, said
    shown = [number for number in range(1, 6) if f"/files/{number}/show" in page]
    assert shown == [1, 2, 3]


def test_a_browser_fetches_files_with_its_cookies(api, service):
    sent = sent_with(api)
    reader = Reader(service, sent)

    for number, data in enumerate(CONTENTS, 1):
        answer = reader.get(number)
        assert (answer.status, answer.body) == (200, data)
        assert answer.headers["Content-Type"] == "application/octet-stream"
        assert answer.headers["Content-Disposition"].startswith("attachment; ")
    part = reader.get(5, Range="bytes=299990-")
    assert (part.status, part.body) == (206, BIG[299_990:])
    assert types_of(api, sent).count("link.file_fetched") == 5
    assert types_of(api, sent).count("link.revealed") == 1


def test_others_get_a_page_and_change_nothing(api, service):
    sent = sent_with(api)
    reader = Reader(service, sent)
    before = api.message(sent["control_token"])
    stranger, thief = Visitor(service.url), Visitor(service.url)
    thief.cookies["files"] = reader.visitor.cookies["files"]
    thief.get(f"/m/{reader.link}x")
    for visitor in (stranger, thief):
        for what in ("1", "1/show", "all", "6"):
            for method in ("GET", "HEAD"):
                answer = visitor.ask(method, f"{reader.path}/files/{what}")
                assert answer.status == 404
                assert answer.headers["Content-Type"].startswith("text/html")
    assert "This browser cannot fetch that file." in stranger.get(f"{reader.path}/files/1").text
    assert (
        reader.visitor.ask("HEAD", f"{reader.path}/files/5").headers["Content-Length"] == "300000"
    )
    after = api.message(sent["control_token"])

    assert after["events"] == before["events"]


def test_a_browser_without_cookies_fetches_files_with_forms(api, service):
    sent = sent_with(api)
    reader = Reader(service, sent, has_cookies=False)
    assert "/files/1" in reader.page.text
    form = form_of(reader.page, "/files/5")
    whole = form_of(reader.page, "/files/all")
    reader.visitor.cookies.clear()

    assert reader.visitor.post(f"{reader.path}/files/5", form).body == BIG
    archive = reader.visitor.post(f"{reader.path}/files/all", whole)
    assert len(zipfile.ZipFile(io.BytesIO(archive.body)).namelist()) == 5
    assert reader.visitor.post(f"{reader.path}/files/5", form | {"files": "x"}).status == 404
    assert types_of(api, sent).count("link.revealed") == 1


def test_done_ends_the_downloads(api, service):
    sent = sent_with(api)
    reader = Reader(service, sent)
    form = form_of(reader.page, "/acknowledge")
    assert reader.visitor.post(f"{reader.path}/acknowledge", form | {"keep": "1"}).status == 204
    assert reader.get(1).status == 200
    cookies = dict(reader.visitor.cookies)
    assert reader.visitor.post(f"{reader.path}/acknowledge", form).status == 200
    reader.visitor.cookies |= cookies

    answer = reader.get(1)
    assert (answer.status, answer.headers["Content-Type"][:9]) == (410, "text/html")
    assert "The time for these files is over." in answer.text


def test_after_a_recall_the_page_says_so(api, service):
    sent = sent_with(api, views=2)
    reader = Reader(service, sent)
    api.recall(sent["control_token"])

    answer = reader.get("all")
    assert answer.status == 410
    assert "The sender took this message back." in answer.text


def test_pictures_pdf_and_text_are_shown_in_a_sandbox_and_nothing_else_is(api, service):
    lies = [b"<script>alert(1)</script>", b"\xff\xfe", CONTENTS[3]]
    kinds = ["image/png", "text/plain", "image/png"]
    contents, types = [*CONTENTS, *lies], [*TYPES, *kinds]
    names = [*NAMES, "a", "b", "c"]
    reader = Reader(service, sent_with(api, contents, names, types))
    answers = [reader.get(f"{number}/show") for number in range(1, 9)]

    assert [answer.body for answer in answers] == contents
    assert [answer.headers["Content-Type"] for answer in answers] == [
        *("image/png", "application/pdf", "text/plain; charset=utf-8"),
        *["application/octet-stream"] * 5,
    ]
    shown = [answer.headers["Content-Disposition"].startswith("inline") for answer in answers]
    assert shown == [True] * 3 + [False] * 5
    for answer in answers:
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert "default-src 'none'" in answer.headers["Content-Security-Policy"]
    for answer in answers[:3]:
        assert answer.headers["Content-Security-Policy"].startswith("sandbox; ")


def test_all_files_come_as_one_zip(api, service):
    sent = sent_with(api)
    reader = Reader(service, sent)
    answer = reader.get("all")
    archive = zipfile.ZipFile(io.BytesIO(answer.body))

    assert archive.testzip() is None
    assert [archive.read(name) for name in archive.namelist()] == CONTENTS
    assert archive.namelist()[1:3] == ["تقرير.pdf", "notes.txt"]
    assert int(answer.headers["Content-Length"]) == len(answer.body)
    assert types_of(api, sent).count("link.file_fetched") == 5


@pytest.mark.parametrize("limit", [10, 50, 100, 200, 2**31 - 1])
def test_the_length_of_a_zip_is_known_before(monkeypatch, limit):
    class File:
        def __init__(self, name, size):
            self.name, self.size = name, size

    class Fetching:
        def stream(self, _ticket, _file, first, end):
            yield bytes(end - first)

    monkeypatch.setattr(zipfile, "ZIP64_LIMIT", limit)
    files = [File("a", 0), File("ñandú.txt", 7), File("c" * 20, 95), File("d", 100), File("e", 300)]
    for many in range(6):
        made = b"".join(zips._pieces(Fetching(), None, files[:many]))
        assert zips.length(files[:many]) == len(made)
