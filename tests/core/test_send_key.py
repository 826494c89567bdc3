"""A send with an Idempotency-Key: docs/specs/link.md and its vectors, and what the store keeps."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import pytest

from restante import wiring
from restante.crypto import keyring
from restante.crypto.keyring import Keyring, key_id
from restante.crypto.send_key import NO_TOKEN, Proof, SendKey
from restante.errors import Invalid, KeyReused, Unavailable
from restante.messages import Draft
from restante.settings import Settings
from restante.store.keys import TAGS
from tests.conftest import happened, read

VECTORS = json.loads((Path(__file__).parents[1] / "vectors/link.json").read_text("utf-8"))
KEY = "8b4f2f2e-4f0b-4f0e-9d0a-1c9a52a6f3b7"
DAY_MS = 86_400_000


def send_key(value=KEY, sender=NO_TOKEN, request="a request"):
    return SendKey(value, sender, hashlib.sha256(request.encode()).digest())


def fresh():
    """Return a key that no other test uses, as the store is shared."""
    return send_key(keyring.new_key())


def house_with(connection, *root_keys):
    return wiring.assemble(Settings(), Keyring(root_keys), connection)


@pytest.mark.parametrize("vector", VECTORS["sends"])
def test_a_send_key_gives_what_the_vectors_say(vector):
    key, root_key = bytes.fromhex(vector["request"]), bytes.fromhex(vector["root_key"])
    once = SendKey(vector["key"], bytes.fromhex(vector["sender"]), key)
    salt, check = bytes.fromhex(vector["salt"]), bytes.fromhex(vector["check"])
    control = once.repeat(Keyring([root_key]), Proof(key_id(root_key), salt, check))

    assert once.send_id.hex() == vector["send_id"]
    assert str(control) == vector["control_token"]


@pytest.mark.parametrize("written", ["", "a" * 31, "~" * 129, "a" * 31 + "é", "a" * 32 + "\n"])
def test_a_short_or_odd_key_is_refused(written):
    with pytest.raises(Invalid):
        send_key(written)


def test_the_same_key_gives_the_same_answer_and_one_message(house):
    once, draft = fresh(), Draft("hello", recipients=("Ana", "Bob"), webhook="https://a.example/")
    first, second = house.sending.send(draft, once=once), house.sending.send(draft, once=once)

    assert second == first
    assert happened(house, first) == ["message.sent"]
    assert read(house, first.links[1].token) == "hello"


def test_another_request_with_the_same_key_is_refused_and_stores_nothing(house):
    once = fresh()
    sent = house.sending.send(Draft("one"), once=once)
    other = SendKey(once.value, once.sender, hashlib.sha256(b"another").digest())
    with pytest.raises(KeyReused):
        house.sending.send(Draft("two"), once=other)

    assert read(house, sent.links[0].token) == "one"


def test_the_same_key_of_another_sender_is_another_message(house):
    once = fresh()
    other = SendKey(once.value, bytes(15) + b"\1", once.request)
    first, second = (house.sending.send(Draft("one"), once=key) for key in (once, other))

    assert first.message_id != second.message_id


def test_the_answer_stays_the_first_whatever_happened_since(turned_house, clock):
    once, draft = fresh(), Draft("one", hold_seconds=30)
    first = turned_house.sending.send(draft, once=once)
    turned_house.managing.extend(first.control, 600)
    turned_house.managing.recall(first.control)
    clock.forward(60_000)
    second = turned_house.sending.send(draft, once=once)

    assert second == first
    assert happened(turned_house, first)[-1] == "link.recalled"


def test_a_repeated_send_brings_no_forgotten_message_back(house):
    """As a delayed copy of the request would."""
    once, draft = fresh(), Draft("one")
    first = house.sending.send(draft, once=once)
    house.managing.forget(first.control)
    second = house.sending.send(draft, once=once)

    assert second == first
    assert not house.connection.run("outline", message_key(first))[1:]


def message_key(sent):
    return f"{{{TAGS[sent.control.shard]}}}:message:".encode() + sent.message_id


def once_key(once):
    return f"{{{TAGS[once.send_id[0] % 16]}}}:once:".encode() + once.send_id


def test_after_a_day_the_key_makes_a_new_message_with_other_tokens(house, raw):
    once, draft = fresh(), Draft("one")
    first = house.sending.send(draft, once=once)
    assert DAY_MS - 60_000 < raw.pttl(once_key(once)) <= DAY_MS
    raw.delete(once_key(once))
    second = house.sending.send(draft, once=once)

    assert second.control != first.control
    assert first.control.shard == second.control.shard


def test_what_is_kept_of_it_names_neither_key_nor_message(house, raw):
    once = fresh()
    sent = house.sending.send(Draft("one"), once=once)
    kept = raw.get(once_key(once))
    secrets = (once.value.encode(), once.request, sent.message_id, sent.control.secret,
               sent.links[0].link_id)  # fmt: skip

    assert len(kept) == 36 + 3 * 13 + 2
    assert [secret for secret in secrets if secret in kept] == []


def test_a_new_root_key_between_send_and_repeat_changes_nothing(connection):
    old, new = (Keyring.parse(keyring.new_key()).newest for _ in range(2))
    once, draft = fresh(), Draft("one")
    first = house_with(connection, old).sending.send(draft, once=once)
    repeats = [house_with(connection, *ring) for ring in ((new, old), (old, new))]

    assert [house.sending.send(draft, once=once) for house in repeats] == [first, first]
    with pytest.raises(Unavailable):
        house_with(connection, new).sending.send(draft, once=once)
    assert happened(repeats[0], first) == ["message.sent"]
