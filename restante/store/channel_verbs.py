"""The verbs on a message's channels: who is told, and a test."""

from __future__ import annotations

from typing import TYPE_CHECKING

from restante.errors import Fault, Invalid, NotFound
from restante.store import keys
from restante.store.connection import new_request
from restante.store.replies import gone
from restante.store.verbs import Verbs

if TYPE_CHECKING:
    from restante.crypto.tokens import ControlToken


class ChannelVerbs(Verbs):
    """How a sender is told of one message."""

    def subscribe(self, control: ControlToken, kept: bytes) -> None:
        """Tell a receiver what happens from now on; *kept* begins with its id.

        Raises:
            NotFound: No such message.
            Invalid: Every place is taken.
            Unavailable: Also if the store is full.
        """
        match self._run("subscribe", keys.message(control), kept):
            case [b"subscribed"]:
                return
            case [b"full"]:
                raise Invalid([Fault("push", "three browsers are told already")])
        raise NotFound

    def unsubscribe(self, control: ControlToken, receiver: bytes) -> None:
        """Tell the receiver with this id nothing more; empty: all receivers.

        Raises:
            NotFound: No such message.
        """
        if self._run("unsubscribe", keys.message(control), receiver) != [b"unsubscribed"]:
            raise NotFound

    def set_channel(
        self, control: ControlToken, channel: str, kept: bytes, evidence: bytes
    ) -> None:
        """Let a channel tell of the message from now on; empty *kept* ends it.

        Raises:
            NotFound: No such message.
            GoneBoxed: Every link ended.
            Invalid: It was changed a thousand times already.
        """
        match self._run(
            "set_channel", keys.message(control), channel, kept, evidence, new_request()
        ):
            case [b"set" | b"repeated"]:
                return
            case [b"often"]:
                raise Invalid([Fault("form", "notified too often")])
            case [b"gone", *boxed]:
                raise gone(boxed)
        raise NotFound

    def send_test(self, control: ControlToken, evidence: bytes) -> int:
        """Write an event that is a test; return its number.

        Raises:
            NotFound: No such message.
            GoneBoxed: Every link ended.
            Invalid: No channel is on, or it was tested a hundred times already.
        """
        match self._run("send_test", keys.message(control), evidence):
            case [b"sent", number]:
                return int(number)
            case [b"none"]:
                raise Invalid([Fault("form", "nothing to test")])
            case [b"often"]:
                raise Invalid([Fault("form", "tested too often")])
            case [b"gone", *boxed]:
                raise gone(boxed)
        raise NotFound
