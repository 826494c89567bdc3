"""The recipient's routes of API v1: preview, reveal, request a code, acknowledge."""

from __future__ import annotations

from restante import errors
from restante.crypto.tokens import LinkToken, ReaderKey
from restante.errors import Gone
from restante.events import rfc3339
from restante.messages import State
from webapp.api.answers import Content, Preview
from webapp.api.blueprint import bp
from webapp.api.operation import operation
from webapp.api.requests import Acknowledge, Nothing, Reveal
from webapp.http import rate_limits
from webapp.http.request import answering, evidence, reading
from webapp.http.visitors import look_at, visitor
from webapp.texts.formatting import rfc3339_or_none
from webapp.texts.states import language

CLOSED = (errors.Gone, errors.Paused, errors.Held)


@bp.get("/link")
@rate_limits.preview
@operation(problems=(errors.Gone,))
def preview(link: LinkToken) -> Preview:
    """Return what a visitor may know before a view is spent.

    Records a look and changes nothing else.
    """
    seen = look_at(link)
    if seen.state.final:
        raise Gone(seen.state, reason=seen.reason, ended_at=seen.ended_at)
    return {
        "state": seen.state,
        "from": seen.details.sender_name,
        "opens_at": rfc3339(seen.opens_at),
        "expires_at": rfc3339(seen.expires_at),
        "views_left": seen.views_left,
        "needs_passphrase": seen.needs_passphrase,
        "needs_code": seen.needs_code,
        "paused": seen.paused,
    }


@bp.post("/link/reveal")
@rate_limits.passphrase
@rate_limits.reveal
@operation(
    problems=(
        *CLOSED,
        errors.PassphraseRequired,
        errors.PassphraseWrong,
        errors.CodeRequired,
        errors.CodeWrong,
    )
)
def reveal(reader_key: ReaderKey, link: LinkToken, asked: Reveal) -> Content:
    """Spend a view and release the text to this reader key.

    The same request again returns the same view and spends nothing, until `lease_until`.
    """
    content = reading().reveal(
        link,
        reader_key,
        asked.get("passphrase"),
        code=asked.get("code"),
        visitor=visitor(link),
        evidence=evidence(),
    )
    return {
        "text": content.text,
        "state": State(content.state),
        "views_left": content.views_left,
        "lease_until": rfc3339(content.lease_until),
        "files": [
            {
                "number": its.number,
                "name": its.name,
                "size": its.size,
                "type": its.type,
                "taken_out_at": rfc3339_or_none(its.taken_out_at),
            }
            for its in content.files
        ],
        "files_token": content.files_token or None,
    }


@bp.post("/link/code")
@rate_limits.passphrase
@operation(problems=CLOSED)
def request_code(link: LinkToken, _: Nothing) -> None:
    """Have a code mailed to the link's recipient, if the link needs one.

    Within a minute of the last code no new one is mailed.
    """
    reading().request_code(link, language=language(), evidence=evidence())


@bp.post("/link/acknowledge")
@operation()
def acknowledge(reader_key: ReaderKey, link: LinkToken, asked: Acknowledge) -> None:
    """Say that the content arrived.

    Without `keep` the lease ends. A repeated request records nothing more.
    """
    answering().acknowledge(link, reader_key, keep=asked.get("keep", False), evidence=evidence())
