"""What visitors do behind a proxy, the same behind each."""

import re
import time

from tests.support.api import form_of

TEXT = "the safe is behind the Vermeer"
GATE_SECONDS = 1.1
"""A person's time before the button."""
LIMIT = 10
"""Gates shown, per network and minute."""


def journey(visitor, url):
    """Send a text and open it, as a person without scripts; return every page on the way."""
    to_control = visitor.post(url, {"text": TEXT, "recipients": "Ana"})
    control = visitor.get(to_control.headers["Location"])
    link = re.search(r"https://\S+?/m/L[\w-]{34}", control.text)[0]
    gate = visitor.get(link)
    time.sleep(GATE_SECONDS)
    return to_control, control, gate, visitor.post(link, form_of(gate, link.rpartition("/")[2]))


def links_in(pages):
    """Return every token on these pages."""
    text = "".join(page.text + str(page.headers) for page in pages)
    return set(re.findall(r"\b[LC][\w-]{34}\b", text))
