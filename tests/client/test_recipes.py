"""The recipes run as they are; mail is a program that writes down what it gets."""

import json
import re
import subprocess
import sys

import pytest
import yaml

from tests.support.command import Shell, link_of, sent
from tests.support.processes import ROOT

PAGE = (ROOT / "docs/recipes.md").read_text("utf-8")


def blocks(kind):
    return re.findall(rf"^```{kind}\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)


SHELL, POWERSHELL = blocks("sh"), blocks("powershell")
GITHUB, GITLAB, ANSIBLE = map(yaml.safe_load, blocks("yaml"))
CRON = [one for one in SHELL if "Key of the week" in one]


@pytest.fixture
def machine(service, tmp_path):
    """A machine with `restante` and `mail` on it."""
    shell = Shell(tmp_path, service.url)
    tools = tmp_path / "tools"
    tools.mkdir()
    command = f'#!/bin/sh\nexec {sys.executable} -m restante_client.command.main "$@"\n'
    for name, script in (("restante", command), ("mail", f"#!/bin/sh\ncat >>{tmp_path}/mailed\n")):
        (tools / name).write_text(script)
        (tools / name).chmod(0o755)
    shell.env["PATH"] = f"{tools}:{shell.env['PATH']}"
    (tmp_path / "key.txt").write_text("the key of the week\n")
    return shell


def run(machine, script, **env):
    done = subprocess.run(["bash", "-euo", "pipefail", "-c", script], cwd=machine.folder,
                          env=machine.env | env, capture_output=True, text=True, check=False,
                          timeout=60)  # fmt: skip
    assert done.returncode == 0, (script, done.stdout, done.stderr)
    return done.stdout


def test_every_recipe_for_a_shell_runs(machine, program):
    program("curl")
    printed = "".join(run(machine, script) for script in SHELL)
    files = {path.name: path.read_text() for path in machine.folder.glob("*.txt")}

    assert len(SHELL) == 9
    assert "Ana" in printed
    assert files["secret.txt"] == "correct horse battery staple"
    assert "recalled unread" in files["verdict.txt"]
    assert "Nobody opened the key" in (machine.folder / "mailed").read_text()
    assert "/m/L" in (machine.folder / "answer.json").read_text()
    assert "/m/" not in printed


def test_the_recall_of_the_recipe_tells_if_somebody_was_faster(machine):
    answer = sent(machine)
    machine.run("read", stdin=link_of(answer))
    (machine.folder / "id.txt").write_text(answer["id"])
    [script] = [one for one in SHELL if "recall" in one]
    run(machine, script)

    assert not (machine.folder / "mailed").exists()


def jobs():
    """Yield what each job runs, and the variables that it runs with."""
    (job,) = GITHUB["jobs"].values()
    (step,) = [one for one in job["steps"] if "env" in one]
    yield step["run"], job["env"] | step["env"]
    job = GITLAB["send-password"]
    (script,) = job["script"]
    yield script, job["variables"]


@pytest.mark.parametrize(("script", "names"), list(jobs()), ids=["GitHub Actions", "GitLab CI"])
def test_the_scripts_of_the_jobs_run_and_print_no_link_but_to_mask_it(machine, script, names):
    printed = run(machine, script, PASSWORD="correct horse battery staple")
    link = (machine.folder / "link.txt").read_text()
    shown = re.sub(r"^::add-mask::.*$", "", printed, flags=re.MULTILINE)

    assert machine.run("read", stdin=link).out == "correct horse battery staple"
    assert "/m/" not in shown
    assert names["RESTANTE_CLIENT_SERVER"] == "https://letters.example"


def test_the_jobs_install_what_they_run_and_keep_the_link_from_others():
    (job,) = GITHUB["jobs"].values()
    installs = [one["run"] for one in job["steps"] if "pip install" in one.get("run", "")]
    gitlab = GITLAB["send-password"]

    assert len(installs) == 1
    assert installs == gitlab["before_script"]
    assert GITHUB[True] == "workflow_dispatch"  # `on` is true in YAML
    assert gitlab["artifacts"] == {
        "paths": ["link.txt"], "expire_in": "1 hour", "access": "developer",
    }  # fmt: skip


def test_the_tasks_of_ansible_send_and_find_the_link(machine):
    """What its modules would run and read, without Ansible, which the locks lack."""
    send, mail = ANSIBLE
    command = send["ansible.builtin.command"]
    words = [word.replace("{{ owner }}", "Ana") for word in command["argv"]]
    done = machine.run(*words[1:], stdin="correct horse")
    way = re.search(
        r"\(sent.stdout \| from_json\)\.(\S+) \}\}", mail["community.general.mail"]["body"]
    )
    link = json.loads(done.out)["links"][0]["url"]

    assert (words[0], done.status, way[1]) == ("restante", 0, "links[0].url")
    assert (command["stdin"], command["stdin_add_newline"]) == ("{{ password }}", False)
    assert send["no_log"] is mail["no_log"] is True
    assert machine.run("read", stdin=link).out == "correct horse"


def test_cron_runs_the_scripts_with_next_to_nothing_around_them(machine):
    """With cron's own shell, and only the variables of the crontab."""
    [crontab] = blocks("crontab")
    given = dict(line.split("=", 1) for line in crontab.splitlines() if re.match(r"[A-Z_]+=", line))
    lines = [line for line in crontab.splitlines() if re.match(r"\d", line)]
    jobs = [re.fullmatch(r"(?:\S+ +){5}cd ~/keys && (.*)", line)[1] for line in lines]
    keys = machine.folder / "keys"
    keys.mkdir()
    (keys / "key.txt").write_text("the key of the week\n")
    for name, script in zip(("send-key.sh", "recall-key.sh"), CRON, strict=True):
        (keys / name).write_text(script)
    env = given | {
        "HOME": str(machine.folder), "LOGNAME": "ana", "SHELL": "/bin/sh",
        "PATH": given["PATH"].replace("/opt/restante/bin", str(machine.folder / "tools")),
        "RESTANTE_CLIENT_SERVER": machine.env["RESTANTE_CLIENT_SERVER"],
        "PYTHONPATH": machine.env["PYTHONPATH"],
    }  # fmt: skip
    for job in jobs:
        done = subprocess.run(["/bin/sh", "-c", job], cwd=keys, env=env, capture_output=True,
                              text=True, check=False, timeout=60)  # fmt: skip
        assert done.returncode == 0, done
        assert done.stdout == ""

    assert "recalled unread" in (keys / "verdict.txt").read_text()
    assert "Nobody opened the key" in (machine.folder / "mailed").read_text()


def test_a_text_goes_to_powershell_as_a_file():
    """It adds a line break to what it pipes, and changes the encoding."""
    assert len(POWERSHELL) == 2
    for script in POWERSHELL:
        assert not re.search(r"\| *restante", script)
        assert "Get-Content" not in script
