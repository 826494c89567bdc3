"""Copies and downloads of the control page: who gets them, and what is in them."""

import csv
import html
import io
import re
from email import message_from_bytes, policy

import pytest

from tests.support.api import Api, Visitor
from tests.support.processes import Service

PEOPLE = ["Torres Ana <ana@example.com>", "../=Ben\\<script>", "清水"]


def sent_from_a_browser(service, **fields):
    """Return a browser that sent a message, and the path of its control page."""
    sender = Visitor(service.url)
    form = {"text": "t", "recipients": "\n".join(PEOPLE), "subject": 'A "safe" & <b>door</b>'}
    answer = sender.post("/", form | fields)
    assert answer.status == 303
    return sender, "/s/" + answer.headers["Location"].rpartition("/")[2]


def links_on(page):
    return re.findall(r'id="link-\d+"[^>]*>([^<]+)<', page.text)


def test_the_sender_downloads_a_draft_for_each_recipient(service):
    sender, path = sent_from_a_browser(service)
    links = links_on(sender.get(path))
    drafts = [sender.get(f"{path}/mail-{n}.eml") for n in (1, 2, 3)]

    assert [draft.status for draft in drafts] == [200] * 3
    assert [draft.headers["Content-Disposition"] for draft in drafts] == [
        'attachment; filename="mail-1-Torres_Ana.eml"',
        'attachment; filename="mail-2-Benscript.eml"',
        'attachment; filename="mail-3.eml"',
    ]
    for draft, link in zip(drafts, links, strict=True):
        assert draft.headers["Content-Type"] == "message/rfc822"
        assert draft.headers["Cache-Control"] == "no-store"
        read = message_from_bytes(draft.body, policy=policy.default)
        assert str(read["Subject"]) == 'A "safe" & <b>door</b>'
        assert link in read.get_body(("plain",)).get_content().split("\n")
        assert read.get_body(("html",)).get_content().count(link) == 3
        assert not any(other in draft.text for other in links if other != link)
    assert str(message_from_bytes(drafts[0].body, policy=policy.default)["To"]) == (
        "Torres Ana <ana@example.com>"
    )


def test_the_sender_downloads_all_links_as_a_table(service):
    sender, path = sent_from_a_browser(service)
    links = links_on(sender.get(path))
    answer = sender.get(f"{path}/links.csv", **{"Accept-Language": "es"})
    rows = list(csv.reader(io.StringIO(answer.body.decode("utf-8-sig"), newline=""), strict=True))

    assert answer.headers["Content-Type"] == "text/csv; charset=utf-8"
    assert answer.headers["Content-Disposition"] == 'attachment; filename="links.csv"'
    assert answer.headers["Cache-Control"] == "no-store"
    assert rows[0] == ["Nombre", "Correo", "Enlace", "Se puede abrir hasta"]
    assert [row[2] for row in rows[1:]] == links
    assert [row[0] for row in rows[1:]] == ["Torres Ana", PEOPLE[1], "清水"]


def test_the_page_offers_the_same_as_text_without_scripts(service):
    sender, path = sent_from_a_browser(service)
    page = sender.get(path)
    links, said = links_on(page), re.findall(r"<pre[^>]*>([^<]*)</pre>", page.text)

    assert len(links) == 3
    assert [line.partition("\t")[2] for line in html.unescape(said[0]).split("\n")] == links
    for link, mail in zip(links, said[1:], strict=True):
        assert link in html.unescape(mail).split("\n")
    assert "<script>" not in page.text
    assert "<b>door" not in page.text


def test_others_get_the_warning_first_and_nothing_with_a_link_in_it(service):
    _, path = sent_from_a_browser(service)
    stranger = Visitor(service.url)
    before = [stranger.get(f"{path}/{name}") for name in ("links.csv", "mail-1.eml")]
    for answer in before:
        assert answer.headers["Content-Type"].startswith("text/html")
        assert "This is the sender’s private page." in answer.text
        assert "/m/" not in answer.text
    stranger.post(path)
    after = [stranger.get(f"{path}/{name}") for name in ("links.csv", "mail-1.eml")]

    assert [answer.status for answer in after] == [200, 200]
    assert all(answer.headers["Content-Disposition"] for answer in after)


def test_a_link_that_ended_is_in_no_download(service):
    sender, path = sent_from_a_browser(service)
    links = links_on(sender.get(path))
    ids = re.findall(r'name="link" value="([0-9a-f]{32})"', sender.get(path).text)
    assert sender.post(f"{path}/recall", {"link": ids[1]}).status == 303
    table = sender.get(f"{path}/links.csv").text
    assert [link in table for link in links] == [True, False, True]
    ended, unknown = sender.get(f"{path}/mail-2.eml"), sender.get(f"{path}/mail-9.eml")
    assert [ended.status, unknown.status] == [303, 303]
    assert ended.headers["Location"].endswith(path)
    assert sender.get(f"{path}/mail-3.eml").status == 200
    assert "All links at once" in sender.get(path).text
    assert sender.post(f"{path}/recall", {"link": ids[0]}).status == 303
    assert "All links at once" not in sender.get(path).text
    sender.post(f"{path}/recall")

    assert sender.get(f"{path}/links.csv").status == 303
    assert "<pre" not in sender.get(path).text


def test_a_mail_of_a_paused_message_says_nothing_of_the_pause(service):
    sender, path = sent_from_a_browser(service)
    before = sender.get(f"{path}/mail-1.eml")
    assert sender.post(f"{path}/pause").status == 303
    after = sender.get(f"{path}/mail-1.eml")
    texts = [
        message_from_bytes(draft.body, policy=policy.default).get_body(("plain",)).get_content()
        for draft in (before, after)
    ]

    assert texts[0] == texts[1]
    assert "from" not in texts[1]
    assert sender.get(path).status == 200


def test_an_unknown_control_token_gets_no_download(service):
    other = Api(service.url).send("t").link
    unknown = "C" + other[1:]

    for token in (other, unknown, "x"):
        assert Visitor(service.url).get(f"/s/{token}/links.csv").status == 404
        assert Visitor(service.url).get(f"/s/{token}/mail-1.eml").status == 404


def test_downloads_count_as_visits_of_the_page(tmp_path):
    with Service(tmp_path, RESTANTE_RATE_LIMITS="on", RESTANTE_LIMIT_STATUS="3") as service:
        sender, path = sent_from_a_browser(service)
        statuses = [sender.get(f"{path}/links.csv").status for _ in range(2)]
        statuses += [sender.get(f"{path}/mail-1.eml").status for _ in range(2)]

    assert statuses == [200, 200, 200, 429]


def zones_in(sender, path):
    """Return how times end in the page's texts, in a draft and in the table."""
    page, draft, table = (sender.get(path + tail) for tail in ("", "/mail-1.eml", "/links.csv"))
    read = message_from_bytes(draft.body, policy=policy.default)
    written = [read.get_body((kind,)).get_content() for kind in ("plain", "html")]
    said = [*re.findall(r"<pre id=.mail[^>]*>([^<]*)", page.text), *written, table.text]
    return {zone for text in said for zone in re.findall(r", \d\d:\d\d (UTC|\([^)]*\))", text)}


@pytest.mark.parametrize(
    ("zone", "said"),
    [
        ("Asia/Kathmandu", "(Kathmandu)"),
        ("America/Bogota", "(Bogota)"),
        ("", "UTC"),
        ("Nowhere/City", "UTC"),
        ("../../etc/passwd", "UTC"),
        ("/usr/share/zoneinfo/Asia/Tokyo", "UTC"),
    ],
)
def test_times_in_copies_are_in_the_senders_zone(service, zone, said):
    sender, path = sent_from_a_browser(service, zone=zone)
    assert zones_in(sender, path) == {said}
    sender.cookies["zone"] = zone

    assert zones_in(sender, path) == {said}


def test_the_zone_is_remembered_where_the_warning_was_read(service):
    _, path = sent_from_a_browser(service)
    other = Visitor(service.url)
    other.post(path, {"zone": "Asia/Kathmandu"})

    assert zones_in(other, path) == {"(Kathmandu)"}
