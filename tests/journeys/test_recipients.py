"""Recipients on the compose page: lists as people paste them, and what is twice in them."""

import html
import re

import pytest

from tests.support.api import Api, Visitor

LIST = 'Torres, Ana <ana@x.example>; "Luis" <l@y.example>\r\nEva'


def recipients_of(sender, answer):
    page = sender.get("/s/" + answer.headers["Location"].rpartition("/")[2])
    return [html.unescape(name) for name in re.findall(r"<h3><bdi[^>]*>([^<]*)</bdi>", page.text)]


def test_a_list_from_a_mail_program_becomes_a_link_for_each(service):
    sender = Visitor(service.url)
    answer = sender.post("/", {"text": "t", "recipients": LIST})

    assert answer.status == 303
    assert recipients_of(sender, answer) == [
        "Torres, Ana <ana@x.example>",
        "Luis <l@y.example>",
        "Eva",
    ]


def test_a_table_becomes_a_link_for_each_row(service):
    sender = Visitor(service.url)
    table = "name,email\r\nAna,ana@x.example\r\nBen,ben@x.example\r\n"
    answer = sender.post("/", {"text": "t", "recipients": table})

    assert recipients_of(sender, answer) == ["Ana <ana@x.example>", "Ben <ben@x.example>"]


@pytest.mark.parametrize(
    ("language", "said"), [("en", "Twice in the list: "), ("es", "Dos veces en la lista: ")]
)
def test_who_is_there_twice_is_named_at_the_field_and_nothing_is_lost(service, language, said):
    sender = Visitor(service.url)
    written = "Ana <ana@x.example>\n<b>Ben</b>\nEva\n<B>ben</B>\nANA@x.example"
    form = {"text": "the whole letter", "recipients": written, "subject": "S"}
    page = sender.post("/", form, **{"Accept-Language": language})
    fault = re.search(r'id="recipients-fault">([^<]*)<', page.text)

    assert page.status == 422
    assert said + "ANA@x.example; <B>ben</B>." in html.unescape(fault[1])
    assert html.escape(written, quote=False) in page.text.replace("&#34;", '"')
    assert "the whole letter" in page.text


def test_two_faults_of_one_field_are_both_told(service):
    form = {"text": "t", "recipients": "Ana\nana\nB\u200b"}
    page = Visitor(service.url).post("/", form)

    assert page.status == 422
    assert "Twice in the list: ana." in page.text
    assert "cannot be seen" in page.text


def test_a_list_of_the_api_stays_as_it_is_given(service):
    given = ["Ana; Ben", "Ana; Ben", "Torres, Ana <ana@x.example>", "a@x.example, b@x.example"]
    sent = Api(service.url).send("t", recipients=given)

    assert [link["recipient"] for link in sent.answer["links"]] == given


def test_the_101st_recipient_is_one_too_many_in_any_form(service):
    many = [f"r{n}@x.example" for n in range(101)]
    for end in ("\n", "; ", ","):
        page = Visitor(service.url).post("/", {"text": "t", "recipients": end.join(many)})
        assert page.status == 422
        assert "At most 100 names" in page.text

    fits = Visitor(service.url).post("/", {"text": "t", "recipients": "; ".join(many[:100])})
    assert fits.status == 303
