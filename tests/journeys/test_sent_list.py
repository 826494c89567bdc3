"""The sender's list over HTTP: pages, search, recall of many, other devices, rotation."""

import re
from concurrent.futures import ThreadPoolExecutor
from html import unescape
from unicodedata import normalize

import pytest
import redis
import zxingcpp
from hypothesis import HealthCheck, given, settings
from markupsafe import escape

from restante.crypto.tokens import ControlToken, ListToken
from restante.errors import NotFound
from restante.sent_reports import CHOSEN_MOST
from restante.store import keys
from tests.journeys.test_verdict import FIT, HOSTILE
from tests.support.api import Api, Visitor, form_of, new_reader_key
from tests.support.processes import Service

FOREIGN = {"Sec-Fetch-Site": "cross-site"}
NULL = {"Origin": "null"}
PAGES = ("", "/recall", "/recall-unread", "/address", "/rotate", "/forget", "/anew")


@pytest.fixture
def sender(service):
    visitor = Visitor(service.url)
    visitor.get("/")
    return visitor


def send(visitor, **fields):
    """Send by hand; return the control token."""
    answer = visitor.post("/", {"text": "x"} | fields)
    assert answer.status == 303, answer.text
    return answer.headers["Location"].rpartition("/")[2]


def link_of(visitor, control, number=0):
    return re.findall(r"/m/(L[A-Za-z0-9_-]{34})", visitor.get(f"/s/{control}").text)[number]


def read(service, visitor, control):
    answer = Api(service.url).reveal(link_of(visitor, control), new_reader_key())
    assert answer.status == 200


def listed(page):
    """Return the control tokens on a page of the list, in its order."""
    assert page.status == 200, page.text
    return re.findall(r"/s/(C[A-Za-z0-9_-]{34})\"", page.text)


def address(visitor):
    """Return the address for another device, from the path on."""
    page = visitor.post("/sent/address")
    return re.search(r"/sent/(R[A-Za-z0-9_-]{34})<", page.text)[0].rstrip("<")


def figures(page):
    """Return what was prevented, too late, already ended."""
    assert page.status == 200, page.text
    return [int(number) for number in re.findall(r"<dd><b>(\d+)</b>", page.text)]


def score_of(page, control):
    """Return the value of the box that chooses a message."""
    row = next(row for row in page.text.split("<li")[1:] if control in row)
    return re.search(r'name="message" value="(\d+)"', row)[1]


def test_the_list_shows_what_this_browser_sent_and_what_became_of_it(service, sender):
    old = send(sender, subject="Keys", recipients="Ana\nBob\nCid\nDan")
    new = send(sender)
    read(service, sender, new)
    send(Visitor(service.url))
    page = sender.get("/sent")

    assert listed(page) == [new, old]
    assert "2 messages from this browser" in page.text
    assert "It was opened. It cannot be opened again." in page.text
    assert "It is waiting. Nobody has opened it." in page.text
    assert "and 1 more" in page.text
    assert "Anyone with the link" in page.text
    assert "0 messages" not in Visitor(service.url).get("/sent").text


def test_the_secret_is_there_before_two_tabs_send_for_the_first_time(service):
    sender = Visitor(service.url)
    page = sender.get("/")
    assert re.fullmatch(
        r"sender=[A-Za-z0-9_-]{32}; Expires=.*; Max-Age=31536000; HttpOnly; Path=/; SameSite=Lax",
        page.headers["Set-Cookie"],
    )

    def tab(_):
        visitor = Visitor(service.url)
        visitor.cookies = dict(sender.cookies)
        return send(visitor)

    with ThreadPoolExecutor(4) as tabs:
        sent = set(tabs.map(tab, range(4)))
    assert set(listed(sender.get("/sent"))) == sent
    assert "Set-Cookie" not in sender.get("/").headers


def test_pages_of_25_lead_to_the_oldest_and_back(service, sender):
    sent = [send(sender) for _ in range(30)]
    first = sender.get("/sent")
    older = unescape(re.search(r'href="(/sent\?before=\d+)"', first.text)[1])
    second = sender.get(older)

    assert listed(first) + listed(second) == sent[::-1]
    assert "Show the newest" in second.text
    for odd in ("x", "-1", "9" * 40, "1e3", "%00", ""):
        assert sender.get(f"/sent?before={odd}").status == 200


def test_a_search_is_a_form_so_that_no_address_has_a_name_in_it(service, sender):
    found = send(sender, subject="Contract", recipients="Ana Torres")
    send(sender, subject="Other")
    page = sender.post("/sent", {"words": "torres CONTRACT"})

    assert listed(page) == [found]
    assert "torres CONTRACT" in page.text
    assert listed(sender.get("/sent?words=torres")) != [found]
    assert "No match in 2 messages." in sender.post("/sent", {"words": "nobody"}).text
    assert len(listed(sender.post("/sent", {"words": "  "}))) == 2


def test_hostile_names_stay_text(service, sender):
    send(sender, subject='"><script>alert(1)</script>', recipients="<b>Ana</b> & {{ 7*7 }}")
    for page in (sender.get("/sent"), sender.post("/sent", {"words": "<script>"})):
        assert "<script>alert" not in page.text
        assert "<b>Ana" not in page.text
        assert "&lt;b&gt;Ana" in page.text


@settings(max_examples=20, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(name=FIT | HOSTILE, subject=FIT | HOSTILE)
def test_names_and_subjects_of_every_kind_do_no_harm_in_the_list(service, sender, name, subject):
    quoted = '"{}"'.format(re.sub(r'["\\\\]', "'", name))
    control = send(sender, recipients=quoted, subject=subject)
    page = sender.get("/sent")
    searched = sender.post("/sent", {"words": subject})
    verdict = sender.post("/sent/recall", {"message": score_of(page, control)})

    kept = normalize("NFC", subject.strip())
    for shown in (page, searched, verdict):
        assert shown.status == 200
        assert set(re.findall(r"<(script|img|b|u)\b", shown.text)) <= {"script", "b"}
        assert "alert(1)</script>" not in shown.text
        assert "onerror=alert(1)>" not in shown.text
        assert f'<bdi translate="no">{escape(kept)}</bdi>' in shown.text
        assert shown.headers["Cache-Control"] == "no-store"
        assert shown.headers["Referrer-Policy"] == "no-referrer"


def test_everything_unread_is_recalled_with_one_verdict(service, sender):
    sent = [send(sender) for _ in range(6)]
    kept = send(sender, views="2")
    for control in (*sent[:2], kept):
        read(service, sender, control)
    page = sender.post("/sent/recall-unread", {"window": "hour"})

    assert figures(page) == [4, 3, 0]
    assert "Nobody has read 4 of 7 links. They can no longer be read." in page.text
    assert "1 link that was read can be opened again." in page.text
    assert figures(sender.post("/sent/recall-unread", {"window": "hour"})) == [4, 3, 0]
    read(service, sender, kept)


def test_chosen_messages_are_recalled_and_others_are_not(service, sender):
    first, second, third = (send(sender) for _ in range(3))
    page = sender.get("/sent")
    form = {"message": score_of(page, second)}
    verdict = sender.post("/sent/recall", form)

    assert figures(verdict) == [1, 0, 0]
    assert "Nobody has read it. It can no longer be read." in verdict.text
    assert listed(verdict) == [second]
    for control in (first, third):
        read(service, sender, control)
    # The number of another's message chooses nothing in this list.
    other = Visitor(service.url)
    send(other)
    assert figures(other.post("/sent/recall", form)) == [0, 0, 0]


def test_as_many_are_recalled_at_once_as_a_verdict_offers(service, sender):
    """It offers to recall what was read and still opens, too: each message is a field."""
    control = send(sender)
    form = form_of(sender.get("/sent"), "/sent/recall")
    chosen = [("message", score_of(sender.get("/sent"), control))]
    others = [("message", str(1_700_000_000_000 + n)) for n in range(CHOSEN_MOST - 1)]

    assert figures(sender.ask("POST", "/sent/recall", form, more=others + chosen)) == [1, 0, 0]


@pytest.mark.parametrize(
    ("path", "form", "said"),
    [
        ("/sent/recall", {}, "Choose at least one message first."),
        ("/sent/recall", {"message": "x"}, "Choose at least one message first."),
        ("/sent/recall", {"message": "9" * 30}, "Choose at least one message first."),
        ("/sent/recall-unread", {}, "Choose first from when on."),
        ("/sent/recall-unread", {"window": "week"}, "Choose first from when on."),
    ],
)
def test_what_chooses_nothing_changes_nothing_and_says_so(service, sender, path, form, said):
    control = send(sender)
    page = sender.post(path, form)

    assert page.status == 422
    assert said in page.text
    read(service, sender, control)


def test_another_site_s_form_does_nothing(service, sender):
    control, own = send(sender), sender.cookies["sender"]
    token = str(ListToken.new())
    for path in (*(f"/sent{name}" for name in PAGES), f"/sent/{token}"):
        form = {"window": "ever", "sure": "1", "message": score_of(sender.get("/sent"), control)}
        assert sender.ask("POST", path, form, FOREIGN).status == 403
        page = sender.ask("POST", path, form, NULL)
        assert sender.cookies["sender"] == own
        assert "/sent/R" not in page.text.replace(f"/sent/{token}", "")
    assert listed(sender.get("/sent")) == [control]
    read(service, sender, control)


def test_another_device_uses_the_list_after_a_warning(service, sender):
    control = send(sender)
    way, phone = address(sender), Visitor(service.url)
    phone.get("/")
    before = dict(phone.cookies)
    warning = phone.get(way)

    assert "Did somebody send you this address?" in warning.text
    assert "This browser has a list already." in warning.text
    assert "Set-Cookie" not in warning.headers
    assert control not in warning.text
    for _ in range(2):
        assert phone.get(way + "%3D").status == 200
    assert phone.cookies == before
    assert phone.post(way, form_of(warning, way)).headers["Location"] == "/sent"
    assert listed(phone.get("/sent")) == [control]
    assert "x" in phone.get(f"/s/{control}").text
    assert phone.get(way).status == 303
    # Both send into one list.
    both = [send(phone), send(sender), control][::-1]
    assert sorted(listed(sender.get("/sent"))) == sorted(listed(phone.get("/sent"))) == sorted(both)


def test_the_code_has_the_address(service, sender):
    """A decoder reads the squares of the picture as a camera would."""
    send(sender)
    page = sender.post("/sent/address")
    [size] = re.findall(r'viewBox="0 0 (\d+) \d+" class="qr"', page.text)
    path = re.search(r'stroke="#000" d="([^"]+)"', page.text)[1]
    [code] = zxingcpp.read_barcodes(drawn(path, int(size)))

    assert code.text.startswith(f"{service.url}/sent/R")
    assert f">{code.text}<" in page.text


def drawn(path, size, scale=4):
    """Return the squares that an SVG path of horizontal strokes makes: black on white."""
    bits = bytearray(b"\xff" * (size * scale) ** 2)
    x = y = 0
    for verb, numbers in re.findall(r"([Mmh])([-\d. ]+)", path):
        parts = [float(number) for number in numbers.replace("-", " -").split()]
        if verb == "h":
            for row in range(y * scale, (y + 1) * scale):
                at = row * size * scale + x * scale
                bits[at : at + int(parts[0]) * scale] = bytes(int(parts[0]) * scale)
            x += int(parts[0])
        else:
            dx, dy = parts if len(parts) == 2 else (parts[0], 0)
            x, y = (int(dx), int(dy)) if verb == "M" else (x + int(dx), y + int(dy))
    return memoryview(bits).cast("B", (size * scale, size * scale))


def test_a_planted_address_takes_no_browser_over_without_a_press(service, sender):
    """Its owner would see what the victim sends; only the victim's own press does that."""
    planted = address(sender) if send(sender) else ""
    victim = Visitor(service.url, is_silent=True)
    victim.get("/")
    own = victim.cookies["sender"]
    page = victim.ask("POST", planted, {}, NULL)

    assert "Press it again." in page.text
    assert victim.cookies["sender"] == own
    assert victim.ask("POST", planted, {}, FOREIGN).status == 403
    assert victim.cookies["sender"] == own


def test_a_neighbours_cookie_beside_ours_replaces_no_list(service, sender):
    """Below a path, or over plain http, a host of the same domain can set a second `sender`.

    Which one is ours cannot be told: then no answer may set another in the place of both.
    """
    control = send(sender)
    way, own = address(sender), sender.cookies["sender"]
    asked = {"Cookie": f"sender={'A' * 32}; sender={own}; next={'A' * 32}; next={'B' * 32}"}
    presses = ("/", "/sent/rotate", "/sent/anew", "/sent/forget", way)
    answers = [sender.get(path, **asked) for path in ("/", "/sent", way)]
    answers += [sender.ask("POST", path, {"text": "x", "sure": "1"}, asked) for path in presses]

    for answer in answers:
        assert answer.status < 400
        assert not re.findall(r"\b(?:sender|next)=", str(answer.headers.get_all("Set-Cookie")))
    assert listed(sender.get("/sent")) == [control]


def test_an_old_page_gives_up_no_list_that_is_there(service, sender):
    """The button to begin anew, pressed in a tab from when this browser was out."""
    control = send(sender)
    assert sender.post("/sent/anew").headers["Location"] == "/sent"

    assert listed(sender.get("/sent")) == [control]


def test_the_address_changes_and_every_other_device_is_out(service, sender):
    sent = [send(sender, subject=f"message {number}") for number in range(3)]
    way, phone = address(sender), Visitor(service.url)
    phone.post(way)
    stolen = dict(phone.cookies)
    asked = sender.post("/sent/rotate")
    assert "Yes, change the address" in asked.text
    assert listed(phone.get("/sent"))
    done = sender.post("/sent/rotate", form_of(asked, "/sent/rotate"))

    assert "Only this browser has the list now" in done.text
    page = sender.get("/sent")
    assert [listed_row(page, control) for control in sent] == [True] * 3
    assert address(sender) != way
    phone.cookies = stolen
    assert "This list is not here any more." in phone.get("/sent").text
    for control in sent:
        assert control not in phone.get("/sent").text
    stranger = Visitor(service.url)
    assert "This address is out of use" in stranger.post(way).text
    assert "sender" not in stranger.cookies
    # What the device that is out sends is in no list; it can begin one of its own.
    send(phone)
    assert phone.cookies["sender"] == stolen["sender"]
    assert len(re.findall("<li", sender.get("/sent").text)) == len(re.findall("<li", page.text))
    phone.post("/sent/anew")
    phone.get("/")
    again = send(phone)
    assert listed(phone.get("/sent")) == [again]


def listed_row(page, control):
    """Tell whether a message is listed, also where its page would first warn this browser."""
    return f"/s/{control}" in page.text


def test_a_rotation_whose_answer_is_lost_is_finished_later(service, sender):
    control = send(sender)
    asked = sender.post("/sent/rotate")
    before = dict(sender.cookies)
    sender.post("/sent/rotate", form_of(asked, "/sent/rotate"))
    # The answer never came: the browser has both secrets, and the old list is empty.
    sender.cookies = before
    late = send(sender)
    page = sender.get("/sent")

    assert "The change of address is not finished." in page.text
    assert sender.post("/sent/rotate", form_of(page, "/sent/rotate")).status == 200
    page = sender.get("/sent")
    assert listed_row(page, control)
    assert listed_row(page, late)
    assert "2 messages" in page.text


def test_who_sends_during_a_rotation_is_not_warned_of_their_own_page(service, sender):
    """The message knows the old secret, and the browser that wrote it has the new one by then."""
    sender.post("/sent/rotate")
    during = Visitor(service.url)
    during.cookies = dict(sender.cookies)
    sender.post("/sent/rotate", {"sure": "1"})
    control = send(during)
    sender.cookies |= {"shown": during.cookies["shown"]}

    assert "It is waiting. Nobody has opened it." in sender.get(f"/s/{control}").text
    assert listed_row(sender.get("/sent"), control)


def test_a_late_answer_of_another_tab_loses_no_list(service, sender):
    """It can set the old secret again; the new one is still in the browser."""
    control = send(sender)
    asked = sender.post("/sent/rotate")
    old = sender.cookies["sender"]
    sender.post("/sent/rotate", form_of(asked, "/sent/rotate"))
    assert sender.cookies["sender"] != old
    sender.cookies["sender"] = old
    page = sender.get("/sent")
    sender.post("/sent/rotate", form_of(page, "/sent/rotate"))

    assert listed_row(sender.get("/sent"), control)


def test_a_forgotten_list_leaves_the_messages(service, sender):
    control = send(sender)
    own = dict(sender.cookies)
    asked = sender.post("/sent/forget")
    assert listed(sender.get("/sent")) == [control]
    done = sender.post("/sent/forget", form_of(asked, "/sent/forget"))

    assert "The list is deleted" in done.text
    assert not sender.cookies["sender"]
    sender.cookies = own
    assert "This list is not here any more." in sender.get("/sent").text
    read(service, sender, control)


def is_list(token):
    try:
        return bool(ListToken.parse(token))
    except NotFound:
        return False


def test_a_token_of_another_kind_opens_no_list_and_a_list_token_opens_nothing_else(service, sender):
    control = send(sender)
    link, token = link_of(sender, control), address(sender).rpartition("/")[2]
    # One in 16 has the shard of its own secret by chance, and is the token of another list.
    swapped = [its for its in (token[0] + control[1:], token[0] + link[1:]) if not is_list(its)]
    for wrong in (control, link, *swapped, token[:-1], token.lower(), "R" * 35, "recall"):
        for method in ("GET", "POST"):
            answer = sender.ask(method, f"/sent/{wrong}", {} if method == "POST" else None)
            assert answer.status in {404, 422} if wrong == "recall" else answer.status == 404
    for kind, path in (("C", "/s/"), ("L", "/m/")):
        for wrong in (token, kind + token[1:]):
            assert sender.get(path + wrong).status == 404
    api = Api(service.url)
    for path in ("/api/v1/message", "/api/v1/link"):
        assert api.ask("GET", path, token=token).code == "not-found"


def test_a_message_that_is_deleted_leaves_the_list(service, sender):
    first, second = send(sender), send(sender)
    sender.post(f"/s/{first}/forget", {"sure": "1"})

    assert listed(sender.get("/sent")) == [second]
    assert "1 message from this browser" in sender.get("/sent").text


def test_with_the_message_its_line_goes_at_once(service, sender):
    """Before anybody reads the list: a copy of the store does not say that there was a message."""
    first, second = send(sender), send(sender)
    key = keys.sent(ListToken.of_cookie(sender.cookies["sender"]))
    with redis.Redis.from_url(f"unix://{service.data_dir / 'store.sock'}") as store:
        before = store.zrange(key, 0, -1)
        sender.post(f"/s/{first}/forget", {"sure": "1"})
        assert store.zrange(key, 0, -1) == before[1:]
        page = sender.get(f"/s/{second}")
        sender.post(f"/s/{second}/forget", form_of(page, "/forget") | {"sure": "1"})
        assert not store.exists(key)


def test_without_lists_there_is_nothing_of_them(tmp_path):
    with Service(tmp_path, RESTANTE_SENT_LIST="off") as service:
        visitor = Visitor(service.url)
        page = visitor.get("/")
        control = send(visitor)
        token = str(ListToken.of_cookie(visitor.cookies["sender"]))
        for path in (*(f"/sent{name}" for name in PAGES), f"/sent/{token}"):
            for method in ("GET", "POST"):
                assert visitor.ask(method, path, {} if method == "POST" else None).status == 404
        with redis.Redis.from_url(f"unix://{service.data_dir / 'store.sock'}") as store:
            assert not [key for key in store.scan_iter() if b":sent:" in key]

        assert "/sent" not in page.text
        assert "/sent" not in visitor.get(f"/s/{control}").text
        assert "Set-Cookie" not in page.headers


def test_a_look_at_the_list_is_limited_and_a_recall_is_not(tmp_path):
    with Service(tmp_path, RESTANTE_RATE_LIMITS="on", RESTANTE_LIMIT_STATUS="5") as service:
        visitor = Visitor(service.url)
        visitor.get("/")
        sent = [send(visitor) for _ in range(3)]
        page = visitor.get("/sent")
        answers = [visitor.get("/sent").status for _ in range(6)]
        chosen = visitor.post("/sent/recall", {"message": score_of(page, sent[0])})
        unread = visitor.post("/sent/recall-unread", {"window": "day"})
        again = visitor.post("/sent/recall-unread", {"window": "day"})

    assert answers[-1] == 429
    assert figures(chosen) == [1, 0, 0]
    assert figures(unread) == [3, 0, 0]
    # What recalls nothing is a look.
    assert again.status == 429


def test_what_was_recalled_before_is_only_looked_at(tmp_path):
    """One request for it can make two hundred round trips: so it counts as a look."""
    with Service(tmp_path, RESTANTE_RATE_LIMITS="on", RESTANTE_LIMIT_STATUS="5") as service:
        visitor = Visitor(service.url)
        visitor.get("/")
        control = send(visitor)
        form = {"message": score_of(visitor.get("/sent"), control)}
        verdicts = [visitor.post("/sent/recall", form) for _ in range(6)]

    assert [answer.status for answer in verdicts] == [200] * 5 + [429]
    assert figures(verdicts[0]) == figures(verdicts[4]) == [1, 0, 0]


def test_a_recall_that_cannot_be_confirmed_says_so_and_can_be_asked_again(tmp_path):
    with Service(tmp_path) as service:
        visitor = Visitor(service.url)
        visitor.get("/")
        key = keys.message(ControlToken.parse(send(visitor)))
        with redis.Redis.from_url(f"unix://{service.data_dir / 'store.sock'}") as store:
            # The script fails at a record of another type.
            store.rename(key, b"kept")
            store.set(key, b"spoilt")
            page = visitor.post("/sent/recall-unread", {"window": "ever"})
            store.rename(b"kept", key)
        again = visitor.post("/sent/recall-unread", form_of(page, "/sent/recall-unread"))

    assert page.status == 503
    assert "Not all of it is confirmed." in page.text
    assert figures(again) == [1, 0, 0]
