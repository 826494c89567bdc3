"""What the system knows of running processes: their processor time and their memory."""

from __future__ import annotations

import time
from contextlib import suppress
from pathlib import Path

CPUCLOCK_SCHED = 2
"""The clock of a process in the kernel's numbering: clock_getcpuclockid(3) gives the same."""

Roles = dict[str, list[int]]
"""The processes of one contender by what they do: `web`, `worker`, `store`."""


def processor_seconds(pids: list[int]) -> float:
    """Return the processor time that these processes used so far, in all their threads.

    It is what /proc/PID/stat tells (utime + stime), in nanoseconds instead of hundredths.
    """
    used = 0.0
    for pid in pids:
        with suppress(OSError):
            used += time.clock_gettime((~pid << 3) | CPUCLOCK_SCHED)
    return used


def memory_kib(pids: list[int]) -> tuple[int, int]:
    """Return the resident memory of these processes, and the same with shared pages divided."""
    resident = proportional = 0
    for pid in pids:
        with suppress(OSError):
            for line in Path(f"/proc/{pid}/smaps_rollup").read_text("utf-8").splitlines():
                name, _, rest = line.partition(":")
                if name == "Rss":
                    resident += int(rest.split()[0])
                elif name == "Pss":
                    proportional += int(rest.split()[0])
    return resident, proportional


def tree(pid: int) -> list[int]:
    """Return *pid* and all processes below it."""
    children: dict[int, list[int]] = {}
    for entry in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            fields = (entry / "stat").read_text("utf-8", "replace").rpartition(")")[2].split()
            children.setdefault(int(fields[1]), []).append(int(entry.name))
    found = [pid]
    for member in found:
        found += children.get(member, [])
    return found


def command_of(pid: int) -> str:
    """Return a process's arguments, or nothing when it has ended."""
    with suppress(OSError):
        return Path(f"/proc/{pid}/cmdline").read_text("utf-8", "replace").replace("\0", " ")
    return ""


def roles(pid: int) -> Roles:
    """Return what the processes below *pid* do."""
    found: Roles = {"web": [], "worker": [], "store": []}
    for one in tree(pid):
        command = command_of(one)
        if "gunicorn" in command:
            found["web"].append(one)
        elif "-m worker" in command:
            found["worker"].append(one)
        elif "valkey" in command or "redis-server" in command:
            found["store"].append(one)
    return found
