"""What a line of the log tells, and what it never does."""

import json
import os
import pty
import re
import subprocess
import sys

import pytest

from restante import logs
from tests.support.processes import ROOT, finished

SECRET = "Lsecret-token-of-somebody"


def run(script, level="info"):
    """Return the lines, the raw output and the status of a program that logs."""
    start = f"from restante import logs; logs.configure({level!r}); logs.report_crashes()\n"
    done = finished([sys.executable, "-c", start + script])
    return [json.loads(line) for line in done.stdout.splitlines()], done


def test_a_line_begins_with_time_level_and_event():
    lines, done = run(
        "import structlog; structlog.get_logger().bind(request_id='r1').info('message sent', ms=3)"
    )

    (line,) = lines
    assert list(line) == ["at", "level", "event", "request_id", "ms"]
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", line["at"])
    assert (line["level"], line["event"]) == ("info", "message sent")
    assert done.stderr == ""


def test_what_is_below_the_level_is_not_written():
    lines, _ = run(
        "import structlog; l = structlog.get_logger(); l.info('a'); l.warning('b')", "warning"
    )

    assert [line["event"] for line in lines] == ["b"]


@pytest.mark.parametrize(
    "words",
    [
        f"error('GET /m/{SECRET} from %s', '{SECRET}')",
        f"error('{SECRET} %d %d', 'too few')",
        f"error('x', stack_info=True, extra={{'token': '{SECRET}'}})",
        f"log(35, '{SECRET}')",
    ],
)
@pytest.mark.parametrize("library", ["gunicorn.error", "httpx", "a.library.nobody.knows", ""])
def test_a_library_is_heard_but_not_repeated(library, words):
    lines, done = run(f"import logging; logging.getLogger({library!r}).{words}")

    (line,) = lines
    assert line["event"] == "library message"
    assert line["logger"] == (library or "root")
    assert line["level"] in {"error", "warning"}
    assert SECRET not in done.stdout + done.stderr


def test_a_handler_that_a_library_installed_before_is_removed():
    lines, done = run(
        "import logging, sys\n"
        "talker = logging.getLogger('talker')\n"
        "talker.addHandler(logging.StreamHandler(sys.stderr)); talker.propagate = False\n"
        "logs.configure('info')\n"
        f"talker.error('{SECRET}')"
    )

    assert [line["logger"] for line in lines] == ["talker"]
    assert SECRET not in done.stdout + done.stderr


def test_a_handler_that_fails_does_not_print_what_it_was_given():
    _, done = run(
        "import io, logging\n"
        "broken = io.StringIO(); broken.close()\n"
        "logging.getLogger('late').addHandler(logging.StreamHandler(broken))\n"
        f"logging.getLogger('late').error('{SECRET}')"
    )

    assert done.stderr == ""


def test_an_error_is_told_by_class_and_place_without_values():
    lines, done = run(
        "import logging, structlog\n"
        f"def inner(token): raise ValueError(token)\n"
        "def outer():\n"
        f"    try: inner('{SECRET}')\n"
        "    except ValueError:\n"
        "        logging.getLogger('x').exception('failed')\n"
        "        structlog.get_logger().exception('failed')\n"
        "outer()"
    )

    assert [line["event"] for line in lines] == ["library message", "failed"]
    for line in lines:
        assert line["error"] == "ValueError"
        assert line["where"] == ["__main__:inner:3", "__main__:outer:5"]
    assert SECRET not in done.stdout + done.stderr


def test_only_the_innermost_frames_are_told():
    def fall(depth):
        if depth:
            fall(depth - 1)
        raise LookupError

    with pytest.raises(LookupError) as caught:
        fall(50)

    fields = logs.error_fields(caught.value)
    assert fields["error"] == "LookupError"
    assert len(fields["where"]) == logs.FRAMES
    assert all(frame.startswith("tests.core.test_logs:fall:") for frame in fields["where"])


def test_what_json_cannot_say_is_told_by_its_class():
    lines, done = run(
        f"import structlog; structlog.get_logger().info('odd', thing=b'{SECRET}', error=KeyError)"
    )

    assert lines[0]["thing"] == "bytes"
    assert SECRET not in done.stdout + done.stderr


@pytest.mark.parametrize(
    "crash",
    [
        f"raise RuntimeError('{SECRET}')",
        (
            "import threading\n"
            f"def die(): raise RuntimeError('{SECRET}')\n"
            "thread = threading.Thread(target=die); thread.start(); thread.join()"
        ),
        (
            "class Thing:\n"
            f"    def __del__(self): raise RuntimeError('{SECRET}')\n"
            "thing = Thing(); del thing"
        ),
        (
            f"import asyncio\nasync def die(): raise RuntimeError('{SECRET}')\n"
            "async def main(): asyncio.create_task(die()); await asyncio.sleep(0)\n"
            "asyncio.run(main())"
        ),
    ],
    ids=["main", "thread", "finaliser", "task"],
)
def test_no_crash_prints_a_traceback(crash):
    lines, done = run(crash)

    assert done.stderr == ""
    assert SECRET not in done.stdout
    assert lines[-1]["error"] == "RuntimeError"
    assert lines[-1]["where"]


def test_a_crash_still_fails():
    _, done = run("raise RuntimeError")

    assert done.returncode == 1


def test_a_python_warning_is_told_by_its_category():
    lines, done = run(f"import warnings; warnings.warn('{SECRET}', UserWarning)")

    assert [(line["event"], line["category"]) for line in lines] == [
        ("python warning", "UserWarning")
    ]
    assert SECRET not in done.stdout + done.stderr


def test_a_line_that_cannot_be_written_makes_no_noise():
    _, done = run("import logging, sys\nsys.stdout.close()\nlogging.getLogger('x').error('lost')\n")

    assert "Traceback" not in done.stderr


LIBRARIES = {
    "flask": (
        (
            "import flask\n"
            "app = flask.Flask('x')\n"
            f"@app.get('/m/<token>')\ndef m(token): raise ValueError(token)\n"
            f"app.test_client().get('/m/{SECRET}')\n"
        ),
        {"x"},
    ),
    "limits": (
        (
            "import flask, flask_limiter, limits.storage\n"
            "app = flask.Flask('x')\n"
            f"limiter = flask_limiter.Limiter(lambda: '{SECRET}', app=app,"
            f" storage_uri='redis://:{SECRET}@127.0.0.1:1', in_memory_fallback=['1/minute'])\n"
            "import logging; logging.getLogger('flask-limiter').setLevel(logging.DEBUG)\n"
            "@app.get('/m/<token>')\n@limiter.limit('1/minute')\ndef m(token): return ''\n"
            f"[app.test_client().get('/m/{SECRET}') for _ in range(3)]\n"
        ),
        {"flask-limiter"},
    ),
    "httpx": (
        (
            "import httpx, http.server, threading\n"
            "class Quiet(http.server.BaseHTTPRequestHandler):\n"
            "    def do_GET(self): self.send_response(204); self.end_headers()\n"
            "    def log_message(self, *_): pass\n"
            "server = http.server.HTTPServer(('127.0.0.1', 0), Quiet)\n"
            "threading.Thread(target=server.serve_forever, daemon=True).start()\n"
            f"httpx.get(f'http://127.0.0.1:{{server.server_port}}/m/{SECRET}')\n"
            "server.shutdown(); server.server_close()\n"
        ),
        set(),
    ),
    "redis": (
        (
            "import redis, redis.cluster\n"
            f"url = 'redis://:{SECRET}@127.0.0.1:1/0'\n"
            "for kind in (redis.Redis, redis.cluster.RedisCluster):\n"
            "    try: kind.from_url(url).ping()\n"
            "    except Exception: pass\n"
            f"redis.client.logger.warning('%s', '{SECRET}')\n"
        ),
        {"redis.client"},
    ),
    "click": (
        (
            "import click\n"
            "@click.command()\ndef go(): pass\n"
            f"try: go.main(['{SECRET}'], standalone_mode=False)\n"
            "except click.UsageError: pass\n"
        ),
        set(),
    ),
    "asyncio": (
        (
            "import asyncio\n"
            f"async def die(): raise RuntimeError('{SECRET}')\n"
            "async def main(): asyncio.create_task(die()); await asyncio.sleep(0)\n"
            "asyncio.run(main(), debug=True)\n"
        ),
        {"asyncio"},
    ),
    "gevent": (
        (
            "from webapp.http import gunicorn as server\n"
            "from gevent.hub import Hub; import gevent\n"
            "Hub.print_exception = server._tell_dead_greenlet\n"
            f"def die(): raise RuntimeError('{SECRET}')\n"
            "gevent.spawn(die).join()\n"
        ),
        {None},
    ),
    "gunicorn": (
        (
            "from webapp.http.gunicorn import ServerLog\n"
            "from gunicorn.config import Config\n"
            "import logging\n"
            f"ServerLog(Config()).error('Error handling request %s', '/m/{SECRET}')\n"
            f"logging.getLogger('gunicorn.access').critical('GET /m/{SECRET}')\n"
        ),
        {None, "gunicorn.access"},
    ),
}
"""What makes each library speak of a secret, and whose lines then come."""


@pytest.mark.parametrize(("provocation", "loggers"), LIBRARIES.values(), ids=LIBRARIES)
def test_at_the_lowest_level_too_a_library_tells_nothing(provocation, loggers):
    lines, done = run(provocation, "debug")

    assert {line.get("logger") for line in lines} == loggers
    assert all({"at", "level", "event"} <= line.keys() for line in lines)
    assert SECRET not in done.stdout + done.stderr
    assert done.stderr == ""


def on_a_terminal(script):
    """Return what a program that logs shows on a terminal."""
    ours, theirs = pty.openpty()
    try:
        start = "from restante import logs; logs.configure('debug'); logs.report_crashes()\n"
        start += "import structlog; log = structlog.get_logger()\n"
        subprocess.run(
            [sys.executable, "-c", start + script],
            cwd=ROOT,
            stdin=subprocess.DEVNULL,
            stdout=theirs,
            stderr=theirs,
            check=False,
            timeout=30,
        )
        os.close(theirs)
        shown = b""
        try:
            while some := os.read(ours, 65_536):
                shown += some
        except OSError:  # the system's way to say that the other end is closed
            pass
        return shown.decode().replace("\r\n", "\n")
    finally:
        os.close(ours)


TIME = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z"


def test_on_a_terminal_a_line_is_for_people():
    shown = on_a_terminal("log.info('message sent', ms=3.5, endpoint='api.send', of=None)")

    assert re.fullmatch(f"{TIME} info     message sent ms=3.5 endpoint=api.send of=null\n", shown)


def test_on_a_terminal_what_is_grave_has_a_colour_and_nothing_else_has():
    shown = on_a_terminal("log.info('a'); log.warning('b'); log.error('c')").splitlines()

    assert [line.count("\x1b") for line in shown] == [0, 2, 2]


def test_on_a_terminal_no_value_can_command_it():
    shown = on_a_terminal(
        "evil = chr(27) + ']0;gone' + chr(7) + chr(0x9b) + '2J' + chr(127) + '\\r\\n\u202e'\n"
        "log.info(evil, value=evil, many=[evil], **{evil: 1})"
    )

    assert shown.isascii()
    assert shown.count("\n") == 1
    assert re.search(r"[\x00-\x09\x0b-\x1f\x7f]", shown) is None


def test_on_a_terminal_an_error_is_told_without_values_too():
    shown = on_a_terminal(f"raise RuntimeError('{SECRET}')")

    assert re.search('crashed error=RuntimeError where=\\["__main__:<module>:3"\\]', shown)
    assert SECRET not in shown
    assert "Traceback" not in shown


def test_where_nobody_sits_there_is_neither_colour_nor_any_other_form():
    lines, done = run("import structlog; structlog.get_logger().error('x')")

    assert [line["event"] for line in lines] == ["x"]
    assert "\x1b" not in done.stdout
