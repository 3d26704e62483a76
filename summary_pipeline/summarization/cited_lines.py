"""The answers about parts of a transcript: lines of text, each behind the marker that it cites.

Belongs here: reading such answers, and the checks that each passes. Does not belong here: what the model is told
(``prompts``), answers in JSON (``structured``), whether what is cited was shown (``citations``).

    [17] The council votes to keep the tram, 9 to 4.
    [140] Works start in March and cost 2.3 million euros.

Lines weigh a quarter less than the same statements in JSON, and no schema has to be sent with every chunk. The form is
checked all the same: an answer that cites nothing is none.
"""

import re
from itertools import pairwise

from pydantic import BaseModel, ConfigDict

from summary_pipeline.summarization.structured import UnusableAnswerError, bare_answer, clean_text

CHUNK_SUMMARY = "chunk_summary"
PARTIAL_MERGE = "partial_merge"

_MARKER = re.compile(r"\[\s*(\d{1,9})(?:\s*[-–,;]\s*\d{1,9})*\s*\]")
"""``[17]``; of ``[17-25]`` and ``[17, 25]`` the first number counts."""
_LIST_MARK = re.compile(r"^[ \t]*(?:[-*•]|\d{1,2}[.)])[ \t]+(?=\[)", re.MULTILINE)
_ANNOUNCES = re.compile(r"[:：]\W*$")


class CitedLine(BaseModel):
    """A statement and the index of the snippet that it cites; None where it cites none."""

    model_config = ConfigDict(frozen=True)

    at: int | None
    text: str


class PartialAnswer(BaseModel):
    """The answer about one chunk, and of a reduce call below the last level."""

    model_config = ConfigDict(frozen=True)

    statements: tuple[CitedLine, ...]


def read_partial(text: str) -> PartialAnswer:
    """Read an answer in cited lines.

    Read too are markers behind what they belong to, as long as all stand there, several statements on one line, list
    marks before markers, and a line that only announces the rest, which is left out.

    Raises:
        UnusableAnswerError: nothing is cited, or nothing is said.
    """
    answer = _LIST_MARK.sub("", bare_answer(text))
    markers = list(_MARKER.finditer(answer))
    if not markers:
        raise UnusableAnswerError("no line starts with the [number] of where its subject starts.")
    edges = [0, *(edge for marker in markers for edge in marker.span()), len(answer)]
    before, *after = (clean_text(answer[start:end]) for start, end in list(pairwise(edges))[::2])
    cited = [int(marker[1]) for marker in markers]
    said: list[tuple[int | None, str]]
    if not before or _ANNOUNCES.search(before):
        said = list(zip(cited, after, strict=True))
    elif after[-1]:
        said = [(None, before), *zip(cited, after, strict=True)]
    else:
        said = list(zip(cited, [before, *after[:-1]], strict=True))
    statements = tuple(CitedLine(at=at, text=line) for at, line in said if line)
    if not statements:
        raise UnusableAnswerError("its lines say nothing.")
    return PartialAnswer(statements=statements)
