"""Transports: how what a channel has to tell leaves this machine."""
