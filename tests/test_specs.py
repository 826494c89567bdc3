"""docs/specs/ is enough to read a store, says all that is in one, and old stores are still read."""

import ast
import json
import re
import sys
from pathlib import Path

import pytest
import redis

from restante import envelope, wiring
from restante.errors import Gone
from restante.messages import Page
from restante.store import keys
from restante.store.connection import Connection
from restante.tokens import ControlToken, SenderToken
from tests.processes import ROOT
from tests.second import dump, reader
from tests.second.lives import ANA, PASSPHRASE, SENDER, TEXT, Clock, Lives, house_at, live
from tests.second.lives import reader as nonce

SPEC = (ROOT / "docs/specs/store.md").read_text("utf-8")
ENVELOPE = (ROOT / "docs/specs/envelope.md").read_text("utf-8")
DUMPS = sorted(dump.DUMPS.glob("*.jsonl"))
OPEN = {
    "under an older root key": ["sealed"],
    "plain": ["sealed"],
    "held": ["held"],
    "several": ["read", "sealed", "sealed"],
    "spent, within its lease": ["spent"],
    "guessed once": ["sealed"],
    "replaced": ["spent", "sealed"],
    "failed once": ["read"],
    "told by webhook": ["read"],
    "mailed a code": ["sealed", "sealed"],
}
ENDED = {"expired": ["expired"], "spent and done": ["spent"], "locked": ["locked"],
         "recalled": ["recalled"]}  # fmt: skip
PASSPHRASES = {"under an older root key": PASSPHRASE, "guessed once": PASSPHRASE}
ELSEWHERE = {"fence"}
"""Keys that one store without replicas never has."""


@pytest.fixture(scope="module")
def lived(tmp_path_factory):
    """A store of this version, in which all has just happened."""
    from restante.embedded import EmbeddedStore  # noqa: PLC0415

    store = EmbeddedStore(tmp_path_factory.mktemp("lived"), 64 * 1024 * 1024, "disk")
    store.start()
    connection = Connection(wiring.connect(store.url))
    lives = live(connection)
    with redis.Redis.from_url(store.url) as client:
        yield connection, lives, client
    for pool in connection.pools:
        pool.disconnect()
    store.stop()


@pytest.fixture(params=["live", *(path.stem for path in DUMPS)])
def copy(request, lived, own_store):
    """A copy as the second implementation reads it: of this version, and of each before."""
    if request.param == "live":
        _, lives, client = lived
    else:
        client = redis.Redis.from_url(own_store(durability="memory").url)
        written = (dump.DUMPS / f"{request.param}.jsonl").read_text("ascii")
        lives = Lives(**dump.load(client, written))
    its = reader.Copy(dump.read(client), lives.root_keys, lives.now)
    return its, lives


def test_the_second_implementation_imports_nothing_of_the_first():
    tree = ast.parse(Path(reader.__file__).read_text("utf-8"))
    names = {
        (node.module if isinstance(node, ast.ImportFrom) else alias.name).partition(".")[0]
        for node in ast.walk(tree)
        if isinstance(node, ast.Import | ast.ImportFrom)
        for alias in node.names
    }

    assert names - set(sys.stdlib_module_names) == {"cryptography"}


def test_an_implementation_of_the_specifications_opens_what_waits(copy):
    its, lives = copy
    for name, states in OPEN.items():
        links = its.message(lives.controls[name])["links"]
        texts = [its.open(link["token"], PASSPHRASES.get(name)) for link in links]

        assert [link["state"] for link in links] == states, name
        first = "the first text" if name == "replaced" else TEXT
        assert texts == [first, *[TEXT] * (len(links) - 1)], name


def test_it_opens_nothing_that_ended_and_nothing_with_another_passphrase(copy):
    its, lives = copy
    for name, states in ENDED.items():
        links = its.message(lives.controls[name])["links"]

        assert [link["state"] for link in links] == states, name
        for link in links:
            with pytest.raises(LookupError):
                its.open(link["token"], PASSPHRASE)
    for name in PASSPHRASES:
        [link] = its.message(lives.controls[name])["links"]
        for wrong in ("wrong", "", None):
            with pytest.raises(reader.Rejected):
                its.open(link["token"], wrong)


def test_it_reads_what_a_sender_is_told(copy):
    its, lives = copy
    several = its.message(lives.controls["several"])
    recalled = its.message(lives.controls["recalled"])
    hooked = its.message(lives.controls["told by webhook"])
    coded = its.message(lives.controls["mailed a code"])
    token = ControlToken.parse(lives.controls["told by webhook"])

    assert (several["from"], several["subject"], several["always_asks"]) == ("Marta", "Keys", True)
    assert [link["recipient"] for link in several["links"]] == ["Ana", "Bob", "Zoë"]
    assert [link["disputes"] for link in several["links"]] == [1, 0, 0]
    assert [link["declines"] for link in several["links"]] == [0, 1, 0]
    assert [event["type"] for event in several["events"]] == [
        "message.sent", "link.revealed", "link.acknowledged", "link.prolonged", "link.confirmed",
        "link.disputed", "link.declined", "message.extended",
    ]  # fmt: skip
    assert several["events"][1]["evidence"] == ANA.as_dict()
    assert several["events"][-1]["evidence"] == SENDER.as_dict()
    assert {look["type"] for look in several["looks"]} == {"link.reread", "link.fetched"}
    assert recalled["links"][0]["outcome"] == "recalled_unread"
    assert recalled["links"][0]["reason"] == "wrong Ana"
    assert recalled["events"][-1]["evidence"] == SENDER.as_dict() | {"reason": "wrong Ana"}
    assert hooked["webhook"] == {"url": "https://hooks.example/x", "secret": token.webhook_secret}
    ana, bob = coded["links"]
    assert (ana["address"], bob["address"]) == ("ana@example.com", "bob@example.com")
    assert re.fullmatch(r"\d{6}", ana["code"])
    assert ana["tries"] == 2
    assert its.holder(lives.sender_token) == "front desk"


@pytest.mark.parametrize("path", DUMPS, ids=lambda path: path.stem)
def test_a_store_of_an_earlier_version_is_read_opened_and_recalled(own_store, path):
    store = own_store()
    connection = Connection(wiring.connect(store.url))
    with redis.Redis.from_url(store.url) as client:
        lives = Lives(**dump.load(client, path.read_text("ascii")))
        second = reader.Copy(dump.read(client), lives.root_keys, lives.now)
    house = house_at(connection, lives.root_keys, Clock(lives.now))
    for name, states in (OPEN | ENDED).items():
        control = ControlToken.parse(lives.controls[name])
        status = house.sending.status(control, Page(after=0))
        told = second.message(lives.controls[name])

        assert [str(link.state) for link in status.links] == states, name
        assert [event.type for event in status.events] == [e["type"] for e in told["events"]]
        assert [dict(event.evidence) for event in status.events] == [
            {k: v for k, v in event["evidence"].items() if k != "reason"}
            for event in told["events"]
        ]
        assert status.subject == told["subject"]
        assert (status.webhook or None) == told["webhook"].get("url")

    plain = ControlToken.parse(lives.controls["plain"])
    assert house.reading.reveal(plain.link(0), nonce(1), None, visitor="browser").text == TEXT
    guessed = ControlToken.parse(lives.controls["guessed once"])
    opened = house.reading.reveal(guessed.link(0), nonce(1), PASSPHRASE, visitor="browser")
    assert opened.text == TEXT
    coded = ControlToken.parse(lives.controls["mailed a code"])
    code = second.message(str(coded))["links"][0]["code"]
    opened = house.reading.reveal(coded.link(0), nonce(1), None, code=code, visitor="browser")
    assert opened.text == TEXT
    several = ControlToken.parse(lives.controls["several"])
    again = house.reading.reveal(several.link(0), nonce(1), None, visitor="browser")
    assert (again.text, again.views_left) == (TEXT, 2)
    verdicts = house.sending.recall(several)
    assert [str(one.outcome) for one in verdicts] == [
        "recalled_after_read", "recalled_unread", "recalled_unread",
    ]  # fmt: skip
    with pytest.raises(Gone):
        house.reading.reveal(several.link(1), nonce(5), None, visitor="browser")
    repeated = house.sending.recall(ControlToken.parse(lives.controls["recalled"]))
    assert [str(one.outcome) for one in repeated] == ["recalled_unread"]
    assert house.admission.holder(SenderToken.parse(lives.sender_token)) == "front desk"
    for pool in connection.pools:
        pool.disconnect()


def table(heading):
    """Return the first column of the table below a heading, name by name."""
    section = SPEC.partition(f"\n## {heading}\n")[2].partition("\n## ")[0]
    rows = re.findall(r"^\| ([^|]+) \|", section, re.MULTILINE)
    return {name for row in rows for name in re.findall(r"`([^`]+)`", row)}


def kinds_of(found):
    """Return what kinds of keys there are, as the code names them."""
    return {re.match(rb"\{\w+\}:([a-z-]+)", key)[1].decode() for key in found if key[:1] == b"{"}


def test_every_key_and_field_is_in_the_specification_and_none_besides(lived):
    _, _, client = lived
    found = dump.read(client)
    kinds = {name.partition(":")[2].partition(":")[0] for name in table("Keys") if ":" in name}

    def fields(kind):
        hashes = [value for key, value in found.items() if b":%b:" % kind in key]
        return {name.decode() for one in hashes for name in one}

    assert kinds_of(found) == kinds - ELSEWHERE
    assert fields(b"link") == table("Link")
    assert fields(b"message") == table("Message")
    types = dict(re.findall(r"^\| `\{\w+\}:([a-z-]+)[^`]*` \| (\w+) \|", SPEC, re.MULTILINE))
    assert {kind: types[kind] for kind in kinds_of(found)} == {
        re.match(rb"\{\w+\}:([a-z-]+)", key)[1].decode(): client.type(key).decode() for key in found
    }


def test_the_tags_are_those_of_the_specification():
    [row] = re.findall(r"^\| tag \| (.*) \|$", SPEC, re.MULTILINE)

    assert tuple(re.findall(r"`(\w+)`", row)) == keys.TAGS


def test_every_purpose_of_a_box_is_in_the_specification():
    facts = (ROOT / "restante/facts.py").read_text("utf-8")
    section = ENVELOPE.partition("## Box")[2].partition("\n## ")[0]
    named = set(re.findall(r"^\| `([a-z-]+)` \|", section, re.MULTILINE))

    assert set(re.findall(r'"([a-z-]+)", (?:message|link|token|record)_id\)', facts)) == named


@pytest.mark.parametrize(
    "label",
    sorted(
        {
            label
            for path in (ROOT / "restante").glob("**/*.py")
            for label in re.findall(r'"(restante/v1/[a-z-]+)', path.read_text("utf-8"))
        }
    ),
)
def test_every_label_that_a_key_or_id_is_made_with_is_in_the_specification(label):
    specs = "".join(path.read_text("utf-8") for path in (ROOT / "docs/specs").glob("*.md"))

    assert label in specs
    assert envelope.FORMAT == b"\x01"


def test_the_dumps_hold_nothing_but_what_was_made_up():
    for path in DUMPS:
        first = json.loads(path.read_text("ascii").partition("\n")[0])
        assert set(first["controls"]) == set(OPEN | ENDED)
