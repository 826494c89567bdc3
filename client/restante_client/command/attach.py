"""Files that go with a message: checked before anything is asked, uploaded before the send."""

from __future__ import annotations

import stat
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import IO

import click

from restante_client import Client, Policy
from restante_client.addresses import LINK
from restante_client.command import sources
from restante_client.command.exits import REFUSED, Failure, sentence_of, status_of
from restante_client.command.printable import line
from restante_client.command.progress import Transfer
from restante_client.command.texts import _
from restante_client.errors import FileRefused, FileTooLarge, NotFound, RestanteError
from restante_client.files import Upload


@dataclass(frozen=True, slots=True)
class Attached:
    """A file on this machine, open for reading.

    Attributes:
        mark: Changes if the file does: its size and when it was changed.
    """

    path: str
    name: str
    mark: tuple[int, int]
    file: IO[bytes] = field(repr=False)


@contextmanager
def opened(paths: Sequence[str]) -> Iterator[list[Attached]]:
    """Yield the files at these paths.

    Raises:
        Failure, UsageError: One is standard input, no file, or cannot be read.
    """
    with ExitStack() as stack:
        yield [_opened(stack, path) for path in paths]


def _opened(stack: ExitStack, written: str) -> Attached:
    if written == sources.STDIN:
        told = _(
            "A file cannot come from standard input, because a broken line needs it again."
            " Write it to disk, and give its path."
        )
        raise click.UsageError(told)
    sources.refuse_argument(written, LINK)
    path = Path(written)
    try:
        if not stat.S_ISREG(path.stat().st_mode):  # to open a pipe would wait
            raise Failure(_("{path} is not a file.", path=line(written)), REFUSED)
        file = stack.enter_context(path.open("rb"))
        its = path.stat()
    except (OSError, ValueError):
        raise Failure(_("{path} cannot be read.", path=line(written)), REFUSED) from None
    return Attached(written, path.name, (its.st_size, its.st_mtime_ns), file)


@contextmanager
def uploaded(
    client: Client, files: Sequence[Attached], *, key: str | None = None, control: str | None = None
) -> Iterator[list[Upload]]:
    """Upload files and yield what a send or replace takes.

    If that fails or is stopped, what was uploaded is deleted.  The tokens are only in memory.

    Raises:
        Failure: A file changed or cannot be read.
    """
    begun: list[Upload] = []
    try:
        for its in files:
            try:
                begun.append(_started(client, its, begun[0] if begun else control, key))
                _upload(client, its, begun[-1])
            except (FileTooLarge, FileRefused) as refused:
                told = f"{line(its.name)}: {sentence_of(refused)}"
                raise Failure(told, status_of(refused)) from None
        yield begun
    except BaseException:
        _cancel(client, begun)
        raise


def _started(client: Client, its: Attached, beside: Upload | str | None, key: str | None) -> Upload:
    try:
        return client.start_upload(its.mark[0], its.name, beside=beside, idempotency_key=key)
    except NotFound:
        raise Failure(_("This service takes no files."), REFUSED) from None


def _upload(client: Client, its: Attached, begun: Upload) -> None:
    try:
        with Transfer(_("Uploading {name}", name=line(its.name)), its.mark[0]) as shown:
            client.upload(its.file, its.name, begun=begun, on_progress=shown.reached)
    except (OSError, ValueError):
        told = _("{path} changed or could not be read. Nothing was sent.", path=line(its.path))
        raise Failure(told, REFUSED) from None


def _cancel(client: Client, begun: Sequence[Upload]) -> None:
    """Ask once for each: what nobody cancels is over in a day."""
    wire = client._wire  # noqa: SLF001 (of the same package)
    client._wire = replace(wire, policy=Policy(tries=1))  # noqa: SLF001
    try:
        for upload in begun:
            with suppress(RestanteError):
                client.cancel_upload(upload)
    finally:
        client._wire = wire  # noqa: SLF001
