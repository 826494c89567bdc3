"""The description of the API against the running service: its page, its examples, its bounds."""

import re

import pytest

from tests.support import described, filing
from tests.support.api import Api, Visitor, new_reader_key


@pytest.fixture(scope="module")
def document(counting_service):
    answer = Api(counting_service.url).ask("GET", "/api/v1/openapi.json")
    assert answer.status == 200
    assert answer.headers["Content-Type"] == "application/json"
    return answer.json


def body_examples(document, path, method):
    content = document["paths"][path][method]["requestBody"]["content"]["application/json"]
    return [one["value"] for one in content["examples"].values()]


def test_the_document_is_that_of_these_settings(document, counting_service):
    url = f"{counting_service.url}/api/v1"

    assert document["openapi"] == "3.1.1"
    assert document["servers"] == [{"url": url}]
    assert "1000000 sends" in document["paths"]["/messages"]["post"]["description"]


def test_every_example_is_answered_as_the_description_says(document, api):
    """From top to bottom: each request is the example, and its answer has the example's fields."""
    (send,) = body_examples(document, "/messages", "post")
    seen, tokens, reader_key = set(), {}, new_reader_key()

    def run(method, path, body=None, *, place=None, **headers):
        its = document["paths"][place or path][method]
        (kind,) = {name for one in its["security"] for name in one} or {None}
        answer = api.ask(
            method.upper(), f"/api/v1{path}", body, token=tokens.get(kind), headers=headers
        )
        if place is None:
            described.check(method, f"/api/v1{path}", answer)
        right = next(one for status, one in its["responses"].items() if status < "300")
        assert 200 <= answer.status < 300, answer
        if "application/json" in (content := right.get("content", {})):
            example = content["application/json"]["example"]
            assert answer.json.keys() == example.keys()
        seen.add((method, place or path))
        return answer

    key = {"Idempotency-Key": reader_key}
    sent = run("post", "/messages", send).json
    tokens |= {"controlToken": sent["control_token"], "linkToken": sent["links"][0]["token"]}
    run("get", "/link")
    run("post", "/link/code", {})
    (reveal,) = body_examples(document, "/link/reveal", "post")
    run("post", "/link/reveal", reveal, **key)
    run("post", "/link/acknowledge", {}, **key)
    run("post", "/message/pause", {})
    run("post", "/message/resume", {})
    for change in body_examples(document, "/message", "patch"):
        run("patch", "/message", change)
    (replace,) = body_examples(document, "/message/replace", "post")
    run("post", "/message/replace", replace)
    (hook,) = body_examples(document, "/message/notify/webhook", "post")
    run("post", "/message/notify/webhook", hook)
    run("post", "/message/notify/webhook", {"webhook": "https://nothing.invalid/"})
    run("post", "/message/notify/test", {})
    (recall,) = body_examples(document, "/message/recall", "post")
    run("post", "/message/recall", recall)
    for told in body_examples(document, "/message/notify", "post"):
        run("post", "/message/notify", told)
    run("get", "/message")
    run("post", "/message/forget", {})
    _files(document, api, run, tokens)

    assert seen == {
        (method, path) for path, methods in document["paths"].items() for method in methods
    }


BOUNDED = [
    ("text", "x"),
    ("from", "x"),
    ("subject", "x"),
    ("passphrase", "x"),
    ("recipients", ["Ana"]),
    ("views", 1),
    ("expires_in", 1),
    ("hold", 1),
]


def values(schema, one):
    """Return the least and the most value of a field, and those beyond."""
    for least, most, make in (
        ("minimum", "maximum", int),
        ("minLength", "maxLength", lambda n: "x" * n),
        ("minItems", "maxItems", lambda n: ["Ana"] * n),
    ):
        if least in schema:
            low, high = schema[least], schema[most]
            return [make(low), make(high)], [make(low - 1)] * (low > 0) + [make(high + 1)]
    raise AssertionError(one)


@pytest.mark.parametrize(("name", "one"), BOUNDED)
def test_the_bounds_of_a_send_are_those_of_the_service(document, api, name, one):
    its = document["components"]["schemas"]["Send"]["properties"][name]
    right, wrong = values(its, one)
    for value in right:
        answer = api.ask("POST", "/api/v1/messages", {"text": "t", name: value})
        assert answer.status == 201, (name, value if value != right[1] else "the most")
    for value in wrong:
        answer = api.ask("POST", "/api/v1/messages", {"text": "t", name: value})
        assert answer.status in {413, 422}, name


def test_no_field_with_bounds_is_left_out(document):
    its = document["components"]["schemas"]["Send"]["properties"]
    bounded = {
        name for name, schema in its.items() if {"minimum", "minLength", "minItems"} & schema.keys()
    }

    assert bounded == {name for name, _ in BOUNDED} | {"files"}


def test_the_page_shows_every_operation_field_code_and_event(document, counting_service):
    page = Visitor(counting_service.url).get("/api/v1/")
    names = set(re.findall(r"<code>([^<]+)</code>", page.text))
    last = {name.rpartition(".")[2] for name in names}

    assert page.status == 200
    for path, methods in document["paths"].items():
        for method in methods:
            assert f"{method.upper()}</span> {path}" in page.text
    for name, schema in document["components"]["schemas"].items():
        if name.startswith(("problem-", "event-")):
            assert name.partition("-")[2] in names
        if name not in {"Nothing", "WebhookData"} and not name.startswith("problem-"):
            assert schema.get("properties", {}).keys() <= last | names, name


def test_the_page_loads_nothing_from_elsewhere_and_needs_no_scripts(counting_service):
    page = Visitor(counting_service.url).get("/api/v1/")
    loaded = re.findall(r'(?:src|href)="([^"#][^"]*)"', page.text)

    assert loaded
    assert [one for one in loaded if not one.startswith(("/", "?"))] == []
    assert "onclick" not in page.text
    assert "default-src 'none'" in page.headers["Content-Security-Policy"]


def test_the_page_s_frame_follows_the_language(counting_service):
    spanish = Visitor(counting_service.url).get("/api/v1/?language=es").text

    assert '<html lang="es"' in spanish
    assert "Problemas" in spanish
    assert '<tbody lang="en"' in spanish


def _files(document, api, run, tokens):
    """Upload, cancel, fetch and take out, as the examples do."""
    (upload,) = body_examples(document, "/uploads", "post")
    upload = {"size": upload["size"]}  # its `with` is an example of a token
    tokens["uploadToken"] = run("post", "/uploads", upload).json["upload_token"]
    run("get", "/upload")
    part = {"Content-Type": filing.PARTIAL, "Upload-Offset": "0", "Upload-Complete": "?0"}
    run("patch", "/upload", b"x" * 65_536, **part)
    run("delete", "/upload")
    filed, _, _ = filing.sent_with(api, b"x", b"y")
    tokens |= {"controlToken": filed["control_token"], "linkToken": filed["links"][0]["token"]}
    reader = filing.Reader(api, tokens["linkToken"])
    shown = {"Idempotency-Key": reader.key, "Files-Token": reader.token}
    run("get", "/link/files/1", place="/link/files/{number}", **shown)
    (take_out,) = body_examples(document, "/message/take-out", "post")
    run("post", "/message/take-out", take_out)
