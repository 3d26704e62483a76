"""LlamaIndex's tree summarization as a contestant.

Set up in its favour: the encoding that all use, no overlap, its rate limiter where there are limits, and for the rest
its own retries, which wait longer each time; the client's, which follow Retry-After, livelock where many calls wait for
requests, as each attempt costs one. It has one output limit for all calls: the smaller, which costs it least.
"""

import asyncio
from collections.abc import Sequence

import httpx2
import tiktoken

# These are installed in the environment of the peers alone.
from llama_index.core import Settings  # type: ignore[import-not-found]
from llama_index.core.indices.prompt_helper import PromptHelper  # type: ignore[import-not-found]
from llama_index.core.rate_limiter import TokenBucketRateLimiter  # type: ignore[import-not-found]
from llama_index.core.response_synthesizers import TreeSummarize  # type: ignore[import-not-found]
from llama_index.llms.openai_like import OpenAILike  # type: ignore[import-not-found]
from openai import AsyncOpenAI

from benchmarks.map_reduce.contestant import ENCODING, MAP_OUTPUT_TOKENS, Job, Summarize, run

CONTEXT_TOKENS = 128_000
RETRIES = 20
QUESTION = "What is said in this video? Answer with a summary of 4 to 6 sentences."


def make(job: Job) -> Summarize:
    """Return the synthesizer, which splits by itself."""
    Settings.tokenizer = tiktoken.get_encoding(ENCODING).encode
    limiter = None
    if job.requests_per_minute is not None or job.tokens_per_minute is not None:
        limiter = TokenBucketRateLimiter(
            requests_per_minute=job.requests_per_minute, tokens_per_minute=job.tokens_per_minute
        )
    connections = httpx2.AsyncClient(timeout=600, limits=httpx2.Limits(max_connections=job.at_once))
    model = OpenAILike(
        model="gpt-4o",
        api_base=job.base_url,
        api_key="benchmark",
        temperature=0.3,
        max_tokens=MAP_OUTPUT_TOKENS,
        context_window=CONTEXT_TOKENS,
        is_chat_model=True,
        max_retries=RETRIES,
        timeout=600,
        async_openai_client=AsyncOpenAI(
            base_url=job.base_url, api_key="benchmark", timeout=600, max_retries=0, http_client=connections
        ),
        rate_limiter=limiter,
    )
    helper = PromptHelper(
        context_window=CONTEXT_TOKENS,
        num_output=MAP_OUTPUT_TOKENS,
        chunk_overlap_ratio=0.0,
        chunk_size_limit=job.chunk_tokens,
    )
    tree = TreeSummarize(llm=model, prompt_helper=helper, use_async=True)

    async def summarize_one(text: str) -> str:
        return str(await tree.aget_response(QUESTION, [text]))

    async def summarize(texts: Sequence[str]) -> list[str]:
        return list(await asyncio.gather(*map(summarize_one, texts)))

    return summarize


if __name__ == "__main__":
    run(make)
