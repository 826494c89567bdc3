"""Who may send, asked of people: a small page, one field, and a cookie that remembers."""

import json

import pytest

from tests.support.api import Api, Visitor, form_of
from tests.support.lines import talk
from tests.support.operators import admission_of
from tests.support.processes import Service

LETTER = {"text": "the whole letter", "recipients": "Ana", "passphrase": "a word", "subject": "S"}
LIMIT = 8


@pytest.fixture(scope="module")
def service(tmp_path_factory):
    with Service(
        tmp_path_factory.mktemp("permit"),
        RESTANTE_SENDERS="192.0.2.0/24,tokens",
        RESTANTE_TRUSTED_PROXIES="1",
        RESTANTE_RATE_LIMITS="on",
        RESTANTE_LIMIT_SEND=str(LIMIT),
    ) as service:
        yield service


@pytest.fixture(scope="module")
def admission(service):
    with admission_of(service) as admission:
        yield admission


@pytest.fixture
def token(admission, request):
    return str(admission.make(request.node.name[-60:]))


@pytest.fixture
def person(service):
    """A browser from a network that no other test comes from."""
    person.used += 1
    return Visitor(service.url, headers={"X-Forwarded-For": f"198.51.100.{person.used}"})


person.used = 0


def asks_for_a_token(page):
    return 'name="permit"' in page.text


def keeps_all_of(page, letter):
    return all(word in page.text for word in letter.values())


def requests_of(service, endpoint):
    lines = (json.loads(line) for line in service.log().splitlines() if line.startswith("{"))
    return [line for line in lines if line.get("endpoint") == endpoint]


def test_a_visitor_who_may_not_send_is_asked_for_a_token_once(person, token):
    page = person.get("/")
    assert page.status == 200
    assert asks_for_a_token(page)
    assert 'name="text"' not in page.text
    taken = person.post("/permit", {"permit": f" {token}\n"})
    assert (taken.status, taken.headers["Location"]) == (303, "/")
    form = person.get("/")
    assert 'name="text"' in form.text
    assert not asks_for_a_token(form)
    sent = person.post("/", LETTER)

    assert sent.status == 303
    assert token not in form.text + sent.text


def test_the_cookie_is_for_this_browser_alone(person, token):
    cookie = person.post("/permit", {"permit": token}).headers["Set-Cookie"]

    assert cookie.startswith(f"permit={token}; ")
    assert {"HttpOnly", "SameSite=Lax", "Path=/", "Max-Age=31536000"} <= set(cookie.split("; "))
    assert "Secure" not in cookie


def test_under_https_the_cookie_is_secure_and_of_the_services_path(tmp_path):
    with Service(
        tmp_path, RESTANTE_SENDERS="tokens", RESTANTE_PUBLIC_URL="https://letters.example/post"
    ) as service:
        with admission_of(service) as admission:
            token = str(admission.make("Ana"))
        visitor = Visitor(service.url, headers={"Host": "letters.example"})
        page = visitor.get("/post/")
        taken = visitor.post("/post/permit", {"permit": token})

    assert 'action="/post/permit"' in page.text
    assert taken.headers["Location"] == "/post/"
    assert {"Secure", "HttpOnly", "Path=/post"} <= set(taken.headers["Set-Cookie"].split("; "))


def test_a_wrong_token_gets_the_same_page_with_a_fault_and_nothing_else(person, token):
    wrong = [token[:-1], token.lower(), "S" + "A" * 32, "", "<script>", "ש" * 33, "S" * 10_000]
    pages = [person.post("/permit", {"permit": one}) for one in wrong]

    assert {page.status for page in pages} == {403}
    assert all(asks_for_a_token(page) and "not good here" in page.text for page in pages)
    assert all('aria-invalid="true"' in page.text for page in pages)
    assert all(not one or one not in page.text for one, page in zip(wrong, pages, strict=True))
    assert person.cookies.get("permit") is None


def test_guessing_tokens_is_limited_as_sending_is(person, token):
    for _ in range(LIMIT):
        person.post("/permit", {"permit": "S" + "A" * 32})
    page = person.post("/permit", {"permit": token})
    assert page.status == 429
    assert asks_for_a_token(page)
    program = Api(person._api._url, headers=person._api._headers)
    by_api = program.ask("POST", "/api/v1/messages", {"text": "x"}, token=token)

    assert "permit" not in person.cookies
    assert by_api.status == 429


@pytest.mark.parametrize("path", ["/permit", "/permit/forget"])
@pytest.mark.parametrize(
    "headers", [{"Sec-Fetch-Site": "cross-site"}, {"Origin": "https://evil.example"}]
)
def test_another_site_can_neither_give_a_token_nor_take_one(person, token, path, headers):
    page = person.ask("POST", path, {"permit": token}, headers)

    assert page.status == 403
    assert "Another site sent this" in page.text
    assert token not in page.text
    assert "Set-Cookie" not in page.headers


def test_input_is_kept_when_the_token_was_revoked_meanwhile(person, admission):
    old, new = (str(admission.make(name)) for name in ("old", "new"))
    person.post("/permit", {"permit": old})
    admission.withdraw("old")
    gate = person.get("/")
    assert 'name="text"' not in gate.text
    refused = person.post("/", LETTER)
    mistyped = person.post("/", LETTER | {"permit": new[:-1]})
    assert (refused.status, mistyped.status) == (403, 403)
    for page in (refused, mistyped):
        assert keeps_all_of(page, LETTER)
        assert asks_for_a_token(page)
        assert page.text.count('aria-invalid="true"') == 1
        assert old not in page.text
        assert new[:-1] not in page.text
    sent = person.post("/", LETTER | {"permit": new})

    assert sent.status == 303
    assert person.cookies["permit"] == new
    assert 'name="text"' in person.get("/").text


def test_a_right_token_is_remembered_also_where_the_message_had_a_fault(person, token):
    faulty = person.post("/", LETTER | {"text": "", "permit": token})
    sent = person.post("/", LETTER)

    assert faulty.status == 422
    assert not asks_for_a_token(faulty)
    assert person.cookies["permit"] == token
    assert sent.status == 303


def test_a_token_that_nobody_looked_at_is_not_asked_for_twice(person, token):
    for _ in range(LIMIT):
        person.post("/", {})
    page = person.post("/", LETTER | {"permit": token})

    assert page.status == 429
    assert form_of(page, "/")["permit"] == token
    assert "permit" not in person.cookies


def test_a_browser_forgets_its_token_when_it_is_told_to(person, token):
    person.post("/permit", {"permit": token})
    page = person.get("/")
    forgotten = person.post("/permit/forget")

    assert "/permit/forget" in page.text
    assert forgotten.status == 303
    assert not person.cookies["permit"]
    assert "Max-Age=0" in forgotten.headers["Set-Cookie"]
    assert asks_for_a_token(person.get("/"))


def test_whoever_comes_from_an_operators_network_is_asked_for_nothing(service):
    visitor = Visitor(service.url, headers={"X-Forwarded-For": "192.0.2.9"})
    page, sent = visitor.get("/"), visitor.post("/", LETTER)

    assert 'name="text"' in page.text
    assert not asks_for_a_token(page)
    assert "/permit/forget" not in page.text
    assert sent.status == 303


def test_the_log_names_the_holder_and_never_the_token(service, person, admission):
    token = str(admission.make("Zoë"))
    person.post("/permit", {"permit": token})
    person.post("/", LETTER)

    assert requests_of(service, "permit.ask")[-1]["sender"] == "Zoë"
    assert requests_of(service, "compose.send")[-1]["sender"] == "Zoë"
    assert token not in service.log()


def test_where_anyone_may_send_nobody_is_asked(counting_service):
    visitor = Visitor(counting_service.url)
    given = visitor.post("/permit", {"permit": "S" + "A" * 32})

    assert (given.status, given.headers["Location"]) == (303, "/")
    assert "permit" not in visitor.cookies


def test_where_networks_alone_count_the_page_asks_for_no_token(tmp_path):
    with Service(tmp_path, RESTANTE_SENDERS="192.0.2.0/24") as service:
        visitor = Visitor(service.url)
        page, refused = visitor.get("/"), visitor.post("/", LETTER)

    assert page.status == 403
    assert not asks_for_a_token(page)
    assert "only need its link" in page.text
    assert refused.status == 403
    assert keeps_all_of(refused, LETTER)
    assert not asks_for_a_token(refused)


def test_cookies_of_any_kind_break_nothing(service):
    for cookie in (b"permit=\xff\xfe", b'permit="S' + b"A" * 32 + b'"', b"permit=" + b"S" * 8_000):
        head = f"GET / HTTP/1.1\r\nHost: {service.bind}\r\nConnection: close\r\nCookie: "
        reply = talk(service, head.encode() + cookie + b"\r\n\r\n")

        assert reply.startswith(b"HTTP/1.1 200 ")
        assert b'name="permit"' in reply
