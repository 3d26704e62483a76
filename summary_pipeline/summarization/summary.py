"""What summarization returns: partial summaries, the final summary, and the document that is kept of it.

Belongs here: frozen types that survive a round trip through JSON, the document's schema and its version, plain-text
renderings. Does not belong here: how the values come about. ``docs/summary-schema.md`` describes the document for its
readers.
"""

import datetime as dt
import re
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict

from summary_pipeline.summarization.chunking import Chunk
from summary_pipeline.summarization.cost import Usage

SCHEMA_VERSION = 1

_ASCII_RUN = re.compile(r"[!-~]+")
_ADDRESS = re.compile(r"https?://|www\.|@", re.IGNORECASE)


class _Value(BaseModel):
    model_config = ConfigDict(frozen=True)


class KeyPoint(_Value):
    """A statement of the video. ``snippet`` and ``start`` are None where the model cited nothing that exists."""

    text: str
    snippet: int | None = None
    start: float | None = None


class Chapter(_Value):
    """A section of the video, from ``start`` (seconds; None where the transcript has no times) to the next chapter."""

    title: str
    snippet: int
    start: float | None = None


class PartialSummary(_Value):
    """What is left of one chunk, or after merging of several: cited statements. Also says what it stands for.

    ``chunks`` and ``tokens`` are what coverage is computed from. ``usage`` is what it cost, by whoever it was paid;
    ``from_store`` says that this run paid nothing for it. ``request_tokens`` is what its request weighed by our count.
    """

    chunks: tuple[int, ...]
    tokens: int
    statements: tuple[KeyPoint, ...]
    model: str
    prompt_name: str
    prompt_version: str
    usage: Usage = Usage()
    from_store: bool = False
    request_tokens: int = 0
    notes: tuple[str, ...] = ()


class ChunkSummaries(_Value):
    """The map phase's result: everything that the reduce phase needs.

    Either ``partials`` holds one summary a chunk, in order, or ``verbatim`` holds all chunks of a transcript that one
    call summarizes.
    """

    partials: tuple[PartialSummary, ...] = ()
    verbatim: tuple[Chunk, ...] = ()
    chunk_count: int
    transcript_tokens: int
    snippet_count: int
    encoding: str
    language: str | None = None
    source_sha256: str | None = None
    """As in ``Chunks``."""
    run_id: str | None = None
    """The run that made this, as whoever runs it names it; None where nobody does."""

    def paid_before(self) -> "ChunkSummaries":
        """Return the same as another run has it that goes on from here: all of it from the store, none of it paid."""
        paid = tuple(partial.model_copy(update={"from_store": True}) for partial in self.partials)
        return self.model_copy(update={"partials": paid})

    @property
    def usage(self) -> Usage:
        """What this run spent."""
        return sum((partial.usage for partial in self.partials if not partial.from_store), Usage())

    @property
    def stored_usage(self) -> Usage:
        """What the partial summaries that came from the store had cost when they were made."""
        return sum((partial.usage for partial in self.partials if partial.from_store), Usage())

    @property
    def stored_count(self) -> int:
        """How many chunks this run did not have to pay for."""
        return sum(partial.from_store for partial in self.partials)


class Provenance(_Value):
    """How a summary came about."""

    requested_model: str
    answered_by: tuple[str, ...]
    """Every model name that answers carried."""
    prompt_versions: dict[str, str]
    """Hash of instructions, schema and model settings by kind of call, for those that were made."""
    prompt_version: str | None = None
    """Hash of all prompts together as they were when this was made; None for what was made before it was kept."""
    parameters: dict[str, Any]
    single_call: bool
    chunk_count: int
    snippet_count: int
    transcript_tokens: int
    encoding: str
    covered_tokens: int
    coverage: float
    """``covered_tokens / transcript_tokens``; a summary with less than 1.0 does not exist."""
    reduce_levels: int
    """Calls that a chunk's summary went through after the map phase, at most."""
    usage: Usage
    """What was spent on this summary that no saved one before it has counted."""
    stored_usage: Usage
    """What the answers taken from the store had cost when they were made."""
    stored_answers: int
    """How many those were; in a summary that was only saved again, calls of the run that made it stand for answers."""


class FinalSummary(_Value):
    """The summary of one video."""

    summary: str
    sentence_count: int
    key_points: tuple[KeyPoint, ...]
    chapters: tuple[Chapter, ...]
    topics: tuple[str, ...]
    language: str | None
    model: str
    """The model as the last answer named it."""
    notes: tuple[str, ...] = ()
    """What was dropped or is out of the ordinary, for people."""
    provenance: Provenance
    source_sha256: str | None = None
    """As in ``Chunks``."""
    run_id: str | None = None
    """As in ``ChunkSummaries``."""
    counted_runs: tuple[str, ...] = ()
    """The runs whose calls ``provenance.usage`` counts: the one that made this, and where it was another, the one that
    made its chunk summaries."""

    def paid_before(self) -> "FinalSummary":
        """Return the same as another run has it that only saves it: all of it from the store, none of it paid."""
        made = self.provenance
        provenance = made.model_copy(
            update={
                "usage": Usage(),
                "stored_usage": made.stored_usage + made.usage,
                "stored_answers": made.stored_answers + made.usage.calls,
            }
        )
        return self.model_copy(update={"provenance": provenance, "counted_runs": ()})


class Source(_Value):
    """The transcript that a summary was made from."""

    key: str
    sha256: str
    """Of the object's bytes, in hexadecimal."""


class SummaryDocument(_Value):
    """``summary.json``. A change that a reader could trip over raises ``schema_version``."""

    schema_name: Literal["video-summary"] = "video-summary"
    schema_version: int = SCHEMA_VERSION
    video_id: int
    event_id: str | None
    """None where the summary was asked for without an event (a backfill)."""
    created_at: dt.datetime
    source: Source
    summary: str
    sentence_count: int
    key_points: tuple[KeyPoint, ...]
    chapters: tuple[Chapter, ...]
    topics: tuple[str, ...]
    language: str | None
    model: str
    quality: dict[str, Any] | None
    """The quality score with its parts and flags, None where it was not computed."""
    notes: tuple[str, ...]
    provenance: Provenance


def summary_document(
    final: FinalSummary,
    *,
    video_id: int,
    source: Source,
    created_at: dt.datetime,
    event_id: str | None = None,
    quality: dict[str, Any] | None = None,
) -> SummaryDocument:
    """Return the document to keep of ``final``. ``created_at`` needs a time zone.

    Raises:
        ValueError: ``created_at`` has no time zone.
    """
    if created_at.tzinfo is None:
        message = "created_at needs a time zone"
        raise ValueError(message)
    return SummaryDocument(
        video_id=video_id,
        event_id=event_id,
        created_at=created_at.astimezone(dt.UTC),
        source=source,
        quality=quality,
        summary=final.summary,
        sentence_count=final.sentence_count,
        key_points=final.key_points,
        chapters=final.chapters,
        topics=final.topics,
        language=final.language,
        model=final.model,
        notes=final.notes,
        provenance=final.provenance,
    )


def summary_text(final: FinalSummary) -> str:
    """Return ``summary.txt``: the summary alone, ending in a line break."""
    return f"{final.summary}\n"


def summary_markdown(final: FinalSummary) -> str:
    """Return the summary with its key points and chapters as Markdown, for people."""
    blocks = [_escaped(final.summary)]
    if final.key_points:
        blocks.append("\n".join(f"- {_escaped(point.text)}" for point in final.key_points))
    if final.chapters:
        lines = (
            f"- {clock_time(chapter.start)} {_escaped(chapter.title)}"
            if chapter.start is not None
            else f"- {_escaped(chapter.title)}"
            for chapter in final.chapters
        )
        blocks.append("**Chapters**\n\n" + "\n".join(lines))
    if final.topics:
        blocks.append("**Topics:** " + ", ".join(_escaped(topic) for topic in final.topics))
    return "\n\n".join(blocks) + "\n"


def clock_time(seconds: float) -> str:
    """Return ``seconds`` as ``m:ss``, or ``h:mm:ss`` from one hour on."""
    minutes, rest = divmod(int(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"


def _escaped(text: str) -> str:
    """Return ``text`` so that Markdown shows it as it stands: what a model wrote must not become links or HTML.

    Addresses become code: viewers make links of bare ones, escaped or not.
    """
    return _ASCII_RUN.sub(lambda run: _code(run[0]) if _ADDRESS.search(run[0]) else _plain(run[0]), text)


def _plain(text: str) -> str:
    return "".join(f"\\{character}" if character in r"\`*_{}[]<>#|!" else character for character in text)


def _code(text: str) -> str:
    """Return a code span, fenced by more backticks than ``text`` has together."""
    fence = "`" * (max(map(len, re.findall("`+", text)), default=0) + 1)
    return f"{fence} {text} {fence}" if "`" in text else f"{fence}{text}{fence}"
