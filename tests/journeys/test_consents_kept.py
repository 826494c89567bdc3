"""A consent outlives a new root key and a restart of service and store, until all is stopped."""

import re

from tests.commands.test_commands import run
from tests.support import canaries
from tests.support.api import Api, Visitor, new_reader_key
from tests.support.mailserver import MailServer
from tests.support.processes import Service, wait_until
from tests.support.senders import token_in

TO = "zenobia.of.the.old.root.key@example.com"
ASK, NEWS = "Do you want", "News of you"


def send(service, visitor):
    """Send from a page, be told of the first opening; open it."""
    visitor.get("/")
    told = {"notify.shown": "yes", "notify.first_opened": "yes", "notify.email": TO}
    path = visitor.post("/", {"text": "a letter"} | told).headers["Location"]
    [link] = set(re.findall(r"/m/(L[\w-]{34})", visitor.get(path).text))
    assert Api(service.url).reveal(link, new_reader_key()).status == 200


def subjects(mail, many):
    wait_until(lambda: len(mail.mails) >= many, 30)
    return [str(one["Subject"])[:11] for one in mail.mails]


def test_a_consent_is_kept_across_a_new_root_key_and_a_restart_and_ends_with_stop_all(tmp_path):
    canaries.learn("mail address", TO)
    with (
        MailServer() as mail,
        Service(
            tmp_path, RESTANTE_SMTP_URL=mail.url, RESTANTE_MAIL_FROM="letters@example.net"
        ) as service,
    ):
        sender, owner = Visitor(service.url), Visitor(service.url)
        send(service, sender)
        assert subjects(mail, 1) == [ASK]
        page = f"/n/{token_in(mail.mails[0])}"
        owner.get(page)
        owner.post(page, {"do": "give"})
        assert subjects(mail, 2) == [ASK, NEWS]

        service.stop()
        ring = service.data_dir / "root.keys"
        run({}, "keys", "make", "--into", str(ring))
        assert len(re.split(r"[,\n]", ring.read_text().strip())) == 2
        service.start()
        send(service, sender)
        assert subjects(mail, 3) == [ASK, NEWS, NEWS]
        assert "You get e-mails from this service." in owner.get(page).text

        # Another sender asks anew, before and after the old root key is gone.
        send(service, Visitor(service.url))
        assert subjects(mail, 4)[3:] == [ASK]
        service.stop()
        newest = re.split(r"[,\n]", ring.read_text())[0]
        ring.write_text(newest + "\n")
        service.start()
        send(service, sender)
        assert subjects(mail, 5)[4:] == [NEWS]
        send(service, Visitor(service.url))
        assert subjects(mail, 6)[5:] == [ASK]

        owner.get(page)
        owner.post(page, {"do": "stop"})
        send(service, sender)
        send(service, Visitor(service.url))
        other = Api(service.url)
        other.send("x", notify={"email": "somebody.else@example.com"})
        wait_until(lambda: any(one["To"] == "somebody.else@example.com" for one in mail.mails), 30)

        assert len([one for one in mail.mails if one["To"] == TO]) == 6
