"""Rules and pauses in the command, what it shows while it waits, and if it knows the whole API."""

import json
import re
import subprocess
import sys
import time

from restante.event_types import EVENTS
from restante_client import Client, file_verbs, verbs
from restante_client.command.events import _sentences
from tests.client.conftest import CONTEXT, LINE, TEXT
from tests.support import described
from tests.support.bad_line import Fate
from tests.support.command import Shell, link_of, sent
from tests.support.pretender import Pretender, example_of, reply

DEADLINE = 20
IMPATIENT = """
from restante_client.command import main, progress
progress.MOST_SECONDS = 0.5
main.main(["read"])
"""


def test_rules_are_set_shown_and_removed(shell):
    sent(shell, "--recall-unread", "2h")
    shown = shell.run("rules", "last")
    both = shell.run("rules", "last", "--tell-unread", "1h")
    status = shell.run("status", "last")
    off = shell.run("rules", "last", "--tell-unread", "off", "--recall-unread", "0")
    now = json.loads(shell.run("status", "last", "--json").out)
    wrong = shell.run("rules", "last", "--tell-unread", "now")

    assert re.fullmatch(r"recalls at \S+ \S+ the links that nobody has opened\n", shown.out)
    assert both.out.count("\n") == 2
    assert both.out in status.out
    assert (off.out, wrong.status) == ("no rules\n", 64)
    assert now["rules"] == {"tell_unread_at": None, "recall_unread_at": None}


def test_a_pause_shows_in_the_status_and_a_recall_ends_it(shell):
    answer = sent(shell, "-r", "Ana")
    shell.run("pause", "last")
    paused = shell.run("status", "last")
    early = shell.run("read", stdin=link_of(answer))
    recalled = shell.run("recall", "last")
    gone = shell.run("read", stdin=link_of(answer))

    assert re.search(r"^paused at \d{4}-", paused.out, re.MULTILINE)
    assert (early.status, recalled.status, gone.status) == (75, 0, 66)


def test_what_a_rule_did_shows_in_status_and_recall(shell):
    """The service's clock goes on for hours until then, so its answers are examples."""
    _, status = example_of("/message", "get")
    status["links"][0] |= {"state": "recalled", "unread_at": "2026-11-24T17:00:00.000Z"}
    _, verdicts = example_of("/message/recall", "post")
    verdicts["verdicts"][0] |= {"outcome": "recalled_unread", "reveals": 0, "by": "rule"}
    with Pretender(lambda first: reply(200, verdicts if "recall" in first else status)) as server:
        control = f"{server.url}/s/C{'A' * 34}"
        shown = shell.run("status", "-", stdin=control).out
        recalled = shell.run("recall", "-", stdin=control).out

    assert "recalled (unread at 2026-11-24 17:00)" in shown
    assert "recalled unread, by a rule" in recalled


def test_a_person_sees_that_the_command_waits_and_a_script_does_not(shell, line, service):
    """Behind the line, an answer is lost and the next one is late."""
    far = Shell(shell.folder, line.url)
    (shell.folder / "note").write_text(TEXT)
    line.fates(Fate.DROP_REPLY, Fate.DROP_REPLY, Fate.DROP_REPLY)
    shown = far.at_terminal("send", "note", answers=[])
    line.fates(Fate.DROP_REPLY, Fate.DROP_REPLY, Fate.DROP_REPLY)
    dumb = far.at_terminal("send", "note", answers=[], TERM="dumb")
    line.fates(Fate.DROP_REPLY, Fate.DROP_REPLY, Fate.DROP_REPLY)
    piped = far.run("send", "note")

    assert "No answer yet, asking again (1 s)" in shown.out
    assert shown.out.rpartition(" s)")[2].startswith("\r\x1b[K")
    assert shown.status == dumb.status == piped.status == 0
    assert "asking" not in dumb.out + piped.out + piped.err
    assert "\r" not in piped.out + piped.err


def test_who_watches_sees_that_it_goes_on(shell, api):
    answer = sent(shell)
    process = shell.start("watch", "last", "--json")
    first = process.stdout.readline()
    api.recall(answer["control_token"])
    began = time.monotonic()
    rest, told = process.stdout.read().decode(), process.stderr.read().decode()
    process.stdout.close()
    process.stderr.close()

    assert json.loads(first)["type"] == "message.sent"
    assert json.loads(rest)["type"] == "link.recalled"
    assert (process.wait(), told) == (0, "")
    assert time.monotonic() - began < DEADLINE


def test_an_answer_that_never_ends_ends_the_command(shell):
    """Head after head, each within the time for one step; the library alone would read on."""

    def answer(_):
        yield b"HTTP/1.1 200 OK\r\n"
        while True:
            yield b"X: 1\r\n"
            time.sleep(0.05)

    with Pretender(answer) as server:
        link = f"{server.url}/m/L{'A' * 34}"
        command = [sys.executable, "-c", IMPATIENT]
        done = subprocess.run(command, input=link, env=shell.env, capture_output=True, text=True,
                              check=False, timeout=DEADLINE)  # fmt: skip

    assert done.returncode == 69
    assert "No answer from the service" in done.stderr


def test_the_command_has_a_sentence_for_each_event():
    assert EVENTS.keys() == _sentences().keys()


def test_the_library_has_a_verb_for_each_operation():
    """What the API gains, the client must gain."""
    asked = {
        (verb.method.lower(), verb.path.removeprefix(verbs.API))
        for verb in (
            verbs.send("t", {}, token=None, key=None), verbs.status("C"), verbs.extend("C", 60),
            verbs.recall("C", None, None), verbs.replace("C", "t", None), verbs.pause("C"),
            verbs.resume("C"), verbs.forget("C"), verbs.preview("L"), verbs.request_code("L"),
            verbs.reveal("L", "key", None, None), verbs.acknowledge("L", "key", keep=False),
            verbs.set_mails("C", {}), verbs.set_webhook("C", None, None), verbs.send_test("C"),
            verbs.take_out("C", 1, 1),
            file_verbs.start_upload(1, token=None, key=None, beside=None),
            file_verbs.upload_progress("U"), file_verbs.cancel_upload("U"),
            file_verbs.append("U", 0, 1, is_last=True),
        )
    }  # fmt: skip
    described_ones = {
        (method, path) for path, methods in described.made()["paths"].items() for method in methods
    }
    fetch = file_verbs.fetch(file_verbs.Ticket(7, "L", "key", "t"), 0, None).path

    assert fetch == f"{verbs.API}/link/files/7"
    assert described_ones - asked == {("get", "/link/files/{number}")}
    assert asked <= described_ones


def test_mails_about_a_message_are_switched_off(service):
    with Client(service.url, verify=CONTEXT) as client:
        control = client.send(LINE).control_token
        client.set_mails(control, None)
        events = [event.type for event in client.status(control).events]

    assert events[0] == "message.sent"
