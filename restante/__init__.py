"""The core: messages that wait behind a link.  No Flask, no SMTP, no argv in here."""
