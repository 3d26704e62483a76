"""What summarization asks of a language model, whoever serves it.

Belongs here: the protocol, its request and answer, and the errors an implementation raises.
Does not belong here: a client of any provider, prompts, retries (``retries``) or pacing (``rate_limit``).
"""

from collections.abc import Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any, Literal, Protocol

Role = Literal["system", "user", "assistant"]
FinishReason = Literal["stop", "length", "content_filter", "other"]


@dataclass(frozen=True, slots=True)
class Message:
    """One message of a chat."""

    role: Role
    content: str


@dataclass(frozen=True, slots=True)
class JsonSchema:
    """A JSON schema that the answer has to satisfy (strict structured output)."""

    name: str
    schema: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class CompletionRequest:
    """One call. ``max_output_tokens`` bounds everything the model writes, hidden reasoning included.

    ``temperature`` is None for models that refuse it, ``reasoning_effort`` for those that do not think or should do as
    they like. ``purpose`` is for logs and cost only. ``samples`` asks for so many answers, for the price of one request
    and all of them. ``top_logprobs`` asks for the log-probabilities of so many first tokens (1 to 20); only models for
    which the registry says ``supports_logprobs`` take it.
    """

    model: str
    messages: tuple[Message, ...]
    max_output_tokens: int
    temperature: float | None = None
    json_schema: JsonSchema | None = None
    purpose: str = ""
    reasoning_effort: str | None = None
    samples: int = 1
    top_logprobs: int | None = None


@dataclass(frozen=True, slots=True)
class RateLimitState:
    """What the provider says of its limits in an answer's headers (``x-ratelimit-*``); None where it says nothing."""

    limit_requests: int | None = None
    limit_tokens: int | None = None
    remaining_requests: int | None = None
    remaining_tokens: int | None = None
    reset_requests_seconds: float | None = None
    reset_tokens_seconds: float | None = None


@dataclass(frozen=True, slots=True)
class Completion:
    """One answer, as it came. Whether it is usable is for the caller to decide (``structured``).

    No text holds a lone surrogate, which could not be stored.
    ``samples`` holds the texts of all answers, of which ``text`` is the first; a server may give fewer than were asked
    for. ``first_token`` maps what could have been the first token to the natural logarithm of its probability; it is
    None where the server gives none. Tokens are those of all answers together.
    """

    text: str
    finish_reason: FinishReason
    model: str
    input_tokens: int
    output_tokens: int
    cached_input_tokens: int = 0
    cache_write_input_tokens: int = 0
    refusal: str | None = None
    rate_limit: RateLimitState | None = None
    request_id: str | None = None
    samples: tuple[str, ...] = ()
    first_token: Mapping[str, float] | None = None


class LanguageModel(Protocol):
    """A chat model. Implementations do one attempt a call: they never retry and never wait for a limit."""

    async def complete(self, request: CompletionRequest) -> Completion:
        """Return the model's answer.

        Raises:
            UnansweredError: the same request may succeed later, and may have been carried out already.
            TransientModelError: the same request may succeed later.
            PermanentModelError: it will not, whatever the number of attempts.
        """
        ...


class Attempts(Protocol):
    """Whoever wants to know of the attempts that an executor makes at one call (``expense``)."""

    async def before(self) -> None:
        """Get ready for an attempt. What this raises ends the call."""
        ...

    def under_way(self) -> AbstractContextManager[None]:
        """Return what is entered when the request goes out, and left with what comes of it."""
        ...


class CallExecutor(Protocol):
    """Makes calls at the pace that the provider allows, repeating those that failed for a passing reason (``pacing``).

    ``estimated_tokens`` is what the caller expects the request to weigh, the answer's limit included. ``attempts`` is
    told of each attempt. Raises what ``LanguageModel.complete`` raises, once repeating it does not help any more.
    """

    async def __call__(self, request: CompletionRequest, *, estimated_tokens: int, attempts: Attempts) -> Completion:
        """Return the model's answer."""
        ...


class LanguageModelError(Exception):
    """A call that brought no answer. ``status`` is the HTTP status where there was one."""

    def __init__(self, message: str, *, status: int | None = None, code: str | None = None) -> None:
        super().__init__(message)
        self.status = status
        self.code = code


class PermanentModelError(LanguageModelError):
    """Repeating the request is pointless: a bad key, an unknown model, a request that is too long, no quota left."""


class TransientModelError(LanguageModelError):
    """The provider or the network is in trouble for now: 408, 409, 5xx, time-outs, lost connections."""

    def __init__(
        self,
        message: str,
        *,
        status: int | None = None,
        code: str | None = None,
        retry_after_seconds: float | None = None,
    ) -> None:
        super().__init__(message, status=status, code=code)
        self.retry_after_seconds = retry_after_seconds


class UnansweredError(TransientModelError):
    """The request went out and no answer came that can be read: the provider may have carried it out, and charge it."""


class RateLimitedError(TransientModelError):
    """429: the pace has to fall. ``rate_limit`` holds the headers that came with it."""

    def __init__(
        self,
        message: str,
        *,
        retry_after_seconds: float | None = None,
        rate_limit: RateLimitState | None = None,
        code: str | None = None,
    ) -> None:
        super().__init__(message, status=429, code=code, retry_after_seconds=retry_after_seconds)
        self.rate_limit = rate_limit
