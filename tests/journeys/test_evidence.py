"""What is recorded of a visit: in boxes only, for the sender alone, and nothing if so wished."""

import re
from ipaddress import ip_address

import pytest
import redis

from restante.crypto.envelope import FORMAT
from restante.crypto.keyring import Keyring
from restante.crypto.sealed_fields import SealedFields
from restante.crypto.tokens import ControlToken, LinkToken
from restante.details import Details
from tests.journeys.test_country import AMERICA, SPAIN, come_from
from tests.support.api import Api, Visitor, form_of
from tests.support.processes import Service, wait_until
from tests.support.receiver import Receiver
from tests.support.tickets import waited

LABELS = ["Label of Ana", "Label of Ben"]
SUBJECT, NAME, REASON = "Subject of it all", "Name of the sender", "Reason of the recall"
READERS = {
    "network": "81.9.128.0/24", "country": "ES", "browser": "Firefox", "system": "Windows",
}  # fmt: skip
SENDERS = READERS | {"network": "2001:4860:4860::/48", "country": "US"}
CODES = [b"ES", b"US"]


class Story:
    """A message sent, looked at, opened, acknowledged and recalled; all that was told of it."""

    def __init__(self, service, receiver):
        api = Api(service.url, headers=come_from(AMERICA))
        notify = {"webhook": receiver.url}
        self.sent = sent = api.send(
            "the safe", recipients=LABELS, subject=SUBJECT, from_=NAME, notify=notify
        )
        self.url = receiver.url
        person = Visitor(service.url, headers=come_from(SPAIN))
        path = f"/m/{sent.link}"
        self.gate = person.get(path)
        form = waited(service, person, sent.link, form_of(self.gate, sent.link))
        opened = person.post(path, form)
        assert "the safe" in opened.text
        person.post(f"{path}/acknowledge", form_of(opened, "acknowledge") | {"keep": "1"})
        api.recall(sent.control, reason=REASON)
        wait_until(lambda: len(receiver.taken) == 4)
        self.told = [post.json["data"]["event"] for post in receiver.taken]
        self.bodies = b"".join(post.body for post in receiver.taken)
        self.message = api.message(sent.control)
        self.message_id = ControlToken.parse(sent.control).message_id
        self.link_ids = [LinkToken.parse(link).link_id for link in sent.links]
        ring = Keyring.parse((service.data_dir / "root.keys").read_text().strip())
        self.facts, self.header = SealedFields(ring), FORMAT + ring.newest_id
        self.kept = kept_in(service)

    def field(self, kind, record_id, name):
        [found] = [
            value for key, where, value in self.kept
            if key.endswith(b"%b:%b" % (kind, record_id)) and where == name
        ]  # fmt: skip
        return found

    def entries(self, kind):
        """Return each entry's type and what its box holds."""
        for key, _, entry in self.kept:
            if not key.endswith(b"%b:%b" % (kind, self.message_id)):
                continue
            head, _, rest = entry.partition(b"\n")
            event = head.split()[1].decode()
            by_link = event.startswith("link.")
            link_id, boxed = (rest[:16], rest[16:]) if by_link else (b"", rest)
            record_id = link_id if by_link and event != "link.recalled" else self.message_id
            yield event, self.facts.open_evidence(record_id, boxed), boxed


def kept_in(service):
    """Return everything in the store as key, place in it, and value."""
    with redis.Redis.from_url(f"unix://{service.data_dir / 'store.sock'}") as store:
        found = []
        for key in store.scan_iter(count=1000):
            match store.type(key):
                case b"string":
                    found.append((key, b"", store.get(key)))
                case b"hash":
                    found += [(key, name, value) for name, value in store.hgetall(key).items()]
                case b"list":
                    found += [(key, b"", value) for value in store.lrange(key, 0, -1)]
                case b"zset":
                    found += [(key, b"", member) for member in store.zrange(key, 0, -1)]
                case other:
                    raise AssertionError(other)
        return found


@pytest.fixture(scope="module", params=["on", "off"])
def evidence(request):
    return request.param


@pytest.fixture(scope="module")
def story(tmp_path_factory, evidence):
    with (
        Receiver() as receiver,
        Service(
            tmp_path_factory.mktemp("evidence"),
            RESTANTE_EVIDENCE=evidence,
            RESTANTE_TRUSTED_PROXIES="1",
            RESTANTE_WEBHOOK_NETWORKS="127.0.0.0/8",
        ) as service,
    ):
        yield Story(service, receiver)


def test_a_visits_evidence_is_stored_in_boxes_and_with_evidence_off_not_at_all(story, evidence):
    readers, senders = (READERS, SENDERS) if evidence == "on" else ({}, {})
    events = list(story.entries(b"events"))
    looks = list(story.entries(b"looks"))

    assert [(event, box) for event, box, _ in events] == [
        ("message.sent", senders),
        ("link.revealed", readers),
        ("link.acknowledged", readers),
        ("link.recalled", senders | {"reason": REASON}),
        ("link.recalled", senders | {"reason": REASON}),
    ]
    assert [(look, box) for look, box, _ in looks] == [("link.fetched", readers)]
    # An empty record is no box at all, not one that does not open.
    assert {bool(boxed) for *_, boxed in (*events[:3], *looks)} == {evidence == "on"}
    assert [entry["evidence"] for entry in story.message["events"]] == [
        senders, readers, readers, senders, senders,
    ]  # fmt: skip
    assert [look["evidence"] for look in story.message["looks"]] == [readers]
    assert [look["class"] for look in story.message["looks"]] == ["browser"]


def test_webhooks_carry_the_country_and_nothing_with_evidence_off(story, evidence):
    readers, senders = (READERS, SENDERS) if evidence == "on" else ({}, {})

    assert [event["evidence"] for event in story.told] == [readers, readers, senders, senders]
    for word in (b"81.9.128", b'"ES"', b"Firefox", b"Windows", b"2001:4860", b'"US"'):
        assert (word in story.bodies) == (evidence == "on")


def test_the_reader_is_told_before_the_button_what_will_be_recorded(story, evidence):
    told = "part of your network address and the country" in story.gate.text
    spared = "nothing about your browser or your network" in story.gate.text

    assert (told, spared) == (evidence == "on", evidence == "off")


def test_names_subject_reason_and_address_are_in_boxes_that_open_to_exactly_these(story):
    facts, mid = story.facts, story.message_id
    webhook = facts.open_target("webhook", mid, story.field(b"message", mid, b"webhook"))
    assert webhook == {"url": story.url, "secret": story.sent.answer["webhook_secret"]}
    # The first link was spent before: the reason belongs to what was recalled.
    reason = facts.reason(mid, story.field(b"link", story.link_ids[1], b"reason"))
    assert reason == REASON

    box = story.field(b"message", mid, b"box")

    assert facts.open_message(mid, box) == Details(sender_name=NAME, subject=SUBJECT)
    assert [facts.open_label(i, story.field(b"link", i, b"box")) for i in story.link_ids] == LABELS


def test_nothing_that_was_recorded_or_written_stands_in_the_store_in_clear(story):
    """Whole words of it, in whatever case, in keys, fields and values of every type."""
    words = [
        *LABELS, SUBJECT, NAME, REASON, story.url, "127.0.0.1", story.sent.answer["webhook_secret"],
        SPAIN, "81.9.128", AMERICA, "2001:4860", "Spain", "United States", "Firefox", "Windows",
        "country", "network", 'browser"',
    ]  # fmt: skip
    packed = [ip_address(SPAIN).packed[:3] + b"\0", ip_address(AMERICA).packed[:6]]
    spots = [spot for place in story.kept for spot in place]

    assert len(spots) > 100
    assert [w for w in words if any(w.lower().encode() in spot.lower() for spot in spots)] == []
    assert not any(network in spot for network in packed for spot in spots)


def test_no_country_stands_in_the_store_as_its_two_letters(story):
    """Two letters come up in what is sealed or hashed: that is taken out before."""
    opaque = [story.message_id, *story.link_ids]
    clear = []
    for place in story.kept:
        for spot in place:
            for known in opaque:
                spot = spot.replace(known, b"|id|")  # noqa: PLW2901
            # A box runs to the end of what holds it.
            clear.append(spot.partition(story.header)[0])
    printed = [run for spot in clear for run in re.findall(rb"[\x20-\x7e]{4,}", spot)]

    assert any(b"link.revealed" in run for run in printed)
    assert not any(spot in CODES for spot in clear)
    assert not [
        run for run in printed for code in CODES
        if re.search(rb"(?<![A-Za-z])%b(?![A-Za-z])" % code, run)
    ]  # fmt: skip
