"""The command when others mean harm: services, links, files, the terminal, and itself twice."""

import json
import os
import re
import stat

import pytest

from tests.client.conftest import LINE, TEXT
from tests.support.command import Shell
from tests.support.pretender import Pretender, example_of, reply

DRIVES = "\x1b]0;mine\x07\x9b2J\rforged\nrestante: all is well\u202e\u2028"
LINK, CONTROL = f"L{'A' * 34}", f"C{'A' * 34}"
NAMES = ("recipient", "from", "subject", "reason")
TERMINAL = {"TERM": "dumb", "NO_COLOR": "1"}


def worse(value):
    """Return an answer whose names could drive a terminal."""
    match value:
        case dict():
            its = {name: worse(one) for name, one in value.items()}
            return its | {name: DRIVES for name in NAMES if name in its}
        case list():
            return [worse(one) for one in value]
    return value


@pytest.fixture(scope="module")
def pretender():
    """It answers as a service would, with names that mean harm."""

    def answer(first):
        method, path, _ = first.split()
        place = path.partition("?")[0].removeprefix("/api/v1")
        status, example = example_of(place, method.lower(), server.url)
        for event in (example or {}).get("events", []):
            event["data"] = dict.fromkeys(event["data"], DRIVES)
        return reply(status, b"" if example is None else worse(example))

    with Pretender(answer) as server:
        yield server


def test_names_of_a_hostile_service_drive_no_terminal_and_forge_no_line(shell, pretender):
    at = Shell(shell.folder, pretender.url, **TERMINAL)
    link = f"{pretender.url}/m/{LINK}"
    (shell.folder / "note").write_text(TEXT)
    shown = [
        at.at_terminal(*words, answers=answers, **TERMINAL).out
        for words, answers in (
            (("send", "note"), []),
            (("list",), []),
            (("status", "last", "--events", "--links"), []),
            (("status", "last", "--json"), []),
            (("watch", "last", "--until-opened"), []),
            (("rules", "last"), []),
            (("replace", "last", "note"), []),
            (("recall", "last"), []),
            (("read",), [("Link", link), ("Open it now?", "y")]),
        )
    ]
    completed = at.run(_RESTANTE_COMPLETE="zsh_complete", COMP_CWORD="2",
                       COMP_WORDS="restante status ").out  # fmt: skip

    assert all(shown)
    for text in (*shown, completed):
        assert not re.search("[\x1b\x07\x9b\u202e\u2028]", text), text
    for text in shown:
        assert not re.search(r"^(forged|restante: all)", text.replace("\r", "\n"), re.MULTILINE), (
            text
        )


def test_a_link_that_could_drive_a_terminal_is_none(shell):
    for link in (f"http://a\x1b]0;x\x07.example/m/{LINK}", f"http://a b/m/{LINK}"):
        done = shell.run("read", stdin=link)
        assert (done.status, "\x1b" in done.err) == (65, False)


def test_facts_that_are_wrong_end_with_a_sentence(shell):
    def answer(_):
        facts = {"code": "held", "detail": "\x1b[2Jearly", "opens_at": "\x1b[2Jsoon"}
        return reply(409, facts)

    with Pretender(answer) as server:
        done = shell.run("read", stdin=f"{server.url}/m/{LINK}")

    assert done.status == 69
    assert "early" in done.err
    assert "Traceback" not in done.err
    assert "\x1b" not in done.err


def test_a_token_that_would_add_a_header_is_refused(shell, messages):
    before = messages()
    (shell.folder / "token").write_bytes(b"S123\r\nX-More: 1\r\n")
    done = shell.run("--token-file", "token", "send", stdin=LINE)

    assert (done.status, "S123" in done.err, messages()) == (78, False, before)


def test_a_file_is_never_written_over_and_no_view_spent_for_it(shell, client):
    sending = client.send(TEXT)
    (shell.folder / "there").write_text("mine")
    (shell.folder / "dangling").symlink_to(shell.folder / "elsewhere")
    (shell.folder / "link").symlink_to(shell.folder / "there")
    paths = ("there", "dangling", "link", ".", "no-folder/new", "/proc/new")
    refused = [shell.run("read", "-o", path, stdin=sending.links[0].url).status for path in paths]

    assert refused == [73] * 6
    assert (shell.folder / "there").read_text() == "mine"
    assert not (shell.folder / "elsewhere").exists()
    assert client.status(sending.control_token).links[0].reveals == 0


@pytest.mark.parametrize("there", [TEXT, "of somebody else"])
def test_a_read_that_was_killed_behind_its_file_ends_well_and_one_of_another_is_left(
    shell, client, there
):
    sending = client.send(TEXT, views=2)
    shell.run("read", "--keep", stdin=sending.links[0].url)
    (shell.folder / "file").write_text(there)
    done = shell.run("read", "-o", "file", stdin=sending.links[0].url)

    assert done.status == (0 if there == TEXT else 73)
    assert (shell.folder / "file").read_text() == there
    assert client.status(sending.control_token).links[0].reveals == 1


def test_the_file_is_of_this_user_alone_whatever_the_umask_is(shell, client):
    before = os.umask(0)
    try:
        shell.run("read", "-o", "new", stdin=client.send(TEXT).links[0].url)
    finally:
        os.umask(before)

    assert stat.S_IMODE((shell.folder / "new").stat().st_mode) == 0o600
    assert [path.name for path in shell.folder.glob(".restante*")] == []


def test_a_folder_into_which_others_can_write_is_not_used(shell, messages):
    before = messages()
    shell.state.mkdir()
    shell.state.chmod(0o777)
    done = shell.run("send", stdin=LINE)
    shell.state.chmod(0o755)
    later = shell.run("send", stdin=LINE)

    assert (done.status, "chmod 700" in done.err) == (73, True)
    assert (later.status, messages()) == (0, before + 1)


def test_what_lies_in_place_of_the_files_is_not_followed(shell):
    """A file that a killed start left, or a link that was put there, is written over."""
    victim = shell.folder / "victim"
    victim.write_text("mine")
    shell.state.mkdir(mode=0o700)
    for name in ("sent.new", "begun.new", "sent.json"):
        (shell.state / name).symlink_to(victim)
    victim.write_text("{}")
    done = shell.run("send", stdin=LINE)
    (shell.state / "begun.lock").unlink()
    (shell.state / "begun.lock").symlink_to(victim)
    locked = shell.run("send", stdin=LINE)

    assert (done.status, locked.status) == (0, 73)
    assert victim.read_text() == "{}"
    assert not (shell.state / "sent.json").is_symlink()
    assert {stat.S_IMODE(path.lstat().st_mode) for path in shell.state.glob("*.json")} == {0o600}


def test_commands_at_the_same_time_lose_nothing_of_the_list(shell, client):
    """Four sends, and two reads of one link: they get the same view."""
    sending = client.send(TEXT, views=5)
    started = [shell.start("send", stdin=f"text {number}") for number in range(4)]
    started += [shell.start("read", stdin=sending.links[0].url) for _ in range(2)]
    printed = []
    for process in started:
        with process:
            printed.append(process.stdout.read().decode())
    links, texts = printed[:4], set(printed[4:]) - {""}
    listed = json.loads(shell.run("list", "--json").out)

    assert len(set(links)) == len(listed) == 4
    assert texts == {TEXT}
    assert client.status(sending.control_token).links[0].reveals <= 2


def test_an_output_that_cannot_be_written_is_said_and_the_same_again_sends_nothing_new(
    shell, messages
):
    before = messages()
    with open("/dev/full", "wb") as full:  # noqa: PTH123 (a device)
        lost = shell.run("send", stdin=LINE, stdout=full.fileno())
        listed = shell.run("list", stdout=full.fileno())
    again = shell.run("send", stdin=LINE)

    assert (lost.status, listed.status, again.status) == (73, 73, 0)
    assert "run the command again" in lost.err
    assert messages() == before + 1


def test_an_editor_does_not_get_the_sender_token(shell):
    editor = shell.folder / "editor"
    editor.write_text('#!/bin/sh\nenv >env\necho text >"$1"\n')
    editor.chmod(0o755)
    shell.at_terminal("send", answers=[], EDITOR=str(editor), RESTANTE_CLIENT_TOKEN="S" + "1" * 32)

    assert "S111" not in (shell.folder / "env").read_text()


def test_a_service_that_speaks_of_more_events_without_end_is_not_asked_without_end(shell):
    _, status = example_of("/message", "get")
    with Pretender(lambda _: reply(200, status | {"events": [], "more_events": True})) as server:
        control = f"{server.url}/s/{CONTROL}"
        shown = shell.run("status", "-", "--events", stdin=control)

    assert shown.status == 0
    assert len(server.asked) == 1
