"""Pages in the visitor's language, and the switch, which loses nothing and does no deed."""

import html
import json
import re

import pytest

from tests.support.api import Api, Visitor, form_of
from tests.support.operators import admission_of
from tests.support.processes import Service
from tests.support.tickets import waited

ENGLISH, SPANISH = "Write a message", "Escribe un mensaje"


def language_of(page):
    return re.search(r'<html lang="([\w-]+)" dir="ltr">', page.text)[1]


def asked(service, wanted, cookie=None):
    headers = {"Accept-Language": wanted} if wanted is not None else {}
    visitor = Visitor(service.url, headers)
    if cookie is not None:
        visitor.cookies["language"] = cookie
    return visitor.get("/")


def state_of(service, sent):
    link = Api(service.url).message(sent.control)["links"][0]
    return link["state"], link["reveals"]


@pytest.mark.parametrize(
    ("wanted", "language"),
    [
        (None, "en"),
        ("", "en"),
        ("es", "es"),
        ("es-MX,en;q=0.5", "es"),
        ("en-US,en;q=0.9,es;q=0.8", "en"),
        ("en;q=0.3,es;q=0.7", "es"),
        ("fr-CA,fr;q=0.9,es-419;q=0.2", "es"),
        ("es;q=0,en;q=0.1", "en"),
        ("tlh,*;q=0.5", "en"),
        ("es;q=nan,en", "en"),
        ("es;q=99999999999999999999,", "en"),
        (";,=,q;;q=;es", "en"),
        ("../../es", "en"),
        (",".join(f"x{n};q=0.{n}" for n in range(400)), "en"),
        ("-" * 7_000, "en"),
    ],
)
def test_a_page_speaks_what_the_browser_wants_most(service, wanted, language):
    page = asked(service, wanted)

    assert (page.status, language_of(page)) == (200, language)
    assert (SPANISH if language == "es" else ENGLISH) in page.text
    assert "language" not in page.headers.get("Set-Cookie", "")


@pytest.mark.parametrize(
    ("cookie", "language"), [("en", "en"), ("es", "es"), ("tlh", "es"), ("../es", "es"), ("", "es")]
)
def test_what_was_chosen_goes_before_what_the_browser_wants(service, cookie, language):
    assert language_of(asked(service, "es-ES", cookie)) == language


def test_the_switch_is_a_link_that_sets_a_cookie_and_leads_nowhere_else(service):
    visitor = Visitor(service.url)
    page = visitor.get("/m/nothing")
    assert 'aria-current="true">English<' in page.text
    link = re.search(r'<a href="([^"]*)" lang="es" hreflang="es"', page.text)[1]
    assert link == "?language=es"
    switched = visitor.get("/m/nothing" + link)

    assert 'aria-current="true">Español<' in switched.text
    assert (switched.status, language_of(switched)) == (404, "es")
    assert "HttpOnly" in switched.headers["Set-Cookie"]
    assert "SameSite=Lax" in switched.headers["Set-Cookie"]
    assert language_of(visitor.get("/")) == "es"
    assert language_of(visitor.get("/?language=en")) == "en"
    assert language_of(visitor.get("/")) == "en"


@pytest.mark.parametrize("said", ["tlh", "", "//evil.example", "es%0d%0aX-Odd: 1", "<b>"])
def test_a_language_that_nobody_knows_changes_nothing(service, said):
    page = Visitor(service.url).get(f"/?language={said.replace(' ', '%20')}")

    assert (page.status, language_of(page)) == (200, "en")
    assert "language=" not in str(page.headers.get_all("Set-Cookie"))


def test_programs_are_answered_in_english(service):
    spanish = Api(service.url, headers={"Accept-Language": "es", "Cookie": "language=es"})

    assert (
        spanish.ask("GET", "/api/v1/nothing?language=es").json["title"]
        == (Api(service.url).ask("GET", "/api/v1/nothing").json["title"])
    )
    assert "Set-Cookie" not in spanish.ask("GET", "/api/v1/nothing?language=es").headers
    assert spanish.send("x", recipients=["Ana"]).answer["links"][0]["state"] == "sealed"


LETTER = {
    "text": "a whole letter, long as it is",
    "recipients": "Ana Torres\r\nBernard Meier",
    "from": "Zoë & Sons of Basle",
    "subject": "The side door",
    "passphrase": 'blue "tin" of tea',
    "views": "3",
    "hold": "300",
    "expires_in": "3600",
    "second_step": "always",
}


def test_the_switch_sends_nothing_and_keeps_all_that_was_written(service):
    visitor = Visitor(service.url)
    switched = visitor.post("/?language=es", LETTER)
    back = visitor.post("/?language=en", form_of(switched, "/") | LETTER)

    for page, title in ((switched, SPANISH), (back, ENGLISH)):
        assert page.status == 200
        assert title in page.text
        text = html.unescape(page.text)
        for name in ("text", "from", "subject", "passphrase"):
            assert LETTER[name] in text, name
        assert "Ana Torres" in text
        assert "Bernard Meier" in text
        for chosen in ('value="3"', '"300" selected', '"3600" selected', '"always"'):
            assert chosen in text
    sent = {json.loads(line).get("status") for line in requests_of(service, "compose.send")[-2:]}
    assert sent == {200}


def requests_of(service, endpoint):
    return [line for line in service.log().splitlines() if f'"endpoint": "{endpoint}"' in line]


def test_another_site_puts_no_words_into_the_form_by_the_switch(service):
    page = Visitor(service.url).post("/?language=es", LETTER, **{"Sec-Fetch-Site": "cross-site"})

    assert LETTER["text"] not in page.text


def test_the_switch_at_the_gate_opens_nothing_and_keeps_the_passphrase(service):
    api, visitor = Api(service.url), Visitor(service.url)
    sent = api.send("a secret text", passphrase="blue tin of tea")
    gate = visitor.get(f"/m/{sent.link}")
    form = waited(service, visitor, sent.link, form_of(gate, sent.link))
    form |= {"passphrase": "blue tin of tea", "hand": "1"}
    switched = visitor.post(f"/m/{sent.link}/gate?language=es", form)

    assert language_of(switched) == "es"
    assert 'value="blue tin of tea"' in switched.text
    assert state_of(service, sent) == ("sealed", 0)
    form = waited(service, visitor, sent.link, form_of(switched, sent.link))
    opened = visitor.post(f"/m/{sent.link}", form)
    assert "a secret text" in opened.text
    assert language_of(opened) == "es"
    assert f"/m/{sent.link}/gate?" in gate.text


def test_an_open_message_is_shown_again_by_the_switch_and_spends_nothing(service):
    visitor = Visitor(service.url)
    sent = Api(service.url).send("a secret text", views=2)
    gate = visitor.get(f"/m/{sent.link}")
    form = waited(service, visitor, sent.link, form_of(gate, sent.link))
    opened = visitor.post(f"/m/{sent.link}", form)
    carried = form_of(opened, "")
    button = re.search(r'<button form="again" formaction="([^"]+)"', opened.text)[1]
    switched = visitor.post(html.unescape(button), carried)

    assert button == f"/m/{sent.link}?language=es"
    assert '<form id="again" method="post" target="_blank" rel="noopener"' in opened.text
    assert "a secret text" in switched.text
    assert language_of(switched) == "es"
    assert state_of(service, sent) == ("read", 1)
    done = visitor.post(f"/m/{sent.link}/acknowledge", form_of(switched, "acknowledge"))
    again = visitor.post(f"/m/{sent.link}/acknowledge?language=en", form_of(done, ""))
    assert language_of(done) == "es"
    assert "This view is over. The link can be opened once more." in again.text


def test_the_switch_of_the_control_page_changes_nothing_and_keeps_what_was_typed(service):
    visitor = Visitor(service.url)
    place = visitor.post("/", {"text": "the first text"}).headers["Location"]
    page = visitor.get(place)
    control = place.rpartition("/")[2]
    typed = {"text": "another text", "reason": "a good reason", "passphrase": ""}
    switched = visitor.post(f"/s/{control}/language?language=es", typed)

    assert f'form="replacing" formaction="/s/{control}/language?language=es"' in page.text
    assert language_of(switched) == "es"
    assert "another text" in switched.text
    assert 'value="a good reason"' in switched.text
    assert [event["type"] for event in Api(service.url).message(control)["events"]] == [
        "message.sent"
    ]
    stranger = Visitor(service.url).post(f"/s/{control}/language?language=es", typed)
    assert "/m/" not in stranger.text
    assert "Lo envié yo: seguir" in stranger.text


def test_the_switch_of_the_permit_page_keeps_the_token_and_tries_nothing(tmp_path):
    with (
        Service(tmp_path, RESTANTE_SENDERS="tokens") as service,
        admission_of(service) as admission,
    ):
        token = str(admission.make("Zoë"))
        visitor = Visitor(service.url)
        page = visitor.get("/")
        switched = visitor.post("/permit?language=es", {"permit": token})

        assert 'form="permitting" formaction="/permit?language=es"' in page.text
        assert language_of(switched) == "es"
        assert f'value="{token}"' in switched.text
        assert "permit" not in visitor.cookies


def test_no_page_may_be_stored_so_none_says_by_what_it_varies(service):
    page = asked(service, "es")

    assert page.headers["Cache-Control"] == "no-store"
    assert "Vary" not in page.headers


def test_over_tls_the_choice_is_kept_as_all_our_cookies_are(tmp_path):
    with Service(tmp_path, RESTANTE_PUBLIC_URL="https://letters.example") as service:
        page = Visitor(service.url, {"Host": "letters.example"}).get("/?language=es")

    assert re.fullmatch(
        r"__Host-language=es; Expires=.* Max-Age=31536000; Secure; HttpOnly; Path=/; SameSite=Lax",
        next(one for one in page.headers.get_all("Set-Cookie") if "language" in one),
    )


@pytest.mark.parametrize("path", ["/", "/m/nothing", "/no", "/static/none", "/s/nothing"])
def test_every_page_has_the_switch(service, path):
    page = Visitor(service.url).get(path)

    assert page.text.count('<ul class="languages">') == 1
    assert page.text.count("language=es") == 1
    assert "language=en" not in page.text


@pytest.mark.parametrize("deed", ["acknowledge", "confirm", "dispute", "decline", "language"])
def test_after_a_deed_the_switch_leads_to_the_links_own_page(service, deed):
    """What a deed answered is told by that page too, and asking for it does no deed."""
    sent = Api(service.url).send("a secret text")
    page = Visitor(service.url).get(f"/m/{sent.link}/{deed}?language=es")

    assert (page.status, language_of(page)) == (200, "es")
    assert "Te espera un mensaje." in page.text
    assert state_of(service, sent) == ("sealed", 0)


def test_a_message_keeps_its_senders_language(service):
    api, visitor = Api(service.url), Visitor(service.url)
    sent = api.send("x", language="es")
    plain = api.send("x")
    wrong = api.ask("POST", "/api/v1/messages", {"text": "x", "language": "tlh"})
    assert [fault["field"] for fault in wrong.json["errors"]] == ["language"]
    form = form_of(visitor.get("/?language=es"), "/") | {"text": "x"}
    control = visitor.post("/", form).headers["Location"].rpartition("/")[2]

    assert api.message(sent.control)["language"] == "es"
    assert api.message(plain.control)["language"] is None
    assert api.message(control)["language"] == "es"
