"""The declaration of every setting: its default, its parser, and its meaning for the operator.

`python -m tests.support.settings_table` writes the table of docs/settings.md from here.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from restante.settings import parsers
from restante.settings.declaring import DURATION, LIMIT, setting
from restante.settings.file_declarations import FileDeclarations
from restante.settings.parsers import (
    ANYONE,
    DAY,
    HOUR,
    MIB,
    MINUTE,
    SAFE_LINKS,
    Network,
    Relay,
    Senders,
    Whole,
    matching,
    one_of,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from restante.email_address import Mailbox
    from restante.settings.logo import Logo


@dataclass(frozen=True, slots=True)
class Declarations(FileDeclarations):
    """The fields of the settings.  A variable has the name of its field, without the unit."""

    bind: str = setting(
        "127.0.0.1:8000",
        parsers.bind_address,
        "where the web listens, `host:port`; if it is not set and a platform sets `PORT`,"
        " `0.0.0.0:$PORT`",
    )
    data_dir: Path = setting(
        Path("data"),
        parsers.data_dir,
        "folder of the embedded store, relative to the checkout; made with mode 0700",
    )
    public_url: str = setting(
        "http://127.0.0.1:8000",
        parsers.public_url,
        "what links begin with, with a path if the service is below one. By default `http://` and"
        " `RESTANTE_BIND`; required if that is not a loopback address",
    )
    redis_url: str | None = setting(
        None,
        parsers.redis_url,
        "`redis://`, `rediss://`, `unix://`, or `redis+cluster://`, `rediss+cluster://` with hosts"
        " separated by commas; without it the embedded store is started",
        is_secret=True,
    )
    root_keys: str | None = setting(
        None,
        matching(".+", "must not be empty"),
        "root keys, newest first, separated by commas, each base64url of 32 random bytes; required"
        " with `RESTANTE_REDIS_URL`, else made once in the data folder",
        is_secret=True,
    )
    durability: str = setting(
        "disk",
        one_of("disk", "memory", "replicas:all"),
        "when a change counts: `disk`, when it is written to disk; `replicas:all`, in a cluster,"
        " when every replica of its primary has it; `memory`, at once, and it is lost with a"
        " restart",
    )
    senders: Senders = setting(
        ANYONE,
        parsers.senders,
        "who may send: `anyone`, or networks and the word `tokens`, separated by commas, as"
        " `10.0.0.0/8,tokens`",
    )
    name: str = setting(
        "Restante",
        parsers.name,
        "name of the service in the head and the title of its pages, 1 to 60 characters. The"
        " footer says what Restante is",
    )
    logo: Logo | None = setting(
        None,
        parsers.logo,
        "path of a picture beside the name, in place of the seal, relative to the checkout: PNG,"
        " or SVG of up to 400 elements, up to 8 KiB. (`RESTANTE_LOGO_FILE` names a file that"
        " contains this path)",
    )
    accent: str | None = setting(
        None,
        parsers.accent,
        "colour of buttons and links, as `#12307a`; made darker or lighter if it could not be read."
        " The seal, errors and what cannot be undone stay red",
    )
    second_step: str = setting(
        "suspicious",
        one_of("suspicious", "always"),
        "who types a three-digit number before a message opens (the challenge): visitors who look"
        " like a machine, or, with `always`, everybody. Senders can ask for `always`, too",
    )
    scanner_networks: tuple[Network, ...] = setting(
        SAFE_LINKS,
        parsers.networks,
        "networks that scan mail, separated by commas; by default those reported of Microsoft Safe"
        " Links. Visitors from there get the challenge; empty for none",
    )
    evidence: bool = setting(
        True,
        parsers.on_off,
        "what is recorded of a visit or an action beside its time: network cut to /24 or /48,"
        " country, families of browser and system. `off`: nothing",
    )
    sent_list: bool = setting(
        True,
        parsers.on_off,
        "what a browser sends is in a list of its own, which only this browser's cookie opens."
        " `off`: no lists",
    )
    rate_limits: bool = setting(True, parsers.on_off, "`off` for measurements and tests")
    trusted_proxies: int = setting(
        0,
        Whole(0, 10),
        "how many proxies in front of it append to `X-Forwarded-For`; with too few all visitors"
        " are one network, with too many visitors choose their own",
    )
    webhook_networks: tuple[Network, ...] = setting(
        (),
        parsers.networks,
        "networks, separated by commas, where webhooks may go although they are not public, as"
        " your own",
    )
    webhook_pages: bool = setting(
        True,
        parsers.on_off,
        "the pages have a field for a webhook, too. `off`: only programs can set one",
    )
    push: bool = setting(
        True,
        parsers.on_off,
        "senders may be told in their browser, through the push service of its maker, which"
        " cannot read what it brings. `off`: no browser is told",
    )
    smtp_url: Relay | None = setting(
        None,
        parsers.smtp_url,
        "the mail server that mails codes to readers: `smtp://user:pass@host:587` (STARTTLS is"
        " required, except on loopback), `smtps://…` or, unencrypted, `smtp+plain://…`; a secret",
        is_secret=True,
    )
    mail_from: Mailbox | None = setting(
        None,
        parsers.mail_from,
        "sender of that mail: `Letters <letters@example.com>`, if without a name with"
        " `RESTANTE_NAME`; set both or neither",
    )
    mail_links: bool = setting(
        True,
        parsers.on_off,
        "a sender may choose that notifications by mail have a link to the control page. Its"
        " token is in the store then, in a box: root key and store together open such a message."
        " `off`: no mail has one",
    )
    metrics_bind: str | None = setting(
        None,
        parsers.bind_address,
        "`host:port`, with another port than `RESTANTE_BIND`, where `/metrics` is served, with"
        " health and without pages",
    )
    metrics_token: str | None = setting(
        None,
        matching(r"[\x21-\x7e]{16,256}", "must be 16 to 256 visible ASCII characters"),
        "bearer token of 16 to 256 characters, for which `/metrics` also answers on the address"
        " of the pages",
        is_secret=True,
    )
    store_bytes: int = setting(
        512 * MIB,
        Whole(2 * MIB, 2**50, "bytes"),
        "memory of the embedded store; when it is full, sending and replacing are refused and the"
        " rest works",
    )
    web_workers: int = setting(2, Whole(1, 256), "web processes")
    log_level: str = setting(
        "info",
        one_of("debug", "info", "warning", "error"),
        "`debug`, `info`, `warning` or `error`",
    )
    expiry_default: int = setting(
        7 * DAY, DURATION, "seconds until a message expires if its sender does not choose"
    )
    expiry_min: int = setting(MINUTE, DURATION, "the least a sender may choose")
    expiry_max: int = setting(365 * DAY, DURATION, "the most a sender may choose")
    views_max: int = setting(100, Whole(1, 100), "the most views of a link")
    text_max: int = setting(MIB, Whole(1, MIB, "bytes"), "bytes of a text in UTF-8")
    recipients_max: int = setting(100, Whole(1, 100), "recipients of a message")
    passphrase_tries: int = setting(
        10, Whole(1, 1_000), "how many wrong passphrases or mailed codes lock a link"
    )
    lease_seconds: int = setting(
        120, Whole(1, HOUR, "seconds"), "seconds in which a reader may fetch their view again"
    )
    lease_most: int = setting(
        30 * MINUTE,
        Whole(1, DAY, "seconds"),
        "seconds, from the first, to which a reader may extend that",
    )
    hold_max: int = setting(
        DAY, Whole(0, DAY, "seconds"), "the longest wait, in seconds, before a message opens"
    )
    retention_seconds: int = setting(
        30 * DAY,
        DURATION,
        "seconds a message is remembered after its last link ended: timeline, names, evidence,"
        " never the text",
    )
    limit_send: int = setting(30, LIMIT, "sends, replaces and extends, per network and minute")
    limit_preview: int = setting(120, LIMIT, "gates shown, per network and minute")
    limit_status: int = setting(300, LIMIT, "looks at a message's status, per network and minute")
    limit_changes: int = setting(
        1_200, LIMIT, "questions of open control pages for news, per network and minute"
    )
    limit_reveal: int = setting(60, LIMIT, "attempts to open, per network and minute")
    limit_passphrase: int = setting(
        20,
        LIMIT,
        "attempts to open with a passphrase or a mailed code, and codes asked for, per network and"
        " minute",
    )
    budget_messages: int = setting(2_000, LIMIT, "messages, per network and day")
    budget_bytes: int = setting(
        64 * MIB,
        Whole(1, 2**50, "bytes"),
        "their text in all, in bytes, per network and day; not less than `RESTANTE_TEXT_MAX`",
    )
    budget_mails_address: int = setting(
        50, LIMIT, "notifications to one mail address, per day; the others wait and are gathered"
    )
    budget_mails_network: int = setting(
        100, LIMIT, "messages that want notifications by mail, per network and day"
    )
    budget_pushes_network: int = setting(
        200, LIMIT, "browsers that are to be told of a message, per network and day"
    )
    budget_tests_network: int = setting(
        100, LIMIT, "tests of notifications that senders ask for, per network and day"
    )
    budget_mails: int = setting(
        10_000,
        LIMIT,
        "notifications by mail in all, per day; the others wait. At most half of them are asks for"
        " a consent",
    )


class Variable(NamedTuple):
    """A variable of the environment: its field, its parser and its meaning."""

    field: str
    parse: Callable[[str], Any]
    meaning: str


VARIABLES: Mapping[str, Variable] = {
    its.name.removesuffix("_seconds").upper(): Variable(its.name, **its.metadata)
    for its in fields(Declarations)
}
"""All variables, by their names without `RESTANTE_`."""
