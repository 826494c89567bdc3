"""The web: pages and API.  The only package that knows Flask and HTTP."""
