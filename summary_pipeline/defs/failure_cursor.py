"""Which failed runs the failure sensor has dealt with.

Belongs here: the sensor's cursor, as values. Does not belong here: reading Dagster's event log (``failure_sensor``).

Dagster's own run-failure sensor moves its cursor even where its function failed, so that what could not be written to
the database would never be written. This cursor is moved event by event, by what was done.
"""

from collections.abc import Collection, Iterable
from typing import Literal, Self

from pydantic import BaseModel, ConfigDict, ValidationError

#: How far behind the newest event failures are still looked for. Events get their ids when they are written and become
#: visible when that is committed, so that an event may appear after one with a higher id.
OVERLAP_IDS = 5000


class FailureCursorError(ValueError):
    """The stored cursor can't be read; going on from a guess could pass over failed runs."""


class FailureCursor(BaseModel):
    """Ids of failure events in Dagster's event log, and what became of them.

    Attributes:
        newest: The highest that was done.
        done: Those that were done and are within ``OVERLAP_IDS`` of ``newest``.
        undecided: Those of which Dagster has yet to say whether another run follows.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    version: Literal[1] = 1
    newest: int = 0
    done: frozenset[int] = frozenset()
    undecided: frozenset[int] = frozenset()

    @property
    def after(self) -> int:
        """Events up to this id need not be looked for."""
        return max(0, self.newest - OVERLAP_IDS)

    def is_new(self, event: int) -> bool:
        """Tell whether an event has yet to be dealt with."""
        return event > self.after and event not in self.done

    def with_done(self, event: int) -> Self:
        """Return the cursor after an event was dealt with for good."""
        return self._with(done=self.done | {event}, undecided=self.undecided - {event})

    def with_undecided(self, event: int) -> Self:
        """Return the cursor after an event was put off: it is looked at again at the next tick, however old it is."""
        return self._with(done=self.done | {event}, undecided=self.undecided | {event})

    def without_deleted(self, found: Iterable[int]) -> Self:
        """Return the cursor without those put off that are not among ``found``: their runs were deleted."""
        return self.model_copy(update={"undecided": self.undecided & frozenset(found)})

    def _with(self, done: Collection[int], undecided: frozenset[int]) -> Self:
        newest = max(self.newest, *done)
        kept = frozenset(event for event in done if event > newest - OVERLAP_IDS)
        return self.model_copy(update={"newest": newest, "done": kept, "undecided": undecided})


def parse_failure_cursor(text: str | None) -> FailureCursor:
    """Return the cursor that a tick stored, or the one from before the first failure where there is none yet.

    Raises:
        FailureCursorError: the text is not a cursor of this version.
    """
    if not text:
        return FailureCursor()
    try:
        return FailureCursor.model_validate_json(text)
    except ValidationError as error:
        raise FailureCursorError(
            f"The sensor's cursor can't be read ({error.error_count()} faults). Clear it in the Dagster UI "
            "(Automation, the sensor, cursor): all failed runs that Dagster remembers are looked at again, which is "
            "safe to repeat."
        ) from error
