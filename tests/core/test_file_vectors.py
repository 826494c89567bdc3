"""Files are sealed as docs/specs/file.md says: the product and its frozen vectors agree."""

from __future__ import annotations

import json

import pytest

from restante.crypto import files
from restante.crypto.files import FileSeal, SealedFile, UploadToken
from restante.crypto.keyring import Keyring
from restante.crypto.tokens import LinkToken, ReaderKey
from restante.errors import Damaged, NotFound
from restante.file_names import distinct, fit_name
from tests.vectors import blobs
from tests.vectors.blobs import FILE

MANIFESTS = FILE["rejected_manifests"]
TOKENS = FILE["rejected_files_tokens"]
WHY = {"ids": lambda case: ascii(case["why"])}


def raw(case: dict[str, str], *names: str) -> list[bytes]:
    return [bytes.fromhex(case[name]) for name in names]


def given_out(blob, case):
    """Return what is given out of a blob, as the product reads one, and whether all of it was."""
    secret, blob_id = raw(case, "secret", "blob_id")
    size = case["size"]
    seal, last, given = FileSeal.of(secret, blob_id), size // files.PIECE_SIZE, b""
    try:
        files.check_blob(blob[:1], len(blob), size)
        for number in range(last + 1):
            chunk = blob[files.chunk_at(number) : files.chunk_at(number + 1)]
            given += seal.open(chunk, number, last=number == last)
    except Damaged:
        return given, False
    return given, True


@pytest.mark.parametrize("case", FILE["uploads"], ids=lambda case: case["token"])
def test_an_upload_token_gives_what_the_vectors_say(case):
    secret, salt = raw(case, "secret", "salt")
    upload = UploadToken(case["shard"], secret)

    assert str(upload) == case["token"]
    assert UploadToken.parse(case["token"]) == upload
    assert upload.blob_id.hex() == case["blob_id"]
    assert upload.file_secret(salt).hex() == case["file_secret"]


@pytest.mark.parametrize("case", FILE["rejected_uploads"], **WHY)
def test_an_upload_token_that_the_vectors_reject_is_unknown(case):
    with pytest.raises(NotFound):
        UploadToken.parse(case["token"])


def test_a_blob_is_as_long_as_the_vectors_say():
    for case in FILE["lengths"]:
        assert files.blob_size(case["size"]) == case["length"]
        assert files.file_size(case["length"]) == case["size"]
    for length in FILE["rejected_lengths"]:
        with pytest.raises(Damaged):
            files.file_size(length)


@pytest.mark.parametrize("case", FILE["blobs"], ids=lambda case: case["name"])
def test_a_blob_of_the_vectors_opens(case):
    blob = blobs.good(case)

    assert given_out(blob, case) == (blobs.plain(case), True)
    assert len(blob) == case["length"]
    for size in {case["size"] - 1, case["size"] + 1} - {-1}:
        assert given_out(blob, case | {"size": size}) == (b"", False)


@pytest.mark.parametrize("case", FILE["rejected_blobs"], **WHY)
def test_of_a_blob_that_the_vectors_reject_nothing_wrong_is_given_out(case):
    given, whole = given_out(blobs.bad(case), case)

    assert not whole
    assert len(given) == case["given_at_most"]


@pytest.mark.parametrize("case", FILE["odd_blobs"], ids=lambda case: case["name"])
def test_a_blob_sealed_in_another_way_does_not_open_as_its_own_file_either(case):
    """Those without pieces of their own are good, but no other file's."""
    _, whole = given_out(blobs.good(case), case)

    assert whole == ("pieces" not in case)


def test_a_whole_piece_is_never_the_last_and_a_shorter_one_always():
    """Also if somebody who has its key seals it so."""
    for case in FILE["odd_blobs"]:
        chunk, seal = blobs.good(case)[1:], FileSeal.of(*raw(case, "secret", "blob_id"))
        for *_, number, last in case.get("pieces", ()):
            if len(case["pieces"]) == 1:
                with pytest.raises(Damaged):
                    seal.open(chunk, number, last=last)


@pytest.mark.parametrize("case", FILE["manifests"], ids=lambda case: str(case["version"]))
def test_a_manifest_of_the_vectors_opens(case):
    content_key, mid, manifest = raw(case, "content_key", "message_id", "manifest")
    key = files.files_key(content_key)
    opened = files.open_manifest(manifest, key=key, message_id=mid, version=case["version"])
    said = json.loads(case["plain"])["files"]

    assert key.hex() == case["files_key"]
    assert [(its.name, its.size, its.type) for its in opened] == [
        (its["name"], its["size"], its["type"]) for its in said
    ]
    assert [its.blob_id.hex() for its in opened] == [its["blob"] for its in said]
    assert [
        files.other_share(its.share, bytes.fromhex(share)).hex()
        for its, share in zip(opened, case["shares"], strict=True)
    ] == case["secrets"]
    assert case["secrets"][0] == FILE["blobs"][1 if len(said) == 1 else 3]["secret"]


@pytest.mark.parametrize("case", MANIFESTS["manifests"], **WHY)
def test_a_manifest_that_the_vectors_reject_is_damaged(case):
    content_key, mid, manifest = raw(MANIFESTS | case, "content_key", "message_id", "manifest")
    key = files.files_key(content_key)

    with pytest.raises(Damaged):
        files.open_manifest(manifest, key=key, message_id=mid, version=MANIFESTS["version"])


def test_a_manifest_tells_its_length_in_steps_of_a_kibibyte():
    its = SealedFile("a", 1, "text/plain", bytes(16), bytes(32))

    def length(*names: str) -> int:
        sealed = files.seal_manifest(
            [its._replace(name=name) for name in names],
            key=bytes(32), root_id=bytes(4), message_id=bytes(16), version=1,
        )  # fmt: skip
        return len(sealed) - 33

    assert {length("a"), length("a" * 255)} == {1024}
    assert length(*("a" * 255 for _ in range(9))) % 1024 == 0


def token_of(case, token):
    root, wrapped, secret = raw(case, "root_key", "wrapped", "link_secret")
    link = LinkToken(0, secret)
    key = files.token_key(Keyring([root]), wrapped)
    reader_id = ReaderKey(case["reader"]).reader_id(link)
    return files.open_files_token(token, token_key=key, link=link, reader_id=reader_id)


@pytest.mark.parametrize("case", FILE["files_tokens"], ids=lambda case: case["token"][:9])
def test_a_files_token_of_the_vectors_opens(case):
    key = token_of(case, case["token"])

    assert key is not None
    assert key.hex() == case["files_key"]


@pytest.mark.parametrize("case", TOKENS["tokens"], **WHY)
def test_a_files_token_that_the_vectors_reject_gives_no_key(case):
    assert token_of(TOKENS, case["token"]) is None


@pytest.mark.parametrize("case", FILE["names"], ids=lambda case: ascii(case["said"])[:40])
def test_a_name_becomes_the_one_of_the_vectors(case):
    assert distinct([fit_name(said) for said in case["said"]]) == case["names"]
