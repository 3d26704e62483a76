"""The transcript as the domain sees it: ordered snippets with optional times.

Belongs here: the value types. Does not belong here: reading file formats (``parsing``) or cutting (``chunking``).
"""

from pydantic import BaseModel, ConfigDict


class Snippet(BaseModel):
    """A stretch of speech as the transcriber wrote it.

    ``start`` and ``end`` are seconds from the start of the video, or None where the source has no usable time.
    """

    model_config = ConfigDict(frozen=True)

    text: str
    start: float | None = None
    end: float | None = None


class Transcript(BaseModel):
    """A normalized transcript. ``language`` is a BCP 47 primary tag where the source states it, else None."""

    model_config = ConfigDict(frozen=True)

    snippets: tuple[Snippet, ...]
    language: str | None = None

    @property
    def text(self) -> str:
        """All of the text, a snippet a line: exactly what is chunked."""
        return "\n".join(snippet.text for snippet in self.snippets)
