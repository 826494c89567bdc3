"""nginx in front, below a path; then with too many visitors; then, last, the service goes away."""

import json

from tests.deploy.visits import TEXT, journey, links_in
from tests.support.api import Api
from tests.support.lines import at_once

NGINX_MAX = 7 * 1024 * 1024
AT_ONCE = 64
NO_METHOD = "SECRETWORD"


def test_below_a_path_everything_works_and_cookies_stay_there(below):
    nginx, _ = below
    visitor = nginx.visitor("127.210.0.1")
    to_control, control, gate, opened = journey(visitor, "/letters/")
    assert TEXT in opened.text
    cookies = [c for page in (to_control, gate) for c in page.headers.get_all("Set-Cookie", [])]
    assert cookies
    assert all("Path=/letters" in cookie.split("; ") for cookie in cookies)
    assert f"{nginx.public_url}/letters/m/L" in control.text
    unknown = nginx.api().ask("GET", "/letters/api/v1/link", token="Lnothing")
    assert (unknown.status, unknown.code) == (404, "not-found")
    large = nginx.api().ask("POST", "/letters/api/v1/messages", b"x" * (NGINX_MAX + 1))
    assert large.code == "too-large"

    assert visitor.get("/letters").status == 308
    assert visitor.get("/").status == 404


def test_one_network_has_so_many_requests_at_once_and_an_ipv6_network_is_a_64(below):
    nginx, _ = below

    def come(address):
        return nginx.api(**{"X-Test-Address": address})

    waiting = [
        Api(nginx.url, kept=True, way=nginx.way(), headers={"X-Test-Address": f"2001:db8::{n:x}"})
        for n in range(1, AT_ONCE + 1)
    ]
    at_once(lambda api=api: api.prime("POST", "/letters/", b"text=x") for api in waiting)
    page = come("2001:db8::ffff:1").ask("GET", "/letters/")
    problem = come("2001:db8::ffff:1").ask("GET", "/letters/api/v1/link", token="Lnothing")
    others = [come(a).ask("GET", "/letters/").status for a in ("2001:db8:0:1::1", "192.0.2.1")]
    for api in waiting:
        api.close()

    assert page.status == 429
    assert "Too many requests from your network." in page.text
    assert page.headers["Retry-After"] == "60"
    assert problem.code == "rate-limited"
    assert others == [200, 200]


def test_nginx_writes_no_link_anywhere_whatever_breaks(below):
    """A journey, refusals of every kind, the service gone; then all its files are read."""
    nginx, service = below
    tokens = links_in(journey(nginx.visitor("127.220.0.1"), "/letters/"))
    link, control = (next(t for t in tokens if t[0] == kind) for kind in "LC")
    headers = {"Referer": f"{nginx.public_url}/s/{control}", "Cookie": f"sender={link}"}
    api = nginx.api("127.220.0.2", **headers)
    large = f'{{"text": "{TEXT}{"x" * 1_000_000}"}}'.encode()
    page_path, program_path = f"/letters/m/{link}", f"/letters/api/v1/link?{link}"

    def provoke():
        for path in (page_path, program_path, f"/m/{link}?{control}", f"//{link}/../x"):
            api.ask("GET", path)
            api.ask("GET", path, headers={"X-Long": link * 1000})
            api.ask(NO_METHOD, path)
        api.ask("POST", page_path, large)
        api.ask("POST", page_path, b"x" * (NGINX_MAX + 1))
        return api.ask("GET", page_path), api.ask("GET", program_path)

    provoke()
    service.stop()
    page, problem = provoke()
    told = [json.loads(line) for line in (nginx.folder / "restante.log").read_text().splitlines()]
    written = nginx.written()

    assert len(tokens) == 2
    assert (page.status, problem.status) == (502, 502)
    assert "The service cannot do this right now." in page.text
    assert page.headers["Retry-After"] == "2"
    assert problem.code == "unavailable"
    secrets = [*tokens, NO_METHOD, TEXT, "127.220.0."]
    assert [secret for secret in secrets if secret in written] == []
    assert {line["status"] for line in told} >= {"200", "303", "400", "413", "502"}
    assert {line["method"] for line in told} == {"GET", "POST", "other"}
