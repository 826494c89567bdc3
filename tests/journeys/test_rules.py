"""Rules for unread links, by the API and by forms alone."""

from datetime import datetime

import pytest

from tests.journeys.conftest import TEXT
from tests.support.api import Api, Visitor, form_of

HOUR = 3_600
TELL, RECALL = "rules.tell_unread_after", "rules.recall_unread_after"


def seconds_between(one, other):
    """Return how much later the second of two times is."""
    return round((moment(other) - moment(one)).total_seconds())


def moment(written):
    return datetime.fromisoformat(written)


def at_fault(answer):
    assert (answer.status, answer.code) == (422, "invalid")
    return [(one["field"], one["detail"]) for one in answer.json["errors"]]


def test_rules_are_set_when_sending_and_changed_and_removed_later(service):
    api = Api(service.url)
    sent = api.send(TEXT, rules={"tell_unread_after": HOUR, "recall_unread_after": 2 * HOUR})
    message = api.message(sent.control)
    rules = message["rules"]
    assert seconds_between(message["opens_at"], rules["tell_unread_at"]) == HOUR
    assert seconds_between(message["opens_at"], rules["recall_unread_at"]) == 2 * HOUR
    assert message["links"][0]["unread_at"] is None
    assert rules.items() <= message["events"][0]["data"].items()

    changed = api.set_rules(sent.control, recall_unread_after=3 * HOUR).json
    assert changed["rules"]["tell_unread_at"] == rules["tell_unread_at"]
    assert changed["events"][-1]["type"] == "message.rules_changed"
    assert changed["events"][-1]["data"] == changed["rules"]
    removed = api.set_rules(sent.control, tell_unread_after=0, recall_unread_after=0).json
    assert removed["rules"] == {"tell_unread_at": None, "recall_unread_at": None}
    assert api.set_rules(sent.control).json == removed
    api.recall(sent.control)
    assert api.set_rules(sent.control, tell_unread_after=HOUR).code == "gone"
    assert api.set_rules(sent.link, tell_unread_after=HOUR).code == "not-found"


@pytest.mark.parametrize("value", [1.5, "3600", True, None, [], {}])
def test_a_rule_is_a_whole_number_of_seconds(service, value):
    api, body = Api(service.url), {"rules": {"recall_unread_after": value}}
    sent = api.send(TEXT)
    answers = [
        api.ask("POST", "/api/v1/messages", {"text": TEXT, **body}),
        api.ask("PATCH", "/api/v1/message", body, token=sent.control),
    ]

    for answer in answers:
        assert at_fault(answer) == [("rules.recall_unread_after", "a whole number")]


def test_what_is_wrong_with_rules_is_named(service):
    api = Api(service.url)
    sent = api.send(TEXT, hold=600, expires_in=HOUR)

    def patched(**body):
        return at_fault(api.ask("PATCH", "/api/v1/message", body, token=sent.control))

    for answer in (
        patched(rules=[]),
        at_fault(api.ask("POST", "/api/v1/messages", {"text": TEXT, "rules": 1})),
    ):
        assert answer == [("rules", "an object")]
    assert patched(rules={"tell": 1}) == [("rules.tell", "not a field of this request")]
    assert patched(rules={}, expires_in=600) == [("rules", "not together with expires_in")]
    assert patched() == [("expires_in", "required")]
    assert patched(rules={"tell_unread_after": 59}) == [(TELL, "from 60 to 31536000 seconds, or 0")]
    assert patched(rules={"tell_unread_after": 500}) == [(TELL, "before the message opens")]
    assert patched(rules={"recall_unread_after": 5_000}) == [(RECALL, "not before it expires")]
    late = {"text": TEXT, "expires_in": 600, "rules": {"tell_unread_after": 600}}
    assert at_fault(api.ask("POST", "/api/v1/messages", late)) == [
        (TELL, "at least 60 seconds, and before it expires")
    ]
    assert [event["type"] for event in api.message(sent.control)["events"]] == ["message.sent"]


def test_a_sender_sets_rules_on_the_pages(service):
    sender = Visitor(service.url)
    form = {"text": TEXT, TELL: "86400", f"{RECALL}_hours": "50", RECALL: "3600"}
    location = sender.post("/", form).headers["Location"]
    page = sender.get(location)
    assert page.text.count("If nobody opens it by <time") == 2
    control = location.rpartition("/")[2]
    api = Api(service.url)
    message = api.message(control)
    assert seconds_between(message["opens_at"], message["rules"]["tell_unread_at"]) == 24 * HOUR
    assert seconds_between(message["opens_at"], message["rules"]["recall_unread_at"]) == 50 * HOUR

    change = form_of(page, "/rules") | {TELL: "keep", RECALL: "0"}
    assert sender.post(f"{location}/rules", change).status == 303
    page, after = sender.get(location), api.message(control)["rules"]
    assert after == {
        "tell_unread_at": message["rules"]["tell_unread_at"], "recall_unread_at": None,
    }  # fmt: skip
    assert page.text.count("If nobody opens it by <time") == 1
    assert "Rule: tell if unread on <time" in page.text


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({f"{TELL}_hours": "many"}, "Write whole hours, 1 or more."),
        ({f"{RECALL}_hours": "0"}, "Write whole hours, 1 or more."),
        ({TELL: "<b>"}, "Write whole hours, 1 or more."),
        ({TELL: "259200"}, "Choose another time, before the message expires."),
    ],
)
def test_what_is_wrong_is_said_at_its_field_and_nothing_typed_is_lost(service, given, said):
    sender = Visitor(service.url)
    form = {"text": TEXT, "expires_in": "86400"}
    refused = sender.post("/", form | given)
    location = sender.post("/", form).headers["Location"]
    later = sender.post(f"{location}/rules", form_of(sender.get(location), "/rules") | given)

    [(name, value)] = given.items()
    field = name.removesuffix("_hours")
    for answer in (refused, later):
        assert answer.status == 422
        assert f'<p class="fault" id="{field}-fault">{said}</p>' in answer.text
        assert f'href="#{field}"' in answer.text
        assert value == "<b>" or f'value="{value}"' in answer.text
        assert "<b>" not in answer.text
    assert TEXT in refused.text


def test_a_stranger_sets_no_rules(service):
    api = Api(service.url)
    sent = api.send(TEXT)
    answer = Visitor(service.url).post(f"/s/{sent.control}/rules", {TELL: "3600"})

    assert "This is the sender’s private page." in answer.text
    assert [event["type"] for event in api.message(sent.control)["events"]] == ["message.sent"]
