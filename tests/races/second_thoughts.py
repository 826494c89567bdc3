"""The part of the model that is about pauses, rules, and messages that are forgotten."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.races.history import FINAL, IN_DOUBT
from tests.races.timelines import GONE, NOT_FOUND, events_of, last_rules

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.races.history import Life, Op

CLOCKS_SECONDS = 0.05
"""How much the store's clock and ours may differ."""


def nobody_new_reads_what_is_paused(life: Life) -> Iterator[str]:
    """Between a pause and a resume no reader gets a first view."""
    for pause in life.of("pause"):
        for link, texts in enumerate(life.texts) if pause.is_sure else []:
            for text in texts:
                was_there = any(
                    op.reader == text.reader and op.at < pause.end for op in life.of("reveal", link)
                )
                if text.at > pause.end and not was_there and not _resumed(life, pause, text):
                    yield f"{text.reader} got the text of link {link} while it was paused"


def _resumed(life: Life, pause: Op, text: Op) -> bool:
    """Tell whether somebody may have resumed the message between these two."""
    return any(
        op.at < text.end and (op.is_doubtful or op.end > pause.at)
        for op in life.of("resume")
        if op.status != GONE
    )


def nothing_is_left_of_what_is_forgotten(life: Life) -> Iterator[str]:
    """Once a sender was told that a message is forgotten, it is unknown to everybody."""
    for forget in life.of("forget"):
        for op in life.ops if forget.is_sure else []:
            known = op.status not in {NOT_FOUND} | IN_DOUBT and op.verb != "forget"
            if op.at > forget.end and known:
                yield f"{op.verb} was answered {op.status} after the message was forgotten"


def rules_hold_at_their_time(life: Life) -> Iterator[str]:
    """From the time of a recall by a rule nobody new reads an unread link, or sees it waiting."""
    if any(op.is_doubtful for op in life.of("rule")):
        return  # it may have moved the rule at any time
    for rule in [op for op in life.of("rule") if op.is_sure][-1:]:
        at = last_rules(rule)["recall_unread_at"]
        for link in life.links if at else []:
            if any(op.at < at for op in life.of("reveal", link)):
                continue  # somebody may have read it in time
            for op in life.ops:
                if op.at > at + CLOCKS_SECONDS and _is_open(op, link):
                    yield f"link {link} was open to {op.verb} after a rule had recalled it"


def _is_open(op: Op, link: int) -> bool:
    if op.verb in {"reveal", "preview"}:
        return op.link == link and op.is_sure
    return op.is_sure and "links" in op.told and op.told["links"][link]["state"] not in FINAL


def rules_run_once_and_tell_the_truth(life: Life) -> Iterator[str]:
    """An event of a rule has the time of a rule, is there once, and no view was released before."""
    for op in life.observations:
        begun = [rule for rule in life.of("rule") if rule.at < op.end]
        for link in life.links:
            told = events_of(op, "link.unread", link)
            if len(told) > len(begun):
                many = f"{len(told)} times for {len(begun)} rules"
                yield f"link.unread of link {link} is there {many}"
            ruled = [e for e in events_of(op, "link.recalled", link) if "by" in e["data"]]
            for event in told + ruled:
                yield from _is_true(op, event, link)
            if ruled and not begun:
                yield f"link {link} was recalled by a rule that nobody set"


def _is_true(op: Op, event: dict[str, object], link: int) -> Iterator[str]:
    number, data = event["n"], event["data"]
    views = [e for e in events_of(op, "link.revealed", link) if e["n"] < number]  # type: ignore[operator]
    if views:
        yield f"a rule held link {link} for unread, which had been opened"
    name = "tell_unread_at" if event["type"] == "link.unread" else "recall_unread_at"
    times = [e["data"].get(name) for e in events_of(op, "message.rules_changed")]
    if event["seconds"] not in times:
        yield f"a rule ran for link {link} at {event['at']}, at which none was due"
    if data["told_at"] < event["seconds"]:  # type: ignore[index]
        yield f"a rule ran for link {link} before its time"


def pauses_and_resumes_take_turns(life: Life) -> Iterator[str]:
    """A pause is followed by a resume; the message is paused if the last of them was a pause."""
    for op in life.observations:
        kinds = [e["type"] for e in op.told["events"] if e["type"] in {PAUSED, RESUMED}]
        if kinds != [PAUSED, RESUMED] * (len(kinds) // 2) + [PAUSED] * (len(kinds) % 2):
            yield f"pauses and resumes do not take turns: {kinds}"
        ended = all(link["state"] in FINAL for link in op.told["links"])
        if op.told["is_paused"] != (len(kinds) % 2 == 1 and not ended):
            yield f"is paused: {op.told['is_paused']}, by its timeline {kinds}"
        for kind, verb in ((PAUSED, "pause"), (RESUMED, "resume")):
            begun = [done for done in life.of(verb) if done.at < op.end and done.status != GONE]
            if kinds.count(kind) > len(begun):
                yield f"{kind} is there more often than {verb} was asked for"
        sure = any(done.is_sure and done.end < op.at for done in life.of("pause"))
        if sure and PAUSED not in kinds:
            yield "a pause is not in the timeline"


PAUSED, RESUMED = "message.paused", "message.resumed"
