"""A client for Restante: messages that wait behind a link, open once, and can be recalled.

`Client` asks and waits, `AsyncClient` is for asyncio.  docs/client.md has examples.
"""

from restante_client.addresses import Address, parse_address
from restante_client.async_client import AsyncClient
from restante_client.async_reading import AsyncReading
from restante_client.client import Client
from restante_client.errors import (
    CodeRequired,
    CodeWrong,
    FileRefused,
    FileTakenOut,
    FileTooLarge,
    Full,
    Gone,
    Held,
    Invalid,
    KeyReused,
    NotASender,
    NotFound,
    OffsetWrong,
    PassphraseRequired,
    PassphraseWrong,
    Paused,
    Problem,
    RateLimited,
    RestanteError,
    Superseded,
    TooLarge,
    Unavailable,
    Unreachable,
    WebhookInvalid,
)
from restante_client.files import File, FileStatus, Upload
from restante_client.models import Event, LinkStatus, Look, Sent, SentLink, Status
from restante_client.outcomes import (
    FileVerdict,
    Opened,
    Preview,
    Replaced,
    ReplacedLink,
    TakenOut,
    Verdict,
)
from restante_client.reading import Reading
from restante_client.retries import Policy
from restante_client.verbs import new_key
from restante_client.webhooks import WebhookEvent, verify_webhook

__all__ = [
    "Address",
    "AsyncClient",
    "AsyncReading",
    "Client",
    "CodeRequired",
    "CodeWrong",
    "Event",
    "File",
    "FileRefused",
    "FileStatus",
    "FileTakenOut",
    "FileTooLarge",
    "FileVerdict",
    "Full",
    "Gone",
    "Held",
    "Invalid",
    "KeyReused",
    "LinkStatus",
    "Look",
    "NotASender",
    "NotFound",
    "OffsetWrong",
    "Opened",
    "PassphraseRequired",
    "PassphraseWrong",
    "Paused",
    "Policy",
    "Preview",
    "Problem",
    "RateLimited",
    "Reading",
    "Replaced",
    "ReplacedLink",
    "RestanteError",
    "Sent",
    "SentLink",
    "Status",
    "Superseded",
    "TakenOut",
    "TooLarge",
    "Unavailable",
    "Unreachable",
    "Upload",
    "Verdict",
    "WebhookEvent",
    "WebhookInvalid",
    "new_key",
    "parse_address",
    "verify_webhook",
]
