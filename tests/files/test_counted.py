"""What the metrics tell of files: of both kinds of place, and of one that is away."""

import io
import os

import pytest

from restante import place_watch, wiring
from restante.crypto.files import PIECE_SIZE
from restante.errors import FileTooLarge, Full
from restante.metrics.meters import Meters
from restante.settings import Settings
from restante.store.stats import Numbers
from tests.core.test_metrics import values
from tests.files.test_places import fetched, opened, sent, upload
from tests.support.s3_server import BucketPlace, FolderPlace

MOST = 2**21 + 100


@pytest.fixture(params=["folder", "S3"])
def place(request, tmp_path):
    if request.param == "folder":
        return FolderPlace(tmp_path)
    return BucketPlace(request.getfixturevalue("s3_server"), tmp_path)


@pytest.fixture
def counted(place, own_store, ring):
    """Use cases, and what the metrics show now."""
    meters = Meters()
    connection = wiring.reach(Settings(redis_url=own_store(durability="memory").url))
    settings = place.settings(files_total_max=MOST, files_max=2**20)
    house = wiring.assemble(settings, ring, connection, count=meters.filed)
    meters.watch(Numbers(connection), house.place_watch)

    def shown():
        house.place_watch._seen = None
        if isinstance(place, BucketPlace):
            house.blobs._good_until = 0.0
        return {
            (name.removeprefix("restante_"), *(value for _, value in labels)): number
            for name, samples in values(meters.show()[0]).items()
            for labels, number in samples.items()
        }

    yield house, shown
    for pool in connection.pools:
        pool.disconnect()


def test_files_are_counted_and_what_waits(counted, place):
    house, shown = counted
    before = shown()
    data = os.urandom(3 * PIECE_SIZE)
    message = sent(house, upload(house, data))
    begun = house.uploading.start(3, 4 * PIECE_SIZE)
    house.uploading.receive(begun, 0, io.BytesIO(b"x" * PIECE_SIZE).read, last=False)
    fetched(house, opened(house, message))
    with pytest.raises(FileTooLarge):
        house.uploading.start(3, 2**20 + 1)
    now = shown()

    assert before["blobs_up",] == now["blobs_up",] == 1
    assert before["blobs_bytes", "whole"] == 0
    assert now["blobs_bytes", "whole"] == 1 + len(data) + 4 * 28
    assert now["blobs_bytes", "under_way"] == 1 + PIECE_SIZE + 28
    assert now["blobs_limit_bytes",] == MOST
    assert (("blobs_free_bytes",) in now) == isinstance(place, FolderPlace)
    assert now["file_bytes_total", "up"] == len(data) + PIECE_SIZE
    assert now["file_bytes_total", "down"] == len(data)
    assert now["rate_limited_total", "too_large"] == 1
    assert now["uploads_open",] >= 1
    assert (now["blobs_to_delete",], now["blobs_to_delete_oldest_seconds",]) == (0, 0)
    house.managing.recall(message.control)
    house.uploading.cancel(begun)
    waiting = shown()
    assert waiting["blobs_to_delete",] == 2
    assert 0 <= waiting["blobs_to_delete_oldest_seconds",] < 60
    house.sweeping.turn()
    done = shown()
    assert (done["blobs_to_delete",], done["blobs_bytes", "whole"]) == (0, 0)


def test_no_room_is_counted(counted):
    house, shown = counted
    for _ in range(2):
        house.uploading.start(3, 2**20)
    with pytest.raises(Full):
        house.uploading.start(3, 2**20)

    assert shown()["rate_limited_total", "full"] == 1


def test_a_place_that_is_away_is_told_and_nothing_else_of_it(counted, place):
    house, shown = counted
    upload(house, b"x")
    place.hide()
    now = shown()

    assert now["blobs_up",] == 0
    place.show()
    assert shown()["blobs_up",] == 1


def test_the_place_is_looked_at_only_now_and_then(counted, monkeypatch):
    house, _ = counted
    looks = []
    monkeypatch.setattr(place_watch, "_ask", lambda _: looks.append(1) or ("", None, None))
    for _ in range(5):
        house.place_watch.look()

    assert looks == [1]
