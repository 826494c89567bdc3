"""The description of the API: it has every operation, field, code, event and limit."""

import json
import re

import pytest

from restante.crypto.send_key import SendKey
from restante.crypto.tokens import ReaderKey
from restante.event_types import EVENTS, FLAGS, MOMENTS
from tests.support import described
from tests.support.processes import ROOT
from webapp.api.described import KEYS
from webapp.api.operation import of_view
from webapp.http.errors import STATUS

RECORDED = re.compile(r"""["']((?:message|link)\.[a-z_]+)["']""")
LOOKS = {"link.fetched", "link.reread"}


@pytest.fixture(scope="module")
def document():
    return described.made()


def every_schema(node):
    """Yield each schema in a document, with all in it."""
    if isinstance(node, dict):
        yield node
        for inner in node.values():
            yield from every_schema(inner)
    elif isinstance(node, list):
        for inner in node:
            yield from every_schema(inner)


def test_every_route_of_the_api_is_described(document):
    app = described.app()
    undescribed = [
        rule.rule
        for rule in app.url_map.iter_rules()
        if rule.endpoint.startswith("api.") and not of_view(app.view_functions[rule.endpoint])
    ]

    assert sorted(undescribed) == ["/api/v1/", "/api/v1/openapi.json"]
    assert sum(len(methods) for methods in document["paths"].values()) == 21


def test_everything_that_is_described_says_what_it_is(document):
    """Nothing else tells a stranger: a field without a meaning is a hole in the reference."""
    for its in (one for path in document["paths"].values() for one in path.values()):
        assert its["summary"]
        assert its["security"]
    properties = [
        (name, schema)
        for node in every_schema(document["components"]["schemas"])
        if node.get("type") == "object"
        for name, schema in node.get("properties", {}).items()
    ]
    silent = {
        name
        for name, schema in properties
        if not {"description", "$ref", "const", "items", "anyOf"} & schema.keys()
        and schema.get("type") != "object"
    }

    assert len(properties) > 150
    assert silent == set()


def test_every_reference_leads_somewhere(document):
    for node in every_schema(document):
        if "$ref" in node:
            found = document
            for part in node["$ref"].removeprefix("#/").split("/"):
                found = found[part]


def test_the_examples_are_as_the_schemas_say(document):
    shown = 0
    for node in every_schema(document["paths"]):
        if "schema" in node and "example" in node:
            described.validator(json.dumps(node["schema"])).validate(node["example"])
            shown += 1
        for one in node.get("examples", {}).values() if "schema" in node else ():
            described.validator(json.dumps(node["schema"])).validate(one["value"])
            shown += 1
    for schema in document["components"]["schemas"].values():
        for one in schema.get("examples", ()):
            described.validator(json.dumps(schema)).validate(one)
            shown += 1

    assert shown >= 40


def test_every_problem_of_the_api_is_described_with_its_status(document):
    told = {error.code for error in STATUS} - {"settings-invalid", "watched"}
    schemas = document["components"]["schemas"]
    codes = {name.removeprefix("problem-") for name in schemas if name.startswith("problem-")}

    assert codes == told
    for error, status in STATUS.items():
        if error.code in told:
            its = schemas[f"problem-{error.code}"]["properties"]
            assert its["status"]["const"] == status


def test_every_event_that_a_script_records_is_described(document):
    scripts = (ROOT / "restante" / "store" / "scripts").rglob("*.lua")
    code = "\n".join(
        line.partition("--")[0] for path in scripts for line in path.read_text().splitlines()
    )

    assert set(RECORDED.findall(code)) - LOOKS == EVENTS.keys()
    assert document["webhooks"].keys() == EVENTS.keys() - {"message.sent"}
    assert {"passphrase"} == FLAGS
    assert {"from", "to", "until", "tell_unread_at", "recall_unread_at", "told_at"} == MOMENTS


def test_the_operator_s_limits_are_those_in_the_description():
    few = described.made(
        TEXT_MAX="1000", RECIPIENTS_MAX="7", VIEWS_MAX="3", EXPIRY_MIN="120", EXPIRY_MAX="7200",
        EXPIRY_DEFAULT="3600", HOLD_MAX="60", LIMIT_SEND="11", SENDERS="tokens",
        PUBLIC_URL="https://letters.example.com/below",
    )  # fmt: skip
    its = few["components"]["schemas"]["Send"]["properties"]
    send = few["paths"]["/messages"]["post"]

    assert its["text"]["maxLength"] == 1000
    assert its["recipients"]["maxItems"] == 7
    assert its["views"]["maximum"] == 3
    assert (its["expires_in"]["minimum"], its["expires_in"]["maximum"]) == (120, 7200)
    assert its["hold"]["maximum"] == 60
    assert "11 sends" in send["description"]
    assert send["security"] == [{"senderToken": []}]
    assert few["servers"] == [{"url": "https://letters.example.com/below/api/v1"}]


@pytest.mark.parametrize(
    ("senders", "security"),
    [
        ("anyone", [{}]),
        ("10.0.0.0/8", [{}]),
        ("tokens", [{"senderToken": []}]),
        ("10.0.0.0/8,tokens", [{}, {"senderToken": []}]),
    ],
)
def test_who_needs_a_sender_token_is_described(senders, security):
    made = described.made(SENDERS=senders)

    assert made["paths"]["/messages"]["post"]["security"] == security
    assert "10.0.0.0" not in json.dumps(made)


def test_a_key_is_as_long_as_is_described():
    patterns = {ReaderKey: ReaderKey.PATTERN, SendKey: SendKey.PATTERN}
    for kind, key in KEYS.items():
        lengths = [n for n in range(200) if patterns[kind].fullmatch("k" * n)]
        assert (lengths[0], lengths[-1]) == (key.least, key.most)


def test_an_undescribed_field_or_answer_is_noticed():
    """What checks all answers in the tests would see one."""
    content = described.closed()["paths"]["/link"]["get"]["responses"]["200"]["content"]
    its = content["application/json"]
    check = described.validator(json.dumps(its["schema"]))

    assert check.is_valid(its["example"])
    assert not check.is_valid(its["example"] | {"more": 1})
    assert not check.is_valid(its["example"] | {"opens_at": "yesterday"})
    assert described.validator(json.dumps(its["schema"]), is_open=True).is_valid(
        its["example"] | {"more": 1}
    )
