"""Every page in every state, on one walk: axe, width, targets, faults, the way of the focus, words.

The walk is in a language whose words are ours in brackets, so that it also finds what nobody
can translate.
"""

from urllib.parse import urlsplit

import pytest

from tests.browser import probe, pseudo, tour

ENTRY = "Restante"
SENDER = [ENTRY, "Write", "Sent"]
GATE = [ENTRY, "Open the message", "This is not for me"]
WAYS = {
    "compose": [
        *SENDER,
        "Message",
        "Add files",
        "Who is it for? anyone with the link",
        "Expiry, passphrase, and more expires in 7 days, opens once",
        "If nobody opens it it expires",
        "Tell my system or chat",
        "Create link",
    ],
    "gate": GATE,
    "gate-full": [ENTRY, "Passphrase", *GATE[1:]],
    "gate-second-step": [ENTRY, "Enter the number above", "Open the message"],
    "message": [
        ENTRY,
        "Monospace letters",
        "Do not wrap lines",
        "Copy the text",
        "Keep it readable for 10 minutes",
        "Print",
        "Save as .txt",
        "Done, destroy it now",
        "I have read this",
        "This is not for me",
        "What was recorded about this link",
    ],
    "message-over": [
        ENTRY,
        "Monospace letters",
        "Do not wrap lines",
        "Copy the text",
        "Print",
        "Done, destroy it now",
        "I have read this",
        "This is not for me",
        "What was recorded about this link",
    ],
    "gone-spent": [ENTRY, "That was not me: tell the sender", "What was recorded about this link"],
    "control-mixed": [
        *SENDER,
        "Report: what was prevented and what not",
        "All links at once",
        "Copy link for Ana Torres",
        "Put it in a mail",
        "QR code",
        "Recall only the link for Ana Torres",
        "Copy link for Chloé (lawyer)",
        "Put it in a mail",
        "QR code",
        "Recall only the link for Chloé (lawyer)",
        "Reason, if you like",
        "Ana Torres Opened",
        "Chloé (lawyer) Not opened",
        "Recall the marked links",
        "Recall all remaining links",
        "Pause the message",
        "Replace the text",
        "Change how long it waits",
        "If nobody opens it",
        "Tell my system or chat",
        "Delete everything",
        "1 look",
    ],
}
WAYS["sent-found"] = [
    *SENDER,
    "Search in subjects and recipients",
    "Search",
    "Take back everything unread",
    "Choose “The side door”",
    "The side door",
    "Recall the chosen messages",
    "Show all messages",
    "On another device",
    "Change its address",
    "Delete the list",
]
"""Where the Tab key leads; the foot of the page comes after."""
TITLES = {
    "compose": "Write a message",
    "compose-faults": "Not sent yet",
    "gate": "A message is waiting",
    "gate-passphrase-wrong": "Not opened yet",
    "gate-second-step": "One more step",
    "gate-second-step-wrong": "Not opened yet",
    "gate-again": "You opened this message",
    "held": "Not open yet",
    "done": "Done",
    "gone-spent": "No longer here",
    "step-wrong": "Nothing has been told yet",
    "control-recalled-unread": "Nobody has read it. It can no longer be read.",
    "control-faults": "Nothing was changed yet",
    "permit-wrong": "Token not accepted",
    "sent": "What you sent",
    "sent-arrive": "Use this list of sent messages here?",
    "sent-verdict": "Nobody has read 3 of 4 links. They can no longer be read.",
}


@pytest.fixture(scope="module")
def toured(browser, tmp_path_factory):
    """What was found on the tour, by page."""
    found = {what: {} for what in ("axe", "spills", "look", "focus", "ways", "titles", "words")}
    elsewhere, said = set(), []
    checkout = tmp_path_factory.mktemp("checkout")
    pseudo.checkout(checkout)
    services = pseudo.services_of(checkout)
    with (
        pytest.MonkeyPatch.context() as patch,
        services(tmp_path_factory.mktemp("tour"), **tour.SETTINGS) as service,
    ):
        patch.setattr(tour, "Service", services)
        # The tour starts services of its own beside this one, on other ports.
        host = urlsplit(service.url).hostname

        def watch(context):
            context.on(
                "request",
                lambda r: urlsplit(r.url).hostname == host or elsewhere.add(urlsplit(r.url).netloc),
            )
            context.on("console", lambda m: said.append(m.text) if "Policy" in m.text else None)

        browser.on("context", watch)
        for name, page in tour.pages(pseudo.Abroad(browser), service):
            assert name not in found["axe"], "two states of one name"
            page.locator("main").wait_for()
            page.wait_for_load_state()
            found["words"][name] = pseudo.escaped(page.evaluate(pseudo.READ))
            found["axe"][name] = probe.axe(page)
            found["spills"][name] = probe.spills(page)
            found["look"][name] = page.evaluate(probe.LOOK)
            led = probe.stops(page)
            found["focus"][name] = probe.faults_of_stops(led)
            found["ways"][name] = [pseudo.bare(stop["name"]) for stop in led]
            found["titles"][name] = pseudo.bare(page.title().split(" · ")[0])
        browser.remove_listener("context", watch)
        found["words"] |= pseudo.errors_in(browser, service)
    return found | {"elsewhere": elsewhere, "policy": said}


def only_faulty(found):
    return {name: faults for name, faults in found.items() if faults}


def test_axe_finds_no_fault_on_any_page_in_either_theme(toured):
    assert only_faulty(toured["axe"]) == {}


def test_no_page_scrolls_sideways_at_320_px_with_text_at_200_percent_or_from_right_to_left(toured):
    assert only_faulty(toured["spills"]) == {}


def test_no_word_on_any_page_escapes_translation(toured):
    assert only_faulty(toured["words"]) == {}


def test_every_target_is_large_enough_and_every_fault_is_told_and_can_be_reached(toured):
    assert only_faulty(toured["look"]) == {}


def test_the_focus_is_seen_at_every_stop_and_goes_down_the_page(toured):
    assert only_faulty(toured["focus"]) == {}


@pytest.mark.parametrize("name", WAYS)
def test_the_tab_key_leads_through_a_page_in_the_order_in_which_it_is_read(toured, name):
    way = toured["ways"][name]

    assert way[: len(WAYS[name])] == WAYS[name]


@pytest.mark.parametrize("name", TITLES)
def test_a_title_tells_the_state_of_its_page(toured, name):
    assert toured["titles"][name] == TITLES[name]


def test_no_page_loads_anything_from_elsewhere(toured):
    assert toured["elsewhere"] == set()


def test_no_page_breaks_its_own_policy(toured):
    assert toured["policy"] == []
