"""A logo is a small picture that is cheap to draw; other files are refused, and why is told.

That nothing in it runs or loads, tests/browser/test_brand.py shows in a browser.
"""

import os
import struct
import zlib
from pathlib import Path

import pytest

from restante.settings.logo import DRAWN_MOST, ELEMENTS_MOST, LOGO_MOST, Logo, read_logo

SVG = Path(__file__).parents[1] / "vectors" / "logo.svg"
NEITHER = "the file is neither SVG nor PNG"
LOOP = "the SVG has references that lead back to themselves"
DRAWN = f"the SVG must not draw more than {DRAWN_MOST} elements, all repetition counted"
UNCOUNTED = "the SVG must have no data: URL, no backslash and no dashed line"
STYLES = "the SVG's styles must refer to gradients only: use attributes for the rest"


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


def nested(levels, wide, holder, reference, shape='<rect width="9" height="9"/>'):
    """Return definitions, each of which refers to the one before *wide* times, and one use."""
    made = [holder.format(0, shape)]
    made += [holder.format(n, reference.format(n - 1) * wide) for n in range(1, levels)]
    return f"<defs>{''.join(made)}</defs>" + reference.format(levels - 1)


@pytest.mark.parametrize(
    "inside",
    [
        "<script>alert(1)</script>",
        "<foreignObject><p xmlns='http://www.w3.org/1999/xhtml'/></foreignObject>",
        '<path onclick="a()"/>',
        '<image href="//evil.example/a"/>',
        "<style>@import '//evil.example';</style>",
        "<?xml-stylesheet href='//evil.example'?>",
        '<metadata><x xmlns="urn:of-a-drawing-program"/></metadata>',
        '<g xmlns:i="urn:of-another" i:label="Layer 1"><path/></g>',
        '<mask id="a"><rect fill="#fff"/></mask><g mask="url(#a)"><path/></g>',
    ],
)
def test_what_browsers_do_not_run_in_a_picture_needs_no_filter(read, inside):
    assert read(svg(inside)).mimetype == "image/svg+xml"


REPEATED = {
    "use": ('<g id="a{}">{}</g>', '<use href="#a{}"/>'),
    "use by XLink": (
        '<g id="a{}" xmlns:x="http://www.w3.org/1999/xlink">{}</g>',
        '<use xmlns:x="http://www.w3.org/1999/xlink" x:href="#a{}"/>',
    ),
    "use, spelt otherwise": ('<g id="a{}">{}</g>', '<use href="#%61{}"/>'),
    "mask": ('<mask id="a{}">{}</mask>', "<g mask=\"url( '#a{}' )\"/>"),
    "clip": ('<clipPath id="a{}">{}</clipPath>', '<rect style="clip-path:url(#a{})"/>'),
    "pattern": ('<pattern id="a{}">{}</pattern>', '<rect fill="url(#a{})"/>'),
    "animated": ('<g id="a{}">{}</g>', '<use><set attributeName="href" to="#a{}"/></use>'),
}


@pytest.mark.parametrize(("holder", "reference"), REPEATED.values(), ids=REPEATED)
def test_a_few_references_within_references_repeat_no_shape_a_million_times(
    read, holder, reference
):
    assert fault(read, svg(nested(8, 8, holder, reference))) == DRAWN
    assert fault(read, svg(nested(12, 2, holder, reference))) == DRAWN
    assert read(svg(nested(3, 8, holder, reference))).width == 10


def test_markers_are_refused_since_each_point_of_a_line_draws_one(read):
    assert fault(read, svg('<marker id="m"><path/></marker>')) == "the SVG must have no markers"


def test_so_many_elements_are_drawn_and_no_more(read):
    """One svg, one group of *n* paths, and a use of it for as many times as there is room."""
    group, uses = 1 + 150, (DRAWN_MOST - 1 - 151) // 152
    inside = '<g id="a">' + "<path/>" * 150 + "</g>" + '<use href="#a"/>' * uses

    rest = DRAWN_MOST - 1 - group - uses * (group + 1)
    assert read(svg(inside + "<g/>" * rest)).width == 10
    assert fault(read, svg(inside + "<g/>" * (rest + 1))) == DRAWN


def test_an_svg_of_too_many_elements_is_refused(read):
    assert read(svg("<g/>" * (ELEMENTS_MOST - 1))).width == 10
    assert read(svg("<g>" * (ELEMENTS_MOST - 1) + "</g>" * (ELEMENTS_MOST - 1))).width == 10
    assert fault(read, svg("<g/>" * ELEMENTS_MOST)) == (
        f"the SVG must not have more than {ELEMENTS_MOST} elements"
    )


@pytest.mark.parametrize(
    "inside",
    [
        '<use id="a" href="#a"/>',
        '<g id="a"><use href="#a"/></g>',
        '<g id="a"><use href="#b"/></g><g id="b"><use href="#a"/></g>',
        '<mask id="a"><rect mask="url(#a)"/></mask>',
    ],
)
def test_references_that_never_end_are_refused(read, inside):
    assert fault(read, svg(inside)) == LOOP


@pytest.mark.parametrize(
    "inside",
    [
        '<image href="data:image/svg+xml,x"/>',
        '<image href=" DATA:image/svg+xml,x"/>',
        '<image href="&#100;ata:image/svg+xml,x"/>',
        "<style>@import 'data:text/css,x';</style>",
        "<style>@import 'd<!-- -->ata:text/css,x';</style>",
        "<style>a { mask: u\\72l(#a) }</style>",
        '<path mask="url(#\\61)"/>',
        "<?xml-stylesheet href='data:text/css,x'?>",
        '<path d="M0 1h9" stroke="red" stroke-dasharray=".5"/>',
        '<path d="M0 1h9" style="stroke-DASHARRAY:1"/>',
        "<style>path { stroke-dasharray: 1 }</style>",
    ],
)
def test_what_would_be_drawn_without_being_counted_is_refused(read, inside):
    assert fault(read, svg(inside)) == UNCOUNTED


@pytest.mark.parametrize("inside", [
    '<path d="M0 1h400000" stroke="red"/>', '<path d="M0 1h4e5"/>', '<path d="M0 1 4.E+5 2"/>',
    '<polygon points="0,0 123456,1"/>', '<g transform="scale(100000)"/>', '<rect width="1000000"/>',
])  # fmt: skip
def test_numbers_with_which_a_line_takes_long_to_draw_are_refused(read, inside):
    assert (
        fault(read, svg(inside)) == "the SVG must have no number of six digits or with an exponent"
    )


def test_an_ordinary_logo_may_have_strokes_colours_and_long_ids(read):
    assert read(svg(
        '<g id="layer1234567" transform="translate(-12.5 99999)" fill="#123456">'
        '<path d="M1.000001 2c.1234567 3 4 5 6 7" stroke="#abcdef" stroke-width="2"'
        ' stroke-linecap="round"/><text font-size="9">R</text></g>'
    ))  # fmt: skip


def test_styles_refer_to_gradients_only_since_nobody_counts_what_they_match(read):
    masks = '<mask id="a"><path/></mask><linearGradient id="b"><stop/></linearGradient>'

    assert fault(read, svg(f"{masks}<style>path {{ mask: url(#a) }}</style>")) == STYLES
    assert fault(read, svg(f"<style>path {{ mask: url('#%61') }}</style>{masks}")) == STYLES
    assert read(svg(f"{masks}<style>path {{ fill: url(#b); stroke: #fff }}</style>")).width == 10


def test_an_svg_with_a_document_type_is_refused_before_it_is_read_on(read):
    bomb = '<!DOCTYPE svg [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]>'

    assert fault(read, svg("&b;", before=bomb)) == (
        "the SVG must not have a document type (<!DOCTYPE)"
    )


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
    for inside in ('<use id="hunter2" href="#hunter2"/>', '<g href="data:hunter2"/>', "<hunter2"):
        assert "hunter2" not in fault(read, svg(inside))
