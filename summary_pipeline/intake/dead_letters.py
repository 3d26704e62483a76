"""What a dead letter carries beside the original bytes.

Belongs here: the headers, in Kafka Connect's convention, so that tools which know Connect know ours.
Does not belong here: producing, listing and replaying.
"""

from summary_pipeline.intake.planning import ReceivedMessage, RejectedMessage

PREFIX = "__connect.errors."


def dead_letter_headers(rejected: RejectedMessage, *, consumer: str) -> list[tuple[str, bytes | None]]:
    """Return the message's own headers, followed by those that say where it came from and why it is here."""
    message: ReceivedMessage = rejected.message
    why = {
        "topic": message.topic,
        "partition": str(message.partition),
        "offset": str(message.offset),
        "connector.name": consumer,
        "stage": "VALUE_CONVERTER",
        "exception.class.name": "InvalidEventError",
        "exception.message": rejected.reason,
    }
    return [*message.headers, *((f"{PREFIX}{name}", text.encode()) for name, text in why.items())]
