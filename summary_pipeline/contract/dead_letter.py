"""What is kept of a message or an event that had no effect, so that a person can look at it and replay it.

Belongs here: the value that the dead-letter topic and the table ``dead_letters`` hold alike.
Does not belong here: why something is dead-lettered (``intake``, ``defs``), or writing it.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """A message that is no valid event, or an event that was given up.

    ``key`` and ``value`` are the bytes as they came, for ``topic`` to be produced to again. A message has a place in
    Kafka: ``cluster_id``, ``partition`` and ``offset``. An event that was given up has none, and is known by
    ``event_id``. ``stage``, ``error_class`` and ``reason`` say where, how and why it ended.
    """

    topic: str
    key: bytes | None
    value: bytes | None
    headers: tuple[tuple[str, bytes | None], ...]
    stage: str
    error_class: str
    reason: str
    cluster_id: str | None = None
    partition: int | None = None
    offset: int | None = None
    event_id: str | None = None
    video_id: int | None = None
