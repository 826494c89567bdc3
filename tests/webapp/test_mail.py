"""The mail around a link: card, text, `mailto:` and draft, with hostile words in all of them."""

from dataclasses import replace
from email import message_from_bytes, policy
from email.header import decode_header, make_header
from html.parser import HTMLParser
from urllib.parse import parse_qs, urlsplit

import pytest
from flask import Flask
from hypothesis import HealthCheck, example, given
from hypothesis import settings as rules
from hypothesis import strategies as st

from restante import i18n
from restante.details import Details
from restante.email_address import mailbox
from restante.reports import Status
from restante.safe_text import one_line
from tests.core.test_safe_text import NAMES
from webapp.http.i18n import CHOICE
from webapp.sender import mail

AT, DAY = 1_790_000_000_000, 86_400_000
ADDRESS = "https://letters.example/m/LABC6IHnmQNl0GIXd4nnUbQwEZzaJ4DMtBg"
STATUS = Status(
    message_id=bytes(16),
    details=Details(subject="The safe"),
    views=1,
    needs_passphrase=False,
    sent_at=AT,
    opens_at=AT,
    expires_at=AT + DAY,
    version=1,
    links=(),
    events=(),
    looks=(),
    at=AT,
)
HOSTILE = (
    "x\r\nBcc: eve@example.org",
    "x\n\nbody",
    "x\r\n\r\n--===============",
    "=?utf-8?q?x=0D=0ABcc=3A_eve=40example=2Eorg?=",
    "\u2028Bcc: eve@example.org",
    "\x85Bcc: eve@example.org\x1c\x0b",
    '"></a><script>alert(1)</script>',
    "{address} {0} %(time)s %s",
    "&lt;b&gt;",
    "javascript:alert(1)",
    "&body=hidden&bcc=eve@example.org#",
    "a" * 200,
    "é" * 200,
)
hostile = st.sampled_from(HOSTILE) | st.text(max_size=200).filter(lambda s: not _has_surrogate(s))
words = rules(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


def _has_surrogate(text):
    return any(0xD800 <= ord(c) < 0xE000 for c in text)


@pytest.fixture(autouse=True)
def language():
    app = Flask(__name__)
    app.extensions[CHOICE] = lambda: i18n.spoken("en")
    with app.app_context():
        yield


def written(subject="The safe", accent=None, **fields):
    return mail.write(replace(STATUS, details=Details(subject=subject), **fields), accent)


class Reader(HTMLParser):
    """Tags with attributes, and the text between them."""

    def __init__(self, html):
        super().__init__()
        self.tags, self.said = [], []
        self.feed(html)
        self.close()

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data):
        self.said.append(data)


def parts(raw):
    """Return a draft as Python's e-mail package reads it; nothing in it has a defect."""
    found = message_from_bytes(raw, policy=policy.default)
    for part in found.walk():
        assert part.defects == []
        for name in part:
            for value in part.get_all(name):
                assert list(value.defects) == [], (name, value)
    return found


@words
@given(hostile)
@example(NAMES["a family"])
def test_no_subject_adds_a_header_or_a_tag_to_a_draft(subject):
    its = written(subject)
    found = parts(mail.eml("Ana <ana@example.com>", its, ADDRESS))
    text, html = (found.get_body((kind,)).get_content() for kind in ("plain", "html"))
    card = Reader(html)

    assert sorted(found.keys()) == ["Content-Type", "MIME-Version", "Subject", "To", "X-Unsent"]
    assert str(found["X-Unsent"]) == "1"
    assert one_line(str(found["Subject"])) == (one_line(subject) or "A message for you")
    assert str(found["To"]) == "Ana <ana@example.com>"
    assert ADDRESS in text.split("\n")
    assert {tag for tag, _ in card.tags} == {"html", "head", "meta", "body", *CARD_TAGS}
    assert [attrs["href"] for tag, attrs in card.tags if tag == "a"] == [ADDRESS, ADDRESS]


CARD_TAGS = {"table", "tr", "td", "p", "a", "br"}


@words
@given(hostile)
def test_no_recipient_adds_a_header_to_a_draft(recipient):
    for label in (recipient, f"{recipient} <ana@example.com>"):
        found = parts(mail.eml(label, written(), ADDRESS))

        assert set(found.keys()) <= {"Content-Type", "MIME-Version", "Subject", "To", "X-Unsent"}
        assert [a.addr_spec for a in getattr(found["To"], "addresses", ())] in (
            [],
            ["ana@example.com"],
        )


def decoded(raw, name):
    """Return a header's words as RFC 2047 reads them: Python's `addresses` puts blanks in."""
    return str(make_header(decode_header(message_from_bytes(raw)[name])))


MAILABLE = {script: name for script, name in NAMES.items() if mailbox(f"{name} <a@b.example>")}


@pytest.mark.parametrize("name", MAILABLE.values(), ids=MAILABLE)
def test_a_name_of_any_script_is_read_from_a_draft_as_it_was_written(name):
    raw = mail.eml(f"{name} <ana@example.com>", written(name), ADDRESS)
    its = parts(raw)["To"].addresses

    assert [one.addr_spec for one in its] == ["ana@example.com"]
    assert decoded(raw, "To") == f"{one_line(name)} <ana@example.com>"
    assert decoded(raw, "Subject") == one_line(name)


def test_every_line_of_a_draft_is_ascii_ends_with_crlf_and_is_short():
    raw = mail.eml("Ünal Gökçe <g@example.org>", written("é" * 200), ADDRESS)

    assert raw.isascii()
    assert raw.count(b"\n") == raw.count(b"\r\n")
    assert max(map(len, raw.split(b"\r\n"))) <= 78


@words
@given(hostile)
def test_a_mailto_has_one_subject_and_one_body(subject):
    its = written(subject)
    url = urlsplit(mail.mailto("Ana <ana+x@example.com>", its, ADDRESS))
    fields = parse_qs(url.query, keep_blank_values=True, strict_parsing=True)

    assert (url.scheme, url.path, url.fragment) == ("mailto", "ana%2Bx@example.com", "")
    assert fields == {
        "subject": [its.subject],
        "body": [its.text(ADDRESS).replace("\n", "\r\n")],
    }
    assert "\n" not in its.subject
    assert mail.mailto("Ana", its, ADDRESS).startswith("mailto:?subject=")


def test_the_card_is_of_tables_and_inline_styles_with_the_bare_address_in_it():
    card = Reader(written().card(ADDRESS))
    said = " ".join(card.said)

    assert {tag for tag, _ in card.tags} == CARD_TAGS
    assert not any({"class", "id", "onclick", "src"} & attrs.keys() for _, attrs in card.tags)
    assert ADDRESS in card.said
    assert "If the button does not work" in said
    assert "until 22 September 2026, 14:13 UTC" in said
    assert "It opens only once." in said


def test_the_mail_says_what_is_so_of_the_message():
    later = written(opens_at=AT + DAY // 2, views=3, needs_passphrase=True).text(ADDRESS)

    assert "You can open it from 22 September 2026, 02:13 UTC." in later
    assert "only once" not in later
    assert "It has a passphrase, which is not in this mail." in later


def test_a_mail_says_nothing_of_a_pause():
    far = 100 * 365 * DAY
    assert written(opens_at=AT + far, paused_at=AT).text(ADDRESS) == written().text(ADDRESS)


def test_the_button_has_the_operators_colour_and_can_be_read_on_it():
    plain, branded = written().card(ADDRESS), written(accent="#ffee00").card(ADDRESS)

    assert 'bgcolor="#a8281f"' in plain
    assert "#a8281f" not in branded
