"""Passphrases for the telephone, and the lists of words that they are made of."""

import math
import re
from collections import Counter
from itertools import combinations

import pytest

from restante.crypto.passphrases import spelled
from restante.made_passphrase import FOLDER, WORDS, is_made, known, make

LANGUAGES = sorted(path.stem for path in FOLDER.glob("*.txt"))
BY_EAR = (
    (r"qu|k", "k"), (r"c(?=[ei])|z", "s"), (r"g(?=[ei])", "j"), (r"gu(?=[ei])", "g"),
    (r"ch", "#"), (r"ll", "y"), (r"v", "b"), (r"h", ""), (r"c", "k"),
)  # fmt: skip
"""How Spanish words sound to most who speak it."""


def sound(word):
    for written, heard in BY_EAR:
        word = re.sub(written, heard, word)
    return word


def differ_in_one(one, two):
    """Tell whether one letter more, less or other makes one word of the other."""
    if len(one) > len(two):
        one, two = two, one
    at = next((n for n, (a, b) in enumerate(zip(one, two, strict=False)) if a != b), len(one))
    return len(two) - len(one) < 2 and one[at + (len(one) == len(two)) :] == two[at + 1 :]


def test_there_is_a_list_for_each_language_of_the_pages():
    assert LANGUAGES == ["en", "es"]


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_two_words_of_a_list_can_be_mistaken_for_each_other(language):
    words = known(language)

    assert len(set(words)) == len(words) == 512
    assert all(re.fullmatch(r"[a-z]{3,9}", word) for word in words)
    assert [pair for pair in combinations(words, 2) if differ_in_one(*pair)] == []
    if language == "es":
        assert [word for word, n in Counter(map(sound, words)).items() if n > 1] == []


def test_a_made_passphrase_has_more_than_50_bits():
    assert WORDS * math.log2(len(known("en"))) >= 50


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_made_passphrase_is_words_of_its_language_and_stays_as_it_is(language):
    made = [make(language) for _ in range(200)]

    assert {word for one in made for word in one.split()} <= set(known(language))
    assert len(set(made)) == 200
    assert all(is_made(one) and spelled(one) == one for one in made)
    # Each word can be anywhere: 1,200 draws of 512 words leave few out.
    assert len({word for one in made for word in one.split()}) > 400


def test_a_language_without_a_list_gets_english_words():
    assert set(make("pt_BR").split()) <= set(known("en"))


@pytest.mark.parametrize("typed", ["", "blue tin", "acorn actor album alley almond", "a " * 6])
def test_what_somebody_thought_of_is_not_made(typed):
    assert not is_made(typed)


def test_words_of_two_languages_are_not_made():
    english, spanish = known("en")[0], known("es")[0]
    assert not is_made(" ".join([english, spanish] * 3))
