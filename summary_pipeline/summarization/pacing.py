"""A language model that keeps to its provider's limits and repeats what failed for a passing reason.

Belongs here: the one place where calls are held back and repeated. Does not belong here: when a call may go out
(``rate_limit``), whether it is repeated (``retries``), whether an answer is usable (``answering``).
"""

import itertools
import logging
import random

from summary_pipeline.summarization.clock import Clock, SystemClock
from summary_pipeline.summarization.expense import Expense
from summary_pipeline.summarization.language_model import (
    Attempts,
    Completion,
    CompletionRequest,
    LanguageModel,
    RateLimitedError,
    TransientModelError,
)
from summary_pipeline.summarization.rate_limit import AdaptiveLimiter
from summary_pipeline.summarization.retries import RetryPolicy

logger = logging.getLogger(__name__)


class PacedModel:
    """A ``CallExecutor`` over a ``LanguageModel``.

    Args:
        model: Makes one attempt a call.
        limiter: Holds calls back. Share one among all that call on the same account; without limits if not given.
        retry_policy: Says what is repeated.
        clock: What time is; the limiter's should be the same.
    """

    def __init__(
        self,
        model: LanguageModel,
        limiter: AdaptiveLimiter | None = None,
        retry_policy: RetryPolicy | None = None,
        clock: Clock | None = None,
    ) -> None:
        self._model = model
        self._clock = clock or SystemClock()
        self._limiter = limiter or AdaptiveLimiter(clock=self._clock)
        self._policy = retry_policy or RetryPolicy()
        self._random = random.Random()  # noqa: S311 - spreads pauses, nothing is secret

    async def __call__(
        self, request: CompletionRequest, *, estimated_tokens: int, attempts: Attempts | None = None
    ) -> Completion:
        """Return the model's answer to ``request``, which is expected to weigh ``estimated_tokens``, answer included.

        Raises:
            PermanentModelError: repeating the call is pointless.
            TransientModelError: it failed too often, or the provider asks for a longer pause than the policy grants.
        """
        attempts = attempts or Expense()
        ticket = self._limiter.ticket()
        for attempt in itertools.count(1):
            await attempts.before()
            try:
                return await self._attempt(request, estimated_tokens, ticket, attempts)
            except TransientModelError as error:
                pause = self._policy.pause(error, attempt, self._random.random())
                if pause is None:
                    raise
                logger.warning("Attempt %d at %s failed: %s Next in %.1f s.", attempt, request.purpose, error, pause)
            await self._clock.sleep(pause)
        raise AssertionError("unreachable: attempts are counted without an end")

    async def _attempt(self, request: CompletionRequest, tokens: int, ticket: int, attempts: Attempts) -> Completion:
        permit = await self._limiter.acquire(tokens, ticket)
        try:
            with attempts.under_way():
                completion = await self._model.complete(request)
            used = completion.input_tokens + completion.output_tokens
            unused = max(0, request.max_output_tokens - completion.output_tokens)
        except RateLimitedError as error:
            # A pause that is too long to be waited for ends this call, and must not hold up those of other videos.
            self._limiter.limited(permit, self._policy.tolerated_pause(error), error.rate_limit)
            raise
        except BaseException:  # also where the task is cancelled: a permit that is never ended would count for ever
            self._limiter.failed(permit)
            raise
        self._limiter.succeeded(permit, used, completion.rate_limit, unused_output=unused)
        return completion
