"""How each variable of the environment is read: a word in, a value out, or a sentence about it.

Sentences never repeat what was given: it may be a secret in the wrong place.
"""

from __future__ import annotations

import ipaddress
import re
from ipaddress import IPv4Network, IPv6Network
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import unquote, urlsplit

from restante.email_address import Mailbox, mailbox
from restante.safe_text import UNFIT, is_fit
from restante.settings.logo import Logo, read_logo

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

MINUTE, HOUR, DAY = 60, 3_600, 86_400
MIB = 1024 * 1024
PORT_MAX = 65_535
NAME_MOST = 60
CLUSTER, CLUSTER_TLS = "redis+cluster", "rediss+cluster"
DEFAULT_PORTS = {"http": ":80", "https": ":443"}

Network = IPv4Network | IPv6Network
WRAPPING = (IPv6Network("::ffff:0:0/96"), IPv6Network("64:ff9b::/96"))
"""What stands for IPv4 addresses; an address is looked at without it."""


class Senders(NamedTuple):
    """Who may send: anyone, or whoever comes from one of the networks or holds a token."""

    anyone: bool = True
    networks: tuple[Network, ...] = ()
    tokens: bool = False


ANYONE = Senders()


class Relay(NamedTuple):
    """The mail server that takes our mail.

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
"""Where Microsoft looks at the links of its customers' mail from, as is reported."""


def bind_address(written: str) -> str:
    """Read `host:port`; an IPv6 host stands in brackets."""
    if not re.fullmatch(r"(\[[0-9a-fA-F:]+\]|[A-Za-z0-9.-]+):\d{1,5}", written):
        message = "must be host:port"
        raise ValueError(message)
    if not 1 <= int(written.rpartition(":")[2]) <= PORT_MAX:
        message = f"the port must be from 1 to {PORT_MAX}"
        raise ValueError(message)
    return written


def _public_url(written: str) -> str:
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
    # Browsers write the host small and leave the scheme's own port out of it.
    host = parts.netloc.lower().removesuffix(DEFAULT_PORTS[parts.scheme]).removesuffix(":")
    return f"{parts.scheme}://{host}{path}"


def _redis_url(written: str) -> str:
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


def _smtp_url(written: str) -> Relay:
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
    """Tell whether a host's name or address is this machine's own."""
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return host == "localhost"


def _mail_from(written: str) -> Mailbox:
    found = mailbox(written)
    if found is None or (found.name and not is_fit(found.name)):
        message = "must be one mailbox, as letters@example.com or Letters <letters@example.com>"
        raise ValueError(message)
    return found


def _one_of(*words: str) -> Callable[[str], str]:
    def read(written: str) -> str:
        if written not in words:
            message = "must be " + " or ".join(words)
            raise ValueError(message)
        return written

    return read


def _whole(least: int, most: int) -> Callable[[str], int]:
    def read(written: str) -> int:
        if not re.fullmatch(r"[0-9]{1,16}", written) or not least <= int(written) <= most:
            message = f"must be a whole number from {least} to {most}"
            raise ValueError(message)
        return int(written)

    return read


def _on_off(written: str) -> bool:
    return _one_of("on", "off")(written) == "on"


def _networks(written: str) -> tuple[Network, ...]:
    """Read networks as CIDR, comma between; none is empty."""
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


def _senders(written: str) -> Senders:
    words = [word.strip() for word in written.split(",")]
    if words == ["anyone"]:
        return ANYONE
    message = "must be anyone, or networks as 10.0.0.0/8 and the word tokens, comma between"
    if not all(words) or "anyone" in words:
        raise ValueError(message)
    try:
        networks = _networks(",".join(word for word in words if word != "tokens"))
    except ValueError:
        raise ValueError(message) from None
    return Senders(anyone=False, networks=networks, tokens="tokens" in words)


def _metrics_token(written: str) -> str:
    if not re.fullmatch(r"[\x21-\x7e]{16,256}", written):
        message = "must be 16 to 256 visible ASCII characters"
        raise ValueError(message)
    return written


def _data_dir(written: str) -> Path:
    if not written:
        message = "must be a folder"
        raise ValueError(message)
    return Path(written)


def _name(written: str) -> str:
    name = written.strip()
    if not 1 <= len(name) <= NAME_MOST or not is_fit(name):
        message = f"must be 1 to {NAME_MOST} characters, with {UNFIT}"
        raise ValueError(message)
    return name


def _logo(written: str) -> Logo:
    if not written:
        message = "must be the path of a picture, SVG or PNG"
        raise ValueError(message)
    return read_logo(Path(written))


def _accent(written: str) -> str:
    if not re.fullmatch(r"#[0-9A-Fa-f]{6}", written):
        message = "must be a colour as #1b5fae"
        raise ValueError(message)
    return written.lower()


def _root_keys(written: str) -> str:
    if not written:
        message = "must not be empty"
        raise ValueError(message)
    return written


_DURATION = _whole(1, 3_650 * DAY)
_LIMIT = _whole(1, 1_000_000)

VARIABLES: Mapping[str, tuple[str, Callable[[str], Any]]] = {
    "BIND": ("bind", bind_address),
    "DATA_DIR": ("data_dir", _data_dir),
    "PUBLIC_URL": ("public_url", _public_url),
    "REDIS_URL": ("redis_url", _redis_url),
    "ROOT_KEYS": ("root_keys", _root_keys),
    "DURABILITY": ("durability", _one_of("disk", "memory", "replicas:all")),
    "SENDERS": ("senders", _senders),
    "NAME": ("name", _name),
    "LOGO": ("logo", _logo),
    "ACCENT": ("accent", _accent),
    "SECOND_STEP": ("second_step", _one_of("suspicious", "always")),
    "SCANNER_NETWORKS": ("scanner_networks", _networks),
    "EVIDENCE": ("evidence", _on_off),
    "RATE_LIMITS": ("rate_limits", _on_off),
    "TRUSTED_PROXIES": ("trusted_proxies", _whole(0, 10)),
    "WEBHOOK_NETWORKS": ("webhook_networks", _networks),
    "SMTP_URL": ("smtp_url", _smtp_url),
    "MAIL_FROM": ("mail_from", _mail_from),
    "METRICS_BIND": ("metrics_bind", bind_address),
    "METRICS_TOKEN": ("metrics_token", _metrics_token),
    "STORE_BYTES": ("store_bytes", _whole(2 * MIB, 2**50)),
    "WEB_WORKERS": ("web_workers", _whole(1, 256)),
    "LOG_LEVEL": ("log_level", _one_of("debug", "info", "warning", "error")),
    "EXPIRY_DEFAULT": ("expiry_default", _DURATION),
    "EXPIRY_MIN": ("expiry_min", _DURATION),
    "EXPIRY_MAX": ("expiry_max", _DURATION),
    "VIEWS_MAX": ("views_max", _whole(1, 100)),
    "TEXT_MAX": ("text_max", _whole(1, MIB)),
    "RECIPIENTS_MAX": ("recipients_max", _whole(1, 100)),
    "PASSPHRASE_TRIES": ("passphrase_tries", _whole(1, 1_000)),
    "LEASE": ("lease_seconds", _whole(1, HOUR)),
    "LEASE_MOST": ("lease_most", _whole(1, DAY)),
    "HOLD_MAX": ("hold_max", _whole(0, DAY)),
    "RETENTION": ("retention_seconds", _DURATION),
    "LIMIT_SEND": ("limit_send", _LIMIT),
    "LIMIT_PREVIEW": ("limit_preview", _LIMIT),
    "LIMIT_STATUS": ("limit_status", _LIMIT),
    "LIMIT_REVEAL": ("limit_reveal", _LIMIT),
    "LIMIT_PASSPHRASE": ("limit_passphrase", _LIMIT),
    "BUDGET_MESSAGES": ("budget_messages", _LIMIT),
    "BUDGET_BYTES": ("budget_bytes", _whole(1, 2**50)),
}
"""Each variable without its prefix: the attribute it sets and how it is read."""
