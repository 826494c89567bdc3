"""The operator's commands: `python -m restante …`.

A command's module is imported to name it in a list, so what takes long to import (the
store's client, wiring) is imported where it is used.
"""
