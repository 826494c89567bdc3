"""A control page that is open asks what is new; so do programs."""

import html
import os
import re
from pathlib import Path
from urllib.parse import quote

import pytest

from tests.support.api import Api, Visitor, new_reader_key
from tests.support.processes import ROOT, Service

PEOPLE = ("Ana", "<b>Ben</b>", "清水")
QUESTIONS = 200
PREVIEW_SECONDS = 957e-6
"""What a preview costs web and store on a machine that does nothing else: docs/benchmarks.md."""
PAGES, HOUR_SECONDS = 1_000, 3_600


class Page:
    """A control page in the browser that sent the message."""

    def __init__(self, service, recipients=PEOPLE, **fields):
        self.visitor = Visitor(service.url)
        form = {"text": "t", "recipients": "\n".join(recipients)} | fields
        answer = self.visitor.post("/", form)
        assert answer.status == 303, answer.text
        self.path = "/s/" + answer.headers["Location"].rpartition("/")[2]
        shown = self.visitor.get(self.path)
        self.links = re.findall(r'id="link-\d+"[^>]*>[^<]*/m/([^<]+)<', shown.text)
        self.mark = re.search(r'data-mark="([^"]+)"', shown.text)[1]

    def ask(self, after=None):
        known = self.mark if after is None else after
        return self.visitor.get(f"{self.path}/changes?after={quote(known)}")


def parts(answer):
    return set(
        re.findall(r'id="(\w+-\d+|verdict|alarms|actions|timeline|looks-list)"', answer.text)
    )


def test_a_page_is_told_that_nothing_is_new_or_what_is(service):
    page, api = Page(service), Api(service.url)
    nothing = page.ask()
    assert (nothing.status, nothing.body) == (204, b"")
    assert nothing.headers["Cache-Control"] == "no-store"
    api.reveal(page.links[1], new_reader_key())
    news = page.ask()
    assert news.status == 200
    changed = {"facts-1", "ways-1", "facts-2", "ways-2"}  # the first is to be copied next
    always = {"verdict", "alarms", "actions"}
    assert parts(news) >= changed | always | {"timeline"}
    assert not parts(news) & {"facts-3", "ways-3", "looks-list"}
    told = html.unescape(re.search(r'data-news="([^"]*)"', news.text)[1])
    assert told == "\u2068<b>Ben</b>\u2069: Shown to someone who had this link"
    assert "<b>" not in news.text
    mark = re.search(r'data-mark="([^"]+)"', news.text)[1]
    assert page.ask(mark).status == 204
    api.preview(page.links[2])
    look = page.ask(mark)

    assert {"facts-3", "looks-list"} <= parts(look)
    assert "timeline" not in parts(look)
    assert 'data-new="0"' in look.text
    assert 'data-news=""' in look.text


def test_only_who_may_see_the_page_is_told_what_is_new(service):
    page, stranger = Page(service), Visitor(service.url)
    refused = stranger.get(f"{page.path}/changes?after=0")
    assert (refused.status, refused.body) == (403, b"")
    stranger.post(page.path)
    assert stranger.get(f"{page.path}/changes?after=0").status == 200

    for path in ("/s/C" + "A" * 33, "/s/" + page.links[0], "/s/x"):
        assert stranger.get(f"{path}/changes?after=0").status == 404


@pytest.mark.parametrize("after", ["", "0", "9" * 400, "0.0.0.0.0", "\0", "<b>", "é"])
def test_any_mark_that_is_not_ours_gets_the_whole_page(service, after):
    page = Page(service)

    assert {"facts-1", "facts-2", "facts-3", "timeline"} <= parts(page.ask(after))


def test_a_program_that_knows_the_status_is_told_in_a_few_bytes(service):
    api = Api(service.url)
    sent = api.send("t")
    whole = api.ask("GET", "/api/v1/message", token=sent.control)
    known = Api(service.url, headers={"If-None-Match": f"W/{whole.headers['ETag']}"})
    same = known.ask("GET", "/api/v1/message", token=sent.control)
    assert (same.status, same.body) == (304, b"")
    assert same.headers["ETag"] == whole.headers["ETag"]
    api.reveal(sent.link, new_reader_key())
    event = whole.json["events"][-1]["id"]
    news = known.ask("GET", f"/api/v1/message?after={event}", token=sent.control)

    assert [its["type"] for its in news.json["events"]] == ["link.revealed"]
    assert news.headers["ETag"] != whole.headers["ETag"]


def seconds_of(pid):
    """Return the processor time that a process has used."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return sum(map(int, fields[11:13])) / os.sysconf("SC_CLK_TCK")


def questions_an_hour():
    """Return how often a page asks in the hour after its sender left it, by its script."""
    script = (ROOT / "webapp/static/live.js").read_text("utf-8")
    [pace] = re.findall(r"PACE = \[(.*)\];", script)
    asked, begins = 0.0, 0
    for until, every in re.findall(r"\[(\w+), (\d+)\]", pace):
        ends = HOUR_SECONDS if until == "Infinity" else int(until)
        asked += (ends - begins) / int(every)
        begins = ends
    return asked


def test_a_thousand_open_pages_cost_less_than_a_twentieth_of_a_core(tmp_path):
    with Service(
        tmp_path, RESTANTE_WEB_WORKERS="1", RESTANTE_RATE_LIMITS="on",
        RESTANTE_LIMIT_CHANGES="100000", RESTANTE_LIMIT_PREVIEW="100000",
    ) as service:  # fmt: skip
        page = Page(service, recipients=[f"Reader {n}" for n in range(100)])
        api = Api(service.url)
        link = api.send("t").link

        def cost(ask):
            before = sum(map(seconds_of, service.pids()))
            for _ in range(QUESTIONS):
                assert ask().status in {200, 204}
            return (sum(map(seconds_of, service.pids())) - before) / QUESTIONS

        costs = [(cost(page.ask), cost(lambda: api.preview(link))) for _ in range(2)]
        # Other work on this machine makes both dearer.
        each = min(question / preview for question, preview in costs) * PREVIEW_SECONDS
        share = each * questions_an_hour() * PAGES / HOUR_SECONDS

    print(f"{each * 1e6:.0f} µs a question, {questions_an_hour():.0f} an hour: {share:.1%}")
    assert share < 0.05
