"""A sender sets rules for unread links by hand, when writing and later."""

from __future__ import annotations

from playwright.sync_api import expect

from tests.browser.tour import press, unfold

PHONE = {"width": 320, "height": 800}
TELL = "Tell me if it is unread after"
RECALL = "Take it back if it is unread after"
HOURS = "Or take it back after so many hours"


def test_rules_are_chosen_in_words_and_changed_later(service, person):
    sender = person(viewport=PHONE)
    sender.goto(service.url)
    unfold(sender)
    sender.get_by_label(TELL).select_option("1 day")
    sender.get_by_label(HOURS).fill("50")
    sender.get_by_label("Message", exact=True).fill("The code is 4711")
    press(sender, "Create link")
    verdict = sender.locator(".verdict")
    expect(verdict).to_contain_text("this page says so")
    expect(verdict).to_contain_text("it is taken back")

    sender.locator("summary", has_text="If nobody opens it").click()
    expect(sender.get_by_label(RECALL)).to_have_value("keep")
    sender.get_by_label(RECALL).select_option("Never")
    press(sender, "Change the rules")
    expect(verdict).to_contain_text("this page says so")
    expect(verdict).not_to_contain_text("it is taken back")
    expect(sender.locator(".timeline").first).to_contain_text("Rule: tell if unread on")


def test_a_rule_that_comes_too_late_is_shown_where_it_was_chosen(service, person):
    sender = person(viewport=PHONE)
    sender.goto(service.url)
    unfold(sender)
    sender.get_by_label("Message", exact=True).fill("The code is 4711")
    sender.get_by_label(HOURS).fill("5000")
    press(sender, "Create link")
    field = sender.get_by_label(HOURS)
    expect(field).to_be_visible()
    expect(field).to_have_value("5000")
    expect(sender.get_by_text("Choose another time, before the message expires.")).to_be_visible()

    field.fill("5")
    press(sender, "Create link")
    expect(sender.locator(".verdict")).to_contain_text("it is taken back")
