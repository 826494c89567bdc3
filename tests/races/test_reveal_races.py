"""Many readers want one link at the same moment, from two serving processes."""

from contextlib import ExitStack
from itertools import chain

import pytest

from tests.support.api import Api, Visitor, new_reader_key
from tests.support.lines import at_once, lines_to_each
from tests.support.tickets import gate_form

READERS = 64
TWICE = 16
"""So many readers ask twice at the same moment."""
TEXT = "the safe is behind the Vermeer"


@pytest.fixture
def lines(service):
    """Kept connections by the process that serves them."""
    with ExitStack() as stack:
        lines = lines_to_each(service, (READERS + TWICE) // 2)
        for line in chain.from_iterable(lines.values()):
            stack.enter_context(line)
        yield lines


def look_around(service, link):
    """Look at a link in every way there is."""
    api = Api(service.url)
    for _ in range(5):
        api.preview(link)
        api.ask("GET", f"/m/{link}")
        api.ask("HEAD", f"/m/{link}")


@pytest.mark.parametrize("views", [1, 2, 7])
def test_of_64_readers_at_once_exactly_as_many_as_there_are_views_get_the_text(
    service, lines, views
):
    first, second = lines
    sent = Api(service.url).send(TEXT, views=views)
    reader_keys = [new_reader_key() for _ in range(READERS)]
    # Readers alternate between the processes; those who ask twice ask one of each.
    readers = [
        (lines[(first, second)[n % 2]][n // 2], reader_keys[n % READERS], n) for n in range(READERS)
    ] + [
        (lines[(second, first)[n % 2]][(READERS + n) // 2], reader_keys[n], n) for n in range(TWICE)
    ]
    shots = [line.prime_reveal(sent.link, reader_key) for line, reader_key, _ in readers]

    def fire():
        for shoot in shots:
            shoot()

    def follow(reader):
        """Take the answer, then go on asking, and say that it came."""
        line, reader_key, _ = reader
        answers = [line.collect(), line.reveal(sent.link, reader_key)]
        acknowledged = line.acknowledge(sent.link, reader_key, keep=True)
        return [*answers, line.reveal(sent.link, reader_key)], acknowledged

    followers = [lambda reader=reader: follow(reader) for reader in readers]
    lookers = [lambda: look_around(service, sent.link)] * 4
    came = at_once([fire, *followers, *lookers])[1 : 1 + len(readers)]
    statuses, texts = {}, set()
    for (_, reader_key, _), (answers, acknowledged) in zip(readers, came, strict=True):
        statuses.setdefault(reader_key, set()).update(answer.status for answer in answers)
        texts |= {answer.json["text"] for answer in answers if answer.status == 200}
        assert acknowledged.status == (204 if answers[0].status == 200 else 404)
    winners = [reader_key for reader_key, seen in statuses.items() if seen == {200}]
    losers = [reader_key for reader_key, seen in statuses.items() if seen == {410}]
    message = Api(service.url).message(sent.control)
    events = [event["type"] for event in message["events"]]

    assert len(winners) == views
    assert len(losers) == READERS - views
    assert texts == {TEXT}
    assert message["links"][0]["reveals"] == views
    assert message["links"][0]["state"] == "spent"
    assert events.count("link.revealed") == views
    assert events.count("link.acknowledged") == views


def test_ending_views_while_others_open_gives_no_extra_view(service):
    """Readers say that they are done while others still come."""
    sent = Api(service.url).send(TEXT, views=3)

    def read_and_end(_):
        api, reader_key = Api(service.url), new_reader_key()
        answer = api.reveal(sent.link, reader_key)
        if answer.status == 200:
            assert api.acknowledge(sent.link, reader_key).status == 204
        return answer.status, api.reveal(sent.link, reader_key).status

    came = at_once([lambda n=n: read_and_end(n) for n in range(16)])

    assert sorted(came) == [(200, 410)] * 3 + [(410, 410)] * 13


def test_a_button_pressed_many_times_at_once_spends_one_view(service):
    sent = Api(service.url).send(TEXT, views=3)
    visitor, path = Visitor(service.url), f"/m/{sent.link}"
    form = gate_form(service, visitor, sent.link)
    pages = at_once([lambda: visitor.post(path, form)] * 12)

    assert all(TEXT in page.text for page in pages)
    assert Api(service.url).message(sent.control)["links"][0]["reveals"] == 1
