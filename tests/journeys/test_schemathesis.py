"""schemathesis makes requests from the description: valid, invalid, and one after another.

Every answer must be one that the description has, and none may be a fault of the service.
"""

from __future__ import annotations

from copy import deepcopy

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis import GenerationMode

from tests.support import canaries, described, filing
from tests.support.api import Api, new_reader_key

MODES = {"valid": GenerationMode.POSITIVE, "invalid": GenerationMode.NEGATIVE}
STEPS = 12
EXAMPLES = [3, pytest.param(100, marks=pytest.mark.endurance)]
WALKS = [5, pytest.param(100, marks=pytest.mark.endurance)]
"""`make endurance` makes many."""
SAME = settings(
    deadline=None,
    derandomize=True,
    database=None,
    stateful_step_count=STEPS,
    phases=[Phase.generate],
    suppress_health_check=list(HealthCheck),
)
UNCHECKED = ("positive_data_acceptance", "ignored_auth", "ensure_resource_availability")
"""No schema says which characters a label has, or that a rule ends before its message.  Who has no
token gets 404, never 401: as for an unknown message.  And a message is forgotten with POST, while
schemathesis knows only DELETE."""
NOTHING_TO_SPOIL = {
    (path, method, "invalid")
    for path, method in (("/link", "get"), ("/upload", "get"), ("/upload", "delete"))
}
"""They have nothing but their token."""
OPERATIONS = [
    (method, path, mode)
    for path, methods in described.made()["paths"].items()
    for method in methods
    for mode in MODES
    if (path, method, mode) not in NOTHING_TO_SPOIL
]


@schemathesis.serializer("application/partial-upload")
def partial(_, value):
    """Return the bytes of a part of a file."""
    if isinstance(value, str | bytes):
        return value if isinstance(value, bytes) else value.encode()
    return getattr(value, "data", b"")


@pytest.fixture(scope="module")
def document(counting_service):
    """The service's description, closed, with the ways from a send to what can follow it."""
    found = described.close(Api(counting_service.url).ask("GET", "/api/v1/openapi.json").json)
    links = {}
    for methods in found["paths"].values():
        for its in methods.values():
            (kind,) = {name for one in its["security"] for name in one} or {None}
            if kind in {"controlToken", "linkToken"}:
                token = {"controlToken": "control_token", "linkToken": "links/0/token"}[kind]
                links[its["operationId"]] = {
                    "operationId": its["operationId"],
                    "parameters": {
                        "header.Authorization": f"Bearer {{$response.body#/{token}}}",
                    },
                }
    found["paths"]["/messages"]["post"]["responses"]["201"]["links"] = links
    return found


@pytest.fixture(scope="module")
def schema(document):
    made = schemathesis.openapi.from_dict(deepcopy(document))
    made.config.update(base_url=document["servers"][0]["url"])
    # Unknown names in a query are ignored; tokens are given by the tests.
    made.config.generation.update(allow_extra_parameters=False, with_security_parameters=False)
    made.config.checks.negative_data_rejection.expected_statuses += ["413"]
    for name in UNCHECKED:
        getattr(made.config.checks, name).enabled = False
    return made


def tame(case):
    """Have nothing posted to other systems; remember what is sent: no log may tell it."""
    if isinstance(case.body, dict) and isinstance(case.body.get("notify"), dict):
        case.body["notify"].pop("webhook", None)
    canaries.learn("body that was sent", case.body if isinstance(case.body, dict | list) else None)
    canaries.learn_headers({k: str(v) for k, v in (case.headers or {}).items()})


@pytest.mark.parametrize("examples", EXAMPLES)
@pytest.mark.parametrize(("method", "path", "mode"), OPERATIONS)
def test_each_operation_answers_as_it_is_described(schema, api, *, method, path, mode, examples):
    operation = schema[path][method.upper()]
    sent = api.send("t", recipients=["Ana", "Ben"], views=100)
    token = sent.link if path.startswith("/link") else sent.control
    if path == "/upload":
        token = filing.begin(api, 1_000)
    headers = {} if path == "/messages" else {"Authorization": f"Bearer {token}"}

    @settings(SAME, max_examples=examples)
    @given(case=operation.as_strategy(generation_mode=MODES[mode]))
    def ask(case):
        tame(case)
        case.call_and_validate(headers=headers)

    ask()


@pytest.mark.parametrize("walks", WALKS)
def test_one_request_after_another_is_answered_as_described(schema, walks):
    class Walk(schema.as_state_machine()):
        def setup(self):
            self.reader_key = new_reader_key()

        def before_call(self, case):
            tame(case)
            if "Idempotency-Key" in (case.headers or {}) and case.path != "/messages":
                case.headers["Idempotency-Key"] = self.reader_key

        def validate_response(self, response, case, **more):
            statuses.setdefault(case.path, set()).add(response.status_code)
            super().validate_response(response, case, **more)

    statuses: dict[str, set[int]] = {}
    Walk.run(settings=settings(SAME, max_examples=walks))
    went_well = {path for path, seen in statuses.items() if any(one < 300 for one in seen)}

    assert "/messages" in went_well, statuses
    assert len(went_well) >= (4 if walks == WALKS[0] else len(schema)), statuses
