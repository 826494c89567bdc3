"""Uploads on a real folder and on S3: kills between any two steps, two writers, wrong places."""

import io
import os
from contextlib import suppress
from pathlib import Path

import pytest

from restante import sweeping, upload_writer, wiring
from restante.blobs import places
from restante.blobs.folder import FolderPart
from restante.blobs.s3_line import Line
from restante.blobs.s3_part import S3Part
from restante.crypto.files import PIECE_SIZE
from restante.crypto.tokens import ReaderKey
from restante.errors import (
    Damaged,
    Full,
    NotFound,
    OffsetWrong,
    PassphraseWrong,
    Superseded,
    Unavailable,
)
from restante.fetching import Ticket
from restante.files_there import FilesThere
from restante.messages import Draft, NewFile
from restante.settings import Settings
from tests.support.s3_server import BucketPlace, FolderPlace

READER = ReaderKey("r" * 20)


@pytest.fixture(params=["folder", "S3"])
def place(request, tmp_path):
    if request.param == "folder":
        return FolderPlace(tmp_path)
    return BucketPlace(request.getfixturevalue("s3_server"), tmp_path)


@pytest.fixture
def store(own_store):
    return own_store(durability="memory")


@pytest.fixture
def house(place, store, ring):
    """Make use cases over the place and a store of their own: as many machines as wanted."""
    connections = []

    def make(settings=None, url=store.url):
        connections.append(wiring.reach(Settings(redis_url=url)))
        return wiring.assemble(settings or place.settings(), ring, connections[-1])

    yield make
    for connection in connections:
        for pool in connection.pools:
            pool.disconnect()


@pytest.fixture
def filing(house):
    return house()


def upload(house, data, *, shard=3):
    token = house.uploading.start(shard, len(data))
    house.uploading.receive(token, 0, io.BytesIO(data).read, last=True)
    return token


def sent(house, *tokens, **fields):
    files = tuple(NewFile(str(token), "a.bin") for token in tokens)
    return house.sending.send(Draft("x", files=files, **fields))


def opened(house, message, link=0):
    its = message.links[link].token
    content = house.reading.reveal(its, READER, None, visitor="browser")
    return Ticket(its, READER, content.files_token)


def fetched(house, ticket, number=1):
    file = house.fetching.open(ticket, number)
    return b"".join(house.fetching.stream(ticket, file, 0, file.size))


class Killed(BaseException):
    """What ends a process, for the code that it hits."""


FOLDER_STEPS = [
    (FolderPart, "write"), (FolderPart, "sync"), (FolderPart, "finish"), (os, "link"),
    (os, "fsync"), (os, "fdatasync"), (Path, "unlink"),
]  # fmt: skip
S3_STEPS = [
    (Line, verb)
    for verb in (
        "list_objects_v2", "put_object", "create_multipart_upload", "upload_part",
        "complete_multipart_upload", "delete_object", "list_multipart_uploads",
    )
]  # fmt: skip


def push(house, token, data):
    """Upload in two requests, the second of which completes the file."""
    half = 10 * PIECE_SIZE
    at = house.uploading.progress(token).offset
    if at < half:
        at = house.uploading.receive(token, at, io.BytesIO(data[at:half]).read, last=False).offset
    # If the file had its name already, the answer is that nothing is left to send.
    with suppress(OffsetWrong):
        house.uploading.receive(token, at, io.BytesIO(data[at:]).read, last=True)


@pytest.mark.parametrize("after", [False, True])
@pytest.mark.parametrize(
    ("place", "its"),
    [("folder", its) for its in FOLDER_STEPS] + [("S3", its) for its in S3_STEPS],
    indirect=["place"],
    ids=lambda its: its if isinstance(its, str) else f"{its[0].__name__}.{its[1]}",
)
def test_an_upload_that_is_killed_at_a_step_goes_on(house, place, monkeypatch, its, after):
    where, step = its
    filing = house()
    data = os.urandom((140 if where is Line else 40) * PIECE_SIZE + 5)
    monkeypatch.setattr(upload_writer, "SAFE_EVERY", 20 * PIECE_SIZE)
    token = filing.uploading.start(3, len(data))
    verb, step = (step, "ask") if where is Line else (None, step)
    real, left = getattr(where, step), [1]

    def killed(*given, **named):
        if not left or (verb and verb != given[1]):
            return real(*given, **named)
        left.clear()
        if after:
            real(*given, **named)
        # Nor does a process that was killed tidy up.
        monkeypatch.setattr(S3Part, "close", lambda its: its._spool.close())
        raise Killed

    monkeypatch.setattr(where, step, killed)
    with pytest.raises(Killed):
        push(filing, token, data)
    monkeypatch.undo()
    push(house(), token, data)

    done = filing.uploading.progress(token)
    assert (done.offset, done.whole) == (len(data), True)
    if verb in {"create_multipart_upload", "upload_part"}:
        assert (place.names(), place.left_overs()) == ([token.blob_id.hex()], [])
    message = sent(filing, token)
    assert fetched(filing, opened(filing, message)) == data
    filing.managing.recall(message.control)
    filing.sweeping.turn()
    assert (place.names(), place.left_overs()) == ([], [])


def test_an_older_writer_is_refused_by_a_newer_one(filing):
    data = os.urandom(40 * PIECE_SIZE)
    token = filing.uploading.start(3, len(data))
    source, newer = io.BytesIO(data), []

    def read(size):
        if source.tell() and not newer:
            at = filing.uploading.progress(token).offset
            newer.append(filing.uploading.receive(token, at, io.BytesIO(data[at:]).read, last=True))
        return source.read(size)

    with pytest.raises(Superseded):
        filing.uploading.receive(token, 0, read, last=True)

    assert newer[0].whole
    assert fetched(filing, opened(filing, sent(filing, token))) == data


def test_a_reader_who_breaks_off_keeps_whole_pieces(filing):
    data = os.urandom(3 * PIECE_SIZE)
    token = filing.uploading.start(3, len(data))
    parts = [data[: 16 * PIECE_SIZE]]

    def read(size):
        if parts:
            return parts.pop()[:size]
        raise ConnectionError

    with pytest.raises(ConnectionError):
        filing.uploading.receive(token, 0, read, last=False)

    assert filing.uploading.progress(token).offset == len(data)
    assert not filing.uploading.progress(token).whole


def test_a_part_that_lost_what_was_safe_ends_the_upload(filing, place):
    token = filing.uploading.start(3, 4 * PIECE_SIZE)
    filing.uploading.receive(token, 0, io.BytesIO(b"x" * 2 * PIECE_SIZE).read, last=False)
    place.spoil_part()

    with pytest.raises(NotFound):
        filing.uploading.receive(token, 2 * PIECE_SIZE, io.BytesIO(b"").read, last=False)


@pytest.mark.parametrize("change", ["cut", "longer", "bit", "exchanged", "missing"])
def test_a_changed_blob_is_refused_before_a_wrong_byte_leaves(filing, place, change):
    data = os.urandom(3 * PIECE_SIZE)
    one, two = upload(filing, data), upload(filing, os.urandom(len(data)))
    ticket = opened(filing, sent(filing, one, two))
    name, other = one.blob_id.hex(), two.blob_id.hex()
    raw = bytearray(place.raw(name))
    match change:
        case "cut":
            del raw[-1]
        case "longer":
            raw += b"x"
        case "bit":
            raw[2 * (PIECE_SIZE + 28)] ^= 1
        case "exchanged":
            raw[:] = place.raw(other)
    if change == "missing":
        place.remove(name)
    else:
        place.put(name, bytes(raw))
    came = []

    def fetch():
        file = filing.fetching.open(ticket, 1)
        came.extend(filing.fetching.stream(ticket, file, 0, file.size))

    with pytest.raises(Unavailable if change == "missing" else Damaged):
        fetch()
    assert data.startswith(b"".join(came))
    assert len(b"".join(came)) <= PIECE_SIZE


def test_what_nothing_knows_goes_after_a_day(filing, place, monkeypatch):
    kept = upload(filing, b"kept")
    for name in ("ab" * 16, "ab" * 15 + "ac.part", "ab" * 15 + "ad.7.65565.part"):
        place.put(name, b"x")
    theirs = [name for name in place.names() if "ab" * 15 in name]
    assert filing.sweeping.sweep() == 0
    monkeypatch.setattr(sweeping, "ORPHAN_SECONDS", -5)

    assert filing.sweeping.sweep() == 2
    assert len(theirs) == 3
    assert kept.blob_id.hex() in place.names()
    assert len(place.names()) == 2  # and one whose name is none of this place's


def test_a_place_of_another_store_is_left_alone(filing, house, own_store, monkeypatch):
    message = sent(filing, upload(filing, b"mine"))
    strange = house(url=own_store().url)
    monkeypatch.setattr(sweeping, "ORPHAN_SECONDS", -5)

    with pytest.raises(Unavailable):
        strange.uploading.start(3, 1)
    with pytest.raises(FileNotFoundError):
        strange.sweeping.sweep()
    assert fetched(filing, opened(filing, message)) == b"mine"


def test_a_place_that_is_not_there_costs_nothing(filing, place):
    message = sent(filing, upload(filing, b"mine"))
    begun = filing.uploading.start(3, 4 * PIECE_SIZE)
    filing.uploading.receive(begun, 0, io.BytesIO(b"x" * 2 * PIECE_SIZE).read, last=False)
    ticket = opened(filing, sent(filing, upload(filing, b"theirs")))
    kept = place.names()
    place.hide()

    for ask in (
        lambda: filing.uploading.start(3, 1),
        lambda: filing.uploading.receive(begun, 2 * PIECE_SIZE, io.BytesIO().read, last=False),
        lambda: fetched(filing, ticket),
    ):
        with pytest.raises(Unavailable):
            ask()
    filing.managing.recall(message.control)
    for work in (filing.sweeping.turn, filing.sweeping.sweep):
        with pytest.raises(OSError):  # noqa: PT011 (of any kind)
            work()
    place.show()
    assert place.names() == kept
    assert filing.uploading.start(3, 1)
    assert fetched(filing, ticket) == b"theirs"
    rest = io.BytesIO(b"x" * 2 * PIECE_SIZE)
    assert filing.uploading.receive(begun, 2 * PIECE_SIZE, rest.read, last=True).whole


def test_no_upload_begins_without_room(house, place):
    with pytest.raises(Full):
        house(place.settings(files_total_max=100)).uploading.start(3, 101)


@pytest.mark.parametrize("place", ["folder"], indirect=True)
def test_no_upload_takes_the_reserve_of_the_disk(house, place):
    with pytest.raises(Full):
        house(place.settings(files_reserve=2**50)).uploading.start(3, 101)


def test_what_a_place_keeps_is_known_also_of_uploads_under_way(filing, place):
    upload(filing, b"x" * 100)
    begun = filing.uploading.start(3, 4 * PIECE_SIZE)
    filing.uploading.receive(begun, 0, io.BytesIO(b"x" * PIECE_SIZE).read, last=False)

    used = places.place_of(place.settings()).used()
    assert used == (1 + 100 + 28, 1 + PIECE_SIZE + 28)


def test_two_readers_of_one_link_fetch_at_once_and_end_apart(filing, place):
    data = os.urandom(3 * PIECE_SIZE)
    message = sent(filing, upload(filing, data), views=2)
    link, tickets = message.links[0].token, []
    for reader in (READER, ReaderKey("s" * 20)):
        content = filing.reading.reveal(link, reader, None, visitor="browser")
        tickets.append(Ticket(link, reader, content.files_token))
    streams = [
        filing.fetching.stream(its, filing.fetching.open(its, 1), 0, len(data)) for its in tickets
    ]
    pairs = list(zip(*streams, strict=True))

    assert [b"".join(parts) for parts in zip(*pairs, strict=True)] == [data, data]
    filing.answering.acknowledge(link, READER, keep=False)
    assert fetched(filing, tickets[1]) == data
    filing.answering.acknowledge(link, tickets[1].reader_key, keep=False)
    filing.sweeping.turn()
    assert place.names() == []


def test_a_download_counts_though_the_one_before_notices_late_that_its_line_died(filing):
    data = os.urandom(9 * PIECE_SIZE + 1)
    message = sent(filing, upload(filing, data), upload(filing, b"x"))
    ticket = opened(filing, message)
    file = filing.fetching.open(ticket, 1)
    streams = [
        filing.fetching.stream(ticket, file, at, len(data))
        for at in (0, 3 * PIECE_SIZE, 6 * PIECE_SIZE)
    ]
    dead = [next(streams[0]) for _ in range(4)], [next(streams[1]) for _ in range(4)]
    assert b"".join(streams[2]) == data[6 * PIECE_SIZE :]

    def told():
        status = filing.managing.status(message.control)
        return status.links[0].files[0].sent, [event.type for event in status.events][-1]

    assert told() == (0, "link.file_started")
    streams[1].close()
    assert told() == (0, "link.file_started")
    streams[0].close()
    assert told() == (len(data), "link.file_fetched")
    assert [len(parts) for parts in dead] == [4, 4]
    assert fetched(filing, ticket) == data
    assert (
        sum(e.type == "link.file_fetched" for e in filing.managing.status(message.control).events)
        == 1
    )


def test_a_gap_between_two_downloads_is_not_a_whole_file(filing):
    data = os.urandom(12 * PIECE_SIZE + 1)
    message = sent(filing, upload(filing, data))
    ticket = opened(filing, message)
    file = filing.fetching.open(ticket, 1)
    for first, end in ((8, 12), (0, 2), (4, 6), (8, 9), (10, 12)):
        list(filing.fetching.stream(ticket, file, first * PIECE_SIZE, end * PIECE_SIZE))
    [link] = filing.managing.status(message.control).links

    assert link.files[0].sent == 2 * PIECE_SIZE


def test_an_expiry_that_was_moved_earlier_takes_the_blobs_along(filing, place):
    message = sent(filing, upload(filing, b"x" * 100), expires_in_seconds=86_400)
    filing.managing.extend(message.control, 60)

    assert not filing.sweeping.turn()
    assert filing.managing.recall(message.control)[0].outcome == "recalled_unread"
    assert filing.sweeping.turn() == 1
    assert place.names() == []


def test_a_forgotten_message_leaves_no_blob(filing, place):
    message = sent(filing, upload(filing, b"x" * 100))
    filing.managing.forget(message.control)

    assert filing.sweeping.turn() == 1
    assert place.names() == []


def lose(way, place, token):
    """Have the blob of an upload be missing, in one way."""
    name = token.blob_id.hex()
    match way:
        case "blob":
            place.remove(name)
        case "cut":
            place.put(name, place.raw(name)[:5])
        case "place":
            place.hide()
        case "another place":
            place.hide()
            place.show_another()


@pytest.mark.parametrize("way", ["blob", "cut", "place", "another place"])
def test_no_view_is_spent_on_a_message_whose_files_cannot_be_had(filing, place, way):
    tokens = [upload(filing, os.urandom(100)) for _ in range(2)]
    message = sent(filing, *tokens, passphrase="a passphrase")
    link = message.links[0].token
    lose(way, place, tokens[1])
    for _ in range(2):
        with pytest.raises(Unavailable):
            filing.reading.reveal(link, READER, "a passphrase", visitor="browser")
    with pytest.raises(PassphraseWrong):
        filing.reading.reveal(link, READER, "another one", visitor="browser")

    assert filing.reading.preview(link, visitor="").views_left == 1
    assert filing.managing.recall(message.control)[0].outcome == "recalled_unread"


def test_a_text_without_files_opens_without_their_place(filing, place):
    upload(filing, b"x")
    message = filing.sending.send(Draft("only text"))
    place.hide()
    its = message.links[0].token

    assert filing.reading.reveal(its, READER, None, visitor="browser").text == "only text"


def test_a_view_that_was_spent_shows_its_text_again_without_the_files(filing, place):
    token = upload(filing, b"x" * 100)
    message = sent(filing, token)
    opened(filing, message)
    lose("blob", place, token)
    its = message.links[0].token

    assert filing.reading.reveal(its, READER, None, visitor="browser").text == "x"


def test_a_message_that_is_replaced_between_both_questions_is_looked_at_anew(
    filing, place, monkeypatch
):
    message = sent(filing, upload(filing, b"old", shard=3))
    real = FilesThere.check

    def check(its, shard, blob_ids):
        monkeypatch.undo()
        new = upload(filing, b"newer", shard=message.control.shard)
        files = (NewFile(str(new), "b.bin"),)
        filing.sending.replace(message.control, "new", files=files)
        real(its, shard, blob_ids)

    monkeypatch.setattr(FilesThere, "check", check)
    assert fetched(filing, opened(filing, message)) == b"newer"
