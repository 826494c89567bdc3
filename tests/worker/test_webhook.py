"""The webhook against real receivers on loopback: what counts as taken, and where it never goes."""

from __future__ import annotations

import asyncio
import json
import socket
import threading
import time
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address, ip_network
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from standardwebhooks import Webhook as Independent
from standardwebhooks import WebhookVerificationError

from restante.channels.channel import Notification
from restante.channels.failures import DeliveryFailed
from restante.channels.webhook import Target, Webhook, signature
from restante.channels.webhook_formats import Told
from restante.crypto.tokens import ControlToken
from restante.messages import Event
from tests.support.dns import NameServer, ask
from tests.support.receiver import Receiver
from tests.support.transports import transports
from worker.concurrency_limit import Busy
from worker.transports.http import Http

LOOPBACK = (ip_network("127.0.0.0/8"), ip_network("::1/128"))
LINK = bytes(15) + b"\7"
TOLD = Told(bytes(16), Event(2, "link.revealed", 1_795_000_000_123, LINK, {"view": 1}), "Ana Muñoz")
NOTIFICATION = Notification("0" * 32 + "-2", TOLD)
BODY = (
    '{"type":"link.revealed","timestamp":"2026-11-18T11:06:40.123Z","data":{"message":"'
    + "0" * 32
    + '","recipient":"Ana Muñoz","event":{"id":"'
    + "0" * 32
    + '-2","type":"link.revealed","at":"2026-11-18T11:06:40.123Z","link":"'
    + LINK.hex()
    + '","data":{"view":1},"evidence":{}}}}'
).encode()
VECTORS = json.loads((Path(__file__).parents[1] / "vectors" / "webhook.json").read_text("utf-8"))
PATIENCE_SECONDS = 1.5
SECRET = ControlToken.new().webhook_secret


def through(*http):
    return transports(Http(*http))


def deliver(url, *, ours=LOOPBACK, resolve=None, times=1, patience=PATIENCE_SECONDS):
    """Post the notification; return the words of the failures, None where it was taken."""

    async def run():
        transports = through(ours, resolve)
        return await asyncio.gather(*(one(transports) for _ in range(times)))

    async def one(transports):
        try:
            async with asyncio.timeout(patience):
                dated = NOTIFICATION._replace(at=round(time.time() * 1000))
                await Webhook().deliver(Target(url, SECRET), dated, transports)
        except DeliveryFailed as failed:
            return failed.failure
        except (TimeoutError, Busy) as error:
            return error
        return None

    return asyncio.run(run())


def word(*args, **kwargs):
    [failure] = deliver(*args, **kwargs)
    return failure and failure.word


def test_a_post_is_what_the_specification_says_and_others_can_verify_it():
    with Receiver() as receiver:
        assert word(receiver.url) is None

    [post] = receiver.posts
    assert post.path == "/hook?key=of-the-receiver"
    assert post.body == BODY
    assert post.headers["host"] == f"127.0.0.1:{receiver.port}"
    assert post.headers["content-type"] == "application/json"
    assert post.id == NOTIFICATION.event_id
    assert Independent(SECRET).verify(post.body, post.headers) == json.loads(BODY)
    for body, secret in ((BODY + b" ", SECRET), (BODY, ControlToken.new().webhook_secret)):
        with pytest.raises(WebhookVerificationError):
            Independent(secret).verify(body, post.headers)


@pytest.mark.parametrize("vector", VECTORS["signed"])
def test_a_signature_is_what_the_vectors_say(vector):
    control = ControlToken.parse(vector["control_token"])
    body = vector["body"].encode()

    assert control.webhook_secret == vector["secret"]
    made = signature(vector["secret"], vector["id"], vector["timestamp"], body)
    assert made == vector["signature"]


@pytest.mark.parametrize("status", [200, 201, 202, 204, 299])
def test_any_success_counts_as_taken(status):
    with Receiver(lambda _: status) as receiver:
        assert word(receiver.url) is None


@pytest.mark.parametrize("status", [400, 401, 404, 409, 422, 429, 500, 502, 503])
def test_any_refusal_is_told_by_its_status(status):
    with Receiver(lambda _: status) as receiver:
        [failure] = deliver(receiver.url)

    assert (failure.word, failure.final, failure.retry_after) == (str(status), False, 7)


def test_gone_is_final():
    with Receiver(lambda _: 410) as receiver:
        [failure] = deliver(receiver.url)

    assert (failure.word, failure.final) == ("410", True)


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_no_redirect_is_followed(status):
    with Receiver() as elsewhere, Receiver(lambda _: f"{status} {elsewhere.url}") as receiver:
        assert word(receiver.url) == str(status)

    assert elsewhere.posts == []
    assert len(receiver.posts) == 1


@pytest.mark.parametrize("how", ["drop", "half"])
def test_a_connection_that_breaks_before_the_answer_is_a_failure(how):
    with Receiver(lambda _: how) as receiver:
        assert word(receiver.url) == "dropped"


def test_interim_answers_without_end_are_not_read_for_long():
    with Receiver(lambda _: "flood") as receiver:
        failures = deliver(receiver.url, times=4, patience=30)  # busy machines read slowly

    assert {failure.word for failure in failures} == {"dropped"}


@pytest.mark.parametrize("how", ["hang", "drip"])
def test_an_answer_that_does_not_come_can_be_called_off(how):
    with Receiver(lambda _: how) as receiver:
        [failure] = deliver(receiver.url)

    assert isinstance(failure, TimeoutError)


def test_nobody_there_is_unreachable_and_no_name_is_unknown():
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        port = closed.getsockname()[1]

    assert word(f"http://127.0.0.1:{port}/") == "unreachable"
    assert word("http://no-such-name.invalid:8080/") == "unknown-name"


def test_of_several_addresses_the_next_is_tried():
    with Receiver() as receiver:
        found = [ip_address("127.0.0.99"), ip_address("127.0.0.1")]
        closed = f"http://hooks.example:{receiver.port}/"

        assert word(closed, resolve=lambda *_: found) is None


def test_no_proxy_of_the_environment_is_asked(monkeypatch):
    with Receiver() as proxy, Receiver() as receiver:
        for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy", "HTTPS_PROXY"):
            monkeypatch.setenv(name, f"http://127.0.0.1:{proxy.port}")
        assert word(receiver.url) is None

    assert proxy.posts == []


def test_an_address_of_ours_is_refused_unless_the_operator_named_its_network():
    with Receiver() as receiver:
        assert word(receiver.url, ours=()) == "address-refused"
        assert word(receiver.url, ours=(ip_network("10.0.0.0/8"),)) == "address-refused"
        assert word(f"https://localhost:{receiver.port}/", ours=()) == "address-refused"

    assert receiver.posts == []


def test_without_tls_nothing_leaves_our_own_networks():
    found = [ip_address("8.8.8.8")]

    assert word("http://hooks.example/", resolve=lambda *_: found) == "not-https"


@pytest.mark.parametrize(
    "found",
    [
        ["127.0.0.1"],
        ["8.8.8.8", "127.0.0.1"],
        ["8.8.8.8", "::ffff:127.0.0.1"],
        ["2606:4700:4700::1111", "fe80::1"],
        ["64:ff9b::7f00:1"],
        ["2002:7f00:1::1"],
        ["169.254.169.254"],
        [],
    ],
)
def test_a_name_with_one_forbidden_address_is_refused(found):
    with Receiver() as receiver:
        url = f"https://hooks.example:{receiver.port}/"
        addresses = [ip_address(one) for one in found]

        assert word(url, ours=(), resolve=lambda *_: addresses) == "address-refused"

    assert receiver.posts == []


def test_dns_rebinding_has_no_effect_because_a_name_is_resolved_once():
    """A real name server answers the first question well and every later one with evil."""
    first, evil = "127.0.0.2", "127.0.0.3"
    with (
        Receiver(host=first) as receiver,
        NameServer(lambda asked: [first] if asked == 1 else [evil]) as names,
    ):
        url = f"http://rebind.example:{receiver.port}/"
        ours = (ip_network("127.0.0.2/32"),)
        answers = [word(url, ours=ours, resolve=names.resolve) for _ in range(2)]

    assert answers == [None, "address-refused"]
    assert names.questions == 2
    assert len(receiver.posts) == 1


def test_the_name_server_of_these_tests_answers_over_the_wire():
    with NameServer(lambda _: ["192.0.2.1", "2001:db8::1"]) as names:
        assert ask(names.address, "any.example") == ["192.0.2.1", "2001:db8::1"]


def test_many_posts_to_one_address_wait_for_each_other():
    with Receiver(lambda _: "hang") as receiver:
        failures = deliver(receiver.url, times=20)

    assert sum(isinstance(failure, Busy) for failure in failures) == 4
    assert len(receiver.posts) == 16


def test_unanswered_names_of_one_domain_do_not_block_other_lookups():
    asked, answer = [], threading.Event()

    def resolve(name, _):
        asked.append(name)
        if name.endswith(".slow.example"):
            answer.wait()
        return [ip_address("127.0.0.1")]

    async def run(port):
        transports = through(LOOPBACK, resolve)

        async def post(name):
            async with asyncio.timeout(0.5):
                target = Target(f"http://{name}:{port}/", SECRET)
                await Webhook().deliver(target, NOTIFICATION, transports)

        slow = [f"n{number}.slow.example" for number in range(100)]
        first = await asyncio.gather(*map(post, slow), return_exceptions=True)
        again = await asyncio.gather(post("again.slow.example"), return_exceptions=True)
        try:
            await post("hooks.quick.example")
        finally:
            answer.set()
        return [type(error) for error in first], [type(error) for error in again]

    with Receiver() as receiver:
        first, again = asyncio.run(run(receiver.port))

    assert sorted(first, key=str) == [TimeoutError] * 8 + [Busy] * 92
    assert again == [Busy]
    assert len(asked) == 9
    assert len(receiver.taken) == 1


@pytest.fixture(scope="module")
def authority(tmp_path_factory):
    """A certificate for hooks.example from an authority of our own; paths of all three files."""
    folder = tmp_path_factory.mktemp("tls")
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "An Authority")])
    now = datetime.now(UTC)

    def issue(subject, signer, *extensions):
        own = ec.generate_private_key(ec.SECP256R1()) if signer else key
        builder = (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(name)
            .public_key(own.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - timedelta(days=1))
            .not_valid_after(now + timedelta(days=1))
        )
        for extension, critical in extensions:
            builder = builder.add_extension(extension, critical=critical)
        return builder.sign(key, hashes.SHA256()), own

    usage = x509.KeyUsage(*([False] * 5), True, True, *([False] * 2))  # noqa: FBT003
    root, _ = issue(
        name, None, (x509.BasicConstraints(ca=True, path_length=0), True), (usage, True)
    )
    names = x509.SubjectAlternativeName([x509.DNSName("hooks.example")])
    leaf_name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "hooks.example")])
    leaf, leaf_key = issue(leaf_name, key, (names, False))
    pem, form = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8
    (folder / "root.pem").write_bytes(root.public_bytes(pem))
    (folder / "leaf.pem").write_bytes(leaf.public_bytes(pem))
    secret = leaf_key.private_bytes(pem, form, serialization.NoEncryption())
    (folder / "leaf.key").write_bytes(secret)
    return folder


def over_tls(authority, name):
    with Receiver().with_tls(str(authority / "leaf.pem"), str(authority / "leaf.key")) as receiver:
        url = f"https://{name}:{receiver.port}/x"
        found = [ip_address("127.0.0.1")]
        told = word(url, resolve=lambda *_: found)
    return told, receiver.posts


def test_over_tls_the_name_is_proven_though_the_connection_goes_to_an_address(
    authority, monkeypatch
):
    monkeypatch.setenv("SSL_CERT_FILE", str(authority / "root.pem"))
    told, [post] = over_tls(authority, "hooks.example")

    assert told is None
    assert post.headers["host"].startswith("hooks.example:")


def test_over_tls_a_name_with_its_last_dot_is_the_same_name(authority, monkeypatch):
    monkeypatch.setenv("SSL_CERT_FILE", str(authority / "root.pem"))

    assert over_tls(authority, "hooks.example.")[0] is None


def test_a_certificate_of_another_name_or_of_an_unknown_authority_is_refused(
    authority, monkeypatch
):
    assert over_tls(authority, "hooks.example") == ("tls", [])
    monkeypatch.setenv("SSL_CERT_FILE", str(authority / "root.pem"))
    assert over_tls(authority, "other.example") == ("tls", [])


def test_a_receiver_without_tls_behind_https_is_a_failure(authority):
    with Receiver() as receiver:
        found = [ip_address("127.0.0.1")]
        url = f"https://hooks.example:{receiver.port}/"

        assert word(url, resolve=lambda *_: found) in {"tls", "dropped"}
    assert receiver.posts == []
    assert authority.exists()
