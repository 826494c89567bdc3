"""API v1: JSON, bearer tokens, RFC 9457 problems."""

from webapp.api import description, files, links, messages, notifying, uploads
from webapp.api.blueprint import bp

__all__ = ["bp", "description", "files", "links", "messages", "notifying", "uploads"]
