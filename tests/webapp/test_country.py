"""Countries in words."""

import pytest
from flask import Flask, g

from restante import i18n
from webapp.texts import events


@pytest.mark.parametrize(
    ("language", "code", "words"),
    [
        ("en", "ES", "Spain"),
        ("en", "GB", "United Kingdom"),
        ("en", "ZZ9", "ZZ9"),
        ("es", "US", "Estados Unidos"),
    ],
)
def test_a_country_is_named_in_the_page_s_language(language, code, words):
    with Flask(__name__).test_request_context():
        g.language = i18n.spoken(language)
        said = events.evidence({"country": code})

    assert said == words
