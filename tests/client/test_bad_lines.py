"""A line that drops, delays, doubles and truncates: nothing is sent, spent or lost twice."""

import asyncio
import random
from contextlib import suppress

import pytest

from restante_client import AsyncClient, Gone, PassphraseWrong, Unreachable, new_key
from tests.client.conftest import CONTEXT, HASTY, TEXT
from tests.support.bad_line import HARMLESS, Fate

LOSSES = [fate for fate in Fate if fate not in HARMLESS]


@pytest.mark.parametrize("fate", Fate)
def test_a_send_is_one_message(far_client, line, messages, fate):
    before = messages()
    line.fates(fate)
    sent = far_client.send(TEXT, recipients=["Ana", "Ben"])
    line.settle()

    assert line.met[0] == ("POST /api/v1/messages HTTP/1.1", fate)
    assert messages() == before + 1
    assert [link.reveals for link in far_client.status(sent.control_token).links] == [0, 0]


@pytest.mark.parametrize("fate", Fate)
def test_a_reveal_is_one_view_and_the_text_comes(far_client, line, client, fate):
    sent = client.send(TEXT, views=3)
    line.fates(fate)
    with far_client.reveal(sent.links[0].token) as message:
        text = message.text
    line.settle()

    assert text == TEXT
    assert client.status(sent.control_token).links[0].reveals == 1


@pytest.mark.parametrize("fate", LOSSES)
def test_an_acknowledgement_that_is_lost_is_sent_again(far_client, line, client, fate):
    sent = client.send(TEXT)
    reading = far_client.reveal(sent.links[0].token)
    line.fates(Fate.PASS, fate)
    with reading:
        pass
    events = [event.type for event in client.status(sent.control_token).events]

    assert reading.acknowledged
    assert events == ["message.sent", "link.revealed", "link.acknowledged"]


def test_without_any_line_after_the_reveal_the_text_is_there_all_the_same(far_client, line, client):
    sent = client.send(TEXT)
    reading = far_client.reveal(sent.links[0].token)
    line.fates(Fate.PASS, *[Fate.DROP_REQUEST] * HASTY.tries)
    with reading as message:
        text = message.text

    assert text == TEXT
    assert not reading.acknowledged


@pytest.mark.parametrize("fate", Fate)
def test_a_recall_tells_the_truth(far_client, line, client, fate):
    sent = client.send(TEXT, views=2)
    with client.reveal(sent.links[0].token):
        pass
    line.fates(fate)
    [verdict] = far_client.recall(sent.control_token)
    line.settle()
    events = [event.type for event in client.status(sent.control_token).events]

    assert (verdict.outcome, verdict.reveals) == ("recalled_after_read", 1)
    assert events.count("link.recalled") == 1


@pytest.mark.parametrize("fate", [fate for fate in LOSSES if fate is not Fate.DROP_REQUEST])
def test_a_replace_whose_reply_was_lost_is_not_repeated(far_client, line, client, fate):
    """If somebody read it in between, the second answer would say that it came too late."""
    sent = client.send(TEXT)
    line.fates(fate)
    with pytest.raises(Unreachable) as lost:
        far_client.replace(sent.control_token, "behind the Hals")

    assert lost.value.may_have_happened
    assert len(line.met) == 1
    assert client.status(sent.control_token).version == 2


@pytest.mark.parametrize("fate", LOSSES)
def test_a_wrong_passphrase_costs_three_tries_at_the_most(far_client, line, client, fate):
    sent = client.send(TEXT, passphrase="orange boat")
    line.fates(*[fate] * HASTY.tries)
    with suppress(Unreachable, PassphraseWrong):
        far_client.reveal(sent.links[0].token, passphrase="no boat").__enter__()
    line.settle()
    client.status(sent.control_token)
    with client.reveal(sent.links[0].token, passphrase="orange boat") as message:
        text = message.text

    assert text == TEXT
    assert len(line.met) == 3


def test_a_late_copy_of_a_reveal_spends_nothing(far_client, line, client):
    """It comes when the reader has acknowledged, and another view is left."""
    sent = client.send(TEXT, views=2)
    line.fates(Fate.LATE_COPY)
    with far_client.reveal(sent.links[0].token):
        pass
    line.settle()

    assert client.status(sent.control_token).links[0].reveals == 1


def test_a_late_copy_of_a_send_brings_no_forgotten_message_back(far_client, line, messages):
    before = messages()
    line.fates(Fate.LATE_COPY)
    sent = far_client.send(TEXT)
    far_client.forget(sent.control_token)
    line.settle()

    assert messages() == before


def test_a_program_that_ended_gets_its_send_and_its_view_again(client, messages):
    """With keys of its own, which it had kept before."""
    before, key, reader_key = messages(), new_key(), new_key()
    first, again = (client.send(TEXT, idempotency_key=key) for _ in range(2))
    client.reveal(first.links[0].url, reader_key=reader_key).__enter__()
    with client.reveal(first.links[0].url, reader_key=reader_key) as message:
        text = message.text
    with pytest.raises(Gone):
        client.reveal(first.links[0].url, reader_key=reader_key).__enter__()

    assert first == again
    assert text == TEXT
    assert messages() == before + 1


@pytest.mark.parametrize("seed", range(8))
def test_whatever_happens_on_the_way_nothing_is_doubled_or_lost(
    far_client, line, client, messages, seed
):
    chance, before = random.Random(seed), messages()
    line.fates(*chance.choices(list(Fate), k=14))
    sent = far_client.send(TEXT, views=5)
    with far_client.reveal(sent.links[0].token) as message:
        text = message.text
    [verdict] = far_client.recall(sent.control_token)
    line.settle()

    assert text == TEXT
    assert (verdict.outcome, verdict.reveals) == ("recalled_after_read", 1)
    assert messages() == before + 1
    assert client.status(sent.control_token).links[0].reveals == 1


def test_the_asynchronous_client_is_as_stubborn(line, client):
    async def live():
        options = {"timeout": 0.5, "policy": HASTY, "verify": CONTEXT}
        async with AsyncClient(line.url, **options) as far:
            line.fates(*LOSSES)
            sent = await far.send(TEXT)
            line.fates(*LOSSES)
            async with far.reveal(sent.links[0].token) as message:
                return sent, message.text

    sent, text = asyncio.run(live())

    assert text == TEXT
    assert client.status(sent.control_token).links[0].reveals == 1
