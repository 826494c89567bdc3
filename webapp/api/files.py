"""The reader's routes of API v1 for files: after a reveal, while its lease is open."""

from __future__ import annotations

from typing import Annotated

from flask import Response

from restante.crypto.tokens import LinkToken, ReaderKey
from restante.errors import Gone
from restante.fetching import Ticket
from webapp.api.blueprint import bp
from webapp.api.operation import Mark, operation
from webapp.http import downloads, rate_limits
from webapp.http.request import evidence


@bp.get("/link/files/<int:number>")
@rate_limits.upload
@operation(problems=(Gone,))
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
