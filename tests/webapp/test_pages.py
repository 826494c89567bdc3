"""Pages that are worked out before any request print what Jinja prints of the same templates."""

# ruff: noqa: E501 (templates, whose line breaks are printed)

from functools import partial

import pytest
from jinja2 import DictLoader, Environment, Template, nodes

from restante import i18n
from webapp.app import create_app
from webapp.http import pages
from webapp.http.page_compiler import PageCompiler

TEMPLATES = {
    "layout.html": """\
{% from "macros.html" import seal %}<title>{% block title %}none{% endblock %} · {{ settings.name }}</title>
{{ seal("sealed", 26) }}{% block main %}{% endblock %}<p>{{ _("Foot & foot") }}</p>
{% for one in languages %}<li>{% if one == chosen %}<b>{{ one }}</b>{% else %}{{ one }}{% endif %}</li>{% endfor %}""",
    "macros.html": """\
{% set PATH = "M57<" %}
{% macro own(text) %}<bdi>{{ text }}</bdi>{% endmacro %}
{% macro seal(state, size=64, broken=false) -%}
<svg class="{{ state }}{% if broken %} broken{% endif %}" width="{{ size }}">
{%- if state in ("read", "spent") %}halves{% elif state == "held" %}clock{% else %}{{ PATH }}{% endif -%}</svg>
{%- endmacro %}
{% macro _attributes(id, fault) -%}id="{{ id }}"{% if fault %} at-fault{% endif %}{%- endmacro %}
{% macro field(id, label, fault=none) %}
<label>{{ label }}</label>{{ caller(_attributes(id, fault)) }}{% if fault %}<p>{{ fault }}</p>{% endif %}
{% endmacro %}
{% macro secret_field(fault) %}{% set name = fault or "none" %}{% call(its) field("secret", _("Secret"), fault) %}
<input {{ its }} value="{{ name }}">{% endcall %}{% endmacro %}
{% macro ended(state) %}<i>{{ state }}</i>{{ caller() if caller }}{% endmacro %}""",
    "page.html": """\
{% extends "layout.html" %}{% from "macros.html" import own, seal, field, secret_field, ended %}
{% set name = given.name %}{% set beside %} target="_blank"{% endset %}{% set text = _("Once & once") %}
{% macro twice(word) %}{{ word }}{{ own(word) }}{{ name }}{% endmacro %}
{% block title %}{{ _("Open") if given.name else _("Closed") }}{% endblock %}
{% block main %}
{{ seal("read" if given.many else "held", 84, broken=given.many) }}{{ seal(state="held") }}
<a{{ beside }} title="{{ text }}">{{ own(name) if name else _("nobody") }}</a>{{ twice(given.name) }}
{% call(its) field("text", _("Text"), fault=given.fault) %}<b {{ its }}>{{ given.text }}</b>{% endcall %}
{{ secret_field(given.fault) }}{{ _("From %(who)s", who=own(given.name)) }}
{% call ended(given.text) %}{{ own(name) }}{% endcall %}{{ ended("here") }}
{% for word in given.many %}{{ loop.index }}{{ twice(word) }}{{ seal(word, 4) }}{% else %}none{% endfor %}
{% if not settings.name %}never{% elif given.many and settings.name %}many{% elif given.fault %}one{% else %}no{% endif %}
{% block inner %}{{ ngettext("one", "%(num)s many", given.many | length) }}{% endblock %}{% endblock %}""",
    "step.html": '{% extends "page.html" %}{% block inner %}{{ static("a") }}?{{ given.name }}{% endblock %}',
}
CONSTANTS = {
    "_": partial(pages._gettext, i18n.spoken("en")),
    "ngettext": partial(pages._ngettext, i18n.spoken("en")),
    "settings": {"name": "Us & Co"},
    "languages": ("en", "es"),
    "static": "/static/{}".format,
    "chosen": "es",
}
GIVEN = [
    {},
    {"name": "<Zoë>", "text": "a&b", "fault": "no <b>", "many": ["read", "<i>", "held"]},
    {"name": "", "text": None, "fault": "", "many": []},
    {"name": "Ana", "fault": "wrong", "many": ("spent",)},
]


def environment():
    made = Environment(loader=DictLoader(TEMPLATES), autoescape=True)
    made.globals |= CONSTANTS
    return made


@pytest.mark.parametrize("name", ["page.html", "step.html"])
def test_a_page_prints_what_its_template_prints(name):
    plain, short = environment(), environment()
    code = short.compile(PageCompiler(short, CONSTANTS).page(name), name, name)
    compiled = Template.from_code(short, code, short.globals)
    for given in GIVEN:
        printed = compiled.render(given=given)

        assert printed == plain.get_template(name).render(given=given), given


def test_what_pages_do_not_know_how_to_work_out_is_refused():
    made = environment()
    for text in ('{% include "layout.html" %}', "{% import 'macros.html' as m %}"):
        made.loader = DictLoader({"odd.html": text})

        with pytest.raises(NotImplementedError):
            PageCompiler(made, CONSTANTS).page("odd.html")


def test_no_page_asks_for_another_template_or_for_words_that_do_not_change(house):
    app = create_app(house)
    names = [name for name in app.jinja_env.list_templates() if "/_" not in name]
    needless = []
    with app.test_request_context("/"):
        for its in app.extensions[pages.EXTENSION].values():
            for name in set(names) - {"layout/base.html", "recipient/gate.html"}:
                its.page(name)
                tree = its._compiler.page(name)
                further = (nodes.Extends, nodes.Block, nodes.FromImport, nodes.Macro)
                needless += [(name, node) for node in tree.find_all(further)]
                needless += [
                    (name, call)
                    for call in tree.find_all(nodes.Call)
                    if isinstance(call.node, nodes.Name)
                    and call.node.name in pages.CONSTANTS
                    and all(isinstance(one, nodes.Const) for one in call.args)
                    and all(isinstance(one.value, nodes.Const) for one in call.kwargs)
                ]

    assert needless == []


def test_no_page_keeps_what_belongs_to_a_request(house):
    app = create_app(house)
    with app.test_request_context("/"):
        constants = app.extensions[pages.EXTENSION]["en"]._compiler._constants
    asked = {"csrf_token", "request", "g", "session", "config"}

    assert set(constants) == pages.CONSTANTS
    assert not asked & set(constants)
