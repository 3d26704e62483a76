"""What the server does besides answering: its latency, its limits and its faults.

Belongs here: the documents that the command line, tests and ``POST /_control/behaviour`` send.
Does not belong here: acting on them (``faults``, ``rate_limits``, ``app``).
"""

import datetime as dt
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

SERVED_MODEL = "extractive-offline"

FaultKind = Literal[
    "error",  # `status` (500 unless told) with an error document
    "rate_limited",  # 429 with Retry-After
    "insufficient_quota",  # 429 that no waiting helps against
    "slow",  # `seconds` later than otherwise
    "hang",  # no answer for `seconds`, then the connection ends
    "dropped_connection",  # closed before the status line
    "truncated_body",  # closed in the middle of the body
    "malformed_body",  # 200 and a body that is no JSON
    "refusal",  # message.refusal
    "content_filter",  # finish_reason = content_filter, content cut
    "truncated_content",  # finish_reason = length, content cut
    "empty_content",  # finish_reason = stop, content ""
    "malformed_content",  # finish_reason = stop, content that no JSON schema allows
]


class _Document(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Fault(_Document):
    """One thing to go wrong, and for which calls."""

    kind: FaultKind
    probability: float = Field(1.0, ge=0, le=1, description="Share of the matching calls that it strikes.")
    skip: int = Field(0, ge=0, description="Matching calls to spare first.")
    times: int | None = Field(None, ge=1, description="Calls to strike at most; None means all.")
    contains: str | None = Field(None, description="Strike only calls with this text in a message.")
    schema_name: str | None = Field(None, description="Strike only calls for the JSON schema of this name.")
    status: int = Field(500, ge=400, le=599, description="HTTP status of an `error`.")
    code: str | None = Field(None, description="`error.code` of an `error`.")
    retry_after_seconds: float | None = Field(None, ge=0, description="Retry-After of an `error` or `rate_limited`.")
    seconds: float = Field(3600, ge=0, description="Length of a `hang` or `slow`.")


class Behaviour(_Document):
    """How the server treats calls until told otherwise.

    Limits are token buckets that refill steadily and hold what ``rate_window_seconds`` of the limit amount to, as
    providers enforce limits per minute in shorter windows. A call weighs its prompt and its output limit.
    """

    latency_seconds: float = Field(0, ge=0, description="Least time a call takes.")
    latency_per_output_token_seconds: float = Field(0, ge=0, description="Added for every token of the answer.")
    requests_per_minute: float | None = Field(None, gt=0)
    tokens_per_minute: float | None = Field(None, gt=0)
    rate_window_seconds: float = Field(10, gt=0, le=60)
    refund_unused_tokens: bool = Field(
        default=False, description="Give back what a call did not use of its output limit, once it is answered."
    )
    batch_seconds: float = Field(0, ge=0, description="Least time from a batch's creation to its end.")
    batch_expires_after: int | None = Field(
        None, ge=0, description="Requests of a batch that are carried out before it expires; None means all."
    )
    batch_error: str | None = Field(None, description="Error code with which new batches fail at validation.")
    faults: tuple[Fault, ...] = ()
    seed: int = Field(0, description="Seed of the draw for faults with a probability.")


class ServerConfig(_Document):
    """What the server is for as long as it runs."""

    known_models: frozenset[str] | None = Field(
        None, description="Model names that it accepts; None means all. Others are answered 404."
    )
    reasoning_models: frozenset[str] = Field(
        frozenset(), description="Model names for which it refuses `max_tokens` and a temperature, as OpenAI does."
    )
    cache_writing_models: frozenset[str] = Field(
        frozenset(),
        description="Model names for which it reports long prompts as put in its cache, unless told not to.",
    )
    shutdown_date: dt.date | None = Field(None, description="When its model is shut down, as it announces it.")
    context_tokens: int | None = Field(None, ge=1, description="Most tokens of prompt and answer; None means any.")
    answers: Literal["extractive", "leading"] = Field(
        "extractive", description="`leading` takes the first sentences instead of the central ones: cheap, to measure."
    )
    batch_max_requests: int = Field(50_000, ge=1, description="Most requests in one batch.")
    batch_max_bytes: int = Field(200_000_000, ge=1, description="Most bytes in the file of a batch.")
    behaviour: Behaviour = Behaviour()
