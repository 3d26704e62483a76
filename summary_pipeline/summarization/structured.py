"""The last answer: its JSON schema, the checks that it passes, and what answers of any form have to pass.

Belongs here: the shape of the last answer on the wire, reading it, cleaning text.
Does not belong here: answers about parts (``cited_lines``), what the model is told (``prompts``), retries
(``answering``), what becomes of an answer (``summary``).
"""

import re
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError

from summary_pipeline.summarization.answer_limits import KEY_POINTS, TOPICS, max_chapters
from summary_pipeline.summarization.characters import INVISIBLE, SURROGATE
from summary_pipeline.summarization.language_model import JsonSchema
from summary_pipeline.summarization.markers import MARKER
from summary_pipeline.summarization.parameters import SummarizationParameters

FINAL_SUMMARY = "final_summary"

_CODE_FENCE = re.compile(r"^```[a-z]*\s*\n(.*)\n```$", re.DOTALL)
_DATA_LINE = re.compile(r"<\s*/?\s*data\s+((transcript|summaries)\s+)?\d{9}\b", re.IGNORECASE)
"""As ``prompts`` writes it. A summary of a talk on HTML may well say ``<data``."""
_MARKER = re.compile(MARKER)
_LANGUAGE_TAG = re.compile(r"^[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8})*$")


class UnusableAnswerError(ValueError):
    """An answer has not the form asked for. The message is for the model and holds none of the answer's text."""


def clean_text(text: str) -> str:
    """Return ``text`` on one line, without what can't be stored and what can't be seen, such as marks of direction."""
    return " ".join(SURROGATE.sub("", INVISIBLE.sub("", text)).split())


def _with_words(sentences: tuple[str, ...]) -> tuple[str, ...]:
    """Return the sentences that say something: a marker, or marks without a letter or digit, say nothing."""
    return tuple(sentence for sentence in sentences if any(map(str.isalnum, _MARKER.sub("", sentence))))


Text = Annotated[str, AfterValidator(clean_text)]


class CitedText(BaseModel):
    """A statement and the index of the snippet that it cites."""

    model_config = ConfigDict(frozen=True)

    at: int
    text: Text


class CitedTitle(BaseModel):
    """A chapter's title and the index of the snippet with which it starts."""

    model_config = ConfigDict(frozen=True)

    at: int
    title: Text


class FinalAnswer(BaseModel):
    """The last answer."""

    model_config = ConfigDict(frozen=True)

    sentences: Annotated[tuple[Text, ...], Field(min_length=1), AfterValidator(_with_words)]
    key_points: tuple[CitedText, ...]
    chapters: tuple[CitedTitle, ...]
    topics: tuple[Text, ...]
    language: Text

    @property
    def prose(self) -> str:
        """What it says of the video, without markers."""
        return _MARKER.sub("", " ".join(self.sentences))


def final_schema(parameters: SummarizationParameters, sentences: tuple[int, int]) -> JsonSchema:
    """Return the schema of the last answer; ``sentences`` are the fewest and the most that it may have."""
    fewest, most = sentences
    return JsonSchema(
        name=FINAL_SUMMARY,
        schema=_object(
            sentences=_array(_STRING, most=most, fewest=fewest),
            key_points=_array(_object(at=_INTEGER, text=_STRING), most=KEY_POINTS),
            chapters=_array(_object(at=_INTEGER, title=_STRING), most=max_chapters(parameters)),
            topics=_array(_STRING, most=TOPICS),
            language=_STRING,
        ),
    )


def bare_answer(text: str) -> str:
    """Return an answer without what can't be seen, and without white space or a code fence around it.

    Raises:
        UnusableAnswerError: it repeats the lines that delimit the data.
    """
    stripped = INVISIBLE.sub("", text).strip()
    if _DATA_LINE.search(stripped):
        raise UnusableAnswerError("it repeats the lines that delimit the data.")
    fenced = _CODE_FENCE.match(stripped)
    return fenced.group(1) if fenced else stripped


def read_final(text: str) -> FinalAnswer:
    """Read the last answer.

    Raises:
        UnusableAnswerError: it does not satisfy the schema, or its summary says nothing.
    """
    try:
        answer = FinalAnswer.model_validate_json(bare_answer(text))
    except ValidationError as error:
        problems = "; ".join(
            sorted({f"{_location(e['loc'])}: {e['type'].replace('_', ' ')}" for e in error.errors()})[:5]
        )
        raise UnusableAnswerError(f"{problems}.") from error
    if not answer.sentences:
        raise UnusableAnswerError("sentences: none says anything.")
    return answer


def language_tag(text: str) -> str | None:
    """Return ``text`` where it has the form of a BCP 47 tag, else None."""
    return text if _LANGUAGE_TAG.match(text) else None


def _location(location: tuple[int | str, ...]) -> str:
    return ".".join("item" if isinstance(step, int) else step for step in location) or "the answer"


_STRING: dict[str, Any] = {"type": "string"}
_INTEGER: dict[str, Any] = {"type": "integer"}


def _array(items: dict[str, Any], *, most: int, fewest: int = 0) -> dict[str, Any]:
    limits = {"minItems": fewest, "maxItems": most} if fewest else {"maxItems": most}
    return {"type": "array", "items": items, **limits}


def _object(**properties: dict[str, Any]) -> dict[str, Any]:
    return {"type": "object", "properties": properties, "required": list(properties), "additionalProperties": False}
