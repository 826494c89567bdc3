"""What the catalogues hold, and how a language is found for somebody."""

import re
from datetime import UTC, datetime

import pytest

from restante import i18n
from restante.i18n import CATALOGUE, FOLDER
from tests.support import translations
from tests.support.processes import ROOT

CODES = sorted(path.parent.parent.name for path in FOLDER.glob(f"*/{CATALOGUE}"))
SAME = {"%(date)s, %(time)s UTC", "%(date)s, %(time)s (%(city)s)", "%(name)s: %(event)s"} | {
    "Token",
    "Tokens",
    "one byte",
}
"""Texts that other languages may say as English does."""
PLACE = re.compile(r"%\((\w+)\)s|%[^(]")
AT = datetime(2026, 3, 3, 14, 2, tzinfo=UTC)


def messages(code):
    """Return English and translated forms of every text that has words in a language."""
    catalogue = translations.updated(code)
    return [translations.texts_of(message) for message in catalogue if message.id]


@pytest.mark.parametrize("code", CODES)
def test_no_text_lacks_its_words(code):
    """`make messages` brings what is new into the catalogue; a person gives it words."""
    missing = translations.missing(translations.updated(code))

    assert missing == [], f"these have no words in translations/{code}: {missing}"


@pytest.mark.parametrize("code", CODES)
def test_every_catalogue_is_as_make_messages_leaves_it(code):
    kept = (FOLDER / code / CATALOGUE).read_text("utf-8")

    assert kept == translations.written(translations.updated(code)), "run `make messages`"


@pytest.mark.parametrize("code", CODES)
def test_what_a_text_leaves_open_its_translation_leaves_open_too(code):
    wrong = [
        (texts, said)
        for texts, said in messages(code)
        if {frozenset(PLACE.findall(form)) for form in said}
        - {frozenset(PLACE.findall(form)) for form in texts}
    ]

    assert wrong == []


@pytest.mark.parametrize("code", CODES)
def test_no_translation_is_two_that_were_glued_together(code):
    """A merge of two branches once kept both."""
    glued = re.compile(r"[.!?;][^\W\d_¿¡]|[a-z][¿¡]")
    known = ("e-mail", ".eml", ".txt", "example.com", ".json")
    wrong = [form for _, said in messages(code) for form in said if glued.search(form)]

    assert [form for form in wrong if not any(word in form for word in known)] == []


@pytest.mark.parametrize("code", CODES)
def test_nothing_is_said_in_english_by_mistake(code):
    assert {texts[0] for texts, said in messages(code) if set(texts) & set(said)} - SAME == set()


@pytest.mark.parametrize("code", CODES)
def test_no_page_has_a_text_that_would_be_taken_for_markup(code):
    """A page and `i18n.html` trust a translated text: an angle bracket must be `&lt;`."""
    trusting = {
        str(path.relative_to(ROOT))
        for path in (ROOT / "webapp").rglob("*.py")
        if re.search(r"import .*\bhtml\b", path.read_text("utf-8"))
    }
    pages = [
        message
        for message in translations.updated(code)
        if any(place.endswith(".html") or place in trusting for place, _ in message.locations)
    ]
    texts = [text for page in pages for forms in translations.texts_of(page) for text in forms]

    assert trusting >= {"webapp/texts/events.py", "webapp/texts/endings.py"}
    assert len(pages) > 100
    assert [text for text in texts if "<" in text] == []


def test_spanish_shouts_at_nobody_and_calls_everybody_tu():
    said = " ".join(form for _, forms in messages("es") for form in forms)

    assert not set("¡!") & set(said)
    assert re.findall(r"\b(?:usted|ustedes|su mensaje)\b", said, re.IGNORECASE) == []


@pytest.mark.parametrize("code", CODES)
def test_a_catalogue_tells_nothing_that_changes_by_itself(code):
    """Dates, tools and line numbers would make a difference of every run."""
    kept = (FOLDER / code / CATALOGUE).read_text("utf-8")

    assert re.findall(r"-Date:|Generated-By|^#: .*:\d|^#~|fuzzy", kept, re.MULTILINE) == []


@pytest.mark.parametrize(
    ("tags", "code"),
    [
        (["es"], "es"),
        (["es-MX", "en"], "es"),
        (["ES-419"], "es"),
        (["en-GB", "es"], "en"),
        (["fr", "es-ES", "en"], "es"),
        (["fr-CA", "tlh"], "en"),
        (["*"], "en"),
        ([], "en"),
        (["", "-", "__", "es\x00", "../es", "e" * 5_000], "en"),
    ],
)
def test_a_browser_gets_the_first_of_its_languages_that_is_known(tags, code):
    assert i18n.best(tags).code == code


@pytest.mark.parametrize(
    ("code", "moment", "durations", "country"),
    [
        (
            "en",
            "3 March 2026, 14:02 UTC",
            ["less than a minute", "1 minute", "2 hours", "7 days"],
            "Spain",
        ),
        (
            "es",
            "3 de marzo de 2026, 14:02 UTC",
            ["menos de un minuto", "1 minuto", "2 horas", "7 días"],
            "España",
        ),
    ],
)
def test_times_and_countries_are_said_as_the_language_says_them(code, moment, durations, country):
    its = i18n.spoken(code)

    assert its.moment(AT) == moment
    assert [its.duration(s) for s in (59, 119, 7_201, 7 * 86_400)] == durations
    assert (its.country("ES"), its.country("ZZ9")) == (country, "ZZ9")


def test_whoever_sends_e_mail_speaks_without_a_request():
    spanish = i18n.spoken("es")

    assert spanish.gettext("Open the message") == "Abrir el mensaje"
    assert spanish.gettext("It waits until %(time)s.", time="hoy") == "Espera hasta el hoy."
    assert spanish.ngettext("%(num)s look", "%(num)s looks", 3) == "3 visitas"
    assert i18n.spoken("tlh").gettext("Sealed") == i18n.spoken(None).gettext("Sealed")
    assert (spanish.tag, spanish.name, spanish.direction) == ("es", "Español", "ltr")


SCRIPTS = sorted((ROOT / "webapp" / "static").glob("*.js"))


@pytest.mark.parametrize("path", SCRIPTS, ids=lambda path: path.name)
def test_a_script_of_the_pages_has_no_words_of_its_own(path):
    """What it shows, the page has given it; a word has a space or a capital, a name has not."""
    script = path.read_text("utf-8")
    code = re.sub(r"^ *//.*$", "", script, flags=re.MULTILINE)
    literals = re.findall(r"\"([^\"\n]*)\"|'([^'\n]*)'|`([^`]*)`", code)
    said = {re.sub(r"\$\{[^}]*\}", "", "".join(one)) for one in literals}
    methods = {"GET", "HEAD", "POST", "PATCH", "DELETE"}
    given_to_the_browser = {"use strict", "Bearer ", *methods} & said
    selectors = {text for text in said if re.search(r"[\[:]", text)}

    assert {t for t in said - selectors if re.search(r"[A-Z ]", t)} == given_to_the_browser
    assert re.findall(r"(?:textContent|title|ariaLabel|innerHTML) = [\"'`]\w", code) == []


def test_the_style_knows_no_left_and_no_right():
    """What is written from right to left needs no style of its own."""
    style = (ROOT / "webapp" / "static" / "app.css").read_text("utf-8")
    physical = re.findall(
        r"(?:^|[{;\s])((?:(?:margin|padding|border|inset|scroll-\w+)-)?(?:left|right|top|bottom)"
        r"(?:-\w+)?|(?:min-|max-)?(?:width|height)|border-(?:top|bottom)-(?:left|right)-radius)\s*:",
        re.sub(r"@media \([^{]*\{", "", re.sub(r"/\*.*?\*/", "", style, flags=re.DOTALL)),
    )

    assert physical == []
    assert re.findall(r"(?:text-align|float|clear)\s*:\s*(?:left|right)", style) == []
