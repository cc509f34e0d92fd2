"""Mistakes of a user, as opposed to defects of this program."""


class UserError(Exception):
    """A mistake in params.yaml, in the data or on the command line.

    Shown as its message alone, without a traceback; the exit code is 2.
    """
