"""`make messages`: bring the catalogues up to what the code says, and tell what they lack.

No dates, line numbers or names of tools: what did not change, makes no difference.
"""

from __future__ import annotations

import io
import re
import sys
from typing import TYPE_CHECKING

from babel import Locale
from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po, write_po

from restante.i18n import CATALOGUE, FOLDER
from tests.support.processes import ROOT

if TYPE_CHECKING:
    from babel.messages.catalog import Message

METHODS = {
    "restante": [("**.py", "python")],
    "webapp": [("**.py", "python")],
    "worker": [("**.py", "python")],
    "templates": [("**", "jinja2")],
}
OPTIONS = {"**": {"silent": "false", "trimmed": "true", "encoding": "utf-8"}}
KEPT = {"Language", "MIME-Version", "Content-Type", "Content-Transfer-Encoding", "Plural-Forms"}
"""The lines of a header that do not change by themselves."""
WIDTH = 100
HEADER = "# %s of Restante: `make messages` keeps it, people fill it in; see CONTRIBUTING.md.\n"


def extracted() -> Catalog:
    """Return every text that the code gives to gettext, and in which files.

    Raises:
        ValueError: A text is the singular of another and stands alone, too: the gettext
            of Python 3.11.2 does not find the one that stands alone.
    """
    catalogue = Catalog()
    for folder, methods in METHODS.items():
        found = extract_from_dir(ROOT / folder, methods, OPTIONS, strip_comment_tags=True)
        for name, _, text, comments, context in sorted(found, key=lambda one: one[:2]):
            place = (f"{folder}/{name}", None)
            known = catalogue.get(text if isinstance(text, str) else text[0])
            if known is not None and isinstance(known.id, str) != isinstance(text, str):
                fault = f"one text, alone and with a plural: {text}"
                raise ValueError(fault)
            catalogue.add(text, None, [place], auto_comments=comments, context=context)
    return catalogue


def catalogue_of(code: str) -> Catalog:
    """Return the catalogue of a language; empty if there is none yet."""
    path = FOLDER / code / CATALOGUE
    if not path.exists():
        return Catalog(code)
    with path.open("rb") as written:
        return read_po(written, Locale.parse(code))


def written(catalogue: Catalog) -> str:
    """Return a catalogue as its file holds it."""
    file = io.BytesIO()
    catalogue.header_comment = HEADER % catalogue.locale.english_name
    catalogue.fuzzy = False
    write_po(file, catalogue, sort_by_file=True, ignore_obsolete=True, width=WIDTH)
    lines = file.getvalue().decode().splitlines(keepends=True)
    header = re.compile(r'"([A-Z][\w-]+): .*\\n"\n')
    return "".join(line for line in lines if not (m := header.fullmatch(line)) or m[1] in KEPT)


def updated(code: str) -> Catalog:
    """Return a language's catalogue with exactly the texts that the code has now."""
    catalogue = catalogue_of(code)
    catalogue.update(extracted(), no_fuzzy_matching=True)
    return catalogue


def texts_of(message: Message) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return what a message says in English and in its language, form by form."""
    one = (message.id,) if isinstance(message.id, str) else tuple(message.id)
    said = message.string or ""
    return one, (said,) if isinstance(said, str) else tuple(said)


def missing(catalogue: Catalog) -> list[str]:
    """Return each text that the language does not say, or whose words nobody has looked at."""
    return [
        texts_of(message)[0][0]
        for message in catalogue
        if message.id and (message.fuzzy or not all(texts_of(message)[1]))
    ]


def main(*codes: str) -> None:
    """Update the catalogues of *codes*, or of every language there is."""
    for code in codes or sorted(path.parent.parent.name for path in FOLDER.glob(f"*/{CATALOGUE}")):
        catalogue = updated(code)
        path = FOLDER / code / CATALOGUE
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(written(catalogue), "utf-8")
        left = missing(catalogue)
        print(f"{code}: {len(catalogue)} texts, {len(left)} without words")
        for text in left:
            print(f"  {text}")


if __name__ == "__main__":
    main(*sys.argv[1:])
