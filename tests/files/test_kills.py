"""Web, worker and store are killed while people upload, send, fetch, recall and cancel files.

`make test` runs a short round; `make endurance` runs KILLS_MINUTES, by KILLS_SEED.
"""

import os
import random
import time
from contextlib import closing
from pathlib import Path

import pytest
import redis

from restante.crypto.files import file_size
from restante.room import FIRST_MS
from restante.store.keys import TAGS
from tests.files.senders_of_files import MARK, Crowd, Sender
from tests.races.stores import OneStore
from tests.races.web import Web
from tests.support.processes import ROOT, wait_until

MIB = 1024 * 1024
SENDERS = 4


class Place:
    """Service, store and folder of blobs, with temporary files of their own."""

    def __init__(self, folder):
        self.folder, self.blobs = folder, folder / "blobs"
        (folder / "tmp").mkdir()
        self.store = OneStore(folder)
        self.store.start()
        env = {"RESTANTE_BLOBS": str(self.blobs), "TMPDIR": str(folder / "tmp")}
        self.web = Web(folder, self.store.env | env)

    @property
    def raw(self):
        return redis.Redis(port=self.store.node.port, protocol=3, legacy_responses=False)

    def kill_for(self, seconds, chance, *, whole_web):
        """Kill one after the other for so long; return how often each was killed."""
        deeds = {
            "a serving process": (4, self.web.kill_serving_process),
            "the web": (2 * whole_web, lambda _: self.web.kill_web()),
            "the worker": (2, lambda _: self.web.kill_worker()),
            "the store": (1, self.store.kill),
        }
        killed, end, names = dict.fromkeys(deeds, 0), time.monotonic() + seconds, list(deeds)
        weights = [weight for weight, _ in deeds.values()]
        while time.monotonic() < end:
            time.sleep(chance.random())
            [name] = chance.choices(names, weights)
            deeds[name][1](chance)
            killed[name] += 1
        return killed

    def files(self):
        """Return every file that can hold something at rest, but for programs of this tree."""
        left = [path for path in self.folder.rglob("*") if path.is_file()]
        return [*left, *ROOT.glob("core*"), *Path("/dev/shm").glob("core*")]

    def names(self):
        """Return the blobs in the folder, complete or not."""
        return {path.name for path in self.blobs.rglob("*") if len(path.name) >= 32}

    def owned(self):
        """Return the ids of all blobs that the store knows."""
        with closing(self.raw) as raw:
            return {its.hex() for tag in TAGS for its in raw.hgetall(f"{{{tag}}}:blobs")}

    def of_messages(self):
        """Return the ids of the blobs of all messages, as their manifests are kept."""
        with closing(self.raw) as raw:
            entries = [raw.get(key) for key in raw.scan_iter("*:blobs-of:*")]
        return {its[at : at + 16].hex() for its in entries for at in range(0, len(its), 48)}

    def promised_for_long(self):
        """Return promises of room that a killed process would leave for days."""
        soon = time.time() * 1000 + FIRST_MS
        with closing(self.raw) as raw:
            return raw.zrange(f"{{{TAGS[0]}}}:promised-until", soon, "+inf", byscore=True)


def unreadable(place):
    """Look for what people wrote in everything that is at rest."""
    found = []
    for path in place.files():
        try:
            data = path.read_bytes()
        except FileNotFoundError:
            continue
        if MARK in data or MARK.hex().encode() in data:
            found.append(path)
    return found


def swept(place):
    """Let the worker delete what is due, and what nothing knows, as it would after a day."""
    for path in place.blobs.rglob("*"):
        if len(path.name) >= 32:
            os.utime(path, (0, 0))
    place.web.kill_worker()  # it sweeps when it starts
    wait_until(
        lambda: place.names() <= {f"{its}{end}" for its in place.owned() for end in ("", ".part")},
        60,
    )


def audit(place, crowd):
    """Return what is wrong once nobody is killed any more."""
    wrong = list(crowd.wrong)
    wrong += [f"readable: {path}" for path in unreadable(place)]
    swept(place)
    lost = place.of_messages() - place.names()
    wrong += [f"a message has no file {name}" for name in lost]
    for path in place.blobs.rglob("*"):
        if len(path.name) == 32:
            file_size(path.stat().st_size)
    auditor = Sender(crowd, 999)
    for message in crowd.messages:
        if not message.is_recalled:
            auditor.read(message)
            auditor.recall(message)
        elif (code := gate_of(auditor, message)) != "recalled":
            wrong.append(f"a recalled message is {code}")
    return [*wrong, *(one for one in crowd.wrong if one not in wrong)]


def gate_of(auditor, message):
    return auditor.ask("GET", "/api/v1/link", token=message.link).json["state"]


def nothing_left(place):
    """Wait until the worker has deleted all files: no upload and no message needs them."""
    with closing(place.raw) as raw:
        # Uploads that nobody sent would go in a day.
        for key in raw.scan_iter("*:upload:*"):
            raw.delete(key)
            tag, _, rest = key.partition(b":")
            raw.zadd(tag + b":due-blobs", {rest.removeprefix(b"upload:"): 0})
    wait_until(lambda: not place.names() and not place.owned(), 120)
    assert not place.promised_for_long()


def round_of(folder, seconds, seed, most, *, whole_web=True):
    """Run a round; return what was done, what was killed, and what is wrong."""
    place, chance = Place(folder), random.Random(seed)
    try:
        with place.web:
            crowd = Crowd(place.web.url, seed, most)
            senders = [Sender(crowd, number) for number in range(SENDERS)]
            for sender in senders:
                sender.start()
            killed = place.kill_for(seconds, chance, whole_web=whole_web)
            crowd.ended.set()
            for sender in senders:
                sender.join(120)
            wrong = audit(place, crowd)
            nothing_left(place)
            wrong += [f"readable: {path}" for path in unreadable(place)]
    finally:
        place.store.stop()
    return crowd.done, killed, wrong


def judge(done, killed, wrong, seed, least):
    report = f"seed {seed}: {done}, killed {killed}"
    assert wrong == [], f"{report}\n" + "\n".join(wrong)
    assert min(done.get(what, 0) for what in ("uploaded", "sent", "read", "recalled")) >= least, (
        report
    )
    return report


def test_files_survive_kills_and_leave_nothing(tmp_path):
    seed = random.SystemRandom().randrange(1_000_000)
    # The whole web takes seconds to start: that is for the long round.
    judge(*round_of(tmp_path, 4, seed, MIB, whole_web=False), seed, 1)


@pytest.mark.endurance
def test_files_survive_kills_for_minutes(tmp_path, capsys):
    seconds = 60 * float(os.environ.get("KILLS_MINUTES") or 4)
    seed = int(os.environ.get("KILLS_SEED") or random.SystemRandom().randrange(1_000_000))
    report = judge(*round_of(tmp_path, seconds, seed, 12 * MIB), seed, 20)
    with capsys.disabled():
        print(f"\n{report}")


def test_the_search_for_readable_bytes_finds_them(tmp_path):
    place = Place.__new__(Place)
    place.folder = tmp_path
    (tmp_path / "blobs").mkdir()
    (tmp_path / "blobs" / "x.part").write_bytes(b"..." + MARK + b"...")

    assert unreadable(place) == [tmp_path / "blobs" / "x.part"]
