"""Addresses as proxies write them: what is one, and which entry counts."""

from __future__ import annotations

import json
from ipaddress import IPv4Address, IPv6Address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from restante import logs
from webapp.http import proxies
from webapp.http.proxies import MISSING, UNTRUSTED, Forwarding, read_address

V4, V6 = IPv4Address("192.0.2.1"), IPv6Address("2001:db8::1")


@pytest.mark.parametrize(
    ("written", "address"),
    [
        ("192.0.2.1", V4),
        ("192.0.2.1:4711", V4),
        ("::ffff:192.0.2.1", V4),
        ("::FFFF:c000:201", V4),
        ("[::ffff:192.0.2.1]:80", V4),
        ("[192.0.2.1]", V4),
        ("::ffff:192.0.2.1%eth0", V4),
        ("2001:db8::1", V6),
        ("2001:DB8:0:0::1", V6),
        ("[2001:db8::1]", V6),
        ("[2001:db8::1]:4711", V6),
        ("2001:db8::1%eth0", V6),
        ("[2001:db8::1%25eth0]:4711", V6),
    ],
)
def test_an_address_is_read_with_port_brackets_and_scope(written, address):
    assert read_address(written) == address


@pytest.mark.parametrize(
    "written",
    ["", "unknown", "_hidden", "192.0.2", "192.0.2.1:", "192.0.2.1:port", "192.0.2.1:123456",
     "192.0.2.01", "192.0.2.1/24", "192.0.2.256", "1", "3221225985", "0xc0000201", "[192.0.2.1",
     "192.0.2.1]", "[]", "[]:80", ":80", "[2001:db8::1]4711", "2001:db8::1]:80", '"192.0.2.1"',
     "for=192.0.2.1", "192.0.2.1 ", "\N{ARABIC-INDIC DIGIT ONE}.1.1.1", "\xff", "1" * 100_000,
     "[" * 79, "2001:db8::1%" + "x" * 80],
    ids=lambda written: ascii(written)[:20],
)  # fmt: skip
def test_anything_else_is_no_address(written):
    assert read_address(written) is None


@given(st.text() | st.text("[]:.%0129af, \"'"))
def test_nothing_breaks_the_reading_of_an_address(written):
    read_address(written)


def behind(trusted, header):
    """Return what the application sees of a request from 10.9.9.9."""
    seen = {}
    environ = {"REMOTE_ADDR": "10.9.9.9"} | (
        {} if header is None else {"HTTP_X_FORWARDED_FOR": header}
    )
    Forwarding(lambda environ, _: seen.update(environ), trusted)(environ, None)
    return seen


@pytest.mark.parametrize(
    ("trusted", "header", "address"),
    [
        (1, "192.0.2.1", "192.0.2.1"),
        (1, "made up, 192.0.2.1", "192.0.2.1"),
        (2, "made up, 192.0.2.1 ,10.0.0.1", "192.0.2.1"),
        (1, '"made up, 192.0.2.1', "192.0.2.1"),
        (1, '"made up\\", 192.0.2.1', "192.0.2.1"),
        (2, 'a "b, c, 192.0.2.1, 10.0.0.1', "192.0.2.1"),
        (1, ",,, 192.0.2.1", "192.0.2.1"),
    ],
)
def test_the_entry_of_the_first_trusted_proxy_counts(trusted, header, address):
    seen = behind(trusted, header)

    assert seen["REMOTE_ADDR"] == address
    assert not seen[MISSING]


@pytest.mark.parametrize(
    ("trusted", "header"),
    [(1, None), (1, ""), (1, "192.0.2.1,"), (2, "192.0.2.1"), (2, ", 192.0.2.1"), (3, "a, b")],
)
def test_with_too_few_entries_the_address_is_not_known(trusted, header):
    seen = behind(trusted, header)

    assert seen["REMOTE_ADDR"] == ""
    assert seen[MISSING]


def test_without_trusted_proxies_the_header_counts_for_nothing_but_a_warning():
    assert behind(0, "192.0.2.1")["REMOTE_ADDR"] == "10.9.9.9"
    assert behind(0, "192.0.2.1")[UNTRUSTED]
    assert not behind(0, None)[UNTRUSTED]


def test_a_warning_comes_once_an_hour(monkeypatch, capfdbinary):
    now = [5.0]
    monkeypatch.setattr(proxies.time, "monotonic", lambda: now[0])
    monkeypatch.setattr(proxies, "_told", {})
    logs.configure("info")
    for at in (5, 6, 3_604, 3_605, 3_606, 7_204):
        now[0] = float(at)
        proxies.warn({UNTRUSTED: True, MISSING: False, "HTTP_X_FORWARDED_FOR": "192.0.2.1"})
    lines = [json.loads(line) for line in capfdbinary.readouterr().out.splitlines()]

    assert [line["event"] for line in lines] == [proxies.WORDS[UNTRUSTED]] * 2
    assert {frozenset(line) for line in lines} == {frozenset({"at", "level", "event"})}
