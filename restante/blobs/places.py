"""Which place of blobs the settings name."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from restante.blobs.folder import Folder
from restante.crypto.files import blob_size
from restante.settings.parsers import Bucket

if TYPE_CHECKING:
    from collections.abc import Callable

    from restante.blobs import Blobs
    from restante.blobs.s3_line import Line
    from restante.settings import Settings


def call(function: Callable[..., Any], *arguments: object) -> Any:  # noqa: ANN401
    """Run *function* directly, where nothing else waits."""
    return function(*arguments)


def place_of(settings: Settings, disk: Callable[..., Any] = call) -> Blobs | None:
    """Return where files are kept, if anywhere; nothing is connected or made yet.

    Raises:
        SettingsInvalid: The usual variables and files of AWS are no use.
    """
    match settings.blobs_place:
        case Bucket(prefix=prefix):
            line = line_of(settings)
            from restante.blobs.s3 import S3  # noqa: PLC0415 (as its line)

            most = blob_size(settings.files_max)
            return S3(line, prefix, settings.spool_folder, most=most, disk=disk)
        case None:
            return None
        case folder:
            return Folder(folder)


def line_of(settings: Settings) -> Line:
    """Return the way to the bucket in the settings.

    Raises:
        SettingsInvalid: As `place_of`.
    """
    assert isinstance(settings.blobs, Bucket)
    # Imported only where it is used: it takes half a second and 26 MB.
    from restante.blobs.s3_line import Line, Login  # noqa: PLC0415

    login = Login(
        settings.s3_endpoint, settings.s3_region, settings.s3_access_key, settings.s3_secret_key
    )
    return Line(settings.blobs.name, login)
