"""Metrics for Prometheus.  Importing `meters` takes 40 ms, `shared_folder` does not."""
