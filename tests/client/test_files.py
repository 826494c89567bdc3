"""Files in the library: up and down over good lines and bad ones, in flat memory."""

import asyncio
import io
import os
import tracemalloc

import pytest

from restante_client import (
    AsyncClient,
    Client,
    FileTakenOut,
    FileTooLarge,
    Gone,
    Invalid,
    NotFound,
    Policy,
    Unreachable,
    Upload,
    new_key,
)
from restante_client.transfers import BLOCK
from tests.client.conftest import CONTEXT, HASTY, TEXT
from tests.support.bad_line import Fate
from tests.support.cut_line import CutLine
from tests.support.processes import free_port

MIB = 1024 * 1024
LOSSES = (Fate.DROP_REQUEST, Fate.DROP_REPLY, Fate.TRUNCATE_HEAD, Fate.NOT_OURS, Fate.PORTAL)


def port_of(service):
    return int(service.url.rpartition(":")[2])


def uploaded(client, *contents, **options):
    """Upload files that belong together."""
    files = []
    for place, data in enumerate(contents, 1):
        beside = files[0] if files else None
        name = f"part {place}.pdf"
        files.append(client.upload(io.BytesIO(data), name, beside=beside, **options))
    return files


def fetched(client, link, **options):
    """Open a message and return its files."""
    reading = client.reveal(link)
    found = []
    with reading as message:
        for file in message.files:
            into = io.BytesIO()
            reading.fetch(file, into, **options)
            found.append((file.name, into.getvalue()))
    return found


def test_files_go_with_a_message_and_come_as_they_were(client):
    contents = [os.urandom(size) for size in (0, 1, 3 * MIB + 7)]
    told = []
    files = uploaded(client, *contents, on_progress=lambda *its: told.append(its))
    sent = client.send(TEXT, files=files, recipients=["Ana", "Ben"])
    found = fetched(client, sent.links[0].url)
    status = client.status(sent.control_token)

    assert found == [(f"part {place}.pdf", data) for place, data in enumerate(contents, 1)]
    assert [file.type for file in files] == ["application/pdf"] * 3
    assert told[-1] == (len(contents[2]), len(contents[2]))
    assert [(its.number, its.size, its.is_whole) for its in status.links[0].files] == [
        (number, len(data), True) for number, data in enumerate(contents, 1)
    ]
    assert [its.sent for its in status.links[1].files] == [None, None, None]
    assert [status.links[0].reveals, status.links[0].state] == [1, "spent"]


def test_a_download_begins_at_any_byte_and_comes_in_parts(client):
    data = os.urandom(MIB)
    sent = client.send(TEXT, files=uploaded(client, data))
    reading = client.reveal(sent.links[0].url)
    with pytest.raises(ValueError, match="open the message"):
        next(iter(reading.parts(None)))
    with reading as message:
        [file] = message.files
        rest = b"".join(reading.parts(file, start=MIB // 3))
        at_end = b"".join(reading.parts(file, start=MIB))
        with pytest.raises(ValueError, match="no byte"):
            reading.parts(file, start=MIB + 1)

    assert (rest, at_end) == (data[MIB // 3 :], b"")


def test_an_upload_goes_on_in_another_program(client):
    """Which kept token and key, and has the file."""
    data = os.urandom(MIB)
    begun = client.start_upload(len(data), "a.bin")
    kept = Upload(begun.name, begun.size, begun.type, begun.token, begun.key)
    with Client(client.server, verify=CONTEXT) as other:
        with pytest.raises(ValueError, match="began with"):
            other.upload(io.BytesIO(data[1:]), "a.bin", begun=kept)
        file = other.upload(io.BytesIO(data), "a.bin", begun=kept)
        again = other.upload(io.BytesIO(data), "a.bin", begun=kept)
        sent = other.send(TEXT, files=[file])

    assert (file, again) == (begun, begun)
    assert begun.token not in repr(begun)
    assert begun.key not in repr(begun)
    assert fetched(client, sent.links[0].url) == [("a.bin", data)]


def test_a_line_that_is_cut_is_gone_on_with_both_ways(client, service):
    """Cut three times each way, in the middle of the file; one view is spent."""
    data, cuts, into = os.urandom(4 * MIB + 3), [300_000, 900_000, 500_000], io.BytesIO()
    port = port_of(service)
    with CutLine(port, up=cuts) as far, Client(far.url, policy=HASTY, verify=CONTEXT) as it:
        sent = it.send(TEXT, files=uploaded(it, data))
        assert far.lines > len(cuts)
    with CutLine(port, down=cuts) as far, Client(far.url, policy=HASTY, verify=CONTEXT) as it:
        reading = it.reveal(sent.links[0].token)
        with reading as message:
            reading.fetch(message.files[0], into)
        assert far.lines > len(cuts)
    status = client.status(sent.control_token)

    assert into.getvalue() == data
    assert (status.links[0].reveals, status.links[0].files[0].is_whole) == (1, True)


@pytest.mark.parametrize("fate", LOSSES)
def test_no_lost_request_or_reply_spoils_an_upload(far_client, line, client, fate):
    data = os.urandom(200_000)
    line.fates(fate, Fate.PASS, fate, Fate.PASS, fate)
    files = uploaded(far_client, data)
    sent = client.send(TEXT, files=files)

    assert fetched(client, sent.links[0].url) == [("part 1.pdf", data)]


def test_a_replace_has_files_of_its_own(client):
    sent = client.send(TEXT, files=uploaded(client, b"old"))
    new = client.upload(io.BytesIO(b"new"), "new.txt", beside=sent.control_url)
    other = client.upload(io.BytesIO(b"more"), "more.txt", beside=new)
    client.replace(sent.control_token, "new text", files=[new, other])

    assert fetched(client, sent.links[0].url) == [("new.txt", b"new"), ("more.txt", b"more")]


def test_what_is_cancelled_refused_or_recalled(client):
    upload = client.start_upload(10, "a")
    client.cancel_upload(upload)
    with pytest.raises(NotFound):
        client.upload(io.BytesIO(b"x" * 10), "a", begun=upload)
    with pytest.raises(FileTooLarge):
        client.start_upload(2**43, "a")
    with pytest.raises(Invalid):
        client.send(TEXT, files=[upload], idempotency_key=new_key())
    sent = client.send(TEXT, files=uploaded(client, b"x"))
    reading = client.reveal(sent.links[0].url)
    [file] = reading.__enter__().files
    client.recall(sent.control_token)
    with pytest.raises(Gone):
        reading.fetch(file, io.BytesIO())


def test_one_file_is_taken_out_and_the_other_stays(client):
    sent = client.send(TEXT, files=uploaded(client, b"wrong", b"right"), recipients=["Ana", "Ben"])
    reading = client.reveal(sent.links[0].url)
    wrong, right = reading.__enter__().files
    reading.fetch(wrong, io.BytesIO())
    taken = client.take_out(sent.control_token, version=1, file=1)

    assert (taken.name, [(one.recipient, one.outcome, one.sent) for one in taken.verdicts]) == (
        "part 1.pdf",
        [("Ana", "fetched", 5), ("Ben", "not_started", None)],
    )
    with pytest.raises(FileTakenOut):
        reading.fetch(wrong, io.BytesIO())
    reading.fetch(right, into := io.BytesIO())
    assert into.getvalue() == b"right"
    its = client.status(sent.control_token).links[1].files
    assert [file.taken_out_at for file in its] == [taken.taken_out_at, None]
    assert fetched(client, sent.links[1].url) == [("part 2.pdf", b"right")]


class Long(io.RawIOBase):
    """A file of zeros, as long as one likes; says how much was asked of it at a time."""

    def __init__(self, size):
        self.size, self.at, self.most = size, 0, 0

    def seekable(self):
        return True

    def seek(self, offset, whence=0):
        self.at = offset if whence == 0 else self.size + offset
        return self.at

    def read(self, size=-1):
        self.most = max(self.most, size)
        part = bytes(min(size, self.size - self.at))
        self.at += len(part)
        return part

    def write(self, part):
        self.most = max(self.most, len(part))
        self.at += len(part)
        return len(part)


def test_no_file_is_ever_whole_in_memory(client):
    """More than one request up; what is read and written at a time is bounded."""
    source, sink = Long(34 * MIB), Long(0)
    tracemalloc.start()
    try:
        upload = client.upload(source, "zeros")
        sent = client.send(TEXT, files=[upload])
        reading = client.reveal(sent.links[0].url)
        with reading as message:
            reading.fetch(message.files[0], sink)
        most = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()

    assert sink.at == source.size
    assert source.most <= BLOCK
    assert sink.most <= BLOCK
    assert most < 6 * MIB


class Shy(io.BytesIO):
    def __init__(self, data, *, seeks):
        super().__init__(data)
        self._seeks = seeks

    def seekable(self):
        return self._seeks

    def write(self, part):
        return super().write(part[:1000])


def test_odd_file_objects(client):
    """A pipe is refused, a file that shrinks too; what takes less at a time gets all."""
    shrunk = Shy(b"x" * 100_000, seeks=True)
    shrunk.read = lambda _: b""
    with pytest.raises(ValueError, match="seekable"):
        client.upload(Shy(b"x", seeks=False), "a")
    with pytest.raises(ValueError, match="shorter"):
        client.upload(shrunk, "a")
    sent = client.send(TEXT, files=uploaded(client, b"y" * 150_000))
    into = Shy(b"", seeks=True)
    reading = client.reveal(sent.links[0].url)
    with reading as message:
        reading.fetch(message.files[0], into)

    assert into.getvalue() == b"y" * 150_000


def test_the_client_for_asyncio_sends_and_fetches_files(service):
    data = os.urandom(MIB)

    async def both():
        async with AsyncClient(service.url, policy=HASTY, verify=CONTEXT) as client:
            file = await client.upload(io.BytesIO(data), "a.bin")
            other = await client.upload(io.BytesIO(b""), "b.bin", beside=file)
            sent = await client.send(TEXT, files=[file, other])
            reading = client.reveal(sent.links[0].url)
            into = io.BytesIO()
            async with reading as message:
                await reading.fetch(message.files[0], into)
                parts = [part async for part in reading.parts(message.files[0], start=MIB - 5)]
            return into.getvalue(), b"".join(parts)

    assert asyncio.run(both()) == (data, data[-5:])


def test_nobody_answers():
    policy = Policy(tries=2, first_wait=0.01)
    with (
        Client(f"http://127.0.0.1:{free_port()}", policy=policy, verify=CONTEXT) as client,
        pytest.raises(Unreachable) as lost,
    ):
        client.upload(io.BytesIO(b"x"), "a")

    assert not lost.value.may_have_happened
