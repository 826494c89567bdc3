"""Nothing of a sealed file, manifest or files token can be changed, moved or put elsewhere."""

from __future__ import annotations

import os
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from restante.crypto import files, keyring
from restante.crypto.files import (
    CHUNK_SIZE,
    FILE_MOST,
    PIECE_SIZE,
    FileSeal,
    SealedFile,
    UploadToken,
)
from restante.crypto.keyring import Keyring
from restante.crypto.tokens import ControlToken, ReaderKey
from restante.errors import Damaged, Unavailable
from restante.file_names import NAME_MAX, distinct, fit_name
from restante.typed_digits import whole_number
from tests.second import files as second
from tests.second.files import File

UPLOAD, SALT = UploadToken.new(3), files.new_salt()
SECRET, BLOB = UPLOAD.file_secret(SALT), UPLOAD.blob_id
SEAL = FileSeal.of(SECRET, BLOB)
WHOLE = os.urandom(PIECE_SIZE)
RING = Keyring.parse(keyring.new_key())
CONTROL = ControlToken.new()
LINK, READER = CONTROL.link(0), ReaderKey("r" * 16)
WRAPPED = b"\x01" + RING.newest_id + os.urandom(60)
KEY = os.urandom(32)
PLACE = {"message_id": CONTROL.message_id, "version": 1}

pieces = st.binary(max_size=200)
numbers = st.integers(0, FILE_MOST // PIECE_SIZE)
sizes = st.integers(0, FILE_MOST)
ids = st.binary(min_size=16, max_size=16)
secrets = st.binary(min_size=32, max_size=32)


def changed(data: st.DataObject, raw: bytes) -> bytes:
    """Return other bytes: one is changed, some are gone, added, or in another order."""
    at = data.draw(st.integers(0, len(raw) - 1))
    bit = 1 << data.draw(st.integers(0, 7))
    more = data.draw(st.binary(min_size=1, max_size=40))
    return data.draw(
        st.sampled_from(
            [
                raw[:at] + bytes([raw[at] ^ bit]) + raw[at + 1 :],
                raw[:at],
                raw[at + 1 :],
                raw[:at] + more + raw[at:],
                raw + more,
                raw + raw,
            ]
        ),
    )


@given(pieces, numbers)
def test_a_last_chunk_opens_with_exactly_its_number(piece, number):
    chunk = SEAL.close(piece, number, last=True)

    assert SEAL.open(chunk, number, last=True) == piece
    assert len(chunk) == len(piece) + 28
    its = File("", number * PIECE_SIZE + len(piece), "", BLOB, SECRET)
    assert second.open_chunk(chunk, its, number) == piece


def test_a_whole_chunk_opens_with_exactly_its_number():
    chunk = SEAL.close(WHOLE, 7, last=False)

    assert SEAL.open(chunk, 7, last=False) == WHOLE
    assert len(chunk) == CHUNK_SIZE
    for number, last in ((6, False), (8, False), (7, True), (0, False)):
        with pytest.raises(Damaged):
            SEAL.open(chunk, number, last=last)


@given(pieces, numbers, st.data())
def test_a_changed_chunk_does_not_open(piece, number, data):
    chunk = SEAL.close(piece, number, last=True)

    with pytest.raises(Damaged):
        SEAL.open(changed(data, chunk), number, last=True)


@given(st.data())
def test_a_changed_whole_chunk_does_not_open(data):
    chunk = SEAL.close(WHOLE, 0, last=False)

    for last in (False, True):
        with pytest.raises(Damaged):
            SEAL.open(changed(data, chunk), 0, last=last)


@given(pieces, numbers, numbers, st.booleans())
def test_a_chunk_elsewhere_does_not_open(piece, number, other, last):
    chunk = SEAL.close(piece, number, last=True)

    if (other, last) != (number, True):
        with pytest.raises(Damaged):
            SEAL.open(chunk, other, last=last)


@given(pieces, ids, secrets)
def test_a_chunk_of_another_blob_or_upload_does_not_open(piece, blob_id, secret):
    chunk = SEAL.close(piece, 0, last=True)

    for other in (FileSeal.of(SECRET, blob_id), FileSeal.of(secret, BLOB)):
        with pytest.raises(Damaged):
            other.open(chunk, 0, last=True)


def test_the_same_piece_is_sealed_in_another_way_each_time():
    """An upload that goes on seals pieces again, perhaps other ones: no nonce may come twice."""
    fresh = {SEAL.close(b"a", 0, last=True)[:12] for _ in range(100)}

    assert len(fresh) == 100


def test_a_piece_of_another_length_is_never_sealed():
    for piece, last in ((WHOLE, True), (WHOLE[1:], False), (b"", False), (WHOLE + b"a", True)):
        with pytest.raises(AssertionError):
            SEAL.close(piece, 0, last=last)


@given(secrets)
def test_without_the_store_s_salt_an_upload_token_opens_nothing(salt):
    chunk = SEAL.close(b"a", 0, last=True)

    with pytest.raises(Damaged):
        FileSeal.of(UPLOAD.file_secret(salt), BLOB).open(chunk, 0, last=True)
    assert FileSeal.of(UPLOAD.file_secret(SALT), BLOB).open(chunk, 0, last=True) == b"a"


@given(sizes)
def test_every_size_has_one_length(size):
    length = files.blob_size(size)

    assert files.file_size(length) == size == second.size_in(length)
    assert files.chunk_at(size // PIECE_SIZE) + 28 <= length
    assert length < files.chunk_at(size // PIECE_SIZE + 1)


@given(st.integers(-1, 2**24), st.integers(-70, 70))
def test_a_length_that_no_size_has_is_damaged(whole, more):
    length = 1 + whole * CHUNK_SIZE + more
    if length < 1 or (length - 1) % CHUNK_SIZE < 28:
        with pytest.raises(Damaged):
            files.file_size(length)
    else:
        assert files.blob_size(files.file_size(length)) == length


@given(sizes, st.binary(max_size=2), st.integers(-70_000, 70_000))
def test_a_blob_of_another_format_or_length_gives_nothing(size, first, more):
    length = files.blob_size(size)
    files.check_blob(b"\x01", length, size)

    for start, its in ((first, length), (b"\x01", length + more)):
        if (start, its) != (b"\x01", length):
            with pytest.raises(Damaged):
                files.check_blob(start, its, size)


sealed_files = st.lists(
    st.builds(
        SealedFile,
        name=st.text().map(fit_name),
        size=sizes,
        type=st.sampled_from(["text/plain", "application/octet-stream"]),
        blob_id=ids,
        share=secrets,
    ),
    max_size=4,
)


def manifest(its: list[SealedFile]) -> bytes:
    return files.seal_manifest(its, key=KEY, root_id=RING.newest_id, **PLACE)


@given(sealed_files)
def test_a_manifest_opens_to_the_same_files(its):
    sealed = manifest(its)

    assert files.open_manifest(sealed, key=KEY, **PLACE) == tuple(its)
    assert len(sealed) % 1024 == 33
    opened = second.open_manifest(KEY, sealed, CONTROL.message_id, 1)
    assert [tuple(one) for one in opened] == [tuple(one) for one in its]


@given(sealed_files, st.data())
def test_a_changed_manifest_does_not_open(its, data):
    with pytest.raises(Damaged):
        files.open_manifest(changed(data, manifest(its)), key=KEY, **PLACE)


@given(sealed_files, secrets, ids, st.integers(2, 2**32 - 1))
def test_a_manifest_elsewhere_does_not_open(its, key, message_id, version):
    sealed = manifest(its)

    for other in ({"key": key}, {"message_id": message_id}, {"version": version}):
        with pytest.raises(Damaged):
            files.open_manifest(sealed, **{"key": KEY, **PLACE, **other})


def close_token(**other):
    place = {"token_key": files.token_key(RING, WRAPPED), "link": LINK}
    return files.close_files_token(KEY, reader_id=READER.reader_id(LINK), **place, **other)


def open_token(token, *, wrapped=WRAPPED, link=LINK, reader=READER):
    key = files.token_key(RING, wrapped)
    return files.open_files_token(token, token_key=key, link=link, reader_id=reader.reader_id(link))


def test_a_files_token_opens_for_its_reader_while_the_wrapped_key_is_there():
    token = close_token()
    root = RING[RING.newest_id]

    assert open_token(token) == KEY
    assert second.open_token(root, WRAPPED, LINK.secret, READER.value, token) == KEY
    assert len(token) == 80
    assert open_token(token, link=CONTROL.link(1)) is None
    assert open_token(token, reader=ReaderKey("s" * 16)) is None
    assert open_token(token, wrapped=WRAPPED[:-1] + bytes([WRAPPED[-1] ^ 1])) is None


def test_a_files_token_lives_on_under_an_older_root_key_of_the_ring():
    token = close_token()
    longer = Keyring([Keyring.parse(keyring.new_key()).newest, RING.newest])

    key = files.token_key(longer, WRAPPED)
    reader_id = READER.reader_id(LINK)
    opened = files.open_files_token(token, token_key=key, link=LINK, reader_id=reader_id)

    assert opened == KEY
    with pytest.raises(Unavailable):
        files.token_key(Keyring.parse(keyring.new_key()), WRAPPED)


@given(st.data())
def test_a_changed_files_token_gives_no_key(data):
    token = close_token()
    other = changed(data, token.encode()).decode("latin-1")

    assert open_token(other) is None


@given(st.lists(st.text(), max_size=5))
def test_names_are_short_distinct_and_never_a_path(said):
    names = distinct([fit_name(one) for one in said])

    assert len({name.casefold() for name in names}) == len(said)
    for name in names:
        assert 1 <= len(name.encode()) <= NAME_MAX
        assert not set(name) & set('/\\:*?"<>|\r\n\0')
        assert name.strip(" .") == name


@pytest.mark.parametrize(
    ("written", "fit"),
    [
        ("x" * 1_000_000 + ".pdf", "x" * 251 + ".pdf"),
        ("dir/" * 500_000 + "a.txt", "a.txt"),
        ("a" + "\N{COMBINING ACUTE ACCENT}\N{COMBINING CEDILLA}" * 1_000_000, None),
        ("\N{RIGHT-TO-LEFT OVERRIDE}" * 1_000_000, "_" * 255),
    ],
    ids=["long", "deep", "marks", "overrides"],
)
def test_a_name_of_megabytes_takes_no_time(written, fit):
    began = time.process_time()
    found = fit_name(written)

    assert time.process_time() - began < 1
    assert len(found.encode()) <= 255
    assert fit in {None, found}


def test_a_number_of_megabytes_takes_no_time():
    began = time.process_time()

    assert whole_number("1" + "\N{COMBINING ACUTE ACCENT}\N{COMBINING CEDILLA}" * 1_000_000) is None
    assert time.process_time() - began < 1
