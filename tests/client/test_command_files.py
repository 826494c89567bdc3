"""Files in the command: sent, saved, gone on with, and what is refused."""

import json
import os
import re
import signal
import threading
import time

import pytest

from restante_client.command.sizes import clock_of, size_of
from tests.client.conftest import LINE, TEXT
from tests.support.bad_line import Fate
from tests.support.command import Shell, link_of, sent
from tests.support.cut_line import CutLine
from tests.support.pretender import Pretender, example_of, reply

MIB = 1024 * 1024
DEADLINE = 20
UPLOAD_TOKEN = re.compile(r"\bU[A-Za-z0-9_-]{34}\b")


@pytest.fixture
def plan(shell):
    """A file to send."""
    path = shell.folder / "plan.pdf"
    path.write_bytes(os.urandom(200_000))
    return path


def state_of(shell):
    return "".join(path.read_text() for path in shell.state.glob("*.json"))


def names_in(folder):
    return sorted(path.name for path in folder.iterdir())


def port_of(service):
    return int(service.url.rpartition(":")[2])


def test_files_are_sent_saved_and_seen_to_be_fetched(shell, plan):
    (shell.folder / "note").write_bytes(b"")
    answer = sent(shell, "-r", "Ana", "-r", "Ben", "--file", str(plan), "--file", "note")
    done = shell.run("read", "--files", "mine", stdin=link_of(answer))
    saved = shell.folder / "mine"
    status = shell.run("status", "last", "--events").out

    assert (done.status, done.out) == (0, LINE)
    assert f"Saved mine/plan.pdf ({size_of(200_000)})." in done.err
    assert names_in(saved) == ["note", "plan.pdf"]
    assert (saved / "plan.pdf").read_bytes() == plan.read_bytes()
    assert {path.stat().st_mode & 0o777 for path in saved.iterdir()} == {0o600}
    assert saved.stat().st_mode & 0o777 == 0o700
    assert "files of Ana: plan.pdf fetched whole; note fetched whole\n" in status
    assert "Ana  began to fetch file plan.pdf (view 1)\n" in status
    assert "files of Ben" not in status
    assert not UPLOAD_TOKEN.search(state_of(shell))


def test_nothing_is_overwritten_and_a_link_in_the_way_is_not_followed(shell, plan):
    answer = sent(shell, "--views", "2", "--file", str(plan))
    (shell.folder / "other").write_text("other")
    saved = shell.folder / "mine"
    saved.mkdir()
    (saved / "plan.pdf").symlink_to(shell.folder / "other")
    for _ in range(2):
        done = shell.run("read", "--json", "--files", "mine", stdin=link_of(answer))
    its = json.loads(done.out)

    assert names_in(saved) == ["plan (2).pdf", "plan (3).pdf", "plan.pdf"]
    assert (shell.folder / "other").read_text() == "other"
    assert (saved / "plan (3).pdf").read_bytes() == plan.read_bytes()
    assert [its["files"][0][name] for name in ("name", "saved_as")] == [
        "plan.pdf", "mine/plan (3).pdf",
    ]  # fmt: skip
    assert "files_token" not in its


def test_without_files_the_lease_goes_on_for_them(shell, plan, api):
    answer = sent(shell, "--file", str(plan))
    first = shell.run("read", stdin=link_of(answer))
    second = shell.run("read", "--files", "mine", stdin=link_of(answer))
    third = shell.run("read", stdin=link_of(answer))

    assert f"It has files: plan.pdf ({size_of(200_000)})" in first.err
    assert "Run the same command with --files DIR until" in first.err
    assert second.out == first.out == LINE
    assert (shell.folder / "mine/plan.pdf").read_bytes() == plan.read_bytes()
    assert third.status == 66
    assert api.message(answer["control_token"])["links"][0]["reveals"] == 1


def test_a_killed_download_goes_on_where_it_was(shell, plan, service, api):
    """Killed at 12 of 17 MiB: what is surely on disk, 8, does not come again."""
    plan.write_bytes(os.urandom(17 * MIB))
    answer = sent(shell, "--file", str(plan))
    with CutLine(port_of(service), down=[12 * MIB] * 2) as line:
        far = Shell(shell.folder, line.url)
        link = link_of(answer).replace(service.url, line.url)
        process = far.start("read", "--files", "mine", stdin=link)
        line.on_cut = process.kill
        assert process.wait(DEADLINE) == -signal.SIGKILL
        process.stdout.close()
        process.stderr.close()
        parts = names_in(shell.folder / "mine")
        line.passed = 0
        line.on_cut = lambda: None
        done = far.run("read", "--files", "mine", stdin=link)
        passed = line.passed

    assert [name.partition(".pdf.")[0] for name in parts] == ["plan"]
    assert parts[0].endswith("-1.part")
    assert done.status == 0, done
    assert names_in(shell.folder / "mine") == ["plan.pdf"]
    assert (shell.folder / "mine/plan.pdf").read_bytes() == plan.read_bytes()
    assert 9 * MIB <= passed < 10 * MIB
    assert api.message(answer["control_token"])["links"][0]["reveals"] == 1


def test_a_recall_while_files_come_ends_it_and_the_part_has_no_name(shell, plan, service, api):
    plan.write_bytes(os.urandom(12 * MIB))
    answer = sent(shell, "--file", str(plan))
    with CutLine(port_of(service), down=[4 * MIB]) as line:
        line.on_cut = lambda: api.recall(answer["control_token"])
        link = link_of(answer).replace(service.url, line.url)
        done = Shell(shell.folder, line.url).run("read", "--files", "mine", stdin=link)

    assert (done.status, done.out) == (66, LINE)
    assert [name.endswith(".part") for name in names_in(shell.folder / "mine")] == [True]


def test_a_send_that_was_killed_while_it_uploaded_is_one_message(shell, plan, service):
    plan.write_bytes(os.urandom(3 * MIB))
    with CutLine(port_of(service), up=[MIB]) as line:
        far = Shell(shell.folder, line.url)
        process = far.start("send", "--file", str(plan), stdin=TEXT)
        line.on_cut = process.kill
        assert process.wait(DEADLINE) == -signal.SIGKILL
        process.stdout.close()
        process.stderr.close()
        assert not UPLOAD_TOKEN.search(state_of(shell))
        done = far.run("send", "--file", str(plan), stdin=TEXT)
        listed = json.loads(far.run("list", "--json").out)

    assert "An earlier start did not finish" in done.err
    assert len(listed) == 1


def test_a_send_whose_links_were_not_printed_prints_them_the_next_time(shell, plan):
    """The message is in the list then; one that nobody heard of is sent anew."""
    with open("/dev/full", "wb") as full:  # noqa: PTH123 (a device)
        first = shell.run("send", "--file", str(plan), stdin=TEXT, stdout=full.fileno())
    kept = shell.state / "begun.json"
    begun = json.loads(kept.read_text())
    second = shell.run("send", "--json", "--file", str(plan), stdin=TEXT)
    begun["sends"][0].pop("message")
    kept.write_text(json.dumps(begun))
    third = shell.run("send", "--json", "--file", str(plan), stdin=TEXT)
    ids = [one["id"] for one in json.loads(shell.run("list", "--json").out)]

    assert (first.status, second.status, third.status) == (73, 0, 0)
    assert [json.loads(third.out)["id"], json.loads(second.out)["id"]] == ids
    assert json.loads(kept.read_text())["sends"] == []


def test_ctrl_c_deletes_what_came_of_an_upload(shell, plan):
    reached, over = threading.Event(), threading.Event()
    token = f"U{'A' * 34}"

    def answer(first):
        if first.startswith("PATCH"):
            reached.set()
            over.wait(DEADLINE)
        if first.startswith("POST"):
            return reply(201, {"upload_token": token, "offset": 0})
        return reply(204, b"", "Upload-Offset: 0", "Upload-Complete: ?0")

    with Pretender(answer) as server:
        process = Shell(shell.folder, server.url).start("send", "--file", "plan.pdf", stdin=TEXT)
        reached.wait(DEADLINE)
        process.send_signal(signal.SIGINT)
        status, told = process.wait(DEADLINE), process.stderr.read().decode()
        over.set()
        process.stdout.close()
        process.stderr.close()

    assert (status, told.strip()) == (130, "Stopped.")
    assert "DELETE /api/v1/upload HTTP/1.1" in server.asked
    assert not any("/messages" in first for first in server.asked)


@pytest.mark.parametrize(
    ("path", "status", "told"),
    [
        ("-", 64, "cannot come from standard input"),
        (f"https://letters.example/m/L{'A' * 34}", 64, "Others on this machine can see arguments"),
        ("nowhere.pdf", 65, "nowhere.pdf cannot be read."),
        (".", 65, ". is not a file."),
        ("pipe", 65, "pipe is not a file."),
    ],
)
def test_what_cannot_be_a_file_is_refused_before_anything_is_asked(shell, path, status, told):
    os.mkfifo(shell.folder / "pipe")
    done = shell.run("send", "--file", path, stdin=TEXT)

    assert (done.status, done.out) == (status, "")
    assert told in done.err


@pytest.mark.parametrize("code", ["file-too-large", "file-refused"])
def test_a_refusal_names_the_file(shell, plan, code):
    with Pretender(lambda _: reply(422, {"code": code, "detail": "no"})) as server:
        done = Shell(shell.folder, server.url).run("send", "--file", "plan.pdf", stdin=TEXT)

    assert done.status == 65
    assert re.match(r"plan\.pdf: (A file is larger|The service's virus scan)", done.err)


def test_a_person_sees_how_far_a_file_came(shell, plan, line):
    far = Shell(shell.folder, line.url)
    (shell.folder / "note").write_text(TEXT)
    line.fates(Fate.PASS, Fate.PASS, Fate.DELAY)
    shown = far.at_terminal("send", "note", "--file", "plan.pdf", answers=[])
    line.fates(Fate.PASS, Fate.PASS, Fate.DELAY)
    piped = far.run("send", "note", "--file", "plan.pdf")

    assert "Uploading plan.pdf: 100 %, 200 kB of 200 kB, 0:00 left" in shown.out
    assert "Uploading" not in piped.out + piped.err


def test_a_replace_brings_its_own_files(shell, plan):
    answer = sent(shell, "--file", str(plan))
    (shell.folder / "new.txt").write_text("new")
    replaced = shell.run("replace", "last", "new.txt", "--file", "new.txt")
    nobody = shell.run("replace", "last", "new.txt", "--passphrase")
    shell.run("read", "--files", "mine", stdin=link_of(answer))

    assert (replaced.status, nobody.status) == (0, 65)
    assert names_in(shell.folder / "mine") == ["new.txt"]


def test_one_file_is_taken_out_also_while_it_comes(shell, plan, service, client):
    plan.write_bytes(os.urandom(4 * MIB))
    (shell.folder / "note").write_bytes(b"note")
    answer = sent(shell, "-r", "Ana", "-r", "Ben", "--file", str(plan), "--file", "note")
    with CutLine(port_of(service), down=[MIB]) as line:
        line.on_cut = lambda: client.take_out(answer["control_token"], version=1, file=1)
        link = link_of(answer).replace(service.url, line.url)
        done = Shell(shell.folder, line.url).run("read", "--json", "--files", "mine", stdin=link)
    first = shell.run("take-out", "last", "plan.pdf")
    again = shell.run("take-out", "last", "1", "--json")
    unknown = shell.run("take-out", "last", "other.pdf")
    untouched = shell.run("take-out", "last", "note")
    status = shell.run("status", "last").out

    assert (first.status, again.status, unknown.status, untouched.status) == (3, 3, 64, 3)
    # What the line holds counts as sent.
    assert re.search(r"Ana +(a part was sent, perhaps all|all of it was sent)", first.out)
    assert re.search(r"Ben +nothing was sent +0 bytes", first.out)
    assert json.loads(again.out)["name"] == "plan.pdf"
    assert done.status == 66
    assert "The sender took plan.pdf out of the message." in done.err
    assert [one["saved_as"] for one in json.loads(done.out)["files"]] == [None, "mine/note"]
    assert names_in(shell.folder / "mine") == ["note"]
    assert re.search(
        r"files of Ana: plan.pdf \d+ % fetched, taken out; note fetched whole, t", status
    )
    assert "files of Ben: plan.pdf not fetched, taken out; note" in status


def test_a_file_of_one_of_two_versions_is_taken_out(shell, plan, api):
    answer = sent(shell, "-r", "Ana", "-r", "Ben", "--file", str(plan))
    shell.run("read", stdin=link_of(answer))
    (shell.folder / "new.txt").write_text("new")
    shell.run("replace", "last", "new.txt", "--file", str(plan))
    both = shell.run("take-out", "last", "plan.pdf")
    one = shell.run("take-out", "last", "plan.pdf", "--version", "2")
    links = api.message(answer["control_token"])["links"]

    assert (both.status, one.status) == (64, 0)
    assert [bool(link["files"][0]["taken_out_at"]) for link in links] == [False, True]


def hostile(answer, *files):
    """Serve an opened message with these names and sizes, and fetches as *answer* says."""
    link = f"L{'A' * 34}"
    _, preview = example_of("/link", "get")
    _, opened = example_of("/link/reveal", "post")
    opened["files"] = [
        {"number": number, "name": name, "size": size, "type": "text/plain"}
        for number, (name, size) in enumerate(files, 1)
    ]

    def serve(first):
        if "/files/" in first:
            return answer(first)
        if "reveal" in first:
            return reply(200, opened)
        return reply(204, b"") if "POST" in first else reply(200, preview)

    server = Pretender(serve)
    return server, f"{server.url}/m/{link}"


def test_names_of_a_hostile_service_leave_no_folder_and_overwrite_nothing(shell):
    names = ["../../evil", "evil", "EVIL", "/etc/passwd", "a\n\x1b[2Jb", "..", "x" * 300]
    server, link = hostile(lambda _: reply(200, b"data"), *((name, 4) for name in names))
    before = names_in(shell.folder)
    with server:
        done = shell.run("read", "--files", "mine", stdin=link)

    assert done.status == 0, done
    assert names_in(shell.folder / "mine") == sorted(
        ["evil", "evil (2)", "EVIL (3)", "passwd", "a__[2Jb", "file", "x" * 255]
    ) or names_in(shell.folder / "mine") == sorted(
        ["evil", "EVIL (3)", "evil (2)", "passwd", "a__[2Jb", "file", "x" * 255]
    )
    assert set(names_in(shell.folder)) == {*before, "mine", "state"}
    assert "\x1b" not in done.err


@pytest.mark.parametrize(
    ("answer", "size", "status"),
    [
        (lambda _: reply(200, b"data!"), 4, 69),
        (lambda _: reply(200, b"dat"), 4, 69),
        (lambda _: reply(200, b"data"), 10**15, 73),
        (lambda _: reply(410, {"code": "gone", "state": "recalled"}), 4, 66),
    ],
    ids=["longer", "shorter", "larger than the disk", "gone"],
)
def test_what_is_not_the_whole_file_never_has_its_name(shell, answer, size, status):
    server, link = hostile(answer, ("a.txt", size))
    with server:
        done = shell.run("--patience", "1", "read", "--json", "--files", "mine", stdin=link)

    assert done.status == status, done
    assert not (shell.folder / "mine/a.txt").exists()
    assert json.loads(done.out)["files"][0]["saved_as"] is None


def test_a_folder_that_cannot_be_written_costs_no_view(shell, plan, api):
    answer = sent(shell, "--file", str(plan))
    (shell.folder / "taken").write_text("a file")
    for path in ("taken", "no/such"):
        done = shell.run("read", "--files", path, stdin=link_of(answer))

        assert done.status == 73
        assert "Nothing was opened." in done.err
    assert api.message(answer["control_token"])["links"][0]["reveals"] == 0


def test_a_test_of_the_channels_says_what_became_of_it(shell):
    def status(*tests):
        _, its = example_of("/message", "get")
        return its | {"channels": [its["channels"][0] | {"test": one} for one in tests]}

    _, event = example_of("/message/notify/test", "post")
    found = {}
    for tests in (("delivered",), ("delivered", "failed"), ("waiting",)):
        its = status(*tests)
        with Pretender(lambda f, its=its: reply(200, event if "POST" in f else its)) as server:
            control = f"{server.url}/s/C{'A' * 34}"
            done = shell.run("test-event", "-", "--timeout", "0", stdin=control)
            found[tests] = done.status
            assert tests[-1] in done.out
    sent(shell)
    none = shell.run("test-event", "last")

    assert list(found.values()) == [0, 69, 75]
    assert none.status == 65


def test_who_watches_with_a_time_limit_is_told_that_it_is_over(shell):
    sent(shell)
    began = time.monotonic()
    over = shell.run("watch", "last", "--timeout", "1", "--json")
    passed = time.monotonic() - began
    shell.run("recall", "last")
    ended = shell.run("watch", "last", "--timeout", "30s")

    assert (over.status, ended.status) == (75, 0)
    assert json.loads(over.out)["type"] == "message.sent"
    assert 1 <= passed < DEADLINE


@pytest.mark.parametrize(
    ("number", "shown"),
    [(0, "0 bytes"), (999, "999 bytes"), (1_000, "1.0 kB"), (9_999, "9.9 kB"), (10_500, "10 kB"),
     (5_368_709_120, "5.3 GB"), (10**16, "10000 TB")],
)  # fmt: skip
def test_sizes_are_never_more_than_they_are(number, shown):
    assert size_of(number) == shown


def test_times_that_are_left():
    assert [clock_of(one) for one in (0.9, 65, 3_661)] == ["0:00", "1:05", "1:01:01"]
