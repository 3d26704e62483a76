"""What the server says: extracts of the request, in the form that was asked for.

Belongs here: composing answers for our own kinds of call, for any other JSON schema, and for a plain chat.
Does not belong here: ranking (``extractive``), HTTP, faults.

Every sentence of an answer stands in the request, except that a capital at the start and a full stop at the end are
supplied where captions have none. Titles and points are consecutive words of the request.
"""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from summary_pipeline.local.openai_server.chat_request import ChatRequest, RequestedSchema
from summary_pipeline.local.openai_server.extractive import (
    RankedSentences,
    find_boundaries,
    rank_sentences,
    select_sentences,
    select_topics,
    select_words,
    without_speaker,
)
from summary_pipeline.local.openai_server.json_schemas import minimal_instance
from summary_pipeline.local.openai_server.languages import detect_language
from summary_pipeline.local.openai_server.request_data import (
    Passage,
    RequestData,
    find_data,
    find_described_schema,
    split_text,
)
from summary_pipeline.local.openai_server.vocabulary import count_tokens, rarity
from summary_pipeline.summarization.prompts import LINES_ASKED_FOR
from summary_pipeline.summarization.sentences import join_sentences

Style = Literal["extractive", "leading"]

_PROSE_SENTENCES = 5
_MARKER_TOKENS = 5
_KEY_POINT_WORDS = 12
_TITLE_WORDS = 6
_CHAPTER_CHARACTERS = 5000
"""A chapter for about so much text: five minutes of speech."""
_CHAPTER_LINES = 3
"""A chapter for so many lines of partial summaries."""
_DEFAULT_OUTPUT_TOKENS = 1000
_ASKS_FOR_LINES = re.compile(re.escape(LINES_ASKED_FOR).replace(re.escape("{lines}"), r"(\d+)"))
_FINAL_KEYS = {"sentences", "key_points", "chapters", "topics", "language"}
_ENDS = ".!?…؟۔।。！？｡"
_CLOSERS = "\"'”’»)]）」』"


def compose_answer(request: ChatRequest, style: Style) -> str:
    """Return the content of the answer to ``request``, within its output limit where that can be.

    Raises:
        UnsatisfiableSchemaError: the request's schema is not one of ours and no document is known for it.
    """
    data = find_data(request.user_text)
    source = _Source.of(data or RequestData((Passage(None, request.user_text),)), style)
    budget = request.max_output_tokens or _DEFAULT_OUTPUT_TOKENS
    lines = _ASKS_FOR_LINES.search(request.instructions)
    if data is not None and lines is not None:
        return _cited_lines(source, int(lines[1]), budget)
    schema = request.schema or find_described_schema(request.instructions)
    if schema is None:
        return _dump({"summary": source.prose(budget - 10)}) if request.json_object else source.prose(budget)
    properties = set(schema.schema.get("properties", {}))
    if data is not None and properties == _FINAL_KEYS:
        return _final_answer(source, schema, budget)
    return _dump(minimal_instance(schema.schema, source.prose(budget // 4)))


@dataclass(frozen=True)
class _Source:
    """What can be chosen from: sentences with the marker they stand under, their ranking, and the passages."""

    sentences: tuple[str, ...]
    markers: tuple[int | None, ...]
    ranked: RankedSentences
    sections: tuple[Passage, ...]
    of_summaries: bool

    @classmethod
    def of(cls, data: RequestData, style: Style) -> "_Source":
        pairs = [(sentence, section.marker) for section in data.passages for sentence in split_text(section.text)]
        sentences = tuple(sentence for sentence, _ in pairs)
        return cls(
            sentences=sentences,
            markers=tuple(marker for _, marker in pairs),
            ranked=rank_sentences(sentences, rarity) if style == "extractive" else _in_order(len(sentences)),
            sections=data.passages,
            of_summaries=data.of_summaries,
        )

    def choose(self, count: int, budget: int) -> list[Passage]:
        """Return up to ``count`` finished sentences, in order, of ``budget`` tokens in all, but at least one.

        Each comes with the marker that it stands under.
        """
        weights: dict[int, int] = {}

        def fits(indices: list[int]) -> bool:
            for index in indices:
                if index not in weights:
                    weights[index] = count_tokens(_dump(self.sentences[index])) + 2
            return sum(weights[index] for index in indices) <= budget

        chosen = select_sentences(self.ranked, count, fits=fits) or select_sentences(self.ranked, 1)
        return [Passage(self.markers[i], _finished(self.sentences[i])) for i in chosen]

    def prose(self, budget: int) -> str:
        return join_sentences([chosen.text for chosen in self.choose(_PROSE_SENTENCES, budget)])

    def cited(self, count: int, words: int) -> list[Passage]:
        """Return up to ``count`` short statements that cite a marker, in order, a marker at most once."""
        seen: set[int | None] = {None}
        cited: list[Passage] = []
        for i in select_sentences(self.ranked, 3 * count):
            if self.markers[i] not in seen and len(cited) < count:
                seen.add(self.markers[i])
                cited.append(
                    Passage(
                        self.markers[i], select_words(without_speaker(self.sentences[i]), self.ranked.vectors[i], words)
                    )
                )
        return cited

    def chapters(self, most: int) -> list[Passage]:
        """Return up to ``most`` chapters: the marker with which each starts, increasing, and its title."""
        marked = [section for section in self.sections if section.marker is not None]
        if not marked or most < 1:
            return []
        sections = len(marked) / _CHAPTER_LINES
        if not self.of_summaries:
            sections = sum(len(section.text) for section in marked) / _CHAPTER_CHARACTERS
        wanted = max(1, min(most, round(sections), len(marked)))
        starts = find_boundaries([section.text for section in marked], wanted, rarity)
        chapters: list[Passage] = []
        for start, end in zip(starts, [*starts[1:], len(marked)], strict=True):
            marker = marked[start].marker
            if not chapters or (marker or 0) > (chapters[-1].marker or 0):
                chapters.append(Passage(marker, self._title(marked[start:end])))
        return chapters

    def _title(self, sections: Sequence[Passage]) -> str:
        within = {section.marker for section in sections}
        indices = [i for i, marker in enumerate(self.markers) if marker in within]
        if not indices:
            return ""
        best = max(indices, key=lambda i: self.ranked.scores[i])
        return select_words(without_speaker(self.sentences[best]), self.ranked.vectors[best], _TITLE_WORDS)


def _cited_lines(source: _Source, most: int, budget: int) -> str:
    lines: list[tuple[int, list[str]]] = []
    for chosen in source.choose(most, budget - _MARKER_TOKENS * most):
        marker = chosen.marker or 0
        if not lines or lines[-1][0] != marker:
            lines.append((marker, []))
        lines[-1][1].append(chosen.text)
    return "\n".join(f"[{marker}] {join_sentences(said)}" for marker, said in lines)


def _final_answer(source: _Source, schema: RequestedSchema, budget: int) -> str:
    fewest = schema.schema["properties"]["sentences"].get("minItems", 0)
    wanted = max(fewest, min(_PROSE_SENTENCES, _most(schema, "sentences", _PROSE_SENTENCES)))
    sentences = [chosen.text for chosen in source.choose(wanted, budget // 2)]
    text = "\n".join(section.text for section in source.sections)
    answer: dict[str, Any] = {
        "sentences": _at_least(sentences, fewest, source.sentences),
        "key_points": _cited(source.cited(_most(schema, "key_points", 4), _KEY_POINT_WORDS), "text"),
        "chapters": _cited(source.chapters(_most(schema, "chapters", 6)), "title"),
        "topics": select_topics([section.text for section in source.sections], _most(schema, "topics", 5), rarity),
        "language": detect_language(text),
    }
    # What a reader misses least goes first. A limit too small for the sentences cuts them off, as it would a model.
    for name in ("topics", "key_points", "chapters"):
        while answer[name] and count_tokens(_dump(answer)) > budget:
            answer[name].pop()
    return _dump(answer)


def _at_least(sentences: list[str], fewest: int, available: Sequence[str]) -> list[str]:
    """Return ``sentences`` where they are enough, else the first that there are, cut in two until they are."""
    if len(sentences) >= fewest:
        return sentences
    result = [_finished(sentence) for sentence in available[: max(fewest, len(sentences))]] or sentences
    while len(result) < fewest:
        longest = max(range(len(result)), key=lambda i: len(result[i]), default=None)
        if longest is None or len(result[longest]) < 4:
            return [*result, *[""] * (fewest - len(result))]
        halves = _halves(result[longest])
        result[longest : longest + 1] = [_finished(half) for half in halves]
    return result


def _halves(text: str) -> tuple[str, str]:
    middle = len(text) // 2
    space = text.find(" ", middle)
    cut = space if 0 < space < len(text) - 2 else middle
    return text[:cut].strip(), text[cut:].strip()


def _finished(sentence: str) -> str:
    """Supply the capital and the full stop that captions leave out."""
    text = sentence[:1].upper() + sentence[1:]
    if text.rstrip(_CLOSERS)[-1:] in _ENDS:
        return text
    wide = "\u2e80" <= text[-1:] <= "\uffef"
    return text.rstrip(",;:，；：、،-–— ") + ("。" if wide else ".")


def _cited(passages: list[Passage], key: str) -> list[dict[str, Any]]:
    return [{"at": passage.marker, key: passage.text} for passage in passages]


def _most(schema: RequestedSchema, name: str, default: int) -> int:
    wanted: Mapping[str, Any] = schema.schema["properties"][name]
    return int(wanted.get("maxItems", default))


def _in_order(count: int) -> RankedSentences:
    return RankedSentences(tuple({} for _ in range(count)), tuple(1 - i / (count + 1) for i in range(count)))


def _dump(document: object) -> str:
    return json.dumps(document, ensure_ascii=False)
