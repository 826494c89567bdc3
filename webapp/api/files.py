"""Files of a message in API v1: a reader fetches them, and the sender takes one out."""

from __future__ import annotations

from typing import Annotated

from flask import Response

from restante import errors
from restante.crypto.tokens import ControlToken, LinkToken, ReaderKey
from restante.errors import Gone
from restante.events import rfc3339
from restante.fetching import Ticket
from webapp.api.answers import TakenOut
from webapp.api.blueprint import bp
from webapp.api.operation import Mark, operation
from webapp.api.requests import TakeOut
from webapp.http import downloads, rate_limits
from webapp.http.request import evidence, services


@bp.post("/message/take-out")
@operation()
def take_out(control: ControlToken, asked: TakeOut) -> TakenOut:
    """Destroy one file of the message, and return a verdict on each link that has it.

    The text and the other files stay. A repeated request returns the first time.
    """
    its = services().taking_out.take_out(
        control, asked["version"], asked["number"], evidence=evidence()
    )
    return {
        "version": its.version,
        "number": its.number,
        "name": its.name,
        "taken_out_at": rfc3339(its.taken_out_at),
        "verdicts": [
            {
                "link": one.link_id.hex(),
                "recipient": one.recipient,
                "outcome": one.file.fetch,
                "sent": one.file.sent,
            }
            for one in its.verdicts
        ],
    }


@bp.get("/link/files/<int:number>")
@rate_limits.upload
@operation(problems=(Gone, errors.TakenOut))
def fetch(
    reader_key: ReaderKey,
    link: LinkToken,
    token: Annotated[str, Mark.FILES_TOKEN],
    number: Annotated[int, Mark.PATH, "the file's number in the answer of the reveal"],
) -> Response:
    """Return a file of the message, or a part of it, while the lease is open.

    `Range` and `If-Range` continue a download that broke; that spends nothing. A running download
    keeps the lease open.
    """
    return downloads.answer(Ticket(link, reader_key, token, evidence()), number)
