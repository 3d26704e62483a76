"""Which calls go wrong, and how.

Belongs here: choosing the fault that strikes a call. Does not belong here: carrying it out (``app``, ``completions``).
"""

import random
from collections.abc import Sequence

from summary_pipeline.local.openai_server.chat_request import ChatRequest
from summary_pipeline.local.openai_server.configuration import Fault


class FaultPlan:
    """The faults that are still to come. The first one that matches a call strikes it."""

    def __init__(self, faults: Sequence[Fault], seed: int) -> None:
        self._pending = [_PendingFault(fault) for fault in faults]
        self._random = random.Random(seed)  # noqa: S311 - repeatable on purpose, nothing is secret

    def strike(self, request: ChatRequest) -> Fault | None:
        """Return the fault for this call, or None, and count the call."""
        for pending in self._pending:
            if pending.strikes(request, self._random):
                return pending.fault
        return None


class _PendingFault:
    def __init__(self, fault: Fault) -> None:
        self.fault = fault
        self._spared = 0
        self._struck = 0

    def strikes(self, request: ChatRequest, draw: random.Random) -> bool:
        if not _matches(self.fault, request) or self._struck == self.fault.times:
            return False
        if self._spared < self.fault.skip:
            self._spared += 1
            return False
        if draw.random() >= self.fault.probability:
            return False
        self._struck += 1
        return True


def _matches(fault: Fault, request: ChatRequest) -> bool:
    if fault.schema_name is not None and (request.schema is None or request.schema.name != fault.schema_name):
        return False
    return fault.contains is None or any(fault.contains in message.text for message in request.messages)
