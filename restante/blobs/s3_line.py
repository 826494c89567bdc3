"""Requests to a bucket: with timeouts, few at once, each tried three times at the most.

The client of S3 is imported here only.  Under gevent its sockets are cooperative: it waits for the
network without a thread.  Its locks must not be shared by threads there, so all requests of a
web process are made by greenlets of one thread.
"""

from __future__ import annotations

import errno
import re
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, NamedTuple

import structlog
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError
from botocore.session import Session

from restante.errors import SettingsInvalid

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

CONNECT_SECONDS, READ_SECONDS, WRITE_SECONDS = 3.0, 8.0, 30.0
"""How long S3 may take the connection, and answer nothing: a question, or bytes that it stores."""
TRIES = 3
WRITES = {"put_object", "upload_part", "complete_multipart_upload"}
AT_ONCE, WAIT_SECONDS = 16, 15.0
"""Requests of this process at once, and how long another one waits for its turn."""
REGION = "us-east-1"
UNUSABLE = (
    "RESTANTE_BLOBS: S3 cannot be set up; look at RESTANTE_S3_… and the usual variables and files"
    " of AWS"
)
MISSING = {"NoSuchKey", "NoSuchUpload"}
TAKEN = {"PreconditionFailed", "ConditionalRequestConflict"}
FULL = {"QuotaExceeded", "InsufficientStorage", "XMinioStorageFull", "EntityTooLarge"}
UNKNOWN_HERE = {"NotImplemented", "MethodNotAllowed"}

log = structlog.get_logger()


class Login(NamedTuple):
    """How to reach S3; what is None comes from the usual variables, files or roles of AWS."""

    endpoint: str | None = None
    region: str | None = None
    access_key: str | None = None
    secret_key: str | None = None

    def __repr__(self) -> str:
        return "<Login>"


class S3Error(OSError):
    """S3 refused a request, or cannot be reached.

    Attributes:
        code: S3's word for it, or the class of the client's error.
    """

    def __init__(self, number: int, code: str) -> None:
        super().__init__(number, code)
        self.code = code


class NotFoundThere(S3Error, FileNotFoundError):
    """No such object, or no such multipart upload.  Never: no such bucket."""


class TakenThere(S3Error, FileExistsError):
    """An object has that name, and was not replaced."""


class Line:
    """The way to one bucket."""

    def __init__(self, bucket: str, login: Login) -> None:
        """Open no connection yet."""
        self._bucket = bucket
        self._turn = threading.BoundedSemaphore(AT_ONCE)
        try:
            session = _session(login)
            self._client = _client(session, login, READ_SECONDS)
            self._writer = _client(session, login, WRITE_SECONDS)
        except (BotoCoreError, ValueError):
            raise SettingsInvalid([UNUSABLE]) from None

    def ask(self, verb: str, **fields: object) -> dict[str, Any]:
        """Make one request; *verb* and *fields* are those of S3's API, without the bucket.

        Raises:
            NotFoundThere, TakenThere: As their names say.
            S3Error: S3 refused it, or cannot be reached.
            TimeoutError: Too many requests are under way.
        """
        with self._taking_turns(), _told(verb):
            client = self._writer if verb in WRITES else self._client
            answer: dict[str, Any] = getattr(client, verb)(Bucket=self._bucket, **fields)
            if "Body" in answer:
                with answer["Body"] as body:
                    answer["Body"] = body.read()
            return answer

    def stream(self, key: str, piece: int) -> Iterator[bytes]:
        """Yield an object's bytes, *piece* at a time.

        Raises:
            NotFoundThere, S3Error, TimeoutError: As `ask`.
        """
        with self._taking_turns(), _told("get_object"):
            answer = self._client.get_object(Bucket=self._bucket, Key=key)
            with answer["Body"] as body:
                yield from iter(lambda: body.read(piece), b"")

    def objects(self, prefix: str) -> Iterator[tuple[str, int, datetime]]:
        """Yield key, size and time of each object below *prefix*, in the order of their keys."""
        after: dict[str, str] = {}
        while True:
            page = self.ask("list_objects_v2", Prefix=prefix, **after)
            for its in page.get("Contents", ()):
                yield its["Key"], its["Size"], its["LastModified"]
            if not page.get("IsTruncated"):
                return
            after = {"ContinuationToken": page["NextContinuationToken"]}

    def multiparts(self, prefix: str) -> Iterator[tuple[str, str, datetime]]:
        """Yield key, id and time of each multipart upload below *prefix*."""
        after: dict[str, str] = {}
        while True:
            page = self.ask("list_multipart_uploads", Prefix=prefix, **after)
            for its in page.get("Uploads", ()):
                yield its["Key"], its["UploadId"], its["Initiated"]
            if not page.get("IsTruncated"):
                return
            after = {
                "KeyMarker": page["NextKeyMarker"],
                "UploadIdMarker": page.get("NextUploadIdMarker", ""),
            }

    @contextmanager
    def _taking_turns(self) -> Iterator[None]:
        if not self._turn.acquire(timeout=WAIT_SECONDS):
            raise TimeoutError
        try:
            yield
        finally:
            self._turn.release()


def _session(login: Login) -> Session:
    """Return what all clients of a process share: 12 MB of descriptions of S3."""
    session = Session()
    if login.access_key:
        session.set_credentials(login.access_key, login.secret_key)
    return session


def _client(session: Session, login: Login, seconds: float) -> Any:  # noqa: ANN401 (it has no types)
    return session.create_client(
        "s3",
        region_name=login.region or session.get_config_variable("region") or REGION,
        endpoint_url=login.endpoint,
        config=Config(
            connect_timeout=CONNECT_SECONDS,
            read_timeout=seconds,
            retries={"mode": "standard", "total_max_attempts": TRIES},
            max_pool_connections=AT_ONCE,
            # Another server than Amazon's may know neither names of buckets in its host's
            # name, nor the newer checksums.
            s3={"addressing_style": "path"} if login.endpoint else {},
            request_checksum_calculation="when_required",
            response_checksum_validation="when_required",
        ),
    )


@contextmanager
def _told(verb: str) -> Iterator[None]:
    """Translate the client's errors; its messages have names and addresses, and are dropped."""
    try:
        yield
    except ClientError as refused:
        error = _refused(refused)
    except (BotoCoreError, OSError) as away:
        error = S3Error(errno.EIO, type(away).__name__)
    else:
        return
    if not isinstance(error, FileNotFoundError | FileExistsError):
        log.warning("S3 refused a request", verb=verb, code=error.code)
    raise error from None


def _refused(refused: ClientError) -> S3Error:
    code = str(refused.response.get("Error", {}).get("Code", ""))
    code = code if re.fullmatch(r"[A-Za-z0-9.]{1,64}", code) else "unknown"
    if code in MISSING:
        return NotFoundThere(errno.ENOENT, code)
    if code in TAKEN:
        return TakenThere(errno.EEXIST, code)
    number = {**dict.fromkeys(FULL, errno.ENOSPC), **dict.fromkeys(UNKNOWN_HERE, errno.ENOSYS)}
    return S3Error(number.get(code, errno.EIO), code)
