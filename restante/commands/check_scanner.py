"""Checks the virus scanner: does it answer, and does what it gets stay on this machine?"""

from __future__ import annotations

from typing import TYPE_CHECKING

from restante.commands import checks
from restante.scanning import Clamd

if TYPE_CHECKING:
    from collections.abc import Iterator

    from restante.commands.checks import Finding
    from restante.settings import Settings

CLAMD_MOST = 2 * 1024**3
"""clamd scans no larger file, however it is set up."""


def of_scanner(settings: Settings) -> Iterator[Finding]:
    """Check the scanner; yield nothing if none is set.  No file is sent."""
    address = settings.scan
    if address is None:
        return
    if settings.blobs_place is None:
        yield checks.warning("RESTANTE_SCAN is set, but messages have no files")
    if not Clamd(address).ping():
        yield checks.problem("the virus scanner does not answer: no file will be taken")
    else:
        yield checks.ok("the virus scanner answers")
    if not address.is_near:
        yield checks.warning("files go to the virus scanner unencrypted, over the network")
    if settings.files_max >= CLAMD_MOST:
        yield checks.warning(
            "clamd takes no file of 2 GiB or more, and by default much less: lower"
            " RESTANTE_FILES_MAX to its StreamMaxLength"
        )
