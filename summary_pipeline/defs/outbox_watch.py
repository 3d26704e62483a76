"""What the sweep tells of the outbox: rows that grow old, and rows that the relay has given up.

Belongs here: telling it in the tick's log and, when it changes, as an observation.
Does not belong here: publishing; that is the platform's scheduler's job, or the relay's.
"""

import logging
from collections.abc import Sequence
from typing import Final

import dagster as dg
from pydantic import BaseModel, ConfigDict, ValidationError

from summary_pipeline.database.outbox_backlog import OutboxBacklog, OutboxTrouble
from summary_pipeline.defs.external_assets import video_summarized_topic

_MOST_NAMED: Final = 20


class OutboxState(BaseModel):
    """What was observed last, kept in the sensor's cursor so that each change is observed once."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    late: bool = False
    parked: tuple[str, ...] = ()


def stored_state(cursor: str | None) -> OutboxState:
    """Return what the cursor holds. One that can't be read means that nothing is known: it is observed again."""
    try:
        return OutboxState.model_validate_json(cursor or "{}")
    except ValidationError:
        return OutboxState()


def outbox_state(backlog: OutboxBacklog, parked: Sequence[OutboxTrouble], *, late_seconds: float) -> OutboxState:
    """Return whether rows wait for longer than ``late_seconds``, and which are parked."""
    return OutboxState(
        late=backlog.oldest_seconds is not None and backlog.oldest_seconds > late_seconds,
        parked=tuple(str(row.event_id) for row in parked),
    )


def tell(log: logging.Logger, state: OutboxState, backlog: OutboxBacklog, parked: Sequence[OutboxTrouble]) -> None:
    """Log what a person has to look after."""
    if state.late:
        log.error(
            "%s outbox rows are not published, the oldest for %.0f s. Is what publishes them running: the platform's "
            "scheduler or, where there is none, `summary-pipeline relay`?",
            backlog.unpublished - backlog.parked,
            backlog.oldest_seconds,
        )
    for row in parked[:_MOST_NAMED]:
        log.error(
            "Outbox row %s for %s is parked since %s UTC: %s. Mend the cause, then run "
            "`summary-pipeline outbox release %s`.",
            row.event_id,
            row.topic,
            row.parked_at,
            row.last_error,
            row.event_id,
        )
    if len(parked) > _MOST_NAMED:
        log.error("%s more are parked: `summary-pipeline outbox parked`.", len(parked) - _MOST_NAMED)


def observation(backlog: OutboxBacklog, state: OutboxState) -> dg.AssetObservation:
    """Return what the UI shows on the outgoing topic."""
    oldest = {} if backlog.oldest_seconds is None else {"outbox_oldest_seconds": round(backlog.oldest_seconds)}
    return dg.AssetObservation(
        asset_key=video_summarized_topic.key,
        metadata={
            "outbox_unpublished": backlog.unpublished,
            "outbox_parked": backlog.parked,
            "outbox_late": state.late,
            "outbox_parked_rows": dg.MetadataValue.json(list(state.parked[:_MOST_NAMED])),
            **oldest,
        },
    )
