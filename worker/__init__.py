"""Edge 2: time passes.  Deadlines are met, and what was destroyed leaves the store's files."""
