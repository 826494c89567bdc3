"""API v1."""
