"""A sender forgets a message: by the API, and on the page, which asks twice."""

from tests.journeys.conftest import TEXT
from tests.support.api import Api, Visitor, form_of, new_reader_key


def test_a_forgotten_message_and_its_links_are_unknown(service):
    api = Api(service.url)
    sent = api.send(TEXT, recipients=["Ana", "Bob"])
    unknown = api.preview("L" + "A" * 34)
    api.reveal(sent.link, new_reader_key())
    answers = [api.forget(sent.control) for _ in range(2)]

    assert [(its.status, its.body) for its in answers] == [(204, b"")] * 2
    for link in sent.links:
        told = api.preview(link)
        assert (told.status, told.json) == (unknown.status, unknown.json)
        assert Visitor(service.url).get(f"/m/{link}").status == 404
    assert api.recall(sent.control).code == "not-found"
    assert api.forget(sent.link).code == "not-found"


def test_the_page_asks_twice_and_without_a_second_yes_nothing_happens(service):
    sender, api = Visitor(service.url), Api(service.url)
    location = sender.post("/", {"text": TEXT, "subject": "About"}).headers["Location"]
    page = sender.get(location)
    link = page.text.split("/m/")[1][:35]
    asked = sender.post(f"{location}/forget", form_of(page, "/forget"))
    assert "Delete everything about this message?" in asked.text
    assert "About" in asked.text
    assert api.preview(link).status == 200

    sure = form_of(asked, "/forget")
    forged = sender.post(f"{location}/forget", {"sure": "1"}, **{"Sec-Fetch-Site": "cross-site"})
    assert forged.status == 403
    assert api.preview(link).status == 200
    for _ in range(2):
        done = sender.post(f"{location}/forget", sure)
        assert (done.status, "Nothing of this message is left here." in done.text) == (200, True)
    assert sender.get(location).status == 404
    assert sender.post(f"{location}/forget").status == 404
    assert api.preview(link).code == "not-found"


def test_the_page_offers_it_also_after_every_link_ended(service):
    sender = Visitor(service.url)
    location = sender.post("/", {"text": TEXT}).headers["Location"]
    sender.post(f"{location}/recall", form_of(sender.get(location), "/recall"))
    asked = sender.post(f"{location}/forget", form_of(sender.get(location), "/forget"))
    done = sender.post(f"{location}/forget", form_of(asked, "/forget"))

    assert done.status == 200
    assert sender.get(location).status == 404


def test_a_stranger_forgets_nothing(service):
    api = Api(service.url)
    sent = api.send(TEXT)
    answer = Visitor(service.url).post(f"/s/{sent.control}/forget", {"sure": "1"})

    assert "This is the sender’s private page." in answer.text
    assert api.preview(sent.link).status == 200
