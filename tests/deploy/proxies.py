"""The proxies of deploy/, run for real: as shipped, but for names, ports and paths."""

from __future__ import annotations

import datetime as dt
import ipaddress
import os
import ssl
from dataclasses import dataclass
from typing import TYPE_CHECKING

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from tests.support.api import PRESSED, Api, Visitor, Way
from tests.support.processes import ROOT, Running, free_port, wait_until

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

DEPLOY = ROOT / "deploy"
NAME = "localhost"

NGINX = """\
daemon off;
worker_processes 1;
{user}
pid {folder}/nginx.pid;
error_log {folder}/main.log info;
events {{ worker_connections 512; }}
http {{
    error_log {folder}/http.log info;
    client_body_temp_path {folder}/bodies;
    proxy_temp_path {folder}/answers;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    {more}
    include {folder}/restante.conf;
}}
"""
"""What a system brings of its own; at `info`, so that whatever leaks is seen."""


@dataclass(frozen=True)
class Identity:
    """A certificate of the test's own, and its key."""

    certificate: Path
    key: Path

    @classmethod
    def make(cls, folder: Path) -> Identity:
        """Make one for the loopback, signed by itself."""
        key = ec.generate_private_key(ec.SECP256R1())
        name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, NAME)])
        now = dt.datetime.now(dt.UTC)
        names = [x509.DNSName(NAME), x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]
        certificate = (
            x509.CertificateBuilder()
            .subject_name(name)
            .issuer_name(name)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - dt.timedelta(hours=1))
            .not_valid_after(now + dt.timedelta(hours=1))
            .add_extension(x509.SubjectAlternativeName(names), critical=False)
            .sign(key, hashes.SHA256())
        )
        made = cls(folder / "certificate.pem", folder / "key.pem")
        made.certificate.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
        made.key.write_bytes(
            key.private_bytes(
                serialization.Encoding.PEM,
                serialization.PrivateFormat.PKCS8,
                serialization.NoEncryption(),
            )
        )
        return made


def changed(shipped: str, changes: Mapping[str, str]) -> str:
    """Return what is shipped with every change made; each must have something to change."""
    for old, new in changes.items():
        assert old in shipped, f"{old} is no longer there"
        shipped = shipped.replace(old, new)
    return shipped


class Front(Running):
    """A proxy on ports of the loopback; everything that it writes lies below *folder*."""

    is_ours = False

    def __init__(self, program: str, folder: Path, identity: Identity) -> None:
        self.folder = folder
        self.identity = identity
        self.port, self.plain_port = free_port(), free_port()
        self.url = f"https://127.0.0.1:{self.port}"
        self.public_url = f"https://{NAME}:{self.port}"
        self.program = program
        super().__init__([], folder / "output.log", {"HOME": str(folder)})

    def wait_until_ready(self) -> None:
        """Wait until it greets over TLS."""

        def greets() -> bool:
            assert self.process.poll() is None, self.log()
            try:
                Api(self.url, way=self.way()).ask("GET", "/healthz")
            except OSError:
                return False
            return True

        wait_until(greets)

    def way(self, source: str | None = None) -> Way:
        """Return the way of those who come from *source*."""
        return Way(ssl.create_default_context(cafile=self.identity.certificate), source)

    def api(self, source: str | None = None, **headers: str) -> Api:
        return Api(self.url, way=self.way(source), headers=headers)

    def visitor(self, source: str | None = None, **headers: str) -> Visitor:
        return Visitor(self.url, way=self.way(source), headers=PRESSED | headers)

    def written(self) -> str:
        """Return all that it wrote, into whatever file."""
        files = [path for path in self.folder.rglob("*") if path.is_file()]
        return "\n".join(path.read_text("utf-8", "replace") for path in files)


class Nginx(Front):
    """nginx by deploy/nginx.conf; *more* stands before it, as a system's own nginx.conf does."""

    def wait_until_ready(self) -> None:
        """Take away the folders for temporary files: whatever is put into one now fails."""
        super().wait_until_ready()
        for folder in ("bodies", "answers"):
            (self.folder / folder).rmdir()

    def serve(self, bind: str, *, below: str = "", more: str = "") -> None:
        """Write down what it is to do: pass on to who listens on *bind*, below a path."""
        user = "user root;" if os.geteuid() == 0 else ""
        main = NGINX.format(folder=self.folder, user=user, more=more)
        changes = {
            "listen 80;": f"listen 127.0.0.1:{self.plain_port};",
            "listen [::]:80;": "",
            "listen 443 ssl http2;": f"listen 127.0.0.1:{self.port} ssl http2;",
            "listen [::]:443 ssl http2;": "",
            "return 308 https://letters.example": f"return 308 {self.public_url}",
            "server_name letters.example": f"server_name {NAME}",
            "127.0.0.1:8000": bind,
            "/etc/ssl/restante/fullchain.pem": str(self.identity.certificate),
            "/etc/ssl/restante/privkey.pem": str(self.identity.key),
            "/var/log/nginx": str(self.folder),
        }
        if below:
            changes["location / {"] = (
                f"location = {below} {{ return 308 {below}/; }}\n    location {below}/ {{"
            )
        (self.folder / "nginx.conf").write_text(main)
        shipped = (DEPLOY / "nginx.conf").read_text("utf-8")
        (self.folder / "restante.conf").write_text(changed(shipped, changes))
        self.command = [self.program, "-p", str(self.folder), "-c", str(self.folder / "nginx.conf"),
                        "-e", str(self.folder / "start.log")]  # fmt: skip


class Caddy(Front):
    """Caddy by deploy/Caddyfile."""

    def serve(self, bind: str) -> None:
        """Write down what it is to do: pass on to who listens on *bind*."""
        tls = f"tls {self.identity.certificate} {self.identity.key}\n"
        changes = {
            "{\n\tlog default {": f"{{\n\tadmin off\n\tauto_https disable_redirects\n"
            f"\thttps_port {self.port}\n\thttp_port {self.plain_port}\n\tlog default {{",
            "\nletters.example {": f"\n{self.public_url}, {self.url} {{\n\tbind 127.0.0.1\n\t{tls}",
            "127.0.0.1:8000": bind,
        }
        shipped = (DEPLOY / "Caddyfile").read_text("utf-8")
        (self.folder / "Caddyfile").write_text(changed(shipped, changes))
        self.command = [self.program, "run", "--config", str(self.folder / "Caddyfile"),
                        "--adapter", "caddyfile"]  # fmt: skip
