"""Pages in other languages: no word that is not translated, both directions, and Spanish."""

import re
import shutil
from gettext import NullTranslations

import pytest
from babel import Locale
from babel.messages.catalog import Catalog

from restante.i18n import CATALOGUE, Language
from tests.browser import tour
from tests.browser.probe import NARROW, WIDE
from tests.support import translations
from tests.support.api import Api, Visitor
from tests.support.processes import ROOT, Service
from webapp.sender.compose import EXPIRIES, HOLDS

PARTS = ("restante", "webapp", "worker", "templates", "gunicorn.conf.py", "Procfile")
PSEUDO = "ar"
"""A language that is written from right to left; its words are ours in brackets."""

READ = """
() => {
  const whole = document.documentElement.cloneNode(true);
  const theirs = "bdi, blockquote, .letter, .said, code, textarea, time, .languages, .top, script,"
    + " #all-links, pre[id^=mail-], #card, samp, .in-fold[translate=no]";
  // A mail begins with the sender's subject and has the link.
  const mails = [...whole.querySelectorAll("pre[id^=mail-]")].flatMap((mail) =>
    mail.textContent.split("\\n").filter((line) => !/^http|^The side door$/.test(line)));
  for (const one of whole.querySelectorAll(theirs)) one.remove();
  whole.querySelector("title").remove();
  const found = [document.title.replace(/ · Restante$/, ""), ...mails];
  for (const name of ["title", "placeholder", "aria-label", "alt", "data-label", "data-done",
                      "data-over"]) {
    for (const one of whole.querySelectorAll(`[${name}]`)) found.push(one.getAttribute(name));
  }
  for (const one of document.querySelectorAll("time[title]")) found.push(one.title);
  const walk = (node) => {
    const whole = "p, h1, h2, h3, li, dt, dd, label, summary, button, a, option, figcaption";
    if (node.matches?.(whole)) {
      found.push(node.textContent);
    } else if (node.nodeType === Node.TEXT_NODE) found.push(node.data);
    else for (const child of node.childNodes) walk(child);
  };
  walk(whole);
  return found;
}
"""
"""All that our page says, but for what people wrote and for times."""


def escaped(found):
    """Return what stands outside of brackets and has letters in it."""
    its = Language(PSEUDO, Locale.parse(PSEUDO), NullTranslations())
    durations = {its.duration(seconds) for seconds in (*EXPIRIES, *HOLDS)}
    words = set()
    for text in found:
        left = text
        while left != (left := re.sub(r"⟦[^⟦⟧]*⟧", " ", left)):
            pass
        if re.search(r"[^\W\d_]", left) and left.strip() not in durations:
            words.add(left.strip())
    return words


def pseudo():
    """Return a catalogue in which every text is itself, in brackets."""
    catalogue = Catalog(PSEUDO)
    for message in translations.extracted():
        if isinstance(message.id, str):
            said = f"⟦{message.id}⟧"
        else:
            said = tuple(f"⟦{message.id[n != 1]}⟧" for n in range(catalogue.num_plurals))
        if message.id:
            catalogue.add(message.id, said)
    return translations.written(catalogue)


@pytest.fixture(scope="module")
def checkout(tmp_path_factory):
    """A copy of what is installed, with a language more."""
    folder = tmp_path_factory.mktemp("checkout")
    for part in PARTS:
        whole = ROOT / part
        if whole.is_dir():
            shutil.copytree(whole, folder / part, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(whole, folder / part)
    catalogue = folder / "translations" / PSEUDO / CATALOGUE
    catalogue.parent.mkdir(parents=True)
    catalogue.write_text(pseudo(), "utf-8")
    return folder


class Abroad:
    """A browser whose people all want one language."""

    def __init__(self, browser, locale):
        self._browser, self._locale = browser, locale

    def new_context(self, **options):
        context = self._browser.new_context(locale=self._locale, **options)
        context.set_default_timeout(10_000)
        return context


@pytest.fixture(scope="module")
def toured(browser, checkout, tmp_path_factory):
    """What was found on a tour of the pages in a language from right to left."""
    words, spills, directions = {}, [], set()

    class Copied(Service):
        def __init__(self, *arguments, **options):
            super().__init__(*arguments, **options)
            self.cwd = checkout

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(tour, "Service", Copied)
        with Copied(tmp_path_factory.mktemp("abroad"), **tour.SETTINGS) as service:
            for name, page in tour.pages(Abroad(browser, PSEUDO), service):
                page.locator("main").wait_for()
                page.wait_for_load_state()
                directions.add(page.locator("html").get_attribute("dir"))
                if found := escaped(page.evaluate(READ)):
                    words[name] = found
                for size in (NARROW, WIDE):
                    page.set_viewport_size(size)
                    if page.evaluate("document.documentElement.scrollWidth > innerWidth"):
                        spills.append((name, size["width"]))
            words |= errors_in(browser, service)
    return {"words": words, "spills": spills, "directions": directions}


def errors_in(browser, service):
    """Return what escapes on pages that a browser does not come to by itself."""
    visitor = Visitor(service.url, {"Accept-Language": PSEUDO})
    foreign = {"Sec-Fetch-Site": "cross-site"}
    sent = Api(service.url).send("x", hold=60)
    answers = {
        "405": visitor.ask("PUT", "/"),
        "413": visitor.post("/permit", {"permit": "x" * 100_000}),
        "foreign": visitor.post("/", {"text": "x"}, **foreign),
        "permit": visitor.post("/permit/forget", {}, **foreign),
        "held": visitor.post(f"/m/{sent.link}", {}),
        "media": visitor.ask("POST", f"/s/{sent.control}/recall", headers={"Content-Type": "a/b"}),
        "nowhere": visitor.get("/nowhere"),
    }
    with browser.new_context(java_script_enabled=True) as context:
        page, found = context.new_page(), {}
        for name, answer in answers.items():
            assert f'<html lang="{PSEUDO}" dir="rtl">' in answer.text
            page.set_content(answer.text)
            if words := escaped(page.evaluate(READ)):
                found[name] = words
    return found


def test_no_word_on_any_page_escapes_translation(toured):
    assert toured["words"] == {}


def test_no_page_scrolls_sideways_from_right_to_left(toured):
    assert toured["directions"] == {"rtl"}
    assert toured["spills"] == []
