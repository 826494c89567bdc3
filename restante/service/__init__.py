"""Runs the service on one machine: the supervisor, the embedded store, the data folder."""
