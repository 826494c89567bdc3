"""Tokens, ids and reader keys: docs/specs/link.md, by its frozen vectors and by chance."""

from __future__ import annotations

import json
import runpy
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from restante.crypto import tokens
from restante.crypto.tokens import (
    SECRET_SIZE,
    SENDER_TOKEN_LENGTH,
    SHARDS,
    TOKEN_LENGTH,
    ControlToken,
    LinkToken,
    ListToken,
    ReaderKey,
    SenderToken,
)
from restante.errors import Invalid, NotASender, NotFound

FOLDER = Path(__file__).parents[1] / "vectors"
VECTORS = json.loads((FOLDER / "link.json").read_text("utf-8"))
LINKS = [(c, link) for c in VECTORS["controls"] for link in c["links"]]

secrets = st.binary(min_size=SECRET_SIZE, max_size=SECRET_SIZE)
shards = st.integers(0, SHARDS - 1)


def test_the_frozen_vectors_are_what_the_specification_gives():
    """They know nothing of our code; the files are what they make."""
    made = {}
    for maker in ("make.py", "make_files.py"):
        made |= runpy.run_path(str(FOLDER / maker))["files"]()

    assert made == {name: (FOLDER / name).read_text("utf-8") for name in made}
    assert set(made) == {path.name for path in FOLDER.glob("*.json")}


@pytest.mark.parametrize("vector", VECTORS["controls"])
def test_a_control_token_gives_what_the_vectors_say(vector):
    control = ControlToken(vector["shard"], bytes.fromhex(vector["secret"]))

    assert str(control) == vector["token"]
    assert ControlToken.parse(vector["token"]) == control
    assert control.message_id.hex() == vector["message_id"]
    for sender in vector["senders"]:
        assert tokens.sender_mark(control, sender["cookie"]).hex() == sender["sender_id"]


@pytest.mark.parametrize(("control", "vector"), LINKS)
def test_a_link_token_gives_what_the_vectors_say(control, vector):
    link = ControlToken.parse(control["token"]).link(vector["index"])

    assert link.secret.hex() == vector["secret"]
    assert str(link) == vector["token"]
    assert LinkToken.parse(vector["token"]) == link
    assert link.link_id.hex() == vector["link_id"]
    for reader in vector["readers"]:
        assert ReaderKey(reader["nonce"]).reader_id(link).hex() == reader["reader_id"]


@pytest.mark.parametrize(
    "case", VECTORS["rejected"], ids=lambda case: f"{case['asked']}: {case['why']}"
)
def test_what_the_vectors_reject_answers_as_an_unknown_token(case):
    kinds = {"link": LinkToken, "control": ControlToken, "list": ListToken}
    with pytest.raises(NotFound):
        kinds[case["asked"]].parse(case["token"])


@pytest.mark.parametrize("vector", VECTORS["lists"])
def test_a_list_token_gives_what_the_vectors_say(vector):
    token = ListToken.of(bytes.fromhex(vector["secret"]))

    assert str(token) == vector["token"]
    assert ListToken.parse(vector["token"]) == token == ListToken.of_cookie(vector["cookie"])
    assert ListToken.find(f"https://a.example/sent/{vector['token']}%3D") == token
    assert token.cookie == vector["cookie"]
    assert token.sender_id.hex() == vector["sender_id"]
    assert token.sender_key.hex() == vector["sender_key"]
    assert token.shard == token.sender_id[0] % SHARDS


@pytest.mark.parametrize("cookie", [None, "", "a" * 31, "a" * 33, "é" * 32, " " * 32, "a" * 28])
def test_what_is_no_cookie_of_24_bytes_has_no_list(cookie):
    assert ListToken.of_cookie(cookie) is None


@pytest.mark.parametrize("vector", VECTORS["sender_tokens"])
def test_a_sender_s_token_gives_what_the_vectors_say(vector):
    token = SenderToken(bytes.fromhex(vector["secret"]))

    assert str(token) == vector["token"]
    assert SenderToken.parse(vector["token"]) == token
    assert token.token_id.hex() == vector["token_id"]


@pytest.mark.parametrize("case", VECTORS["rejected_sender_tokens"], ids=lambda case: case["why"])
def test_what_the_vectors_reject_is_nobody_s_permission(case):
    with pytest.raises(NotASender):
        SenderToken.parse(case["token"])


@given(st.text(max_size=40) | st.text("ABCDxyz019-_=+/S", min_size=33, max_size=33))
def test_whatever_parses_as_a_sender_s_token_is_the_one_spelling(written):
    try:
        token = SenderToken.parse(written)
    except NotASender:
        return

    assert str(token) == written


@given(secrets)
def test_every_sender_s_token_reads_back_as_itself_and_as_no_other(secret):
    token = SenderToken(secret)

    assert len(str(token)) == SENDER_TOKEN_LENGTH
    assert SenderToken.parse(str(token)) == token
    for kind in (LinkToken, ControlToken, ListToken):
        with pytest.raises(NotFound):
            kind.parse(str(token))


@pytest.mark.parametrize("case", VECTORS["pasted"], ids=lambda case: ascii(case["pasted"]))
def test_a_page_forgives_what_mail_programs_leave_around_a_token(case):
    if case["token"] is None:
        with pytest.raises(NotFound):
            LinkToken.find(case["pasted"])
    else:
        assert str(LinkToken.find(case["pasted"])) == case["token"]


@pytest.mark.parametrize("written", VECTORS["rejected_nonces"], ids=ascii)
def test_a_reader_key_out_of_bounds_is_invalid_and_not_echoed(written):
    with pytest.raises(Invalid) as caught:
        ReaderKey(written)

    assert [fault.field for fault in caught.value.faults] == ["Idempotency-Key"]
    assert not written.strip() or written not in str(caught.value.faults)


@given(shards, secrets)
def test_every_token_reads_back_as_itself(shard, secret):
    for kind in (LinkToken, ControlToken):
        token = kind(shard, secret)

        assert len(str(token)) == TOKEN_LENGTH
        assert kind.parse(str(token)) == token


@given(shards, secrets)
def test_neither_kind_of_token_reads_as_the_other(shard, secret):
    for kind, other in ((LinkToken, ControlToken), (ControlToken, LinkToken)):
        with pytest.raises(NotFound):
            other.parse(str(kind(shard, secret)))


@given(st.text(max_size=40) | st.text("ABCDxyz019-_=+/CL", min_size=35, max_size=35))
def test_whatever_parses_is_the_one_spelling(written):
    for kind in (LinkToken, ControlToken):
        try:
            token = kind.parse(written)
        except NotFound:
            continue

        assert str(token) == written
        assert token.shard < SHARDS


@given(shards, secrets, st.integers(0, TOKEN_LENGTH - 1), st.characters())
def test_no_other_spelling_opens_the_same_link(shard, secret, place, other):
    token = LinkToken(shard, secret)
    written = str(token)
    changed = written[:place] + other + written[place + 1 :]
    if changed == written:
        return
    try:
        parsed = LinkToken.parse(changed)
    except NotFound:
        return

    assert parsed != token


def test_new_control_tokens_use_every_shard_and_never_repeat():
    made = [ControlToken.new() for _ in range(2000)]

    assert {token.shard for token in made} == set(range(SHARDS))
    assert len({token.secret for token in made}) == len(made)


def test_secrets_do_not_show_when_tokens_are_printed():
    control = ControlToken.new()
    reader_key = ReaderKey("n" * 20)
    shown = repr([control, control.link(0), reader_key, SenderToken.new(), ListToken.new()])

    assert shown == "[<ControlToken>, <LinkToken>, <ReaderKey>, <SenderToken>, <ListToken>]"


def test_a_sender_and_a_reader_are_somebody_else_at_every_message():
    one, other = ControlToken.new(), ControlToken.new()
    reader_key = ReaderKey("n" * 20)

    assert tokens.sender_mark(one, "cookie") != tokens.sender_mark(other, "cookie")
    assert reader_key.reader_id(one.link(0)) != reader_key.reader_id(one.link(1))
