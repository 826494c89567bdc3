"""A logo is a small picture that can do nothing; every other file is refused, and why is told."""

import os
import struct
import zlib
from pathlib import Path

import pytest

from restante.logos import LOGO_MOST, Logo, read_logo

SVG = Path(__file__).parent / "vectors" / "logo.svg"
NEITHER = "the file is neither SVG nor PNG"
DRAWING = "something other than shapes, gradients, styles and words (line 1)"
ELSEWHERE = "a reference to elsewhere (line 1)"


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
def test_what_is_no_picture_is_refused(read, content):
    assert fault(read, content) == NEITHER


def test_a_file_that_is_missing_unreadable_or_no_file_is_refused(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    for path in (tmp_path / "missing", tmp_path, tmp_path / "pipe", Path("/dev/zero"), Path("\0")):
        with pytest.raises(ValueError, match=r"^the file cannot be read$"):
            read_logo(path)


@pytest.mark.parametrize(
    ("inside", "told"),
    [
        ("<script>alert(1)</script>", DRAWING),
        ('<script href="//evil.example/x.js"/>', f"{DRAWING}; {ELSEWHERE}"),
        ("<foreignObject/>", DRAWING),
        ('<image href="#a"/>', DRAWING),
        ('<a href="#a"/>', DRAWING),
        ("<animate/>", DRAWING),
        ("<set/>", DRAWING),
        ("<filter><feImage/></filter>", DRAWING),
        ('<p xmlns="http://www.w3.org/1999/xhtml"/>', DRAWING),
        ('<x:script xmlns:x="http://www.w3.org/2000/svg"/>', DRAWING),
        ("<style>a<title/>b</style>", DRAWING),
        ('<path onclick="a()"/>', "a handler of events (line 1)"),
        ('<path ONLOAD="a()"/>', "a handler of events (line 1)"),
        ('<use href="other.svg#a"/>', ELSEWHERE),
        ('<use href="//evil.example/#a"/>', ELSEWHERE),
        ('<use href="data:image/svg+xml,x"/>', ELSEWHERE),
        (
            '<use xmlns:x="http://www.w3.org/1999/xlink" x:href="https://evil.example/#a"/>',
            ELSEWHERE,
        ),
        ('<path fill="url(https://evil.example/#a)"/>', ELSEWHERE),
        ('<path fill="URL( #a )"/>', ELSEWHERE),
        ("<path style=\"fill: url('//evil.example')\"/>", ELSEWHERE),
        ('<path style="fill: u\\72l(//evil.example)"/>', ELSEWHERE),
        ("<path style=\"background: image-set('//evil.example/a' 1x)\"/>", ELSEWHERE),
        ("<style>@import '//evil.example';</style>", ELSEWHERE),
        ("<style>@imp<!-- -->ort '//evil.example';</style>", ELSEWHERE),
        ("<style><![CDATA[@import]]> '//evil.example';</style>", ELSEWHERE),
        ("<style>@font-face { src: url(//evil.example) }</style>", ELSEWHERE),
        ('<g xml:base="//evil.example/"/>', "an attribute that is not for drawing (line 1)"),
        ("<?xml-stylesheet href='//evil.example'?>", "a processing instruction (line 1)"),
    ],
)
def test_an_svg_that_could_do_more_than_be_drawn_is_refused(read, inside, told):
    assert fault(read, svg(inside)) == f"the SVG has {told}"


def test_an_svg_with_a_document_type_is_refused_before_it_is_read_on(read):
    bomb = '<!DOCTYPE svg [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]>'

    assert fault(read, svg("&b;", before=bomb)) == (
        "the SVG must not have a document type (<!DOCTYPE)"
    )


def test_an_svg_in_another_encoding_than_it_is_served_in_is_refused(read):
    before = '<?xml version="1.0" encoding="ISO-8859-1"?>'

    assert fault(read, svg(before=before)) == "the SVG has another encoding than UTF-8 (line 1)"
    for encoding in ("utf-16", "utf-16-le", "utf-16-be"):
        assert fault(read, ("\n" + svg().decode()).encode(encoding)) == NEITHER
    assert fault(read, svg("Ä").decode().encode("latin-1")) == NEITHER


@pytest.mark.parametrize(
    "attributes",
    ["", 'width="100%" height="100%"', 'viewBox="0 0 0 5"', 'width="5"', 'viewBox="a"'],
)
def test_an_svg_without_a_size_is_refused(read, attributes):
    assert "the SVG needs a viewBox" in fault(read, svg(attributes=attributes))


def test_every_fault_of_an_svg_is_told_with_its_line_and_none_of_its_words(read):
    told = fault(read, svg('\n<secret/>\n<path onclick="hunter2"/>'))

    assert told == (
        "the SVG has something other than shapes, gradients, styles and words (line 2);"
        " a handler of events (line 3)"
    )
