"""The sender takes back, or puts another text in place, while a reader presses the button."""

import random
import time
from collections import Counter
from contextlib import ExitStack
from itertools import chain

import pytest

from tests.support.api import Api, new_reader_key
from tests.support.lines import at_once, lines_to_each

ROUNDS = 1_000
LINKS = 25
"""Of one message; so forty reports tell of a thousand rounds."""
SPREAD_SECONDS = 0.001
"""So far apart are two requests at the most, in either order."""
REPLACE_ROUNDS = 60


@pytest.fixture
def lines(service):
    """Four kept connections, two to each serving process."""
    with ExitStack() as stack:
        lines = chain.from_iterable(lines_to_each(service, 2).values())
        yield [stack.enter_context(line) for line in lines]


def fire(chance, *shots):
    """Send the last byte of each request, in any order and almost at once."""
    for shoot in chance.sample(shots, len(shots)):
        shoot()
        until = time.perf_counter() + chance.uniform(0, SPREAD_SECONDS)
        while time.perf_counter() < until:
            pass


def events_of(message, link_id):
    return [e["type"] for e in message["events"] if e["link"] == link_id]


def test_in_1000_rounds_a_recall_says_unread_if_and_only_if_no_reader_got_the_text(service, lines):
    chance = random.Random(1)
    reader, _, sender, _ = lines
    outcomes = Counter()
    for _ in range(ROUNDS // LINKS):
        sent = Api(service.url).send("the safe", recipients=[f"{n}" for n in range(LINKS)])
        said = {}
        for link, link_id in zip(sent.links, sent.ids, strict=True):
            fire(
                chance,
                reader.prime_reveal(link, new_reader_key()),
                sender.prime_recall(sent.control, [link_id]),
            )
            revealed, recalled = reader.collect(), sender.collect()
            verdict = recalled.json["verdicts"][0]
            said[link_id] = (revealed.status, verdict["outcome"], verdict["reveals"])
        message = Api(service.url).message(sent.control)

        for link in message["links"]:
            events = events_of(message, link["id"])
            match said[link["id"]]:
                case 200, "already_spent", 1:
                    assert events == ["link.revealed", "link.recalled"]
                    assert (link["state"], link["reveals"]) == ("spent", 1)
                case 410, "recalled_unread", 0:
                    assert events == ["link.recalled"]
                    assert (link["state"], link["reveals"]) == ("recalled", 0)
                case other:
                    pytest.fail(f"{other} cannot be true")
            outcomes[said[link["id"]][1]] += 1

    assert outcomes.total() == ROUNDS
    # Or it was no race.
    assert min(outcomes.values()) > ROUNDS / 10, outcomes


def test_a_message_that_opens_twice_is_recalled_with_a_true_count(service, lines):
    chance = random.Random(2)
    reader, other, sender, _ = lines
    counts = Counter()
    sent = Api(service.url).send("twice", views=3, recipients=[f"{n}" for n in range(4 * LINKS)])
    for link, link_id in zip(sent.links, sent.ids, strict=True):
        reader_keys = new_reader_key(), new_reader_key()
        fire(
            chance,
            reader.prime_reveal(link, reader_keys[0]),
            other.prime_reveal(link, reader_keys[1]),
            sender.prime_recall(sent.control, [link_id]),
        )
        statuses = [reader.collect().status, other.collect().status]
        verdict = sender.collect().json["verdicts"][0]
        counts[verdict["reveals"]] += 1

        assert set(statuses) <= {200, 410}
        assert verdict["reveals"] == statuses.count(200)
        assert verdict["outcome"] == (
            "recalled_after_read" if verdict["reveals"] else "recalled_unread"
        )
        # Readers that held a view hold it no more.
        assert {reader.reveal(link, reader_key).status for reader_key in reader_keys} == {410}

    assert set(counts) == {0, 1, 2}, counts


def text(version):
    """Return a text that shows if it was pieced together from two."""
    return f"{version}|" * 2_000


def test_readers_racing_a_replace_get_whole_texts_and_lose_no_view(service, lines):
    chance = random.Random(3)
    reader, other, sender, second_sender = lines
    seen = Counter()
    for _ in range(REPLACE_ROUNDS):
        sent = Api(service.url).send(text("first"), recipients=["Ana", "Ben"])
        ana, ben = sent.links
        reader_key, late_reader_key = new_reader_key(), new_reader_key()
        fire(
            chance,
            reader.prime_reveal(ana, reader_key),
            other.prime_recall(sent.control, [sent.ids[1]]),
            sender.prime_replace(sent.control, text("second")),
            second_sender.prime_replace(sent.control, text("third")),
        )
        revealed, recalled = reader.collect(), other.collect()
        replaced = {"second": sender.collect(), "third": second_sender.collect()}
        outcomes = {
            version: {link["id"]: link["outcome"] for link in answer.json["links"]}
            for version, answer in replaced.items()
        }
        versions = {version: answer.json["version"] for version, answer in replaced.items()}
        behind_ana = [v for v in outcomes if outcomes[v][sent.ids[0]] == "replaced"]
        expected = max(behind_ana, key=versions.__getitem__, default="first")
        seen[expected] += 1

        # The reader spent the view, so the reader has content: the last that came before.
        assert revealed.status == 200
        assert revealed.json["text"] == text(expected)
        assert reader.reveal(ana, reader_key).json["text"] == text(expected)
        assert reader.reveal(ana, late_reader_key).status == 410
        assert recalled.json["verdicts"][0]["outcome"] == "recalled_unread"
        assert reader.reveal(ben, reader_key).status == 410
        events = [e["type"] for e in Api(service.url).message(sent.control)["events"]]
        # A replace that found nobody's link unread did nothing, and no event says otherwise.
        moved = sum("replaced" in outcome.values() for outcome in outcomes.values())
        assert events.count("message.replaced") == moved
        assert events.count("link.revealed") == 1

    assert seen["first"], seen
    assert seen["second"] + seen["third"], seen


def test_replace_takes_nothing_from_a_reader_who_holds_the_text(service, lines):
    chance = random.Random(4)
    reader, other, sender, _ = lines
    for _ in range(REPLACE_ROUNDS // 2):
        sent = Api(service.url).send(text("first"), views=2)
        reader_keys = new_reader_key(), new_reader_key()
        fire(
            chance,
            reader.prime_reveal(sent.link, reader_keys[0]),
            sender.prime_replace(sent.control, text("second")),
            other.prime_reveal(sent.link, reader_keys[1]),
        )
        texts = {reader.collect().json["text"], other.collect().json["text"]}
        outcome = sender.collect().json["links"][0]["outcome"]

        # Of one link nobody ever sees two versions.
        assert texts == {text("second" if outcome == "replaced" else "first")}
        assert {
            reader.reveal(sent.link, reader_key).json["text"] for reader_key in reader_keys
        } == texts


def test_concurrent_recall_acknowledge_and_extend_leave_one_consistent_state(service):
    for _ in range(10):
        sent = Api(service.url).send("one truth", views=2, recipients=["Ana", "Ben", "Cem"])
        reader_key = new_reader_key()
        assert Api(service.url).reveal(sent.link, reader_key).status == 200
        recalled, *_ = at_once(
            [
                lambda sent=sent: Api(service.url).recall(sent.control),
                lambda sent=sent, reader_key=reader_key: Api(service.url).acknowledge(
                    sent.link, reader_key
                ),
                lambda sent=sent: Api(service.url).extend(sent.control, 600),
                lambda sent=sent: Api(service.url).replace(sent.control, "another"),
                lambda sent=sent: Api(service.url).recall(sent.control, sent.ids[1:]),
            ]
        )
        again = Api(service.url).recall(sent.control, reason="too late to count")
        message = Api(service.url).message(sent.control)
        verdicts, first_verdicts = again.json["verdicts"], recalled.json["verdicts"]

        # That the text arrived may be learnt later; nothing else changes.
        for verdict in first_verdicts + verdicts:
            del verdict["acknowledged_at"]
        assert verdicts == first_verdicts
        assert [verdict["outcome"] for verdict in verdicts] == [
            "recalled_after_read",
            "recalled_unread",
            "recalled_unread",
        ]
        assert {link["state"] for link in message["links"]} == {"recalled"}
        assert [e["type"] for e in message["events"]].count("link.recalled") == 3
        for link in sent.links:
            assert Api(service.url).reveal(link, reader_key).status == 410
            assert Api(service.url).reveal(link, new_reader_key()).status == 410
