"""People open, read again and destroy, by forms alone; the second step lets them in."""

import re
import time

from tests.journeys.conftest import CROSS_SITE, TEXT
from tests.support.api import Api, Visitor, form_of, new_reader_key, number_on
from tests.support.tickets import waited

GATE_SECONDS = 1.1
"""A person's time before the button, really waited for once; elsewhere see `waited`."""


def test_a_person_opens_reads_again_and_destroys_it_without_javascript(service):
    sender = Visitor(service.url)
    to_control = sender.post("/", {"text": TEXT, "recipients": "Ana", "subject": "About"})
    assert to_control.status == 303
    control = sender.get(to_control.headers["Location"])
    assert "Ana" in control.text
    link = re.search(r"/m/(L[\w-]{34})", control.text)[1]
    path, reader, other = f"/m/{link}", Visitor(service.url), Visitor(service.url)
    gate, others = reader.get(path), form_of(other.get(path), link)
    assert gate.status == 200
    assert TEXT not in gate.text

    form = form_of(gate, link)
    time.sleep(GATE_SECONDS)
    opened = reader.post(path, form)
    assert TEXT in opened.text
    reloaded = reader.post(path, form)
    assert TEXT in reloaded.text
    come_back = reader.get(path)
    assert "You opened this message" in come_back.text
    shown_again = reader.post(path, form_of(come_back, link))
    assert TEXT in shown_again.text
    saved = reader.post(path, form_of(opened, path) | {"as": "txt"})
    assert saved.body == TEXT.encode()
    assert saved.headers["Content-Disposition"] == 'attachment; filename="message.txt"'

    too_late = other.post(path, others)
    assert too_late.status == 410
    assert TEXT not in too_late.text
    kept = reader.post(f"{path}/acknowledge", form_of(opened, "acknowledge") | {"keep": "1"})
    assert kept.status == 204
    report = sender.get(to_control.headers["Location"])
    assert link not in report.text  # a spent link is nobody's to copy

    done = reader.post(f"{path}/acknowledge", form_of(opened, "acknowledge"))
    assert done.status == 200
    for after in (reader.post(path, form), reader.get(path), other.get(path)):
        assert after.status == 410
        assert TEXT not in after.text


def test_a_browser_that_is_done_with_one_view_may_open_the_next(service):
    sent, reader = Api(service.url).send(TEXT, views=2), Visitor(service.url)
    path = f"/m/{sent.link}"
    form = waited(service, reader, sent.link, form_of(reader.get(path), sent.link))
    first = reader.post(path, form)
    assert TEXT in first.text
    reader.post(f"{path}/acknowledge", form_of(first, "acknowledge"))

    # The form of the first view is over; what it shows is the gate to the second.
    old = reader.post(path, form)
    assert old.status == 200
    assert TEXT not in old.text

    gate = waited(service, reader, sent.link, form_of(reader.get(path), sent.link))
    second = reader.post(path, gate)
    assert TEXT in second.text
    reader.post(f"{path}/acknowledge", form_of(second, "acknowledge"))
    assert reader.get(path).status == reader.post(path, gate).status == 410
    assert Api(service.url).message(sent.control)["links"][0]["reveals"] == 2


def test_a_quick_press_asks_for_a_number_and_a_wrong_one_spends_nothing(service, sent, kept):
    visitor = Visitor(service.url)
    path = f"/m/{sent.link}"
    quick = visitor.post(path, form_of(visitor.get(path), sent.link))
    assert "quicker than a person" in quick.text

    form, number = form_of(quick, sent.link), number_on(quick)
    wrongs = [str((int(number) + n) % 1000) for n in (1, 2, 3)] + ["", "12", "words", number + "1"]
    answers = [visitor.post(path, form | {"number": wrong}) for wrong in wrongs]
    for answer in answers:
        assert answer.status == 200
        assert "That was not the number" in answer.text
        assert TEXT not in answer.text
    another = form_of(answers[0], sent.link) | {"number": number_on(answers[1])}
    mixed = visitor.post(path, another)
    if number_on(answers[0]) != number_on(answers[1]):
        assert TEXT not in mixed.text
    # The number of one page with the ticket of the gate: the ticket asks for none.
    bare = visitor.post(path, form_of(visitor.get(path), sent.link) | {"number": number})
    assert TEXT not in bare.text
    assert kept()

    last = form_of(answers[-1], sent.link) | {"number": f" {number_on(answers[-1])} "}
    assert TEXT in visitor.post(path, last).text


def test_without_cookies_one_number_allows_every_action(service):
    sent = Api(service.url).send(TEXT, passphrase="a word")
    path, first = f"/m/{sent.link}", Visitor(service.url)

    def without_cookies(form=None, to=path):
        return Visitor(service.url).ask("POST" if form else "GET", to, form)

    form = waited(service, first, sent.link, form_of(first.get(path), sent.link))
    second = without_cookies(form | {"passphrase": "a word"})
    assert "did not bring back the cookie" in second.text
    carried = form_of(second, sent.link)
    assert "reader" in carried
    numbered = carried | {"number": number_on(second)}
    stolen = without_cookies({k: v for k, v in numbered.items() if k != "reader"})
    assert TEXT not in stolen.text
    wrong = without_cookies(numbered | {"passphrase": "no word"})
    assert wrong.status == 403
    assert "9 tries are left" in wrong.text

    opened = without_cookies(form_of(wrong, sent.link) | {"passphrase": "a word"})
    assert TEXT in opened.text
    saved = without_cookies(form_of(opened, sent.link) | {"as": "txt", "passphrase": "a word"})
    assert saved.body == TEXT.encode()
    other = without_cookies(numbered | {"reader": "A" * 32, "passphrase": "a word"})
    assert TEXT not in other.text
    done = without_cookies(form_of(opened, "acknowledge"), f"{path}/acknowledge")
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

    form = waited(service, visitor, sent.link, form)
    missing = visitor.post(path, form)
    assert missing.status == 403
    wrong = visitor.post(path, form | {"passphrase": "no word"})
    assert wrong.status == 403
    assert "9 tries are left" in wrong.text
    right = visitor.post(path, form | {"passphrase": "a word"})
    assert TEXT in right.text


def test_one_link_or_browser_never_opens_anothers_lease(service):
    """A reader key is good for one link; a ticket is good for one browser and one link."""
    api = Api(service.url)
    first, second = api.send("first", views=2), api.send("second", recipients=["Ana", "Ben"])
    reader_key = new_reader_key()
    assert api.reveal(first.link, reader_key).json["text"] == "first"
    assert api.reveal(second.link, reader_key).json["text"] == "second"
    assert api.acknowledge(second.links[1], reader_key).code == "not-found"
    assert api.acknowledge(second.link, new_reader_key()).code == "not-found"
    assert api.acknowledge(second.link, reader_key).status == 204

    # What ended on one link goes on on the other.
    assert api.reveal(first.link, reader_key).json["text"] == "first"
    assert api.reveal(second.link, reader_key).code == "gone"
    assert api.preview(second.links[1]).json["state"] == "sealed"


def opened(service, reader, link):
    """Open a link with what the reader's browser keeps; return the page."""
    form = waited(service, reader, link, form_of(reader.get(f"/m/{link}"), link))
    return reader.post(f"/m/{link}", form)


def test_opening_a_link_many_times_keeps_the_reader_and_other_messages(service):
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
