"""What programs get: the bodies of the answers of API v1."""

from typing import Annotated, Literal, NotRequired, TypedDict

from restante import channel_states
from restante.channel_states import ChannelState
from restante.declared import Example, Id, Like, Time, Words
from restante.event_types import EVENT_ID, EventShown, EvidenceShown
from restante.file_reports import Fetch
from restante.messages import Outcome, State
from webapp.details import DetailsShown
from webapp.notify import NotifyShown
from webapp.rules import RulesShown

Recipient = Annotated[str | None, "its label in the send; `null` without one", Example("Ana")]
Url = Annotated[str, "the address of the link's page", Example("https://letters.example.com/m/L…")]
LinkState = Annotated[State, "held, sealed and read links can be opened; the others are final"]
WHAT_BECAME = Words(
    ("replaced", "already_read", *(f"already_{state}" for state in State if state.final))
)


class SentLink(TypedDict):
    """One recipient's link. Its token opens the message."""

    id: Annotated[Id, "not secret"]
    recipient: Recipient
    token: Annotated[str, "the link token", Example("LBYx…")]
    url: Url
    state: Annotated[State, "`sealed`, or `held` with a hold", Example("sealed")]


class Sent(TypedDict):
    """A message that was sent. Protect the control token as you protect the text."""

    id: Annotated[Id, "the message's id"]
    control_token: Annotated[str, "for the sender's operations", Example("CBQD…")]
    control_url: Annotated[
        str, "the address of the control page", Example("https://letters.example.com/s/CBQD…")
    ]
    sent_at: Annotated[Time, "when it was sent"]
    opens_at: Annotated[Time, "when its links open"]
    expires_at: Annotated[Time, "when its links expire", Example("2026-11-24T16:56:41.163Z")]
    links: Annotated[list[SentLink], "in the order of `recipients`"]
    webhook_secret: NotRequired[
        Annotated[str, "with a webhook: the key that signs the events, `whsec_…`"]
    ]


class Attached(TypedDict):
    """The webhook of a message from now on."""

    webhook_secret: Annotated[
        str | None,
        "the key that signs the events, `whsec_…`; `null` without a webhook",
        Example("whsec_c2VjcmV0IG9mIDI0IGJ5dGVzISEh"),
    ]


class Tested(TypedDict):
    """The event of a test."""

    event: Annotated[str, "its id", EVENT_ID, Example("2412d9c1b0c1318b89ad199fdd648469-4")]


class Channel(TypedDict):
    """How one way of telling the sender stands."""

    channel: Annotated[
        str, "`webhook`, `email`, or `push`, `push-2`, `push-3` for browsers", Example("webhook")
    ]
    state: Annotated[
        ChannelState,
        "`failing`: the last try failed and is repeated. `asked`: a mail waits for a consent."
        " `refused`: the owner of the address wants no mail",
        Example("told"),
    ]
    told_at: Annotated[Time | None, "when something last went out"]
    failure: Annotated[
        str | None, "why the last try failed: a status, or a word; `null` if it did not"
    ]
    test: Annotated[channel_states.Outcome | None, "what came of the last test; `null` without one"]


class Started(TypedDict):
    """An upload that has begun. Protect its token as you protect the file."""

    upload_token: Annotated[str, "for adding to it, and for the send", Example("UBYx…")]
    offset: Annotated[int, "bytes of the file that are kept", Example(0)]


class FileFetched(TypedDict):
    """A file as its sender sees it at one link."""

    number: Annotated[int, "from 1, as in events", Example(1)]
    name: Annotated[str, "what readers save it as; never a path", Example("contract.pdf")]
    size: Annotated[int, "its bytes", Example(1_048_576)]
    sent: Annotated[
        int | None,
        "bytes from its beginning that one reader was sent, the one who got furthest; `null` if"
        " nobody began",
        Example(1_048_576),
    ]
    taken_out_at: Annotated[Time | None, "when the sender took it out"]


class Link(TypedDict):
    """One link, as the sender sees it."""

    id: Annotated[Id, "not secret"]
    recipient: Recipient
    url: Url
    state: Annotated[LinkState, Example("read")]
    views_left: Annotated[int, "views that can still be opened", Example(1)]
    reveals: Annotated[int, "views that were opened", Example(1)]
    first_revealed_at: Annotated[Time | None, "when the first view was opened"]
    last_revealed_at: Annotated[Time | None, "when the last view was opened"]
    acknowledged_at: Annotated[Time | None, "when a program or browser first said that it arrived"]
    confirmed_at: Annotated[Time | None, "when a reader first said: I have read this"]
    on_screen_seconds: Annotated[
        int, "how long browsers report that the text was visible, in all", Example(0)
    ]
    disputed_at: Annotated[Time | None, "when somebody last said: That was not me"]
    declined_at: Annotated[Time | None, "when somebody last said: This is not for me"]
    unread_at: Annotated[Time | None, "when a rule last told that nobody had opened it"]
    version: Annotated[int, "of the text that it opens"]
    files: Annotated[list[FileFetched], "the files of that version"]


class Look(
    TypedDict(
        "Look",
        {
            "class": Annotated[
                str,
                "a guess: `browser`, `sender`, or a machine: `prefetch`, `preview_bot`,"
                " `scanner_suspected`, `program`; later versions may add classes",
                Example("program"),
            ]
        },
    )
):
    """A visit that spent no view."""

    type: Annotated[
        str,
        "`link.fetched`: somebody asked for the gate. `link.reread`: a reader fetched its own view"
        " again",
        Words(("link.fetched", "link.reread")),
    ]
    at: Annotated[Time, "when it happened"]
    link: Annotated[Id, "the link's id"]
    evidence: Annotated[dict[str, str], Like(EvidenceShown)]


class Message(DetailsShown, RulesShown):
    """A message, all its links, a page of its events, and its looks."""

    id: Annotated[Id, "the message's id"]
    views: Annotated[int, "views of each link", Example(2)]
    notify: NotifyShown | None
    channels: Annotated[list[Channel], "how each channel that is on stands"]
    sent_at: Annotated[Time, "when it was sent"]
    opens_at: Annotated[Time, "when its links open"]
    expires_at: Annotated[Time, "when its links expire", Example("2026-11-24T16:56:41.163Z")]
    paused_at: Annotated[
        Time | None, "when it was paused; `null` if it is not, or if every link has ended"
    ]
    version: Annotated[int, "of the newest text"]
    links: Annotated[list[Link], "in the order of the send"]
    events: Annotated[list[EventShown], "from first to last, without gaps, at most 500"]
    events_total: Annotated[int, "all events", Example(3)]
    more_events: Annotated[bool, "ask again with `after` and the last event's id"]
    looks: Annotated[list[Look], "the newest first, at most 100"]


class Verdict(TypedDict):
    """What the recall of one link achieved."""

    link: Annotated[Id, "the link's id"]
    recipient: Recipient
    outcome: Annotated[
        Outcome,
        "`recalled_unread`: the content was released to nobody through this link, and never will"
        " be. `already_…`: the link ended before",
    ]
    reveals: Annotated[int, "views that were released before", Example(0)]
    first_revealed_at: Annotated[Time | None, "when the first view was opened"]
    acknowledged_at: Annotated[Time | None, "when a program or browser first said that it arrived"]
    recalled_at: Annotated[Time, "of the first recall, also if it is repeated"]
    by: Annotated[Literal["sender", "rule"], "`rule` if a rule had recalled it before"]


class Verdicts(TypedDict):
    """A verdict on each link."""

    verdicts: list[Verdict]


class ReplacedLink(TypedDict):
    """What a replace did to one link."""

    id: Annotated[Id, "the link's id"]
    outcome: Annotated[
        str, "a link with `already_…` keeps its text", WHAT_BECAME, Example("replaced")
    ]


class Replaced(TypedDict):
    """What a replace did to each link."""

    version: Annotated[
        int, "of the newest text; it does not change if no link was replaced", Example(2)
    ]
    links: list[ReplacedLink]


class TakenOutLink(TypedDict):
    """What was sent of a file through one link before it was taken out."""

    link: Annotated[Id, "the link's id"]
    recipient: Recipient
    outcome: Annotated[
        Fetch,
        "`not_started`: nobody was sent anything of it, and nobody will be. `started`: a reader was"
        " sent a part, perhaps all",
        Example("not_started"),
    ]
    sent: Annotated[int | None, "bytes from its beginning, of the reader who got furthest"]


class TakenOut(TypedDict):
    """A file that was taken out, and a verdict on each link that has it."""

    version: Annotated[int, "of the text that it belongs to"]
    number: Annotated[int, "from 1, in its version", Example(2)]
    name: Annotated[str, "what readers save it as", Example("contract.pdf")]
    taken_out_at: Annotated[Time, "of the first request, also if it is repeated"]
    verdicts: list[TakenOutLink]


class Preview(
    TypedDict("Preview", {"from": Annotated[str | None, "the sender's name", Example("Marta")]})
):
    """What a visitor may know before a view is spent."""

    state: Annotated[State, "`held`, `sealed` or `read`", Example("sealed")]
    opens_at: Annotated[Time, "when the link opens"]
    expires_at: Annotated[Time, "when it expires", Example("2026-11-24T16:56:41.163Z")]
    views_left: Annotated[int, "views that can still be opened", Example(2)]
    needs_passphrase: Annotated[bool, "whether a reveal needs `passphrase`", Example(value=True)]
    needs_code: Annotated[bool, "whether a reveal needs `code`"]
    paused: Annotated[bool, "whether the sender has paused the message"]


class FileShown(TypedDict):
    """A file of the message."""

    number: Annotated[int, "from 1, for `GET /link/files/{number}`", Example(1)]
    name: Annotated[str, "what to save it as; never a path", Example("contract.pdf")]
    size: Annotated[int, "its bytes", Example(1_048_576)]
    type: Annotated[str, "its media type, as the sender's program said", Example("application/pdf")]
    taken_out_at: Annotated[
        Time | None, "when the sender took it out, if this reader had opened the message before"
    ]


class Content(TypedDict):
    """The text that one view releases, and what it has in files."""

    text: Annotated[str, "as it was sent", Example("The safe is behind the Vermeer.")]
    state: Annotated[State, "`read`, or `spent` after the last view", Example("read")]
    views_left: Annotated[int, "views that can still be opened", Example(1)]
    lease_until: Annotated[
        Time, "until then the same request with the same reader key returns the same view"
    ]
    files: Annotated[list[FileShown], "its files, in the sender's order"]
    files_token: Annotated[
        str | None,
        "for fetching the files, with the same reader key; `null` without files",
        Example("kP3x…"),
    ]
