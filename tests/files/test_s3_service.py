"""The whole service with its files in S3: two web processes, one worker, a bucket."""

import http.client
import os
import secrets
import threading
import time
from contextlib import closing, suppress
from urllib.parse import urlsplit

import pytest

from tests.files import test_large_files
from tests.support.api import Api
from tests.support.filing import Reader, append, begin, offset_of, sent_with, uploaded
from tests.support.processes import Service, wait_until

MIB, PIECE = 1024 * 1024, 65_536
CANARY = b"the safe is behind the Vermeer"
GONE_SECONDS = 45.0
ORPHAN = "files/3/ab/" + "ab" * 16


@pytest.fixture(scope="module")
def bucket(s3_server):
    return s3_server.bucket()


@pytest.fixture(scope="module")
def spool(tmp_path_factory):
    return tmp_path_factory.mktemp("spool")


@pytest.fixture(scope="module")
def orphan(s3_server, bucket):
    """A multipart upload that nothing knows; moto says that it began in 2010."""
    s3_server.client.create_multipart_upload(Bucket=bucket, Key=ORPHAN)
    return ORPHAN


@pytest.fixture(scope="module")
def service(s3_server, bucket, spool, orphan, tmp_path_factory):
    env = s3_server.environ(bucket, spool) | {"RESTANTE_EXPIRY_MIN": "1"}
    folder = tmp_path_factory.mktemp("service")
    with Service(folder, RESTANTE_WEB_WORKERS="2", **env) as running:
        yield running


@pytest.fixture(scope="module")
def api(service):
    with Api(service.url) as program:
        yield program


@pytest.fixture
def blobs(s3_server, bucket):
    """Return the sizes of what is kept of blobs."""
    return lambda: [
        size for key, size in s3_server.objects(bucket).items() if len(key) > len("files/place.new")
    ]


def test_files_come_and_go_as_they_were(api, s3_server, bucket, spool, blobs):
    data = CANARY * 400_000  # 12 MB: a part, and a rest
    upload = begin(api, len(data))
    for at in (0, 5 * MIB):
        assert append(api, upload, at, data[at : at + 5 * MIB], last=False).status == 204
    at = offset_of(api, upload)
    assert at == 10 * MIB
    assert append(api, upload, at, data[at:], last=True).status == 204
    small = uploaded(api, b"small", **{"with": upload})
    body = {"text": "x", "files": [{"upload": upload, "name": "a"}, {"upload": small, "name": "b"}]}
    answer = api.ask("POST", "/api/v1/messages", body)
    assert answer.status == 201, answer
    reader = Reader(api, answer.json["links"][0]["token"])

    assert reader.fetch(1).body == data
    assert reader.fetch(2).body == b"small"
    part = reader.fetch(1, Range=f"bytes={9 * MIB}-{9 * MIB + 99}")
    assert (part.status, part.body) == (206, data[9 * MIB : 9 * MIB + 100])
    assert sorted(blobs()) == sorted([len(data) + 1 + 28 * (len(data) // PIECE + 1), 5 + 29])
    for key in s3_server.objects(bucket):
        with closing(s3_server.client.get_object(Bucket=bucket, Key=key)["Body"]) as its:
            assert CANARY not in its.read()
    assert list(spool.iterdir()) == []
    assert set(s3_server.multiparts(bucket)) <= {ORPHAN}
    api.recall(answer.json["control_token"])
    wait_until(lambda: not blobs(), GONE_SECONDS)


def test_a_multipart_upload_that_nothing_knows_was_aborted(service, s3_server, bucket, orphan):
    wait_until(lambda: orphan not in s3_server.multiparts(bucket), GONE_SECONDS)


def test_a_recall_stops_a_running_download_and_deletes_the_object(api, service, blobs):
    data = os.urandom(30 * MIB)
    sent, _, _ = sent_with(api, data)
    reader = Reader(api, sent["links"][0]["token"])
    where = urlsplit(service.url)
    line = http.client.HTTPConnection(where.hostname, where.port, timeout=30)
    headers = {
        "Authorization": f"Bearer {reader.link}",
        "Idempotency-Key": reader.key,
        "Files-Token": reader.token,
    }
    line.request("GET", "/api/v1/link/files/1", headers=headers)
    with closing(line), closing(line.getresponse()) as answer:
        got = answer.read(MIB)
        api.recall(sent["control_token"])
        with suppress(ConnectionResetError):
            while more := answer.read(MIB):
                got += more

    assert MIB <= len(got) < 20 * MIB
    assert data.startswith(got)
    wait_until(lambda: not blobs(), GONE_SECONDS)


def test_an_expiry_and_a_cancel_delete_the_object(api, blobs):
    sent, _, _ = sent_with(api, b"x" * 100, expires_in=2)
    cancelled = begin(api, 20 * MIB)
    append(api, cancelled, 0, b"x" * 9 * MIB, last=False)

    assert len(blobs()) == 2
    assert api.ask("DELETE", "/api/v1/upload", token=cancelled).status == 204
    wait_until(lambda: not blobs(), GONE_SECONDS)
    assert {its["state"] for its in api.message(sent["control_token"])["links"]} == {"expired"}


def test_uploads_at_once_do_not_wait_for_each_other(api, service, blobs):
    data, done = os.urandom(9 * MIB), []

    def bring():
        with Api(service.url) as own:
            upload = begin(own, len(data))
            done.append(append(own, upload, 0, data, last=True).status)

    threads = [threading.Thread(target=bring) for _ in range(8)]
    for one in threads:
        one.start()
    for one in threads:
        one.join(60)

    assert done == [204] * 8


def test_texts_go_on_while_s3_answers_nothing(api, service, s3_server):
    upload, done = begin(api, 9 * MIB), []

    def bring():
        with Api(service.url) as own:
            done.append(append(own, upload, 0, b"x" * 9 * MIB, last=True).status)

    waiting = [threading.Thread(target=bring)]
    with s3_server.paused():
        for one in waiting:
            one.start()
        time.sleep(0.5)
        began = time.monotonic()
        for _ in range(20):
            sent = api.send(f"a text {secrets.token_hex(4)}")
            assert api.reveal(sent.link, secrets.token_hex(12)).status == 200
        took = time.monotonic() - began
    for one in waiting:
        one.join(60)

    assert took < 5
    assert done == [204]


def test_a_file_arrives_whole_over_a_line_that_breaks(tmp_path, s3_server, monkeypatch):
    monkeypatch.setattr(test_large_files, "SIZE", 9 * MIB + 12_345)
    monkeypatch.setattr(test_large_files, "CUTS", 2)
    bucket = s3_server.bucket()
    test_large_files.carry(tmp_path, **s3_server.environ(bucket, tmp_path / "spool"))

    assert list((tmp_path / "spool").iterdir()) == []


@pytest.mark.endurance
def test_a_large_file_arrives_whole_over_a_line_that_breaks(tmp_path, s3_server, monkeypatch):
    monkeypatch.setattr(test_large_files, "SIZE", 50 * MIB + 12_345)
    bucket = s3_server.bucket()
    test_large_files.carry(tmp_path, **s3_server.environ(bucket, tmp_path / "spool"))

    assert list((tmp_path / "spool").iterdir()) == []
    assert s3_server.multiparts(bucket) == []
    assert [key for key in s3_server.objects(bucket) if key.endswith(".part")] == []
