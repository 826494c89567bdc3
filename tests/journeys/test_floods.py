"""What floods, bombs and other sites cost: little, and the same network's people nothing."""

import itertools
import json
import socket
import time
from contextlib import suppress
from urllib.parse import parse_qsl, quote

import pytest
from hypothesis import given
from hypothesis import strategies as st
from werkzeug.exceptions import RequestEntityTooLarge

from restante.settings import MIB
from tests.support.api import Api, Visitor, form_of
from tests.support.processes import Service
from webapp.http import multipart
from webapp.http.fields import ELEMENTS_MOST, STRUCTURE_MOST
from webapp.http.floods import REFUSED_MOST
from webapp.http.form import SHORT_MOST
from webapp.http.multipart import MULTIPART
from webapp.http.request_size import FORM_MAX, form_fields

JSON = {"Content-Type": "application/json"}
FORM = {"Content-Type": "application/x-www-form-urlencoded"}
SEND, PREVIEW = 3, 8
PAGE = 40_000
"""More than a page has with all its words."""


@pytest.fixture(scope="module")
def limited(tmp_path_factory):
    with Service(
        tmp_path_factory.mktemp("floods"),
        RESTANTE_WEB_WORKERS="1",
        RESTANTE_RATE_LIMITS="on",
        RESTANTE_TRUSTED_PROXIES="1",
        RESTANTE_LIMIT_SEND=str(SEND),
        RESTANTE_LIMIT_PREVIEW=str(PREVIEW),
        RESTANTE_LIMIT_PASSPHRASE="3",
        RESTANTE_LIMIT_REVEAL="3",
    ) as service:
        yield service


@pytest.fixture
def address():
    """Return a way to have an address that no other test comes from."""
    numbers = address.numbers

    def new():
        return {"X-Forwarded-For": f"198.51.100.{next(numbers)}"}

    return new


address.numbers = itertools.count(1)


def come_from(number):
    return {"X-Forwarded-For": f"192.0.2.{number}"}


def test_far_above_the_limit_nothing_is_read_or_shown_again(limited):
    visitor = Visitor(limited.url, headers=come_from(1))
    written = {"text": "the whole letter", "recipients": "Ana"}
    kept = [visitor.post("/", written) for _ in range(SEND + REFUSED_MOST)][SEND:]
    assert {answer.status for answer in kept} == {429}
    assert all("the whole letter" in answer.text for answer in kept)
    body = b"text=" + b"%F0" * 1_000_000
    api = Api(limited.url, headers=come_from(1))
    short = api.ask("POST", "/", body, headers=FORM)
    in_spanish = api.ask("POST", "/?language=es", body, headers=FORM)
    for answer in (short, in_spanish):
        assert answer.status == 429
        assert len(answer.text) < 100
        assert int(answer.headers["Retry-After"]) > 0
    other = Visitor(limited.url, headers=come_from(2)).post("/", written)

    assert other.status == 303


def test_recall_works_for_a_network_that_floods(limited):
    api = Api(limited.url, headers=come_from(3))
    sent = api.send("x")
    for _ in range(SEND + REFUSED_MOST + 1):
        flooded = api.ask("POST", "/api/v1/messages", {"text": "x"})

    assert (flooded.status, flooded.code) == (429, "rate-limited")
    assert api.recall(sent.control).json["verdicts"][0]["outcome"] == "recalled_unread"


@pytest.mark.parametrize("path", ["/", "/?language=es", "/permit"])
@pytest.mark.parametrize(
    "body", [b"text=" + b"%F0" * 1_000_000, b"text=" + b"\xf0" * 20_000, b"permit=%ff%fe"]
)
def test_a_form_that_is_not_utf8_is_refused_before_it_is_shown_again(service, path, body):
    answer = Api(service.url).ask("POST", path, body, headers=FORM)

    assert answer.status in {400, 413}
    assert len(answer.text) < PAGE


def test_what_comes_back_is_no_longer_than_its_field(service):
    text = quote('"' * (MIB + 9_000))
    other = "&".join(f"{name}={'b' * 100_000}" for name in ("subject", "from", "passphrase"))
    body = f"text={text}&{other}".encode()
    for path in ("/", "/?language=es"):
        answer = Api(service.url).ask("POST", path, body, headers=FORM)

        assert answer.text.count("&#34;") == MIB
    assert answer.status == 200
    assert answer.text.count("b" * (SHORT_MOST + 1)) == 0


WITH_FILES = ("/", "/s/zz/replace")
KINDS = ("multipart/form-data; boundary=x", "text/plain", "application/json", "nonsense")


def refused_unread(service, path, kind, size):
    """Return the status of an answer that comes although no byte of the body does."""
    head = (
        f"POST {path} HTTP/1.1\r\nHost: {service.bind}\r\nSec-Fetch-Site: same-origin\r\n"
        f"Content-Type: {kind}\r\nContent-Length: {size}\r\n\r\n"
    )
    with socket.create_connection(("127.0.0.1", int(service.bind.rpartition(":")[2]))) as line:
        line.settimeout(10)
        line.sendall(head.encode())
        return int(line.recv(1_000).split()[1])


@pytest.mark.parametrize("path", ["/", "/permit", "/m/zz", "/s/zz/replace", "/s/zz/recall"])
def test_a_body_of_another_kind_or_too_large_is_refused_before_it_is_read(counting_service, path):
    """Browsers send our pages' forms url-encoded, but for those that can have files."""
    others = [kind for kind in KINDS if path not in WITH_FILES or not kind.startswith(MULTIPART)]
    kinds = [refused_unread(counting_service, path, kind, 20) for kind in others]
    large = refused_unread(counting_service, path, FORM["Content-Type"], FORM_MAX + 1)

    assert kinds == [415] * len(others)
    assert large == 413


HEAD = b'--x\r\nContent-Disposition: form-data; name="text"\r\n\r\n'
MANY = 500_000
PARTS = {
    "headers": b"--x\r\n" + b"a:\r\n" * MANY + b"\r\n\r\n--x--",
    "options of a header": HEAD.replace(b"; name", b';a="b"' * MANY + b";name") + b"\r\n--x--",
    "lines": HEAD + b"\r\n" * MANY + b"\r\n--x--\r\n",
    "halves of ends": HEAD + b"\r\n--" * MANY,
    "parts": HEAD * MANY,
    "blanks behind an end": HEAD + b"\r\n--x" + b"\t" * 6 * MANY,
}


@pytest.mark.parametrize("form", PARTS.values(), ids=PARTS)
def test_a_form_in_parts_takes_time_by_its_length_only(form):
    began = time.process_time()
    with suppress(ValueError, RequestEntityTooLarge):
        multipart.read(form, "x", 64)

    assert time.process_time() - began < 0.5


BOMBS = {
    "lists": b'{"text":[' + b"[]," * 2_000_000 + b"[]]}",
    "objects": b'{"text":[' + b"{}," * 1_000 + b"{}]}",
    "deep": b'{"text":' + b"[" * 100_000,
    "names": b"{" + b",".join(b'"n%d":0' % n for n in range(2_000)) + b"}",
    "behind a quote": b'{"text":"\\\\",' + b'"a":[' + b"[]," * 2_000 + b"0]}",
}


@pytest.mark.parametrize("bomb", BOMBS.values(), ids=BOMBS)
@pytest.mark.parametrize("path", ["/messages", "/message/replace"])
def test_json_of_mere_structure_is_refused_before_it_is_parsed(service, bomb, path):
    token = Api(service.url).send("x").control
    bearer = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
    answer = Api(service.url).ask("POST", f"/api/v1{path}", bomb, headers=bearer)

    assert (answer.status, answer.code) == (400, "malformed")


def test_a_text_may_be_of_any_signs(service):
    api = Api(service.url)
    for text in ('[{:"' * 100_000, '\\"[' * 100_000, '\\\\[:"' * 2 * STRUCTURE_MOST):
        sent = api.send(text)

        assert api.reveal(sent.link, "n" * 20).json["text"] == text


def test_no_body_is_parsed_without_a_token(service):
    body = json.dumps({"text": "x"}).encode()
    kind = {"Content-Type": "application/json"}
    for path in ("/message/replace", "/link/reveal"):
        extra = {"Idempotency-Key": "n" * 20}
        answer = Api(service.url).ask("POST", f"/api/v1{path}", body, headers=kind | extra)

        assert answer.status == 404


def test_pictures_on_other_sites_use_up_nobodys_looks(limited):
    image = {
        "Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "no-cors", "Sec-Fetch-Dest": "image",
    }  # fmt: skip
    frame = image | {"Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "iframe"}
    click = image | {"Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "document"}
    link = Api(limited.url, headers=come_from(4)).send("x").link
    visitor = Visitor(limited.url, headers=come_from(5))
    statuses = {
        visitor.ask("GET", f"/m/{link}", headers=h).status
        for _ in range(PREVIEW)
        for h in (image, frame)
    }
    looked = [visitor.ask("GET", f"/m/{link}", headers=click).status for _ in range(PREVIEW + 1)]

    assert statuses == {403}
    assert looked == [200] * PREVIEW + [429]


NAVIGATION = {"Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "document", "Sec-Fetch-User": "?1"}
OTHERS = {
    "another site": {"Sec-Fetch-Site": "cross-site"} | NAVIGATION,
    "a neighbour": {"Sec-Fetch-Site": "same-site"} | NAVIGATION,
    "an older browser": {"Origin": "https://evil.example"},
    "a port beside ours": {"Origin": "http://127.0.0.1:1"},
}
PAGES = (
    *("/", "/?language=es", "/permit", "/permit/forget"),
    *(f"/s/{{control}}{deed}" for deed in ("", "/replace", "/extend", "/recall", "/language")),
    *(f"/s/{{control}}/{deed}" for deed in ("pause", "resume", "forget", "rules")),
    *(f"/m/{{link}}{deed}" for deed in ("", "/code", "/gate", "/dispute", "/decline")),
    *(f"/m/{{link}}/{deed}" for deed in ("acknowledge", "prolong", "confirm", "on-screen")),
)
PROGRAMS = (
    *("messages", "message/replace", "message/recall"),
    *("message/pause", "message/resume", "message/forget"),
    *("link/reveal", "link/code", "link/acknowledge"),
)


@pytest.mark.parametrize("headers", OTHERS.values(), ids=OTHERS)
def test_forms_of_other_sites_use_up_no_limit_of_their_visitors_network(limited, headers):
    """Not even one that is reached counts them as a flood."""
    number = 20 + 2 * list(OTHERS.values()).index(headers)
    network, senders = come_from(number), come_from(number + 1)
    sent = Api(limited.url, headers=senders).send("the letter")
    victim = Visitor(limited.url, headers=network)
    paths = [path.format(control=sent.control, link=sent.link) for path in PAGES]
    forged = [
        Visitor(limited.url, network).ask(
            "POST", path, {"text": "forged", "passphrase": "x", "ticket": "x"}, headers
        )
        for path in (*paths, *(f"/api/v1/{path}" for path in PROGRAMS))
        for _ in range(PREVIEW + 1)
    ]
    statuses = {answer.status for answer in forged}
    own = [victim.post("/", {"text": f"own {number}"}).status for number in range(SEND)]
    looks = [victim.get(f"/m/{sent.link}").status for _ in range(PREVIEW)]
    read = [victim.post(f"/m/{sent.link}", {}).status for _ in range(3)]

    assert statuses == {403}
    assert max(len(answer.text) for answer in forged) < PAGE
    assert not [answer for answer in forged if "forged" in answer.text]
    assert own == [303] * SEND
    assert looks == [200] * PREVIEW
    assert read == [200] * 3


def test_a_form_of_another_site_is_not_read(limited):
    head = (
        f"POST / HTTP/1.1\r\nHost: {limited.bind}\r\nSec-Fetch-Site: cross-site\r\n"
        "Content-Type: application/x-www-form-urlencoded\r\nContent-Length: 1000000\r\n\r\n"
    )
    with socket.create_connection(("127.0.0.1", int(limited.bind.rpartition(":")[2]))) as line:
        line.settimeout(10)
        line.sendall(head.encode())
        answer = line.recv(1_000)

    assert answer.startswith(b"HTTP/1.1 403 ")


def test_a_switch_of_the_language_counts_as_a_look(limited):
    visitor = Visitor(limited.url, headers=come_from(6))
    statuses = [
        visitor.post("/?language=es", {"text": "the letter"}).status for _ in range(PREVIEW + 1)
    ]

    assert statuses == [200] * PREVIEW + [429]


PART = b"--x\r\nContent-Disposition: form-data; name=a\r\n\r\n1\r\n"
LARGE = b"text=" + b"x" * 70_000


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/", LARGE),
        ("/?language=es", LARGE),
        ("/", LARGE + b"%F0"),
        ("/", LARGE + b"&a" * 100),
        ("/s/C" + "A" * 34 + "/replace", LARGE),
        ("/s/C" + "A" * 34 + "/language?language=es", LARGE),
        ("/s/{control}/replace", LARGE),
        ("/s/{control}/language?language=es", LARGE),
    ],
    ids=["sent", "in Spanish", "not UTF-8", "fields", "no page", "no page in Spanish", "a stranger",
         "a stranger in Spanish"],
)  # fmt: skip
def test_a_large_form_counts_as_a_send_once_whatever_becomes_of_it(limited, address, path, body):
    control = Api(limited.url, headers=address()).send("the letter").control
    own = Api(limited.url, headers=FORM | {"Sec-Fetch-Site": "same-origin"} | address())
    path, small = path.format(control=control), b"text=a+letter"
    first = [own.ask("POST", path, body).status for _ in range(SEND - 1)]
    last, one_more = (own.ask("POST", "/", small).status for _ in range(2))
    refused = [own.ask("POST", path, body) for _ in range(REFUSED_MOST)]

    assert 429 not in first
    assert (last, one_more) == (303, 429)
    assert refused[-1].status == 429
    assert len(refused[-1].text) < 100


def test_a_large_form_comes_back_with_the_limit_that_it_reached(limited, address):
    own = Visitor(limited.url, headers=address())
    written = {"text": "the whole letter " * 5_000}
    statuses = [own.post("/?language=es", written).status for _ in range(SEND)]
    kept = own.post("/", written)

    assert statuses == [200] * SEND
    assert kept.status == 429
    assert written["text"] in kept.text


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        ("multipart/form-data; boundary=x", PART * 99),
        (FORM["Content-Type"], b"a=1&" * 100),
        (FORM["Content-Type"], b"a=%FF"),
        ("application/json", b"{"),
    ],
)
def test_no_body_makes_the_limits_forget_what_they_counted(limited, address, kind, body):
    """They look into it for a passphrase, and take an error there for the store's."""
    own = Api(limited.url, headers=FORM | {"Sec-Fetch-Site": "same-origin"} | address())
    before = [own.ask("POST", "/m/zz", b"passphrase=x").status for _ in range(2)]
    bomb = own.ask("POST", "/m/zz", body, headers={"Content-Type": kind})
    after = [own.ask("POST", "/m/zz", b"passphrase=x").status for _ in range(2)]

    assert before == [404, 404]
    assert bomb.status in {400, 413, 415}
    assert after[-1] == 429


@pytest.mark.parametrize("path", ["/", "/s/zz/replace", "/s/zz/recall", "/m/zz"])
def test_a_form_of_bare_percent_signs_is_refused_before_it_is_taken_apart(service, path):
    few, many = (b"text=" + b"%" * number for number in (1_000, 40_000))
    api = Api(service.url)

    assert api.ask("POST", path, many, headers=FORM).status == 400
    assert api.ask("POST", path, few, headers=FORM).status != 400


@given(
    st.lists(
        st.sampled_from(
            [
                b"%",
                b"%C3%A9",
                b"%zz",
                b"=",
                b"\n",
                b" ",
                b"\t",
                b"%0A",
                b"a+",
                b"%3",
                b"\r",
                b"_",
                b"%3D",
                b"%26",
                b"&",
                b"&&",
                b"+=+",
            ]
        )
    )
)
def test_a_form_is_read_as_the_standard_library_reads_it(parts):
    raw = b"".join(parts)

    assert form_fields(raw) == parse_qsl(raw.decode(), keep_blank_values=True)


@pytest.mark.parametrize("name", ["Accept-Language", "Cookie", "User-Agent", "X-Anything"])
def test_headers_that_are_long_together_are_refused_unread(service, name):
    """Gunicorn bounds each, and joins those of one name."""
    lines = [f"{name}: {'a,' * 2_000}" for _ in range(12)]
    head = ["GET / HTTP/1.1", f"Host: {service.bind}", "Connection: close", *lines]
    with socket.create_connection(("127.0.0.1", int(service.bind.rpartition(":")[2]))) as line:
        line.sendall("\r\n".join([*head, "", ""]).encode())
        with line.makefile("rb") as answer:
            status = int(answer.readline().split()[1])

    assert status == 400


@pytest.mark.parametrize(
    "bomb",
    [
        '{"recipients":[' + ",".join(["1.5"] * (ELEMENTS_MOST + 2)) + "]}",
        '{"t' + ":" * 2_000 + '":[' + ",".join(['"a"'] * 3 * STRUCTURE_MOST) + "]}",
    ],
    ids=["numbers", "strings"],
)
def test_json_of_mere_elements_is_refused_before_it_is_parsed(service, bomb):
    answer = Api(service.url).ask("POST", "/api/v1/messages", bomb.encode(), headers=JSON)

    assert (answer.status, answer.code) == (400, "malformed")


def test_forms_for_unknown_control_pages_and_of_unknown_origin_count_as_looks(tmp_path):
    settings = {"RESTANTE_RATE_LIMITS": "on", "RESTANTE_LIMIT_STATUS": "5",
                "RESTANTE_LIMIT_SEND": "3"}  # fmt: skip
    with Service(tmp_path, **settings) as service:
        stranger, sender = Visitor(service.url), Visitor(service.url, is_silent=True)
        sent = Api(service.url).send("x")
        path = f"/s/{sent.control}"
        sender.ask("POST", path, form_of(sender.get(path), path), {"Origin": "null"})
        untold = [
            sender.ask("POST", f"{path}/replace", {"text": "y"}, {"Origin": "null"}).status
            for _ in range(4)
        ]
        nowhere = "/s/C" + "A" * 34 + "/replace"
        unknown = [stranger.post(nowhere, {"text": "y"}).status for _ in range(6)]

        assert untold == [422, 422, 429, 429]
        assert unknown[0] == 404
        assert unknown[-1] == 429
        assert Api(service.url).recall(sent.control)
