"""Scanners, preview bots, forgers and other sites come by: nothing is spent."""

import re
import time
from itertools import product
from urllib.parse import quote

import pytest

from restante.crypto.tokens import ControlToken, LinkToken
from tests.journeys.conftest import CROSS_SITE, TEXT
from tests.support.api import FIREFOX, PRESSED, Api, Visitor, filled, form_of, new_reader_key
from tests.support.processes import Service
from tests.support.tickets import gate_form, tickets_of, waited
from webapp.recipient.gate import LONGEST_MS, QUICKEST_MS
from webapp.recipient.tickets import Tickets

METHODS = ("OPTIONS", "PUT", "DELETE", "PATCH", "TRACE", "PROPFIND", "QUERY")

PREFETCHES = (
    {},
    {"Purpose": "prefetch"},
    {"Sec-Purpose": "prefetch;prerender"},
    {"X-Moz": "prefetch"},
    {"User-Agent": "facebookexternalhit/1.1"},
    {"X-HTTP-Method-Override": "POST", "X-HTTP-Method": "POST", "X-Method-Override": "POST"},
)


@pytest.fixture(scope="module")
def forger(service):
    """Tickets signed with the operator's key: what a forger would need."""
    return tickets_of(service)


def opens(service, link):
    """Open a link as a person does, from any address of it."""
    visitor = Visitor(service.url)
    gate = visitor.get(link if link.startswith("/") else f"/m/{link}")
    form = filled(gate)
    action = re.search(r'method="post" action="([^"]+)"', gate.text)[1]
    if not form.get("number"):
        form = waited(service, visitor, action[-35:], form)
    return TEXT in visitor.post(action, form).text


def addresses_of(sent):
    link, control = sent.link, sent.control
    return [
        f"/m/{link}",
        f"/m/{link}/acknowledge",
        f"/s/{control}",
        f"/s/{control}/recall",
        f"/s/{control}/replace",
        f"/s/{control}/extend",
        f"/s/{control}/pause",
        f"/s/{control}/resume",
        f"/s/{control}/forget",
        f"/s/{control}/rules",
        "/api/v1/link",
        "/api/v1/link/reveal",
        "/api/v1/link/acknowledge",
        "/api/v1/message",
        "/api/v1/message/recall",
        "/api/v1/message/replace",
        "/api/v1/message/pause",
        "/api/v1/message/resume",
        "/api/v1/message/forget",
    ]


def test_no_visit_but_a_pressed_button_changes_anything(service, sent, kept):
    api = Api(service.url)
    statuses = set()
    visits = [("GET", headers) for headers in PREFETCHES]
    visits += [("HEAD", headers) for headers in PREFETCHES]
    visits += [(method, PREFETCHES[-1]) for method in METHODS]
    for path, (method, headers) in product(addresses_of(sent), visits):
        if path == "/api/v1/message" and method == "PATCH":
            continue
        token = sent.control if "message" in path else sent.link
        answer = api.ask(method, path, token=token, reader_key=new_reader_key(), headers=headers)
        statuses.add(answer.status)
        assert TEXT not in answer.body.decode("utf-8", "replace"), (method, path)

    assert kept()
    assert statuses == {200, 405}
    assert opens(service, sent.link)


def test_a_post_without_a_good_ticket_shows_the_gate_and_spends_nothing(
    service, sent, kept, forger
):
    link_id = LinkToken.parse(sent.link).link_id
    visitor, stranger = Visitor(service.url), Visitor(service.url)
    form = gate_form(service, visitor, sent.link)
    others = form_of(visitor.get(f"/m/{sent.links[1]}"), sent.links[1])
    strangers = form_of(stranger.get(f"/m/{sent.link}"), sent.link)
    reader, now = visitor.cookies["reader"], time.time_ns() // 1_000_000
    good = form["ticket"]
    old = forger.make(link_id, reader, at=now - LONGEST_MS - 1_000, ordinal=0)
    early = forger.make(link_id, reader, at=now + 60_000 - QUICKEST_MS, ordinal=0)
    under_another_key = Tickets(bytes(32)).make(link_id, reader, at=now - 5_000, ordinal=0)
    flipped = good[:20] + ("A" if good[20] != "A" else "B") + good[21:]
    tickets = {
        "none": None,
        "empty": "",
        "nonsense": "nonsense",
        "the other link's": others["ticket"],
        "another browser's": strangers["ticket"],
        "old": old,
        "of tomorrow": early,
        "forged": under_another_key,
        "flipped": flipped,
        "cut": good[:-4],
        "cut to nothing": good[:20],
        "with more before": "AAAA" + good,
        "not ASCII": "é" * 56,
    }
    came = {}
    assert all("ticket" in form_of(answer, sent.link) for answer in came.values())
    for name, ticket in tickets.items():
        came[name] = visitor.post(f"/m/{sent.link}", {} if ticket is None else {"ticket": ticket})
        visitor.post(f"/m/{sent.link}/acknowledge", {"ticket": ticket or "", "keep": "1"})
    assert not [name for name, answer in came.items() if TEXT in answer.text]
    fresh = form_of(visitor.get(f"/m/{sent.link}"), sent.link)
    came["under a second old"] = visitor.post(f"/m/{sent.link}", fresh)
    # A form of any other kind is not read.
    kinds = ("application/json", "text/plain", "multipart/form-data", "nonsense")
    for kind in kinds:
        came[kind] = visitor.ask("POST", f"/m/{sent.link}", form, {"Content-Type": kind})
    came["in the address"] = visitor.post(f"/m/{sent.link}?ticket={good}", {})
    came["with a cookie and a reader"] = Visitor(service.url).post(
        f"/m/{sent.link}", form | {"reader": reader}
    )

    assert kept()
    wanted = dict.fromkeys(came, 200) | dict.fromkeys(kinds, 415)
    assert {name: answer.status for name, answer in came.items()} == wanted
    # The good one was good all the time.
    assert TEXT in visitor.post(f"/m/{sent.link}", form).text


@pytest.mark.parametrize("headers", CROSS_SITE)
def test_another_site_opens_nothing_and_takes_nothing_back(service, sent, kept, headers):
    api, reader = Api(service.url), Visitor(service.url)
    form = gate_form(service, reader, sent.link)
    sender = Visitor(service.url)
    sender.post(f"/s/{sent.control}")
    assert "shown" in sender.cookies
    deeds = [
        reader.ask("POST", f"/m/{sent.link}", form, headers),
        reader.ask("POST", f"/m/{sent.link}/acknowledge", form, headers),
        sender.ask("POST", f"/s/{sent.control}/recall", {}, headers),
        sender.ask("POST", f"/s/{sent.control}/replace", {"text": "phished"}, headers),
        sender.ask("POST", f"/s/{sent.control}/extend", {"expires_in": "3600"}, headers),
    ]
    assert [answer.status for answer in deeds] == [403] * 5
    assert not [answer for answer in deeds if TEXT in answer.text]
    stranger = Visitor(service.url)
    shown = stranger.ask("POST", f"/s/{sent.control}", {}, headers)
    assert sent.link not in shown.text
    posted = stranger.ask("POST", "/", {"text": "phished"}, headers)

    assert kept()
    assert stranger.cookies == {}
    assert posted.status == 403
    assert [link["state"] for link in api.message(sent.control)["links"]] == ["sealed", "sealed"]


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Sec-Fetch-Site": "same-origin", "Origin": "null"},
        {"Sec-Fetch-Site": "none"},
        {"Origin": "null"},
    ],
)
def test_our_own_pages_form_opens(service, headers):
    visitor, link = Visitor(service.url, is_silent=not headers), Api(service.url).send(TEXT).link
    form = gate_form(service, visitor, link)

    assert TEXT in visitor.ask("POST", f"/m/{link}", form, headers).text


BEHIND = (
    ".",
    ")",
    "]",
    ">",
    "%3E",
    "%27",
    "%22",
    "'",
    ",",
    ";",
    "%20",
    "*",
    "/",
    "/.",
    "%E2%80%A6",
)


BEFORE = ("%22", "%27", "(", "%3C", "[", "%E2%80%9E", "%C2%AB", "%60", "%E2%80%9C%22")


def mutated(link):
    """Return addresses as scanners, mail programs and people make them of a link."""
    middle = f"{link[:12]}/{link[12:]}"
    return [
        *(f"/m/{link}{litter}" for litter in BEHIND),
        *(f"/m/{litter}{link}" for litter in BEFORE),
        f"/x/m/{link}",
        f"/m/x/{link}",
        f"/m/{middle}",
        f"/m//{link}",
        f"//m/{link}",
        f"/m/./{link}",
        f"/m/x/../{link}",
        f"/m/%2e%2e/{link}",
        f"/M/{link}",
        f"/m/{link.lower()}",
        f"/m/{link.upper()}",
        f"/m/{link[:-1]}",
        f"/m/{link[1:]}",
        f"/m/{link}?utm_source=mail",
        f"/m/{link}#fragment".partition("#")[0],
        f"/m/{link}/acknowledge/",
        f"/m/{link}/recall",
        f"/s/{link}",
        f"/m/{link}%00",
        f"/m/{link}%0A",
        f"/m/%{ord(link[0]):x}{link[1:]}",
    ]


def test_addresses_that_scanners_and_mail_programs_make_of_a_link_open_nothing(service, sent, kept):
    visitor = Visitor(service.url)
    for address, method in product(mutated(sent.link), ("GET", "HEAD", "POST")):
        answer = visitor.ask(method, address, {} if method == "POST" else None)
        assert answer.status in {200, 308, 400, 404, 405}, (method, address, answer)
        assert TEXT not in answer.body.decode("utf-8", "replace")

    assert kept()
    assert opens(service, sent.link)


def test_litter_around_a_token_keeps_no_person_from_the_message(service):
    api = Api(service.url)
    links = {
        **{f"/m/{{}}{litter}": api.send(TEXT).link for litter in BEHIND},
        **{f"/m/{litter}{{}}": api.send(TEXT).link for litter in BEFORE},
    }
    visitor, forms = Visitor(service.url), {}
    for address, link in links.items():
        gate = visitor.get(address.format(link))
        assert gate.status == 200, address
        forms[link] = waited(service, visitor, link, form_of(gate, f"/m/{link}"))
    texts = {link: visitor.post(f"/m/{link}", form).text for link, form in forms.items()}

    assert [link for link, text in texts.items() if TEXT not in text] == []


def test_the_api_takes_no_litter(service, sent, kept):
    api = Api(service.url)
    for token in (f"{sent.link}.", f'"{sent.link}', f"<{sent.link}>", f"{sent.link} x", ""):
        answer = api.reveal(token, new_reader_key())
        assert (answer.status, answer.code) == (404, "not-found")
    for scheme in ("Basic", "bearer:", "Token", ""):
        headers = {"Authorization": f"{scheme} {sent.link}", "Idempotency-Key": new_reader_key()}
        assert api.ask("POST", "/api/v1/link/reveal", {}, headers=headers).status == 404

    assert kept()


def spelt_otherwise(token):
    """Return another spelling that decodes to the same bytes."""
    letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    return token[:-1] + letters[letters.index(token[-1]) | 1]


def test_a_wrong_foreign_or_malformed_control_token_changes_nothing(service, sent, kept):
    api, sender = Api(service.url), Visitor(service.url)
    foreign = Api(service.url).send("another message")
    tokens = {
        "unknown": str(ControlToken.new()),
        "the link's": sent.link,
        "the link's, called a control token": "C" + sent.link[1:],
        "in lower case": sent.control.lower(),
        "one sign short": sent.control[:-1],
        "one sign more": sent.control + "A",
        "spelt otherwise": spelt_otherwise(sent.control),
        "of a shard that is none": "CE" + sent.control[2:],
        "message id": sent.answer["id"],
        "not ASCII": "C" + "é" * 17,
        "empty": "",
    }
    for name, token in tokens.items():
        answers = [
            api.ask("GET", "/api/v1/message", token=token),
            api.recall(token, sent.ids),
            api.replace(token, "another text"),
            api.extend(token, 600),
            api.set_rules(token, recall_unread_after=600),
        ]
        assert [answer.code for answer in answers] == ["not-found"] * 5, name
    for token in {*tokens.values()} - {tokens["one sign more"], ""}:
        path = f"/s/{quote(token)}"
        for deed, form in (
            ("recall", {}),
            ("replace", {"text": "another text"}),
            ("extend", {"expires_in": "3600"}),
            ("rules", {"rules.recall_unread_after": "3600"}),
        ):
            assert sender.post(f"{path}/{deed}", form).status == 404
        assert sender.get(path).status == sender.post(path).status == 404
    # Nor does a token that is good for another message.
    refused = api.recall(foreign.control, sent.ids)
    mixed = api.recall(foreign.control, [*foreign.ids, sent.ids[0]])

    assert kept()
    assert (refused.code, mixed.code) == ("invalid", "invalid")
    assert api.preview(foreign.link).json["state"] == "sealed"


def test_the_control_page_without_the_senders_cookie_warns_and_does_nothing(service, sent, kept):
    stranger = Visitor(service.url)
    page = stranger.get(f"/s/{sent.control}")
    acts = [
        stranger.post(f"/s/{sent.control}/recall"),
        stranger.post(f"/s/{sent.control}/replace", {"text": "x"}),
        stranger.post(f"/s/{sent.control}/extend", {"expires_in": "3600"}),
        stranger.post(f"/s/{sent.control}/rules", {"rules.recall_unread_after": "3600"}),
    ]

    assert kept()
    for answer in [page, *acts]:
        assert answer.status == 200
        assert "sender’s private page" in answer.text
        assert not [word for word in ("Ana", "painting", *sent.links) if word in answer.text]
    stranger.cookies["shown"] = "A" * 32
    stranger.cookies["sender"] = "A" * 32
    assert "sender’s private page" in stranger.get(f"/s/{sent.control}").text
    # The warning of one message, read, opens no other's page.
    assert stranger.post(f"/s/{sent.control}").status == 303
    other = Api(service.url).send("other", subject="Quite another matter")
    assert "Quite another matter" not in stranger.get(f"/s/{other.control}").text


def test_a_form_with_a_number_lasts_as_long_as_the_view_it_opened(service, sent, forger):
    """Without cookies it is all that a reader has to come back with."""
    link_id, reader = LinkToken.parse(sent.link).link_id, "somebody-without-cookies"
    now = time.time_ns() // 1_000_000
    aged = forger.make(link_id, reader, at=now - LONGEST_MS + 5_000, ordinal=0, digits="042")
    form = {"ticket": aged, "reader": reader, "number": " 042 "}
    opened = Visitor(service.url).post(f"/m/{sent.link}", form)
    assert TEXT in opened.text
    its = form_of(opened, f"/m/{sent.link}")
    assert its["number"] == "042"
    renewed = forger.read(its["ticket"], link_id, reader)
    assert renewed.at >= now
    again = Visitor(service.url).post(f"/m/{sent.link}", its)

    assert TEXT in again.text


def test_over_tls_a_modern_browser_without_fetch_metadata_is_asked_for_a_number(tmp_path):
    chrome = "Mozilla/5.0 (Windows NT 10.0) AppleWebKit/537.36 Chrome/{}.0.0.0 Safari/537.36"
    came = {}
    with Service(tmp_path, RESTANTE_PUBLIC_URL="https://letters.example") as service:
        for name, agent, headers in (
            ("borrowed", chrome.format(126), {}),
            ("whole", chrome.format(126), PRESSED),
            ("old", chrome.format(75), {}),
            ("Firefox of 2020", FIREFOX.replace("140.0", "78.0"), {}),
            ("Firefox, borrowed", FIREFOX, {}),
        ):
            link = Api(service.url, headers={"Host": "letters.example"}).send(TEXT).link
            its = {"Host": "letters.example", "User-Agent": agent}
            visitor = Visitor(service.url, its | headers)
            form = gate_form(service, visitor, link)
            page = visitor.post(f"/m/{link}", form)
            came[name] = TEXT in page.text
            if not came[name]:
                assert "Your browser left out what browsers of its name send." in page.text
                assert TEXT in visitor.post(f"/m/{link}", filled(page)).text

    assert came == {
        "borrowed": False,
        "whole": True,
        "old": True,
        "Firefox of 2020": True,
        "Firefox, borrowed": False,
    }
