"""What browsers, input methods and editors make of what people type; and what comes back."""

from urllib.parse import quote

import pytest

from tests.support.api import Api, Visitor, form_of, new_reader_key

KEY = "-----BEGIN KEY-----\nMHcCAQ\tEE\n\n  IGs=  \n-----END KEY-----\n"


@pytest.fixture
def sender(service):
    return Visitor(service.url)


def sent_by_form(sender, **fields):
    page = sender.get("/")
    return sender.post("/", form_of(page, "/") | {"text": "x"} | fields)


def first_link(sender, answer):
    control = answer.headers["Location"].rpartition("/")[2]
    return control, sender.get(f"/s/{control}")


@pytest.mark.parametrize("ends", ["\r\n", "\n", "\r"], ids=ascii)
def test_a_key_pasted_into_the_form_comes_back_as_it_was_by_every_way(service, sender, ends):
    sent = sent_by_form(sender, text=KEY.replace("\n", ends))
    control = sent.headers["Location"].rpartition("/")[2]
    api = Api(service.url)
    message = api.message(control)
    text = api.reveal(message["links"][0]["url"].rpartition("/")[2], new_reader_key()).json["text"]

    assert text == KEY


def test_a_text_replaced_by_the_form_has_its_line_ends_too(service, sender):
    sent = sent_by_form(sender)
    control = sent.headers["Location"].rpartition("/")[2]
    page = sender.get(f"/s/{control}")
    replaced = sender.post(
        f"/s/{control}/replace", form_of(page, "/replace") | {"text": KEY.replace("\n", "\r\n")}
    )
    api = Api(service.url)
    link = api.message(control)["links"][0]["url"].rpartition("/")[2]

    assert replaced.status == 303
    assert api.reveal(link, new_reader_key()).json["text"] == KEY


@pytest.mark.parametrize(
    "nothing", [" ", "\r\n\t", "\u200b", "\u2800\u3164", "\0", "\ufeff"], ids=ascii
)
def test_a_text_that_shows_nothing_is_not_sent_by_a_page(sender, nothing):
    answer = sent_by_form(sender, text=nothing, subject="kept")

    assert answer.status == 422
    assert "Write the message first." in answer.text
    assert form_of(answer, "/")["subject"] == "kept"


@pytest.mark.parametrize(("views", "status"), [
    ("\uff12", 303), ("\u0663", 303), (" 2 ", 303), ("1.5", 422), ("1,0", 422), ("two", 422),
])  # fmt: skip
def test_numbers_in_any_digits_count_and_parts_of_one_do_not(sender, views, status):
    assert sent_by_form(sender, views=views).status == status


def test_blanks_in_names_are_kept_as_one(service, sender):
    sent = sent_by_form(
        sender, **{"from": "Ana \u00a0\u2003 Ruiz", "recipients": "Bob\u3000\u3000Lee"}
    )
    control = sent.headers["Location"].rpartition("/")[2]
    message = Api(service.url).message(control)

    assert (message["from"], message["links"][0]["recipient"]) == ("Ana Ruiz", "Bob Lee")


def test_no_field_of_a_page_cuts_what_is_typed_into_it(service, sender):
    """`maxlength` counts UTF-16, and drops the rest without a word."""
    long = "\U0001f600" * 200
    answer = sent_by_form(sender, **{"from": long, "subject": long, "passphrase": long + "p" * 56})
    too_long = sent_by_form(sender, subject=long + "x", text="kept")

    assert answer.status == 303
    assert too_long.status == 422
    assert form_of(too_long, "/")["subject"] == long + "x"
    for page in (sender.get("/"), too_long):
        assert "maxlength" not in page.text


def test_what_comes_back_cut_is_said_to_be(sender):
    answer = sent_by_form(sender, subject="x" * 5_000, recipients="Ana\n" * 20_000)

    assert answer.status == 422
    assert answer.text.count("Its end is missing here: it was far too long.") == 2


@pytest.mark.parametrize("host", ["127.0.0.1.", "localhost."])
def test_a_host_with_a_final_dot_is_the_same_host(service, host):
    port = service.url.rpartition(":")[2]
    api = Api(service.url, headers={"Host": f"{host}:{port}"})

    assert api.ask("GET", "/").status == 200
    assert api.send("x").link


def test_json_with_a_byte_order_mark_is_read(service):
    raw = b'\xef\xbb\xbf{"text": "x"}'
    answer = Api(service.url).ask(
        "POST", "/api/v1/messages", raw, headers={"Content-Type": "application/json"}
    )

    assert answer.status == 201


@pytest.mark.parametrize("charset", ["", "; charset=utf-8", "; charset=iso-8859-1"])
def test_a_form_in_another_charset_is_not_guessed_at(service, sender, charset):
    page = sender.get("/")
    form = {"Content-Type": f"application/x-www-form-urlencoded{charset}"}
    fine = sender.ask("POST", "/", form_of(page, "/") | {"text": "Zo\u00eb"}, form)
    other = Api(service.url).ask("POST", "/", b"text=Zo%EB", headers=form)

    assert fine.status == 303
    assert (other.status, "UTF-8" in other.text) == (400, True)


LITTER_BEFORE = (" ", "\u00a0", "\u200b", "\ufeff", "\u200e", "\u2066",
                 "*", "=", "=3D", ":", "/", "//", "\r\n", "=\r\n")  # fmt: skip
LITTER_INSIDE = ("\u00ad", "\u200b", "=\r\n", "=\n", "\r\n", "\n", "\r\n> ", " ", "=20\r\n")
LITTER_BEHIND = (
    ".",
    ">",
    "\u200b",
    "\r\n",
    "=\r\nand more",
    "/",
    "//",
    "*",
    "=3D",
    "&data=05%7C02",
)


@pytest.mark.parametrize("kind", ["m", "s"])
def test_a_link_that_other_programs_broke_is_found_by_its_page(service, kind):
    """By HTTP: what a route does not match, no spelling of a token can mend."""
    sent = Api(service.url).send("x")
    token = sent.link if kind == "m" else sent.control
    broken = [
        *(litter + token for litter in LITTER_BEFORE),
        *(token[:17] + litter + token[17:] for litter in LITTER_INSIDE),
        *(token + litter for litter in LITTER_BEHIND),
    ]
    found = {one: Visitor(service.url).get(f"/{kind}/{quote(one, safe='/:=')}") for one in broken}

    assert [one.replace(token, "…") for one, page in found.items() if page.status != 200] == []
    assert all(f"/{kind}/{token}" in page.text for page in found.values())
