"""What a dead letter says of where it came from and why it is one.

Belongs here: dead letters from rejected messages and from events that were given up, and their headers, in Kafka
Connect's convention, so that tools which know Connect know ours.
Does not belong here: writing, listing and replaying.
"""

from typing import Final

from summary_pipeline.contract.dead_letter import DeadLetter
from summary_pipeline.contract.events import VideoTranscribed
from summary_pipeline.contract.topics import VIDEO_TRANSCRIBED
from summary_pipeline.intake.planning import RejectedMessage

PREFIX: Final = "__connect.errors."
REJECTED_STAGE: Final = "VALUE_CONVERTER"
"""Connect's name for the step that reads a message's value."""
GIVEN_UP_STAGE: Final = "SWEEP"
"""Not one of Connect's: the sensors that give up events which have no effect."""


def rejected_letter(rejected: RejectedMessage, *, cluster_id: str) -> DeadLetter:
    """Return the dead letter of a message that is no valid event."""
    message = rejected.message
    return DeadLetter(
        topic=message.topic,
        key=message.key,
        value=message.value,
        headers=message.headers,
        stage=REJECTED_STAGE,
        error_class="InvalidEventError",
        reason=rejected.reason,
        cluster_id=cluster_id,
        partition=message.partition,
        offset=message.offset,
    )


def given_up_letter(event: VideoTranscribed, reason: str, *, payload: bytes | None = None) -> DeadLetter:
    """Return the dead letter of a valid event that has no effect after a bounded number of runs.

    Args:
        event: the event.
        reason: why no further run is requested.
        payload: the event's JSON as it was sent; written anew where it is not known.
    """
    return DeadLetter(
        topic=VIDEO_TRANSCRIBED,
        key=str(event.video_id).encode(),
        value=event.to_json_bytes() if payload is None else payload,
        headers=(),
        stage=GIVEN_UP_STAGE,
        error_class="EventGivenUp",
        reason=reason,
        event_id=event.id,
        video_id=event.video_id,
    )


def dead_letter_headers(letter: DeadLetter, *, consumer: str) -> list[tuple[str, bytes | None]]:
    """Return the message's own headers, followed by those that say where it came from and why it is here."""
    why = {
        "topic": letter.topic,
        "partition": letter.partition,
        "offset": letter.offset,
        "connector.name": consumer,
        "stage": letter.stage,
        "exception.class.name": letter.error_class,
        "exception.message": letter.reason,
    }
    told = [(f"{PREFIX}{name}", str(text).encode(errors="replace")) for name, text in why.items() if text is not None]
    return [*letter.headers, *told]
