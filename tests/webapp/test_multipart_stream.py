"""A form that is read while it comes has the same parts as one that is read whole."""

import io
import random

import pytest

from webapp.http import multipart
from webapp.http.multipart_stream import Parts

BOUNDARY = "----a-form"


def written(parts):
    body = b""
    for name, file_name, data in parts:
        of_file = b"" if file_name is None else f'; filename="{file_name}"'.encode()
        kind = b"" if file_name is None else b"\r\nContent-Type: text/plain"
        head = f'Content-Disposition: form-data; name="{name}"'.encode() + of_file + kind
        body += b"--" + BOUNDARY.encode() + b"\r\n" + head + b"\r\n\r\n" + data + b"\r\n"
    return body + b"--" + BOUNDARY.encode() + b"--\r\n"


def read(body, size=7, most=10**9):
    taken = io.BytesIO(body)
    found = []
    for part in Parts(lambda wanted: taken.read(min(wanted, most)), BOUNDARY):
        data = b""
        while some := part.read(size):
            data += some
            if len(some) < size:
                break
        found.append((part.name, part.file_name, data))
    return found


PARTS = [
    ("text", None, "grüße\r\n--".encode()),
    ("empty", None, b""),
    ("file", "a.bin", b"\r\n----a-for" * 9 + b"\r\n"),
    ("file", "é.bin", random.Random(7).randbytes(300_000)),
    ("file", "", b""),
]


@pytest.mark.parametrize("size", [1, 7, 65_536, 1_048_576])
@pytest.mark.parametrize("most", [1, 13, 10**9])
def test_each_part_is_what_was_sent(size, most):
    parts = PARTS if size > 1 and most > 1 else PARTS[:3]

    assert read(written(parts), size, most) == parts


def test_both_readers_agree():
    body = written(PARTS[:3])
    fields, files = multipart.read(body, BOUNDARY, 64)

    assert [(name, None, value.encode()) for name, value in fields] == PARTS[:2]
    assert [(name, file.filename, file.read()) for name, file in files] == [PARTS[2]]
    assert read(body) == PARTS[:3]


def test_a_form_that_ends_early_is_refused_at_every_byte():
    body = written(PARTS[:3])
    for end in range(len(body) - 3):
        with pytest.raises(ValueError, match="not a form"):
            read(body[:end])


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"x" + written(PARTS[:1]),
        written(PARTS[:1]).replace(b"form-data", b"attachment"),
        b"--" + BOUNDARY.encode() + b"\r\n" + b"x" * 100_000,
        b"--" + BOUNDARY.encode() + b"xx",
    ],
)
def test_what_no_browser_sends_is_refused(body):
    with pytest.raises(ValueError, match="not a form"):
        read(body)


def test_parts_that_nobody_reads_are_passed_over():
    taken = io.BytesIO(written(PARTS))

    assert [part.name for part in Parts(taken.read, BOUNDARY)] == [name for name, _, _ in PARTS]
