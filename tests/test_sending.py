"""What a sender does: send, recall, replace, extend, and look at how it went."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest

from restante import keyring, wiring
from restante.errors import (
    Fault,
    Gone,
    Held,
    Invalid,
    NotFound,
    PassphraseRequired,
    PassphraseWrong,
    TooLarge,
    Unavailable,
)
from restante.keyring import Keyring
from restante.messages import Draft, Evidence, Outcome, State
from restante.settings import DAY, Settings
from restante.store.keys import TAGS
from restante.tokens import ControlToken, LinkToken
from tests.conftest import check_times, due_of, happened, kept_of, nonce, read

HOUR = 3_600_000
EVIDENCE = Evidence("192.0.2.0/24", "Firefox", "Windows")


def states(house, sent):
    return [str(link.state) for link in house.sending.status(sent.control).links]


def outcomes(verdicts):
    return [str(verdict.outcome) for verdict in verdicts]


# send


def test_a_message_is_sent_to_each_recipient_by_a_link_of_their_own(turned_house, clock):
    sent = turned_house.sending.send(Draft("hello", recipients=("Ana", "Bob", "Ana")))

    assert [link.recipient for link in sent.links] == ["Ana", "Bob", "Ana"]
    assert len({link.token.secret for link in sent.links}) == 3
    assert [link.token for link in sent.links] == [sent.control.link(i) for i in range(3)]
    assert {link.state for link in sent.links} == {State.SEALED}
    assert sent.sent_at == sent.opens_at == clock.now()
    assert sent.expires_at == clock.now() + 7 * DAY * 1000
    assert [read(turned_house, link.token) for link in sent.links] == ["hello"] * 3


def test_without_recipients_there_is_one_link_without_a_label(house):
    sent = house.sending.send(Draft("hello"))

    assert [link.recipient for link in sent.links] == [None]
    assert house.sending.status(sent.control).links[0].recipient is None


def test_the_expiry_counts_from_the_opening(turned_house, clock):
    sent = turned_house.sending.send(Draft("x", hold_seconds=30, expires_in_seconds=60))

    assert (sent.opens_at, sent.expires_at) == (clock.now() + 30_000, clock.now() + 90_000)
    assert sent.links[0].state is State.HELD


def test_the_status_tells_what_was_sent_and_to_whom(house):
    draft = Draft(
        "hello",
        recipients=("Zoe\u0308", "Bob"),
        views=3,
        passphrase="p",
        sender_name="Ana",
        subject="S",
    )
    sent = house.sending.send(draft, cookie="the cookie", evidence=EVIDENCE)
    status = house.sending.status(sent.control)

    assert status.message_id == sent.message_id
    assert (status.sender_name, status.subject) == ("Ana", "S")
    assert [link.recipient for link in status.links] == ["Zo\u00eb", "Bob"]
    assert [link.token for link in status.links] == [link.token for link in sent.links]
    assert (status.views, status.needs_passphrase, status.version) == (3, True, 1)
    assert (status.sent_at, status.expires_at) == (sent.sent_at, sent.expires_at)
    assert [link.views_left for link in status.links] == [3, 3]
    (event,) = status.events
    assert (event.number, event.type, event.at) == (1, "message.sent", sent.sent_at)
    assert event.facts == {"links": 2, "views": 3, "passphrase": True}
    assert event.evidence == EVIDENCE.as_dict()


def test_only_the_sender_s_own_cookie_is_the_sender_s(house):
    sent = house.sending.send(Draft("x"), cookie="mine")
    without = house.sending.send(Draft("x"))

    assert house.sending.status(sent.control, cookie="mine").from_sender
    for cookie in ("other", "", None):
        assert not house.sending.status(sent.control, cookie=cookie).from_sender
    assert not house.sending.status(without.control, cookie="mine").from_sender


def test_what_cannot_be_sent_names_every_fault_and_keeps_nothing(house, raw):
    before = raw.dbsize()
    found = [Fault("notify", "there is no channel"), Fault("views", "must be a number")]
    with pytest.raises(Invalid) as caught:
        house.sending.check(Draft("", views=0, subject="\n"), found)
    with pytest.raises(TooLarge):
        house.sending.send(Draft("x" * (2**20 + 1)))
    with pytest.raises(Invalid):
        house.sending.send(Draft("x", views=101))

    assert [fault.field for fault in caught.value.faults] == ["notify", "views", "text", "subject"]
    assert raw.dbsize() == before


def test_a_text_of_a_mebibyte_comes_back_byte_for_byte(house):
    text = "\N{WINKING FACE}\r\n\0\u202e" * 100
    text += "x" * (2**20 - len(text.encode()))
    sent = house.sending.send(Draft(text))

    assert read(house, sent.links[0].token) == text


def test_sending_the_same_message_again_changes_nothing(turned_house, clock, connection, raw):
    """What a repeated script does when the first reply was lost."""
    sent = turned_house.sending.send(Draft("once"))
    read(turned_house, sent.links[0].token)
    before = kept_of(raw, sent)
    clock.forward(5000)
    key = b"{%b}:message:%b" % (TAGS[sent.control.shard].encode(), sent.message_id)
    reply = connection.run(
        "send", key, clock.now(), 0, 60_000, 1000, 1000, 1, "", b"root", "", "", "", b"other",
        sent.links[0].link_id, b"wrapped", "", "",
    )  # fmt: skip

    assert reply == [b"sent", sent.sent_at, sent.opens_at, sent.expires_at]
    assert kept_of(raw, sent) == before
    assert states(turned_house, sent) == ["spent"]


def test_nobody_has_a_control_page_for_a_message_that_was_never_sent(house):
    unknown = ControlToken.new()
    for ask in (
        lambda: house.sending.status(unknown),
        lambda: house.sending.recall(unknown),
        lambda: house.sending.recall(unknown, [bytes(16)]),
        lambda: house.sending.replace(unknown, "x"),
        lambda: house.sending.extend(unknown, 60),
    ):
        with pytest.raises(NotFound):
            ask()


def test_a_control_token_of_another_shard_finds_nothing(house):
    sent = house.sending.send(Draft("x"))
    elsewhere = ControlToken((sent.control.shard + 1) % 16, sent.control.secret)

    with pytest.raises(NotFound):
        house.sending.recall(elsewhere)
    assert read(house, sent.links[0].token) == "x"


# recall


def test_what_nobody_read_is_recalled_unread_and_nobody_reads_it_then(house, raw):
    sent = house.sending.send(Draft("x", recipients=("Ana", "Bob")))
    verdicts = house.sending.recall(sent.control, reason="the wro\u0308ng Ana", evidence=EVIDENCE)

    assert outcomes(verdicts) == ["recalled_unread"] * 2
    assert [(v.recipient, v.reveals, v.first_revealed_at) for v in verdicts] == [
        ("Ana", 0, None),
        ("Bob", 0, None),
    ]
    assert [v.link_id for v in verdicts] == [link.link_id for link in sent.links]
    for link in sent.links:
        with pytest.raises(Gone) as caught:
            read(house, link.token)
        assert (caught.value.state, caught.value.reason) == ("recalled", "the wr\u00f6ng Ana")
        assert caught.value.ended_at == verdicts[0].recalled_at
    assert not [key for key in kept_of(raw, sent) if key.startswith((b"key:", b"content:"))]
    recalled = house.sending.status(sent.control).events[1:]
    assert [event.type for event in recalled] == ["link.recalled"] * 2
    assert recalled[0].facts == {"outcome": "recalled_unread", "reason": "the wr\u00f6ng Ana"}
    assert recalled[0].evidence == EVIDENCE.as_dict()


def test_the_verdict_counts_what_was_released_before(turned_house, clock):
    sent = turned_house.sending.send(Draft("x", views=3))
    link = sent.links[0].token
    first = clock.forward(10)
    read(turned_house, link, 1)
    clock.forward(10)
    read(turned_house, link, 2)
    acknowledged = clock.forward(10)
    turned_house.reading.acknowledge(link, nonce(2), keep=True)
    recalled = clock.forward(10)
    (verdict,) = turned_house.sending.recall(sent.control)

    assert verdict.outcome is Outcome.RECALLED_AFTER_READ
    assert verdict.reveals == 2
    assert verdict.first_revealed_at == first
    assert verdict.acknowledged_at == acknowledged
    assert verdict.recalled_at == recalled


def test_a_recall_ends_the_leases(house):
    sent = house.sending.send(Draft("x", recipients=("Ana", "Bob"), views=2))
    one, other = (link.token for link in sent.links)
    read(house, one, 1)
    read(house, other, 1)
    read(house, other, 2)
    verdicts = house.sending.recall(sent.control)

    assert outcomes(verdicts) == ["recalled_after_read", "already_spent"]
    for link, state in ((one, "recalled"), (other, "spent")):
        with pytest.raises(Gone) as caught:
            read(house, link, 1)
        assert caught.value.state == state


def test_asked_again_a_recall_gives_the_first_verdict_and_time(turned_house, clock):
    sent = turned_house.sending.send(Draft("x", recipients=("Ana", "Bob", "Cid")))
    read(turned_house, sent.links[2].token)
    first = turned_house.sending.recall(sent.control, [sent.links[0].link_id], reason="first")
    clock.forward(1000)
    both = turned_house.sending.recall(sent.control, reason="second")
    clock.forward(8 * DAY * 1000)
    turned_house.timekeeping.catch_up()
    again = turned_house.sending.recall(sent.control, reason="third")

    assert both[0] == first[0]
    assert again == both
    assert outcomes(again) == ["recalled_unread", "recalled_unread", "already_spent"]
    assert both[1].recalled_at == first[0].recalled_at + 1000
    events = turned_house.sending.status(sent.control).events
    assert [e.facts["reason"] for e in events if e.type == "link.recalled"] == [
        "first", "second", "second",
    ]  # fmt: skip


def test_a_recall_of_one_link_leaves_the_others(house):
    sent = house.sending.send(Draft("x", recipients=("Ana", "Bob")))
    (verdict,) = house.sending.recall(sent.control, [sent.links[1].link_id] * 2)

    assert verdict.link_id == sent.links[1].link_id
    assert states(house, sent) == ["sealed", "recalled"]
    assert read(house, sent.links[0].token) == "x"


@pytest.mark.parametrize("odd", [bytes(16), b"", b"x", bytes(32)])
def test_a_recall_that_names_a_link_of_nobody_does_nothing(house, odd):
    sent = house.sending.send(Draft("x"))
    with pytest.raises(Invalid) as caught:
        house.sending.recall(sent.control, [sent.links[0].link_id, odd])

    assert [fault.field for fault in caught.value.faults] == ["links"]
    assert happened(house, sent) == ["message.sent"]
    assert states(house, sent) == ["sealed"]


def test_a_recall_that_names_another_message_s_link_does_nothing_to_either(house):
    mine, other = (house.sending.send(Draft("x")) for _ in range(2))
    with pytest.raises(Invalid):
        house.sending.recall(mine.control, [other.links[0].link_id])

    assert states(house, mine) == states(house, other) == ["sealed"]


def test_a_reason_out_of_bounds_is_invalid_and_nothing_is_recalled(house):
    sent = house.sending.send(Draft("x"))
    for reason in ("", "x" * 501, "a\nb"):
        with pytest.raises(Invalid):
            house.sending.recall(sent.control, reason=reason)

    assert states(house, sent) == ["sealed"]


def test_what_had_ended_is_judged_by_how_it_ended(turned_house, clock):
    sent = turned_house.sending.send(Draft("x", recipients=("Ana", "Bob"), passphrase="p"))
    for _ in range(10):
        with pytest.raises((PassphraseWrong, Gone)):
            read(turned_house, sent.links[0].token, 1, "wrong")
    clock.forward(8 * DAY * 1000)
    verdicts = turned_house.sending.recall(sent.control, reason="too late")
    turned_house.timekeeping.catch_up()

    assert outcomes(verdicts) == ["already_locked", "already_expired"]
    assert states(turned_house, sent) == ["locked", "expired"]
    assert turned_house.sending.recall(sent.control) == verdicts
    with pytest.raises(Gone) as caught:
        read(turned_house, sent.links[1].token)
    assert caught.value.reason is None


def test_a_held_message_is_recalled_unread(house):
    sent = house.sending.send(Draft("oops", hold_seconds=60))

    assert outcomes(house.sending.recall(sent.control)) == ["recalled_unread"]


# replace


def test_a_replace_changes_what_nobody_has_read_and_nothing_else(house, raw):
    sent = house.sending.send(Draft("one", recipients=("Ana", "Bob", "Cid", "Dot"), views=2))
    ana, bob, cid, dot = (link.token for link in sent.links)
    read(house, ana)
    read(house, bob, 1)
    read(house, bob, 2)
    house.sending.recall(sent.control, [cid.link_id])
    version, replaced = house.sending.replace(sent.control, "two", evidence=EVIDENCE)

    assert version == 2
    assert [(r.link_id, r.outcome) for r in replaced] == [
        (ana.link_id, "already_read"),
        (bob.link_id, "already_spent"),
        (cid.link_id, "already_recalled"),
        (dot.link_id, "replaced"),
    ]
    check_times(raw, sent)
    assert read(house, ana, 1) == read(house, ana, 2) == read(house, bob, 1) == "one"
    assert read(house, dot) == "two"
    status = house.sending.status(sent.control)
    assert status.version == 2
    events = [event for event in status.events if "replaced" in event.type]
    assert [(e.type, e.link_id, e.facts) for e in events] == [
        ("message.replaced", None, {"version": 2}),
        ("link.replaced", dot.link_id, {"version": 2}),
    ]
    assert events[0].evidence == EVIDENCE.as_dict()


def test_a_version_nobody_can_open_is_destroyed(house, raw):
    sent = house.sending.send(Draft("one"))
    house.sending.replace(sent.control, "two")
    house.sending.replace(sent.control, "three")

    contents = [key for key in kept_of(raw, sent) if key.startswith(b"content:")]
    assert contents == [b"content:" + sent.message_id + b":3"]
    assert read(house, sent.links[0].token) == "three"


def test_when_nothing_is_left_to_replace_the_version_stays(house, raw):
    sent = house.sending.send(Draft("one"))
    read(house, sent.links[0].token)
    version, replaced = house.sending.replace(sent.control, "two")

    assert (version, replaced[0].outcome) == (1, "already_spent")
    assert happened(house, sent) == ["message.sent", "link.revealed"]
    assert read(house, sent.links[0].token) == "one"


def test_a_message_with_a_passphrase_is_not_replaced_without_one(house):
    sent = house.sending.send(Draft("one", passphrase="p"))
    with pytest.raises(Invalid) as caught:
        house.sending.replace(sent.control, "two")

    assert [fault.field for fault in caught.value.faults] == ["passphrase"]
    assert read(house, sent.links[0].token, 1, "p") == "one"


def test_a_new_passphrase_takes_the_old_one_s_place_with_all_its_tries(house):
    sent = house.sending.send(Draft("one", passphrase="old"))
    link = sent.links[0].token
    for _ in range(3):
        with pytest.raises(PassphraseWrong):
            read(house, link, 1, "wrong")
    house.sending.replace(sent.control, "two", passphrase="new")

    with pytest.raises(PassphraseWrong) as caught:
        read(house, link, 1, "old")
    assert caught.value.tries_left == 9
    assert read(house, link, 1, "new") == "two"


def test_a_passphrase_that_a_replace_brought_stays_required(house):
    sent = house.sending.send(Draft("one", recipients=("Ana", "Bob")))
    read(house, sent.links[0].token)
    house.sending.replace(sent.control, "two", passphrase="p")

    assert house.sending.status(sent.control).needs_passphrase
    with pytest.raises(PassphraseRequired):
        read(house, sent.links[1].token)
    with pytest.raises(Invalid):
        house.sending.replace(sent.control, "three")
    assert read(house, sent.links[1].token, 1, "p") == "two"


def test_what_cannot_replace_a_text_leaves_it(house):
    sent = house.sending.send(Draft("one"))
    for text, passphrase in (("", None), ("a\ud800", None), ("x", ""), ("x", "p" * 257)):
        with pytest.raises(Invalid):
            house.sending.replace(sent.control, text, passphrase=passphrase)
    with pytest.raises(TooLarge):
        house.sending.replace(sent.control, "x" * (2**20 + 1))

    assert read(house, sent.links[0].token) == "one"


def test_replaces_that_cross_each_other_each_make_a_version(house):
    sent = house.sending.send(Draft("text 1"))
    start = Barrier(4)

    def put(number):
        start.wait()
        try:
            return house.sending.replace(sent.control, f"text by {number}")[0], f"text by {number}"
        except Unavailable:
            return None

    with ThreadPoolExecutor(4) as senders:
        made = dict(filter(None, senders.map(put, range(4))))

    status = house.sending.status(sent.control)
    assert sorted(made) == list(range(2, 2 + len(made)))
    assert len(made) >= 2
    assert status.version == max(made)
    assert read(house, sent.links[0].token) == made[max(made)]


def test_the_same_replace_asked_again_gives_the_same_answer(turned_house, clock, connection, raw):
    """What a repeated script does when the first reply was lost."""
    sent = turned_house.sending.send(Draft("one", recipients=("Ana", "Bob")))
    read(turned_house, sent.links[0].token)
    key = b"{%b}:message:%b" % (TAGS[sent.control.shard].encode(), sent.message_id)
    words = (clock.now(), 2, b"content", b"root", "", "", b"k" * 65, "", b"l" * 65, "")
    replies = [connection.run("replace", key, *words) for _ in range(3)]

    assert replies[0] == replies[1] == replies[2]
    assert [outcome for _, outcome in replies[0][2:]] == [b"already_read", b"replaced"] or (
        [outcome for _, outcome in replies[0][2:]] == [b"already_spent", b"replaced"]
    )
    assert happened(turned_house, sent).count("message.replaced") == 1
    assert connection.run("replace", key, clock.now(), 2, b"other", *words[3:]) == [b"changed"]


def test_what_is_replaced_while_held_opens_at_its_time(turned_house, clock, raw):
    sent = turned_house.sending.send(Draft("one", hold_seconds=60))
    turned_house.sending.replace(sent.control, "two")
    check_times(raw, sent)
    with pytest.raises(Held):
        read(turned_house, sent.links[0].token)
    clock.forward(60_000)

    assert read(turned_house, sent.links[0].token) == "two"


def test_what_is_replaced_after_an_extend_lives_as_long_as_the_extend_said(
    turned_house, clock, raw
):
    sent = turned_house.sending.send(Draft("one", expires_in_seconds=60))
    expires_at = turned_house.sending.extend(sent.control, 3600)
    turned_house.sending.replace(sent.control, "two")

    kept = kept_of(raw, sent)
    assert kept[b"content:" + sent.message_id + b":2"] == expires_at
    assert kept[b"key:" + sent.links[0].link_id] == expires_at
    check_times(raw, sent)


# extend


def test_extend_moves_the_expiry_later_and_earlier_from_now(turned_house, clock, raw):
    sent = turned_house.sending.send(Draft("x", recipients=("Ana", "Bob"), expires_in_seconds=600))
    clock.forward(1000)
    for seconds in (7200, 60, 3600):
        expires_at = turned_house.sending.extend(sent.control, seconds, evidence=EVIDENCE)

        assert expires_at == clock.now() + seconds * 1000
        assert turned_house.sending.status(sent.control).expires_at == expires_at
        kept = kept_of(raw, sent)
        assert {kept[b"key:" + link.link_id] for link in sent.links} == {expires_at}
        assert kept[b"content:" + sent.message_id + b":1"] == expires_at
        assert set(due_of(raw, sent).values()) == {expires_at}
        check_times(raw, sent)
    last = turned_house.sending.status(sent.control).events[-1]
    assert last.type == "message.extended"
    assert last.facts == {"from": clock.now() + 60_000, "to": expires_at}
    assert last.evidence == EVIDENCE.as_dict()


def test_extend_revives_nothing(turned_house, clock):
    sent = turned_house.sending.send(Draft("x", recipients=("Ana", "Bob", "Cid")))
    turned_house.sending.recall(sent.control, [sent.links[0].link_id])
    read(turned_house, sent.links[1].token)
    turned_house.sending.extend(sent.control, DAY)

    assert states(turned_house, sent) == ["recalled", "spent", "sealed"]
    with pytest.raises(Gone):
        read(turned_house, sent.links[0].token)
    clock.forward(DAY * 1000)
    with pytest.raises(Gone):
        turned_house.sending.extend(sent.control, DAY)
    turned_house.timekeeping.catch_up()
    with pytest.raises(Gone):
        turned_house.sending.extend(sent.control, DAY)
    assert states(turned_house, sent) == ["recalled", "spent", "expired"]


def test_extend_does_not_let_a_message_expire_before_it_opens(house):
    sent = house.sending.send(Draft("x", hold_seconds=3600))
    with pytest.raises(Invalid):
        house.sending.extend(sent.control, 3600 - 60)

    assert house.sending.status(sent.control).expires_at == sent.expires_at


@pytest.mark.parametrize("seconds", [59, 0, -1, 365 * DAY + 1])
def test_extend_has_bounds(house, seconds):
    sent = house.sending.send(Draft("x"))
    with pytest.raises(Invalid):
        house.sending.extend(sent.control, seconds)

    assert happened(house, sent) == ["message.sent"]


def test_a_lease_ends_with_a_message_that_was_made_to_expire_sooner(turned_house, clock, raw):
    """The earlier reader's lease would outlive the message, and with it the key its content."""
    sent = turned_house.sending.send(Draft("x", views=2))
    link = sent.links[0].token
    read(turned_house, link, 1)
    expires_at = turned_house.sending.extend(sent.control, 60)
    read(turned_house, link, 2)
    check_times(raw, sent)

    assert kept_of(raw, sent)[b"key:" + link.link_id] == expires_at
    preview = turned_house.reading.preview(link, [nonce(1)], visitor="")
    assert preview.lease_until == expires_at
    clock.forward(60_000)
    for reader in (1, 2):
        with pytest.raises(Gone):
            read(turned_house, link, reader)


def test_a_spent_link_s_lease_is_kept_whatever_becomes_of_the_others(turned_house, clock, raw):
    sent = turned_house.sending.send(Draft("x", recipients=("Ana", "Bob")))
    read(turned_house, sent.links[0].token)
    turned_house.sending.extend(sent.control, 60)
    turned_house.sending.replace(sent.control, "y")
    turned_house.sending.recall(sent.control, [sent.links[1].link_id])
    check_times(raw, sent)
    clock.forward(119_999)

    assert read(turned_house, sent.links[0].token) == "x"


# root keys


def house_of(connection, *keys):
    return wiring.assemble(Settings(), Keyring(keys), connection)


@pytest.mark.parametrize("passphrase", [None, "p"])
def test_root_keys_turn_over(connection, passphrase):
    old, new = (Keyring.parse(keyring.new_key()).newest for _ in range(2))
    before, between, after = (
        house_of(connection, old),
        house_of(connection, new, old),
        house_of(connection, new),
    )
    draft = Draft("one", sender_name="Ana", views=2, passphrase=passphrase)
    kept, moved, lost = (before.sending.send(draft) for _ in range(3))
    between.sending.replace(moved.control, "two", passphrase=passphrase)

    assert read(between, kept.links[0].token, 1, passphrase) == "one"
    assert read(after, moved.links[0].token, 1, passphrase) == "two"
    with pytest.raises(Unavailable):
        read(after, lost.links[0].token, 1, passphrase)
    with pytest.raises(Unavailable):
        read(after, lost.links[0].token, 1, "wrong")
    assert happened(before, lost) == ["message.sent"]
    assert read(before, lost.links[0].token, 1, passphrase) == "one"
    assert happened(before, lost) == ["message.sent", "link.revealed"]


def test_a_root_key_that_is_missing_hides_names_but_neither_content_nor_verdict(connection):
    old, new = (Keyring.parse(keyring.new_key()).newest for _ in range(2))
    before, between, after = (
        house_of(connection, old),
        house_of(connection, new, old),
        house_of(connection, new),
    )
    sent = before.sending.send(
        Draft("one", recipients=("Ana", "Bob"), sender_name="Zoë"), evidence=EVIDENCE
    )
    between.sending.replace(sent.control, "two")
    link = sent.links[0].token

    assert after.reading.preview(link, visitor="browser").sender_name is None
    content = after.reading.reveal(link, nonce(1), None, visitor="browser")
    assert (content.text, content.sender_name) == ("two", None)
    verdicts = after.sending.recall(sent.control)
    assert outcomes(verdicts) == ["already_spent", "recalled_unread"]
    assert [verdict.recipient for verdict in verdicts] == [None, None]
    assert after.sending.status(sent.control).events[0].evidence == {}
    assert between.sending.status(sent.control).links[0].recipient == "Ana"


def test_ended_links_answer_gone_and_held_ones_held_even_without_their_root_key(connection):
    before = house_of(connection, Keyring.parse(keyring.new_key()).newest)
    after = house_of(connection, Keyring.parse(keyring.new_key()).newest)
    held = before.sending.send(Draft("x", hold_seconds=60, passphrase="p"))
    spent = before.sending.send(Draft("x", passphrase="p"))
    read(before, spent.links[0].token, 1, "p")

    with pytest.raises(Held):
        read(after, held.links[0].token, 1, "p")
    with pytest.raises(Gone):
        read(after, spent.links[0].token, 2, "p")


# odd bytes


def test_ids_may_have_any_bytes(house, raw):
    """Newlines, NULs, braces and colons in ids are bytes like others."""
    odd = set(b"\n\0{}:% ")
    seen: set[int] = set()
    while not odd <= seen:
        sent = house.sending.send(
            Draft("x", recipients=tuple("abcdefgh"), views=2, passphrase=None)
        )
        seen |= odd & set(sent.message_id)
        for link in sent.links:
            if not odd & set(link.link_id + sent.message_id):
                continue
            house.reading.preview(link.token, [nonce()], visitor="browser", evidence=EVIDENCE)
            assert read(house, link.token) == "x"
            house.reading.acknowledge(link.token, nonce(), keep=False)
        verdicts = house.sending.recall(sent.control, [link.link_id for link in sent.links])
        status = house.sending.status(sent.control)
        assert [v.link_id for v in verdicts] == [link.link_id for link in sent.links]
        assert {e.link_id for e in status.events} == {None, *(link.link_id for link in sent.links)}
        assert all(look.evidence == EVIDENCE.as_dict() for look in status.looks)
        check_times(raw, sent)


def test_a_link_token_of_another_shard_is_unknown(house):
    sent = house.sending.send(Draft("x"))
    token = sent.links[0].token

    with pytest.raises(NotFound):
        read(house, LinkToken((token.shard + 1) % 16, token.secret))
