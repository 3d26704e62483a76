import asyncio
import logging

import pytest

from summary_pipeline.local.openai_server.configuration import Behaviour
from summary_pipeline.summarization.language_model import (
    Completion,
    CompletionRequest,
    LanguageModelError,
    PermanentModelError,
    RateLimitedError,
    TransientModelError,
)
from summary_pipeline.summarization.pacing import PacedModel
from summary_pipeline.summarization.rate_limit import AdaptiveLimiter
from summary_pipeline.summarization.retries import RetryPolicy
from summary_pipeline_tests.summarization.simulated_provider import SimulatedProvider, call, make_calls
from summary_pipeline_tests.summarization.virtual_time import LoopClock, run


class Failing:
    """Raises each of its errors once, then answers."""

    def __init__(self, *errors: LanguageModelError) -> None:
        self._errors = list(errors)
        self.times: list[float] = []

    async def complete(self, request: CompletionRequest) -> Completion:
        self.times.append(LoopClock().now())
        if self._errors:
            raise self._errors.pop(0)
        return Completion("text", "stop", request.model, 10, 5)


def complete(model: Failing, policy: RetryPolicy | None = None) -> Completion:
    async def attempt() -> Completion:
        paced = PacedModel(model, AdaptiveLimiter(clock=LoopClock()), policy, LoopClock())
        return await paced(call(100), estimated_tokens=300)

    return run(attempt())


def test_an_answer_is_handed_on() -> None:
    assert complete(Failing()).text == "text"


def test_a_transient_error_is_met_with_another_attempt_after_a_pause_that_grows() -> None:
    model = Failing(*(TransientModelError("503", status=503) for _ in range(4)))
    assert complete(model).text == "text"
    pauses = [later - earlier for earlier, later in zip(model.times, model.times[1:], strict=False)]
    assert all(0 <= pause <= 2**n for n, pause in enumerate(pauses))
    assert sum(pauses) > 0


def test_a_pause_that_is_too_long_to_wait_for_holds_up_no_other_call() -> None:
    model = Failing(RateLimitedError("429", retry_after_seconds=86_400))

    async def one_after_the_other() -> float:
        paced = PacedModel(model, AdaptiveLimiter(clock=LoopClock()), clock=LoopClock())
        with pytest.raises(RateLimitedError):
            await paced(call(100), estimated_tokens=300)
        await paced(call(100), estimated_tokens=300)
        return LoopClock().now()

    assert run(one_after_the_other()) == 0


def test_retry_after_is_waited_for() -> None:
    model = Failing(
        RateLimitedError("429", retry_after_seconds=150), TransientModelError("503", retry_after_seconds=20)
    )
    complete(model)
    assert 150 <= model.times[1] <= 151
    assert 20 <= model.times[2] - model.times[1] <= 21


def test_a_permanent_error_is_raised_at_once() -> None:
    model = Failing(PermanentModelError("401", status=401))
    with pytest.raises(PermanentModelError):
        complete(model)
    assert model.times == [0]


def test_the_last_error_is_raised_when_attempts_are_used_up() -> None:
    model = Failing(*(TransientModelError(f"attempt {n}") for n in range(1, 9)))
    with pytest.raises(TransientModelError, match="attempt 3"):
        complete(model, RetryPolicy(max_attempts=3))
    assert len(model.times) == 3


def test_a_pause_longer_than_the_cap_is_not_waited_for() -> None:
    model = Failing(RateLimitedError("429", retry_after_seconds=3600))
    with pytest.raises(RateLimitedError):
        complete(model)
    assert model.times == [0]


def test_a_failed_attempt_is_logged_without_the_request(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING):
        complete(Failing(TransientModelError("The server answered 503.", status=503)))
    assert "503" in caplog.text


def test_others_go_on_while_one_pauses() -> None:
    async def beside() -> float:
        slow = Failing(TransientModelError("503", retry_after_seconds=100))
        paced = PacedModel(slow, AdaptiveLimiter(clock=LoopClock()), clock=LoopClock())
        pausing = asyncio.create_task(paced(call(1), estimated_tokens=1))
        await asyncio.sleep(1)
        await paced(call(1), estimated_tokens=1)
        finished = LoopClock().now()
        await pausing
        return finished

    assert run(beside()) == 1


def test_a_call_that_is_cancelled_gives_its_place_back() -> None:
    async def cancelled() -> float:
        provider = SimulatedProvider(latency=1000)
        limiter = AdaptiveLimiter(clock=LoopClock())
        # A 429 from a provider that tells no limits: from now on one call at once.
        limiter.limited(await limiter.acquire(1, limiter.ticket()), 0, None)
        paced = PacedModel(provider, limiter, clock=LoopClock())
        hanging = asyncio.create_task(paced(call(1), estimated_tokens=1))
        await asyncio.sleep(1)
        hanging.cancel()
        with pytest.raises(asyncio.CancelledError):
            await hanging
        await limiter.acquire(1, limiter.ticket())
        return LoopClock().now()

    assert run(cancelled()) == pytest.approx(1, abs=0.1)


def test_an_answer_that_can_not_be_counted_gives_its_place_back() -> None:
    class Uncounted:
        async def complete(self, _: CompletionRequest) -> Completion:
            return Completion("text", "stop", "model", "10", 5)  # type: ignore[arg-type]  # what the protocol forbids

    async def uncounted() -> bool:
        limiter = AdaptiveLimiter(clock=LoopClock())
        with pytest.raises(TypeError):
            await PacedModel(Uncounted(), limiter, clock=LoopClock())(call(1), estimated_tokens=1)
        return limiter.is_idle

    assert run(uncounted())


def test_a_provider_in_trouble_does_not_cost_answers() -> None:
    def every_fifth(number: int) -> TransientModelError | None:
        return TransientModelError("503", status=503) if number % 5 == 0 else None

    provider = SimulatedProvider(Behaviour(tokens_per_minute=2_000_000), failure=every_fifth)
    run(make_calls(provider, [8000] * 300, tokens_per_minute=2_000_000))
    answered = provider.calls - provider.calls // 5 - len(provider.limited_at)
    assert answered == 300
    assert len(provider.limited_at) <= 0.01 * provider.calls
