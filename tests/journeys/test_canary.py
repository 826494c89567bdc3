"""A hunt for what must stand nowhere: content, names, capabilities, visitors, in any spelling."""

import base64
import binascii
import json
import re
import signal
from pathlib import Path
from urllib.parse import quote

import pytest
import redis

from restante import wiring
from restante.crypto.tokens import ControlToken, LinkToken, ListToken
from restante.store.connection import Connection
from restante.store.persistence import Files
from tests.support.api import Api, Sent, Visitor, form_of, new_reader_key
from tests.support.lines import talk
from tests.support.operators import admission_of
from tests.support.processes import Service, status_of, wait_until
from tests.support.tickets import waited

ADDRESS = "203.0.113.77"
ADDRESS_V6 = "2001:db8:77:77:c0ff:ee00:c0ff:ee77"
AGENT = "Mozilla/5.0 (Windows NT 10.0; CanaryAgent/77.31) Gecko/20100101 Firefox/177.31"
KNOWN = {
    "text": "the-safe-stands-behind-the-Vermeer",
    "replaced text": "no-it-stands-behind-the-Rembrandt",
    "passphrase": "wisteria-and-lapis-lazuli",
    "second passphrase": "verdigris-and-orpiment",
    "wrong passphrase": "not-the-passphrase-at-all",
    "label": "Ms-Quintessa-Label",
    "other label": "Mr-Ptolemy-Label",
    "from": "Doctor-Xanthippe-From",
    "subject": "Concerning-the-Quagga",
    "reason": "sent-to-the-wrong-Ptolemy",
    "address": ADDRESS,
    "address, IPv6": ADDRESS_V6,
    "agent": "CanaryAgent/77.31",
    "sender's name": "Baroness-Zenobia-Holder",
}


def spellings(value: str | bytes) -> dict[str, bytes]:
    """Return every spelling of *value* to look for; base64 at each of its three offsets."""
    raw = value.encode() if isinstance(value, str) else value
    found = {
        "raw": raw,
        "hex": raw.hex().encode(),
        "HEX": raw.hex().upper().encode(),
        "reversed": raw[::-1],
        "utf-16": raw.decode("latin1").encode("utf-16-le"),
        "percent": quote(raw, safe="").encode(),
        "escaped": raw.decode("latin1").encode("unicode_escape"),
    }
    for shift in range(3):
        for name, encode in (("base64", base64.b64encode), ("base64url", base64.urlsafe_b64encode)):
            # What does not depend on the neighbours: without the first and the last characters.
            inner = encode(bytes(shift) + raw)[4 if shift else 0 :].rstrip(b"=")[:-1]
            found[f"{name}+{shift}"] = inner
    return {name: spelling for name, spelling in found.items() if len(spelling) >= 8}


def hunt(places: dict[str, bytes], wanted: dict[str, str | bytes]) -> list[tuple[str, str, str]]:
    """Return (place, what, spelling) for each of the *wanted* that stands in any place."""
    forms = {what: spellings(value) for what, value in wanted.items()}
    return [
        (place, what, name)
        for place, content in places.items()
        for what, ways in forms.items()
        for name, spelling in ways.items()
        if spelling in content
    ]


def everything_in(store: redis.Redis) -> dict[str, bytes]:
    """Return every key with its value, each as one run of bytes."""
    found = {}
    for key in store.scan_iter(count=10_000):
        kind = store.type(key)
        if kind == b"string":
            parts = [store.get(key)]
        elif kind == b"hash":
            parts = [part for pair in store.hgetall(key).items() for part in pair]
        elif kind == b"list":
            parts = store.lrange(key, 0, -1)
        elif kind == b"set":
            parts = sorted(store.smembers(key))
        else:
            parts = store.zrange(key, 0, -1)
        found[f"key {key!r}"] = b"\n".join([key, *parts])
    return found


def everything_kept_by(service: Service) -> dict[str, bytes]:
    """Return the store, its files, the log, and the processes' arguments and environments."""
    with redis.Redis.from_url(store_url(service)) as store:
        places = everything_in(store)
        store.bgrewriteaof()
        wait_until(lambda: not store.info("persistence")["aof_rewrite_in_progress"])
        for command in (("COMMANDLOG", "GET", "-1", "slow"), ("CLIENT", "LIST"), ("INFO", "all")):
            places[" ".join(command)] = repr(store.execute_command(*command)).encode()
        for name in ("lua-scripts", "memory"):
            places[name] = repr(store.info(name)).encode()
    for path in service.data_dir.rglob("*"):
        if path.is_file():
            places[f"file {path.name}"] = path.read_bytes()
    # The operator gave a holder's name for this field; it stands nowhere else.
    name = KNOWN["sender's name"]
    its_place = f'"sender": "{name}"'.encode()
    log = service.log_path.read_bytes()
    assert its_place in log
    places["log"] = log.replace(its_place, b"")
    for pid in service.pids():
        for part in ("cmdline", "environ"):
            places[f"{part} of {pid}"] = Path(f"/proc/{pid}/{part}").read_bytes()
    return places


def store_url(service):
    return f"unix://{service.data_dir / 'store.sock'}"


class Secrets(dict):
    """What a journey learnt that must stand nowhere."""

    def learn(self, name: str, sent: Sent) -> Sent:
        control = ControlToken.parse(sent.control)
        self[f"{name}: control token"] = sent.control
        self[f"{name}: control secret"] = control.secret
        for place, link in enumerate(sent.links):
            self[f"{name}: link token {place}"] = link
            self[f"{name}: link secret {place}"] = LinkToken.parse(link).secret
        return sent


@pytest.fixture(scope="module")
def lived(tmp_path_factory):
    """A service that has seen a whole life, the pages it answered, and what it must not keep."""
    with Service(
        tmp_path_factory.mktemp("canary"),
        RESTANTE_RATE_LIMITS="on",
        RESTANTE_TRUSTED_PROXIES="1",
        RESTANTE_LIMIT_SEND="20",
        RESTANTE_LIMIT_PASSPHRASE="12",
        RESTANTE_SENDERS="0.0.0.0/0,tokens",
    ) as service:
        secrets = Secrets(KNOWN)
        refused = live(service, secrets)
        yield service, secrets, refused


def live(service: Service, secrets: Secrets) -> dict[str, bytes]:
    """Do everything that can be done, rightly and wrongly; return the answers to what was wrong."""
    headers = {"X-Forwarded-For": ADDRESS, "User-Agent": AGENT}
    api = Api(service.url, headers=headers)
    refused: dict[str, bytes] = {}
    by_program(api, secrets, refused)
    by_hand(service, headers, secrets)
    by_holder(service, headers | {"X-Forwarded-For": ADDRESS_V6}, secrets, refused)
    provoke(service, api, secrets, refused)
    return refused


def by_program(api, secrets, refused):
    fields = {
        "recipients": [KNOWN["label"], KNOWN["other label"]],
        "passphrase": KNOWN["passphrase"],
        "from_": KNOWN["from"],
        "subject": KNOWN["subject"],
        "views": 2,
    }
    sent = secrets.learn("program", api.send(KNOWN["text"], **fields))
    for number in range(3):
        secrets[f"reader_key {number}"] = new_reader_key()
    link, other = sent.links
    api.preview(link)
    refused["no passphrase"] = api.reveal(link, secrets["reader_key 0"]).body
    refused["wrong"] = api.reveal(link, secrets["reader_key 0"], KNOWN["wrong passphrase"]).body
    answer = api.reveal(link, secrets["reader_key 0"], KNOWN["passphrase"])
    assert answer.json["text"] == KNOWN["text"]
    api.reveal(link, secrets["reader_key 0"], KNOWN["passphrase"])
    api.acknowledge(link, secrets["reader_key 0"], keep=True)
    assert (
        api.replace(
            sent.control, KNOWN["replaced text"], passphrase=KNOWN["second passphrase"]
        ).status
        == 200
    )
    api.reveal(other, secrets["reader_key 1"], KNOWN["second passphrase"])
    api.acknowledge(other, secrets["reader_key 1"])
    assert api.extend(sent.control, 3600).status == 200
    api.message(sent.control)
    assert api.recall(sent.control, reason=KNOWN["reason"]).status == 200
    refused["gone"] = api.reveal(link, secrets["reader_key 2"], KNOWN["passphrase"]).body.replace(
        KNOWN["reason"].encode(), b""
    )
    secrets.learn("waiting", api.send(KNOWN["text"], **fields))


def by_hand(service, headers, secrets):
    visitor = Visitor(service.url, headers=headers)
    sender = Visitor(service.url, headers=headers)
    form = {
        "text": KNOWN["text"],
        "recipients": KNOWN["label"],
        "from": KNOWN["from"],
        "subject": KNOWN["subject"],
    }
    answer = sender.post("/", form)
    control = answer.headers["Location"].rpartition("/")[2]
    page = sender.get(f"/s/{control}").text
    link = re.search(r"/m/(L[A-Za-z0-9_-]{34})", page)[1]
    secrets.learn("hand", Sent({"control_token": control, "links": [{"token": link}]}))
    Visitor(service.url, headers=headers).get(f"/s/{control}")
    fields = form_of(visitor.get(f"/m/{link}"), link)
    secrets["ticket"] = fields["ticket"]
    fields = waited(service, visitor, link, fields)
    assert KNOWN["text"] in visitor.post(f"/m/{link}", fields).text
    visitor.post(f"/m/{link}", fields | {"as": "txt"})
    visitor.post(f"/m/{link}/acknowledge", fields)
    sender.post(f"/s/{control}/recall", {"reason": KNOWN["reason"]})
    by_list(service, headers, sender, secrets)
    secrets["reader's cookie"] = visitor.cookies["reader"]


def by_list(service, headers, sender, secrets):
    """Search, recall, show the address, use it elsewhere, change it."""
    phone = Visitor(service.url, headers=headers)
    for name in ("first", "second"):
        sender.get("/sent")
        sender.post("/sent", {"words": KNOWN["subject"]})
        page = sender.post("/sent/address").text
        token = re.search(r"/sent/(R[A-Za-z0-9_-]{34})", page)[1]
        secrets[f"{name} list token"] = token
        secrets[f"{name} sender secret"] = ListToken.parse(token).secret
        secrets[f"{name} sender key"] = ListToken.parse(token).sender_key
        secrets[f"{name} sender's cookie"] = sender.cookies["sender"]
        phone.get(f"/sent/{token}")
        phone.post(f"/sent/{token}")
        assert KNOWN["subject"] in phone.get("/sent").text
        phone.get(f"/sent/{token}/nothing?{token}")
        phone.get(f"/nowhere/{token}")
        sender.post("/sent/rotate")
        sender.post("/sent/rotate", {"sure": "1"})
    sender.post("/sent/recall-unread", {"window": "ever"})


def by_holder(service, headers, secrets, refused):
    """Send with an operator's token, by program and by hand; the other network needs none."""
    with admission_of(service) as admission:
        good, withdrawn = (admission.make(name) for name in (KNOWN["sender's name"], "Withdrawn"))
        admission.withdraw("Withdrawn")
    for name, token in (("sender's token", good), ("withdrawn token", withdrawn)):
        secrets[name], secrets[f"{name}, secret"] = str(token), token.secret
    with_token = headers | {"Authorization": f"Bearer {good}"}
    secrets.learn("from IPv6", Api(service.url, headers=with_token).send(KNOWN["text"]))
    api, visitor = Api(service.url, headers=headers), Visitor(service.url, headers=headers)
    body = {"text": KNOWN["text"]}
    for name, token in (("withdrawn", str(withdrawn)), ("mistyped", str(good)[:-1])):
        answer = api.ask("POST", "/api/v1/messages", body, token=token)
        assert answer.status == 403
        refused[f"{name} token"] = answer.body
        refused[f"{name} token by hand"] = visitor.post("/permit", {"permit": token}).body
        page = visitor.post("/", {"text": "x", "permit": token})
        assert page.status == 403
        refused[f"{name} token in the form"] = page.body
    assert visitor.post("/permit", {"permit": str(good)}).status == 303
    refused["a token in the address"] = visitor.get(f"/permit/{good}?permit={good}").body
    refused["a token for a link"] = visitor.get(f"/m/{good}").body
    sent = visitor.post("/", body)
    assert sent.status == 303
    secrets["holder's control token"] = sent.headers["Location"].rpartition("/")[2]


def provoke(service, api, secrets, refused):
    """Make errors of every kind, with something secret in each."""
    token = secrets["waiting: link token 0"]
    lines = {
        "request line": f"GET /m/{token} {token} HTTP/1.1\r\n\r\n",
        "method": f"{token} / HTTP/1.1\r\n\r\n",
        "version": f"GET /m/{token} HTTP/{KNOWN['text']}\r\n\r\n",
        "header": f"GET / HTTP/1.1\r\nHost: x\r\n{KNOWN['text']} {token}: x\r\n\r\n",
        "long line": f"GET /m/{token}{'x' * 9_000} HTTP/1.1\r\n\r\n",
        "long header": f"GET / HTTP/1.1\r\nHost: x\r\nX: {token}{'x' * 20_000}\r\n\r\n",
        "length": f"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: {token}\r\n\r\n",
        "coding": f"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: {token}\r\n\r\n",
        "chunk": f"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n{token}\r\n",
        "host": f"GET /m/{token} HTTP/1.1\r\nHost: {token}.example\r\nConnection: close\r\n\r\n",
    }
    for name, line in lines.items():
        refused[name] = talk(service, line.encode())
    text, word = KNOWN["text"], KNOWN["passphrase"]
    bodies = {
        "not JSON": f"{{{text}".encode(),
        "unknown field": json.dumps({"text": "x", text: word}).encode(),
        "wrong types": json.dumps({"text": [text], "views": text, "hold": word}).encode(),
        "label": json.dumps({"text": "x", "recipients": [f"{text}\n"], "from": word * 99}).encode(),
    }
    for name, body in bodies.items():
        refused[name] = api.ask("POST", "/api/v1/messages", body).body
    refused["wrong address"] = api.ask("GET", f"/nowhere/{token}/{text}").body
    refused["wrong method"] = api.ask("PUT", f"/m/{token}").body
    crash(service, api, secrets, refused)
    limited = [api.ask("POST", "/api/v1/messages", {"text": text}) for _ in range(25)]
    assert limited[-1].status == 429
    refused["limited"] = limited[-1].body
    for answer in limited:
        if answer.status == 201:
            secrets.learn(f"limited {len(secrets)}", Sent(answer.json))
    cut_off(service, api, secrets, refused)


def crash(service, api, secrets, refused):
    """Spoil what the store keeps of a message, so that our own code fails on it."""
    spoilt = secrets.learn("spoilt", api.send(KNOWN["text"], recipients=[KNOWN["label"]]))
    with redis.Redis.from_url(store_url(service)) as store:
        name = b":message:" + ControlToken.parse(spoilt.control).message_id
        key = next(key for key in store.scan_iter(count=10_000) if key.endswith(name))
        store.rpush(key.replace(b":message:", b":events:"), b"no such entry")
        answer = api.ask("GET", "/api/v1/message", token=spoilt.control)
        assert answer.status == 500
        refused["crash, program"] = answer.body
        person = Api(service.url, headers={"Sec-Fetch-Site": "same-origin"})
        page = person.ask("POST", f"/s/{spoilt.control}", b"")
        assert page.status == 500
        refused["crash, person"] = page.body


def cut_off(service, api, secrets, refused):
    """Kill the store and ask on."""
    store = service.pid_of("valkey-server")
    import os  # noqa: PLC0415

    os.kill(store, signal.SIGKILL)
    answer = api.ask("GET", "/api/v1/message", token=secrets["waiting: control token"])
    refused["no store, program"] = answer.body
    refused["no store, person"] = api.ask("GET", f"/m/{secrets['waiting: link token 0']}").body
    wait_until(lambda: status_of(f"{service.url}/readyz") == 200)


def test_the_search_finds_planted_secrets(lived):
    """In a value, a key, a file and the log, however it is spelt."""
    service, secrets, _ = lived
    planted = {
        "value": b"x" + KNOWN["text"].encode() + b"y",
        "hex": b"ab" + binascii.hexlify(KNOWN["text"].encode()),
        "base64": base64.b64encode(b"before " + KNOWN["passphrase"].encode() + b" after"),
        "token": f"GET /m/{secrets['hand: link token 0']} 200".encode(),
        "secret": b"\0\0" + secrets["program: control secret"] + b"\0",
        "network": f"from {ADDRESS_V6}".encode(),
    }
    found = {place for place, _, _ in hunt(planted, secrets)}
    assert found == set(planted)
    clean = hunt({"nothing": b"the quick brown fox " * 50}, secrets)
    assert clean == []
    with redis.Redis.from_url(store_url(service)) as store:
        store.rpush("planted", "x", KNOWN["subject"])
        in_store = hunt(everything_kept_by(service), secrets)
        store.delete("planted")

    assert {what for _, what, _ in in_store} == {"subject"}
    assert any(place.startswith("file ") for place, _, _ in in_store)


def test_no_secret_is_in_any_log_file_or_store(lived):
    service, secrets, _ = lived

    assert hunt(everything_kept_by(service), secrets) == []


def test_the_log_tells_of_the_errors_all_the_same(lived):
    service, _, _ = lived
    events = service.events()

    assert {"request", "bad request", "internal error"} <= events
    assert "Traceback" not in service.log()


def test_no_answer_to_a_mistake_repeats_anything(lived):
    _, secrets, refused = lived
    # A page for a link that is there names its address in its form: the visitor has it.
    assert hunt(refused, secrets) == []
    assert not [name for name, body in refused.items() if b"Traceback" in body or b".py" in body]


def test_the_network_is_kept_only_cut_and_in_a_box(lived):
    """The sender may read it; nothing but the sender's page can."""
    service, secrets, _ = lived
    api = Api(service.url)
    events = api.message(secrets["waiting: control token"])["events"]

    assert events[0]["evidence"] == {
        "network": "203.0.113.0/24", "browser": "Firefox", "system": "Windows"
    }  # fmt: skip
    assert (
        hunt(everything_kept_by(service), {"cut": "203.0.113.0/24", "v6": "2001:db8:77::/48"}) == []
    )


def test_what_was_destroyed_leaves_the_files_with_the_next_scrub(lived):
    service, secrets, _ = lived
    api = Api(service.url, headers={"X-Forwarded-For": "192.0.2.200"})
    sent = secrets.learn("destroyed", api.send(KNOWN["text"]))
    url = store_url(service)
    folder = service.data_dir / "appendonlydir"

    def in_files(needle: bytes) -> bool:
        return any(needle in path.read_bytes() for path in folder.iterdir())

    with redis.Redis.from_url(url) as store:
        end = b":key:" + LinkToken.parse(sent.link).link_id
        wrapped = store.get(next(k for k in store.scan_iter(count=10_000) if k.endswith(end)))
        api.recall(sent.control)
        before = in_files(wrapped)
        files = Files(Connection(wiring.connect(url)), settle_seconds=0)

        def scrubbed() -> bool:
            # The worker may be at it already, since before the recall.
            for note in store.scan_iter("*:scrub"):
                store.delete(note)
            return files.scrub()

        wait_until(lambda: scrubbed() or not in_files(wrapped))
        wait_until(lambda: not store.info("persistence")["aof_rewrite_in_progress"])
        wait_until(lambda: not in_files(wrapped))

    assert before
