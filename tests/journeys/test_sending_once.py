"""`Idempotency-Key` on a send: a reply is lost, and nothing is sent twice."""

import json
import uuid
from concurrent.futures import ThreadPoolExecutor
from http.client import HTTPException

import pytest
import redis

from restante.store.connection import LOST_MOST
from restante.store.script_files import script
from tests.support.api import Api, Sent
from tests.support.operators import admission_of
from tests.support.processes import Service
from tests.support.proxy import Proxy

BODY = {"text": "the safe is behind the Vermeer", "recipients": ["Ana", "Ben"], "views": 2}


def send(api, key, body=BODY, **more):
    return api.ask("POST", "/api/v1/messages", body, reader_key=key, **more)


def new_key():
    return str(uuid.uuid4())


def messages_in(service):
    """How many messages the store holds."""
    with redis.Redis.from_url(f"unix://{service.data_dir / 'store.sock'}") as store:
        return sum(1 for _ in store.scan_iter(b"*:message:*", count=10_000))


def test_a_lost_reply_does_not_send_twice(service):
    key, before = new_key(), messages_in(service)
    with Proxy(int(service.url.rpartition(":")[2])) as way:
        loss = way.lose(b"POST /api/v1/messages")
        with pytest.raises((OSError, HTTPException)):
            send(Api(way.url), key)
        again = send(Api(way.url), key)

    assert again.status == 201
    assert again.body in loss.replies[0]
    assert messages_in(service) == before + 1
    assert Api(service.url).preview(Sent(again.json).link).status == 200


def test_a_reply_that_the_store_lost_gives_the_first_answer(tmp_path):
    """The web asks the store a second time by itself; then the client asks again."""
    (tmp_path / "own").mkdir()
    with (
        Service(tmp_path / "own") as own,
        Proxy(own.data_dir / "store.sock", tmp_path / "proxy") as way,
    ):
        root_keys = str(own.data_dir / "root.keys")
        env = {"RESTANTE_REDIS_URL": way.url, "RESTANTE_ROOT_KEYS_FILE": root_keys}
        with Service(tmp_path, **env) as service:
            api, key = Api(service.url), new_key()
            send(api, new_key())
            way.lose(script("send").sha.encode(), times=LOST_MOST)
            refused = send(api, key)
            assert refused.code == "unavailable"
            first, second = send(api, key), send(api, key)

        assert first.status == second.status == 201
        assert first.json == second.json
        assert messages_in(own) == 2


def test_many_at_once_with_one_key_are_one_message(service):
    key, before = new_key(), messages_in(service)
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda _: send(Api(service.url), key).body, range(8)))

    assert len(set(answers)) == 1
    assert messages_in(service) == before + 1


def test_the_same_fields_in_another_order_are_the_same_request(service):
    api, key = Api(service.url), new_key()
    first = send(api, key)
    turned = json.dumps(dict(reversed(BODY.items())), indent=2).encode()

    assert send(api, key, turned).body == first.body


def test_another_body_with_the_same_key_is_refused_and_told_nothing(service):
    api, key = Api(service.url), new_key()
    sent, before = Sent(send(api, key).json), messages_in(service)
    for other in ({**BODY, "text": "another"}, {**BODY, "views": 1}, {**BODY, "passphrase": "p"}):
        refused = send(api, key, other)
        assert (refused.status, refused.code) == (422, "key-reused")
        assert set(refused.json) == {"type", "title", "status", "detail", "code"}

    assert messages_in(service) == before
    assert api.message(sent.control)["views"] == 2


@pytest.mark.parametrize("key", ["order-1234567890", ""])
def test_a_short_key_is_refused_before_anything_is_sent(service, key):
    before = messages_in(service)
    refused = send(Api(service.url), key)

    assert refused.code == "invalid"
    assert [fault["field"] for fault in refused.json["errors"]] == ["Idempotency-Key"]
    assert messages_in(service) == before


def test_who_has_the_key_but_another_sender_token_gets_no_tokens_of_it(tmp_path):
    with Service(tmp_path, RESTANTE_SENDERS="tokens") as service:
        with admission_of(service) as admission:
            ana, ben = (str(admission.make(name)) for name in ("Ana", "Ben"))
        api, key = Api(service.url), new_key()
        first, other = send(api, key, token=ana), send(api, key, token=ben)
        assert send(api, key).code == "not-a-sender"

        assert first.json["control_token"] != other.json["control_token"]
        assert send(api, key, token=ana).body == first.body
