"""Measures the product and writes docs/benchmarks.md: `make bench`, or `python -m bench --help`."""

from __future__ import annotations

import signal
import sys

from bench import beside, files, hour, options, page, profile, scale, speed, verbs, wrk

RUNS = {
    "speed": speed.run,
    "profile": profile.run,
    "beside": beside.run,
    "scale": scale.run,
    "verbs": verbs.run,
    "files": files.run,
    "hour": hour.run,
    "wrk": wrk.run,
}


def main() -> int:
    """Measure every part that is wanted, one after the other."""
    # Ended from outside, it still ends what it started.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    wanted = options.read()
    command = " ".join(["python -m bench", *sys.argv[1:]])
    for part in wanted.parts:
        text, pictures = RUNS[part](wanted)
        text = f"{page.provenance(command)}\n\n{text}"
        print(f"\n{text}")
        if wanted.writes:
            page.save(part, text, pictures)
    return 0


if __name__ == "__main__":
    sys.exit(main())
