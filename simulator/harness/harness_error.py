"""The error of a cluster on this machine that does not come up."""


class HarnessError(Exception):
    """A cluster on this machine cannot start or go on; the message says what did not come up, with its log's end."""
