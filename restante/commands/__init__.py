"""The operator's commands: `python -m restante …`.

A list of commands imports all their modules, so slow imports (the store's client, wiring)
are made where they are used.
"""
