"""How a sender takes one file out of a sent message: nobody gets it any more."""

from __future__ import annotations

from typing import TYPE_CHECKING

from restante.crypto.sealed_fields import SealedFields
from restante.errors import Fault, Invalid
from restante.file_reports import Fetched, FileVerdict, TakenFile

if TYPE_CHECKING:
    from restante.crypto.keyring import Keyring
    from restante.crypto.tokens import ControlToken
    from restante.messages import Evidence
    from restante.store.messages import Messages


class TakingOut:
    """The sender's verb on one file of a message."""

    def __init__(self, messages: Messages, keyring: Keyring) -> None:
        self._messages = messages
        self._facts = SealedFields(keyring)

    def take_out(
        self, control: ControlToken, version: int, number: int, *, evidence: Evidence | None = None
    ) -> TakenFile:
        """Destroy one file of a version, and return a verdict for each link that has it.

        The text and other files stay.  Idempotent: a second request changes nothing, and returns
        the time of the first.

        Raises:
            NotFound: No such message.
            Invalid: No link has such a file any more: it was replaced, or every link ended.
        """
        message_id = control.message_id
        report = self._messages.report(control.shard, message_id)
        row = report.files.get(version)
        files = self._facts.open_files(message_id, row.box) if row else []
        if not 1 <= number <= len(files):
            raise missing()
        name, size = files[number - 1]
        taken = self._messages.take_out(
            control, version, number, size, self._facts.close_evidence(message_id, evidence)
        )
        if taken is None:
            raise missing()
        at, sent = taken
        labels = {row.link_id: row.label for row in report.links}
        return TakenFile(
            version=version,
            number=number,
            name=name,
            taken_out_at=at,
            verdicts=tuple(
                FileVerdict(
                    link_id,
                    self._facts.open_label(link_id, labels[link_id]),
                    Fetched(number, name, size, bytes_sent, at),
                )
                for link_id, bytes_sent in sent
            ),
        )


def missing() -> Invalid:
    """Return the error for a file that no link has."""
    return Invalid([Fault("number", "no link has this file")])
