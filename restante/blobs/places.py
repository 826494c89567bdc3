"""Which place of blobs the settings name."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from restante.blobs.folder import Folder
from restante.crypto.files import blob_size
from restante.errors import SettingsInvalid
from restante.settings.parsers import Bucket

if TYPE_CHECKING:
    from collections.abc import Callable

    from restante.blobs import Blobs
    from restante.blobs.s3_line import Line
    from restante.settings import Settings

NEEDS_PACKAGES = (
    "RESTANTE_BLOBS is in S3, which needs more packages:"
    " .venv/bin/python -m pip install --require-hashes -r requirements-s3.lock"
)


def call(function: Callable[..., Any], *arguments: object) -> Any:  # noqa: ANN401
    """Run *function* directly, where nothing else waits."""
    return function(*arguments)


def place_of(settings: Settings, disk: Callable[..., Any] = call) -> Blobs | None:
    """Return where files are kept, if anywhere; nothing is connected or made yet.

    Raises:
        SettingsInvalid: The packages for S3 are missing, or its usual files cannot be read.
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
    try:
        # Imported only where it is used: it takes half a second and 26 MB.
        from restante.blobs.s3_line import Line, Login  # noqa: PLC0415
    except ImportError:
        raise SettingsInvalid([NEEDS_PACKAGES]) from None
    login = Login(
        settings.s3_endpoint, settings.s3_region, settings.s3_access_key, settings.s3_secret_key
    )
    return Line(settings.blobs.name, login)
