"""A file of gigabytes, cut off twenty times in each direction: whole, once, in little memory."""

import http.client
import os
import random
import shutil
import socket
import threading
import time
from contextlib import closing, suppress
from urllib.parse import urlsplit

import pytest
from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.ciphers.modes import CTR

from bench.processes import memory_kib
from tests.support import canaries
from tests.support.api import Api
from tests.support.filing import PARTIAL, Reader, begin, offset_of
from tests.support.processes import Service, command_of, wait_until

MIB, PIECE = 1024 * 1024, 65_536
SIZE = int(os.environ.get("FILE_MIB", "5120")) * MIB - 12_345
CUTS = 20
WEB_MOST = 200 * MIB
SEED = 20_261_128


def content(at, many):
    """Return a part of the file: nobody has to keep it."""
    counter = (at // 16).to_bytes(16, "big")
    stream = Cipher(AES(b"k" * 32), CTR(counter)).encryptor()
    return stream.update(bytes(at % 16 + many))[at % 16 :]


class Memory(threading.Thread):
    """Looks four times a second at the memory of the web's processes."""

    def __init__(self, service):
        super().__init__(daemon=True)
        self._pids = [pid for pid in service.pids() if "gunicorn" in command_of(pid)]
        self.most, self._ended = 0, threading.Event()

    def run(self):
        while not self._ended.wait(0.25):
            self.most = max(self.most, memory_kib(self._pids)[1] * 1024)

    def end(self):
        self._ended.set()
        self.join()


def send_part(service, upload, at, upto):
    """Send the file from *at* on, and break the connection at *upto*, or end there."""
    where = urlsplit(service.url)
    with closing(socket.create_connection((where.hostname, where.port), timeout=60)) as line:
        head = (
            f"PATCH /api/v1/upload HTTP/1.1\r\nHost: {where.netloc}\r\n"
            f"Authorization: Bearer {upload}\r\nContent-Type: {PARTIAL}\r\n"
            f"Upload-Offset: {at}\r\nUpload-Complete: ?1\r\n"
            f"Content-Length: {SIZE - at}\r\n\r\n"
        )
        line.sendall(head.encode())
        while at < upto:
            part = content(at, min(MIB, upto - at))
            line.sendall(part)
            at += len(part)
        if upto == SIZE:
            answer = http.client.HTTPResponse(line)
            answer.begin()
            assert answer.status == 204


def is_there(api, upload, upto):
    """Tell whether all whole pieces up to a place, or the whole file, are safe."""
    at = offset_of(api, upload)
    return at >= upto - upto % PIECE if upto < SIZE else at == SIZE


def fetch_part(service, reader, at, upto):
    """Fetch the file from *at* on, compare it, and break the connection at *upto*."""
    where = urlsplit(service.url)
    line = http.client.HTTPConnection(where.hostname, where.port, timeout=60)
    with closing(line):
        headers = {
            "Authorization": f"Bearer {reader.link}",
            "Idempotency-Key": reader.key,
            "Files-Token": reader.token,
            "Range": f"bytes={at}-",
        }
        line.request("GET", "/api/v1/link/files/1", headers=headers)
        answer = line.getresponse()
        assert answer.status in {200, 206}
        while at < upto:
            part = answer.read(min(MIB, upto - at))
            assert part == content(at, len(part))
            at += len(part)
    return at


@pytest.fixture
def folder(tmp_path):
    """A folder that goes with the test: pytest would keep its gigabytes for three runs."""
    yield tmp_path
    shutil.rmtree(tmp_path / "data", ignore_errors=True)


@pytest.mark.endurance
def test_gigabytes_arrive_whole_over_a_line_that_breaks(folder):
    carry(folder)


def carry(tmp_path, **env):
    """Have a file come and go over a line that breaks twenty times in each direction."""
    chance = random.Random(SEED)
    cuts = sorted(chance.randrange(SIZE) for _ in range(CUTS))
    with Service(tmp_path, RESTANTE_WEB_WORKERS="2", **env) as service, Api(service.url) as api:
        memory = Memory(service)
        memory.start()
        upload, began = begin(api, SIZE), time.monotonic()
        canaries.learn("upload token", upload)
        for cut in (*cuts, SIZE):
            while not is_there(api, upload, cut):
                with suppress(OSError):
                    send_part(service, upload, offset_of(api, upload), cut)
                with suppress(AssertionError):  # it may still be reading what came before the cut
                    wait_until(lambda: is_there(api, upload, cut), 2)  # noqa: B023
        up = time.monotonic() - began
        answer = api.ask(
            "POST", "/api/v1/messages",
            {"text": "large", "files": [{"upload": upload, "name": "large.bin"}]},
        )  # fmt: skip
        assert answer.status == 201, answer
        reader = Reader(api, answer.json["links"][0]["token"])
        began, at = time.monotonic(), 0
        for cut in (*cuts, SIZE):
            at = fetch_part(service, reader, at, cut)
        down = time.monotonic() - began
        memory.end()
        print(f"{SIZE / MIB:.0f} MiB: up {SIZE / MIB / up:.0f} MiB/s, down {SIZE / MIB / down:.0f}"
              f" MiB/s, web at most {memory.most / MIB:.0f} MiB")  # fmt: skip
        status = api.message(answer.json["control_token"])

    assert at == SIZE
    assert memory.most < WEB_MOST
    assert status["links"][0]["reveals"] == 1
    assert [event["type"] for event in status["events"]].count("link.file_fetched") == 1
