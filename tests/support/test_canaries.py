"""The hunt through the log lines finds what is planted, and nothing else."""

import json
import subprocess
import sys
import uuid
from urllib.parse import quote

import pytest

from restante.crypto.tokens import ControlToken
from tests.support import canaries
from tests.support.processes import ROOT, Running, finished

CONTROL = ControlToken.new()
LEARNT = {
    "text": "the-safe-stands-behind-the-Vermeer, and its code is 4711",
    "passphrase": 'wisteria "and" lapis — lazuli',
    "recipients": ["Ms Quintessa Label"],
    "reason": "sent to the wrong Ptolemy",
    "notify": {"webhook": "https://hooks.example/in/letters"},
}
FORMED = {
    "link token": str(CONTROL.link(0)),
    "control token": str(CONTROL),
    "sender token": "S" + str(CONTROL)[2:34],
    "webhook secret": "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
    "path": "/m/nothing",
    "reader_key": str(uuid.uuid4()),
    "user agent": "Mozilla/5.0",
    "address": "203.0.113.77",
}
PLANTED = FORMED | {
    "text that was sent": LEARNT["text"],
    "passphrase that was sent": LEARNT["passphrase"],
    "recipients that was sent": LEARNT["recipients"][0],
    "reason that was sent": LEARNT["reason"],
    "webhook that was sent": LEARNT["notify"]["webhook"],
}
AT = "2026-08-29T10:40:00.123Z"
LINES = {
    "a value": lambda it: json.dumps({"at": AT, "level": "info", "event": "x", "value": it}),
    "the event": lambda it: json.dumps({"at": AT, "level": "info", "event": f"GET {it}."}),
    "the key": lambda it: json.dumps({"at": AT, "level": "info", "event": "x", it: 1}),
    "a usual field": lambda it: json.dumps(
        {"at": AT, "level": "info", "event": "x", "request_id": it}
    ),
    "an address": lambda it: json.dumps(
        {"at": AT, "level": "info", "event": "x", "url": f"http://x/?q={quote(it)}&y=1"}
    ),
    "for people": lambda it: f"{AT} info     sent value={json.dumps(it)}",
    "for people, in colour": lambda it: f"{AT} \x1b[33mwarning \x1b[0m sent {it}",
    "structlog's own": lambda it: f"2026-08-29 10:40:00 [info     ] sent     value={it}",
}
QUIET = [
    f'{{"at": "{AT}", "level": "info", "event": "server listening", "bind": "http://127.0.0.1:80"}}',
    f'{{"at": "{AT}", "level": "info", "event": "x", "request_id": "0123456789abcdef", "ms": 1.5}}',
    f'{{"at": "{AT}", "level": "error", "event": "x", "where": ["restante.sending:send:101"]}}',
    f"{AT} info     server listening bind=http://127.0.0.1:8000",
    "Restante is ready at http://127.0.0.1:8000",
    f'{{"at": "{AT}", "level": "info", "event": "ready", "url": "http://127.0.0.1:8000"}}',
    "Restante cannot start: it cannot listen on 127.0.0.1:8000: Address already in use.",
]


@pytest.fixture(autouse=True)
def _learnt(monkeypatch):
    """What is planted here must not be looked for in the other tests' logs."""
    monkeypatch.setattr(canaries, "_learnt", {})
    canaries.learn("body that was sent", LEARNT)


@pytest.mark.parametrize("line", LINES.values(), ids=LINES)
@pytest.mark.parametrize(("kind", "value"), PLANTED.items(), ids=PLANTED)
def test_planted_secrets_are_found_and_not_printed(kind, value, line):
    found = list(canaries.scan([line(value)]))

    assert kind in {one.kind for one in found}
    assert canaries.is_log_line(line(value))
    assert not any(value in one.line for one in found if one.kind == kind)


@pytest.mark.parametrize(
    "address",
    [
        "192.0.2.1",
        "192.0.2.1:4711",
        "('192.0.2.1', 4711)",
        "192.0.2.0/24",
        "::ffff:192.0.2.1",
        "[2001:db8::1]:443",
        "2001:db8:77:77:c0ff:ee00:c0ff:ee77",
        "fe80::1%eth0",
        "::1",
    ],
)
def test_an_address_is_found_in_any_form(address):
    assert [kind for kind, _ in canaries.scan([f"peer {address}, gone"])] == ["address"]


@pytest.mark.parametrize("line", QUIET)
def test_words_that_a_log_may_contain_are_no_canaries(line):
    assert list(canaries.scan([line])) == []


@pytest.mark.parametrize(
    "words",
    [
        "end=" + LEARNT["text"][-30:],
        "value=" + repr(LEARNT["passphrase"].encode()),
        "permit_" + PLANTED["sender token"],
        "bind=" + PLANTED["link token"],
        f'"bind": "{PLANTED["link token"]}"',
    ],
    ids=["its end", "bytes", "with a name before", "for our address", "for our address, in JSON"],
)
def test_a_secret_is_found_at_odd_places(words):
    assert list(canaries.scan([f"{AT} info     x {words}"]))


def test_a_text_that_was_cut_is_found():
    assert [kind for kind, _ in canaries.scan([LEARNT["text"][:30]])] == ["text that was sent"]


def test_what_a_test_prints_itself_is_no_log_line():
    said = f'{CONTROL}\n{{"control_token": "{CONTROL}"}}\n[1, 2]\n{{half'
    canaries.check_printed("a test", said)

    with pytest.raises(canaries.Spoken, match="control token"):
        canaries.check_printed("a test", LINES["a value"](str(CONTROL)))


def test_thousands_of_lines_that_are_alike_are_looked_at_once():
    lines = [QUIET[1].replace("1.5", str(n)) for n in range(1000)]

    assert len(set(map(canaries._core, lines))) == 1


def program(tmp_path):
    """Write a program that logs each canary once, and other things."""
    path = tmp_path / "speaker.py"
    line = LINES["a value"]
    path.write_text(f"for line in {[line(it) for it in PLANTED.values()]!r}: print(line)\n")
    return [sys.executable, str(path)]


def test_a_process_whose_log_tells_secrets_fails_its_test(tmp_path):
    running = Running(program(tmp_path), tmp_path / "speaker.log", {})
    with pytest.raises(canaries.Spoken) as spoken, running:
        running.process.wait(30)

    said = str(spoken.value)
    assert [kind for kind in PLANTED if f"  {kind}: " not in said] == []
    assert [value for value in PLANTED.values() if value in said] == []


def test_a_program_run_to_its_end_fails_its_test_too(tmp_path):
    with pytest.raises(canaries.Spoken, match="link token"):
        finished(program(tmp_path))


@pytest.mark.parametrize(
    ("body", "fails"),
    [
        (f"import structlog; structlog.get_logger().info('{CONTROL}')", True),
        (f"print('{CONTROL}')", False),
    ],
    ids=["a line", "words of the test's own"],
)
def test_a_test_in_whose_own_process_a_line_tells_a_secret_fails(tmp_path, body, fails):
    (tmp_path / "test_it.py").write_text(f"def test_it():\n    {body}\n")
    command = ["-m", "pytest", "-p", "tests.conftest", "-c", "/dev/null", str(tmp_path)]
    done = subprocess.run(
        [sys.executable, *command], cwd=ROOT, capture_output=True, text=True, check=False
    )

    assert (done.returncode != 0) is fails, done.stdout
    assert ("test_it tells what no log may tell" in done.stdout) is fails
