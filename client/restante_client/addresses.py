"""Links and control URLs: which service, and which token."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from urllib.parse import urlsplit

LINK, CONTROL = "L", "C"
_TOKEN = re.compile(r"[LC][A-Za-z0-9_-]{34}")
_PATHS = {LINK: "/m/", CONTROL: "/s/"}


@dataclass(frozen=True, slots=True)
class Address:
    """A link or control URL, taken apart.

    Attributes:
        server: URL of the service, as in `https://letters.example/path`; None for a bare token.
        kind: `L` for a recipient's link, `C` for a sender's control URL.
    """

    server: str | None
    kind: str
    token: str = field(repr=False)


def parse_address(written: str) -> Address:
    """Return service and token of a link, a control URL or a bare token.

    Raises:
        ValueError: It is none of these.  The message does not repeat it.
    """
    written = _printable(written)
    if _TOKEN.fullmatch(written):
        return Address(None, written[0], written)
    parts = urlsplit(written)
    for kind, path in _PATHS.items():
        prefix, found, token = parts.path.rpartition(path)
        if found and _TOKEN.fullmatch(token) and token[0] == kind and parts.netloc:
            return Address(server_url(f"{parts.scheme}://{parts.netloc}{prefix}"), kind, token)
    message = "neither a link nor a control URL of Restante, nor a token"
    raise ValueError(message)


def server_url(written: str) -> str:
    """Return the URL of a service without a slash at its end.

    Raises:
        ValueError: Not http or https, or with a name, a query or a fragment in it.
    """
    parts = urlsplit(_printable(written))
    if parts.scheme not in {"http", "https"} or not parts.hostname or "@" in parts.netloc:
        message = "the URL of a service begins with https:// and names a host"
        raise ValueError(message)
    if parts.port == 0:  # to read it is to check it
        message = "the URL of a service has a port that cannot be"
        raise ValueError(message)
    if parts.query or parts.fragment:
        message = "the URL of a service has no ? and no #"
        raise ValueError(message)
    return f"{parts.scheme}://{parts.netloc.lower()}{parts.path.rstrip('/')}"


def _printable(written: str) -> str:
    """Return it without blanks at its ends, if it has nothing inside that drives a terminal."""
    if not (written := written.strip()).isprintable() or " " in written:
        message = "a URL or token has neither blanks nor control characters"
        raise ValueError(message)
    return written
