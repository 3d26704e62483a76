"""The event a summary came from, and which of two events is the newer one.

Belongs here: the record kept in ``video_summaries.model_info`` and the comparison. Values only.
Does not belong here: reading or writing rows.
"""

from collections.abc import Mapping
from typing import Final

from pydantic import BaseModel, ConfigDict, ValidationError

from summary_pipeline.contract.events import EventId, UtcDatetime

MODEL_INFO_FIELD: Final = "source_event"


class SourceEvent(BaseModel):
    """A ``video.transcribed`` event and where it stood in Kafka, as far as that is known."""

    model_config = ConfigDict(frozen=True)

    id: EventId
    ts: UtcDatetime | None = None
    cluster_id: str | None = None
    topic: str | None = None
    partition: int | None = None
    offset: int | None = None

    def is_older_than(self, other: "SourceEvent") -> bool:
        """Tell whether this event is known to be older; two that can't be compared are not.

        The times that the events carry decide. A replayed event has a new offset and its old time, so offsets only
        count where times are missing or equal, and only within one partition of one cluster.
        """
        if self.ts is not None and other.ts is not None and self.ts != other.ts:
            return self.ts < other.ts
        place = (self.cluster_id, self.topic, self.partition)
        if None in place or place != (other.cluster_id, other.topic, other.partition):
            return False
        return self.offset is not None and other.offset is not None and self.offset < other.offset


def stored_source_event(model_info: object) -> SourceEvent | None:
    """Return the event that a stored summary came from; None where ``model_info`` does not tell in our form."""
    try:
        return SourceEvent.model_validate(model_info.get(MODEL_INFO_FIELD) if isinstance(model_info, Mapping) else None)
    except ValidationError:
        return None
