"""For those who run it: health and metrics."""
