"""The sender's list: pages, search, recall of many, rotation, and what the store sees of it."""

from __future__ import annotations

import time
import tracemalloc
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest

from restante import sent_list, sent_reports, wiring
from restante.crypto import keyring, sent_lines
from restante.crypto.keyring import Keyring
from restante.crypto.sent_lines import Line
from restante.crypto.tokens import ControlToken, ListToken
from restante.details import Details
from restante.errors import Gone, Unavailable
from restante.messages import Draft, State
from restante.settings import DAY, Settings
from restante.store import keys
from restante.store.replies import Changed
from tests.conftest import happened, read

MINUTE, HOUR = 60_000, 3_600_000
LASTS = Settings().sent_list_seconds * 1_000


@pytest.fixture
def browser():
    return ListToken.new()


def send(house, browser, text="x", *, subject=None, **more):
    draft = Draft(text, details=Details(subject=subject), **more)
    return house.sending.send(draft, cookie=browser.cookie)


def controls(house, browser, **more):
    return [one.line.control for one in house.sent_list.page(browser, **more).entries]


def subjects(page):
    return [one.line.subject for one in page.entries]


def test_what_a_browser_sends_is_in_its_list_newest_first(turned_house, clock, browser, raw):
    house = turned_house
    first = send(house, browser, subject="Keys", recipients=("Ana", "Bob"))
    clock.forward(MINUTE)
    second = send(house, browser)
    send(house, ListToken.new())
    read(house, first.links[1].token)
    page = house.sent_list.page(browser)
    newest, oldest = page.entries

    assert (page.total, page.is_closed, page.older) == (2, False, None)
    assert newest.line == Line(second.control, None, (), 1)
    assert oldest.line == Line(first.control, "Keys", ("Ana", "Bob"), 2)
    assert [link.state for link in oldest.seen.links] == [State.SEALED, State.SPENT]
    assert (oldest.at, newest.at) == (first.sent_at, second.sent_at)
    assert raw.pexpiretime(keys.sent(browser)) >= second.sent_at + LASTS - MINUTE


def test_a_page_begins_behind_any_line_also_where_all_have_one_time(turned_house, browser):
    sent = [send(turned_house, browser).control for _ in range(60)]
    first = turned_house.sent_list.page(browser)
    second = turned_house.sent_list.page(browser, first.older)
    third = turned_house.sent_list.page(browser, second.older)

    found = [one.line.control for page in (first, second, third) for one in page.entries]
    assert found == sent[::-1]
    assert [len(page.entries) for page in (first, second, third)] == [25, 25, 10]
    assert third.older is None


def test_two_tabs_that_send_at_once_lose_no_line(house, browser):
    start = Barrier(8)

    def tab(_):
        start.wait()
        return [send(house, browser).control for _ in range(5)]

    with ThreadPoolExecutor(8) as tabs:
        sent = {control for made in tabs.map(tab, range(8)) for control in made}
    page = house.sent_list.page(browser)
    more = house.sent_list.page(browser, page.older)

    assert {one.line.control for one in (*page.entries, *more.entries)} == sent
    assert page.total == 40


def test_a_forgotten_message_leaves_the_list_and_the_list_goes_with_its_last(
    turned_house, browser, raw
):
    house = turned_house
    first, second = send(house, browser), send(house, browser)
    house.managing.forget(first.control)
    before = raw.get(keys.destroyed(browser.shard))
    page = house.sent_list.page(browser)

    assert [one.line.control for one in page.entries] == [second.control]
    assert page.total == raw.zcard(keys.sent(browser)) == 1
    assert raw.get(keys.destroyed(browser.shard)) != before
    house.managing.forget(second.control)
    assert house.sent_list.page(browser).total == 0
    assert not raw.exists(keys.sent(browser))


def test_a_page_is_found_behind_many_forgotten_ones(turned_house, clock, browser):
    kept = send(turned_house, browser)
    clock.forward(MINUTE)
    for _ in range(60):
        turned_house.managing.forget(send(turned_house, browser).control)
    page = turned_house.sent_list.page(browser)

    assert [one.line.control for one in page.entries] == [kept.control]
    assert page.total == 1


def test_a_visit_keeps_the_list_longer_and_so_does_a_send(turned_house, clock, browser, raw):
    key = keys.sent(browser)
    send(turned_house, browser)
    clock.forward(10 * DAY * 1_000)
    turned_house.sent_list.page(browser)
    assert raw.pexpiretime(key) == clock.now() + LASTS
    clock.forward(10 * DAY * 1_000)
    send(turned_house, browser)
    assert raw.pexpiretime(key) == clock.now() + LASTS


def test_a_list_opens_with_its_own_secret_alone_and_survives_a_change_of_root_keys(
    house, connection, browser, raw
):
    sent = send(house, browser, subject="Keys", recipients=("Ana",))
    [line] = raw.zrange(keys.sent(browser), 0, -1)
    changed = wiring.assemble(Settings(), Keyring.parse(keyring.new_key()), connection)

    assert controls(changed, browser) == [sent.control]
    assert subjects(changed.sent_list.page(browser)) == ["Keys"]
    assert b"Keys" not in line
    assert b"Ana" not in line
    assert sent.control.secret not in line


def test_without_lists_nothing_is_listed(connection, ring, browser, raw):
    off = wiring.assemble(Settings(sent_list=False), ring, connection)
    off.sending.send(Draft("x"), cookie=browser.cookie)

    assert not raw.exists(keys.sent(browser))


def test_lines_that_do_not_open_are_skipped_and_stay(turned_house, browser, raw):
    """A later version may have written them."""
    sent = send(turned_house, browser)
    other = sent_lines.seal(ListToken.new(), Line.of(ControlToken.new(), None, ()))
    for at, line in enumerate((b"", b"\x01", b"\x02" + other[1:], other, b"\0" * 100), start=1):
        raw.zadd(keys.sent(browser), {line: sent.sent_at + at})
    page = turned_house.sent_list.page(browser)
    verdicts = turned_house.sent_list.recall_unread(browser)

    assert [one.line.control for one in page.entries] == [sent.control]
    assert page.total == 6
    assert (verdicts.prevented, verdicts.messages) == (1, 1)


def test_a_search_finds_all_words_in_subject_and_recipients(turned_house, browser):
    house = turned_house
    send(house, browser, subject="The keys of the safe", recipients=("Torres, Ána", "Bob"))
    send(house, browser, subject="Something else", recipients=("Ana",))
    send(house, browser)

    def found(words):
        return subjects(house.sent_list.search(browser, words))

    assert found("ana") == ["Something else", "The keys of the safe"]
    assert found("KEYS torres") == ["The keys of the safe"]
    assert found("  safe\tÁNA ") == ["The keys of the safe"]
    assert found("safe zoe") == []
    assert len(found("")) == 3


def test_a_search_goes_on_behind_its_page_and_looks_at_ten_thousand_at_most(
    turned_house, browser, monkeypatch
):
    for number in range(60):
        send(turned_house, browser, subject="even" if number % 2 else "odd")
    first = turned_house.sent_list.search(browser, "odd")
    second = turned_house.sent_list.search(browser, "odd", first.older)
    monkeypatch.setattr(sent_list, "SEARCHED_MOST", 50)
    cut = turned_house.sent_list.search(browser, "nowhere")

    assert [len(page.entries) for page in (first, second)] == [25, 5]
    assert second.older is None
    assert (first.searched, cut.searched) == (60, 50)
    assert cut.total == 60


def test_everything_unread_is_recalled_and_the_rest_is_left_as_it_is(turned_house, clock, browser):
    house = turned_house
    old = send(house, browser)
    clock.forward(HOUR + 1)
    unread, again = send(house, browser), send(house, browser, views=3)
    some = send(house, browser, recipients=("Ana", "Bob", "Cid"))
    spent, expired = send(house, browser), send(house, browser, expires_in_seconds=60)
    for sent in (again, some, spent):
        read(house, sent.links[0].token)
    clock.forward(MINUTE + 1)
    verdicts = house.sent_list.recall_unread(browser, HOUR)

    assert (verdicts.messages, verdicts.recalled, verdicts.is_whole) == (5, 2, True)
    assert (verdicts.prevented, verdicts.too_late, verdicts.ended) == (3, 3, 1)
    assert verdicts.still_open == 1
    assert [one.line.control for one in verdicts.read] == [
        spent.control, some.control, again.control,
    ]  # fmt: skip
    assert [one.line.control for one in verdicts.unread] == [expired.control, unread.control]
    assert read(house, old.links[0].token) == "x"
    assert read(house, again.links[0].token, 2) == "x"
    assert "link.recalled" not in happened(house, spent) + happened(house, again)
    assert happened(house, some).count("link.recalled") == 2


def test_beside_an_unread_link_one_that_was_read_goes_on_opening(turned_house, browser):
    house = turned_house
    sent = send(house, browser, recipients=("Ana", "Bob"), views=3)
    ana, bob = (link.token for link in sent.links)
    read(house, ana)
    verdicts = house.sent_list.recall_unread(browser)

    assert (verdicts.prevented, verdicts.too_late, verdicts.still_open) == (1, 1, 1)
    assert read(house, ana, 2) == "x"
    with pytest.raises(Gone):
        read(house, bob)
    assert happened(house, sent).count("link.recalled") == 1


def test_everything_unread_is_recalled_while_a_list_is_half_moved(turned_house, browser, raw):
    """The store broke a rotation off: some lines are here, some there, and some in both."""
    house = turned_house
    sent = [send(house, browser) for _ in range(70)]
    read(house, sent[0].links[0].token)
    new = ListToken.new()
    before = raw.zrange(keys.sent(browser), 0, -1, withscores=True)
    house.sent_list.move(browser, new)
    raw.zadd(keys.sent(browser), dict(before[:30]))
    newest = raw.zrange(keys.sent(new), 0, 19)
    raw.zrem(keys.sent(new), *newest)
    verdicts = house.sent_list.recall_unread(browser, HOUR, moved_to=new)

    assert (verdicts.prevented, verdicts.too_late, verdicts.messages) == (69, 1, 70)
    assert house.sent_list.recall_unread(browser).messages == 30


def test_what_had_ended_before_is_not_recalled_once_more(turned_house, browser):
    house = turned_house
    sent = send(house, browser, recipients=("Ana", "Bob", "Cid"))
    house.managing.recall(sent.control, [sent.links[0].link_id])
    before = house.managing.status(sent.control).links[0]
    verdicts = house.sent_list.recall_unread(browser)

    assert (verdicts.prevented, verdicts.recalled) == (3, 1)
    assert house.managing.status(sent.control).links[0] == before
    assert happened(house, sent).count("link.recalled") == 3


def test_what_still_opens_is_named_also_behind_all_that_is_shown(
    turned_house, browser, monkeypatch
):
    monkeypatch.setattr(sent_reports, "SHOWN_MOST", 2)
    sent = [send(turned_house, browser, views=views) for views in (2, 2, 1, 1, 1)]
    for one in sent:
        read(turned_house, one.links[0].token)
    verdicts = turned_house.sent_list.recall_unread(browser)
    again = turned_house.sent_list.recall(browser, verdicts.open_again)

    assert (len(verdicts.read), verdicts.still_open) == (2, 2)
    assert (again.too_late, again.still_open, again.recalled) == (2, 0, 2)


def test_asked_again_a_recall_of_many_gives_the_same_verdict(turned_house, browser):
    sent = [send(turned_house, browser) for _ in range(3)]
    read(turned_house, sent[0].links[0].token)
    first = turned_house.sent_list.recall_unread(browser)
    again = turned_house.sent_list.recall_unread(browser)

    assert (first.prevented, first.too_late, first.recalled) == (2, 1, 2)
    assert (again.prevented, again.too_late, again.recalled) == (2, 1, 0)
    for one in sent[1:]:
        assert happened(turned_house, one) == ["message.sent", "link.recalled"]


def test_a_recall_of_very_many_says_where_it_stopped_and_goes_on_there(
    turned_house, browser, monkeypatch
):
    monkeypatch.setattr(sent_list, "RECALLED_MOST", 30)
    for _ in range(70):
        send(turned_house, browser)
    parts = [turned_house.sent_list.recall_unread(browser, HOUR)]
    while parts[-1].more:
        parts.append(turned_house.sent_list.recall_unread(browser, rest=parts[-1].more))

    assert [part.prevented for part in parts] == [30, 30, 10]
    assert turned_house.sent_list.recall_unread(browser).prevented == 70


def test_where_the_store_fails_in_between_the_verdicts_say_so(turned_house, browser, raw):
    """At a record of another type the script fails."""
    sent = [send(turned_house, browser) for _ in range(60)]
    spoilt = keys.message(sent[0].control)
    raw.rename(spoilt, b"kept")
    raw.set(spoilt, b"spoilt")
    part = turned_house.sent_list.recall_unread(browser)
    raw.rename(b"kept", spoilt)
    whole = turned_house.sent_list.recall_unread(browser)

    assert (part.prevented, part.is_whole) == (50, False)
    assert (whole.prevented, whole.is_whole) == (60, True)


def test_chosen_messages_are_recalled_whole(turned_house, browser):
    house = turned_house
    sent = [send(house, browser, views=3) for _ in range(4)]
    read(house, sent[0].links[0].token)
    scores = [one.at for one in house.sent_list.page(browser).entries][::-1]
    verdicts = house.sent_list.recall(browser, [*scores[:2], scores[1], 17])

    assert (verdicts.prevented, verdicts.too_late, verdicts.still_open) == (1, 1, 0)
    assert (verdicts.messages, verdicts.recalled) == (2, 2)
    assert "link.recalled" not in happened(house, sent[2])
    assert house.sent_list.recall(ListToken.new(), scores).messages == 0


def test_a_rotation_takes_every_line_along_and_shuts_the_old_secret_out(turned_house, browser, raw):
    house = turned_house
    sent = [send(house, browser, subject=f"{number}").control for number in range(120)]
    new = ListToken.new()
    house.sent_list.move(browser, new)
    found = []
    page = house.sent_list.page(new)
    while page.older:
        found += page.entries
        page = house.sent_list.page(new, page.older)
    found += page.entries

    assert [one.line.control for one in found] == sent[::-1]
    assert not raw.exists(keys.sent(browser))
    old = house.sent_list.page(browser)
    assert (old.total, old.is_closed) == (0, True)
    assert house.sent_list.recall_unread(browser).messages == 0
    assert house.sent_list.recall_unread(new).prevented == 120


def test_a_rotation_that_stopped_half_way_goes_on_and_adds_no_line_twice(
    turned_house, browser, raw
):
    house = turned_house
    for _ in range(10):
        send(house, browser)
    new = ListToken.new()
    lines = raw.zrange(keys.sent(browser), 0, -1, withscores=True)
    house.sent_list.move(browser, new)
    # As if the lines had been added there, but not dropped here.
    raw.zadd(keys.sent(browser), dict(lines[:4]))
    moved = raw.zrange(keys.sent(new), 0, -1, withscores=True)
    house.sent_list.move(browser, new)

    assert raw.zrange(keys.sent(new), 0, -1, withscores=True) == moved
    assert [at for _, at in moved] == [at for _, at in lines]
    assert not raw.exists(keys.sent(browser))


def test_a_rotation_that_the_store_breaks_off_loses_no_line(turned_house, browser, raw):
    """The new list takes nothing: at a record of another type the script fails."""
    sent = {send(turned_house, browser).control for _ in range(60)}
    new = ListToken.new()
    raw.set(keys.sent(new), b"spoilt")
    with pytest.raises(Unavailable):
        turned_house.sent_list.move(browser, new)
    raw.delete(keys.sent(new))
    assert turned_house.sent_list.page(browser).is_closed
    turned_house.sent_list.move(browser, new)
    first = turned_house.sent_list.page(new)
    second = turned_house.sent_list.page(new, first.older)
    third = turned_house.sent_list.page(new, second.older)

    assert {its.line.control for its in (*first.entries, *second.entries, *third.entries)} == sent


def test_a_send_that_races_a_rotation_is_in_the_new_list(house, browser):
    """Tabs that have both cookies already: what the old list does not take, the new one does."""
    new, start = ListToken.new(), Barrier(5)

    def tab(_):
        start.wait()
        made = []
        for _ in range(10):
            sent = send(house, browser)
            made.append(sent.control)
            if sent.unlisted:
                house.sent_list.adopt(browser, new, sent.unlisted, sent.sent_at)
        return made

    def rotate():
        start.wait()
        house.sent_list.move(browser, new)

    with ThreadPoolExecutor(5) as tabs:
        rotation = tabs.submit(rotate)
        sent = {control for made in tabs.map(tab, range(4)) for control in made}
        rotation.result()
    page = house.sent_list.page(new)
    more = house.sent_list.page(new, page.older)

    assert {one.line.control for one in (*page.entries, *more.entries)} == sent
    assert page.total == 40
    assert house.sent_list.page(browser).total == 0


def test_a_forgotten_list_is_gone_and_its_messages_stay(turned_house, browser, raw):
    sent = send(turned_house, browser)
    before = raw.get(keys.destroyed(browser.shard))
    turned_house.sent_list.forget(browser)

    assert not raw.exists(keys.sent(browser))
    assert raw.get(keys.destroyed(browser.shard)) != before
    assert read(turned_house, sent.links[0].token) == "x"
    assert send(turned_house, browser).unlisted
    assert not raw.exists(keys.sent(browser))
    assert turned_house.sent_list.page(browser).is_closed
    with pytest.raises(Changed):
        turned_house.sent_list.move(ListToken.new(), browser)


def test_a_list_of_ten_thousand_opens_fast_and_a_page_at_a_time(house, browser, raw):
    sent = [send(house, browser, subject="the newest").control for _ in range(30)]
    fill(raw, browser, 10_000)
    house.sent_list.page(browser)
    tracemalloc.start()
    try:
        began = time.process_time()
        page = house.sent_list.page(browser)
        opened = time.process_time() - began
        _, most = tracemalloc.get_traced_memory()
        tracemalloc.reset_peak()
        found = house.sent_list.search(browser, "the oldest")
        _, searching = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    whole = raw.memory_usage(keys.sent(browser), samples=0)
    print(f"open: {opened * 1000:.1f} ms of processor time, at most {most} bytes of {whole}")

    assert page.total == 10_030
    assert [one.line.control for one in page.entries] == sent[:4:-1]
    assert (found.searched, found.entries) == (10_000, ())
    assert opened < 0.3
    assert most < whole / 10
    assert searching < whole / 5


def fill(raw, browser, many):
    """Put older lines into a list, of messages that do not exist."""
    lines = {
        sent_lines.seal(browser, Line.of(ControlToken.new(), f"number {at}", ("Ana",))): at
        for at in range(1_000_000_000_000, 1_000_000_000_000 + many)
    }
    raw.zadd(keys.sent(browser), lines)
