"""A logo is a small picture that is cheap to draw; other files are refused, and why is told.

That nothing in it runs or loads, tests/browser/test_brand.py shows in a browser.
"""

import os
import struct
import zlib
from pathlib import Path

import pytest

from restante.settings.logo import ATTRIBUTES, ELEMENTS, LOGO_MOST, Logo, read_logo

SVG = Path(__file__).parents[1] / "vectors" / "logo.svg"
NEITHER = "the file is neither SVG nor PNG"
MORE = (
    "line {} of the SVG has more than filled shapes and gradients:"
    " docs/operations.md lists what it may have"
)


def chunk(kind, data):
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def png(width=3, height=2, *, further=b""):
    """Return a PNG of one colour, with *further* chunks."""
    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    rows = b"".join(b"\0" + b"\x80" * min(width, 64) for _ in range(min(height, 64)))
    body = chunk(b"IHDR", header) + further + chunk(b"IDAT", zlib.compress(rows))
    return b"\x89PNG\r\n\x1a\n" + body + chunk(b"IEND", b"")


def heaviest_png():
    """Return a good PNG of as many bytes as are allowed, that no server could make smaller."""
    room = LOGO_MOST - len(png(64, 64)) - 12
    return png(64, 64, further=chunk(b"noIs", os.urandom(room)))


def svg(inside="", attributes='viewBox="0 0 10 20"', before=""):
    return f'{before}<svg xmlns="http://www.w3.org/2000/svg" {attributes}>{inside}</svg>'.encode()


@pytest.fixture
def read(tmp_path):
    def read(content):
        path = tmp_path / "logo"
        path.write_bytes(content)
        return read_logo(path)

    return read


def fault(read, content):
    with pytest.raises(ValueError, match=r"\w") as caught:
        read(content)
    return str(caught.value)


def test_an_svg_is_told_by_what_it_holds_and_keeps_its_proportions(read):
    assert read_logo(SVG) == Logo(SVG.read_bytes(), "image/svg+xml", 96, 64)
    assert read(svg(attributes='width="30" height="12.5px"')).height == 12.5
    assert read(svg(attributes='width="9" height="9" viewBox="0,0 10,20"')).width == 10


def test_a_png_is_told_by_its_signature_and_its_header(read):
    assert read(png(640, 480)) == Logo(png(640, 480), "image/png", 640, 480)
    assert len(read(heaviest_png()).content) == LOGO_MOST


@pytest.mark.parametrize(
    "broken",
    [png()[:8], png()[:20], png()[:-1], png()[:-12], png() + b"x", png().replace(b"IHDR", b"iHDR"),
     png()[:16] + b"\0\0\0\7" + png()[20:]],
)  # fmt: skip
def test_a_damaged_png_is_refused(read, broken):
    assert fault(read, broken) == "the PNG is damaged"


@pytest.mark.parametrize("size", [(0, 1), (1, 0), (2049, 1), (1, 65_536), (2**31, 2**31)])
def test_a_png_that_would_fill_the_memory_of_a_telephone_is_refused(read, size):
    assert fault(read, png(*size)) == "the PNG must have from 1 to 2048 pixels a side"


@pytest.mark.parametrize("content", [svg("<g/>" * LOGO_MOST), heaviest_png() + b"x"])
def test_a_picture_that_is_too_large_is_refused(read, content):
    assert fault(read, content) == "the picture must not have more than 8192 bytes"


@pytest.mark.parametrize(
    "content",
    [b"", b"GIF89a", b"\xff\xd8\xff\xe0JFIF", b"<html/>", b"<svg/>", svg()[:-1], svg() + b"<g/>",
     b"hunter2", svg("&nbsp;"), svg("\x00"), b"\xff" + svg(),
     b'<g xmlns="http://www.w3.org/2000/svg"/>'],
)  # fmt: skip
def test_a_file_that_is_no_image_is_refused(read, content):
    assert fault(read, content) == NEITHER


def test_a_file_that_is_missing_unreadable_or_no_file_is_refused(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    for path in (tmp_path / "missing", tmp_path, tmp_path / "pipe", Path("/dev/zero"), Path("\0")):
        with pytest.raises(ValueError, match=r"^the file cannot be read$"):
            read_logo(path)


def test_an_svg_of_filled_shapes_and_gradients_is_taken(read):
    assert read(svg("<title>The Courier</title><!-- by hand -->")).width == 10
    for element in ELEMENTS:
        assert read(svg(f'<{element} id="a" fill="url(#b)" transform="scale(2)"/>')).width == 10
    for attribute in ATTRIBUTES:
        assert read(svg(f'<path {attribute}="1"/>')).width == 10


XLINK = 'xmlns:x="http://www.w3.org/1999/xlink" x:href'


@pytest.mark.parametrize(
    "inside",
    [
        *('<path stroke="red"/>', '<path stroke-dasharray="1"/>', '<g stroke-width="9"/>'),
        *('<use href="#a"/>', f'<use {XLINK}="#a"/>', f'<linearGradient {XLINK}="#a"/>'),
        *("<mask/>", "<clipPath/>", "<pattern/>", "<marker/>", "<symbol/>", "<filter/>"),
        *('<g mask="url(#a)"/>', '<g clip-path="url(#a)"/>', '<g filter="url(#a)"/>'),
        *("<style>g { fill: red }</style>", '<g style="fill: red"/>', '<g class="a"/>'),
        *("<script>alert(1)</script>", '<path onclick="a()"/>', "<foreignObject/>", "<a/>"),
        *("<image/>", '<image href="data:image/svg+xml,x"/>', "<text>a</text>", "<switch/>"),
        *("<animate/>", '<set attributeName="d"/>', "<metadata/>", "<svg:g xmlns:svg='urn:x'/>"),
        *('<g xmlns:i="urn:of-another" i:label="Layer 1"/>', '<g xmlns="urn:x"/>'),
        *("<?xml-stylesheet href='//evil.example'?>", "<PATH/>", '<g FILL="red"/>'),
    ],
)
def test_whatever_else_an_svg_has_is_refused_and_its_line_is_told(read, inside):
    assert fault(read, svg("\n<g/>\n" + inside)) == MORE.format(3)


def test_the_smallest_svg_that_hung_a_browser_is_refused(read):
    """It has 125 lines of 400,000 dashes."""
    lines = '<path stroke="red" stroke-dasharray="1" d="M0 9H4e5"/>' * 125

    assert len(svg(lines)) < LOGO_MOST
    assert fault(read, svg(lines, 'viewBox="0 0 400000 80000"')) == MORE.format(1)


@pytest.mark.parametrize("attributes", ['onload="a()"', 'class="a"', 'stroke="red"'])
def test_the_root_may_have_no_more_than_the_rest(read, attributes):
    assert fault(read, svg(attributes=f'viewBox="0 0 1 1" {attributes}')) == MORE.format(1)


def test_an_svg_with_a_document_type_is_refused_before_it_is_read_on(read):
    bomb = '<!DOCTYPE svg [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]>'

    assert fault(read, svg("&b;", before=bomb)) == MORE.format(1)


def test_an_svg_in_another_encoding_than_it_is_served_in_is_refused(read):
    before = '<?xml version="1.0" encoding="ISO-8859-1"?>'

    assert fault(read, svg(before=before)) == "the SVG has another encoding than UTF-8"
    for encoding in ("utf-16", "utf-16-le", "utf-16-be"):
        assert fault(read, ("\n" + svg().decode()).encode(encoding)) == NEITHER
    assert fault(read, svg("Ä").decode().encode("latin-1")) == NEITHER


@pytest.mark.parametrize(
    "attributes",
    ["", 'width="100%" height="100%"', 'viewBox="0 0 0 5"', 'width="5"', 'viewBox="a"'],
)
def test_an_svg_without_a_size_is_refused(read, attributes):
    assert "the SVG needs a viewBox" in fault(read, svg(attributes=attributes))


def test_no_sentence_repeats_a_word_of_the_file(read):
    for inside in ('<g hunter2="hunter2"/>', "<hunter2/>", "<hunter2", "<?hunter2 hunter2?>"):
        assert "hunter2" not in fault(read, svg(inside))
