"""The command when something is wrong: lines, files, configuration, services."""

import json
import re
import stat
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from tests.client.conftest import LINE, TEXT
from tests.support.api import Api
from tests.support.bad_line import BadLine, Fate
from tests.support.command import Shell, link_of, sent
from tests.support.operators import admission_of
from tests.support.processes import Service, free_port

LOST = [Fate.DROP_REPLY] * 12
HASTY = {"RESTANTE_CLIENT_PATIENCE": "1"}
"""For lines from which no answer ever comes."""


@pytest.fixture
def far(shell, line):
    """A machine behind the bad line."""
    return Shell(shell.folder, line.url)


def over(line, service, link):
    return link.replace(service.url, line.url)


@pytest.mark.parametrize("fate", [Fate.DROP_REPLY, Fate.DOUBLE, Fate.LATE_COPY, Fate.TRUNCATE,
                                  Fate.NOT_OURS, Fate.PORTAL])  # fmt: skip
def test_on_a_bad_line_one_message_is_sent_and_one_view_is_spent(
    far, line, service, messages, fate
):
    before = messages()
    line.fates(fate, Fate.PASS, fate)
    link = over(line, service, far.run("send", stdin=LINE).out)
    line.fates(Fate.PASS, fate, Fate.PASS, fate)
    read = far.run("read", stdin=link)
    line.settle()
    control = far.run("status", "last", "--json")

    assert read.out == LINE
    assert messages() == before + 1
    assert json.loads(control.out)["links"][0]["reveals"] == 1


def test_a_send_without_an_answer_goes_on_at_the_second_start(far, line, messages):
    before = messages()
    line.fates(*LOST)
    lost = far.run("send", stdin=LINE, **HASTY)
    line.fates()
    again = far.run("send", stdin=LINE)
    another = far.run("send", stdin=LINE)

    assert (lost.status, again.status, another.status) == (69, 0, 0)
    assert "may have happened" in lost.err
    assert "did not finish" in again.err
    assert again.out != another.out
    assert messages() == before + 2


def test_a_read_without_an_answer_goes_on_at_the_second_start(far, line, service, client):
    sending = client.send(TEXT, views=2)
    link = over(line, service, sending.links[0].url)
    line.fates(Fate.PASS, *LOST)
    lost = far.run("read", stdin=link, **HASTY)
    line.fates()
    again = far.run("read", stdin=link)

    assert (lost.status, lost.out, again.status, again.out) == (69, "", 0, TEXT)
    assert client.status(sending.control_token).links[0].reveals == 1


def test_a_reader_whose_pipe_breaks_gets_the_text_at_the_second_start(shell, client):
    sending = client.send(TEXT * 10_000)
    with shell.start("read", stdin=sending.links[0].url) as process:
        process.stdout.close()
        told = process.stderr.read().decode()
    again = shell.run("read", stdin=sending.links[0].url)

    assert process.returncode == 73
    assert "again" in told
    assert again.out == TEXT * 10_000
    assert client.status(sending.control_token).links[0].reveals == 1


def test_if_the_key_cannot_be_kept_no_view_is_spent(shell, client):
    sending = client.send(TEXT)
    shell.state.parent.joinpath("file").write_text("")
    shell.env["RESTANTE_CLIENT_STATE"] = str(shell.folder / "file")
    refused = shell.run("read", stdin=sending.links[0].url)
    unsent = shell.run("send", stdin=LINE)

    assert (refused.status, unsent.status) == (73, 73)
    assert client.status(sending.control_token).links[0].state == "sealed"


def test_statuses_tell_scripts_what_is_wrong(shell, client):
    link = client.send(TEXT, hold=600).links[0].url
    gone = client.send(TEXT)
    client.recall(gone.control_token, reason="a wrong address")
    recalled = shell.run("read", stdin=gone.links[0].url)
    nowhere = f"http://127.0.0.1:{free_port()}"

    assert shell.run("read", stdin=link).status == 75
    assert (recalled.status, "a wrong address" in recalled.err) == (66, True)
    assert shell.run("read", stdin="no link").status == 65
    assert shell.run("status", "abcd").status == 66
    assert shell.run("status", "nonsense").status == 64
    assert shell.run("status").status == 64
    assert shell.run().status == 64
    assert shell.run("extend", "last", "soon").status == 64
    assert shell.run("send", "--views", "0", stdin=LINE).status == 65
    assert shell.run("--server", "letters", "send", stdin=LINE).status == 78
    assert Shell(shell.folder).run("send", stdin=LINE).status == 78
    assert shell.run("send", stdin=b"\xff").status == 65
    assert "history" not in shell.run("--server", nowhere, "send", stdin=LINE, **HASTY).err


def test_a_service_that_is_away_is_69(shell):
    nowhere = f"http://127.0.0.1:{free_port()}"
    done = shell.run("--server", nowhere, "--patience", "0", "send", stdin=LINE)

    assert done.status == 69
    assert "Nothing happened" in done.err


def test_a_wrong_configuration_is_named(shell):
    path = shell.folder / "client.toml"
    came = []
    for written, mode in (("server = ", 0o600), ('sever = "x"', 0o600), ('token = "S"', 0o644)):
        path.write_text(written)
        path.chmod(mode)
        came.append(shell.run("list"))

    assert [done.status for done in came] == [78] * 3
    assert [re.search("TOML|sever|chmod 600", done.err)[0] for done in came] == [
        "TOML", "sever", "chmod 600",
    ]  # fmt: skip


def test_a_service_below_a_path_that_asks_for_a_token(tmp_path):
    """On another machine; server and token come from the configuration."""
    port = free_port()
    env = {"RESTANTE_SENDERS": "tokens", "RESTANTE_BIND": f"127.0.0.1:{port}"}
    with BadLine(port, below="/letters") as proxy:
        url = f"{proxy.url}/letters"
        with Service(tmp_path, RESTANTE_PUBLIC_URL=url, **env) as service:
            with admission_of(service) as admission:
                token = str(admission.make("Ana"))
            shell = Shell(tmp_path)
            config = tmp_path / "client.toml"
            config.write_text(f'server = "{url}/"\n')
            refused = shell.run("send", stdin=LINE)
            (tmp_path / "token").write_text(f"{token}\n")
            config.write_text(f'server = "{url}/"\ntoken_file = "{tmp_path / "token"}"\n')
            done = shell.run("send", stdin=LINE)
            read = Shell(tmp_path / "data").run("read", stdin=done.out)
            by_variable = shell.run("send", stdin=LINE, RESTANTE_CLIENT_TOKEN=token)
            by_pipe = shell.run("--token-file", "-", "send", "token", stdin=token)

    assert (refused.status, "--token-file" in refused.err) == (77, True)
    assert done.out.startswith(f"{url}/m/L")
    assert read.out == LINE
    assert (by_variable.status, by_pipe.status) == (0, 0)


def test_the_list_is_sealed_under_a_key_of_the_systems_keyring(shell):
    """The keyring is another program's; here a module stands in for it."""
    (shell.folder / "keyring").mkdir()
    (shell.folder / "keyring/__init__.py").write_text(
        "import pathlib\n"
        "def at(*names): return pathlib.Path(__file__).parent / '-'.join(names)\n"
        "def get_password(*names): return at(*names).read_text() if at(*names).exists() else None\n"
        "def set_password(*names): at(*names[:2]).write_text(names[2])\n"
    )
    (shell.folder / "keyring/errors.py").write_text("class KeyringError(Exception): pass\n")
    earlier = sent(shell, "--subject", "The first")
    shell.env["PYTHONPATH"] += f":{shell.folder}"
    shell.env["RESTANTE_CLIENT_KEYRING"] = "on"
    answer = sent(shell, "--subject", "The safe")
    kept = (shell.state / "sent.json").read_text()
    listed = json.loads(shell.run("list", "--json").out)
    shell.env["RESTANTE_CLIENT_KEYRING"] = "off"
    without = shell.run("list")
    unsent = shell.run("send", stdin=LINE)

    assert set(json.loads(kept)) == {"sealed"}
    assert answer["control_token"] not in kept
    assert [one["id"] for one in listed] == [answer["id"], earlier["id"]]
    assert (without.status, unsent.status) == (78, 78)
    assert "keyring" in without.err


def test_files_of_the_command_hold_no_text_and_no_link(shell, line, service):
    far = Shell(shell.folder, line.url)
    line.fates(*LOST)
    far.run("send", "-r", "Ana", stdin=LINE, **HASTY)
    link = link_of(sent(shell))
    line.fates(Fate.PASS, *LOST)
    far.run("read", stdin=over(line, service, link), **HASTY)
    begun = (shell.state / "begun.json").read_text()
    modes = {stat.S_IMODE(path.stat().st_mode) for path in shell.state.iterdir()}

    assert json.loads(begun)["sends"]
    assert json.loads(begun)["reads"]
    assert TEXT not in begun
    assert link.rpartition("/")[2] not in begun
    assert modes == {0o600}
    assert Api(service.url).preview(link.rpartition("/")[2]).status == 410


class Hostile(BaseHTTPRequestHandler):
    """A service that is not Restante, behind a link that somebody was given."""

    def do_GET(self):
        body = json.dumps({"code": "gone", "state": "recalled", "reason": "\x1b]0;mine\x07\x9b2J"})
        self.send_response(410)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body.encode())

    def log_message(self, *_):
        pass


def test_a_hostile_service_cannot_drive_the_terminal(shell):
    with HTTPServer(("127.0.0.1", 0), Hostile) as server:
        serving = threading.Thread(target=server.serve_forever)
        serving.start()
        link = f"http://127.0.0.1:{server.server_port}/m/L{'A' * 34}"
        shown = shell.at_terminal("read", answers=[("Link", link)])
        server.shutdown()
        serving.join()

    assert shown.status == 66
    assert "recalled this message" in shown.out
    assert not re.search("[\x1b\x07\x9b]", shown.out)
