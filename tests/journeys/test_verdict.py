"""The verdict page and its files: what was prevented, what not, and nothing that opens it."""

import csv
import html
import io
import json
import re
from unicodedata import normalize

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from restante.safe_text import is_fit, shows_anything
from tests.support.api import Api, Visitor, form_of, new_reader_key

PEOPLE = ["=SUM(A1) <b>", "Ben <ben@example.com>", "清水"]
NAMES = ("verdict", "verdict.txt", "verdict.json", "verdict.csv")
FORMULA = tuple("=+-@\t\r\n＝＋－＠")


@pytest.fixture
def opened(service):
    """A browser that may see the message's control page, and the page's path."""

    def make(**fields):
        sent = Api(service.url).send("the safe", **fields)
        sender, path = Visitor(service.url), f"/s/{sent.control}"
        sender.post(path)
        return sender, path, sent

    return make


def rows_of(answer):
    written = io.StringIO(answer.body.decode("utf-8-sig"), newline="")
    return list(csv.reader(written, strict=True))


def cells_of(answer):
    """Return every cell that a program finds, at whichever sign it splits."""
    for sign in ",;\t|":
        written = io.StringIO(answer.body.decode("utf-8-sig"), newline="")
        yield from (cell.strip() for row in csv.reader(written, delimiter=sign) for cell in row)


def recall(sender, path, **fields):
    form = form_of(sender.get(path), f"{path}/recall")
    form.pop("link", None)
    return sender.post(f"{path}/recall", form | fields)


def test_after_a_recall_the_sender_reads_what_was_prevented_and_what_not(service, opened):
    sender, path, sent = opened(recipients=PEOPLE, views=2, subject="The <i>safe</i>")
    Api(service.url).reveal(sent.links[1], new_reader_key())
    answer = recall(sender, path, which="all", reason="Wrong <u>people</u>")
    assert answer.headers["Location"].endswith(f"{path}/verdict")
    page, text, whole, table = (sender.get(f"{path}/{name}") for name in NAMES)
    links = json.loads(whole.body)["links"]
    assert [link["outcome"] for link in links] == [
        "recalled_unread",
        "recalled_after_read",
        "recalled_unread",
    ]
    assert [link["verdict"] for link in links] == ["Prevented", "Opened before", "Prevented"]
    assert links[0]["happened"] == "Nobody opened it."
    assert links[1]["happened"].startswith("It was shown once to someone who had this link, on ")
    assert links[1]["prevented"].endswith("What was shown before cannot be unshown.")
    assert json.loads(whole.body)["reason"] == "Wrong <u>people</u>"
    for answer in (page, text):
        assert "1 of 3 links was opened. None opens any more." in answer.text
        assert "Nobody opened it, and nobody can any more" in answer.text
    assert "<b>" not in page.text.replace("<b class", "")
    assert "The &lt;i&gt;safe&lt;/i&gt;" in page.text
    assert "Wrong &lt;u&gt;people&lt;/u&gt;" in page.text
    rows = rows_of(table)
    assert [row[0] for row in rows[1:]] == ["'=SUM(A1) <b>", "Ben", "清水"]
    assert [row[2] for row in rows[1:]] == ["Prevented", "Opened before", "Prevented"]
    kinds = [answer.headers["Content-Type"] for answer in (text, whole, table)]
    assert kinds == ["text/plain; charset=utf-8", "application/json", "text/csv; charset=utf-8"]

    for answer in (text, whole, table):
        assert "attachment" in answer.headers["Content-Disposition"]
        assert not any(token in answer.text for token in (*sent.links, sent.control, "the safe"))
    assert not any(token in page.text for token in sent.links)


def test_an_undone_send_says_that_nobody_can_have_read_it(opened):
    sender, path, _ = opened(hold=600)
    form = form_of(sender.get(path), f"{path}/recall")
    assert form["which"] == "all"
    sender.post(f"{path}/recall", form)

    for name in NAMES[:2]:
        assert "Nobody can have read it. It was taken back before it opened." in (
            sender.get(f"{path}/{name}").text
        )
    assert "it had not opened yet" in sender.get(f"{path}/verdict.json").text


def test_only_what_is_marked_is_recalled_and_nothing_if_nothing_is(service, opened):
    sender, path, sent = opened(recipients=[f"Reader {n}" for n in range(12)])
    nothing = recall(sender, path, which="marked")
    assert nothing.status == 422
    assert "Mark the links to be recalled first." in nothing.text
    form = form_of(sender.get(path), f"{path}/recall")
    marked = [("link", sent.ids[n]) for n in (2, 5)]
    answer = sender.ask("POST", f"{path}/recall", form | {"which": "marked"}, more=marked)
    assert answer.status == 303

    states = [link["state"] for link in Api(service.url).message(sent.control)["links"]]
    assert [n for n, state in enumerate(states) if state == "recalled"] == [2, 5]
    told = sender.get(f"{path}/verdict").text
    assert "2 of 12 links are recalled. Others can still be opened." in told


def test_of_a_hundred_links_as_many_are_marked_as_there_are(service, opened):
    sender, path, sent = opened(recipients=[f"Reader {n}" for n in range(100)])
    form = form_of(sender.get(path), f"{path}/recall") | {"which": "marked", "reason": "why"}
    marked = [("link", link) for link in sent.ids[1:]]
    translated = sender.ask("POST", f"{path}/language", form, more=marked)
    answer = sender.ask("POST", f"{path}/recall", form, more=marked)

    assert (translated.status, answer.status) == (200, 303)
    states = [link["state"] for link in Api(service.url).message(sent.control)["links"]]
    assert states == ["sealed", *["recalled"] * 99]


def test_all_are_recalled_even_if_some_are_marked(service, opened):
    sender, path, sent = opened(recipients=["Ana", "Ben"])
    recall(sender, path, which="all", link=sent.ids[0])

    links = Api(service.url).message(sent.control)["links"]
    assert {link["state"] for link in links} == {"recalled"}


def test_the_report_stays_until_the_message_is_forgotten(service, opened):
    sender, path, sent = opened()
    recall(sender, path, which="all")
    assert [sender.get(f"{path}/{name}").status for name in NAMES] == [200] * 4
    Api(service.url).forget(sent.control)

    assert [sender.get(f"{path}/{name}").status for name in NAMES] == [404] * 4


def test_others_get_the_warning_and_no_report(service, opened):
    _, path, _ = opened(recipients=["Ana Torres"])
    stranger = Visitor(service.url)
    for name in (*NAMES, "link-1"):
        answer = stranger.get(f"{path}/{name}")
        assert "This is the sender’s private page." in answer.text
        assert "Ana" not in answer.text


def test_it_is_written_in_the_language_of_its_reader(opened):
    sender, path, _ = opened(recipients=["Ana"])
    spanish = {"Accept-Language": "es"}

    assert rows_of(sender.get(f"{path}/verdict.csv", **spanish))[0][2] == "Resultado"
    assert "Nadie lo ha abierto." in sender.get(f"{path}/verdict.txt", **spanish).text


FIT = st.text(min_size=1, max_size=200).filter(lambda name: is_fit(name) and shows_anything(name))
HOSTILE = st.sampled_from(
    ["</script><script>alert(1)</script>", '"><img src=x onerror=alert(1)>', "=1+1", "@SUM(A1)",
     "-2+3", "＝1", "{{ 7*7 }}", "%(time)s", "%s%n", "a,b;c", "'", '"', "' OR 1=1", "#",
     "\u05d0\u05d1", "e\u0301" * 50, "👩‍👩‍👧‍👦", "清水", "محمد"]
)  # fmt: skip


@settings(max_examples=25)
@given(name=FIT | HOSTILE, subject=FIT | HOSTILE, reason=HOSTILE)
def test_names_subjects_and_reasons_of_every_kind_do_no_harm(service, name, subject, reason):
    api, sender = Api(service.url), Visitor(service.url)
    many = [name, *[f"Reader {n}" for n in range(11)]]
    for people in ([name], many):
        sent = api.send("t", recipients=people, subject=subject)
        path = f"/s/{sent.control}"
        sender.post(path)
        before, links = sender.get(path), sender.get(f"{path}/links.csv")
        api.ask("POST", "/api/v1/message/recall", {"reason": reason}, token=sent.control)
        shown = [before, *(sender.get(f"{path}/{part}") for part in
                           ("", "changes?after=0", "link-1", "verdict"))]  # fmt: skip
        label = api.message(sent.control)["links"][0]["recipient"]
        for page in shown:
            assert page.status == 200
            markup = re.findall(r"<(script|img|b|u)\b[^>]*>", page.text)
            assert set(markup) <= {"script", "b"}
            assert "alert(1)</script>" not in page.text
            assert "onerror=alert(1)>" not in page.text
        assert label in html.unescape(shown[-1].text)
        for found in (links, sender.get(f"{path}/verdict.csv")):
            assert found.headers["Content-Type"] == "text/csv; charset=utf-8"
            assert not any(one.startswith(FORMULA) for one in cells_of(found))
        written = sender.get(f"{path}/verdict.json")
        assert json.loads(written.body)["links"][0]["recipient"] == label
        assert json.loads(written.body)["reason"] == normalize("NFC", reason)
        for part in ("verdict.txt", "verdict.json", "verdict.csv"):
            head = str(sender.get(f"{path}/{part}").headers)
            assert f'filename="{part}"' in head
