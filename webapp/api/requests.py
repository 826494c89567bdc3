"""What programs send: the bodies of the requests of API v1."""

from typing import Annotated, Required, TypedDict

from restante.declared import Bounds, Example, Id
from restante.validation import PASSPHRASE_MAX, REASON_MAX
from webapp.details import LABEL, DetailsAsked
from webapp.notify import NotifyAsked
from webapp.rules import RulesAsked, RulesGiven

Text = Annotated[
    str,
    "readers get the same bytes; the most is in bytes of UTF-8",
    Bounds(1, "text_max"),
    Example("The safe is behind the Vermeer."),
]
PASSPHRASE = Bounds(1, PASSPHRASE_MAX)
Label = Annotated[str, LABEL]


class Nothing(TypedDict):
    """No fields. The body may also be empty."""


class Upload(
    TypedDict(
        "Upload",
        {
            "with": Annotated[
                str,
                "without an `Idempotency-Key`: the token of another upload for the same message, or"
                " the control token of the message that it will be replaced in",
                Example("UBYx…"),
            ]
        },
        total=False,
    ),
    total=False,
):
    """A file to upload."""

    size: Required[Annotated[int, "its bytes", Bounds(0, "files_max"), Example(1_048_576)]]


class FileAsked(TypedDict, total=False):
    """An uploaded file that the message shall have."""

    upload: Required[Annotated[str, "its upload token", Example("UBYx…")]]
    name: Required[Annotated[str, "what readers save it as; never a path", Example("contract.pdf")]]
    type: Annotated[str, "its media type", Example("application/pdf")]


class Send(DetailsAsked, RulesAsked, NotifyAsked, total=False):
    """A message to send."""

    text: Required[Text]
    recipients: Annotated[
        list[Label],
        "one link for each label; without this field one link, without a label",
        Bounds(1, "recipients_max"),
        Example(["Ana", "Ben"]),
    ]
    expires_in: Annotated[
        int,
        "seconds from `opens_at`",
        Bounds("expiry_min", "expiry_max"),
        Example(172_800),
    ]
    views: Annotated[int, "views of each link; default 1", Bounds(1, "views_max"), Example(2)]
    passphrase: Annotated[str, "what readers must type", PASSPHRASE, Example("orange boat")]
    files: Annotated[
        list[FileAsked],
        "uploaded before, in the order that readers see",
        Bounds(1, "files_most"),
    ]
    hold: Annotated[int, "seconds until the links open; default 0", Bounds(0, "hold_max")]


class Recall(TypedDict, total=False):
    """Which links to recall, and why."""

    links: Annotated[list[Id], "ids; without this field all links of the message", Bounds(1, 1_000)]
    reason: Annotated[
        str,
        "visitors of a link that this recall ended see it",
        Bounds(1, REASON_MAX),
        Example("wrong painting"),
    ]


class Replace(TypedDict, total=False):
    """The new text of the links that nobody has opened."""

    text: Required[Annotated[Text, Example("The safe is behind the Hals.")]]
    passphrase: Annotated[
        str,
        "required if the message has one; the replaced links ask for this one",
        PASSPHRASE,
        Example("orange boat"),
    ]
    files: Annotated[
        list[FileAsked],
        "uploaded before; without this field the new version has no files",
        Bounds(1, "files_most"),
    ]


class TakeOut(TypedDict):
    """A file to take out."""

    version: Annotated[int, "of the text that it belongs to", Bounds(1, 2**31)]
    number: Annotated[int, "from 1, in its version", Bounds(1, "files_most"), Example(2)]


class Change(TypedDict, total=False):
    """A new expiry, or new rules: one of them."""

    expires_in: Annotated[
        int, "seconds from now", Bounds("expiry_min", "expiry_max"), Example(604_800)
    ]
    rules: Annotated[
        RulesGiven, "seconds from now; 0 removes a rule; one that you leave out stays as it is"
    ]


class Reveal(TypedDict, total=False):
    """What the gate asks for."""

    passphrase: Annotated[
        str, "required if `needs_passphrase` is true, else ignored", Example("orange boat")
    ]
    code: Annotated[
        str, "required if `needs_code` is true, else ignored: the six digits from the mail"
    ]


class Acknowledge(TypedDict, total=False):
    """Whether the lease goes on."""

    keep: Annotated[bool, "`true`: the lease goes on. Otherwise it ends now"]
