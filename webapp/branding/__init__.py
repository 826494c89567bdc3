"""Branding (the operator's name, logo and colour) and static files."""
