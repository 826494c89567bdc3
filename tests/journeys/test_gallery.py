"""The gallery: each robot that was reported at such links, as the requests that it sends.

None opens a message, whatever it presses; what it was stands among the looks.  And the
people whom one could take for robots: each gets in, and meets one number at most.
"""

import base64
import hashlib
import hmac

import pytest

from restante.crypto.tokens import LinkToken
from tests.browser.tour import CHROMIUM
from tests.support.api import FIREFOX, Api, Visitor, filled, form_of, new_reader_key, number_on
from tests.support.processes import Service
from tests.support.tickets import gate_form, waited

TEXT = "the safe is behind the Vermeer"
SCANNERS, CLOUD_PC, OFFICE = "40.94.20.7", "40.107.3.9", "192.0.2.80"
SAFARI = (
    "Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15"
    " (KHTML, like Gecko) Version/18.5 Mobile/15E148 Safari/604.1"
)
OLD_CHROME = (
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko)"
    " Chrome/58.0.3029.110 Safari/537.36"
)
NAVIGATED = {
    "Sec-Fetch-Site": "same-origin",
    "Sec-Fetch-Mode": "navigate",
    "Sec-Fetch-Dest": "document",
}
PRESSED = NAVIGATED | {"Sec-Fetch-User": "?1"}
PREVIEWS = {
    "Slack": "Slackbot-LinkExpanding 1.0 (+https://api.slack.com/robots)",
    "Teams": "Mozilla/5.0 (Windows NT 6.1; WOW64) SkypeUriPreview Preview/0.5",
    "WhatsApp": "WhatsApp/2.23.20.0 A",
    "Telegram": "TelegramBot (like TwitterBot)",
    "Discord": "Mozilla/5.0 (compatible; Discordbot/2.0; +https://discordapp.com)",
    "iMessage": "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_11_1) AppleWebKit/601.2.4 (KHTML, like"
    " Gecko) Version/9.0.1 Safari/601.2.4 facebookexternalhit/1.1 Facebot Twitterbot/1.0",
    "Facebook": "facebookexternalhit/1.1 (+http://www.facebook.com/externalhit_uatext.php)",
}


@pytest.fixture(scope="module")
def service(tmp_path_factory):
    """Behind a proxy, so that visitors come from where they say."""
    with Service(tmp_path_factory.mktemp("gallery"), RESTANTE_TRUSTED_PROXIES="1") as service:
        yield service


@pytest.fixture
def sent(service):
    return Api(service.url).send(TEXT)


def come(service, agent=FIREFOX, address=OFFICE, **headers):
    given = {"User-Agent": agent, "X-Forwarded-For": address}
    return Visitor(service.url, headers=given | headers)


def press(visitor, link, form, headers=None):
    return visitor.ask("POST", f"/m/{link}", form, headers)


def state_and_classes(service, sent):
    message = Api(service.url).message(sent.control)
    return message["links"][0]["state"], {look["class"] for look in message["looks"]}


def get_in(service, visitor, link, headers=None, *, wait=True, cookies=True):
    """Go through the gate as a person does; return how many numbers had to be typed."""
    page = visitor.ask("GET", f"/m/{link}")
    numbers = 0
    for _ in range(3):
        numbers += 'id="wanted"' in page.text
        form = filled(page, link)
        if wait and 'id="wanted"' not in page.text:
            form = waited(service, visitor, link, form)
        if not cookies:
            visitor.cookies.clear()
        page = press(visitor, link, form, headers)
        if TEXT in page.text:
            return numbers
    raise AssertionError(page.text)


@pytest.mark.parametrize("agent", PREVIEWS.values(), ids=PREVIEWS.keys())
def test_a_chat_that_previews_the_link_opens_nothing_and_is_named(service, sent, agent):
    bot = come(service, agent)
    for method in ("GET", "HEAD"):
        bot.ask(method, f"/m/{sent.link}")
    page = press(bot, sent.link, form_of(bot.get(f"/m/{sent.link}"), sent.link))

    assert TEXT not in page.text
    assert state_and_classes(service, sent) == ("sealed", {"preview_bot"})


def test_a_scanner_that_asks_for_headers_and_then_runs_the_page_opens_nothing(service, sent):
    """An old Chrome from the scanner's network: HEAD, GET, and a form submitted by itself."""
    scanner = come(service, OLD_CHROME, SCANNERS)
    scanner.ask("HEAD", f"/m/{sent.link}")
    form = form_of(scanner.get(f"/m/{sent.link}"), sent.link)
    page = press(scanner, sent.link, form)

    assert "number" in form
    assert TEXT not in page.text
    assert state_and_classes(service, sent) == ("sealed", {"scanner_suspected"})


def test_a_scanner_that_loads_its_parts_from_several_addresses_opens_nothing(service, sent):
    """The first address is known; the second presses, and looks like anybody."""
    come(service, "", SCANNERS).ask("HEAD", f"/m/{sent.link}")
    second = come(service, OLD_CHROME, OFFICE)
    form = form_of(second.get(f"/m/{sent.link}"), sent.link)
    page = press(second, sent.link, form)

    assert TEXT not in page.text
    assert state_and_classes(service, sent) == ("sealed", {"scanner_suspected", "browser"})


@pytest.mark.parametrize(
    ("header", "kind"),
    [
        ({"Sec-Purpose": "prefetch;prerender"}, "prefetch"),
        ({"Purpose": "prefetch"}, "prefetch"),
        ({"X-Moz": "prefetch"}, "prefetch"),
        ({"User-Agent": "curl/8.14"}, "program"),
        ({"User-Agent": ""}, "program"),
        ({"User-Agent": CHROMIUM.replace("Chrome/", "HeadlessChrome/")}, "scanner_suspected"),
    ],
)
def test_who_comes_as_a_machine_is_asked_for_a_number_from_the_first(service, sent, header, kind):
    machine = come(service, **header)
    form = form_of(machine.get(f"/m/{sent.link}"), sent.link)
    page = press(machine, sent.link, form)

    assert "number" in form
    assert TEXT not in page.text
    assert state_and_classes(service, sent) == ("sealed", {kind})


def scripted(form):
    return form, NAVIGATED


def scripted_as_safari(form):
    return form, NAVIGATED | {"User-Agent": SAFARI, "Sec-CH-UA": '"Chromium";v="146"'}


def all_filled(form):
    return {name: value or "x" for name, value in form.items()}, PRESSED


def untouched(form):
    return form | {"scripts": "1"}, PRESSED


def from_a_scanners_network(form):
    return form, PRESSED | {"X-Forwarded-For": SCANNERS}


def ahead(form):
    return form, {"Sec-Purpose": "prefetch"}


ROBOTS = {
    scripted: ("scanner_suspected", "did not say that a person"),
    scripted_as_safari: ("scanner_suspected", "did not say that a person"),
    all_filled: ("scanner_suspected", "that people do not see"),
    untouched: ("scanner_suspected", "no key, pointer or touch"),
    from_a_scanners_network: ("scanner_suspected", "Your network"),
    ahead: ("prefetch", "calls itself a program"),
}


@pytest.mark.parametrize("robot", ROBOTS, ids=lambda robot: robot.__name__)
def test_a_press_that_looks_wrong_meets_one_number_and_a_person_passes_it(service, sent, robot):
    visitor = come(service)
    gate = gate_form(service, visitor, sent.link)
    form, headers = robot(gate)
    stopped = press(visitor, sent.link, form, headers)
    kind, sentence = ROBOTS[robot]
    state, classes = state_and_classes(service, sent)

    assert "number" not in gate
    assert sentence in stopped.text
    assert stopped.status == 200
    assert TEXT not in stopped.text
    assert "Nothing has been opened." in stopped.text
    assert (state, classes) == ("sealed", {"browser", kind})
    # Whatever still looks wrong then: nobody is asked twice.
    again = form_of(stopped, sent.link) | {"number": number_on(stopped)}
    assert TEXT in press(visitor, sent.link, again, headers).text


PEOPLE = {
    "an old browser": (come, {"agent": OLD_CHROME}, {}, 0),
    "a new one": (come, {"agent": CHROMIUM}, PRESSED, 0),
    "Safari, which never says that a person asked": (come, {"agent": SAFARI}, NAVIGATED, 0),
    "a phone named CUBOT": (come, {"agent": FIREFOX.replace("X11", "CUBOT X19")}, PRESSED, 0),
    "a cloud PC in a scanner's network": (come, {"address": CLOUD_PC}, PRESSED, 1),
    "a browser without a name": (come, {"agent": ""}, PRESSED, 1),
}


@pytest.mark.parametrize("who", PEOPLE)
def test_a_person_gets_in_and_meets_one_number_at_most(service, sent, who):
    way, options, headers, numbers = PEOPLE[who]

    assert get_in(service, way(service, **options), sent.link, headers) == numbers


def test_a_person_behind_a_proxy_shared_with_robots_meets_one_number(service, sent):
    come(service, PREVIEWS["Slack"]).get(f"/m/{sent.link}")

    assert get_in(service, come(service), sent.link, PRESSED) == 1


def test_a_person_quicker_than_a_second_meets_one_number(service, sent):
    assert get_in(service, come(service), sent.link, PRESSED, wait=False) <= 1


def test_a_person_without_cookies_meets_one_number_scanned_or_not(service, sent):
    scanned = Api(service.url).send(TEXT).link
    come(service, "", SCANNERS).ask("HEAD", f"/m/{scanned}")

    assert get_in(service, come(service), sent.link, PRESSED, cookies=False) == 1
    assert get_in(service, come(service), scanned, PRESSED, cookies=False) == 1


def test_a_number_counts_on_while_the_passphrase_is_mistyped(service):
    sent = Api(service.url).send(TEXT, passphrase="blue tin")
    come(service, PREVIEWS["Slack"]).get(f"/m/{sent.link}")
    person = come(service)
    form = filled(person.get(f"/m/{sent.link}"), sent.link)
    wrong = press(person, sent.link, form | {"passphrase": "red tin"})
    kept = form_of(wrong, sent.link)

    assert kept["number"] == form["number"]
    assert TEXT in press(person, sent.link, kept | {"passphrase": "blue tin"}).text


def test_the_operator_says_which_networks_are_scanners(tmp_path):
    with Service(
        tmp_path, RESTANTE_TRUSTED_PROXIES="1", RESTANTE_SCANNER_NETWORKS="192.0.2.0/24"
    ) as service:
        api = Api(service.url)
        there = get_in(service, come(service, address=OFFICE), api.send(TEXT).link)
        elsewhere = get_in(service, come(service, address=SCANNERS), api.send(TEXT).link)
        gate = come(service, address=OFFICE).get(f"/m/{api.send(TEXT).link}").text

    assert (there, elsewhere) == (1, 0)
    assert "Your network is one that mail scanners use, too." in gate
    assert "A machine looked" not in gate  # nobody else did


def test_a_sender_may_ask_everybody_for_a_number(service):
    """Through the API and on the page; a client of the API is never asked."""
    api, sender = Api(service.url), come(service)
    sent = api.send(TEXT, second_step="always")
    page = sender.get(sender.post("/", {"text": TEXT, "second_step": "always"}).headers["Location"])
    assert "type a number first" in page.text
    by_hand = page.text.partition("/m/")[2][:35]
    person = come(service)
    blank = form_of(person.get(f"/m/{by_hand}"), by_hand) | {"number": ""}
    unasked = sender.get(sender.post("/", {"text": TEXT}).headers["Location"])

    assert api.message(sent.control)["second_step"] == "always"
    assert "type a number first" not in unasked.text
    assert TEXT not in press(person, by_hand, blank, PRESSED).text
    assert get_in(service, come(service), sent.link, PRESSED) == 1
    assert get_in(service, come(service), by_hand, PRESSED) == 1
    assert api.reveal(api.send(TEXT, second_step="always").link, new_reader_key()).status == 200


def test_a_second_step_that_is_not_known_is_a_fault_of_its_field(service):
    answer = Api(service.url).ask("POST", "/api/v1/messages", {"text": "x", "second_step": "never"})

    assert answer.code == "invalid"
    assert [fault["field"] for fault in answer.json["errors"]] == ["second_step"]


def test_an_operator_may_ask_everybody_for_a_number(tmp_path):
    with Service(tmp_path, RESTANTE_SECOND_STEP="always") as service:
        sent = Api(service.url).send(TEXT)
        unasked, sender = Visitor(service.url).get("/"), Visitor(service.url)
        page = sender.get(sender.post("/", {"text": TEXT}).headers["Location"])

        assert "number" in form_of(Visitor(service.url).get(f"/m/{sent.link}"), sent.link)
        assert get_in(service, Visitor(service.url), sent.link, PRESSED) == 1
        assert 'name="second_step"' not in unasked.text
        assert "type a number first" in page.text


def test_an_operator_who_asks_everybody_asks_those_too_who_have_the_page_open(tmp_path):
    with Service(tmp_path) as service:
        sent, person = Api(service.url).send(TEXT), Visitor(service.url)
        form = gate_form(service, person, sent.link)
        service.stop()
        service.env["RESTANTE_SECOND_STEP"] = "always"
        service.start()
        stopped = press(person, sent.link, form, PRESSED)

        assert "Everybody is asked for a number here." in stopped.text
        assert TEXT not in stopped.text
        assert TEXT in press(person, sent.link, filled(stopped, sent.link), PRESSED).text


def test_the_senders_own_browser_is_told_that_the_link_is_its_own(service):
    """And opens it like anybody; its look counts as no machine's and as no recipient's."""
    sender = come(service)
    control = sender.post("/", {"text": TEXT}).headers["Location"]
    link = sender.get(control).text.partition("/m/")[2][:35]
    gate, recipients = sender.get(f"/m/{link}"), come(service).get(f"/m/{link}")
    assert "your own link" in gate.text
    assert "your own link" not in recipients.text
    classes = [look["class"] for look in Api(service.url).message(control[-35:])["looks"]]

    assert classes == ["browser", "sender"]
    assert get_in(service, sender, link, PRESSED) == 0


def test_a_forged_cookie_marks_no_link_as_the_senders_own(service, sent):
    """Other links' tags, and one made under another key."""
    other = Api(service.url).send(TEXT)
    sender, forger = come(service), come(service)
    assert "your own link" not in forger.get(f"/m/{sent.link}").text
    sender.post(f"/s/{other.control}")
    sender.get(f"/s/{other.control}")
    link_id = LinkToken.parse(sent.link).link_id
    tag = hmac.digest(bytes(32), link_id, hashlib.sha256)[:6]
    forger.cookies["own"] = base64.urlsafe_b64encode(tag).decode()

    assert len(sender.cookies["own"]) == 8
    assert "your own link" not in sender.get(f"/m/{sent.link}").text
    assert state_and_classes(service, sent) == ("sealed", {"browser"})


def test_a_browser_remembers_its_newest_200_links(service):
    sender, api = come(service), Api(service.url)
    many = [api.send(TEXT, recipients=[str(n) for n in range(70)]) for _ in range(3)]
    for sent in many:
        sender.post(f"/s/{sent.control}")
        sender.get(f"/s/{sent.control}")
    told = ["your own link" in sender.get(f"/m/{sent.links[-1]}").text for sent in many]

    assert len(sender.cookies["own"]) == 1_600
    assert told == [False, True, True]
