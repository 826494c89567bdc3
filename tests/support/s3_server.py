"""An S3 server on the loopback address, and the places of blobs that one test body runs over."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from contextlib import closing, contextmanager
from typing import TYPE_CHECKING, Any, Self

from botocore.session import Session

from restante.settings import Settings
from restante.settings.parsers import Bucket
from tests.support import canaries
from tests.support.processes import STOP_SECONDS, free_port, status_of, wait_until

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

ACCESS_KEY, SECRET_KEY = "the-access-key", "the-secret-key-of-the-tests"


class S3Server:
    """moto's server, in a process of its own."""

    def __init__(self) -> None:
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self._made = 0

    def __enter__(self) -> Self:
        self._process = subprocess.Popen(
            [sys.executable, "-W", "ignore", "-m", "moto.server", "-p", str(self.port)],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        wait_until(lambda: status_of(self.url), 60)
        session = Session()
        session.set_credentials(ACCESS_KEY, SECRET_KEY)
        self.client: Any = session.create_client("s3", "us-east-1", endpoint_url=self.url)
        return self

    def __exit__(self, *_: object) -> None:
        self.client.close()
        self._process.terminate()
        self._process.wait(STOP_SECONDS)

    @contextmanager
    def paused(self) -> Iterator[None]:
        """Let the server take connections, and answer nothing."""
        self._process.send_signal(signal.SIGSTOP)
        try:
            yield
        finally:
            self._process.send_signal(signal.SIGCONT)

    def objects(self, bucket: str) -> dict[str, int]:
        """Return the size of each object, by its key."""
        found = self.client.list_objects_v2(Bucket=bucket)
        return {its["Key"]: its["Size"] for its in found.get("Contents", ())}

    def multiparts(self, bucket: str) -> list[str]:
        """Return the keys of multipart uploads that are not complete."""
        found = self.client.list_multipart_uploads(Bucket=bucket)
        return [its["Key"] for its in found.get("Uploads", ())]

    def bucket(self) -> str:
        """Make a new bucket, and return its name."""
        self._made += 1
        name = f"bucket-{os.getpid()}-{self._made}"
        self.client.create_bucket(Bucket=name)
        return name

    def fields(self, spool: Path) -> dict[str, Any]:
        """Return the settings of this server, by their fields."""
        return {
            "s3_endpoint": self.url,
            "s3_access_key": ACCESS_KEY,
            "s3_secret_key": SECRET_KEY,
            "s3_spool": spool,
        }

    def environ(self, bucket: str, spool: Path) -> dict[str, str]:
        """Return the same as variables, with blobs in *bucket*."""
        canaries.learn("S3 access key", ACCESS_KEY)
        canaries.learn("S3 secret key", SECRET_KEY)
        its = self.fields(spool) | {"blobs": f"s3://{bucket}/files"}
        return {f"RESTANTE_{name.upper()}": str(value) for name, value in its.items()}


class FolderPlace:
    """A folder of blobs."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / "blobs"
        self._hidden = folder / "hidden"

    def settings(self, **more: Any) -> Settings:
        return Settings(blobs=self.path, **more)

    def names(self) -> list[str]:
        """Return the names of all that is kept of blobs."""
        return sorted(path.name for path in self._files())

    def raw(self, name: str) -> bytes:
        return self._path(name).read_bytes()

    def put(self, name: str, data: bytes) -> None:
        """Write a file, as one with access to the place does."""
        path = self.path / "3" / name[:2] / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)

    def remove(self, name: str) -> None:
        self._path(name).unlink()

    def spoil_part(self) -> None:
        """Cut the only upload, so that it lacks what was safe."""
        [path] = self._files()
        os.truncate(path, 100)

    def left_overs(self) -> list[str]:
        """Return what is under way in another way than as names."""
        return []

    def hide(self) -> None:
        self.path.rename(self._hidden)

    def show(self) -> None:
        for path in self.path.glob("*"):  # what a look at the empty folder leaves
            path.unlink()
        if self.path.exists():
            self.path.rmdir()
        self._hidden.rename(self.path)

    def show_another(self) -> None:
        """Have another place where this one was."""
        self.path.mkdir()
        (self.path / "place").write_text("a" * 32)

    def _path(self, name: str) -> Path:
        return next(path for path in self._files() if path.name == name)

    def _files(self) -> list[Path]:
        return [path for path in self.path.rglob("*") if len(path.name) >= 32]


class BucketPlace:
    """Blobs below a prefix of a bucket; there is another object beside it."""

    def __init__(self, server: S3Server, folder: Path) -> None:
        self._server, self._s3 = server, server.client
        self._spool, self._bucket = folder / "spool", server.bucket()
        self._hidden: dict[str, bytes] = {}
        self._s3.put_object(Bucket=self._bucket, Key="another's", Body=b"x")

    def settings(self, **more: Any) -> Settings:
        its = self._server.fields(self._spool) | {"blobs": Bucket(self._bucket, "some/files")}
        return Settings(**its | more)

    def names(self) -> list[str]:
        return sorted(key.rpartition("/")[2] for key in self._keys() if len(key) > 40)

    def raw(self, name: str) -> bytes:
        return self._read(self._key(name))

    def put(self, name: str, data: bytes) -> None:
        key = f"some/files/3/{name[:2]}/{name}"
        self._s3.put_object(Bucket=self._bucket, Key=key, Body=data)

    def remove(self, name: str) -> None:
        self._s3.delete_object(Bucket=self._bucket, Key=self._key(name))

    def spoil_part(self) -> None:
        [name] = self.names()
        self.put(name, self.raw(name)[:100])

    def left_overs(self) -> list[str]:
        found = self._s3.list_multipart_uploads(Bucket=self._bucket)
        return [its["Key"] for its in found.get("Uploads", ())]

    def hide(self) -> None:
        for key in self._keys():
            self._hidden[key] = self._read(key)
            self._s3.delete_object(Bucket=self._bucket, Key=key)
        self._s3.delete_bucket(Bucket=self._bucket)

    def show(self) -> None:
        self._s3.create_bucket(Bucket=self._bucket)
        for key, data in self._hidden.items():
            self._s3.put_object(Bucket=self._bucket, Key=key, Body=data)

    def show_another(self) -> None:
        self._s3.create_bucket(Bucket=self._bucket)
        self._s3.put_object(Bucket=self._bucket, Key="some/files/place", Body=b"a" * 32)

    def _read(self, key: str) -> bytes:
        with closing(self._s3.get_object(Bucket=self._bucket, Key=key)["Body"]) as body:
            return bytes(body.read())

    def _key(self, name: str) -> str:
        return next(key for key in self._keys() if key.endswith("/" + name))

    def _keys(self) -> list[str]:
        found = self._s3.list_objects_v2(Bucket=self._bucket)
        return [its["Key"] for its in found.get("Contents", ())]
