"""Reading the body of a chat completion, as OpenAI's API and everything that speaks it or stands before it writes it.

Belongs here: what a body has to hold, and what may be missing. Does not belong here: headers and errors
(``openai_language_model``), lines of batches (``openai_batches``).
"""

import json
from collections.abc import Mapping
from typing import Annotated, Final

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationError,
    ValidatorFunctionWrapHandler,
    WrapValidator,
)

from summary_pipeline.summarization.language_model import Completion, FinishReason, UnansweredError

_FINISH_REASONS: Final[Mapping[str, FinishReason]] = {
    "stop": "stop",
    "length": "length",
    "content_filter": "content_filter",
}


def read_body(body: bytes) -> Completion:
    """Return what the server answered.

    Raises:
        UnansweredError: the body is no chat completion, as a proxy's page is none.
    """
    try:
        document = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise _malformed(type(error).__name__) from error
    return read_completion(document)


def read_completion(document: object) -> Completion:
    """Return the completion that the JSON ``document`` holds.

    Raises:
        UnansweredError: it holds none. The message says where, and repeats nothing of it.
    """
    try:
        body = _Body.model_validate(document)
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False)[0]
        where = ".".join(map(str, first["loc"])) or "the whole"
        raise _malformed(f"{where}: {first['type']}") from error
    choice, usage = body.choices[0], body.usage or _Usage()
    details = usage.prompt_tokens_details or _Details()
    return Completion(
        text=choice.message.content or "",
        finish_reason=_FINISH_REASONS.get(choice.finish_reason or "", "other"),
        model=body.model,
        input_tokens=usage.prompt_tokens or 0,
        output_tokens=usage.completion_tokens or 0,
        cached_input_tokens=details.cached_tokens or 0,
        cache_write_input_tokens=details.cache_write_tokens or 0,
        refusal=choice.message.refusal,
        samples=tuple(other.message.content or "" for other in body.choices),
        first_token=choice.logprobs.first_token if choice.logprobs else None,
    )


def _malformed(problem: str) -> UnansweredError:
    message = f"The server answered with a body that is no chat completion ({problem})."
    return UnansweredError(message, code="malformed_body")


def _without_lone_surrogates(value: object) -> object:
    """Return ``value``; in a text, what JSON can escape but UTF-8 can't hold becomes U+FFFD."""
    if isinstance(value, str):
        return value.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
    return value


def _none_if_odd(value: object, read: ValidatorFunctionWrapHandler) -> object:
    """Read what comes beside an answer. In whatever form it comes, the answer has been paid for."""
    try:
        return read(value)
    except ValidationError:
        return None


_Text = Annotated[str, BeforeValidator(_without_lone_surrogates)]
_Count = Annotated[int, Field(ge=0, lt=2**53)]


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True)


class _Details(_Part):
    cached_tokens: _Count | None = None
    cache_write_tokens: _Count | None = None


class _Usage(_Part):
    prompt_tokens: _Count | None = None
    completion_tokens: _Count | None = None
    prompt_tokens_details: Annotated[_Details | None, WrapValidator(_none_if_odd)] = None


class _TokenProbability(_Part):
    token: _Text
    logprob: float


class _Position(_Part):
    top_logprobs: tuple[_TokenProbability, ...]


class _Logprobs(_Part):
    content: tuple[_Position, ...] | None = None

    @property
    def first_token(self) -> dict[str, float] | None:
        return {other.token: other.logprob for other in self.content[0].top_logprobs} if self.content else None


class _Message(_Part):
    content: _Text | None = None
    refusal: _Text | None = None


class _Choice(_Part):
    message: _Message
    finish_reason: str | None = None
    logprobs: Annotated[_Logprobs | None, WrapValidator(_none_if_odd)] = None


class _Body(_Part):
    model: _Text
    choices: tuple[_Choice, ...] = Field(min_length=1)
    usage: _Usage | None = None
