"""A webhook of the pages: set when sending or later, its secret, switched off; what is wrong."""

import re

import pytest
from standardwebhooks import Webhook as Independent

from tests.support.api import Api, Visitor, form_of, new_reader_key
from tests.support.processes import Service, wait_until
from tests.support.receiver import Receiver

OURS = {"RESTANTE_WEBHOOK_NETWORKS": "127.0.0.0/8"}
TEXT = "the canary of the hooks 4711"


@pytest.fixture(scope="module")
def told(tmp_path_factory):
    with Service(tmp_path_factory.mktemp("hooks"), **OURS) as service:
        yield service


def sent_by(visitor, **fields):
    """Send from the compose page; return the control page's path and the link's token."""
    visitor.get("/")
    answer = visitor.post("/", {"text": TEXT, "subject": "Keys & locks"} | fields)
    assert answer.status == 303, answer.text
    path = answer.headers["Location"]
    [link] = set(re.findall(r"/m/(L[\w-]{34})", visitor.get(path).text))
    return path, link


def test_a_sender_on_the_pages_sets_a_webhook_changes_it_and_switches_it_off(told):
    visitor, api = Visitor(told.url), Api(told.url)
    with Receiver() as first, Receiver() as second:
        path, link = sent_by(visitor, views="3", **{"notify.webhook": f" {first.url} "})
        api.reveal(link, new_reader_key())
        wait_until(lambda: first.taken)
        page = visitor.get(path).text
        [secret] = re.findall(r"whsec_[\w+/]{32}", page)
        form = form_of(visitor.get(path), "/webhook")
        assert form["notify.webhook"] == first.url
        change = form | {"notify.webhook": second.url, "notify.webhook_format": "slack"}
        assert visitor.post(f"{path}/webhook", change).status == 303
        assert '<option value="slack" selected>' in visitor.get(path).text
        api.reveal(link, new_reader_key())
        wait_until(lambda: second.taken)
        stop = form_of(visitor.get(path), "/webhook/stop")
        assert visitor.post(f"{path}/webhook/stop", stop).status == 303
        api.reveal(link, new_reader_key())
        last = visitor.get(path).text
        api.recall(path.rpartition("/")[2])

    [post, *_] = first.taken
    assert Independent(secret).verify(post.body, post.headers)["type"] == "link.revealed"
    [short] = second.taken
    assert short.json == {"text": "Keys &amp; locks\nShown to someone who had this link"}
    assert Independent(secret).verify(short.body, short.headers)
    assert "whsec_" not in last
    assert "is told no more" in last


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("ftp://hooks.example/", "It must begin with https://."),
        ("https://10.0.0.1/", "Only public addresses can be reached from here."),
        ("https://169.254.169.254/latest", "Only public addresses can be reached from here."),
        ("https://2130706433/", "This is no address that can be reached."),
        ("https://me:pass@hooks.example/", "It must have no name and password, and no #."),
        ("https://hooks.example:25/", "Its port must be 443, or 1024 and above."),
        ("https://hooks.example/ñ", "At most 800 characters, without blanks and accents."),
    ],
)
def test_what_is_wrong_stands_at_its_field_and_nothing_is_lost(told, url, said):
    visitor = Visitor(told.url)
    visitor.get("/")
    answer = visitor.post("/", {"text": TEXT, "notify.webhook": url})
    path, _ = sent_by(visitor)
    form = form_of(visitor.get(path), "/webhook") | {"notify.webhook": url}
    later = visitor.post(f"{path}/webhook", form)

    for one in (answer, later):
        assert one.status == 422
        assert said in one.text
        assert url in one.text
    assert TEXT in answer.text


def test_an_empty_address_and_an_unknown_format_are_faults(told):
    visitor = Visitor(told.url)
    path, _ = sent_by(visitor)
    form = form_of(visitor.get(path), "/webhook")
    empty = visitor.post(f"{path}/webhook", form)
    odd = visitor.post(
        f"{path}/webhook",
        form | {"notify.webhook": "https://hooks.example/", "notify.webhook_format": "fax"},
    )

    assert "Write the address first." in empty.text
    assert "Choose one of these." in odd.text


def test_an_operator_can_keep_webhooks_from_the_pages(tmp_path):
    with Service(tmp_path, RESTANTE_WEBHOOK_PAGES="off", **OURS) as service:
        visitor, api = Visitor(service.url), Api(service.url)
        compose = visitor.get("/").text
        refused = visitor.post("/", {"text": TEXT, "notify.webhook": "https://hooks.example/"})
        path, _ = sent_by(visitor)
        page = visitor.get(path)
        form = {"shown": form_of(page, "/recall")["shown"]}
        later = visitor.post(f"{path}/webhook", form | {"notify.webhook": "https://h.example/"})
        by_program = api.send("x", notify={"webhook": "https://hooks.example/"})
        shown = api.message(by_program.control)["notify"]

    assert "notify.webhook" not in compose
    assert "notify.webhook" not in page.text
    assert (refused.status, later.status) == (422, 422)
    assert shown == {"webhook": "https://hooks.example/"}


def test_a_program_sets_changes_and_ends_a_webhook(told):
    api, path = Api(told.url), "/api/v1/message/notify/webhook"
    sent = api.send("x", views=2)
    with Receiver() as receiver:
        its = {"webhook": receiver.url, "webhook_format": "ntfy"}
        answer = api.ask("POST", path, its, token=sent.control)
        assert api.message(sent.control)["notify"] == its
        api.reveal(sent.link, new_reader_key())
        wait_until(lambda: receiver.taken)
        ended = api.ask("POST", path, {}, token=sent.control)
        api.reveal(sent.link, new_reader_key())
        again = api.ask("POST", path, {"webhook": receiver.url}, token=sent.control)

    [post] = receiver.taken
    secret = answer.json["webhook_secret"]
    assert post.body.decode().splitlines()[0] == "Your message"
    assert Independent(secret).verify(b"{}", _signed(secret, b"{}")) == {}
    assert ended.json == {"webhook_secret": None}
    assert api.message(sent.control)["notify"] is None
    assert (again.status, again.code) == (410, "gone")


def _signed(secret, body):
    from datetime import UTC, datetime  # noqa: PLC0415

    now = datetime.now(UTC)
    signature = Independent(secret).sign("id", now, body.decode())
    stamp = str(int(now.timestamp()))
    return {"webhook-id": "id", "webhook-timestamp": stamp, "webhook-signature": signature}


@pytest.mark.parametrize(
    ("asked", "field"),
    [
        ({"webhook": "https://10.0.0.1/"}, "notify.webhook"),
        ({"webhook": "https://h.example/", "webhook_format": "fax"}, "notify.webhook_format"),
        ({"webhook_format": "ntfy"}, "webhook_format"),
        ({"url": "https://h.example/"}, "url"),
    ],
)
def test_the_api_names_the_field_that_is_wrong(told, asked, field):
    api = Api(told.url)
    sent = api.send("x")
    answer = api.ask("POST", "/api/v1/message/notify/webhook", asked, token=sent.control)

    assert (answer.status, answer.code) == (422, "invalid")
    assert [fault["field"] for fault in answer.json["errors"]] == [field]
