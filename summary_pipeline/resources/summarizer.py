"""Summarizers wired to the OpenAI API, for one asset at a time.

Belongs here: from settings to a ``Summarizer``. Does not belong here: summarizing, pacing, retrying.
"""

import functools
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from openai import AsyncOpenAI

from summary_pipeline.resources.daily_budget import DailyDatabaseBudget
from summary_pipeline.resources.database import Database
from summary_pipeline.resources.object_store import ObjectChunkStore, ObjectStore
from summary_pipeline.resources.openai_language_model import OpenAILanguageModel
from summary_pipeline.settings import PipelineSettings, Settings
from summary_pipeline.summarization.calls import map_code_version, reduce_code_version
from summary_pipeline.summarization.errors import ModelConfigurationError
from summary_pipeline.summarization.model_registry import ModelRegistry, ModelSpec, built_in_registry
from summary_pipeline.summarization.pacing import PacedModel
from summary_pipeline.summarization.parameters import SummarizationParameters
from summary_pipeline.summarization.rate_limit import AdaptiveLimiter
from summary_pipeline.summarization.summarizer import Summarizer

ANSWERS_PREFIX = "pipeline/answers"
MAX_ANSWER_BYTES = 1024 * 1024


@dataclass(frozen=True, slots=True)
class SummarizationPlan:
    """What the settings say of summarizing: parameters, models, and the hashes that go with them."""

    parameters: SummarizationParameters
    registry: ModelRegistry
    spec: ModelSpec

    @property
    def map_code_version(self) -> str:
        """Hash of what answers about chunks depend on."""
        return map_code_version(self.parameters, self.spec)

    @property
    def reduce_code_version(self) -> str:
        """Hash of what final summaries of the same chunk summaries depend on."""
        return reduce_code_version(self.parameters, self.spec)


def plan_of(settings: PipelineSettings) -> SummarizationPlan:
    """Return the plan that the settings describe.

    Raises:
        ModelConfigurationError: the registry's file can't be used.
    """
    registry = _registry(settings.summary_model_registry)
    parameters = SummarizationParameters(
        model=settings.summary_model,
        chunk_tokens=settings.summary_chunk_tokens,
        map_output_tokens=settings.summary_map_output_tokens,
        final_output_tokens=settings.summary_final_output_tokens,
        temperature=settings.summary_temperature,
        concurrency=settings.summary_concurrency,
        single_call=settings.summary_single_call,
        reduce_group_size=settings.summary_reduce_group_size,
        summary_language=settings.summary_language,
        min_sentences=settings.summary_min_sentences,
        max_sentences=settings.summary_max_sentences,
        force=settings.summary_force,
        max_cost_per_video_usd=settings.summary_max_cost_per_video_usd,
    )
    return SummarizationPlan(parameters, registry, registry.lookup(parameters.model))


def _registry(path: Path | None) -> ModelRegistry:
    if path is None:
        return built_in_registry()
    try:
        document = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ModelConfigurationError(f"SUMMARY_MODEL_REGISTRY can't be read: {path}: {error}.") from error
    return built_in_registry().extended(document)


def open_client(settings: Settings) -> AsyncOpenAI:
    """Return a client of the model's provider; whoever opens it closes it, in the same event loop."""
    return AsyncOpenAI(
        api_key=settings.platform.openai_api_key.get_secret_value(),
        base_url=settings.platform.openai_base_url,
        timeout=settings.pipeline.summary_request_timeout_seconds,
        max_retries=0,
    )


def answer_store(objects: ObjectStore) -> ObjectChunkStore:
    """Return where answers are kept that were paid for."""
    return ObjectChunkStore(objects, ANSWERS_PREFIX, max_bytes=MAX_ANSWER_BYTES)


@dataclass(frozen=True, slots=True)
class SummarizerFactory:
    """Opens summarizers. Holds no connection itself: an HTTP client belongs to the event loop that uses it."""

    settings: Settings
    objects: ObjectStore
    database: Database

    @asynccontextmanager
    async def open(self) -> AsyncIterator[Summarizer]:
        """Yield a summarizer and close its client afterwards."""
        pipeline = self.settings.pipeline
        plan = plan_of(pipeline)
        client = open_client(self.settings)
        async with client:
            yield Summarizer(
                paced_model(client, plan.registry, plan.spec.name, pipeline),
                parameters=plan.parameters,
                registry=plan.registry,
                store=answer_store(self.objects),
                budget=self._daily_budget(),
            )

    def _daily_budget(self) -> DailyDatabaseBudget | None:
        limit = self.settings.pipeline.summary_max_cost_per_day_usd
        if limit is None:
            return None
        return DailyDatabaseBudget(self.database, limit, day=datetime.now(UTC).date())


def paced_model(client: AsyncOpenAI, registry: ModelRegistry, model: str, settings: PipelineSettings) -> PacedModel:
    """Return what makes calls to ``model`` at the pace that the provider allows."""
    limits = (model, settings.summary_requests_per_minute, settings.summary_tokens_per_minute)
    limiter = _limiter(*limits)
    if not limiter.is_idle:
        # A run that was interrupted left calls behind that no event loop will ever end.
        _limiter.cache_clear()
        limiter = _limiter(*limits)
    return PacedModel(OpenAILanguageModel(client, registry), limiter)


@functools.cache
def _limiter(
    model: str,  # noqa: ARG001 - a provider's limits are per model, and so is what is learned of them
    requests_per_minute: int | None,
    tokens_per_minute: int | None,
) -> AdaptiveLimiter:
    """One per process, model and setting: what is learned of the limits is worth keeping from video to video."""
    return AdaptiveLimiter(requests_per_minute=requests_per_minute, tokens_per_minute=tokens_per_minute)
