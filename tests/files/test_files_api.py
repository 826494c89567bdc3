"""Files over the API: sent in parts, fetched in parts, gone with the message."""

import http.client
import os
import socket
import time
import uuid
from contextlib import closing, suppress
from urllib.parse import urlsplit

import pytest

from tests.support import canaries
from tests.support.api import Api, new_reader_key
from tests.support.filing import (
    PARTIAL,
    Reader,
    append,
    begin,
    offset_of,
    sent_with,
    uploaded,
)
from tests.support.processes import Service, wait_until

MIB = 1024 * 1024
PIECE = 65_536


@pytest.fixture(scope="module")
def service(tmp_path_factory):
    with Service(tmp_path_factory.mktemp("files"), RESTANTE_WEB_WORKERS="2") as service:
        yield service


@pytest.fixture
def api(service):
    with Api(service.url) as api:
        yield api


def blobs(service):
    return [path for path in (service.data_dir / "blobs").rglob("*") if len(path.name) >= 32]


def events_of(api, control):
    return [(event["type"], event["data"].get("file")) for event in api.message(control)["events"]]


def test_files_come_and_go_as_they_were(api, service):
    contents = [os.urandom(size) for size in (0, 1, PIECE, 3 * MIB + 7)]
    sent, _, _ = sent_with(api, *contents)
    assert len(blobs(service)) == 4
    for path in blobs(service):
        raw = path.read_bytes()
        assert not any(data[:64] in raw for data in contents[2:])
        assert path.stat().st_mode & 0o777 == 0o600
    reader = Reader(api, sent["links"][0]["token"])

    assert [(its["name"], its["size"]) for its in reader.files] == [
        (f"part {place}.pdf", len(data)) for place, data in enumerate(contents, 1)
    ]
    assert [reader.fetch(number).body for number in (1, 2, 3, 4)] == contents
    assert events_of(api, sent["control_token"])[2:] == [
        (f"link.file_{what}", number) for number in (1, 2, 3, 4) for what in ("started", "fetched")
    ]
    assert api.message(sent["control_token"])["links"][0]["files"] == [
        {
            "number": number,
            "name": f"part {number}.pdf",
            "size": len(data),
            "sent": len(data),
            "taken_out_at": None,
        }
        for number, data in enumerate(contents, 1)
    ]
    assert api.recall(sent["control_token"]).json["verdicts"][0]["outcome"] == "already_spent"
    assert reader.fetch().code == "gone"
    wait_until(lambda: not blobs(service))


def test_an_upload_goes_on_where_it_was_cut(api, service):
    data = os.urandom(5 * MIB)
    upload = begin(api, len(data))
    where = urlsplit(service.url)
    canaries.learn("upload token", upload)
    at = 0
    for cut in (700_000, 2 * MIB + 5, 3 * MIB):
        with closing(socket.create_connection((where.hostname, where.port))) as line:
            head = (
                f"PATCH /api/v1/upload HTTP/1.1\r\nHost: {where.netloc}\r\n"
                f"Authorization: Bearer {upload}\r\nContent-Type: {PARTIAL}\r\n"
                f"Upload-Offset: {at}\r\nUpload-Complete: ?1\r\n"
                f"Content-Length: {len(data) - at}\r\n\r\n"
            )
            line.sendall(head.encode() + data[at:cut])
            time.sleep(0.3)
        wait_until(lambda: offset_of(api, upload) > at)  # noqa: B023
        at = offset_of(api, upload)
        assert at == cut - cut % PIECE
    wrong = append(api, upload, at - PIECE, data, last=True)
    assert (wrong.code, wrong.json["offset"]) == ("offset-wrong", at)
    assert append(api, upload, at, data[at:], last=True).status == 204
    key = str(uuid.uuid4())
    assert offset_of(api, upload) == len(data)

    body = {"text": "one", "files": [{"upload": upload, "name": "a"}]}
    answer = api.ask("POST", "/api/v1/messages", body)
    assert answer.status == 201, answer
    reader = Reader(api, answer.json["links"][0]["token"])
    assert reader.fetch().body == data
    # An upload is sent once, and is nothing after that.
    again = api.ask("POST", "/api/v1/messages", body, headers={"Idempotency-Key": key})
    assert again.code == "invalid"
    assert api.ask("GET", "/api/v1/upload", token=upload).code == "not-found"


def test_a_repeated_send_gets_the_same_answer(api):
    sent, body, key = sent_with(api, b"x" * 100_000)
    again = api.ask("POST", "/api/v1/messages", body, headers={"Idempotency-Key": key})

    assert again.json == sent


def test_a_download_goes_on_within_the_lease_and_spends_nothing(api):
    data = os.urandom(2 * MIB + 11)
    sent, _, _ = sent_with(api, data)
    reader = Reader(api, sent["links"][0]["token"])
    whole = reader.fetch()
    mark = whole.headers["ETag"]
    some = reader.fetch(Range="bytes=100-199")
    rest = reader.fetch(Range=f"bytes={MIB}-", **{"If-Range": mark})
    tail = reader.fetch(Range="bytes=-5")

    assert (some.status, some.body) == (206, data[100:200])
    assert some.headers["Content-Range"] == f"bytes 100-199/{len(data)}"
    assert (rest.status, rest.body) == (206, data[MIB:])
    assert tail.body == data[-5:]
    assert reader.fetch(Range="bytes=0-9", **{"If-Range": '"other"'}).body == data
    assert reader.fetch(Range=f"bytes={len(data)}-").status == 416
    assert reader.fetch(Range="bytes=5-2").body == data
    assert whole.headers["Content-Type"] == "application/octet-stream"
    assert whole.headers["Content-Disposition"] == 'attachment; filename="part 1.pdf"'
    status = api.message(sent["control_token"])
    assert status["links"][0]["reveals"] == 1


def test_nobody_else_gets_a_file_and_asking_changes_nothing(api):
    sent, _, _ = sent_with(api, b"x" * 1_000, views=2)
    link = sent["links"][0]["token"]
    one, other = Reader(api, link), Reader(api, link)
    before = events_of(api, sent["control_token"])
    refused = [
        api.ask("GET", "/api/v1/link/files/1", token=link, reader_key=new_reader_key(),
                headers={"Files-Token": one.token}),
        api.ask("GET", "/api/v1/link/files/1", token=link, reader_key=other.key,
                headers={"Files-Token": one.token}),
        api.ask("GET", "/api/v1/link/files/1", token=link, reader_key=one.key),
        one.fetch(2),
        one.fetch(0),
    ]  # fmt: skip

    assert {answer.code for answer in refused} == {"not-found"}
    assert events_of(api, sent["control_token"]) == before
    assert one.fetch().body == other.fetch().body == b"x" * 1_000


def test_a_recall_stops_a_running_download(api, service):
    data = os.urandom(40 * MIB)
    sent, _, _ = sent_with(api, data)
    reader = Reader(api, sent["links"][0]["token"])
    where = urlsplit(service.url)
    line = http.client.HTTPConnection(where.hostname, where.port, timeout=30)
    line.request(
        "GET",
        "/api/v1/link/files/1",
        headers={
            "Authorization": f"Bearer {reader.link}",
            "Idempotency-Key": reader.key,
            "Files-Token": reader.token,
        },
    )
    with closing(line), closing(line.getresponse()) as answer:
        got = answer.read(MIB)
        api.recall(sent["control_token"])
        # `read` of a body that was cut returns what came, without a word.
        with suppress(ConnectionResetError):
            while more := answer.read(MIB):
                got += more

    assert MIB <= len(got) < 20 * MIB
    assert data.startswith(got)
    assert ("link.file_fetched", 1) not in events_of(api, sent["control_token"])
    wait_until(lambda: not [p for p in blobs(service) if p.stat().st_size > 30 * MIB])


def test_what_does_not_fit_is_refused_before_it_comes(api):
    assert api.ask("POST", "/api/v1/uploads", {"size": 2**43}).code == "file-too-large"
    upload = begin(api, 10)
    longer = append(api, upload, 0, b"x" * 11, last=True)
    shorter = append(api, upload, 0, b"x" * 9, last=True)

    assert {longer.code, shorter.code} == {"invalid"}
    assert append(api, upload, 0, b"x" * 10, last=True).status == 204
    assert append(api, upload, 0, b"x" * 10, last=True).code == "offset-wrong"
    assert append(api, upload, 10, b"", last=True).status == 204


def test_a_cancelled_upload_is_gone(api, service):
    before = len(blobs(service))
    upload = begin(api, 3 * PIECE)
    append(api, upload, 0, b"x" * 2 * PIECE, last=False)
    assert len(blobs(service)) == before + 1
    assert api.ask("DELETE", "/api/v1/upload", token=upload).status == 204
    assert api.ask("DELETE", "/api/v1/upload", token=upload).status == 204

    assert api.ask("GET", "/api/v1/upload", token=upload).code == "not-found"
    assert append(api, upload, 2 * PIECE, b"x" * PIECE, last=True).code == "not-found"
    wait_until(lambda: len(blobs(service)) == before)


def test_a_replaced_version_has_its_own_files(api, service):
    sent, _, _ = sent_with(api, b"old" * 50_000)
    control = sent["control_token"]
    upload = uploaded(api, b"new" * 60_000, **{"with": control})
    answer = api.replace(control, "new", files=[{"upload": upload, "name": "new.txt"}])
    assert answer.status == 200, answer
    reader = Reader(api, sent["links"][0]["token"])

    assert [its["name"] for its in reader.files] == ["new.txt"]
    assert reader.fetch().body == b"new" * 60_000


def test_one_file_is_taken_out_and_each_link_gets_a_verdict(api, service):
    before = set(blobs(service))
    sent, _, _ = sent_with(api, b"wrong", b"right", recipients=["Ana", "Ben"])
    both = set(blobs(service)) - before
    control, number = sent["control_token"], {"version": 1, "number": 1}
    reader = Reader(api, sent["links"][0]["token"])
    assert reader.fetch(1).body == b"wrong"
    answer = api.ask("POST", "/api/v1/message/take-out", number, token=control)
    again = api.ask("POST", "/api/v1/message/take-out", number, token=control)
    missing = api.ask(
        "POST", "/api/v1/message/take-out", {"version": 1, "number": 3}, token=control
    )
    status = api.message(control)

    assert (answer.status, answer.json["name"]) == (200, "part 1.pdf")
    assert [(one["recipient"], one["outcome"], one["sent"]) for one in answer.json["verdicts"]] == [
        ("Ana", "fetched", 5),
        ("Ben", "not_started", None),
    ]
    assert again.json == answer.json
    assert (missing.code, [one["field"] for one in missing.json["errors"]]) == (
        "invalid",
        ["number"],
    )
    [files] = {str(link["files"]): link["files"] for link in status["links"][1:]}.values()
    assert [its["taken_out_at"] for its in files] == [answer.json["taken_out_at"], None]
    assert [(link["version"], link["files"][0]["sent"]) for link in status["links"]] == [
        (1, 5),
        (1, None),
    ]
    assert status["events"][-1]["data"] == {
        "version": 1, "file": 1, "fetched": 1, "started": 0, "not_started": 1,
    }  # fmt: skip
    assert (reader.fetch(1).status, reader.fetch(1).code) == (410, "taken-out")
    assert reader.fetch(2).body == b"right"
    assert [its["number"] for its in Reader(api, sent["links"][1]["token"]).files] == [2]
    wait_until(lambda: len(both & set(blobs(service))) == 1)
