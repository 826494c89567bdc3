"""Codes and numbers as keyboards, mail programs and people write them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from restante.details import Details
from restante.errors import CodeRequired, CodeWrong, Invalid
from restante.messages import Draft
from restante.typed_digits import only_digits, whole_number
from tests.core.test_mailed_codes import ask, house, other_than, read, sent, settled_letter_of  # noqa: F401

ZEROS = {
    "full-width": "\uff10", "Arabic-Indic": "\u0660", "Persian": "\u06f0", "Devanagari": "\u0966",
    "Bengali": "\u09e6", "Thai": "\u0e50", "mathematical": "\U0001d7ce",
}  # fmt: skip
LITTER = [
    "",
    " ",
    "\u00a0",
    "\u200b",
    "\ufeff",
    "\u200e",
    "\u00ad",
    "-",
    "\u2013",
    "\u2212",
    ".",
    "\u3002",
    "\n",
    "\t",
]


def in_digits_of(zero, code):
    return "".join(chr(ord(zero) + int(digit)) for digit in code)


@pytest.mark.parametrize("zero", ZEROS.values(), ids=ZEROS)
def test_digits_of_any_script_are_what_they_mean(zero):
    assert only_digits(in_digits_of(zero, "0123456789")) == "0123456789"


@given(st.text("0123456789", min_size=1, max_size=8), st.lists(st.sampled_from(LITTER), max_size=9))
def test_separators_and_unseen_signs_do_not_count(digits, litter):
    pairs = zip([*digits, ""], [*litter, *[""] * len(digits)], strict=False)

    assert only_digits("".join(other + digit for digit, other in pairs)) == digits


@pytest.mark.parametrize(
    "written", ["12a456", "O12345", "l23456", "12=34", "\u00bd", "12\U0001f600", "code"]
)
def test_what_is_no_digit_and_no_separator_is_no_code(written):
    assert only_digits(written) == ""


@pytest.mark.parametrize(("written", "number"), [
    ("7", 7), (" 12\u00a0", 12), ("\uff11\uff10", 10), ("\u0663", 3), ("007", 7),
    ("1.5", None), ("1 000", None), ("-1", None), ("+1", None), ("", None), ("1e3", None),
    ("\u00b2", 2), ("\u2460", 1), ("9" * 13, None),
])  # fmt: skip
def test_a_whole_number_is_not_put_together_from_parts(written, number):
    assert whole_number(written) == number


@pytest.mark.parametrize("spell", [
    lambda code: in_digits_of("\uff10", code), lambda code: in_digits_of("\u0966", code),
    lambda code: f"\u200b{code[:3]} - {code[3:]}.", "-".join,
], ids=["full-width", "Devanagari", "marks", "dashes"])  # fmt: skip
def test_a_mailed_code_opens_however_it_is_spelled(house, sent, spell):  # noqa: F811
    link = sent.links[0].token
    ask(house, link)
    code = settled_letter_of(house, sent).code

    assert read(house, link, spell(code)) == "the safe"


def test_what_cannot_be_a_code_is_a_fault_of_the_field_and_no_try(house, sent):  # noqa: F811
    link = sent.links[0].token
    ask(house, link)
    code = settled_letter_of(house, sent).code
    for written in ("12345", "1234567", "12345O", "the code", "\ud800"):
        with pytest.raises(Invalid) as caught:
            read(house, link, written)

        assert [fault.field for fault in caught.value.faults] == ["code"]
    with pytest.raises(CodeRequired):
        read(house, link, " ")
    tries = house.reading.preview(link, visitor="").tries_left
    with pytest.raises(CodeWrong) as wrong:
        read(house, link, other_than(code))

    assert wrong.value.tries_left == tries - 1
    assert read(house, link, code) == "the safe"


def test_a_code_where_none_is_asked_does_no_harm(house):  # noqa: F811
    link = house.sending.send(Draft("open", details=Details())).links[0].token

    assert read(house, link, "123456") == "open"
