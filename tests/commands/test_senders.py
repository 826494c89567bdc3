"""`senders …`: tokens are shown once, listed by name, and withdrawn while the service runs."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from restante.crypto.keyring import new_key
from restante.crypto.tokens import SenderToken
from tests.commands.test_commands import folder_of, run
from tests.support.api import Api
from tests.support.processes import ROOT, Service, own_environ

TOKEN = re.compile(r"S[A-Za-z0-9_-]{32}\n")


@pytest.fixture(scope="module")
def service(tmp_path_factory):
    with Service(tmp_path_factory.mktemp("senders"), RESTANTE_SENDERS="tokens") as service:
        yield service


def env_of(service):
    return {
        "RESTANTE_DATA_DIR": str(service.data_dir),
        "RESTANTE_SENDERS": service.env["RESTANTE_SENDERS"],
    }


def status_of_send(service, token):
    return Api(service.url).ask("POST", "/api/v1/messages", {"text": "x"}, token=token).status


def test_a_token_is_printed_once_counts_at_once_and_is_withdrawn_at_once(service):
    env = env_of(service)
    added = run(env, "senders", "add", "Zoë Martínez")
    token = added.stdout.strip()
    before = status_of_send(service, token)
    listed = run(env, "senders", "list")
    withdrawn = run(env, "senders", "withdraw", "Zoë Martínez")
    after = status_of_send(service, token)

    assert TOKEN.fullmatch(added.stdout)
    assert added.stderr.endswith(".\n")
    assert token not in added.stderr
    assert (added.returncode, listed.returncode, withdrawn.returncode) == (0, 0, 0)
    token_id = SenderToken.parse(token).token_id.hex()
    assert re.fullmatch(
        rf"\d{{4}}-\d\d-\d\d \d\d:\d\d UTC  {token_id}  Zoë Martínez\n", listed.stdout
    )
    assert token not in listed.stdout + listed.stderr + withdrawn.stdout + withdrawn.stderr
    assert (before, after) == (201, 403)


def test_it_works_while_no_service_runs(tmp_path):
    env = folder_of(tmp_path / "data")
    added = run(env, "senders", "add", "Ana")
    listed = run(env, "senders", "list").stdout
    token_id = listed.split()[3]
    assert run(env, "senders", "withdraw", token_id).returncode == 0
    empty = run(env, "senders", "list")

    assert TOKEN.fullmatch(added.stdout)
    assert "RESTANTE_SENDERS" in added.stderr
    assert listed.endswith("  Ana\n")
    assert (empty.stdout, empty.returncode) == ("", 0)


@pytest.mark.parametrize(
    ("arguments", "status"),
    [
        (("add", ""), 65),
        (("add", "x" * 61), 65),
        (("add", "ab" * 16), 65),
        (("add", b"\xff\xfe"), 65),
        (("withdraw", "nobody at all"), 65),
        (("add",), 64),
        (("add", "two", "names"), 64),
        (("remove", "Ana"), 64),
    ],
    ids=str,
)
def test_what_cannot_be_done_says_why_and_makes_nothing(service, arguments, status):
    done = run(env_of(service), "senders", *arguments)

    assert done.returncode == status
    assert done.stdout == ""
    assert done.stderr
    assert "x" * 61 not in done.stderr
    assert run(env_of(service), "senders", "list").stdout == ""


needs_full_device = pytest.mark.skipif(
    not Path("/dev/full").exists(), reason="only Linux has a device that is always full"
)


@pytest.mark.parametrize("to", [pytest.param("> /dev/full", marks=needs_full_device), ">&-"])
def test_a_token_that_nobody_saw_is_withdrawn_again(service, to):
    env = env_of(service)
    done = subprocess.run(
        ["sh", "-c", f'exec "{sys.executable}" -m restante senders add Unseen {to}'],
        cwd=ROOT,
        env=own_environ(env),
        stderr=subprocess.PIPE,
        text=True,
        check=False,
    )

    assert done.returncode != 0
    assert "and was revoked" in done.stderr
    assert run(env, "senders", "list").stdout == ""


def test_a_store_that_cannot_confirm_a_token_is_told_of_with_what_to_do(service):
    env = env_of(service) | {
        "RESTANTE_REDIS_URL": "unix:///nowhere",
        "RESTANTE_ROOT_KEYS": new_key(),
    }
    done = run(env, "senders", "add", "Doubtful")

    assert (done.returncode, done.stdout) == (69, "")
    assert "withdraw 'Doubtful', then add it again" in done.stderr


def test_a_name_is_given_once(service):
    env = env_of(service)
    first, second = run(env, "senders", "add", "Ben"), run(env, "senders", "add", "Ben")
    run(env, "senders", "withdraw", "Ben")

    assert first.returncode == 0
    assert (second.returncode, second.stdout) == (65, "")
    assert second.stderr == "name: another token has it\n"
