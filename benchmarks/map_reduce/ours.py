"""Our summarizer as a contestant: what the pipeline runs, with the OpenAI client behind it."""

import asyncio
from collections.abc import Sequence

from openai import AsyncOpenAI

from benchmarks.map_reduce.contestant import (
    FINAL_OUTPUT_TOKENS,
    MAP_OUTPUT_TOKENS,
    SMALL_TEXT,
    Job,
    Summarize,
    run,
)
from summary_pipeline.resources.openai_language_model import OpenAILanguageModel
from summary_pipeline.summarization.model_registry import OFFLINE_MODEL, built_in_registry
from summary_pipeline.summarization.pacing import PacedModel
from summary_pipeline.summarization.parameters import SummarizationParameters
from summary_pipeline.summarization.rate_limit import AdaptiveLimiter
from summary_pipeline.summarization.summarizer import Summarizer
from summary_pipeline.summarization.transcript import Snippet, Transcript


def transcript_of(text: str) -> Transcript:
    """Return a transcript of a snippet a line."""
    return Transcript(snippets=tuple(Snippet(text=line) for line in text.split("\n")), language="en")


def parameters_of(job: Job) -> SummarizationParameters:
    """Return the parameters that all contestants are held to."""
    return SummarizationParameters(
        model=OFFLINE_MODEL,
        chunk_tokens=job.chunk_tokens,
        map_output_tokens=MAP_OUTPUT_TOKENS,
        final_output_tokens=FINAL_OUTPUT_TOKENS,
        concurrency=job.at_once,
        single_call=False,
    )


def make(job: Job) -> Summarize:
    """Return the summarizer, told the limits as its settings would tell it."""
    limiter = AdaptiveLimiter(requests_per_minute=job.requests_per_minute, tokens_per_minute=job.tokens_per_minute)
    client = AsyncOpenAI(base_url=job.base_url, api_key="benchmark", timeout=600)
    model = PacedModel(OpenAILanguageModel(client, built_in_registry()), limiter)
    summarizer = Summarizer(model, parameters=parameters_of(job))
    # What each contestant takes is made before the clock starts: a transcript here, a text elsewhere.
    transcripts = {text: transcript_of(text) for text in (SMALL_TEXT, *job.texts())}

    async def summarize(texts: Sequence[str]) -> list[str]:
        finals = await asyncio.gather(*(summarizer.summarize(transcripts[text]) for text in texts))
        return [final.summary for final in finals]

    return summarize


if __name__ == "__main__":
    run(make)
