"""Drafts (`.eml`) in another program than Python: mutt reads them, and sends one."""

import os
import pty
import re
import subprocess
import threading
import unicodedata
from contextlib import suppress
from email import message_from_bytes, policy

import pytest
from flask import Flask

from restante import i18n
from restante.safe_text import one_line
from tests.webapp.test_mail import ADDRESS, HOSTILE, MAILABLE, decoded, written
from webapp.http.i18n import CHOICE
from webapp.sender import mail

SECONDS = 30
SETTINGS = """
set charset=utf-8
set mailcap_path="{folder}/mailcap"
auto_view text/html
alternative_order {kind}
set pipe_decode=yes
set pipe_split=yes
set wait_key=no
set quit=yes
set wrap=0
ignore *
unignore subject to
hdr_order subject to
set sort=mailbox-order
"""
READ_ALL = """
push "<tag-pattern>~A<enter><tag-prefix><pipe-entry>tee -a {folder}/said<enter><exit>"
"""
SUBJECTS = [*MAILABLE.values(), *HOSTILE]


@pytest.fixture(autouse=True)
def english():
    app = Flask(__name__)
    app.extensions[CHOICE] = lambda: i18n.spoken("en")
    with app.app_context():
        yield


@pytest.fixture
def mutt(program, tmp_path):
    """Run mutt on a terminal that nobody looks at, with these settings."""
    path = program("mutt")
    (tmp_path / "Mail").mkdir()  # or else it asks first
    (tmp_path / "mailcap").write_text("text/html; cat %s; copiousoutput\n")
    environment = {
        "HOME": str(tmp_path),
        "LANG": "C.UTF-8",
        "TERM": "vt100",
        "PATH": os.environ["PATH"],
    }

    def run(settings, *arguments, stdin=None):
        (tmp_path / "muttrc").write_text(settings, "utf-8")
        ours, its = pty.openpty()
        threading.Thread(target=drain, args=(ours,), daemon=True).start()
        command = [path, "-n", "-F", str(tmp_path / "muttrc"), *arguments]
        given = {"stdin": its if stdin is None else stdin, "stdout": its, "stderr": its}
        ended = subprocess.run(command, env=environment, timeout=SECONDS, check=False, **given)
        os.close(its)
        assert ended.returncode == 0

    return run


def drain(terminal):
    with suppress(OSError):
        while os.read(terminal, 4096):
            pass
    os.close(terminal)


def drafts():
    """Return a draft for each hostile subject, and for each name that a mail address can have."""
    return [
        mail.eml(f"{MAILABLE.get(n, 'Ana')} <r{n}@example.com>", written(subject), ADDRESS)
        for n, subject in enumerate(SUBJECTS)
    ]


def mailbox_of(tmp_path, raw):
    box = tmp_path / "box"
    start = b"From x Thu Jan  1 00:00:00 2026\n"
    box.write_bytes(b"".join(start + one.replace(b"\r\n", b"\n") + b"\n" for one in raw))
    return str(box)


def shown(text):
    """Return a text as a terminal shows it that knows no signs newer than Python's."""
    return "".join("?" if unicodedata.category(c) == "Cn" else c for c in text)


@pytest.mark.parametrize("kind", ["text/plain", "text/html"])
def test_mutt_reads_every_draft_as_python_does(mutt, tmp_path, kind):
    raw = drafts()
    settings = (SETTINGS + READ_ALL).format(folder=tmp_path, kind=kind)
    mutt(settings, "-R", "-f", mailbox_of(tmp_path, raw))
    said = (tmp_path / "said").read_text("utf-8")
    found = re.split(r"^Subject: ", said, flags=re.MULTILINE)[1:]

    assert len(found) == len(raw)
    for one, its in zip(raw, found, strict=True):
        read = message_from_bytes(one, policy=policy.default)
        subject, to = its.split("\n")[:2]
        content = read.get_body((kind.rpartition("/")[2],)).get_content()
        assert one_line(subject) == shown(one_line(decoded(one, "Subject")))
        assert to.endswith(f"<{read['To'].addresses[0].addr_spec}>")
        assert content.replace("\r\n", "\n").strip() in its


def test_mutt_sends_a_draft_to_its_recipient_with_its_text(mutt, tmp_path):
    draft = tmp_path / "draft.eml"
    draft.write_bytes(
        mail.eml("Torres, Ünal <ana@example.com>", written("The “safe” 清水"), ADDRESS)
    )
    program = tmp_path / "sendmail"
    program.write_text(f'#!/bin/sh\necho "$@" > {tmp_path}/to\ncat > {tmp_path}/sent\n')
    program.chmod(0o700)
    settings = f'set sendmail="{program}"\nset copy=no\nset from="zoe@example.net"\n'
    mutt(settings + "set charset=utf-8\n", "-H", str(draft), stdin=subprocess.DEVNULL)
    sent = message_from_bytes((tmp_path / "sent").read_bytes(), policy=policy.default)

    assert [one.addr_spec for one in sent["To"].addresses] == ["ana@example.com"]
    assert str(sent["Subject"]) == "The “safe” 清水"
    assert ADDRESS in sent.get_body(("plain",)).get_content().split("\n")
    assert (tmp_path / "to").read_text().split()[-1] == "ana@example.com"
