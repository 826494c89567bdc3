"""Services for those journeys that leave them as they were."""

import pytest
import redis

from restante.crypto.tokens import ControlToken, LinkToken
from restante.store import keys
from tests.support.api import Api
from tests.support.processes import Service


@pytest.fixture(scope="package")
def service(tmp_path_factory):
    with Service(tmp_path_factory.mktemp("journeys")) as service:
        yield service


TEXT = "the safe is behind the Vermeer"
CROSS_SITE = (
    {"Sec-Fetch-Site": "cross-site"},
    {"Sec-Fetch-Site": "same-site"},
    {"Sec-Fetch-Site": "nonsense"},
    {"Origin": "https://evil.example"},
    {"Origin": "http://127.0.0.1:1"},
    {"Sec-Fetch-Site": "cross-site", "Origin": "null"},
)
LIMITS = ("SEND", "PREVIEW", "STATUS", "REVEAL", "PASSPHRASE")
HIGH = {f"RESTANTE_LIMIT_{name}": "1000000" for name in LIMITS}


@pytest.fixture(scope="package")
def counting_service(tmp_path_factory):
    """A service with its limits on, and out of reach: they look at what comes in, too."""
    folder = tmp_path_factory.mktemp("counting")
    with Service(folder, RESTANTE_RATE_LIMITS="on", **HIGH) as service:
        yield service


@pytest.fixture
def api(counting_service):
    """A program that uses the service with limits."""
    return Api(counting_service.url)


@pytest.fixture
def sent(service):
    """A message with one sealed link, and another that its recipient never hears of."""
    return Api(service.url).send(TEXT, recipients=["Ana", "Ben"], subject="About a painting")


@pytest.fixture
def kept(service, sent):
    """Return everything that the store keeps of the message, with its times, but the looks."""
    control, link = ControlToken.parse(sent.control), LinkToken.parse(sent.link)
    tag = keys.message(control).partition(b":")[0]
    mid = control.message_id
    lids = [LinkToken.parse(token).link_id for token in sent.links]
    names = [keys.message(control), tag + b":events:" + mid, tag + b":content:" + mid + b":1"]
    for lid in lids:
        names += [tag + b":" + kind + b":" + lid for kind in (b"link", b"key", b"readers")]

    def look_into_the_store():
        with redis.Redis.from_url(f"unix://{service.data_dir / 'store.sock'}") as store:
            held = {name: (store.dump(name), store.pexpiretime(name)) for name in names}
            due = [store.zscore(keys.due(link.shard), b"expire:" + lid) for lid in lids]
        return held, due

    before = look_into_the_store()
    assert sum(value is not None for value, _ in before[0].values()) == len(names) - len(lids)
    assert all(before[1])
    return lambda: look_into_the_store() == before
