"""Channels: ways to tell a sender's own systems of events."""
