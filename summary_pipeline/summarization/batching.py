"""Decisions about batches of calls: what goes into one, and what is done once it has ended.

Belongs here: pure functions of sizes, prices and statuses. Does not belong here: the provider's API and the stores
(``resources``), the calls themselves (``mapping.opening_calls``).
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from summary_pipeline.summarization.calls import Call
from summary_pipeline.summarization.cost import highest_call_cost
from summary_pipeline.summarization.model_registry import ModelSpec
from summary_pipeline.summarization.parameters import SummarizationParameters

NO_ROOM_CODES = frozenset({"token_limit_exceeded", "request_limit_exceeded"})
"""Codes of batches that the provider refused because too many requests or tokens wait in others already."""


@dataclass(frozen=True, slots=True)
class Load:
    """What requests amount to: their number, their bytes as lines of a file, and their highest price in US dollars."""

    requests: int = 0
    bytes: int = 0
    usd: float = 0.0

    def __add__(self, other: "Load") -> "Load":
        return Load(self.requests + other.requests, self.bytes + other.bytes, self.usd + other.usd)


@dataclass(frozen=True, slots=True)
class BatchLimits:
    """The most that a batch may amount to. ``usd`` is None where no limit is set."""

    requests: int
    bytes: int
    usd: float | None = None

    def hold(self, load: Load) -> bool:
        """Say whether ``load`` is within them."""
        return self.hold_size_of(load) and self.can_pay(load)

    def hold_size_of(self, load: Load) -> bool:
        """Say whether ``load`` is within them, whatever it costs."""
        return load.requests <= self.requests and load.bytes <= self.bytes

    def can_pay(self, load: Load) -> bool:
        """Say whether the price of ``load`` is within them, whatever its size."""
        return self.usd is None or load.usd <= self.usd


PROVIDER_LIMITS = BatchLimits(requests=50_000, bytes=200_000_000)
"""What OpenAI takes in one batch."""

TICK_LIMITS = BatchLimits(requests=2_000, bytes=40_000_000)
"""What one tick can upload, and later read back and store. Larger backfills become several batches."""


class Place(StrEnum):
    """Where a video's calls go."""

    HERE = "here"
    """Into the batch that is being filled."""
    NEXT = "next"
    """Into a later one: this one is full, or today's money is."""
    NONE = "none"
    """Into no batch ever: they are more than one may be. The run makes them live, or says what is wrong."""


def place_of(load: Load, filled: Load, *, limits: BatchLimits, hard: BatchLimits) -> Place:
    """Decide where a video's calls go: they stay together, so that its run can start when its batch has ended.

    Args:
        load: The video's calls.
        filled: What is in the batch already.
        limits: What the batch shall hold. An empty batch takes a video that is larger, but never one that costs more.
        hard: What no batch may exceed.
    """
    if not hard.hold(load):
        return Place.NONE
    together = filled + load
    if not limits.can_pay(together):
        return Place.NEXT
    is_first = filled.requests == 0
    return Place.HERE if is_first or limits.hold_size_of(together) else Place.NEXT


def load_of(calls: Sequence[Call[Any]], lines: Sequence[bytes], spec: ModelSpec) -> Load:
    """Return what ``calls`` amount to as ``lines`` of a batch, at the batch price of their model."""
    usd = sum(highest_batch_cost(call, spec) or 0.0 for call in calls)
    return Load(len(calls), sum(map(len, lines)), usd)


def highest_batch_cost(call: Call[Any], spec: ModelSpec) -> float | None:
    """Return the most that ``call`` may cost in a batch in US dollars, None where no price is known."""
    output_tokens = call.request.max_output_tokens
    return highest_call_cost(spec.batch_price, input_tokens=call.input_tokens, output_tokens=output_tokens)


def reason_against_batches(parameters: SummarizationParameters, spec: ModelSpec) -> str | None:
    """Return why calls can't go through the provider's Batch API, None where they can."""
    if spec.batch_price_factor is None:
        return (
            f"No batch price is known for model {spec.name!r}. Set its batch_price_factor in the file that "
            "SUMMARY_MODEL_REGISTRY names, if its provider has a Batch API."
        )
    if parameters.force:
        return "SUMMARY_FORCE is set: runs would not read the stored answers that a batch brings."
    return None


class BatchStatus(StrEnum):
    """What a batch does, of all that the provider's statuses say."""

    WORKING = "working"
    ENDING = "ending"
    """It will end soon: it is being finalized or cancelled."""
    ENDED = "ended"
    """Completed or expired: what was done is answered and paid for."""
    REFUSED = "refused"
    """Nothing was done."""
    CANCELLED = "cancelled"
    """By a person, or because no run waited. What was done is answered and paid for."""
    UNKNOWN = "unknown"
    """The provider knows no such batch."""


class NextStep(StrEnum):
    """What is done about a batch that was submitted."""

    WAIT = "wait"
    CANCEL = "cancel"
    """Nobody waits for it any more: what is not done yet need not be paid for."""
    COLLECT = "collect"
    """Keep its answers, then start the runs, which make the missing calls live."""
    COLLECT_AND_STOP = "collect and stop"
    """Keep its answers and start no runs. Where a person cancelled it, those that wait are cancelled."""
    SUBMIT_AGAIN = "submit again"
    GO_LIVE = "go live"
    """Start the runs without answers."""


def next_step(
    status: BatchStatus, codes: Collection[str], *, is_awaited: bool, submissions: int, most_submissions: int
) -> NextStep:
    """Decide what is done about a batch.

    Args:
        status: What it does.
        codes: The provider's error codes, where it was refused.
        is_awaited: Whether a run waits for its answers.
        submissions: How often these requests were submitted, this time included.
        most_submissions: After so many, requests that find no room at the provider are made live.
    """
    match status:
        case BatchStatus.WORKING:
            return NextStep.WAIT if is_awaited else NextStep.CANCEL
        case BatchStatus.ENDING:
            return NextStep.WAIT
        case BatchStatus.ENDED:
            return NextStep.COLLECT
        case BatchStatus.CANCELLED:
            return NextStep.COLLECT_AND_STOP
        case BatchStatus.REFUSED:
            may_find_room = bool(codes) and NO_ROOM_CODES.issuperset(codes) and submissions < most_submissions
            return NextStep.SUBMIT_AGAIN if may_find_room else NextStep.GO_LIVE
        case BatchStatus.UNKNOWN:
            return NextStep.GO_LIVE
