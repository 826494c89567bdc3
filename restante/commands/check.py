"""`check`: checks settings, machine and store before the service is opened to others."""

from __future__ import annotations

import os
from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING

import click

from restante import logs
from restante.commands import checks, machine
from restante.commands.check_blobs import of_ids, of_place
from restante.commands.check_push import of_push
from restante.commands.check_scanner import of_scanner
from restante.commands.check_smtp import of_relay
from restante.commands.checks import Finding, Grade
from restante.commands.environment import read_settings, settings_files
from restante.commands.store import services_for
from restante.errors import SettingsInvalid, Unavailable
from restante.service.data_folder import SIZES, SOCKET, STORE_FOLDER, StoreFailed

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from restante.settings import Settings
    from restante.wiring import Services


@click.command
def check() -> int:
    """Check whether settings and store keep what is promised.

    Every line begins with ok, warning or problem.  The exit status is 0 without a problem,
    78 with one in the settings, 69 with one in the store.  Nothing in the store is changed.
    Run it as the user that runs the service, with the same settings.
    """
    try:
        settings = read_settings()
        _try_store_url(settings)
    except SettingsInvalid as invalid:
        _tell(checks.problem(words) for words in invalid.problems)
        _tell([checks.warning("the store was not checked: correct the settings first")])
        return os.EX_CONFIG
    settings_well = _tell(checks.of_settings(settings, settings_files()))
    for found in (of_relay(settings), of_push(settings), *of_scanner(settings)):
        if found:
            settings_well = _tell([found]) and settings_well
    _tell(machine.of_memory())
    logs.configure("error", to_stderr=True)
    try:
        blobs_well = _tell(of_place(settings))
    except SettingsInvalid as invalid:
        settings_well = _tell(checks.problem(words) for words in invalid.problems)
        settings, blobs_well = replace(settings, blobs="off"), True
    store_well = _tell(_of_store(settings)) and blobs_well
    if not settings_well:
        return os.EX_CONFIG
    return os.EX_OK if store_well else os.EX_UNAVAILABLE


def _try_store_url(settings: Settings) -> None:
    """Connect to nothing, but find out whether the store's URL can be used.

    Raises:
        SettingsInvalid: The URL has an unknown option.
    """
    if settings.redis_url is not None:
        from restante import wiring  # noqa: PLC0415 (loads the client)

        wiring.reach(settings)


def _tell(found: Iterable[Finding]) -> bool:
    """Print the findings; return False if one is a problem."""
    well = True
    # Several primaries give mostly the same findings: print each once.
    for grade, words in dict.fromkeys(found):
        click.echo(f"{grade:<8} {words}")
        well = well and grade != Grade.PROBLEM
    return well


def _of_store(settings: Settings) -> Iterator[Finding]:
    try:
        if settings.redis_url is None and _is_yet_to_come(settings):
            yield checks.ok(
                "the embedded store does not exist yet: the service creates it at its first start"
            )
        else:
            yield from _of_reached_store(settings)
    except (StoreFailed, PermissionError) as failed:
        yield checks.problem(getattr(failed, "strerror", None) or str(failed))
    if settings.store_is_here:
        yield from machine.of_overcommit()


def _of_reached_store(settings: Settings) -> Iterator[Finding]:
    with services_for(settings) as services:
        from restante.store.diagnostics import Refused, inspect  # noqa: PLC0415 (loads the client)

        try:
            primaries = inspect(services.connection)
        except (Unavailable, Refused) as away:
            away_words = "the store does not answer" if isinstance(away, Unavailable) else str(away)
            yield checks.problem(away_words)
            return
        shortcomings = services.files.shortcomings(settings.durability)
        yield from map(checks.problem, shortcomings)
        for primary in primaries:
            for finding in checks.of_primary(primary, settings.durability):
                # A shortcoming says the same with the shard.
                if not any(finding.words in said for said in shortcomings):
                    yield finding
            if settings.store_is_here:
                yield from machine.of_store_process(primary.pid)
        with suppress(Unavailable):
            if services.blobs and (found := of_ids(services.blobs, services.connection)):
                yield found
            if settings.senders.tokens:
                yield checks.of_tokens(len(services.admission.listed()))
            yield from _of_browsers(services)
            if not services.consents.opens():
                yield checks.problem(
                    "the consents of mail addresses cannot be read: their root key is missing in"
                    " the settings, and no notification will be mailed"
                )


def _of_browsers(services: Services) -> Iterator[Finding]:
    from restante.store import told_browsers  # noqa: PLC0415 (loads the client)

    try:
        needed = told_browsers.root_ids(services.connection, services.keyring)
    except told_browsers.ScanForbidden:
        yield checks.warning("SCAN is forbidden: root keys that browsers need cannot be checked")
        return
    yield from checks.of_browsers(needed, services.keyring.ids)


def _is_yet_to_come(settings: Settings) -> bool:
    """Tell whether the embedded store neither runs nor has left files."""
    folder = settings.data_dir.resolve()
    return not (folder / SOCKET).is_symlink() and not any(
        (folder / name).exists() for name in (SOCKET, STORE_FOLDER, SIZES)
    )
