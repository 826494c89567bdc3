"""What a verb costs in round trips, and a message in memory."""

from __future__ import annotations

import socket

from restante.messages import Draft, Evidence
from restante.store.keys import TAGS
from tests.conftest import kept_of, read, reader_key

MEMBER_OF_DUE = 82
"""What a member takes in a schedule of many, in bytes."""


def look(house, link, *readers):
    return house.reading.preview(link, [reader_key(r) for r in readers], visitor="browser")


class Watch:
    """What the store itself sees: one line for each command that came over a connection."""

    def __init__(self, path: str) -> None:
        self._socket = socket.socket(socket.AF_UNIX)
        self._socket.settimeout(5)
        self._socket.connect(path)
        self._socket.sendall(b"MONITOR\r\n")
        self._lines = self._socket.makefile("rb")
        self._lines.readline()

    def commands_until(self, sentinel: bytes) -> list[bytes]:
        seen = []
        for line in iter(self._lines.readline, b""):
            if sentinel in line:
                return seen
            if b" lua] " not in line:
                seen.append(line.partition(b"] ")[2][:20])
        raise AssertionError

    def close(self) -> None:
        self._lines.close()
        self._socket.close()


def test_when_warm_each_verb_is_one_round_trip_and_a_passphrase_costs_one_more(house, store, raw):
    def whole_life():
        sent = house.sending.send(Draft("x"))
        asked = house.sending.send(Draft("x", passphrase="p"))
        link = sent.links[0].token
        return {
            "send": (1, lambda: house.sending.send(Draft("x"))),
            "preview": (1, lambda: look(house, link, 1, 2)),
            "reveal": (1, lambda: read(house, link)),
            "again": (1, lambda: read(house, link)),
            "acknowledge": (1, lambda: house.answering.acknowledge(link, reader_key(), keep=False)),
            "recall": (1, lambda: house.managing.recall(sent.control)),
            "status": (1, lambda: house.managing.status(sent.control)),
            "with passphrase": (2, lambda: read(house, asked.links[0].token, 1, "p")),
        }

    for _, deed in whole_life().values():
        deed()
    watch = Watch(store.url.removeprefix("unix://"))
    try:
        for name, (expected, deed) in whole_life().items():
            raw.echo("before " + name)
            watch.commands_until(b"before " + name.encode())
            deed()
            raw.echo("after " + name)
            seen = watch.commands_until(b"after " + name.encode())

            assert len(seen) == expected, (name, seen)
    finally:
        watch.close()


def test_a_live_message_of_200_bytes_takes_at_most_1056_bytes(house, raw):
    """All its keys counted, and its member of `due`; a program sent it."""
    evidence = Evidence("192.0.2.0/24")
    sent = house.sending.send(Draft("x" * 200), evidence=evidence)
    tag = b"{%b}:" % TAGS[sent.control.shard].encode()
    taken = sum(raw.memory_usage(tag + key, samples=0) for key in kept_of(raw, sent))

    assert taken + MEMBER_OF_DUE <= 1056
