"""What a page of another site can use up of its visitor's network, in a real browser."""

import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from tests.support.api import Api, Visitor
from tests.support.processes import Service

LIMIT, FORMS = 10, 20
PAGE = """<!DOCTYPE html><button>A prize</button><script>
document.querySelector("button").onclick = () => {{
  for (let n = 0; n < {forms}; n += 1) {{
    const form = document.createElement("form");
    form.method = "{method}";
    form.action = "{action}";
    form.target = "w" + n;
    form.innerHTML = '<textarea name="text">not mine</textarea>';
    document.body.append(form);
    form.submit();
    const same = form.cloneNode(true);
    same.target = "w0";
    document.body.append(same);
    setTimeout(() => same.submit(), n);
  }}
}};
</script>"""


@pytest.fixture(scope="module")
def limited(tmp_path_factory):
    with Service(
        tmp_path_factory.mktemp("limited"),
        RESTANTE_RATE_LIMITS="on",
        RESTANTE_LIMIT_SEND=str(LIMIT),
        RESTANTE_LIMIT_PREVIEW=str(LIMIT),
        RESTANTE_LIMIT_REVEAL=str(LIMIT),
    ) as service:
        yield service


@pytest.fixture
def other_site():
    """Serve one page below another name; return how to have it show what."""
    shown = {"page": ""}

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            page = shown["page"].encode()
            self.send_response(200)
            self.send_header("Content-Type", "text/html; charset=utf-8")
            self.send_header("Content-Length", str(len(page)))
            self.end_headers()
            self.wfile.write(page)

        def log_message(self, *_):
            """Stay silent."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://localhost:{server.server_address[1]}", shown
        server.shutdown()
        thread.join()


def one_click(browser, other_site, method, action):
    """Have the other site's page send its forms at one click; return how each was answered."""
    address, shown = other_site
    shown["page"] = PAGE.format(forms=FORMS, method=method, action=action)
    answered = []
    with browser.new_context() as context:
        context.on(
            "response",
            lambda response: (
                answered.append(response.status) if response.url.startswith(action) else None
            ),
        )
        page = context.new_page()
        page.goto(address)
        page.locator("button").click()
        for _ in range(100):
            if len(answered) >= FORMS:
                break
            page.wait_for_timeout(100)
    return answered


@pytest.mark.parametrize("method", ["post", "get"])
@pytest.mark.parametrize("path", ["/", "/m/{}"])
def test_one_click_on_another_site_locks_nobody_out(limited, browser, other_site, path, method):
    """Looks that another site starts count apart: they cannot be told from followed links."""
    visitor, link = Visitor(limited.url), Api(limited.url).send("the letter").link
    answered = one_click(browser, other_site, method, limited.url + path.format(link))
    sent = visitor.post("/", {"text": "mine"})
    looked, pressed = visitor.get(f"/m/{link}"), visitor.post(f"/m/{link}", {})

    assert len(answered) >= FORMS
    assert set(answered) - {200, 429} == ({403} if method == "post" else set())
    assert [sent.status, looked.status, pressed.status] == [303, 200, 200]
