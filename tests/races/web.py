"""The product over a store of the harness's: gunicorn and the worker, as the Procfile runs them."""

from __future__ import annotations

import os
import signal
import sys
from contextlib import ExitStack, suppress
from typing import TYPE_CHECKING, Self

from restante.crypto import keyring
from tests.races.plans import TRIES
from tests.support.processes import ROOT, Running, free_port, status_of, wait_until

if TYPE_CHECKING:
    import random
    from pathlib import Path

PATIENCE = 60.0


class Program(Running):
    """One of the two processes, from any tree."""

    def __init__(self, tree: Path, words: list[str], log: Path, env: dict[str, str]) -> None:
        super().__init__([sys.executable, "-m", *words], log, env)
        self.cwd = tree


class Web:
    """What people talk to, from the tree of the product or of a mutant."""

    def __init__(self, folder: Path, store: dict[str, str], tree: Path = ROOT) -> None:
        bind = f"127.0.0.1:{free_port()}"
        self.url = f"http://{bind}"
        env = {
            "RESTANTE_BIND": bind,
            "RESTANTE_DATA_DIR": str(folder / "data"),
            "RESTANTE_ROOT_KEYS": keyring.new_key(),
            "RESTANTE_RATE_LIMITS": "off",
            "RESTANTE_WEB_WORKERS": "2",
            "RESTANTE_EXPIRY_MIN": "1",
            "RESTANTE_PASSPHRASE_TRIES": str(TRIES),
            **store,
        }
        words = ["gunicorn", "--config", "gunicorn.conf.py", "webapp.wsgi:app"]
        self._gunicorn = Program(tree, words, folder / "web.log", env)
        self._worker = Program(tree, ["worker"], folder / "worker.log", env)
        self._stack = ExitStack()

    def __enter__(self) -> Self:
        self._stack.enter_context(self._gunicorn)
        self._stack.enter_context(self._worker)
        self.await_answers()
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def await_answers(self) -> None:
        wait_until(lambda: status_of(f"{self.url}/healthz") == 200, PATIENCE)

    def log(self) -> str:
        return self._gunicorn.log() + self._worker.log()

    def kill_serving_process(self, chance: random.Random) -> None:
        """Kill one of gunicorn's processes; it starts another."""
        serving = self._gunicorn.pids()[1:]
        if serving:
            with suppress(ProcessLookupError):
                os.kill(chance.choice(serving), signal.SIGKILL)

    def kill_web(self) -> None:
        """Kill gunicorn with all its processes, and restart it."""
        # A process that it starts meanwhile would keep the port.
        self._gunicorn.process.send_signal(signal.SIGSTOP)
        pids = self._gunicorn.pids()
        for pid in pids:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        self._gunicorn.process.wait()
        self._gunicorn.start()
        self.await_answers()

    def kill_worker(self) -> None:
        """Kill the worker, and restart it."""
        self._worker.process.kill()
        self._worker.process.wait()
        self._worker.start()
