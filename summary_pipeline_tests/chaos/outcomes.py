"""What became of each event, and what is still to come.

Belongs here: pure functions of a snapshot that say what is. Does not belong here: what has to be (``invariants``).
"""

from collections import defaultdict
from collections.abc import Mapping
from enum import StrEnum

from summary_pipeline_tests.chaos.script import BAD_KEY
from summary_pipeline_tests.chaos.snapshot import Snapshot, Step

SUMMARIZED = "summarized"
SUPERSEDED = "superseded"


class Outcome(StrEnum):
    """What became of an event."""

    SAVED = "saved"
    SUPERSEDED = "superseded"
    FAILED = "failed"
    NONE = "none"


def outcomes(snapshot: Snapshot) -> dict[str, Outcome]:
    """Return what became of each valid event, by its id."""
    processed = set(snapshot.processed)
    steps = steps_by_event(snapshot)
    return {event.id: _outcome(event.id in processed, steps[event.id]) for event in snapshot.events}


def unsettled(snapshot: Snapshot) -> list[str]:
    """Return what is still to come before the invariants can be asked for: what to wait for, and no longer."""
    waiting = [f"event {event} without an outcome" for event, end in outcomes(snapshot).items() if end is Outcome.NONE]
    waiting += [f"outbox row {row.id} unpublished" for row in snapshot.outbox if not row.published]
    missing = bad_places(snapshot).keys() - {(letter.partition, letter.offset) for letter in snapshot.letters}
    waiting += [f"{partition}@{offset} not dead-lettered" for partition, offset in sorted(missing)]
    if snapshot.runs_under_way:
        waiting.append(f"{snapshot.runs_under_way} runs under way")
    waiting += [f"{sensor} fails" for sensor in snapshot.failing_sensors]
    return waiting


def steps_by_event(snapshot: Snapshot) -> Mapping[str, list[Step]]:
    """Return what was done about each event, in its order."""
    found: dict[str, list[Step]] = defaultdict(list)
    for step in snapshot.steps:
        if step.event_id is not None:
            found[step.event_id].append(step)
    return found


def is_effect(step: Step) -> bool:
    """Say whether a step is what an event had for its effect."""
    return step.reason == SUMMARIZED or step.reason.startswith(SUPERSEDED)


def _outcome(processed: bool, steps: list[Step]) -> Outcome:  # noqa: FBT001 - one of the two halves of a fact
    if processed:
        return Outcome.SAVED if any(step.reason == SUMMARIZED for step in steps) else Outcome.SUPERSEDED
    return Outcome.FAILED if any(step.reason and not is_effect(step) for step in steps) else Outcome.NONE


def bad_places(snapshot: Snapshot) -> dict[tuple[int, int], tuple[bytes | None, bytes | None]]:
    """Return key and value of each message that is no event, by its partition and offset."""
    return {
        (message.partition, message.offset): (message.key, message.value)
        for message in snapshot.transcribed
        if (message.key or b"").startswith(BAD_KEY)
    }
