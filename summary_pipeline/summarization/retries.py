"""Whether a call that failed is made again, and when.

Belongs here: the decision, as pure functions of the error and the number of attempts. Does not belong here: waiting and
calling (``pacing``), what an HTTP status means (the adapter that raised the error).
"""

from pydantic import BaseModel, ConfigDict, Field

from summary_pipeline.summarization.language_model import TransientModelError


def is_transient(error: BaseException) -> bool:
    """Say whether the same call may succeed later."""
    return isinstance(error, TransientModelError)


class RetryPolicy(BaseModel):
    """How often and after which pause a transient error is met with another attempt.

    Pauses grow exponentially with full jitter: anything between nothing and the doubled bound is equally likely, which
    spreads clients that failed together (M. Brooker, "Exponential Backoff And Jitter", AWS Architecture Blog, 2015).
    """

    model_config = ConfigDict(frozen=True)

    max_attempts: int = Field(6, ge=1)
    first_pause_seconds: float = Field(1.0, ge=0, description="Longest pause after the first attempt; then it doubles.")
    longest_pause_seconds: float = Field(60.0, ge=0)
    longest_retry_after_seconds: float = Field(
        600.0, ge=0, description="Retry-After up to which the provider is waited for; above, the error is final."
    )

    def pause(self, error: BaseException, attempt: int, draw: float) -> float | None:
        """Return the seconds to wait before the next attempt, or None where there shall be none.

        Args:
            error: What the call raised.
            attempt: How many attempts were made, this one included.
            draw: A random number in [0, 1).
        """
        if not is_transient(error) or attempt >= self.max_attempts:
            return None
        retry_after = error.retry_after_seconds if isinstance(error, TransientModelError) else None
        if retry_after is None:
            bound = min(self.longest_pause_seconds, self.first_pause_seconds * 2.0 ** (attempt - 1))
            return draw * bound
        if retry_after > self.longest_retry_after_seconds:
            return None
        return retry_after + draw * min(self.first_pause_seconds, retry_after)

    def tolerated_pause(self, error: TransientModelError) -> float | None:
        """Return the seconds that the provider asks to wait, None where it names none or more than is waited for."""
        asked = error.retry_after_seconds
        return None if asked is None or asked > self.longest_retry_after_seconds else asked
