"""What the check finds of the machine: whether memory can come onto the disk, or run short."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from restante.commands.checks import Finding, ok, warning

if TYPE_CHECKING:
    from collections.abc import Iterator

PROC = Path("/proc")
BLOCK = Path("/sys/class/block")
STORES = ("redis-", "valkey-")
"""How a store's program is called."""


def of_memory(proc: Path = PROC, block: Path = BLOCK) -> Iterator[Finding]:
    """Yield whether swap can take what is in memory onto a disk in clear."""
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
    """Tell whether it is neither in memory itself (zram) nor encrypted."""
    name = swap.resolve().name
    if name.startswith("zram"):
        return False
    try:
        return not (block / name / "dm" / "uuid").read_text().startswith("CRYPT-")
    except OSError:
        return True


def of_overcommit(proc: Path = PROC) -> Iterator[Finding]:
    """Yield whether the system lets the store copy itself while it rewrites its file."""
    try:
        allowed = (proc / "sys" / "vm" / "overcommit_memory").read_text().strip()
    except OSError:
        return
    if allowed == "1":
        yield ok("vm.overcommit_memory is 1")
    else:
        yield warning("vm.overcommit_memory is not 1: a large store may fail to rewrite its file")


def of_store_process(pid: int, proc: Path = PROC) -> Iterator[Finding]:
    """Yield whether a crash of the store writes its memory to the disk.

    Nothing, where *pid* is no store of this machine: it may be one in a container.
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
