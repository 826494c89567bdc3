"""The second implementation opens the files of the vectors, and rejects the rest."""

import json

import pytest

from tests.second import files, sealed
from tests.second.files import File
from tests.second.sealed import Rejected
from tests.vectors import blobs
from tests.vectors.blobs import FILE

MANIFESTS = FILE["rejected_manifests"]
TOKENS = FILE["rejected_files_tokens"]


def raw(case, *names):
    return [bytes.fromhex(case[name]) for name in names]


def file_in(case):
    return File("", case["size"], "", *raw(case, "blob_id", "secret"))


def given_out(blob, its):
    """Return what was given out, and whether all of it was."""
    given = b""
    try:
        for piece in files.open_blob(blob, its):
            given += piece
    except Rejected:
        return given, False
    return given, True


def test_it_reads_upload_tokens_as_the_vectors_say():
    for case in FILE["uploads"]:
        secret, salt = raw(case, "secret", "salt")
        assert sealed.token_of("U", case["token"]) == (case["shard"], secret)
        assert files.blob_id(secret).hex() == case["blob_id"]
        assert files.file_secret(secret, salt).hex() == case["file_secret"]
        key = files.file_key(*raw(case, "file_secret", "blob_id"))
        assert key.hex() == case["file_key"]
    for case in FILE["rejected_uploads"]:
        with pytest.raises(Rejected):
            sealed.token_of("U", case["token"])


def test_it_knows_how_long_blobs_are():
    for case in FILE["lengths"]:
        assert files.blob_length(case["size"]) == case["length"]
        assert files.size_in(case["length"]) == case["size"]
    for length in FILE["rejected_lengths"]:
        with pytest.raises(Rejected):
            files.size_in(length)


def test_it_opens_blobs():
    for case in FILE["blobs"]:
        blob = blobs.good(case)
        assert blob.hex() == case.get("blob", blob.hex())
        assert len(blob) == case["length"]
        assert given_out(blob, file_in(case)) == (blobs.plain(case), True)
        for size in {case["size"] - 1, case["size"] + 1} - {-1}:
            assert given_out(blob, file_in(case | {"size": size})) == (b"", False)


def test_it_gives_out_nothing_from_the_first_wrong_chunk_on():
    for case in FILE["rejected_blobs"]:
        given, whole = given_out(blobs.bad(case), file_in(case))
        assert (len(given), whole) == (case["given_at_most"], False), case["why"]


def test_a_blob_that_was_sealed_in_another_way_does_not_open():
    """Those without pieces of their own are good, but no other file's."""
    for case in FILE["odd_blobs"]:
        _, whole = given_out(blobs.good(case), file_in(case))
        assert whole == ("pieces" not in case), case["name"]


def test_a_whole_piece_is_never_the_last_and_a_shorter_one_always():
    """Also if somebody who has its key seals it so."""
    for case in FILE["odd_blobs"]:
        for *_, number, last in case.get("pieces", ()):
            if len(case["pieces"]) == 1:
                its = file_in(case | {"size": 1 if last else files.PIECE})
                with pytest.raises(Rejected):
                    files.open_chunk(blobs.good(case)[1:], its, number)


def test_it_opens_manifests():
    for case in FILE["manifests"]:
        content_key, mid, manifest = raw(case, "content_key", "message_id", "manifest")
        key = files.files_key(content_key)
        assert key.hex() == case["files_key"]
        opened = files.open_manifest(key, manifest, mid, case["version"])
        said = json.loads(case["plain"])["files"]
        assert [one.name for one in opened] == [one["name"] for one in said]
        assert [one.size for one in opened] == [one["size"] for one in said]
        assert [one.type for one in opened] == [one["type"] for one in said]
        assert [one.blob_id.hex() for one in opened] == [one["blob"] for one in said]
        shares = map(bytes.fromhex, case["shares"])
        opens = [one.file(share).secret.hex() for one, share in zip(opened, shares, strict=True)]
        assert opens == case["secrets"]


def test_it_rejects_every_manifest_that_the_vectors_reject():
    content_key, mid = raw(MANIFESTS, "content_key", "message_id")
    key = files.files_key(content_key)
    for case in MANIFESTS["manifests"]:
        with pytest.raises(Rejected):
            files.open_manifest(key, *raw(case, "manifest"), mid, MANIFESTS["version"])


def test_it_opens_files_tokens():
    for case in FILE["files_tokens"]:
        keys = raw(case, "root_key", "wrapped", "link_secret")
        assert keys[1][1:5] == sealed.root_id(keys[0])
        assert files.open_token(*keys, case["reader"], case["token"]).hex() == case["files_key"]


def test_it_rejects_every_files_token_that_the_vectors_reject():
    keys = raw(TOKENS, "root_key", "wrapped", "link_secret")
    for case in TOKENS["tokens"]:
        with pytest.raises(Rejected):
            files.open_token(*keys, TOKENS["reader"], case["token"])
