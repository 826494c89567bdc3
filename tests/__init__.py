"""The tests.  They use the client from its folder, as if it were installed."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "client"))
