"""Files in the form of the page that writes a message, without scripts."""

import io
import os
import re
import socket
import time
import zipfile
from html import unescape
from urllib.parse import urlsplit

import pytest

from restante.crypto.files import UploadToken
from restante.crypto.tokens import ControlToken
from tests.files.test_files_pages import Reader
from tests.support.api import BOUNDARY, Api, Visitor, form_of
from tests.support.operators import admission_of
from tests.support.processes import Service, wait_until

MIB = 1024 * 1024
MOST = 3 * MIB


@pytest.fixture(scope="module")
def service(tmp_path_factory):
    settings = {"FILES_MAX": str(MOST), "FILES_MOST": "4", "FILES_MESSAGE_MAX": str(5 * MIB)}
    names = {f"RESTANTE_{name}": value for name, value in settings.items()}
    with Service(tmp_path_factory.mktemp("forms"), **names) as service:
        yield service


@pytest.fixture
def api(service):
    with Api(service.url) as api:
        yield api


@pytest.fixture
def visitor(service):
    visitor = Visitor(service.url)
    visitor.get("/")
    return visitor


def blobs(service):
    return [path for path in (service.data_dir / "blobs").rglob("*") if len(path.name) >= 32]


def kept_on(page):
    return [unescape(one) for one in re.findall(r'name="upload" value="([^"]*)"', page.text)]


def read_by(service, api, answer):
    assert answer.status == 303, answer.text
    control = answer.headers["Location"].rpartition("/")[2]
    url = api.message(control)["links"][0]["url"]
    return Reader(service, {"links": [{"token": url.rpartition("/")[2]}]})


def test_files_are_sent_with_the_form(service, api, visitor):
    contents = [os.urandom(2 * MIB + 9), b"", b"--" + BOUNDARY.encode() + b"\r\n"]
    names = ['a "b".bin', "empty", "../../x\r\ny"]
    files = [(name, data, "text/plain") for name, data in zip(names, contents, strict=True)]
    answer = visitor.send_files("/", {"text": "with files"}, files)
    reader = read_by(service, api, answer)

    assert [reader.get(number).body for number in (1, 2, 3)] == contents
    for path in blobs(service):
        assert contents[0][:64] not in path.read_bytes()
    for name in ("a _b_.bin", "empty", "x__y"):
        assert name in reader.page.text


def test_a_form_without_a_chosen_file_has_none(service, api, visitor):
    answer = visitor.send_files(
        "/", {"text": "with files"}, [("", b"", "application/octet-stream")]
    )

    assert "/files/" not in read_by(service, api, answer).page.text


def test_a_form_with_a_fault_keeps_its_files(service, api, visitor):
    data = os.urandom(70_000)
    page = visitor.send_files("/", {"text": ""}, [("ñ €.bin", data, "image/png")])
    assert page.status == 422
    [kept] = kept_on(page)
    assert kept.endswith(" 70000 image/png ñ €.bin")
    again = visitor.send_files("/", {"text": "", "upload": kept}, [])
    assert kept_on(again) == [kept]
    for path in ("/recipients", "/passphrase", "/?language=es"):
        shown = visitor.send_files(path, {"text": "x", "upload": kept}, [("b", b"b", "text/plain")])
        assert kept_on(shown)[0] == kept
        assert len(kept_on(shown)) == 2

    answer = visitor.post("/", {"text": "with files", "upload": kept})
    assert read_by(service, api, answer).get(1).body == data


def test_a_file_that_was_taken_out_is_not_sent(service, api, visitor):
    files = [("one", b"1", "text/plain"), ("two", b"2", "text/plain")]
    _, second = kept_on(visitor.send_files("/", {"text": ""}, files))
    answer = visitor.post("/", {"text": "with files", "upload": second})

    assert read_by(service, api, answer).get(1).body == b"2"


def test_a_refusal_names_the_file_and_the_limit_and_keeps_the_others(service, visitor):
    before = len(blobs(service))
    files = [("small", b"1", "text/plain"), ("<huge>.bin", bytes(MOST + 1), "text/plain")]
    page = visitor.send_files("/", {"text": "with files"}, files)

    assert page.status == 422
    assert "“_huge_.bin” is larger than 3.1 MB." in page.text
    assert [one.split()[-1] for one in kept_on(page)] == ["small"]
    wait_until(lambda: len(blobs(service)) == before + 1)


def test_too_many_files_and_too_large_together_are_refused(visitor):
    many = [(str(number), b"1", "text/plain") for number in range(5)]
    page = visitor.send_files("/", {"text": "with files"}, many)
    assert "“4” was left out: a message has at most 4 files." in page.text
    assert len(kept_on(page)) == 4
    large = [(str(number), bytes(2 * MIB), "text/plain") for number in range(3)]
    page = visitor.send_files("/", {"text": "with files"}, large)
    assert "“2” was left out: together the files of a message have at most 5.2 MB." in page.text
    kept = kept_on(page)
    assert len(kept) == 2
    # A form that says less of what came before.
    kept = [one.replace(str(2 * MIB), "1") for one in kept]
    files = [("last", bytes(2 * MIB), "text/plain")]
    [*_, last] = kept_on(visitor.send_files("/", {"text": "", "upload": kept[0]}, files))
    more = [("upload", one) for one in (*kept, last)]
    page = visitor.ask("POST", "/", {"text": "with files"}, more=more)
    assert "Together they are larger than 5.2 MB." in page.text


def test_a_file_that_is_gone_is_told(visitor):
    [kept] = kept_on(visitor.send_files("/", {"text": ""}, [("one", b"1", "text/plain")]))
    assert visitor.post("/", {"text": "x", "upload": kept}).status == 303
    page = visitor.post("/", {"text": "x", "upload": kept})

    assert page.status == 422
    assert "One of these files is no longer here." in page.text


def test_a_form_from_elsewhere_sends_nothing_but_keeps_what_came(service):
    silent = Visitor(service.url, is_silent=True)
    page = silent.send_files("/", {"text": "mine"}, [("one", b"1", "text/plain")])
    assert page.status == 422
    [kept] = kept_on(page)
    form = form_of(page, "/")
    assert "csrf" in form

    answer = silent.post("/", form | {"text": "mine", "upload": kept})
    assert answer.status == 303, answer.text


def test_another_sites_form_is_refused_before_it_is_read(service):
    other = Visitor(service.url, {"Sec-Fetch-Site": "cross-site"})
    before = len(blobs(service))

    assert other.send_files("/", {"text": "x"}, [("one", b"1", "text/plain")]).status == 403
    assert len(blobs(service)) == before


def test_a_line_that_breaks_leaves_nothing(service, visitor):
    where, before = urlsplit(service.url), set(blobs(service))
    cookies = "; ".join(f"{name}={value}" for name, value in visitor.cookies.items())
    with socket.create_connection((where.hostname, where.port)) as line:
        head = (
            f"POST / HTTP/1.1\r\nHost: {where.netloc}\r\nSec-Fetch-Site: same-origin\r\n"
            f"Content-Type: multipart/form-data; boundary={BOUNDARY}\r\nCookie: {cookies}\r\n"
            f"Content-Length: {3 * MIB}\r\n\r\n"
            f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="file"; filename="a"\r\n\r\n'
        )
        line.sendall(head.encode() + bytes(2 * MIB))
        wait_until(lambda: set(blobs(service)) - before)
        time.sleep(0.1)

    # What tests before this one left may go meanwhile, too.
    wait_until(lambda: not set(blobs(service)) - before)


def control_of(answer):
    assert answer.status == 303, answer.text
    return answer.headers["Location"].rpartition("/")[2]


def test_the_sender_sees_the_files_and_what_was_fetched(service, api, visitor):
    files = [(f"{name} <b>.bin", name.encode(), "text/plain") for name in ("one", "two")]
    files.append(("three.bin", bytes(200_000), "text/plain"))
    answer = visitor.send_files("/", {"text": "with files"}, files)
    page = visitor.get(f"/s/{control_of(answer)}").text
    assert "It has 3 files:" in page
    assert "one _b_.bin" in page
    assert "Fetched whole" not in page
    reader = read_by(service, api, answer)
    page = visitor.get(f"/s/{control_of(answer)}").text
    assert "None of its 3 files was fetched." in page
    reader.get(1)
    reader.get(3, Range="bytes=0-9")

    page = unescape(visitor.get(f"/s/{control_of(answer)}").text)
    assert "Fetched whole: <bdi>one _b_.bin</bdi>." in page
    assert "Fetching began: <bdi>three.bin</bdi>." in page
    assert "<bdi>one _b_.bin</bdi>: all of it was sent" in page
    verdict = visitor.get(f"/s/{control_of(answer)}/verdict").text
    assert "Fetched whole: <bdi>one _b_.bin</bdi>." in unescape(verdict)
    written = visitor.get(f"/s/{control_of(answer)}/verdict.txt").text
    assert "Fetched whole: one _b_.bin." in written
    [link] = visitor.get(f"/s/{control_of(answer)}/verdict.json").json["links"]
    assert [(its["begun"], its["whole"]) for its in link["files"]] == [
        *[(True, True), (False, False), (True, False)]
    ]


def test_files_are_replaced_with_the_text(service, api, visitor):
    before = len(blobs(service))
    answer = visitor.send_files("/", {"text": "old"}, [("old.bin", b"old", "text/plain")])
    control = control_of(answer)
    page = visitor.get(f"/s/{control}")
    form = form_of(page, "/replace")
    faulty = visitor.send_files(
        f"/s/{control}/replace", form | {"text": ""}, [("new.bin", b"new", "text/plain")]
    )
    assert faulty.status == 422
    [kept] = kept_on(faulty)
    spanish = visitor.send_files(f"/s/{control}/language?language=es", {"upload": kept}, [])
    assert kept_on(spanish) == [kept]
    visitor.cookies.pop("language", None)
    huge = [("huge.bin", bytes(MOST + 1), "text/plain")]
    refused = visitor.send_files(f"/s/{control}/replace", form | {"text": "with files"}, huge)
    assert "“huge.bin” is larger than 3.1 MB." in refused.text
    form |= {"text": "with files", "upload": kept}
    done = visitor.send_files(f"/s/{control}/replace", form, [("b.bin", b"b", "text/plain")])
    reader = read_by(service, api, done)

    assert [reader.get(number).body for number in (1, 2)] == [b"new", b"b"]
    assert reader.get(3).status == 404
    wait_until(lambda: len(blobs(service)) == before + 2)


def test_a_replace_of_no_message_reads_no_file(service, visitor):
    before = len(blobs(service))
    nobody = "C" + "A" * 34
    answer = visitor.send_files(f"/s/{nobody}/replace", {"text": "x"}, [("a", b"a", "text/plain")])

    assert answer.status == 404
    assert len(blobs(service)) == before


def test_a_file_is_taken_out_after_a_question(service, api, visitor):
    files = [("wrong <b>.bin", b"wrong", "text/plain"), ("right.bin", b"right", "text/plain")]
    answer = visitor.send_files("/", {"text": "with files", "recipients": "Ana\nBen"}, files)
    control = control_of(answer)
    reader = read_by(service, api, answer)
    assert reader.get(1).body == b"wrong"
    page = visitor.get(f"/s/{control}").text
    assert f'href="/s/{control}/file-1-1"' in page
    asked = visitor.get(f"/s/{control}/file-1-1")
    assert "Take this file out?" in asked.text
    assert "All of it was sent before." in asked.text
    assert reader.get(1).status == 200
    done = visitor.post(f"/s/{control}/take-out", form_of(asked, "/take-out"))
    assert (done.status, done.headers["Location"]) == (303, f"/s/{control}/file-1-1")
    told = visitor.get(done.headers["Location"]).text

    assert "This file was taken out." in told
    assert re.search(r"Ana.*Too late.*Ben.*Prevented", told, re.DOTALL)
    assert "/take-out" not in told
    refused = reader.get(1)
    assert (refused.status, "The sender took this file out." in refused.text) == (410, True)
    assert reader.get(2).body == b"right"
    with zipfile.ZipFile(io.BytesIO(reader.get("all").body)) as archive:
        assert archive.namelist() == ["right.bin"]
    assert reader.visitor.get(f"{reader.path}/files").json == {"numbers": [2]}
    again = reader.visitor.post(reader.path, form_of(reader.visitor.get(reader.path), reader.link))
    assert "The sender took this file out." in again.text
    assert '/files/1"' not in again.text
    page = unescape(visitor.get(f"/s/{control}").text)
    assert '<bdi translate="no">wrong _b_.bin</bdi></s>' in page
    assert "<bdi>wrong _b_.bin</bdi>: taken out" in page
    assert f'href="/s/{control}/file-1-1"' not in page
    assert "Taken out: <bdi>wrong _b_.bin</bdi>." in unescape(
        visitor.get(f"/s/{control}/verdict").text
    )
    assert "Quitado: wrong _b_.bin." in visitor.get(f"/s/{control}/verdict.txt?language=es").text


def test_nobody_else_takes_a_file_out_and_a_stale_page_does_no_harm(service, api, visitor):
    answer = visitor.send_files("/", {"text": "with files"}, [("a.bin", b"a", "text/plain")])
    control = control_of(answer)
    asked = form_of(visitor.get(f"/s/{control}/file-1-1"), "/take-out")
    stranger, other = Visitor(service.url), Visitor(service.url, {"Sec-Fetch-Site": "cross-site"})
    assert "Take this file out?" not in stranger.get(f"/s/{control}/file-1-1").text
    shown = {name: value for name, value in asked.items() if name != "shown"}
    assert "private" in stranger.post(f"/s/{control}/take-out", shown).text
    assert other.post(f"/s/{control}/take-out", asked).status == 403
    for wrong in ({"number": "7"}, {"version": "2"}, {"number": "x"}, {"version": ""}):
        assert visitor.post(f"/s/{control}/take-out", asked | wrong).status == 303
    assert visitor.get(f"/s/{control}/file-9-9").status == 303
    assert read_by(service, api, answer).get(1).body == b"a"
    api.recall(control)

    late = visitor.post(f"/s/{control}/take-out", asked)
    assert (late.status, "Nothing was changed yet." in late.text) == (422, True)
    assert "Nobody can fetch this file any more." in late.text
    gone = visitor.post(f"/s/{'C' + 'A' * 34}/take-out", asked)
    assert gone.status == 404


def test_who_replaces_needs_no_permission_to_upload_and_nobody_else_goes_without(tmp_path):
    with Service(tmp_path, RESTANTE_SENDERS="tokens") as service, admission_of(service) as their:
        token = str(their.make("Ana"))
        with Api(service.url) as api:
            sent = api.ask("POST", "/api/v1/messages", {"text": "old"}, token=token)
        control = sent.json["control_token"]
        visitor = Visitor(service.url)
        visitor.get(f"/s/{control}")
        about = {"name": "a.bin", "size": "3", "type": ""}
        allowed = visitor.post("/uploads", about | {"control": control})
        refused = visitor.post("/uploads", about)
        made_up = visitor.post("/uploads", about | {"control": str(ControlToken.new())})

        assert allowed.status == 201
        assert UploadToken.parse(allowed.json["upload"]).shard == ControlToken.parse(control).shard
        assert (refused.status, made_up.status) == (403, 404)
