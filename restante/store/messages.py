"""Messages in the store: send, status, recall, replace, extend, pause, rules; a script for each.

Only here do their replies become values or errors.  Private fields stay encrypted.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from restante import rules
from restante.errors import Fault, Invalid, NotFound
from restante.store import keys
from restante.store.channel_verbs import ChannelVerbs
from restante.store.connection import new_request
from restante.store.replies import (
    NO_FILES,
    Changed,
    Judged,
    Repeated,
    Report,
    Times,
    gone,
    lacking,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from restante.crypto.tokens import ControlToken
    from restante.messages import Page
    from restante.store.replies import NewFiles, NewMessage


class Messages(ChannelVerbs):
    """The verbs on messages."""

    def send(self, control: ControlToken, new: NewMessage) -> tuple[Times, bool]:
        """Store a new message, all of it or nothing; tell whether its list takes no line any more.

        Raises:
            Repeated: One was stored with this send id before; nothing was done.
            Invalid: One of its uploads is not whole, or was sent already.
            Unavailable: Also if the store is full.
        """
        channels = [part for channel in new.channels.items() for part in channel]
        links = [part for link in new.links for part in link]
        tries, tell, recall = (
            "" if one is None else one for one in (new.tries, new.tell, new.recall)
        )
        match self._run(
            "send", keys.message(control),
            new.hold, new.expires_in, new.lease, new.retention, new.views, tries,
            new.root_id, new.box, new.sender_mark, new.evidence, new.content,
            new.send_id, new.proof, tell, recall, *new.listed, new.list_lasts, *new.files,
            len(new.channels), *channels, *links,
        ):  # fmt: skip
            case [b"sent", sent_at, opens_at, expires_at, closed]:
                return Times(sent_at, opens_at, expires_at), closed == 1
            case [b"repeated", proof, *times]:
                raise Repeated(proof, Times(*map(int, times)))
            case [b"lacking", number]:
                raise lacking(number)
        raise AssertionError

    def recall(
        self, control: ControlToken, link_ids: Sequence[bytes], reason: bytes, evidence: bytes
    ) -> list[Judged]:
        """Destroy the wrapped keys of these links, or of all; return a verdict on each.

        Raises:
            NotFound: No such message.
            Invalid: A link of another message; nothing was done.
        """
        match self._run("recall", keys.message(control), b"".join(link_ids), reason, evidence):
            case [b"recalled" | b"repeated", *verdicts]:
                return [Judged.of(its) for its in verdicts]
            case [b"invalid"]:
                raise Invalid([Fault("links", "not a link of this message")])
        raise NotFound

    def recall_whole(self, control: ControlToken, evidence: bytes) -> bool:
        """Recall every link; tell whether one had no verdict yet.

        Raises:
            NotFound: No such message.
        """
        match self._run("recall", keys.message(control), b"", b"", evidence):
            case [b"recalled" | b"repeated" as word, *_]:
                return bool(word == b"recalled")
        raise NotFound

    def outline(self, control: ControlToken) -> tuple[int, int, bool]:
        """Return the newest version, the number of links, and whether there is a passphrase.

        Raises:
            NotFound: No such message.
        """
        match self._connection.run("outline", keys.message(control)):
            case [b"outline", version, links, passphrase]:
                return version, links, passphrase == 1
        raise NotFound

    def replace(  # noqa: PLR0913 (what replace.lua is told)
        self,
        control: ControlToken,
        version: int,
        content: bytes,
        *,
        root_id: bytes,
        tries: int | None,
        wrapped: Sequence[tuple[bytes, bytes]],
        evidence: bytes,
        files: NewFiles = NO_FILES,
    ) -> tuple[int, list[tuple[bytes, str]]]:
        """Put *version* behind the links nobody has read; return it and each link's outcome.

        Raises:
            NotFound: No such message.
            Changed: Another replace happened meanwhile.
            Invalid: It was replaced a thousand times already, or an upload is not whole.
            Unavailable: Also if the store is full.
        """
        parts = [part for pair in wrapped for part in pair]
        limit = "" if tries is None else tries
        match self._run(
            "replace", keys.message(control),
            version, content, root_id, limit, evidence, *files, *parts,
        ):  # fmt: skip
            case [b"replaced" | b"unchanged", newest, *links]:
                return newest, [(lid, outcome.decode()) for lid, outcome in links]
            case [b"changed"]:
                raise Changed
            case [b"lacking", number]:
                raise lacking(number)
            case [b"often"]:
                raise Invalid([Fault("text", "replaced too often")])
        raise NotFound

    def take_out(
        self, control: ControlToken, version: int, file: int, size: int, evidence: bytes
    ) -> tuple[int, list[tuple[bytes, int | None]]] | None:
        """Destroy a file of *size* bytes; return when it was, and what each link sent of it before.

        None if the version is gone, or has no such file.

        Raises:
            NotFound: No such message.
        """
        match self._run("take_out", keys.message(control), version, file, size, evidence):
            case [b"taken" | b"repeated", at, *links]:
                return at, [(link, None if sent < 0 else sent) for link, sent in links]
            case [b"missing"]:
                return None
        raise NotFound

    def extend(self, control: ControlToken, expires_in: int, evidence: bytes) -> int:
        """Move the expiry to *expires_in* ms from now; return it.

        Raises:
            NotFound: No such message.
            GoneBoxed: Every link ended.
            Invalid: It would expire before it opens, or was moved a thousand times already.
        """
        match self._run("extend", keys.message(control), expires_in, evidence, new_request()):
            case [b"extended", expires_at]:
                return int(expires_at)
            case [b"early"]:
                raise Invalid([Fault("expires_in", "ends before the message opens")])
            case [b"often"]:
                raise Invalid([Fault("expires_in", "moved too often")])
            case [b"gone", *boxed]:
                raise gone(boxed)
        raise NotFound

    def pause(self, control: ControlToken, evidence: bytes) -> None:
        """Let no new reader open the message.

        Raises:
            NotFound: No such message.
            GoneBoxed: Every link ended.
            Invalid: It was paused a thousand times already.
        """
        match self._run("pause", keys.message(control), evidence, new_request()):
            case [b"paused" | b"repeated"]:
                return
            case [b"often"]:
                raise Invalid([Fault("form", "paused too often")])
            case [b"gone", *boxed]:
                raise gone(boxed)
        raise NotFound

    def resume(self, control: ControlToken, evidence: bytes) -> None:
        """Let readers open the message again.

        Raises:
            NotFound: No such message.
            GoneBoxed: Every link ended.
        """
        match self._run("resume", keys.message(control), evidence, new_request()):
            case [b"resumed" | b"repeated"]:
                return
            case [b"gone", *boxed]:
                raise gone(boxed)
        raise NotFound

    def set_rules(
        self, control: ControlToken, tell: int | None, recall: int | None, evidence: bytes
    ) -> None:
        """Set the rules to these ms from now; None leaves one as it is, 0 removes it.

        Raises:
            NotFound: No such message.
            GoneBoxed: Every link ended.
            Invalid: A rule would run before the message opens or after it expires, every link was
                opened, or rules were set a hundred times already.
        """
        given = ("" if one is None else one for one in (tell, recall))
        match self._run("set_rules", keys.message(control), *given, evidence, new_request()):
            case [b"set" | b"repeated"]:
                return
            case [b"early", which]:
                raise Invalid([Fault(rules.FIELDS[which.decode()], "before the message opens")])
            case [b"late", which]:
                raise Invalid([Fault(rules.FIELDS[which.decode()], "not before it expires")])
            case [b"read"]:
                raise Invalid([Fault("rules", "every link was opened")])
            case [b"often"]:
                raise Invalid([Fault("rules", "changed too often")])
            case [b"gone", *boxed]:
                raise gone(boxed)
        raise NotFound

    def forget(self, control: ControlToken) -> int | None:
        """Delete everything of the message; return when it was sent, None if there was none."""
        match self._run("forget", keys.message(control), "now"):
            case [b"forgotten", sent_at]:
                return int(sent_at)
        return None

    def status(self, control: ControlToken, page: Page, known: str = "") -> Report | None:
        """Return the message, with one page of its timeline; None if its mark is the *known* one.

        Raises:
            NotFound: No such message.
        """
        where = ("before", page.before or "") if page.after is None else ("after", page.after)
        match self._run("status", keys.message(control), *where, page.most, known):
            case [b"status", its]:
                return Report.of(its)
            case [b"unchanged"]:
                return None
        raise NotFound

    def report(self, shard: int, message_id: bytes, after: int = 0, until: int = 0) -> Report:
        """Return a message from its id (for the worker), with its events behind *after* to *until*.

        Raises:
            NotFound: No such message.
        """
        key, most = keys.message_of(shard, message_id), until - after
        match self._run("status", key, "after", after, most, ""):
            case [b"status", its]:
                return Report.of(its)
        raise NotFound
