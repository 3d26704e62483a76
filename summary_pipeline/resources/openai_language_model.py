"""A language model behind OpenAI's chat completions API, or any server that speaks it.

Belongs here: translating requests, headers and errors between the openai client and ``language_model``. Does not belong
here: what the body of an answer holds (``completion_bodies``), retries and pace (``summarization.pacing`` owns them;
the client's own retries are switched off), prompts, settings.
"""

import datetime as dt
import email.utils
import math
import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import httpx2
import openai
from openai import AsyncOpenAI

from summary_pipeline.resources.completion_bodies import read_body
from summary_pipeline.summarization.language_model import (
    Completion,
    CompletionRequest,
    LanguageModelError,
    PermanentModelError,
    RateLimitedError,
    RateLimitState,
    TransientModelError,
    UnansweredError,
)
from summary_pipeline.summarization.model_registry import ModelRegistry, built_in_registry

_TRANSIENT_STATUSES = frozenset({408, 409, 425})
_GATEWAY_GAVE_UP = frozenset({408, 502, 504, 524})
"""Of whoever stands before the model's server, which may go on all the same."""
_NO_QUOTA = frozenset({"insufficient_quota", "billing_hard_limit_reached", "account_deactivated"})
_TOO_LARGE = re.compile(r"request too large", re.IGNORECASE)
"""A 429 for a request that alone is over the limit of tokens per minute: no waiting helps."""
_NOT_SENT = (httpx2.ConnectError, httpx2.ConnectTimeout, httpx2.PoolTimeout, httpx2.ProxyError)
_DURATION_PART = re.compile(r"(\d+(?:\.\d+)?)(ms|us|s|m|h|d)")
_DURATION = re.compile(r"(?:\d+(?:\.\d+)?(?:ms|us|s|m|h|d))+")
_SECONDS_PER_UNIT = {"us": 1e-6, "ms": 1e-3, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}


class OpenAILanguageModel:
    """A ``LanguageModel``: one HTTP request a call.

    Args:
        client: reaches the server; its time-out bounds a call. The caller closes it.
        registry: says for each model which parameter limits its output; the built-in one if not given.
    """

    def __init__(self, client: AsyncOpenAI, registry: ModelRegistry | None = None) -> None:
        self._client = client.with_options(max_retries=0)
        self._registry = registry or built_in_registry()

    async def complete(self, request: CompletionRequest) -> Completion:
        """Return the model's answer; see ``LanguageModel.complete``."""
        try:
            response = await self._client.chat.completions.with_raw_response.create(**self.parameters(request))
        except openai.OpenAIError as error:
            raise to_model_error(error, now=dt.datetime.now(dt.UTC)) from error
        headers = response.headers
        return replace(
            read_body(response.content), rate_limit=read_rate_limit(headers), request_id=headers.get("x-request-id")
        )

    def parameters(self, request: CompletionRequest) -> dict[str, Any]:
        """Return the body of the HTTP request that ``request`` becomes, alone or as a line of a batch."""
        spec = self._registry.lookup(request.model)
        parameters: dict[str, Any] = {
            "model": request.model,
            "messages": [{"role": message.role, "content": message.content} for message in request.messages],
            spec.output_limit_parameter: request.max_output_tokens,
            # What was said in a video is not to be kept at the provider, whatever an account's default is.
            "store": False,
        }
        optional = {
            "temperature": request.temperature,
            "reasoning_effort": request.reasoning_effort,
            # Without a breakpoint of ours nothing is put in the provider's cache.
            "prompt_cache_options": {"mode": "explicit"} if spec.takes_cache_options else None,
            "n": request.samples if request.samples > 1 else None,
            "logprobs": True if request.top_logprobs is not None else None,
            "top_logprobs": request.top_logprobs,
        }
        parameters |= {name: value for name, value in optional.items() if value is not None}
        if request.json_schema is not None:
            schema = {"name": request.json_schema.name, "schema": dict(request.json_schema.schema), "strict": True}
            parameters["response_format"] = {"type": "json_schema", "json_schema": schema}
        return parameters


def to_model_error(error: Exception, *, now: dt.datetime) -> LanguageModelError:
    """Return what ``error``, raised by the openai client, means for the caller: repeat, slow down, or give up."""
    if isinstance(error, openai.APIStatusError):
        return _from_status(error, now)
    went_out = not isinstance(error.__cause__, _NOT_SENT)
    lost = UnansweredError if went_out else TransientModelError
    if isinstance(error, openai.APITimeoutError):
        return lost("The model did not answer in time.", code="timeout")
    if isinstance(error, openai.APIConnectionError):
        if isinstance(error.__cause__, httpx2.LocalProtocolError | httpx2.UnsupportedProtocol):
            # The cause's own message would show the key.
            message = "The request can't be sent: look for a line break in OPENAI_API_KEY, and at OPENAI_BASE_URL."
            return PermanentModelError(message)
        return lost(f"The connection to the model failed: {_cause(error)}.", code="connection")
    if isinstance(error, openai.APIResponseValidationError):
        return UnansweredError("The server answered with a body that is no chat completion.", code="malformed_body")
    return PermanentModelError(f"The openai client refused the request: {error}")


def read_retry_after(headers: Mapping[str, str], *, now: dt.datetime) -> float | None:
    """Return the seconds that the server asks to wait, None where it says nothing usable; never negative.

    ``retry-after-ms`` counts before ``Retry-After``, in seconds or as an HTTP date (RFC 9110, section 10.2.3).
    """
    for name, unit in (("retry-after-ms", 1000.0), ("retry-after", 1.0)):
        seconds = _finite(headers.get(name))
        if seconds is not None:
            return max(0.0, seconds / unit)
    try:
        moment = email.utils.parsedate_to_datetime(headers.get("retry-after", ""))
    except (ValueError, OverflowError):
        return None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=dt.UTC)
    return max(0.0, (moment - now).total_seconds())


def read_rate_limit(headers: Mapping[str, str]) -> RateLimitState | None:
    """Return what the ``x-ratelimit-*`` headers say, or None where there are none that can be read."""
    state = RateLimitState(
        limit_requests=_count(headers.get("x-ratelimit-limit-requests")),
        limit_tokens=_count(headers.get("x-ratelimit-limit-tokens")),
        remaining_requests=_count(headers.get("x-ratelimit-remaining-requests")),
        remaining_tokens=_count(headers.get("x-ratelimit-remaining-tokens")),
        reset_requests_seconds=read_duration(headers.get("x-ratelimit-reset-requests")),
        reset_tokens_seconds=read_duration(headers.get("x-ratelimit-reset-tokens")),
    )
    return None if state == RateLimitState() else state


def read_duration(text: str | None) -> float | None:
    """Return the seconds of a duration such as ``6m0s``, ``17ms`` or ``1.5``, or None for anything else."""
    if text is None:
        return None
    cleaned = text.strip().lower()
    if _DURATION.fullmatch(cleaned):
        parts = _DURATION_PART.findall(cleaned)
        return round(sum(float(number) * _SECONDS_PER_UNIT[unit] for number, unit in parts), 6)
    seconds = _finite(cleaned)
    return None if seconds is None or seconds < 0 else seconds


def _from_status(error: openai.APIStatusError, now: dt.datetime) -> LanguageModelError:
    status, code, headers = error.status_code, error.code, error.response.headers
    message = f"The model's server answered {status}: {error.message}"
    if status == 429:
        # The client passes on as the type whatever JSON stands there.
        if code in _NO_QUOTA or str(error.type) in _NO_QUOTA or _TOO_LARGE.search(error.message):
            return PermanentModelError(message, status=status, code=code)
        return RateLimitedError(
            message,
            retry_after_seconds=read_retry_after(headers, now=now),
            rate_limit=read_rate_limit(headers),
            code=code,
        )
    if status >= 500 or status in _TRANSIENT_STATUSES:
        kind = UnansweredError if status in _GATEWAY_GAVE_UP else TransientModelError
        return kind(message, status=status, code=code, retry_after_seconds=read_retry_after(headers, now=now))
    return PermanentModelError(message, status=status, code=code)


def _cause(error: Exception) -> str:
    cause = error.__cause__ or error
    return f"{type(cause).__name__}: {cause}".rstrip(": .")


def _count(text: str | None) -> int | None:
    number = _finite(text)
    return None if number is None or number < 0 else int(number)


def _finite(text: str | None) -> float | None:
    try:
        number = float(text) if text is not None else math.nan
    except ValueError:
        return None
    return number if math.isfinite(number) else None
