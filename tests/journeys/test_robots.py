"""Scanners, preview bots, forgers and other sites come by; a person opens it afterwards."""

import re
import socket
import time
from contextlib import suppress
from http.client import HTTPException
from itertools import product
from urllib.parse import quote

import pytest
import redis

from restante import wiring
from restante.settings import Settings
from restante.store import keys
from restante.tokens import ControlToken, LinkToken
from tests.api import Api, Visitor, form_of, new_nonce, number_on
from webapp.gate import LONGEST_MS, QUICKEST_MS
from webapp.tickets import Tickets

TEXT = "the safe is behind the Vermeer"
GATE_SECONDS = 1.1
"""A person's time before the button."""
METHODS = ("OPTIONS", "PUT", "DELETE", "PATCH", "TRACE", "PROPFIND", "QUERY")
PREFETCHES = (
    {},
    {"Purpose": "prefetch"},
    {"Sec-Purpose": "prefetch;prerender"},
    {"X-Moz": "prefetch"},
    {"User-Agent": "facebookexternalhit/1.1"},
    {"X-HTTP-Method-Override": "POST", "X-HTTP-Method": "POST", "X-Method-Override": "POST"},
)
CROSS_SITE = (
    {"Sec-Fetch-Site": "cross-site"},
    {"Sec-Fetch-Site": "same-site"},
    {"Sec-Fetch-Site": "nonsense"},
    {"Origin": "https://evil.example"},
    {"Origin": "http://127.0.0.1:1"},
    {"Sec-Fetch-Site": "cross-site", "Origin": "null"},
)


@pytest.fixture
def sent(service):
    """A message with one sealed link, and another that its recipient never hears of."""
    return Api(service.url).send(TEXT, recipients=["Ana", "Ben"], subject="About a painting")


@pytest.fixture
def kept(service, sent):
    """Return everything that the store keeps of the message, with its times, but the looks."""
    control, link = ControlToken.parse(sent.control), LinkToken.parse(sent.link)
    tag = keys.message(control).partition(b":")[0]
    mid = control.message_id
    lids = [LinkToken.parse(token).link_id for token in sent.links]
    names = [keys.message(control), tag + b":events:" + mid, tag + b":content:" + mid + b":1"]
    for lid in lids:
        names += [tag + b":" + kind + b":" + lid for kind in (b"link", b"key", b"readers")]

    def look_into_the_store():
        with redis.Redis.from_url(f"unix://{service.data_dir / 'store.sock'}") as store:
            held = {name: (store.dump(name), store.pexpiretime(name)) for name in names}
            due = [store.zscore(keys.due(link.shard), b"expire:" + lid) for lid in lids]
        return held, due

    before = look_into_the_store()
    assert sum(value is not None for value, _ in before[0].values()) == len(names) - len(lids)
    assert all(before[1])
    return lambda: look_into_the_store() == before


@pytest.fixture(scope="module")
def forger(service):
    """Tickets signed with the operator's key: what a forger would need."""
    settings = Settings(
        redis_url=f"unix://{service.data_dir / 'store.sock'}",
        root_keys=(service.data_dir / "root.keys").read_text().strip(),
    )
    return Tickets(wiring.build(settings).key_for("tickets"))


def opens(service, link):
    """Open a link as a person does, from any address of it."""
    visitor = Visitor(service.url)
    gate = visitor.get(link if link.startswith("/") else f"/m/{link}")
    form = form_of(gate, "")
    action = re.search(r'method="post" action="([^"]+)"', gate.text)[1]
    time.sleep(GATE_SECONDS)
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
        "/api/v1/link",
        "/api/v1/link/reveal",
        "/api/v1/link/acknowledge",
        "/api/v1/message",
        "/api/v1/message/recall",
        "/api/v1/message/replace",
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
        answer = api.ask(method, path, token=token, nonce=new_nonce(), headers=headers)
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
    form = form_of(visitor.get(f"/m/{sent.link}"), sent.link)
    others = form_of(visitor.get(f"/m/{sent.links[1]}"), sent.links[1])
    strangers = form_of(stranger.get(f"/m/{sent.link}"), sent.link)
    reader, now = visitor.cookies["reader"], time.time_ns() // 1_000_000
    good = form["ticket"]
    old = forger.make(link_id, reader, at=now - LONGEST_MS - 1_000, ordinal=0)
    early = forger.make(link_id, reader, at=now + 60_000 - QUICKEST_MS, ordinal=0)
    under_another_key = Tickets(bytes(32)).make(link_id, reader, at=now - 5_000, ordinal=0)
    flipped = good[:20] + ("A" if good[20] != "A" else "B") + good[21:]
    time.sleep(GATE_SECONDS)
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
    for name, ticket in tickets.items():
        came[name] = visitor.post(f"/m/{sent.link}", {} if ticket is None else {"ticket": ticket})
        visitor.post(f"/m/{sent.link}/acknowledge", {"ticket": ticket or "", "keep": "1"})
    fresh = form_of(visitor.get(f"/m/{sent.link}"), sent.link)
    came["under a second old"] = visitor.post(f"/m/{sent.link}", fresh)
    # A form of any other kind carries nothing.
    for kind in ("application/json", "text/plain", "multipart/form-data", "nonsense"):
        came[kind] = visitor.ask("POST", f"/m/{sent.link}", form, {"Content-Type": kind})
    came["in the address"] = visitor.post(f"/m/{sent.link}?ticket={good}", {})
    came["with a cookie and a reader"] = Visitor(service.url).post(
        f"/m/{sent.link}", form | {"reader": reader}
    )

    assert kept()
    assert {name: answer.status for name, answer in came.items()} == dict.fromkeys(came, 200)
    assert not [name for name, answer in came.items() if TEXT in answer.text]
    assert all("ticket" in form_of(answer, sent.link) for answer in came.values())
    # The good one was good all the time.
    assert TEXT in visitor.post(f"/m/{sent.link}", form).text


@pytest.mark.parametrize("headers", CROSS_SITE)
def test_another_site_opens_nothing_and_takes_nothing_back(service, sent, kept, headers):
    api, reader = Api(service.url), Visitor(service.url)
    form = form_of(reader.get(f"/m/{sent.link}"), sent.link)
    sender = Visitor(service.url)
    sender.post(f"/s/{sent.control}")
    assert "shown" in sender.cookies
    time.sleep(GATE_SECONDS)
    deeds = [
        reader.ask("POST", f"/m/{sent.link}", form, headers),
        reader.ask("POST", f"/m/{sent.link}/acknowledge", form, headers),
        sender.ask("POST", f"/s/{sent.control}/recall", {}, headers),
        sender.ask("POST", f"/s/{sent.control}/replace", {"text": "phished"}, headers),
        sender.ask("POST", f"/s/{sent.control}/extend", {"expires_in": "3600"}, headers),
    ]
    stranger = Visitor(service.url)
    shown = stranger.ask("POST", f"/s/{sent.control}", {}, headers)
    posted = stranger.ask("POST", "/", {"text": "phished"}, headers)

    assert kept()
    assert [answer.status for answer in deeds] == [200] * 5
    assert not [answer for answer in deeds if TEXT in answer.text]
    assert stranger.cookies == {}
    assert sent.link not in shown.text
    assert posted.status == 422
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
    visitor, link = Visitor(service.url), Api(service.url).send(TEXT).link
    form = form_of(visitor.get(f"/m/{link}"), link)
    time.sleep(GATE_SECONDS)

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
        forms[link] = form_of(gate, f"/m/{link}")
    time.sleep(GATE_SECONDS)
    texts = {link: visitor.post(f"/m/{link}", form).text for link, form in forms.items()}

    assert [link for link, text in texts.items() if TEXT not in text] == []


def test_the_api_takes_no_litter(service, sent, kept):
    api = Api(service.url)
    for token in (f"{sent.link}.", f'"{sent.link}', f"<{sent.link}>", f"{sent.link} x", ""):
        answer = api.reveal(token, new_nonce())
        assert (answer.status, answer.code) == (404, "not-found")
    for scheme in ("Basic", "bearer:", "Token", ""):
        headers = {"Authorization": f"{scheme} {sent.link}", "Idempotency-Key": new_nonce()}
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
        ]
        assert [answer.code for answer in answers] == ["not-found"] * 4, name
    for token in {*tokens.values()} - {tokens["one sign more"], ""}:
        path = f"/s/{quote(token)}"
        for deed, form in (
            ("recall", {}),
            ("replace", {"text": "another text"}),
            ("extend", {"expires_in": "3600"}),
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


def test_a_person_opens_reads_again_and_destroys_it_without_javascript(service):
    sender = Visitor(service.url)
    to_control = sender.post("/", {"text": TEXT, "recipients": "Ana", "subject": "About"})
    control = sender.get(to_control.headers["Location"])
    link = re.search(r"/m/(L[\w-]{34})", control.text)[1]
    reader, other = Visitor(service.url), Visitor(service.url)
    gate = reader.get(f"/m/{link}")
    form, others = form_of(gate, link), form_of(other.get(f"/m/{link}"), link)
    time.sleep(GATE_SECONDS)
    opened = reader.post(f"/m/{link}", form)
    reloaded = reader.post(f"/m/{link}", form)
    come_back = reader.get(f"/m/{link}")
    shown_again = reader.post(f"/m/{link}", form_of(come_back, link))
    saved = reader.post(f"/m/{link}", form_of(opened, f"/m/{link}") | {"as": "txt"})
    too_late = other.post(f"/m/{link}", others)
    kept = reader.post(f"/m/{link}/acknowledge", form_of(opened, "acknowledge") | {"keep": "1"})
    report = sender.get(to_control.headers["Location"])
    done = reader.post(f"/m/{link}/acknowledge", form_of(opened, "acknowledge"))
    after = [reader.post(f"/m/{link}", form), reader.get(f"/m/{link}"), other.get(f"/m/{link}")]

    assert to_control.status == 303
    assert "Ana" in control.text
    assert gate.status == 200
    assert TEXT not in gate.text
    assert TEXT in opened.text
    assert TEXT in reloaded.text
    assert "You opened this message" in come_back.text
    assert TEXT in shown_again.text
    assert saved.body == TEXT.encode()
    assert saved.headers["Content-Disposition"] == 'attachment; filename="message.txt"'
    assert too_late.status == 410
    assert kept.status == 204
    assert link not in report.text  # a spent link is nobody's to copy
    assert done.status == 200
    assert [answer.status for answer in after] == [410, 410, 410]
    assert not [answer for answer in (too_late, *after) if TEXT in answer.text]


def test_a_browser_that_is_done_with_one_view_may_open_the_next(service):
    sent, reader = Api(service.url).send(TEXT, views=2), Visitor(service.url)
    path = f"/m/{sent.link}"
    form = form_of(reader.get(path), sent.link)
    time.sleep(GATE_SECONDS)
    first = reader.post(path, form)
    reader.post(f"{path}/acknowledge", form_of(first, "acknowledge"))
    old = reader.post(path, form)
    gate = form_of(reader.get(path), sent.link)
    time.sleep(GATE_SECONDS)
    second = reader.post(path, gate)
    reader.post(f"{path}/acknowledge", form_of(second, "acknowledge"))

    assert TEXT in first.text
    # The form of the first view is over; what it shows is the gate to the second.
    assert TEXT not in old.text
    assert old.status == 200
    assert TEXT in second.text
    assert reader.get(path).status == reader.post(path, gate).status == 410
    assert Api(service.url).message(sent.control)["links"][0]["reveals"] == 2


def test_who_is_too_quick_types_a_number_and_a_wrong_one_spends_nothing(service, sent, kept):
    visitor = Visitor(service.url)
    path = f"/m/{sent.link}"
    quick = visitor.post(path, form_of(visitor.get(path), sent.link))
    form, number = form_of(quick, sent.link), number_on(quick)
    wrongs = [str((int(number) + n) % 1000) for n in (1, 2, 3)] + ["", "12", "words", number + "1"]
    answers = [visitor.post(path, form | {"number": wrong}) for wrong in wrongs]
    another = form_of(answers[0], sent.link) | {"number": number_on(answers[1])}
    mixed = visitor.post(path, another)
    # The number of one page with the ticket of the gate: the ticket asks for none.
    bare = visitor.post(path, form_of(visitor.get(path), sent.link) | {"number": number})

    assert kept()
    assert "quicker than a person" in quick.text
    for answer in answers:
        assert answer.status == 200
        assert "That was not the number" in answer.text
        assert TEXT not in answer.text
    if number_on(answers[0]) != number_on(answers[1]):
        assert TEXT not in mixed.text
    assert TEXT not in bare.text
    last = form_of(answers[-1], sent.link) | {"number": f" {number_on(answers[-1])} "}
    assert TEXT in visitor.post(path, last).text


def test_who_keeps_no_cookies_types_a_number_and_can_do_all_that_others_can(service):
    sent = Api(service.url).send(TEXT, passphrase="a word")
    path = f"/m/{sent.link}"

    def without_cookies(form=None, to=path):
        return Visitor(service.url).ask("POST" if form else "GET", to, form)

    form = form_of(without_cookies(), sent.link)
    time.sleep(GATE_SECONDS)
    second = without_cookies(form | {"passphrase": "a word"})
    carried = form_of(second, sent.link)
    numbered = carried | {"number": number_on(second)}
    stolen = without_cookies({k: v for k, v in numbered.items() if k != "reader"})
    wrong = without_cookies(numbered | {"passphrase": "no word"})
    again = form_of(wrong, sent.link) | {"passphrase": "a word"}
    opened = without_cookies(again)
    saved = without_cookies(form_of(opened, sent.link) | {"as": "txt", "passphrase": "a word"})
    other = without_cookies(numbered | {"reader": "A" * 32, "passphrase": "a word"})
    done = without_cookies(form_of(opened, "acknowledge"), f"{path}/acknowledge")

    assert "did not bring back the cookie" in second.text
    assert "reader" in carried
    assert TEXT not in stolen.text
    assert wrong.status == 403
    assert "9 tries are left" in wrong.text
    assert TEXT in opened.text
    assert saved.body == TEXT.encode()
    assert TEXT not in other.text
    assert done.status == 200
    assert without_cookies().status == 410
    assert Api(service.url).message(sent.control)["links"][0]["reveals"] == 1


def test_a_passphrase_counts_only_behind_a_good_ticket(service):
    sent = Api(service.url).send(TEXT, passphrase="a word")
    visitor, path = Visitor(service.url), f"/m/{sent.link}"
    form = form_of(visitor.get(path), sent.link)
    for _ in range(12):
        visitor.post(path, {"passphrase": "no word"})
        visitor.post(path, form | {"passphrase": "no word"}, **CROSS_SITE[0])
        visitor.post(path, {"ticket": "nonsense", "passphrase": "no word"})
    time.sleep(GATE_SECONDS)
    missing = visitor.post(path, form)
    wrong = visitor.post(path, form | {"passphrase": "no word"})
    right = visitor.post(path, form | {"passphrase": "a word"})

    assert missing.status == wrong.status == 403
    assert "9 tries are left" in wrong.text
    assert TEXT in right.text


def test_one_link_or_browser_never_opens_anothers_lease(service):
    """A nonce is good for one link; a ticket is good for one browser and one link."""
    api = Api(service.url)
    first, second = api.send("first", views=2), api.send("second", recipients=["Ana", "Ben"])
    nonce = new_nonce()
    assert api.reveal(first.link, nonce).json["text"] == "first"
    assert api.reveal(second.link, nonce).json["text"] == "second"
    assert api.acknowledge(second.links[1], nonce).code == "not-found"
    assert api.acknowledge(second.link, new_nonce()).code == "not-found"
    assert api.acknowledge(second.link, nonce).status == 204

    # What ended on one link goes on on the other.
    assert api.reveal(first.link, nonce).json["text"] == "first"
    assert api.reveal(second.link, nonce).code == "gone"
    assert api.preview(second.links[1]).json["state"] == "sealed"


@pytest.mark.parametrize(
    ("head", "statuses"),
    [
        ("Content-Length: 4\r\nTransfer-Encoding: chunked", {400}),
        ("Transfer-Encoding: chunked\r\nTransfer-Encoding: identity", {400, 501}),
        ("Transfer-Encoding: xchunked\r\nContent-Length: 4", {400, 501}),
        ("Transfer-Encoding : chunked\r\nContent-Length: 4", {400}),
        ("Content-Length: +4", {400}),
        ("Content-Length: 4\r\nContent-Length: 60", {400}),
        ("Content-Length: 4, 4", {400}),
        ("Content-Length: -1", {400}),
        ("Content-Length: 0x4", {400}),
        ("Content-Length:\r\n 4", {400}),
        ("X: y\n\nGET /x HTTP/1.1", {400}),
    ],
)
def test_no_request_hides_in_another(service, sent, kept, head, statuses):
    """Two readers of one connection must never disagree where a request ends."""
    inner = (
        f"POST /api/v1/message/recall HTTP/1.1\r\nHost: {service.bind}\r\n"
        f"Authorization: Bearer {sent.control}\r\nContent-Length: 0\r\n\r\n"
    )
    request = (
        f"POST /m/{sent.link} HTTP/1.1\r\nHost: {service.bind}\r\n{head}\r\n\r\n0\r\n\r\n{inner}"
    )
    reply = talk(service, request.encode())
    found = [int(status) for status in re.findall(rb"^HTTP/1\.1 (\d{3}) ", reply, re.MULTILINE)]

    assert kept()
    assert len(found) == 1
    assert found[0] in statuses


def test_http_2_is_not_spoken(service):
    upgrade = {
        "Connection": "Upgrade, HTTP2-Settings",
        "Upgrade": "h2c",
        "HTTP2-Settings": "AAMAAABkAAQAAP__",
    }

    assert Api(service.url).ask("GET", "/", headers=upgrade).status == 200
    assert talk(service, b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n").startswith(b"HTTP/1.1 400 ")


def talk(service, request):
    """Send bytes and return all that comes back."""
    host, _, port = service.bind.partition(":")
    with socket.create_connection((host, int(port)), timeout=20) as line:
        line.sendall(request)
        reply = b""
        with suppress(ConnectionResetError):
            while some := line.recv(65_536):
                reply += some
        return reply


def test_no_redirect_leads_elsewhere(service, sent):
    visitor = Visitor(service.url)
    paths = [
        f"//evil.example/m/{sent.link}",
        f"/\\evil.example/{sent.link}",
        f"/m//{sent.link}",
        f"/s//{sent.control}",
        "//evil.example/%2e%2e",
        "/m/%0d%0aLocation:%20https://evil.example",
        f"/s/{sent.control}%0d%0aSet-Cookie:%20sender=x",
    ]
    headers = {"X-Forwarded-Host": "evil.example", "Forwarded": "host=evil.example"}
    answers = []
    for path, method in product(paths, ("GET", "POST")):
        with suppress(HTTPException):
            answers.append(visitor._api.ask(method, path, b"", headers=headers))
    for answer in answers:
        location = answer.headers["Location"] or "/"

        assert location.startswith((f"{service.url}/", "/"))
        assert not location.startswith("//")
        assert "evil.example" not in location.partition("?")[0].split("/")[2:3]
        assert "Set-Cookie" not in answer.headers or "sender=x" not in str(answer.headers)
    assert len(answers) == 2 * len(paths)
