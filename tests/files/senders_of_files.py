"""People who upload, send, fetch, recall and cancel files while the service is killed under them.

They know what they were told, and note each thing that was not kept.
"""

from __future__ import annotations

import json
import os
import random
import threading
import time
import uuid
from contextlib import closing, suppress
from dataclasses import dataclass, field
from http.client import HTTPException, HTTPResponse
from socket import create_connection
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from tests.support import canaries
from tests.support.api import Api, Way, new_reader_key
from tests.support.filing import PARTIAL

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.support.api import Answer

PIECE = 65_536
MARK = b"canary" + os.urandom(8).hex().encode()
"""In every file's content, in every name and in every text."""
TIMEOUT_SECONDS = 8
PATIENCE_SECONDS = 60.0
BUSY = {429, 502, 503, 504}


def content(chance: random.Random, most: int) -> bytes:
    """Return a file's bytes, with the mark in each KiB."""
    size = chance.choice([0, chance.randrange(PIECE), PIECE, chance.randrange(most)])
    return b"".join(MARK + chance.randbytes(1024 - len(MARK)) for _ in range(size // 1024 + 1))[
        :size
    ]


@dataclass
class Message:
    """A message that was sent, and what its sender knows."""

    control: str
    link: str
    files: list[bytes]
    is_recalled: bool = False


@dataclass
class Crowd:
    """What all know together."""

    url: str
    seed: int
    most: int
    wrong: list[str] = field(default_factory=list)
    messages: list[Message] = field(default_factory=list)
    done: dict[str, int] = field(default_factory=dict)
    lock: threading.Lock = field(default_factory=threading.Lock)
    ended: threading.Event = field(default_factory=threading.Event)

    def count(self, what: str) -> None:
        with self.lock:
            self.done[what] = self.done.get(what, 0) + 1

    def accuse(self, what: str) -> None:
        with self.lock:
            self.wrong.append(what)


class Sender(threading.Thread):
    """Sends messages with files, one after the other, until the crowd's time is over."""

    def __init__(self, crowd: Crowd, number: int) -> None:
        super().__init__(name=f"sender {number}", daemon=True)
        self.crowd = crowd
        self.chance = random.Random(crowd.seed * 1000 + number)
        self.api = Api(crowd.url, way=Way(timeout=TIMEOUT_SECONDS))

    def run(self) -> None:
        try:
            while not self.crowd.ended.is_set():
                self.send_one()
        except Exception as error:  # noqa: BLE001 (it is told)
            self.crowd.accuse(f"{self.name}: {type(error).__name__} {error}")

    def ask(self, method: str, path: str, body: object = None, **named: object) -> Answer:
        """Ask until somebody answers."""
        return insist(lambda: self.api.ask(method, path, body, **named))  # type: ignore[arg-type]

    def send_one(self) -> None:
        key = str(uuid.uuid4())
        files = [content(self.chance, self.crowd.most) for _ in range(self.chance.randint(1, 3))]
        tokens = [self.upload(data, key) for data in files]
        if None in tokens or self.chance.random() < 0.1:
            return  # nobody sends what is left: it goes in a day, or with its cancellation
        named = [
            {"upload": token, "name": f"{MARK.decode()} {place}.bin"}
            for place, token in enumerate(tokens)
        ]
        body = {"text": MARK.decode(), "views": 20, "files": named}
        answer = self.ask("POST", "/api/v1/messages", body, headers={"Idempotency-Key": key})
        if answer.status != 201:
            self.crowd.accuse(f"a send of whole uploads was refused: {answer}")
            return
        links = answer.json["links"]
        message = Message(answer.json["control_token"], links[0]["token"], files)
        with self.crowd.lock:
            self.crowd.messages.append(message)
        self.crowd.count("sent")
        if self.chance.random() < 0.6:
            self.read(message)
        if self.chance.random() < 0.4:
            self.recall(message)

    def upload(self, data: bytes, key: str) -> str | None:
        """Bring a file, whatever breaks; None if it was cancelled."""
        answer = self.ask(
            "POST", "/api/v1/uploads", {"size": len(data)}, headers={"Idempotency-Key": key}
        )
        if answer.status != 201:
            self.crowd.accuse(f"no upload began: {answer}")
            return None
        token, told = answer.json["upload_token"], 0
        canaries.learn("upload token", token)
        while True:
            if self.chance.random() < 0.03:
                return self.cancel(token)
            at, is_whole = self.progress(token)
            if at < told:
                self.crowd.accuse(f"{told} bytes were safe, then {at}")
                return None
            told = at
            if is_whole:
                self.crowd.count("uploaded")
                return token
            with suppress(OSError, HTTPException):
                told = max(told, self.bring(token, data, at))

    def bring(self, token: str, data: bytes, at: int) -> int:
        """Send some of a file; return what was said to be safe, or 0."""
        upto = min(len(data), at + self.chance.randint(1, 8) * PIECE + self.chance.randrange(PIECE))
        breaks, where = self.chance.random() < 0.3, urlsplit(self.crowd.url)
        with closing(create_connection((where.hostname, where.port), TIMEOUT_SECONDS)) as line:
            head = (
                f"PATCH /api/v1/upload HTTP/1.1\r\nHost: {where.netloc}\r\n"
                f"Authorization: Bearer {token}\r\nContent-Type: {PARTIAL}\r\n"
                f"Upload-Offset: {at}\r\n"
                f"Upload-Complete: ?{int(upto == len(data))}\r\nContent-Length: {upto - at}\r\n\r\n"
            )
            line.sendall(head.encode())
            end = self.chance.randint(at, upto) if breaks else upto
            for start in range(at, end, PIECE):
                line.sendall(data[start : min(start + PIECE, end)])
                time.sleep(self.chance.choice([0, 0, 0.01]))
            if breaks:
                return 0
            answer = HTTPResponse(line)
            answer.begin()
            if answer.status not in {204, 404, 409, *BUSY}:
                self.crowd.accuse(f"a part was answered with {answer.status}")
            return int(answer.headers["Upload-Offset"]) if answer.status == 204 else 0

    def progress(self, token: str) -> tuple[int, bool]:
        answer = self.ask("GET", "/api/v1/upload", token=token)
        if answer.status != 204:
            message = f"an upload is gone: {answer}"
            raise AssertionError(message)
        return int(answer.headers["Upload-Offset"]), answer.headers["Upload-Complete"] == "?1"

    def cancel(self, token: str) -> None:
        self.ask("DELETE", "/api/v1/upload", token=token)
        if self.ask("GET", "/api/v1/upload", token=token).status != 404:
            self.crowd.accuse("a cancelled upload is there")
        self.crowd.count("cancelled")

    def read(self, message: Message) -> None:
        """Open a message and fetch its files, going on where a line broke."""
        key = new_reader_key()
        opened = self.ask("POST", "/api/v1/link/reveal", {}, token=message.link, reader_key=key)
        if opened.status != 200 or len(opened.json["files"]) != len(message.files):
            self.crowd.accuse(f"a message does not open with its files: {opened}")
            return
        for number, data in enumerate(message.files, 1):
            came = b""
            while len(came) < len(data) or not came:
                headers = {
                    "Files-Token": opened.json["files_token"],
                    "Range": f"bytes={len(came)}-",
                }
                part = self.ask(
                    "GET", f"/api/v1/link/files/{number}",
                    token=message.link, reader_key=key, headers=headers if came else
                    {"Files-Token": opened.json["files_token"]},
                )  # fmt: skip
                if part.status not in {200, 206}:
                    self.crowd.accuse(f"file {number} is not fetched: {part}")
                    return
                came += part.body
                if not data:
                    break
            if came != data:
                self.crowd.accuse(f"file {number} is another one")
        self.crowd.count("read")

    def recall(self, message: Message) -> None:
        answer = self.ask("POST", "/api/v1/message/recall", {}, token=message.control)
        message.is_recalled = True
        if answer.status != 200:
            self.crowd.accuse(f"a recall was refused: {answer}")
        self.crowd.count("recalled")


def insist(deed: Callable[[], Answer]) -> Answer:
    """Ask again while nobody answers, or the service cannot."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while True:
        # http.client has no socket to read from if the line broke while it sent.
        with suppress(OSError, HTTPException, json.JSONDecodeError, AttributeError):
            answer = deed()
            if answer.status not in BUSY:
                return answer
        if time.monotonic() > deadline:
            message = "nobody answered for a minute"
            raise AssertionError(message)
        time.sleep(0.05)
