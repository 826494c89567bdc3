"""What may be sent: bounds, normal forms, and characters that would deceive."""

from __future__ import annotations

import unicodedata
from dataclasses import fields, replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from restante import validation
from restante.details import Details
from restante.errors import TooLarge
from restante.messages import Draft
from restante.settings import DAY, Settings

SETTINGS = Settings()
GOOD = Draft("text")
COMPOSED, DECOMPOSED = "Zo\u00eb", "Zoe\u0308"


DETAILS = {one.name for one in fields(Details)}


def drafted(**changed: object) -> Draft:
    """Return a good draft with those fields changed, its own and those of its details."""
    its = {name: value for name, value in changed.items() if name in DETAILS}
    own = {name: value for name, value in changed.items() if name not in DETAILS}
    return replace(GOOD, details=replace(GOOD.details, **its), **own)


def faulty(**changed: object) -> list[str]:
    return [fault.field for fault in validation.draft_faults(drafted(**changed), SETTINGS)]


def reason_is_fine(reason: str | None) -> bool:
    return not list(validation.reason_faults(reason))


def passphrase_is_fine(passphrase: str) -> bool:
    return not list(validation.passphrase_faults(passphrase))


@pytest.mark.parametrize(
    ("language", "fine"),
    [
        ("en", True),
        ("es", True),
        (None, True),
        ("", False),
        ("EN", False),
        ("xx", False),
        ("e" * 9_999, False),
    ],
)
def test_a_language_is_one_that_we_speak(language, fine):
    assert faulty(language=language) == ([] if fine else ["language"])


def test_a_plain_draft_has_no_faults():
    assert faulty() == []
    assert faulty(recipients=("Ana", "Bob"), sender_name="Zoë", subject="Hi", passphrase="p") == []


def test_every_field_at_fault_is_named_at_once():
    fields = faulty(
        text="", recipients=("Ana", "", "a\nb"), sender_name="\0", subject="x" * 201, views=0,
        hold_seconds=-1, expires_in_seconds=0, passphrase="",
    )  # fmt: skip

    assert fields == [
        "text", "from", "subject", "recipients[1]", "recipients[2]", "views", "expires_in",
        "hold", "passphrase",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("field", "name", "fine", "wrong"),
    [
        ("views", "views", (1, 100), (0, -1, 101)),
        ("hold_seconds", "hold", (0, DAY), (-1, DAY + 1)),
        ("expires_in_seconds", "expires_in", (60, 365 * DAY), (59, 0, -1, 365 * DAY + 1, 10**18)),
        ("recipients", "recipients", ((), ("a",) * 100), (("a",) * 101,)),
    ],
)
def test_numbers_have_bounds(field, name, fine, wrong):
    for value in fine:
        assert faulty(**{field: value}) == []
    for value in wrong:
        assert faulty(**{field: value}) == [name]


@pytest.mark.parametrize("field", ["sender_name", "subject", "recipient", "reason"])
def test_a_label_has_bounds_in_its_normal_form(field):
    most = validation.REASON_MAX if field == "reason" else validation.LABEL_MAX

    def fine(label: str) -> bool:
        if field == "reason":
            return reason_is_fine(label)
        return not faulty(**({"recipients": (label,)} if field == "recipient" else {field: label}))

    assert fine("x")
    assert fine("x" * most)
    assert fine("e\u0308" * most)
    assert not fine("")
    assert not fine("x" * (most + 1))
    # One character that its normal form makes two of.
    assert not fine("\u0958" * (most // 2 + 1))


@pytest.mark.parametrize(
    "sign",
    ["\0", "\t", "\n", "\r", "\x1b", "\x7f",
     "\x85", "\u2028", "\u2029", "\ud800",
     "\u202a", "\u202b", "\u202c", "\u202d", "\u202e",
     "\u2066", "\u2067", "\u2068", "\u2069"],
)  # fmt: skip
def test_a_label_has_no_characters_that_break_lines_or_reorder_text(sign):
    assert faulty(subject=f"a{sign}b") == ["subject"]
    assert faulty(sender_name=sign) == ["from"]
    assert not reason_is_fine(f"a{sign}")


@pytest.mark.parametrize(
    "label", ["Zoë", "שלום", "日本", "\N{WINKING FACE}", "a b", "O'Neil <o@x>", "%0a"]
)
def test_a_label_may_be_anything_people_are_called(label):
    assert faulty(recipients=(label,), sender_name=label, subject=label) == []


def test_labels_are_kept_in_their_normal_form():
    assert validation.normal(DECOMPOSED) == COMPOSED
    assert validation.normal(None) is None
    assert validation.normal(" Ana \u00a0\u2003\u3000 Ruiz ") == "Ana Ruiz"
    assert validation.normal("Ana\u3000Ruiz\u00a0") == "Ana\u3000Ruiz"


def test_a_passphrase_has_bounds_in_its_normal_form_and_may_hold_anything():
    assert not passphrase_is_fine(" ")
    assert passphrase_is_fine(" a ")
    assert not passphrase_is_fine("\n\0\u202e")
    assert passphrase_is_fine("\n\0a\u202e")
    assert passphrase_is_fine("p" * 256)
    assert passphrase_is_fine("e\u0308" * 256)
    assert not passphrase_is_fine("")
    assert not passphrase_is_fine("p" * 257)
    assert not passphrase_is_fine("\ud800")


def test_a_text_is_anything_that_is_unicode():
    assert faulty(text="\0\r\n\u202e\ufeff") == []
    assert faulty(text="") == ["text"]
    assert faulty(text="a\ud800") == ["text"]
    assert faulty(text="\udc00\ud800") == ["text"]


def test_a_text_is_measured_in_bytes_and_never_normalised():
    assert validation.text_bytes(DECOMPOSED, 5) == DECOMPOSED.encode()
    assert validation.text_bytes("x" * 10, 10) == b"x" * 10
    for text, limit in (("x" * 11, 10), ("\u00eb" * 5 + "x", 10)):
        with pytest.raises(TooLarge) as caught:
            validation.text_bytes(text, limit)

        assert caught.value.limit == limit


@given(st.text())
def test_no_sentence_about_a_fault_echoes_what_was_given(text):
    draft = drafted(
        text=text, subject=text, sender_name=text, language=text, recipients=(text,),
        passphrase=text,
    )  # fmt: skip
    for fault in validation.draft_faults(draft, SETTINGS):
        assert len(text) < 10 or text not in fault.detail


@given(st.text(min_size=1, max_size=200))
def test_a_label_that_is_taken_is_taken_in_its_normal_form_too(label):
    if not faulty(subject=label):
        assert faulty(subject=unicodedata.normalize("NFC", label)) == []


@pytest.mark.parametrize("most", [200, 256, 500])
def test_marks_without_end_are_refused_before_anybody_sorts_them(most):
    """Sorting them takes time as the square of their number."""
    endless = "a" + "\u0301" * 300_000 + "\u0316" * 300_000
    found = {
        200: lambda: list(
            validation.draft_faults(Draft("x", details=Details(subject=endless)), Settings())
        ),
        256: lambda: list(validation.passphrase_faults(endless)),
        500: lambda: list(validation.reason_faults(endless)),
    }[most]()

    assert len(found) == 1
