"""What is looked for on a page in any state: axe's faults, and what axe does not see."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, Any

from axe_playwright_python.base import AXE_SCRIPT

if TYPE_CHECKING:
    from playwright.sync_api import Page

NARROW, WIDE = {"width": 320, "height": 700}, {"width": 1280, "height": 860}
"""The narrow one is what 1280 px become at a zoom of 400 %."""

ALL_RULES = {"rules": {"target-size": {"enabled": True}}}
"""What axe does by itself, best practices too, and the one rule of WCAG 2.2 that it leaves off."""
RULES_OF_COLOUR = {"runOnly": {"type": "rule", "values": ["color-contrast", "link-in-text-block"]}}
"""What a theme can change: the second run is for these."""

LOOK = """() => {
  const faults = [];
  const all = (selector) => [...document.querySelectorAll(selector)];
  const seen = (element) => element.checkVisibility({ visibilityProperty: true });
  const name = (e) => `${e.localName} ${e.id || e.innerText || e.name}`.trim();

  if (all("h1").length !== 1) faults.push("not one h1");
  for (const part of ["body > header", "main", "body > footer"]) {
    if (all(part).length !== 1) faults.push(`not one ${part}`);
  }
  if (!document.title.split("·")[0].trim()) faults.push("no title");

  const blues = ["0, 0, 238", "85, 26, 139", "158, 158, 255", "208, 173, 240"];
  for (const link of all("a")) {
    if (blues.some((blue) => getComputedStyle(link).color === `rgb(${blue})`)) {
      faults.push(`a link as browsers colour it: ${name(link)}`);
    }
  }
  for (const one of all("a, button, select, summary, input:not([type=hidden]), textarea")) {
    if (!seen(one) || one.closest("[aria-hidden=true]")) continue;
    const target = ["checkbox", "radio"].includes(one.type) ? one.closest("label") : one;
    const { width, height } = target.getBoundingClientRect();
    const least = one.closest(".notice") ? 24 : 44;
    if (height < least || width < 24) faults.push(`small: ${name(one)} ${width} x ${height}`);
  }

  const wrong = all("[aria-invalid=true]");
  for (const one of wrong) {
    const by = (one.getAttribute("aria-describedby") || "").split(" ");
    if (!by.some((id) => document.getElementById(id)?.matches(".fault"))) {
      faults.push(`not described: ${name(one)}`);
    }
    if (!seen(one)) faults.push(`at fault and out of sight: ${name(one)}`);
  }
  for (const notice of all(".fault-notice")) {
    if (notice.role !== "alert") faults.push("a fault that is not announced");
    const way = notice.querySelector("a");
    if (wrong.length && way?.hash !== `#${wrong[0].id}`) faults.push(`no way to ${name(wrong[0])}`);
  }
  if (all("[autofocus]:not([aria-invalid=true])").length) faults.push("takes the focus");
  return faults;
}"""

START = """() => {
  if (!window.stops) addEventListener("focusin", ({ target: e }) => {
    const style = getComputedStyle(e), box = e.getBoundingClientRect();
    if (e === document.body) return;
    const label = e.labels?.[0]?.innerText || e.getAttribute("aria-label") || e.innerText;
    window.stops.push({
      name: label.trim().replace(/\\s+/g, " "),
      top: box.top + scrollY, bottom: box.bottom + scrollY,
      isRinged: style.outlineStyle !== "none" && parseFloat(style.outlineWidth) >= 2,
      isThere: box.width > 1 && box.height > 1 && style.clipPath === "none",
    });
  });
  document.body.tabIndex = -1;
  document.body.focus();
  document.body.removeAttribute("tabindex");
  window.stops = [];
  const ways = "a[href], button, select, summary, input:not([type=hidden]), textarea";
  return [...document.querySelectorAll(ways)].filter(
    (e) => e.tabIndex >= 0 && e.checkVisibility({ visibilityProperty: true })).length;
}"""


DRESS = """([size, direction]) => {
  document.documentElement.style.fontSize = size;
  document.documentElement.dir = direction;
}"""


def axe(page: Page) -> list[str]:
    """Return what axe has against the page in light and in dark."""
    page.evaluate(AXE_SCRIPT)
    faults = []
    for theme, options in (("light", ALL_RULES), ("dark", RULES_OF_COLOUR)):
        page.emulate_media(color_scheme=theme)
        result = page.evaluate(
            "options => axe.run(options)", options | {"resultTypes": ["violations"]}
        )
        faults += [f"{v['id']}, {theme}: {v['nodes'][0]['html']}" for v in result["violations"]]
    return faults


def stops(page: Page) -> list[dict[str, Any]]:
    """Return where the Tab key leads, from the top of the page to its end."""
    for _ in range(page.evaluate(START)):
        page.keyboard.press("Tab")
    return list(page.evaluate("window.stops"))


def faults_of_stops(led: list[dict[str, Any]]) -> list[str]:
    """Return what is wrong with the way of the focus: lost, unseen, or up the page."""
    faults = [f"no ring: {one['name']}" for one in led if not one["isRinged"]]
    faults += [f"not to be seen: {one['name']}" for one in led if not one["isThere"]]
    faults += [
        f"upwards: {one['name']}, {two['name']}"
        for one, two in pairwise(led)
        if two["bottom"] < one["top"]
    ]
    return faults


def spills(page: Page) -> list[str]:
    """Return at which widths the page is wider than its window; leave it narrow."""
    spilt = []
    for what, size, text, direction in (
        ("wide", WIDE, "", "ltr"),
        ("text of 200 %", WIDE, "200%", "ltr"),
        ("wide, from right to left", WIDE, "", "rtl"),
        ("narrow, from right to left", NARROW, "", "rtl"),
        ("narrow", NARROW, "", "ltr"),
    ):
        page.set_viewport_size(size)
        page.evaluate(DRESS, [text, direction])
        if page.evaluate("document.documentElement.scrollWidth > innerWidth"):
            spilt.append(what)
    return spilt
