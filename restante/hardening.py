"""What a process of ours forbids itself, so that its memory does not come onto the disk."""

from __future__ import annotations

import resource


def forbid_core_dumps() -> None:
    """Let no crash write a core dump, of this process or of those that it starts.

    A core dump holds root keys and texts.  A `core_pattern` that pipes dumps to a program is told
    the limit; systemd-coredump and apport keep nothing then.
    """
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
