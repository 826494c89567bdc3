"""A ring of root keys that turns over."""

from __future__ import annotations

import pytest

from restante import wiring
from restante.crypto import keyring
from restante.crypto.keyring import Keyring
from restante.details import Details
from restante.errors import (
    Gone,
    Held,
    Unavailable,
)
from restante.messages import Draft, Evidence
from restante.settings import Settings
from tests.conftest import happened, read, reader_key

EVIDENCE = Evidence("192.0.2.0/24", "Firefox", "Windows")


def outcomes(verdicts):
    return [str(verdict.outcome) for verdict in verdicts]


def services_for(connection, *keys):
    return wiring.assemble(Settings(), Keyring(keys), connection)


@pytest.mark.parametrize("passphrase", [None, "p"])
def test_root_keys_turn_over(connection, passphrase):
    old, new = (Keyring.parse(keyring.new_key()).newest for _ in range(2))
    before, between, after = (
        services_for(connection, old),
        services_for(connection, new, old),
        services_for(connection, new),
    )
    draft = Draft("one", details=Details(sender_name="Ana"), views=2, passphrase=passphrase)
    kept, moved, lost = (before.sending.send(draft) for _ in range(3))
    between.sending.replace(moved.control, "two", passphrase=passphrase)

    assert read(between, kept.links[0].token, 1, passphrase) == "one"
    assert read(after, moved.links[0].token, 1, passphrase) == "two"
    with pytest.raises(Unavailable):
        read(after, lost.links[0].token, 1, passphrase)
    with pytest.raises(Unavailable):
        read(after, lost.links[0].token, 1, "wrong")
    assert happened(before, lost) == ["message.sent"]
    assert read(before, lost.links[0].token, 1, passphrase) == "one"
    assert happened(before, lost) == ["message.sent", "link.revealed"]


def test_a_root_key_that_is_missing_hides_names_but_neither_content_nor_verdict(connection):
    old, new = (Keyring.parse(keyring.new_key()).newest for _ in range(2))
    before, between, after = (
        services_for(connection, old),
        services_for(connection, new, old),
        services_for(connection, new),
    )
    sent = before.sending.send(
        Draft("one", recipients=("Ana", "Bob"), details=Details(sender_name="Zoë")),
        evidence=EVIDENCE,
    )
    between.sending.replace(sent.control, "two")
    link = sent.links[0].token

    assert after.reading.preview(link, visitor="browser").details.sender_name is None
    content = after.reading.reveal(link, reader_key(1), None, visitor="browser")
    assert (content.text, content.details.sender_name) == ("two", None)
    verdicts = after.managing.recall(sent.control)
    assert outcomes(verdicts) == ["already_spent", "recalled_unread"]
    assert [verdict.recipient for verdict in verdicts] == [None, None]
    assert after.managing.status(sent.control).events[0].evidence == {}
    assert between.managing.status(sent.control).links[0].recipient == "Ana"


def test_ended_links_answer_gone_and_held_ones_held_even_without_their_root_key(connection):
    before = services_for(connection, Keyring.parse(keyring.new_key()).newest)
    after = services_for(connection, Keyring.parse(keyring.new_key()).newest)
    held = before.sending.send(Draft("x", hold_seconds=60, passphrase="p"))
    spent = before.sending.send(Draft("x", passphrase="p"))
    read(before, spent.links[0].token, 1, "p")

    with pytest.raises(Held):
        read(after, held.links[0].token, 1, "p")
    with pytest.raises(Gone):
        read(after, spent.links[0].token, 2, "p")
