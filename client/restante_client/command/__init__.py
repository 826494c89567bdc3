"""The command `restante`: what people and scripts do with messages, over the library."""
