"""A WSGI application that misbehaves on request, to test what gunicorn logs and returns."""

import os

import gevent

from webapp.http import gunicorn

gunicorn.IDLE_SECONDS = float(os.environ.get("TEST_IDLE_SECONDS", gunicorn.IDLE_SECONDS))
LARGE = 8_000_000
SECRET = "Lsecret-token-of-somebody"


class NamedAfterNothing(Exception):
    """An error nobody expects."""


def app(environ, start_response):
    """Answer, or misbehave as the path says."""
    match environ["PATH_INFO"]:
        case "/crash":
            raise NamedAfterNothing(SECRET)
        case "/header":
            start_response("200 OK", [("X-Odd", f"{SECRET}\r\nX-Smuggled: yes")])
        case "/greenlet":
            gevent.spawn(_die)
            start_response("200 OK", [("Content-Type", "text/plain")])
        case "/large":
            large = b"x" * LARGE
            start_response("200 OK", [("Content-Length", str(len(large)))])
            return [large]
        case "/midway":
            return _break_off(start_response)
        case _:
            start_response("200 OK", [("Content-Type", "text/plain")])
    return [f"{environ['REMOTE_ADDR']} {environ['wsgi.url_scheme']}".encode()]


def _die():
    raise NamedAfterNothing(SECRET)


def _break_off(start_response):
    start_response("200 OK", [("Content-Type", "text/plain")])
    yield b"half"
    raise NamedAfterNothing(SECRET)
