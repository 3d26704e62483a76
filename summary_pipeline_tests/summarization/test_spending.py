"""What answers cost, and budgets that are asked before and told after each call."""

import asyncio
from dataclasses import replace

import pytest

from summary_pipeline.summarization.answering import Answerer, DirectCalls
from summary_pipeline.summarization.calls import Call, CallFactory
from summary_pipeline.summarization.chunk_store import ChunkStore, MemoryChunkStore
from summary_pipeline.summarization.chunking import chunk_transcript
from summary_pipeline.summarization.cited_lines import PartialAnswer
from summary_pipeline.summarization.cost import Budget, VideoBudget
from summary_pipeline.summarization.errors import CostLimitError
from summary_pipeline.summarization.language_model import Completion, CompletionRequest, TransientModelError
from summary_pipeline.summarization.model_registry import built_in_registry
from summary_pipeline.summarization.parameters import SummarizationParameters
from summary_pipeline_tests.summarization.scripted_model import ENCODING, ScriptedModel, faithful, speech

PARAMETERS = SummarizationParameters()
SPEC = built_in_registry().lookup(PARAMETERS.model)
MAP_CALL: Call[PartialAnswer] = CallFactory(PARAMETERS, SPEC, "en").map_call(
    chunk_transcript(speech(600)).chunks[0], of=1, encoding=ENCODING
)


def answerer(model: ScriptedModel, *budgets: Budget, store: ChunkStore | None = None) -> Answerer:
    return Answerer(
        DirectCalls(model),
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


async def test_tokens_that_the_provider_does_not_count_count_as_the_most_that_the_call_may_cost() -> None:
    def uncounted(request: CompletionRequest) -> Completion:
        return replace(faithful(request), input_tokens=0, output_tokens=0)

    budget = VideoBudget(1.0)
    answered = await answerer(ScriptedModel(uncounted), budget).answer(MAP_CALL)
    assert answered.usage.cost_usd is None
    with pytest.raises(CostLimitError):
        await budget.reserve(1.0)


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
