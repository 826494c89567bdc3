"""The operator's logo and colour are served like our static files, and can run nothing."""

import os
import re
import shutil
from pathlib import Path

import pytest

from tests.commands.test_commands import run
from tests.core.test_logo import png
from tests.support.api import Api, Visitor
from tests.support.processes import Service

LOGO = Path(__file__).resolve().parent.parent / "vectors" / "logo.svg"


@pytest.fixture(scope="module")
def branded(tmp_path_factory):
    folder = tmp_path_factory.mktemp("branded")
    shutil.copy(LOGO, folder / "picture")
    with Service(
        folder,
        RESTANTE_NAME="Bits & <b>Pieces</b>",
        RESTANTE_LOGO=str(folder / "picture"),
        RESTANTE_ACCENT="#2E9E5B",
    ) as service:
        yield service


def address_of(service, name):
    return re.search(rf'"(/static/{name}\?v=\w+)"', Visitor(service.url).get("/").text)[1]


def test_a_logo_is_served_only_as_an_image(branded):
    answer = Api(branded.url).ask("GET", address_of(branded, "logo"))

    assert answer.body == LOGO.read_bytes()
    assert answer.headers["Content-Type"].startswith("image/svg+xml")
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers.get_all("Content-Security-Policy") == [
        "default-src 'none'; style-src 'unsafe-inline'; sandbox"
    ]
    assert answer.headers["Cache-Control"] == "public, max-age=31536000, immutable"
    assert answer.headers["X-Frame-Options"] == "DENY"


def test_the_colour_is_a_style_of_our_own_that_the_policy_of_pages_allows(branded):
    answer = Api(branded.url).ask("GET", address_of(branded, "accent.css"))

    assert answer.headers["Content-Type"] == "text/css; charset=utf-8"
    assert answer.headers["Cache-Control"] == "public, max-age=31536000, immutable"
    assert "style-src 'self'" in answer.headers["Content-Security-Policy"]
    assert len(re.findall(r"--accent:#[0-9a-f]{6};", answer.text)) == 2


def test_a_name_is_text(branded):
    page = Visitor(branded.url).get("/").text

    assert "· Bits &amp; &lt;b&gt;Pieces&lt;/b&gt;</title>" in page
    assert "<b>" not in page


def test_without_settings_the_pages_are_restantes(api):
    page = api.ask("GET", "/").text

    assert "· Restante</title>" in page
    assert "<img" not in page
    assert "accent.css" not in page
    assert {api.ask("GET", f"/static/{name}").status for name in ("logo", "accent.css")} == {404}


def test_the_logo_is_the_one_there_was_at_the_start(tmp_path):
    """Files that change below a running service would be served under an old address."""
    logo = tmp_path / "logo.png"
    logo.write_bytes(png())
    with Service(tmp_path, RESTANTE_LOGO=str(logo)) as service:
        address = address_of(service, "logo")
        logo.unlink()
        answer = Api(service.url).ask("GET", address)

    assert (answer.status, answer.body) == (200, png())
    assert answer.headers["Content-Type"] == "image/png"


@pytest.mark.parametrize("command", ["serve", "check"])
def test_with_invalid_brand_settings_nothing_starts_and_every_problem_is_named(command, tmp_path):
    logo = tmp_path / "logo.svg"
    logo.write_text('<svg xmlns="http://www.w3.org/2000/svg" onload="hunter2()"/>')
    done = run(
        {
            "RESTANTE_NAME": "x" * 61,
            "RESTANTE_LOGO": str(logo),
            "RESTANTE_ACCENT": "reddish",
            "RESTANTE_DATA_DIR": str(tmp_path / "data"),
        },
        command,
    )
    assert done.returncode == os.EX_CONFIG
    told = done.stdout + done.stderr

    assert "RESTANTE_NAME: must be 1 to 60 characters" in told
    assert "RESTANTE_LOGO: the SVG needs a viewBox" in told
    assert "RESTANTE_ACCENT: must be a colour as #1b5fae" in told
    assert "hunter2" not in told
    assert not (tmp_path / "data").exists()
