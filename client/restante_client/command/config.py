"""Where the command finds its service: options, the environment, a configuration file."""

from __future__ import annotations

import os
import ssl
import stat
import sys
import tomllib
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import click

from restante_client import Client, Policy
from restante_client.addresses import server_url
from restante_client.command.exits import CONFIG, Failure
from restante_client.command.output import tell
from restante_client.command.progress import Patient, again
from restante_client.command.texts import _
from restante_client.verbs import VISIBLE

PREFIX = "RESTANTE_CLIENT_"
NAMES = {"server", "token", "token_file", "language", "ca_file"}
LOOPBACK = {"localhost", "127.0.0.1", "::1"}


def config_path() -> Path:
    """Return where the configuration is, whether or not it exists."""
    if written := os.environ.get(f"{PREFIX}CONFIG"):
        return Path(written)
    return Path(click.get_app_dir("restante")) / "client.toml"


def read_config(path: Path | None = None) -> dict[str, str]:
    """Return the configuration; empty if there is no file.

    Raises:
        Failure: It is not valid, or has a token and other users can read it.
    """
    path = path or config_path()
    try:
        found: dict[str, Any] = tomllib.loads(path.read_text("utf-8"))
        mode = path.stat().st_mode
    except FileNotFoundError:
        return {}
    except (OSError, ValueError):
        raise Failure(_("{path} cannot be read as TOML.", path=path), CONFIG) from None
    if unknown := sorted(found.keys() - NAMES):
        told = _("{path} has a name that is not known: {name}.", path=path, name=unknown[0])
        raise Failure(told, CONFIG)
    if "token" in found and os.name == "posix" and mode & (stat.S_IRWXG | stat.S_IRWXO):
        told = _("{path} has a token, and others can read it: chmod 600 it.", path=path)
        raise Failure(told, CONFIG)
    return {name: str(value) for name, value in found.items()}


@dataclass(slots=True)
class Options:
    """What options, environment and configuration say."""

    server: str | None = None
    token_file: str | None = None
    ca_file: str | None = None
    patience: int | None = None
    config: dict[str, str] = field(default_factory=dict)

    def client(self, server: str | None = None, *, sends: bool = False) -> Client:
        """Return a client of *server*, or of the configured service.

        Only if it *sends* it gets the sender token.

        Raises:
            Failure: No service is known, or token or certificates cannot be read.
        """
        url = server or self.server or self.config.get("server")
        if not url:
            told = _("No service is known: give --server, or write it into {path}.",
                     path=config_path())  # fmt: skip
            raise Failure(told, CONFIG)
        try:
            url = server_url(url)
        except ValueError:
            raise Failure(_("The URL of the service is not valid."), CONFIG) from None
        parts = urlsplit(url)
        if parts.scheme == "http" and parts.hostname not in LOOPBACK:
            tell(_("Warning: {host} is asked without TLS; others can read along.",
                   host=parts.hostname))  # fmt: skip
        token = self._token() if sends else None
        try:
            return Patient(
                url,
                token=token,
                policy=None if self.patience is None else Policy(patience=self.patience),
                verify=self._certificates(),
                on_retry=again,
            )
        except ValueError:
            raise Failure(_("The URL of the service is not valid."), CONFIG) from None

    def _token(self) -> str | None:
        token = self._written_token()
        if token is not None and not VISIBLE.fullmatch(token):
            raise Failure(_("The sender token is not one of Restante."), CONFIG)
        return token

    def _written_token(self) -> str | None:
        if self.token_file is None and (given := os.environ.get(f"{PREFIX}TOKEN")):
            return given.strip()
        name = self.token_file or self.config.get("token_file")
        if name is None:
            return self.config.get("token")
        try:
            if name == "-":
                return sys.stdin.readline().strip()
            return Path(name).expanduser().read_text("utf-8").strip()
        except (OSError, UnicodeDecodeError):
            raise Failure(_("{path} cannot be read.", path=name), CONFIG) from None

    def _certificates(self) -> ssl.SSLContext | bool:
        name = self.ca_file or self.config.get("ca_file")
        if name is None:
            return True
        try:
            return ssl.create_default_context(cafile=str(Path(name).expanduser()))
        except (OSError, ssl.SSLError):
            raise Failure(_("{path} cannot be read.", path=name), CONFIG) from None
