"""Files that are scanned before they count, by a server that speaks clamd's protocol."""

import io
import os

import pytest

from restante import wiring
from restante.blobs.folder import Folder
from restante.crypto.files import PIECE_SIZE
from restante.errors import FileRefused, NotFound, OffsetWrong, Unavailable
from restante.settings import Settings
from restante.settings.parsers import scanner as address_of
from tests.support.api import Api, Visitor
from tests.support.filing import append, begin, offset_of, uploaded
from tests.support.processes import Service, wait_until
from tests.support.scanner import EICAR, Scanner

MIB = 1024 * 1024
EVIL = bytes(PIECE_SIZE - 30) + EICAR + bytes(MIB)
"""The text lies across the border of two pieces."""


@pytest.fixture(params=["port", "socket"])
def scanner(request, tmp_path):
    path = tmp_path / "clamd.sock" if request.param == "socket" else None
    with Scanner(path, most=3 * MIB) as scanner:
        yield scanner


@pytest.fixture
def house(tmp_path, own_store, ring, scanner):
    store = own_store(durability="memory")
    connection = wiring.reach(Settings(redis_url=store.url))
    settings = Settings(
        blobs=tmp_path / "blobs", durability="memory", files_reserve=0, scan=address_of(scanner.url)
    )
    yield wiring.assemble(settings, ring, connection)
    for pool in connection.pools:
        pool.disconnect()


def bring(house, data, token=None):
    token = token or house.uploading.start(3, len(data))
    house.uploading.receive(token, 0, io.BytesIO(data).read, last=True)
    return token


@pytest.mark.parametrize("size", [1, PIECE_SIZE, MIB, MIB + 7])
def test_a_scanner_gets_the_file_as_it_was_and_it_counts(house, scanner, size):
    data = os.urandom(size)
    token = bring(house, data)

    assert house.uploading.progress(token).whole
    assert scanner.scanned == [data]


def test_an_empty_file_needs_no_scan(house, scanner):
    assert house.uploading.progress(bring(house, b"")).whole
    assert scanner.scanned == []


def test_a_refused_file_is_gone(house, scanner, tmp_path):
    token = house.uploading.start(3, len(EVIL))
    with pytest.raises(FileRefused) as refused:
        bring(house, EVIL, token)

    assert refused.value.found == "Eicar-Test-Signature"
    with pytest.raises(NotFound):
        house.uploading.progress(token)
    house.sweeping.turn()
    assert not [path for path in (tmp_path / "blobs").rglob("*") if len(path.name) >= 32]
    scanner.says = b"stream: <b>a\x1bb c</b> FOUND\0"
    with pytest.raises(Unavailable):
        bring(house, b"x")
    scanner.says = b"stream: <b> c FOUND\0"
    with pytest.raises(FileRefused) as refused:
        bring(house, b"x")
    assert refused.value.found == "_b__c"


def test_a_file_that_is_too_large_for_the_scanner_is_refused(house):
    with pytest.raises(FileRefused) as refused:
        bring(house, bytes(12 * MIB))

    assert refused.value.found == ""


@pytest.mark.parametrize("says", [b"", b"stream: ERROR\0", b"OK\0", b"x" * 9000])
def test_a_file_does_not_count_while_the_scanner_is_away_and_is_scanned_again(
    house, scanner, says, tmp_path
):
    data = os.urandom(100)
    token = house.uploading.start(3, len(data))
    scanner.says = says
    for _ in range(2):
        with pytest.raises(Unavailable):
            bring(house, data, token)
    assert not house.uploading.progress(token).whole
    scanner.says = None
    # The blob has its name already, so the answer says where the upload is.
    with pytest.raises(OffsetWrong) as told:
        bring(house, data, token)

    assert told.value.offset == len(data)
    assert house.uploading.progress(token).whole
    assert scanner.scanned == [data] * 3
    scanner.end()
    with pytest.raises(Unavailable):
        bring(house, b"y")


def test_a_second_request_while_it_is_scanned_takes_nothing_from_the_first(
    house, scanner, monkeypatch
):
    data, real, again = os.urandom(100), Folder.read, []

    def read(its, *given):
        if not again:
            again.append(1)
            with pytest.raises(OffsetWrong):
                bring(house, data, token)
        return real(its, *given)

    token = house.uploading.start(3, len(data))
    monkeypatch.setattr(Folder, "read", read)
    done = house.uploading.receive(token, 0, io.BytesIO(data).read, last=True)

    assert done.whole
    assert scanner.scanned == [data, data]


def test_programs_and_people_are_told_which_file_was_refused(tmp_path):
    with (
        Scanner() as scanner,
        Service(tmp_path, RESTANTE_SCAN=scanner.url) as service,
        Api(service.url) as api,
    ):
        upload = begin(api, len(EVIL))
        answer = append(api, upload, 0, EVIL, last=True)
        assert (answer.status, answer.code) == (422, "file-refused")
        assert answer.json["detail"] == "It found Eicar-Test-Signature."
        uploaded(api, b"good")

        visitor = Visitor(service.url)
        visitor.get("/")
        files = [("good.txt", b"good", "text/plain"), ("evil <1>.bin", EVIL, "text/plain")]
        page = visitor.send_files("/", {"text": "two files"}, files)
        assert page.status == 422
        assert "“evil _1_.bin” was left out: the virus scan refused it." in page.text
        assert page.text.count('name="upload" value="') == 1

        scanner.end()
        late = begin(api, 4)
        assert append(api, late, 0, b"late", last=True).status == 503
        assert offset_of(api, late) == 0
        folder = service.data_dir / "blobs"
        wait_until(lambda: len([1 for path in folder.rglob("*") if len(path.name) >= 32]) == 3)
        for path in service.data_dir.rglob("*"):
            assert not path.is_file() or EICAR not in path.read_bytes()
