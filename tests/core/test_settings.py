"""What the operator decides: every setting, its file twin, and every problem at once."""

from __future__ import annotations

import itertools
import sys
from ipaddress import ip_network
from pathlib import Path

import pytest

from restante.crypto import keyring
from restante.errors import SettingsInvalid
from restante.scanning import ScannerAddress
from restante.settings import DAY, MIB, PREFIX, VARIABLES, Settings
from restante.settings.logo import read_logo
from restante.settings.parsers import Bucket, Senders

LOGO = Path(__file__).parents[1] / "vectors" / "logo.svg"

NUMBERS = {
    "TRUSTED_PROXIES": (0, 10),
    "STORE_BYTES": (2 * MIB, 2**50),
    "WEB_WORKERS": (1, 256),
    "VIEWS_MAX": (1, 100),
    "TEXT_MAX": (1, MIB),
    "RECIPIENTS_MAX": (1, 100),
    "PASSPHRASE_TRIES": (1, 1_000),
    "LEASE": (1, 3_600),
    "LEASE_MOST": (1, 86_400),
    "HOLD_MAX": (0, DAY),
    "RETENTION": (1, 3_650 * DAY),
    "LIMIT_SEND": (1, 1_000_000),
    "LIMIT_PREVIEW": (1, 1_000_000),
    "LIMIT_STATUS": (1, 1_000_000),
    "LIMIT_CHANGES": (1, 1_000_000),
    "LIMIT_REVEAL": (1, 1_000_000),
    "LIMIT_PASSPHRASE": (1, 1_000_000),
    "LIMIT_UPLOAD": (1, 1_000_000),
    "FILES_MOST": (1, 100),
    "FILES_MAX": (1, 2**40),
    "FILES_MESSAGE_MAX": (1, 2**40),
    "FILES_TOTAL_MAX": (1, 2**50),
    "FILES_RESERVE": (0, 2**50),
    "LIMIT_STREAMS": (1, 1_000_000),
    "STREAMS_MOST": (1, 1_000_000),
    "BUDGET_UPLOADS": (1, 1_000_000),
    "BUDGET_FILE_BYTES": (1, 2**50),
    "DOWNLOAD_MOST": (1, 30 * DAY),
    "BUDGET_MESSAGES": (1, 1_000_000),
    "BUDGET_MAILS": (1, 1_000_000),
    "BUDGET_MAILS_ADDRESS": (1, 1_000_000),
    "BUDGET_MAILS_NETWORK": (1, 1_000_000),
    "BUDGET_PUSHES_NETWORK": (1, 1_000_000),
    "BUDGET_TESTS_NETWORK": (1, 1_000_000),
    "BUDGET_BYTES": (MIB, 2**50),
    "EXPIRY_MIN": (1, 7 * DAY),
    "EXPIRY_MAX": (7 * DAY, 3_650 * DAY),
    "EXPIRY_DEFAULT": (60, 365 * DAY),
}
"""The least and the most that the others' defaults allow."""

KEY = keyring.new_key()
GOOD = {
    "BIND": {
        "127.0.0.1:9000": "127.0.0.1:9000",
        "localhost:1": "localhost:1",
        "[::1]:80": "[::1]:80",
    },
    "DATA_DIR": {"/var/lib/restante": Path("/var/lib/restante"), "here": Path("here")},
    "BLOBS": {
        "/var/lib/blobs": Path("/var/lib/blobs"),
        "here": Path("here"),
        "off": "off",
        "s3://my-bucket": Bucket("my-bucket"),
        "s3://my.bucket/": Bucket("my.bucket"),
        "s3://abc/files/of_Restante.1/": Bucket("abc", "files/of_Restante.1"),
    },
    "S3_ENDPOINT": {
        "https://s3.example": "https://s3.example",
        "http://127.0.0.1:9000/": "http://127.0.0.1:9000",
        "https://[::1]:9000": "https://[::1]:9000",
    },
    "S3_REGION": {"eu-west-1": "eu-west-1"},
    "SCAN": {
        "clamd://127.0.0.1:3310": ScannerAddress("127.0.0.1", 3310),
        "clamd://[::1]:3310": ScannerAddress("::1", 3310),
        "clamd:///run/clamd.sock": ScannerAddress("", 0, "/run/clamd.sock"),
    },
    "S3_SPOOL": {"/var/spool/restante": Path("/var/spool/restante")},
    "PUBLIC_URL": {
        "https://letters.example": "https://letters.example",
        "https://example.org/letters/": "https://example.org/letters",
        "http://[::1]:8000": "http://[::1]:8000",
    },
    "ROOT_KEYS": {KEY: KEY},
    "DURABILITY": {"disk": "disk", "memory": "memory"},
    "SENDERS": {
        "anyone": Senders(),
        "tokens": Senders(anyone=False, tokens=True),
        "10.0.0.0/8, fd00::/8,tokens": Senders(
            anyone=False, networks=(ip_network("10.0.0.0/8"), ip_network("fd00::/8")), tokens=True
        ),
        "192.0.2.7": Senders(anyone=False, networks=(ip_network("192.0.2.7/32"),)),
    },
    "WEBHOOK_NETWORKS": {"10.0.0.0/8,::1": (ip_network("10.0.0.0/8"), ip_network("::1/128"))},
    "NAME": {
        "The Courier": "The Courier",
        " Ñandú · רסטנטה ": "Ñandú · רסטנטה",
        "x" * 60: "x" * 60,
    },
    "LOGO": {str(LOGO): read_logo(LOGO)},
    "ACCENT": {"#12307a": "#12307a", "#FFe066": "#ffe066"},
    "SECOND_STEP": {"suspicious": "suspicious", "always": "always"},
    "SCANNER_NETWORKS": {"": (), "40.94.0.0/16": (ip_network("40.94.0.0/16"),)},
    "METRICS_BIND": {"127.0.0.1:9100": "127.0.0.1:9100"},
    "METRICS_TOKEN": {"0123456789abcdef": "0123456789abcdef"},
    "EVIDENCE": {"on": True, "off": False},
    "RATE_LIMITS": {"on": True, "off": False},
    "SENT_LIST": {"on": True, "off": False},
    "PUSH": {"on": True, "off": False},
    "WEBHOOK_PAGES": {"on": True, "off": False},
    "MAIL_LINKS": {"on": True, "off": False},
    "LOG_LEVEL": {"debug": "debug", "info": "info", "warning": "warning", "error": "error"},
}
"""REDIS_URL and `replicas:all` ask for other settings too and have tests of their own."""

BAD = {
    "BIND": ["", "8000", ":8000", "localhost", "localhost:", "localhost:0", "localhost:65536",
             "a b:80", "localhost:\u0668\u0660", "host:80\n", "http://host:80", "[::1:80"],
    "DATA_DIR": [""],
    "BLOBS": ["", "s3:", "s3://", "s3://ab", "s3://My-Bucket", "s3://-bucket", "s3:/bucket",
              "s3://bucket//a", "s3://bucket/../a", "s3://bucket/.", "s3://bucket/a b",
              "s3://bucket/a?b", "s3://key:secret@bucket", "s3://bucket/\u00e1", "s3://bucket/a\n"],
    "S3_ENDPOINT": ["", "s3.example", "s3://s3.example", "https://", "https://me:secret@s3.example",
                    "https://s3.example/bucket", "https://s3.example?a", "https://s3.example:0",
                    "https://s3.example:port", "https://s3 .example"],
    "S3_REGION": ["", "EU", "eu west", "eu-west-1\n"],
    "SCAN": ["", "clamd://", "clamd://somewhere", "clamd://host:0", "clamd://host:99999",
             "nearby:3310", "clamd:/run/x", "clamd://me:secret@host:1", "clamd:///a?b", "clamd://host:1/x"],
    "S3_SPOOL": [""],
    "PUBLIC_URL": ["", "example.org", "ftp://example.org", "https://", "https:///path",
                   "https://me:secret@example.org", "https://example.org/?a=b",
                   "https://example.org/#a", "https://example.org?", "https://exa mple.org",
                   "https://example.org\\", "https://ex\u00e4mple.org", "https://example.org\n",
                   "https://example.org:port", "https://example.org:99999", "https://[::1"],
    "REDIS_URL": ["", "localhost:6379", "http://localhost", "redis", "unix", "redis+cluster://a:1?b=c"],
    "ROOT_KEYS": [""],
    "DURABILITY": ["", "none", "Disk", "replicas", "replicas:2"],
    "SENDERS": ["", "nobody", "10.0.0.1/8", "anyone,tokens", "tokens,", "10.0.0.0/8,,tokens"],
    "WEBHOOK_NETWORKS": ["::ffff:10.0.0.0/104", "64:ff9b::a00:0/104", "10.0.0.1/8", "localhost",
                         "10.0.0.0/33", "10"],
    "NAME": ["", " ", "x" * 61, "The\nCourier", "The \u202eCourier", "The\u2028Courier", "a\x7f"],
    "LOGO": ["", "/does/not/exist.svg", "tests", "README.md", "/dev/zero", "webapp/static/app.css"],
    "ACCENT": ["", "blue", "12307a", "#123", "#12307a80", "#12307g", "#12307a\n", "rgb(1,2,3)"],
    "SECOND_STEP": ["", "never", "Always"],
    "SCANNER_NETWORKS": ["40.94.0.1/16", "outlook.com"],
    "METRICS_BIND": ["", "9100"],
    "METRICS_TOKEN": ["", "short", "0123456789abcde\u00e4", "0123456789abcdef x"],
    "EVIDENCE": ["", "no", "Off", "network"],
    "RATE_LIMITS": ["", "yes", "1", "ON", "true"],
    "SENT_LIST": ["", "yes", "1", "ON", "true"],
    "PUSH": ["", "yes", "1", "ON", "true"],
    "WEBHOOK_PAGES": ["", "yes", "1", "ON", "true"],
    "MAIL_LINKS": ["", "yes", "1", "ON", "true"],
    "LOG_LEVEL": ["", "INFO", "trace"],
}  # fmt: skip


def settings(**environ: str) -> Settings:
    return Settings.from_env({PREFIX + name: value for name, value in environ.items()})


def problems(**environ: str) -> tuple[str, ...]:
    with pytest.raises(SettingsInvalid) as caught:
        settings(**environ)
    return caught.value.problems


MAIL = {"SMTP_URL", "MAIL_FROM"}
"""They go together: tests/worker/test_mailing.py has them."""
S3_KEYS = {"S3_ACCESS_KEY", "S3_SECRET_KEY"}


def test_every_setting_is_tested_here():
    assert set(NUMBERS) | set(GOOD) | {"REDIS_URL"} | MAIL | S3_KEYS == set(VARIABLES)
    assert set(NUMBERS) | set(BAD) | MAIL | S3_KEYS == set(VARIABLES)


def test_the_keys_of_s3_go_together_and_are_secret():
    its = settings(S3_ACCESS_KEY="AKIA7", S3_SECRET_KEY="hunter2/+=")

    assert (its.s3_access_key, its.s3_secret_key) == ("AKIA7", "hunter2/+=")
    assert "hunter2" not in repr(its)
    assert "AKIA7" not in repr(its)
    for name in S3_KEYS:
        [told] = problems(**{name: "AKIA7"})
        assert "needed together" in told
        assert len(problems(**dict.fromkeys(S3_KEYS, "AKIA7") | {name: "a b"})) == 2


def test_without_the_packages_for_s3_it_is_told_how_to_get_them(monkeypatch):
    monkeypatch.setitem(sys.modules, "botocore", None)

    [told] = problems(BLOBS="s3://my-bucket")
    assert "--require-hashes -r requirements-s3.lock" in told
    assert settings(BLOBS="here").blobs_folder == Path("here")


def test_a_bucket_is_written_as_it_is_read():
    for written in ("s3://my-bucket", "s3://my-bucket/files"):
        assert str(settings(BLOBS=written).blobs_place) == written
    assert settings(BLOBS="s3://my-bucket").blobs_folder is None
    assert settings(DATA_DIR="/data").spool_folder == Path("/data/spool")


def test_without_any_setting_the_defaults_hold():
    assert Settings.from_env({}) == Settings()
    assert Settings.from_env({"HOME": "/root", "RESTANTE": "x"}) == Settings()


def test_mail_without_a_name_of_its_own_bears_the_services():
    own = {"SMTP_URL": "smtp://127.0.0.1:25", "NAME": "Kanzlei"}

    assert settings(**own, MAIL_FROM="a@example.org").mail_sender.name == "Kanzlei"
    assert settings(**own, MAIL_FROM="Post <a@example.org>").mail_sender.name == "Post"
    assert settings().mail_sender is None


@pytest.mark.parametrize("hidden", ["\u3164", "Ana\u200b", "\u202eAna", "A\u00adna"])
def test_names_of_the_operators_own_hide_nothing_either(hidden):
    smtp = {"SMTP_URL": "smtp://127.0.0.1:25"}

    assert problems(NAME=hidden)[0].startswith("RESTANTE_NAME: ")
    assert problems(**smtp, MAIL_FROM=f"{hidden} <a@example.org>")[0].startswith(
        "RESTANTE_MAIL_FROM: "
    )
    assert settings(**smtp, NAME="عل\u200cی", MAIL_FROM="عل\u200cی <a@example.org>").name


@pytest.mark.parametrize("host", ["127.0.0.1", "[::1]"])
def test_the_metrics_have_a_port_of_their_own(host):
    found = problems(BIND="127.0.0.1:9000", METRICS_BIND=f"{host}:9000")

    assert found == ("RESTANTE_METRICS_BIND must have another port than RESTANTE_BIND",)


@pytest.mark.parametrize("written", ["token", "10.0.0.1/8", "anyone,tokens"])
def test_who_misspells_the_senders_is_told_all_that_may_stand_there(written):
    (told,) = problems(SENDERS=written)

    assert "must be anyone, or networks as 10.0.0.0/8 and the word tokens" in told


def test_the_defaults_are_those_that_were_promised():
    default = Settings()

    assert default.bind == "127.0.0.1:8000"
    assert default.data_dir == Path("data")
    assert default.durability == "disk"
    assert default.redis_url is None
    assert default.root_keys is None
    assert default.rate_limits
    assert default.trusted_proxies == 0
    assert default.store_bytes == 512 * MIB
    assert default.web_workers == 2
    assert (default.expiry_min, default.expiry_default, default.expiry_max) == (
        60,
        7 * DAY,
        365 * DAY,
    )
    assert (default.views_max, default.recipients_max, default.text_max) == (100, 100, MIB)
    assert (default.passphrase_tries, default.lease_seconds) == (10, 120)
    assert (default.hold_max, default.retention_seconds) == (DAY, 30 * DAY)
    assert (default.limit_send, default.limit_preview) == (30, 120)
    assert (default.limit_reveal, default.limit_passphrase) == (60, 20)


@pytest.mark.parametrize(("name", "bounds"), NUMBERS.items())
def test_a_number_is_taken_within_its_bounds_and_nothing_else_is(name, bounds):
    attribute = VARIABLES[name].field
    least, most = bounds
    for number in bounds:
        assert getattr(settings(**{name: str(number)}), attribute) == number

    for bad in ("", "-1", "1.5", "1e3", "0x10", "ten", "1 0", " 10", "9" * 20, "nan", "+5"):
        assert len(problems(**{name: bad})) == 1
    for number in (least - 1, most + 1):
        assert problems(**{name: str(number)})


@pytest.mark.parametrize(
    ("name", "written"), [(n, w) for n, ws in GOOD.items() for w in ws], ids=itertools.count()
)
def test_a_good_value_is_taken(name, written):
    attribute = VARIABLES[name].field

    assert getattr(settings(**{name: written}), attribute) == GOOD[name][written]


@pytest.mark.parametrize(("name", "written"), [(n, w) for n, ws in BAD.items() for w in ws])
def test_a_bad_value_is_one_problem_that_names_the_setting_and_does_not_echo(name, written):
    found = problems(**{name: written})

    assert found[0].startswith(f"{PREFIX}{name}: ")
    assert len(found) == 1
    assert len(written) < 12 or written not in found[0]


@pytest.mark.parametrize("name", sorted(set(GOOD) | set(NUMBERS)))
def test_every_setting_may_come_from_a_file(name, tmp_path):
    written = next(iter(GOOD[name])) if name in GOOD else str(NUMBERS[name][0])
    file = tmp_path / "secret"
    file.write_text(written + "\n")

    assert settings(**{name + "_FILE": str(file)}) == settings(**{name: written})
    assert problems(**{name + "_FILE": str(file), name: written}) == (
        f"{PREFIX}{name} and {PREFIX}{name}_FILE are both set",
    )


def test_a_file_that_cannot_be_read_is_a_problem(tmp_path):
    binary = tmp_path / "binary"
    binary.write_bytes(b"\xff\xfe\x00")
    for path in (tmp_path / "missing", tmp_path, binary):
        assert problems(ROOT_KEYS_FILE=str(path)) == (
            f"{PREFIX}ROOT_KEYS_FILE: the file cannot be read",
        )


def test_every_problem_is_named_at_once():
    found = problems(
        TYPO="1", BIND="nowhere", WEB_WORKERS="many", RATE_LIMITS="maybe",
        ROOT_KEYS_FILE="/does/not/exist", REDIS_URL="http://x", LOGLEVEL_FILE="x",
    )  # fmt: skip

    named = [
        "TYPO",
        "BIND",
        "WEB_WORKERS",
        "RATE_LIMITS",
        "ROOT_KEYS_FILE",
        "REDIS_URL",
        "LOGLEVEL_FILE",
    ]
    assert len(found) == len(named)
    for name in named:
        assert sum(problem.startswith(PREFIX + name) for problem in found) == 1


@pytest.mark.parametrize(
    "name", ["ROOT_KEY", "bind", "X", "", "BIND_FILE_FILE", "_FILE", "VIEWS_MAXIMUM"]
)
def test_an_unknown_name_is_a_problem(name):
    assert problems(**{name: "1"}) == (f"{PREFIX}{name} is not a setting",)


def test_variables_of_the_clients_command_are_not_the_services():
    environ = {"RESTANTE_CLIENT_SERVER": "https://letters.example"}

    assert Settings.from_env(environ) == Settings.from_env({})


def test_a_store_elsewhere_asks_for_root_keys():
    key = keyring.new_key()
    for url in ("redis://store:6379/0", "rediss://:pw@store", "unix:///run/redis.sock"):
        (problem,) = problems(REDIS_URL=url)

        assert "ROOT_KEYS is needed" in problem
        assert settings(REDIS_URL=url, ROOT_KEYS=key).redis_url == url


def test_durability_by_replicas_asks_for_a_cluster():
    key = keyring.new_key()
    cluster = settings(
        DURABILITY="replicas:all", REDIS_URL="redis+cluster://a:1,b:2", ROOT_KEYS=key
    )

    assert cluster.is_cluster
    assert len(problems(DURABILITY="replicas:all")) == 1
    assert len(problems(DURABILITY="replicas:all", REDIS_URL="redis://a", ROOT_KEYS=key)) == 1


def test_a_public_address_is_needed_where_others_can_reach_us():
    for bind in ("0.0.0.0:80", "[::]:80", "10.0.0.1:80", "letters.example:80"):
        (problem,) = problems(BIND=bind)

        assert "PUBLIC_URL is needed" in problem
        assert settings(BIND=bind, PUBLIC_URL="https://x.example").bind == bind


def test_on_loopback_the_public_address_is_where_we_listen():
    for bind in ("127.0.0.1:80", "127.8.9.1:80", "localhost:80", "[::1]:80"):
        assert settings(BIND=bind).public_url == f"http://{bind}"


def test_a_platform_names_the_port():
    public = {PREFIX + "PUBLIC_URL": "https://x.example"}
    bound = {PREFIX + "BIND": "127.0.0.1:1"}

    assert Settings.from_env(public | {"PORT": "5000"}).bind == "0.0.0.0:5000"
    assert Settings.from_env(bound | {"PORT": "5000"}).bind == "127.0.0.1:1"
    with pytest.raises(SettingsInvalid, match="PORT: "):
        Settings.from_env(public | {"PORT": "http"})


def test_expiries_must_be_in_their_order():
    assert len(problems(EXPIRY_MIN="100", EXPIRY_DEFAULT="99")) == 1
    assert len(problems(EXPIRY_MAX="100")) == 1
    assert settings(EXPIRY_MIN="5", EXPIRY_DEFAULT="5", EXPIRY_MAX="5").expiry_default == 5


def test_a_day_s_budget_has_room_for_the_longest_text():
    """Or it would say *tomorrow* every day."""
    assert len(problems(BUDGET_BYTES="999", TEXT_MAX="1000")) == 1
    assert settings(BUDGET_BYTES="1000", TEXT_MAX="1000").budget_bytes == 1_000


def test_what_the_public_address_tells():
    at_root = settings(PUBLIC_URL="https://Letters.example")
    below = settings(PUBLIC_URL="http://letters.example:8080/post/restante/")

    assert at_root.secure
    assert at_root.path_prefix == ""
    assert at_root.hosts == ("letters.example",)
    assert not below.secure
    assert below.path_prefix == "/post/restante"
    assert below.hosts == ("letters.example:8080",)
    assert set(settings().hosts) == {"localhost", "127.0.0.1", "[::1]"}


def test_a_public_address_with_its_scheme_s_own_port_is_found_without_it():
    """Browsers leave the port out of Host where it is the scheme's own."""
    for url in ("https://letters.example:443", "http://letters.example:80"):
        assert "letters.example" in settings(PUBLIC_URL=url).hosts


def test_no_secret_shows_in_settings_or_problems():
    key = keyring.new_key()
    good = settings(REDIS_URL="redis://store:6379", ROOT_KEYS=key)

    assert key not in repr(good) + str(good)
    with pytest.raises(SettingsInvalid) as caught:
        settings(REDIS_URL="http://user:hunter2@store:port", ROOT_KEYS=key, ROOT_KEYS_FILE=key)
    assert key not in str(caught.value) + repr(caught.value)
    assert "hunter2" not in str(caught.value) + repr(caught.value)


def test_root_keys_that_cannot_be_used_are_told_with_everything_else():
    found = problems(ROOT_KEYS="short", LEASE="-1")

    assert len(found) == 2


def test_the_store_s_password_does_not_show_in_settings():
    url = "redis://user:hunter2@store:6379"

    assert "hunter2" not in repr(settings(REDIS_URL=url, ROOT_KEYS=keyring.new_key()))


def test_an_unusable_store_url_is_a_settings_problem():
    key = keyring.new_key()
    for url in ("redis://store:port", "redis://store:99999", "redis://[::1"):
        assert len(problems(REDIS_URL=url, ROOT_KEYS=key)) == 1


@pytest.mark.parametrize(
    "url",
    ["https://a.example//letters", "https://a.example/a/../b", "https://a.example/;x=y",
     "https://a.example/%20", 'https://a.example/"><b>'],
)  # fmt: skip
def test_a_path_that_would_lead_elsewhere_is_refused(url):
    assert len(problems(PUBLIC_URL=url)) == 1


def test_a_public_address_is_read_as_browsers_write_it():
    for url in ("HTTPS://X.example", "https://x.example:443", "https://x.example:"):
        its = settings(PUBLIC_URL=url)
        assert (its.public_url, its.secure, its.hosts) == (
            "https://x.example",
            True,
            ("x.example",),
        )
