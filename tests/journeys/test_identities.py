"""Who a browser is, nobody else decides: not another site, not a form, not a neighbour's cookie."""

import base64
import hmac
import time

import pytest

from tests.journeys.conftest import TEXT
from tests.support.api import FIREFOX, Api, Visitor, Way, filled, form_of
from tests.support.lines import talk
from tests.support.operators import admission_of, services_for
from tests.support.processes import Service
from tests.support.tickets import gate_form

NULL = {"Origin": "null"}
"""All that a browser without Sec-Fetch-Site says, of our pages and of any that wants it so."""
LETTER = {
    "text": "the whole letter",
    "recipients": "Ana",
    "from": "Zoë",
    "subject": "About",
    "passphrase": "a word",
    "views": "3",
}
UNTOLD, STALE = "Your browser did not say", "open for more than a day"
NEIGHBOUR = Way(source="127.0.0.2")
"""Another address than everybody else's here."""


def silent(service, way=None):
    """A browser over plain http, or behind a proxy that takes Sec-Fetch-Site out."""
    return Visitor(service.url, way=way, is_silent=True)


def edge_key(service, purpose):
    """Return a key of the web, as its operator could make it."""
    with services_for(service) as house:
        return house.key_for(purpose)


def from_nowhere(visitor, path, form):
    """Post as another site has a browser post: without the cookies that are Lax."""
    kept, visitor.cookies = visitor.cookies, {}
    answer = visitor.ask("POST", path, form, NULL)
    set_there, visitor.cookies = visitor.cookies, kept | visitor.cookies
    return answer, set_there


def planted(service, link, way=None):
    """Return a form that opens a link at one press, with a reader whom its maker knows."""
    maker, path = silent(service, way), f"/m/{link}"
    form = form_of(maker.get(path), link)
    maker.cookies.clear()
    carried = filled(maker.ask("POST", path, form, NULL), link)
    assert {"reader", "ticket", "number", "csrf"} <= carried.keys()
    return carried


def reader_keys_of(form):
    return [f"{form['reader']}.{ordinal}" for ordinal in range(5)]


def test_a_planted_form_from_another_address_opens_nothing_and_sets_no_cookie(service, sent, kept):
    form = planted(service, sent.link, NEIGHBOUR)
    victim = silent(service)
    answer, cookies = from_nowhere(victim, f"/m/{sent.link}", form)

    assert kept()
    assert cookies == {}
    assert TEXT not in answer.text
    # The victim meets the gate, and passes it as somebody whom the other does not know.
    again = filled(answer, sent.link)
    assert again["reader"] != form["reader"]
    assert TEXT in victim.ask("POST", f"/m/{sent.link}", again, NULL).text
    readers = [
        Api(service.url).reveal(sent.link, reader_key) for reader_key in reader_keys_of(form)
    ]
    assert {reader.code for reader in readers} == {"gone"}


def test_whoever_planted_a_reader_id_cannot_read_even_from_the_same_address(service, sent):
    form = planted(service, sent.link)
    answer, cookies = from_nowhere(silent(service), f"/m/{sent.link}", form)
    seconds = [
        Api(service.url).reveal(sent.link, reader_key) for reader_key in reader_keys_of(form)
    ]

    assert TEXT in answer.text
    assert cookies == {}
    assert {second.code for second in seconds} == {"gone"}


def test_no_planted_form_makes_a_browser_forget_who_it_is(service, sent):
    """It goes on to show what it opened before, and opens the next message as itself."""
    other = Api(service.url).send("the other text")
    victim, path = silent(service), f"/m/{other.link}"
    form = gate_form(service, victim, other.link)
    assert "the other text" in victim.post(path, form).text
    known = dict(victim.cookies)
    for forged in (planted(service, sent.link), {"ticket": "x"}, {}):
        for deed in ("", "/code", "/gate", "/acknowledge", "/dispute", "/decline", "/prolong"):
            _, cookies = from_nowhere(victim, f"/m/{sent.links[1]}{deed}", forged)
            assert cookies == {}

    assert victim.cookies == known
    assert "the other text" in victim.post(path, form_of(victim.get(path), other.link)).text


@pytest.mark.parametrize("cookies", [True, False], ids=["with cookies", "without cookies"])
def test_a_browser_without_origin_headers_can_read(service, cookies):
    """Behind a proxy that takes out Sec-Fetch-Site; the page has no referrer, so Origin is null."""
    sent, reader = Api(service.url).send(TEXT), silent(service)
    path, set_by_forms = f"/m/{sent.link}", []

    def post(to, form):
        if not cookies:
            reader.cookies.clear()
        answer = reader.ask("POST", to, form, NULL)
        set_by_forms.extend(answer.headers.get_all("Set-Cookie", []))
        return answer

    form = gate_form(service, reader, sent.link)
    page = post(path, form)
    opened = page if cookies else post(path, filled(page, sent.link))
    assert TEXT in opened.text
    again = post(path, form_of(opened, f"/m/{sent.link}"))
    assert TEXT in again.text
    saved = post(path, form_of(opened, f"/m/{sent.link}") | {"as": "txt"})
    assert saved.body == TEXT.encode()
    longer = post(path, form_of(opened, f"/m/{sent.link}") | {"more": "1"})
    assert TEXT in longer.text
    confirmed = post(f"{path}/confirm", form_of(opened, "/confirm"))
    done = post(f"{path}/acknowledge", form_of(opened, "/acknowledge"))

    assert (confirmed.status, done.status) == (200, 200)
    assert bool(set_by_forms) == cookies
    assert Api(service.url).message(sent.control)["links"][0]["reveals"] == 1


def test_a_form_of_unknown_origin_is_shown_again_and_sent_by_a_second_press(service):
    sender = silent(service)
    page = sender.ask("POST", "/", LETTER, NULL)
    sent = sender.ask("POST", "/", form_of(page, "/") | LETTER, NULL)

    assert page.status == 422
    assert UNTOLD in page.text
    assert all(word in page.text for word in LETTER.values())
    assert "Set-Cookie" not in page.headers
    assert sent.status == 303
    # Nothing but the address speaks for a browser without cookies: it is given none.
    assert sender.cookies == {}
    assert "sender’s private page" in sender.get(sent.headers["Location"]).text


def test_a_form_given_to_a_browser_without_origin_headers_is_sent_at_once(service):
    sender = silent(service)
    form = form_of(sender.get("/"), "/")
    sent = sender.ask("POST", "/", form | LETTER, NULL)
    stays = dict(sender.cookies)
    second = sender.ask("POST", "/", form_of(sender.get("/"), "/") | LETTER, NULL)

    assert (sent.status, second.status) == (303, 303)
    assert {"form", "sender", "passphrase"} == stays.keys()
    assert sender.cookies["sender"] == stays["sender"]
    assert "3" in sender.get(sent.headers["Location"]).text
    assert "sender’s private page" not in sender.get(sent.headers["Location"]).text


def test_another_site_sends_nothing_through_a_browser_without_origin_headers(service):
    """Whatever token it has: none, its own with or without a cookie, and from another address."""
    sender = silent(service)
    sender.ask("POST", "/", form_of(sender.get("/"), "/") | LETTER, NULL)
    known = dict(sender.cookies)
    assert "sender" in known
    strangers = [silent(service), silent(service, NEIGHBOUR)]
    tokens = [form_of(one.get("/"), "/")["csrf"] for one in strangers]
    elsewhere = silent(service, NEIGHBOUR).ask("POST", "/", LETTER, NULL)
    tokens += [form_of(elsewhere, "/")["csrf"], "", "nonsense", "é", tokens[0][:-2], "A" * 30]
    tokens += ["A" * 51, "A" * 1_000]
    for token in tokens:
        answer, cookies = from_nowhere(sender, "/", LETTER | {"csrf": token})
        # Old browsers know no SameSite, and bring them all.
        old = sender.ask("POST", "/", LETTER | {"csrf": token}, NULL)

        assert (answer.status, old.status) == (422, 422), token
        assert UNTOLD in answer.text
        assert cookies == {}
    assert sender.cookies == known


def test_a_browser_that_lost_only_the_form_cookie_keeps_its_other_cookies(service):
    """It was closed and opened again.  An old one brings them all, also for another site."""
    sender = silent(service)
    sender.ask("POST", "/", form_of(sender.get("/"), "/") | LETTER, NULL)
    own = form_of(sender.get("/"), "/")
    sender.cookies.pop("form")
    stays = dict(sender.cookies)
    # The best that another site can have: given to this very address, for one without cookies.
    theirs = form_of(silent(service).ask("POST", "/", LETTER, NULL), "/")
    planted = sender.ask("POST", "/", theirs | LETTER, NULL)
    sender.cookies = dict(stays)
    again = sender.ask("POST", "/", own | LETTER, NULL)

    assert (planted.status, again.status) == (422, 422)
    assert all(word in again.text for word in LETTER.values())
    assert {name: sender.cookies[name] for name in stays} == stays
    # It has the cookie now, which replaced none, and goes on.
    assert sender.ask("POST", "/", form_of(again, "/") | LETTER, NULL).status == 303


def test_without_cookies_a_form_counts_only_at_the_address_that_it_was_given_to(service):
    """So another site at that very address sends in its own name at most; it sets nothing."""
    forms = [
        form_of(silent(service, way).ask("POST", "/", LETTER, NULL), "/")
        for way in (NEIGHBOUR, None)
    ]
    (refused, cookies), (taken, others) = (
        from_nowhere(silent(service), "/", form | LETTER) for form in forms
    )

    assert (refused.status, taken.status) == (422, 303)
    assert (cookies, others) == ({}, {})


@pytest.mark.parametrize(("hours", "status"), [(23, 303), (25, 422), (-1, 422)])
def test_a_token_is_good_for_a_day_and_then_the_form_is_given_back(service, hours, status):
    sender = silent(service)
    sender.get("/")
    at = int((time.time() - hours * 3_600) * 1_000).to_bytes(6, "big")
    bound = f"cookie {sender.cookies['form']}".encode()
    bounds = bound, b"address 127.0.0.1/32"
    key = edge_key(service, "csrf")
    macs = b"".join(hmac.digest(key, at + one, "sha256")[:16] for one in bounds)
    token = base64.urlsafe_b64encode(at + macs).decode().rstrip("=")
    page = sender.ask("POST", "/", LETTER | {"csrf": token, "permit": "S-typed"}, NULL)

    assert page.status == status
    if status == 422:
        assert STALE in page.text
        # We know that the form is ours: what was typed comes back to the last field.
        assert all(word in page.text for word in (*LETTER.values(), "S-typed"))
        again = form_of(page, "/") | LETTER
        assert sender.ask("POST", "/", again, NULL).status == 303


def test_a_carried_form_of_our_own_page_sets_no_reader_either(service, sent):
    reader = Visitor(service.url)
    form = form_of(reader.get(f"/m/{sent.link}"), sent.link)
    reader.cookies.clear()
    asked = reader.post(f"/m/{sent.link}", form)
    reader.cookies.clear()
    opened = reader.post(f"/m/{sent.link}", filled(asked, sent.link))

    assert TEXT in opened.text
    assert "reader" not in reader.cookies


def test_every_form_needs_a_csrf_token_and_programs_use_the_api(service):
    """No other header stands in for it: who strips Origin may change the browser's name too."""
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    for agent in ({"User-Agent": "curl/8.5.0"}, {"User-Agent": FIREFOX}, {}):
        program = Api(service.url, headers=agent)
        for says in ({}, NULL):
            assert program.ask("POST", "/", b"text=by+hand", headers=form | says).status == 422
        sent = program.send(TEXT)
        assert program.recall(sent.control).status == 200


def test_a_body_that_was_refused_is_not_read_for_a_token(service):
    """Who asks for a language is asked where it comes from once the answer is made."""
    before = service.log().count("internal error")
    posts, path = Api(service.url, headers=NULL), "/?language=es"
    url_encoded = {"Content-Type": "application/x-www-form-urlencoded"}
    parts = {"Content-Type": "multipart/form-data; boundary=x"}
    one = b'--x\r\nContent-Disposition: form-data; name="a"\r\n\r\n1\r\n'
    answers = [
        posts.ask("POST", path, b"a=1&" * 100, headers=url_encoded),
        posts.ask("POST", path, b"a=%FF", headers=url_encoded),
        posts.ask("POST", path, b"a=" + b"x" * 4_000_000, headers=url_encoded),
        posts.ask("POST", path, one * 100 + b"--x--\r\n", headers=parts),
        posts.ask("POST", path, b"--y nonsense", headers=parts),
    ]

    chunks = (
        f"POST {path} HTTP/1.1\r\nHost: {service.bind}\r\nOrigin: null\r\n"
        "Content-Type: application/x-www-form-urlencoded\r\n"
        "Transfer-Encoding: chunked\r\n\r\nzz\r\n\r\n0\r\n\r\n"
    )
    reply = talk(service, chunks.encode())
    assert reply.startswith(b"HTTP/1.1 400 ")
    assert reply.count(b"HTTP/1.1") == 1
    # A good token in it does not count: nobody took apart what was too large.
    visitor = silent(service)
    many = form_of(visitor.get("/"), "/") | {f"a{number}": "1" for number in range(100)}
    answers.append(visitor.ask("POST", path, many, NULL))

    assert [answer.status for answer in answers] == [413, 400, 413, 413, 400, 413]
    assert service.log().count("internal error") == before
    assert all("Set-Cookie" not in answer.headers for answer in answers)


def test_no_other_site_sets_or_removes_a_senders_token(tmp_path):
    with Service(tmp_path, RESTANTE_SENDERS="tokens") as service:
        with admission_of(service) as admission:
            mine, planted = (str(admission.make(name)) for name in ("mine", "planted"))
        sender = silent(service)
        asked = sender.ask("POST", "/permit", {"permit": mine}, NULL)
        kept = form_of(asked, "/permit")
        taken = sender.ask(
            "POST", "/permit", form_of(sender.get("/"), "/permit") | {"permit": mine}
        )
        known = dict(sender.cookies)
        answers = [
            from_nowhere(sender, "/permit", {"permit": planted}),
            from_nowhere(sender, "/", LETTER | {"permit": planted}),
            from_nowhere(sender, "/permit/forget", {}),
            (sender.ask("POST", "/permit/forget", {}, NULL), {}),
            (sender.ask("POST", "/permit", {"permit": planted}, NULL), {}),
        ]

        assert asked.status == 422
        assert UNTOLD in asked.text
        # Else a press of the visitor's own would have the browser keep what a site typed.
        assert kept["permit"] == ""
        assert (taken.status, known["permit"]) == (303, mine)
        assert {answer.status for answer, _ in answers} == {422}
        assert all(planted not in answer.text for answer, _ in answers)
        assert 'name="permit"' in answers[1][0].text
        assert [cookies for _, cookies in answers] == [{}] * 5
        assert sender.cookies == known
        forgotten = sender.ask("POST", "/permit/forget", form_of(sender.get("/"), "/forget"), NULL)
        assert (forgotten.status, sender.cookies["permit"]) == (303, "")


@pytest.mark.parametrize(
    "form", [NULL, {"Sec-Fetch-Site": "cross-site"}], ids=["untold", "foreign"]
)
@pytest.mark.parametrize("path", ["/", "/?language=es", "/permit", "/permit?language=es"])
def test_no_token_of_another_site_stands_in_our_form_for_the_next_press(tmp_path, path, form):
    """The browser would keep it in place of its own."""
    with Service(tmp_path, RESTANTE_SENDERS="tokens, 127.0.0.0/8") as service:
        planted = "S" + "B" * 32
        visitor = Visitor(service.url, form)
        page = visitor.post(path, LETTER | {"permit": planted})

        assert page.status in ({403} if "Sec-Fetch-Site" in form else {200, 422})
        assert planted not in page.text


def test_a_token_typed_without_cookies_is_not_typed_twice(tmp_path):
    with Service(tmp_path, RESTANTE_SENDERS="tokens") as service:
        with admission_of(service) as admission:
            mine = str(admission.make("mine"))
        sender = silent(service)
        form = form_of(sender.get("/"), "/permit") | {"permit": mine}
        sender.cookies.clear()
        page = sender.ask("POST", "/permit", form, NULL)
        taken = sender.ask("POST", "/permit", form_of(page, "/permit"), NULL)
        sent = sender.ask("POST", "/", form_of(page, "/permit") | LETTER, NULL)

        assert page.status == 422
        assert form_of(page, "/permit")["permit"] == mine
        assert (taken.status, sent.status) == (303, 303)
        assert sender.cookies == {}


def test_no_other_site_skips_the_warning_before_a_control_page(service, sent):
    sender, path = silent(service), f"/s/{sent.control}"
    answer, cookies = from_nowhere(sender, path, {})

    assert UNTOLD in answer.text
    assert cookies == {}
    assert "shown" not in sender.cookies
    assert "sender’s private page" in sender.get(path).text
    assert sender.ask("POST", path, form_of(sender.get(path), path), NULL).status == 303
    assert "sender’s private page" not in sender.get(path).text


def test_a_control_form_of_unknown_origin_is_shown_again_with_all_input(service, sent, kept):
    sender, path = silent(service), f"/s/{sent.control}"
    sender.ask("POST", path, form_of(sender.get(path), path), NULL)
    pages = {
        "/recall": sender.ask("POST", f"{path}/recall", {"reason": "a mistake"}, NULL),
        "/replace": sender.ask("POST", f"{path}/replace", {"text": "another text"}, NULL),
        "/extend": sender.ask("POST", f"{path}/extend", {"expires_in": "3600"}, NULL),
    }

    assert kept()
    assert {page.status for page in pages.values()} == {422}
    assert all(UNTOLD in page.text for page in pages.values())
    assert "a mistake" in pages["/recall"].text
    assert "another text" in pages["/replace"].text
    assert '<option value="3600" selected>' in pages["/extend"].text
    form = form_of(pages["/replace"], "/replace") | {"text": "another text"}
    assert sender.ask("POST", f"{path}/replace", form, NULL).status == 303


def test_a_link_on_another_site_chooses_no_language(service):
    foreign = Visitor(service.url, {"Sec-Fetch-Site": "cross-site"})
    shown = foreign.get("/?language=es")
    guest = silent(service)
    untold = guest.get("/?language=es")
    link = guest.get("/nothing").text.split('<a href="')[-1].split('"')[0].replace("&amp;", "&")
    _, posted = from_nowhere(silent(service), "/?language=es", LETTER)

    assert 'lang="es"' in shown.text[:60]
    assert 'lang="es"' in untold.text[:60]
    assert "language" not in foreign.cookies
    assert "language" not in posted
    assert link.startswith("?language=es&csrf=")
    assert 'lang="en"' in guest.get("/").text[:60]
    assert "language" not in guest.cookies
    guest.get(f"/nothing{link}")
    assert guest.cookies["language"] == "es"


@pytest.mark.parametrize("name", ["reader", "sender", "permit", "shown", "own", "language", "form"])
def test_of_two_cookies_with_one_name_neither_counts(service, sent, name):
    """A neighbour below the same domain sets one for its own path, which browsers send first."""
    visitor = silent(service)
    visitor.get(f"/m/{sent.link}")
    mine = visitor.cookies.get(name, "en")
    page = Visitor(service.url).get(f"/m/{sent.link}", Cookie=f"{name}=es; {name}={mine}")
    assert page.status == 200
    assert 'lang="en"' in page.text[:60]
    assert ("reader=" in page.headers.get("Set-Cookie", "")) is True
    twice = Visitor(service.url).get(f"/m/{sent.link}", Cookie=f"{name}={mine}; {name}={mine}")

    assert ("reader=" in twice.headers.get("Set-Cookie", "")) == (name != "reader")


def test_a_tossed_reader_cookie_opens_nothing(service, sent):
    """The victim types a number, as without cookies; the attacker who set the cookie gets none."""
    tosser, victim, path = silent(service), silent(service), f"/m/{sent.link}"
    tosser.get(path)
    victim.get(path)
    both = "; ".join(f"reader={one.cookies['reader']}" for one in (tosser, victim))
    both += f"; form={victim.cookies['form']}"
    gate = victim.get(path, Cookie=both)
    page = victim.ask("POST", path, form_of(gate, sent.link), NULL | {"Cookie": both})
    opened = victim.ask("POST", path, filled(page, sent.link), NULL | {"Cookie": both})
    reader_keys = [f"{tosser.cookies['reader']}.{ordinal}" for ordinal in range(5)]

    assert TEXT in opened.text
    assert {Api(service.url).reveal(sent.link, reader_key).code for reader_key in reader_keys} == {
        "gone"
    }


def test_a_tossed_form_cookie_sends_no_form(service):
    """It knows a token for its own cookie; beside the visitor's own that cookie is nothing."""
    tosser, sender = silent(service), silent(service)
    token = form_of(tosser.get("/"), "/")["csrf"]
    own = form_of(sender.get("/"), "/")["csrf"]
    both = "; ".join(f"form={one.cookies['form']}" for one in (tosser, sender))
    answers = [
        sender.ask("POST", "/", LETTER | {"csrf": csrf}, NULL | {"Cookie": both})
        for csrf in (token, own)
    ]

    assert [answer.status for answer in answers] == [422, 422]
    assert all(LETTER["text"] in answer.text for answer in answers)
