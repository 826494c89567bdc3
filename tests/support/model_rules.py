"""The part of the model that is about rules: what happens at a time to links that nobody opened."""

from __future__ import annotations

from math import inf
from typing import TYPE_CHECKING, Any

from restante.errors import Gone, Invalid

if TYPE_CHECKING:
    from tests.support.model import ModelLink, ModelMessage


def has_recalled(message: ModelMessage, link: ModelLink, now: int) -> bool:
    """Tell whether a rule recalled it, and nobody has written that yet."""
    at = message.recall_at
    return at is not None and at <= now and at < message.expires_at and not link.reveals


def run(message: ModelMessage, now: int) -> None:
    """Carry out what is due: any verb that changes something does it first, or the worker."""
    tell_at = message.tell_at if message.tell_at is not None else inf
    recall_at = message.recall_at if message.recall_at is not None else inf
    for link in message.links:
        if link.ended or link.reveals:
            continue
        if tell_at <= now and tell_at < min(message.expires_at, recall_at):
            link.unread_at = message.tell_at
            message.record("link.unread", link, told_at=now)
        if has_recalled(message, link, now):
            link.ended, link.by_rule = "recalled", True
            link.outcome, link.recalled_at = "recalled_unread", message.recall_at
            facts = {"outcome": "recalled_unread", "by": "rule", "told_at": now}
            message.record("link.recalled", link, **facts)
    message.tell_at = None if tell_at <= now else message.tell_at
    message.recall_at = None if recall_at <= now else message.recall_at
    drop(message)


def drop(message: ModelMessage) -> None:
    """Once every link ended, as somebody wrote, there is nothing left for rules."""
    if all(link.ended for link in message.links):
        message.tell_at = message.recall_at = None


def change(
    message: ModelMessage, tell: int | None, recall: int | None, now: int
) -> tuple[Any, ...]:
    """Set rules, in seconds from now; 0 removes one, None leaves it as it is."""
    states = {message.state(link, now) for link in message.links}
    if states <= {"spent", "recalled", "expired", "locked"}:
        return (Gone,)
    times = {"tell": message.tell_at, "recall": message.recall_at}
    for name, after in (("tell", tell), ("recall", recall)):
        at = now + (after or 0) * 1000
        is_possible = {"held", "sealed"} & states and message.opens_at < at < message.expires_at
        if after and not is_possible:
            return (Invalid,)
        if after is not None:
            times[name] = at if after else None
    if times != {"tell": message.tell_at, "recall": message.recall_at}:
        message.tell_at, message.recall_at = times["tell"], times["recall"]
        facts = {f"{name}_unread_at": at for name, at in times.items() if at is not None}
        message.record("message.rules_changed", **facts)
    return ()
