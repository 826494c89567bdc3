"""Transports: how channels send data from this machine, over HTTP or SMTP."""
