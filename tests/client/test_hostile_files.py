"""A service that means harm with its files: names, sizes, ranges, bodies without end."""

import io
import os
import time

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from restante import file_names
from restante_client import Client, Policy, RestanteError, Unreachable, Upload, transfers
from restante_client.file_names import DEVICES, cut, distinct, fit_name
from restante_client.outcomes import Opened
from tests.client.conftest import CONTEXT
from tests.support.pretender import Pretender, example_of, reply

LINK = f"L{'A' * 34}"
TOKEN = f"U{'A' * 34}"
FEW = Policy(tries=3, patience=5.0, first_wait=0.01, longest_wait=0.01)
DATA = b"0123456789"


def opened(*files, token="t"):
    """Return the answer of a reveal with files of these names and sizes."""
    _, answer = example_of("/link/reveal", "post")
    shown = [
        {"number": number, "name": name, "size": size, "type": "text/plain"}
        for number, (name, size) in enumerate(files, 1)
    ]
    return answer | {"files": shown, "files_token": token}


def fetch(answer, *, start=0, size=10):
    """Fetch a file from a server that answers like this; return error, bytes and requests."""
    into = io.BytesIO()

    def serve(first):
        return reply(200, opened(("a", size))) if "reveal" in first else answer(first)

    with (
        Pretender(serve) as server,
        Client(server.url, policy=FEW, verify=CONTEXT) as client,
    ):
        reading = client.reveal(LINK)
        [file] = reading.__enter__().files
        with pytest.raises(RestanteError) as error:
            reading.fetch(file, into, start=start)
    return error.value, into.getvalue(), [one for one in server.asked if "files" in one]


def head(status, *lines):
    return "\r\n".join([f"HTTP/1.1 {status} X", "Connection: close", *lines, "\r\n"]).encode()


def endless(_):
    """Yield more than anybody should take; not without end, should somebody take it all."""
    yield head(200)
    for _part in range(1_000):
        yield b"x" * 65_536


@pytest.mark.parametrize(
    "answer",
    [
        lambda _: [head(200, "Content-Length: 11"), DATA + b"x"],
        lambda _: [head(200, "Content-Length: 9"), DATA[:9]],
        lambda _: [head(206, "Content-Range: bytes 0-9/10"), DATA],
        lambda _: [head(200, "Content-Encoding: gzip"), DATA],
        lambda _: [head(204)],
        lambda _: [head(302, "Location: /elsewhere")],
    ],
    ids=["longer", "shorter", "a part", "compressed", "nothing", "elsewhere"],
)
def test_what_is_not_the_file_is_never_given_out(answer):
    error, got, _ = fetch(answer)

    assert isinstance(error, Unreachable)
    assert got == b""


def test_a_file_without_end_is_cut_at_its_size():
    error, got, asked = fetch(endless, size=100_000)

    assert "longer than was told" in str(error) or "not one of Restante" in str(error)
    assert len(got) <= 100_000
    assert len(asked) <= FEW.tries + 1


@pytest.mark.parametrize("told", ["bytes 3-9/11", "bytes 2-9/10", "bytes 4-9/10", "bytes 3-8/10",
                                  "bytes 3-9/*", "items 3-9/10", "", None])  # fmt: skip
def test_a_range_that_is_not_the_one_asked_for_is_no_answer(told):
    lines = [] if told is None else [f"Content-Range: {told}"]
    error, got, _ = fetch(lambda _: [head(206, *lines), DATA[3:]], start=3)

    assert isinstance(error, Unreachable)
    assert got == b""


def test_the_rest_of_another_file_is_not_put_behind_the_first_part():
    """The second answer has another mark, or is the whole of something else."""
    for second in (
        [head(206, "Content-Range: bytes 4-9/10", 'ETag: "b"'), b"xxxxxx"],
        [head(200, 'ETag: "b"', "Content-Length: 10"), b"xxxxxxxxxx"],
    ):
        answers = [[head(200, 'ETag: "a"', "Content-Length: 10"), DATA[:4]]]
        error, got, _ = fetch(lambda _, a=answers, s=second: a.pop() if a else s)

        assert isinstance(error, Unreachable)
        assert got == DATA[:4]


def test_a_file_that_drips_is_given_up(monkeypatch):
    monkeypatch.setattr(transfers, "SLOW_SECONDS", 0.0)

    def drip(_):
        yield head(200, "Content-Length: 10")
        for one in DATA:
            yield bytes([one])

    error, got, _ = fetch(drip)

    assert "too slowly" in str(error) or "not one of Restante" in str(error)
    assert len(got) < len(DATA)


@pytest.mark.parametrize(
    "answer",
    [
        ("Upload-Offset: 0", "Upload-Complete: ?0"),
        ("Upload-Offset: 100001", "Upload-Complete: ?0"),
        ("Upload-Offset: 0", "Upload-Complete: ?1"),
        ("Upload-Offset: -1", "Upload-Complete: ?0"),
        ("Upload-Offset: 1e3", "Upload-Complete: ?0"),
        ("Upload-Complete: ?0",),
        ("Upload-Offset: 100000",),
    ],
)
def test_an_upload_that_never_gets_further_ends(answer):
    data = os.urandom(100_000)
    upload = Upload("a", len(data), "text/plain", TOKEN, "k" * 32)
    with (
        Pretender(lambda _: [head(204, *answer)]) as server,
        Client(server.url, policy=FEW, verify=CONTEXT) as client,
        pytest.raises(Unreachable),
    ):
        client.upload(io.BytesIO(data), "a", begun=upload)

    assert len(server.asked) <= 12


def test_an_upload_that_was_too_slow_goes_on():
    """A service, or a proxy, ends a body that trickles with 408, without a problem of the API."""
    upload = Upload("a", 100_000, "text/plain", TOKEN, "k" * 32)
    parts = [("?0", 65_536), ("?1", 100_000)]

    def answer(first):
        if "PATCH" in first and len(parts) == 2:
            del parts[0]
            return reply(408, b"too slow")
        whole, offset = parts[0]
        return reply(204, b"", f"Upload-Offset: {offset}", f"Upload-Complete: {whole}")

    told = []
    with Pretender(answer) as server, Client(server.url, policy=FEW, verify=CONTEXT) as client:
        client.upload(
            io.BytesIO(bytes(100_000)), "a", begun=upload, on_progress=lambda *its: told.append(its)
        )

    assert [first.partition(" ")[0] for first in server.asked] == ["GET", "PATCH", "GET"]
    assert told[-1] == (100_000, 100_000)


def test_the_last_part_may_be_answered_late_because_a_service_scans():
    upload, at = Upload("a", 10, "text/plain", TOKEN, "k" * 32), [0]

    def answer(first):
        if "PATCH" in first:
            time.sleep(0.6)
            at[0] = 10
        return reply(204, b"", f"Upload-Offset: {at[0]}", f"Upload-Complete: ?{at[0] // 10}")

    with (
        Pretender(answer) as server,
        Client(server.url, policy=FEW, timeout=0.2, verify=CONTEXT) as client,
    ):
        client.upload(io.BytesIO(DATA), "a", begun=upload)

    assert [first.partition(" ")[0] for first in server.asked] == ["GET", "PATCH"]


@pytest.mark.parametrize("token", ["", "U", "S" * 35, f"{TOKEN}\r\nX: 1", 7, None])
def test_a_token_of_an_upload_that_is_none(token):
    with (
        Pretender(lambda _: reply(201, {"upload_token": token, "offset": 0})) as server,
        Client(server.url, policy=FEW, verify=CONTEXT) as client,
        pytest.raises(Unreachable),
    ):
        client.start_upload(1, "a")


@pytest.mark.parametrize(
    ("written", "name"),
    [
        ("contract.pdf", "contract.pdf"), ("../../etc/passwd", "passwd"), ("..", "file"),
        ("C:\\Windows\\a.exe", "a.exe"), ("/", "file"), ("a\nb\x1b[2J", "a_b_[2J"), ("", "file"),
        (".bashrc", "bashrc"), ("a:b*c?.txt", "a_b_c_.txt"), ("\u202egpj.exe", "_gpj.exe"),
        ("con.txt", "_con.txt"), ("LPT1", "_LPT1"), ("contents", "contents"), ("a. . .", "a"),
        ("\ud800", "_"), ("عقد.pdf", "عقد.pdf"), ("e\u0301", "\u00e9"), ("a\0b", "a_b"),
        ("👩\u200d💻.png", "👩\u200d💻.png"),
    ],
)  # fmt: skip
def test_a_name_leads_nowhere(written, name):
    assert fit_name(written) == name


@given(st.lists(st.text(max_size=300), max_size=4))
@example(["con", "CON", "con"])
@example(["\u0600", "x" * 300, "x" * 300])
def test_a_name_that_the_service_made_fit_stays_as_it_is(written):
    """But for names of devices, which only a machine of the reader's can have."""
    names = file_names.distinct([file_names.fit_name(one) for one in written])
    mine = distinct(list(map(fit_name, names)))
    expected = [f"_{one}" if DEVICES.match(one) else one for one in names]

    assert mine == distinct([cut(one) for one in expected])
    assert all(1 <= len(one.encode()) <= 255 for one in mine)
    assert not any(set(one) & set("/\\\0") for one in mine)


def test_names_are_short_and_no_two_the_same():
    long = fit_name("ü" * 300 + ".pdf")
    names = distinct([fit_name(its) for its in ("a/x.txt", "b/X.txt", "x.txt", "x (2).txt", "x")])
    same = distinct([long, long])

    assert len(long.encode()) <= 255
    assert long.endswith("ü.pdf")
    assert names == ["x.txt", "X (2).txt", "x (3).txt", "x (2) (2).txt", "x"]
    assert same[1].endswith(" (2).pdf")
    assert all(len(one.encode()) <= 255 for one in same)
    assert cut("a" * 300, most=20) == "a" * 20
    assert fit_name("a." + "b" * 300)[:3] == "a.b"


def test_files_of_an_opened_message_have_fit_names_and_bounds():
    names = [file.name for file in Opened.of(opened(("../a", 1), ("b/A", 1), ("a", 1))).files]

    assert names == ["a", "A (2)", "a (3)"]
    for wrong in (
        opened(("a", -1)),
        opened(("a", 1), token=None),
        opened(("a", 1), token="a b"),
        opened(*[("a", 0)] * 1_001),
        opened(("a", 1)) | {"files": {}},
    ):
        with pytest.raises(ValueError, match=r"."):
            Opened.of(wrong)
