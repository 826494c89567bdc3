"""API v1: JSON, bearer tokens, RFC 9457 problems."""

from webapp.api import links, messages
from webapp.api.blueprint import bp

__all__ = ["bp", "links", "messages"]
