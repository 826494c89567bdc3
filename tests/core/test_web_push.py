"""Encryption and signature of a push, against the vectors of the RFCs and the second reading."""

import json
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from hypothesis import given
from hypothesis import strategies as st

from restante.crypto import vapid, web_push
from restante.crypto.keyring import Keyring
from restante.crypto.vapid import VapidKeys, from_base64, point, to_base64, vapid_key
from restante.crypto.web_push import Browser, Once, encrypt
from restante.errors import Unavailable
from tests.second import push as second
from tests.second.sealed import Rejected

VECTORS = json.loads((Path(__file__).parents[1] / "vectors" / "push.json").read_text("utf-8"))
CASE = VECTORS["rfc8291"]
UA = ec.generate_private_key(vapid.CURVE)
TO = Browser(point(UA), bytes(range(16)))


def private(written):
    return ec.derive_private_key(int.from_bytes(from_base64(written)), vapid.CURVE)


def test_a_body_is_the_one_of_rfc_8291():
    to = Browser.parse(CASE["ua_public"], CASE["auth_secret"])
    once = Once(private(CASE["as_private"]), from_base64(CASE["salt"]))

    body = encrypt(CASE["plaintext"].encode(), to, once, padded_to=1)

    assert to_base64(body) == CASE["body"]
    read = second.open_body(private(CASE["ua_private"]), to.auth, body)
    assert read.decode() == CASE["plaintext"]


@given(st.binary(max_size=web_push.TEXT_MOST))
def test_whoever_has_the_subscriptions_keys_reads_every_text(text):
    body = encrypt(text, TO)

    assert second.open_body(UA, TO.auth, body) == text
    assert len(body) == 86 + 16 + web_push.PADDED_TO * -(-(len(text) + 1) // web_push.PADDED_TO)
    assert len(body) <= 4_096


def test_nobody_else_reads_it_and_no_two_bodies_are_alike():
    body, other = encrypt(b"opened", TO), encrypt(b"opened", TO)

    assert body[21:86] != other[21:86]
    assert body[:16] != other[:16]
    for key, auth, sent in (
        (ec.generate_private_key(vapid.CURVE), TO.auth, body),
        (UA, bytes(16), body),
        (UA, TO.auth, body[:-1] + bytes([body[-1] ^ 1])),
    ):
        with pytest.raises(Rejected):
            second.open_body(key, auth, sent)


def test_a_text_that_is_too_long_is_an_error():
    with pytest.raises(ValueError):  # noqa: PT011 (it has no words)
        encrypt(bytes(web_push.TEXT_MOST + 1), TO)


@pytest.mark.parametrize(
    ("p256dh", "auth"),
    [
        ("", ""),
        (CASE["ua_public"], "AA"),
        (CASE["ua_public"][:-4], CASE["auth_secret"]),
        ("BA" + "A" * 85, CASE["auth_secret"]),
        (to_base64(b"\x02" + from_base64(CASE["ua_public"])[1:33]), CASE["auth_secret"]),
        ("B€" + CASE["ua_public"][2:], CASE["auth_secret"]),
        ("B+/" + CASE["ua_public"][3:], CASE["auth_secret"]),
    ],
)
def test_a_key_that_is_not_a_point_is_refused(p256dh, auth):
    with pytest.raises(ValueError):  # noqa: PT011 (it has no words)
        Browser.parse(p256dh, auth)


def test_a_signature_is_what_rfc_8292_says():
    key, claims = second.claims_of(VECTORS["rfc8292"]["authorization"])
    assert to_base64(key) == VECTORS["rfc8292"]["key"]
    assert claims == VECTORS["rfc8292"]["claims"]

    root = bytes.fromhex(VECTORS["vapid"][0]["root_key"])
    signed = vapid.authorization(
        vapid_key(root), "https://push.example:8443/a/b?c", "https://letters.example", 1_790_000_000
    )
    key, claims = second.claims_of(signed)

    assert key == second.vapid_public(root)
    assert claims == {
        "aud": "https://push.example:8443",
        "exp": 1_790_043_200,
        "sub": "https://letters.example",
    }
    with pytest.raises(Rejected):
        second.claims_of(signed.replace(signed.split(".")[1], "e30"))


def test_each_root_key_has_a_key_of_its_own_which_stays_the_same():
    roots = [bytes.fromhex(case["root_key"]) for case in VECTORS["vapid"]]
    ring = Keyring(roots)
    keys = VapidKeys(ring)

    for root, case in zip(roots, VECTORS["vapid"], strict=True):
        assert to_base64(point(vapid_key(root))) == case["public"]
        assert to_base64(second.vapid_public(root)) == case["public"]
        root_id = keys.root_of(case["public"])
        assert root_id is not None
        assert ring[root_id] == root
    assert keys.newest == VECTORS["vapid"][0]["public"]
    assert keys.root_of(to_base64(point(UA))) is None
    with pytest.raises(Unavailable):
        keys[bytes(4)]


def test_a_topic_is_the_same_for_a_repeat_and_only_there():
    other = Browser(TO.p256dh, bytes(16))

    topics = [web_push.topic(to, one) for to in (TO, other) for one in ("a-1", "a-2")]

    assert len(set(topics)) == 4
    assert web_push.topic(TO, "a-1") == topics[0]
    assert all(len(one) == 32 for one in topics)
