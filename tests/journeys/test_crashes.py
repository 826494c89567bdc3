"""The store is killed, hangs or is full; workers are killed: what was told stays true."""

import os
import signal
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from http.client import HTTPException

import pytest

from restante.crypto import keyring
from restante.service.embedded_store import EmbeddedStore
from tests.support.api import Api, Visitor, new_reader_key
from tests.support.lines import at_once
from tests.support.processes import Running, Service, alive, status_of, wait_until

PATIENCE_SECONDS = 2
"""Within this time a visitor is told that the service cannot, and an expiry is written down."""
MEBIBYTE = 1024 * 1024
PAGES = ("the gate", "a press of the button", "the control page", "a sent form")
TRACES = ("Traceback", 'File "', "redis", "valkey", "site-packages", "Error")


@pytest.fixture(scope="module")
def service(tmp_path_factory):
    with Service(tmp_path_factory.mktemp("crashes"), RESTANTE_WEB_WORKERS="2") as service:
        yield service


@pytest.fixture(scope="module")
def limited_service(tmp_path_factory):
    with Service(
        tmp_path_factory.mktemp("limited"), RESTANTE_RATE_LIMITS="on", RESTANTE_WEB_WORKERS="2"
    ) as service:
        yield service


def store_of(service):
    return service.pid_of("valkey-server")


def kill_the_store(service):
    """Kill it, and return once the supervisor has brought it back."""
    store = store_of(service)
    os.kill(store, signal.SIGKILL)
    wait_until(lambda: not alive([store]))
    wait_until(lambda: status_of(f"{service.url}/readyz") == 200)
    assert store_of(service) != store


def events_of(api, sent):
    return [event["type"] for event in api.message(sent.control)["events"]]


def test_what_was_sent_is_there_after_the_store_was_killed(service):
    api = Api(service.url)
    sent = api.send("still here", recipients=["Ana"], subject="a subject")
    kill_the_store(service)
    message = api.message(sent.control)

    assert message["subject"] == "a subject"
    assert [link["state"] for link in message["links"]] == ["sealed"]
    assert api.reveal(sent.link, new_reader_key()).json["text"] == "still here"


def test_what_was_opened_stays_opened_after_the_store_was_killed(service):
    api, reader_key = Api(service.url), new_reader_key()
    sent = api.send("once")
    assert api.reveal(sent.link, reader_key).status == 200
    kill_the_store(service)
    other = api.reveal(sent.link, new_reader_key())
    assert (other.status, other.json["state"]) == (410, "spent")
    again = api.reveal(sent.link, reader_key)

    assert again.json["text"] == "once"
    assert api.recall(sent.control).json["verdicts"][0]["outcome"] == "already_spent"
    assert events_of(api, sent) == ["message.sent", "link.revealed", "link.recalled"]


def test_what_was_recalled_stays_recalled_after_the_store_was_killed(service):
    api = Api(service.url)
    sent = api.send("never", views=2)
    verdict = api.recall(sent.control, reason="the wrong Ana").json
    kill_the_store(service)
    gone = api.reveal(sent.link, new_reader_key())

    assert (gone.status, gone.json["state"]) == (410, "recalled")
    assert gone.json["reason"] == "the wrong Ana"
    assert api.recall(sent.control).json == verdict
    assert events_of(api, sent) == ["message.sent", "link.recalled"]


def test_a_store_killed_under_load_breaks_no_promise(service):
    """Readers and senders go on while it dies; whatever they were told still holds after."""

    def traffic(n):
        told = []
        for _ in range(12):
            api, reader_key = Api(service.url), new_reader_key()
            try:
                sent = api.send(f"text {n}")
            except (AssertionError, OSError, HTTPException):
                continue
            deed = api.reveal(sent.link, reader_key) if n % 2 else api.recall(sent.control)
            told.append((sent, reader_key, deed))
        return told

    with ThreadPoolExecutor(8) as pool:
        running = [pool.submit(traffic, n) for n in range(8)]
        time.sleep(0.1)
        kill_the_store(service)
        told = [entry for future in running for entry in future.result()]
    api, seen = Api(service.url), set()
    for sent, reader_key, deed in told:
        answer = api.reveal(sent.link, new_reader_key())
        seen.add(deed.status)
        if deed.status == 503:
            assert deed.code == "unavailable"
        elif "verdicts" in deed.json:
            assert deed.json["verdicts"][0]["outcome"] == "recalled_unread"
            assert answer.json["state"] == "recalled"
        else:
            assert answer.json["state"] == "spent"
            assert api.reveal(sent.link, reader_key).json["text"] == deed.json["text"]

    assert 200 in seen


@contextmanager
def without_a_store(service):
    """Kill the store while its keeper sleeps."""
    store = store_of(service)
    os.kill(service.process.pid, signal.SIGSTOP)
    try:
        os.kill(store, signal.SIGKILL)
        wait_until(lambda: not alive([store]))
        yield
    finally:
        os.kill(service.process.pid, signal.SIGCONT)


@contextmanager
def with_a_hanging_store(service):
    store = store_of(service)
    os.kill(store, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(store, signal.SIGCONT)


def timed(ask):
    began = time.monotonic()
    return ask(), time.monotonic() - began


def requests_to(service, sent, secret):
    """Return every request that needs the store, by what it wants."""
    api, visitor = Api(service.url), Visitor(service.url)
    form = {"text": "all that I wrote"}
    return {
        "send": lambda: api.ask("POST", "/api/v1/messages", {"text": "more"}),
        "preview": lambda: api.preview(sent.link),
        "reveal": lambda: api.reveal(sent.link, new_reader_key()),
        "reveal with a passphrase": lambda: api.reveal(secret.link, new_reader_key(), "a word"),
        "acknowledge": lambda: api.acknowledge(sent.link, new_reader_key()),
        "recall": lambda: api.recall(sent.control),
        "replace": lambda: api.replace(sent.control, "other"),
        "extend": lambda: api.extend(sent.control, 600),
        "rules": lambda: api.set_rules(sent.control, tell_unread_after=60),
        "status": lambda: api.ask("GET", "/api/v1/message", token=sent.control),
        "the gate": lambda: visitor.get(f"/m/{sent.link}"),
        "a press of the button": lambda: visitor.post(f"/m/{sent.link}", {}),
        "the control page": lambda: visitor.get(f"/s/{sent.control}"),
        "a sent form": lambda: visitor.post("/", form),
    }


@pytest.mark.parametrize("trouble", [with_a_hanging_store, without_a_store])
def test_without_a_store_visitors_get_503_within_two_seconds_until_it_is_back(
    limited_service, trouble
):
    service = limited_service
    api = Api(service.url)
    sent, secret = api.send("waits"), api.send("waits too", passphrase="a word")
    requests = requests_to(service, sent, secret)
    with trouble(service):
        came = at_once([lambda ask=ask: timed(ask) for ask in requests.values()])
        health = api.ask("GET", "/healthz").status
    wait_until(lambda: status_of(f"{service.url}/readyz") == 200)
    answers = {name: answer for name, (answer, _) in zip(requests, came, strict=True)}

    assert health == 200
    assert max(took for _, took in came) < PATIENCE_SECONDS
    for name, answer in answers.items():
        assert answer.status == 503, (name, answer)
        assert int(answer.headers["Retry-After"]) > 0, (name, answer)
        assert not [trace for trace in TRACES if trace in answer.text], (name, answer)
        if name in PAGES:
            assert "The service cannot" in answer.text, (name, answer)
        else:
            assert answer.code == "unavailable"
    assert "all that I wrote" in answers["a sent form"].text
    assert "Traceback" not in service.log()
    # A store that hung did what it was asked once it went on, and tells the truth about it.
    verdict = api.recall(sent.control).json["verdicts"][0]
    assert (verdict["outcome"] == "recalled_unread") == (verdict["reveals"] == 0)
    assert api.reveal(sent.link, new_reader_key()).code == "gone"
    if trouble is without_a_store:
        assert verdict["outcome"] == "recalled_unread"
        assert api.reveal(secret.link, new_reader_key(), "a word").json["text"] == "waits too"


def test_with_a_hanging_store_many_visitors_get_503_within_two_seconds(service):
    """More than there are connections to it."""
    api = Api(service.url)
    sent = api.send("waits")

    def look():
        return Api(service.url).preview(sent.link)

    with with_a_hanging_store(service):
        came = at_once([lambda: timed(look)] * 80)
    wait_until(lambda: api.preview(sent.link).status == 200)

    assert {answer.status for answer, _ in came} == {503}
    assert max(took for _, took in came) < PATIENCE_SECONDS


def test_a_full_store_refuses_to_send_and_still_does_all_else(tmp_path):
    with Service(
        tmp_path,
        RESTANTE_STORE_BYTES=str(6 * MEBIBYTE),
        RESTANTE_RATE_LIMITS="on",
        RESTANTE_LIMIT_SEND="1000",
        RESTANTE_EXPIRY_MIN="1",
    ) as service:
        api, visitor, reader_key = Api(service.url), Visitor(service.url), new_reader_key()
        kept, recalled, opened = (
            api.send("held by a full store", recipients=["Ana", "Ben"]) for _ in range(3)
        )
        secret = api.send("held by a full store", passphrase="a word")
        brief = api.send("held by a full store", expires_in=2)
        filled = 0
        for size in (500_000, 20_000, 500):
            while (
                answer := api.ask("POST", "/api/v1/messages", {"text": "x" * size})
            ).status == 201:
                filled += 1
        page = visitor.post("/", {"text": "all that I wrote" + "x" * 900_000})
        replaced = api.replace(kept.control, "x" * 900_000)
        looked = api.preview(kept.link), visitor.get(f"/m/{kept.link}")
        revealed = api.reveal(opened.link, reader_key)
        again = api.reveal(opened.link, reader_key)
        acknowledged = api.acknowledge(opened.link, reader_key)
        wrong = api.reveal(secret.link, reader_key, "no word")
        right = api.reveal(secret.link, reader_key, "a word")
        verdicts = api.recall(recalled.control, reason="still possible").json["verdicts"]
        wait_until(lambda: "link.expired" in events_of(api, brief))
        after = api.message(kept.control)

        assert filled > 2
        assert (answer.status, answer.code) == (503, "unavailable")
        assert page.status == 503
        assert "all that I wrote" in page.text
        assert (replaced.status, replaced.code) == (503, "unavailable")
        assert [answer.status for answer in looked] == [200, 200]
        assert revealed.json["text"] == again.json["text"] == "held by a full store"
        assert acknowledged.status == 204
        assert api.reveal(opened.link, reader_key).code == "gone"
        assert wrong.json["tries_left"] == 9
        assert right.json["text"] == "held by a full store"
        assert [v["outcome"] for v in verdicts] == ["recalled_unread"] * 2
        assert (after["version"], after["links"][0]["state"]) == (1, "sealed")
        assert api.reveal(brief.link, reader_key).json["state"] == "expired"
        # Nothing was half sent: what was refused left nothing that could be asked for.
        assert api.reveal(kept.link, reader_key).json["text"] == "held by a full store"
        assert "Traceback" not in service.log()


NAMES = [f"reader {n}" for n in range(25)]


class Worker(Running):
    """One more worker on a store."""

    def __init__(self, folder, store, keys, number):
        command = [sys.executable, "-m", "worker"]
        env = {"RESTANTE_REDIS_URL": store.url, "RESTANTE_ROOT_KEYS": keys}
        super().__init__(command, folder / f"worker-{number}.log", env)

    def wait_until_ready(self):
        wait_until(lambda: "worker started" in self.log())


def test_several_workers_write_every_expiry_once_and_in_time_though_some_are_killed(tmp_path):
    keys = keyring.new_key()
    store = EmbeddedStore(tmp_path / "store", 64 * MEBIBYTE, "disk")
    store.start()
    try:
        with ExitStack() as stack:
            service = stack.enter_context(
                Service(
                    tmp_path,
                    RESTANTE_REDIS_URL=store.url,
                    RESTANTE_ROOT_KEYS=keys,
                    RESTANTE_EXPIRY_MIN="1",
                )
            )
            workers = [
                stack.enter_context(Worker(tmp_path, store, keys, number)) for number in range(3)
            ]
            api = Api(service.url)
            in_time = api.send("nobody came", recipients=NAMES, expires_in=1)
            untouched = api.send("stays")
            wait_until(lambda: "link.expired" in events_of(api, in_time))
            seen_at = time.time()
            # Now all of them come to the same work at the same moment, and some are killed.
            pids = [worker.process.pid for worker in workers] + [service.pid_of("-m worker")]
            many = [api.send("nobody came", recipients=NAMES, expires_in=1) for _ in range(10)]
            for pid in pids:
                os.kill(pid, signal.SIGSTOP)
            time.sleep(1.1)
            for pid in pids:
                os.kill(pid, signal.SIGCONT)
            wait_until(lambda: "link.expired" in events_of(api, many[0]))
            for worker in workers[:2]:
                worker.process.kill()
                worker.process.wait()
            messages = [in_time, *many]
            wait_until(
                lambda: all(events_of(api, s).count("link.expired") >= len(NAMES) for s in messages)
            )
            time.sleep(1.2)  # a turn of every worker that is left
            reports = [api.message(sent.control) for sent in messages]

            assert seen_at < as_seconds(in_time.answer["expires_at"]) + PATIENCE_SECONDS
            for report in reports:
                ended = [e["link"] for e in report["events"] if e["type"] == "link.expired"]
                assert sorted(ended) == sorted(link["id"] for link in report["links"])
                assert {link["state"] for link in report["links"]} == {"expired"}
            assert events_of(api, untouched) == ["message.sent"]
    finally:
        store.stop()


def as_seconds(written):
    whole = time.strptime(written[:19], "%Y-%m-%dT%H:%M:%S")
    return time.mktime(whole) - time.timezone + float(written[19:-1])


def test_what_fell_due_while_no_worker_ran_is_written_once_after_the_restart(tmp_path):
    with Service(tmp_path, RESTANTE_EXPIRY_MIN="1") as service:
        api = Api(service.url)
        sent = api.send("nobody came", recipients=["Ana", "Ben"], expires_in=1)
        os.kill(service.pid_of("-m worker"), signal.SIGKILL)
        status = service.process.wait(30)
        service.start()
        wait_until(lambda: events_of(api, sent).count("link.expired") >= 2)
        time.sleep(1.2)
        events = api.message(sent.control)["events"]

        # The operator sees the exit status and restarts the service.
        assert status == 128 + signal.SIGKILL
        assert [e["type"] for e in events] == ["message.sent", "link.expired", "link.expired"]
        # The event tells when it ended, not when the worker came to it.
        assert {e["at"] for e in events[1:]} == {sent.answer["expires_at"]}
        assert api.reveal(sent.link, new_reader_key()).json["state"] == "expired"
