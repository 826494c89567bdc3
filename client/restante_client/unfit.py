"""The error for an answer that no service of Restante gives."""


class Unfit(Exception):
    """It is too long, too slow, encoded unasked, or not what was asked for."""
