"""Parsers of settings: text in, value out, or a `ValueError` that says what it must be.

The error never repeats the text: it may be a secret in the wrong place.
"""

from __future__ import annotations

import ipaddress
import re
from dataclasses import dataclass
from ipaddress import IPv4Network, IPv6Network
from pathlib import Path
from typing import TYPE_CHECKING, Literal, NamedTuple
from urllib.parse import unquote, urlsplit

from restante.email_address import Mailbox, mailbox
from restante.safe_text import UNFIT, is_fit
from restante.scanning import ScannerAddress
from restante.settings.logo import Logo, read_logo

if TYPE_CHECKING:
    from collections.abc import Callable

MINUTE, HOUR, DAY = 60, 3_600, 86_400
MIB = 1024 * 1024
PORT_MAX = 65_535
NAME_MOST = 60
CLUSTER, CLUSTER_TLS = "redis+cluster", "rediss+cluster"
DEFAULT_PORTS = {"http": ":80", "https": ":443"}

Network = IPv4Network | IPv6Network
WRAPPING = (IPv6Network("::ffff:0:0/96"), IPv6Network("64:ff9b::/96"))
"""The prefix of IPv4-mapped addresses, which are compared as IPv4 addresses."""


class Senders(NamedTuple):
    """Who may send: anyone, or visitors from these networks, or holders of a sender token."""

    anyone: bool = True
    networks: tuple[Network, ...] = ()
    tokens: bool = False


class Bucket(NamedTuple):
    """A bucket of S3, or what is below a prefix of its keys."""

    name: str
    prefix: str = ""

    def __str__(self) -> str:
        return f"s3://{self.name}/{self.prefix}".rstrip("/")


OFF = "off"
ANYONE = Senders()


class Relay(NamedTuple):
    """The mail server that sends our mail.

    Attributes:
        tls: `whole`: from the first byte; `needed`: STARTTLS, or nothing is sent; `offered`:
            STARTTLS where the server knows it; `none`.
    """

    host: str
    port: int
    tls: str
    user: str | None = None
    password: str | None = None


RELAY_PORTS = {"smtp": 587, "smtps": 465, "smtp+plain": 25}

SAFE_LINKS = tuple(ipaddress.ip_network(n) for n in ("40.94.0.0/16", "40.107.0.0/16"))
"""Networks from which Microsoft Safe Links scans links in mail, as reported."""


def bind_address(written: str) -> str:
    """Read `host:port`; an IPv6 host is in brackets."""
    matching(r"(\[[0-9a-fA-F:]+\]|[A-Za-z0-9.-]+):[0-9]{1,5}", "must be host:port")(written)
    if not 1 <= int(written.rpartition(":")[2]) <= PORT_MAX:
        message = f"the port must be from 1 to {PORT_MAX}"
        raise ValueError(message)
    return written


def public_url(written: str) -> str:
    """Read the base URL of links, normalised as browsers do, without a trailing slash."""
    message = "must be http:// or https://, a host, and at most a path"
    if not written.isascii() or re.search(r"[\s\\\x00-\x20\x7f?#]", written):
        raise ValueError(message)
    try:
        parts = urlsplit(written)
        _ = parts.port
    except ValueError:
        raise ValueError(message) from None
    path = parts.path.rstrip("/")
    if parts.scheme not in DEFAULT_PORTS or not parts.hostname or parts.username is not None:
        raise ValueError(message)
    if not re.fullmatch(r"(/(?!\.{1,2}(/|$))[A-Za-z0-9._~-]+)*", path):
        raise ValueError(message)
    # Browsers write the host in lower case and omit the scheme's default port.
    host = parts.netloc.lower().removesuffix(DEFAULT_PORTS[parts.scheme]).removesuffix(":")
    return f"{parts.scheme}://{host}{path}"


def redis_url(written: str) -> str:
    """Read the URL of the store; for a cluster it may name several hosts."""
    message = (
        "must begin with redis://, rediss://, unix://, redis+cluster:// or rediss+cluster://,"
        " and name a host and a port, or a socket"
    )
    try:
        parts = urlsplit(written)
        ports = [urlsplit(f"//{host}").port for host in parts.netloc.rpartition("@")[2].split(",")]
    except ValueError:
        raise ValueError(message) from None
    is_cluster = parts.scheme in {CLUSTER, CLUSTER_TLS}
    is_known = is_cluster or parts.scheme in {"redis", "rediss", "unix"}
    if not is_known or not (parts.netloc or parts.path) or (len(ports) > 1 and not is_cluster):
        raise ValueError(message)
    if is_cluster and (parts.query or parts.path.strip("/")):
        message = "must name a login, hosts and ports only where it begins with redis+cluster://"
        raise ValueError(message)
    return written


def smtp_url(written: str) -> Relay:
    """Read the URL of the mail server, with its login."""
    message = "must be smtp://, smtps:// or smtp+plain://, at most a login, a host and a port"
    try:
        parts = urlsplit(written)
        port = parts.port
    except ValueError:
        raise ValueError(message) from None
    host = parts.hostname or ""
    if (
        parts.scheme not in RELAY_PORTS
        or not re.fullmatch(r"[A-Za-z0-9.:_-]+", host)
        or parts.path.strip("/")
        or parts.query
        or parts.fragment
        or port == 0
        or bool(parts.username) != bool(parts.password)
    ):
        raise ValueError(message)
    tls = {"smtps": "whole", "smtp+plain": "none"}.get(parts.scheme, "needed")
    if tls == "needed" and is_loopback(host):
        tls = "offered"
    login = [unquote(word) if word else None for word in (parts.username, parts.password)]
    return Relay(host, port or RELAY_PORTS[parts.scheme], tls, *login)


def is_loopback(host: str) -> bool:
    """Tell whether a host's name or IP address is loopback."""
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return host == "localhost"


def mail_from(written: str) -> Mailbox:
    """Read one mailbox, with or without a name."""
    found = mailbox(written)
    if found is None or (found.name and not is_fit(found.name)):
        message = "must be one mailbox, as letters@example.com or Letters <letters@example.com>"
        raise ValueError(message)
    return found


def matching(pattern: str, rule: str) -> Callable[[str], str]:
    """Return a parser that accepts full matches of *pattern*; its error is the *rule*."""

    def read(written: str) -> str:
        if not re.fullmatch(pattern, written, re.DOTALL):
            raise ValueError(rule)
        return written

    return read


def one_of(*words: str) -> Callable[[str], str]:
    """Return a parser that accepts one of these words."""
    return matching("|".join(map(re.escape, words)), "must be " + " or ".join(words))


@dataclass(frozen=True, slots=True)
class Whole:
    """Parses a whole number within bounds."""

    least: int
    most: int
    unit: Literal["seconds", "bytes"] | None = None

    def __call__(self, written: str) -> int:
        """Return the number."""
        if not re.fullmatch(r"[0-9]{1,16}", written) or not self.least <= int(written) <= self.most:
            message = f"must be a whole number from {self.least} to {self.most}"
            raise ValueError(message)
        return int(written)


def on_off(written: str) -> bool:
    """Return whether it is on."""
    return one_of("on", "off")(written) == "on"


def networks(written: str) -> tuple[Network, ...]:
    """Read comma-separated networks in CIDR notation; an empty text is no network."""
    try:
        found = tuple(
            ipaddress.ip_network(one.strip()) for one in written.split(",") if one.strip()
        )
    except ValueError:
        message = "must be networks as 10.0.0.0/8, comma between, with no bits beyond the mask"
        raise ValueError(message) from None
    if any(isinstance(one, IPv6Network) and one.subnet_of(o) for one in found for o in WRAPPING):
        message = "must name IPv4 networks as such: addresses are looked at unwrapped"
        raise ValueError(message)
    return found


def senders(written: str) -> Senders:
    """Read who may send: `anyone`, or networks and the word `tokens`."""
    words = [word.strip() for word in written.split(",")]
    if words == ["anyone"]:
        return ANYONE
    message = "must be anyone, or networks as 10.0.0.0/8 and the word tokens, comma between"
    if not all(words) or "anyone" in words:
        raise ValueError(message)
    try:
        found = networks(",".join(word for word in words if word != "tokens"))
    except ValueError:
        raise ValueError(message) from None
    return Senders(anyone=False, networks=found, tokens="tokens" in words)


def name(written: str) -> str:
    """Read a visible name, without surrounding spaces."""
    found = written.strip()
    if not 1 <= len(found) <= NAME_MOST or not is_fit(found):
        message = f"must be 1 to {NAME_MOST} characters, with {UNFIT}"
        raise ValueError(message)
    return found


def accent(written: str) -> str:
    """Read a colour, in lower case."""
    return matching("#[0-9A-Fa-f]{6}", "must be a colour as #1b5fae")(written).lower()


def data_dir(written: str) -> Path:
    """Read the path of a folder."""
    return Path(matching(".+", "must be a folder")(written))


def blobs(written: str) -> Path | Bucket | str | None:
    """Read the path of a folder, `s3://bucket/prefix`, or `off`."""
    if written == OFF:
        return OFF
    if not written.startswith("s3:"):
        return data_dir(written)
    found = re.fullmatch(
        r"s3://([a-z0-9][a-z0-9.-]{1,61}[a-z0-9])((?:/(?!\.{1,2}(?:/|$))[A-Za-z0-9._-]{1,64}){0,8})/?",
        written,
    )
    if not found:
        message = "must be a folder, off, or s3://bucket/prefix with letters, digits and . _ - only"
        raise ValueError(message)
    return Bucket(found[1], found[2].removeprefix("/"))


def scanner(written: str) -> ScannerAddress:
    """Read `clamd://host:port`, or `clamd://` and the path of a socket."""
    if found := re.fullmatch(r"clamd://(/[^\0?#]{1,100})", written):
        return ScannerAddress("", 0, found[1])
    found = re.fullmatch(r"clamd://(\[[0-9a-fA-F:]+\]|[A-Za-z0-9.-]+):([0-9]{1,5})", written)
    if not found or not 1 <= int(found[2]) <= PORT_MAX:
        message = "must be clamd://host:port, or clamd:// and the whole path of a socket"
        raise ValueError(message)
    return ScannerAddress(found[1].strip("[]"), int(found[2]))


def s3_endpoint(written: str) -> str:
    """Read the URL of an S3 server: scheme, host and port."""
    message = "must be http:// or https://, a host and, if needed, a port, with nothing behind"
    try:
        parts = urlsplit(written)
        port = parts.port
    except ValueError:
        raise ValueError(message) from None
    host = parts.hostname or ""
    if (
        parts.scheme not in DEFAULT_PORTS
        or not re.fullmatch(r"[A-Za-z0-9.:_-]+", host)
        or parts.username is not None
        or parts.path.strip("/")
        or parts.query
        or parts.fragment
        or port == 0
    ):
        raise ValueError(message)
    return f"{parts.scheme}://{parts.netloc}"


def logo(written: str) -> Logo:
    """Read the picture at this path."""
    return read_logo(Path(matching(".+", "must be the path of a picture, SVG or PNG")(written)))
