"""Turns the store's records into statuses, link histories and events: decrypts their boxes."""

from __future__ import annotations

import secrets
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from restante.channel_states import Standing
from restante.crypto.tokens import ID_SIZE, sender_mark
from restante.event_types import FLAGS, MOMENTS
from restante.file_reports import Fetched, SentFile
from restante.messages import Event, Look
from restante.notices import Notice
from restante.reports import LinkHistory, LinkStatus, Status

if TYPE_CHECKING:
    from collections.abc import Mapping

    from restante.crypto.sealed_fields import SealedFields
    from restante.crypto.tokens import ControlToken
    from restante.event_types import EventShown
    from restante.store.link_replies import Recorded
    from restante.store.replies import Entry, LinkRow, Report


def rfc3339(at: int) -> str:
    """Return milliseconds as `2026-08-29T10:40:00.123Z`."""
    moment = datetime.fromtimestamp(at // 1000, UTC)
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{at % 1000:03d}Z"


def event_id(message_id: bytes, number: int) -> str:
    """Return an event's id; a repeated delivery carries the same id."""
    return f"{message_id.hex()}-{number}"


def as_json(event: Event, message_id: bytes) -> EventShown:
    """Return an event as the API and notifications show it."""
    facts = {
        name: rfc3339(int(fact)) if name in MOMENTS else fact for name, fact in event.facts.items()
    }
    return {
        "id": event_id(message_id, event.number),
        "type": event.type,
        "at": rfc3339(event.at),
        "link": event.link_id.hex() if event.link_id else None,
        "data": facts,
        "evidence": dict(event.evidence),
    }


def status(
    control: ControlToken, report: Report, facts: SealedFields, cookie: str | None
) -> Status:
    """Return the sender's status of a message, with all private fields decrypted."""
    message_id = control.message_id
    files = {
        version: tuple(
            SentFile(number, name, size, row.taken_out_at.get(number))
            for number, (name, size) in enumerate(facts.open_files(message_id, row.box), 1)
        )
        for version, row in report.files.items()
    }
    hook = facts.open_target("webhook", message_id, report.webhook)
    return Status(
        message_id=message_id,
        details=facts.open_message(message_id, report.box),
        views=report.links[0].views,
        needs_passphrase=report.needs_passphrase,
        sent_at=report.times.sent_at,
        opens_at=report.times.opens_at,
        expires_at=report.times.expires_at,
        version=report.version,
        links=tuple(_link(control, i, row, facts, files) for i, row in enumerate(report.links)),
        files=files,
        kept_versions=frozenset(v for v, row in report.files.items() if row.is_kept),
        events=tuple(
            event(n, entry, message_id, facts)
            for n, entry in enumerate(report.events, start=report.first)
        ),
        events_total=report.events_total,
        first=report.first,
        mark=report.mark,
        looks=tuple(_look(entry, facts) for entry in report.looks),
        at=report.at,
        from_sender=bool(
            cookie
            and report.sender_mark
            and secrets.compare_digest(sender_mark(control, cookie), report.sender_mark)
        ),
        paused_at=(None if all(row.state.final for row in report.links) else report.paused_at),
        tell_at=report.tell_at,
        recall_at=report.recall_at,
        subscribers=tuple(
            report.subscribers[at : at + ID_SIZE]
            for at in range(0, len(report.subscribers), ID_SIZE)
        ),
        webhook=hook.get("url"),
        webhook_format=hook.get("format", "standard"),
        notice=Notice.from_facts(mails)
        if (mails := facts.open_target("email", message_id, report.email))
        else None,
        mail_failure=report.email_failure or None,
        tested_at=report.tested_at,
        channels=tuple(Standing.of(one, report.tested_at or 0) for one in report.channels),
    )


def _link(
    control: ControlToken,
    index: int,
    row: LinkRow,
    facts: SealedFields,
    files: Mapping[int, tuple[SentFile, ...]],
) -> LinkStatus:
    return LinkStatus(
        link_id=row.link_id,
        recipient=facts.open_label(row.link_id, row.label),
        token=control.link(index),
        state=row.state,
        views_left=0 if row.state.final else row.views - row.reveals,
        reveals=row.reveals,
        first_revealed_at=row.first_revealed_at,
        last_revealed_at=row.last_revealed_at,
        acknowledged_at=row.acknowledged_at,
        ended_at=row.ended_at,
        outcome=row.outcome,
        recalled_at=row.recalled_at,
        confirmed_at=row.confirmed_at,
        on_screen_seconds=row.on_screen // 1000,
        disputes=row.disputes,
        disputed_at=row.disputed_at,
        declines=row.declines,
        declined_at=row.declined_at,
        by_rule=row.by_rule,
        unread_at=row.unread_at,
        version=row.version,
        files=tuple(
            Fetched(its.number, its.name, its.size, row.fetched.get(its.number), its.taken_out_at)
            for its in files.get(row.version, ())
        ),
    )


def event(number: int, entry: Entry, message_id: bytes, facts: SealedFields) -> Event:
    """Parse one entry of the timeline and decrypt its evidence."""
    known: dict[str, int | str | bool] = {}
    for pair in filter(None, entry.facts.split(",")):
        name, _, value = pair.partition("=")
        known[name] = value == "1" if name in FLAGS else int(value) if value.isdigit() else value
    # The sender recalls all links at once: one box for them, under the message's id.
    by_recipient = entry.link_id is not None and entry.type != "link.recalled"
    record_id = entry.link_id if by_recipient and entry.link_id else message_id
    evidence = facts.open_evidence(record_id, entry.evidence)
    if reason := evidence.pop("reason", None):
        known["reason"] = reason
    return Event(number, entry.type, entry.at, entry.link_id, known, evidence)


def link_history(recorded: Recorded, facts: SealedFields) -> LinkHistory:
    """Return what was recorded of a link, without the evidence of other readers."""
    views = tuple(view for view, _ in recorded.views)
    events = (event(0, entry, recorded.message_id, facts) for entry in recorded.events)
    return LinkHistory(
        state=recorded.state,
        views=views,
        on_screen_seconds=sum(shown for _, shown in recorded.views) // 1000,
        events=tuple(
            its if its.facts.get("view") in views else replace(its, evidence={}) for its in events
        ),
        looks=tuple(
            Look(entry.type, entry.at, entry.link_id or b"", entry.facts)
            for entry in recorded.looks
        ),
        has_older=recorded.has_older,
    )


def _look(entry: Entry, facts: SealedFields) -> Look:
    link_id = entry.link_id or b""
    return Look(
        entry.type, entry.at, link_id, entry.facts, facts.open_evidence(link_id, entry.evidence)
    )
