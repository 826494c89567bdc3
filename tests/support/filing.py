"""A program that uploads files, sends them, and fetches them: over the API."""

from __future__ import annotations

import uuid
from typing import Any

from tests.support.api import Answer, Api, new_reader_key

PARTIAL = "application/partial-upload"


def begin(api: Api, size: int, key: str | None = None, **fields: object) -> str:
    """Begin an upload; return its token."""
    headers = {"Idempotency-Key": key} if key else {}
    answer = api.ask("POST", "/api/v1/uploads", {"size": size, **fields}, headers=headers)
    assert answer.status == 201, answer
    return str(answer.json["upload_token"])


def append(api: Api, upload: str, offset: int, data: bytes, *, last: bool) -> Answer:
    """Add bytes to an upload."""
    headers = {
        "Content-Type": PARTIAL,
        "Upload-Offset": str(offset),
        "Upload-Complete": f"?{int(last)}",
    }
    return api.ask("PATCH", "/api/v1/upload", data, token=upload, headers=headers)


def offset_of(api: Api, upload: str) -> int:
    """Return how far an upload came."""
    answer = api.ask("GET", "/api/v1/upload", token=upload)
    assert answer.status == 204, answer
    return int(answer.headers["Upload-Offset"])


def uploaded(api: Api, data: bytes, key: str | None = None, **fields: object) -> str:
    """Upload a whole file; return its token."""
    upload = begin(api, len(data), key, **fields)
    answer = append(api, upload, 0, data, last=True)
    assert (answer.status, answer.headers["Upload-Complete"]) == (204, "?1"), answer
    return upload


def sent_with(api: Api, *contents: bytes, **fields: object) -> tuple[Any, dict[str, Any], str]:
    """Send a message with files; return answer, body and key of the send."""
    key = str(uuid.uuid4())
    files = [
        {"upload": uploaded(api, data, key), "name": f"part {place}.pdf"}
        for place, data in enumerate(contents, 1)
    ]
    body = {"text": "with files", "files": files, **fields}
    answer = api.ask("POST", "/api/v1/messages", body, headers={"Idempotency-Key": key})
    assert answer.status == 201, answer
    return answer.json, body, key


class Reader:
    """A program that opened a link."""

    def __init__(self, api: Api, link: str) -> None:
        self.api, self.link, self.key = api, link, new_reader_key()
        answer = api.reveal(link, self.key)
        assert answer.status == 200, answer
        self.files, self.token = answer.json["files"], answer.json["files_token"]

    def fetch(self, number: int = 1, **headers: str) -> Answer:
        """Fetch a file, or what the headers ask for."""
        return self.api.ask(
            "GET", f"/api/v1/link/files/{number}", token=self.link, reader_key=self.key,
            headers={"Files-Token": self.token, **headers},
        )  # fmt: skip
