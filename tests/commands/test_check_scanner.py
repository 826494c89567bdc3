"""What `check` says of the virus scanner."""

from pathlib import Path

import pytest

from restante.commands.check_scanner import of_scanner
from restante.settings import Settings
from restante.settings.parsers import scanner as address_of
from tests.support.scanner import Scanner


def said(url, **settings):
    its = Settings(scan=address_of(url), **{"blobs": Path("x"), "files_max": 10**9, **settings})
    return [f"{grade}: {words}" for grade, words in of_scanner(its)]


def test_a_scanner_that_answers_is_well(tmp_path):
    with Scanner() as near, Scanner(tmp_path / "sock") as nearer:
        assert said(near.url) == said(nearer.url) == ["ok: the virus scanner answers"]
        large = said(near.url, files_max=2**31)
        assert large[1].startswith("warning: clamd takes no file of 2 GiB")
        assert said(near.url, blobs="off")[0].startswith("warning: RESTANTE_SCAN is set, but")


@pytest.mark.parametrize("url", ["clamd://127.0.0.1:9", "clamd:///nowhere/sock"])
def test_one_that_does_not_answer_is_a_problem(url):
    assert said(url) == ["problem: the virus scanner does not answer: no file will be taken"]


def test_one_on_another_machine_is_warned_of():
    found = said("clamd://host.invalid:3310")

    assert found[1] == "warning: files go to the virus scanner unencrypted, over the network"


def test_without_a_scanner_nothing_is_said():
    assert list(of_scanner(Settings())) == []
