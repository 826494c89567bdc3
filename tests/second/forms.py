"""The form of every key, field and entry, from docs/specs/store.md alone.

A reader must ignore what the page does not name; this module does not, so that the page is
complete: tests hold whole stores against it.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

NUMBER = rb"0|[1-9]\d*"
TIME = rb"[1-9]\d{12}"
COUNT = rb"[1-9]\d*"
ONE = b"1"
ID = rb"[\s\S]{16}"
BOX = rb"\x01[\s\S]{48,}"
WORD = rb"[a-z0-9_-]+"
PUSHES = ("push", "push-2", "push-3")

MESSAGE = {
    **dict.fromkeys(("sent_at", "opens_at", "expires_at", "forget_at"), TIME),
    **dict.fromkeys(("paused_at", "held_until", "tell_at", "recall_at"), TIME),
    **dict.fromkeys(("webhook:failing_since", "code:failing_since", "email:failing_since"), TIME),
    **{f"{push}:failing_since": TIME for push in PUSHES},
    **dict.fromkeys(PUSHES, ID + BOX),
    **{f"{push}:{what}": COUNT for push in PUSHES for what in ("cursor", "failures")},
    **{f"{push}:failure": WORD for push in PUSHES},
    **dict.fromkeys(
        ("version", "lease", "retention", "extended", "pauses", "ruled", "notifies"), COUNT
    ),
    "digest": BOX,
    "digest:cursor": NUMBER,
    "digest:until": COUNT,
    "digest:failures": COUNT,
    "digest:failure": WORD,
    "digest:failing_since": TIME,
    "digest:told_at": TIME,
    **{f"{channel}:told_at": TIME for channel in ("webhook", "email", *PUSHES)},
    **{f"{channel}:test": COUNT for channel in ("webhook", "email", *PUSHES)},
    "tested": COUNT,
    "tested_at": TIME,
    "tests": COUNT,
    "email:note": WORD,
    "on_screen": COUNT,
    **dict.fromkeys(("webhook:cursor", "code:cursor"), COUNT),
    **dict.fromkeys(("webhook:failures", "code:failures", "email:failures"), COUNT),
    **dict.fromkeys(("webhook:failure", "code:failure", "email:failure"), WORD),
    **dict.fromkeys(("email:until",), COUNT),
    "email:cursor": NUMBER,
    **dict.fromkeys(("passphrase", "code"), ONE),
    **dict.fromkeys(("sender", "extend", "pause", "resume", "rules", "notify"), ID),
    "replace": rb"[\s\S]{12}",
    "files": ONE,
    "names:<version>": BOX,
    "taken:<version>": rb"%b=%b(,%b=%b)*" % (COUNT, TIME, COUNT, TIME),
    **dict.fromkeys(("box", "webhook", "email"), BOX),
    "links": rb"(?:[\s\S]{16})+",
    "open": NUMBER,
}
LINK = {
    **dict.fromkeys(("first_revealed_at", "last_revealed_at", "acknowledged_at"), TIME),
    **dict.fromkeys(("confirmed_at", "ended_at", "recalled_at"), TIME),
    **dict.fromkeys(("disputed_at", "declined_at", "code_at", "code_until", "unread_at"), TIME),
    **dict.fromkeys(
        ("version", "views", "reveals", "codes", "code_failed", "on_screen", "failures"), COUNT
    ),
    **dict.fromkeys(("message", "refused", "failed", "code"), ID),
    **dict.fromkeys(("box", "address", "reason"), BOX),
    **dict.fromkeys(("disputed", "declined"), rb"(?:[\s\S]{16}){1,3}"),
    "verifier": rb"(\x02)?[\s\S]{16}",
    "state": rb"sealed|read|spent|recalled|expired|locked",
    "outcome": rb"recalled_(un|after_)read|already_(spent|expired|locked)",
    "by": rb"rule",
    "root": rb"[\s\S]{4}",
    "tries": NUMBER,
}
UPLOAD = {
    "salt": rb"[\s\S]{32}",
    **dict.fromkeys(("size", "offset", "run"), NUMBER),
    "started": TIME,
    "whole": ONE,
}
READER = rb"(0|%b) %b [01] [01] %b (%b)" % (TIME, COUNT, TIME, NUMBER)
EVENT = rb"%b (message|link)\.[a-z_]+ ([a-z_]+=[a-z0-9_]+(,[a-z_]+=[a-z0-9_]+)*)?\n[\s\S]*" % TIME
GATHERED = rb"%b digest\.news shard=(\d|1[0-5]),after=\d+,until=%b\n%b" % (TIME, COUNT, ID)
LOOK = rb"%b link\.(fetched|reread) [a-z_]+\n%b(%b)?" % (TIME, ID, BOX)
TOKEN = rb"%b %b" % (TIME, BOX)
CONSENT = rb"(given|revoked) %b|asked %b [01] [\x00-\x0f]%b" % (TIME, TIME, ID)
CONSENTS = {
    **dict.fromkeys((b"stopped", b"mailed_at", b"day_at"), TIME),
    **dict.fromkeys((b"row", b"mails"), COUNT),
    b"asks": rb"%b( %b){0,2}" % (TIME, TIME),
}


def _string(form: bytes) -> Callable[[Any], bool]:
    return lambda value: bool(re.fullmatch(form, value))


def field_of(name: bytes) -> str:
    """Return a field as the page writes it."""
    return re.sub(r"^(names|taken):[1-9]\d*$", r"\1:<version>", name.decode())


def _hash(fields: dict[str, bytes]) -> Callable[[Any], bool]:
    return lambda value: all(
        re.fullmatch(fields.get(field_of(name), b"(?!)"), one) for name, one in value.items()
    )


def _each(field: bytes, form: bytes) -> Callable[[Any], bool]:
    return lambda value: all(
        re.fullmatch(field, name) and re.fullmatch(form, one) for name, one in value.items()
    )


def _list(form: bytes, most: int = 10**9) -> Callable[[Any], bool]:
    return lambda value: len(value) <= most and all(re.fullmatch(form, one) for one in value)


def _zset(member: bytes) -> Callable[[Any], bool]:
    return lambda value: all(
        re.fullmatch(member, one) and re.fullmatch(TIME, b"%d" % at) for one, at in value.items()
    )


def _set(member: bytes) -> Callable[[Any], bool]:
    return lambda value: 1 <= len(value) <= 100 and all(re.fullmatch(member, one) for one in value)


def _consents(value: dict[bytes, bytes]) -> bool:
    return all(
        re.fullmatch(
            CONSENT
            if len(name) == 16
            else ID
            if len(name) == 23 and name.startswith(b"digest:")
            else CONSENTS.get(name, rb"(?!)"),
            one,
        )
        for name, one in value.items()
    )


KEYS: dict[str, tuple[bytes, Callable[[Any], bool], bool | None]] = {
    "message": (b":" + ID, _hash(MESSAGE), True),
    "content": (rb":%b:%b" % (ID, COUNT), _string(rb"\x01[\s\S]{33,}"), True),
    "link": (b":" + ID, _hash(LINK), True),
    "key": (b":" + ID, _string(rb"\x01[\s\S]{64}"), True),
    "code": (b":" + ID, _string(BOX), True),
    "once": (b":" + ID, _string(rb"[\s\S]{36}%b %b %b" % (TIME, TIME, TIME)), True),
    "upload": (b":" + ID, _hash(UPLOAD), True),
    "blobs": (b"", _each(ID, rb"([\s\S]{20})?"), False),
    "files": (rb":%b:%b" % (ID, COUNT), _string(rb"\x01[\s\S]{33,}"), True),
    "blobs-of": (rb":%b:%b" % (ID, COUNT), _string(rb"(?:[\s\S]{48})+"), True),
    "fetches": (b":" + ID, _each(ID + COUNT, rb"%b( %b %b)?" % (NUMBER, NUMBER, NUMBER)), True),
    "due-blobs": (b"", _zset(ID), False),
    "promised": (b"", _each(rb"(?:[\s\S]{16})?", NUMBER), False),
    "promised-until": (b"", _zset(ID), False),
    "blobs-place": (b"", _string(rb"[0-9a-f]{32}"), False),
    "readers": (b":" + ID, _each(ID, READER), True),
    "events": (b":" + ID, _list(rb"%b|%b" % (EVENT, GATHERED)), True),
    "looks": (b":" + ID, _list(LOOK, 100), True),
    "sent": (b":" + ID, _zset(rb"\x01[\s\S]{28,}"), True),
    "closed": (b":" + ID, _string(ONE), True),
    "due": (b"", _zset(rb"(expire|end|rule|forget):" + ID), False),
    "outbox": (b"", _zset(ID + rb":(webhook|code)"), False),
    "outbox-code": (b"", _zset(ID + rb":code"), False),
    "outbox-email": (b"", _zset(ID + rb":(email|digest)"), False),
    "outbox-push": (b"", _zset(ID + rb":push(-[23])?"), False),
    "dead": (b"", _zset(ID + rb":(webhook|code|email|digest)"), False),
    "fence": (b"", _string(b""), False),
    "destroyed": (b"", _string(rb"[1-9]\d{15}"), False),
    "scrub": (b"", _string(ONE), True),
    "budget": (b":" + ID, _hash({"messages": COUNT, "bytes": NUMBER}), True),
    "limit": (rb":%b:[a-z]+" % ID, _string(COUNT), True),
    "sender-tokens": (b"", _each(ID, TOKEN), False),
    "consent-key": (b"", _string(BOX), False),
    "consents": (b":" + ID, _consents, None),
    "gathered": (
        b":" + ID,
        lambda value: all(
            re.fullmatch(rb"[\x00-\x0f]%b(?:%b) %b" % (ID, NUMBER, COUNT), one) for one in value
        ),
        True,
    ),
    "consent-waiting": (b":" + ID, _set(rb"[\x00-\x0f]" + ID), True),
    "consent-index": (b"", _zset(ID), False),
}
"""By kind: what follows it in the name, whether a value is right, whether the key has a TTL.

None: some have one.
"""


def faults(key: bytes, value: Any, *, ends: bool) -> Iterator[str]:
    """Yield what is not as the page says of one key; *ends*: it has a time to live."""
    named = re.match(rb"\{([0-9a-f]+)\}:([a-z-]+)", key)
    if named is None or named[2].decode() not in KEYS:
        yield f"{key!r} is no key"
        return
    tail, is_right, has_ttl = KEYS[named[2].decode()]
    if not re.fullmatch(tail, key[named.end() :]):
        yield f"{key!r} is spelled otherwise"
    if not is_right(value):
        yield f"{key!r}: {value!r}"
    if has_ttl is not None and ends != has_ttl:
        yield f"{key!r} ends by itself: {ends}"
