"""The same requests from wrk, a load written in C: it needs less of the machine than ours.

wrk has to be installed, and is not part of the product.
"""

from __future__ import annotations

import json
import shutil
import statistics
import subprocess
import tempfile
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple, NoReturn

from bench import page, speed
from bench.contenders import FLOOR, OURS, SNAPPASS, Contender, Row, Verb, new_row
from bench.load import Load
from bench.processes import processor_seconds

if TYPE_CHECKING:
    from bench.options import Options

SECONDS, CONNECTIONS = 3, 16
ROWS_A_SECOND = 4_000
"""Messages for each second of what can be asked only once; a faster service ends the run."""
SCRIPT = """
local all, place = {}, 0
local file = io.open(os.getenv("REQUESTS"), "rb")
while true do
  local size = file:read("*n")
  if not size then break end
  file:read(1)
  all[#all + 1] = file:read(size)
end
request = function()
  place = place % #all + 1
  return all[place]
end
done = function(summary, latency)
  io.write(string.format('{"requests": %d, "us": %d, "bad": %d, "p99": %d}\\n', summary.requests,
    summary.duration, summary.errors.status + summary.errors.read + summary.errors.timeout,
    latency:percentile(99)))
end
"""
ASKED: dict[str, tuple[str, ...]] = {
    "ours": ("send", "preview", "reveal", "gate page"),
    "SnapPass": ("send", "gate page", "page reveal"),
    "floor": ("floor",),
}
ONCE = {"reveal", "page reveal"}


class Seen(NamedTuple):
    """What one turn of wrk saw: requests a second, µs of the web for each, and p99 in ms."""

    rate: float
    web_us: float
    p99_ms: float


def run(options: Options) -> tuple[str, dict[str, str]]:
    """Measure in turns; return the part's text."""
    if not (wrk := shutil.which("wrk")):
        _end("wrk is not installed: this part needs it")
    found: dict[tuple[str, str], list[Seen]] = {}
    with tempfile.TemporaryDirectory() as folder, ExitStack() as stack:
        contenders = speed.start(Path(folder), options, stack)
        load = stack.enter_context(Load())
        (script := Path(folder) / "load.lua").write_text(SCRIPT, "utf-8")
        for turn in range(options.rounds):
            for one in contenders if turn % 2 else contenders[::-1]:
                for verb in _verbs(one):
                    seen = _turn(one, verb, load, [wrk, "--script", str(script)])
                    found.setdefault((one.name, verb.name), []).append(seen)
            print(f"round {turn + 1} of {options.rounds}")
    rows = [_row(*named, turns) for named, turns in found.items()]
    version = subprocess.run([wrk, "-v"], capture_output=True, text=True, check=False)
    text = (
        f"{' '.join(version.stdout.split()[:2])}, {CONNECTIONS} connections, {SECONDS} seconds each"
        f" time, medians of {options.rounds} turns, in brackets the least and the most.\n\n"
        + page.table(["", "", "requests a second", "web, µs", "p99, ms"], sorted(rows))
        + "\n"
    )
    return text, {}


def _row(name: str, verb: str, turns: list[Seen]) -> list[str]:
    rates = [its.rate for its in turns]
    middle, web, p99 = (statistics.median(its) for its in zip(*turns, strict=True))
    rate = f"{middle:,.0f} ({min(rates):,.0f}–{max(rates):,.0f})"
    return [name, verb, rate, f"{web:,.0f}", f"{p99:.1f}"]


def _end(why: str) -> NoReturn:
    raise SystemExit(why)


def _verbs(its: Contender) -> list[Verb]:
    kind = {id(OURS): "ours", id(SNAPPASS): "SnapPass", id(FLOOR): "floor"}.get(id(its.verbs), "")
    named = ASKED.get(kind, tuple(verb.name for verb in its.verbs))
    return [verb for verb in its.verbs if verb.name in named]


def _turn(its: Contender, verb: Verb, load: Load, command: list[str]) -> Seen:
    """Let wrk ask one kind of request for some seconds."""
    with tempfile.NamedTemporaryFile() as requests:
        for row in _rows(its, verb, load):
            written = verb.request(its.host, row)
            requests.write(b"%d\n%b" % (len(written), written))
        requests.flush()
        before = processor_seconds(its.roles["web"])
        said = subprocess.run(
            [*command, "-t1", f"-c{CONNECTIONS}", f"-d{SECONDS}s", f"http://{its.host}/"],
            env={"REQUESTS": requests.name},
            capture_output=True,
            text=True,
            check=True,
        )
        used = processor_seconds(its.roles["web"]) - before
    told = json.loads(said.stdout.strip().splitlines()[-1])
    if told["bad"]:
        _end(f"{its.name}, {verb.name}: {told['bad']} of {told['requests']} went wrong")
    if verb.name in ONCE and told["requests"] > ROWS_A_SECOND * SECONDS:
        _end(f"{its.name}, {verb.name}: too few messages were prepared")
    rate = told["requests"] / told["us"] * 1e6
    return Seen(rate, used / told["requests"] * 1e6, told["p99"] / 1_000)


def _rows(its: Contender, verb: Verb, load: Load) -> list[Row]:
    """Send as many messages as the turn needs."""
    send = its.verbs[0]
    if verb.name in {"send", "floor"}:
        return [new_row()]
    rows = [new_row() for _ in range(ROWS_A_SECOND * SECONDS if verb.name in ONCE else 200)]
    run = load.run(its.address, [send.request(its.host, row) for row in rows], keep=True)
    for row, answer in zip(rows, run.answers, strict=True):
        send.learn(answer, row)
    return rows
