"""A server that is not Restante: it answers each request with the bytes that it is told to."""

from __future__ import annotations

import json
import re
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from tests.support import described
from tests.support.listening import Listening

if TYPE_CHECKING:
    import socket
    from collections.abc import Callable, Iterable


def reply(status: int, body: Any, *more: str) -> list[bytes]:
    """Return an answer of HTTP; a body that is no bytes goes out as JSON."""
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    lines = (f"HTTP/1.1 {status} X", f"Content-Length: {len(raw)}", "Connection: close", *more)
    return ["\r\n".join([*lines, "\r\n"]).encode("latin-1"), raw]


def example_of(path: str, method: str, server: str = "https://letters.example") -> tuple[int, Any]:
    """Return status and body of a good answer: the example of the API's description.

    Its tokens and URLs are whole, which those of the description are not.
    """
    responses = described.made()["paths"][path][method]["responses"]
    [(status, response)] = [(s, one) for s, one in responses.items() if s < "300"]
    content = response.get("content", {}).get("application/json", {})
    return int(status), _whole(content.get("example"), server)


def _whole(value: Any, server: str) -> Any:
    link, control = f"L{'A' * 34}", f"C{'A' * 34}"
    whole = {
        "token": link,
        "control_token": control,
        "upload_token": f"U{'A' * 34}",
        "files_token": "A" * 80,
        "url": f"{server}/m/{link}",
        "control_url": f"{server}/s/{control}",
    }
    match value:
        case dict():
            its = {name: _whole(one, server) for name, one in value.items()}
            return its | {name: one for name, one in whole.items() if name in its}
        case list():
            return [_whole(one, server) for one in value]
    return value


class Pretender(Listening):
    """Listens on a port; *answer* gets the first line of a request and returns what to send."""

    def __init__(self, answer: Callable[[str], Iterable[bytes]]) -> None:
        super().__init__()
        self.answer = answer
        self.asked: list[str] = []
        """The first line of each request."""
        self.sent = 0
        """Bytes that went out."""

    def _serve(self, line: socket.socket) -> None:
        with suppress(OSError), line:
            asked = b""
            while b"\r\n\r\n" not in asked:
                if not (more := line.recv(65_536)):
                    return
                asked += more
            head, _, body = asked.partition(b"\r\n\r\n")
            length = re.search(rb"\r\ncontent-length: *(\d+)", head, re.IGNORECASE)
            while length and len(body) < int(length[1]):
                body += line.recv(65_536)
            first = asked.partition(b"\r\n")[0].decode()
            self.asked.append(first)
            for part in self.answer(first):
                line.sendall(part)
                self.sent += len(part)
