"""What only S3 can do to files: several machines, lost answers, servers that are dead or differ."""

import io
import os
import socket
import threading
import time
from contextlib import closing
from dataclasses import replace

import pytest

from restante import wiring
from restante.blobs import Name, places, s3, s3_line
from restante.blobs.s3_line import Line, S3Error
from restante.crypto.files import PIECE_SIZE
from restante.errors import Full, OffsetWrong, Superseded, Unavailable
from restante.settings import Settings
from tests.files.test_places import fetched, opened, sent, upload
from tests.support.proxy import Fate, Proxy
from tests.support.s3_server import BucketPlace

MIB = 1024 * 1024


@pytest.fixture
def place(s3_server, tmp_path):
    return BucketPlace(s3_server, tmp_path)


@pytest.fixture
def machine(place, own_store, ring, tmp_path):
    """Make a machine: use cases over the bucket and the store, with a disk of its own."""
    store, connections = own_store(durability="memory"), []

    def make(**more):
        connections.append(wiring.reach(Settings(redis_url=store.url)))
        its = {"s3_spool": tmp_path / f"spool {len(connections)}"} | more
        return wiring.assemble(place.settings(**its), ring, connections[-1])

    yield make
    for connection in connections:
        for pool in connection.pools:
            pool.disconnect()


def receive(house, token, data, *, last=False):
    at = house.uploading.progress(token).offset
    return house.uploading.receive(token, at, io.BytesIO(data[at:]).read, last=last)


def test_machines_take_turns_at_one_upload(machine, place, tmp_path):
    data = os.urandom(20 * MIB + 77)
    one, two = machine(), machine()
    token = one.uploading.start(3, len(data))
    for turn, upto in enumerate((MIB, 9 * MIB, 10 * MIB, 18 * MIB)):
        receive((one, two)[turn % 2], token, data[:upto])

        assert one.uploading.progress(token).offset == upto - upto % PIECE_SIZE
        assert not [path for path in tmp_path.glob("spool*/*") if path.is_file()]
    assert len(place.names()) <= 2
    receive(one, token, data, last=True)

    assert place.names() == [token.blob_id.hex()]
    assert place.left_overs() == []
    assert fetched(two, opened(two, sent(two, token))) == data


def test_a_part_of_an_older_writer_that_comes_late_does_not_count(machine, monkeypatch):
    data = os.urandom(26 * MIB)
    slow, fast = machine(), machine()
    token = slow.uploading.start(3, len(data))
    receive(slow, token, data[: 9 * MIB])  # from here on both know one multipart upload
    asked, go = threading.Event(), threading.Event()
    real, refused = Line.ask, []

    def ask(line, verb, **fields):
        if verb == "upload_part" and threading.current_thread() is thread:
            asked.set()
            assert go.wait(30)
        return real(line, verb, **fields)

    def write_slowly():
        try:
            receive(slow, token, data, last=True)
        except (Superseded, Unavailable) as error:
            refused.append(type(error))

    monkeypatch.setattr(Line, "ask", ask)
    thread = threading.Thread(target=write_slowly)
    thread.start()
    assert asked.wait(30)
    receive(fast, token, data[: 18 * MIB])
    go.set()
    thread.join(30)
    receive(fast, token, data, last=True)

    assert refused == [Superseded]
    assert fetched(fast, opened(fast, sent(fast, token))) == data


def test_a_writer_that_finishes_late_does_not_replace_a_whole_file(machine, monkeypatch):
    slow, fast = machine(), machine()
    token = slow.uploading.start(3)
    real, data = Line.ask, os.urandom(3 * PIECE_SIZE)

    def ask(line, verb, **fields):
        if verb == "put_object":
            monkeypatch.setattr(Line, "ask", real)
            receive(fast, token, data, last=True)
        return real(line, verb, **fields)

    monkeypatch.setattr(Line, "ask", ask)
    with pytest.raises(Superseded):
        receive(slow, token, b"other", last=True)

    assert fetched(fast, opened(fast, sent(fast, token))) == data


@pytest.mark.parametrize("times", [1, 9])
@pytest.mark.parametrize("verb", [b"uploads HTTP", b"PUT /", b"uploadId=", b"<CompleteM", b"GET /"])
def test_a_lost_answer_loses_no_file(machine, s3_server, verb, times):
    data = os.urandom(9 * MIB)
    with Proxy(s3_server.port) as proxy:
        its = machine(s3_endpoint=proxy.url)
        token = its.uploading.start(3, len(data))
        receive(its, token, data[:MIB])
        loss = proxy.lose(verb, Fate.CUT, times)
        for _ in range(6):
            try:
                receive(its, token, data, last=True)
            except (Unavailable, OffsetWrong):  # it asks where it is, and goes on
                continue
            break

        assert loss.happened.is_set()
        assert its.uploading.progress(token).whole
        assert fetched(its, opened(its, sent(its, token))) == data


@pytest.mark.parametrize("size", [100, 9 * MIB])
def test_who_finished_a_file_and_lost_the_answer_is_told_that_it_is_whole(
    machine, monkeypatch, size
):
    its, data, real = machine(), os.urandom(size), Line.ask

    def ask(line, verb, **fields):
        """Ask twice, as the client does if an answer is lost."""
        if "IfNoneMatch" in fields and fields["Key"].endswith(token.blob_id.hex()):
            real(line, verb, **fields)
            if "Body" in fields:
                fields["Body"].seek(0)
        return real(line, verb, **fields)

    token = its.uploading.start(3, size)
    monkeypatch.setattr(Line, "ask", ask)

    assert receive(its, token, data, last=True).whole
    assert fetched(its, opened(its, sent(its, token))) == data


def test_a_dead_server_is_unavailable_and_costs_nothing(machine, monkeypatch):
    monkeypatch.setattr(s3_line, "READ_SECONDS", 0.3)
    good = machine()
    data = os.urandom(2 * PIECE_SIZE)
    token, ticket = good.uploading.start(3, len(data)), opened(good, sent(good, upload(good, data)))
    receive(good, token, data[:PIECE_SIZE])
    doomed = sent(good, upload(good, data))
    good.managing.recall(doomed.control)
    with closing(socket.create_server(("127.0.0.1", 0))) as silent:  # it takes, and never answers
        for port in (silent.getsockname()[1], 1):
            dead = machine(s3_endpoint=f"http://127.0.0.1:{port}")
            began = time.monotonic()
            with pytest.raises(Unavailable):
                dead.uploading.start(3, 1)
            assert time.monotonic() - began < 10
            with pytest.raises(Unavailable):
                receive(dead, token, data, last=True)
            with pytest.raises(Unavailable):
                fetched(dead, ticket)
            with pytest.raises(OSError):  # noqa: PT011 (of any kind)
                dead.sweeping.sweep()
        with pytest.raises(OSError):  # noqa: PT011 (of any kind)
            dead.sweeping.turn()

    assert receive(good, token, data, last=True).whole
    assert fetched(good, ticket) == data


def test_only_so_many_requests_are_under_way(place, monkeypatch):
    monkeypatch.setattr(s3_line, "AT_ONCE", 1)
    monkeypatch.setattr(s3_line, "WAIT_SECONDS", 0.1)
    blobs = places.place_of(place.settings())
    blobs._line._turn.acquire()

    with pytest.raises(TimeoutError):
        blobs.place()


def test_a_full_disk_for_the_spool_is_told_as_full(machine, monkeypatch):
    its = machine()
    token = its.uploading.start(3, 100)

    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "pwrite", full)
    with pytest.raises(Full):
        receive(its, token, b"x" * 100, last=True)


class Refusing:
    """The client, before a server that does not know conditions."""

    def __init__(self, real):
        self._real = real

    def __getattr__(self, verb):
        real = getattr(self._real, verb)

        def ask(**fields):
            if "IfNoneMatch" in fields:
                from botocore.exceptions import ClientError  # noqa: PLC0415

                raise ClientError({"Error": {"Code": "NotImplemented"}}, verb)
            return real(**fields)

        return ask


@pytest.mark.parametrize("size", [100, 9 * MIB])
def test_a_server_without_conditions_serves_too(machine, size):
    its, data = machine(), os.urandom(size)
    line = its.uploading._blobs._line
    line._writer = Refusing(line._writer)
    token = its.uploading.start(3, size)
    receive(its, token, data, last=True)

    assert fetched(its, opened(its, sent(its, token))) == data
    again = its.uploading._blobs
    part = again.part(Name(3, os.urandom(16)), 0, 1)
    part.write(0, b"x" * 100)
    again._line.ask("put_object", Key=part._key, Body=b"first")
    with closing(part), pytest.raises(FileExistsError):
        part.finish(100)


def test_the_longest_file_has_numbers_enough():
    for most in (1, 100 * MIB, 5 * 1024 * MIB, 2**40 + 2**34):
        size = s3.part_size(most)

        assert size >= 8 * MIB
        assert (most // size + 1) * s3.SLOTS <= s3.PARTS_MOST


RESTS = [
    b"", b"x", b"[1]\0\0\0\3", b'[8,"",[]]\0\0\0\xff', b'[0,"",[]]\0\0\0\x09',
    b'[8,"",[[0,"a"]]]\0\0\0\x10', b'[8,"u",[[1,"a"]]]\0\0\0\x11',
]  # fmt: skip


@pytest.mark.parametrize("rest", RESTS, ids=repr)
def test_a_rest_that_somebody_changed_is_none(machine, place, rest):
    its = machine()
    token = its.uploading.start(3, 4 * PIECE_SIZE)
    receive(its, token, b"x" * PIECE_SIZE)
    [name] = place.names()
    place.put(name, rest)

    with pytest.raises(FileNotFoundError):
        its.uploading._blobs.part(Name(3, token.blob_id), int(name.split(".")[2]), 9)


def test_a_writer_that_ends_unsaved_leaves_no_multipart_upload(place):
    part = places.place_of(place.settings()).part(Name(3, b"x" * 16), 0, 1)
    part.write(0, b"x" * 9 * MIB)

    assert len(place.left_overs()) == 1
    part.close()
    assert place.left_overs() == []


def test_what_was_sent_behind_a_rest_is_no_part_of_the_blob(place):
    blobs, name, first = places.place_of(place.settings()), Name(3, b"x" * 16), b"a" * 9 * MIB
    with closing(blobs.part(name, 0, 1)) as part:
        part.write(0, first)
        part.sync()
        assert os.fstat(part._spool._file.fileno()).st_size == MIB
        part.write(len(first), b"b" * 29)
        part.finish(len(first) + 29)

    assert blobs.size(name) == len(first) + 29
    assert blobs.read(name, len(first) - 1, 100) == b"a" + b"b" * 29


def test_a_bucket_with_anything_else_is_no_new_place(machine, place):
    place.put("ab" * 16, b"another's")

    with pytest.raises(Unavailable):
        machine().uploading.start(3, 1)


def test_machines_that_start_at_once_agree_on_the_place(machine):
    houses, begun = [machine() for _ in range(4)], []

    def start(house):
        for _ in range(5):
            try:
                begun.append(house.uploading.start(3, 1))
            except Unavailable:
                continue
            return

    threads = [threading.Thread(target=start, args=(its,)) for its in houses]
    for one in threads:
        one.start()
    for one in threads:
        one.join()

    assert len(begun) == 4


def test_an_error_names_no_key_and_no_address(place, s3_server):
    bucketless = replace(place.settings(), blobs=place.settings().blobs._replace(name="no-such"))
    blobs = places.place_of(bucketless)

    with pytest.raises(S3Error) as caught:
        blobs.size(Name(3, b"x" * 16))
    assert str(caught.value) == "[Errno 5] NoSuchBucket"
    assert not isinstance(caught.value, FileNotFoundError)
    assert s3_server.url not in repr(caught.value)
