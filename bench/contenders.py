"""What is measured, and by which requests: ours, the floors, SnapPass, and others' services."""

from __future__ import annotations

import json
import re
import secrets
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pathlib import Path

    from bench.processes import Roles

TEXT = "x" * 200
GATE_SECONDS = 1.05
"""The gate takes who presses sooner for a machine."""

PROGRAM = {"User-Agent": "bench/1", "Accept": "application/json"}
JSON = PROGRAM | {"Content-Type": "application/json"}
BROWSER = {
    "User-Agent": "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0",
    "Accept": "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8",
    "Accept-Language": "en-US,en;q=0.5",
    "Accept-Encoding": "gzip, deflate",
    "Upgrade-Insecure-Requests": "1",
    "Sec-Fetch-Dest": "document",
    "Sec-Fetch-Mode": "navigate",
    "Sec-Fetch-Site": "none",
    "Sec-Fetch-User": "?1",
}
FORM = BROWSER | {
    "Sec-Fetch-Site": "same-origin",
    "Content-Type": "application/x-www-form-urlencoded",
}

Row = dict[str, str]
"""What is known of one message: values for the `{…}` of requests."""


@dataclass(frozen=True)
class Verb:
    """One kind of request, with `{name}` where a value of the message belongs.

    Attributes:
        status: The status of a right answer.
        find: For later requests: the name of a value, and the expression that finds it in an
            answer (head and body) as its first group.
        of: Which third of the messages it is about; None makes all of them.
        after: Seconds since the verb before on the same messages.
    """

    name: str
    method: str
    path: str
    headers: dict[str, str] = field(default_factory=dict)
    body: str = ""
    status: int = 200
    find: dict[str, str] = field(default_factory=dict)
    of: int | None = 0
    after: float = 0.0

    def request(self, host: str, row: Row) -> bytes:
        """Return the request for one message, head and body."""
        body = _filled(self.body, row).encode()
        head = {"Host": host} | self.headers
        if body or self.method != "GET":
            head["Content-Length"] = str(len(body))
        lines = [f"{self.method} {_filled(self.path, row)} HTTP/1.1"]
        lines += [f"{name}: {_filled(value, row)}" for name, value in head.items()]
        return "\r\n".join([*lines, "", ""]).encode() + body

    def learn(self, answer: str, row: Row) -> None:
        """Add to *row* what this verb's answer tells."""
        for name, wanted in self.find.items():
            found = re.search(wanted, answer)
            if found is None:
                message = f"{self.name}: no {name} in the answer: {answer[:300]}"
                raise SystemExit(message)
            row[name] = found[1]


def _filled(written: str, row: Row) -> str:
    return re.sub(r"\{(\w+)\}", lambda found: row.get(found[1], found[0]), written)


def new_row() -> Row:
    """Return a message before it was sent: its text, and its reader."""
    return {"text": TEXT, "reader": secrets.token_hex(16)}


@dataclass(frozen=True)
class Contender:
    """A running service, and what to ask of it.

    Attributes:
        store: The URL of its store, if its round trips can be counted there.
    """

    name: str
    address: tuple[str, int]
    verbs: list[Verb]
    roles: Roles
    store: str | None = None
    ready_seconds: float = 0.0
    """From the start of its process until it was ready."""

    @property
    def host(self) -> str:
        return f"{self.address[0]}:{self.address[1]}"


def _bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


LINK, CONTROL = _bearer("{link}"), _bearer("{control}")
READER = {"Idempotency-Key": "{reader}"}
OURS = [
    Verb(
        "send",
        "POST",
        "/api/v1/messages",
        JSON,
        '{"text": "{text}"}',
        status=201,
        find={"control": r'"control_token": ?"([^"]+)"', "link": r'"token": ?"([^"]+)"'},
        of=None,
    ),
    Verb("preview", "GET", "/api/v1/link", PROGRAM | LINK),
    Verb("reveal", "POST", "/api/v1/link/reveal", JSON | LINK | READER, "{}"),
    Verb(
        "gate page",
        "GET",
        "/m/{link}",
        BROWSER,
        find={
            "cookie": r"(?im)^set-cookie: ([^;]*reader=[^;]+)",
            "ticket": r'name="ticket" value="([^"]+)"',
        },
        of=2,
    ),
    Verb("status", "GET", "/api/v1/message", PROGRAM | CONTROL, of=1),
    Verb("recall", "POST", "/api/v1/message/recall", JSON | CONTROL, "{}", of=1),
    Verb("acknowledge", "POST", "/api/v1/link/acknowledge", JSON | LINK | READER, "{}", status=204),
    Verb(
        "page reveal",
        "POST",
        "/m/{link}",
        FORM | {"Cookie": "{cookie}"},
        "ticket={ticket}&remark=&scripts=&hand=",
        find={"text": r"(x{200})"},
        of=2,
        after=GATE_SECONDS,
    ),
]
FLOOR = [Verb("floor", "GET", "/", PROGRAM, of=None)]
SNAPPASS = [
    Verb(
        "send",
        "POST",
        "/",
        PROGRAM | {"Content-Type": "application/x-www-form-urlencoded"},
        "password={text}&ttl=week",
        find={"link": r'"link": ?"https?://[^/]+/([^"]+)"'},
        of=None,
    ),
    Verb("gate page", "GET", "/{link}", BROWSER),
    Verb("page reveal", "POST", "/{link}", FORM, find={"text": r"(x{200})"}),
]


def peer(file: Path) -> dict[str, Any]:
    """Return what an adapter's file says, with its verbs read: see docs/benchmarks.md."""
    said: dict[str, Any] = json.loads(file.read_text("utf-8"))
    return said | {"verbs": [Verb(**verb) for verb in said["verbs"]]}
