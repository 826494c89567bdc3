"""What comes in wrong: every field at fault is named, and nothing happens."""

import pytest

from tests.support.api import Visitor, form_of, new_reader_key


def raw_send(api, body, **headers):
    return api.ask("POST", "/api/v1/messages", body, headers=headers)


def fields_at_fault(answer):
    assert (answer.status, answer.code) == (422, "invalid"), answer
    return [fault["field"] for fault in answer.json["errors"]]


NO_EXPIRY = (
    *("0", "-1", "-0", "59", "31536001", "1.5", "60.0", "600.0", "1e3", "1e400", "-1e400"),
    *("1" + "0" * 30, "9" * 400, "null", '"600"', '""', "true", "false", "[]", "[600]", "{}"),
)


@pytest.mark.parametrize("written", NO_EXPIRY)
def test_an_invalid_expiry_is_refused_and_named(api, written):
    sent = api.send("text")
    at_send = raw_send(api, f'{{"text": "t", "expires_in": {written}}}'.encode())
    body = f'{{"expires_in": {written}}}'.encode()
    at_extend = api.ask("PATCH", "/api/v1/message", body, token=sent.control)

    assert fields_at_fault(at_send) == ["expires_in"]
    assert fields_at_fault(at_extend) == ["expires_in"]
    assert api.message(sent.control)["expires_at"] == sent.answer["expires_at"]


@pytest.mark.parametrize(
    "written", ["0", "-1", "1.5", "59", "31536001", "1e3", "６，０", "0x10", "600s", "9" * 400]
)
def test_an_invalid_expiry_in_a_form_keeps_all_input(counting_service, written):
    visitor = Visitor(counting_service.url)
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
        "notify": {"webhook": "http://10.0.0.1/", "email": "ana@example.org"},
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
        *(wrong.keys() - {"recipients", "notify"}),
        *("notify.webhook", "notify.email"),
        *("recipients[1]", "recipients[2]"),
    }
    assert set(fields_at_fault(raw_send(api, wrong))) == {
        *(wrong.keys() - {"recipients", "notify"}),
        *("notify.webhook", "notify.email"),
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
    sent, reader_key = api.send("text"), new_reader_key()
    path = "/api/v1/message"
    faults = {
        "recall": api.ask("POST", f"{path}/recall", {"links": 7, "reason": 7}, token=sent.control),
        "replace": api.ask("POST", f"{path}/replace", {"passphrase": 7}, token=sent.control),
        "extend": api.ask("PATCH", path, {"a": 1, "b": 2}, token=sent.control),
        "reveal": api.ask(
            "POST",
            "/api/v1/link/reveal",
            {"passphrase": 7, "a": 1},
            token=sent.link,
            reader_key=reader_key,
        ),
    }

    assert {deed: sorted(fields_at_fault(answer)) for deed, answer in faults.items()} == {
        "recall": ["links", "reason"],
        "replace": ["passphrase", "text"],
        "extend": ["a", "b", "expires_in"],
        "reveal": ["a", "passphrase"],
    }
    assert [event["type"] for event in api.message(sent.control)["events"]] == ["message.sent"]


def test_an_unknown_field_is_a_fault_in_every_call_and_only_plain_names_are_echoed(api):
    sent, reader_key = api.send("text"), new_reader_key()
    deeds = [
        ("POST", "/api/v1/messages", {"text": "t"}, None),
        ("POST", "/api/v1/message/recall", {}, sent.control),
        ("POST", "/api/v1/message/replace", {"text": "t"}, sent.control),
        ("PATCH", "/api/v1/message", {"expires_in": 600}, sent.control),
        ("PATCH", "/api/v1/message", {"rules": {"tell_unread_after": 600}}, sent.control),
        ("POST", "/api/v1/message/pause", {}, sent.control),
        ("POST", "/api/v1/message/resume", {}, sent.control),
        ("POST", "/api/v1/message/forget", {}, sent.control),
        ("POST", "/api/v1/link/reveal", {}, sent.link),
        ("POST", "/api/v1/link/acknowledge", {}, sent.link),
    ]
    for method, path, body, token in deeds:
        for name, told in (("pasphrase", "pasphrase"), ("<b>a secret</b>", "(unnamed)")):
            answer = api.ask(method, path, body | {name: 1}, token=token, reader_key=reader_key)

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
    "two byte order marks": '\ufeff\ufeff{"text": "secret"}'.encode(),
    "a raw line break": b'{"text": "secret\n"}',
    "deep lists": b'{"text": ' + b"[" * 30_000,
    "deep lists, closed": b'{"text": ' + b"[" * 30_000 + b"]" * 30_000 + b"}",
    "deep objects": b'{"a": ' * 10_000,
    "too many digits": b'{"text": "secret", "views": ' + b"1" * 5_000 + b"}",
}


@pytest.mark.parametrize("body", MALFORMED.values(), ids=MALFORMED)
def test_a_body_that_is_no_json_object_is_malformed_and_does_nothing(api, body):
    sent, reader_key = api.send("text"), new_reader_key()
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
            answers.append(api.ask("POST", path, body, token=token, reader_key=reader_key))

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
    "reader_key",
    ["", "x" * 15, "x" * 129, "with a space 1234", "ümlaut-ümlaut-ümlaut", "tab\tinside-it-all"],
)
def test_an_invalid_idempotency_key_is_refused_first(api, reader_key):
    sent = api.send("text", passphrase="a word")
    answers = [
        api.reveal(sent.link, reader_key, "no word"),
        api.acknowledge(sent.link, reader_key),
        api.reveal("no token", reader_key),
        api.ask("POST", "/api/v1/link/reveal", b"no json", token=sent.link, reader_key=reader_key),
    ]

    assert [fields_at_fault(answer) for answer in answers] == [["Idempotency-Key"]] * 4
    assert api.reveal(sent.link, "x" * 16, "no word").json["tries_left"] == 9
    assert api.reveal(sent.link, "~" * 128, "a word").json["text"] == "text"
