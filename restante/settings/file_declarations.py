"""The settings of files; `declarations.py` has all others."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from restante.settings import parsers
from restante.settings.declaring import LIMIT, setting
from restante.settings.parsers import DAY, MIB, Bucket, Whole, matching

if TYPE_CHECKING:
    from pathlib import Path

    from restante.scanning import ScannerAddress

GIB = 1024 * MIB
UNSET: Path | Bucket | str | None = None
NO_SCANNER: ScannerAddress | None = None
NOWHERE: Path | None = None
UNNAMED: str | None = None
SIZE = Whole(1, 2**40, "bytes")


@dataclass(frozen=True, slots=True)
class FileDeclarations:
    """The fields of the settings that are about files."""

    blobs: Path | Bucket | str | None = setting(
        UNSET,
        parsers.blobs,
        "where sealed files are kept: a folder, relative to the checkout, by one machine only, or"
        " `s3://bucket/prefix`, by any number of machines. By"
        " default `blobs` in the data folder with the embedded store, and none with"
        " `RESTANTE_REDIS_URL`: then no message has files. `off`: the same",
    )
    s3_endpoint: str | None = setting(
        UNNAMED,
        parsers.s3_endpoint,
        "URL of the S3 server, as `https://s3.example:9000`, if it is not Amazon's",
    )
    s3_region: str | None = setting(
        UNNAMED,
        matching(r"[a-z0-9-]{1,64}", "must be the name of a region, as eu-west-1"),
        "region of the bucket; by default what the usual variables and files of AWS say, else"
        " `us-east-1`",
    )
    s3_access_key: str | None = setting(
        UNNAMED,
        matching(r"[\x21-\x7e]{1,256}", "must be 1 to 256 visible ASCII characters"),
        "id of the key for S3; without it the usual variables (`AWS_ACCESS_KEY_ID` …), files and"
        " roles of AWS count",
        is_secret=True,
    )
    s3_secret_key: str | None = setting(
        UNNAMED,
        matching(r"[\x21-\x7e]{1,256}", "must be 1 to 256 visible ASCII characters"),
        "its secret; set both or neither",
        is_secret=True,
    )
    s3_spool: Path | None = setting(
        NOWHERE,
        parsers.data_dir,
        "folder on a disk where sealed parts of uploads are gathered before they go to S3, 8 MiB"
        " for each upload that runs; by default `spool` in the data folder",
    )
    files_most: int = setting(50, Whole(1, 100), "files of a message")
    files_max: int = setting(5 * GIB, SIZE, "bytes of one file")
    files_message_max: int = setting(5 * GIB, SIZE, "bytes of all files of a message")
    files_total_max: int = setting(
        100 * GIB,
        Whole(1, 2**50, "bytes"),
        "bytes of all files that are kept; when they are reached, no upload begins",
    )
    files_reserve: int = setting(
        GIB,
        Whole(0, 2**50, "bytes"),
        "bytes of the disk that uploads leave free, for the store and everything else",
    )
    limit_upload: int = setting(
        600, LIMIT, "requests that bring or fetch a part of a file, per network and minute"
    )
    limit_streams: int = setting(
        30,
        LIMIT,
        "files that one network brings or fetches at the same moment, in each web process",
    )
    streams_most: int = setting(
        80,
        LIMIT,
        "files that all bring or fetch at the same moment, in each web process. Each takes 3 to 4"
        " MiB of memory while its line is quick",
    )
    budget_uploads: int = setting(
        200,
        LIMIT,
        "uploads, per network and day",
    )
    budget_file_bytes: int = setting(
        20 * GIB, Whole(1, 2**50, "bytes"), "bytes of files, per network and day"
    )
    scan: ScannerAddress | None = setting(
        NO_SCANNER,
        parsers.scanner,
        "clamd that scans each file before it counts: `clamd://host:port` or"
        " `clamd:///path/of/socket`. Files go there in clear",
    )
    download_most: int = setting(
        DAY,
        Whole(1, 30 * DAY, "seconds"),
        "seconds, from the first, to which a running download may keep a reader's lease open",
    )
