"""The clients of a round: they follow the plan of each message."""

from __future__ import annotations

import random
import threading
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from http.client import HTTPException
from typing import TYPE_CHECKING, Any

from restante.events import MOMENTS
from tests.races.history import NO_ANSWER, Op, now
from tests.races.plans import LONG, RIGHT, TRIES, WRONG, Plan
from tests.support.api import Api, Way, new_reader_key

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.races.history import History
    from tests.races.plans import Step
    from tests.support.api import Answer

TIMEOUT_SECONDS = 6
OK, CREATED = 200, 201
AGAIN_MOST = 4


@dataclass
class Message:
    """A message that was sent, as its people know it."""

    number: int
    plan: Plan
    control: str
    links: list[str]
    ids: dict[str, int]
    reader_keys: dict[str, str] = field(default_factory=dict)
    texts: int = 1
    lock: threading.Lock = field(default_factory=threading.Lock)

    def reader_key(self, reader: str) -> str:
        with self.lock:
            return self.reader_keys.setdefault(reader, new_reader_key())

    def new_text(self) -> str:
        with self.lock:
            self.texts += 1
            return f"text {self.texts} of message {self.number}"


class People:
    """Everybody who uses the service in a round."""

    def __init__(self, url: str, history: History, seed: int) -> None:
        self.history, self.seed = history, seed
        self._url = url
        self._local = threading.local()
        self.messages: list[Message] = []
        self.is_over = threading.Event()

    @property
    def _api(self) -> Api:
        return Api(self._url, way=Way(timeout=TIMEOUT_SECONDS))

    def live(self, number: int) -> None:
        """Send a message and let everybody of its plan do what they do with it."""
        plan = Plan.of(self.seed, number)
        if not (message := self._send(number, plan)):
            return
        threads = [
            threading.Thread(target=self._follow, args=(message, steps), daemon=True)
            for steps in plan.people
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        # An older one is visited, too: what was told of it must hold.
        chance = random.Random(f"{self.seed}/visit/{number}")
        if self.messages and chance.random() < 0.5:
            self.visit(chance.choice(self.messages[-40:]), f"visitor {number}")
        self.messages.append(message)

    def visit(self, message: Message, reader: str, most: int = 1) -> bool:
        """Look at a message in every way, and try to open it; tell whether all was answered."""
        steps: list[tuple[str, dict[str, Any]]] = [("status", {})]
        for link in range(message.plan.links):
            steps.append(("preview", {"link": link}))
            steps.append(("reveal", {"link": link, "reader": reader}))
        steps.append(("status", {}))
        return all(
            not self.do(message, verb, most=most, **more).is_doubtful for verb, more in steps
        )

    def _send(self, number: int, plan: Plan) -> Message | None:
        body: dict[str, Any] = {
            "text": f"text 1 of message {number}",
            "views": plan.views,
            "recipients": [f"person {link}" for link in range(plan.links)],
            "expires_in": LONG,
        }
        if plan.passphrase:
            body["passphrase"] = RIGHT
        given = {
            "views": plan.views, "links": plan.links, "text": body["text"],
            "tries": TRIES if plan.passphrase else None,
        }  # fmt: skip
        op = self.history.begin("send", number, given=given)
        answer = self._ask(op, lambda: self._api.ask("POST", "/api/v1/messages", body))
        if answer is None or answer.status != CREATED:
            self.is_over.wait(0.1)
            return None
        links = answer.json["links"]
        return Message(
            number, plan, answer.json["control_token"], [one["token"] for one in links],
            {one["id"]: at for at, one in enumerate(links)},
        )  # fmt: skip

    def _follow(self, message: Message, steps: list[Step]) -> None:
        for pause, verb, more in steps:
            if self.is_over.wait(pause):
                return
            self.do(message, verb, most=AGAIN_MOST, **more)

    def do(self, message: Message, verb: str, *, most: int = 1, **more: Any) -> Op:
        """Do something with a message, again while the answer leaves doubt; return the last."""
        given = dict(more)
        link, reader = given.pop("link", None), given.pop("reader", None)
        if verb == "status":
            link = None
        if verb == "replace":
            given["text"] = message.new_text()
        if given.pop("wrong", False):
            given["passphrase"] = "wrong"
        for attempt in range(most):
            op = self.history.begin(
                verb, message.number, link=link, reader=reader, given=dict(given)
            )
            self._ask(op, lambda op=op: self._asked(message, op), message)  # type: ignore[misc]
            if not op.is_doubtful or self.is_over.wait(0.05 * (attempt + 1)):
                break
        return op

    def _ask(
        self, op: Op, ask: Callable[[], Answer], message: Message | None = None
    ) -> Answer | None:
        answer = None
        with suppress(OSError, HTTPException):
            answer = ask()
        if answer and message:
            op.told = _told(message, op.verb, answer)
        # Who looks at the history meanwhile sees an operation that still runs.
        op.end, op.status = now(), answer.status if answer else NO_ANSWER
        return answer

    def _asked(self, message: Message, op: Op) -> Answer:
        api, given = self._api, op.given
        token = message.links[op.link] if op.link is not None else ""
        reader_key = message.reader_key(op.reader) if op.reader else ""
        if op.verb == "reveal":
            phrase = WRONG if given.get("passphrase") == "wrong" else RIGHT
            return api.reveal(token, reader_key, phrase if message.plan.passphrase else None)
        if op.verb == "acknowledge":
            return api.acknowledge(token, reader_key, keep=given["keep"])
        if op.verb == "preview":
            return api.preview(token)
        if op.verb == "recall":
            ids = {number: its for its, number in message.ids.items()}
            links = given.get("links")
            return api.recall(message.control, None if links is None else [ids[n] for n in links])
        if op.verb == "replace":
            return api.replace(message.control, given["text"])
        if op.verb == "extend":
            return api.extend(message.control, given["expires_in"])
        if op.verb == "rule":
            return api.set_rules(message.control, **given)
        if op.verb in {"pause", "resume", "forget"}:
            asked: Answer = getattr(api, op.verb)(message.control)
            return asked
        return api.ask("GET", "/api/v1/message", token=message.control)


def _seconds(written: str) -> float:
    return datetime.fromisoformat(written).timestamp()


def _data(event: dict[str, Any]) -> dict[str, Any]:
    times = {k: _seconds(event["data"][k]) for k in MOMENTS if k in event["data"]}
    return event["data"] | times


def _told(message: Message, verb: str, answer: Answer) -> dict[str, Any]:
    """Return what of an answer the model goes by."""
    if not answer.body or not answer.headers["Content-Type"].startswith("application/"):
        return {}
    body = answer.json
    if verb == "recall" and answer.status == OK:
        return {"verdicts": {
            message.ids[one["link"]]: {k: one[k] for k in ("outcome", "reveals", "recalled_at")}
            for one in body["verdicts"]
        }}  # fmt: skip
    if verb == "replace" and answer.status == OK:
        outcomes = {message.ids[one["id"]]: one["outcome"] for one in body["links"]}
        return {"version": body["version"], "outcomes": outcomes}
    if verb in {"status", "extend", "rule"} and answer.status == OK:
        kept = ("state", "views_left", "reveals", "acknowledged_at")
        return {
            "links": [{k: link[k] for k in kept} for link in body["links"]],
            "events": [
                {"n": int(e["id"].rpartition("-")[2]), "type": e["type"], "at": e["at"],
                 "seconds": _seconds(e["at"]), "link": message.ids.get(e["link"]), "data": _data(e)}
                for e in body["events"]
            ],
            "version": body["version"],
            "expires_at": _seconds(body["expires_at"]),
            "is_paused": body["paused_at"] is not None,
            "rules": {k: at and _seconds(at) for k, at in body["rules"].items()},
        }  # fmt: skip
    told = {k: body[k] for k in ("text", "state", "tries_left", "views_left") if k in body}
    if "lease_until" in body:
        told["lease_until"] = _seconds(body["lease_until"])
    return told
