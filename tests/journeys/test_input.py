"""What comes in: refused with every fault named, kept byte for byte, never echoed, never HTML."""

import json
import re
import socket
import time
from contextlib import suppress

import pytest

from restante.settings import MIB
from tests.api import Answer, Api, Visitor, form_of, new_nonce
from tests.processes import Service
from webapp.app import BODY_MAX
from webapp.errors import STATUS

GATE_SECONDS = 1.1
HIGH = {f"RESTANTE_LIMIT_{name}": "1000000" for name in ("SEND", "PREVIEW", "REVEAL", "PASSPHRASE")}
"""Limits look at what comes in too, so they are on."""


@pytest.fixture(scope="module")
def service(tmp_path_factory):
    folder = tmp_path_factory.mktemp("input")
    with Service(folder, RESTANTE_RATE_LIMITS="on", **HIGH) as service:
        yield service


@pytest.fixture
def api(service):
    return Api(service.url)


@pytest.fixture(scope="module")
def tls_service(tmp_path_factory):
    """A service whose visitors come over TLS, below a path; a proxy speaks for them."""
    folder = tmp_path_factory.mktemp("tls")
    with Service(folder, RESTANTE_PUBLIC_URL="https://letters.example/post") as service:
        yield service


def raw_send(api, body, **headers):
    return api.ask("POST", "/api/v1/messages", body, headers=headers)


def fields_at_fault(answer):
    assert (answer.status, answer.code) == (422, "invalid"), answer
    return [fault["field"] for fault in answer.json["errors"]]


# Faults


NO_EXPIRY = (
    *("0", "-1", "-0", "59", "31536001", "1.5", "60.0", "600.0", "1e3", "1e400", "-1e400"),
    *("1" + "0" * 30, "9" * 400, "null", '"600"', '""', "true", "false", "[]", "[600]", "{}"),
)


@pytest.mark.parametrize("written", NO_EXPIRY)
def test_an_expiry_that_is_none_is_refused_and_named(api, written):
    sent = api.send("text")
    at_send = raw_send(api, f'{{"text": "t", "expires_in": {written}}}'.encode())
    body = f'{{"expires_in": {written}}}'.encode()
    at_extend = api.ask("PATCH", "/api/v1/message", body, token=sent.control)

    assert fields_at_fault(at_send) == ["expires_in"]
    assert fields_at_fault(at_extend) == ["expires_in"]
    assert api.message(sent.control)["expires_at"] == sent.answer["expires_at"]


@pytest.mark.parametrize(
    "written", ["0", "-1", "1.5", "59", "31536001", "1e3", "６００", "0x10", "600s", "9" * 400]
)
def test_an_expiry_that_is_none_in_a_form_gives_the_page_back_with_everything(service, written):
    visitor = Visitor(service.url)
    form = {"text": "all that I wrote", "subject": "About", "expires_in": written}
    page = visitor.post("/", form)

    assert page.status == 422
    assert "all that I wrote" in page.text
    assert form_of(page, "/")["subject"] == "About"
    assert 'id="expires_in-fault"' in page.text


def test_every_field_at_fault_is_named_at_once(api):
    wrong = {
        "text": "",
        "recipients": ["Ana", "", "B\nen", 7],
        "expires_in": 0,
        "views": 0,
        "passphrase": "",
        "hold": -1,
        "from": "x" * 201,
        "subject": "\u202egnp.exe",
        "notify": {"email": "ana@example.org"},
        "pasphrase": "a typo",
    }
    of_another_kind = {
        "text": 7,
        "recipients": "Ana",
        "expires_in": True,
        "views": "1",
        "passphrase": None,
        "hold": 0.0,
        "from": [],
        "subject": {},
    }
    out_of_bounds = wrong | {"recipients": ["Ana", "", "B\nen"]}

    assert set(fields_at_fault(raw_send(api, out_of_bounds))) == {
        *(wrong.keys() - {"recipients"}),
        *("recipients[1]", "recipients[2]"),
    }
    assert set(fields_at_fault(raw_send(api, wrong))) == {
        *(wrong.keys() - {"recipients"}),
        "recipients[3]",
    }
    assert set(fields_at_fault(raw_send(api, of_another_kind))) == of_another_kind.keys()
    assert fields_at_fault(raw_send(api, {})) == ["text"]
    assert fields_at_fault(raw_send(api, {"text": "t", "recipients": []})) == ["recipients"]
    assert fields_at_fault(raw_send(api, {"text": "t", "recipients": ["A"] * 101})) == [
        "recipients"
    ]
    for views in (101, True, 1.0, "1", None):
        assert fields_at_fault(raw_send(api, {"text": "t", "views": views})) == ["views"]
    assert fields_at_fault(raw_send(api, {"text": "t", "hold": 86_401})) == ["hold"]


def test_every_field_at_fault_is_named_by_the_other_deeds_too(api):
    sent, nonce = api.send("text"), new_nonce()
    path = "/api/v1/message"
    faults = {
        "recall": api.ask("POST", f"{path}/recall", {"links": 7, "reason": 7}, token=sent.control),
        "replace": api.ask("POST", f"{path}/replace", {"passphrase": 7}, token=sent.control),
        "extend": api.ask("PATCH", path, {"a": 1, "b": 2}, token=sent.control),
        "reveal": api.ask(
            "POST", "/api/v1/link/reveal", {"passphrase": 7, "a": 1}, token=sent.link, nonce=nonce
        ),
    }

    assert {deed: sorted(fields_at_fault(answer)) for deed, answer in faults.items()} == {
        "recall": ["links", "reason"],
        "replace": ["passphrase", "text"],
        "extend": ["a", "b", "expires_in"],
        "reveal": ["a", "passphrase"],
    }
    assert [event["type"] for event in api.message(sent.control)["events"]] == ["message.sent"]


def test_a_name_that_nobody_knows_is_a_fault_everywhere_and_only_names_are_repeated(api):
    sent, nonce = api.send("text"), new_nonce()
    deeds = [
        ("POST", "/api/v1/messages", {"text": "t"}, None),
        ("POST", "/api/v1/message/recall", {}, sent.control),
        ("POST", "/api/v1/message/replace", {"text": "t"}, sent.control),
        ("PATCH", "/api/v1/message", {"expires_in": 600}, sent.control),
        ("POST", "/api/v1/link/reveal", {}, sent.link),
        ("POST", "/api/v1/link/acknowledge", {}, sent.link),
    ]
    for method, path, body, token in deeds:
        for name, told in (("pasphrase", "pasphrase"), ("<b>a secret</b>", "(unnamed)")):
            answer = api.ask(method, path, body | {name: 1}, token=token, nonce=nonce)

            assert fields_at_fault(answer) == [told], path
            assert "a secret" not in answer.text
    assert api.preview(sent.link).json["state"] == "sealed"
    assert [event["type"] for event in api.message(sent.control)["events"]] == ["message.sent"]


MALFORMED = {
    "nothing": b"",
    "no JSON": b"text=hello",
    "half": b'{"text": "secret',
    "more behind": b'{"text": "secret"} {}',
    "a list": b'["secret"]',
    "a string": b'"secret"',
    "a number": b"7",
    "null": b"null",
    "NaN": b'{"text": "secret", "views": NaN}',
    "Infinity": b'{"text": "secret", "views": -Infinity}',
    "a name twice": b'{"text": "secret", "passphrase": "a", "passphrase": "b"}',
    "a name twice, spelt otherwise": b'{"text": "secret", "vi\\u0065ws": 1, "views": 2}',
    "a name twice below": b'{"text": "secret", "notify": {"a": 1, "a": 2}}',
    "bad UTF-8": b'{"text": "secret \xff\xfe"}',
    "an overlong sign": b'{"text": "secret \xc0\xaf"}',
    "a surrogate in UTF-8": b'{"text": "secret \xed\xa0\x80"}',
    "UTF-16": '{"text": "secret"}'.encode("utf-16"),
    "a byte order mark": '\ufeff{"text": "secret"}'.encode(),
    "a raw line break": b'{"text": "secret\n"}',
    "deep lists": b'{"text": ' + b"[" * 100_000,
    "deep lists, closed": b'{"text": ' + b"[" * 100_000 + b"]" * 100_000 + b"}",
    "deep objects": b'{"a": ' * 100_000,
    "too many digits": b'{"text": "secret", "views": ' + b"1" * 5_000 + b"}",
}


@pytest.mark.parametrize("body", MALFORMED.values(), ids=MALFORMED)
def test_what_is_no_json_object_is_malformed_and_does_nothing(api, body):
    sent, nonce = api.send("text"), new_nonce()
    answers = [
        raw_send(api, body),
        api.ask("POST", "/api/v1/message/replace", body, token=sent.control),
        api.ask("PATCH", "/api/v1/message", body, token=sent.control),
    ]
    if body:  # who sends nothing to these means no more than that
        for path, token in (
            ("/api/v1/message/recall", sent.control),
            ("/api/v1/link/reveal", sent.link),
            ("/api/v1/link/acknowledge", sent.link),
        ):
            answers.append(api.ask("POST", path, body, token=token, nonce=nonce))

    assert [(answer.status, answer.code) for answer in answers] == [(400, "malformed")] * len(
        answers
    )
    assert not [answer for answer in answers if "secret" in answer.text]
    assert api.preview(sent.link).json["state"] == "sealed"


@pytest.mark.parametrize(
    "kind",
    ["text/plain", "application/x-www-form-urlencoded", "application/jsonp", "text/json", "", "é"],
)
def test_another_media_type_is_refused(api, kind):
    sent = api.send("text")
    answer = raw_send(api, {"text": "t"}, **{"Content-Type": kind})
    headers = {"Content-Type": kind}
    path = "/api/v1/message/recall"
    recalled = api.ask("POST", path, {}, token=sent.control, headers=headers)

    assert (answer.status, answer.code) == (415, "unsupported-media-type")
    assert (recalled.status, recalled.code) == (415, "unsupported-media-type")
    assert api.preview(sent.link).json["state"] == "sealed"


@pytest.mark.parametrize(
    "nonce",
    ["", "x" * 15, "x" * 129, "with a space 1234", "ümlaut-ümlaut-ümlaut", "tab\tinside-it-all"],
)
def test_a_nonce_that_is_none_is_refused_before_all_else(api, nonce):
    sent = api.send("text", passphrase="a word")
    answers = [
        api.reveal(sent.link, nonce, "no word"),
        api.acknowledge(sent.link, nonce),
        api.reveal("no token", nonce),
        api.ask("POST", "/api/v1/link/reveal", b"no json", token=sent.link, nonce=nonce),
    ]

    assert [fields_at_fault(answer) for answer in answers] == [["Idempotency-Key"]] * 4
    assert api.reveal(sent.link, "x" * 16, "no word").json["tries_left"] == 9
    assert api.reveal(sent.link, "~" * 128, "a word").json["text"] == "text"


# Texts


TEXTS = {
    "emoji": "👩‍👩‍👧‍👦 🇨🇭 ☂️ \U0001f9d1\u200d\U0001f680",
    "right to left": "שלום \u200fعالم\u200e \u202eabc\u202c",
    "line ends": "one\r\ntwo\nthree\rfour\r\n\r\n",
    "NUL and other controls": "".join(map(chr, range(32))) + "\x7f\x80\x9f",
    "not normalised": "e\u0301 \u00e9 \u212b \ufb01",
    "at the edges": "\ufeff  \n\t text \n \ufffe\uffff\U0010ffff",
    "line separators": "a\u2028b\u2029c\u0085d",
    "markup": "<script>alert(1)</script>&lt;&amp;\"'{{7*7}}{% raw %}",
    "one sign": "\0",
    "JSON in it": '{"text": "\\u0000\\"}',
}
LARGEST = {
    "of one byte each": "x" * MIB,
    "of four bytes each": "\U0001f512" * (MIB // 4),
    "of JSON's longest escapes": "\0" * MIB,
    "of line ends": "\r\n" * (MIB // 2),
}


def test_a_text_comes_back_byte_for_byte_through_the_api_and_as_a_file(service, api):
    texts = TEXTS | LARGEST
    links = {name: api.send(text, views=2).link for name, text in texts.items()}
    visitor, forms = Visitor(service.url), {}
    for name, link in links.items():
        forms[name] = form_of(visitor.get(f"/m/{link}"), link) | {"as": "txt"}
    time.sleep(GATE_SECONDS)

    for name, text in texts.items():
        through_api = api.reveal(links[name], new_nonce())
        as_file = visitor.post(f"/m/{links[name]}", forms[name])
        assert through_api.json["text"] == text, name
        assert as_file.body == text.encode(), name
        assert as_file.headers["Content-Type"] == "text/plain; charset=utf-8"
        assert as_file.headers["Content-Disposition"] == 'attachment; filename="message.txt"'
        assert as_file.headers["X-Content-Type-Options"] == "nosniff"


def test_the_largest_message_of_all_is_taken_and_no_byte_more(api):
    labels = ["\U0001f512" * 200] * 100
    most = {"text": "\0" * MIB, "recipients": labels, "from": labels[0], "subject": labels[0]}
    written = json.dumps(most | {"passphrase": "\U0001f512" * 256}, indent=2)
    taken = raw_send(api, written.encode())
    texts = [
        "\0" * (MIB + 1),
        "x" * (MIB + 1),
        "é" * (MIB // 2) + "x",
        "x" + "\U0001f512" * (MIB // 4),
    ]
    refused = [raw_send(api, {"text": text}) for text in texts]
    sent = api.send("text")
    replaced = api.replace(sent.control, texts[0])

    assert taken.status == 201
    assert len(written) > 6 * MIB
    for answer in (*refused, replaced):
        assert (answer.status, answer.code) == (413, "too-large")
        assert str(MIB) in answer.json["detail"]
    assert api.message(sent.control)["version"] == 1


@pytest.mark.parametrize("kept", [True, False])
def test_a_body_beyond_all_measure_is_refused(service, kept):
    with Api(service.url, kept=kept) as api:
        body = b'{"text": "' + b"x" * BODY_MAX + b'"}'
        answers = [raw_send(api, body)]
        form = {"Content-Type": "application/x-www-form-urlencoded"}
        page = api.ask("POST", "/", b"text=" + body, headers=form)

        assert (answers[0].status, answers[0].code) == (413, "too-large")
        assert page.status == 413
        assert "too much to send at once" in page.text
        assert api.ask("GET", "/healthz").status == 200


def test_a_body_beyond_all_measure_that_comes_in_chunks_is_refused(service):
    chunk = b"10000\r\n" + b"x" * 65_536 + b"\r\n"
    head = (
        f"POST /api/v1/messages HTTP/1.1\r\nHost: {service.bind}\r\nConnection: close\r\n"
        "Content-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n"
    )
    reply = talk(service, head.encode() + chunk * (BODY_MAX // 65_536 + 2) + b"0\r\n\r\n")

    assert reply.startswith(b"HTTP/1.1 413 ")


def talk(service, request):
    """Send bytes and return all that comes back."""
    host, _, port = service.bind.partition(":")
    with socket.create_connection((host, int(port)), timeout=20) as line:
        reply = b""
        with suppress(BrokenPipeError, ConnectionResetError):
            line.sendall(request)
        with suppress(ConnectionResetError):
            while some := line.recv(65_536):
                reply += some
        return reply


def test_too_long_a_text_in_a_form_is_given_back(service, api):
    sender, text = Visitor(service.url), "a long letter " * 80_000
    page = sender.post("/", {"text": text, "subject": "About"})
    sent = Visitor(service.url)
    location = sent.post("/", {"text": "short"}).headers["Location"]
    replaced = sent.post(f"{location}/replace", {"text": text})

    assert page.status == replaced.status == 413
    assert text in page.text
    assert text in replaced.text
    assert "text is too long" in replaced.text


@pytest.mark.parametrize("written", ["\\ud800", "x\\udfffx", "\\udc00\\ud800"])
def test_half_a_character_is_refused(api, written):
    for field in ("text", "subject", "from", "passphrase"):
        body = f'{{"text": "t", "{field}": "{written}"}}'
        body = body.replace('"text": "t", "text"', '"text"')

        assert fields_at_fault(raw_send(api, body.encode())) == [field]


def test_names_keep_their_spelling_in_nfc_and_passphrases_match_in_any(api):
    sent = api.send("t", recipients=["Zoe\u0308"], from_="A\u030a", passphrase="caf\u00e9")
    message = api.message(sent.control)
    opened = api.reveal(sent.link, new_nonce(), "cafe\u0301")

    assert message["links"][0]["recipient"] == "Zo\u00eb"
    assert message["from"] == "\u00c5"
    assert opened.json["text"] == "t"
    assert api.reveal(api.send("t", passphrase=" x ").link, new_nonce(), "x").status == 403


# HTML


MARK = "&amp;\"'><img src=x onerror=alert(1)><script>alert(1)</script>{{7*7}}{%raw%}</textarea><!--"
UNSAFE = ("<img src=x", "<script>alert", "onerror=alert(1)>", "</textarea><!--", "49")


def test_nothing_that_a_person_wrote_is_ever_html(service, api):
    words = {name: f"{name}-{MARK}" for name in ("from", "subject", "passphrase", "reason")}
    text, label = f"text-{MARK}", f"label-{MARK}"
    form = {**words, "text": text, "recipients": f"{label}\nAna"}
    sender, reader, late = (Visitor(service.url) for _ in range(3))
    location = sender.post("/", form).headers["Location"]
    control = sender.get(location)
    links = re.findall(r"/m/(L[\w-]{34})<", control.text)
    pages = {
        "compose, faulty": sender.post(
            "/", form | {"views": MARK, "hold": MARK, "expires_in": MARK}
        ),
        "control": control,
        "control, faulty": sender.post(f"{location}/replace", {"text": text, "passphrase": ""}),
        "control, late": sender.post(f"{location}/extend", {"expires_in": MARK}),
        "control, too long": sender.post(f"{location}/recall", {"reason": MARK * 9}),
        "gate": reader.get(f"/m/{links[0]}"),
    }
    entry = form_of(pages["gate"], links[0])
    pages["quick"] = late.post(f"/m/{links[0]}", form_of(late.get(f"/m/{links[0]}"), links[0]))
    time.sleep(GATE_SECONDS)
    pages["wrong passphrase"] = reader.post(f"/m/{links[0]}", entry | {"passphrase": MARK})
    pages["number"] = late.post(
        f"/m/{links[0]}", form_of(pages["quick"], links[0]) | {"number": MARK}
    )
    pages["opened"] = reader.post(f"/m/{links[0]}", entry | {"passphrase": words["passphrase"]})
    pages["gone"] = late.get(f"/m/{links[0]}")
    sender.post(f"{location}/recall", {"reason": words["reason"]})
    pages["recalled"] = late.get(f"/m/{links[1]}")
    pages["report"] = sender.get(location)
    held = api.send(text, hold=600, from_=words["from"], subject=words["subject"])
    pages["held"] = late.get(f"/m/{held.link}")
    pages["held control"] = late.post(f"/s/{held.control}")
    pages["nowhere"] = late.get("/m/%3Cimg%20src=x%20onerror=alert(1)%3E")
    pages["nowhere at all"] = late.get("/%3Cscript%3Ealert(1)%3C/script%3E?q=%3Cscript%3Ealert(1)")

    for name, page in pages.items():
        plain = re.sub(
            r'<svg.*?</svg>|ticket" value="[^"]+"|\d{4}-\d\d-\d\dT[^"]+"',
            "",
            page.text,
            flags=re.DOTALL,
        )
        plain = re.sub(r"/[ms]/[\w-]{35}|\?v=\w+|\d\d:\d\d|id=\"wanted\">\d+", "", plain)
        assert not [word for word in UNSAFE if word in plain], name
        assert page.headers["Content-Type"] == "text/html; charset=utf-8"
    # They were all there, as text.
    escaped = "&gt;&lt;img src=x onerror=alert(1)&gt;"
    shown = {
        "compose, faulty": ("text", "label", "from", "subject", "passphrase"),
        "control": ("label", "subject"),
        "control, faulty": ("text",),
        "gate": ("from", "subject"),
        "opened": ("text", "from", "subject"),
        "recalled": ("reason",),
        "held": ("from",),
    }
    for name, parts in shown.items():
        assert escaped in pages[name].text
        for part in parts:
            assert f"{part}-&amp;amp;" in pages[name].text, (name, part)


def test_no_problem_repeats_what_came_in(api):
    secret = "s3cr3t-marker"
    sent = api.send("t", passphrase="a word")
    answers = [
        raw_send(api, {secret: secret, "text": 7, "recipients": [secret + "\n"], "views": secret}),
        raw_send(api, {"text": "t", "passphrase": secret * 30, "from": secret + "\0"}),
        raw_send(api, {"text": "t"}, **{"Content-Type": f"text/{secret}"}),
        api.ask("GET", f"/api/v1/{secret}?{secret}={secret}", token=secret),
        api.ask("DELETE", f"/api/v1/messages?{secret}", headers={"X-A": secret}),
        api.recall(sent.control, [secret]),
        api.recall(sent.control, reason=secret * 100),
        api.reveal(secret, new_nonce()),
        api.reveal(sent.link, secret[:3]),
        api.reveal(sent.link, new_nonce(), secret),
        api.ask("GET", "/api/v1/message", token=sent.control, headers={"Host": secret}),
        api.ask("GET", "/", headers={"Host": f"{secret}.example"}),
    ]

    assert not [answer for answer in answers if secret in answer.text + str(answer.headers)]
    assert min(answer.status for answer in answers) >= 400


# Problems


def test_every_problem_has_its_status_its_type_and_its_facts(api):
    sent, secret = api.send("t"), api.send("t", passphrase="a word")
    held, recalled = api.send("t", hold=600), api.send("t")
    api.recall(recalled.control, reason="a wrong address")
    nonce = new_nonce()
    came = [
        api.preview("L" * 35),
        api.ask("GET", "/api/v1/nothing"),
        api.reveal(recalled.link, nonce),
        api.preview(recalled.link),
        api.reveal(held.link, nonce),
        api.reveal(secret.link, nonce),
        api.reveal(secret.link, nonce, "no word"),
        raw_send(api, {}),
        raw_send(api, b"{"),
        api.ask("GET", "/api/v1/messages"),
        raw_send(api, {"text": "t"}, **{"Content-Type": "text/plain"}),
        raw_send(api, {"text": "x" * (MIB + 1)}),
        raw_send(api, b"x" * (BODY_MAX + 1)),
    ]
    statuses = {error.code: status for error, status in STATUS.items()}
    by_code = {answer.code: answer for answer in came}

    for answer in came:
        assert answer.headers["Content-Type"] == "application/problem+json"
        assert {"type", "title", "status", "detail", "code"} <= answer.json.keys()
        assert answer.status == answer.json["status"] == statuses[answer.code]
    # Reached limits, a fallen store and a crash are provoked in journeys of their own.
    elsewhere = {"rate-limited", "unavailable", "internal", "settings-invalid"}
    assert by_code.keys() == statuses.keys() - elsewhere
    assert by_code["gone"].json["state"] == "recalled"
    assert by_code["gone"].json["reason"] == "a wrong address"
    assert by_code["held"].json["opens_at"] == held.answer["opens_at"]
    assert 590 <= int(by_code["held"].headers["Retry-After"]) <= 600
    assert by_code["passphrase-wrong"].json["tries_left"] == 9
    allowed = by_code["method-not-allowed"].headers["Allow"]
    assert set(allowed.split(", ")) == {"OPTIONS", "POST"}
    assert api.preview(sent.link).status == 200


def test_the_tenth_wrong_passphrase_locks_and_the_right_one_comes_too_late(service, api):
    sent = api.send("t", passphrase="a word")
    nine = [api.reveal(sent.link, new_nonce(), "no word").json["tries_left"] for _ in range(9)]
    state = api.preview(sent.link).json["state"]
    tenth = api.reveal(sent.link, new_nonce(), "no word")
    right = api.reveal(sent.link, new_nonce(), "a word")
    page = Visitor(service.url).get(f"/m/{sent.link}")
    verdict = api.recall(sent.control).json["verdicts"][0]["outcome"]

    assert nine == [9, 8, 7, 6, 5, 4, 3, 2, 1]
    assert state == "sealed"
    assert (tenth.code, tenth.json["state"]) == ("gone", "locked")
    assert (right.code, right.json["state"]) == ("gone", "locked")
    assert page.status == 410
    assert "locked for good" in page.text
    assert verdict == "already_locked"


# Hosts and headers


HOSTS = (
    *("evil.example", "127.0.0.1.evil.example", "evil.example:80", "127.0.0.1@evil.example"),
    *("", "localhost.", "127.0.0.2", "[::2]", "127.0.0.1:80:80", "127.0.0.1/evil", "x" * 300),
)


@pytest.mark.parametrize("host", HOSTS)
@pytest.mark.parametrize("path", ["/", "/m/" + "L" * 35, "/api/v1/link", "/static/app.css", "/no"])
def test_a_foreign_host_is_refused(api, host, path):
    answer = api.ask("GET", path, headers={"Host": host, "X-Forwarded-Host": "127.0.0.1"})

    assert answer.status == 400
    assert "Location" not in answer.headers
    assert not host or host not in answer.text


def test_a_request_with_two_hosts_or_for_elsewhere_is_refused(service):
    for head in (
        f"GET / HTTP/1.1\r\nHost: {service.bind}\r\nHost: evil.example\r\n",
        f"GET / HTTP/1.1\r\nHost: evil.example\r\nHost: {service.bind}\r\n",
        "GET http://evil.example/ HTTP/1.1\r\nHost: evil.example\r\n",
    ):
        reply = talk(service, f"{head}Connection: close\r\n\r\n".encode())

        assert reply.startswith(b"HTTP/1.1 400 "), (head, reply[:200])
        assert b"evil.example" not in reply
    for host in ("localhost", "LOCALHOST:1", "127.0.0.1", "[::1]:99"):
        assert Api(service.url).ask("GET", "/", headers={"Host": host}).status == 200


def every_kind_of_answer(url, host=None):
    """Return an answer of every kind that the application gives."""
    headers = {"Accept-Encoding": "gzip, br, deflate, zstd"} | ({"Host": host} if host else {})
    api, visitor = Api(url, headers=headers), Visitor(url, headers)
    sent = api.send("text " * 1_000)
    recalled, secret = api.send("t", views=2), api.send("t", passphrase="a word")
    api.recall(recalled.control)
    gate = visitor.get(f"/m/{sent.link}")
    shown = visitor.post(f"/s/{sent.control}")
    css = re.search(r'href="([^"]+app\.css[^"]*)"', gate.text)[1]
    foreign = Api(url, headers={"Host": "evil.example"})
    time.sleep(GATE_SECONDS)
    opened = visitor.post(f"/m/{sent.link}", form_of(gate, sent.link))
    return {
        "compose": visitor.get("/"),
        "compose, faulty": visitor.post("/", {"text": ""}),
        "sent": visitor.post("/", {"text": "t"}),
        "warning": Visitor(url, headers).get(f"/s/{sent.control}"),
        "shown": shown,
        "control": visitor.get(f"/s/{sent.control}"),
        "gate": gate,
        "opened": opened,
        "file": visitor.post(f"/m/{sent.link}", form_of(opened, sent.link) | {"as": "txt"}),
        "kept": visitor.post(
            f"/m/{sent.link}/acknowledge", form_of(opened, "acknowledge") | {"keep": "1"}
        ),
        "done": visitor.post(f"/m/{sent.link}/acknowledge", form_of(opened, "acknowledge")),
        "gone": visitor.get(f"/m/{recalled.link}"),
        "secret": visitor.post(f"/m/{secret.link}", {}),
        "nowhere": visitor.get("/nowhere"),
        "not found": visitor.get("/m/nothing"),
        "wrong method": visitor.ask("PUT", "/"),
        "options": visitor.ask("OPTIONS", f"/m/{sent.link}"),
        "head": visitor.ask("HEAD", f"/m/{secret.link}"),
        "redirect": visitor.get(f"/m//{secret.link}"),
        "foreign host": foreign.ask("GET", "/"),
        "foreign host, API": foreign.ask("GET", "/api/v1/link"),
        "API": api.message(sent.control) and api.preview(secret.link),
        "API, revealed": api.reveal(api.send("t").link, new_nonce()),
        "API problem": api.preview("nothing"),
        "API nowhere": api.ask("GET", "/api/v1/nothing"),
        "API options": api.ask("OPTIONS", "/api/v1/messages", headers={"Origin": "https://e.x"}),
        "alive": api.ask("GET", "/healthz"),
        "ready": api.ask("GET", "/readyz"),
        "static": visitor.get(css),
        "static, nothing": visitor.get("/static/nothing.css"),
        "static, above": visitor.get("/static/..%2fapp.py"),
        "favicon": visitor.get("/favicon.ico"),
    }


def check_headers(name: str, answer: Answer) -> None:
    headers = answer.headers
    policy = dict(
        part.strip().partition(" ")[::2] for part in headers["Content-Security-Policy"].split(";")
    )

    assert policy["default-src"] == "'none'", name
    assert policy["script-src"] == policy["style-src"] == policy["form-action"] == "'self'"
    assert policy["frame-ancestors"] == policy["base-uri"] == "'none'"
    assert "unsafe" not in headers["Content-Security-Policy"]
    assert headers["Referrer-Policy"] == "no-referrer"
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["X-Frame-Options"] == "DENY"
    assert headers["X-Robots-Tag"].startswith("noindex")
    assert headers["Cross-Origin-Opener-Policy"] == "same-origin"
    assert headers["Cross-Origin-Resource-Policy"] == "same-origin"
    if name == "static":
        assert "immutable" in headers["Cache-Control"]
    else:
        assert headers["Cache-Control"] == "no-store", name
        assert not {"ETag", "Last-Modified", "Expires"} & set(headers.keys()), name
    assert "Content-Encoding" not in headers, name
    assert not [header for header in headers if header.lower().startswith("access-control-")]


def test_every_kind_of_answer_has_the_strict_headers(service):
    answers = every_kind_of_answer(service.url)

    for name, answer in answers.items():
        check_headers(name, answer)
        assert "Strict-Transport-Security" not in answer.headers
        if answer.headers.get_content_type() == "text/html":
            assert not re.search(
                r"<style|<script(?! src)|\son\w+=|\sstyle=|javascript:", answer.text
            )
    statuses = {name: answer.status for name, answer in answers.items()}
    assert {n for n, s in statuses.items() if s >= 500} == set()
    assert statuses["static"] == statuses["opened"] == statuses["done"] == 200


def test_over_tls_and_below_a_path_links_cookies_and_headers_say_so(tls_service):
    host = {"Host": "letters.example"}
    answers = every_kind_of_answer(tls_service.url, "letters.example")
    api, visitor = Api(tls_service.url, headers=host), Visitor(tls_service.url, host)
    sent = api.send("t")
    under_path = visitor.post("/post/", {"text": "t"})
    opened = visitor.get(f"/post/m/{sent.link}")
    cookies = [
        line
        for answer in (under_path, opened, visitor.post(f"/s/{sent.control}"))
        for line in answer.headers.get_all("Set-Cookie")
    ]

    for name, answer in answers.items():
        if answer.status != 400:
            check_headers(name, answer)
        assert answer.headers["Strict-Transport-Security"] == "max-age=31536000", name
    assert sent.answer["control_url"] == f"https://letters.example/post/s/{sent.control}"
    assert sent.answer["links"][0]["url"] == f"https://letters.example/post/m/{sent.link}"
    assert under_path.headers["Location"].startswith("/post/s/C")
    assert f'action="/post/m/{sent.link}"' in opened.text
    assert 'href="/post/static/app.css' in opened.text
    assert len(cookies) == 3
    for line in cookies:
        assert re.fullmatch(
            r"\w+=[\w-]{32}; (Expires=[^;]+; Max-Age=31536000; )?"
            r"Secure; HttpOnly; Path=/post; SameSite=Lax",
            line,
        ), line
    for origin, is_ours in (
        ("https://letters.example", True),
        ("http://letters.example", False),
        ("https://letters.example:8443", False),
        ("https://evil.letters.example", False),
    ):
        answer = visitor.ask("POST", "/post/", {"text": "t"}, {"Origin": origin})
        assert (answer.status == 303) == is_ours, origin


def test_cookies_are_for_this_service_and_no_script(service, api):
    visitor, sent = Visitor(service.url), api.send("t")
    lines = [
        visitor.get(f"/m/{sent.link}").headers["Set-Cookie"],
        visitor.post("/", {"text": "t"}).headers["Set-Cookie"],
        visitor.post(f"/s/{sent.control}").headers["Set-Cookie"],
    ]

    assert [line.partition("=")[0] for line in lines] == ["reader", "sender", "shown"]
    for line in lines:
        assert {"HttpOnly", "SameSite=Lax", "Path=/"} <= set(line.split("; "))
        assert "Secure" not in line
        assert "Domain" not in line
    # Who has a cookie gets no other.
    assert "Set-Cookie" not in visitor.get(f"/m/{sent.link}").headers


@pytest.mark.parametrize(
    "cookie",
    [
        "reader=short",
        "reader=" + "é" * 32,
        "reader=../../../../../../etc/passwd1234",
        "reader=" + "A" * 33,
        "reader=" + "A" * 31 + "\x00",
        'reader="AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\\012"',
        "reader=; sender=; shown=",
        "reader",
        ";;;=;=",
        "$Version=1; reader=x",
    ],
)
def test_a_cookie_not_of_our_making_is_as_none(service, api, cookie):
    sent = api.send("t")
    answer = api.ask("GET", f"/m/{sent.link}", headers={"Cookie": cookie})

    # The server itself refuses a control sign.
    assert answer.status == (400 if "\x00" in cookie else 200)
    if answer.status == 200:
        assert re.match(r"reader=[\w-]{32};", answer.headers["Set-Cookie"])


def test_cookies_and_addresses_without_end_are_refused_by_the_server(api):
    sent = api.send("t")
    cookies = api.ask("GET", f"/m/{sent.link}", headers={"Cookie": "x=" + "y" * 100_000})
    address = api.ask("GET", f"/m/{sent.link}?{'y' * 100_000}")

    assert (cookies.status, address.status) == (431, 414)
    assert sent.link not in cookies.text + address.text


def test_no_name_gets_into_a_header(service, api):
    """Line breaks are refused in every field, and no field's value stands in any header."""
    for field in ("from", "subject"):
        for end in ("\r\n", "\n", "\r", "\u2028", "\x85", "\x0b"):
            body = {"text": "t", field: f"x{end}Set-Cookie: evil=1"}
            assert fields_at_fault(raw_send(api, body)) == [field]
    sent = api.send(
        "t", from_="header-marker", subject="header-marker", recipients=["header-marker"]
    )
    visitor = Visitor(service.url)
    answers = [
        visitor.get(f"/m/{sent.link}"),
        visitor.post(f"/s/{sent.control}"),
        api.ask("GET", "/api/v1/message", token=sent.control),
    ]

    assert not [answer for answer in answers if "header-marker" in str(answer.headers)]
