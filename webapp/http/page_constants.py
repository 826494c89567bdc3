"""Evaluates expressions of templates that consist of constants only."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, TypeVar

from jinja2 import nodes
from jinja2.nodes import Impossible

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

Node = TypeVar("Node", bound=nodes.Node)


@dataclass(frozen=True, slots=True)
class Scope:
    """Where code stands: in a page, a macro's body, a branch or a round.

    Attributes:
        names: What is known of names: constants, and new names of a macro's variables.
        caller: The block of `{% call %}`, and where that stands.
    """

    names: dict[str, nodes.Expr]
    macros: dict[str, tuple[nodes.Macro, Scope]] = field(default_factory=dict)
    caller: tuple[nodes.CallBlock, Scope] | None = None
    is_macro: bool = False
    is_branch: bool = False

    def branch(self, names: Mapping[str, nodes.Expr] | None = None) -> Scope:
        """Return the scope of a branch or a round, where more names are known."""
        return replace(self, names={**self.names, **(names or {})}, is_branch=True)

    def called(self, node: nodes.Node) -> str | None:
        """Return the name of the macro that this calls, `caller` included, if it calls one."""
        match node:
            case nodes.Call(node=nodes.Name(name=name)):
                is_caller = name == "caller" and self.caller is not None
                return name if is_caller or name in self.macros else None
        return None


def known(node: nodes.Node, scope: Scope, context: nodes.EvalContext) -> tuple[bool, Any]:
    """Tell whether an expression is constant, and its value."""
    try:
        return True, value(node, scope, context)
    except Impossible:
        return False, None


def value(node: nodes.Node, scope: Scope, context: nodes.EvalContext) -> Any:  # noqa: ANN401
    """Return the value of a constant expression.

    Raises:
        Impossible: It depends on the request.
    """

    def of(part: nodes.Node) -> Any:  # noqa: ANN401
        return value(part, scope, context)

    match node:
        case nodes.Name():
            its = scope.names.get(node.name)
            if isinstance(its, nodes.Const):
                return its.value
            raise Impossible
        case nodes.Call():
            if scope.called(node):
                raise Impossible
            function = of(node.node)
            named = {keyword.key: of(keyword.value) for keyword in node.kwargs}
            return function(*map(of, node.args), **named)
        case nodes.And() | nodes.Or():
            left = of(node.left)
            is_decided = bool(left) == isinstance(node, nodes.Or)
            return left if is_decided else of(node.right)
        case nodes.CondExpr():
            if of(node.test):
                return of(node.expr1)
            return of(node.expr2) if node.expr2 else ""
    made = rebuilt(node, lambda part: nodes.Const(of(part)))
    assert isinstance(made, nodes.Expr)
    return made.as_const(context)


def is_writable(value: object) -> bool:
    """Tell whether a constant can stand in compiled code, not only inside an expression."""
    if isinstance(value, tuple):
        return all(map(is_writable, value))
    return value is None or isinstance(value, str | int | float)


def rebuilt(node: Node, change: Callable[[nodes.Expr], nodes.Expr]) -> Node:
    """Return a copy of a node whose expressions are changed."""

    def changed(part: object) -> object:
        match part:
            case nodes.Expr():
                return change(part)
            case nodes.Node():
                return rebuilt(part, change)
            case list():
                return [changed(one) for one in part]
        return part

    return type(node)(*(changed(getattr(node, name)) for name in node.fields))
