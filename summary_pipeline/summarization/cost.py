"""What calls cost, and limits that stop a call before it is paid for.

Belongs here: usage, prices times tokens, budgets. Does not belong here: prices (``models.json``) and rate limits
(``rate_limit``).
"""

from typing import Protocol

from pydantic import BaseModel, ConfigDict

from summary_pipeline.summarization.errors import CostLimitError
from summary_pipeline.summarization.language_model import Completion
from summary_pipeline.summarization.model_registry import Price


class Usage(BaseModel):
    """Calls and tokens, and their price in US dollars (None where a price is unknown, or tokens were not counted)."""

    model_config = ConfigDict(frozen=True)

    calls: int = 0
    input_tokens: int = 0
    """Everything sent, cached tokens included."""
    cached_input_tokens: int = 0
    cache_write_input_tokens: int = 0
    """Those of the tokens sent that the provider put in its prompt cache, which some charge more for."""
    output_tokens: int = 0
    """Everything written, hidden reasoning included."""
    batch_calls: int = 0
    """Those of the calls that went through the provider's Batch API, at its price."""
    cost_usd: float | None = 0.0

    def __add__(self, other: "Usage") -> "Usage":
        known = self.cost_usd is not None and other.cost_usd is not None
        return Usage(
            calls=self.calls + other.calls,
            input_tokens=self.input_tokens + other.input_tokens,
            cached_input_tokens=self.cached_input_tokens + other.cached_input_tokens,
            cache_write_input_tokens=self.cache_write_input_tokens + other.cache_write_input_tokens,
            output_tokens=self.output_tokens + other.output_tokens,
            batch_calls=self.batch_calls + other.batch_calls,
            cost_usd=(self.cost_usd or 0.0) + (other.cost_usd or 0.0) if known else None,
        )


def call_cost(
    price: Price | None,
    *,
    input_tokens: int,
    output_tokens: int,
    cached_input_tokens: int = 0,
    cache_write_input_tokens: int = 0,
) -> float | None:
    """Return the US dollars that one call costs, or None where the price is unknown.

    ``input_tokens`` are all that was sent, of which some were found in the provider's cache and others put there.
    """
    if price is None:
        return None
    is_long = price.long_context_from is not None and input_tokens > price.long_context_from
    input_factor = price.long_context_input_factor if is_long else 1.0
    output_factor = price.long_context_output_factor if is_long else 1.0
    cached = min(cached_input_tokens, input_tokens)
    written = min(cache_write_input_tokens, input_tokens - cached)
    input_dollars = (
        (input_tokens - cached - written) * price.input
        + cached * price.cached_input
        + written * (price.input if price.cache_write is None else price.cache_write)
    )
    return (input_dollars * input_factor + output_tokens * price.output * output_factor) / 1_000_000


def highest_call_cost(price: Price | None, *, input_tokens: int, output_tokens: int) -> float | None:
    """Return the most that one call may cost: nothing of it is in the provider's cache, and all of it is put there."""
    return call_cost(
        price, input_tokens=input_tokens, output_tokens=output_tokens, cache_write_input_tokens=input_tokens
    )


def completion_usage(price: Price | None, completion: Completion) -> Usage:
    """Return the usage of one answered call. What it cost is not known either where the provider counts no tokens."""
    counted = completion.input_tokens > 0
    return Usage(
        calls=1,
        input_tokens=completion.input_tokens,
        cached_input_tokens=completion.cached_input_tokens,
        cache_write_input_tokens=completion.cache_write_input_tokens,
        output_tokens=completion.output_tokens,
        cost_usd=call_cost(
            price if counted else None,
            input_tokens=completion.input_tokens,
            cached_input_tokens=completion.cached_input_tokens,
            cache_write_input_tokens=completion.cache_write_input_tokens,
            output_tokens=completion.output_tokens,
        ),
    )


class Budget(Protocol):
    """A limit on spending. Each call's highest possible price is reserved before it is made, and settled after it.

    Implementations that live in a database make a limit hold over all processes.
    """

    async def require_affordable(self, usd: float) -> None:
        """Check that ``usd`` could be set aside. Nothing is: whoever reserves meanwhile does not notice.

        Raises:
            CostLimitError: what is spent and set aside already, and ``usd``, are more than the limit.
        """
        ...

    async def reserve(self, usd: float) -> None:
        """Set ``usd`` aside. A task that is cancelled while it waits for this has set nothing aside.

        Raises:
            CostLimitError: as ``require_affordable``.
        """
        ...

    async def settle(self, *, reserved_usd: float, spent_usd: float) -> None:
        """Give back a reservation and record what was really spent."""
        ...


class VideoBudget:
    """The limit for one video, of which ``spent_usd`` have been spent before."""

    def __init__(self, limit_usd: float, *, spent_usd: float = 0.0) -> None:
        self._limit = limit_usd
        self._spent = spent_usd
        self._reserved = 0.0

    async def require_affordable(self, usd: float) -> None:
        """See ``Budget.require_affordable``."""
        if self._spent + self._reserved + usd > self._limit:
            raise CostLimitError(
                f"This video may cost ${self._limit:.4f} (SUMMARY_MAX_COST_PER_VIDEO_USD). ${self._spent:.4f} are "
                f"spent, ${self._reserved:.4f} set aside for calls under way, and what comes next may cost ${usd:.4f}. "
                "Raise the limit or use a cheaper model."
            )

    async def reserve(self, usd: float) -> None:
        """See ``Budget.reserve``."""
        await self.require_affordable(usd)
        self._reserved += usd

    async def settle(self, *, reserved_usd: float, spent_usd: float) -> None:
        """See ``Budget.settle``."""
        self._reserved -= reserved_usd
        self._spent += spent_usd
