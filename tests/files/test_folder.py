"""Uploads on a real folder and store: kills between any two steps, two writers, wrong places."""

import io
import os
from contextlib import suppress
from pathlib import Path

import pytest

from restante import upload_writer, wiring
from restante.blobs.folder import FolderPart
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

READER = ReaderKey("r" * 20)


@pytest.fixture
def place(tmp_path):
    return tmp_path / "blobs"


@pytest.fixture
def filing(place, own_store, ring):
    """Use cases over a store and a folder of their own."""
    store = own_store(durability="memory")
    connection = wiring.reach(Settings(redis_url=store.url))
    yield wiring.assemble(Settings(blobs=place), ring, connection)
    for pool in connection.pools:
        pool.disconnect()


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


def files_in(place):
    return sorted(path for path in place.rglob("*") if len(path.name) >= 32)


class Killed(BaseException):
    """What ends a process, for the code that it hits."""


STEPS = [
    (FolderPart, "write"), (FolderPart, "sync"), (FolderPart, "finish"), (os, "link"),
    (os, "fsync"), (os, "fdatasync"), (Path, "unlink"),
]  # fmt: skip


@pytest.mark.parametrize("after", [False, True])
@pytest.mark.parametrize("its", STEPS, ids=lambda its: f"{its[0].__name__}.{its[1]}")
def test_an_upload_that_is_killed_at_a_step_goes_on(filing, place, monkeypatch, its, after):
    where, step = its
    data = os.urandom(40 * PIECE_SIZE + 5)
    monkeypatch.setattr(upload_writer, "SAFE_EVERY", 20 * PIECE_SIZE)
    token = filing.uploading.start(3, len(data))
    real, left = getattr(where, step), [1]

    def killed(*given, **named):
        if not left:
            return real(*given, **named)
        left.clear()
        if after:
            real(*given, **named)
        raise Killed

    monkeypatch.setattr(where, step, killed)
    with pytest.raises(Killed):
        filing.uploading.receive(token, 0, io.BytesIO(data).read, last=True)
    at = filing.uploading.progress(token).offset
    # If the file had its name already, the answer is that nothing is left to send.
    with suppress(OffsetWrong):
        filing.uploading.receive(token, at, io.BytesIO(data[at:]).read, last=True)

    done = filing.uploading.progress(token)
    assert (done.offset, done.whole) == (len(data), True)
    message = sent(filing, token)
    assert fetched(filing, opened(filing, message)) == data
    filing.managing.recall(message.control)
    filing.sweeping.turn()
    assert files_in(place) == []


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
    [part] = files_in(place)
    os.truncate(part, 100)

    with pytest.raises(NotFound):
        filing.uploading.receive(token, 2 * PIECE_SIZE, io.BytesIO(b"").read, last=False)


@pytest.mark.parametrize("change", ["cut", "longer", "bit", "exchanged", "missing"])
def test_a_changed_blob_is_refused_before_a_wrong_byte_leaves(filing, place, change):
    data = os.urandom(3 * PIECE_SIZE)
    one, two = upload(filing, data), upload(filing, os.urandom(len(data)))
    ticket = opened(filing, sent(filing, one, two))
    its = {path.name: path for path in files_in(place)}
    path, other = its[one.blob_id.hex()], its[two.blob_id.hex()]
    raw = bytearray(path.read_bytes())
    match change:
        case "cut":
            del raw[-1]
        case "longer":
            raw += b"x"
        case "bit":
            raw[2 * (PIECE_SIZE + 28)] ^= 1
        case "exchanged":
            raw[:] = other.read_bytes()
    if change == "missing":
        path.unlink()
    else:
        path.write_bytes(raw)
    came = []

    def fetch():
        file = filing.fetching.open(ticket, 1)
        came.extend(filing.fetching.stream(ticket, file, 0, file.size))

    with pytest.raises(Unavailable if change == "missing" else Damaged):
        fetch()
    assert data.startswith(b"".join(came))
    assert len(b"".join(came)) <= PIECE_SIZE


def test_what_nothing_knows_goes_after_a_day(filing, place):
    kept = upload(filing, b"kept")
    folder = place / "3" / "ab"
    folder.mkdir(parents=True, exist_ok=True)
    orphans = [folder / ("ab" * 16), folder / ("ab" * 15 + "ac.part")]
    for path in orphans:
        path.write_bytes(b"x")
    assert filing.sweeping.sweep() == 0
    for path in files_in(place):
        os.utime(path, (0, 0))

    assert filing.sweeping.sweep() == 2
    assert [path.name for path in files_in(place)] == [kept.blob_id.hex()]


def test_a_folder_of_another_store_is_left_alone(filing, place, own_store, ring):
    message = sent(filing, upload(filing, b"mine"))
    other = wiring.reach(Settings(redis_url=own_store().url))
    strange = wiring.assemble(Settings(blobs=place), ring, other)
    for path in files_in(place):
        os.utime(path, (0, 0))

    with pytest.raises(Unavailable):
        strange.uploading.start(3, 1)
    with pytest.raises(FileNotFoundError):
        strange.sweeping.sweep()
    assert fetched(filing, opened(filing, message)) == b"mine"
    for pool in other.pools:
        pool.disconnect()


def test_a_folder_that_is_not_there_costs_nothing(filing, place):
    message = sent(filing, upload(filing, b"mine"))
    hidden = place.rename(place.parent / "hidden")

    with pytest.raises(Unavailable):
        filing.uploading.start(3, 1)
    filing.managing.recall(message.control)
    with pytest.raises(FileNotFoundError):
        filing.sweeping.turn()
    for path in place.glob("*"):  # what a look at the empty folder leaves
        path.unlink()
    place.rmdir()
    hidden.rename(place)
    assert len(files_in(place)) == 1
    assert filing.uploading.start(3, 1)


def test_no_upload_begins_without_room(filing, own_store, ring, tmp_path):
    store = own_store()
    connection = wiring.reach(Settings(redis_url=store.url))
    few = Settings(blobs=tmp_path / "few", files_total_max=100)
    full = Settings(blobs=tmp_path / "few", files_reserve=2**50)
    for settings in (few, full):
        with pytest.raises(Full):
            wiring.assemble(settings, ring, connection).uploading.start(3, 101)
    for pool in connection.pools:
        pool.disconnect()


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
    assert files_in(place) == []


def test_an_expiry_that_was_moved_earlier_takes_the_blobs_along(filing, place):
    message = sent(filing, upload(filing, b"x" * 100), expires_in_seconds=86_400)
    filing.managing.extend(message.control, 60)

    assert not filing.sweeping.turn()
    assert filing.managing.recall(message.control)[0].outcome == "recalled_unread"
    assert filing.sweeping.turn() == 1
    assert files_in(place) == []


def test_a_forgotten_message_leaves_no_blob(filing, place):
    message = sent(filing, upload(filing, b"x" * 100))
    filing.managing.forget(message.control)

    assert filing.sweeping.turn() == 1
    assert files_in(place) == []


def lose(way, place, token):
    """Have the blob of an upload be missing, in one way."""
    [path] = [path for path in files_in(place) if path.name == token.blob_id.hex()]
    match way:
        case "blob":
            path.unlink()
        case "cut":
            os.truncate(path, 5)
        case "disk":
            place.rename(place.parent / "hidden")
        case "another disk":
            place.rename(place.parent / "hidden")
            place.mkdir()
            (place / "place").write_text("a" * 32)


@pytest.mark.parametrize("way", ["blob", "cut", "disk", "another disk"])
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
    message = filing.sending.send(Draft("only text"))
    place.mkdir(exist_ok=True)
    place.chmod(0)
    its = message.links[0].token

    assert filing.reading.reveal(its, READER, None, visitor="browser").text == "only text"
    place.chmod(0o700)


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
