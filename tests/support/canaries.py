"""Searches all log lines of the test run for secrets.

What must stand in no line is known in two ways: by its form (tokens, reader keys, paths, addresses,
user agents), and because a test sent it (`learn`).  A line is looked at as it stands and with
JSON's and an address's escapes undone.  Lines that differ only in time, duration and number are
looked at once, so that thousands of them cost nothing.
"""

from __future__ import annotations

import ipaddress
import json
import re
from contextlib import suppress
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import unquote

from restante.crypto.tokens import ControlToken, LinkToken, ListToken
from restante.errors import NotFound

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

LEAST = 12
"""Characters; a shorter word may stand in a line for another reason."""
MOST = 24
"""So many characters of a long text give it away, also if it was cut."""
SHOWN = 20

AT = r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(?:\.\d+)?Z?"
COLOUR = re.compile(r"\x1b\[[\d;]*m")
FOR_PEOPLE = re.compile(rf"{AT} +\[?(?:debug|info|warning|error|critical) *\]? ")
"""Our own form on a terminal, and structlog's where nobody has configured it: in tests."""
ALIKE = {
    "at": re.compile(AT),
    "request_id": re.compile(r"[0-9a-f]{16}"),
    "ms": re.compile(r"\d+(\.\d+)?(e-\d+)?"),
    "pid": re.compile(r"\d+"),
}
"""What differs from line to line.  A value that is something else is looked at."""
LISTENERS = r"[\w.:/\[\],()' -]{1,160}?(?::|', )\d{1,5}\)?"
OUR_ADDRESS = re.compile(
    r"^Restante is ready at \S+$|\"event\": \"ready\", \"url\": \"[^\"]*\""
    r"|(?<=cannot listen on )\S+"
    rf"|\"bind\": \"{LISTENERS}\"|\bbind=(?:\"{LISTENERS}\"|{LISTENERS}(?!\S))",
    re.MULTILINE,
)
"""Where a line names the address we listen on, which is no visitor's."""

WORD = r"[A-Za-z0-9_-]"
TOKEN = re.compile(rf"(?=([LCR]{WORD}{{34}}))")
FORMS = {
    "sender token": re.compile(rf"(?<![A-Za-z0-9-])S{WORD}{{32}}(?!{WORD})"),
    "webhook secret": re.compile(r"whsec_[A-Za-z0-9+/_-]+=*"),
    "path": re.compile(r"/(?:[ms]|sent)/[^\s\"/]+"),
    "reader_key": re.compile(r"\b[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}\b", re.IGNORECASE),
    "user agent": re.compile(
        r"\b(?:Mozilla|AppleWebKit|Gecko|Chrome|Firefox|Safari|curl|Wget|[Pp]ython-\w+)/\d\S*"
    ),
}
KINDS = {LinkToken: "link token", ControlToken: "control token", ListToken: "list token"}
ADDRESSES = re.compile(
    r"(?<![\w.:])[0-9A-Fa-f]*:[0-9A-Fa-f:]*:[0-9A-Fa-f:.]*(?![\w:])|(?<![\w.])(?:\d{1,3}\.){3}\d{1,3}(?!\d)"
)

BYTES = re.compile(r"(?:\\+x[0-9a-f]{2})+")

_learnt: dict[str, str] = {}


class Found(NamedTuple):
    """A secret in a line: its kind, and the line with the secret masked."""

    kind: str
    line: str


class Spoken(AssertionError):
    """A log line contains a secret."""

    def __init__(self, where: str, found: Iterable[Found]) -> None:
        lines = list(dict.fromkeys(f"  {kind}: {line}" for kind, line in found))
        told = "\n".join(lines[:SHOWN] + ["  …"] * (len(lines) > SHOWN))
        super().__init__(f"{where} tells what no log may tell:\n{told}")


def learn(kind: str, value: object) -> None:
    """Remember that *value* was sent and must stand in no line; of a mapping or list, each part."""
    match value:
        case str():
            whole = value.strip()
            for word in (whole[:MOST].strip(), whole[-MOST:].strip()):
                if len(word) >= LEAST:
                    _learnt.setdefault(word, kind)
        case dict():
            for name, part in value.items():
                learn(f"{name} that was sent", part)
        case list() | tuple():
            for part in value:
                learn(kind, part)


def learn_form(fields: Mapping[str, str]) -> None:
    """Remember what a form brings; where names of recipients stand a line each, each of them."""
    for name, value in fields.items():
        lines = value.splitlines() if name == "recipients" else [value]
        learn(f"{name} that was sent", lines)


def learn_headers(headers: Mapping[str, str | bytes]) -> None:
    """Remember what only a visitor can have told."""
    for name, given in headers.items():
        value = given.decode("latin-1") if isinstance(given, bytes) else given
        if name.lower() in {"authorization", "cookie", "idempotency-key", "user-agent"}:
            for part in re.split(r"; *|=| ", value) if name.lower() == "cookie" else [value]:
                learn(f"{name} that was sent", part.removeprefix("Bearer "))


def is_log_line(line: str) -> bool:
    """Tell whether *line* is one of our log lines, as JSON or for people."""
    if line.startswith("{"):
        try:
            event = json.loads(line)
        except ValueError:
            return False
        return isinstance(event, dict) and {"at", "level", "event"} <= event.keys()
    return FOR_PEOPLE.match(COLOUR.sub("", line)) is not None


def check_log(where: str, text: str) -> None:
    """Look at every line of a log, whatever it is.

    Raises:
        Spoken: Names each kind of secret, and shows the line without it.
    """
    if found := list(scan(text.splitlines())):
        raise Spoken(where, found)


def check_printed(where: str, text: str) -> None:
    """Look at those lines that are of a log, among what a test or a command printed.

    Raises:
        Spoken: See `check_log`.
    """
    if found := list(scan(filter(is_log_line, text.splitlines()))):
        raise Spoken(where, found)


def scan(lines: Iterable[str]) -> Iterator[Found]:
    """Yield the first of each kind of secret in each of those *lines* that differ."""
    distinct = {line: _spellings(line) for line in map(_core, lines)}
    everything = "\n".join(form for forms in distinct.values() for form in forms)
    learnt = {value: kind for value, kind in _learnt.items() if value in everything}
    for forms in distinct.values():
        told = set()
        for form in forms:
            found = {value: kind for kind, value in (*_formed(form), *_sent(form, learnt))}
            masked = form
            for value in sorted(found, key=len, reverse=True):
                masked = masked.replace(value, f"<{found[value]}>")
            for kind in sorted(set(found.values()) - told):
                yield Found(kind, masked)
            told |= set(found.values())


def _core(line: str) -> str:
    """Return the line without what makes it differ from others of its kind."""
    line = COLOUR.sub("", line)
    try:
        event = json.loads(line)
    except ValueError:
        return re.sub(rf"^{AT}", "", line)
    if not isinstance(event, dict):
        return line
    for name, usual in ALIKE.items():
        if name in event and usual.fullmatch(str(event[name])):
            del event[name]
    return json.dumps(event)


def _spellings(line: str) -> dict[str, None]:
    plain = OUR_ADDRESS.sub("", line)
    said = re.sub(r"\\u([0-9a-f]{4})", lambda found: chr(int(found[1], 16)), plain)
    said = BYTES.sub(_as_text, said)
    said = re.sub(r'\\(["\\/])', r"\1", said).replace("\\n", "\n").replace("\\t", "\t")
    return dict.fromkeys((plain, said, unquote(said), unquote(said.replace("+", " "))))


def _as_text(escaped: re.Match[str]) -> str:
    """Undo how Python shows bytes, if they are text."""
    try:
        return bytes.fromhex(re.sub(r"\\+x", "", escaped[0])).decode()
    except ValueError:
        return escaped[0]


def _formed(text: str) -> Iterator[tuple[str, str]]:
    """Yield secrets that are recognised by their form."""
    for found in TOKEN.finditer(text):
        for kind, name in KINDS.items():
            with suppress(NotFound):
                kind.parse(found[1])
                yield name, found[1]
    for name, form in FORMS.items():
        for found in form.finditer(text):
            yield name, found[0]
    for found in ADDRESSES.finditer(text):
        with suppress(ValueError):
            if not ipaddress.ip_address(found[0].rstrip(".")).is_unspecified:
                yield "address", found[0]


def _sent(text: str, learnt: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    """Yield secrets that a test sent."""
    for value, kind in learnt.items():
        if value in text:
            yield kind, value
