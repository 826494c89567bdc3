"""Texts and names: kept byte for byte, never echoed, never HTML."""

import json
import re

import pytest

from restante.settings import MIB
from tests.support.api import Api, Visitor, form_of, new_reader_key
from tests.support.lines import talk
from tests.support.tickets import gate_form, waited
from webapp.http.request_size import BODY_MAX


def raw_send(api, body, **headers):
    return api.ask("POST", "/api/v1/messages", body, headers=headers)


def fields_at_fault(answer):
    assert (answer.status, answer.code) == (422, "invalid"), answer
    return [fault["field"] for fault in answer.json["errors"]]


TEXTS = {
    "emoji": "👩‍👩‍👧‍👦 🇨🇭 ☂️ \U0001f9d1\u200d\U0001f680",
    "right to left": "שלום \u200fعالم\u200e \u202eabc\u202c",
    "line ends": "one\r\ntwo\nthree\rfour\r\n\r\n",
    "NUL and other controls": "".join(map(chr, range(32))) + "\x7f\x80\x9f",
    "not normalised": "e\u0301 \u00e9 \u212b \ufb01",
    "at the edges": "\ufeff  \n\t text \n \ufffe\uffff\U0010ffff",
    "line separators": "a\u2028b\u2029c\u0085d",
    "markup": "<script>alert(1)</script>&lt;&amp;\"'{{7777*7777}}{% raw %}",
    "one sign": "\0",
    "JSON in it": '{"text": "\\u0000\\"}',
}


LARGEST = {
    "of one byte each": "x" * MIB,
    "of four bytes each": "\U0001f512" * (MIB // 4),
    "of JSON's longest escapes": "\0" * MIB,
    "of line ends": "\r\n" * (MIB // 2),
}


def test_a_text_comes_back_byte_for_byte_through_the_api_and_as_a_file(counting_service, api):
    texts = TEXTS | LARGEST
    links = {name: api.send(text, views=2).link for name, text in texts.items()}
    visitor, forms = Visitor(counting_service.url), {}
    for name, link in links.items():
        forms[name] = gate_form(counting_service, visitor, link) | {"as": "txt"}

    for name, text in texts.items():
        through_api = api.reveal(links[name], new_reader_key())
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
    assert len(written) > 6 * MIB
    taken = raw_send(api, written.encode())
    assert taken.status == 201
    texts = [
        "\0" * (MIB + 1),
        "x" * (MIB + 1),
        "é" * (MIB // 2) + "x",
        "x" + "\U0001f512" * (MIB // 4),
    ]
    refused = [raw_send(api, {"text": text}) for text in texts]
    sent = api.send("text")
    replaced = api.replace(sent.control, texts[0])

    for answer in (*refused, replaced):
        assert (answer.status, answer.code) == (413, "too-large")
        assert str(MIB) in answer.json["detail"]
    assert api.message(sent.control)["version"] == 1


@pytest.mark.parametrize("kept", [True, False])
def test_a_body_beyond_all_measure_is_refused(counting_service, kept):
    with Api(counting_service.url, kept=kept) as api:
        body = b'{"text": "' + b"x" * BODY_MAX + b'"}'
        answers = [raw_send(api, body)]
        form = {"Content-Type": "application/x-www-form-urlencoded"}
        page = api.ask("POST", "/", b"text=" + body, headers=form)

        assert (answers[0].status, answers[0].code) == (413, "too-large")
        assert page.status == 413
        assert "too much to send at once" in page.text
        assert api.ask("GET", "/healthz").status == 200


def test_a_body_beyond_all_measure_that_comes_in_chunks_is_refused(counting_service):
    chunk = b"10000\r\n" + b"x" * 65_536 + b"\r\n"
    head = (
        f"POST /api/v1/messages HTTP/1.1\r\nHost: {counting_service.bind}\r\nConnection: close\r\n"
        "Content-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n"
    )
    reply = talk(counting_service, head.encode() + chunk * (BODY_MAX // 65_536 + 2) + b"0\r\n\r\n")

    assert reply.startswith(b"HTTP/1.1 413 ")


def test_too_long_a_text_in_a_form_is_given_back_as_far_as_it_may_be(counting_service, api):
    sender, text = Visitor(counting_service.url), "a long letter " * 80_000
    page = sender.post("/", {"text": text, "subject": "About"})
    assert text[:MIB] in page.text
    assert "Its end is missing here" in page.text
    sent = Visitor(counting_service.url)
    location = sent.post("/", {"text": "short"}).headers["Location"]
    replaced = sent.post(f"{location}/replace", {"text": text})

    assert page.status == replaced.status == 413
    assert text[:MIB] in replaced.text
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
    opened = api.reveal(sent.link, new_reader_key(), "cafe\u0301")

    assert message["links"][0]["recipient"] == "Zo\u00eb"
    assert message["from"] == "\u00c5"
    assert opened.json["text"] == "t"
    assert api.reveal(api.send("t", passphrase=" x ").link, new_reader_key(), "x").status == 200
    assert api.reveal(api.send("t", passphrase="x").link, new_reader_key(), "X").status == 403


MARK = (
    "&amp;\"'><img src=x onerror=alert(1)><script>alert(1)</script>"
    "{{7777*7777}}{%raw%}</textarea><!--"
)


RULES = ("rules.tell_unread_after", "rules.recall_unread_after_hours")
UNSAFE = ("<img src=x", "<script>alert", "onerror=alert(1)>", "</textarea><!--", "60481729")


def test_nothing_that_a_person_wrote_is_ever_html(counting_service, api):
    words = {name: f"{name}-{MARK}" for name in ("from", "subject", "passphrase", "reason")}
    text, label = f"text-{MARK}", f"label-{MARK}"
    # In quotes, as mail programs write a name with commas and brackets.
    quoted = label.replace('"', '\\"')
    form = {**words, "text": text, "recipients": f'"{quoted}"\nAna'}
    sender, reader, late = (Visitor(counting_service.url) for _ in range(3))
    location = sender.post("/", form).headers["Location"]
    control = sender.get(location)
    links = re.findall(r"/m/(L[\w-]{34})<", control.text)
    pages = {
        "compose, faulty": sender.post(
            "/",
            form | {"views": MARK, "hold": MARK, "expires_in": MARK} | dict.fromkeys(RULES, MARK),
        ),
        "control": control,
        "control, faulty": sender.post(f"{location}/replace", {"text": text, "passphrase": ""}),
        "control, late": sender.post(f"{location}/extend", {"expires_in": MARK}),
        "control, ruled": sender.post(f"{location}/rules", {"rules.tell_unread_after": MARK}),
        "control, too long": sender.post(f"{location}/recall", {"reason": MARK * 9}),
        "gate": reader.get(f"/m/{links[0]}"),
    }
    entry = waited(counting_service, reader, links[0], form_of(pages["gate"], links[0]))
    pages["quick"] = late.post(f"/m/{links[0]}", form_of(late.get(f"/m/{links[0]}"), links[0]))
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
        api.reveal(secret, new_reader_key()),
        api.reveal(sent.link, secret[:3]),
        api.reveal(sent.link, new_reader_key(), secret),
        api.ask("GET", "/api/v1/message", token=sent.control, headers={"Host": secret}),
        api.ask("GET", "/", headers={"Host": f"{secret}.example"}),
    ]

    assert not [answer for answer in answers if secret in answer.text + str(answer.headers)]
    assert min(answer.status for answer in answers) >= 400
