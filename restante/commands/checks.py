"""The checks of settings and store: each finding is a sentence and a grade."""

from __future__ import annotations

import stat
from enum import StrEnum
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from restante.settings import Settings
    from restante.store.diagnostics import Inspected

LEAST_VERSION = (7, 0)
FULL = 0.8
CLOCK_SECONDS = 2.0
EVERYWHERE = ("0.0.0.0:", "[::]:")
SECRETS = (
    "ROOT_KEYS",
    "REDIS_URL",
    "METRICS_TOKEN",
    "SMTP_URL",
    "S3_ACCESS_KEY",
    "S3_SECRET_KEY",
)


class Grade(StrEnum):
    """The severity of a finding; only problems change the exit status."""

    OK = "ok"
    WARNING = "warning"
    PROBLEM = "problem"


class Finding(NamedTuple):
    """One line of the check."""

    grade: Grade
    words: str


def ok(words: str) -> Finding:
    """Return a finding: as promised."""
    return Finding(Grade.OK, words)


def warning(words: str) -> Finding:
    """Return a finding: allowed, but the operator should know."""
    return Finding(Grade.WARNING, words)


def problem(words: str) -> Finding:
    """Return a finding: breaks a promise."""
    return Finding(Grade.PROBLEM, words)


def of_settings(settings: Settings, files: Mapping[str, Path]) -> Iterator[Finding]:
    """Yield the findings on the settings; *files* are the files that they come from."""
    yield ok("the settings can be read and agree")
    yield from _of_address(settings)
    if not settings.public:
        yield ok("the service is meant for this machine only")
    elif settings.senders.anyone:
        yield warning("RESTANTE_SENDERS is anyone: anyone who reaches the service may send")
    elif any(network.prefixlen == 0 for network in settings.senders.networks):
        yield warning("RESTANTE_SENDERS has a network of all addresses: anyone may send")
    else:
        yield ok("RESTANTE_SENDERS says who may send")
    if settings.public and not settings.rate_limits:
        yield warning("RESTANTE_RATE_LIMITS is off: nothing slows down guessing")
    if settings.durability == "memory":
        yield warning("RESTANTE_DURABILITY is memory: a restart loses what was not read yet")
    if (settings.metrics_bind or "").startswith(EVERYWHERE):
        yield warning(
            "RESTANTE_METRICS_BIND is every address: anyone who reaches it sees the metrics"
        )
    yield from _of_root_keys(settings, files)
    yield from _of_secrets(settings, files)
    if settings.redis_url is None:
        yield from _of_data_folder(settings)


def _of_secrets(settings: Settings, files: Mapping[str, Path]) -> Iterator[Finding]:
    if settings.s3_secret_key and "S3_SECRET_KEY" not in files:
        yield warning(
            "RESTANTE_S3_SECRET_KEY stands in the environment, which more can read than a file:"
            " RESTANTE_S3_SECRET_KEY_FILE names one"
        )
    for name in SECRETS:
        if name in files:
            yield from _of_secret_file(f"RESTANTE_{name}_FILE", files[name])


def _of_address(settings: Settings) -> Iterator[Finding]:
    if settings.secure:
        yield ok("links use https")
        if settings.trusted_proxies:
            yield ok(f"RESTANTE_TRUSTED_PROXIES is {settings.trusted_proxies}")
        else:
            # We do not terminate TLS, so there is a proxy.
            yield warning(
                "RESTANTE_TRUSTED_PROXIES is 0 behind https: all visitors count as one network"
            )
    elif settings.public:
        yield warning("RESTANTE_PUBLIC_URL is not https: links and texts travel in clear")
    else:
        yield ok("RESTANTE_PUBLIC_URL is this machine's own")
    if settings.push and settings.public and not settings.secure:
        yield warning("RESTANTE_PUSH is on, but a browser can be told only over https")


def _of_root_keys(settings: Settings, files: Mapping[str, Path]) -> Iterator[Finding]:
    if settings.root_keys is None:
        return
    many = settings.root_keys.count(",") + 1
    yield ok(f"{many} root {'key' if many == 1 else 'keys'} can be used")
    if "ROOT_KEYS" not in files:
        yield warning(
            "RESTANTE_ROOT_KEYS stands in the environment, which more can read than a file:"
            " RESTANTE_ROOT_KEYS_FILE names one"
        )


def _of_secret_file(what: str, path: Path) -> Iterator[Finding]:
    mode = path.stat().st_mode
    if mode & stat.S_IRWXO:
        yield problem(f"{what}: others can read the file; chmod 600")
    elif mode & stat.S_IRWXG:
        yield warning(f"{what}: a group can read the file")
    else:
        yield ok(f"{what}: only its owner can read the file")


def _of_data_folder(settings: Settings) -> Iterator[Finding]:
    folder = settings.data_dir.resolve()
    try:
        is_there = folder.is_dir() and any(folder.iterdir())
        if not is_there:
            yield ok(f"the data folder {folder} is made private at the first start")
            return
        if folder.stat().st_mode & (stat.S_IRWXG | stat.S_IRWXO):
            yield problem(f"other users can read {folder}; chmod 700")
        else:
            yield ok(f"only its owner can read {folder}")
        for parent in folder.parents:
            if parent.stat().st_mode & (stat.S_IWOTH | stat.S_ISVTX) == stat.S_IWOTH:
                yield warning(f"anybody can rename the data folder: chmod o-w {parent}")
        if settings.root_keys is None:
            yield from _of_made_keys(folder)
    except PermissionError:
        yield problem(f"{folder} cannot be read by the user that runs this check")


def _of_made_keys(folder: Path) -> Iterator[Finding]:
    path = folder / "root.keys"
    if path.exists():
        yield from _of_secret_file(str(path), path)
    elif any((folder / "appendonlydir").glob("*")):
        yield problem(f"{path} is missing, and without it no message opens")
    else:
        yield ok(f"{path} is made at the first start")


def of_tokens(many: int) -> Finding:
    """Return the finding on the number of sender tokens, if tokens are needed."""
    if many:
        return ok(f"{many} sender {'token' if many == 1 else 'tokens'} can be used")
    return warning("RESTANTE_SENDERS needs tokens, and there are none yet: senders add NAME")


def of_browsers(needed: Mapping[bytes, int], ids: Sequence[bytes]) -> Iterator[Finding]:
    """Yield findings on browsers that are told: how many need each root key; *ids* are ours."""
    many, old = sum(needed.values()), sum(needed.get(one, 0) for one in ids[1:])
    if lost := sum(count for root_id, count in needed.items() if root_id not in ids):
        yield warning(
            f"{lost} of {many} browsers are told nothing any more: they were subscribed under a"
            " root key that is not in the settings; keep a key until its messages are forgotten"
        )
    elif old:
        yield ok(f"{old} of {many} browsers that are told need an older root key: keep it")
    elif many:
        yield ok(f"{many} browsers are told, under the newest root key")


def of_primary(found: Inspected, durability: str) -> Iterator[Finding]:
    """Yield the findings on one primary of the store."""
    least = ".".join(map(str, LEAST_VERSION))
    if found.version < LEAST_VERSION:
        yield problem(f"{found.product} is too old: {least} or later is needed")
    else:
        yield ok(f"{found.product} answers")
    if not found.is_primary:
        yield problem("the store is a replica: nothing can be written there")
    if found.ahead_seconds is None:
        yield problem("scripts may not run: EVAL and EVALSHA must be permitted")
    elif found.forbidden:
        yield problem(f"scripts may run, but not call {', '.join(found.forbidden)} on our keys")
    else:
        yield ok("scripts may run")
    if found.ahead_seconds is not None:
        yield _of_clock(found.ahead_seconds)
    if found.configurable:
        yield ok("CONFIG GET is permitted")
    else:
        yield warning("CONFIG GET is forbidden: the store's settings cannot be checked")
    yield _of_rewrite(rewritable=found.rewritable)
    yield _of_memory(found)
    if found.snapshots:
        yield warning(
            f"a primary wrote {found.snapshots} snapshots since it started, which keep what was"
            " destroyed since: delete them (dump.rdb), then CONFIG RESETSTAT"
        )
    if durability == "replicas:all":
        yield _of_replicas(found)
    elif found.replicas_known:
        yield warning(
            f"a primary has replicas, and RESTANTE_DURABILITY is {durability}: a failover may lose"
            " what was told last; in a cluster replicas:all waits for them"
        )


def _of_clock(ahead: float) -> Finding:
    if abs(ahead) > CLOCK_SECONDS:
        way = "ahead of" if ahead > 0 else "behind"
        return warning(f"the store's clock is {abs(ahead):.0f} seconds {way} this machine's")
    return ok("the store's clock agrees with this machine's")


def _of_rewrite(*, rewritable: bool | None) -> Finding:
    if rewritable:
        return ok("BGREWRITEAOF is permitted")
    if rewritable is None:
        return warning("the store does not tell whether BGREWRITEAOF is permitted")
    return warning("BGREWRITEAOF is forbidden: what was destroyed stays in the store's file")


def _of_memory(found: Inspected) -> Finding:
    if not found.memory_most:
        return warning("maxmemory is not set: the store grows until its machine has no more")
    words = f"the store's memory is {found.memory / found.memory_most:.0%} full"
    return warning(words) if found.memory > FULL * found.memory_most else ok(words)


def _of_replicas(found: Inspected) -> Finding:
    if not found.replicas_known:
        return problem("a primary has no replica")
    words = f"{found.replicas} of {found.replicas_known} replicas are connected to a primary"
    return ok(words) if found.replicas >= found.replicas_known else problem(words)
