"""What to do with the messages of one tick.

Belongs here: sorting messages into runs to request, repeats, and messages for the dead-letter topic.
Does not belong here: reading or writing Kafka or the database, and Dagster's types.
"""

from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass, field
from typing import Final

from summary_pipeline.contract.events import InvalidEventError, VideoTranscribed, parse_video_transcribed

RECENT_MESSAGES: Final = 50
"""How many messages a producer's fault is judged by: few enough to see it soon, enough not to take chance for it."""
GOOD: Final = "."
BAD: Final = "x"


@dataclass(frozen=True, slots=True)
class ReceivedMessage:
    """A Kafka message as it came, and where from. ``timestamp`` is Kafka's, in milliseconds, None where it has none."""

    topic: str
    partition: int
    offset: int
    key: bytes | None
    value: bytes | None
    headers: tuple[tuple[str, bytes | None], ...] = ()
    timestamp: int | None = None


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


def recent_outcomes(earlier: str, messages: Iterable[ReceivedMessage], plan: TickPlan) -> str:
    """Return the outcomes of the newest ``RECENT_MESSAGES`` messages, ``GOOD`` or ``BAD``, the newest last.

    Args:
        earlier: what this returned for the tick before; empty where there was none.
        messages: what the tick read, in its order.
        plan: what is to be done about them.
    """
    bad = {(item.message.partition, item.message.offset) for item in plan.rejected}
    outcomes = (BAD if (message.partition, message.offset) in bad else GOOD for message in messages)
    return (earlier + "".join(outcomes))[-RECENT_MESSAGES:]


def refuse_mass_rejection(plan: TickPlan, *, read: int, share: float, recent: str = "", least: int = 10) -> None:
    """Stop before a bad deployment sends the whole topic to the dead-letter topic, at once or message by message.

    A tick without a bad message is never stopped: the good ones are what it takes to get past earlier bad ones.

    Args:
        plan: what the tick would do.
        read: how many messages the tick read.
        share: the largest share of bad messages, 0 to 1, that still are the messages' own fault; 1 lets all pass.
        recent: ``recent_outcomes`` including this tick's, for ticks too small to prove anything by themselves.
        least: fewer messages than this prove nothing.

    Raises:
        TooManyRejectedError: the tick has bad messages, and of at least ``least`` messages, either those of the tick
            or the recent ones, more than ``share`` are bad.
    """
    if not plan.rejected:
        return
    for bad, among, which in (
        (len(plan.rejected), read, "messages"),
        (recent.count(BAD), len(recent), "messages, earlier ticks' included,"),
    ):
        if among < least or bad <= share * among:
            continue
        first = plan.rejected[0]
        raise TooManyRejectedError(
            f"{bad} of {among} {which} are no valid video.transcribed events; nothing of this tick was dead-lettered "
            f"and the cursor stays. First: {first.message.topic}[{first.message.partition}]@{first.message.offset}: "
            f"{first.reason}. Check the producer, or what was deployed here last. If they are to be dead-lettered all "
            "the same, set SUMMARY_MAX_REJECTED_SHARE=1 until they are past."
        )
