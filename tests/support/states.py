"""The table of docs/states.md, made from the model that the property tests hold the product to.

python -m tests.support.states        writes the table again
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from restante.errors import Gone, Held, PassphraseWrong, Paused
from tests.support import model_rules
from tests.support.model import ModelLink, ModelMessage

if TYPE_CHECKING:
    from collections.abc import Callable

PAGE = Path(__file__).parents[2] / "docs" / "states.md"
BEGIN = "<!-- from tests/support/model.py: python -m tests.support.states -->\n"
END = "<!-- end -->\n"
OPENS, NOW, EXPIRES = 500, 1_000, 1_000_000
HOLDER, STRANGER = 1, 2

Case = tuple[ModelMessage, ModelLink, int]


def _fresh(views: int = 3) -> tuple[ModelMessage, ModelLink]:
    link = ModelLink("text", 1, "p", views)
    return ModelMessage(OPENS, EXPIRES, [link], has_passphrase=True), link


def _held() -> Case:
    return (*_fresh(), OPENS - 1)


def _sealed() -> Case:
    return (*_fresh(), NOW)


def _read() -> Case:
    message, link = _fresh()
    message.reveal(link, HOLDER, "p", NOW, wary=False)
    return message, link, NOW


def _spent() -> Case:
    message, link = _fresh(views=1)
    message.reveal(link, HOLDER, "p", NOW, wary=False)
    return message, link, NOW


def _locked() -> Case:
    message, link, _ = _read()
    while link.ended is None:
        message.reveal(link, STRANGER, "wrong", NOW, wary=False)
    return message, link, NOW


def _recalled() -> Case:
    message, link, _ = _read()
    message.recall([link], NOW)
    return message, link, NOW


def _expired() -> Case:
    message, link, _ = _read()
    message.worker(EXPIRES, [b""])
    return message, link, EXPIRES


STATES: dict[str, Callable[[], Case]] = {
    "held": _held, "sealed": _sealed, "read": _read, "spent": _spent, "locked": _locked,
    "recalled": _recalled, "expired": _expired,
}  # fmt: skip


def _open(reader: int, given: str, tries: int = 1) -> Callable[[Case], str]:
    def cell(case: Case) -> str:
        message, link, now = case
        if reader == HOLDER and HOLDER not in link.leases:
            return "–"
        told: tuple[Any, ...] = ()
        for _ in range(tries):
            told = message.reveal(link, reader, given, now, wary=False)
        match told:
            case (kind, *_) if kind is Gone:
                said = "gone"
            case (kind, *_) if kind is Held:
                said = "not yet"
            case (kind, *_) if kind is Paused:
                said = "paused"
            case (kind, left) if kind is PassphraseWrong:
                said = f"wrong, {left} tries left"
            case _:
                said = "text" if told[-1] else "text again"
        return _then(said, case)

    return cell


def _then(said: str, case: Case) -> str:
    message, link, now = case
    return f"{said} → *{message.state(link, now)}*"


def _paused(cell: Callable[[Case], str]) -> Callable[[Case], str]:
    def during(case: Case) -> str:
        case[0].pause(case[2])
        return cell(case)

    return during


def _last_view(case: Case) -> str:
    case[1].views = case[1].reveals + 1
    return _open(STRANGER, "p")(case)


def _recall(case: Case) -> str:
    message, link, now = case
    [(outcome, _, _)] = message.recall([link], now)
    return _then(f"`{outcome}`", case)


def _replace(case: Case) -> str:
    message, _, now = case
    _, [outcome] = message.replace("another", "p", now)
    return _then(f"`{outcome}`", case)


def _rule(case: Case) -> str:
    """The time of both rules comes; nobody has opened it since."""
    message, link, now = case
    now = max(now, OPENS)
    message.tell_at, message.recall_at = now + 1, now + 2
    model_rules.run(message, now + 2)
    told = [f"`{event}`" for event, _, facts in message.events if "told_at" in facts]
    return f"{', '.join(told) or 'nothing'} → *{message.state(link, now + 2)}*"


def _time(case: Case) -> str:
    message, link, now = case
    if link.ended:
        return "–"
    if now < OPENS:
        return f"`opens_at` → *{message.state(link, OPENS)}*"
    message.worker(EXPIRES, [b""])
    return f"`expires_at` → *{message.state(link, EXPIRES)}*"


COLUMNS: dict[str, Callable[[Case], str]] = {
    "a new reader opens it": _open(STRANGER, "p"),
    "… the last view": _last_view,
    "the same reader, within the lease": _open(HOLDER, "p"),
    "a new reader, while it is paused": _paused(_open(STRANGER, "p")),
    "the same reader, while it is paused": _paused(_open(HOLDER, "p")),
    "a wrong passphrase": _open(STRANGER, "wrong"),
    "… until no try is left": _open(STRANGER, "wrong", tries=3),
    "recall": _recall,
    "replace": _replace,
    "rules": _rule,
    "time": _time,
}


def table() -> str:
    """Return the table as Markdown: a row for each state, a column for each verb."""
    rows = ["| state | " + " | ".join(COLUMNS) + " |", "|---" * (len(COLUMNS) + 1) + "|"]
    for state, make in STATES.items():
        message, link, now = make()
        assert message.state(link, now) == state
        rows.append(f"| **{state}** | " + " | ".join(c(make()) for c in COLUMNS.values()) + " |")
    return "\n".join(rows) + "\n"


def page(written: str) -> str:
    """Return the page with the table as it is now."""
    before, _, rest = written.partition(BEGIN)
    return before + BEGIN + table() + END + rest.partition(END)[2]


if __name__ == "__main__":
    PAGE.write_text(page(PAGE.read_text("utf-8")), "utf-8")
