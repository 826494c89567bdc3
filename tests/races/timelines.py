"""The part of the model that is about timelines: what every look at a message must show."""

from __future__ import annotations

from collections import Counter
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from tests.races.history import FINAL

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.races.history import Life, Op

Event = dict[str, Any]
GONE, NOT_FOUND = 410, 404
BY_READERS = {"link.revealed": "reveal", "link.acknowledged": "acknowledge"}
ONCE = {"link.locked", "link.recalled", "link.expired"}


def events_of(op: Op, kind: str, link: int | None = None) -> list[Event]:
    """Return the events of a kind that an observation shows."""
    found: list[Event] = op.told["events"]
    return [e for e in found if e["type"] == kind and link in {None, e["link"]}]


def last_rules(op: Op) -> dict[str, float | None]:
    """Return the times of the rules that an observation's timeline leads to."""
    changes = [{}, *(e["data"] for e in events_of(op, "message.rules_changed"))]
    return {name: changes[-1].get(name) for name in ("tell_unread_at", "recall_unread_at")}


def only_grow(life: Life) -> Iterator[str]:
    """Of two timelines one begins with the other, and the later one is no shorter."""
    shown = life.observations
    by_length = sorted(shown, key=lambda op: len(op.told["events"]))
    for short, long in pairwise(by_length):
        events = short.told["events"]
        if long.told["events"][: len(events)] != events:
            yield f"the timelines seen at {short.at:.3f} and {long.at:.3f} disagree"
    for late in shown:
        before = [len(op.told["events"]) for op in shown if op.end < late.at]
        if before and max(before) > len(late.told["events"]):
            yield f"a timeline had {max(before)} events, then {len(late.told['events'])}"


def agree_with_themselves(life: Life) -> Iterator[str]:
    """The events that an answer shows lead to the states that it shows."""
    for op in life.observations:
        events = op.told["events"]
        if [e["n"] for e in events] != list(range(1, len(events) + 1)):
            yield "the numbers of events have gaps"
        if not events or [e["type"] for e in events].count("message.sent") != 1:
            yield "message.sent is not there once"
        versions = [e["data"]["version"] for e in events_of(op, "message.replaced")]
        if versions != list(range(2, 2 + len(versions))) or op.told["version"] != 1 + len(versions):
            yield f"version {op.told['version']} after the versions {versions}"
        moves = events_of(op, "message.extended")
        ends = [move["data"]["to"] for move in moves]
        if [move["data"]["from"] for move in moves[1:]] != ends[:-1]:
            yield "an expiry was moved from where it was not"
        if ends and op.told["expires_at"] != ends[-1]:
            yield "the message expires at another time than its timeline says"
        for link in life.links:
            yield from _link(life, op, link)


def _link(life: Life, op: Op, link: int) -> Iterator[str]:
    shown = op.told["links"][link]
    views = [e["data"]["view"] for e in events_of(op, "link.revealed", link)]
    if views != list(range(1, len(views) + 1)) or shown["reveals"] != len(views):
        yield f"link {link} has {shown['reveals']} reveals and the events {views}"
    acknowledged = [e["data"]["view"] for e in events_of(op, "link.acknowledged", link)]
    if len(set(acknowledged)) < len(acknowledged) or not set(acknowledged) <= set(views):
        yield f"link {link} has the views {views} and the acknowledgements {acknowledged}"
    if (shown["acknowledged_at"] is None) != (not acknowledged):
        yield f"link {link} is acknowledged, or its timeline says so, but not both"
    state = _state(life, op, link)
    # The worker may not have written yet what time did.
    ends = {"expired": op.told["expires_at"], "recalled": last_rules(op)["recall_unread_at"]}
    at = ends.get(shown["state"])
    late = at is not None and op.end >= at and state not in FINAL
    if shown["state"] != state and not late:
        yield f"link {link} is {shown['state']}, by its events {state}"
    if shown["views_left"] != (0 if shown["state"] in FINAL else life.views - len(views)):
        yield f"link {link} has {shown['views_left']} views left"
    yield from _tries(life, op, link)


def _state(life: Life, op: Op, link: int) -> str:
    """Return the state that a link's events lead to."""
    reveals, state = 0, "sealed"
    for event in op.told["events"]:
        if event["link"] != link or state in FINAL:
            continue
        kind, data = event["type"], event["data"]
        if kind == "link.revealed":
            reveals += 1
            state = "spent" if reveals == life.views else "read"
        elif kind == "link.recalled":
            state = data["outcome"].removeprefix("already_").partition("_")[0]
        elif kind == "link.expired":
            state = "expired"
        elif kind == "link.locked":
            state = "locked"
    return state


def _tries(life: Life, op: Op, link: int) -> Iterator[str]:
    if life.sent.given.get("tries") is None:
        return
    left = [e["data"]["tries_left"] for e in events_of(op, "link.passphrase_wrong", link)]
    most = life.sent.given["tries"] - 1
    if left != list(range(most, most - len(left), -1)):
        yield f"link {link} had the tries {left}"


def hold_every_deed(life: Life) -> Iterator[str]:
    """Whatever was told as done stands in every timeline that is asked for later."""
    for op in life.observations:
        before = [done for done in life.ops if done.end < op.at]
        sure = [done for done in before if done.is_sure]
        if sum(done.verb == "extend" for done in sure) > len(events_of(op, "message.extended")):
            yield "an extend is not in the timeline"
        for link in life.links:
            for kind, verb in BY_READERS.items():
                readers = {d.reader for d in sure if d.verb == verb and d.link == link}
                if len(readers) > len(events_of(op, kind, link)):
                    yield f"{kind} of link {link} is missing: {len(readers)} were told of it"
        for done in sure:
            if done.verb == "recall":
                yield from _recall(op, done)
            elif done.verb == "replace":
                yield from _replace(op, done)
        for wrong in before:
            yield from _wrong(op, wrong)


def _wrong(op: Op, wrong: Op) -> Iterator[str]:
    events = events_of(op, "link.passphrase_wrong", wrong.link)
    left = wrong.told.get("tries_left")
    if left and [e["data"]["tries_left"] for e in events].count(left) != 1:
        yield f"a wrong passphrase of link {wrong.link} is not in the timeline once"


def _recall(op: Op, recall: Op) -> Iterator[str]:
    for link, verdict in recall.told["verdicts"].items():
        events = events_of(op, "link.recalled", link)
        told = [(e["data"]["outcome"], e["at"]) for e in events]
        if told != [(verdict["outcome"], verdict["recalled_at"])]:
            yield f"link {link} was judged {verdict['outcome']}, and its timeline says {told}"


def _replace(op: Op, replace: Op) -> Iterator[str]:
    replaced = [link for link, what in replace.told["outcomes"].items() if what == "replaced"]
    version = replace.told["version"]
    for kind, links in (("message.replaced", [None]), ("link.replaced", replaced)):
        for link in links if replaced else []:
            told = [e["data"]["version"] for e in events_of(op, kind, link)]
            if told.count(version) != 1:
                yield f"version {version} is not in the timeline once as {kind} of link {link}"


def hold_no_more_than_was_done(life: Life) -> Iterator[str]:
    """No event without somebody who may have brought it about."""
    for op in life.observations:
        begun = Counter(done.verb for done in life.ops if done.at < op.end and done.status != GONE)
        for kind, verb in (("message.replaced", "replace"), ("message.extended", "extend")):
            if len(events_of(op, kind)) > begun[verb]:
                yield f"{kind} is there more often than {verb} was asked for"
        for link in life.links:
            yield from _too_many(life, op, link)


def _too_many(life: Life, op: Op, link: int) -> Iterator[str]:
    for kind in ONCE:
        if len(events_of(op, kind, link)) > 1:
            yield f"{kind} of link {link} is there twice"
    recalls = [r for r in life.of("recall") if r.at < op.end and r.touches(link)]
    by_hand = [e for e in events_of(op, "link.recalled", link) if "by" not in e["data"]]
    if by_hand and not recalls:
        yield f"link {link} is recalled, and nobody asked for it"
    for kind, verb in BY_READERS.items():
        many = len(events_of(op, kind, link))
        if many > (most := len(_may_have(life, verb, link, op.end))):
            yield f"{many} times {kind} of link {link}, by {most} readers at the most"
    wrong = [w for w in life.of("reveal", link) if w.given.get("passphrase") == "wrong"]
    many = len(events_of(op, "link.passphrase_wrong", link))
    if many > len([w for w in wrong if w.at < op.end]):
        yield f"{many} wrong passphrases for link {link}, more than were given"


def _may_have(life: Life, verb: str, link: int, at: float) -> set[str | None]:
    """Return the readers who may have revealed or acknowledged before *at*.

    A reader whose reply was lost and whose retry was refused for good has not, unless the lease may
    have ended meanwhile.  Nor has who was told that the link is gone, unless its lease may have
    ended within that very request: the view was spent, the store's reply lost, and the web asked
    the store once more (test_lost_reply.py has this step by step).
    """
    found = set()
    asked = [op for op in life.of(verb, link) if op.at < at]
    for op in asked:
        later = [o for o in life.of(verb, link) if o.reader == op.reader and o.at > op.end]
        refused = any(o.status in {NOT_FOUND, GONE} for o in later)
        if (
            op.is_sure
            or (op.is_doubtful and not (refused and not _lease_ended(life, link, op.reader)))
            or (op.status == GONE and _lease_ended(life, link, op.reader, within=op))
        ):
            found.add(op.reader)
    return found


def _lease_ended(life: Life, link: int, reader: str | None, within: Op | None = None) -> bool:
    """Tell whether something may have ended a reader's lease; within one operation, if given."""
    for op in life.ops:
        own = op.verb == "acknowledge" and op.link == link and op.reader == reader
        ending = (own and op.status != NOT_FOUND) or (
            op.is_sealing and (op.verb == "extend" or op.touches(link))
        )
        # An expiry that was moved ends leases later; what is in doubt may happen later.
        lasts = op.is_doubtful or op.verb == "extend" or not within or op.end > within.at
        if ending and lasts and (not within or op.at < within.end):
            return True
    return False
