"""Short texts of a webhook: what ntfy and chats like Slack get, and what they never get."""

import json

import pytest

from restante.channels import webhook_formats
from restante.channels.webhook_formats import STANDARD, Told, post, wants
from restante.messages import Event

MESSAGE = bytes(range(16))


def told(type_="link.revealed", label="Ana", **facts):
    event = Event(3, type_, 1_000, bytes(16), facts, {"network": "192.0.2.0/24"})
    return Told(MESSAGE, event, label)


def test_ntfy_gets_a_plain_text_with_subject_event_and_name():
    its = post("ntfy", told(view=1), "Llaves de casa", "es")

    assert its.headers == {"Content-Type": "text/plain; charset=utf-8", "Priority": "default"}
    assert its.body.decode().splitlines() == [
        "Llaves de casa",
        "Abierto por primera vez, por alguien que tenía este enlace",
        "Ana",
    ]


def test_slack_gets_one_text_in_which_nothing_is_a_command():
    its = post("slack", told(label="<!channel> & <@U1>", view=2), "a <b>", None)

    assert its.headers == {"Content-Type": "application/json"}
    shown = "Shown to someone who had this link"
    lines = ["a &lt;b&gt;", shown, "&lt;!channel&gt; &amp; &lt;@U1&gt;"]
    assert json.loads(its.body) == {"text": "\n".join(lines)}


def test_what_needs_the_sender_at_once_is_urgent_on_a_phone():
    for type_ in ("link.disputed", "link.declined", "link.locked"):
        assert post("ntfy", told(type_), None, None).headers["Priority"] == "high"


@pytest.mark.parametrize("form", ["ntfy", "slack"])
def test_a_short_text_has_no_evidence_no_id_and_a_bounded_length(form):
    body = post(form, told(label="l" * 200, view=1), "s" * 200, None).body.decode()

    assert "192.0.2" not in body
    assert MESSAGE.hex() not in body
    assert "l" * 120 not in body
    assert "s" * 120 not in body
    assert "Your message" in post(form, told(view=1), None, None).body.decode()


@pytest.mark.parametrize("form", webhook_formats.FORMATS)
def test_a_repeat_has_the_same_bytes(form):
    assert post(form, told(view=1), "Keys", "en") == post(form, told(view=1), "Keys", "en")


def test_a_short_text_tells_only_what_a_person_can_choose():
    chosen = [told(view=4), told("link.expired", reveals=0), told("link.recalled", by="rule")]
    others = [told("link.acknowledged"), told("link.expired", reveals=2), told("link.recalled")]

    assert all(wants("ntfy", one) and wants("slack", one) for one in chosen)
    assert not any(wants("ntfy", one) or wants("slack", one) for one in others)
    assert all(wants(STANDARD, one) for one in others)
