"""API v1: JSON, bearer tokens, RFC 9457 problems."""

from webapp.api import description, links, messages, notifying
from webapp.api.blueprint import bp

__all__ = ["bp", "description", "links", "messages", "notifying"]
