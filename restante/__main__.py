"""Entry point of `python -m restante`; the commands are in `restante/commands/`."""

from __future__ import annotations

import sys

from restante.commands.group import main

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
