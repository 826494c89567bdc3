"""Caddy in front, run for real by the file that is shipped."""

from contextlib import suppress

from tests.deploy.proxies import Caddy
from tests.deploy.visits import LIMIT, TEXT, journey, links_in
from tests.support.api import new_reader_key
from tests.support.processes import free_port
from webapp.http.request_size import BODY_MAX


def test_a_message_is_sent_and_opened_over_tls(caddy, address):
    pages = journey(caddy.visitor(address), "/")

    assert [page.status for page in pages] == [303, 200, 200, 200]
    assert TEXT in pages[-1].text
    cookies = [c for page in pages for c in page.headers.get_all("Set-Cookie", [])]
    assert cookies
    assert all({"Secure", "HttpOnly", "SameSite=Lax"} <= set(c.split("; ")) for c in cookies)


def test_the_visitors_own_address_is_the_evidence(caddy):
    forged = {"X-Forwarded-For": "203.0.113.9", "Forwarded": "for=203.0.113.9"}
    api = caddy.api("127.201.3.4", **forged)
    sent = api.send(TEXT)
    api.reveal(sent.link, new_reader_key())
    event = next(e for e in api.message(sent.control)["events"] if e["type"] == "link.revealed")

    assert event["evidence"]["network"] == "127.201.3.0/24"


def test_a_429_and_a_413_reach_the_visitor_as_our_own_pages(caddy, address):
    visitor = caddy.visitor(address)
    pages = [visitor.get("/m/Lnothing") for _ in range(LIMIT + 1)]
    large = None
    for _ in range(5):
        # It is refused unread, so the line may end while the client still writes.
        with suppress(OSError):
            large = large or caddy.api(address).ask("POST", "/", b"x" * (BODY_MAX + 1))

    assert "Too many requests from your network." in pages[-1].text
    assert large.status == 413
    assert "That is too much to send at once." in large.text


def test_caddy_writes_no_link_anywhere_and_answers_for_a_service_that_is_away(
    caddy, front, address
):
    tokens = links_in(journey(caddy.visitor(address), "/"))
    path = f"/m/{next(iter(tokens))}"
    alone = front(Caddy)
    alone.serve(f"127.0.0.1:{free_port()}")
    with alone:
        api = alone.api(address, Referer=f"https://localhost{path}")
        page = api.ask("GET", path)
        problem = api.ask("GET", f"/api/v1/link?{path}")
        written = caddy.written() + alone.written()

    assert page.status == 502
    assert page.text.startswith("The service cannot do this right now.")
    assert page.headers["Content-Type"] == "text/plain; charset=utf-8"
    assert (problem.status, problem.code) == (502, "unavailable")
    assert "serving initial configuration" in written
    assert [secret for secret in (*tokens, TEXT, address) if secret in written] == []


def test_caddys_own_error_log_stays_out_of_its_log_even_when_it_tells_everything(front, address):
    """As shipped, but talkative and without the pages that answer for errors."""
    caddy = front(Caddy)
    caddy.serve(f"127.0.0.1:{free_port()}")
    file = caddy.folder / "Caddyfile"
    kept, _, _ = file.read_text("utf-8").partition("\t# Only for Caddy's own errors")
    file.write_text(kept.replace("\tadmin off", "\tadmin off\n\tdebug") + "}\n")
    with caddy:
        answer = caddy.api(address).ask("GET", "/m/Lsecret")

    assert answer.status == 502
    assert '"level":"debug"' in caddy.log()
    assert "Lsecret" not in caddy.written()
