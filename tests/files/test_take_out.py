"""One file is taken out of a sent message: what readers get, what is told, what is left of it."""

import io
import os
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest
import redis

from restante import fetching, wiring
from restante.crypto.files import PIECE_SIZE, UploadToken, other_share
from restante.crypto.tokens import ReaderKey
from restante.errors import Damaged, Gone, Invalid, NotFound, TakenOut
from restante.fetching import Ticket
from restante.file_reports import Fetch
from restante.messages import Draft, Evidence, NewFile
from restante.service.embedded_store import EmbeddedStore
from restante.settings import Settings

EVIDENCE = Evidence("192.0.2.0/24", "Firefox", "Windows")
DATA = os.urandom(3 * PIECE_SIZE + 5)
MIB = 1024 * 1024


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    return tmp_path_factory.mktemp("blobs")


@pytest.fixture(scope="module")
def own(tmp_path_factory):
    store = EmbeddedStore(tmp_path_factory.mktemp("store"), 64 * MIB, "memory")
    store.start()
    yield store
    store.stop()


@pytest.fixture(scope="module")
def filing(place, own, ring):
    connection = wiring.reach(Settings(redis_url=own.url))
    yield wiring.assemble(Settings(blobs=place), ring, connection)
    for pool in connection.pools:
        pool.disconnect()


@pytest.fixture(scope="module")
def raw(own):
    with redis.Redis.from_url(own.url, protocol=3, legacy_responses=False) as client:
        yield client


def uploaded(house, *contents, shard=3):
    tokens = [house.uploading.start(shard, len(data)) for data in contents]
    for token, data in zip(tokens, contents, strict=True):
        house.uploading.receive(token, 0, io.BytesIO(data).read, last=True)
    return tuple(NewFile(str(token), f"part {n}.bin") for n, token in enumerate(tokens, 1))


def sent(house, *contents, **fields):
    return house.sending.send(Draft("x", files=uploaded(house, *contents), **fields))


def opened(house, link, reader="r", passphrase=None):
    key = ReaderKey(reader * 20)
    content = house.reading.reveal(link, key, passphrase, visitor="browser")
    return content, Ticket(link, key, content.files_token)


def stream(house, ticket, number):
    file = house.fetching.open(ticket, number)
    return house.fetching.stream(ticket, file, 0, file.size)


def blobs(place, *files):
    names = {UploadToken.parse(one.upload).blob_id.hex() for one in files}
    return {path.name for path in place.rglob("*")} & names


def events_of(house, control):
    return [event for event in house.managing.status(control).events if "taken_out" in event.type]


def test_a_file_that_was_taken_out_is_gone_and_the_verdict_says_who_had_it(filing, place):
    files = uploaded(filing, DATA, b"two")
    draft = Draft("x", files=files, recipients=("Ana", "Ben", "Cid", "Dot"))
    message = filing.sending.send(draft)
    tickets = {name: opened(filing, link.token)[1]
               for name, link in zip("abc", message.links, strict=False)}  # fmt: skip
    assert b"".join(stream(filing, tickets["a"], 1)) == DATA
    begun = stream(filing, tickets["b"], 1)
    next(begun), next(begun)
    begun.close()
    assert b"".join(stream(filing, tickets["c"], 2)) == b"two"
    taken = filing.taking_out.take_out(message.control, 1, 1, evidence=EVIDENCE)

    assert (taken.version, taken.number, taken.name) == (1, 1, "part 1.bin")
    assert [(one.recipient, one.file.fetch, one.file.sent) for one in taken.verdicts] == [
        ("Ana", Fetch.FETCHED, len(DATA)),
        ("Ben", Fetch.STARTED, PIECE_SIZE),
        ("Cid", Fetch.NOT_STARTED, None),
        ("Dot", Fetch.NOT_STARTED, None),
    ]
    [event] = events_of(filing, message.control)
    assert event.facts == {
        "version": 1, "file": 1, "fetched": 1, "started": 1, "not_started": 2
    }  # fmt: skip
    assert event.evidence == EVIDENCE.as_dict()
    for ticket in tickets.values():
        with pytest.raises(TakenOut) as refused:
            filing.fetching.open(ticket, 1)
        assert refused.value.at == taken.taken_out_at
        assert [its.number for its in filing.fetching.files(ticket)] == [2]
        assert b"".join(stream(filing, ticket, 2)) == b"two"
    filing.sweeping.turn()
    assert blobs(place, *files) == blobs(place, files[1])
    assert blobs(place, files[1])
    status = filing.managing.status(message.control)
    assert [its.taken_out_at for its in status.newest_files] == [taken.taken_out_at, None]
    assert status.links[3].files[0].taken_out_at == taken.taken_out_at


def test_a_second_request_changes_nothing(filing):
    message = sent(filing, b"one")
    first = filing.taking_out.take_out(message.control, 1, 1)

    assert filing.taking_out.take_out(message.control, 1, 1) == first
    filing.managing.recall(message.control)
    assert filing.taking_out.take_out(message.control, 1, 1) == first
    assert len(events_of(filing, message.control)) == 1


@pytest.mark.parametrize(("version", "number"), [(1, 0), (1, 2), (2, 1), (0, 1)])
def test_a_file_that_is_not_there_cannot_be_taken_out(filing, version, number):
    message = sent(filing, b"one")

    with pytest.raises(Invalid) as refused:
        filing.taking_out.take_out(message.control, version, number)
    assert [fault.field for fault in refused.value.faults] == ["number"]
    assert events_of(filing, message.control) == []
    assert b"".join(stream(filing, opened(filing, message.links[0].token)[1], 1)) == b"one"


def test_no_message_no_file(filing):
    message = sent(filing, b"one")
    filing.managing.forget(message.control)

    with pytest.raises(NotFound):
        filing.taking_out.take_out(message.control, 1, 1)


def test_who_opened_it_before_is_told_and_who_opens_it_later_is_not(filing, place, clock):
    house = wiring.assemble(Settings(blobs=place), filing.keyring, filing.connection, now=clock.now)
    message = sent(house, b"one", b"two", views=2)
    link = message.links[0].token
    opened(house, link)
    clock.forward(1)
    taken = house.taking_out.take_out(message.control, 1, 1)
    earlier, later = opened(house, link)[0], opened(house, link, "s")[0]

    assert [(its.number, its.taken_out_at) for its in earlier.files] == [
        (1, taken.taken_out_at),
        (2, None),
    ]
    assert [(its.number, its.name) for its in later.files] == [(2, "part 2.bin")]


def test_no_passphrase_is_needed(filing):
    message = sent(filing, b"one", b"two", passphrase="orange boat")
    filing.taking_out.take_out(message.control, 1, 2)
    _, ticket = opened(filing, message.links[0].token, passphrase="orange boat")

    assert b"".join(stream(filing, ticket, 1)) == b"one"
    with pytest.raises(TakenOut):
        stream(filing, ticket, 2)


def test_a_running_download_stops_at_its_next_check_and_what_was_sent_counts(filing, monkeypatch):
    monkeypatch.setattr(fetching, "ASK_EVERY", PIECE_SIZE)
    message = sent(filing, DATA, b"two")
    ticket = opened(filing, message.links[0].token)[1]
    running = stream(filing, ticket, 1)
    came = [next(running)]
    taken = filing.taking_out.take_out(message.control, 1, 1)

    with pytest.raises(TakenOut):
        came.extend(running)
    assert [one.file.fetch for one in taken.verdicts] == [Fetch.STARTED]
    assert len(b"".join(came)) <= 2 * PIECE_SIZE
    [link] = filing.managing.status(message.control).links
    assert link.files[0].sent == len(b"".join(came))


def test_a_download_that_was_whole_when_its_file_was_taken_out_is_told_as_whole(filing):
    message = sent(filing, b"one")
    ticket = opened(filing, message.links[0].token)[1]
    running = stream(filing, ticket, 1)
    assert next(running) == b"one"
    first = filing.taking_out.take_out(message.control, 1, 1)
    with pytest.raises(TakenOut):
        next(running)
    again = filing.taking_out.take_out(message.control, 1, 1)

    assert [one.file.fetch for one in first.verdicts] == [Fetch.STARTED]
    assert [one.file.fetch for one in again.verdicts] == [Fetch.FETCHED]
    types = [event.type for event in filing.managing.status(message.control).events]
    assert types[-2:] == ["message.file_taken_out", "link.file_fetched"]


def test_nothing_opens_it_any_more_wherever_its_blob_still_is(filing, place, raw):
    """Not with the link, the root key, the manifest, a copy of the blob, and the store."""
    files = uploaded(filing, DATA, b"two")
    message = filing.sending.send(Draft("x", files=files))
    ticket = opened(filing, message.links[0].token)[1]
    file = filing.fetching.open(ticket, 1)
    [kept] = [key for key in raw.keys("*:blobs-of:*") if message.message_id in key]
    share, mark = raw.get(kept)[16:48], raw.get(kept.partition(b":")[0] + b":destroyed")
    filing.taking_out.take_out(message.control, 1, 1)

    dumps = [raw.dump(key) for key in raw.keys("*") if message.message_id in key]
    assert not any(share in dump or file.blob_id in dump for dump in dumps)
    assert raw.get(kept)[:48] == bytes(48)
    # So the worker has the store's files rewritten.
    assert raw.get(kept.partition(b":")[0] + b":destroyed") != mark
    assert raw.pexpiretime(kept) == message.expires_at
    [its, _] = filing.fetching._ask(ticket, fetching.Place())
    assert its.secret == other_share(file.secret, share)
    with pytest.raises(Damaged):
        list(filing.fetching._opened(ticket, its, 0, its.size))


def test_its_blob_goes_though_the_message_is_kept_longer(filing, place):
    files = uploaded(filing, DATA, b"two")
    message = filing.sending.send(Draft("x", files=files, views=2))
    ticket = opened(filing, message.links[0].token)[1]
    filing.taking_out.take_out(message.control, 1, 1)
    filing.managing.extend(message.control, 100_000)
    assert b"".join(stream(filing, ticket, 2)) == b"two"
    filing.sweeping.turn()

    assert blobs(place, *files) == blobs(place, files[1])
    assert b"".join(stream(filing, ticket, 2)) == b"two"


def test_a_message_whose_only_file_was_taken_out_still_opens(filing):
    message = sent(filing, b"one")
    filing.taking_out.take_out(message.control, 1, 1)
    filing.sweeping.turn()
    content, ticket = opened(filing, message.links[0].token)

    assert (content.text, content.files) == ("x", ())
    assert filing.fetching.files(ticket) == ()


def test_a_replaced_version_keeps_its_numbers(filing, place):
    message = sent(filing, b"one", recipients=("Ana", "Ben"))
    ana, ben = (link.token for link in message.links)
    old = opened(filing, ana)[1]
    newer = uploaded(filing, b"new one", shard=message.control.shard)
    filing.sending.replace(message.control, "y", files=newer)
    verdicts = filing.taking_out.take_out(message.control, 2, 1).verdicts

    assert [one.link_id for one in verdicts] == [ben.link_id]
    assert b"".join(stream(filing, old, 1)) == b"one"
    verdicts = filing.taking_out.take_out(message.control, 1, 1).verdicts
    assert [one.link_id for one in verdicts] == [ana.link_id]
    with pytest.raises(TakenOut):
        stream(filing, old, 1)


def test_of_a_version_that_nobody_has_there_is_nothing_to_take_out(filing):
    message = sent(filing, b"one")
    filing.sending.replace(message.control, "y")

    with pytest.raises(Invalid):
        filing.taking_out.take_out(message.control, 1, 1)


def raced(*deeds):
    """Do all at the same moment; return what each returned or raised."""
    start = Barrier(len(deeds))

    def do(deed):
        start.wait()
        try:
            return deed()
        except (Gone, Invalid, NotFound, TakenOut) as refused:
            return refused

    with ThreadPoolExecutor(len(deeds)) as people:
        return [done.result() for done in [people.submit(do, deed) for deed in deeds]]


def test_of_many_who_take_it_out_at_once_one_does(filing):
    message = sent(filing, b"one", b"two")
    deed = lambda n: lambda: filing.taking_out.take_out(message.control, 1, n)  # noqa: E731
    done = raced(*(deed(1 + n % 2) for n in range(8)))

    assert len({its.taken_out_at for its in done[::2]}) == 1
    assert len({its.taken_out_at for its in done[1::2]}) == 1
    events = events_of(filing, message.control)
    assert sorted(event.facts["file"] for event in events) == [1, 2]


def test_who_is_told_that_nothing_was_sent_is_told_the_truth(filing):
    """A reader and the sender at the same moment."""
    outcomes = set()
    for _ in range(30):
        message = sent(filing, b"one")
        ticket = opened(filing, message.links[0].token)[1]
        came, taken = raced(
            lambda its=ticket: b"".join(stream(filing, its, 1)),
            lambda its=message.control: filing.taking_out.take_out(its, 1, 1),
        )
        [verdict] = taken.verdicts
        outcomes.add(verdict.file.fetch)
        if verdict.file.fetch is Fetch.NOT_STARTED:
            assert isinstance(came, TakenOut)
        if came == b"one":
            assert verdict.file.fetch is Fetch.FETCHED

    assert outcomes <= set(Fetch)


def test_a_recall_or_replace_at_the_same_moment_leaves_no_blob_of_it(filing, place):
    for _ in range(10):
        files = uploaded(filing, b"one")
        message = filing.sending.send(Draft("x", files=files))
        control = message.control
        other, taken = raced(
            lambda its=control: filing.managing.recall(its),
            lambda its=control: filing.taking_out.take_out(its, 1, 1),
        )
        assert other[0].outcome == "recalled_unread"
        assert isinstance(taken, Invalid) or taken.verdicts[0].file.fetch is Fetch.NOT_STARTED
        second = uploaded(filing, b"one")
        message = filing.sending.send(Draft("x", files=second))
        raced(
            lambda its=message.control: filing.sending.replace(its, "y"),
            lambda its=message.control: filing.taking_out.take_out(its, 1, 1),
        )
        filing.sweeping.turn()
        assert blobs(place, *files, *second) == set()
