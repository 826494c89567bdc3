"""The model: what a message's history may not show.  Pure; each rule yields what breaks it.

A rule knows of an operation only its window: it happened between `at` and `end`, if it was
answered with success.  One that was refused for want of a store may have happened, at any time
after `at`, or not at all; but what somebody was told of it stays true.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from tests.races import second_thoughts, timelines
from tests.races.history import DONE, FINAL, IN_DOUBT, states_told

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from tests.races.history import Life, Op

ANSWERS = {
    "send": {201},
    "reveal": {200, 403, 409, 410},
    "acknowledge": {204, 404},
    "recall": {200},
    "replace": {200},
    "extend": {200, 410},
    "pause": {204, 410},
    "resume": {204, 410},
    "rule": {200, 410, 422},
    "forget": {204},
    "status": {200},
    "preview": {200, 410},
}
RANK = {"held": 0, "sealed": 0, "read": 1} | dict.fromkeys(FINAL, 2)


class Violation(NamedTuple):
    """A promise that was broken, and the message whose history shows it."""

    rule: str
    what: str
    life: Life


def violations(found: Iterable[Life]) -> list[Violation]:
    """Return everything that breaks a rule."""
    return [
        Violation(rule.__name__, what, life)
        for life in found
        for rule in RULES
        for what in rule(life)
    ]


def answers_are_of_the_api(life: Life) -> Iterator[str]:
    """After a 201 no client is told that the message does not exist, and none gets a 500."""
    for op in life.ops:
        if op.status == 404 and any(other.at < op.end for other in life.of("forget")):
            continue
        if op.status not in ANSWERS[op.verb] | IN_DOUBT:
            yield f"{op.verb} was answered {op.status}"
        if op.verb == "acknowledge" and op.status not in DONE | IN_DOUBT:
            told = life.texts[op.link or 0]
            if any(text.reader == op.reader and text.end < op.at for text in told):
                yield f"{op.reader} has the text and may not acknowledge"


def views_are_for_one_reader_each(life: Life) -> Iterator[str]:
    """As many readers get the text of a link as it has views."""
    for link, texts in enumerate(life.texts):
        readers = {op.reader for op in texts}
        if len(readers) > life.views:
            yield f"link {link} has {life.views} views, and {len(readers)} readers got its text"


def readers_get_the_text_that_is_there(life: Life) -> Iterator[str]:
    """All readers of a link get the same text, and none that was replaced before."""
    sources = {op.given["text"]: op for op in life.ops if op.verb in {"send", "replace"}}
    # A replace without an answer is asked for again: its text may be there since the first time.
    first = {text: min(op.at for op in life.ops if op.given.get("text") == text)
             for text in sources}  # fmt: skip
    for link, texts in enumerate(life.texts):
        if len({op.told["text"] for op in texts}) > 1:
            yield f"two texts were read through link {link}"
        for read in texts:
            if read.given.get("passphrase") == "wrong":
                yield f"link {link} opened with a wrong passphrase"
            source = sources.get(read.told["text"])
            if source is None or first[read.told["text"]] > read.end:
                yield f"link {link} showed a text that nobody had sent"
                continue
            for replace in life.of("replace"):
                if not replace.is_sure or replace.told["outcomes"].get(link) != "replaced":
                    continue
                if read.end < replace.at:
                    yield f"link {link} was replaced after it had been read"
                version = 1 if source.verb == "send" else source.told.get("version")
                older = version is not None and version < replace.told["version"]
                if older and replace.end < read.at:
                    yield f"link {link} showed version {version}, which was replaced"


def verdicts_are_true(life: Life) -> Iterator[str]:
    """After a recall nobody gets the text; `recalled_unread` says that nobody did before."""
    first: dict[int, tuple[object, ...]] = {}
    for recall in life.of("recall"):
        if not recall.is_sure:
            continue
        verdicts = recall.told["verdicts"]
        if sorted(verdicts) != [link for link in life.links if recall.touches(link)]:
            yield "a recall judged other links than it was asked for"
        for link, verdict in verdicts.items():
            said = verdict["outcome"], verdict["reveals"], verdict["recalled_at"]
            if first.setdefault(link, said) != said:
                yield f"link {link} was judged {first[link]}, and then {said}"
            if any(text.at > recall.end for text in life.texts[link]):
                yield f"link {link} showed its text after it was recalled"
            yield from _verdict(life, recall, link)


def _verdict(life: Life, recall: Op, link: int) -> Iterator[str]:
    outcome, reveals = (recall.told["verdicts"][link][name] for name in ("outcome", "reveals"))
    texts = life.texts[link]
    if outcome == "recalled_unread" and (texts or reveals):
        yield f"link {link} is recalled_unread, and somebody got its text"
    if outcome == "recalled_after_read" and not 0 < reveals < life.views:
        yield f"link {link} is recalled_after_read with {reveals} reveals"
    if outcome == "already_spent" and reveals != life.views:
        yield f"link {link} is already_spent with {reveals} reveals"
    if not already(texts, recall.at) <= reveals <= possible(life, link, recall.end):
        yield f"a recall knows of {reveals} reveals of link {link}"


def already(ops: Iterable[Op], at: float) -> int:
    """Return how many readers had their answer before *at*."""
    return len({op.reader for op in ops if op.end < at})


def possible(life: Life, link: int, at: float) -> int:
    """Return how many readers may have had a view before *at*."""
    return len({op.reader for op in life.of("reveal", link) if op.at < at})


def states_only_go_on(life: Life) -> Iterator[str]:
    """What anybody was told of a link's state holds for all who ask later."""
    told = [(op, states) for op in life.ops if (states := states_told(op))]
    for place, (late, states) in enumerate(told):
        for early, before in told[:place]:
            if early.end >= late.at:
                continue
            for link, state in states.items():
                was = before.get(link, "held")
                back = RANK[state] < RANK[was] or (was in FINAL and state != was)
                if back:
                    yield f"{early.verb} told link {link} is {was}, then {late.verb} told {state}"
    for link, texts in enumerate(life.texts):
        new = [t for t in texts if not any(
            op.reader == t.reader and op.at < t.at for op in life.of("reveal", link)
        )]  # fmt: skip
        for early, before in told:
            if before.get(link) in FINAL and any(text.at > early.end for text in new):
                yield f"{early.verb} told link {link} is {before[link]}, then somebody new read it"


def leases_hold(life: Life) -> Iterator[str]:
    """Within its lease a reader gets its text again; who was told that it ended never does."""
    sealing = [op for op in life.ops if op.is_sealing]
    for link, texts in enumerate(life.texts):
        tries = life.of("reveal", link)
        for gone in (op for op in tries if op.status == 410):
            own = [text for text in texts if text.reader == gone.reader]
            if any(text.at > gone.end for text in own):
                yield f"{gone.reader} was told that link {link} is gone, and then got its text"
            held = any(text.end < gone.at and gone.end < text.told["lease_until"] for text in own)
            ended = may_have_ended(life, link, gone) or any(
                op.at < gone.end and (op.verb == "extend" or op.touches(link)) for op in sealing
            )
            if held and not ended:
                yield f"{gone.reader} lost its view of link {link} within the lease"
        for end in life.of("acknowledge", link):
            own = [text for text in texts if text.reader == end.reader]
            if end.is_sure and not end.given["keep"] and any(text.at > end.end for text in own):
                yield f"{end.reader} got the text of link {link} after it had ended its lease"


def may_have_ended(life: Life, link: int, gone: Op) -> bool:
    """Tell whether this reader may have ended its own lease before it was told so."""
    return any(
        op.reader == gone.reader and not op.given["keep"] and op.at < gone.end and op.status != 404
        for op in life.of("acknowledge", link)
    )


def tries_never_come_back(life: Life) -> Iterator[str]:
    """Every wrong passphrase leaves fewer tries than the one before."""
    for link in life.links:
        wrong = [op for op in life.of("reveal", link) if "tries_left" in op.told]
        left = [op.told["tries_left"] for op in wrong]
        if len(set(left)) < len(left):
            yield f"link {link} told {left} tries left"
        for place, late in enumerate(wrong):
            for early in wrong[:place]:
                if early.end < late.at and early.told["tries_left"] <= late.told["tries_left"]:
                    yield f"tries of link {link} came back"


RULES: tuple[Callable[[Life], Iterator[str]], ...] = (
    answers_are_of_the_api,
    views_are_for_one_reader_each,
    readers_get_the_text_that_is_there,
    verdicts_are_true,
    states_only_go_on,
    leases_hold,
    tries_never_come_back,
    second_thoughts.nobody_new_reads_what_is_paused,
    second_thoughts.nothing_is_left_of_what_is_forgotten,
    second_thoughts.rules_hold_at_their_time,
    second_thoughts.rules_run_once_and_tell_the_truth,
    second_thoughts.pauses_and_resumes_take_turns,
    timelines.only_grow,
    timelines.agree_with_themselves,
    timelines.hold_every_deed,
    timelines.hold_no_more_than_was_done,
)
