"""What a request costs is its round trips to the store: counted there, over HTTP, when warm."""

import os
import re
import signal
import threading
from contextlib import contextmanager

import pytest
import redis

from restante.store.script_files import script
from tests.support.api import Api, Visitor, form_of, new_reader_key
from tests.support.mailserver import MailServer
from tests.support.operators import admission_of
from tests.support.processes import Service
from tests.support.tickets import gate_form


@pytest.fixture(scope="module")
def service(tmp_path_factory):
    """One serving process, so that it is warm when it was asked once; every limit counts."""
    folder = tmp_path_factory.mktemp("round-trips")
    high = {
        f"RESTANTE_LIMIT_{name}": "10000" for name in ("SEND", "PREVIEW", "REVEAL", "PASSPHRASE")
    }
    with Service(folder, RESTANTE_RATE_LIMITS="on", RESTANTE_WEB_WORKERS="1", **high) as service:
        yield service


@contextmanager
def counted(service):
    """Yield a list that holds, afterwards, every command the web sent meanwhile."""
    url = f"unix://{service.data_dir / 'store.sock'}"
    sent, told = [], threading.Event()
    with redis.Redis.from_url(url) as client, client.monitor() as monitor:

        def listen():
            for command in monitor.listen():
                words = command["command"]
                if words.startswith("PING the-end"):
                    told.set()
                    return
                # What scripts do inside the store is no round trip; the worker asks for its own.
                if command["client_type"] != "lua":
                    sent.append(words)

        listener = threading.Thread(target=listen)
        listener.start()
        yield sent
        client.execute_command("PING", "the-end")
        told.wait(10)
        listener.join(10)
    worker = (
        "due",
        "BGREWRITEAOF",
        "INFO",
        "EXISTS",
        "CLIENT",
        "HELLO",
        "SET {",
        "GET {",
        "PING",
        "MONITOR",
        "READONLY",
        "READWRITE",
    )
    # By name, or whole if the store does not know them yet.
    its = ("due", "take", "blobs_place", "blob_due", "blob_gone", "unowned", "promise")
    turns = [mark for name in its for mark in (script(name).sha, f"-- {name}: ")]
    sent[:] = [w for w in sent if not w.startswith(worker) and not any(sha in w for sha in turns)]


def rounds(service, deed):
    """Return what the web sends for one deed, the second time."""
    deed()
    with counted(service) as sent:
        deed()
    return len(sent)


def send_once(api, text):
    return api.ask("POST", "/api/v1/messages", {"text": text}, reader_key="k" * 32)


def test_every_api_call_is_one_round_trip_with_its_limits_and_budget(service):
    api = Api(service.url)
    text = "x" * 200
    links = iter([api.send(text) for _ in range(14)])
    secret = iter([api.send(text, passphrase="a passphrase") for _ in range(4)])

    def acknowledge_cost():
        used = [next(links).link, next(links).link]
        for link in used:
            api.reveal(link, READER_KEY)
        turn = iter(used)
        return rounds(service, lambda: api.acknowledge(next(turn), READER_KEY))

    api_control, times = next(links).control, iter((600, 700))
    mark = api.ask("GET", "/api/v1/message", token=api_control).headers["ETag"]
    known = Api(service.url, headers={"If-None-Match": mark})
    costs = {
        "send": rounds(service, lambda: api.send(text)),
        "send, key": rounds(service, lambda: send_once(api, text)),
        "replace": rounds(service, lambda: api.replace(api_control, text)),
        "preview": rounds(service, lambda: api.preview(next(links).link)),
        "reveal": rounds(service, lambda: api.reveal(next(links).link, new_reader_key())),
        "reveal, passphrase": rounds(
            service, lambda: api.reveal(next(secret).link, new_reader_key(), "a passphrase")
        ),
        "acknowledge": acknowledge_cost(),
        "pause": rounds(service, lambda: api.pause(next(links).control)),
        "resume": rounds(service, lambda: api.resume(api_control)),
        "rules, status": rounds(
            service, lambda: api.set_rules(api_control, tell_unread_after=next(times))
        ),
        "forget": rounds(service, lambda: api.forget(next(links).control)),
        "recall": rounds(service, lambda: api.recall(next(links).control)),
        "status": rounds(service, lambda: api.message(api_control)),
        "status, unchanged": rounds(
            service, lambda: known.ask("GET", "/api/v1/message", token=api_control)
        ),
    }

    assert costs == {
        "send": 1,
        "send, key": 1,
        # A script that reads goes out together with one that counts: two commands, one round trip.
        "replace": 2 + 1,
        "preview": 1,
        "reveal": 1,
        "reveal, passphrase": 2 + 1,
        "acknowledge": 1,
        "pause": 1,
        "resume": 1,
        "rules, status": 1 + 1,
        "forget": 1,
        "recall": 1,
        "status": 1 + 1,
        "status, unchanged": 1 + 1,
    }


READER_KEY = new_reader_key()


def test_a_code_is_asked_for_in_one_round_trip_and_checked_in_the_one_that_opens(tmp_path):
    with (
        MailServer() as mail,
        Service(
            tmp_path,
            RESTANTE_SMTP_URL=mail.url,
            RESTANTE_MAIL_FROM="letters@example.net",
            RESTANTE_WEB_WORKERS="1",
        ) as service,
    ):
        api = Api(service.url)
        several = [
            api.send("x", recipients=["ana@example.com"], mailed_code=True) for _ in range(4)
        ]

        def ask(sent):
            return api.ask("POST", "/api/v1/link/code", {}, token=sent.link)

        def read(sent, code):
            return api.ask(
                "POST",
                "/api/v1/link/reveal",
                {"code": code},
                token=sent.link,
                reader_key=new_reader_key(),
            )

        for number, sent in enumerate(several[:2], start=1):
            ask(sent)
            mail.code(number)
        codes = dict(zip([sent.link for sent in several], mail.codes(), strict=False))
        # Mail that goes out asks the store, too.
        os.kill(service.pid_of("-m worker"), signal.SIGSTOP)
        try:
            left = iter(several[2:])
            asking = rounds(service, lambda: ask(next(left)))
            opening = iter(several[:2])

            def open_next():
                sent = next(opening)
                assert read(sent, codes[sent.link]).status == 200

            revealing = rounds(service, open_next)
        finally:
            os.kill(service.pid_of("-m worker"), signal.SIGCONT)

    assert (asking, revealing) == (1, 1)


def test_only_a_token_that_is_looked_up_costs_a_round_trip(tmp_path):
    with Service(
        tmp_path, RESTANTE_SENDERS="192.0.2.0/24,tokens", RESTANTE_TRUSTED_PROXIES="1",
        RESTANTE_WEB_WORKERS="1",
    ) as service:  # fmt: skip
        with admission_of(service) as admission:
            token = str(admission.make("Ana"))
        office = {"X-Forwarded-For": "192.0.2.1"}

        def send(token=None, **headers):
            return rounds(
                service,
                lambda: Api(service.url, headers=headers).ask(
                    "POST", "/api/v1/messages", {"text": "x"}, token=token
                ),
            )

        visitor = Visitor(service.url)
        bare = rounds(service, lambda: visitor.get("/"))
        visitor.post("/permit", {"permit": token})
        costs = {
            "a network": send(**office),
            "a network, a token": send(token, **office),
            "a token": send(token),
            "an unknown token": send("S" + "A" * 32),
            "no token": send(),
            "no such token": send("S" + "A" * 31),
            "page, none": bare,
            "page, remembered": rounds(service, lambda: visitor.get("/")),
        }

    assert costs == {
        "a network": 1,
        "a network, a token": 1,
        "a token": 1 + 1,
        "an unknown token": 1,
        "no token": 0,
        "no such token": 0,
        "page, none": 0,
        "page, remembered": 1,
    }


def test_the_pages_cost_no_more_than_the_api(service):
    api = Api(service.url)
    visitor = Visitor(service.url)
    visitor.get(f"/m/{api.send('warm').link}")
    first, second = api.send("one").link, api.send("two").link
    forms = {link: gate_form(service, visitor, link) for link in (first, second)}
    turn = iter((first, second))

    def press():
        link = next(turn)
        assert "Done" in visitor.post(f"/m/{link}", forms[link]).text

    third = api.send("three").link
    costs = {
        "compose": rounds(service, lambda: visitor.get("/")),
        "send": rounds(service, lambda: visitor.post("/", {"text": "by hand"})),
        "gate": rounds(service, lambda: visitor.get(f"/m/{third}")),
        "open": rounds(service, press),
    }

    assert costs == {"compose": 0, "send": 1, "gate": 1, "open": 1}


def test_the_control_page_asks_the_store_once_for_each_press_and_each_question(service):
    sender = Visitor(service.url)

    def sent():
        answer = sender.post("/", {"text": "t", "recipients": "Ana\nBen"})
        path = "/s/" + answer.headers["Location"].rpartition("/")[2]
        shown = sender.get(path)
        mark = re.search(r'data-mark="([^"]+)"', shown.text)[1]
        return path, form_of(shown, f"{path}/recall"), mark

    several = iter([sent() for _ in range(8)])

    def press(verb, **more):
        path, form, _ = next(several)
        assert sender.post(f"{path}/{verb}", form | more).status == 303

    path, _, mark = sent()
    costs = {
        "page": rounds(service, lambda: sender.get(path)),
        "nothing new": rounds(service, lambda: sender.get(f"{path}/changes?after={mark}")),
        "news": rounds(service, lambda: sender.get(f"{path}/changes?after=0")),
        "recall": rounds(service, lambda: press("recall")),
        "pause": rounds(service, lambda: press("pause")),
        "extend": rounds(service, lambda: press("extend", expires_in="3600")),
        "replace": rounds(service, lambda: press("replace", text="another")),
    }

    # Reads that are counted go out with the count: two commands, one round trip.
    assert costs == {
        "page": 1 + 1,
        "nothing new": 1 + 1,
        "news": 1 + 1,
        "recall": 1,
        "pause": 1,
        "extend": 1,
        "replace": 2 + 1,
    }


def test_copies_cost_a_look_at_the_message_and_help_costs_its_limit(service):
    sender = Visitor(service.url)
    people = {"text": "by hand", "recipients": "Ana\nBen\nEva"}
    path = "/s/" + sender.post("/", people).headers["Location"].rpartition("/")[2]
    secret = people | {"passphrase": "blue tin"}
    costs = {
        "control page": rounds(service, lambda: sender.get(path)),
        "table": rounds(service, lambda: sender.get(f"{path}/links.csv")),
        "draft": rounds(service, lambda: sender.get(f"{path}/mail-2.eml")),
        "a link that is not there": rounds(service, lambda: sender.get(f"{path}/mail-9.eml")),
        "check the list": rounds(service, lambda: sender.post("/recipients", people)),
        "make a passphrase": rounds(service, lambda: sender.post("/passphrase", people)),
        "send, passphrase": rounds(service, lambda: sender.post("/", secret)),
        "send, three": rounds(service, lambda: sender.post("/", people)),
        "send a file": rounds(service, lambda: sender.upload("/", {"text": "x"}, b"Ana\nBen")),
    }
    # A script that reads goes out together with one that counts: two commands, one round trip.
    looks = dict.fromkeys(("control page", "table", "draft", "a link that is not there"), 1 + 1)

    assert costs == looks | {
        "check the list": 1,
        "make a passphrase": 1,
        # Argon2 is dear: what waits is counted before it.
        "send, passphrase": 1 + 1,
        "send, three": 1,
        "send a file": 1,
    }


def test_the_list_costs_two_round_trips_a_page_and_a_recall_one_for_each_message(service):
    sender = Visitor(service.url)
    sender.get("/")

    def send():
        assert sender.post("/", {"text": "by hand"}).status == 303

    sending = rounds(service, send)
    short = rounds(service, lambda: sender.get("/sent"))
    for _ in range(38):
        send()
    costs = {
        "send": sending,
        "a page of two": short,
        "a page of 25": rounds(service, lambda: sender.get("/sent")),
        "search": rounds(service, lambda: sender.post("/sent", {"words": "nobody"})),
        "address": rounds(service, lambda: sender.post("/sent/address")),
    }
    unread = [
        link
        for control in re.findall(r"/s/(C[\w-]{34})", sender.get("/sent").text)[:3]
        for link in re.findall(r"/m/(L[\w-]{34})", sender.get(f"/s/{control}").text)[:1]
    ]
    for link in unread:
        Api(service.url).reveal(link, new_reader_key())
    other = Visitor(service.url)
    other.post("/", {"text": "by hand"})
    other.post("/sent/recall-unread", {"window": "hour"})
    with counted(service) as recalling:
        page = sender.post("/sent/recall-unread", {"window": "hour"})
    assert re.findall(r"<dd><b>(\d+)</b>", page.text) == ["37", "3", "0"]

    assert costs == {
        "send": 1,
        # The states come with a script that reads: the limits have been counted by then.
        "a page of two": 2,
        "a page of 25": 2,
        "search": 1,
        "address": 1,
    }
    # One for each message that nobody had read, and two for 50 lines: never more than the list.
    assert len(recalling) == 37 + 2
