"""`check`: finds what is not as promised, all of it at once, and changes nothing."""

import os
import re
import shutil
from contextlib import contextmanager
from dataclasses import replace
from importlib.resources import files
from pathlib import Path

import pytest
import redis

from restante import wiring
from restante.commands import checks
from restante.commands.check_push import of_push
from restante.commands.check_smtp import of_relay
from restante.commands.checks import Grade
from restante.crypto.keyring import Keyring, new_key
from restante.email_address import mailbox
from restante.messages import Draft
from restante.service.embedded_store import EmbeddedStore
from restante.settings import Settings
from restante.settings.parsers import Relay
from restante.store import told_browsers
from restante.store.connection import Connection
from restante.store.diagnostics import CALLED, Inspected
from restante.subscriptions import Subscription
from tests.commands.test_commands import folder_of, run
from tests.support import certificates
from tests.support.mailserver import MailServer
from tests.support.processes import Service, free_port
from tests.support.receiver import Receiver

GOOD = Inspected(
    product="Redis 7.0.15",
    version=(7, 0),
    is_primary=True,
    ahead_seconds=0.1,
    forbidden=(),
    configurable=True,
    rewritable=True,
    memory=10,
    memory_most=100,
    replicas=1,
    replicas_known=1,
)


def check(env):
    """Return the status and the lines, by how each begins."""
    done = run(env, "check")
    assert done.stderr == ""
    lines = [line.split(None, 1) for line in done.stdout.splitlines()]
    assert {grade for grade, _ in lines} <= set(Grade)
    assert len(lines) == len({words for _, words in lines})
    return done.returncode, {g: [w for grade, w in lines if grade == g] for g in Grade}


def telling(lines, words):
    return [line for line in lines if words in line]


@pytest.fixture
def elsewhere(own_store, tmp_path):
    """A store that is not embedded, and the settings for it."""
    store = own_store()
    keys = tmp_path / "ring"
    keys.touch(0o600)
    keys.write_text(new_key())
    return {"RESTANTE_REDIS_URL": store.url, "RESTANTE_ROOT_KEYS_FILE": str(keys)}


@contextmanager
def client_of(env):
    with redis.Redis.from_url(env["RESTANTE_REDIS_URL"], legacy_responses=False) as client:
        yield client


def test_before_the_first_start_there_is_no_problem_and_nothing_is_made(tmp_path):
    status, told = check({"RESTANTE_DATA_DIR": str(tmp_path / "data")})

    assert status == 0
    assert told["problem"] == []
    assert list(tmp_path.iterdir()) == []


def test_a_running_service_is_as_promised(tmp_path):
    with Service(tmp_path) as service:
        status, told = check({"RESTANTE_DATA_DIR": str(service.data_dir)})

    assert (status, told["problem"]) == (0, [])
    assert telling(told["ok"], "Valkey 9")
    assert telling(told["ok"], "scripts may run")
    assert telling(told["ok"], "BGREWRITEAOF is permitted")
    assert telling(told["ok"], "% full")


def test_a_service_that_does_not_run_can_be_checked_too(tmp_path):
    env = folder_of(tmp_path / "data")
    before = {path.name for path in (tmp_path / "data").rglob("*")}
    status, told = check(env)

    assert (status, told["problem"]) == (0, [])
    assert telling(told["ok"], "Valkey 9")
    assert {path.name for path in (tmp_path / "data").rglob("*")} == before


def test_nothing_in_the_store_is_changed(elsewhere):
    with client_of(elsewhere) as client:
        client.set("a", "b")
        before = client.info("persistence"), client.dbsize(), client.config_get("*")
        status, told = check(elsewhere)
        after = client.info("persistence"), client.dbsize(), client.config_get("*")

    assert (status, told["problem"]) == (0, [])
    sizes = [kept["aof_current_size"] for kept, _, _ in (before, after)]
    assert sizes[0] == sizes[1]
    assert before[1:] == after[1:]


def test_every_problem_of_the_settings_is_told_at_once():
    status, told = check({"RESTANTE_LEASE": "0", "RESTANTE_BINDD": "x"})

    assert status == os.EX_CONFIG
    assert len(told["problem"]) == 2
    assert telling(told["warning"], "the store was not checked")


def test_a_problem_of_the_settings_hides_none_of_the_store(elsewhere):
    os.chmod(elsewhere["RESTANTE_ROOT_KEYS_FILE"], 0o644)  # noqa: PTH101
    with client_of(elsewhere) as client:
        client.config_set("maxmemory-policy", "allkeys-lru")
    status, told = check(elsewhere)

    assert status == os.EX_CONFIG
    assert telling(told["problem"], "RESTANTE_ROOT_KEYS_FILE: others can read")
    assert telling(told["problem"], "must be noeviction")


def test_a_store_that_is_not_as_promised_is_a_problem(elsewhere):
    with client_of(elsewhere) as client:
        client.config_set("appendfsync", "everysec")
        client.config_set("maxmemory-policy", "allkeys-lru")
    status, told = check(elsewhere)

    assert status == os.EX_UNAVAILABLE
    assert len(told["problem"]) == 2


def test_a_store_that_is_away_is_a_problem():
    status, told = check(
        {
            "RESTANTE_REDIS_URL": f"redis://:hunter2@127.0.0.1:{free_port()}",
            "RESTANTE_ROOT_KEYS": new_key(),
        }
    )

    assert status == os.EX_UNAVAILABLE
    assert told["problem"] == ["the store does not answer"]


def test_a_replica_is_a_problem(elsewhere):
    with client_of(elsewhere) as client:
        client.execute_command("REPLICAOF", "127.0.0.1", str(free_port()))
    status, told = check(elsewhere)

    assert status == os.EX_UNAVAILABLE
    assert telling(told["problem"], "replica")


def test_what_the_store_forbids_is_told(elsewhere):
    with client_of(elsewhere) as client:
        client.execute_command(
            "ACL", "SETUSER", "narrow", "on", ">hunter2", "~*", "+@all",
            "-config", "-bgrewriteaof", "-eval",
        )  # fmt: skip
    path = elsewhere["RESTANTE_REDIS_URL"].removeprefix("unix://")
    env = elsewhere | {"RESTANTE_REDIS_URL": f"unix://narrow@{path}?password=hunter2"}
    status, told = check(env)

    assert status == os.EX_UNAVAILABLE
    assert told["problem"] == ["scripts may not run: EVAL and EVALSHA must be permitted"]
    assert telling(told["warning"], "CONFIG GET is forbidden")
    assert telling(told["warning"], "BGREWRITEAOF is forbidden")
    wrong = check(env | {"RESTANTE_REDIS_URL": f"unix://narrow@{path}?password=wrong"})
    assert wrong[0] == os.EX_UNAVAILABLE
    assert telling(wrong[1]["problem"], "refuses the name or the password")


def test_where_tokens_are_asked_for_and_nobody_has_one_it_is_told(elsewhere):
    env = elsewhere | {"RESTANTE_SENDERS": "tokens"}
    _, before = check(env)
    run(env, "senders", "add", "Ana")
    _, after = check(env)

    assert telling(before["warning"], "there are none yet")
    assert not telling(after["warning"], "there are none yet")
    assert telling(after["ok"], "1 sender token can be used")


def test_a_store_nearly_full_is_a_warning(elsewhere):
    with client_of(elsewhere) as client:
        for number in range(200):
            client.set(f"ballast:{number}", "x" * 100_000)
        client.config_set("maxmemory", str(int(client.info("memory")["used_memory"] * 1.05)))
    status, told = check(elsewhere)

    assert status == 0
    assert telling(told["warning"], "% full")


def test_a_data_folder_that_anybody_can_rename_is_told(tmp_path):
    parent = tmp_path / "shared"
    (parent / "data").mkdir(mode=0o700, parents=True)
    (parent / "data" / "lock").touch(0o600)
    words = "anybody can rename the data folder"
    parent.chmod(0o777)
    _, told = check({"RESTANTE_DATA_DIR": str(parent / "data")})
    parent.chmod(0o1777)
    _, sticky = check({"RESTANTE_DATA_DIR": str(parent / "data")})

    assert telling(told["warning"], words) == [f"{words}: chmod o-w {parent}"]
    assert not telling(sticky["warning"], words)


def test_a_store_whose_files_were_lost_is_a_problem(tmp_path):
    data_dir = tmp_path / "data"
    data_dir.mkdir(mode=0o700)
    store = EmbeddedStore(data_dir, 2**26, "disk")
    store.start()
    root_keys = data_dir / "root.keys"
    root_keys.touch(0o600)
    root_keys.write_text(new_key())
    store.stop()
    shutil.rmtree(data_dir / "appendonlydir")
    status, told = check({"RESTANTE_DATA_DIR": str(data_dir)})

    assert status == os.EX_UNAVAILABLE
    assert telling(told["problem"], "manifest is missing")


def test_a_data_folder_that_others_can_look_into_is_a_problem(tmp_path):
    env = folder_of(tmp_path / "data")
    (tmp_path / "data").chmod(0o750)
    (tmp_path / "data" / "root.keys").chmod(0o604)
    status, told = check(env | {"RESTANTE_DURABILITY": "disk"})

    assert status == os.EX_CONFIG
    assert telling(told["problem"], "other users can read")
    assert telling(told["problem"], "root.keys: others can read")


def test_a_lost_root_key_is_a_problem(tmp_path):
    env = folder_of(tmp_path / "data")
    (tmp_path / "data" / "root.keys").unlink()
    status, told = check(env)

    assert status == os.EX_CONFIG
    assert telling(told["problem"], "root.keys is missing")


@pytest.mark.parametrize(
    ("change", "grade", "words"),
    [
        ({"version": (6, 2)}, "problem", "too old"),
        ({"is_primary": False}, "problem", "replica"),
        ({"ahead_seconds": 3.0}, "warning", "3 seconds ahead of"),
        ({"ahead_seconds": -90.0}, "warning", "90 seconds behind"),
        ({"ahead_seconds": None}, "problem", "scripts may not run"),
        ({"rewritable": None}, "warning", "does not tell"),
        ({"memory": 81}, "warning", "81% full"),
        ({"memory_most": 0}, "warning", "maxmemory is not set"),
        ({"snapshots": 2}, "warning", "wrote 2 snapshots"),
        ({"replicas": 0}, "problem", "0 of 1 replicas"),
        ({"replicas": 0, "replicas_known": 0}, "problem", "has no replica"),
    ],
)
def test_a_store_is_judged(change, grade, words):
    judged = list(checks.of_primary(replace(GOOD, **change), "replicas:all"))

    assert {f.grade for f in checks.of_primary(GOOD, "replicas:all")} == {Grade.OK}
    assert [f.words for f in judged if words in f.words and f.grade == grade]


@pytest.mark.parametrize(
    ("env", "words"),
    [
        ({"PUBLIC_URL": "http://letters.example"}, "RESTANTE_PUBLIC_URL is not https"),
        ({"PUBLIC_URL": "https://letters.example"}, "RESTANTE_TRUSTED_PROXIES is 0"),
        ({"PUBLIC_URL": "https://letters.example"}, "RESTANTE_SENDERS is anyone"),
        (
            {"PUBLIC_URL": "https://letters.example", "RATE_LIMITS": "off"},
            "RESTANTE_RATE_LIMITS is off",
        ),
        ({"ROOT_KEYS": new_key()}, "RESTANTE_ROOT_KEYS stands in the environment"),
    ],
)
def test_settings_are_judged(env, words, tmp_path):
    settings = Settings.from_env({f"RESTANTE_{name}": value for name, value in env.items()})
    settings = replace(settings, data_dir=tmp_path)
    judged = list(checks.of_settings(settings, {}))

    assert [f for f in judged if words in f.words and f.grade == Grade.WARNING]
    assert Grade.PROBLEM not in {f.grade for f in judged}
    defaults = checks.of_settings(replace(Settings(), data_dir=tmp_path), {})
    assert {f.grade for f in defaults} == {Grade.OK}


@pytest.mark.parametrize(
    ("rules", "named"),
    [
        (("+@all", "-hset", "~*"), "HSET"),
        (("+@all", "~limits*"), "ZREM"),
    ],
    ids=["a command", "all our keys"],
)
def test_a_login_whose_scripts_may_run_and_do_nothing_is_a_problem(elsewhere, rules, named):
    with client_of(elsewhere) as client:
        client.execute_command("ACL", "SETUSER", "few", "reset", "on", ">p", *rules)
        address = elsewhere["RESTANTE_REDIS_URL"].replace("unix://", "unix://few:p@")
        status, told = check(elsewhere | {"RESTANTE_REDIS_URL": address})

    assert status == 69
    assert telling(telling(told["problem"], "not call"), named)
    assert telling(told["ok"], "clock")


def test_every_command_that_a_script_calls_is_looked_for():
    scripts = Path(str(files("restante.store") / "scripts"))
    called = {
        name
        for script in (*scripts.glob("*.lua"), *scripts.glob("lib/*.lua"))
        for name in re.findall(r'call\("([A-Z]+)"', script.read_text("utf-8"))
    }

    assert called - {"TIME"} == set(CALLED)


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"RESTANTE_DURABILITY": "memory"}, "a restart loses"),
        ({"RESTANTE_METRICS_BIND": "0.0.0.0:9000"}, "sees the metrics"),
        ({"RESTANTE_METRICS_BIND": "[::]:9000"}, "sees the metrics"),
        (
            {"RESTANTE_SENDERS": "::/0", "RESTANTE_PUBLIC_URL": "https://letters.example"},
            "anyone may send",
        ),
    ],
)
def test_what_is_allowed_and_to_be_known_is_told(tmp_path, settings, words):
    status, told = check({"RESTANTE_DATA_DIR": str(tmp_path / "data"), **settings})

    assert (status, told["problem"]) == (0, [])
    assert len(telling(told["warning"], words)) == 1


def test_the_mail_server_is_asked_and_what_it_lacks_is_told():
    own = Settings(mail_from=mailbox("letters@example.net"))
    with MailServer() as mail:
        there = of_relay(replace(own, smtp_url=Relay("127.0.0.1", mail.port, "none")))
        strict = of_relay(replace(own, smtp_url=Relay("127.0.0.1", mail.port, "needed")))
        said = len(mail.mails)
    away = of_relay(replace(own, smtp_url=Relay("127.0.0.1", free_port(), "none")))

    assert there == checks.warning("mail goes to the mail server unencrypted")
    assert strict == checks.problem(
        "the mail server lacks STARTTLS or logins: no mail will be sent"
    )
    assert away == checks.problem("the mail server does not answer: no mail will be sent")
    assert said == 0
    assert of_relay(Settings()) is None


def test_a_mail_server_that_refuses_our_address_is_a_problem():
    with MailServer() as mail:
        mail.senders_refused = True
        own = Settings(
            smtp_url=Relay("127.0.0.1", mail.port, "none"), mail_from=mailbox("a@example.net")
        )
        found = of_relay(own)

    assert found == checks.problem(
        "the mail server refuses mail from RESTANTE_MAIL_FROM (550): no mail will be sent"
    )


def test_the_push_services_are_reached_and_those_that_do_not_answer_are_named(
    tmp_path, monkeypatch
):
    context, pem = certificates.localhost(tmp_path)
    its = Settings(public_url="https://letters.example")
    with Receiver() as plain, Receiver().under(context) as there:
        services = [("localhost", there.port), ("127.0.0.1", plain.port), ("n.invalid", 443)]
        unproven = of_push(its, services[:1])
        monkeypatch.setenv("SSL_CERT_FILE", str(pem))
        answers = of_push(its, services[:1])
        some = of_push(its, services)
        posts = len(there.posts) + len(plain.posts)

    assert answers == checks.ok("the push services of browsers answer")
    assert unproven.words.startswith("no answer from localhost: ")
    assert some.grade == Grade.WARNING
    assert some.words.startswith("no answer from 127.0.0.1, n.invalid: ")
    assert posts == 0
    assert of_push(replace(its, push=False), services) is None
    assert of_push(Settings(), services) is None


@pytest.mark.parametrize("option", ["sentinel=x", "db=many", "socket_timeot=1"])
def test_an_option_of_the_address_that_is_not_known_is_named(elsewhere, option):
    url = elsewhere["RESTANTE_REDIS_URL"]
    done = run({**elsewhere, "RESTANTE_REDIS_URL": f"{url}?{option}"}, "check")

    assert done.returncode == 78
    assert "Sentinel is not supported" in done.stdout
    assert "problem " in done.stdout
    # It never says that the settings are right, nor in another way that they are not.
    assert "the settings can be read" not in done.stdout
    assert done.stderr == ""


def test_a_root_key_that_browsers_need_is_missed_before_it_goes(own_store, ring):
    """The check runs with the new settings, before the service does."""
    old, new = ring.newest, bytes(range(100, 132))
    connection = Connection(wiring.connect(own_store(durability="memory").url))
    house = wiring.assemble(Settings(), Keyring([old]), connection)
    endpoint, key = "https://push.example/send/one", house.vapid_keys.newest
    browser = Subscription(endpoint, key, "A" * 22, house.keyring.newest_id)
    for _ in range(2):
        house.sending.send(Draft("x", push=browser))
    house.sending.send(Draft("x"))

    def said(*roots):
        keyring = Keyring(list(roots))
        needed = told_browsers.root_ids(connection, keyring)
        return [(one.grade, one.words) for one in checks.of_browsers(needed, keyring.ids)]

    both, [(grade, lost)], only_old = said(new, old), said(new), said(old)
    for pool in connection.pools:
        pool.disconnect()

    assert both == [(Grade.OK, "2 of 2 browsers that are told need an older root key: keep it")]
    assert grade is Grade.WARNING
    assert "2 of 2 browsers are told nothing any more" in lost
    assert only_old == [(Grade.OK, "2 browsers are told, under the newest root key")]
    assert list(checks.of_browsers({}, ())) == []


def test_a_store_that_forbids_scan_is_told_so(elsewhere):
    with client_of(elsewhere) as client:
        client.execute_command("ACL", "SETUSER", "default", "-scan")
        _, told = check(elsewhere)
        client.execute_command("ACL", "SETUSER", "default", "+scan")

    assert telling(told["warning"], "SCAN is forbidden")
