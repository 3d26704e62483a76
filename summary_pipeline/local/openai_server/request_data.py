"""The data in a request: what is to be summarized, apart from the instructions around it.

Belongs here: finding the data of our own requests (``summary_pipeline.summarization.prompts`` has their form) and the
schema that instructions describe to models which take none (``call_shapes`` has that), and
cutting text into sentences short enough to choose from. Does not belong here: choosing (``extractive``).
"""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass

from summary_pipeline.local.openai_server.chat_request import RequestedSchema
from summary_pipeline.summarization.sentences import split_sentences

_BLOCK = re.compile(
    r"^<data (?P<kind>transcript|summaries) (?P<id>\d+)>\n(?P<data>.*?)\n</data (?P=id)>$",
    re.MULTILINE | re.DOTALL,
)
_SCHEMA = re.compile(r'JSON schema "(?P<name>[\w-]{1,64})":\n(?P<schema>\{.*\})$', re.MULTILINE)
_MARKED_LINE = re.compile(r"^\[(\d+)\] ?(.*)$")

_LONGEST = 160
"""Units of length in a sentence (a wide character counts four) above which it is cut: about 30 words."""
_WIDE = re.compile(r"[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u2e80-\ud7ff\uf900-\ufaff]")
_CLAUSE_ENDS = ",;:，；：、،؛—–"


@dataclass(frozen=True, slots=True)
class Passage:
    """A paragraph and the marker that stands before it (None before the first one, or in a foreign prompt)."""

    marker: int | None
    text: str


@dataclass(frozen=True, slots=True)
class RequestData:
    """What is to be summarized, in passages: paragraphs of a transcript, or lines of partial summaries."""

    passages: tuple[Passage, ...]
    of_summaries: bool = False


def find_data(text: str) -> RequestData | None:
    """Return the block of data in a user message, or None where there is none."""
    block = _BLOCK.search(text)
    if block is None:
        return None
    passages = tuple(_read_passages(block["data"].split("\n")))
    return RequestData(passages, of_summaries=block["kind"] == "summaries")


def find_blocks(text: str) -> list[str]:
    """Return what stands in each block of data, in order."""
    return [block["data"] for block in _BLOCK.finditer(text)]


def find_described_schema(instructions: str) -> RequestedSchema | None:
    """Return the JSON schema that instructions ask to keep to, or None where they describe none."""
    described = _SCHEMA.search(instructions)
    if described is None:
        return None
    try:
        return RequestedSchema(described["name"], json.loads(described["schema"]))
    except json.JSONDecodeError:
        return None


def split_text(text: str) -> list[str]:
    """Return the sentences of ``text``, very long ones (captions without punctuation) cut at clauses or words."""
    return [piece for sentence in split_sentences(text) for piece in _pieces(sentence)]


def _read_passages(lines: list[str]) -> Iterator[Passage]:
    marker: int | None = None
    text: list[str] = []
    for line in lines:
        marked = _MARKED_LINE.match(line)
        if marked is None:
            text.append(line)
            continue
        if text:
            yield Passage(marker, "\n".join(text))
        marker, text = int(marked[1]), [marked[2]]
    if text:
        yield Passage(marker, "\n".join(text))


def _pieces(sentence: str) -> Iterator[str]:
    while _length(sentence) > _LONGEST:
        end = _cut(sentence)
        yield sentence[:end].strip()
        sentence = sentence[end:].strip()
    if sentence:
        yield sentence


def _cut(sentence: str) -> int:
    """Return where to cut: after the last clause within ``_LONGEST`` units, else after the last word, else there."""
    length = 0
    word = clause = 0
    for index, character in enumerate(sentence):
        length += 4 if _WIDE.match(character) else 1
        if length > _LONGEST:
            return clause or word or index
        if character.isspace():
            word = index + 1
        elif character in _CLAUSE_ENDS and length > _LONGEST // 3:
            clause = index + 1
    return len(sentence)


def _length(text: str) -> int:
    return len(text) + 3 * len(_WIDE.findall(text))
