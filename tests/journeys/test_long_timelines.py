"""A message with a long history: programs read it page by page, people from its newest end."""

import re

import pytest

from restante.crypto.tokens import ControlToken
from tests.support.api import Api, Visitor, form_of, new_reader_key
from tests.support.operators import services_for
from tests.support.processes import Service
from webapp.http.floods import REFUSED_MOST

EXTENDS = 600


@pytest.fixture(scope="module")
def service(tmp_path_factory):
    with Service(tmp_path_factory.mktemp("long")) as service:
        yield service


@pytest.fixture(scope="module")
def long_one(service):
    sent = Api(service.url).send("the safe", recipients=["Ana", "Bob"])
    extend(service, sent.control, EXTENDS)
    return sent


def extend(service, control, times):
    """Have so many things happen to a message."""
    with services_for(service) as house:
        for _ in range(times):
            house.managing.extend(ControlToken.parse(control), 3_600)


def page(service, sent, after=None):
    query = "" if after is None else f"?after={after}"
    return Api(service.url).ask("GET", f"/api/v1/message{query}", token=sent.control)


def test_a_program_reads_it_all_by_the_ids_of_events(service, long_one):
    seen, after, pages = [], None, 0
    while True:
        its = page(service, long_one, after).json
        seen += [event["id"] for event in its["events"]]
        pages += 1
        if not its["more_events"]:
            break
        after = its["events"][-1]["id"]

    mid = long_one.answer["id"]
    assert seen == [f"{mid}-{number}" for number in range(1, EXTENDS + 2)]
    assert its["events_total"] == EXTENDS + 1
    assert pages == 2


def test_whoever_has_all_asks_only_for_what_is_new(service, long_one):
    mid = long_one.answer["id"]

    assert page(service, long_one, f"{mid}-{EXTENDS + 1}").json["events"] == []
    assert len(page(service, long_one, f"{mid}-{EXTENDS}").json["events"]) == 1
    assert len(page(service, long_one, f"{mid}-0").json["events"]) == 500


@pytest.mark.parametrize(
    "after",
    ["", "5", "x", "{mid}", "{mid}-", "{mid}--1", "{mid}-1x", "{other}-1", "{mid}-9999999999"],
)
def test_an_unknown_event_id_is_a_named_fault(service, long_one, after):
    answer = page(service, long_one, after.format(mid=long_one.answer["id"], other="0" * 32))

    assert (answer.status, answer.code) == (422, "invalid")
    assert [fault["field"] for fault in answer.json["errors"]] == ["after"]


def test_a_person_sees_the_newest_first_and_goes_back_to_the_beginning(service):
    visitor = Visitor(service.url)
    posted = visitor.post("/", form_of(visitor.get("/"), "/") | {"text": "the safe"})
    path = posted.headers["Location"]
    control = path.rpartition("/")[2]
    extend(service, control, 250)
    shown, pages = [], []
    while path:
        came = visitor.get(path)
        assert came.status == 200
        pages.append(came)
        timeline = came.text.partition('id="events"')[2].partition("</section>")[0]
        shown.append(timeline.count("<li>"))
        older = re.search(r'href="([^"]+)" rel="nofollow">Show older', came.text)
        path = older[1].partition("#")[0] if older else None

    assert shown == [100, 100, 51]
    assert "Show the newest" not in pages[0].text
    assert "Show the newest" in pages[1].text
    assert "Sealed" not in pages[0].text.partition('id="events"')[2].partition("</section>")[0]


def test_an_address_with_nonsense_shows_the_newest(service, long_one):
    visitor = Visitor(service.url)
    for before in ("x", "-1", "", "0", "9" * 30, "%D9%A3"):
        assert visitor.get(f"/s/{long_one.control}?before={before}").status == 200


def test_a_page_before_the_first_leads_back(service, long_one):
    visitor = Visitor(service.url)
    visitor.post(f"/s/{long_one.control}", {})
    page = visitor.get(f"/s/{long_one.control}?before=1")

    assert "Show the newest" in page.text
    assert "Show older" not in page.text


def test_nobody_is_told_that_a_link_is_unopened_since_that_was_long_ago(service):
    names = [f"Recipient {number}" for number in range(100)]
    sent = Api(service.url).send("the safe", recipients=names)
    opened, sealed = sent.links[0], Api(service.url).send("the safe").link
    Api(service.url).reveal(opened, new_reader_key())
    with services_for(service) as house:
        for _ in range(51):
            house.sending.replace(ControlToken.parse(sent.control), "another")
    visitor = Visitor(service.url)
    recorded = visitor.get(f"/m/{opened}/recorded")

    assert "nobody has opened it" not in recorded.text
    assert "There may be older entries, which are not shown here." in recorded.text
    assert "nobody has opened it" in visitor.get(f"/m/{sealed}/recorded").text


def test_an_answer_of_the_longest_words_is_bounded(service):
    """Each recall brings its reason, each link its name: the longest, of four bytes a sign."""
    sent = Api(service.url).send(
        "x", recipients=[f"{number:03}" + "\U0001d11e" * 197 for number in range(100)]
    )
    for number in sent.ids:
        given = {"links": [number], "reason": "\U0001d11e" * 500}
        Api(service.url).ask("POST", "/api/v1/message/recall", given, token=sent.control)
    whole = page(service, sent)
    shown = Visitor(service.url)
    shown.post(f"/s/{sent.control}", {})

    assert len(whole.json["events"]) == 101
    assert len(whole.body) < 512 * 1024
    assert len(shown.get(f"/s/{sent.control}").body) < 1024 * 1024


def test_a_network_may_look_only_so_often(tmp_path):
    one = {"RESTANTE_WEB_WORKERS": "1", "RESTANTE_RATE_LIMITS": "on"}
    with Service(tmp_path, **one, RESTANTE_LIMIT_STATUS="3") as service:
        api, visitor = Api(service.url), Visitor(service.url)
        sent = api.send("the safe")
        sender = Visitor(service.url)
        mine = sender.post("/", {"text": "mine"}).headers["Location"].rpartition("/")[2]
        looks = [api.ask("GET", "/api/v1/message", token=sent.control) for _ in range(3)]
        one_more = api.ask("GET", "/api/v1/message", token=sent.control)
        as_page = visitor.get(f"/s/{sent.control}")
        pressed = visitor.post(f"/s/{sent.control}", {})
        faulty = [
            sender.post(f"/s/{mine}/recall", {"reason": "x" * 501}) for _ in range(REFUSED_MOST)
        ]
        taken_back = sender.post(f"/s/{mine}/recall", {})
        recall = api.ask("POST", "/api/v1/message/recall", {}, token=sent.control)

        assert [look.status for look in looks] == [200] * 3
        assert (one_more.status, one_more.code) == (429, "rate-limited")
        assert as_page.status == 429
        # Pressing the button reads as much; so does a recall that only shows the page again.
        assert pressed.status == 429
        assert {answer.status for answer in faulty} == {429}
        assert 'id="recalling"' in faulty[0].text
        assert 'id="recalling"' not in faulty[-1].text
        # Taking back is never refused.
        assert (taken_back.status, recall.status) == (303, 200)
