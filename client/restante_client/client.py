"""The client for programs that wait for each answer."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from typing import IO

from restante_client import file_verbs, verbs, watching
from restante_client.addresses import CONTROL, LINK
from restante_client.asking import Asking
from restante_client.errors import Problem, Unreachable
from restante_client.files import Upload
from restante_client.models import Event, Sent, Status
from restante_client.outcomes import Preview, Replaced, TakenOut, Verdict
from restante_client.reading import Reading
from restante_client.sending import Mails, Options, Unpack, files_as_json
from restante_client.transfers import OnProgress, Uploading, here, size_of


class Client(Asking):
    """Asks a Restante service, and repeats what was lost on the way if that is safe.

    A *control* is the control token or control URL of a message, a *link* the token or URL of
    a recipient's link.  Every method can raise `Problem` and `Unreachable`.
    """

    def send(
        self, text: str, *, idempotency_key: str | None = None, **options: Unpack[Options]
    ) -> Sent:
        """Send *text*, once: a lost answer is asked for again with the same key.

        Keep your own *idempotency_key* (32 characters or more, `new_key()`) to be able to repeat
        the send after your program ended: for a day the same key and fields send nothing new.
        *files* are what `upload` returned.
        """
        return self._do(self._wire.send(text, options, idempotency_key))

    def start_upload(
        self,
        size: int,
        name: str,
        *,
        media_type: str | None = None,
        beside: Upload | str | None = None,
        idempotency_key: str | None = None,
    ) -> Upload:
        """Begin to upload a file of *size* bytes, which `upload` goes on with.

        All files of a message belong together: *beside* is another one of them, or for a replace
        the message's control.  *idempotency_key* is that of the send, if you keep your own.
        """
        return self._do(self._wire.start_upload(size, name, media_type, beside, idempotency_key))

    def upload(
        self,
        file: IO[bytes],
        name: str,
        *,
        media_type: str | None = None,
        beside: Upload | str | None = None,
        idempotency_key: str | None = None,
        begun: Upload | None = None,
        on_progress: OnProgress | None = None,
    ) -> Upload:
        """Upload a file, from its first byte to its last, for a message that is sent after it.

        *file* is open for reading and seekable.  A broken line goes on where it was.  *begun* is
        what `start_upload` returned, also to a program that ended.  Other arguments are those of
        `start_upload`.  *on_progress* gets the bytes that are through and those of the whole file.

        Raises:
            ValueError: The file is not seekable, or not as long as it was.
        """
        size = here(size_of, file)
        if begun is None:
            upload = self.start_upload(
                size, name, media_type=media_type, beside=beside, idempotency_key=idempotency_key
            )
        elif size == begun.size:
            upload = begun
        else:
            message = f"the upload began with {begun.size} bytes, and the file has {size}"
            raise ValueError(message)
        way = Uploading(upload, self._wire.policy, time.monotonic, on_progress)
        way.found(self._do(file_verbs.upload_progress(upload.token)))
        while not way.is_whole:
            verb = way.verb()
            try:
                wait = way.took(self._do(verb, self._blocks(file, way)))
            except (Problem, Unreachable) as error:
                wait = way.lost(error)
                self._on_retry(wait)
                time.sleep(wait)
                way.found(self._do(file_verbs.upload_progress(upload.token)))
            else:
                time.sleep(wait)
        return upload

    def cancel_upload(self, upload: Upload) -> None:
        """End an upload, and delete what came of its file."""
        self._do(file_verbs.cancel_upload(upload.token))

    def status(self, control: str, *, after: str | None = None) -> Status:
        """Return the message with up to 500 events, those behind the event *after*."""
        return self._do(verbs.status(self._control(control), after))

    def watch(
        self,
        control: str,
        *,
        after: str | None = None,
        every: float = 2.0,
        forever: bool = False,
        ends_after: float | None = None,
    ) -> Iterator[Event]:
        """Yield events as they come, until every link ended, or *forever*.

        *every* is how many seconds pass between two questions; the wait grows tenfold while
        nothing happens.  It goes on for at most *ends_after* seconds.  To go on later, keep the
        id of the last event as *after*.
        """
        watch = watching.Watch(
            after, every, forever=forever, ends_after=ends_after, now=time.monotonic
        )
        while not watch.ended:
            yield from watch.read(self.status(control, after=watch.after))
            if wait := watch.wait:
                time.sleep(wait)

    def recall(
        self, control: str, *, links: Sequence[str] | None = None, reason: str | None = None
    ) -> list[Verdict]:
        """Recall the links with these ids, or all; return a verdict on each."""
        return self._do(verbs.recall(self._control(control), links, reason))

    def take_out(self, control: str, *, version: int, file: int) -> TakenOut:
        """Destroy one file of a version; return a verdict on each link that has it."""
        return self._do(verbs.take_out(self._control(control), version, file))

    def replace(
        self,
        control: str,
        text: str,
        *,
        passphrase: str | None = None,
        files: Sequence[Upload] = (),
    ) -> Replaced:
        """Give all links that nobody has opened another text, and these *files* or none.

        A lost answer is not asked for again: with `Unreachable.may_have_happened`, `status` tells
        by `version` whether it happened.
        """
        its = files_as_json(files)
        return self._do(verbs.replace(self._control(control), text, passphrase, its))

    def extend(self, control: str, expires_in: int) -> Status:
        """Move the expiry to *expires_in* seconds from now, earlier or later."""
        return self._do(verbs.extend(self._control(control), expires_in))

    def set_rules(
        self,
        control: str,
        *,
        tell_unread_after: int | None = None,
        recall_unread_after: int | None = None,
    ) -> Status:
        """Set what happens so many seconds from now to links that nobody opened.

        0 removes a rule, None leaves it as it is.
        """
        verb = verbs.set_rules(self._control(control), tell_unread_after, recall_unread_after)
        return self._do(verb)

    def pause(self, control: str) -> None:
        """Let no new reader open the message."""
        self._do(verbs.pause(self._control(control)))

    def resume(self, control: str) -> None:
        """End a pause."""
        self._do(verbs.resume(self._control(control)))

    def set_webhook(
        self, control: str, url: str | None, *, webhook_format: str | None = None
    ) -> str | None:
        """Post what happens from now on to *url*, or with None to nowhere.

        Returns the secret with which `verify_webhook` checks what comes; None without a URL.
        """
        return self._do(verbs.set_webhook(self._control(control), url, webhook_format))

    def set_mails(self, control: str, email: str | None, **options: Unpack[Mails]) -> None:
        """Mail what happens to *email*, after its owner agreed; with None to nobody."""
        self._do(verbs.set_mails(self._control(control), {"email": email, **options}))

    def send_test(self, control: str) -> str:
        """Send a test event through every channel that is on; return its id.

        `channels` of the status says what came of it.
        """
        return self._do(verbs.send_test(self._control(control)))

    def forget(self, control: str) -> None:
        """End every link, and delete the message with its records."""
        self._do(verbs.forget(self._control(control)))

    def preview(self, link: str) -> Preview:
        """Return what a visitor may know; no view is spent."""
        return self._do(verbs.preview(self._wire.token_of(LINK, link)))

    def request_code(self, link: str) -> None:
        """Have a code mailed to the link's recipient, if the link needs one."""
        self._do(verbs.request_code(self._wire.token_of(LINK, link)))

    def reveal(
        self,
        link: str,
        *,
        passphrase: str | None = None,
        code: str | None = None,
        reader_key: str | None = None,
        keep: bool = False,
    ) -> Reading:
        """Open a message by `with`: to enter spends one view, to leave says that it arrived.

        If the block fails, the lease goes on: enter the same object again for the same view.
        To get it again after your program ended, keep your own *reader_key* (`new_key()`) before
        you enter.  With *keep* the lease goes on after the block, too.
        """
        token = self._wire.token_of(LINK, link)
        key = verbs.new_key() if reader_key is None else reader_key
        return Reading(self, token, passphrase, code, key, keep=keep)

    def _control(self, written: str) -> str:
        return self._wire.token_of(CONTROL, written)
