"""Uploads that are promised room, slow ones, and too many at once."""

import io
import os
import re
import socket
import time
from contextlib import ExitStack, closing
from urllib.parse import urlsplit

import gevent
import pytest
from werkzeug.test import create_environ

from restante import room, upload_writer, wiring
from restante.blobs.folder import Folder
from restante.crypto.files import PIECE_SIZE, blob_size
from restante.errors import Full, Superseded
from restante.settings import Settings
from tests.conftest import Clock
from tests.support import canaries
from tests.support.api import Api, Visitor
from tests.support.filing import PARTIAL, Reader, append, begin, offset_of, sent_with, uploaded
from tests.support.processes import Service, wait_until
from webapp.app import create_app
from webapp.http import uploads

MIB = 1024 * 1024
DAY = 86_400_000


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def house(tmp_path, own_store, ring, clock):
    """Makes use cases over one store and one folder, each with settings of its own."""
    store, blobs = own_store(durability="memory"), tmp_path / "blobs"
    connection = wiring.reach(Settings(redis_url=store.url))

    def made(**settings):
        its = Settings(blobs=blobs, durability="memory", files_reserve=0, **settings)
        return wiring.assemble(its, ring, connection, now=clock.now)

    yield made
    for pool in connection.pools:
        pool.disconnect()


def test_uploads_under_way_are_never_promised_more_than_there_is(house, clock):
    # Several processes, none of which has looked lately at what the others have begun.
    houses = [house(files_total_max=10 * MIB) for _ in range(3)]
    begun = [one.uploading.start(3, 3 * MIB) for one in houses]
    for one in houses:
        with pytest.raises(Full):
            one.uploading.start(3, 2 * MIB)
    assert houses[0].uploading.start(4, MIB)

    houses[1].uploading.cancel(begun[0])
    clock.forward(1_000)
    assert houses[1].sweeping.turn() == 1
    assert houses[2].uploading.start(5, 3 * MIB)
    with pytest.raises(Full):
        houses[2].uploading.start(5, 1)


def test_a_complete_file_counts_once_and_its_promise_ends(house, clock, monkeypatch):
    its = house(files_total_max=10 * MIB)
    data = os.urandom(4 * MIB)
    token = its.uploading.start(3, len(data))
    its.uploading.receive(token, 0, io.BytesIO(data).read, last=True)
    clock.forward(room.SETTLE_MS + 1)
    monkeypatch.setattr(room, "LOOK_SECONDS", 0)

    left = 10 * MIB - blob_size(len(data))
    with pytest.raises(Full):
        its.uploading.start(3, left + 1)
    assert its.uploading.start(3, left)


def test_what_uploads_brought_already_is_not_promised_twice(house, monkeypatch):
    free = [100 * MIB]
    monkeypatch.setattr(Folder, "room", lambda _: free[0])
    monkeypatch.setattr(room, "LOOK_SECONDS", 0)
    its = house()
    token = its.uploading.start(3, 60 * MIB)
    with pytest.raises(Full):
        its.uploading.start(3, 40 * MIB + 1)
    part = os.urandom(2 * MIB)
    its.uploading.receive(token, 0, io.BytesIO(part).read, last=False)
    free[0] -= len(part)

    assert its.uploading.start(3, 40 * MIB)
    with pytest.raises(Full):
        its.uploading.start(3, MIB)


def test_a_promise_ends_with_the_longest_upload(house, clock):
    its = house(files_total_max=MIB)
    token = its.uploading.start(3, MIB)
    its.uploading.receive(token, 0, io.BytesIO(b"x").read, last=False)
    clock.forward(3 * DAY - 1_000)
    with pytest.raises(Full):
        its.uploading.start(3, MIB)
    clock.forward(2_000)

    assert its.uploading.start(3, MIB)


def test_an_upload_that_brings_nothing_keeps_its_promise_for_minutes(house, clock):
    its = house(files_total_max=MIB)
    token = its.uploading.start(3, MIB)
    clock.forward(room.FIRST_MS + 1)
    other = its.uploading.start(3, MIB // 2)

    with pytest.raises(Full):
        its.uploading.receive(token, 0, io.BytesIO(bytes(MIB)).read, last=True)
    its.uploading.cancel(other)
    its.sweeping.turn()
    assert its.uploading.receive(token, 0, io.BytesIO(bytes(MIB)).read, last=True).whole


def test_there_are_only_so_many_uploads_under_way(house, monkeypatch):
    monkeypatch.setattr(room, "UPLOADS_MOST", 3)
    its = house()
    for _ in range(3):
        its.uploading.start(3, 0)

    with pytest.raises(Full):
        its.uploading.start(3, 0)


def test_an_upload_without_room_is_not_counted_and_one_without_quota_not_promised(house):
    its, counted = house(files_total_max=MIB), []
    with pytest.raises(Full):
        its.uploading.start(3, MIB + 1, afford=lambda: counted.append(1))

    def refused():
        raise ValueError

    with pytest.raises(ValueError, match=r"^$"):
        its.uploading.start(3, MIB, afford=refused)
    assert counted == []
    assert its.uploading.start(3, MIB)


def test_what_a_slow_line_brings_is_made_safe_while_it_comes(house, monkeypatch):
    monkeypatch.setattr(upload_writer, "SAFE_SECONDS", 0)
    its, seen = house(), []
    token = its.uploading.start(3, 5 * PIECE_SIZE)

    def read(_size):
        seen.append(its.uploading.progress(token).offset)
        return bytes(PIECE_SIZE // 2) if len(seen) <= 10 else b""

    its.uploading.receive(token, 0, read, last=True)

    assert seen == [n // 2 * PIECE_SIZE for n in range(11)]


def test_a_slow_writer_learns_that_it_is_not_needed_before_it_brings_a_piece(house, monkeypatch):
    monkeypatch.setattr(upload_writer, "SAFE_SECONDS", 0)
    its, seen = house(), []
    token = its.uploading.start(3, PIECE_SIZE)

    def read(_size):
        seen.append(1)
        if len(seen) == 2:
            its.uploading.receive(token, 0, io.BytesIO(b"").read, last=False)
        return b"x"

    with pytest.raises(Superseded):
        its.uploading.receive(token, 0, read, last=True)
    assert len(seen) == 2


class Trickle(io.RawIOBase):
    """A body of which a byte comes every so often."""

    def __init__(self, seconds):
        self.seconds = seconds

    def readable(self):
        return True

    def readinto(self, into):
        for at in range(len(into)):
            gevent.sleep(self.seconds)
            into[at] = 0
        return len(into)


@pytest.mark.parametrize(("seconds", "is_cut"), [(0.01, True), (0, False)])
def test_a_body_that_trickles_is_cut_off(house, monkeypatch, seconds, is_cut):
    monkeypatch.setattr(uploads, "IDLE_SECONDS", 0.3)
    monkeypatch.setattr(uploads, "PIECE_BYTES", 500)
    app = create_app(house())
    environ = create_environ(method="PATCH") | {"wsgi.input": Trickle(seconds)}
    with app.request_context(environ | {"CONTENT_LENGTH": "10000"}):
        if is_cut:
            with pytest.raises(uploads.Stalled):
                uploads.read(MIB)
        else:
            assert uploads.read(MIB) == bytes(500)


@pytest.fixture(scope="module")
def service(tmp_path_factory):
    names = {
        "RATE_LIMITS": "on",
        "LIMIT_SEND": "1000",
        "LIMIT_STREAMS": "2",
        "STREAMS_MOST": "3",
        "FILES_MESSAGE_MAX": str(9 * MIB),
        "BUDGET_FILE_BYTES": str(22 * MIB),
        "TRUSTED_PROXIES": "1",
    }
    settings = {f"RESTANTE_{name}": value for name, value in names.items()}
    with Service(tmp_path_factory.mktemp("bounds"), **settings) as service:
        yield service


def api_from(service, network):
    return Api(service.url, headers={"X-Forwarded-For": network, "X-Forwarded-Proto": "http"})


def stalled(service, network, upload):
    """Return a connection that began to bring a file, and brings no more of it."""
    where = urlsplit(service.url)
    line = socket.create_connection((where.hostname, where.port), timeout=20)
    line.sendall(
        f"PATCH /api/v1/upload HTTP/1.1\r\nHost: {where.netloc}\r\nX-Forwarded-For: {network}\r\n"
        f"Authorization: Bearer {upload}\r\nContent-Type: {PARTIAL}\r\n"
        f"Upload-Offset: 0\r\nUpload-Complete: ?1\r\nContent-Length: {MIB}\r\n\r\nx".encode()
    )
    return closing(line)


def test_one_network_has_a_share_of_the_files_on_their_way(service):
    one, other = api_from(service, "198.51.100.1"), api_from(service, "198.51.100.2")
    sent, _, _ = sent_with(other, os.urandom(MIB))
    tokens = [begin(one, MIB) for _ in range(3)]
    others = [begin(other, MIB) for _ in range(2)]
    canaries.learn("upload token", [*tokens, *others])
    with ExitStack() as lines:
        for token in tokens[:2]:
            lines.enter_context(stalled(service, "198.51.100.1", token))
        time.sleep(0.5)  # a try that comes before them would take their place
        wait_until(lambda: append(one, tokens[2], 0, b"x", last=False).status == 429)
        assert append(other, others[0], 0, bytes(MIB), last=True).status == 204
        # Downloads count, too; a third file is the last of all networks.
        reader = Reader(other, sent["links"][0]["token"])
        lines.enter_context(stalled(service, "198.51.100.2", others[1]))
        time.sleep(0.5)
        wait_until(lambda: reader.fetch().status == 503)
    wait_until(lambda: reader.fetch().status == 200)
    assert offset_of(one, tokens[2]) == 0
    assert append(one, tokens[2], 0, bytes(MIB), last=True).status == 204


def visitor_from(service, network):
    visitor = Visitor(service.url, headers={"X-Forwarded-For": network})
    visitor.get("/")
    return visitor


def test_files_of_a_form_are_refused_together_as_soon_as_they_are_too_large(service):
    visitor = visitor_from(service, "198.51.100.3")
    files = [(f"{number}.bin", bytes(4 * MIB), "text/plain") for number in range(3)]
    page = visitor.send_files("/", {"text": "with files"}, files)

    assert "“2.bin” was left out: together the files of a message have at most 9.4 MB." in page.text
    assert len(re.findall(r'name="upload" value="', page.text)) == 2


def test_each_file_of_a_form_is_counted_by_its_own_size(service):
    visitor = visitor_from(service, "198.51.100.4")
    files = [(f"{number}.bin", bytes(4 * MIB), "text/plain") for number in range(2)]
    for _ in range(2):
        assert visitor.send_files("/", {"text": "with files"}, files).status == 303
    page = visitor.send_files(
        "/", {"text": "x"}, [("a", b"", "a/b"), ("more", bytes(9 * MIB), "a/b")]
    )

    assert "“more” was left out: your network has sent enough files for today." in page.text
    assert len(re.findall(r'name="upload" value="', page.text)) == 1
    assert visitor.send_files("/", {"text": "x"}, [("b", bytes(MIB), "a/b")]).status == 303


def test_a_program_is_told_when_its_network_brought_enough(service):
    api = api_from(service, "198.51.100.5")
    for _ in range(2):
        uploaded(api, bytes(8 * MIB))
    answer = api.ask("POST", "/api/v1/uploads", {"size": 7 * MIB})

    assert (answer.status, answer.code) == (429, "rate-limited")
    assert begin(api, 6 * MIB)
