"""What is sealed opens with exactly its own keys and place: docs/specs/envelope.md."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from restante import wiring
from restante.crypto import envelope, keyring
from restante.crypto.envelope import Box, LinkKeys
from restante.crypto.keyring import Keyring
from restante.crypto.passphrases import spelled
from restante.crypto.tokens import ControlToken, LinkToken
from restante.errors import Damaged, Unavailable
from restante.settings import Settings

VECTORS = json.loads((Path(__file__).parents[1] / "vectors/envelope.json").read_text("utf-8"))
REJECTED = VECTORS["rejected"]
RING = Keyring.parse(keyring.new_key())
CONTROL = ControlToken.new()
MESSAGE, LINK = CONTROL.message_id, CONTROL.link(0)

versions = st.integers(1, 2**32 - 1)


def raw(case: dict[str, str], *names: str) -> list[bytes]:
    return [bytes.fromhex(case[name]) for name in names]


def link_of(secret: bytes) -> LinkToken:
    return LinkToken(0, secret)


def rejected_keys() -> tuple[LinkKeys, bytes]:
    root_key, secret, message_id = raw(REJECTED, "root_key", "link_secret", "message_id")
    return LinkKeys.derive(root_key, link_of(secret)), message_id


@pytest.mark.parametrize("vector", VECTORS["spelled"], ids=lambda v: ascii(v["passphrase"]))
def test_a_passphrase_is_spelled_as_the_vectors_say(vector):
    assert spelled(vector["passphrase"]) == vector["form_2"]


@pytest.mark.parametrize("vector", VECTORS["stretch"])
def test_a_passphrase_stretches_as_the_vectors_say(vector):
    (message_id,) = raw(vector, "message_id")

    assert envelope.stretch(vector["passphrase"], message_id).hex() == vector["stretched"]


def test_a_passphrase_typed_in_another_normal_form_is_the_same():
    composed, decomposed = "Zo\u00eb", "Zoe\u0308"

    assert envelope.stretch(composed, MESSAGE) == envelope.stretch(decomposed, MESSAGE)
    assert envelope.stretch("pass ", MESSAGE) != envelope.stretch("pass", MESSAGE)


@pytest.mark.parametrize("vector", VECTORS["link_keys"])
def test_a_link_gives_the_keys_that_the_vectors_say(vector):
    root_key, secret, stretched = raw(vector, "root_key", "link_secret", "stretched")
    keys = LinkKeys.derive(root_key, link_of(secret), stretched)

    assert keys.root_id.hex() == vector["root_id"]
    assert link_of(secret).link_id.hex() == vector["link_id"]
    assert keys.link_key.hex() == vector["link_key"]
    assert keys.verifier.hex() == vector["verifier"]


@pytest.mark.parametrize("vector", VECTORS["wrapped_keys"])
def test_a_wrapped_key_of_the_vectors_opens(vector):
    root_key, secret, message_id, wrapped = raw(
        vector, "root_key", "link_secret", "message_id", "wrapped"
    )
    link = link_of(secret)
    content_key = envelope.unwrap_key(
        wrapped,
        keys=LinkKeys.derive(root_key, link),
        message_id=message_id,
        link_id=link.link_id,
        version=vector["version"],
    )

    assert content_key.hex() == vector["content_key"]
    assert len(wrapped) == 65


@pytest.mark.parametrize("vector", VECTORS["contents"])
def test_a_content_of_the_vectors_opens(vector):
    content_key, message_id, text, content = raw(
        vector, "content_key", "message_id", "text", "content"
    )
    opened = envelope.unseal_content(
        content, content_key=content_key, message_id=message_id, version=vector["version"]
    )

    assert opened == text
    assert len(content) == len(text) + 33


@pytest.mark.parametrize("vector", VECTORS["boxes"])
def test_a_box_of_the_vectors_opens(vector):
    root_key, record_id, plain, boxed = raw(vector, "root_key", "record_id", "plain", "box")
    box = Box(Keyring([root_key]))

    assert box.open(boxed, purpose=vector["purpose"], record_id=record_id) == plain
    assert len(boxed) == len(plain) + 49


@pytest.mark.parametrize("case", REJECTED["wrapped_keys"], ids=lambda case: case["why"])
def test_a_wrapped_key_that_the_vectors_reject_is_damaged(case):
    keys, message_id = rejected_keys()
    (secret,) = raw(REJECTED, "link_secret")

    with pytest.raises(Damaged):
        envelope.unwrap_key(
            bytes.fromhex(case["wrapped"]),
            keys=keys,
            message_id=message_id,
            link_id=link_of(secret).link_id,
            version=REJECTED["version"],
        )


@pytest.mark.parametrize("case", REJECTED["contents"], ids=lambda case: case["why"])
def test_a_content_that_the_vectors_reject_is_damaged(case):
    content_key, message_id, content = raw(REJECTED | case, "content_key", "message_id", "content")

    with pytest.raises(Damaged):
        envelope.unseal_content(
            content, content_key=content_key, message_id=message_id, version=REJECTED["version"]
        )


@pytest.mark.parametrize("case", REJECTED["boxes"], ids=lambda case: case["why"])
def test_a_box_that_the_vectors_reject_is_damaged(case):
    root_key, secret, boxed = raw(REJECTED | case, "root_key", "link_secret", "box")
    box = Box(Keyring([root_key]))

    with pytest.raises(Damaged):
        box.open(boxed, purpose=REJECTED["purpose"], record_id=link_of(secret).link_id)


@pytest.mark.parametrize(
    "case", REJECTED["boxes_of_unknown_root_keys"], ids=lambda case: case["why"]
)
def test_a_box_whose_root_key_is_not_in_the_ring_is_unavailable(case):
    root_key, secret, boxed = raw(REJECTED | case, "root_key", "link_secret", "box")
    box = Box(Keyring([root_key]))

    with pytest.raises(Unavailable):
        box.open(boxed, purpose=REJECTED["purpose"], record_id=link_of(secret).link_id)


@given(st.binary(min_size=1, max_size=300), versions, st.sampled_from([b"", b"s" * 32]))
def test_what_is_sealed_for_a_link_opens_through_it(text, version, stretched):
    keys = LinkKeys.derive(RING.newest, LINK, stretched)
    content_key = envelope.new_content_key()
    where = {"message_id": MESSAGE, "version": version}
    content = envelope.seal_content(text, content_key=content_key, root_id=RING.newest_id, **where)
    wrapped = envelope.wrap_key(content_key, keys=keys, link_id=LINK.link_id, **where)
    unwrapped = envelope.unwrap_key(wrapped, keys=keys, link_id=LINK.link_id, **where)

    assert envelope.unseal_content(content, content_key=unwrapped, **where) == text
    assert text not in content or len(text) < 3


@given(st.binary(max_size=300), st.sampled_from(["message", "label", "reason", "evidence"]))
def test_what_is_boxed_opens_for_its_purpose_and_record(plain, purpose):
    box = Box(RING)
    boxed = box.close(plain, purpose=purpose, record_id=MESSAGE)

    assert box.open(boxed, purpose=purpose, record_id=MESSAGE) == plain
    with pytest.raises(Damaged):
        box.open(boxed, purpose=purpose, record_id=LINK.link_id)
    with pytest.raises(Damaged):
        box.open(boxed, purpose=purpose + "s", record_id=MESSAGE)


@given(st.data())
def test_any_change_to_something_sealed_is_noticed(data):
    content_key = envelope.new_content_key()
    keys = LinkKeys.derive(RING.newest, LINK)
    where = {"message_id": MESSAGE, "version": 1}
    content = envelope.seal_content(
        b"the safe", content_key=content_key, root_id=RING.newest_id, **where
    )
    wrapped = envelope.wrap_key(content_key, keys=keys, link_id=LINK.link_id, **where)
    at = data.draw(st.integers(0, min(len(content), len(wrapped)) - 1))
    by = data.draw(st.integers(1, 255))

    def spoil(good: bytes) -> bytes:
        return good[:at] + bytes([good[at] ^ by]) + good[at + 1 :]

    with pytest.raises(Damaged):
        envelope.unseal_content(spoil(content), content_key=content_key, **where)
    with pytest.raises(Damaged):
        envelope.unwrap_key(spoil(wrapped), keys=keys, link_id=LINK.link_id, **where)


def test_nothing_is_ever_sealed_alike_twice():
    keys = LinkKeys.derive(RING.newest, LINK)
    where = {"message_id": MESSAGE, "version": 1}
    key = envelope.new_content_key()
    wrapped = {envelope.wrap_key(key, keys=keys, link_id=LINK.link_id, **where) for _ in range(100)}
    boxes = {Box(RING).close(b"Ana", purpose="label", record_id=MESSAGE) for _ in range(100)}

    assert len({w[5:17] for w in wrapped}) == len(wrapped) == 100
    assert len({b[5:21] for b in boxes}) == len({b[21:33] for b in boxes}) == 100
    assert len({envelope.new_content_key() for _ in range(100)}) == 100


def test_every_input_of_a_link_key_matters():
    other_root = Keyring.parse(keyring.new_key()).newest
    made = [
        LinkKeys.derive(RING.newest, LINK),
        LinkKeys.derive(other_root, LINK),
        LinkKeys.derive(RING.newest, CONTROL.link(1)),
        LinkKeys.derive(RING.newest, LINK, b"s" * 32),
        LinkKeys.derive(RING.newest, LINK, b"t" * 32),
    ]

    assert len({keys.link_key for keys in made}) == len(made)
    assert len({keys.verifier for keys in made}) == len(made)
    assert not {k.link_key[:16] for k in made} & {k.verifier for k in made}


def test_keys_do_not_show_when_printed():
    keys = LinkKeys.derive(RING.newest, LINK)

    assert keys.link_key.hex() not in repr(keys)
    assert repr(keys.link_key) not in repr(keys)


@pytest.mark.parametrize("vector", VECTORS["edge_keys"])
def test_the_web_has_the_keys_that_the_vectors_say(connection, vector):
    ring = Keyring([bytes.fromhex(vector["root_key"])])
    house = wiring.assemble(Settings(), ring, connection)

    assert house.key_for(vector["purpose"]).hex() == vector["key"]


def test_every_key_of_the_web_is_in_the_specification():
    """Also those of root keys that are not the newest, which `key_for` does not make."""
    named = {vector["purpose"] for vector in VECTORS["edge_keys"]}
    used = {
        purpose
        for folder in ("webapp", "restante")
        for path in (Path(__file__).parents[2] / folder).glob("**/*.py")
        for purpose in re.findall(
            r'(?:key_for\("|b"restante/v1/edge/" \+ b")([a-z]+)"', path.read_text("utf-8")
        )
    }

    assert used == named
