"""The ring of root keys: what is refused, what is never echoed, which key is used."""

from __future__ import annotations

import base64
import itertools
import json
import re
import secrets
from pathlib import Path

import pytest

from restante.crypto import keyring
from restante.crypto.keyring import KEY_SIZE, Keyring
from restante.errors import SettingsInvalid, Unavailable

VECTORS = json.loads((Path(__file__).parents[1] / "vectors/link.json").read_text("utf-8"))


def written(key: bytes) -> str:
    return base64.urlsafe_b64encode(key).decode()


def two_keys_of_one_id() -> tuple[bytes, bytes]:
    """Search for 2^16 or so keys; ids have 4 bytes."""
    seen: dict[bytes, bytes] = {}
    while True:
        key = secrets.token_bytes(KEY_SIZE)
        other = seen.setdefault(keyring.key_id(key), key)
        if other != key:
            return other, key


@pytest.mark.parametrize("vector", VECTORS["root_keys"])
def test_a_root_key_has_the_id_that_the_vectors_say(vector):
    ring = Keyring.parse(vector["written"])

    assert ring.newest.hex() == Keyring.parse(vector["unpadded"]).newest.hex() == vector["key"]
    assert ring.newest_id.hex() == vector["root_id"]
    assert ring[ring.newest_id] == ring.newest


def test_a_fresh_key_is_a_ring_and_never_the_same():
    keys = [keyring.new_key() for _ in range(50)]

    assert len(set(keys)) == 50
    assert all(Keyring.parse(key).ids for key in keys)


def test_the_first_key_is_the_newest_and_all_are_found_by_their_ids():
    keys = [keyring.new_key() for _ in range(3)]
    ring = Keyring.parse(" , ".join(keys) + "\n")

    assert [written(ring[root_id]) for root_id in ring.ids] == keys
    assert written(ring.newest) == keys[0]


def test_a_key_is_written_with_padding_as_the_spec_says():
    assert re.fullmatch(r"[A-Za-z0-9_-]{43}=", keyring.new_key())


def test_padding_may_be_left_out():
    key = keyring.new_key()

    assert Keyring.parse(key.rstrip("=")).newest == Keyring.parse(key).newest


def test_a_key_that_is_not_in_the_ring_is_unavailable():
    ring = Keyring.parse(keyring.new_key())

    with pytest.raises(Unavailable):
        ring[b"none"]


@pytest.mark.parametrize(
    "bad",
    [
        "",
        ",",
        "hello",
        "é" * 43,
        written(secrets.token_bytes(31)),
        written(secrets.token_bytes(33)),
        written(bytes(32)),
        written(b"\xff" * 32),
        written(b"0123456789abcdef" * 2),
        written(b"correct horse battery staple 123"),
        written(bytes(range(15)) * 2 + b"\0\1"),
        keyring.new_key()[:-3] + "!!=",
        keyring.new_key().replace("=", "") + "====",
    ],
    ids=itertools.count(),
)
def test_a_key_that_is_malformed_or_weak_is_refused(bad):
    with pytest.raises(SettingsInvalid):
        Keyring.parse(bad)


def test_every_bad_key_is_named_by_its_place_and_none_is_echoed():
    weak, twice = written(b"x" * 32), keyring.new_key()
    with pytest.raises(SettingsInvalid) as caught:
        Keyring.parse(f"{twice},not-a-key,{weak},{twice}")

    assert len(caught.value.problems) == 3
    for place, problem in zip((2, 3, 4), caught.value.problems, strict=True):
        assert f"root key {place} " in problem
    for key in (twice, "not-a-key", weak):
        assert key not in str(caught.value)


def test_two_keys_with_one_id_are_refused():
    one, other = two_keys_of_one_id()

    with pytest.raises(SettingsInvalid, match="share an id"):
        Keyring.parse(f"{written(one)},{written(other)}")


def test_keys_do_not_show_when_a_ring_is_printed():
    key = keyring.new_key()
    ring = Keyring.parse(key)

    assert repr(ring) == str(ring) == "<Keyring of 1>"
