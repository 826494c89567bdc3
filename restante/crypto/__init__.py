"""Cryptography: envelope, tokens, root keys, sealed fields, mailed codes.  See docs/specs/."""
