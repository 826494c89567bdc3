"""The card of a mail as Outlook shows it: with what Word's engine knows of HTML, and no more.

Word knows tables, `bgcolor`, and a part of CSS: padding only of cells, no widths but of tables and
cells in numbers, no `max-width`, `border-radius`, `display` or `word-break`.
"""

import pytest

from tests.browser import tour

SIZES = [{"width": 620, "height": 700}, {"width": 1000, "height": 700}]
"""The reading pane, and a window of its own."""
HOSTILE = 'Ana\'s "door" <b>&amp; {address} \u05e9\u05dc\u05d5\u05dd 👩🏽‍❤️‍💋‍👨'

WORD = """
() => {
  const tags = new Set(["table", "tbody", "tr", "td", "p", "a", "br"]);
  const attributes = new Set(["href", "width", "bgcolor", "cellpadding", "cellspacing", "border",
                              "dir", "lang", "style"]);
  const everywhere = ["color", "font-family", "font-size", "font-weight", "line-height",
                      "text-decoration", "text-align"];
  const ofTag = {
    td: ["padding", "background-color", "border"], p: ["margin"], table: [], a: [], br: [],
  };
  const root = document.querySelector("table");
  for (const one of [root, ...root.querySelectorAll("*")]) {
    const tag = one.localName;
    if (!tags.has(tag)) { one.replaceWith(...one.childNodes); continue; }
    const others = [...one.attributes].filter(({ name }) => !attributes.has(name));
    for (const { name } of others) one.removeAttribute(name);
    const known = [...everywhere, ...(ofTag[tag] ?? [])];
    const kept = (one.getAttribute("style") ?? "").split(";").filter(
      (rule) => known.includes(rule.split(":")[0].trim()));
    one.setAttribute("style", kept.join(";"));
  }
  document.body.replaceChildren(root);
  document.body.style.margin = "8px";
  document.body.style.overflowWrap = "anywhere";  // as Word does by itself
}
"""
LOOK = """
() => {
  const box = (e) => {
    const range = document.createRange();
    range.selectNodeContents(e);
    const { top, bottom, left, right, height } = range.getBoundingClientRect();
    return { top, bottom, left, right, height, text: e.textContent };
  };
  const cell = document.querySelector("table table td");
  const { height, width } = cell.getBoundingClientRect();
  return {
    said: document.body.innerText,
    parts: [...document.querySelectorAll("p, table table td")].map(box),
    button: { height, width, ground: getComputedStyle(cell).backgroundColor,
              ink: getComputedStyle(cell.querySelector("a")).color },
    page: { ground: getComputedStyle(document.querySelector("td")).backgroundColor,
            ink: getComputedStyle(document.querySelector("td")).color },
    wide: document.documentElement.scrollWidth > innerWidth,
    links: [...document.links].map((one) => one.href),
    styles: document.querySelectorAll("[class], [id], style, img, script").length,
  };
}
"""


def card_of(browser, service, subject):
    """Return the card as the control page has it, and the link in it."""
    sent = tour.send(service.url, subject=subject, passphrase="blue tin")
    with browser.new_context() as context:
        page = context.new_page()
        page.goto(sent["control_url"])
        tour.press(page, "I am the sender: go on")
        card = page.locator("#card")
        card.wait_for(state="attached")
        return card.text_content(), sent["links"][0]["url"]


@pytest.fixture(params=SIZES, ids=lambda size: str(size["width"]))
def outlook(browser, request):
    with browser.new_context(viewport=request.param) as context:
        yield context.new_page()


def contrast(one, two):
    """Return the contrast of two colours as WCAG 2 counts it."""

    def light(colour):
        parts = [int(part) / 255 for part in colour[4:-1].split(",")]
        linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in parts]
        return sum(w * c for w, c in zip((0.2126, 0.7152, 0.0722), linear, strict=True))

    low, high = sorted((light(one), light(two)))
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("subject", ["The safe", HOSTILE, "é" * 200], ids=ascii)
def test_with_what_word_knows_the_card_is_whole_and_read_in_its_order(
    browser, service, outlook, subject
):
    card, address = card_of(browser, service, subject)
    outlook.set_content(f"<!doctype html><body>{card}")
    outlook.evaluate(WORD)
    seen = outlook.evaluate(LOOK)
    lines = [line.strip() for line in seen["said"].split("\n") if line.strip()]

    assert lines[0] == subject
    assert lines[1] == "Open message"
    assert lines[2].startswith("You can open it until ")
    assert lines[-2:] == [
        "If the button does not work, copy this address into your browser:", address,
    ]  # fmt: skip
    tops = [part["top"] for part in seen["parts"]]
    assert tops == sorted(tops)
    for above, below in zip(seen["parts"], seen["parts"][1:], strict=False):
        assert above["bottom"] <= below["top"]
    assert not seen["wide"]
    assert seen["links"] == [address, address]
    assert seen["styles"] == 0


def test_with_what_word_knows_the_button_is_large_and_all_can_be_read(browser, service, outlook):
    card, _ = card_of(browser, service, "The safe")
    outlook.set_content(f"<!doctype html><body>{card}")
    outlook.evaluate(WORD)
    seen = outlook.evaluate(LOOK)

    assert seen["button"]["height"] >= 44
    assert 120 <= seen["button"]["width"] <= 240
    assert contrast(seen["button"]["ground"], seen["button"]["ink"]) >= 4.5
    assert contrast(seen["page"]["ground"], seen["page"]["ink"]) >= 4.5
    assert all(part["height"] >= 14 for part in seen["parts"])


def test_without_any_style_the_card_still_says_everything_in_order(browser, service, outlook):
    card, address = card_of(browser, service, "The safe")
    outlook.set_content(f"<!doctype html><body>{card}")
    outlook.evaluate(
        "() => { for (const one of document.querySelectorAll('[style], [bgcolor]'))"
        " { one.removeAttribute('style'); one.removeAttribute('bgcolor'); } }"
    )
    said = outlook.locator("body").inner_text()

    order = ["The safe", "Open message", "You can open it until", "passphrase", address]
    places = [said.index(words) for words in order]
    assert places == sorted(places)
