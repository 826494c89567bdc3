"""Countries in words."""

import pytest
from flask import Flask, g

from restante import i18n
from webapp.texts.country import WITH_ARTICLE, country


@pytest.mark.parametrize(
    ("language", "code", "words"),
    [
        ("en", "ES", "Spain"),
        ("en", "GB", "the United Kingdom"),
        ("en", "ZZ9", "ZZ9"),
        ("es", "US", "Estados Unidos"),
    ],
)
def test_a_country_is_named_in_the_page_s_language(language, code, words):
    with Flask(__name__).test_request_context():
        g.language = i18n.spoken(language)
        said = country(code)

    assert said == words


def test_whatever_english_gives_an_article_is_a_code():
    assert all(len(code) == 2 and code.isupper() for code in WITH_ARTICLE)
