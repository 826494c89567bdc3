"""An operator's colour can be read in both themes, whichever it is."""

import math
import re
from pathlib import Path

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from webapp.branding import colours
from webapp.branding.colours import DARK, LIGHT, accent, contrast

ROOT = Path(__file__).resolve().parents[2]
TEXT, PARTS = 4.5, 3.0
COLOURS = st.integers(0, 0xFFFFFF).map("#{:06x}".format)
THEMES = {"light": LIGHT, "dark": DARK}


@pytest.mark.parametrize("theme", THEMES.values(), ids=THEMES)
@given(colour=COLOURS)
@example(colour="#000000")
@example(colour="#ffffff")
@example(colour="#ffff00")
@example(colour="#0000ff")
@example(colour="#12307a")
@example(colour="#ffe066")
def test_of_any_colour_links_and_text_on_buttons_can_be_read(theme, colour):
    made = accent(colour, theme)

    for ground in theme.grounds:
        assert contrast(made.plain, ground) >= TEXT
        assert contrast(made.deep, ground) >= PARTS
    assert contrast(made.on, made.plain) >= TEXT
    assert contrast(made.on, made.deep) >= TEXT
    assert made.deep != made.plain
    assert {len(c) for c in (made.plain, made.deep, made.on)} == {7}


@pytest.mark.parametrize("theme", THEMES.values(), ids=THEMES)
@given(colour=COLOURS)
def test_a_colour_keeps_its_hue(theme, colour):
    _, chroma, hue = colours._oklch(colour)
    made = accent(colour, theme).plain
    _, made_chroma, made_hue = colours._oklch(made)
    # Of what is nearly grey, roundings decide the hue.
    assume(min(chroma, made_chroma) > 0.05)

    assert abs(math.remainder(made_hue - hue, math.tau)) < math.radians(5)


@pytest.mark.parametrize(
    ("theme", "colour"), [(LIGHT, "#12307a"), (LIGHT, "#000000"), (DARK, "#ffe066")]
)
def test_a_colour_that_can_be_read_stays_as_it_is(theme, colour):
    assert accent(colour, theme).plain == colour


def test_contrast_is_as_wcag_says():
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
    assert contrast("#777777", "#ffffff") == pytest.approx(4.48, abs=0.005)
    assert contrast("#336699", "#336699") == 1


@pytest.mark.parametrize("theme", THEMES.values(), ids=THEMES)
def test_the_grounds_are_those_of_the_style(theme):
    style = (ROOT / "webapp" / "static" / "app.css").read_text("utf-8")
    light, dark = re.findall(r":root \{\n\s+(.*?)\}", style, re.DOTALL)[:2]
    part = dark if theme.is_dark else light
    grounds = [re.search(rf"--{n}: (#\w+);", part)[1] for n in ("paper", "ground", "tint")]

    assert list(theme.grounds) == grounds
