"""The sensor's cursor: the only owner of Kafka offsets.

Belongs here: the cursor's form and the choice of the offset at which each partition is read.
Does not belong here: asking Kafka for the facts that the choice is made from.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

OutOfRange = Literal["earliest", "latest", "error"]


class Cursor(BaseModel):
    """Next-to-read offsets per partition of one topic, and the cluster in which they mean something.

    ``recent`` are the outcomes of the messages before them (``planning.recent_outcomes``).
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    version: Literal[1] = 1
    cluster_id: str
    topic: str
    offsets: dict[int, int]
    recent: str = Field(default="", pattern=r"^[.x]*$")


class CursorError(ValueError):
    """The stored cursor can't be read; going on from a guess could lose events."""


class OffsetOutOfRangeError(RuntimeError):
    """The next offset no longer exists in Kafka and the settings say that a person has to decide."""


def parse_cursor(text: str | None) -> Cursor | None:
    """Return the cursor that a tick stored, or None where there is none yet.

    Raises:
        CursorError: the text is not a cursor of this version.
    """
    if not text:
        return None
    try:
        return Cursor.model_validate_json(text)
    except ValidationError as error:
        problems = "; ".join(f"{'.'.join(map(str, item['loc'])) or 'text'}: {item['msg']}" for item in error.errors())
        raise CursorError(
            f"The sensor's cursor can't be read ({problems}). Set it back to a stored value, or clear it in the "
            "Dagster UI (Automation, the sensor, cursor) to start from the consumer group's committed offsets."
        ) from error


@dataclass(frozen=True, slots=True)
class PartitionState:
    """What Kafka knows of one partition. ``committed`` is the group's offset, None where it has none."""

    low: int
    high: int
    committed: int | None


@dataclass(frozen=True, slots=True)
class UnreadablePartition:
    """A partition that the topic has and that can't be read now, and why. ``committed`` is as in ``PartitionState``."""

    committed: int | None
    reason: str


@dataclass(frozen=True, slots=True)
class StartOffsets:
    """Where to read each partition from, and what a person should know about the choice.

    ``kept`` are the next offsets of partitions that can't be read now. They belong in the next cursor as they are: what
    it does not know would be read from its earliest message.
    """

    offsets: Mapping[int, int]
    kept: Mapping[int, int]
    warnings: tuple[str, ...]


def start_offsets(
    cursor: Cursor | None,
    *,
    cluster_id: str,
    topic: str,
    partitions: Mapping[int, PartitionState],
    unreadable: Mapping[int, UnreadablePartition],
    out_of_range: OutOfRange,
) -> StartOffsets:
    """Choose the offset at which each partition is read next.

    In this order: the cursor, if it speaks of this cluster and topic; the group's committed offset; the earliest one.
    A partition that the cursor does not know (it was added later) starts at its earliest offset. One that can't be read
    keeps what the first two say of it; one that the topic does not have (it was made anew with fewer) is forgotten.

    Raises:
        OffsetOutOfRangeError: an offset lies outside what the broker still holds and ``out_of_range`` is "error".
    """
    warnings: list[str] = []
    known: Mapping[int, int] | None = None
    if cursor is not None and (cursor.cluster_id, cursor.topic) == (cluster_id, topic):
        known = cursor.offsets
    elif cursor is not None:
        warnings.append(
            f"The cursor belongs to topic {cursor.topic!r} of cluster {cursor.cluster_id!r}, Kafka now is cluster "
            f"{cluster_id!r}: its offsets mean nothing here. Starting from committed offsets, else from the earliest."
        )
    chosen: dict[int, int] = {}
    for partition, state in sorted(partitions.items()):
        wanted = state.committed if known is None else known.get(partition)
        if wanted is None:
            chosen[partition] = state.low
        elif state.low <= wanted <= state.high:
            chosen[partition] = wanted
        else:
            chosen[partition], warning = _replace_out_of_range(f"{topic}[{partition}]", wanted, state, out_of_range)
            warnings.append(warning)
    kept: dict[int, int] = {}
    for partition, absent in sorted(unreadable.items()):
        place = absent.committed if known is None else known.get(partition)
        if place is not None:
            kept[partition] = place
        warnings.append(_left_out(topic, partition, absent.reason, place))
    return StartOffsets(offsets=chosen, kept=kept, warnings=tuple(warnings))


def _left_out(topic: str, partition: int, reason: str, place: int | None) -> str:
    later = "its earliest message" if place is None else f"offset {place}"
    return (
        f"{topic}[{partition}] can't be read now ({reason}): it is left out of this tick, the others are read. "
        f"Look at its brokers: kafka-topics.sh --describe --topic {topic}. Reading it goes on at {later}."
    )


def _replace_out_of_range(name: str, wanted: int, state: PartitionState, out_of_range: OutOfRange) -> tuple[int, str]:
    fact = f"Offset {wanted} of {name} is outside of what Kafka holds ({state.low} to {state.high})"
    if out_of_range == "error":
        raise OffsetOutOfRangeError(
            f"{fact}. Messages may be lost: find out why, then set SUMMARY_KAFKA_OUT_OF_RANGE to earliest or latest."
        )
    replacement = state.low if out_of_range == "earliest" else state.high
    return replacement, f"{fact}; going on at {out_of_range} ({replacement}), as SUMMARY_KAFKA_OUT_OF_RANGE says."
