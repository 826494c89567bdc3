"""Works out what a page says before any request, so that a request only fills in its values.

Of a template, read for one language, a shorter one is made, which Jinja then compiles:

    {% extends %}, {% block %}   the layout, with the page's blocks in their places
    {{ macro(…) }}, {% call %}   the macro's body in place of its call
    {{ _("Open") }}, {{ static("app.css") }}, {{ settings.name }}   the text that it prints
    {% if %}, {% for %}          the branch that is taken; every round, one after the other

The last two need expressions of constants only.  Our code names the constants (`pages.py`): they
are functions and values that are the same for all requests, and never what a person sent.
"""

from __future__ import annotations

from dataclasses import replace
from itertools import count
from typing import TYPE_CHECKING, Any

from jinja2 import nodes
from markupsafe import Markup, escape

from webapp.http.page_constants import Scope, is_writable, known, rebuilt

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from jinja2 import Environment

    Body = list[nodes.Node]

DEFINITIONS = (nodes.FromImport, nodes.Macro, nodes.Assign, nodes.AssignBlock)
"""What counts outside the blocks of a template that has a layout."""


class PageCompiler:
    """Makes one template of a page, its layouts and its macros."""

    def __init__(self, environment: Environment, constants: Mapping[str, object]) -> None:
        self._environment = environment
        self._constants = {name: nodes.Const(value) for name, value in constants.items()}
        self._context = nodes.EvalContext(environment)
        self._libraries: dict[str, Scope] = {}
        self._blocks: dict[str, Body] = {}
        self._numbers = count()

    def page(self, name: str) -> nodes.Template:
        """Return the syntax tree of a page that needs no other template."""
        self._blocks, body = {}, []
        tree = self._parsed(name)
        while extends := tree.find(nodes.Extends):
            body += [node for node in tree.body if isinstance(node, DEFINITIONS)]
            self._note_blocks(tree)
            tree = self._parsed(_name(extends))
        self._note_blocks(tree)
        page = nodes.Template([nodes.Scope(self._body([*body, *tree.body], self._scope()))])
        page.set_environment(self._environment)
        page.set_lineno(1)
        return page

    def _parsed(self, name: str) -> nodes.Template:
        assert self._environment.loader
        source, filename, _ = self._environment.loader.get_source(self._environment, name)
        return self._environment.parse(source, name, filename)

    def _note_blocks(self, tree: nodes.Template) -> None:
        for block in tree.find_all(nodes.Block):
            self._blocks.setdefault(block.name, block.body)

    def _scope(self) -> Scope:
        return Scope(dict(self._constants))

    def _library(self, name: str) -> Scope:
        """Return the scope of a template that has macros for others."""
        if name not in self._libraries:
            self._libraries[name] = self._scope()
            self._body(self._parsed(name).body, self._libraries[name])
        return self._libraries[name]

    # Statements

    def _body(self, body: Iterable[nodes.Node], scope: Scope) -> Body:
        short: Body = []
        for node in body:
            for made in self._statement(node, scope):
                if short and isinstance(made, nodes.Output) and isinstance(short[-1], nodes.Output):
                    short[-1].nodes += made.nodes
                else:
                    short.append(made)
        return short

    def _statement(self, node: nodes.Node, scope: Scope) -> Iterator[nodes.Node]:
        match node:
            case nodes.Output():
                for child in node.nodes:
                    yield from self._printed(child, scope)
            case nodes.Block():
                yield from self._body(self._blocks[node.name], scope)
            case nodes.Macro():
                scope.macros[node.name] = (node, scope)
            case nodes.FromImport():
                library = self._library(_name(node))
                scope.macros.update((str(name), library.macros[str(name)]) for name in node.names)
            case nodes.CallBlock():
                yield from self._call(node.call, scope, (node, scope))
            case nodes.If():
                yield from self._if(node, scope)
            case nodes.For():
                yield from self._for(node, scope)
            case nodes.Assign() | nodes.AssignBlock():
                yield from self._assign(node, scope)
            case _:
                # Refused when a page is compiled, so that no page prints it wrong (decision 56).
                raise NotImplementedError(type(node).__name__)

    def _assign(self, node: nodes.Assign | nodes.AssignBlock, scope: Scope) -> Iterator[nodes.Node]:
        assert isinstance(node.target, nodes.Name), "one name is set at a time"
        if isinstance(node, nodes.AssignBlock):
            yield from self._set(node.target.name, node.body, scope)
            return
        before: Body = []
        value = self._expression(node.node, scope, before)
        yield from [*before, *self._set(node.target.name, value, scope)]

    def _printed(self, node: nodes.Expr, scope: Scope) -> Iterator[nodes.Node]:
        known, value = self._known(node, scope)
        if known:
            yield nodes.Output([nodes.TemplateData(str(escape(value)))])
            return
        match node:
            case nodes.CondExpr():
                first, other = nodes.Output([node.expr1]), nodes.Output([node.expr2])
                both = nodes.If(node.test, [first], [], [other] if node.expr2 else [])
                yield from self._if(both, scope)
            case nodes.Call() if scope.called(node):
                yield from self._call(node, scope)
            case _:
                before: Body = []
                shown = self._expression(node, scope, before)
                yield from [*before, nodes.Output([shown])]

    def _if(self, node: nodes.If, scope: Scope) -> Iterator[nodes.Node]:
        otherwise = node.else_
        if node.elif_:
            first, *more = node.elif_
            otherwise = [nodes.If(first.test, first.body, more, node.else_)]
        known, test = self._known(node.test, scope)
        if known:
            yield from self._body(node.body if test else otherwise, scope)
            return
        before: Body = []
        test = self._expression(node.test, scope, before)
        body, other = (self._body(one, scope.branch()) for one in (node.body, otherwise))
        yield from [*before, nodes.If(test, body, [], other)]

    def _for(self, node: nodes.For, scope: Scope) -> Iterator[nodes.Node]:
        known, items = self._known(node.iter, scope)
        if known and isinstance(node.target, nodes.Name) and node.test is None:
            for item in items:
                yield from self._body(
                    node.body, scope.branch({node.target.name: nodes.Const(item)})
                )
            return
        before: Body = []
        items = self._expression(node.iter, scope, before)
        inner = scope.branch()
        for target in (node.target, *node.target.find_all(nodes.Name)):
            inner.names.pop(getattr(target, "name", ""), None)
        body, other = self._body(node.body, inner), self._body(node.else_, scope.branch())
        assert node.test is None, "loops have no conditions"
        yield from [*before, nodes.For(node.target, items, body, other, None, node.recursive)]

    def _set(self, name: str, value: nodes.Expr | Body, scope: Scope) -> Iterator[nodes.Node]:
        """Assign a value, or what a body prints; what is constant becomes known."""
        assert name not in scope.names, f"{name} is set twice"
        assert not (scope.is_macro and scope.is_branch), f"{name} is set in a branch of a macro"
        body = self._body(value, scope.branch()) if isinstance(value, list) else None
        if body is not None and all(isinstance(one, nodes.Output) for one in body):
            texts = [part for one in body for part in one.nodes]  # type: ignore[attr-defined]
            if all(isinstance(text, nodes.TemplateData) for text in texts):
                value = nodes.Const(Markup("".join(text.data for text in texts)))  # noqa: S704
        if isinstance(value, nodes.Const) and not scope.is_branch:
            scope.names[name] = value
            return
        new = name
        if scope.is_macro:
            new = f"_{next(self._numbers)}"
            scope.names[name] = nodes.Name(new, "load")
        target = nodes.Name(new, "store")
        if body is not None and not isinstance(value, nodes.Const):
            yield nodes.AssignBlock(target, None, body)
        else:
            yield nodes.Assign(target, value)

    # Macros

    def _call(
        self,
        node: nodes.Call,
        scope: Scope,
        caller: tuple[nodes.CallBlock, Scope] | None = None,
    ) -> Iterator[nodes.Node]:
        """Yield the body of a macro, or of the block that it was called with."""
        assert isinstance(node.node, nodes.Name)
        body: nodes.Macro | nodes.CallBlock
        if node.node.name == "caller" and scope.caller:
            (body, home), caller = scope.caller, scope.caller[1].caller
        else:
            body, home = scope.macros[node.node.name]
        given: dict[str, nodes.Expr] = {}
        names = [argument.name for argument in body.args]
        given |= dict(zip(reversed(names), reversed(body.defaults), strict=False))
        given |= dict(zip(names, node.args, strict=False))
        given |= {keyword.key: keyword.value for keyword in node.kwargs}
        assert set(names) == set(given), f"{node.node.name} takes {names}"
        inner = replace(
            home,
            names={**home.names, "caller": nodes.Const(caller is not None)},
            caller=caller,
            is_macro=True,
            is_branch=False,
        )
        for name in names:
            inner.names.pop(name, None)
            known, value = self._known(given[name], scope)
            before: Body = []
            argument = nodes.Const(value) if known else self._expression(given[name], scope, before)
            yield from before
            if isinstance(argument, nodes.Name):
                inner.names[name] = argument
            else:
                yield from self._set(name, argument, inner)
        yield from self._body(body.body, inner)

    # Expressions

    def _known(self, node: nodes.Node, scope: Scope) -> tuple[bool, Any]:
        return known(node, scope, self._context)

    def _expression(self, node: nodes.Node, scope: Scope, before: Body) -> nodes.Expr:
        """Return an expression with its constants worked out; *before* it, macros are printed."""
        known, value = self._known(node, scope)
        if known and is_writable(value):
            return nodes.Const(value)
        match node:
            case nodes.Name(ctx="load"):
                its = scope.names.get(node.name, node)
                # Functions and settings can be looked up; other constants must be worked out.
                assert not isinstance(its, nodes.Const) or its is self._constants.get(node.name), (
                    f"{node.name} is needed by a request"
                )
                return node if isinstance(its, nodes.Const) else its
            case nodes.And() | nodes.Or() if self._known(node.left, scope)[0]:
                return self._expression(node.right, scope, before)
            case nodes.CondExpr():
                known, test = self._known(node.test, scope)
                if known:
                    chosen = node.expr1 if test else node.expr2 or nodes.Const("")
                    return self._expression(chosen, scope, before)
            case nodes.Call() if scope.called(node):
                name = f"_{next(self._numbers)}"
                captured = self._body([nodes.Output([node])], scope)
                before.append(nodes.AssignBlock(nodes.Name(name, "store"), None, captured))
                return nodes.Name(name, "load")
        made = rebuilt(node, lambda child: self._expression(child, scope, before))
        assert isinstance(made, nodes.Expr)
        return made


def _name(node: nodes.Extends | nodes.FromImport) -> str:
    """Return the name of the template that is extended or imported."""
    assert isinstance(node.template, nodes.Const)
    return str(node.template.value)
