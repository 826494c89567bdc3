"""What the line of a request tells of a refusal: its name, never what was asked."""

import json

import redis

from restante.crypto.tokens import ControlToken
from restante.store.keys import TAGS
from tests.support.api import Api, Visitor, form_of, new_reader_key
from tests.support.processes import wait_until


def lines_after(service, deed, wanted=1):
    """Return the request lines that a deed leaves."""
    before = len(service.log().splitlines())

    def lines():
        new = [line for line in service.log().splitlines()[before:] if line.startswith("{")]
        return [told for told in map(json.loads, new) if told["event"] != "server message"]

    deed()
    wait_until(lambda: sum(told["event"] == "request" for told in lines()) >= wanted)
    return lines()


def test_a_refusal_is_told_by_its_code(service):
    api = Api(service.url)
    told = lines_after(service, lambda: api.ask("GET", "/api/v1/link", token="L" + "A" * 34))

    assert [(line["status"], line["code"]) for line in told] == [(404, "not-found")]


def test_a_good_answer_has_no_code(service):
    [told] = lines_after(service, lambda: Api(service.url).send("x"))

    assert told["status"] == 201
    assert "code" not in told


def test_a_form_that_was_not_taken_as_a_persons_is_told_with_the_reason(service):
    link = Api(service.url).send("x").link
    visitor = Visitor(service.url)
    form = form_of(visitor.get(f"/m/{link}"), f"/m/{link}")
    told = lines_after(service, lambda: visitor.post(f"/m/{link}", form))

    assert [(line["status"], line["gate"]) for line in told] == [(200, "quick")]


def test_what_does_not_open_is_told_by_class_and_place(service):
    sent = Api(service.url).send("x")
    control = ControlToken.parse(sent.control)
    with redis.Redis.from_url(f"unix://{service.data_dir / 'store.sock'}") as store:
        key = f"{{{TAGS[control.shard]}}}:content:".encode() + control.message_id + b":1"
        store.set(key, store.get(key)[:-1] + b"?", keepttl=True)
    told = lines_after(service, lambda: Api(service.url).reveal(sent.link, new_reader_key()))

    [damaged] = [line for line in told if line["event"] == "damaged"]
    assert damaged["error"] == "Damaged"
    assert any("restante.crypto.envelope" in place for place in damaged["where"])
