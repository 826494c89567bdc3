"""Senders are told: what a curious operator sees, a scanner can do, an old mail is good for.

One service tells of messages by mail, webhook and push; all that it keeps and sent is searched.
"""

import base64
import json
import re
from html.parser import HTMLParser
from urllib.parse import urlsplit

import pytest
import redis

from restante.commands.store import services_for
from restante.crypto.tokens import ControlToken, LinkToken
from restante.settings import Settings
from tests.core.test_push import AUTH, Browser
from tests.journeys.test_canary import everything_in, hunt, store_url
from tests.second import push as second
from tests.support import canaries
from tests.support.api import Api, Visitor, new_reader_key
from tests.support.mailserver import MailServer
from tests.support.processes import Service, wait_until
from tests.support.receiver import Receiver
from tests.support.senders import html_of, text_of, token_in

TO = "marta.of.the.operator@example.com"
CONTENT = {"text": "the-safe-stands-behind-the-Vermeer", "passphrase": "wisteria-and-lapis-lazuli"}
NAMES = {"subject": "Concerning-the-Quagga", "label": "Ms-Quintessa-Label"}
SCANNER = {"User-Agent": "Mozilla/5.0 (compatible; BarracudaLinkProtect/1.0)"}


class Told:
    """A service, the senders it told, and what it told them."""

    def __init__(self, service, mail, hooks, pushes):
        self.service, self.mail, self.hooks, self.pushes = service, mail, hooks, pushes
        self.secrets = dict(CONTENT)
        self.browser = Browser(pushes)
        self.api = Api(service.url)

    def live(self):
        """Send by page with a browser to tell, and by program with a webhook; read all of it."""
        self.read(self.by_page(), 1)
        self.read(self.by_program(webhook=self.hooks.url), 2)
        self.read(self.by_program(control_link=True), 3)
        # Three asks, and the news of each.
        wait_until(lambda: len(self.mail.mails) >= 6, 30)
        wait_until(lambda: self.pushes.taken and self.hooks.taken)

    def by_page(self):
        with services_for(Settings(data_dir=self.service.data_dir)) as services:
            its = self.browser.subscription(services)
            key = services.vapid_keys.newest
        canaries.learn("endpoint", its.endpoint)
        push = {"endpoint": its.endpoint, "keys": {"p256dh": its.p256dh, "auth": its.auth}}
        form = {"text": CONTENT["text"], "passphrase": CONTENT["passphrase"], "views": "3",
                "subject": NAMES["subject"], "recipients": NAMES["label"],
                "notify.email": TO, "notify.shown": "yes", "notify.opened": "yes",
                "push_here": "yes", "push": json.dumps(push | {"key": key})}  # fmt: skip
        person = Visitor(self.service.url)
        person.get("/")
        answer = person.post("/", form)
        assert answer.status == 303, answer.text
        control = answer.headers["Location"].rpartition("/")[2]
        [link] = set(re.findall(r"/m/(L[\w-]{34})", person.get(f"/s/{control}").text))
        return self.learn(control, link)

    def by_program(self, **notify):
        sent = self.api.send(
            CONTENT["text"], passphrase=CONTENT["passphrase"], subject=NAMES["subject"],
            recipients=[NAMES["label"]], views=3,
            notify={"email": TO, "events": ["opened"]} | notify,
        )  # fmt: skip
        return self.learn(sent.control, sent.link, has_link="control_link" in notify)

    def learn(self, control, link, *, has_link=False):
        many = len(self.secrets)
        if not has_link:
            self.secrets[f"control token {many}"] = control
            self.secrets[f"control secret {many}"] = ControlToken.parse(control).secret
        self.secrets[f"link token {many}"] = link
        self.secrets[f"link secret {many}"] = LinkToken.parse(link).secret
        return link

    def read(self, link, asks):
        """Consent to what the newest of so many asks is for, then open the message."""
        wait_until(lambda: len(self.asks()) == asks)
        person, page = Visitor(self.service.url), f"/n/{token_in(self.asks()[-1])}"
        person.get(page)
        assert person.post(page, {"do": "give"}).status == 303
        assert self.api.reveal(link, new_reader_key(), CONTENT["passphrase"]).status == 200

    def asks(self):
        return [one for one in self.mail.mails if one["Subject"].startswith("Do you want")]

    def tokens(self):
        return dict.fromkeys(token_in(one) for one in self.mail.mails)

    def pushed(self):
        return [second.open_body(self.browser.key, AUTH, one.body) for one in self.pushes.taken]


@pytest.fixture(scope="module")
def told(tmp_path_factory):
    canaries.learn("mail address", TO)
    with (
        MailServer() as mail,
        Receiver() as hooks,
        Receiver(lambda _: 201) as pushes,
        Service(
            tmp_path_factory.mktemp("told"),
            RESTANTE_SMTP_URL=mail.url,
            RESTANTE_MAIL_FROM="Letters <letters@example.net>",
            RESTANTE_WEBHOOK_NETWORKS="127.0.0.0/8",
            RESTANTE_LOG_LEVEL="debug",
        ) as service,
    ):
        told = Told(service, mail, hooks, pushes)
        told.live()
        yield told


def test_no_mail_no_push_and_no_webhook_has_content_a_token_or_a_passphrase(told):
    places = {}
    for number, one in enumerate(told.mail.mails):
        places |= {f"mail {number}": one.as_bytes(), f"text {number}": text_of(one).encode(),
                   f"html {number}": html_of(one).encode()}  # fmt: skip
    for number, (one, plain) in enumerate(zip(told.pushes.taken, told.pushed(), strict=True)):
        sealed = one.body + repr((one.headers, one.path)).encode()
        places |= {f"push {number}": plain, f"sealed push {number}": sealed}
        assert hunt({"sealed": sealed}, NAMES) == []
    for number, one in enumerate(told.hooks.taken):
        places[f"webhook {number}"] = one.body + repr(one.headers).encode()

    assert len(places) == 3 * 6 + 2 * len(told.pushes.taken) + len(told.hooks.taken)
    assert hunt(places, told.secrets) == []


def test_a_curious_operator_finds_nobody_in_store_files_and_log(told):
    wanted = told.secrets | NAMES | {
        "address": TO,
        "local part": TO.partition("@")[0],
        "endpoint": told.browser.endpoint,
        "webhook": told.hooks.url,
    }  # fmt: skip
    for number, token in enumerate(told.tokens()):
        wanted[f"mail token {number}"] = token
        wanted[f"its MAC {number}"] = base64.urlsafe_b64decode(token[1:])[32:]
    with redis.Redis.from_url(store_url(told.service)) as store:
        places = everything_in(store)
        store.bgrewriteaof()
        wait_until(lambda: not store.info("persistence")["aof_rewrite_in_progress"])
    for path in told.service.data_dir.rglob("*"):
        if path.is_file():
            places[f"file {path.name}"] = path.read_bytes()
    places["log"] = told.service.log_path.read_bytes()

    assert hunt({"planted": TO.encode()}, wanted)
    assert hunt(places, wanted) == []


class Links(HTMLParser):
    def __init__(self):
        super().__init__()
        self.found = []

    def handle_starttag(self, _tag, attrs):
        self.found += [value for name, value in attrs if name in {"href", "src", "action"}]


def links_of(mail):
    """Return the path of every link in a mail: in its head, its text and its HTML."""
    parser = Links()
    parser.feed(html_of(mail))
    written = re.findall(r"https?://[^\s<>]+", f"{mail['List-Unsubscribe']} {text_of(mail)}")
    return dict.fromkeys(urlsplit(one).path for one in (*parser.found, *written))


def kept(told):
    """Return what the store knows of messages and consents."""
    with redis.Redis.from_url(store_url(told.service)) as store:
        return {key: value for key, value in everything_in(store).items() if ":scrub" not in key}


def test_a_scanner_that_follows_every_link_changes_nothing(told):
    paths = dict.fromkeys(path for mail in told.mail.mails for path in links_of(mail))
    assert {path[:3] for path in paths} == {"/n/", "/s/", "/se"}
    assert {path.rpartition("/")[2] for path in paths} >= {"unsubscribe", "sent"}
    before = kept(told)
    for path in paths:
        for method in ("GET", "HEAD", "OPTIONS"):
            answer = Visitor(told.service.url, headers=SCANNER).ask(method, path)
            assert answer.status < 400, (method, path)

    assert kept(told) == before


def test_an_old_mail_is_good_for_its_own_address_alone_and_for_nothing_once_it_stopped(told):
    asks = told.asks()
    person, page = Visitor(told.service.url), f"/n/{token_in(asks[0])}"
    assert TO not in person.get(page).text
    assert NAMES["subject"] not in person.get(page).text
    person.post(page, {"do": "stop"})
    for ask in asks:
        its = f"/n/{token_in(ask)}"
        assert "No e-mails come to this address." in person.get(its).text
        person.post(its, {"do": "give"})
        person.post(its, {"do": "give", "consent": "00" * 16})
    many = len(told.mail.mails)
    link = told.by_program()
    told.api.reveal(link, new_reader_key(), CONTENT["passphrase"])
    with services_for(Settings(data_dir=told.service.data_dir)) as services:
        wait_until(lambda: not any(one.events_left for one in services.delivering.waiting()), 30)
    assert len(told.mail.mails) == many

    # As after 400 days: the record is gone, the old mail asks nobody and mails nothing.
    with redis.Redis.from_url(store_url(told.service)) as store:
        for key in store.scan_iter("*:consents:*"):
            store.delete(key)
    assert "This question is too old." in person.get(page).text
    person.post(page, {"do": "give"})
    assert "This question is too old." in person.get(page).text
    assert Api(told.service.url).ask("POST", page + "/unsubscribe", b"x").status == 404
