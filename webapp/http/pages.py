"""Renders pages; each is compiled once for each language, at its first use (`page_compiler.py`)."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any, cast

from flask import current_app
from jinja2 import Environment, Template
from markupsafe import Markup

from restante import i18n
from webapp.http.i18n import current
from webapp.http.page_compiler import PageCompiler
from webapp.http.routes import Routes

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from flask import Flask
    from jinja2 import BaseLoader

    from restante.i18n import Language

EXTENSION = "pages"
CONSTANTS = frozenset(
    {
        *("_", "ngettext", "duration", "language", "languages"),
        *("accent", "logo", "settings", "static", "url_for"),
    }
)
"""Globals that are the same for every request in one language: values, and functions whose result
depends on their arguments only.  A new one that looks at the request must not be added."""


def render(name: str, **values: Any) -> str:  # noqa: ANN401 (what a template prints)
    """Return a page in the visitor's language."""
    pages = cast("Mapping[str, Pages]", current_app.extensions[EXTENSION])
    return pages[current().code].page(name).render(values)


def init_app(app: Flask) -> None:
    """Prepare the pages of every language; the globals of `app.jinja_env` are theirs, too."""
    assert app.jinja_env.loader
    routes = Routes(app)
    app.extensions[EXTENSION] = {
        language.code: Pages(
            language,
            app.jinja_env.loader,
            app.jinja_env.filters,
            app.jinja_env.globals | {"url_for": routes.address},
        )
        for language in i18n.known().values()
    }


class Pages:
    """The pages in one language."""

    def __init__(
        self,
        language: Language,
        loader: BaseLoader,
        filters: Mapping[str, Callable[..., Any]],
        names: Mapping[str, Any],
    ) -> None:
        environment = Environment(loader=loader, autoescape=True)
        environment.filters.update(filters)
        environment.globals = {
            **names,
            "_": partial(_gettext, language),
            "ngettext": partial(_ngettext, language),
            "duration": language.duration,
            "language": language,
            "languages": tuple(i18n.known().values()),
        }
        constants = {name: environment.globals[name] for name in CONSTANTS}
        self._environment = environment
        self._compiler = PageCompiler(environment, constants)
        self._compiled: dict[str, Template] = {}

    def page(self, name: str) -> Template:
        if name not in self._compiled:
            code = self._environment.compile(self._compiler.page(name), name, name)
            self._compiled[name] = Template.from_code(
                self._environment, code, self._environment.globals
            )
        return self._compiled[name]


def _gettext(language: Language, text: str, **values: object) -> Markup:
    return Markup(language.catalogue.gettext(text)) % values  # noqa: S704 (our own words)


def _ngettext(language: Language, one: str, many: str, num: int, **values: object) -> Markup:
    said = language.catalogue.ngettext(one, many, num)
    return Markup(said) % {"num": num, **values}  # noqa: S704 (our own words)
