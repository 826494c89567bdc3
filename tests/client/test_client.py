"""The library over a good line: every verb, its values and its errors."""

import ast
import asyncio
import inspect
import sys
from datetime import timedelta

import pytest

import restante_client
from restante_client import (
    AsyncClient,
    Client,
    Gone,
    Held,
    Invalid,
    KeyReused,
    NotFound,
    PassphraseRequired,
    PassphraseWrong,
    Paused,
    Problem,
    TooLarge,
    Unreachable,
    errors,
    new_key,
)
from tests.client.conftest import CONTEXT, HASTY, TEXT
from tests.support import async_client
from tests.support.processes import ROOT, free_port
from webapp.http.errors import STATUS


def test_a_message_is_sent_read_and_seen_to_be_read(client):
    sent = client.send(TEXT, recipients=["Ana", "Ben"], subject="The safe", sender_name="Marta")
    with client.reveal(sent.links[0].url) as message:
        text = message.text
    status = client.status(sent.control_url)

    assert text == TEXT
    assert [link.recipient for link in sent.links] == ["Ana", "Ben"]
    assert (status.subject, status.sender_name) == ("The safe", "Marta")
    assert [(link.state, link.reveals) for link in status.links] == [("spent", 1), ("sealed", 0)]
    assert [event.type for event in status.events] == [
        "message.sent", "link.revealed", "link.acknowledged",
    ]  # fmt: skip
    assert not status.ended
    assert status.expires_at - status.opens_at == timedelta(days=7)


def test_every_option_of_a_send_reaches_the_service(client):
    sent = client.send(
        TEXT, recipients=("Ana",), expires_in=3_600, views=2, passphrase="orange boat", hold=60,
        sender_name="Marta", subject="S", second_step="always", language="es",
        webhook="https://hooks.example/x", mailed_code=False, more={"views": 3},
    )  # fmt: skip
    its = client.status(sent.control_token).raw

    assert (its["views"], its["second_step"], its["language"]) == (3, "always", "es")
    assert its["notify"] == {"webhook": "https://hooks.example/x"}
    assert sent.webhook_secret.startswith("whsec_")
    assert sent.links[0].state == "held"
    assert sent.opens_at - sent.sent_at == timedelta(seconds=60)


def test_a_webhook_is_set_changed_and_ended_after_the_send(client):
    sent = client.send(TEXT, webhook="https://hooks.example/x", webhook_format="ntfy")
    first = client.set_webhook(
        sent.control_token, "https://hooks.example/y", webhook_format="slack"
    )
    told = client.status(sent.control_token).raw["notify"]
    ended = client.set_webhook(sent.control_token, None)

    assert first == sent.webhook_secret
    assert told == {"webhook": "https://hooks.example/y", "webhook_format": "slack"}
    assert ended is None
    assert client.status(sent.control_token).raw["notify"] is None


def test_a_recall_says_of_each_link_whether_it_was_read(client):
    sent = client.send(TEXT, recipients=["Ana", "Ben"], views=2)
    with client.reveal(sent.links[0].token):
        pass
    [ben] = client.recall(sent.control_token, links=[sent.links[1].id], reason="wrong Ben")
    everyone = client.recall(sent.control_token)
    with pytest.raises(Gone) as refused:
        client.preview(sent.links[1].url)

    assert (ben.outcome, ben.unread) == ("recalled_unread", True)
    assert [one.unread for one in everyone] == [False, True]
    assert (refused.value.state, refused.value.reason) == ("recalled", "wrong Ben")
    assert client.status(sent.control_token).ended


def test_replace_extend_pause_resume_and_forget(client):
    sent = client.send(TEXT)
    replaced = client.replace(sent.control_token, "behind the Hals")
    extended = client.extend(sent.control_token, 3_600)
    client.pause(sent.control_token)
    with pytest.raises(Paused):
        client.reveal(sent.links[0].url).__enter__()
    client.resume(sent.control_token)
    with client.reveal(sent.links[0].url) as message:
        text = message.text
    client.forget(sent.control_token)
    with pytest.raises(NotFound):
        client.status(sent.control_token)

    assert (replaced.version, replaced.links[0].outcome) == (2, "replaced")
    assert extended.expires_at < sent.expires_at
    assert text == "behind the Hals"


def test_rules_are_set_with_a_send_and_later(client):
    sent = client.send(TEXT, tell_unread_after=3_600)
    status = client.status(sent.control_token)
    changed = client.set_rules(sent.control_token, tell_unread_after=0, recall_unread_after=7_200)
    [verdict] = client.recall(sent.control_token)

    assert status.tell_unread_at == sent.opens_at + timedelta(hours=1)
    assert (status.recall_unread_at, changed.tell_unread_at) == (None, None)
    assert changed.recall_unread_at > sent.opens_at + timedelta(hours=2)
    assert (changed.links[0].unread_at, verdict.by) == (None, "sender")


def test_a_preview_spends_nothing(client):
    sent = client.send(TEXT, passphrase="orange boat", sender_name="Marta")
    seen = client.preview(sent.links[0].url)

    assert (seen.state, seen.sender_name, seen.needs_passphrase) == ("sealed", "Marta", True)
    assert client.status(sent.control_token).links[0].reveals == 0


def test_errors_carry_the_code_and_the_facts_of_the_problem(client):
    secret = client.send(TEXT, passphrase="orange boat").links[0].url
    held = client.send(TEXT, hold=600)
    with pytest.raises(PassphraseRequired):
        client.reveal(secret).__enter__()
    with pytest.raises(PassphraseWrong) as wrong:
        client.reveal(secret, passphrase="no boat").__enter__()
    with pytest.raises(Held) as early:
        client.reveal(held.links[0].url).__enter__()
    with pytest.raises(Invalid) as invalid:
        client.send(TEXT, views=0, expires_in=1)
    with pytest.raises(TooLarge):
        client.send("x" * 1_048_577)
    key = new_key()
    client.send("one", idempotency_key=key)
    with pytest.raises(KeyReused):
        client.send("two", idempotency_key=key)

    assert wrong.value.tries_left == 9
    assert early.value.opens_at == held.opens_at
    assert 590 <= early.value.retry_after <= 600
    assert [field for field, _ in invalid.value.errors] == ["views", "expires_in"]
    assert (invalid.value.code, invalid.value.status) == ("invalid", 422)


def test_every_problem_of_the_api_has_its_error():
    """Those that mean a bug, a typing error in a program or another page stay plain problems."""
    plain = {"malformed", "method-not-allowed", "unsupported-media-type", "other-site", "internal"}
    codes = {kind.code for kind in STATUS} - {"settings-invalid", "watched"}

    assert set(errors.KINDS) == codes - plain
    assert type(errors.problem({"code": "new-one"}, status=418)) is Problem


def test_a_block_that_fails_leaves_the_lease_and_the_same_reading_reads_again(client):
    sent = client.send(TEXT)
    reading = client.reveal(sent.links[0].url)
    with pytest.raises(ZeroDivisionError), reading:
        raise ZeroDivisionError
    assert not reading.acknowledged
    with reading as message:
        again = message.text

    assert again == TEXT
    assert reading.acknowledged
    assert client.status(sent.control_token).links[0].reveals == 1


def test_watch_yields_events_as_they_come_and_ends_with_the_last_link(client, api):
    sent = client.send(TEXT, views=2)
    came = []
    for event in client.watch(sent.control_token, every=0.01):
        came.append(event.type)
        if event.type == "message.sent":
            with client.reveal(sent.links[0].token):
                pass
        if event.type == "link.acknowledged":
            api.recall(sent.control_token)

    assert came == ["message.sent", "link.revealed", "link.acknowledged", "link.recalled"]


def test_watch_goes_on_after_an_event(client):
    sent = client.send(TEXT)
    client.recall(sent.control_token)
    first = next(iter(client.watch(sent.control_token)))
    rest = [event.type for event in client.watch(sent.control_token, after=first.id)]

    assert rest == ["link.recalled"]


def test_a_link_of_another_service_is_not_sent_to_this_one(client):
    sent = client.send(TEXT)
    other = sent.links[0].url.replace("127.0.0.1", "letters.example")
    for wrong in (other, sent.control_url, "https://letters.example/", sent.links[0].token[:-1]):
        with pytest.raises(ValueError, match=r"^(this is|neither)") as refused:
            client.preview(wrong)
        assert sent.links[0].token not in str(refused.value)


def test_nothing_that_opens_a_message_is_in_a_repr(client):
    sent = client.send(TEXT, webhook="https://hooks.example/")
    reading = client.reveal(sent.links[0].url)
    with reading as message:
        shown = repr((sent, client, reading, message, client.status(sent.control_token)))
    secrets = (sent.control_token, sent.links[0].token, sent.webhook_secret, TEXT,
               reading.reader_key)  # fmt: skip

    assert [secret for secret in secrets if secret in shown] == []


def test_the_asynchronous_client_does_the_same(service):
    async def live():
        async with AsyncClient(service.url, policy=HASTY, verify=CONTEXT) as client:
            sent = await client.send(TEXT, views=2)
            came = []
            async for event in client.watch(sent.control_token, every=0.01):
                came.append(event.type)
                if event.type == "message.sent":
                    async with client.reveal(sent.links[0].url) as message:
                        came.append(message.text)
                    [verdict] = await client.recall(sent.control_token)
            with pytest.raises(Gone):
                await client.preview(sent.links[0].url)
            await client.forget(sent.control_token)
            return came, verdict.outcome

    came, outcome = asyncio.run(live())

    assert came == ["message.sent", TEXT, "link.revealed", "link.acknowledged", "link.recalled"]
    assert outcome == "recalled_after_read"


@pytest.mark.parametrize("source", async_client.SOURCES)
def test_both_clients_come_from_one_source(source):
    """`python -m tests.support.async_client write` makes the second from the first."""
    assert async_client.target(source).read_text("utf-8") == async_client.made(source)


def test_a_service_that_is_not_there_is_unreachable_and_nothing_happened():
    with (
        Client(f"http://127.0.0.1:{free_port()}", policy=HASTY, verify=CONTEXT) as client,
        pytest.raises(Unreachable) as error,
    ):
        client.send(TEXT)

    assert not error.value.may_have_happened


@pytest.mark.parametrize("server", ["letters.example", "ftp://a.example", "https://a:b@c.example",
                                    "https://a.example/?x", ""])  # fmt: skip
def test_a_server_is_a_plain_url(server):
    with pytest.raises(ValueError, match="URL of a service"):
        Client(server)


def test_the_library_needs_neither_our_code_nor_flask_nor_redis():
    names = set()
    for path in (ROOT / "client/restante_client").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Import):
                names |= {alias.name.partition(".")[0] for alias in node.names}
            elif isinstance(node, ast.ImportFrom):
                names.add((node.module or "").partition(".")[0])
    foreign = names - set(sys.stdlib_module_names) - {"restante_client"}

    assert foreign <= {"httpx", "click", "keyring", "cryptography"}


def test_everything_public_has_a_docstring():
    public = [getattr(restante_client, name) for name in restante_client.__all__]

    assert [one.__name__ for one in public if not inspect.getdoc(one)] == []
