"""The calls that summarization makes, each complete: request, data, how its answer is read, what it weighs.

Belongs here: turning chunks and partial summaries into requests, and hashing what their answers depend on.
Does not belong here: making calls (``answering``), wording (``prompts``), reading (``cited_lines``, ``structured``).
"""

import functools
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any, Generic, TypeVar

from summary_pipeline.summarization import cited_lines, prompts, structured
from summary_pipeline.summarization.call_shapes import content_hash, final_shape, partial_shape, second_limit
from summary_pipeline.summarization.chunking import Chunk
from summary_pipeline.summarization.cited_lines import PartialAnswer
from summary_pipeline.summarization.errors import ContextExceededError
from summary_pipeline.summarization.language_model import CompletionRequest, Message
from summary_pipeline.summarization.model_registry import ModelSpec
from summary_pipeline.summarization.parameters import SummarizationParameters
from summary_pipeline.summarization.prompts import DataKind, LineToShow, RenderedData
from summary_pipeline.summarization.sentences import count_sentences
from summary_pipeline.summarization.structured import FinalAnswer
from summary_pipeline.summarization.summary import PartialSummary
from summary_pipeline.summarization.tokens import count_tokens

Answer = TypeVar("Answer", bound=PartialAnswer | FinalAnswer)

TOKENS_PER_SENTENCE = 40
"""A transcript shorter than so many tokens for each sentence asked for is asked for fewer."""


@dataclass(frozen=True)
class Call(Generic[Answer]):
    """One question to the model. ``subject`` names it in errors; ``name`` says of which kind it is.

    ``complaint`` says what could be better about an answer that could be used.
    """

    subject: str
    name: str
    version: str
    """Hash of instructions, schema and model settings: what calls of this kind have in common."""
    kind: DataKind
    data: RenderedData
    request: CompletionRequest
    input_tokens: int
    """Estimate, on the high side."""
    read: Callable[[str], Answer]
    complaint: Callable[[Answer], str | None]

    @functools.cached_property
    def key(self) -> str:
        """Hash of everything that the answer depends on: two calls with one key are one question."""
        return content_hash(asdict(self.request))

    def again(self, note: str, *, max_output_tokens: int) -> CompletionRequest:
        """Return the request for a second attempt, which says what was wrong with the first answer."""
        system, _ = self.request.messages
        user = Message("user", prompts.user_message(self.kind, self.data.text, note=note))
        return replace(self.request, messages=(system, user), max_output_tokens=max_output_tokens)


@dataclass(frozen=True, slots=True)
class CallFactory:
    """Makes the calls of one transcript. ``language`` is the transcript's where its source states it."""

    parameters: SummarizationParameters
    spec: ModelSpec
    language: str | None = None

    def map_call(self, chunk: Chunk, *, of: int, encoding: str) -> Call[PartialAnswer]:
        """Return the call about one chunk of ``of``; ``encoding`` is that in which the chunk's tokens were counted."""
        data = prompts.render_transcript(chunk.segments)
        return self._partial_call(
            subject=f"chunk {chunk.index + 1} of {of}",
            name=cited_lines.CHUNK_SUMMARY,
            kind="transcript",
            data=data,
            data_tokens=self._transcript_tokens(data, chunk.tokens, encoding),
        )

    def merge_call(self, parts: Sequence[PartialSummary]) -> Call[PartialAnswer]:
        """Return the call that makes one partial summary of several."""
        chunks = [chunk for part in parts for chunk in part.chunks]
        data = prompts.render_parts(map(_to_show, parts))
        return self._partial_call(
            subject=f"the merged summary of chunks {chunks[0] + 1} to {chunks[-1] + 1}",
            name=cited_lines.PARTIAL_MERGE,
            kind="summaries",
            data=data,
            data_tokens=self.count(data.text),
        )

    def final_call(self, parts: Sequence[PartialSummary], *, transcript_tokens: int) -> Call[FinalAnswer]:
        """Return the last call of a map-reduce."""
        data = prompts.render_parts(map(_to_show, parts))
        return self._final_call("summaries", data, self.count(data.text), transcript_tokens)

    def single_call(self, chunks: Sequence[Chunk], *, transcript_tokens: int, encoding: str) -> Call[FinalAnswer]:
        """Return the one call that summarizes a whole transcript."""
        data = prompts.render_transcript(segment for chunk in chunks for segment in chunk.segments)
        return self._final_call(
            "transcript", data, self._transcript_tokens(data, transcript_tokens, encoding), transcript_tokens
        )

    def expected_final_call(self, chunk_count: int) -> Call[FinalAnswer]:
        """Return a last call as heavy as one over ``chunk_count`` partial summaries, to know its price beforehand."""
        call = self.final_call([_NO_PART], transcript_tokens=10**9)
        return replace(call, input_tokens=call.input_tokens + chunk_count * self.parameters.map_output_tokens)

    def merged_size(self) -> int:
        """Return the most that a merged summary weighs in a reduce call: its answer, even at the second attempt."""
        shape = partial_shape(cited_lines.PARTIAL_MERGE, self.parameters, self.spec, self.language)
        return second_limit(self.spec, shape.max_output_tokens)

    def part_tokens(self, part: PartialSummary) -> int:
        """Return what a partial summary weighs in a reduce call."""
        return self.count(prompts.render_parts([_to_show(part)]).text) + prompts.MARKER_TOKENS

    def reduce_capacity(self) -> int:
        """Return how many tokens of partial summaries a reduce call takes beside its answer at the second attempt."""
        calls = (self.merge_call([_NO_PART, _NO_PART]), self.final_call([_NO_PART], transcript_tokens=10**9))
        room = (
            min(
                self.spec.input_limit,
                self.spec.context_window - second_limit(self.spec, call.request.max_output_tokens),
            )
            - call.input_tokens
            for call in calls
        )
        return max(0, min(room))

    def count(self, text: str) -> int:
        """Count the tokens of ``text`` as the model does."""
        return count_tokens(text, self.spec.encoding)

    def _partial_call(
        self, *, subject: str, name: str, kind: DataKind, data: RenderedData, data_tokens: int
    ) -> Call[PartialAnswer]:
        shape = partial_shape(name, self.parameters, self.spec, self.language)
        return Call(
            subject=subject,
            name=name,
            version=shape.version,
            kind=kind,
            data=data,
            request=shape.request(kind, data.text),
            input_tokens=shape.tokens() + data_tokens,
            read=cited_lines.read_partial,
            complaint=_no_complaint,
        )

    def _final_call(
        self, kind: DataKind, data: RenderedData, data_tokens: int, transcript_tokens: int
    ) -> Call[FinalAnswer]:
        limits = sentence_limits(self.parameters, transcript_tokens)
        shape = final_shape(kind, limits, self.parameters, self.spec, self.language)
        return Call(
            subject="the final summary",
            name=shape.name,
            version=shape.version,
            kind=kind,
            data=data,
            request=shape.request(kind, data.text),
            input_tokens=shape.tokens() + data_tokens,
            read=structured.read_final,
            complaint=functools.partial(_sentence_complaint, limits),
        )

    def _transcript_tokens(self, data: RenderedData, counted: int, encoding: str) -> int:
        """Return what rendered transcript weighs, without counting again what the chunker has counted."""
        if encoding != self.spec.encoding:
            return self.count(data.text)
        return counted + prompts.MARKER_TOKENS * len(data.markers) + data.heavy_blanks


def sentence_limits(parameters: SummarizationParameters, transcript_tokens: int) -> tuple[int, int]:
    """Return the fewest and the most sentences: a transcript of two sentences can't honestly be told in four."""
    fewest = max(1, min(parameters.min_sentences, transcript_tokens // TOKENS_PER_SENTENCE))
    return fewest, parameters.max_sentences


def fits(call: Call[Any], spec: ModelSpec) -> bool:
    """Say whether a call fits the model's context together with its answer, even at the second attempt."""
    room = spec.context_window - second_limit(spec, call.request.max_output_tokens)
    return call.input_tokens <= min(spec.input_limit, room)


def require_fit(call: Call[Any], spec: ModelSpec) -> None:
    """Check that a call fits the model's context together with its answer.

    Raises:
        ContextExceededError: it does not; the message says by how much.
    """
    output = call.request.max_output_tokens
    room = min(spec.input_limit, spec.context_window - output)
    if call.input_tokens > room:
        raise ContextExceededError(
            f"The request for {call.subject} weighs about {call.input_tokens} tokens; model {spec.name!r} takes {room} "
            f"beside an answer of {output}. Lower SUMMARY_CHUNK_TOKENS by at least {call.input_tokens - room}, or use "
            "a model with a larger context."
        )


def map_code_version(parameters: SummarizationParameters, spec: ModelSpec) -> str:
    """Return a hash that changes when partial summaries would: prompt, model, parameters of the map phase."""
    return content_hash(
        {
            "map": partial_shape(cited_lines.CHUNK_SUMMARY, parameters, spec).version,
            "single_call": parameters.single_call,
            "single_call_tokens": spec.single_call_tokens,
        }
    )[:16]


def reduce_code_version(parameters: SummarizationParameters, spec: ModelSpec) -> str:
    """Return a hash that changes when the final summary of the same partial summaries would."""
    limits = (parameters.min_sentences, parameters.max_sentences)
    return content_hash(
        {
            "merge": partial_shape(cited_lines.PARTIAL_MERGE, parameters, spec).version,
            "final": final_shape("summaries", limits, parameters, spec).version,
            "single": final_shape("transcript", limits, parameters, spec).version,
            "groups": (parameters.reduce_group_size, parameters.reduce_group_threshold),
        }
    )[:16]


_NO_PART = PartialSummary(chunks=(0,), tokens=0, statements=(), model="", prompt_name="", prompt_version="")


def _to_show(part: PartialSummary) -> list[LineToShow]:
    return [LineToShow(snippet=said.snippet, text=said.text, start=said.start) for said in part.statements]


def _no_complaint(_: PartialAnswer) -> str | None:
    return None


def _sentence_complaint(limits: tuple[int, int], answer: FinalAnswer) -> str | None:
    fewest, most = limits
    count = number_of_sentences(answer)
    if fewest <= count <= most:
        return None
    return f"the summary has {count} sentences instead of {fewest} to {most}."


def number_of_sentences(answer: FinalAnswer) -> int:
    """Count the sentences of an answer: an entry may hold several, and one without punctuation is still one."""
    return sum(max(1, count_sentences(entry)) for entry in answer.sentences if entry)
