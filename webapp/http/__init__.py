"""What every request passes, whoever sends it."""
