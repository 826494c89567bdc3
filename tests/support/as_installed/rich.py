"""Hides a package that only the tools of the tests bring: structlog imports it if it is there.

An operator does not have it, and each start would take a tenth longer.
"""

raise ImportError
