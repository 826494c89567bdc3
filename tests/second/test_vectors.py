"""The second implementation knows nothing of the first, and agrees with the frozen vectors."""

import ast
import json
import sys
from functools import partial
from pathlib import Path

import pytest

from tests.second import files, forms, push, reader, sealed
from tests.second.sealed import Rejected, Unavailable

FOLDER = Path(__file__).parents[1] / "vectors"
LINK = json.loads((FOLDER / "link.json").read_text("utf-8"))
ENVELOPE = json.loads((FOLDER / "envelope.json").read_text("utf-8"))
PUSH = json.loads((FOLDER / "push.json").read_text("utf-8"))
WEBHOOK = json.loads((FOLDER / "webhook.json").read_text("utf-8"))
REJECTED = ENVELOPE["rejected"]
ITS_OWN = {"tests.second.sealed", "tests.second.reader", "tests.second.forms"}


def raw(case, *names):
    return [bytes.fromhex(case[name]) for name in names]


@pytest.mark.parametrize("module", [files, forms, push, reader, sealed])
def test_it_imports_nothing_of_the_first(module):
    tree = ast.parse(Path(module.__file__).read_text("utf-8"))
    names = {
        name
        for node in ast.walk(tree)
        if isinstance(node, ast.Import | ast.ImportFrom)
        for name in (
            [f"{'.' * node.level}{node.module}"]
            if isinstance(node, ast.ImportFrom)
            else [alias.name for alias in node.names]
        )
    }
    foreign = {name.partition(".")[0] for name in names - ITS_OWN}

    assert foreign - set(sys.stdlib_module_names) <= {"cryptography"}
    assert not names & {"importlib", "runpy", "builtins"}
    assert "__import__" not in {n.id for n in ast.walk(tree) if isinstance(n, ast.Name)}


def test_it_reads_tokens_ids_and_keys_as_the_vectors_say():
    for control in LINK["controls"]:
        shard, secret = sealed.token_of("C", control["token"])
        assert (shard, secret.hex()) == (control["shard"], control["secret"])
        assert sealed.message_id(secret).hex() == control["message_id"]
        for sender in control["senders"]:
            assert sealed.sender_mark(secret, sender["cookie"]).hex() == sender["sender_id"]
        for link in control["links"]:
            own = sealed.link_secret(secret, link["index"])
            assert sealed.token_of("L", link["token"]) == (shard, own)
            assert sealed.link_id(own).hex() == link["link_id"]
            for one in link["readers"]:
                assert sealed.reader_id(own, one["nonce"]).hex() == one["reader_id"]
    for key in LINK["root_keys"]:
        for written in (key["written"], key["unpadded"]):
            [(root_id, its)] = sealed.ring_of(written).items()
            assert (root_id.hex(), its.hex()) == (key["root_id"], key["key"])
    for its in LINK["lists"]:
        secret = sealed.list_token(its["token"])
        assert secret.hex() == its["secret"]
        assert sealed.sender_id(secret).hex() == its["sender_id"]
        assert sealed.sender_key(secret).hex() == its["sender_key"]
    for token in LINK["sender_tokens"]:
        assert sealed.sender_token_id(token["token"]).hex() == token["token_id"]
    for case in WEBHOOK["signed"]:
        _, secret = sealed.token_of("C", case["control_token"])
        assert sealed.webhook_secret(secret) == case["secret"]


def test_it_reads_a_push_and_a_signature_as_the_rfcs_say():
    case = PUSH["rfc8291"]
    key = int.from_bytes(push.unpadded(case["ua_private"]), "big")
    private = push.ec.derive_private_key(key, push.P256)
    auth, body = (push.unpadded(case[name]) for name in ("auth_secret", "body"))
    assert push.open_body(private, auth, body).decode() == case["plaintext"]

    key, claims = push.claims_of(PUSH["rfc8292"]["authorization"])
    assert (key, claims) == (push.unpadded(PUSH["rfc8292"]["key"]), PUSH["rfc8292"]["claims"])
    for one in PUSH["vapid"]:
        public = push.vapid_public(bytes.fromhex(one["root_key"]))
        assert public == push.unpadded(one["public"])


def test_it_rejects_every_token_that_the_vectors_reject():
    for case in LINK["rejected"]:
        read = {"list": sealed.list_token}.get(
            case["asked"],
            partial(sealed.token_of, {"link": "L", "control": "C"}.get(case["asked"], "")),
        )
        with pytest.raises(Rejected):
            read(case["token"])
    for case in LINK["rejected_sender_tokens"]:
        with pytest.raises(Rejected):
            sealed.sender_token_id(case["token"])


def test_it_opens_what_the_vectors_hold():
    for case in ENVELOPE["spelled"]:
        assert sealed.second_form(case["passphrase"]) == case["form_2"]
    for case in ENVELOPE["stretch"]:
        stretched = sealed.stretch(case["passphrase"], bytes.fromhex(case["message_id"]))
        assert stretched.hex() == case["stretched"]
    for case in ENVELOPE["link_keys"]:
        keys = sealed.link_keys(*raw(case, "root_key", "link_secret", "stretched"))
        assert [key.hex() for key in keys] == [case["link_key"], case["verifier"]]
    for case in ENVELOPE["wrapped_keys"]:
        root, secret, mid, wrapped = raw(case, "root_key", "link_secret", "message_id", "wrapped")
        key, _ = sealed.link_keys(root, secret, b"")
        place = (mid, sealed.link_id(secret), case["version"])
        opened = sealed.unwrap(key, sealed.root_id(root), wrapped, place)
        assert opened.hex() == case["content_key"]
    for case in ENVELOPE["contents"]:
        key, content, mid = raw(case, "content_key", "content", "message_id")
        assert sealed.open_content(key, content, mid, case["version"]).hex() == case["text"]
    for case in ENVELOPE["boxes"]:
        root, record, box = raw(case, "root_key", "record_id", "box")
        opened = sealed.open_box({sealed.root_id(root): root}, box, case["purpose"], record)
        assert opened.hex() == case["plain"]
    for case in ENVELOPE["mailed_codes"]:
        root, lid = raw(case, "root_key", "link_id")
        assert sealed.code_mac(root, lid, case["code"]).hex() == case["mac"]
    for case in ENVELOPE["mailed_addresses"]:
        [root] = raw(case, "root_key")
        assert sealed.address_id(root, case["address"]).hex() == case["address_id"]
    for case in ENVELOPE["edge_keys"]:
        [root] = raw(case, "root_key")
        assert sealed.edge_key(root, case["purpose"]).hex() == case["key"]


def test_it_rejects_everything_sealed_that_the_vectors_reject():
    root, secret, mid = raw(REJECTED, "root_key", "link_secret", "message_id")
    root_id, lid, version = sealed.root_id(root), sealed.link_id(secret), REJECTED["version"]
    ring, purpose = {root_id: root}, REJECTED["purpose"]
    key, _ = sealed.link_keys(root, secret, b"")
    for case in REJECTED["wrapped_keys"]:
        with pytest.raises(Rejected):
            sealed.unwrap(key, root_id, bytes.fromhex(case["wrapped"]), (mid, lid, version))
    for case in REJECTED["contents"]:
        content_key, content = raw(REJECTED | case, "content_key", "content")
        with pytest.raises(Rejected):
            sealed.open_content(content_key, content, mid, version)
    for case in REJECTED["boxes"]:
        with pytest.raises(Rejected):
            sealed.open_box(ring, bytes.fromhex(case["box"]), purpose, lid)
    for case in REJECTED["boxes_of_unknown_root_keys"]:
        with pytest.raises(Unavailable):
            sealed.open_box(ring, bytes.fromhex(case["box"]), purpose, lid)


def test_it_opens_the_lines_of_a_sent_list_and_no_others():
    for case in ENVELOPE["lines"]:
        secret, line = raw(case, "secret", "line")
        assert sealed.open_line(secret, line).decode() == case["plain"]
    for case in REJECTED["lines"]:
        with pytest.raises(Rejected):
            sealed.open_line(bytes.fromhex(REJECTED["list"]), bytes.fromhex(case["line"]))
