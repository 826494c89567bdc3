"""What recipients answer, over HTTP and without scripts: each passes the gate that it must."""

import time

import pytest

from tests.journeys.conftest import CROSS_SITE, TEXT
from tests.support.api import Api, Visitor, filled, form_of, new_reader_key, number_on
from tests.support.tickets import gate_form, waited


def events_of(service, sent):
    return [event["type"] for event in Api(service.url).message(sent.control)["events"]]


def opened(service, link):
    """Open a link as a person does; return the visitor and the page."""
    reader = Visitor(service.url)
    form = gate_form(service, reader, link)
    page = reader.post(f"/m/{link}", form)
    assert TEXT in page.text
    return reader, page


def report_of(service, sent):
    """Return the control page as its sender sees it."""
    sender = Visitor(service.url)
    sender.post(f"/s/{sent.control}", {})
    return sender.get(f"/s/{sent.control}").text


def test_without_scripts_it_is_kept_longer_and_shown_at_once(service, sent):
    reader, page = opened(service, sent.link)
    more = form_of(page, f"/m/{sent.link}")
    longer = reader.post(f"/m/{sent.link}", more | {"more": "1"})

    assert "Keep it readable for 10 minutes" in page.text
    assert TEXT in longer.text
    assert 'for <b class="remaining">10 minutes</b>' in longer.text
    assert events_of(service, sent)[-1] == "link.prolonged"


def test_a_script_keeps_it_longer_without_a_page(service, sent):
    reader, page = opened(service, sent.link)
    form = form_of(page, "acknowledge")
    answer = reader.post(f"/m/{sent.link}/prolong", form)
    stranger = Visitor(service.url).post(f"/m/{sent.link}/prolong", form)
    reader.post(f"/m/{sent.link}/acknowledge", form)
    late = reader.post(f"/m/{sent.link}/prolong", form)

    assert answer.json["offer_at"] == 540
    assert 595 <= answer.json["seconds"] <= 600
    assert (stranger.status, late.status) == (410, 410)


def test_a_reader_says_that_it_was_read_and_can_go_back_to_the_text(service, sent):
    reader, page = opened(service, sent.link)
    said = reader.post(f"/m/{sent.link}/confirm", form_of(page, "confirm"))
    assert "The sender is told that you have read it." in said.text
    back = reader.post(f"/m/{sent.link}", form_of(said, f"/m/{sent.link}"))
    assert TEXT in back.text
    quiet = reader.post(f"/m/{sent.link}/confirm", form_of(page, "confirm") | {"quiet": "1"})

    assert (quiet.status, quiet.body) == (204, b"")
    assert events_of(service, sent).count("link.confirmed") == 1


def test_a_second_browser_learns_that_it_was_another_and_tells_the_sender_once(service, sent):
    opened(service, sent.link)
    other = Visitor(service.url)
    dead = other.get(f"/m/{sent.link}")
    assert dead.status == 410
    assert "Opened by a browser that was not this one" in dead.text
    form = waited(service, other, sent.link, form_of(dead, "dispute"))
    said = other.post(f"/m/{sent.link}/dispute", form)
    assert "The sender is told." in said.text
    again = other.post(f"/m/{sent.link}/dispute", form)
    assert "The sender is told." in again.text
    back = other.get(f"/m/{sent.link}")

    assert "You have told the sender that it was not you." in back.text
    assert "dispute" not in back.text
    assert events_of(service, sent).count("link.disputed") == 1


def test_the_browser_that_opened_it_has_nothing_to_dispute(service, sent):
    reader, page = opened(service, sent.link)
    reader.post(f"/m/{sent.link}/acknowledge", form_of(page, "acknowledge"))
    dead = reader.get(f"/m/{sent.link}")
    assert "in this browser." in dead.text
    assert "That was not me" not in dead.text
    # A form that was never offered, with a ticket that is good.
    forced = reader.post(f"/m/{sent.link}/dispute", form_of(page, "acknowledge"))

    assert forced.status == 410
    assert "link.disputed" not in events_of(service, sent)


@pytest.mark.parametrize("deed", ["dispute", "decline"])
def test_a_suspicious_dispute_or_decline_needs_a_number_first(service, sent, deed):
    if deed == "dispute":
        opened(service, sent.link)
    event = {"dispute": "link.disputed", "decline": "link.declined"}[deed]
    robot, path = Visitor(service.url), f"/m/{sent.link}/{deed}"
    form = form_of(robot.get(f"/m/{sent.link}"), deed)
    tries = [robot.post(path, form), robot.post(path, {}), robot.post(path, form | {"ticket": "x"})]
    form = waited(service, robot, sent.link, form)
    forged = [robot.post(path, form, **headers) for headers in CROSS_SITE]
    tries.append(robot.post(path, form, **{"Sec-Fetch-Mode": "navigate"}))
    tries.append(robot.post(path, form | {"remark": "x"}))
    tries.append(robot.post(path, form | {"scripts": "1"}))
    wrong = form_of(tries[0], deed) | {"number": f"{(int(number_on(tries[0])) + 1) % 1000:03}"}
    tries.append(robot.post(path, wrong))
    assert {answer.status for answer in tries} == {200}
    assert all("One more step" in answer.text for answer in tries)
    assert {answer.status for answer in forged} == {403}
    before = events_of(service, sent)
    assert event not in before
    passed = robot.post(path, filled(tries[-1], deed))

    assert "The sender is told" in passed.text
    assert events_of(service, sent).count(event) == 1


@pytest.mark.parametrize("deed", ["dispute", "decline"])
def test_without_cookies_one_number_tells_the_sender(service, sent, deed):
    if deed == "dispute":
        opened(service, sent.link)
    path = f"/m/{sent.link}/{deed}"
    form = gate_form(service, Visitor(service.url), sent.link, deed)
    step = Visitor(service.url).post(path, form)
    passed = Visitor(service.url).post(path, filled(step, deed))

    assert "One more step" in step.text
    assert "The sender is told" in passed.text


def test_declining_an_unopened_message_tells_the_sender_and_spends_nothing(service, sent):
    stray = Visitor(service.url)
    form = gate_form(service, stray, sent.link, "decline")
    said = stray.post(f"/m/{sent.link}/decline", form)
    gate = stray.get(f"/m/{sent.link}")
    opened(service, sent.link)

    assert "The sender is told that this was not for you." in said.text
    assert "This is not for me" not in gate.text
    assert events_of(service, sent)[:3] == ["message.sent", "link.declined", "link.revealed"]


def test_a_reader_who_declined_is_not_shown_the_message_again(service, sent):
    reader, page = opened(service, sent.link)
    said = reader.post(f"/m/{sent.link}/decline", form_of(page, "decline"))
    after = reader.get(f"/m/{sent.link}")

    assert "The sender is told that this was not for you." in said.text
    assert after.status == 410
    assert TEXT not in after.text


def test_seconds_on_the_screen_are_a_small_number_or_none(service, sent):
    reader, page = opened(service, sent.link)
    form = form_of(page, "acknowledge")
    path = f"/m/{sent.link}/on-screen"
    odd = ["", "-1", "1.5", "x", "١", "9" * 8, "9" * 5_000]
    answers = [reader.post(path, form | {"seconds": written}).status for written in odd]
    assert answers == [204] * len(odd)
    before = Api(service.url).message(sent.control)["links"][0]["on_screen_seconds"]
    assert before == 0
    time.sleep(1)
    reader.post(path, form | {"seconds": "1"})
    stranger = Visitor(service.url).post(path, {"seconds": "1"})

    assert Api(service.url).message(sent.control)["links"][0]["on_screen_seconds"] == 1
    assert stranger.status != 204


def test_anyone_with_the_link_sees_the_record_but_only_their_own_details(service, sent):
    reader, page = opened(service, sent.link)
    reader.post(f"/m/{sent.link}/acknowledge", form_of(page, "acknowledge") | {"keep": "1"})
    own = reader.get(f"/m/{sent.link}/recorded")
    assert own.text.count("127.0.0.0/24") == 2
    assert "Firefox on" in own.text
    other = Visitor(service.url).get(f"/m/{sent.link}/recorded")
    assert "127.0.0" not in other.text
    assert "Firefox" not in other.text
    assert other.text.count("Shown to someone who had this link") == 1
    looks = len(Api(service.url).message(sent.control)["looks"])
    reader.get(f"/m/{sent.link}/recorded")

    assert looks == len(Api(service.url).message(sent.control)["looks"])
    assert Visitor(service.url).get(f"/m/L{'A' * 34}/recorded").status == 404


def test_the_control_page_raises_the_alarm(service, sent):
    opened(service, sent.link)
    other = Visitor(service.url)
    form = gate_form(service, other, sent.link, "dispute")
    other.post(f"/m/{sent.link}/dispute", form)
    sender = Visitor(service.url)
    sender.post(f"/s/{sent.control}", {})
    report = sender.get(f"/s/{sent.control}")

    assert "Somebody else may have read this." in report.text
    assert "“That was not me”" in report.text


def test_an_alarm_about_what_was_read_is_not_hidden_by_a_later_and_lesser_one(service):
    """Someone who has one link cannot hide what is reported about another."""
    sent = Api(service.url).send(TEXT, recipients=["Ana", "Ben"], passphrase="open sesame")
    ana, ben = sent.links
    Api(service.url).reveal(ana, new_reader_key(), "open sesame")
    for _ in range(10):
        Api(service.url).reveal(ben, new_reader_key(), "wrong")
    for link in (ana, ben):
        other = Visitor(service.url)
        form = gate_form(service, other, link, "dispute")
        other.post(f"/m/{link}/dispute", form)
    alarm = report_of(service, sent).partition("alarm-notice")[2].partition("</div>")[0]

    assert "Somebody else may have read this." in alarm
    assert "Ana" in alarm


def test_a_dead_link_says_who_took_it_back_when_and_why(service):
    sent = Api(service.url).send(TEXT, **{"from": "Zoë"})
    Api(service.url).recall(sent.control, reason="wrong painting")
    dead = Visitor(service.url).get(f"/m/{sent.link}")

    assert dead.status == 410
    assert 'It was sent by <bdi translate="no">Zoë</bdi> (not verified).' in dead.text
    assert "wrong painting" in dead.text
    assert "That was on <time" in dead.text
    assert "That was not me" not in dead.text


def test_a_browser_that_was_closed_meanwhile_still_knows_what_it_opened(service, sent):
    """Else it would be told that somebody else had, and might raise the alarm."""
    reader = Visitor(service.url)
    gate = reader.get(f"/m/{sent.link}")
    form = waited(service, reader, sent.link, form_of(gate, sent.link))
    page = reader.post(f"/m/{sent.link}", form)
    kept = [answer.headers["Set-Cookie"] for answer in (gate, page)]
    reader.post(f"/m/{sent.link}/acknowledge", form_of(page, "acknowledge"))

    assert [f"reader={reader.cookies['reader']};" in line for line in kept] == [True, True]
    assert ["Max-Age=2592000" in line for line in kept] == [True, True]
    assert "in this browser." in reader.get(f"/m/{sent.link}").text


def test_ending_a_view_does_not_say_gone_while_views_are_left(service):
    sent = Api(service.url).send(TEXT, views=2)
    reader, page = opened(service, sent.link)
    assert "Done, end this view now" in page.text
    done = reader.post(f"/m/{sent.link}/acknowledge", form_of(page, "acknowledge"))
    assert "The link can be opened once more." in done.text
    assert "It is gone from here." not in done.text
    form = gate_form(service, reader, sent.link)
    last = reader.post(f"/m/{sent.link}", form)
    assert TEXT in last.text
    assert "Done, destroy it now" in last.text
    over = reader.post(f"/m/{sent.link}/acknowledge", form_of(last, "acknowledge"))

    assert "It is gone from here." in over.text


def test_who_declines_what_was_opened_is_told_whether_it_still_opens(service, sent):
    def declined(link):
        reader, page = opened(service, link)
        return reader.post(f"/m/{link}/decline", form_of(page, "decline")).text

    once, twice = Api(service.url).send(TEXT), Api(service.url).send(TEXT, views=2)

    assert "the link does not open again" in declined(once.link)
    assert "can still open it" in declined(twice.link)
    assert "not for them. If you sent it to the wrong address, take it back." in report_of(
        service, twice
    )
    assert "not for them.</p>" in report_of(service, once)


@pytest.mark.parametrize("kind", ["always", "watched"])
def test_declining_takes_one_number_where_a_number_is_asked_for(service, kind):
    sent = Api(service.url).send(TEXT, **({"second_step": "always"} if kind == "always" else {}))
    if kind == "watched":
        Visitor(service.url, headers={"User-Agent": "Slackbot 1.0"}).get(f"/m/{sent.link}")
    reader = Visitor(service.url)
    gate = reader.get(f"/m/{sent.link}")
    step = reader.post(f"/m/{sent.link}/decline", form_of(gate, "decline"))
    assert "Type the number: it tells you from a machine." in step.text
    assert "That was not the number" not in step.text
    before = events_of(service, sent)
    assert before == ["message.sent"]
    said = reader.post(f"/m/{sent.link}/decline", filled(step, "decline"))
    assert "The sender is told that this was not for you." in said.text
    back = reader.get(f"/m/{sent.link}")

    assert "You have told the sender that it is not for you." in back.text
    assert "/decline" not in back.text


def test_an_alarm_about_an_unopened_link_does_not_say_it_was_read(service):
    sent = Api(service.url).send(TEXT, passphrase="blue tin")
    for _ in range(10):
        last = Api(service.url).reveal(sent.link, new_reader_key(), "red tin")
    assert last.code == "gone"
    other = Visitor(service.url)
    form = gate_form(service, other, sent.link, "dispute")
    said = other.post(f"/m/{sent.link}/dispute", form)
    assert "The sender is told." in said.text
    assert "opened" not in said.text.partition("<main>")[2].partition("</article>")[0]
    report = report_of(service, sent)

    assert "Somebody else may have the link." in report
    assert "Somebody else may have read this." not in report


@pytest.mark.parametrize("deed", ["decline", "confirm"])
def test_the_switch_on_an_answer_shows_the_same_answer(service, sent, deed):
    reader, page = opened(service, sent.link)
    said = reader.post(f"/m/{sent.link}/{deed}", form_of(page, deed))
    assert f'formaction="/m/{sent.link}/{deed}?language=es"' in said.text
    form = form_of(said, "")
    spanish = reader.post(f"/m/{sent.link}/{deed}?language=es", form)

    assert '<html lang="es"' in spanish.text
    assert "Se avisa a quien lo envió" in spanish.text.partition("<main>")[2]
    assert len(events_of(service, sent)) == 3


def test_a_sender_at_his_own_link_that_was_opened_has_nothing_to_dispute(service):
    sender = Visitor(service.url)
    control = sender.get(sender.post("/", {"text": TEXT}).headers["Location"]).text
    link = control.partition("/m/")[2][:35]
    opened(service, link)
    dead = sender.get(f"/m/{link}")

    assert "This message has been opened." in dead.text
    assert "not this one" not in dead.text
    assert "That was not me" not in dead.text


def test_nothing_is_offered_that_would_gain_less_than_a_minute(service, sent):
    reader, page = opened(service, sent.link)
    longer = reader.post(f"/m/{sent.link}", form_of(page, f"/m/{sent.link}") | {"more": "1"})
    short = Api(service.url).send(TEXT, expires_in=300)
    _, its = opened(service, short.link)

    assert "Keep it readable for 10 minutes" in page.text
    assert "Keep it readable" not in longer.text
    assert "Keep it readable for 4 minutes" in its.text
