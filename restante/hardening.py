"""Process hardening: disables core dumps, so that secrets in memory are not written to disk."""

from __future__ import annotations

import resource


def forbid_core_dumps() -> None:
    """Disable core dumps of this process and its children.

    A core dump holds root keys and texts.  If `core_pattern` pipes dumps to a program, the
    kernel passes it the limit: systemd-coredump and apport then store nothing.
    """
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
