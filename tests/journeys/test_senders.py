"""Who may send, asked of programs: a network, a token, and nothing else."""

import json
import threading

import pytest

from tests.support.api import Api, Visitor, new_reader_key
from tests.support.lines import talk
from tests.support.operators import admission_of
from tests.support.processes import Service, wait_until

OFFICE, ELSEWHERE = "192.0.2.7", "198.51.100.7"


@pytest.fixture(scope="module")
def service(tmp_path_factory):
    with Service(
        tmp_path_factory.mktemp("senders"),
        RESTANTE_SENDERS="192.0.2.0/24, 2001:db8:7::/48, tokens",
        RESTANTE_TRUSTED_PROXIES="1",
    ) as service:
        yield service


@pytest.fixture(scope="module")
def networks_only(tmp_path_factory):
    """It trusts no proxy, so that all of us come from 127.0.0.1."""
    folder = tmp_path_factory.mktemp("networks-only")
    with Service(folder, RESTANTE_SENDERS="127.0.0.0/8") as service:
        yield service


@pytest.fixture(scope="module")
def admission(service):
    with admission_of(service) as admission:
        yield admission


@pytest.fixture
def token(admission, request):
    """A token of this test's own, as its holder has it."""
    return str(admission.make(request.node.name[-60:]))


def come_from(service, address):
    return Api(service.url, headers={"X-Forwarded-For": address})


def send(service, address, **more):
    return come_from(service, address).ask("POST", "/api/v1/messages", {"text": "x"}, **more)


def is_refused(answer):
    return answer.status == 403 and answer.code == "not-a-sender"


def last_send(service):
    lines = (json.loads(line) for line in service.log().splitlines() if line.startswith("{"))
    return [line for line in lines if line.get("endpoint") == "api.send"][-1]


@pytest.mark.parametrize(
    "address",
    [OFFICE, "::ffff:192.0.2.7", "192.0.2.7:4711", "2001:db8:7::1", "[2001:db8:7::1]:4711"],
)
def test_whoever_comes_from_an_operators_network_sends_without_a_token(service, address):
    assert send(service, address).status == 201
    assert "sender" not in last_send(service)


@pytest.mark.parametrize(
    "address",
    [ELSEWHERE, "::ffff:198.51.100.7", "2001:db8:8::1", "", "unknown", "192.0.2.7.1", "192.0.2",
     "::192.0.2.7", "192.0.2.7/32", "192.0.2.7 x", "192.0.2.7, 198.51.100.7", "192.0.2.7,",
     '"x, 198.51.100.7', '"192.0.2.7"', "192.0.2.7:port", "\u0661\u0669\u0662.0.2.7"],
    ids=ascii,
)  # fmt: skip
def test_whoever_does_not_is_told_what_is_accepted(service, address):
    refused = send(service, address.encode())

    assert is_refused(refused)
    assert refused.headers["WWW-Authenticate"] == "Bearer"
    assert refused.json["detail"] == (
        "Send from one of the operator's networks, or with an operator's token as bearer."
    )
    assert "192.0.2" not in refused.text


def test_an_operators_token_sends_from_anywhere_and_its_name_stands_in_the_log(service, admission):
    token = str(admission.make("Ana Torres"))
    answer = send(service, ELSEWHERE, token=token)

    assert answer.status == 201
    assert last_send(service)["sender"] == "Ana Torres"
    assert token not in service.log()


def test_a_token_in_any_other_place_is_no_permission(service, token):
    api = come_from(service, ELSEWHERE)
    path, body = "/api/v1/messages", {"text": "x"}
    control = come_from(service, OFFICE).send("x").control
    wrong = [
        api.ask("POST", f"{path}?token={token}&permit={token}", body),
        api.ask("POST", path, body | {"permit": token}),
        api.ask("POST", path, body, headers={"Cookie": f"permit={token}"}),
        api.ask("POST", path, body, reader_key=token),
        api.ask("POST", path, body, headers={"Authorization": token}),
        api.ask("POST", path, body, headers={"Authorization": f"Basic {token}"}),
        api.ask("POST", path, body, headers={"X-Authorization": f"Bearer {token}"}),
        api.ask("POST", path, body, token=f"{token} {token}"),
        api.ask("POST", path, body, token=token.lower()),
        api.ask("POST", path, body, token=control),
        api.ask("POST", path, body, token="S" + "A" * 32),
        api.ask("POST", path, body, token=""),
        api.ask("POST", path, body, headers={"Authorization": "Bearer \u0405\u0410".encode()}),
    ]

    assert [answer.status for answer in wrong] == [403] * len(wrong)
    assert all(token not in answer.text for answer in wrong)
    assert api.ask("POST", path, body, headers={"Authorization": f"bearer  {token}"}).status == 201
    assert Visitor(service.url).get(f"/m/{token}").status == 404
    for at in ("/api/v1/message", "/api/v1/link"):
        assert api.ask("GET", at, token=token).status == 404


def test_a_header_of_10_megabytes_is_refused_in_fixed_words(service, token):
    head = f"POST /api/v1/messages HTTP/1.1\r\nHost: {service.bind}\r\nAuthorization: Bearer "
    reply = talk(service, (head + token + "x" * 10_000_000 + "\r\n\r\n").encode())

    assert not reply or reply.startswith(b"HTTP/1.1 431 ")
    assert token.encode() not in reply
    assert send(service, OFFICE).status == 201


def test_permission_is_asked_before_the_body_is_understood(service):
    """A visitor without permission to send learns nothing about the form of a message."""
    api = come_from(service, ELSEWHERE)
    bodies = [b"{", b"", b"x" * 1000, json.dumps({"text": 5, "nonsense": 1}).encode()]
    answers = [api.ask("POST", "/api/v1/messages", body) for body in bodies]
    other = api.ask("POST", "/api/v1/messages", b"x", headers={"Content-Type": "text/plain"})

    assert all(is_refused(answer) for answer in (*answers, other))


def test_reading_and_the_control_page_ask_for_nothing_but_their_links(service):
    sent = come_from(service, OFFICE).send("for all who have the link", views=2)
    unread = come_from(service, OFFICE).send("one")
    api, reader_key = come_from(service, ELSEWHERE), new_reader_key()

    assert api.preview(sent.link).status == 200
    assert api.reveal(sent.link, reader_key).json["text"] == "for all who have the link"
    assert api.acknowledge(sent.link, reader_key).status == 204
    assert api.message(sent.control)["links"][0]["reveals"] == 1
    assert api.extend(sent.control, 3600).status == 200
    assert api.recall(sent.control).status == 200
    assert api.replace(unread.control, "another").json["version"] == 2


def test_every_request_after_the_withdrawal_is_refused_and_none_is_half_done(service, admission):
    token = str(admission.make("hasty"))
    withdrawn, wrong, answers = threading.Event(), [], []

    def go_on_sending():
        api = come_from(service, ELSEWHERE)
        for _ in range(60):
            was_withdrawn = withdrawn.is_set()
            answer = api.ask("POST", "/api/v1/messages", {"text": "x"}, token=token)
            if was_withdrawn and answer.status != 403:
                wrong.append(answer)
            if answer.status == 201:
                wrong.extend(
                    link
                    for link in answer.json["links"]
                    if api.preview(link["token"]).status != 200
                )
            answers.append(answer.status)

    senders = [threading.Thread(target=go_on_sending) for _ in range(3)]
    for sender in senders:
        sender.start()
    wait_until(lambda: len(answers) >= 20)
    admission.withdraw("hasty")
    withdrawn.set()
    for sender in senders:
        sender.join(60)

    assert wrong == []
    assert set(answers) == {201, 403}
    assert answers.count(201) >= 20


def test_where_networks_alone_count_a_token_does_not(networks_only):
    with admission_of(networks_only) as its:
        own = str(its.make("Ana"))
    at_home = Api(networks_only.url).ask("POST", "/api/v1/messages", {"text": "x"})
    through_a_proxy = send(networks_only, "203.0.113.7", token=own)

    assert at_home.status == 201
    assert is_refused(through_a_proxy)
    assert "WWW-Authenticate" not in through_a_proxy.headers
    assert through_a_proxy.json["detail"] == "Send from one of the operator's networks."


@pytest.mark.parametrize(
    "header", [{"Forwarded": "for=1.2.3.4"}, {"X-Real-IP": "1.2.3.4"}, {"X-Forwarded-For": ""}]
)
def test_behind_a_proxy_that_nobody_trusts_no_network_may_send(networks_only, header):
    """Every visitor has the proxy's address there, and that may be one of the operator's."""
    api = Api(networks_only.url, headers=header)

    assert is_refused(api.ask("POST", "/api/v1/messages", {"text": "x"}))
    assert Visitor(networks_only.url, headers=header).get("/").status == 403


def test_a_request_that_bypasses_the_trusted_proxies_has_no_network(tmp_path):
    with Service(tmp_path, RESTANTE_SENDERS="127.0.0.0/8", RESTANTE_TRUSTED_PROXIES="2") as service:
        bypass = Api(service.url).ask("POST", "/api/v1/messages", {"text": "x"})
        too_few = send(service, "127.0.0.1")
        quoted = send(service, '"127.0.0.1, 127.0.0.1, 198.51.100.1, 10.0.0.1')
        made_up = send(service, "127.0.0.1, 198.51.100.1, 10.0.0.1")
        right = send(service, "made up, 127.0.0.1, 10.0.0.1")

    assert all(is_refused(answer) for answer in (bypass, too_few, quoted, made_up))
    assert right.status == 201
