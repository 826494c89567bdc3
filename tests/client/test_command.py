"""The command `restante`, as people and scripts use it."""

import json
import re
import stat

from restante_client import parse_address
from tests.client.conftest import LINE, TEXT
from tests.support.command import Shell, link_of, sent
from tests.support.processes import command_of


def test_a_text_from_a_pipe_is_sent_and_read_byte_for_byte(shell):
    done = shell.run("send", stdin=LINE)
    read = shell.run("read", stdin=done.out)
    again = shell.run("read", stdin=done.out)

    assert (done.status, read.status, again.status) == (0, 0, 66)
    assert re.fullmatch(r"http://\S+/m/L\S{34}\n", done.out)
    assert read.out == LINE
    assert "can no longer be opened: opened, no views left" in again.err


def test_a_text_from_a_file_goes_to_each_recipient(shell, tmp_path):
    (tmp_path / "notes.txt").write_bytes("no line break, a\ttab, ¡ñ!".encode())
    done = shell.run("send", "notes.txt", "-r", "Ana", "-r", "Ben", "--subject", "Notes")
    lines = done.out.splitlines()
    texts = [shell.run("read", stdin=line.split()[-1]).out for line in lines[1:]]

    assert lines[0].split() == ["recipient", "link"]
    assert [line.split()[0] for line in lines[1:]] == ["Ana", "Ben"]
    assert texts == ["no line break, a\ttab, ¡ñ!"] * 2


def test_a_text_is_written_in_the_persons_editor(shell, tmp_path):
    editor = tmp_path / "editor"
    editor.write_text('#!/bin/sh\nstat -c "%a" "$1" >mode\necho "written in an editor" >"$1"\n')
    editor.chmod(0o755)
    done = shell.at_terminal("send", answers=[], EDITOR=str(editor))
    link = re.search(r"http://\S+/m/\S+", done.out)[0]

    assert (tmp_path / "mode").read_text() == "600\n"
    assert shell.run("read", stdin=link).out == "written in an editor"


def test_an_empty_text_is_not_sent(shell, messages):
    before = messages()
    done = shell.run("send")

    assert (done.status, messages()) == (65, before)
    assert "no text" in done.err


def test_every_option_of_a_send_reaches_the_service(shell):
    words = "-r Ana --expires 2d --views 3 --hold 15m --from Marta --subject S --always-ask"
    rules = "--recall-unread 1d --tell-unread 1h --notify https://hooks.example/x"
    answer = sent(shell, *words.split(), *rules.split())
    now = json.loads(shell.run("status", "last", "--json", "--links").out)

    assert (now["views"], now["from"], now["subject"]) == (3, "Marta", "S")
    assert now["second_step"] == "always"
    assert all(now["rules"].values())
    assert now["notify"] == {"webhook": "https://hooks.example/x"}
    assert now["links"][0]["state"] == "held"
    assert now["links"][0]["url"] == link_of(answer)
    assert now["opens_at"] > now["sent_at"]


def test_the_status_shows_links_only_if_it_is_asked_to(shell):
    answer = sent(shell, "-r", "Ana", "--subject", "The safe")
    shell.run("read", stdin=link_of(answer))
    shown = shell.run("status", answer["id"][:8], "--events")
    with_links = shell.run("status", "last", "--links")
    as_json = shell.run("status", "last", "--json")

    assert "The safe" in shown.out
    assert re.search(r"Ana +opened, no views left +1/1", shown.out)
    assert re.search(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d  Ana  opened \(view 1\)", shown.out)
    assert link_of(answer) in with_links.out
    assert "/m/" not in shown.out + as_json.out


def test_a_recall_says_by_its_exit_status_whether_anyone_read_it(shell):
    unread = sent(shell, "-r", "Ana", "-r", "Ben")
    alone = shell.run("recall", "last", "--link", "Ben", "--reason", "wrong Ben")
    first = shell.run("recall", unread["id"])
    again = shell.run("recall", unread["id"], "--json")
    read = sent(shell, "--views", "2")
    shell.run("read", stdin=link_of(read))
    late = shell.run("recall", "last")

    assert (alone.status, first.status, again.status, late.status) == (0, 0, 0, 3)
    assert re.search(r"Ben +recalled unread +0", alone.out)
    assert re.search(r"Ana +recalled unread +0", first.out)
    assert {v["outcome"] for v in json.loads(again.out)["verdicts"]} == {"recalled_unread"}
    assert "recalled after it was read" in late.out


def test_replace_extend_pause_resume_and_forget(shell):
    answer = sent(shell)
    replaced = shell.run("replace", "last", stdin="behind the Hals")
    extended = shell.run("extend", "last", "2h")
    paused = shell.run("pause", "last")
    early = shell.run("read", stdin=link_of(answer))
    resumed = shell.run("resume", "last")
    text = shell.run("read", stdin=link_of(answer)).out
    forgotten = shell.run("forget", "last")
    listed = shell.run("list", "--json")

    assert [d.status for d in (replaced, extended, paused, early, resumed, forgotten)] == [
        0, 0, 0, 75, 0, 0,
    ]  # fmt: skip
    assert "has the new text" in replaced.out
    assert text == "behind the Hals"
    assert answer["id"] not in listed.out


def test_watch_prints_events_and_ends_with_the_message(shell):
    answer = sent(shell, "-r", "Ana")
    shell.run("read", stdin=link_of(answer))
    watched = shell.run("watch", "last")
    lines = [json.loads(line) for line in shell.run("watch", "last", "--json").out.splitlines()]
    rest = shell.run("watch", "last", "--json", "--after", lines[1]["id"])
    opened = shell.run("watch", "last", "--until-opened")

    assert [line.split("  ", 1)[1] for line in watched.out.splitlines()] == [
        "sent", "Ana  opened (view 1)", "Ana  the text arrived (view 1)",
    ]  # fmt: skip
    assert [event["type"] for event in lines][1:] == ["link.revealed", "link.acknowledged"]
    assert rest.out.count("\n") == 1
    assert opened.out.endswith("opened (view 1)\n")


def test_the_list_is_of_this_user_alone_and_shows_no_token(shell):
    answer = sent(shell, "-r", "Ana", "--subject", "The safe")
    shown = shell.run("list")
    as_json = shell.run("list", "--json")
    files = [path for path in shell.state.iterdir() if path.suffix == ".json"]

    assert re.search(rf"{answer['id'][:8]}  .*The safe +Ana", shown.out)
    assert answer["control_token"] not in shown.out + as_json.out
    assert stat.S_IMODE(shell.state.stat().st_mode) == 0o700
    assert {stat.S_IMODE(path.stat().st_mode) for path in files} == {0o600}


def test_what_the_service_forgot_leaves_the_list(shell, api):
    kept, gone = sent(shell), sent(shell)
    api.forget(gone["control_token"])
    pruned = shell.run("list", "--prune", "--json")

    assert [one["id"] for one in json.loads(pruned.out)] == [kept["id"]]


def test_a_control_url_comes_on_standard_input(shell, tmp_path):
    answer = sent(shell)
    elsewhere = Shell(tmp_path)
    elsewhere.state.rename(tmp_path / "away")
    done = elsewhere.run("recall", "-", stdin=answer["control_url"] + "\n")

    assert done.status == 0
    assert "recalled unread" in done.out


def test_a_link_or_control_url_as_an_argument_is_refused_and_nothing_is_spent(shell, client):
    answer = sent(shell)
    control, token = answer["control_url"], parse_address(link_of(answer)).token
    refused = [
        shell.run(*words)
        for words in (
            ("read", link_of(answer)),
            ("read", token),
            ("status", control),
            ("recall", answer["control_token"]),
        )
    ]

    assert [done.status for done in refused] == [64] * 4
    assert all("history" in done.err for done in refused)
    assert "restante read < FILE" in refused[0].err
    assert client.status(answer["control_token"]).links[0].state == "sealed"


def test_nothing_secret_is_among_the_arguments_of_the_process(shell, line, service):
    """While a request is on its way, others on the machine can look."""
    seen = []
    far = Shell(shell.folder, line.url)
    (shell.folder / "note").write_text(TEXT)
    (shell.folder / "word").write_text("orange boat\n")
    line.on_request = lambda _: seen.append(command_of(process.pid))
    with far.start("send", "note", "--passphrase-file", "word") as process:
        link = process.stdout.read().decode().replace(service.url, line.url)
    with far.start("read", "--passphrase-file", "word", stdin=link) as process:
        read = process.stdout.read().decode()

    assert read == TEXT
    assert len(seen) == 4
    for command in seen:
        assert "restante_client" in command
        assert not re.search(r"/m/|[LC][\w-]{34}|orange|Vermeer", command)


def test_a_person_is_asked_before_a_view_is_spent(shell, client):
    answer = sent(shell, "--from", "Marta")
    no = shell.at_terminal("read", answers=[("Link", link_of(answer)), ("Open it now?", "n")])
    reveals = client.status(answer["control_token"]).links[0].reveals
    yes = shell.at_terminal("read", answers=[("Link", link_of(answer)), ("Open it now?", "y")])

    assert (no.status, reveals, yes.status) == (130, 0, 0)
    assert "A message from Marta (not verified)" in no.out
    assert TEXT not in no.out
    assert TEXT in yes.out
    assert link_of(answer) not in no.out + yes.out


def test_a_passphrase_is_asked_for_at_a_terminal_and_not_shown(shell):
    word = "orange boat of the harbour"
    (shell.folder / "note").write_text(TEXT)
    done = shell.at_terminal("send", "note", "--passphrase",
                             answers=[("Passphrase:", word), ("Once more", word)])  # fmt: skip
    link = re.search(r"http://\S+/m/\S+", done.out)[0]
    read = shell.at_terminal("read", "--yes", answers=[("Link", link), ("Passphrase:", word)])

    assert TEXT in read.out
    assert word not in done.out + read.out


def test_without_a_terminal_a_passphrase_comes_from_a_file_or_not_at_all(shell, tmp_path):
    (tmp_path / "word").write_text("orange boat\n")
    (tmp_path / "wrong").write_text("no boat\n")
    link = link_of(sent(shell, "--passphrase-file", "word"))
    without = shell.run("read", stdin=link)
    wrong = shell.run("read", "--passphrase-file", "wrong", stdin=link)
    right = shell.run("read", "--passphrase-file", "word", stdin=link)

    assert (without.status, wrong.status, right.status) == (65, 65, 0)
    assert "--passphrase-file" in without.err
    assert "Tries left: 9" in wrong.err
    assert right.out == LINE


def test_a_terminal_gets_no_signs_that_could_drive_it(shell):
    text = "before \x1b]0;owned\x07\x1b[2Jafter"
    link = link_of(sent(shell, "--views", "2", text=text))
    shown = shell.at_terminal("read", "--yes", answers=[("Link", link)])
    piped = shell.run("read", stdin=link)

    assert "\x1b" not in shown.out.partition("before")[2]
    assert "before \N{REPLACEMENT CHARACTER}]0;owned" in shown.out
    assert piped.out == text


def test_the_text_goes_into_a_new_file_of_this_user(shell, tmp_path, client):
    answer = sent(shell)
    (tmp_path / "there").write_text("mine")
    refused = shell.run("read", "-o", "there", stdin=link_of(answer))
    reveals = client.status(answer["control_token"]).links[0].reveals
    done = shell.run("read", "-o", "new", stdin=link_of(answer))

    assert (refused.status, reveals, done.status, done.out) == (73, 0, 0, "")
    assert (tmp_path / "new").read_text() == LINE
    assert stat.S_IMODE((tmp_path / "new").stat().st_mode) == 0o600
    assert (tmp_path / "there").read_text() == "mine"


def test_keep_lets_the_lease_go_on_and_the_same_command_shows_it_again(shell, client):
    answer = sent(shell)
    first = shell.run("read", "--keep", stdin=link_of(answer))
    second = shell.run("read", stdin=link_of(answer))
    third = shell.run("read", stdin=link_of(answer))

    assert (first.out, second.out, third.status) == (LINE, LINE, 66)
    assert client.status(answer["control_token"]).links[0].reveals == 1


def test_colours_are_only_for_terminals(shell):
    sent(shell, "-r", "Ana")
    piped = shell.run("status", "last")
    shown = shell.at_terminal("status", "last", answers=[])
    plain = shell.at_terminal("status", "last", answers=[], NO_COLOR="1")

    assert "\x1b[" in shown.out
    assert "\x1b[" not in piped.out + plain.out


def test_links_go_to_the_clipboard_through_standard_input(shell, tmp_path):
    tools = tmp_path / "tools"
    tools.mkdir()
    (tools / "xclip").write_text(f'#!/bin/sh\necho "$@" >{tmp_path}/args\ncat >{tmp_path}/board\n')
    (tools / "xclip").chmod(0o755)
    copied = shell.run("send", "--copy", stdin=LINE, DISPLAY=":9",
                       PATH=f"{tools}:{shell.env['PATH']}")  # fmt: skip
    missing = shell.run("send", "--copy", stdin=LINE, PATH="/nowhere")

    assert copied.out == ""
    assert re.fullmatch(r"http://\S+/m/L\S{34}", (tmp_path / "board").read_text())
    assert (tmp_path / "args").read_text() == "-selection clipboard\n"
    assert "/m/" in missing.out
    assert "no program for the clipboard" in missing.err


def test_without_the_list_the_control_url_is_told(shell):
    done = shell.run("send", "--no-list", stdin=LINE)

    assert re.search(r"Control URL: http://\S+/s/C\S{34}", done.err)
    assert json.loads(shell.run("list", "--json").out) == []
