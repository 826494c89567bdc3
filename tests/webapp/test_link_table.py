"""Links as a table: what spreadsheets and mail merges read of it."""

import csv
import io

import pytest
from flask import Flask
from hypothesis import HealthCheck, example, given
from hypothesis import settings as rules
from hypothesis import strategies as st

from restante import i18n
from restante.safe_text import one_line
from webapp.http.i18n import CHOICE
from webapp.sender.link_table import FORMULAS, cell, merged, pasted

AT = 1_790_000_000_000
SEPARATORS = ",;\t|"
ADDRESS = "https://letters.example/m/L"
names = st.text(max_size=60).filter(lambda s: not any(0xD800 <= ord(c) < 0xE000 for c in s))
words = rules(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


@pytest.fixture(autouse=True)
def english():
    app = Flask(__name__)
    app.extensions[CHOICE] = lambda: i18n.spoken("en")
    with app.app_context():
        yield


def read(raw):
    return list(csv.reader(io.StringIO(raw.decode("utf-8-sig"), newline=""), strict=True))


@words
@given(names)
@example('=HYPERLINK("https://evil.example")')
@example(" \t=1+1")
@example("\r=1")
@example("a;=1+1")
@example('a","=1+1')
@example('a";=1+1;"')
@example("a|=1+1")
@example("＝1+1")
@example("-1")
@example("@SUM(1)")
def test_no_cell_begins_a_formula_and_each_link_is_one_row(name):
    raw = merged([(name, ADDRESS), (f"{name} <ana@example.com>", ADDRESS)], AT)
    rows = read(raw)

    assert len(rows) == 3
    assert {len(row) for row in rows} == {4}
    assert raw.count(b"\n") == raw.count(b"\r\n") == 3
    for row in rows:
        assert not any(one[:1] and one[0] in "=+-@\t\r\n＝＋－＠" for one in row)
    # Programs of other languages split at other signs; then quotes after the first cell are text.
    for sign in SEPARATORS:
        for row in csv.reader(io.StringIO(raw.decode("utf-8-sig"), newline=""), delimiter=sign):
            assert not any(one.strip()[:1] in FORMULAS for one in row if one.strip())


def test_a_row_has_name_mail_address_link_and_expiry():
    rows = read(merged([("Ana Ünal <ana@x.example>", ADDRESS), ("ben@x.example", "B")], AT))

    assert rows == [
        ["Name", "E-mail", "Link", "Can be opened until"],
        ["Ana Ünal", "ana@x.example", ADDRESS, "21 September 2026, 14:13 UTC"],
        ["ben@x.example", "ben@x.example", "B", "21 September 2026, 14:13 UTC"],
    ]


@words
@given(names)
def test_a_pasted_line_has_one_tab_and_no_formula(name):
    lines = pasted([(name, ADDRESS), ("Ben", "B")]).split("\n")

    assert lines == [f"{cell(name)}\t{ADDRESS}", "Ben\tB"]
    assert cell(name).lstrip("'") in one_line(name) or cell(name) == one_line(name)
