"""The compose page in a browser: what is folded away, remembered, made, read and kept."""

import json

import pytest
from playwright.sync_api import expect

from restante.made_passphrase import is_made
from restante.notices import DEFAULTS, EVENTS
from tests.browser import tour
from tests.browser.tour import press, unfold

PASTED = {
    "Outlook": (
        "Torres, Ana <ana@x.example>; 'Luis' <l@y.example>; Eva (Paris) <eva@z.example>",
        ["Torres, Ana <ana@x.example>", "Luis <l@y.example>", "Eva Paris <eva@z.example>"],
    ),
    "Gmail": (
        '"Torres, Ana" <ana@x.example>, ben@y.example, José <jose@z.example>,',
        ["Torres, Ana <ana@x.example>", "ben@y.example", "José <jose@z.example>"],
    ),
    "Thunderbird": (
        'Ana Torres <ana@x.example>, "Ruiz, Luis" <l@y.example>, 清水 <s@z.example>',
        ["Ana Torres <ana@x.example>", "Ruiz, Luis <l@y.example>", "清水 <s@z.example>"],
    ),
    "a spreadsheet": (
        "Ana\tana@x.example\nBen\tben@x.example",
        ["Ana <ana@x.example>", "Ben <ben@x.example>"],
    ),
    "one a line": ("Ana\nTorres, Ben\nO'Neill", ["Ana", "Torres, Ben", "O'Neill"]),
}
KEPT = "localStorage.getItem('compose-choices')"


@pytest.fixture
def sender(person, service):
    """An open compose page."""
    page = person()
    page.goto(service.url)
    return page


@pytest.fixture
def scripted(browser, service):
    """An open compose page in a browser with scripts."""
    with browser.new_context() as context:
        context.set_default_timeout(10_000)
        page = context.new_page()
        page.goto(service.url)
        yield page


def names(page):
    return page.locator(".links h3 bdi").all_inner_texts()


def paste(page, text):
    """Paste a text into the field that has the focus."""
    page.evaluate(
        """text => {
          const data = new DataTransfer();
          data.setData("text/plain", text);
          const event = new ClipboardEvent("paste", { clipboardData: data, bubbles: true });
          document.activeElement.dispatchEvent(event);
          document.execCommand("insertText", false, text);
        }""",
        text,
    )


def test_one_field_and_one_button_make_a_link(sender):
    assert sender.locator("main :is(textarea, input, select):visible").count() == 1
    assert sender.locator("main button:visible:not(.unseen)").all_inner_texts() == ["Create link"]
    sender.get_by_label("Message", exact=True).fill("4711")
    press(sender, "Create link")

    expect(sender.get_by_role("heading", name="The link", exact=True)).to_be_visible()


@pytest.mark.parametrize(("pasted", "labels"), PASTED.values(), ids=PASTED)
def test_a_list_that_was_pasted_is_shown_as_it_is_read(scripted, pasted, labels):
    page = scripted
    page.get_by_label("Message", exact=True).fill("4711")
    unfold(page)
    page.get_by_label("Names or addresses").focus()
    paste(page, pasted)
    expect(page.locator("#readers li")).to_have_text(labels)
    expect(page.locator("#readers-said")).to_contain_text(f"{len(labels)} recipients")
    press(page, "Create link")

    expect(page.locator("h1")).to_be_visible()
    assert names(page) == labels


def test_a_list_is_checked_and_nothing_typed_is_lost(sender):
    sender.get_by_label("Message", exact=True).fill("4711")
    unfold(sender)
    sender.get_by_label("Subject").fill("The side door")
    sender.get_by_label("Names or addresses").fill("Ana; ana; Ben")
    press(sender, "Check the list")
    expect(sender.locator("#readers li")).to_have_text(["Ana", "Ben"])
    sender.get_by_label("different people").check()
    press(sender, "Check the list")
    expect(sender.locator("#readers li")).to_have_text(["Ana", "ana (2)", "Ben"])
    expect(sender.get_by_label("Message", exact=True)).to_have_value("4711")
    expect(sender.get_by_label("Subject")).to_have_value("The side door")
    press(sender, "Create link")

    expect(sender.locator(".links h3 bdi")).to_have_text(["Ana", "ana (2)", "Ben"])


def file_of(content, name="people.csv"):
    return {"name": name, "mimeType": "text/csv", "buffer": content}


def test_a_file_brings_the_recipients(sender):
    sender.get_by_label("Message", exact=True).fill("4711")
    unfold(sender)
    table = "name,email\nAna,ana@x.example\n".encode("utf-16")
    sender.get_by_label("Or a file").set_input_files(file_of(table))
    press(sender, "Create link")

    expect(sender.locator(".links h3, main .links code")).to_contain_text(["Ana", ""])


def test_a_file_is_in_the_field_once_it_was_read(scripted):
    page = scripted
    unfold(page)
    page.get_by_label("Names or addresses").fill("Eva")
    page.get_by_label("Or a file").set_input_files(file_of(b"Ana,ana@x.example\nBen,\n"))

    expect(page.locator("#readers li")).to_have_text(["Eva", "Ana <ana@x.example>", "Ben"])
    expect(page.get_by_label("Names or addresses")).to_have_value("Eva\nAna <ana@x.example>\nBen")
    expect(page.get_by_label("Or a file")).to_have_value("")


def test_a_file_that_is_no_list_is_told_at_its_field(sender, request):
    sender.get_by_label("Message", exact=True).fill("4711")
    unfold(sender)
    sender.get_by_label("Or a file").set_input_files(file_of(b"PK\x03\x04\0\0", "people.xlsx"))
    if "without" in request.node.name:
        press(sender, "Create link")

    expect(sender.locator("#list-fault")).to_contain_text("Save it as CSV")
    expect(sender.get_by_label("Or a file")).to_have_accessible_description(
        "This file is not a list that can be read here. Save it as CSV, or paste it above. "
        "The first column, or name and e-mail."
    )
    expect(sender.get_by_label("Message", exact=True)).to_have_value("4711")


def test_a_file_that_is_too_large_is_not_sent_at_all(scripted):
    page = scripted
    unfold(page)
    page.get_by_label("Or a file").set_input_files(file_of(b"a@x.example\n" * 30_000))
    page.get_by_label("Message", exact=True).fill("4711")
    press(page, "Create link")

    expect(page.get_by_role("alert")).to_have_text("This file is too large for a list.")


def test_a_passphrase_is_made_seen_and_shown_once_more_after_sending(sender):
    sender.get_by_label("Message", exact=True).fill("4711")
    unfold(sender)
    press(sender, "Make one")
    field = sender.get_by_label("Passphrase")
    expect(field).not_to_have_class("secret")
    expect(field).not_to_have_value("")
    made = field.input_value()
    press(sender, "Create link")
    shown = sender.locator("#told")
    expect(shown).to_have_text(made)
    expect(shown).to_be_visible()
    sender.reload()

    assert is_made(made)
    expect(shown).to_have_count(0)


def test_a_passphrase_of_ones_own_is_folded_away_and_gone_on_the_way_back(scripted):
    page = scripted
    page.get_by_label("Message", exact=True).fill("4711")
    unfold(page)
    page.get_by_label("Passphrase").fill("blue tin")
    press(page, "Create link")
    expect(page.locator("#told")).to_be_hidden()
    page.get_by_text("The passphrase, once more").click()
    expect(page.locator("#told")).to_have_text("blue tin")
    page.get_by_role("link", name="Restante").click()
    page.go_back()

    expect(page.locator("h1")).to_contain_text("Nobody")
    expect(page.locator("#told")).to_have_count(0)


def test_the_server_makes_a_passphrase_where_the_script_could_not_ask(scripted):
    page = scripted
    page.get_by_label("Message", exact=True).fill("4711")
    unfold(page)
    page.evaluate("() => { window.fetch = () => Promise.reject(new TypeError('no')); }")
    home = page.url
    press(page, "Make one")

    expect(page).to_have_url(f"{home}passphrase#passphrase")
    expect(page.get_by_label("Passphrase")).not_to_have_value("")
    expect(page.get_by_label("Message", exact=True)).to_have_value("4711")


def choose(page):
    unfold(page)
    page.get_by_label("Expires in").select_option("86400")
    page.get_by_label("How often").fill("3")
    page.get_by_label("Your name").fill("Zoë")
    page.get_by_label("Ask every reader").check()
    page.get_by_label("Tell me if it is unread").select_option("86400")
    page.get_by_label("Passphrase").fill("blue tin")
    page.get_by_label("Subject").fill("secret subject")
    page.get_by_label("Names or addresses").fill("Ana")


def test_choices_are_remembered_only_if_the_sender_wants(scripted):
    page = scripted
    page.get_by_label("Message", exact=True).fill("secret text")
    choose(page)
    assert page.evaluate(KEPT) is None
    page.get_by_label("Remember these choices").check()
    kept = json.loads(page.evaluate(KEPT))
    assert kept == {
        "expires_in": "86400", "views": "3", "hold": "0", "from": "Zoë", "second_step": True,
        "rules.tell_unread_after": "86400", "rules.tell_unread_after_hours": "",
        "rules.recall_unread_after": "", "rules.recall_unread_after_hours": "",
        "push_here": False, "notify.webhook": "", "notify.webhook_format": "standard",
    } | {f"push.{name}": name in DEFAULTS for name in EVENTS}  # fmt: skip
    press(page, "Create link")
    expect(page.locator("h1")).to_be_visible()
    page.get_by_role("link", name="Restante").click()
    expect(page.get_by_text("Expires in: 1 day · Opens: 3 · From: Zoë")).to_be_visible()
    expect(page.get_by_text("Tell me if it is unread after: 1 day")).to_be_visible()
    unfold(page)
    expect(page.get_by_label("How often")).to_have_value("3")
    expect(page.get_by_label("Ask every reader")).to_be_checked()
    for name in ("Passphrase", "Subject", "Names or addresses", "Message"):
        expect(page.get_by_label(name, exact=name == "Message")).to_have_value("")
    page.get_by_label("Remember these choices").uncheck()

    assert page.evaluate("localStorage.length") == 0
    page.reload()
    unfold(page)
    expect(page.get_by_label("How often")).to_have_value("1")
    expect(page.get_by_label("Remember these choices")).not_to_be_checked()


@pytest.mark.parametrize(
    "kept",
    [
        '{"expires_in": "777", "views": "1000000", "hold": 5, "future": {"a": 1}, "from": "Zoë"}',
        '{"views": null, "second_step": "yes", "from": "Zoë"}',
        '"a string"',
        "[1, 2]",
        "{broken",
        "null",
    ],
)
def test_choices_of_another_version_are_taken_if_they_still_exist(scripted, kept):
    page = scripted
    page.evaluate("kept => localStorage.setItem('compose-choices', kept)", kept)
    said = []
    page.on("console", lambda message: said.append(message.text))
    page.reload()
    unfold(page)
    values = [
        page.get_by_label(name).input_value()
        for name in ("Expires in", "How often", "Delay before", "Your name")
    ]

    assert values == ["604800", "1", "0", "Zoë" if "Zoë" in kept else ""]
    assert not page.get_by_label("Ask every reader").is_checked()
    assert said == []


def test_after_a_fault_what_was_typed_wins_over_what_is_remembered(scripted):
    page = scripted
    choose(page)
    page.get_by_label("Remember these choices").check()
    page.get_by_label("How often").fill("0")
    page.get_by_label("Your name").fill("Zoë Ruiz")
    press(page, "Create link")
    expect(page.get_by_role("alert")).to_be_visible()

    expect(page.get_by_label("Your name")).to_have_value("Zoë Ruiz")
    expect(page.get_by_label("How often")).to_have_value("0")
    expect(page.get_by_label("Message", exact=True)).to_be_focused()


def test_without_a_place_to_keep_them_choices_are_not_offered(browser, service):
    broken = "Object.defineProperty(window, 'localStorage', { get: () => { throw 0; } });"
    with browser.new_context() as context:
        page = context.new_page()
        page.add_init_script(broken)
        page.goto(service.url)
        unfold(page)

        expect(page.get_by_label("How often")).to_be_visible()
        expect(page.get_by_label("Remember these choices")).to_be_hidden()


def test_without_scripts_nothing_is_offered_to_be_remembered(browser, service):
    with browser.new_context(java_script_enabled=False) as context:
        page = context.new_page()
        page.goto(service.url)
        unfold(page)

        expect(page.get_by_label("How often")).to_be_visible()
        expect(page.get_by_label("Remember these choices")).to_be_hidden()
        expect(page.get_by_text("Unless you choose otherwise")).to_be_visible()
        # What nobody brings up to date is not said.
        expect(page.locator(".in-fold")).to_have_count(3)
        assert page.locator(".in-fold:visible").count() == 0


def test_what_is_folded_says_what_is_chosen_in_it(scripted):
    page = scripted
    unfold(page)
    page.get_by_label("Names or addresses").fill("Ana\nBen")
    page.get_by_label("Passphrase").fill("blue tin")
    for summary in page.locator("#compose summary:visible").all():
        summary.click()

    expect(page.locator(".in-fold").first).to_have_text("Ana;\u00a0Ben")
    options = "Expires in: 7 days\u00a0·\u00a0Passphrase"
    expect(page.locator(".in-fold").nth(1)).to_have_text(options)
    assert "blue" not in page.locator("#compose").inner_text()


@pytest.mark.parametrize("width", [320, 375, 1280])
def test_the_unfolded_form_is_as_wide_as_the_page(sender, width):
    unfold(sender)
    sender.get_by_label("Names or addresses").fill("\n".join([tour.UNBROKEN, *map(str, range(60))]))
    press(sender, "Check the list")
    expect(sender.locator("#readers li")).to_have_count(61)
    sender.set_viewport_size({"width": width, "height": 800})

    assert sender.evaluate("document.documentElement.scrollWidth") == width
