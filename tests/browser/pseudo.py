"""Languages for tests whose words are ours in brackets: what stands outside is not translated."""

from __future__ import annotations

import re
import shutil
from gettext import NullTranslations
from typing import TYPE_CHECKING, Any

from babel import Locale
from babel.messages.catalog import Catalog

from restante.i18n import CATALOGUE, Language
from tests.support import translations
from tests.support.api import Api, Visitor
from tests.support.processes import ROOT, Service
from webapp.sender.compose import EXPIRIES, HOLDS

if TYPE_CHECKING:
    from pathlib import Path

    from playwright.sync_api import Browser, BrowserContext

PARTS = ("restante", "webapp", "worker", "templates", "gunicorn.conf.py", "Procfile")
BRACKETED, RIGHT_TO_LEFT = "en_AU", "ar"
SINGULAR = {BRACKETED: 0, RIGHT_TO_LEFT: 1}
"""Which of their plural forms is that of one."""

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


def escaped(found: list[str], code: str = BRACKETED) -> set[str]:
    """Return what stands outside of brackets and has letters in it."""
    its = Language(code, Locale.parse(code), NullTranslations())
    durations = {its.duration(seconds) for seconds in (*EXPIRIES, *HOLDS)}
    words = set()
    for text in found:
        left = text
        while left != (left := re.sub(r"⟦[^⟦⟧]*⟧", " ", left)):
            pass
        if re.search(r"[^\W\d_]", left) and left.strip() not in durations:
            words.add(left.strip())
    return words


def bracketed(code: str) -> str:
    """Return a catalogue in which every text is itself, in brackets."""
    catalogue = Catalog(code)
    for message in translations.extracted():
        if isinstance(message.id, str):
            said = f"⟦{message.id}⟧"
        else:
            said = tuple(
                f"⟦{message.id[n != SINGULAR[code]]}⟧" for n in range(catalogue.num_plurals)
            )
        if message.id:
            catalogue.add(message.id, said)
    return translations.written(catalogue)


def checkout(folder: Path) -> None:
    """Make a copy of what is installed, with two languages more."""
    for part in PARTS:
        whole = ROOT / part
        if whole.is_dir():
            shutil.copytree(whole, folder / part, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(whole, folder / part)
    for code in (BRACKETED, RIGHT_TO_LEFT):
        catalogue = folder / "translations" / code / CATALOGUE
        catalogue.parent.mkdir(parents=True)
        catalogue.write_text(bracketed(code), "utf-8")


def services_of(folder: Path) -> type[Service]:
    """Return what starts services from a checkout."""

    class Copied(Service):
        def __init__(self, *arguments: Any, **options: Any) -> None:
            super().__init__(*arguments, **options)
            self.cwd = folder

    return Copied


class Abroad:
    """A browser whose people all want the language in brackets."""

    def __init__(self, browser: Browser) -> None:
        self._browser = browser

    def new_context(self, **options: Any) -> BrowserContext:
        context = self._browser.new_context(locale=BRACKETED.replace("_", "-"), **options)
        context.set_default_timeout(10_000)
        return context


def bare(text: str) -> str:
    """Return what a text is without its brackets."""
    return re.sub("[⟦⟧]", "", text)


def errors_in(browser: Browser, service: Service) -> dict[str, set[str]]:
    """Return what escapes on pages to which no browser comes by itself; from right to left."""
    visitor = Visitor(service.url, {"Accept-Language": RIGHT_TO_LEFT})
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
            assert f'<html lang="{RIGHT_TO_LEFT}" dir="rtl">' in answer.text
            page.set_content(answer.text)
            if words := escaped(page.evaluate(READ), RIGHT_TO_LEFT):
                found[name] = words
    return found
