"""Edge 2: time passes.  Deadlines are met, events delivered, and the store's files scrubbed."""
