"""The operator's settings.  Only this package reads the environment, once per process."""

from __future__ import annotations

from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self
from urllib.parse import urlsplit

from restante.crypto.keyring import Keyring
from restante.errors import SettingsInvalid
from restante.settings.declarations import VARIABLES, Declarations
from restante.settings.parsers import (
    CLUSTER,
    CLUSTER_TLS,
    DAY,
    MIB,
    Bucket,
    bind_address,
    is_loopback,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    from restante.email_address import Mailbox

__all__ = ["DAY", "MIB", "PREFIX", "VARIABLES", "Settings", "SettingsInvalid", "files_of"]

PREFIX = "RESTANTE_"
CLIENT_PREFIX = "RESTANTE_CLIENT_"
"""Variables of the client's command, which a person can have on the same machine."""
LOOPBACK_NAMES = ("localhost", "127.0.0.1", "[::1]")


@dataclass(frozen=True, slots=True)
class Settings(Declarations):
    """The settings, and values derived from them.  `declarations.py` has the fields."""

    @property
    def host(self) -> str:
        return self.bind.rpartition(":")[0]

    @property
    def metrics_port(self) -> int | None:
        """The port of the metrics, which separates their requests from those of pages."""
        return int(self.metrics_bind.rpartition(":")[2]) if self.metrics_bind else None

    @property
    def counts(self) -> bool:
        """Metrics are on: a port or a token gives access to them."""
        return self.metrics_bind is not None or self.metrics_token is not None

    @property
    def is_cluster(self) -> bool:
        return urlsplit(self.redis_url or "").scheme in {CLUSTER, CLUSTER_TLS}

    @property
    def blobs_folder(self) -> Path | None:
        """The folder where sealed files are kept; None if they are in S3, or messages have none."""
        if isinstance(self.blobs, Path):
            return self.blobs
        return None if self.blobs or self.redis_url else self.data_dir / "blobs"

    @property
    def blobs_place(self) -> Path | Bucket | None:
        """The folder or bucket where sealed files are kept; None if messages have no files."""
        return self.blobs if isinstance(self.blobs, Bucket) else self.blobs_folder

    @property
    def spool_folder(self) -> Path:
        """Where parts of uploads are gathered before they go to S3."""
        return self.s3_spool or self.data_dir / "spool"

    @property
    def mail_sender(self) -> Mailbox | None:
        """The sender of mails; without a display name, the service's name is used."""
        its = self.mail_from
        return its and its._replace(name=its.name or self.name)

    @property
    def sent_list_seconds(self) -> int:
        """How long a message of today can be remembered, and so a list that has it.

        Four days are for the last deliveries: see `DELIVERY_MS` of the scripts.
        """
        return self.hold_max + self.expiry_max + self.retention_seconds + 4 * DAY

    @property
    def store_is_here(self) -> bool:
        """The store runs on this machine."""
        parts = urlsplit(self.redis_url or "unix:")
        return parts.scheme == "unix" or (not self.is_cluster and is_loopback(parts.hostname or ""))

    @property
    def secure(self) -> bool:
        """Links use https."""
        return self.public_url.startswith("https://")

    @property
    def public(self) -> bool:
        """The service can be reached from other machines."""
        return not is_loopback(urlsplit(self.public_url).hostname or "")

    @property
    def path_prefix(self) -> str:
        """The path of the public URL, such as `/letters`, or empty."""
        return urlsplit(self.public_url).path

    @property
    def hosts(self) -> tuple[str, ...]:
        """The accepted values of the header Host, in lower case; without a port, any port."""
        public = urlsplit(self.public_url)
        if public.hostname in {"localhost", "127.0.0.1", "::1"}:
            return LOOPBACK_NAMES
        return (public.netloc.lower(),)

    @classmethod
    def from_env(cls, environ: Mapping[str, str]) -> Self:
        """Build settings from `RESTANTE_…` variables and their `…_FILE` twins.

        Raises:
            SettingsInvalid: Names every problem at once, not just the first.
        """
        problems: list[str] = []
        given = _collect(environ, problems)
        values: dict[str, Any] = {}
        for name, written in given.items():
            its = VARIABLES[name]
            try:
                values[its.field] = its.parse(written)
            except ValueError as problem:
                problems.append(f"{PREFIX}{name}: {problem}")
        if "bind" not in values and environ.get("PORT"):
            try:
                values["bind"] = bind_address(f"0.0.0.0:{environ['PORT']}")
            except ValueError as problem:
                problems.append(f"PORT: {problem}")
        if "public_url" not in values:
            bind = values.get("bind", cls().bind)
            values["public_url"] = f"http://{bind}"
            if not is_loopback(bind.rpartition(":")[0]) and "PUBLIC_URL" not in given:
                problems.append(
                    f"{PREFIX}PUBLIC_URL is needed when {PREFIX}BIND is not a loopback address"
                )
        settings = cls(**values)
        problems.extend(settings._contradictions())
        if settings.root_keys:
            try:
                Keyring.parse(settings.root_keys)
            except SettingsInvalid as unusable:
                problems.extend(unusable.problems)
        if problems:
            raise SettingsInvalid(problems)
        return settings

    def _contradictions(self) -> list[str]:
        problems = []
        if not self.expiry_min <= self.expiry_default <= self.expiry_max:
            problems.append(f"{PREFIX}EXPIRY_MIN, _DEFAULT and _MAX must be in this order of size")
        if self.durability == "replicas:all" and not self.is_cluster:
            problems.append(
                f"{PREFIX}DURABILITY replicas:all needs a cluster that knows its replicas:"
                f" {PREFIX}REDIS_URL must begin with redis+cluster:// or rediss+cluster://"
            )
        if (self.smtp_url is None) != (self.mail_from is None):
            problems.append(
                f"{PREFIX}SMTP_URL and {PREFIX}MAIL_FROM are needed together:"
                " mail goes out through the one, in the name of the other"
            )
        if isinstance(self.blobs, Bucket) and find_spec("botocore") is None:
            problems.append(
                f"{PREFIX}BLOBS is in S3, which needs more packages:"
                " .venv/bin/python -m pip install --require-hashes -r requirements-s3.lock"
            )
        if (self.s3_access_key is None) != (self.s3_secret_key is None):
            problems.append(f"{PREFIX}S3_ACCESS_KEY and {PREFIX}S3_SECRET_KEY are needed together")
        if self.budget_bytes < self.text_max:
            problems.append(
                f"{PREFIX}BUDGET_BYTES must not be less than {PREFIX}TEXT_MAX:"
                " the longest text could never be sent"
            )
        if self.metrics_port == int(self.bind.rpartition(":")[2]):
            problems.append(f"{PREFIX}METRICS_BIND must have another port than {PREFIX}BIND")
        if self.redis_url and not self.root_keys:
            problems.append(
                f"{PREFIX}ROOT_KEYS is needed with {PREFIX}REDIS_URL:"
                " base64url of 32 random bytes, kept outside the store"
            )
        return problems


def files_of(environ: Mapping[str, str]) -> dict[str, Path]:
    """Return the files that settings come from, by the name of the setting."""
    return {
        base: Path(environ[variable])
        for base in VARIABLES
        if (variable := f"{PREFIX}{base}_FILE") in environ
    }


def _collect(environ: Mapping[str, str], problems: list[str]) -> dict[str, str]:
    given: dict[str, str] = {}
    for variable, value in environ.items():
        if not variable.startswith(PREFIX) or variable.startswith(CLIENT_PREFIX):
            continue
        name = variable.removeprefix(PREFIX)
        base = name.removesuffix("_FILE")
        if base not in VARIABLES:
            problems.append(f"{variable} is not a setting")
        elif name == base:
            given[base] = value
        elif PREFIX + base in environ:
            problems.append(f"{PREFIX}{base} and {variable} are both set")
        else:
            try:
                given[base] = Path(value).read_text(encoding="utf-8").strip()
            except (OSError, UnicodeDecodeError):
                problems.append(f"{variable}: the file cannot be read")
    return given
