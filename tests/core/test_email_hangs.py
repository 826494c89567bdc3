"""A mail server that lets one domain's recipients wait: nobody else waits with them."""

import time

import pytest

from restante.details import Details
from restante.messages import Draft
from tests.conftest import read
from tests.support.mailserver import MailServer
from tests.support.processes import wait_until
from tests.support.receiver import Receiver
from tests.support.senders import House
from worker import dispatcher


@pytest.fixture
def crowded(own_store, ring, monkeypatch):
    """A house by the store's clock whose server lets everybody of one domain wait."""
    with MailServer() as server:
        house = House(own_store(durability="memory"), ring, server, turned=False)
        house.agree()
        yield house
        # What hangs is left alone.
        monkeypatch.setattr(dispatcher, "STOP_SECONDS", 0.2)
        for one in house.dispatchers:
            one._stop.set()
        house.close()


MANY = pytest.mark.parametrize("many", [300, pytest.param(2_000, marks=pytest.mark.endurance)])


def coded(house, to):
    draft = Draft("x", recipients=(to,), details=Details(mailed_code=True))
    return house.its.sending.send(draft).links[0].token


@MANY
def test_many_hanging_mails_delay_no_code_no_webhook_and_no_other_mail(crowded, many):
    hanging = [f"person{number}@slow.example" for number in range(many)]
    crowded.server.hanging.update(hanging)
    for number, to in enumerate(hanging):
        crowded.send(to, number.to_bytes(16, "big"))
    told = crowded.send()
    link = coded(crowded, "ben@example.com")
    with Receiver() as receiver:
        hooked = crowded.its.sending.send(Draft("x", webhook=receiver.url))
        crowded.start()
        wait_until(lambda: crowded.server.hung >= 4)
        began = time.monotonic()
        crowded.its.reading.request_code(link, language="en")
        read(crowded.its, told.links[0].token)
        read(crowded.its, hooked.links[0].token)
        wait_until(lambda: "ben@example.com" in crowded.server.recipients, 20)
        code = time.monotonic() - began
        wait_until(lambda: receiver.taken and "ana@example.com" in crowded.server.recipients, 20)
        rest = time.monotonic() - began
    print(f"{many} hang: the code after {code:.2f} s, webhook and mail after {rest:.2f} s")

    assert code < 5
    assert rest < 10


@MANY
def test_many_hanging_codes_delay_no_other_code_and_no_mail(crowded, many):
    hanging = [f"person{number}@slow.example" for number in range(many)]
    crowded.server.hanging.update(hanging)
    for to in hanging:
        crowded.its.reading.request_code(coded(crowded, to), language="en")
    told = crowded.send()
    link = coded(crowded, "ben@example.com")
    crowded.start()
    wait_until(lambda: crowded.server.hung >= 4)
    began = time.monotonic()
    crowded.its.reading.request_code(link, language="en")
    read(crowded.its, told.links[0].token)
    wait_until(lambda: "ben@example.com" in crowded.server.recipients, 20)
    code = time.monotonic() - began
    wait_until(lambda: "ana@example.com" in crowded.server.recipients, 20)
    rest = time.monotonic() - began
    print(f"{many} codes hang: the code after {code:.2f} s, the mail after {rest:.2f} s")

    assert code < 5
    assert rest < 10
