"""A code is mailed before a message opens: over HTTP, with a real mail server on the far side."""

import os
import re
import signal
from ipaddress import ip_network

import pytest
import redis

from restante.crypto.tokens import LinkToken
from restante.messages import Draft
from restante.store import keys
from tests.journeys.conftest import TEXT
from tests.support import canaries
from tests.support.api import Api, Visitor, filled, form_of, new_reader_key, number_on
from tests.support.operators import services_for
from tests.support.processes import Service, wait_until
from tests.support.receiver import Receiver
from tests.support.tickets import gate_form, waited

ANA, BOB = "ana.reader@example.com", "bob@example.org"


@pytest.fixture(scope="module")
def service(tmp_path_factory, mail):
    canaries.learn("address", [ANA, BOB])
    settings = {
        "RESTANTE_SMTP_URL": mail.url,
        "RESTANTE_MAIL_FROM": "Letters <letters@example.net>",
        "RESTANTE_PASSPHRASE_TRIES": "3",
        "RESTANTE_LOG_LEVEL": "debug",
    }
    with Service(tmp_path_factory.mktemp("mail"), **settings) as service:
        yield service


@pytest.fixture
def api(service):
    return Api(service.url)


@pytest.fixture(autouse=True)
def emptied(mail):
    mail.mails.clear()


def send(api, *recipients, **fields):
    return api.send(
        TEXT, recipients=list(recipients or [f"Ana <{ANA}>"]), mailed_code=True, **fields
    )


def ask(api, link):
    return api.ask("POST", "/api/v1/link/code", {}, token=link)


def reveal(api, link, code=None, reader_key=None, **fields):
    body = fields | ({} if code is None else {"code": code})
    return api.ask(
        "POST", "/api/v1/link/reveal", body, token=link, reader_key=reader_key or new_reader_key()
    )


def wrong(code):
    return f"{(int(code) + 1) % 10**6:06}"


def types(api, sent):
    return [event["type"] for event in api.message(sent.control)["events"]]


def test_a_program_asks_for_a_code_and_opens_with_it_once(api, mail):
    sent, reader_key = send(api), new_reader_key()
    before = reveal(api, sent.link)
    assert (before.status, before.code) == (403, "code-required")
    asked = [ask(api, sent.link), ask(api, sent.link)]
    assert [answer.status for answer in asked] == [204, 204]
    code = mail.code()
    opened = reveal(api, sent.link, f" {code[:3]} {code[3:]}", reader_key)
    assert (opened.status, opened.json["text"]) == (200, TEXT)
    again = reveal(api, sent.link, reader_key=reader_key)

    assert again.json["text"] == TEXT
    assert types(api, sent) == ["message.sent", "link.code_requested", "link.revealed"]
    assert len(mail.mails) == 1


def test_the_mail_says_what_it_is_and_nothing_of_the_message(api, mail):
    sent = send(api, subject="About a painting", **{"from": "Carla"})
    ask(api, sent.link)
    code = mail.code()
    its = mail.mails[0]
    assert its["Auto-Submitted"] == "auto-generated"
    assert its["Message-ID"].endswith("@example.net>")
    assert its["Date"]
    assert code not in its["Subject"]
    whole = its.as_string()

    assert (str(its["To"]), str(its["From"])) == (ANA, "Letters <letters@example.net>")
    assert mail.greetings[-1] == "example.net"
    assert not any(word in whole for word in (sent.link, TEXT, "painting", "Carla", "/m/"))


def test_wrong_codes_use_up_the_tries_and_lock(api, mail):
    sent = send(api)
    ask(api, sent.link)
    no = wrong(mail.code())
    answers = [reveal(api, sent.link, no) for _ in range(3)]
    assert [answer.code for answer in answers] == ["code-wrong", "code-wrong", "gone"]
    assert [answer.json.get("tries_left") for answer in answers] == [2, 1, None]
    late = reveal(api, sent.link, mail.code())

    assert (late.code, late.json["state"]) == ("gone", "locked")
    assert types(api, sent)[-3:] == ["link.code_wrong", "link.code_wrong", "link.locked"]


def test_a_code_is_one_links_own_and_spent_by_the_view_that_it_opened(api, mail):
    sent = send(api, ANA, BOB, views=2)
    ask(api, sent.links[0])
    code = mail.code()
    elsewhere = reveal(api, sent.links[1], code)
    opened = reveal(api, sent.links[0], code)
    second = reveal(api, sent.links[0], code)

    assert [a.status for a in (elsewhere, opened, second)] == [403, 200, 403]
    assert (elsewhere.code, second.code) == ("code-required", "code-required")


def test_with_a_passphrase_both_are_asked_for(api, mail):
    sent = send(api, passphrase="open sesame")
    ask(api, sent.link)
    code = mail.code()
    without = reveal(api, sent.link, code)
    alone = reveal(api, sent.link, passphrase="open sesame")
    both = reveal(api, sent.link, code, passphrase="open sesame")

    assert (without.code, alone.code) == ("passphrase-required", "code-required")
    assert both.json["text"] == TEXT


def test_a_recall_kills_the_code(api, mail, service):
    sent = send(api)
    ask(api, sent.link)
    code = mail.code()
    api.recall(sent.control)
    after = reveal(api, sent.link, code)
    link = LinkToken.parse(sent.link)
    with redis.Redis.from_url(f"unix://{service.data_dir / 'store.sock'}") as store:
        kept = store.hgetall(keys.link(link))
        left = list(store.scan_iter(b"*:code:" + link.link_id, count=10_000))

    assert after.code == "gone"
    assert left == []
    assert not {b"code", b"address"} & kept.keys()


def test_the_store_has_neither_code_nor_address_in_clear(api, mail, service):
    sent = send(api)
    ask(api, sent.link)
    code = mail.code()
    link = LinkToken.parse(sent.link)
    with redis.Redis.from_url(f"unix://{service.data_dir / 'store.sock'}") as store:
        kept = [*store.hgetall(keys.link(link)).values()]
        kept += [store.get(k) for k in store.scan_iter(b"*:code:" + link.link_id, count=10_000)]

    assert len(kept) > 8
    assert not any(code.encode() in value or b"example.com" in value for value in kept)


def test_a_refused_address_does_not_hold_up_the_others_and_the_sender_learns_it(api, mail):
    mail.refused = {BOB}
    try:
        sent = send(api, BOB, ANA)
        ask(api, sent.links[0])
        ask(api, sent.links[1])
        code = mail.code()
        wait_until(lambda: "link.code_failed" in types(api, sent))
    finally:
        mail.refused = set()

    assert reveal(api, sent.links[1], code).status == 200
    assert [str(its["To"]) for its in mail.mails] == [ANA]


@pytest.mark.parametrize("answer", ["450 later", "drop"])
def test_what_the_mail_server_does_not_take_now_it_takes_a_little_later(api, mail, answer):
    mail.answers = [answer]
    sent = send(api)
    ask(api, sent.link)

    assert reveal(api, sent.link, mail.code()).status == 200
    assert "link.code_failed" not in types(api, sent)


def test_webhooks_that_hang_keep_no_code_waiting(mail, tmp_path):
    """Three hundred receivers hang, more than one worker has slots for: the code goes at once."""
    settings = {
        "RESTANTE_SMTP_URL": mail.url,
        "RESTANTE_MAIL_FROM": "letters@example.net",
        "RESTANTE_WEBHOOK_NETWORKS": "127.0.0.0/8",
    }
    with (
        Receiver(lambda _: "hang", "0.0.0.0") as slow,  # noqa: S104 (127.1.x.y)
        Service(tmp_path, **settings) as service,
    ):
        api = Api(service.url)
        coded = send(api)
        worker = service.pid_of("-m worker")
        os.kill(worker, signal.SIGSTOP)
        with services_for(service, webhook_networks=(ip_network("127.0.0.0/8"),)) as house:
            for n in range(300):
                url = f"http://127.1.{n // 200}.{n % 200 + 1}:{slow.port}/"
                house.managing.recall(house.sending.send(Draft("x", webhook=url)).control)
        ask(api, coded.link)
        os.kill(worker, signal.SIGCONT)
        code = mail.code()

        # No slot was free again: a webhook holds its slot for ten seconds.
        assert len(slow.posts) <= 256
        assert reveal(api, coded.link, code).status == 200


@pytest.mark.parametrize(
    "recipient",
    [
        "Ana", "ana@example", "a@b.com, c@d.com", "ana(x)@example.com", "<ana@example.com",
        '"a b"@example.com', "ana@exa mple.com", "ana@[127.0.0.1]", "añá@example.com",
        "a" * 65 + "@example.com",
    ],
)  # fmt: skip
def test_a_recipient_that_is_not_one_mailbox_is_a_fault_of_its_field(api, recipient):
    body = {"text": "x", "recipients": [recipient], "mailed_code": True}
    answer = api.ask("POST", "/api/v1/messages", body)

    assert (answer.status, answer.code) == (422, "invalid")
    assert [fault["field"] for fault in answer.json["errors"]] == ["recipients[0]"]


def page_of(service, **form):
    """Send from the compose page and return the link."""
    sender = Visitor(service.url)
    sent = sender.post("/", {"text": TEXT, "recipients": ANA, "mailed_code": "yes"} | form)
    assert sent.status == 303, sent.text
    control = sender.get(sent.headers["Location"])
    return re.search(r"/m/(L[\w-]{34})", control.text)[1]


def test_a_person_asks_types_and_reads_without_javascript(service, mail):
    link = page_of(service)
    reader = Visitor(service.url)
    gate = reader.get(f"/m/{link}")
    assert "Mail me the code" in gate.text
    asked = reader.post(f"/m/{link}/code", waited(service, reader, link, form_of(gate, "/code")))
    assert "A code is on its way" in asked.text
    assert 'autocomplete="one-time-code"' in asked.text
    assert ANA not in gate.text + asked.text

    code = mail.code()
    form = waited(service, reader, link, form_of(asked, f"/m/{link}"))
    mistyped = reader.post(f"/m/{link}", form | {"code": wrong(code)})
    assert mistyped.status == 403
    assert "2 tries are left" in mistyped.text

    form = waited(service, reader, link, form_of(mistyped, f"/m/{link}"))
    opened = reader.post(f"/m/{link}", form | {"code": code})
    assert TEXT in opened.text


def test_who_has_no_cookies_types_a_number_and_the_code(service, mail):
    link = page_of(service)
    form = gate_form(service, Visitor(service.url), link, "/code")
    step = Visitor(service.url).post(f"/m/{link}/code", form)
    no_mail = len(mail.mails)
    number = {"number": number_on(step)}
    asked = Visitor(service.url).post(f"/m/{link}/code", filled(step, "/code") | number)
    code = {"code": mail.code()}
    opened = Visitor(service.url).post(f"/m/{link}", filled(asked, f"/m/{link}") | number | code)

    assert no_mail == 0
    assert TEXT in opened.text


def test_a_number_that_was_typed_for_the_code_is_not_asked_for_again(service, mail):
    link = page_of(service, second_step="always")
    reader = Visitor(service.url)
    asked = reader.post(f"/m/{link}/code", filled(reader.get(f"/m/{link}"), "/code"))
    form = form_of(asked, f"/m/{link}") | {"code": mail.code()}
    spanish = reader.post(f"/m/{link}/gate?language=es", form)
    opened = reader.post(f"/m/{link}", form_of(spanish, f"/m/{link}"))

    assert form["number"]
    assert 'id="wanted"' not in asked.text
    assert TEXT in opened.text


def test_who_comes_back_with_a_code_in_hand_types_it(service, mail):
    link = page_of(service)
    reader = Visitor(service.url)
    form = gate_form(service, reader, link, "/code")
    reader.post(f"/m/{link}/code", form)
    code = mail.code()
    back = reader.get(f"/m/{link}")  # the link is clicked again
    assert "I have a code already" in back.text
    assert f'formaction="/m/{link}/gate"' in back.text
    field = reader.post(f"/m/{link}/gate", form_of(back, "/code") | {"code": ""})
    form = waited(service, reader, link, form_of(field, f"/m/{link}"))
    opened = reader.post(f"/m/{link}", form | {"code": code})

    assert TEXT in opened.text
    assert len(mail.mails) == 1


def test_the_switch_beside_the_code_keeps_it_and_opens_nothing(service, mail):
    link = page_of(service)
    reader = Visitor(service.url)
    form = gate_form(service, reader, link, "/code")
    asked = reader.post(f"/m/{link}/code", form)
    assert f'formaction="/m/{link}/gate?language=es"' in asked.text
    code = mail.code()
    typed = form_of(asked, f"/m/{link}") | {"code": code}
    spanish = reader.post(f"/m/{link}/gate?language=es", typed)
    assert form_of(spanish, f"/m/{link}")["code"] == code
    assert TEXT not in spanish.text
    foreign = reader.post(f"/m/{link}/gate", typed, Origin="https://evil.example")

    assert code not in foreign.text


def test_a_fault_in_one_field_empties_no_other(service, mail):
    link = page_of(service, passphrase="blue tin")
    reader = Visitor(service.url)
    form = gate_form(service, reader, link, "/code")
    asked = reader.post(f"/m/{link}/code", form)
    code, typed = mail.code(), form_of(asked, f"/m/{link}")
    quick = reader.post(f"/m/{link}", typed | {"code": code, "passphrase": "blue tin"})
    number = filled(quick, f"/m/{link}")
    bad_code = reader.post(f"/m/{link}", number | {"code": wrong(code)})
    bad_words = reader.post(
        f"/m/{link}", form_of(bad_code, f"/m/{link}") | {"code": code, "passphrase": "red tin"}
    )
    fields = [form_of(page, f"/m/{link}") for page in (quick, bad_code, bad_words)]

    assert "One more step" in quick.text
    assert [field["passphrase"] for field in fields] == ["blue tin", "blue tin", ""]
    assert [field["code"] for field in fields] == [code, "", code]


def test_wrong_codes_and_code_requests_are_not_counted_as_looks(api, service, mail):
    sent = send(api)
    link, reader = sent.link, Visitor(service.url)
    form = gate_form(service, reader, link, "/code")
    asked = reader.post(f"/m/{link}/code", form)
    form = waited(service, reader, link, form_of(asked, f"/m/{link}"))
    again = reader.post(f"/m/{link}", form | {"code": wrong(mail.code())})
    its = api.message(sent.control)

    assert "That code is not right" in again.text
    assert [event["type"] for event in its["looks"]] == ["link.fetched"]
    assert types(api, sent)[1:] == ["link.code_requested", "link.code_wrong"]


def test_a_machine_that_presses_every_button_causes_no_mail(api, service, mail):
    sent = send(api)
    link, robot = sent.link, Visitor(service.url)
    gate = robot.get(f"/m/{link}")
    form = form_of(gate, "/code")
    quick = robot.post(f"/m/{link}/code", form)
    assert "One more step" in quick.text
    bare = robot.post(f"/m/{link}/code", {})
    form = waited(service, robot, link, form)
    decoyed = robot.post(f"/m/{link}/code", form | {"remark": "x"})
    scripted = robot.post(f"/m/{link}/code", form | {"scripts": "1"})
    assert {page.status for page in (quick, bare, decoyed, scripted)} == {200}
    robot.get(f"/m/{link}/code")

    # What is mailed is asked for first: the same script writes the event and the outbox.
    assert types(api, sent) == ["message.sent"]
    assert mail.mails == []


def test_the_sender_sees_that_codes_are_mailed(api, service):
    sent, bare = send(api), api.send(TEXT)
    page = Visitor(service.url)
    own = page.post("/", {"text": TEXT, "recipients": ANA, "mailed_code": "yes"})

    assert api.message(sent.control)["mailed_code"] is True
    assert api.message(bare.control)["mailed_code"] is False
    assert "Each reader is mailed a code first." in page.get(own.headers["Location"]).text


def test_a_fault_stands_beside_the_field_and_nothing_is_lost(service):
    form = {"text": TEXT, "recipients": "Ana", "mailed_code": "yes"}
    page = Visitor(service.url).post("/", form)

    assert page.status == 422
    assert "An e-mail address for each reader, without accents" in page.text
    assert TEXT in page.text
    assert re.search(r'name="mailed_code"[^>]* checked', page.text)


def test_without_a_mail_server_no_code_can_be_wanted(tmp_path):
    with Service(tmp_path) as bare:
        page = Visitor(bare.url).get("/")
        body = {"text": "x", "recipients": [ANA], "mailed_code": True}
        answer = Api(bare.url).ask("POST", "/api/v1/messages", body)

    assert "mailed_code" not in page.text
    assert (answer.status, answer.json["errors"][0]["field"]) == (422, "mailed_code")


def test_after_a_machines_look_a_number_is_asked_before_a_code_is_mailed(service, api, mail):
    sent = send(api)
    person = Visitor(service.url)
    form = gate_form(service, person, sent.link, "code")
    Visitor(service.url, headers={"User-Agent": "Slackbot 1.0"}).get(f"/m/{sent.link}")
    asked = person.post(f"/m/{sent.link}/code", form)
    before = types(api, sent)
    person.post(f"/m/{sent.link}/code", filled(asked, "code"))
    mail.code()

    assert "A machine looked at this link meanwhile" in asked.text
    assert before == ["message.sent"]
