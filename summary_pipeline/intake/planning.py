"""What to do with the messages of one tick.

Belongs here: sorting messages into runs to request, repeats, and messages for the dead-letter topic.
Does not belong here: reading or writing Kafka or the database, and Dagster's types.
"""

from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass, field

from summary_pipeline.contract.events import InvalidEventError, VideoTranscribed, parse_video_transcribed


@dataclass(frozen=True, slots=True)
class ReceivedMessage:
    """A Kafka message as it came, and where from."""

    topic: str
    partition: int
    offset: int
    key: bytes | None
    value: bytes | None
    headers: tuple[tuple[str, bytes | None], ...] = ()


@dataclass(frozen=True, slots=True)
class AcceptedEvent:
    """A valid event and the message that brought it."""

    event: VideoTranscribed
    message: ReceivedMessage


@dataclass(frozen=True, slots=True)
class RejectedMessage:
    """A message that is no valid event, and why."""

    message: ReceivedMessage
    reason: str


@dataclass(frozen=True, slots=True)
class TickPlan:
    """The outcome of a tick, in the order of the messages."""

    accepted: tuple[AcceptedEvent, ...] = ()
    rejected: tuple[RejectedMessage, ...] = ()
    repeats: tuple[AcceptedEvent, ...] = field(default=())


class TooManyRejectedError(RuntimeError):
    """So many messages are bad that the fault is more likely in a deployment than in the messages."""


def plan_tick(
    messages: Iterable[ReceivedMessage], *, processed: Callable[[Collection[str]], Collection[str]]
) -> TickPlan:
    """Sort ``messages``; ``processed`` tells which of some event ids have had their effect already.

    A second message with an event id of the same tick is a repeat too.
    """
    parsed: list[AcceptedEvent] = []
    rejected: list[RejectedMessage] = []
    for message in messages:
        try:
            event = parse_video_transcribed(message.value, message.key)
        except InvalidEventError as error:
            rejected.append(RejectedMessage(message, str(error)))
        else:
            parsed.append(AcceptedEvent(event, message))
    seen = set(processed({item.event.id for item in parsed})) if parsed else set()
    accepted: list[AcceptedEvent] = []
    repeats: list[AcceptedEvent] = []
    for item in parsed:
        (repeats if item.event.id in seen else accepted).append(item)
        seen.add(item.event.id)
    return TickPlan(tuple(accepted), tuple(rejected), tuple(repeats))


def refuse_mass_rejection(plan: TickPlan, *, read: int, share: float, least: int = 10) -> None:
    """Stop before a bad deployment sends the whole topic to the dead-letter topic.

    Args:
        plan: what the tick would do.
        read: how many messages the tick read.
        share: the largest share of bad messages, 0 to 1, that still are the messages' own fault; 1 lets all pass.
        least: fewer messages than this prove nothing.

    Raises:
        TooManyRejectedError: of at least ``least`` messages read, more than ``share`` are bad.
    """
    if read >= least and len(plan.rejected) > share * read:
        first = plan.rejected[0]
        raise TooManyRejectedError(
            f"{len(plan.rejected)} of {read} messages are no valid video.transcribed events; nothing was dead-lettered "
            f"and the cursor stays. First: {first.message.topic}[{first.message.partition}]@{first.message.offset}: "
            f"{first.reason}. Check the producer, or what was deployed here last. If they are to be dead-lettered all "
            "the same, set SUMMARY_MAX_REJECTED_SHARE=1 until they are past."
        )
