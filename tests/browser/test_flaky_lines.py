"""Networks that lie, stall or break, and what is done by hand with the text that came."""

import pytest
from playwright.sync_api import expect

from tests.browser.test_odd_browsers import KEY, opened, pasted, sent_by, state_of, window
from tests.browser.tour import PATIENCE_MS, press

SAYS_OFFLINE = "Object.defineProperty(navigator, 'onLine', { get: () => false });"


def test_a_browser_that_wrongly_says_it_is_offline_sends_and_opens(service, browser):
    with window(browser, SAYS_OFFLINE) as page:
        page.goto(service.url)
        page.get_by_label("Message", exact=True).fill("sent")
        press(page, "Create link")
        expect(page.get_by_role("button", name="Copy link")).to_be_visible()
        opened(page, page.locator("code").inner_text())

        expect(page.locator("#letter")).to_have_text("sent")


def test_a_send_that_was_stopped_can_be_pressed_again(service, browser):
    with window(browser) as page:
        page.goto(service.url)
        page.get_by_label("Message", exact=True).fill("again")
        stuck = []

        def stall_once(route):
            if route.request.method == "POST" and not stuck:
                stuck.append(route)
            else:
                route.continue_()

        page.route("**/*", stall_once)
        page.evaluate("""() => document.forms.compose.addEventListener(
            "submit", () => setTimeout(() => stop(), 300), { once: true })""")
        button = page.get_by_role("button", name="Create link")
        button.click(no_wait_after=True)
        page.wait_for_timeout(1_000)
        button.click(no_wait_after=True)

        expect(page.get_by_role("button", name="Copy link")).to_be_visible()


def test_a_text_is_on_the_screen_although_its_script_has_not_come(service, browser):
    """The view is spent: a blank page would lose it."""
    _, address = sent_by(service)
    with window(browser) as page:
        held = []

        def hold(route):
            held.append(route)

        page.route("**/message.js*", hold)
        page.goto(address)
        page.wait_for_timeout(PATIENCE_MS)
        page.get_by_role("button", name="Open the message").click(no_wait_after=True)
        page.wait_for_selector("#letter", state="attached")
        painted = page.evaluate("""() => new Promise((done) => {
            new PerformanceObserver((list) => done(list.getEntries().length))
              .observe({ type: "paint", buffered: true });
            setTimeout(() => done(0), 5000);
        })""")
        held[0].continue_()
        expect(page.get_by_role("button", name="Copy the text")).to_be_visible()

    assert painted


def test_that_a_text_arrived_is_told_again_when_the_line_broke(service, browser):
    sent, address = sent_by(service)
    with window(browser) as page:
        asked = []

        def break_once(route):
            asked.append(route)
            if len(asked) == 1:
                route.abort("connectionreset")
            else:
                route.continue_()

        page.route("**/acknowledge", break_once)
        opened(page, address)
        with page.expect_response("**/acknowledge"):
            pass

        assert state_of(service, sent)["links"][0]["acknowledged_at"]


SELECTIONS = {
    "its last words": "sel.setBaseAndExtent(text, text.length - 9, after, 0)",
    "past its end": "sel.setBaseAndExtent(text, 0, after, 0)",
    "from before it": "sel.setBaseAndExtent(letter.previousSibling ?? letter, 0, text, 7)",
}


@pytest.mark.parametrize("how", SELECTIONS.values(), ids=SELECTIONS)
def test_a_copy_by_hand_that_ends_beside_the_text_is_the_text(service, browser, how):
    text = "first\n\nlast\u00a0\tx  \n"
    _, address = sent_by(service, text)
    with window(browser, permissions=["clipboard-read", "clipboard-write"]) as page:
        opened(page, address)
        # Before the page's scripts ran, a copy is the browser's own.
        page.wait_for_load_state("load")
        picked = page.evaluate(f"""() => {{
            const letter = document.getElementById("letter"), [text] = letter.childNodes;
            const after = document.querySelector(".looks-of-letter"), sel = getSelection();
            {how};
            return letter.textContent.slice(
              sel.anchorNode === text ? sel.anchorOffset : 0,
              sel.focusNode === text ? sel.focusOffset : undefined);
        }}""")
        page.keyboard.press("Control+C")

        assert pasted(page) == picked


def test_all_of_the_page_copied_by_hand_has_the_text_as_it_was_sent(service, browser):
    _, address = sent_by(service, KEY, subject="The key")
    with window(browser, permissions=["clipboard-read", "clipboard-write"]) as page:
        opened(page, address)
        page.keyboard.press("Control+A")
        page.keyboard.press("Control+C")
        before, found, after = pasted(page).partition(KEY)

    assert found
    assert "The key" in before
    assert "I have read this" in after


def test_a_bare_carriage_return_breaks_the_line_and_is_copied_as_it_is(service, browser):
    text = "one\rtwo\r\nthree\n\rfour"
    _, address = sent_by(service, text)
    with window(browser, permissions=["clipboard-read", "clipboard-write"]) as page:
        opened(page, address)
        lines = page.evaluate("""() => {
            const range = document.createRange(), tops = new Set();
            range.selectNodeContents(document.getElementById("letter"));
            for (const { top, width } of range.getClientRects()) if (width > 4) tops.add(top);
            return tops.size;
        }""")
        press(page, "Copy the text")
        expect(page.get_by_role("button", name="Copied")).to_be_visible()

        assert pasted(page) == text
    assert lines == 4


def test_lines_that_do_not_wrap_are_scrolled_by_keyboard_and_whole_on_paper(service, browser):
    _, address = sent_by(service, "x" * 400)
    with window(browser) as page:
        opened(page, address)
        press(page, "Do not wrap lines")
        page.keyboard.press("Shift+Tab")
        page.keyboard.press("Shift+Tab")
        page.keyboard.press("ArrowRight")
        page.wait_for_timeout(500)
        scrolled = page.evaluate("document.getElementById('letter').scrollLeft")
        outline = page.evaluate("getComputedStyle(document.getElementById('letter')).outlineStyle")
        page.emulate_media(media="print")
        cut = page.evaluate(
            "(() => { const { scrollWidth, clientWidth } ="
            " document.getElementById('letter'); return scrollWidth - clientWidth; })()"
        )
        page.emulate_media(media="screen")
        press(page, "Do not wrap lines")

        expect(page.locator("#letter")).to_have_attribute("tabindex", "-1")
    assert scrolled > 0
    assert outline != "none"
    assert cut <= 0


def test_no_spell_checker_reads_a_code_or_a_number(service, browser):
    _, address = sent_by(service, second_step="always")
    with window(browser) as page:
        page.goto(address)
        fields = page.locator("#gate input:not([type=hidden])")

        assert fields.count() == 1
        assert fields.evaluate_all("(all) => all.every((e) => !e.spellcheck && !e.translate)")
