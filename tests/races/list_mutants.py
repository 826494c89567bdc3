"""The verbs of sent lists, broken on purpose: each is a mistake that their own tests have to find.

People of a round (`people.py`) use the API, which has no lists.  So these mutants run the tests of
the lists over the mutated tree: what happens there at the same moment is in those tests.
"""

from __future__ import annotations

from tests.races.mutants import SCRIPTS, Mutant

LISTS, LIST = f"{SCRIPTS}/lib/87_lists.lua", "restante/sent_list.py"
RECALL = f"{SCRIPTS}/recall_unread.lua"
UNREAD = "  if link.reveals == 0 and not is_final(link.state) then\n"
ADDED = "            self._lists.keep(new, self._lasts, moved)\n"
DROPPED = "            self._lists.drop(old, [line for line, _ in lines])\n"
TESTS = "tests/core/test_sent_list.py"


def _mutant(*changes: tuple[str, str, str]) -> Mutant:
    return Mutant(changes, "lists")


LIST_MUTANTS: dict[str, Mutant] = {
    "a list that moved takes what is sent": _mutant(
        (f"{SCRIPTS}/send.lua", 'if ARGV[17] ~= "" and closed == 0 then', 'if ARGV[17] ~= "" then')
    ),
    "a list that moved takes what is moved": _mutant(
        (f"{SCRIPTS}/keep_lines.lua", "if is_closed(tag, id) then", "if false then")
    ),
    "a list moves while it still takes lines": _mutant(
        (LIST, "        self._lists.close(old, self._lasts)\n", "")
    ),
    "lines are dropped before they are added": _mutant((LIST, ADDED + DROPPED, DROPPED + ADDED)),
    "two lines can have one score": _mutant(
        (LISTS, 'while call("ZCOUNT", list, at, at) > 0 do', "while false do")
    ),
    "a line that comes again moves": _mutant(
        (LISTS, 'if call("ZSCORE", list, line) then', "if false then")
    ),
    "a page begins with the last line of the page before": _mutant(
        (f"{SCRIPTS}/open_list.lua", '"(" .. ARGV[3]', "ARGV[3]")
    ),
    "a visit keeps no list": _mutant(
        (LISTS, "if ends ~= -2 and ends < now + lasts * 0.99 then", "if false then")
    ),
    "lines of forgotten messages stay": _mutant(
        (LIST, "            self._lists.drop(listed, gone)\n", "            pass\n")
    ),
    "everything unread takes what was read along": _mutant(
        (RECALL, UNREAD, "  if not is_final(link.state) then\n")
    ),
    "everything unread takes what had ended along": _mutant(
        (RECALL, UNREAD, "  if link.reveals == 0 then\n")
    ),
    "everything unread has no event": _mutant(
        (
            RECALL,
            'record(message, link, now, "link.recalled", "outcome=" .. link.outcome, evidence)\n',
            "",
        )
    ),
    "everything unread is recalled twice": _mutant(
        (RECALL, '    end_link(link, now, "recalled")\n', '    link.state = "recalled"\n')
    ),
}
