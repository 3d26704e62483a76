"""Chat completion requests: what is accepted, and how what is not accepted is refused.

Belongs here: reading a request body into values. Does not belong here: rules for JSON schemas (``json_schemas``).

Parameters that cannot change an extractive answer (sampling, caching, storage) are checked and then ignored. Those that
ask for something that this server does not do (tools, streams) are refused, as are unknown ones.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError
from pydantic_core import ErrorDetails

from summary_pipeline.local.openai_server.api_errors import ApiError
from summary_pipeline.local.openai_server.configuration import ServerConfig
from summary_pipeline.local.openai_server.json_schemas import check_strict_schema


@dataclass(frozen=True, slots=True)
class ChatMessage:
    """A message, its text parts joined."""

    role: str
    text: str


@dataclass(frozen=True, slots=True)
class RequestedSchema:
    """The JSON schema that the answer has to satisfy."""

    name: str
    schema: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class ChatRequest:
    """A request that can be answered."""

    model: str
    messages: tuple[ChatMessage, ...]
    max_output_tokens: int | None
    schema: RequestedSchema | None
    json_object: bool
    choices: int = 1
    """How many answers are wanted (``n``)."""
    top_logprobs: int | None = None
    """How many tokens to show with their probabilities at each place; None where none are asked for."""
    fills_cache: bool = False
    """Whether the model puts long prompts in its cache, and was not told to leave that."""

    @property
    def instructions(self) -> str:
        """The messages that are not the user's data."""
        return "\n".join(message.text for message in self.messages if message.role in {"system", "developer"})

    @property
    def user_text(self) -> str:
        """The last message of the user, else the last message."""
        return next((m.text for m in reversed(self.messages) if m.role == "user"), self.messages[-1].text)


def parse_chat_request(body: bytes, config: ServerConfig) -> ChatRequest:
    """Read a request body.

    Raises:
        ApiError: what is wrong with it, as OpenAI would say it.
    """
    body_document = _parse_json(body)
    try:
        parsed = _Body.model_validate(body_document)
    except ValidationError as error:
        raise _refusal(error.errors(include_url=False)[0]) from error
    _refuse_unsupported(parsed)
    if parsed.model in config.reasoning_models:
        _refuse_for_reasoning(parsed)
    request = ChatRequest(
        model=parsed.model,
        messages=tuple(ChatMessage(message.role, message.text) for message in parsed.messages),
        max_output_tokens=parsed.max_completion_tokens or parsed.max_tokens,
        schema=_requested_schema(parsed.response_format),
        json_object=parsed.response_format.type == "json_object",
        choices=parsed.n or 1,
        top_logprobs=(parsed.top_logprobs or 0) if parsed.logprobs else None,
        fills_cache=parsed.model in config.cache_writing_models and parsed.prompt_cache_options.mode == "implicit",
    )
    if request.json_object and not any("json" in message.text.lower() for message in request.messages):
        message = (
            "'messages' must contain the word 'json' in some form, to use 'response_format' of type 'json_object'."
        )
        raise ApiError(400, message, param="messages")
    return request


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)


class _TextPart(_Strict):
    type: Literal["text"]
    text: str


class _Message(_Strict):
    role: Literal["system", "developer", "user", "assistant"]
    content: str | list[_TextPart]
    name: str | None = None

    @property
    def text(self) -> str:
        return self.content if isinstance(self.content, str) else "\n".join(part.text for part in self.content)


class _JsonSchema(_Strict):
    name: str = Field(pattern=r"^[a-zA-Z0-9_-]{1,64}$")
    schema_: dict[str, Any] = Field({}, alias="schema")
    description: str | None = None
    strict: bool | None = None


class _ResponseFormat(_Strict):
    type: Literal["text", "json_object", "json_schema"]
    json_schema: _JsonSchema | None = None


class _CacheOptions(_Strict):
    mode: Literal["implicit", "explicit"] = "implicit"
    ttl: str | None = None


_Float = Annotated[float, BeforeValidator(lambda value: float(value) if type(value) is int else value)]
_Ignored = Any


class _Body(_Strict):
    model: str = Field(min_length=1)
    messages: list[_Message] = Field(min_length=1)
    response_format: _ResponseFormat = _ResponseFormat(type="text")
    max_tokens: int | None = Field(None, ge=1)
    max_completion_tokens: int | None = Field(None, ge=1)
    temperature: _Float | None = Field(None, ge=0, le=2)
    top_p: _Float | None = Field(None, ge=0, le=1)
    frequency_penalty: _Float | None = Field(None, ge=-2, le=2)
    presence_penalty: _Float | None = Field(None, ge=-2, le=2)
    seed: int | None = None
    stop: str | list[str] | None = None
    n: int | None = Field(None, ge=1, le=128)
    stream: bool | None = None
    logprobs: bool | None = None
    user: str | None = None
    store: bool | None = None
    metadata: dict[str, str] | None = None
    reasoning_effort: Literal["none", "minimal", "low", "medium", "high", "xhigh", "max"] | None = None
    verbosity: Literal["low", "medium", "high"] | None = None
    service_tier: str | None = None
    prompt_cache_key: str | None = None
    prompt_cache_retention: str | None = None
    prompt_cache_options: _CacheOptions = _CacheOptions()
    safety_identifier: str | None = None
    stream_options: _Ignored = None
    tools: _Ignored = None
    tool_choice: _Ignored = None
    parallel_tool_calls: _Ignored = None
    functions: _Ignored = None
    function_call: _Ignored = None
    logit_bias: _Ignored = None
    top_logprobs: int | None = Field(None, ge=0, le=20)
    modalities: _Ignored = None
    audio: _Ignored = None
    prediction: _Ignored = None
    web_search_options: _Ignored = None
    moderation: _Ignored = None


_NOT_DONE_HERE = (
    "stop", "stream_options", "tools", "tool_choice", "parallel_tool_calls", "functions",
    "function_call", "logit_bias", "audio", "prediction", "web_search_options", "moderation",
)  # fmt: skip


def _parse_json(body: bytes) -> dict[str, Any]:
    try:
        document = json.loads(body)
    except ValueError as error:
        message = f"We could not parse the JSON body of your request: {error}."
        raise ApiError(400, message) from error
    if not isinstance(document, dict):
        raise ApiError(400, f"The JSON body of your request must be an object, not {type(document).__name__}.")
    return document


def _refusal(problem: ErrorDetails) -> ApiError:
    param = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in problem["loc"]).lstrip(".")
    if problem["type"] == "extra_forbidden":
        return ApiError(400, f"Unknown parameter: '{param}'.", param=param, code="unknown_parameter")
    if problem["type"] == "missing":
        message = f"Missing required parameter: '{param}'."
        return ApiError(400, message, param=param, code="missing_required_parameter")
    code = "invalid_type" if problem["type"].endswith("_type") else "invalid_value"
    return ApiError(400, f"Invalid value for '{param}': {problem['msg']}.", param=param, code=code)


def _refuse_unsupported(body: _Body) -> None:
    if body.stream:
        raise _unsupported("stream", "This server does not stream. Leave 'stream' out or set it to false.")
    if body.top_logprobs is not None and not body.logprobs:
        raise ApiError(400, "'top_logprobs' needs 'logprobs' to be true.", param="top_logprobs", code="invalid_value")
    if body.modalities not in (None, ["text"]):
        raise _unsupported("modalities", "This server answers in text only.")
    for name in _NOT_DONE_HERE:
        if getattr(body, name):
            raise _unsupported(name, f"This server does not support '{name}'.")
    if body.max_tokens is not None and body.max_completion_tokens is not None:
        message = "Setting 'max_tokens' and 'max_completion_tokens' at the same time is not supported."
        raise ApiError(400, message, code="invalid_parameter_combination")


def _refuse_for_reasoning(body: _Body) -> None:
    if body.max_tokens is not None:
        message = "Unsupported parameter: 'max_tokens' is not supported with this model. Use 'max_completion_tokens'."
        raise _unsupported("max_tokens", message)
    if body.logprobs:
        raise _unsupported("logprobs", "Unsupported parameter: 'logprobs' is not supported with this model.")
    if body.temperature not in (None, 1.0):
        message = f"Unsupported value: 'temperature' does not support {body.temperature} with this model, only 1."
        raise ApiError(400, message, param="temperature", code="unsupported_value")


def _unsupported(param: str, message: str) -> ApiError:
    return ApiError(400, message, param=param, code="unsupported_parameter")


def _requested_schema(response_format: _ResponseFormat) -> RequestedSchema | None:
    if response_format.type != "json_schema":
        return None
    wanted = response_format.json_schema
    if wanted is None:
        param = "response_format.json_schema"
        raise ApiError(400, f"Missing required parameter: '{param}'.", param=param, code="missing_required_parameter")
    problem = check_strict_schema(wanted.schema_) if wanted.strict else None
    if problem:
        message = f"Invalid schema for response_format '{wanted.name}': {problem}"
        raise ApiError(400, message, param="response_format", code="invalid_json_schema")
    return RequestedSchema(wanted.name, wanted.schema_)
