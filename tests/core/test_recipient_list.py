"""Lists of recipients as people type and paste them."""

import time

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from restante.email_address import mailbox
from restante.recipient_list import read
from tests.core.test_safe_text import NAMES

LISTS = {
    "one a line": ("Ana\n\n  Ben \nDr. Eva Ruiz", ["Ana", "Ben", "Dr. Eva Ruiz"]),
    "a name with a comma": ("Torres, Ana\nRuiz, Luis", ["Torres, Ana", "Ruiz, Luis"]),
    "names with semicolons": ("Torres, Ana; Ben;", ["Torres, Ana", "Ben"]),
    "Outlook": (
        'Torres, Ana <ana@x.es>; "Luis" <l@y.es>',
        ["Torres, Ana <ana@x.es>", "Luis <l@y.es>"],
    ),
    "Outlook, of an address without a name": (
        "'ana@x.es' <ana@x.es>; 'O'Neill, Luis' <l@y.es>",
        ["ana@x.es", "'O'Neill, Luis' <l@y.es>"],
    ),
    "Gmail": (
        '"Torres, Ana" <ana@x.es>, ben@y.es, Eva <eva@z.es>',
        ["Torres, Ana <ana@x.es>", "ben@y.es", "Eva <eva@z.es>"],
    ),
    "commas in names that nobody quoted": (
        "Torres, Ana <ana@x.es>, Ruiz, Luis <l@y.es>",
        ["Torres, Ana <ana@x.es>", "Ruiz, Luis <l@y.es>"],
    ),
    "the same, one a line": (
        "Torres, Ana <ana@x.es>\nRuiz, Luis <l@y.es>",
        ["Torres, Ana <ana@x.es>", "Ruiz, Luis <l@y.es>"],
    ),
    "comments": (
        "ana@x.es (Ana, of sales); Ben (Paris) <ben@y.es>",
        ["Ana, of sales <ana@x.es>", "Ben Paris <ben@y.es>"],
    ),
    "addresses alone": ("<ana@x.es>,ben@y.es;eva@z.es", ["ana@x.es", "ben@y.es", "eva@z.es"]),
    "a name beside an address": ("Ana, ana@x.es", ["Ana <ana@x.es>"]),
    "someone without an address": ("Ana <ana@x.es>; Ben; Eva", ["Ana <ana@x.es>", "Ben", "Eva"]),
    "CSV": ("Ana,ana@x.es\nBen,ben@y.es", ["Ana <ana@x.es>", "Ben <ben@y.es>"]),
    "CSV with headings and quotes": (
        'name,email\r\nAna,ana@x.es\r\n"Ruiz, Ben",ben@y.es\r\n',
        ["Ana <ana@x.es>", "Ruiz, Ben <ben@y.es>"],
    ),
    "CSV of Excel in Spain": (
        "Nombre;Correo\nAna;ana@x.es\nBen;ben@y.es",
        ["Ana <ana@x.es>", "Ben <ben@y.es>"],
    ),
    "cells of a spreadsheet": (
        "Ana\tana@x.es\nBen\tben@y.es",
        ["Ana <ana@x.es>", "Ben <ben@y.es>"],
    ),
    "a first column of addresses": ("ana@x.es,Madrid\nben@y.es,Paris", ["ana@x.es", "ben@y.es"]),
    "a first column of names": ("Name,E-mail\nAna,\nBen,", ["Ana", "Ben"]),
    "an address that is none stays as it was typed": ("Ana <ana@ü.es>", ["Ana <ana@ü.es>"]),
    "nothing": (" \n\r\n;; , ", [","]),
}


@pytest.mark.parametrize(("written", "labels"), LISTS.values(), ids=LISTS)
def test_a_list_is_read_as_its_writer_meant_it(written, labels):
    assert list(read(written, 101).labels) == labels


@pytest.mark.parametrize("name", NAMES.values(), ids=NAMES)
def test_a_name_alone_on_its_line_stays_as_it_is(name):
    assert read(f"{name}\nAna", 101).labels[:1] == (name,) or "@" in name


def test_who_is_in_a_list_twice_is_named():
    found = read("Ana <ana@x.es>\nANA@x.es\nBen\n ben \nEva <eva@x.es>\nEva <eva@y.es>", 101)

    assert found.repeated == ("ANA@x.es", "ben")
    assert len(found.labels) == 6


def test_no_more_are_read_than_were_asked_for():
    assert read("a@x.es\n" * 5_000, 101).labels == ("a@x.es",) * 101
    assert read("Ana; " * 5_000, 101).labels == ("Ana",) * 101


@given(st.text(alphabet='ab@.<>,;"()\\\t\n \u00e9', max_size=300))
@example('"<a@b.cd>" <e@f.gh>')
@example("a@b.cd, (e@f.gh")
@example('"a@b.cd,\ne@f.gh"')
def test_every_label_with_an_address_has_exactly_one_that_was_typed(written):
    for label in read(written, 1_000).labels:
        assert label == label.strip()
        assert label
        if its := mailbox(label):
            assert its.address in written


@pytest.mark.parametrize(
    "hostile",
    ["(", '"', "<", '\\"', "@", "a@(", ", ", "\t", "a" + " " * 60, '"@,', "(@" * 9 + ")"],
    ids=ascii,
)
def test_reading_takes_time_by_length_only(hostile):
    written = "@" + hostile * (1_000_000 // len(hostile))
    began = time.process_time()
    read(written, 101)

    assert time.process_time() - began < 3


def test_a_comma_in_a_name_never_makes_two_addresses_one():
    assert mailbox("Torres, Ana <ana@x.es>") == ("Torres, Ana", "ana@x.es")
    for several in ("ana@x.es, Ben <ben@y.es>", "Ana <ana@x.es>, ben@y.es", "ana@x.es, ben@y.es"):
        assert mailbox(several) is None


def test_an_address_is_not_looked_for_in_what_is_far_too_long():
    began = time.process_time()

    assert mailbox("a" + " " * 200_000 + "b") is None
    assert time.process_time() - began < 1
