"""Names that hide or reorder are refused in every channel; those kept from before are shown."""

import html

import pytest
import redis

from restante.crypto.keyring import Keyring
from restante.crypto.sealed_fields import SealedFields
from restante.crypto.tokens import ControlToken, LinkToken
from restante.details import Details
from restante.store import keys
from tests.core.test_safe_text import NAMES
from tests.support.api import Api, Visitor

HIDDEN = (
    "\u200b",
    "\u3164",
    "\u2800",
    "\u00ad",
    "Ana\u061c",
    "Ana\u200f",
    "Ana\ufff9",
    "\U000e0041",
)
TOLD = "cannot be seen, break the line or reorder text"


@pytest.mark.parametrize("name", HIDDEN, ids=ascii)
def test_a_name_that_hides_or_reorders_is_refused_by_api_and_form_with_the_reason(service, name):
    api, sender = Api(service.url), Visitor(service.url)
    fields = {"from": name, "subject": name, "recipients": [name]}
    by_api = api.ask("POST", "/api/v1/messages", {"text": "t", **fields})
    assert (by_api.status, by_api.code) == (422, "invalid")
    assert {fault["field"] for fault in by_api.json["errors"]} == {
        "from",
        "subject",
        "recipients[0]",
    }
    form = {"text": "the whole letter", "from": name, "subject": name, "recipients": name}
    by_form = sender.post("/", form)
    assert by_form.status == 422
    assert by_form.text.count(TOLD) == 3
    assert "the whole letter" in by_form.text
    sent = api.send("t")
    reason = api.recall(sent.control, reason=name)
    assert (reason.status, reason.json["errors"][0]["field"]) == (422, "reason")
    sender.post(f"/s/{sent.control}")
    reason_by_form = sender.post(f"/s/{sent.control}/recall", {"reason": name})

    assert reason_by_form.status == 422
    assert reason_by_form.text.count(TOLD) == 1
    assert api.preview(sent.link).json["state"] == "sealed"


def test_real_names_of_many_scripts_are_taken_and_shown_as_they_were_written(service):
    api, names = Api(service.url), list(NAMES.values())
    sent = api.send("t", recipients=names, from_=NAMES["Persian"], subject=NAMES["a family"])
    told = [link["recipient"] for link in api.message(sent.control)["links"]]
    gate = Visitor(service.url).get(f"/m/{sent.link}").text

    assert told == names
    assert NAMES["Persian"] in gate
    assert NAMES["a family"] in gate


def test_names_that_were_kept_before_they_were_refused_are_still_shown(service):
    api, sender = Api(service.url), Visitor(service.url)
    sent = api.send("t", recipients=["Ana"], from_="Zoë", subject="S")
    old = "Ana\u200b\u202e\u2800"
    control, link = ControlToken.parse(sent.control), LinkToken.parse(sent.link)
    ring = Keyring.parse((service.data_dir / "root.keys").read_text().strip())
    facts = SealedFields(ring)
    with redis.Redis.from_url(f"unix://{service.data_dir / 'store.sock'}") as store:
        store.hset(keys.link(link), "box", facts.close_label(link.link_id, old))
        boxed = facts.close_message(control.message_id, Details(sender_name=old, subject=old))
        store.hset(keys.message(control), "box", boxed)
    sender.post(f"/s/{sent.control}")

    assert api.message(sent.control)["links"][0]["recipient"] == old
    assert api.preview(sent.link).json["from"] == old
    assert old in html.unescape(sender.get(f"/s/{sent.control}").text)
    assert html.unescape(Visitor(service.url).get(f"/m/{sent.link}").text).count(old) >= 2
    assert "recalled_unread" in api.recall(sent.control, reason="by mistake").text
