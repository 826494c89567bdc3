"""What may stand in a name: all that people are called, and nothing that hides or reorders."""

import sys
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from restante.safe_text import JOINERS, SELECTORS, is_fit

NAMES = {
    "Arabic": "محمد بن عبد الله",
    "Arabic, with a sign of years": "\u0601 ١٤٤٥",
    "Persian": "علی\u200cرضا می\u200cنویسد",
    "Hebrew": "שָׁלוֹם עֲלֵיכֶם",
    "Hindi": "श्री लक्ष्मी शर्मा",
    "Hindi, letters kept apart": "क्\u200cष",
    "Bengali": "র\u200d্যাব",
    "Sinhala": "ශ්\u200dරී",
    "Malayalam, old": "രാജന്\u200d",
    "Kannada": "ಎನ್\u200c. ರಾವ್",
    "Thai": "สมชาย",
    "Japanese, one of several shapes": "葛\U000e0100城",
    "Mongolian": "ᠮᠣᠩᠭᠣᠯ\u180b",
    "Korean": "김민준",
    "a family": "\U0001f468\u200d\U0001f469\u200d\U0001f467\u200d\U0001f466",
    "a heart": "\u2764\ufe0f",
    "people in love": "\U0001f469\U0001f3fd\u200d\u2764\ufe0f\u200d\U0001f48b\u200d\U0001f468",
    "a rainbow": "\U0001f3f3\ufe0f\u200d\U0001f308",
    "a nod": "\U0001f642\u200d\u2195\ufe0f",
    "a flag": "\U0001f1ea\U0001f1f8",
    "a key": "1\ufe0f\u20e3",
    "mixed": "Dana (דנה) <d@x>, Zoë & 李小龍",
    "one letter": "Y",
    "a space inside": "Ana\u00a0María\u3000O",
    "of tomorrow's Unicode": "\U0001faef",
}
INVISIBLE = {
    "space": " ", "no-break space": "\u00a0", "ideographic space": "\u3000", "en quad": "\u2000",
    "zero width space": "\u200b", "word joiner": "\u2060", "byte order mark": "\ufeff",
    "soft hyphen": "\u00ad", "Hangul filler": "\u3164", "Hangul half-width filler": "\uffa0",
    "Hangul initial filler": "\u115f", "Hangul vowel filler": "\u1160",
    "empty braille": "\u2800", "grapheme joiner": "\u034f", "Khmer vowel": "\u17b4",
    "Mongolian vowel separator": "\u180e", "invisible times": "\u2062",
    "null notehead": "\U0001d159", "musical begin beam": "\U0001d173", "object": "\ufffc",
    "Khitan filler": "\U00016fe4", "joiner": "\u200d", "non-joiner": "\u200c",
    "selector": "\ufe0f", "selector of kanji": "\U000e0100", "reserved": "\u2065",
    "reserved for tags": "\U000e0fff",
}  # fmt: skip
REORDERING = (
    "\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"
    "\u206a\u206b\u206c\u206d\u206e\u206f\ufff9\ufffa\ufffb\U000e0001\U000e0041\U000e007f"
)
SPACES_AND_BOUND = {" ", "\u00a0", "\u3000", "\u2000", *JOINERS, *SELECTORS}
DEFAULT_IGNORABLE = [
    *(0x00AD, 0x034F, 0x061C, 0x115F, 0x1160, 0x17B4, 0x17B5),
    *(*range(0x180B, 0x1810), *range(0x200B, 0x2010), *range(0x202A, 0x202F)),
    *(*range(0x2060, 0x2070), 0x3164, *range(0xFE00, 0xFE10), 0xFEFF, 0xFFA0),
    *(*range(0xFFF0, 0xFFF9), *range(0x1BCA0, 0x1BCA4), *range(0x1D173, 0x1D17B)),
    *range(0xE0000, 0xE1000),
]
"""DerivedCoreProperties.txt of Unicode 15.1."""


@pytest.mark.parametrize("name", NAMES.values(), ids=NAMES)
def test_what_people_are_called_is_fit(name):
    assert is_fit(name)
    assert is_fit(unicodedata.normalize("NFC", name))


@pytest.mark.parametrize("sign", INVISIBLE.values(), ids=INVISIBLE)
def test_what_shows_nothing_is_no_name_alone_and_hides_in_none(sign):
    assert not is_fit(sign)
    assert not is_fit(sign * 3)
    assert not is_fit(f" {sign} ")
    assert is_fit(f"A{sign}b") == (sign in SPACES_AND_BOUND)


@pytest.mark.parametrize("sign", REORDERING, ids=lambda sign: f"U+{ord(sign):04X}")
def test_what_reorders_or_tags_is_refused_wherever_it_stands(sign):
    for label in (sign, f"{sign}Ana", f"Ana{sign}", f"שלום{sign}Ana", f"\U0001f3f4{sign}"):
        assert not is_fit(label)


@pytest.mark.parametrize("joiner", sorted(JOINERS), ids=["ZWNJ", "ZWJ"])
def test_a_joiner_stands_between_what_is_seen(joiner):
    for label in (
        f"{joiner}Ana", f"Ana{joiner}", f"Ana{joiner} B", f"Ana {joiner}B", f"A{joiner}{joiner}na",
        f"A{joiner}\ufe0fb", f"शर्मा{joiner}", f" {joiner} A", f"श्{joiner}{joiner}",
    ):  # fmt: skip
        assert not is_fit(label), ascii(label)


def test_selectors_do_not_pile_up():
    """Each of 256 could stand for a byte of something that nobody sees."""
    assert not is_fit("A\ufe0f\ufe0f")
    assert not is_fit("A\U000e0100\U000e0101")
    assert not is_fit("\ufe0fA")
    assert not is_fit("A \ufe0f")


def test_a_mark_alone_is_no_name():
    assert not is_fit("\u0301")
    assert not is_fit(" \u0308\u0301")


def test_every_code_point_that_programs_ignore_is_refused_or_bound():
    for code in DEFAULT_IGNORABLE:
        sign = chr(code)
        assert not is_fit(sign), hex(code)
        assert is_fit(f"A{sign}b") == (sign in JOINERS | SELECTORS), hex(code)


def test_every_format_and_every_bidirectional_control_is_refused_or_seen():
    seen = {c for c in map(chr, range(sys.maxunicode + 1)) if is_fit(f"A{c}b")} - JOINERS

    formats = {c for c in seen if unicodedata.category(c) == "Cf"}
    # They have a shape, and stand before digits: years, verses, pages.
    assert all(unicodedata.bidirectional(c) in {"AN", "AL", "L"} for c in formats)
    assert len(formats) == 13
    assert not {unicodedata.bidirectional(c) for c in seen} & {
        *("LRE", "RLE", "LRO", "RLO", "PDF", "LRI", "RLI", "FSI", "PDI", "B", "BN"),
    } - {"BN"}
    assert {c for c in seen if unicodedata.bidirectional(c) == "BN"} <= {
        chr(plane * 0x10000 + last) for plane in range(17) for last in (0xFFFE, 0xFFFF)
    } | set(map(chr, range(0xFDD0, 0xFDF0)))


@given(st.text(max_size=40))
def test_a_fit_label_is_fit_in_its_normal_form_too(label):
    if is_fit(label):
        assert is_fit(unicodedata.normalize("NFC", label))


@pytest.mark.parametrize("letter", ["Z", "\u05e9", "\U0001f600"])
def test_a_letter_has_so_many_marks_as_languages_need_and_no_tower_of_them(letter):
    marks = "\u0315\u0321\u0336\u0348\u0353\u0489\u0352"

    assert is_fit(letter + marks[:6] + "a" + marks[:6])
    assert not is_fit(letter + marks)
