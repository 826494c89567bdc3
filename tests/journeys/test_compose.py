"""What helps to fill in the compose page: files, checks, passphrases; without scripts."""

import html
import re

import pytest

from restante.made_passphrase import is_made, known
from tests.support.api import Visitor
from tests.support.processes import Service

LETTER = {"text": "the whole letter", "subject": "The side door", "expires_in": "86400"}


def field_of(page, name):
    """Return what stands in a field of the page."""
    found = re.search(rf'<(?:input|textarea)[^>]*id="{name}"[^>]*>\n?([^<]*)', page.text)
    value = re.search(r' value="([^"]*)"', found[0])
    return html.unescape(value[1] if value else found[1])


def recipients_of(sender, answer):
    page = sender.get("/s/" + answer.headers["Location"].rpartition("/")[2])
    return [html.unescape(name) for name in re.findall(r"<h3><bdi[^>]*>([^<]*)</bdi>", page.text)]


def readers_on(page):
    listed = re.search(r"<ol[^>]*>(.*?)</ol>", page.text)
    return [html.unescape(n) for n in re.findall(r"<bdi[^>]*>([^<]*)</bdi>", listed[1])]


FILES = {
    "UTF-8": "name,email\r\nJosé,jose@x.example\r\nBen,ben@x.example\r\n".encode(),
    "with a mark": "name,email\nJosé,jose@x.example\nBen,ben@x.example".encode("utf-8-sig"),
    "UTF-16 of a spreadsheet": "José\tjose@x.example\r\nBen\tben@x.example".encode("utf-16"),
    "Windows' charset": "Nombre;Correo\nJosé;jose@x.example\nBen;ben@x.example".encode("cp1252"),
}


@pytest.mark.parametrize("content", FILES.values(), ids=FILES)
def test_a_file_of_recipients_is_sent_with_the_form(service, content):
    sender = Visitor(service.url)
    answer = sender.upload("/", LETTER | {"recipients": "Eva"}, content)

    assert answer.status == 303
    assert recipients_of(sender, answer) == [
        "Eva", "José <jose@x.example>", "Ben <ben@x.example>",
    ]  # fmt: skip


def test_a_first_column_of_names_is_a_list(service):
    sender = Visitor(service.url)
    answer = sender.upload("/", LETTER, b'Name,Room\n"Torres, Ana",1\nBen,2\n')

    assert recipients_of(sender, answer) == ["Torres, Ana", "Ben"]


def test_after_a_fault_those_of_the_file_are_in_the_field(service):
    sender = Visitor(service.url)
    page = sender.upload("/", LETTER | {"views": "0"}, b'"A; B",\nTorres,ana@x.example\n')
    again = sender.post("/", LETTER | {"recipients": field_of(page, "recipients")})

    assert page.status == 422
    assert recipients_of(sender, again) == ["A; B", "Torres <ana@x.example>"]


NO_LISTS = {
    "a spreadsheet itself": b"PK\x03\x04\x14\x00\x06\x00\x08\x00",
    "a picture": b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR",
    "half of UTF-16": "Ana".encode("utf-16")[:-1],
    "too large": b"a@x.example\n" * 30_000,
}


@pytest.mark.parametrize("content", NO_LISTS.values(), ids=NO_LISTS)
def test_what_is_no_list_is_told_at_the_file_and_nothing_is_lost(service, content):
    page = Visitor(service.url).upload("/", LETTER | {"recipients": "Eva"}, content)
    fault = re.search(r'id="list-fault">([^<]*)<', page.text)

    assert page.status == 422
    assert "Save it as CSV" in fault[1]
    assert re.search(r'id="list"[^>]* aria-invalid="true" autofocus', page.text)
    assert field_of(page, "text") == LETTER["text"]
    assert field_of(page, "recipients") == "Eva"


def test_a_file_that_nobody_chose_changes_nothing(service):
    sender = Visitor(service.url)
    assert sender.upload("/", LETTER, b"").status == 303


@pytest.mark.parametrize("path", ["/recipients", "/recipients#readers"])
def test_the_list_is_shown_as_it_was_read_before_anything_is_sent(service, path):
    sender = Visitor(service.url)
    form = LETTER | {"recipients": "Torres, Ana <ana@x.example>; ben@x.example\nEva"}
    page = sender.upload(path, form, b"Luis\n")

    assert page.status == 200
    assert readers_on(page) == [
        "Torres, Ana <ana@x.example>", "ben@x.example", "Eva", "Luis",
    ]  # fmt: skip
    assert "4 recipients" in page.text
    assert "Read as one person: <bdi" in page.text
    assert field_of(page, "text") == LETTER["text"]
    assert field_of(page, "recipients").endswith("\nLuis")


def test_an_empty_list_is_for_anyone(service):
    page = Visitor(service.url).post("/recipients", LETTER)
    assert "there will be one link for anyone" in page.text


def test_what_is_wrong_with_the_list_is_told_when_it_is_checked(service):
    page = Visitor(service.url).post("/recipients", {"recipients": "B\u200b", "views": "0"})

    assert page.status == 422
    assert "cannot be seen" in page.text
    assert "From 1 to 100" not in page.text


TWICE = "Ana <ana@x.example>\nAna\nBen\nana\nANA@x.example\nben"


@pytest.mark.parametrize(
    ("answer", "labels"),
    [
        ("once", ["Ana <ana@x.example>", "Ana", "Ben"]),
        (
            "each",
            ["Ana <ana@x.example>", "Ana", "Ben", "ana (2)", "ANA@x.example", "ben (2)"],
        ),
    ],
)
def test_who_is_there_twice_gets_one_link_or_more_as_the_sender_says(service, answer, labels):
    sender = Visitor(service.url)
    asked = sender.post("/", LETTER | {"recipients": TWICE})
    assert asked.status == 422
    assert 'value="once" checked' in asked.text
    assert "Twice in the list: ANA@x.example; ana; ben." in html.unescape(asked.text)
    sent = sender.post("/", LETTER | {"recipients": TWICE, "repeats": answer})

    assert recipients_of(sender, sent) == labels


def test_of_two_labels_for_one_address_the_one_with_a_name_is_kept(service):
    sender = Visitor(service.url)
    form = LETTER | {"recipients": "ana@x.example; Ana <ANA@x.example>", "repeats": "once"}

    assert recipients_of(sender, sender.post("/", form)) == ["Ana <ANA@x.example>"]


@pytest.mark.parametrize("language", ["en", "es"])
def test_a_passphrase_is_made_and_nothing_else_changes(service, language):
    sender = Visitor(service.url)
    form = LETTER | {"recipients": "Eva", "passphrase": "old", "mailed_code": "yes"}
    page = sender.post("/passphrase", form, **{"Accept-Language": language})
    made = field_of(page, "passphrase")

    assert page.status == 200
    assert is_made(made)
    assert set(made.split()) <= set(known(language))
    # It is to be seen, unlike what somebody typed.
    assert 'class="secret"' not in page.text
    assert field_of(page, "text") == LETTER["text"]
    assert field_of(page, "recipients") == "Eva"
    assert field_of(page, "subject") == LETTER["subject"]


def test_scripts_get_the_passphrase_alone(service):
    answers = [Visitor(service.url).post("/passphrase", Accept="text/plain") for _ in range(2)]

    assert all(is_made(answer.text) for answer in answers)
    assert answers[0].text != answers[1].text
    assert answers[0].headers["Content-Type"] == "text/plain; charset=utf-8"
    assert answers[0].headers["Cache-Control"] == "no-store"


def test_making_and_checking_have_a_rate_limit_and_lose_nothing(tmp_path):
    with Service(tmp_path, RESTANTE_RATE_LIMITS="on", RESTANTE_LIMIT_PREVIEW="3") as service:
        sender = Visitor(service.url)
        answers = [sender.post("/passphrase", LETTER), sender.post("/recipients", LETTER)]
        answers += [sender.post("/passphrase", LETTER, Accept="text/plain")]
        answers += [sender.post("/passphrase", LETTER), sender.post("/recipients", LETTER)]

    assert [answer.status for answer in answers] == [200, 200, 200, 429, 429]
    assert field_of(answers[3], "text") == LETTER["text"]
    assert field_of(answers[4], "subject") == LETTER["subject"]


PHRASE = 'blue "tin" <b>ñ</b> & co'


def path_of(answer):
    return "/s/" + answer.headers["Location"].rpartition("/")[2]


def told_on(page):
    found = re.search(r'<samp id="told"[^>]*>([^<]*)</samp>', page.text)
    return html.unescape(found[1]) if found else None


def test_the_passphrase_is_shown_on_the_first_control_page_and_never_again(service):
    sender = Visitor(service.url)
    path = path_of(sender.post("/", LETTER | {"passphrase": PHRASE}))
    pages = [sender.get(path) for _ in range(2)]

    assert told_on(pages[0]) == PHRASE
    assert "<b>ñ" not in pages[0].text
    assert told_on(pages[1]) is None
    assert not sender.cookies["passphrase"]


def test_the_passphrase_of_one_message_is_on_no_page_of_another(service):
    sender = Visitor(service.url)
    other = path_of(sender.post("/", LETTER))
    own = path_of(sender.post("/", LETTER | {"passphrase": PHRASE}))

    assert told_on(sender.get(other)) is None
    assert told_on(sender.get(own)) == PHRASE


def test_another_browser_is_not_shown_the_passphrase(service):
    sender, stranger = Visitor(service.url), Visitor(service.url)
    path = path_of(sender.post("/", LETTER | {"passphrase": PHRASE}))
    stranger.post(path)

    assert told_on(stranger.get(path)) is None
    assert PHRASE not in html.unescape(stranger.get(path).text)


@pytest.mark.parametrize("change", [lambda c: c[:-2], lambda c: "A" + c[1:], lambda _: "%", str])
def test_a_cookie_that_was_changed_shows_nothing(service, change):
    sender = Visitor(service.url)
    path = path_of(sender.post("/", LETTER | {"passphrase": PHRASE}))
    kept = sender.cookies["passphrase"]
    assert "blue" not in kept
    sender.cookies["passphrase"] = change(kept)
    page = sender.get(path)

    assert page.status == 200
    assert told_on(page) == (PHRASE if change is str else None)


def test_a_passphrase_too_long_for_a_cookie_is_sent_but_not_shown(service):
    sender = Visitor(service.url)
    fits, long = "\U0001f388" * 256, "\u1112\u1161\u11ab" * 256  # three signs to a syllable
    answers = [sender.post("/", LETTER | {"passphrase": one}) for one in (long, fits)]

    assert [answer.status for answer in answers] == [303, 303]
    assert "passphrase=" not in str(answers[0].headers)
    assert told_on(sender.get(path_of(answers[0]))) is None
    assert told_on(sender.get(path_of(answers[1]))) == fits
