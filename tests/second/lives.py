"""Messages of every kind and state, made by the product, with what must be read of them.

Nothing in them is anybody's.  The clock is turned far ahead, so that no time of theirs passes
while a store of this machine holds them.
"""

from __future__ import annotations

import io
import tempfile
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import redis

from restante import wiring
from restante.channels.failures import Failure
from restante.crypto.keyring import Keyring
from restante.crypto.send_key import SendKey
from restante.crypto.tokens import SHARDS, ListToken, ReaderKey
from restante.details import Details
from restante.email_address import mailbox
from restante.errors import CodeWrong, Damaged, Gone, PassphraseWrong
from restante.fetching import Ticket
from restante.messages import Draft, Evidence, NewFile
from restante.notices import Notice, Wanted
from restante.rules import Rules
from restante.settings import Settings
from restante.settings.parsers import Relay
from restante.store import keys
from restante.store.counters import Counter
from restante.store.rewrites import Rewrites
from restante.subscriptions import Subscription

if TYPE_CHECKING:
    from collections.abc import Iterator

    from restante.reports import Sent
    from restante.store.connection import Connection
    from restante.wiring import Services

BEGINNING = 4_102_444_800_000
"""2100-01-01."""
OLD, NEW = (
    "q7d5Y0VJm1xw2nN3bqk8gZpXo4sT6uRfHcLaIeDyWvE=",
    "Vx0J9c1sPzqYl3uT5mW7aR2kE8dH4fGbNoIiCtUyXQ0",
)
TEXT = "the safe is behind the Vermeer\n\N{WINKING FACE} \N{HEBREW LETTER SHIN}\r\n"
ANA = Evidence(network="192.0.2.0/24", browser="Firefox", system="Windows", country="ES")
SENDER = Evidence(network="2001:db8::/48", system="Linux")
LISTED = ListToken.of(bytes(range(24)))
PASSPHRASE = "Zoe\u0308 and the ship"
OPEN = {
    "under an older root key": ["sealed"],
    "plain": ["sealed"],
    "in a list": ["sealed", "sealed"],
    "held": ["held"],
    "paused": ["held"],
    "with rules": ["read", "sealed", "sealed"],
    "several": ["read", "sealed", "sealed"],
    "spent, within its lease": ["spent"],
    "guessed once": ["sealed"],
    "replaced": ["spent", "sealed"],
    "failed once": ["read"],
    "told by webhook": ["read"],
    "told to a chat": ["sealed"],
    "mailed a code": ["sealed", "sealed"],
    "told by mail": ["read"],
    "with a file": ["read"],
}
"""States of links that still open, by the message's name.  Stored dumps may have fewer."""
ENDED = {"expired": ["expired"], "spent and done": ["spent"], "locked": ["locked"],
         "recalled": ["recalled"], "recalled by a rule": ["recalled"]}  # fmt: skip
PASSPHRASES = {"under an older root key": PASSPHRASE, "guessed once": PASSPHRASE}


@dataclass
class Lives:
    """What was made: control tokens and what stands behind them, by name."""

    now: int
    root_keys: str = f"{NEW},{OLD}"
    controls: dict[str, str] = field(default_factory=dict)
    sender_token: str = ""
    list_token: str = ""


class Clock:
    """A clock that is turned by hand, in ms."""

    def __init__(self, at: int) -> None:
        self.at = at

    def now(self) -> int:
        return self.at


def reader(number: int) -> ReaderKey:
    """Return what a reader is known by."""
    return ReaderKey(f"the-nonce-of-reader-{number}")


def house_at(
    connection: Connection, root_keys: str, clock: Clock, blobs: Path | None = None
) -> Services:
    """Return the use cases by that clock, over a store and a folder of blobs."""
    settings = Settings(
        blobs=blobs or "off",
        passphrase_tries=3,
        smtp_url=Relay("127.0.0.1", 25, "none"),
        mail_from=mailbox("letters@example.net"),
    )
    return wiring.assemble(settings, Keyring.parse(root_keys), connection, now=clock.now)


def live(connection: Connection) -> Lives:
    """Let all of them live in a store; return what is needed to read them."""
    clock = Clock(BEGINNING)
    lives = Lives(0)

    def keep(name: str, sent: Sent) -> Sent:
        lives.controls[name] = str(sent.control)
        clock.at += 1_000
        return sent

    old = house_at(connection, OLD, clock)
    keep("under an older root key", old.sending.send(Draft(TEXT, passphrase=PASSPHRASE)))
    house = house_at(connection, lives.root_keys, clock)
    for name, sent in _of(house, clock):
        keep(name, sent)
    keep("told by mail", _mailed(house))
    keep("told in three browsers", _pushed(house))
    with tempfile.TemporaryDirectory() as blobs:
        keep("with a file", _filed(house_at(connection, lives.root_keys, clock, Path(blobs))))
    once = SendKey("a-key-of-thirty-two-letters-or-more", bytes(16), bytes(32))
    house.managing.forget(house.sending.send(Draft(TEXT), once=once).control)
    lives.list_token = str(LISTED)
    house.sent_list.forget(ListToken.of(bytes(24)))
    lives.sender_token = str(house.admission.make("front desk"))
    network, day = bytes(range(16)), 86_400_000
    limit = Counter("send", keys.limit(network, "send"), 30, day)
    house.connection.count([house.budgets.counter(network, 100), limit])
    _consents(old, house)
    Rewrites(house.connection, settle_seconds=0).scrub()
    lives.now = clock.at
    return lives


def _of(house: Services, clock: Clock) -> Iterator[tuple[str, Sent]]:
    send, read = house.sending.send, house.reading.reveal
    expired = send(Draft(TEXT, expires_in_seconds=60))
    yield "expired", _later(house, clock, expired, 61_000)

    yield "plain", send(Draft(TEXT), cookie="a cookie of 24 bytes, more or less", evidence=SENDER)
    yield (
        "held",
        send(Draft(TEXT, hold_seconds=3_600, details=Details(sender_name="Zoë", subject="Keys"))),
    )

    yield from (("in a list", _listed(house)), ("paused", _paused(house)))

    yield from _ruled(house, clock)

    several = send(
        Draft(
            TEXT,
            recipients=("Ana", "Bob", "Zoë"),
            views=3,
            details=Details(sender_name="Marta", subject="Keys", always_asks=True, language="es"),
        )
    )
    ana, bob, zoe = (link.token for link in several.links)
    house.reading.preview(zoe, visitor="program", evidence=ANA)
    read(ana, reader(1), None, visitor="browser", evidence=ANA)
    read(ana, reader(1), None, visitor="browser", evidence=ANA)
    house.answering.acknowledge(ana, reader(1), keep=True, evidence=ANA)
    clock.at += 90_000
    house.answering.on_screen(ana, reader(1), 30)
    house.answering.extend_lease(ana, reader(1), evidence=ANA)
    house.answering.confirm(ana, reader(1), evidence=ANA)
    house.answering.dispute(ana, [reader(2)], evidence=ANA)
    house.answering.decline(bob, [reader(3)], evidence=ANA)
    house.managing.extend(several.control, 86_400, evidence=SENDER)
    yield "several", several

    spent = send(Draft(TEXT))
    read(spent.links[0].token, reader(1), None, visitor="browser")
    yield "spent, within its lease", spent

    done = send(Draft(TEXT))
    read(done.links[0].token, reader(1), None, visitor="browser")
    house.answering.acknowledge(done.links[0].token, reader(1), keep=False)
    yield "spent and done", done

    guessed = send(Draft(TEXT, passphrase=PASSPHRASE))
    with suppress(PassphraseWrong):
        read(guessed.links[0].token, reader(1), "wrong", visitor="browser")
    yield "guessed once", guessed

    locked = send(Draft(TEXT, passphrase=PASSPHRASE))
    for number in range(3):
        with suppress(PassphraseWrong, Gone):
            read(locked.links[0].token, reader(number), "wrong", visitor="browser")
    yield "locked", locked

    recalled = send(Draft(TEXT, recipients=("Ana",)), evidence=SENDER)
    house.managing.recall(recalled.control, reason="wrong Ana", evidence=SENDER)
    yield "recalled", recalled

    replaced = send(Draft("the first text", recipients=("Ana", "Bob")))
    read(replaced.links[0].token, reader(1), None, visitor="browser")
    house.sending.replace(replaced.control, TEXT, evidence=SENDER)
    yield "replaced", replaced

    damaged = send(Draft(TEXT, views=2))
    with _damaged_content(house, damaged), suppress(Damaged):
        read(damaged.links[0].token, reader(1), None, visitor="browser")
    yield "failed once", damaged

    yield "told by webhook", _webhook(house)
    yield "told to a chat", _chatted(house)
    yield "mailed a code", _coded(house)


def _later(house: Services, clock: Clock, sent: Sent, ms: int) -> Sent:
    """Let time pass, and the worker run."""
    clock.at += ms
    for shard in range(SHARDS):
        house.timekeeping.turn(shard)
    return sent


def _ruled(house: Services, clock: Clock) -> Iterator[tuple[str, Sent]]:
    """A rule recalled one; another was told of as unread, and two rules wait for it."""
    recalled = house.sending.send(Draft(TEXT, rules=Rules(recall_after=60)))
    yield "recalled by a rule", _later(house, clock, recalled, 61_000)
    rules = Rules(tell_after=60, recall_after=7_200)
    sent = house.sending.send(Draft(TEXT, recipients=("a", "b", "c"), views=2, rules=rules))
    house.reading.reveal(sent.links[0].token, reader(1), None, visitor="browser")
    _later(house, clock, sent, 61_000)
    house.managing.set_rules(sent.control, Rules(tell_after=1_800), evidence=SENDER)
    yield "with rules", sent


def _listed(house: Services) -> Sent:
    draft = Draft(TEXT, recipients=("Zoë", "Bob"), details=Details(subject="Keys"))
    return house.sending.send(draft, cookie=LISTED.cookie)


def _paused(house: Services) -> Sent:
    """It was paused twice during its hold, and resumed in between."""
    paused = house.sending.send(Draft(TEXT, hold_seconds=3_600))
    for deed in (house.managing.pause, house.managing.resume, house.managing.pause):
        deed(paused.control, evidence=SENDER)
    return paused


@contextmanager
def _damaged_content(house: Services, sent: Sent) -> Iterator[None]:
    """Flip a bit of a message's content for a while."""
    key = keys.message(sent.control).replace(b":message:", b":content:") + b":1"
    with redis.Redis(connection_pool=house.connection.nodes.of(key).pool) as client:
        content = client.get(key)
        client.set(key, content[:-1] + bytes([content[-1] ^ 1]), keepttl=True)
        yield
        client.set(key, content, keepttl=True)


def _webhook(house: Services) -> Sent:
    """One event was delivered, and the next one failed; another message's was given up."""
    given_up = house.sending.send(Draft(TEXT, webhook="https://other.example/", views=2))
    house.reading.reveal(given_up.links[0].token, reader(1), None, visitor="browser")
    _settle(house, given_up, 0, Failure("410", final=True))
    told = house.sending.send(Draft(TEXT, webhook="https://hooks.example/x", views=3))
    for number in range(2):
        house.reading.reveal(told.links[0].token, reader(number), None, visitor="browser")
    _settle(house, told, 1, Failure("503"))
    return told


def _pushed(house: Services) -> Sent:
    """One event was brought to each browser, and the next one failed."""
    keys = house.vapid_keys
    root_id, p256dh = house.keyring.newest_id, keys.newest
    browsers = [
        Subscription(f"https://push.example/{name}", p256dh, "A" * 22, root_id, "es")
        for name in "abc"
    ]
    draft = Draft(TEXT, push=browsers[0], views=2, details=Details(subject="Llaves"))
    sent = house.sending.send(draft)
    for browser in browsers[1:]:
        house.managing.subscribe(sent.control, browser)
    house.notifying.send_test(sent.control, evidence=SENDER)
    [link] = sent.links
    for number in range(2):
        house.reading.reveal(link.token, reader(number), None, visitor="browser")
    _settle(house, sent, 1, Failure("503"))
    return sent


def _chatted(house: Services) -> Sent:
    """It was told to a program first, then to a chat, which was tested."""
    details = Details(subject="Keys", language="es")
    sent = house.sending.send(Draft(TEXT, webhook="https://hooks.example/x", details=details))
    house.notifying.set_webhook(sent.control, "https://chat.example/", "slack", evidence=SENDER)
    house.notifying.send_test(sent.control, evidence=SENDER)
    return sent


def _filed(house: Services) -> Sent:
    """One file was fetched, one taken out; another upload is under way."""
    uploading, raw = house.uploading, TEXT.encode()
    under_way, *uploads = (uploading.start(5, len(raw)) for _ in range(3))
    uploading.receive(under_way, 0, io.BytesIO().read, last=False)
    for upload in uploads:
        uploading.receive(upload, 0, io.BytesIO(raw).read, last=True)
    files = tuple(NewFile(str(upload), "Llaves ñ.txt", "text/plain") for upload in uploads)
    sent = house.sending.send(Draft(TEXT, files=files, views=2))
    [link] = sent.links
    content = house.reading.reveal(link.token, reader(1), None, visitor="browser")
    ticket = Ticket(link.token, reader(1), content.files_token, ANA)
    its = house.fetching.open(ticket, 1)
    house.taking_out.take_out(sent.control, 1, 2, evidence=SENDER)
    house.sweeping.turn()
    assert b"".join(house.fetching.stream(ticket, its, 0, its.size)) == raw
    return sent


def _settle(house: Services, sent: Sent, delivered: int, failure: Failure | None = None) -> None:
    for delivery in house.delivering.take(sent.control.shard, 100):
        if delivery.due.message_id == sent.message_id:
            told, note = delivered > 0, "given" if delivery.channel.name == "email" else ""
            house.delivering.settle(delivery, delivered, failure, told=told, note=note)


def _mailed(house: Services) -> Sent:
    """The first mail about it failed."""
    notice = Notice(
        "ana@example.com",
        zone="Europe/Madrid",
        has_link=True,
        owner=bytes(range(16)),
        has_list=True,
    )
    told = house.sending.send(Draft(TEXT, notice=notice, views=3))
    house.reading.reveal(told.links[0].token, reader(1), None, visitor="browser")
    _settle(house, told, 0, Failure("451"))
    house.managing.set_notice(told.control, notice, evidence=SENDER)
    house.notifying.send_test(told.control, evidence=SENDER)
    _settle(house, told, 1)
    house.reading.reveal(told.links[0].token, reader(2), None, visitor="browser")
    _settle(house, told, 0, Failure("451"))
    return told


def _consents(old: Services, house: Services) -> None:
    """One address agreed under an older root key, one was asked, one wants no mail."""
    owner, message = bytes(range(16)), (3, bytes(range(16, 32)))
    for its, to in ((old, "ana@example.com"), (house, "bob@example.com")):
        cleared, address, token = its.consents.clear(to, owner, Wanted(message))
        its.consents.record_ask(address, cleared.asked_at, message)
        if its is old:
            ana = address
            its.consents.give(token)
            for number in range(15):
                # From the thirteenth on they are gathered in a digest.
                facts = {"address": to, "owner": owner.hex(), "zone": "UTC", "list": "yes"}
                its.consents.clear(
                    to, owner, Wanted(message, events=(number, number + 1), digest=facts)
                )
    house.consents.stop_address("zoe@example.com")
    for delivered in (1, 0):
        [digest] = [one for one in house.delivering.waiting() if one.channel == "digest"]
        house.delivering.resend(digest.message_id)
        for delivery in house.delivering.take(ana.shard, 100, "email"):
            if delivery.channel.name == "digest":
                failure = Failure("451")
                house.delivering.settle(delivery, delivered, failure, told=delivered > 0)


def _coded(house: Services) -> Sent:
    mailing = house.sending
    draft = Draft(
        TEXT,
        recipients=("Ana <ana@example.com>", "bob@example.com"),
        details=Details(mailed_code=True),
    )
    sent = mailing.send(draft)
    ana, bob = (link.token for link in sent.links)
    for link in (ana, bob):
        house.reading.request_code(link, language="es", evidence=ANA)
    [delivery] = [
        one
        for one in house.delivering.take(sent.control.shard, 100)
        if one.due.message_id == sent.message_id
    ]
    house.delivering.refuse(delivery, delivery.notifications[1])
    house.delivering.settle(delivery, 0, Failure("timeout"))
    with suppress(CodeWrong):
        house.reading.reveal(ana, reader(1), None, code="000000", visitor="browser", evidence=ANA)
    return sent
