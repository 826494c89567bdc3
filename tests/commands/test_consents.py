"""`consents …`: what the operator sees of consents and does about them, by mail address."""

import re

import pytest

from restante.commands.store import services_for
from restante.notices import Wanted
from restante.settings import Settings
from tests.commands.test_commands import run
from tests.support.processes import Service

OWNER, ANA, BEN = bytes(range(16)), "ana@example.com", "ben@example.com"
MESSAGE = (3, bytes(16))


@pytest.fixture(scope="module")
def service(tmp_path_factory):
    with Service(tmp_path_factory.mktemp("consents")) as service:
        yield service


@pytest.fixture
def consents(service):
    with services_for(Settings(data_dir=service.data_dir)) as services:
        yield services.consents


def test_consents_are_listed_as_pseudonyms_revoked_stopped_and_lifted(service, consents):
    env = {"RESTANTE_DATA_DIR": str(service.data_dir)}
    empty = run(env, "consents", "list")
    cleared, address, token = consents.clear(ANA, OWNER, Wanted(MESSAGE))
    consents.record_ask(address, cleared.asked_at, MESSAGE)
    consents.give(token)
    listed = run(env, "consents", "list")
    withdrawn = run(env, "consents", "withdraw", "Ana@Example.com")
    after = run(env, "consents", "list", ANA).stdout
    stopped = run(env, "consents", "stop", BEN)
    refused = consents.clear(BEN, OWNER, Wanted(MESSAGE))[0].word
    lifted = run(env, "consents", "lift", BEN)
    asked = consents.clear(BEN, OWNER, Wanted(MESSAGE))[0].word
    wrong = run(env, "consents", "stop", "no address")

    assert (empty.stdout, empty.returncode) == ("", 0)
    line = rf"{address.address_id.hex()}  {address.consent_id.hex()}  given      [-\d: ]+UTC\n"
    assert re.fullmatch(line, listed.stdout)
    assert "example" not in listed.stdout
    assert "revoked" in after
    assert (withdrawn.returncode, stopped.returncode, lifted.returncode) == (0, 0, 0)
    assert (refused, asked) == ("refused", "ask")
    assert wrong.returncode == 65
