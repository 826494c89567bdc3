"""The examples of docs/client.md run as they are."""

import re

from tests.support.processes import ROOT

PAGE = (ROOT / "docs/client.md").read_text("utf-8")
SERVER = "http://127.0.0.1:8000"


def test_the_examples_of_the_page_run_one_after_the_other(service, capsys):
    blocks = re.findall(r"^```python\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
    program = "\n".join(blocks).replace(SERVER, service.url)
    names = {"__name__": "example"}
    exec(compile(program, "docs/client.md", "exec"), names)  # noqa: S102 (our own page)
    printed = capsys.readouterr().out

    assert len(blocks) == 12
    assert "contract.pdf 3000000 application/pdf\n" in printed
    assert "contract.pdf whole\n" in printed
    assert re.search(rf"^Ana {re.escape(service.url)}/m/L", printed, re.MULTILINE)
    assert "Ben unread\n" in printed
    assert "not a number: 6 characters\n" in printed
    assert "ended: spent None\n" in printed
    assert names["receive"]("whsec_AAAA", {}, b"{}") == 400
