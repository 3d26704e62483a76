"""The names of Kafka topics.

Belongs here: names. Does not belong here: creating, reading or writing topics.
"""

from typing import Final

VIDEO_TRANSCRIBED: Final = "video.transcribed"
"""Events that this pipeline reads."""
VIDEO_SUMMARIZED: Final = "video.summarized"
"""Events that this pipeline writes, through the outbox."""
VIDEO_TRANSCRIBED_DEAD_LETTERS: Final = "video.transcribed.dlq"
"""Messages of ``video.transcribed`` that are no valid events."""

TOPICS: Final = (VIDEO_TRANSCRIBED, VIDEO_SUMMARIZED, VIDEO_TRANSCRIBED_DEAD_LETTERS)
"""Every topic that has to exist for this pipeline to work."""
