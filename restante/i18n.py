"""Languages: catalogues, and how times, durations and country names are written.

English is in the code.  Every other language is a folder below `translations/` with one
catalogue, compiled at first use.  Pages and e-mails share it, so nothing here knows a request.
"""

from __future__ import annotations

import gettext
import io
from dataclasses import dataclass
from functools import cache, lru_cache
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING

from babel import Locale, negotiate_locale
from babel.dates import format_date, format_time, get_timezone_location
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from babel.units import format_unit

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import datetime

FOLDER = Path(__file__).resolve().parent.parent / "translations"
CATALOGUE = Path("LC_MESSAGES", "restante.po")
SOURCE = "en"
DATES = {"en": "en_GB"}
"""The locale for dates, if not the language's own: day before month, 24-hour clock."""
UNITS = ((86_400, "duration-day"), (3_600, "duration-hour"), (60, "duration-minute"))


@dataclass(frozen=True, slots=True, eq=False)
class Language:
    """A language with its catalogue; there is one object for each language.

    Attributes:
        code: The name of its folder: `es`, `pt_BR`.
        locale: Its CLDR data.
        catalogue: Its translations.
    """

    code: str
    locale: Locale
    catalogue: gettext.NullTranslations

    @property
    def tag(self) -> str:
        """The language tag for HTML and HTTP (BCP 47): `es`, `pt-BR`."""
        return self.code.replace("_", "-")

    @property
    def name(self) -> str:
        """The language's name in that language, for the list of languages."""
        name = self.locale.get_display_name(self.locale) or self.code
        return name[0].upper() + name[1:]

    @property
    def direction(self) -> str:
        """The direction of writing: `ltr` or `rtl`."""
        return str(self.locale.text_direction)

    def gettext(self, text: str, **values: object) -> str:
        """Return *text* in this language, or in English if its translation is missing."""
        said = self.catalogue.gettext(text)
        return said % values if values else said

    def ngettext(self, one: str, many: str, number: int, **values: object) -> str:
        """Return the singular or plural form for *number*; the text may contain `%(num)d`."""
        return self.catalogue.ngettext(one, many, number) % {"num": number, **values}

    def moment(self, at: datetime) -> str:
        """Return `3 March 2026, 14:02 UTC` for an aware time; in a zone, with its city."""
        return _minute(self, at.replace(second=0, microsecond=0), str(at.tzinfo))

    def duration(self, seconds: int) -> str:
        """Return `2 minutes`, `1 hour`, `7 days`: rounded down, never more than is left."""
        for size, unit in UNITS:
            if seconds >= size:
                return _unit(self, seconds // size, unit)
        return self.gettext("less than a minute")

    def country(self, code: str) -> str:
        """Return the name of a country; an unknown country code is returned unchanged."""
        return str(self.locale.territories.get(code, code))


@cache
def known() -> Mapping[str, Language]:
    """Return all languages by their language code, English (which has no folder) first."""
    folders = {path.parent.parent.name: path for path in sorted(FOLDER.glob(f"*/{CATALOGUE}"))}
    paths: dict[str, Path | None] = {SOURCE: None, **folders}
    return MappingProxyType({code: _language(code, path) for code, path in paths.items()})


def spoken(code: str | None) -> Language:
    """Return the language with this language code, or English."""
    return known().get(code or SOURCE) or known()[SOURCE]


def best(tags: Iterable[str]) -> Language:
    """Return the first language of *tags* (`es-MX`, `en`) that is known, or English."""
    codes = {code.lower(): code for code in known()}
    wanted = [tag.lower().replace("-", "_") for tag in tags]
    return spoken(codes.get(negotiate_locale(wanted, codes) or SOURCE))


@lru_cache(maxsize=4096)
def _minute(language: Language, at: datetime, zone: str) -> str:
    locale = DATES.get(language.code, language.locale)
    date, time = format_date(at, "long", locale), format_time(at.time(), "short", locale=locale)
    if zone == "UTC":
        return language.gettext("%(date)s, %(time)s UTC", date=date, time=time)
    city = get_timezone_location(at.tzinfo, locale=language.locale, return_city=True)
    return language.gettext("%(date)s, %(time)s (%(city)s)", date=date, time=time, city=city)


@lru_cache(maxsize=1024)
def _unit(language: Language, number: int, unit: str) -> str:
    return format_unit(number, unit, locale=language.locale)


def _language(code: str, path: Path | None) -> Language:
    if path is None:
        return Language(code, Locale.parse(code), gettext.NullTranslations())
    compiled = io.BytesIO()
    with path.open("rb") as written:
        write_mo(compiled, read_po(written, Locale.parse(code)))
    compiled.seek(0)
    return Language(code, Locale.parse(code), gettext.GNUTranslations(compiled))
