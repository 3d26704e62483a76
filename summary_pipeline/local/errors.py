"""What can go wrong with the embedded stack, in words for a person.

Belongs here: exceptions. Does not belong here: handling them.
"""

import signal


class StackError(RuntimeError):
    """The stack cannot go on; the message is for a person."""


class PortTakenError(StackError):
    """A part needs a port that another program holds."""


class DirectoryInUseError(StackError):
    """Another supervisor works in the directory."""


class PartFailedError(StackError):
    """A part died, or was not ready in time."""


class ServersAwayError(StackError):
    """Servers that the environment names in place of embedded ones do not answer, or refuse."""


class StopRequestedError(BaseException):
    """SIGINT, SIGTERM or SIGHUP came. No ``Exception``, so that nothing takes it for a failure to be retried."""

    def __init__(self, number: signal.Signals) -> None:
        super().__init__(f"stopped by {number.name}")
        self.signal = number
