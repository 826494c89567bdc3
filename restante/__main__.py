"""`python -m restante`: the command; `restante/commands/` holds what it can do."""

from __future__ import annotations

import sys

from restante.commands.group import main

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
