"""The recipient's pages: gate, message, feedback."""
