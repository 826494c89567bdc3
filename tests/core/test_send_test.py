"""A test of how a sender is told, over a store and a mail server: consent, limits, order."""

import pytest

from restante.channel_states import ChannelState, Outcome
from restante.errors import Invalid
from tests.conftest import read
from tests.support.mailserver import MailServer
from tests.support.senders import MINUTE, House, text_of


@pytest.fixture
def house(own_store, ring):
    with MailServer() as server:
        house = House(own_store(durability="memory"), ring, server)
        yield house
        house.close()


def mail_of(house, sent):
    [its] = house.its.managing.status(sent.control).channels
    return its


def test_a_mail_that_its_owner_refuses_is_no_test_that_was_delivered(house):
    sent, token = house.send(views=3), house.agree()
    house.start()
    house.its.notifying.send_test(sent.control)
    house.mails(1)
    delivered = mail_of(house, sent)
    house.its.consents.stop(token)
    house.clock.forward(2 * MINUTE)
    house.its.notifying.send_test(sent.control)
    house.rest()
    refused = mail_of(house, sent)

    assert (delivered.state, delivered.tested) == (ChannelState.TOLD, Outcome.DELIVERED)
    assert (refused.state, refused.tested) == (ChannelState.REFUSED, Outcome.FAILED)
    assert len(house.server.mails) == 1


def test_a_test_keeps_the_order_and_the_pace_of_mails(house):
    sent = house.send(views=3)
    house.agree()
    house.start()
    read(house.its, sent.links[0].token)
    house.mails(1)
    house.its.notifying.send_test(sent.control)
    house.rest()
    within_the_minute = len(house.server.mails), mail_of(house, sent).tested
    house.clock.forward(MINUTE)
    _, second = house.mails(2)

    assert within_the_minute == (1, Outcome.WAITING)
    assert "This is a test." in text_of(second)
    assert mail_of(house, sent).tested is Outcome.DELIVERED


def test_a_message_is_tested_a_hundred_times_at_most_and_at_once_only_once(house):
    sent = house.send()
    test = house.its.notifying.send_test
    first = test(sent.control)
    assert test(sent.control) == first
    for _ in range(99):
        house.clock.forward(10_000)
        test(sent.control)
    house.clock.forward(10_000)
    with pytest.raises(Invalid) as refused:
        test(sent.control)

    assert refused.value.faults[0].detail == "tested too often"


def test_a_channel_that_is_switched_on_anew_was_not_tested(house):
    sent = house.send()
    house.its.notifying.set_webhook(sent.control, "https://hooks.example/")
    house.its.notifying.send_test(sent.control)
    house.its.notifying.set_webhook(sent.control, "https://other.example/")
    tested = {its.channel: its.tested for its in house.its.managing.status(sent.control).channels}

    assert tested == {"webhook": None, "email": Outcome.WAITING}
