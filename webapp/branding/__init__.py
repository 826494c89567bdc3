"""The operator's name, logo and colour, and the static files."""
