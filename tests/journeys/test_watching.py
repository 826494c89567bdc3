"""The operator sees metrics and health; others get no metrics."""

from __future__ import annotations

import http.client
import os
import re
import signal
import socket
import stat
import sys
import time
from functools import partial
from pathlib import Path

import pytest
from prometheus_client.openmetrics.parser import text_string_to_metric_families as openmetrics
from prometheus_client.parser import text_string_to_metric_families

from restante.channels import CHANNELS
from restante.crypto.keyring import new_key
from restante.metrics import shared_folder
from restante.metrics.meters import DEEDS, LIMITS, VISITORS
from tests.core.test_metrics import values
from tests.support.api import Api, new_reader_key
from tests.support.processes import (
    Running,
    Service,
    command_of,
    finished,
    free_port,
    status_of,
    wait_until,
)

TOKEN = "the-operators-token-of-32-signs!"
PAGES = [
    "/",
    "/api/v1/message",
    "/api/v1/messages",
    "/static/style.css",
    "/m/x",
    "/s/x",
    "/metricsx",
]
CANARIES = {
    "text": "canary-text",
    "recipients": ["canary-label"],
    "from": "canary-from",
    "subject": "canary-subject",
    "passphrase": "canary-passphrase",
}


def watched(folder, **env):
    """A service whose numbers stand on a port of their own; `.numbers` asks there."""
    port = free_port()
    two = {"RESTANTE_WEB_WORKERS": "2"}
    service = Service(folder, RESTANTE_METRICS_BIND=f"127.0.0.1:{port}", **two | env)
    service.private = f"http://127.0.0.1:{port}"
    return service


def numbers(service):
    answer = Api(service.private).ask("GET", "/metrics")
    assert answer.status == 200
    return values(answer.body)


def total(service, name, **labels):
    samples = numbers(service).get(name, {})
    return sum(value for of, value in samples.items() if labels.items() <= dict(of).items())


def web_processes(service):
    """Return the pids of the web's workers: gunicorn's children."""
    return [pid for pid in service.pids() if "webapp.wsgi" in command_of(pid)][1:]


def is_replaced(service, victim):
    """Tell whether another process came for *victim*."""
    pids = web_processes(service)
    return victim not in pids and len(pids) == 2


def folder_of(pid):
    environ = Path(f"/proc/{pid}/environ").read_bytes().split(b"\0")
    name = shared_folder.VARIABLE.encode() + b"="
    return next((Path(v[len(name) :].decode()) for v in environ if v.startswith(name)), None)


@pytest.fixture(scope="module")
def service(tmp_path_factory):
    """Two web processes; every limit counts, that of passphrases at once."""
    high = {f"RESTANTE_LIMIT_{name}": "100000" for name in ("SEND", "PREVIEW", "REVEAL")}
    with watched(
        tmp_path_factory.mktemp("watched"),
        RESTANTE_METRICS_TOKEN=TOKEN,
        RESTANTE_RATE_LIMITS="on",
        RESTANTE_LIMIT_PASSPHRASE="1",
        **high,
    ) as service:
        yield service


def test_metrics_add_up_over_all_processes_even_killed_ones(tmp_path):
    with watched(tmp_path) as service:
        folder = folder_of(service.pid_of("webapp.wsgi"))
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700
        for killed in range(3):
            with Api(service.url, kept=True) as one, Api(service.url, kept=True) as other:
                for _ in range(10):
                    one.send("x")
                    other.send("x")

            sent = 20 * (killed + 1)
            assert total(service, "restante_deeds_total", kind="sent") == sent
            assert total(service, "restante_requests_total", endpoint="api.send") == sent
            assert total(service, "restante_request_seconds_count", endpoint="api.send") == sent
            assert total(service, "restante_store_round_trips_total", verb="send") == sent
            victim, *_ = web_processes(service)
            os.kill(victim, signal.SIGKILL)
            wait_until(partial(is_replaced, service, victim))

        # The worker's numbers are there too; of each process two files, and none of the dead.
        assert total(service, "restante_store_round_trips_total", verb="due") >= 16
        assert len(list(folder.glob("*.db"))) == 2 * 3
        assert service.stop() == 0

    assert not folder.exists()


def make_noise(service):
    """Do everything with words that must not come out again; return them and what was answered."""
    api = Api(
        service.url, headers={"User-Agent": "canary-agent", "X-Forwarded-For": "203.0.113.77"}
    )
    sent = api.send(**CANARIES)
    reader_key = "canary-reader_key-" + new_reader_key()
    api.preview(sent.link)
    api.reveal(sent.link, reader_key, "canary-wrong")
    api.reveal(sent.link, reader_key, CANARIES["passphrase"])
    api.recall(sent.control)
    api.message(sent.control)
    browser = {"User-Agent": "Mozilla/5.0 canary-browser"}
    Api(service.url).ask("GET", f"/m/{sent.link}?canary-query", headers=browser)
    for method in ("GET", "CANARYMETHOD", "PUT"):
        api.ask(method, "/canary-path", token="canary-token")
        api.ask(method, f"/m/{sent.link}")
    host, _, port = service.bind.partition(":")
    with socket.create_connection((host, int(port))) as line:
        line.sendall(b"canary-nonsense\r\n\r\n")
        line.recv(1000)
    secrets = [sent.control, sent.answer["id"], *sent.links, *sent.ids]
    return ["canary", "CANARY", "203.0.113", "127.0.0.1", TOKEN, *secrets, *map(str.lower, secrets)]


def test_metrics_name_no_message_and_no_visitor(service):
    canaries = make_noise(service)
    shown = Api(service.private).ask("GET", "/metrics").text

    assert [canary for canary in canaries if canary in shown] == []
    bounded = {
        "endpoint": r"none|static|[a-z]+\.[a-z]+",
        "method": r"other|GET|HEAD|OPTIONS|POST|PUT|PATCH|DELETE",
        "status": r"[2-5]\d\d",
        "verb": r"[a-z_]+",
        "outcome": r"answered|[A-Za-z]+Error|TooFewReplicas|sent|failed|given_up",
        "channel": "|".join(CHANNELS),
        "kind": "|".join(DEEDS.values()),
        "class": "|".join(VISITORS),
        "limit": "|".join(LIMITS),
        "state": "ahead|due|late|dead|whole|under_way",
        "way": "up|down",
        "primary": r"\d{1,2}",
        "le": r"[\d.]+|\+Inf",
    }
    for samples in values(shown.encode()).values():
        for labels in samples:
            for name, value in labels:
                assert re.fullmatch(bounded[name], value), (name, value)


def test_what_happens_at_the_edge_is_counted(service):
    before = {
        "looks": total(service, "restante_looks_total"),
        "limited": total(service, "restante_rate_limited_total", limit="passphrase"),
        "bad": total(
            service, "restante_requests_total", endpoint="none", method="other", status="400"
        ),
        "nowhere": total(service, "restante_requests_total", endpoint="none", status="404"),
    }
    make_noise(service)

    assert total(service, "restante_looks_total") >= before["looks"] + 2
    assert total(service, "restante_looks_total", **{"class": "browser"}) >= 1
    assert total(service, "restante_rate_limited_total", limit="passphrase") > before["limited"]
    assert (
        total(service, "restante_requests_total", endpoint="none", method="other", status="400")
        == before["bad"] + 1
    )
    assert total(service, "restante_requests_total", endpoint="none", status="404") >= (
        before["nowhere"] + 3
    )


@pytest.mark.parametrize(
    ("accept", "parse"),
    [("", text_string_to_metric_families), ("application/openmetrics-text", openmetrics)],
)
def test_metrics_are_well_formed_for_prometheus(service, accept, parse):
    make_noise(service)
    answer = Api(service.private).ask("GET", "/metrics", headers={"Accept": accept})
    families = {family.name: family for family in parse(answer.text)}

    assert accept in answer.headers["Content-Type"]
    assert answer.headers["Cache-Control"] == "no-store"
    assert len(families) >= 12
    for name, family in families.items():
        assert name.startswith("restante_")
        assert family.documentation.endswith(".")
        assert family.type in {"counter", "gauge", "histogram"}
        assert not re.search(r"_(ms|milliseconds|kb|mb)(_|$)|__", name)
        for sample in family.samples:
            suffixes = {
                "counter": {"_total"},
                "gauge": {""},
                "histogram": {"_bucket", "_sum", "_count"},
            }
            assert sample.name.removeprefix(name) in suffixes[family.type]
            if family.type == "gauge":
                assert not name.endswith(("_total", "_count"))
            assert len(family.samples) < 1_000


def test_the_metrics_port_serves_nothing_else(service):
    api = Api(service.private, is_described=False)
    sent = Api(service.url).send("x")
    for path in [*PAGES, f"/m/{sent.link}", f"/s/{sent.control}", "/restante/metrics", "/metrics/"]:
        for method in ("GET", "POST"):
            answer = api.ask(method, path, token=sent.control)
            assert (answer.status, answer.body) == (404, b"404 Not Found\n"), path
            assert answer.headers["Set-Cookie"] is None
    assert api.ask("POST", "/metrics").status == 405
    assert api.ask("GET", "/metrics", headers={"Host": "elsewhere.example"}).status == 200
    for path in ("/metrics", "/healthz", "/readyz"):
        head = api.ask("HEAD", path)
        assert (head.status, head.body) == (200, b"")
        assert api.ask("GET", path).status == 200


WRONG = [None, "", "wrong", TOKEN[:-1], TOKEN + "x", TOKEN.upper(), "\u00e9" * 8]


@pytest.mark.parametrize("token", WRONG)
def test_without_the_token_metrics_look_like_an_unknown_page(service, token):
    api = Api(service.url)
    port = service.private.rpartition(":")[2]
    lies = {"X-Forwarded-Port": port, "X-Forwarded-Host": f"127.0.0.1:{port}", "Server-Port": port}
    if token is not None:
        lies["Authorization"] = f"Bearer {token}".encode()
    for method in ("GET", "HEAD", "POST", "OPTIONS", "DELETE"):
        found = api.ask(method, "/metrics", headers=lies)
        nothing = api.ask(method, "/metricx", headers=lies)
        # The links that change the language hold a CSRF token, a new one on each page.
        bodies = [re.sub(rb"csrf=[\w-]{51}", b"", answer.body) for answer in (found, nothing)]
        assert (found.status, bodies[0]) == (nothing.status, bodies[1])
        assert found.status == 404
        assert sorted(found.headers) == sorted(nothing.headers)


def test_the_name_of_the_port_in_the_request_opens_nothing(service):
    port = service.private.rpartition(":")[2]
    for host in (f"127.0.0.1:{port}", f"localhost:{port}"):
        answer = Api(service.url).ask("GET", "/metrics", headers={"Host": host})
        assert answer.status == 404


def test_with_the_token_metrics_are_served_beside_the_pages_too(service):
    api = Api(service.url)
    for scheme in ("Bearer", "bearer"):
        answer = api.ask("GET", "/metrics", headers={"Authorization": f"{scheme} {TOKEN}"})
        assert answer.status == 200
        assert "restante_deeds_total" in answer.text
    basic = api.ask("GET", "/metrics", headers={"Authorization": f"Basic {TOKEN}"})

    assert basic.status == 404
    assert api.ask("GET", "/metricsx", token=TOKEN).status == 404
    assert api.ask("GET", f"/metrics?token={TOKEN}").status == 404
    assert TOKEN not in service.log()


def has_ipv6():
    try:
        with socket.socket(socket.AF_INET6) as probe:
            probe.bind(("::1", 0))
    except OSError:
        return False
    return True


def test_below_a_path_behind_a_proxy_and_over_ipv6(tmp_path):
    host = "[::1]" if has_ipv6() else "localhost"
    port = free_port()
    with Service(
        tmp_path,
        RESTANTE_PUBLIC_URL="https://letters.example/below",
        RESTANTE_TRUSTED_PROXIES="1",
        RESTANTE_METRICS_BIND=f"{host}:{port}",
        RESTANTE_METRICS_TOKEN=TOKEN,
    ) as service:
        ours = {"Host": "letters.example", "X-Forwarded-For": "198.51.100.1"}
        public = Api(service.url, headers=ours)
        for path in ("/metrics", "/below/metrics"):
            assert public.ask("GET", path, token=TOKEN).status == 200
            assert public.ask("GET", path, token="wrong").status == 404
        assert public.ask("GET", "/below/below/metrics", token=TOKEN).status == 404
        assert public.ask("GET", "/below/").status == 200
        line = http.client.HTTPConnection(host.strip("[]"), port, timeout=10)
        for path, status in (("/metrics", 200), ("/readyz", 200), ("/below/", 404), ("/", 404)):
            line.request("GET", path, headers=ours)
            answer = line.getresponse()
            answer.read()
            assert answer.status == status, path
        line.close()


def test_nothing_is_counted_without_an_endpoint_for_metrics(tmp_path):
    with Service(tmp_path) as service:
        assert status_of(f"{service.url}/metrics") == 404
        pids = [service.pid_of("webapp.wsgi"), service.pid_of("worker")]
        assert [folder_of(pid) for pid in pids] == [None, None]


def test_metrics_answer_in_time_while_the_store_hangs_and_report_it(tmp_path):
    with watched(tmp_path) as service:
        Api(service.url).send("x")
        store = service.pid_of("store.sock")
        os.kill(store, signal.SIGSTOP)
        try:
            waited = {}
            found = {}
            for path in ("/healthz", "/readyz", "/metrics"):
                began = time.monotonic()
                found[path] = Api(service.private).ask("GET", path)
                waited[path] = time.monotonic() - began
            # The worker asks now and then, and gets no answer.
            timed_out = {"outcome": "TimeoutError"}
            wait_until(lambda: total(service, "restante_store_round_trips_total", **timed_out))
        finally:
            os.kill(store, signal.SIGCONT)
        wait_until(lambda: status_of(f"{service.url}/readyz") == 200)

        assert [found[path].status for path in found] == [200, 503, 200]
        assert found["/readyz"].text == "the store does not answer\n"
        shown = values(found["/metrics"].body)
        assert shown["restante_store_up"] == {(): 0}
        assert shown["restante_deeds_total"][(("kind", "sent"),)] == 1
        assert waited["/healthz"] < 0.5
        assert max(waited.values()) < 3
        wait_until(lambda: total(service, "restante_store_up") == 1)


class Worker(Running):
    """`python -m worker` without a supervisor."""

    def __init__(self, tmp_path, store, port):
        settings = {
            "RESTANTE_REDIS_URL": store.url,
            "RESTANTE_ROOT_KEYS": new_key(),
            "RESTANTE_DURABILITY": "memory",
            "RESTANTE_METRICS_BIND": f"127.0.0.1:{port}",
        }
        super().__init__([sys.executable, "-m", "worker"], tmp_path / "worker.log", settings)
        self.private = f"http://127.0.0.1:{port}"


def test_a_worker_alone_serves_its_own_metrics(own_store, tmp_path):
    port = free_port()
    with Worker(tmp_path, own_store(), port) as worker:
        wait_until(lambda: status_of(f"{worker.private}/healthz") == 200)
        wait_until(lambda: total(worker, "restante_store_round_trips_total", verb="due") >= 16)
        api = Api(worker.private, is_described=False)
        assert api.ask("HEAD", "/metrics").body == b""
        for path in (*PAGES, "/readyz"):
            answer = api.ask("GET", path)
            assert (answer.status, answer.body) == (404, b"404 Not Found\n")
        for method in ("POST", "CANARY"):
            answer = api.ask(method, "/metrics")
            assert answer.status == 501
            assert "CANARY" not in answer.text
        with socket.create_connection(("127.0.0.1", port)) as line:
            line.sendall(b"canary nonsense of nobody\r\n\r\n")
            assert b"canary" not in line.recv(1000)
        assert api.ask("GET", "/metrics").status == 200
        assert worker.stop(signal.SIGTERM) == 0

    assert "canary" not in worker.log().lower()
    assert "Traceback" not in worker.log()


def test_a_worker_that_cannot_listen_says_so(own_store, tmp_path):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with Worker(tmp_path, own_store(), port) as worker:
            assert worker.process.wait(20) == os.EX_UNAVAILABLE

    assert "RESTANTE_METRICS_BIND: cannot listen" in worker.log()
    assert "Traceback" not in worker.log()


class Web(Running):
    """gunicorn without a supervisor, on a Unix socket."""

    def __init__(self, tmp_path, store, port):
        settings = {
            "RESTANTE_REDIS_URL": store.url,
            "RESTANTE_ROOT_KEYS": new_key(),
            "RESTANTE_DURABILITY": "memory",
            "RESTANTE_METRICS_BIND": f"127.0.0.1:{port}",
        }
        self.socket = tmp_path / "web.sock"
        command = ["-m", "gunicorn", "--config", "gunicorn.conf.py", "webapp.wsgi:app"]
        binds = ["--bind", f"unix:{self.socket}", "--bind", f"127.0.0.1:{port}"]
        super().__init__([sys.executable, *command, *binds], tmp_path / "web.log", settings)
        self.private = f"http://127.0.0.1:{port}"

    def wait_until_ready(self):
        wait_until(lambda: status_of(f"{self.private}/readyz") == 200, 30)

    def ask(self, path, host):
        with socket.socket(socket.AF_UNIX) as line:
            line.connect(str(self.socket))
            line.sendall(
                f"GET {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n".encode()
            )
            answer = b""
            while some := line.recv(65_536):
                answer += some
        return int(answer.split()[1])


def test_on_a_unix_socket_the_host_does_not_choose_the_listener(own_store, tmp_path):
    """There gunicorn takes SERVER_PORT from the Host that the visitor wrote."""
    port = free_port()
    with Web(tmp_path, own_store(), port) as web:
        folder = folder_of(web_processes(web)[0]) or next(
            Path("/dev/shm").glob(f"restante-metrics-{web.process.pid}-*"), None
        )
        assert web.ask("/healthz", f"127.0.0.1:{port}") == 200
        assert web.ask("/metrics", f"127.0.0.1:{port}") == 404
        assert web.ask("/", f"127.0.0.1:{port}") == 200
        assert status_of(f"{web.private}/metrics") == 200
        assert status_of(f"{web.private}/") == 404
        assert web.stop(signal.SIGTERM) == 0

    assert folder is None or not folder.exists()


def test_a_metrics_port_in_use_is_reported(tmp_path):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        bind = f"127.0.0.1:{taken.getsockname()[1]}"
        service = Service(tmp_path, RESTANTE_METRICS_BIND=bind)
        done = finished(service.command, service.env)

    assert done.returncode == os.EX_UNAVAILABLE
    assert f"it cannot listen on {bind}" in done.stderr
