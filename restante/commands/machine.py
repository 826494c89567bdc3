"""The checks of the machine: can memory reach the disk (swap, core dumps), or run short?"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from restante.commands.checks import Finding, ok, warning

if TYPE_CHECKING:
    from collections.abc import Iterator

PROC = Path("/proc")
BLOCK = Path("/sys/class/block")
STORES = ("redis-", "valkey-")
"""Prefixes of the names of a store's program."""


def of_memory(proc: Path = PROC, block: Path = BLOCK) -> Iterator[Finding]:
    """Yield the finding on swap: can it write memory to a disk unencrypted?"""
    try:
        lines = (proc / "swaps").read_text().splitlines()[1:]
    except OSError:
        return
    if any(_keeps_clear(Path(line.split()[0]), block) for line in lines if line):
        yield warning(
            "swap is on: texts, keys and what was destroyed can come from memory onto the disk;"
            " turn it off, encrypt it, or keep the service out of it (MemorySwapMax=0)"
        )
    else:
        yield ok("no swap takes memory onto the disk in clear")


def _keeps_clear(swap: Path, block: Path) -> bool:
    """Tell whether this swap is on a disk and unencrypted (zram is in memory)."""
    name = swap.resolve().name
    if name.startswith("zram"):
        return False
    try:
        return not (block / name / "dm" / "uuid").read_text().startswith("CRYPT-")
    except OSError:
        return True


def of_overcommit(proc: Path = PROC) -> Iterator[Finding]:
    """Yield the finding on overcommit: can a large store fork to rewrite its file?"""
    try:
        allowed = (proc / "sys" / "vm" / "overcommit_memory").read_text().strip()
    except OSError:
        return
    if allowed == "1":
        yield ok("vm.overcommit_memory is 1")
    else:
        yield warning("vm.overcommit_memory is not 1: a large store may fail to rewrite its file")


def of_store_process(pid: int, proc: Path = PROC) -> Iterator[Finding]:
    """Yield the finding on core dumps of the store's process.

    Nothing if *pid* is no store on this machine: it may be in a container.
    """
    try:
        if not (proc / str(pid) / "comm").read_text().startswith(STORES):
            return
        limits = (proc / str(pid) / "limits").read_text()
    except OSError:
        return
    [line] = [line for line in limits.splitlines() if line.startswith("Max core file size")]
    if line.split()[4] == "0":
        yield ok("the store writes no core dumps")
    else:
        yield warning(
            "a crash of the store may write its memory to the disk: LimitCORE=0 in its unit,"
            " or ulimit -c 0"
        )
