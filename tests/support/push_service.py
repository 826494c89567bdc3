"""A push service of our own on loopback, which chromium believes to be its maker's.

It checks a browser in, gives it an address, and holds its connection (MCS, over TLS): what is
posted to that address goes to the browser as it is, and the browser alone can decrypt it.  The
wire format is that of chromium's `google_apis/gcm`; of its messages only the fields that are needed
are read and written.
"""

from __future__ import annotations

import socket
import ssl
import struct
import threading
import time
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, BinaryIO, NamedTuple, Self
from urllib.parse import parse_qs

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from tests.support.receiver import Post, Receiver

if TYPE_CHECKING:
    from pathlib import Path

VERSION = 41
LOGIN, LOGGED_IN, DATA, PING, PONG = 2, 3, 8, 0, 1
ANDROID = "org.chromium.linux"


def varint(number: int) -> bytes:
    out = b""
    while number > 0x7F:
        out, number = out + bytes([number & 0x7F | 0x80]), number >> 7
    return out + bytes([number])


def field(number: int, value: bytes | str | int) -> bytes:
    """Return one field of a protobuf message."""
    if isinstance(value, int):
        return varint(number << 3) + varint(value)
    value = value.encode() if isinstance(value, str) else value
    return varint(number << 3 | 2) + varint(len(value)) + value


def fixed(number: int, value: int) -> bytes:
    return varint(number << 3 | 1) + struct.pack("<Q", value)


class Registration(NamedTuple):
    """Who asked for an address: an app of the browser, and the public key it was given."""

    app: str
    sender: str


class PushService:
    """Takes posts at `receiver`, and brings those with a known token to the browser."""

    def __init__(self, folder: Path) -> None:
        self.receiver = Receiver(self._answer)
        self.registered: dict[str, Registration] = {}
        self.gone: set[str] = set()
        """Tokens that are answered with 410."""
        self.brought = 0
        self._connection: ssl.SSLSocket | None = None
        self._lock = threading.Lock()
        self._waiting: list[tuple[str, bytes]] = []
        self._tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self._tls.load_cert_chain(certificate(folder))
        self._holding = threading.Thread(target=self._hold, daemon=True)
        self._listener = socket.create_server(("127.0.0.1", 0))

    @property
    def chromium_args(self) -> list[str]:
        own = f"http://127.0.0.1:{self.receiver.port}"
        return [
            f"--gcm-checkin-url={own}/checkin",
            f"--gcm-registration-url={own}/register",
            f"--gcm-mcs-endpoint=https://127.0.0.1:{self._listener.getsockname()[1]}/",
            "--ignore-certificate-errors",
        ]

    @property
    def script(self) -> str:
        """For every page: what the browser was given has our host in place of theirs."""
        own = f"http://127.0.0.1:{self.receiver.port}/send/"
        return f"""{{
          const its = Object.getOwnPropertyDescriptor(PushSubscription.prototype, "endpoint").get;
          const toJSON = PushSubscription.prototype.toJSON;
          const ours = (one) => "{own}" + its.call(one).split("/").pop();
          const get = function () {{ return ours(this); }};
          Object.defineProperty(PushSubscription.prototype, "endpoint", {{ get }});
          PushSubscription.prototype.toJSON = function () {{
            return {{ ...toJSON.call(this), endpoint: ours(this) }};
          }};
        }}"""

    def __enter__(self) -> Self:
        self.receiver.__enter__()
        self._holding.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._listener.close()
        if held := self._connection:
            with suppress(OSError):
                held.shutdown(socket.SHUT_RDWR)
        self._holding.join(5)
        self.receiver.__exit__()

    def _answer(self, post: Post) -> object:
        if post.path.startswith("/checkin"):
            now = round(time.time() * 1_000)
            return field(1, 1) + field(3, now) + fixed(7, 1_234_567) + fixed(8, 7_654_321)
        if post.path.startswith("/register"):
            its = {name: values[0] for name, values in parse_qs(post.body.decode()).items()}
            token = f"browser-{len(self.registered)}"
            self.registered[token] = Registration(its.get("X-subtype", ""), its["sender"])
            return f"token={token}".encode()
        token = post.path.rpartition("/")[2]
        if token in self.gone:
            return 410
        with self._lock:
            self._waiting.append((token, post.body))
        self._bring()
        return 201

    def _hold(self) -> None:
        with suppress(OSError):
            while True:
                raw, _ = self._listener.accept()
                with suppress(OSError), self._tls.wrap_socket(raw, server_side=True) as held:
                    self._connection = held
                    self._talk(held)
                self._connection = None

    def _talk(self, connection: ssl.SSLSocket) -> None:
        with connection.makefile("rb") as stream:
            self._answer_all(connection, stream)

    def _answer_all(self, connection: ssl.SSLSocket, stream: BinaryIO) -> None:
        stream.read(1)
        while tag := stream.read(1):
            size = shift = 0
            while True:
                [byte] = stream.read(1)
                size, shift = size | (byte & 0x7F) << shift, shift + 7
                if byte < 0x80:
                    break
            stream.read(size)
            if tag[0] == LOGIN:
                connection.sendall(bytes([VERSION]))
                self._send(connection, LOGGED_IN, field(1, "login"))
                self._bring()
            elif tag[0] == PING:
                self._send(connection, PONG, b"")

    def _bring(self) -> None:
        with self._lock:
            while self._connection and self._waiting:
                token, body = self._waiting.pop(0)
                its = self.registered[token]
                self.brought += 1
                facts = {"content-encoding": "aes128gcm", "subtype": its.app}
                self._send(
                    self._connection,
                    DATA,
                    field(3, its.sender)
                    + field(5, ANDROID)
                    + b"".join(field(7, field(1, k) + field(2, v)) for k, v in facts.items())
                    + field(9, f"message-{self.brought}")
                    + field(21, body),
                )

    @staticmethod
    def _send(connection: ssl.SSLSocket, tag: int, message: bytes) -> None:
        connection.sendall(bytes([tag]) + varint(len(message)) + message)


def certificate(folder: Path) -> Path:
    """Return a file with a certificate for loopback and its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "localhost")])
    now = datetime.now(UTC)
    its = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .sign(key, hashes.SHA256())
    )
    path = folder / "push.pem"
    path.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
        + its.public_bytes(serialization.Encoding.PEM)
    )
    return path
