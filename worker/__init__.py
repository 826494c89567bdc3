"""The worker: runs deadlines, delivers events, and has the store's files rewritten."""
