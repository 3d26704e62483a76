"""What answers cost, and budgets that are asked before and told after each call."""

import asyncio
from dataclasses import replace

import pytest

from summary_pipeline.summarization.answering import Answerer, as_executor
from summary_pipeline.summarization.calls import Call, CallFactory
from summary_pipeline.summarization.chunk_store import ChunkStore, MemoryChunkStore
from summary_pipeline.summarization.chunking import chunk_transcript
from summary_pipeline.summarization.cited_lines import PartialAnswer
from summary_pipeline.summarization.cost import Budget, VideoBudget, highest_call_cost
from summary_pipeline.summarization.errors import CostLimitError
from summary_pipeline.summarization.language_model import (
    CallExecutor,
    Completion,
    CompletionRequest,
    TransientModelError,
    UnansweredError,
)
from summary_pipeline.summarization.mapping import spent_on
from summary_pipeline.summarization.model_registry import built_in_registry
from summary_pipeline.summarization.pacing import PacedModel
from summary_pipeline.summarization.parameters import SummarizationParameters
from summary_pipeline.summarization.rate_limit import AdaptiveLimiter
from summary_pipeline.summarization.retries import RetryPolicy
from summary_pipeline.summarization.summarizer import Summarizer
from summary_pipeline_tests.summarization.scripted_model import ENCODING, ScriptedModel, faithful, speech

PARAMETERS = SummarizationParameters()
SPEC = built_in_registry().lookup(PARAMETERS.model)
MAP_CALL: Call[PartialAnswer] = CallFactory(PARAMETERS, SPEC, "en").map_call(
    chunk_transcript(speech(600)).chunks[0], of=1, encoding=ENCODING
)


def highest_usd(call: Call[PartialAnswer]) -> float:
    usd = highest_call_cost(SPEC.price, input_tokens=call.input_tokens, output_tokens=call.request.max_output_tokens)
    assert usd is not None
    return usd


HIGHEST_USD = highest_usd(MAP_CALL)


def answerer(model: ScriptedModel | CallExecutor, *budgets: Budget, store: ChunkStore | None = None) -> Answerer:
    return Answerer(
        as_executor(model),
        SPEC,
        store=MemoryChunkStore() if store is None else store,
        budgets=budgets,
        at_once=asyncio.Semaphore(4),
    )


async def test_a_call_above_the_cost_limit_is_not_made() -> None:
    model = ScriptedModel()
    with pytest.raises(CostLimitError):
        await answerer(model, VideoBudget(1e-9)).answer(MAP_CALL)
    assert model.requests == []


async def test_the_cost_limit_counts_what_was_really_spent() -> None:
    model = ScriptedModel()
    budget = VideoBudget(1.0)
    answered = await answerer(model, budget).answer(MAP_CALL)
    assert answered.usage.cost_usd is not None
    await budget.reserve(1.0 - answered.usage.cost_usd)
    with pytest.raises(CostLimitError):
        await budget.reserve(answered.usage.cost_usd)


async def test_a_failed_call_gives_its_reservation_back_to_every_budget() -> None:
    def failing(_: CompletionRequest) -> Completion:
        raise TransientModelError("502")

    budgets = [VideoBudget(1.0), VideoBudget(1.0)]
    with pytest.raises(TransientModelError):
        await answerer(ScriptedModel(failing), *budgets).answer(MAP_CALL)
    for budget in budgets:
        await budget.reserve(1.0)


@pytest.mark.parametrize("error", [UnansweredError("timed out"), ZeroDivisionError("no error of a model")])
async def test_a_call_that_went_out_and_brought_no_answer_costs_the_most_that_it_may(error: Exception) -> None:
    def lost(_: CompletionRequest) -> Completion:
        raise error

    budget = VideoBudget(1.0)
    with pytest.raises(type(error)):
        await answerer(ScriptedModel(lost), budget).answer(MAP_CALL)
    await budget.reserve(1.0 - HIGHEST_USD)
    with pytest.raises(CostLimitError, match=f"{HIGHEST_USD:.4f} are spent"):
        await budget.reserve(HIGHEST_USD / 2)


async def test_a_call_that_is_cancelled_under_way_costs_the_most_that_it_may() -> None:
    out = asyncio.Event()

    async def hang() -> None:
        out.set()
        await asyncio.Event().wait()

    budget = VideoBudget(1.0)
    asking = asyncio.create_task(answerer(ScriptedModel(pause=hang), budget).answer(MAP_CALL))
    await out.wait()
    asking.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asking
    with pytest.raises(CostLimitError, match=rf"{HIGHEST_USD:.4f} are spent, \$0.0000 set aside"):
        await budget.reserve(1.0)


class AskedBudget(VideoBudget):
    """A budget that tells when it has been asked for money."""

    def __init__(self, limit_usd: float) -> None:
        super().__init__(limit_usd)
        self.asked = asyncio.Event()

    async def reserve(self, usd: float) -> None:
        await super().reserve(usd)
        self.asked.set()


async def test_a_call_that_is_cancelled_before_it_went_out_costs_nothing() -> None:
    limiter = AdaptiveLimiter()
    limiter.limited(await limiter.acquire(1, limiter.ticket()), 3600, None)
    model, budget = ScriptedModel(), AskedBudget(1.0)
    asking = asyncio.create_task(answerer(PacedModel(model, limiter), budget).answer(MAP_CALL))
    await budget.asked.wait()
    asking.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asking
    assert model.requests == []
    await budget.reserve(1.0)


def raising(errors: list[TransientModelError]) -> ScriptedModel:
    """Return a model that raises ``errors`` first."""

    def reply(request: CompletionRequest) -> Completion:
        if errors:
            raise errors.pop(0)
        return faithful(request)

    return ScriptedModel(reply)


async def test_attempts_of_one_call_that_brought_no_answer_count_beside_the_one_that_did() -> None:
    model = raising([UnansweredError("timed out"), TransientModelError("503", status=503), UnansweredError("gone")])
    budget = VideoBudget(1.0)
    paced = PacedModel(model, retry_policy=RetryPolicy(first_pause_seconds=0))
    answered = await answerer(paced, budget).answer(MAP_CALL)
    assert answered.usage.cost_usd is not None
    spent = 2 * HIGHEST_USD + answered.usage.cost_usd
    with pytest.raises(CostLimitError, match=rf"{spent:.4f} are spent, \$0.0000 set aside"):
        await budget.reserve(1.0)


async def test_a_limit_allows_no_attempt_that_those_before_it_have_used_up() -> None:
    model = raising([UnansweredError("timed out") for _ in range(9)])
    paced = PacedModel(model, retry_policy=RetryPolicy(first_pause_seconds=0))
    with pytest.raises(CostLimitError, match="what comes next"):
        await answerer(paced, VideoBudget(2.5 * HIGHEST_USD)).answer(MAP_CALL)
    assert len(model.requests) == 2


async def test_tokens_that_the_provider_does_not_count_count_as_the_most_that_the_call_may_cost() -> None:
    def uncounted(request: CompletionRequest) -> Completion:
        return replace(faithful(request), input_tokens=0, output_tokens=0)

    budget = VideoBudget(1.0)
    answered = await answerer(ScriptedModel(uncounted), budget).answer(MAP_CALL)
    assert answered.usage.cost_usd is None
    with pytest.raises(CostLimitError):
        await budget.reserve(1.0)


async def test_a_map_phase_that_nobody_counted_has_cost_the_most_that_it_may_when_the_reduce_phase_begins() -> None:
    def uncounted(request: CompletionRequest) -> Completion:
        return replace(faithful(request), input_tokens=0, output_tokens=0)

    parameters = SummarizationParameters(single_call=False, chunk_tokens=1_000)
    chunks = chunk_transcript(speech(5_000), max_tokens=1_000)
    factory = CallFactory(parameters, SPEC, chunks.language)
    calls = [factory.map_call(chunk, of=len(chunks.chunks), encoding=ENCODING) for chunk in chunks.chunks]
    highest = sum(map(highest_usd, calls))
    summaries = await Summarizer(ScriptedModel(uncounted), parameters=parameters).map_chunks(chunks)
    assert spent_on(summaries, factory) == pytest.approx(highest)
    assert spent_on(summaries.paid_before(), factory) == 0.0
    last = ScriptedModel()
    limited = parameters.model_copy(update={"max_cost_per_video_usd": 1.001 * highest})
    with pytest.raises(CostLimitError, match="SUMMARY_MAX_COST_PER_VIDEO_USD"):
        await Summarizer(last, parameters=limited).reduce(summaries)
    assert last.requests == []


class LookedAtBudget(VideoBudget):
    """A budget from which nothing may be taken."""

    async def reserve(self, usd: float) -> None:
        raise AssertionError(f"${usd} were taken")


async def test_whether_calls_are_affordable_is_asked_without_setting_anything_aside() -> None:
    await answerer(ScriptedModel(), LookedAtBudget(1.0)).require_affordable([MAP_CALL])
    with pytest.raises(CostLimitError):
        await answerer(ScriptedModel(), LookedAtBudget(1e-9)).require_affordable([MAP_CALL])


class UnrecordedBudget(VideoBudget):
    """A budget whose database is gone once there is something to record."""

    async def settle(self, *, reserved_usd: float, spent_usd: float) -> None:
        raise ConnectionError(f"${spent_usd} of ${reserved_usd} can't be recorded")


async def test_an_answer_whose_cost_can_not_be_recorded_is_stored_all_the_same() -> None:
    store = MemoryChunkStore()
    with pytest.raises(ConnectionError):
        await answerer(ScriptedModel(), UnrecordedBudget(1.0), store=store).answer(MAP_CALL)
    again = ScriptedModel()
    assert (await answerer(again, VideoBudget(1.0), store=store).answer(MAP_CALL)).from_store
    assert again.requests == []
