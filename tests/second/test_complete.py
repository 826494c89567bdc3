"""docs/specs/ says all that is in a store: what the product writes is compared with the pages."""

import re

import pytest

from restante.channels import CHANNELS
from restante.crypto import envelope
from restante.store import keys
from tests.second import dump, forms, reader
from tests.support.processes import ROOT

SPEC = (ROOT / "docs/specs/store.md").read_text("utf-8")
ENVELOPE = (ROOT / "docs/specs/envelope.md").read_text("utf-8")
API = (ROOT / "docs/api.md").read_text("utf-8")
DUMPS = sorted(dump.DUMPS.glob("*.jsonl"))
ELSEWHERE = {"fence"}
"""Keys that one store without replicas never has."""


def table(heading, page=SPEC):
    """Return the first column of the table below a heading, name by name."""
    section = page.partition(f"\n## {heading}\n")[2].partition("\n## ")[0]
    rows = re.findall(r"^\| ([^|]+) \|", section, re.MULTILINE)
    return {name for row in rows for name in re.findall(r"`([^`]+)`", row)}


def kinds_of(found):
    """Return what kinds of keys there are, as the code names them."""
    return {re.match(rb"\{\w+\}:([a-z-]+)", key)[1].decode() for key in found}


KINDS = {name.partition(":")[2].partition(":")[0] for name in table("Keys") if name[0] == "{"}


def test_the_specification_lists_exactly_the_stored_keys_and_fields(lived):
    _, _, client = lived
    found = dump.read(client)

    def fields(kind):
        hashes = [value for key, value in found.items() if b":%b:" % kind in key]
        return {forms.field_of(name) for one in hashes for name in one}

    assert kinds_of(found) == KINDS - ELSEWHERE
    assert fields(b"link") == table("Link") == set(forms.LINK)
    assert fields(b"message") == table("Message") == set(forms.MESSAGE)
    assert set(forms.KEYS) == KINDS
    types = dict(re.findall(r"^\| `\{\w+\}:([a-z-]+)[^`]*` \| (\w+) \|", SPEC, re.MULTILINE))
    assert {kind: types[kind] for kind in kinds_of(found)} == {
        re.match(rb"\{\w+\}:([a-z-]+)", key)[1].decode(): client.type(key).decode() for key in found
    }


def test_every_value_has_the_form_of_the_specification(lived):
    _, _, client = lived
    found = dump.read(client)

    assert [
        fault
        for key, value in found.items()
        for fault in forms.faults(key, value, ends=client.pexpiretime(key) >= 0)
    ] == []


@pytest.mark.parametrize("path", DUMPS, ids=lambda path: path.stem)
def test_every_value_of_an_earlier_version_has_the_form_of_the_specification(path):
    found = list(dump.records(path.read_text("ascii")))

    assert found
    assert [
        fault for key, value, goes in found for fault in forms.faults(key, value, ends=goes >= 0)
    ] == []


def lua():
    """Return the source of every script."""
    folder = ROOT / "restante/store/scripts"
    return "\n".join(path.read_text("utf-8") for path in sorted(folder.rglob("*.lua")))


def test_no_script_writes_a_key_or_field_that_the_specification_lacks():
    """Whether or not a test lets it happen."""
    written = re.findall(r'call\("(?:HSET|HSETNX|HINCRBY)",([^)]*)', lua())
    names = {name for one in written for name in re.findall(r'"(:?[a-z_]+)"', one)} - {"sealed"}
    channels = {re.sub("^(webhook|email)", "", name) for name in table("Message")}
    made = set(re.findall(r'key_of\([^,]+, "([a-z-]+)"', lua()))
    made |= set(re.findall(r'tag \.\. ":([a-z-]+)"', lua()))

    assert {"state", "sent_at", "refused", ":cursor"} <= names
    assert names - channels <= table("Message") | table("Link") | table("Consents") | {
        "messages",
        "bytes",
        *forms.UPLOAD,
    }
    assert {"message", "events", "due", "dead"} <= made
    assert made - {"outbox-"} <= KINDS


def test_the_docs_list_exactly_the_events_and_their_data(lived):
    _, lives, client = lived
    its = reader.Copy(dump.read(client), lives.root_keys, lives.now)
    section = API.partition("\n**Events.**")[2].partition("\n**Looks**")[0]
    rows = re.findall(r"^\| `([a-z._]+)` \| [^|]+ \| ([^|]*) \|$", section, re.MULTILINE)
    named = {
        type_: set() if data.startswith("(nothing)") else set(re.findall("`([a-z_]+)`", data))
        for type_, data in rows
    }
    told = {}
    for control in lives.controls.values():
        for event in its.message(control)["events"]:
            reason = {"reason"} & set(event["evidence"])
            told.setdefault(event["type"], set()).update(event["facts"], reason)

    assert told == named
    assert set(re.findall(r'"((?:link|message)\.[a-z_]+)"', lua())) - set(named) == {
        "link.fetched", "link.reread",
    }  # fmt: skip


def test_every_box_opens_by_the_specification_and_holds_what_it_says(lived):
    """The root key alone opens them, and the page names each field."""
    _, lives, client = lived
    store = dump.read(client)
    its = reader.Copy(store, lives.root_keys, lives.now)
    section = ENVELOPE.partition("## Box")[2].partition("\n## ")[0]
    named = {
        purpose: set(re.findall("(?<!: )(?<!as )`([a-z_]+)`", fields))
        for purpose, fields in re.findall(
            r"^\| `([a-z-]+)` \| [^|]+ \| ([^|]+) \|$", section, re.MULTILINE
        )
    }
    boxes = list(its.boxes())
    held = {}
    for purpose, facts in boxes:
        held.setdefault(purpose, set()).update(facts)
    headers = [b"\x01" + root_id for root_id in its.ring]
    sealed_things = sum(
        leaf.count(header)
        for key, value in store.items()
        if not re.match(rb"\{\w+\}:(content|key|files):", key)
        for leaf in leaves(value)
        for header in headers
    )

    assert held == named
    assert len(boxes) == sealed_things > 30


def leaves(value):
    """Return all that is kept in one key."""
    if isinstance(value, dict):
        return [one for one in value.values() if isinstance(one, bytes)]
    return list(value) if isinstance(value, list | set) else [value]


def test_the_tags_are_those_of_the_specification():
    [row] = re.findall(r"^\| tag \| (.*) \|$", SPEC, re.MULTILINE)

    assert tuple(re.findall(r"`(\w+)`", row)) == keys.TAGS == tuple(reader.TAGS)


def test_every_purpose_of_a_box_is_in_the_specification():
    facts = (ROOT / "restante/crypto/sealed_fields.py").read_text("utf-8")
    section = ENVELOPE.partition("## Box")[2].partition("\n## ")[0]
    named = set(re.findall(r"^\| `([a-z-]+)` \|", section, re.MULTILINE))
    makers = {path.name for path, code in sources() if re.search(r"\bBox\(", code)}

    written = set(re.findall(r'"([a-z-]+)", (?:message|link|token|record)_id\)', facts))
    assert "channel, message_id" in facts  # a target's purpose is its channel's
    assert written | {channel.purpose for channel in CHANNELS.values()} == named
    assert makers == {"sealed_fields.py"}


def sources():
    """Return every module of the product with its text."""
    folders = ("restante", "webapp", "worker")
    paths = [path for folder in folders for path in (ROOT / folder).glob("**/*.py")]
    return [(path, path.read_text("utf-8")) for path in paths]


def test_the_specification_lists_exactly_the_labels_of_keys_and_ids():
    specs = "".join(path.read_text("utf-8") for path in (ROOT / "docs/specs").glob("*.md"))
    label = r'"(restante/v1/[a-z/-]+)"'
    used = {one for _, code in sources() for one in re.findall(label, code)}

    begins = {(one, other) for one in used for other in used - {one} if other.startswith(one)}

    assert "restante/v1/link" in used
    assert begins == {
        # link.md says why these three are well.
        ("restante/v1/sender", "restante/v1/sender-token-id"),
        ("restante/v1/sender", "restante/v1/sender-id"),
        ("restante/v1/sender", "restante/v1/sender-key"),
        ("restante/v1/link", "restante/v1/link-id"),  # the info of HKDF and a hash's beginning
        ("restante/v1/link", "restante/v1/link-key"),  # of another HKDF
    }
    assert used == set(re.findall(label, specs))
    assert envelope.FORMAT == b"\x01"
