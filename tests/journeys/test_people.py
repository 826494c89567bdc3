"""People open, read again and destroy, by forms alone; the second step lets them in."""

import re
import time

from tests.api import Api, Visitor, form_of, new_nonce, number_on
from tests.journeys.conftest import CROSS_SITE, TEXT

GATE_SECONDS = 1.1
"""A person's time before the button."""


def test_a_person_opens_reads_again_and_destroys_it_without_javascript(service):
    sender = Visitor(service.url)
    to_control = sender.post("/", {"text": TEXT, "recipients": "Ana", "subject": "About"})
    control = sender.get(to_control.headers["Location"])
    link = re.search(r"/m/(L[\w-]{34})", control.text)[1]
    reader, other = Visitor(service.url), Visitor(service.url)
    gate = reader.get(f"/m/{link}")
    form, others = form_of(gate, link), form_of(other.get(f"/m/{link}"), link)
    time.sleep(GATE_SECONDS)
    opened = reader.post(f"/m/{link}", form)
    reloaded = reader.post(f"/m/{link}", form)
    come_back = reader.get(f"/m/{link}")
    shown_again = reader.post(f"/m/{link}", form_of(come_back, link))
    saved = reader.post(f"/m/{link}", form_of(opened, f"/m/{link}") | {"as": "txt"})
    too_late = other.post(f"/m/{link}", others)
    kept = reader.post(f"/m/{link}/acknowledge", form_of(opened, "acknowledge") | {"keep": "1"})
    report = sender.get(to_control.headers["Location"])
    done = reader.post(f"/m/{link}/acknowledge", form_of(opened, "acknowledge"))
    after = [reader.post(f"/m/{link}", form), reader.get(f"/m/{link}"), other.get(f"/m/{link}")]

    assert to_control.status == 303
    assert "Ana" in control.text
    assert gate.status == 200
    assert TEXT not in gate.text
    assert TEXT in opened.text
    assert TEXT in reloaded.text
    assert "You opened this message" in come_back.text
    assert TEXT in shown_again.text
    assert saved.body == TEXT.encode()
    assert saved.headers["Content-Disposition"] == 'attachment; filename="message.txt"'
    assert too_late.status == 410
    assert kept.status == 204
    assert link not in report.text  # a spent link is nobody's to copy
    assert done.status == 200
    assert [answer.status for answer in after] == [410, 410, 410]
    assert not [answer for answer in (too_late, *after) if TEXT in answer.text]


def test_a_browser_that_is_done_with_one_view_may_open_the_next(service):
    sent, reader = Api(service.url).send(TEXT, views=2), Visitor(service.url)
    path = f"/m/{sent.link}"
    form = form_of(reader.get(path), sent.link)
    time.sleep(GATE_SECONDS)
    first = reader.post(path, form)
    reader.post(f"{path}/acknowledge", form_of(first, "acknowledge"))
    old = reader.post(path, form)
    gate = form_of(reader.get(path), sent.link)
    time.sleep(GATE_SECONDS)
    second = reader.post(path, gate)
    reader.post(f"{path}/acknowledge", form_of(second, "acknowledge"))

    assert TEXT in first.text
    # The form of the first view is over; what it shows is the gate to the second.
    assert TEXT not in old.text
    assert old.status == 200
    assert TEXT in second.text
    assert reader.get(path).status == reader.post(path, gate).status == 410
    assert Api(service.url).message(sent.control)["links"][0]["reveals"] == 2


def test_who_is_too_quick_types_a_number_and_a_wrong_one_spends_nothing(service, sent, kept):
    visitor = Visitor(service.url)
    path = f"/m/{sent.link}"
    quick = visitor.post(path, form_of(visitor.get(path), sent.link))
    form, number = form_of(quick, sent.link), number_on(quick)
    wrongs = [str((int(number) + n) % 1000) for n in (1, 2, 3)] + ["", "12", "words", number + "1"]
    answers = [visitor.post(path, form | {"number": wrong}) for wrong in wrongs]
    another = form_of(answers[0], sent.link) | {"number": number_on(answers[1])}
    mixed = visitor.post(path, another)
    # The number of one page with the ticket of the gate: the ticket asks for none.
    bare = visitor.post(path, form_of(visitor.get(path), sent.link) | {"number": number})

    assert kept()
    assert "quicker than a person" in quick.text
    for answer in answers:
        assert answer.status == 200
        assert "That was not the number" in answer.text
        assert TEXT not in answer.text
    if number_on(answers[0]) != number_on(answers[1]):
        assert TEXT not in mixed.text
    assert TEXT not in bare.text
    last = form_of(answers[-1], sent.link) | {"number": f" {number_on(answers[-1])} "}
    assert TEXT in visitor.post(path, last).text


def test_who_keeps_no_cookies_types_a_number_and_can_do_all_that_others_can(service):
    sent = Api(service.url).send(TEXT, passphrase="a word")
    path = f"/m/{sent.link}"

    def without_cookies(form=None, to=path):
        return Visitor(service.url).ask("POST" if form else "GET", to, form)

    form = form_of(without_cookies(), sent.link)
    time.sleep(GATE_SECONDS)
    second = without_cookies(form | {"passphrase": "a word"})
    carried = form_of(second, sent.link)
    numbered = carried | {"number": number_on(second)}
    stolen = without_cookies({k: v for k, v in numbered.items() if k != "reader"})
    wrong = without_cookies(numbered | {"passphrase": "no word"})
    again = form_of(wrong, sent.link) | {"passphrase": "a word"}
    opened = without_cookies(again)
    saved = without_cookies(form_of(opened, sent.link) | {"as": "txt", "passphrase": "a word"})
    other = without_cookies(numbered | {"reader": "A" * 32, "passphrase": "a word"})
    done = without_cookies(form_of(opened, "acknowledge"), f"{path}/acknowledge")

    assert "did not bring back the cookie" in second.text
    assert "reader" in carried
    assert TEXT not in stolen.text
    assert wrong.status == 403
    assert "9 tries are left" in wrong.text
    assert TEXT in opened.text
    assert saved.body == TEXT.encode()
    assert TEXT not in other.text
    assert done.status == 200
    assert without_cookies().status == 410
    assert Api(service.url).message(sent.control)["links"][0]["reveals"] == 1


def test_a_passphrase_counts_only_behind_a_good_ticket(service):
    sent = Api(service.url).send(TEXT, passphrase="a word")
    visitor, path = Visitor(service.url), f"/m/{sent.link}"
    form = form_of(visitor.get(path), sent.link)
    for _ in range(12):
        visitor.post(path, {"passphrase": "no word"})
        visitor.post(path, form | {"passphrase": "no word"}, **CROSS_SITE[0])
        visitor.post(path, {"ticket": "nonsense", "passphrase": "no word"})
    time.sleep(GATE_SECONDS)
    missing = visitor.post(path, form)
    wrong = visitor.post(path, form | {"passphrase": "no word"})
    right = visitor.post(path, form | {"passphrase": "a word"})

    assert missing.status == wrong.status == 403
    assert "9 tries are left" in wrong.text
    assert TEXT in right.text


def test_one_link_or_browser_never_opens_anothers_lease(service):
    """A nonce is good for one link; a ticket is good for one browser and one link."""
    api = Api(service.url)
    first, second = api.send("first", views=2), api.send("second", recipients=["Ana", "Ben"])
    nonce = new_nonce()
    assert api.reveal(first.link, nonce).json["text"] == "first"
    assert api.reveal(second.link, nonce).json["text"] == "second"
    assert api.acknowledge(second.links[1], nonce).code == "not-found"
    assert api.acknowledge(second.link, new_nonce()).code == "not-found"
    assert api.acknowledge(second.link, nonce).status == 204

    # What ended on one link goes on on the other.
    assert api.reveal(first.link, nonce).json["text"] == "first"
    assert api.reveal(second.link, nonce).code == "gone"
    assert api.preview(second.links[1]).json["state"] == "sealed"


def opened(service, reader, link):
    """Open a link with what the reader's browser keeps; return the page."""
    form = form_of(reader.get(f"/m/{link}"), link)
    time.sleep(GATE_SECONDS)
    return reader.post(f"/m/{link}", form)


def test_who_opens_a_link_many_times_stays_who_he_is_and_loses_no_other_message(service):
    api, reader = Api(service.url), Visitor(service.url)
    other, often = api.send(TEXT), api.send("the other text", views=6)
    opened(service, reader, other.link)
    known = dict(reader.cookies)
    for _ in range(6):
        page = opened(service, reader, often.link)
        assert "the other text" in page.text
        reader.post(f"/m/{often.link}/acknowledge", form_of(page, "acknowledge"))
    dead = reader.get(f"/m/{often.link}")

    assert reader.cookies == known
    assert "Show it again" in reader.get(f"/m/{other.link}").text
    assert "in this browser." in dead.text
    assert "That was not me" not in dead.text
    assert api.message(often.control)["links"][0]["reveals"] == 6


def test_two_tabs_that_came_before_the_first_cookie_are_one_reader(service):
    sent, reader = Api(service.url).send(TEXT, second_step="always"), Visitor(service.url)
    first = reader.get(f"/m/{sent.link}")
    reader.cookies.clear()
    reader.get(f"/m/{sent.link}")
    known = dict(reader.cookies)
    page = reader.post(f"/m/{sent.link}", form_of(first, sent.link) | {"number": number_on(first)})

    assert TEXT in page.text
    assert reader.cookies == known
    assert "You opened this message" in reader.get(f"/m/{sent.link}").text
