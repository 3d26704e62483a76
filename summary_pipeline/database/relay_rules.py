"""The relay's decisions, apart from rows and from Kafka.

Belongs here: the settings, the key of a message, back-off, parking. Values in, values out.
Does not belong here: statements and sending (``relay``).
"""

from dataclasses import dataclass
from typing import Final

from pydantic_core import from_json

_VIDEO_ID_FIELD: Final = "videoId"


@dataclass(frozen=True, slots=True)
class RelaySettings:
    """How the relay works. The poll interval is the contract's.

    A row waits ``backoff_seconds`` after its first failure, twice as long after each further one, at most
    ``longest_backoff_seconds``. After ``most_rejections`` refusals by the broker it is parked. Waits that an outage
    causes are at most ``longest_outage_seconds``, so that work goes on soon after its end.
    """

    poll_seconds: float = 5.0
    batch_size: int = 200
    backoff_seconds: float = 5.0
    longest_backoff_seconds: float = 300.0
    longest_outage_seconds: float = 30.0
    most_rejections: int = 10


DEFAULT_RELAY_SETTINGS: Final = RelaySettings()


def backoff_seconds(settings: RelaySettings, failures: int, *, outage: bool) -> float:
    """Return the wait after the ``failures``-th failure in a row, which an ``outage`` or a refusal caused."""
    longest = settings.longest_outage_seconds if outage else settings.longest_backoff_seconds
    doublings = min(max(failures, 1) - 1, 62)
    return min(settings.backoff_seconds * 2.0**doublings, longest)


def message_key(payload: str) -> str | None:
    """Return the key of the message with this JSON payload: the video id as a string.

    None where the payload names no video; it then has no order among others and any partition will do.
    """
    try:
        document = from_json(payload)
    except ValueError:
        return None
    video_id = document.get(_VIDEO_ID_FIELD) if isinstance(document, dict) else None
    if isinstance(video_id, bool) or not isinstance(video_id, int | str):
        return None
    return str(video_id).strip() or None
