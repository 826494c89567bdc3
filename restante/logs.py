"""Logs: one JSON line per event on standard output, with the keys `at`, `level` and `event`.

On a terminal the same event is one line for people: time, level, event, key=value.

Messages of libraries are never logged, since they hold paths, addresses and tokens.  For
them, and for every error, a line has the class and the place, never a value.
"""

from __future__ import annotations

import json
import logging
import re
import sys
import threading
import warnings
from contextlib import suppress
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import structlog

if TYPE_CHECKING:
    from collections.abc import Iterator, MutableMapping
    from types import TracebackType

    from structlog.typing import EventDict, WrappedLogger

FRAMES = 6
"""How many frames of an error a line names: enough to find the bug."""

COLOURS = {"warning": "33", "error": "31", "critical": "1;31"}
BARE = re.compile(r"[\w.:/+-]+", re.ASCII)
"""Values that are written without quotes on a terminal."""

LEVELS = {"debug": 10, "info": 20, "warning": 30, "error": 40, "critical": 50}

_log = structlog.get_logger()


def configure(level: str, *, to_stderr: bool = False) -> None:
    """Write our events, libraries' messages and Python's warnings as lines to standard output.

    Commands pass *to_stderr*: their standard output is their result.
    """
    output = _Output("stderr" if to_stderr else "stdout")
    form = _readable if output.is_terminal else _as_json
    _written.output, _written.form, _written.least = output, form, LEVELS[level]
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            _tell_errors_without_values,
            _add_time,
            form,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(LEVELS[level]),
        logger_factory=lambda *_: output,
        cache_logger_on_first_use=False,
    )
    # Otherwise logging prints a record that it cannot handle, with its values.
    logging.raiseExceptions = False
    for logger in _existing_loggers():
        logger.handlers.clear()
        logger.propagate = True
        logger.setLevel(logging.NOTSET)
    least = max(LEVELS[level], LEVELS["warning"])
    # A library may lower the level of its own logger; the handler's level still applies.
    handler = _WordlessHandler(least)
    logging.basicConfig(handlers=[handler], level=least, force=True)
    # A logger without handlers that does not propagate (gunicorn's) would write to stderr.
    logging.lastResort = handler
    warnings.showwarning = _tell_warning


def write(level: str, event: str, **fields: object) -> None:
    """Write one line as a logger does, at a fraction of its cost: for the line of each request."""
    if _written.least <= LEVELS[level]:
        line = _add_time(None, "", {"level": level, "event": event, **fields})
        _written.output.msg(_written.form(None, "", line))


def announce(words: str, event: str, *, url: str) -> None:
    """Print *words* and *url* on a terminal; otherwise write a log line, whatever the level."""
    output = _Output("stdout")
    if output.is_terminal:
        output.msg(f"{words} {url}".encode())
    else:
        line = {"level": "info", "event": event, "url": url}
        output.msg(_as_json(None, "", _add_time(None, "", line)))


def report_crashes() -> None:
    """Log uncaught errors of any thread or finaliser, which Python would print on stderr."""
    sys.excepthook = lambda _kind, error, _trace: _tell_crash(error)
    threading.excepthook = lambda crash: _tell_crash(crash.exc_value)
    sys.unraisablehook = lambda crash: _tell_crash(crash.exc_value)


def error_fields(error: BaseException) -> dict[str, object]:
    """Return the error's class as `error`, and its frames, innermost first, as `where`."""
    return {"error": type(error).__name__, "where": _frames(error.__traceback__)}


def _frames(trace: TracebackType | None) -> list[str]:
    frames = []
    while trace is not None:
        frame = trace.tb_frame
        module = frame.f_globals.get("__name__", "?")
        frames.append(f"{module}:{frame.f_code.co_name}:{trace.tb_lineno}")
        trace = trace.tb_next
    return frames[: -FRAMES - 1 : -1]


class _Output:
    """An output.  A full disk or a closed pipe loses the line but fails no request."""

    def __init__(self, name: str) -> None:
        self._name = name

    @property
    def is_terminal(self) -> bool:
        try:
            return bool(getattr(sys, self._name).isatty())
        except (AttributeError, ValueError):
            return False

    def msg(self, line: bytes) -> None:
        with suppress(OSError, ValueError):
            buffer = getattr(sys, self._name).buffer
            buffer.write(line + b"\n")
            buffer.flush()

    debug = info = warning = error = critical = msg


def _tell_errors_without_values(_: WrappedLogger, __: str, event: EventDict) -> EventDict:
    event.pop("stack_info", None)
    given = event.pop("exc_info", None)
    if isinstance(given, tuple):
        given = given[1]
    elif given and not isinstance(given, BaseException):
        given = sys.exception()
    if isinstance(given, BaseException):
        event.update(error_fields(given))
    return event


def _add_time(_: WrappedLogger, __: str, event: EventDict) -> EventDict:
    at = datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    return {"at": at, "level": event.pop("level"), "event": event.pop("event"), **event}


def _as_json(_: WrappedLogger, __: str, event: MutableMapping[str, object]) -> bytes:
    return _json(event).encode()


def _readable(_: WrappedLogger, __: str, event: MutableMapping[str, object]) -> bytes:
    """Format a line for people.  Values are escaped, so none can control the terminal."""
    at, level, what = (str(event.pop(key)) for key in ("at", "level", "event"))
    padded = f"{level:<8}"
    if level in COLOURS:
        padded = f"\x1b[{COLOURS[level]}m{padded}\x1b[0m"
    facts = (f"{_escaped(name)}={_value(value)}" for name, value in event.items())
    return " ".join((at, padded, _escaped(what), *facts)).encode()


def _value(value: object) -> str:
    return value if isinstance(value, str) and BARE.fullmatch(value) else _json(value)


def _escaped(word: str) -> str:
    return _json(word)[1:-1]


_json = json.JSONEncoder(default=lambda odd: type(odd).__name__).encode
"""Returns printable ASCII for any value; a value that JSON cannot hold becomes its class."""


class _Written:
    """Where `write` writes, how, and from which level on; `configure` sets it."""

    output = _Output("stdout")
    form = staticmethod(_as_json)
    least = LEVELS["info"]


_written = _Written()


def _existing_loggers() -> Iterator[logging.Logger]:
    for name in list(logging.root.manager.loggerDict):
        yield logging.getLogger(name)


class _WordlessHandler(logging.Handler):
    """Logs that a library logged something: its level and error class, never its message."""

    def emit(self, record: logging.LogRecord) -> None:
        level = max(
            (known for known in LEVELS.values() if known <= record.levelno), default=LEVELS["debug"]
        )
        error = record.exc_info[1] if record.exc_info else None
        fields = error_fields(error) if error else {}
        _log.log(level, "library message", logger=record.name, **fields)


def _tell_warning(
    message: object,  # noqa: ARG001 (it holds values)
    category: type[Warning],
    *_: object,
    **__: object,
) -> None:
    _log.warning("python warning", category=category.__name__)


def _tell_crash(error: BaseException | None) -> None:
    _log.critical("crashed", **(error_fields(error) if error else {}))
