"""Passphrase and mailed code of a link: from files, or asked for when the service wants them."""

from __future__ import annotations

from restante_client import Client
from restante_client.command import output, sources
from restante_client.command.texts import _
from restante_client.errors import CodeRequired, PassphraseRequired


class Secrets:
    """What is given so far; `add` asks for more."""

    def __init__(
        self, client: Client, token: str, passphrase_file: str | None, code_file: str | None
    ) -> None:
        self._client, self._token = client, token
        self._files = {"passphrase": passphrase_file, "code": code_file}
        self.given: dict[str, str] = {}
        if passphrase_file:
            self._ask("passphrase", "")
        if code_file:
            self._ask("code", "")

    def add(self, missing: PassphraseRequired | CodeRequired) -> bool:
        """Ask for what is missing; tell whether there is an answer now."""
        if isinstance(missing, PassphraseRequired):
            return "passphrase" not in self.given and self._ask("passphrase", _("Passphrase"))
        if "code" in self.given or (self._files["code"] is None and not output.is_interactive()):
            return False
        self._client.request_code(self._token)
        output.tell(_("A code was mailed to the recipient."))
        return self._ask("code", _("Code"))

    def _ask(self, name: str, question: str) -> bool:
        answer = sources.secret(self._files[name], question)
        if answer is None:
            return False
        self.given[name] = answer
        return True
