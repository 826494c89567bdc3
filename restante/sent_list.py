"""What a sender does with all messages of their browser: the list, search, recall, rotation."""

from __future__ import annotations

import unicodedata
from contextlib import suppress
from typing import TYPE_CHECKING

from restante.crypto import sent_lines
from restante.crypto.sealed_fields import SealedFields
from restante.errors import Damaged, NotFound, Unavailable
from restante.messages import SECOND
from restante.sent_reports import Entry, ListPage, Rest, Verdicts

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from restante.crypto.keyring import Keyring
    from restante.crypto.sent_lines import Line
    from restante.crypto.tokens import ControlToken, ListToken
    from restante.messages import Evidence
    from restante.settings import Settings
    from restante.store.messages import Messages
    from restante.store.sent_lists import Listed, SentLists

PAGE = 25
"""Messages on a page."""
CHUNK = 50
"""Lines that are read at once where many are: a recall, a search, a rotation."""
SEARCHED_MOST = 10_000
RECALLED_MOST = 1_000
"""Messages that one request recalls; then it says how many it has not come to."""
EMPTY_PAGES_MOST = 20
"""Pages whose messages are all forgotten, which one request drops to find one with messages."""


class SentList:
    """The sender's verbs on a list.  Each needs the sender secret, as a list token."""

    def __init__(
        self, messages: Messages, lists: SentLists, keyring: Keyring, settings: Settings
    ) -> None:
        self._messages = messages
        self._lists = lists
        self._facts = SealedFields(keyring)
        self._lasts = settings.sent_list_seconds * SECOND

    def page(self, listed: ListToken, before: int | None = None) -> ListPage:
        """Return a page: two round trips, and one more where lines of forgotten messages go.

        Raises:
            Unavailable: The store does not answer.
        """
        for _ in range(EMPTY_PAGES_MOST):
            its = self._open(listed, before, PAGE + 1)
            lines = its.lines[:PAGE]
            older = lines[-1][1] if len(its.lines) > PAGE else None
            entries, gone = self._look(listed, lines)
            total = its.total - gone
            if entries or older is None:
                break
            before = older
        return ListPage(tuple(entries), total, its.is_closed, older)

    def search(self, listed: ListToken, words: str, before: int | None = None) -> ListPage:
        """Return the newest messages in whose subject or first recipients all words are.

        Looks at up to 10,000 lines, a few at a time.

        Raises:
            Unavailable: The store does not answer.
        """
        wanted = _folded(words).split()
        found: list[tuple[bytes, int]] = []
        searched, its = 0, None
        while searched < SEARCHED_MOST and len(found) <= PAGE:
            its = self._open(listed, before, CHUNK)
            found += [one for one in its.lines if self._says(listed, one[0], wanted)]
            searched += len(its.lines)
            if len(its.lines) < CHUNK:
                break
            before = its.lines[-1][1]
        older = found[PAGE - 1][1] if len(found) > PAGE else None
        entries, _ = self._look(listed, found[:PAGE])
        total, is_closed = (its.total, its.is_closed) if its else (0, False)
        return ListPage(tuple(entries), total, is_closed, older, searched)

    def recall_unread(
        self,
        listed: ListToken,
        window_ms: int | None = None,
        *,
        rest: Rest | None = None,
        moved_to: ListToken | None = None,
        evidence: Evidence | None = None,
    ) -> Verdicts:
        """Recall all that nobody opened of what was sent in these ms, or ever.

        One round trip for each message with a link that nobody opened, and two for 50 lines.
        *moved_to* is where some of the lines are, if this list is closed.
        *rest* is what an earlier request did not come to.  Where the store fails in between, the
        verdicts say so.

        Raises:
            Unavailable: The store does not answer at all.
        """
        verdicts = Verdicts()
        since, before = rest or (None, None)
        while True:
            try:
                its = self._open(listed, before, CHUNK)
                if since is None:
                    since = 0 if window_ms is None else its.at - window_ms
                lines = [one for one in its.lines if one[1] >= since]
                for entry in self._look(listed, lines)[0]:
                    if verdicts.recalled == RECALLED_MOST and before:
                        verdicts.more = Rest(since, before)
                        return verdicts
                    self._recall_unread(entry, verdicts, evidence)
                    before = entry.at
            except Unavailable:
                if not verdicts.messages:
                    raise
                verdicts.is_whole = False
                return verdicts
            if len(lines) == CHUNK:
                before = lines[-1][1]
            elif its.is_closed and moved_to:
                listed, moved_to, before = moved_to, None, None
            else:
                return verdicts

    def recall(
        self, listed: ListToken, chosen: Sequence[int], *, evidence: Evidence | None = None
    ) -> Verdicts:
        """Recall every link of the messages whose lines have these scores.

        One round trip for each, and two for all.  Where the store fails in between, the verdicts
        say so.

        Raises:
            Unavailable: The store does not answer at all.
        """
        verdicts = Verdicts()
        done: list[tuple[Line, int]] = []
        try:
            for sealed, at in self._lists.pick(listed, dict.fromkeys(chosen)):
                if not (line := _unsealed(listed, sealed)):
                    continue
                boxed = self._facts.close_evidence(line.control.message_id, evidence)
                with suppress(NotFound):
                    verdicts.recalled += self._messages.recall_whole(line.control, boxed)
                    done.append((line, at))
            states = self._lists.glance([its.control for its, _ in done])
        except Unavailable:
            if not done:
                raise
            verdicts.is_whole = False
            return verdicts
        for (its, scored), seen in zip(done, states, strict=True):
            if seen:
                verdicts.add(Entry(its, scored, seen))
        return verdicts

    def move(self, old: ListToken, new: ListToken) -> None:
        """Seal every line for another secret, and let the old list be empty and closed.

        A line is added there before it is dropped here.  Idempotent: what a first try did is
        not done twice.

        Raises:
            Changed: The new list was itself moved or deleted.
            Unavailable: The store is full or does not answer; the same again goes on.
        """
        self._lists.keep(new, self._lasts, ())
        self._lists.close(old, self._lasts)
        while lines := self._open(old, None, CHUNK).lines:
            moved = [(to, at) for line, at in lines if (to := _moved(line, old, new))]
            self._lists.keep(new, self._lasts, moved)
            self._lists.drop(old, [line for line, _ in lines])

    def adopt(self, old: ListToken, new: ListToken, sealed: bytes, sent_at: int) -> None:
        """Add the line of a message that was sent while its list moved."""
        if moved := _moved(sealed, old, new):
            self._lists.keep(new, self._lasts, [(moved, sent_at)])

    def drop(self, listed: ListToken, control: ControlToken, sent_at: int) -> None:
        """Drop the line of a message that was just forgotten, if it is in this list.

        Raises:
            Unavailable: The store does not answer; who reads the list next drops it.
        """
        near = self._open(listed, sent_at + CHUNK, CHUNK).lines
        found = [
            line
            for line, at in near
            if at >= sent_at and (its := _unsealed(listed, line)) and its.control == control
        ]
        if found:
            self._lists.drop(listed, found)

    def forget(self, listed: ListToken) -> None:
        """Delete the list; its messages stay.  Idempotent."""
        self._lists.close(listed, self._lasts, forget=True)

    def _open(self, listed: ListToken, before: int | None, most: int) -> Listed:
        return self._lists.open(listed, self._lasts, before, most)

    def _look(
        self, listed: ListToken, lines: Sequence[tuple[bytes, int]]
    ) -> tuple[list[Entry], int]:
        """Return the messages of these lines; drop the lines of forgotten ones, and count them.

        A line that does not open stays: a later version may have written it.
        """
        opened = [(line, at, _unsealed(listed, line)) for line, at in lines]
        good = [(line, at, its) for line, at, its in opened if its]
        states = self._lists.glance([its.control for _, _, its in good])
        looked = list(zip(good, states, strict=True))
        if gone := [line for (line, _, _), seen in looked if not seen]:
            self._lists.drop(listed, gone)
        return [Entry(its, at, seen) for (_, at, its), seen in looked if seen], len(gone)

    def _says(self, listed: ListToken, sealed: bytes, wanted: Iterable[str]) -> bool:
        its = _unsealed(listed, sealed)
        if its is None:
            return False
        said = _folded(" ".join((its.subject or "", *its.labels)))
        return all(word in said for word in wanted)

    def _recall_unread(self, entry: Entry, verdicts: Verdicts, evidence: Evidence | None) -> None:
        if entry.line.control.message_id in verdicts.counted:
            return
        if any(not link.reveals and not link.state.final for link in entry.seen.links):
            control = entry.line.control
            boxed = self._facts.close_evidence(control.message_id, evidence)
            try:
                entry = entry._replace(seen=self._lists.recall_unread(control, boxed))
            except NotFound:
                return
            verdicts.recalled += 1
        verdicts.add(entry)


def _folded(text: str) -> str:
    """Return a text as it is compared: without case and accents."""
    plain = unicodedata.normalize("NFKD", text.casefold())
    return "".join(sign for sign in plain if not unicodedata.combining(sign))


def _unsealed(listed: ListToken, sealed: bytes) -> Line | None:
    try:
        return sent_lines.unseal(listed, sealed)
    except Damaged:
        return None


def _moved(sealed: bytes, old: ListToken, new: ListToken) -> bytes | None:
    try:
        return sent_lines.move(sealed, old, new)
    except Damaged:
        return None
