"""What tests of rules share: messages that have some, and what became of them."""

from __future__ import annotations

from restante.messages import Draft
from restante.rules import Rules

HOUR = 3_600
HOUR_MS = 3_600_000


def facts(house, sent, kind):
    """Return the times and facts of a message's events of one kind."""
    events = house.managing.status(sent.control).events
    return [(event.at, event.facts) for event in events if event.type == kind]


def ruled(house, **rules):
    """Send a message with rules to two readers."""
    return house.sending.send(Draft("x", recipients=("Ana", "Bob"), views=2, rules=Rules(**rules)))
