"""One chat completion: counting its tokens, composing its content, and the document that goes out.

Belongs here: pure work on a request that has been let in. Does not belong here: HTTP, waiting, limits (``app``).
"""

import json
import math
import time
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from summary_pipeline.local.openai_server.answers import Style, compose_answer
from summary_pipeline.local.openai_server.api_errors import ApiError
from summary_pipeline.local.openai_server.chat_request import ChatRequest
from summary_pipeline.local.openai_server.configuration import SERVED_MODEL, FaultKind
from summary_pipeline.local.openai_server.json_schemas import UnsatisfiableSchemaError
from summary_pipeline.local.openai_server.ratings import find_rating
from summary_pipeline.local.openai_server.vocabulary import count_tokens, split_tokens, truncate

_TOKENS_PER_MESSAGE = 3
_TOKENS_BEFORE_ANSWER = 3
_SHORTEST_CACHED_PROMPT = 1024
"""Tokens from which OpenAI caches prompts."""
_REFUSAL = "I'm sorry, I can't help with that."

_NO_BRACKETS = str.maketrans("", "", "[]{}")
"""Without them, neither JSON nor cited lines are what they were."""

FinishReason = Literal["stop", "length", "content_filter"]


@dataclass(frozen=True, slots=True)
class Answer:
    """What is said, why it ends, and what it weighs.

    ``further`` holds the contents of the other choices, which end for the same reason; ``tokens`` is the weight of all.
    ``probabilities`` are those of what the first token could have been, where it is not certain.
    """

    content: str | None
    refusal: str | None
    finish_reason: FinishReason
    tokens: int
    further: tuple[str, ...] = ()
    probabilities: Mapping[str, float] = field(default_factory=dict)


def count_prompt_tokens(request: ChatRequest) -> int:
    """Return the tokens of the messages, with three for each and three before the answer, and those of the schema."""
    tokens = _TOKENS_BEFORE_ANSWER
    for message in request.messages:
        tokens += _TOKENS_PER_MESSAGE + count_tokens(message.text)
    if request.schema is not None:
        tokens += count_tokens(json.dumps(request.schema.schema, separators=(",", ":")))
    return tokens


def answer_request(request: ChatRequest, style: Style, fault: FaultKind | None = None) -> Answer:
    """Return the answer to ``request``, spoiled where ``fault`` is one that spoils content.

    Raises:
        ApiError: no document is known that satisfies the request's schema.
    """
    if fault == "refusal":
        return Answer(None, _REFUSAL, "stop", count_tokens(_REFUSAL))
    if fault == "empty_content":
        return Answer("", None, "stop", 0)
    rating = find_rating(request)
    if rating is not None and fault is None:
        first, *further = rating.draws(request.choices)
        return Answer(first, None, "stop", request.choices, tuple(further), rating.probabilities)
    try:
        content = compose_answer(request, style)
    except UnsatisfiableSchemaError as error:
        message = f"This server can't make a document for the schema of response_format: {error}."
        raise ApiError(400, message, param="response_format", code="unsatisfiable_schema") from error
    if fault == "malformed_content":
        content = f"Here you are: {content.translate(_NO_BRACKETS)}"
    tokens = count_tokens(content)
    limit = request.max_output_tokens or tokens
    if fault in ("truncated_content", "content_filter"):
        limit = min(limit, tokens // 2)
    reason: FinishReason = "stop"
    if tokens > limit:
        content, tokens = truncate(content, limit), limit
        reason = "content_filter" if fault == "content_filter" else "length"
    return Answer(content, None, reason, tokens * request.choices, (content,) * (request.choices - 1))


def completion_document(
    answer: Answer, prompt_tokens: int, top_logprobs: int | None = None, *, fills_cache: bool = False
) -> dict[str, Any]:
    """Return the body of a successful answer; ``top_logprobs`` and ``fills_cache`` as in ``ChatRequest``."""
    cache_writes = prompt_tokens if fills_cache and prompt_tokens >= _SHORTEST_CACHED_PROMPT else 0
    choices = [
        {
            "index": index,
            "message": {"role": "assistant", "content": content, "refusal": answer.refusal},
            "logprobs": None if top_logprobs is None else _logprobs(content or "", answer, top_logprobs),
            "finish_reason": answer.finish_reason,
        }
        for index, content in enumerate((answer.content, *answer.further))
    ]
    return {
        "id": f"chatcmpl-{uuid.uuid4().hex}",
        "object": "chat.completion",
        "created": int(time.time()),
        "model": SERVED_MODEL,
        "choices": choices,
        "usage": {
            "prompt_tokens": prompt_tokens,
            "completion_tokens": answer.tokens,
            "total_tokens": prompt_tokens + answer.tokens,
            "prompt_tokens_details": {"cached_tokens": 0, "cache_write_tokens": cache_writes, "audio_tokens": 0},
            "completion_tokens_details": {"reasoning_tokens": 0, "audio_tokens": 0},
        },
        "service_tier": "default",
    }


def _logprobs(content: str, answer: Answer, most: int) -> dict[str, Any]:
    """Return the tokens of a choice with their log-probabilities. What is not a rating could be nothing else."""
    if answer.probabilities:
        tops = [_token(token, probability) for token, probability in answer.probabilities.items()]
        chosen = [{**_token(content, answer.probabilities[content]), "top_logprobs": tops[:most]}]
    else:
        tokens = [_token(token, 1.0) for token in split_tokens(content)]
        chosen = [{**token, "top_logprobs": [token][:most]} for token in tokens]
    return {"content": chosen, "refusal": None}


def _token(token: str, probability: float) -> dict[str, Any]:
    return {"token": token, "logprob": math.log(probability), "bytes": list(token.encode())}
