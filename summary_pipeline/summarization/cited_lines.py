"""The answers about parts of a transcript: lines of text, each behind the marker that it cites.

Belongs here: reading such answers, and the checks that each passes. Does not belong here: what the model is told
(``prompts``), answers in JSON (``structured``), what a marker is (``markers``), whether what is cited was shown
(``citations``).

    [17] The council votes to keep the tram, 9 to 4.
    [140] Works start in March and cost 2.3 million euros.

Lines weigh a quarter less than the same statements in JSON, and no schema has to be sent with every chunk. The form is
checked all the same: an answer that cites nothing is none.
"""

import re
from collections.abc import Iterator

from pydantic import BaseModel, ConfigDict

from summary_pipeline.summarization.markers import MARKER
from summary_pipeline.summarization.structured import UnusableAnswerError, bare_answer, clean_text

CHUNK_SUMMARY = "chunk_summary"
PARTIAL_MERGE = "partial_merge"

_DECORATION = r"[\s>*_•\-–\"'“”]*(?:\d{1,2}[.)]\s+)?[*_\"'“]*"
_STOP = r"[.!?…。！？｡]"
_LEADING = re.compile(rf"^{_DECORATION}{MARKER}|(?<={_STOP})[\"'”’)*]*\s*{MARKER}(?=\s*\S)")
"""A marker at a line's start, or behind the end of a sentence with more behind it."""
_TRAILING = re.compile(rf"{MARKER}[\"'”’)*_]*({_STOP}?)")
_ENDS_CITED = re.compile(rf"{MARKER}[\"'”’)*_]*{_STOP}?[\s*_]*$")
_WITHIN = re.compile(rf"\s{MARKER}")
_ANNOUNCES = re.compile(r"[:：][\s*_]*$")
_EDGES = " :：-–—*_>"


class CitedLine(BaseModel):
    """A statement and the index of the snippet that it cites; None where it cites none."""

    model_config = ConfigDict(frozen=True)

    at: int | None
    text: str


class PartialAnswer(BaseModel):
    """The answer about one chunk, and of a reduce call below the last level."""

    model_config = ConfigDict(frozen=True)

    statements: tuple[CitedLine, ...]

    @property
    def prose(self) -> str:
        """What it says of the part, without markers."""
        return " ".join(said.text for said in self.statements)


def read_partial(text: str) -> PartialAnswer:
    """Read an answer in cited lines.

    Read too are list marks and emphasis around markers, several statements on one line, statements over several lines,
    and markers behind what they belong to where no line starts with one. A first line that only announces the rest is
    left out; another line without a marker is kept without citation.

    Raises:
        UnusableAnswerError: nothing is cited, or nothing is said.
    """
    paragraphs = [paragraph.splitlines() for paragraph in re.split(r"\n\s*\n", bare_answer(text))]
    lines = [line for paragraph in paragraphs for line in paragraph]
    if any(_LEADING.match(line) for line in lines):
        said = [pair for paragraph in paragraphs for pair in _behind_markers(paragraph)]
    elif any(_ENDS_CITED.search(line) for line in lines):
        said = [pair for line in lines for pair in _before_markers(line)]
    else:
        raise UnusableAnswerError("no line starts with the [number] of where its subject starts.")
    if said[0][0] is None and _ANNOUNCES.search(lines[0]):
        del said[0]
    statements = tuple(
        CitedLine(at=at, text=cleaned) for at, words in said if any(map(str.isalnum, cleaned := _cleaned(words)))
    )
    if not statements:
        raise UnusableAnswerError("its lines say nothing.")
    return PartialAnswer(statements=statements)


def _behind_markers(paragraph: list[str]) -> Iterator[tuple[int | None, str]]:
    """Yield what stands behind each marker of a paragraph, lines without one joined to the line before."""
    at: int | None = None
    words = ""
    for line in paragraph:
        end = 0
        for marker in _LEADING.finditer(line):
            if words or line[end : marker.start()]:
                yield at, f"{words} {line[end : marker.start()]}"
            at, words, end = int(marker[1] or marker[2]), "", marker.end()
        words = f"{words} {line[end:]}"
    yield at, words


def _before_markers(line: str) -> Iterator[tuple[int | None, str]]:
    """Yield what stands before each marker of a line, with the full stop behind the marker."""
    end = 0
    for marker in _TRAILING.finditer(line):
        yield int(marker[1]), line[end : marker.start()].rstrip() + marker[2]
        end = marker.end()
    if line[end:].strip():
        yield None, line[end:]


def _cleaned(words: str) -> str:
    """Return a statement on one line, without what is left of markers, lists and emphasis."""
    return clean_text(_WITHIN.sub("", words)).strip(_EDGES)
