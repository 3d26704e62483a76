"""The first version's scheme as a contestant: calls in groups of five with a barrier, merging by five above ten.

Prompts and answers are ours, since the scheme is what is compared. It knows no limit; what is answered 429 is asked
again after a second and longer each time, drawn, which is kinder than the 60 seconds of the original.
"""

import asyncio
import random
from collections import defaultdict
from collections.abc import Sequence

import httpx2
from openai import AsyncOpenAI

from benchmarks.map_reduce.contestant import Job, Summarize, run
from benchmarks.map_reduce.ours import parameters_of, transcript_of
from summary_pipeline.resources.openai_language_model import OpenAILanguageModel
from summary_pipeline.summarization.language_model import (
    Attempts,
    Completion,
    CompletionRequest,
    LanguageModel,
    RateLimitedError,
)
from summary_pipeline.summarization.model_registry import built_in_registry
from summary_pipeline.summarization.summarizer import Summarizer

GROUP_SIZE = 5
LONGEST_PAUSE_SECONDS = 20.0


class CallsInGroups:
    """A ``CallExecutor`` for one video: calls of a kind go out five at a time, the next when all five are answered."""

    def __init__(self, model: LanguageModel) -> None:
        self._model = model
        self._random = random.Random()  # noqa: S311 - spreads pauses, nothing is secret
        self._groups: dict[str, list[list[asyncio.Future[None]]]] = defaultdict(list)

    async def __call__(self, request: CompletionRequest, *, estimated_tokens: int, attempts: Attempts) -> Completion:  # noqa: ARG002 - the protocol's name
        groups = self._groups[request.purpose]
        if not groups or len(groups[-1]) == GROUP_SIZE:
            groups.append([])
        answered: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        groups[-1].append(answered)
        if len(groups) > 1:
            await asyncio.gather(*groups[-2])
        try:
            return await self._repeated(request, attempts)
        finally:
            answered.set_result(None)

    async def _repeated(self, request: CompletionRequest, attempts: Attempts) -> Completion:
        longest_pause = 1.0
        while True:
            await attempts.before()
            try:
                with attempts.under_way():
                    return await self._model.complete(request)
            except RateLimitedError as error:
                await asyncio.sleep(max(error.retry_after_seconds or 0.0, self._random.uniform(0.0, longest_pause)))
                longest_pause = min(2 * longest_pause, LONGEST_PAUSE_SECONDS)


def make(job: Job) -> Summarize:
    """Return the scheme. As many videos at once as are asked for, each with its own groups."""
    connections = httpx2.AsyncClient(timeout=600, limits=httpx2.Limits(max_connections=job.at_once))
    client = AsyncOpenAI(base_url=job.base_url, api_key="benchmark", timeout=600, http_client=connections)
    model = OpenAILanguageModel(client, built_in_registry())
    parameters = parameters_of(job).model_copy(update={"reduce_group_size": GROUP_SIZE})

    async def summarize_one(text: str) -> str:
        final = await Summarizer(CallsInGroups(model), parameters=parameters).summarize(transcript_of(text))
        return final.summary

    async def summarize(texts: Sequence[str]) -> list[str]:
        return list(await asyncio.gather(*map(summarize_one, texts)))

    return summarize


if __name__ == "__main__":
    run(make)
