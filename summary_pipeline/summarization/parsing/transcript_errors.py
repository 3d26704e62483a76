"""What can be wrong with a transcript document, for good: reading it again would end the same way."""

from typing import Self

from summary_pipeline.summarization.errors import SummarizationError

EXPECTED_FORMS = (
    'a JSON list of {"text", "start", "duration"}, the same under "snippets", Whisper\'s verbose JSON, {"text"}, '
    "WebVTT, SubRip or plain text"
)


class UnreadableTranscriptError(SummarizationError):
    """A document is no transcript that can be read. The message says what was found, where, and what was expected."""

    def __init__(self, key: str, found: str, where: str | None = None, expected: str = EXPECTED_FORMS) -> None:
        place = f" at {where}" if where else ""
        super().__init__(f"The transcript {key!r} can't be read: found {found}{place}; expected {expected}.")
        self.key = key
        self.found = found
        self.where = where
        self.expected = expected

    def __reduce__(self) -> tuple[type[Self], tuple[str, str, str | None, str]]:
        """Survive the way between processes, which an exception's own message alone would not."""
        return type(self), (self.key, self.found, self.where, self.expected)


class EmptyTranscriptError(UnreadableTranscriptError):
    """A document is readable and holds no speech: nothing at all, or only noise markers such as ``[Music]``."""

    def __init__(
        self, key: str, found: str, where: str | None = None, expected: str = "at least one spoken word"
    ) -> None:
        super().__init__(key, found, where, expected)
