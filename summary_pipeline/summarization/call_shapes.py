"""What all calls of one kind have in common: everything of a request but its data.

Belongs here: instructions, model settings and the schema where there is one, put together; what they weigh; their hash.
Does not belong here: data and the calls made of both (``calls``), wording (``prompts``), schemas (``structured``).
"""

import functools
import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from summary_pipeline.summarization import cited_lines, prompts, structured
from summary_pipeline.summarization.language_model import CompletionRequest, JsonSchema, Message
from summary_pipeline.summarization.model_registry import ModelSpec
from summary_pipeline.summarization.parameters import SummarizationParameters
from summary_pipeline.summarization.prompts import DataKind
from summary_pipeline.summarization.tokens import count_tokens

_FRAME_TOKENS = 12
"""What the messages themselves weigh: roles, separators, and a margin for text that was counted in pieces."""


@dataclass(frozen=True)
class CallShape:
    """What all calls of one kind have in common: everything of a request but its data."""

    name: str
    model: str
    instructions: str
    schema: JsonSchema | None
    """What the answer has to satisfy; None for an answer in cited lines."""
    strict: bool
    """Whether the model takes the schema as such; else the instructions hold it."""
    max_output_tokens: int
    temperature: float | None
    reasoning_effort: str | None
    encoding: str

    @functools.cached_property
    def version(self) -> str:
        """Hash of instructions, schema and model settings."""
        frame = prompts.user_message("transcript", "")
        return content_hash({**asdict(self), "frame": frame, "rendering": prompts.RENDERING_VERSION})[:12]

    def request(self, kind: DataKind, data: str) -> CompletionRequest:
        """Return the request about ``data``."""
        return CompletionRequest(
            model=self.model,
            messages=(Message("system", self._system()), Message("user", prompts.user_message(kind, data))),
            max_output_tokens=self.max_output_tokens,
            temperature=self.temperature,
            json_schema=self.schema if self.strict else None,
            purpose=self.name,
            reasoning_effort=self.reasoning_effort,
        )

    def tokens(self) -> int:
        """Return what a request weighs without data."""
        return _shape_tokens(
            self._system(), _json(self.schema.schema) if self.schema and self.strict else "", self.encoding
        )

    def _system(self) -> str:
        if self.schema is None or self.strict:
            return self.instructions
        schema = f'JSON schema "{self.schema.name}":\n{_json(self.schema.schema)}'
        return f"{self.instructions}\nAnswer with JSON only. {schema}"


@functools.lru_cache(
    maxsize=64
)  # as many calls as chunks have one shape, whose version takes longer than the call's data
def partial_shape(
    name: str, parameters: SummarizationParameters, spec: ModelSpec, language: str | None = None
) -> CallShape:
    """Return the shape of map calls (``chunk_summary``) or of reduce calls below the last level (``partial_merge``)."""
    if name == cited_lines.CHUNK_SUMMARY:
        instructions, output_tokens = prompts.map_instructions(parameters, language), parameters.map_output_tokens
    else:
        instructions, output_tokens = prompts.merge_instructions(parameters, language), parameters.merge_output_tokens
    return _shape(name, None, instructions, output_tokens, parameters, spec)


@functools.lru_cache(maxsize=64)
def final_shape(
    kind: DataKind,
    sentences: tuple[int, int],
    parameters: SummarizationParameters,
    spec: ModelSpec,
    language: str | None = None,
) -> CallShape:
    """Return the shape of the last call."""
    instructions = prompts.final_instructions(parameters, language, kind, sentences)
    schema = structured.final_schema(parameters, sentences)
    return _shape(schema.name, schema, instructions, parameters.final_output_tokens, parameters, spec)


def second_limit(spec: ModelSpec, max_output_tokens: int) -> int:
    """Return the output limit of a second attempt after an answer that was cut off."""
    return min(2 * max_output_tokens, spec.max_output_tokens)


def _shape(
    name: str,
    schema: JsonSchema | None,
    instructions: str,
    output_tokens: int,
    parameters: SummarizationParameters,
    spec: ModelSpec,
) -> CallShape:
    return CallShape(
        name=name,
        model=spec.name,
        instructions=instructions,
        schema=schema,
        strict=spec.supports_json_schema,
        max_output_tokens=min(output_tokens + spec.reasoning_tokens, spec.max_output_tokens),
        temperature=parameters.temperature if spec.takes_temperature else None,
        reasoning_effort=spec.reasoning_effort,
        encoding=spec.encoding,
    )


@functools.lru_cache(maxsize=64)
def _shape_tokens(system: str, schema: str, encoding: str) -> int:
    frame = prompts.user_message("summaries", "")
    return sum(count_tokens(text, encoding) for text in (system, schema, frame)) + _FRAME_TOKENS


def _json(value: Mapping[str, Any]) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def content_hash(value: Mapping[str, Any]) -> str:
    """Return a hash of a value that JSON can hold, whatever the order of its keys."""
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"), sort_keys=True, default=dict)
    return hashlib.sha256(text.encode("utf-8", errors="surrogatepass")).hexdigest()
