"""Where notifications may go: every form of every address, and names."""

from __future__ import annotations

from ipaddress import ip_address, ip_network

import pytest

from restante.ssrf import URL_MAX, literal, may_reach, plain, webhook_fault

PUBLIC = [
    "8.8.8.8",
    "1.1.1.1",
    "100.63.255.255",
    "100.128.0.0",
    "172.15.255.255",
    "172.32.0.1",
    "192.0.1.1",
    "198.17.255.255",
    "198.20.0.0",
    "223.255.255.255",
    "::ffff:8.8.8.8",
    "64:ff9b::8.8.8.8",
    "2606:4700:4700::1111",
    "2001:4860:4860::8888",
    "2a00:1450::1",
]
NOT_PUBLIC = [
    "0.0.0.0",  # noqa: S104 (nobody binds it)
    "0.1.2.3",
    "10.0.0.1",
    "100.64.0.1",
    "127.0.0.1",
    "127.255.255.254",
    "168.63.129.16",
    "169.254.169.254",
    "172.16.0.1",
    "172.31.255.255",
    "192.0.0.8",
    "192.0.2.1",
    "192.88.99.1",
    "192.168.1.1",
    "198.18.0.1",
    "198.51.100.1",
    "203.0.113.1",
    "224.0.0.1",
    "239.255.255.250",
    "240.0.0.1",
    "255.255.255.255",
    "::",
    "::1",
    "::10.0.0.1",  # compatible, long obsolete
    "::ffff:127.0.0.1",
    "::ffff:169.254.169.254",
    "::ffff:0:10.0.0.1",  # translated
    "64:ff9b::10.0.0.1",
    "64:ff9b::a9fe:a9fe",
    "64:ff9b:1::8.8.8.8",  # NAT64 of somebody's own
    "100::1",  # discarded
    "2001::1",  # Teredo
    "2001:10::1",  # ORCHID
    "2001:db8::1",
    "2002:7f00:1::",  # 6to4 of 127.0.0.1
    "2002:808:808::1",  # 6to4 of a public one, too
    "3fff::1",
    "4000::1",
    "5f00::1",
    "fc00::1",
    "fd12:3456::1",
    "fe80::1",
    "fe80::1%eth0",
    "fec0::1",  # site-local
    "ff02::1",
    "ff0e::1",
]
OURS = (ip_network("10.1.0.0/16"), ip_network("fd00:1::/32"))


@pytest.mark.parametrize("written", PUBLIC)
def test_a_public_address_may_be_reached(written):
    assert may_reach(ip_address(written), ())


@pytest.mark.parametrize("written", NOT_PUBLIC)
def test_an_address_that_is_not_public_may_not(written):
    assert not may_reach(ip_address(written), ())
    assert not may_reach(ip_address(written), OURS)


@pytest.mark.parametrize(
    "written", ["10.1.2.3", "::ffff:10.1.2.3", "64:ff9b::10.1.2.3", "fd00:1::5"]
)
def test_our_own_networks_may_be_reached_in_every_form(written):
    assert may_reach(ip_address(written), OURS)
    assert not may_reach(ip_address(written), ())


def test_our_own_networks_open_no_others():
    for written in ("10.2.0.1", "fd00:2::1", "127.0.0.1", "::ffff:10.2.0.1"):
        assert not may_reach(ip_address(written), OURS)


def test_an_address_embedded_in_another_is_recognized():
    assert str(plain(ip_address("::ffff:192.0.2.1"))) == "192.0.2.1"
    assert str(plain(ip_address("64:ff9b::192.0.2.1"))) == "192.0.2.1"
    assert str(plain(ip_address("fe80::1%eth0"))) == "fe80::1"


@pytest.mark.parametrize(
    "host",
    ["2130706433", "0x7f000001", "0x7f.1", "127.1", "0177.0.0.1", "127.0.0.01", "1.2.3.4.5",
     "256.1.1.1", "a.0x", "example.123", "", ".", "a..b", "-a.example", "a" * 64, "a." * 127 + "a",
     "a b", "a/b", "a%2eb", "[::1]", "::g", "1:2:3"],
)  # fmt: skip
def test_ambiguous_hosts_are_neither_address_nor_name(host):
    with pytest.raises(ValueError, match="does not appear to be"):
        literal(host)


@pytest.mark.parametrize(
    "host",
    ["localhost", "hooks.example", "hooks.example.", "a-b.c_d.example", "xn--bcher-kva.example"],
)
def test_a_name_is_a_name(host):
    assert literal(host) is None


def test_a_long_host_is_judged_at_once():
    """No pattern takes time as the power of what it is given."""
    with pytest.raises(ValueError, match="does not appear to be"):
        literal("a" * 50_000 + "!")


GOOD = [
    "https://hooks.example/restante?key=1",
    "https://hooks.example:8443",
    "https://hooks.example:443/",
    "https://8.8.8.8/x",
    "https://[2606:4700:4700::1111]:8443/x",
    "https://[2606:4700:4700::ABCD]/",
    "HTTPS://Hooks.Example.:443/",
]
BAD = {
    "ftp://hooks.example": "https://",
    "http://hooks.example": "https://",
    "hooks.example": "reached",
    "https://": "reached",
    "https://user@hooks.example/": "login",
    "https://user:word@hooks.example/": "login",
    "https://@hooks.example/": "login",
    "https://hooks.example/#x": "fragment",
    "https://hooks.example\\@10.0.0.1/": "login",
    "https://hooks.example/ x": "ASCII",
    "https://hooks.example/\n": "ASCII",
    "https://b\u00fccher.example/": "ASCII",
    "https://\uff11\uff12\uff17.0.0.1/": "ASCII",
    "https://hooks.example:22/": "port",
    "https://hooks.example:0/": "port",
    "https://hooks.example:99999/": "reached",
    "https://hooks.example:x/": "reached",
    "https://[::1": "reached",
    "https://127.0.0.1/": "from here",
    "https://[::ffff:10.0.0.1]/": "from here",
    "https://2130706433/": "reached",
    "https://[2606:4700:4700::1111]x/": "reached",
    "https://x[2606:4700:4700::1111]:443/": "reached",
    "https://[v1.example]/": "reached",
    "https://[2606:4700:4700::1111%25eth0]/": "reached",
    "https://[2606:4700:4700::1111%eth0]/": "reached",
    "": "ASCII",
    "https://hooks.example/" + "x" * URL_MAX: "ASCII",
}


@pytest.mark.parametrize("url", GOOD)
def test_a_good_webhook_may_be_tried(url):
    assert webhook_fault(url, ()) is None


@pytest.mark.parametrize(("url", "why"), BAD.items())
def test_a_bad_webhook_is_told_why(url, why):
    fault = webhook_fault(url, ())

    assert fault
    assert why in fault


def test_without_tls_only_where_there_are_networks_of_our_own():
    assert webhook_fault("http://hooks.internal/", OURS) is None
    assert webhook_fault("http://10.1.2.3:8080/", OURS) is None
    assert webhook_fault("http://10.2.2.3:8080/", OURS)
    assert webhook_fault("http://8.8.8.8/", OURS)
