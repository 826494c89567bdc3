"""Clients for tests: a program that uses the API (`Api`), and a browser (`Visitor`)."""

from __future__ import annotations

import http.client
import json
import re
import uuid
from contextlib import suppress
from dataclasses import dataclass
from html.parser import HTMLParser
from http.cookies import SimpleCookie
from typing import TYPE_CHECKING, Any, Self
from urllib.parse import urlencode, urlsplit

from tests.support import canaries, described

if TYPE_CHECKING:
    import ssl
    from collections.abc import Callable, Iterable, Mapping

TIMEOUT_SECONDS = 30
FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"
PRESSED = {"Sec-Fetch-Mode": "navigate", "Sec-Fetch-User": "?1"}
"""What every browser of today says over TLS, when a person asked."""


def new_reader_key() -> str:
    return str(uuid.uuid4())


@dataclass(frozen=True)
class Answer:
    status: int
    headers: http.client.HTTPMessage
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def text(self) -> str:
        return self.body.decode()

    @property
    def code(self) -> str:
        """The problem's stable name."""
        assert self.headers["Content-Type"] == "application/problem+json", self
        problem = self.json
        assert problem["status"] == self.status
        return str(problem["code"])


@dataclass(frozen=True)
class Sent:
    """A message that was sent, as its sender knows it."""

    answer: dict[str, Any]

    @property
    def control(self) -> str:
        return str(self.answer["control_token"])

    @property
    def links(self) -> list[str]:
        """The links' tokens."""
        return [link["token"] for link in self.answer["links"]]

    @property
    def link(self) -> str:
        return self.links[0]

    @property
    def ids(self) -> list[str]:
        return [link["id"] for link in self.answer["links"]]


class _Line(http.client.HTTPConnection):
    """A connection that also sends invalid URLs."""

    def _encode_request(self, request: str) -> bytes:
        return request.encode()


class _TlsLine(http.client.HTTPSConnection):
    """The same over TLS."""

    _encode_request = _Line._encode_request


@dataclass(frozen=True)
class Way:
    """How a client reaches the service.

    Attributes:
        context: The certificate authorities that it trusts, if it uses TLS.
        source: The address it comes from, one of the loopback's.
    """

    context: ssl.SSLContext | None = None
    source: str | None = None
    timeout: float = TIMEOUT_SECONDS

    def line(self, url: str) -> http.client.HTTPConnection:
        parts = urlsplit(url)
        assert parts.hostname
        assert parts.port
        source = (self.source, 0) if self.source else None
        host, port = parts.hostname, parts.port
        if parts.scheme == "https":
            return _TlsLine(
                host, port, timeout=self.timeout, source_address=source, context=self.context
            )
        return _Line(host, port, self.timeout, source)


class Api:
    """A program that uses the API; with *kept* on one connection, else on a new one each time.

    A metrics port, which has no API, is not *is_described*.
    """

    def __init__(
        self,
        url: str,
        *,
        kept: bool = False,
        headers: Mapping[str, str] | None = None,
        way: Way | None = None,
        is_described: bool = True,
    ) -> None:
        self._url, self._kept, self._is_described = url, kept, is_described
        self._headers = dict(headers or {})
        self._way = way or Way()
        self._line = self._way.line(url)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        self._line.close()

    @property
    def port(self) -> int:
        """Our end of the kept connection."""
        return int(self._line.sock.getsockname()[1])

    def ask(
        self,
        method: str,
        path: str,
        body: object = None,
        *,
        token: str | None = None,
        reader_key: str | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Answer:
        """Ask and return the answer, which must be as the API is described.

        A body of bytes goes out as it is, any other as JSON.
        """
        line = self if self._kept else Api(self._url, headers=self._headers, way=self._way)
        try:
            line._begin(method, path, body, self._with(token, reader_key, headers))
            answer = line.collect()
        except BaseException:
            line.close()
            raise
        if self._is_described:
            described.check(method, path, answer)
        return answer

    def prime(
        self,
        method: str,
        path: str,
        body: object = None,
        *,
        token: str | None = None,
        reader_key: str | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Callable[[], None]:
        """Send a request but for its last byte; return what sends that."""
        last = self._begin(method, path, body, self._with(token, reader_key, headers), hold_back=1)
        return lambda: self._line.send(last)

    def _with(
        self, token: str | None, reader_key: str | None, headers: Mapping[str, str] | None
    ) -> dict[str, str]:
        given = self._headers | dict(headers or {})
        if token is not None:
            given["Authorization"] = f"Bearer {token}"
        if reader_key is not None:
            given["Idempotency-Key"] = reader_key
        return given

    def _begin(
        self, method: str, path: str, body: object, given: dict[str, str], hold_back: int = 0
    ) -> bytes:
        """Send a request, but for its last bytes; return those."""
        canaries.learn("body that was sent", body)
        canaries.learn_headers(given)
        raw = body if isinstance(body, bytes) else json.dumps(body).encode()
        self._line.putrequest(method, path, skip_host="Host" in given, skip_accept_encoding=True)
        if body is None:
            raw = b""
        else:
            given.setdefault("Content-Type", "application/json")
            given.setdefault("Content-Length", str(len(raw)))
        if not self._kept:
            given.setdefault("Connection", "close")
        for name, value in given.items():
            self._line.putheader(name, value)
        cut = len(raw) - hold_back
        # Who refuses early may close early; the answer tells.
        with suppress(BrokenPipeError, ConnectionResetError):
            self._line.endheaders(raw[:cut] or None)
        return raw[cut:]

    def collect(self) -> Answer:
        """Return the answer to the request that was primed."""
        try:
            response = self._line.getresponse()
            return Answer(response.status, response.headers, response.read())
        finally:
            if not self._kept:
                self.close()

    def send(self, text: str, **fields: object) -> Sent:
        """Send a message; *from_* stands for `from`."""
        if "from_" in fields:
            fields["from"] = fields.pop("from_")
        answer = self.ask("POST", "/api/v1/messages", {"text": text, **fields})
        assert answer.status == 201, answer
        return Sent(answer.json)

    def preview(self, link: str) -> Answer:
        return self.ask("GET", "/api/v1/link", token=link)

    def prime_reveal(
        self, link: str, reader_key: str, passphrase: str | None = None
    ) -> Callable[[], None]:
        return self.prime(*_reveal(passphrase), token=link, reader_key=reader_key)

    def reveal(self, link: str, reader_key: str, passphrase: str | None = None) -> Answer:
        return self.ask(*_reveal(passphrase), token=link, reader_key=reader_key)

    def acknowledge(self, link: str, reader_key: str, *, keep: bool = False) -> Answer:
        path, body = "/api/v1/link/acknowledge", {"keep": keep}
        return self.ask("POST", path, body, token=link, reader_key=reader_key)

    def prime_recall(
        self, control: str, links: list[str] | None = None, reason: str | None = None
    ) -> Callable[[], None]:
        return self.prime(*_recall(links, reason), token=control)

    def recall(
        self, control: str, links: list[str] | None = None, reason: str | None = None
    ) -> Answer:
        return self.ask(*_recall(links, reason), token=control)

    def prime_replace(self, control: str, text: str) -> Callable[[], None]:
        return self.prime("POST", "/api/v1/message/replace", {"text": text}, token=control)

    def replace(self, control: str, text: str, **fields: object) -> Answer:
        body = {"text": text, **fields}
        return self.ask("POST", "/api/v1/message/replace", body, token=control)

    def extend(self, control: str, expires_in: int) -> Answer:
        return self.ask("PATCH", "/api/v1/message", {"expires_in": expires_in}, token=control)

    def set_rules(self, control: str, **rules: int) -> Answer:
        return self.ask("PATCH", "/api/v1/message", {"rules": rules}, token=control)

    def pause(self, control: str) -> Answer:
        return self.ask("POST", "/api/v1/message/pause", token=control)

    def resume(self, control: str) -> Answer:
        return self.ask("POST", "/api/v1/message/resume", token=control)

    def forget(self, control: str) -> Answer:
        return self.ask("POST", "/api/v1/message/forget", token=control)

    def message(self, control: str) -> Any:
        """Return the whole message as its sender sees it."""
        answer = self.ask("GET", "/api/v1/message", token=control)
        assert answer.status == 200, answer
        return answer.json


def _reveal(passphrase: str | None) -> tuple[str, str, dict[str, str]]:
    body = {} if passphrase is None else {"passphrase": passphrase}
    return "POST", "/api/v1/link/reveal", body


def _recall(links: list[str] | None, reason: str | None) -> tuple[str, str, dict[str, object]]:
    body = {k: v for k, v in (("links", links), ("reason", reason)) if v is not None}
    return "POST", "/api/v1/message/recall", body


class _Forms(HTMLParser):
    """The forms of a page: their actions and what their fields hold."""

    def __init__(self) -> None:
        super().__init__()
        self.forms: list[tuple[str, dict[str, str]]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if tag == "form":
            self.forms.append((given.get("action", ""), {}))
        elif given.get("type") in {"checkbox", "radio"} and "checked" not in given:
            return  # browsers do not send it
        elif tag in {"input", "textarea"} and self.forms and "name" in given:
            self.forms[-1][1][given["name"]] = given.get("value", "")


BOUNDARY = "----a-form-of-tests"


class Visitor:
    """A browser without JavaScript: keeps cookies, finds forms, follows no redirect.

    It says where its forms come from, unless it *is_silent*: old, or over plain http to a name.
    """

    def __init__(
        self,
        url: str,
        headers: Mapping[str, str] | None = None,
        way: Way | None = None,
        *,
        is_silent: bool = False,
    ) -> None:
        says = headers or {}
        self._is_silent = is_silent or "Sec-Fetch-Site" in says or "Origin" in says
        self._api = Api(url, headers={"User-Agent": FIREFOX, **(headers or {})}, way=way)
        self.cookies: dict[str, str] = {}

    def ask(
        self,
        method: str,
        path: str,
        form: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
        more: Iterable[tuple[str, str]] = (),
    ) -> Answer:
        """Ask for a page, with a form if there is one, and *more* fields whose names repeat."""
        sent = dict(headers or {})
        if not self._is_silent and "Origin" not in sent:
            sent.setdefault("Sec-Fetch-Site", "none" if form is None else "same-origin")
        if self.cookies:
            cookies = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
            sent.setdefault("Cookie", cookies)
        body = None
        if form is not None:
            canaries.learn_form(form)
            body = urlencode([*form.items(), *more]).encode()
            sent.setdefault("Content-Type", "application/x-www-form-urlencoded")
        return self._ask(method, path, body, sent)

    def upload(self, path: str, form: Mapping[str, str], content: bytes, **headers: str) -> Answer:
        """Send the compose page's form as browsers do, with a file for the list of recipients."""
        canaries.learn_form(form)
        parts = [
            f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'
            for name, value in form.items()
        ]
        head = (
            f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="list"; filename="people.csv"'
            "\r\nContent-Type: text/csv\r\n\r\n"
        )
        body = "".join([*parts, head]).encode() + content + f"\r\n--{BOUNDARY}--\r\n".encode()
        kind = {"Content-Type": f"multipart/form-data; boundary={BOUNDARY}"}
        says = {} if self._is_silent else {"Sec-Fetch-Site": "same-origin"}
        cookies = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
        return self._ask("POST", path, body, says | kind | {"Cookie": cookies} | headers)

    def send_files(
        self,
        path: str,
        form: Mapping[str, str],
        files: Iterable[tuple[str, bytes, str]],
        **headers: str,
    ) -> Answer:
        """Send a form with files as browsers do: each has a name, its bytes and its type."""
        canaries.learn_form(form)
        head = f"--{BOUNDARY}\r\nContent-Disposition: form-data; name="
        body = b"".join(
            f'{head}"{name}"\r\n\r\n{value}\r\n'.encode() for name, value in form.items()
        )
        for name, data, kind in files:
            escaped = name.replace('"', "%22").replace("\r", "%0D").replace("\n", "%0A")
            its = f'{head}"file"; filename="{escaped}"\r\nContent-Type: {kind}\r\n\r\n'
            body += its.encode() + data + b"\r\n"
        kind = {"Content-Type": f"multipart/form-data; boundary={BOUNDARY}"}
        says = {} if self._is_silent else {"Sec-Fetch-Site": "same-origin"}
        cookies = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
        body += f"--{BOUNDARY}--\r\n".encode()
        return self._ask("POST", path, body, says | kind | {"Cookie": cookies} | headers)

    def _ask(self, method: str, path: str, body: bytes | None, sent: dict[str, str]) -> Answer:
        answer = self._api.ask(
            method, urlsplit(path)._replace(scheme="", netloc="").geturl(), body, headers=sent
        )
        for line in answer.headers.get_all("Set-Cookie", []):
            for name, morsel in SimpleCookie(line).items():
                canaries.learn(f"cookie {name}", morsel.value)
                self.cookies[name] = morsel.value
        return answer

    def get(self, path: str, **headers: str) -> Answer:
        return self.ask("GET", path, headers=headers)

    def post(self, path: str, form: Mapping[str, str] | None = None, **headers: str) -> Answer:
        return self.ask("POST", path, form or {}, headers)


def form_of(page: Answer, action: str) -> dict[str, str]:
    """Return the fields of the first form whose action ends in *action*."""
    parser = _Forms()
    parser.feed(page.text)
    found = [fields for to, fields in parser.forms if to.endswith(action)]
    assert found, page.text
    return found[0]


def filled(page: Answer, action: str = "") -> dict[str, str]:
    """Return the gate's form as a person fills it in: with the number, if it asks for one."""
    form = form_of(page, action)
    return form | {"number": number_on(page)} if form.get("number") == "" else form


def number_on(page: Answer) -> str:
    """Return the number that the challenge shows."""
    found = re.search(r'id="wanted">(\d{3})<', page.text)
    assert found, page.text
    return found[1]
