"""The sender's pages: compose page and control page."""
