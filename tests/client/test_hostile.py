"""A service that means harm, or is none: the library keeps its bounds and its types."""

import json
import logging
import time
from dataclasses import fields, is_dataclass
from datetime import datetime
from typing import get_type_hints

import pytest

from restante_client import (
    Client,
    Policy,
    Problem,
    RestanteError,
    Sent,
    Unreachable,
    file_verbs,
    new_key,
    verbs,
    wire,
)
from restante_client.command.exits import sentence_of, status_of
from restante_client.errors import KINDS, problem
from restante_client.retries import Answer, Done, Tries
from tests.client.conftest import CONTEXT, HASTY, TEXT
from tests.support.pretender import Pretender, example_of, reply

LINK, CONTROL = f"L{'A' * 34}", f"C{'A' * 34}"
ONCE = Policy(tries=1)
PARSED = {
    ("/messages", "post"): verbs.send("t", {}, token=None, key=None),
    ("/message", "get"): verbs.status(CONTROL),
    ("/message", "patch"): verbs.extend(CONTROL, 60),
    ("/message/recall", "post"): verbs.recall(CONTROL, None, None),
    ("/message/replace", "post"): verbs.replace(CONTROL, "t", None),
    ("/link", "get"): verbs.preview(LINK),
    ("/uploads", "post"): file_verbs.start_upload(1, token=None, key=None, beside=None),
    ("/link/reveal", "post"): verbs.reveal(LINK, new_key(), None, None),
}
OTHERS = (None, True, 7, 1e999, "x", "\ud800", [], ["x"], [[]], {}, {"a": []})
DEEP = b"[" * 100_000


def ask(answer, **options):
    """Ask a server that answers like this for a preview; return the error, and the server."""
    with (
        Pretender(answer) as server,
        Client(server.url, policy=ONCE, verify=CONTEXT, **options) as client,
        pytest.raises(RestanteError) as error,
    ):
        client.preview(LINK)
    return error.value, server


def endless(head):
    def answer(_):
        yield head
        while True:
            yield b"x" * 65_536

    return answer


@pytest.mark.parametrize("status", [200, 302, 404, 503])
def test_an_answer_without_end_is_given_up_before_it_fills_the_memory(status):
    error, server = ask(endless(f"HTTP/1.1 {status} X\r\n\r\n".encode()))

    assert isinstance(error, Unreachable)
    assert "too long" in str(error)
    assert server.sent < 3 * wire.BYTES_MOST


def test_an_answer_that_drips_is_given_up(monkeypatch):
    monkeypatch.setattr(wire, "SECONDS_MOST", 0.2)

    def answer(_):
        yield b"HTTP/1.1 200 OK\r\n\r\n"
        while True:
            yield b" "
            time.sleep(0.02)

    error, server = ask(answer)

    assert "does not end" in str(error)
    assert server.sent < 100


def test_an_answer_that_would_unpack_to_more_is_not_unpacked():
    error, _ = ask(lambda _: reply(200, b"\x1f\x8b", "Content-Encoding: gzip"))

    assert "compressed" in str(error)


def test_a_redirect_is_not_followed():
    error, server = ask(lambda _: reply(302, b"", f"Location: /m/{LINK}"))

    assert "redirects" in str(error)
    assert len(server.asked) == 1


def test_a_cookie_does_not_come_back(service):
    told = []

    def answer(first):
        told.append(first)
        return reply(200, b"{}", "Set-Cookie: mark=1; Path=/")

    with Pretender(answer) as server, Client(server.url, policy=HASTY, verify=CONTEXT) as client:
        with pytest.raises(Unreachable):
            client.preview(LINK)
        marks = list(client._http.cookies)

    assert len(told) > 1
    assert marks == []


def places(value, way=()):
    """Yield the way to each field of an example."""
    items = value.items() if isinstance(value, dict) else enumerate(value)
    for name, inner in items:
        yield (*way, name)
        if isinstance(inner, dict | list):
            yield from places(inner, (*way, name))


def changed(example, way, value):
    copy = json.loads(json.dumps(example))
    inner = copy
    for name in way[:-1]:
        inner = inner[name]
    inner[way[-1]] = value
    return copy


def misfits(value):
    """Yield the fields of a value of the library that are not of their type."""
    if isinstance(value, list | tuple):
        for one in value:
            yield from misfits(one)
    elif is_dataclass(value):
        hints = get_type_hints(type(value))
        for one in fields(value):
            its, hint = getattr(value, one.name), str(hints[one.name])
            kinds = {"str": str, "int": int, "bool": bool, "datetime": datetime, "tuple": tuple,
                     "Mapping": dict, "NoneType": type(None), "None": type(None)}  # fmt: skip
            if not any(word in hint and type(its) is kind for word, kind in kinds.items()):
                yield one.name, its
            yield from misfits(its)


@pytest.mark.parametrize(("place", "verb"), PARSED.items(), ids=lambda its: str(its)[:30])
def test_what_is_of_another_type_counts_as_no_answer(place, verb):
    """Each field of each example is changed, one after the other."""
    status, example = example_of(*place)
    taken = 0

    def judge(body):
        return Tries(verb, ONCE if verb.is_safe else HASTY, lambda: 0.0).judge(
            Answer(status, {}, json.dumps(body).encode())
        )

    assert list(misfits(judge(example).value)) == []
    for way in places(example):
        for value in OTHERS:
            try:
                done = judge(changed(example, way, value))
            except Unreachable:
                continue
            assert isinstance(done, Done)
            assert list(misfits(done.value)) == [], (way, value)
            taken += 1
    assert taken


@pytest.mark.parametrize("url", [f"https://a.example/m/{LINK}\nrm -rf /", "https://a.example/",
                                 f"javascript://a/m/{LINK}",
                                 f"https://a.example/s/{CONTROL}"])  # fmt: skip
def test_a_link_that_is_none_is_never_given_on(url):
    """With a line break inside, one that is pasted into a shell would run."""
    _, answer = example_of("/messages", "post")
    answer["links"][0]["url"] = url
    with pytest.raises(ValueError, match=r"."):
        Sent.of(answer)


@pytest.mark.parametrize("code", KINDS)
def test_a_problem_without_its_facts_has_a_sentence_all_the_same(code):
    names = ("opens_at", "tries_left", "offset", "state", "reason", "errors", "detail", "title")
    for value in OTHERS:
        error = problem({"code": code, **dict.fromkeys(names, value)}, status=409)

        assert isinstance(sentence_of(error), str)
        assert isinstance(status_of(error), int)
        assert str(error)


@pytest.mark.parametrize("wait", ["9" * 400, "-1", "nan", "\N{ARABIC-INDIC DIGIT ONE}", "1.5", ""])
def test_a_wait_that_is_no_number_of_seconds_is_none(wait):
    body = json.dumps({"code": "rate-limited"}).encode()
    with pytest.raises(Problem) as refused:
        Tries(verbs.preview(LINK), ONCE, lambda: 0.0).judge(
            Answer(429, {"retry-after": wait}, body)
        )

    assert refused.value.retry_after is None
    assert "60 seconds" in sentence_of(refused.value)


@pytest.mark.parametrize("status", [200, 404, 500])
def test_json_that_is_too_deep_is_no_answer(status):
    judge = Tries(verbs.preview(LINK), ONCE, lambda: 0.0).judge
    with pytest.raises(RestanteError) as error:
        judge(Answer(status, {}, DEEP))

    assert isinstance(error.value, Problem if status == 404 else Unreachable)


@pytest.mark.parametrize("written", ["S\r\nX-More: 1", "S\n", "Sé", "S 1", ""])
def test_no_token_or_key_adds_a_header(written):
    with Client("http://127.0.0.1:1", token="S", policy=ONCE, verify=CONTEXT) as client:
        for ask_with in (
            lambda: Client(client.server, token=written, verify=CONTEXT).send("t"),
            lambda: client.send("t", idempotency_key=written),
            lambda: client.reveal(LINK, reader_key=written).__enter__(),
        ):
            with pytest.raises(ValueError, match="visible ASCII"):
                ask_with()


@pytest.mark.parametrize("written", ["https://a\x1b]0;x\x07.example", "https://a b.example",
                                     "https://a.example:99999", "https://a.example:x", "http://[::1",
                                     "https://\ud800.example", "https://"])  # fmt: skip
def test_a_url_that_could_drive_a_terminal_or_leads_nowhere_is_refused(written):
    with pytest.raises(ValueError, match=r"."):
        Client(written)


def test_no_log_of_the_libraries_below_has_a_secret(client, caplog):
    caplog.set_level(logging.DEBUG)
    sent = client.send(TEXT, passphrase="orange boat")
    with client.reveal(sent.links[0].url, passphrase="orange boat") as message:
        assert message.text == TEXT
    client.status(sent.control_token)

    assert "http" in caplog.text
    secrets = (sent.control_token, sent.links[0].token, TEXT, "orange", "Bearer")
    assert [one for one in secrets if one in caplog.text] == []
