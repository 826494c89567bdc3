"""Every problem: its status, its type and its facts."""

from restante.settings import MIB
from tests.support import filing
from tests.support.api import Visitor, new_reader_key
from webapp.http.errors import STATUS
from webapp.http.request_size import BODY_MAX


def raw_send(api, body, **headers):
    return api.ask("POST", "/api/v1/messages", body, headers=headers)


def test_every_problem_has_its_status_its_type_and_its_facts(api):
    sent, secret = api.send("t"), api.send("t", passphrase="a word")
    held, recalled = api.send("t", hold=600), api.send("t")
    api.recall(recalled.control, reason="a wrong address")
    paused = api.send("t")
    api.ask("POST", "/api/v1/message/pause", {}, token=paused.control)
    reader_key = new_reader_key()
    came = [
        api.reveal(paused.link, reader_key),
        api.preview("L" * 35),
        api.ask("GET", "/api/v1/nothing"),
        api.reveal(recalled.link, reader_key),
        api.preview(recalled.link),
        api.reveal(held.link, reader_key),
        api.reveal(secret.link, reader_key),
        api.reveal(secret.link, reader_key, "no word"),
        raw_send(api, {}),
        raw_send(api, b"{"),
        api.ask("GET", "/api/v1/messages"),
        api.ask("POST", "/api/v1/messages", {}, headers={"Sec-Fetch-Site": "cross-site"}),
        raw_send(api, {"text": "t"}, **{"Content-Type": "text/plain"}),
        raw_send(api, {"text": "one"}, **{"Idempotency-Key": "k" * 32}),
        raw_send(api, {"text": "x" * (MIB + 1)}),
        raw_send(api, b"x" * (BODY_MAX + 1)),
    ]
    came[-3] = raw_send(api, {"text": "two"}, **{"Idempotency-Key": "k" * 32})
    upload = filing.uploaded(api, b"x")
    came += [
        filing.append(api, upload, 0, b"x", last=True),
        filing.append(api, upload, 1, b"", last=False),
        api.ask("POST", "/api/v1/uploads", {"size": 2**43}),
    ]
    filed, _, _ = filing.sent_with(api, b"x")
    reader = filing.Reader(api, filed["links"][0]["token"])
    first = {"version": 1, "number": 1}
    api.ask("POST", "/api/v1/message/take-out", first, token=filed["control_token"])
    came.append(reader.fetch())
    statuses = {error.code: status for error, status in STATUS.items()}
    by_code = {answer.code: answer for answer in came}

    for answer in came:
        assert answer.headers["Content-Type"] == "application/problem+json"
        assert {"type", "title", "status", "detail", "code"} <= answer.json.keys()
        assert answer.status == answer.json["status"] == statuses[answer.code]
    # Reached limits, people who may not send, a fallen store and a crash are provoked elsewhere.
    elsewhere = {"not-a-sender", "rate-limited", "unavailable", "internal", "settings-invalid"}
    elsewhere |= {"code-required", "code-wrong"}  # need a mail server
    elsewhere |= {"file-refused"}  # needs a scanner
    elsewhere |= {"full"}  # needs a disk without room
    elsewhere |= {"watched"}  # asks only who comes by the gate
    assert by_code.keys() == statuses.keys() - elsewhere
    assert by_code["gone"].json["state"] == "recalled"
    assert by_code["gone"].json["reason"] == "a wrong address"
    assert by_code["held"].json["opens_at"] == held.answer["opens_at"]
    assert 590 <= int(by_code["held"].headers["Retry-After"]) <= 600
    assert by_code["passphrase-wrong"].json["tries_left"] == 9
    allowed = by_code["method-not-allowed"].headers["Allow"]
    assert set(allowed.split(", ")) == {"OPTIONS", "POST"}
    assert api.preview(sent.link).status == 200


def test_the_tenth_wrong_passphrase_locks_and_the_right_one_comes_too_late(counting_service, api):
    sent = api.send("t", passphrase="a word")
    nine = [api.reveal(sent.link, new_reader_key(), "no word").json["tries_left"] for _ in range(9)]
    assert nine == [9, 8, 7, 6, 5, 4, 3, 2, 1]
    state = api.preview(sent.link).json["state"]
    assert state == "sealed"
    tenth = api.reveal(sent.link, new_reader_key(), "no word")
    assert (tenth.code, tenth.json["state"]) == ("gone", "locked")
    right = api.reveal(sent.link, new_reader_key(), "a word")
    assert (right.code, right.json["state"]) == ("gone", "locked")
    page = Visitor(counting_service.url).get(f"/m/{sent.link}")
    assert page.status == 410
    assert "locked for good" in page.text
    verdict = api.recall(sent.control).json["verdicts"][0]["outcome"]

    assert verdict == "already_locked"
