"""Pause and resume, by the API and by forms alone."""

import pytest

from tests.journeys.conftest import TEXT
from tests.support.api import Api, Visitor, form_of, new_reader_key
from tests.support.tickets import gate_form


def test_a_paused_message_answers_paused_and_opens_after_it_was_resumed(service):
    api = Api(service.url)
    sent, holder, stranger = api.send(TEXT, views=2), new_reader_key(), new_reader_key()
    api.reveal(sent.link, holder)
    paused = api.pause(sent.control)
    again = api.pause(sent.control)
    refused = api.reveal(sent.link, stranger)
    seen, message = api.preview(sent.link).json, api.message(sent.control)
    assert (paused.status, again.status, paused.body) == (204, 204, b"")
    assert (refused.status, refused.code) == (409, "paused")
    assert (seen["state"], seen["paused"]) == ("read", True)
    assert message["paused_at"] == message["events"][-1]["at"]
    assert message["events"][-1]["data"] == {"leases": 1}
    assert api.reveal(sent.link, holder).json["text"] == TEXT

    resumed = api.resume(sent.control)
    message = api.message(sent.control)
    assert resumed.status == api.resume(sent.control).status == 204
    assert api.reveal(sent.link, stranger).json["text"] == TEXT
    assert (message["paused_at"], message["events"][-1]["type"]) == (None, "message.resumed")
    for deed in (api.pause, api.resume):
        assert deed(sent.control).code == "gone"
        assert deed(sent.link).code == "not-found"


@pytest.mark.parametrize("hold", ["0", "60"])
def test_a_sender_pauses_and_resumes_on_the_page_and_a_reader_is_told(service, hold):
    sender, reader = Visitor(service.url), Visitor(service.url)
    location = sender.post("/", {"text": TEXT, "from": "Marta", "hold": hold}).headers["Location"]
    page = sender.get(location)
    link = page.text.split("/m/")[1][:35]
    form = gate_form(service, reader, link) if hold == "0" else {}
    paused = sender.post(f"{location}/pause", form_of(page, "/pause"))
    page = sender.get(location)
    gate, pressed = reader.get(f"/m/{link}"), reader.post(f"/m/{link}", form)
    assert (paused.status, paused.headers["Location"]) == (303, location)
    assert "It is paused. Nobody has opened it." in page.text
    assert "/pause" not in page.text
    assert "This message is not open at the moment." in gate.text
    assert "Marta" in gate.text
    assert "It opens on <time" not in gate.text + page.text
    if form:
        assert (pressed.status, "is not open at the moment" in pressed.text) == (409, True)

    resumed = sender.post(f"{location}/resume", form_of(page, "/resume"))
    page = sender.get(location)
    assert resumed.status == 303
    assert "It is paused" not in page.text
    assert "Open again after the pause" in page.text
    assert ("It opens on <time" in page.text) == (hold == "60")
    if form:
        assert TEXT in reader.post(f"/m/{link}", form).text


def test_a_stranger_pauses_nothing(service):
    api = Api(service.url)
    sent = api.send(TEXT)
    for deed in ("pause", "resume"):
        answer = Visitor(service.url).post(f"/s/{sent.control}/{deed}")

        assert "This is the sender’s private page." in answer.text
    assert [event["type"] for event in api.message(sent.control)["events"]] == ["message.sent"]
