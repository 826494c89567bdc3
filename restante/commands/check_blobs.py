"""Checks where files are kept: a folder, or S3 and the folder of its spool."""

from __future__ import annotations

import stat
from itertools import chain, islice
from pathlib import Path
from typing import TYPE_CHECKING

from restante.blobs import places
from restante.blobs.folder import Folder
from restante.commands import checks
from restante.settings.parsers import Bucket, is_loopback

if TYPE_CHECKING:
    from collections.abc import Iterator

    from restante.blobs import Blobs
    from restante.commands.checks import Finding
    from restante.settings import Settings
    from restante.store.connection import Connection

LOOKED_AT = 1_000
"""Files of which the modes are looked at."""
IN_MEMORY = {"tmpfs", "ramfs"}
SHARED = {"nfs", "nfs4", "cifs", "smb3", "fuse.sshfs", "fuse.s3fs", "glusterfs", "ceph"}
MOUNTS = Path("/proc/self/mounts")
MIB = 1024 * 1024


def of_place(settings: Settings) -> Iterator[Finding]:
    """Yield the findings on where files are kept.  Nothing is made or changed."""
    match settings.blobs_place:
        case Bucket(prefix=prefix):
            # Imported only where it is used: it takes half a second.
            from restante.commands.check_s3 import of_bucket  # noqa: PLC0415

            endpoint = settings.s3_endpoint or ""
            if endpoint.startswith("http://") and not is_loopback(_host_of(endpoint)):
                yield checks.warning(
                    "RESTANTE_S3_ENDPOINT is not https: files travel sealed, but anybody on the way"
                    " can change or repeat requests"
                )
            yield from of_bucket(places.line_of(settings), f"{prefix}/" if prefix else "")
            yield from _of_spool(settings.spool_folder.resolve())
        case None:
            yield checks.ok("messages have no files: RESTANTE_BLOBS names no place")
        case folder:
            yield from _of_folder(folder.resolve(), settings)


def of_ids(blobs: Blobs, connection: Connection) -> Finding | None:
    """Compare the ids that store and place have of each other."""
    from restante.store.uploads import Uploads  # noqa: PLC0415 (loads the client)

    known = Uploads(connection).place()
    try:
        here = blobs.place()
    except OSError:
        return None  # it was told before
    if here == known:
        return checks.ok("store and place of files belong together") if here else None
    if not here:
        return checks.problem(
            "the store knows a place of files, and RESTANTE_BLOBS names an empty one: is its disk"
            " mounted, is it the right bucket? Nothing is uploaded or deleted"
        )
    return checks.problem(
        "RESTANTE_BLOBS names the place of another store: nothing is uploaded or deleted. If this"
        " store began anew, empty the place"
    )


def _host_of(endpoint: str) -> str:
    host = endpoint.partition("://")[2]
    return host.partition("]")[0] + "]" if host.startswith("[") else host.partition(":")[0]


def _of_folder(folder: Path, settings: Settings) -> Iterator[Finding]:
    try:
        if not folder.exists():
            yield checks.ok(f"the folder of files {folder} is made private at the first upload")
        elif not folder.is_dir():
            yield checks.problem(f"{folder} is no folder: no message can have files")
            return
        else:
            yield from _of_modes(folder)
        yield from _of_room(folder, settings)
    except PermissionError:
        yield checks.problem(f"{folder} cannot be read by the user that runs this check")
        return
    kind = file_system_of(folder)
    if kind in IN_MEMORY:
        yield checks.problem(f"{folder} is in memory: a restart loses the files")
    elif kind in SHARED:
        yield checks.warning(f"{folder} is on {kind}: only one machine may use a folder")


def _of_modes(folder: Path) -> Iterator[Finding]:
    inside = chain([folder], folder.glob("*"), folder.glob("*/*"), folder.glob("*/*/*"))
    for path in islice(inside, LOOKED_AT):
        if path.stat().st_mode & (stat.S_IRWXG | stat.S_IRWXO):
            yield checks.problem(
                f"other users can look into the folder of files: chmod -R go= {folder}"
            )
            return
    yield checks.ok(f"only its owner can look into {folder}")


def _of_room(folder: Path, settings: Settings) -> Iterator[Finding]:
    room = Folder(folder).room() or 0
    left = room - settings.files_reserve
    if left <= 0:
        yield checks.problem(
            f"the disk of the files has {room // MIB} MiB free, less than RESTANTE_FILES_RESERVE:"
            " no upload begins"
        )
    elif left < settings.files_max:
        yield checks.warning(
            f"the disk of the files has {left // MIB} MiB beyond RESTANTE_FILES_RESERVE: not enough"
            " for one file of RESTANTE_FILES_MAX"
        )
    else:
        yield checks.ok(f"the disk of the files has {left // MIB} MiB beyond the reserve")
    if settings.redis_url is None and folder.exists():
        data = settings.data_dir.resolve()
        if data.exists() and data.stat().st_dev == folder.stat().st_dev:
            yield checks.ok("files and store share a disk: uploads leave the reserve to the store")
        else:
            yield checks.ok("files have a disk of their own")


def _of_spool(folder: Path) -> Iterator[Finding]:
    kind = file_system_of(folder)
    if kind in IN_MEMORY:
        yield checks.problem(
            f"the spool {folder} is in memory: uploads to S3 would fill it. RESTANTE_S3_SPOOL names"
            " a folder on a disk"
        )
    elif folder.exists() and folder.stat().st_mode & (stat.S_IRWXG | stat.S_IRWXO):
        yield checks.warning(f"other users can look into the spool: chmod 700 {folder}")
    else:
        yield checks.ok(f"the spool {folder} is on a disk")


def file_system_of(path: Path, mounts: Path = MOUNTS) -> str:
    """Return the kind of file system that a path is on, or would be; "" if nobody can tell."""
    try:
        rows = [line.split() for line in mounts.read_text("utf-8", "replace").splitlines()]
    except OSError:
        return ""
    found = ""
    longest = -1
    for _, where, kind, *_ in rows:
        its = Path(where.replace("\\040", " "))
        if (path == its or its in path.parents) and len(its.parts) >= longest:
            longest, found = len(its.parts), kind
    return found
