"""LangChain's map-reduce summarization as a contestant.

Set up in its favour: the splitter that makes the fewest chunks, a ``token_max`` that spares it the collapse step, its
rate limiter where requests are limited (it has none for tokens), and for the rest the client's retries, which follow
Retry-After.
"""

import asyncio
from collections.abc import Sequence

import httpx

# These are installed in the environment of the peers alone.
from langchain_classic.chains.summarize import load_summarize_chain  # type: ignore[import-not-found]
from langchain_core.documents import Document  # type: ignore[import-not-found]
from langchain_core.rate_limiters import InMemoryRateLimiter  # type: ignore[import-not-found]
from langchain_openai import ChatOpenAI  # type: ignore[import-not-found]
from langchain_text_splitters import TokenTextSplitter  # type: ignore[import-not-found]

from benchmarks.map_reduce.contestant import (
    ENCODING,
    FINAL_OUTPUT_TOKENS,
    MAP_OUTPUT_TOKENS,
    Job,
    Summarize,
    run,
)

CONTEXT_TOKENS = 120_000
RETRIES = 1000


class Client:
    """Chat models on the server of a job, of which a chain is made, and what the job's texts are cut with."""

    def __init__(self, job: Job) -> None:
        self._job = job
        self._limiter = None
        if job.requests_per_minute is not None:
            self._limiter = InMemoryRateLimiter(
                requests_per_second=job.requests_per_minute / 60, check_every_n_seconds=0.02
            )
        self._http = httpx.AsyncClient(timeout=600, limits=httpx.Limits(max_connections=job.at_once))
        self._splitter = TokenTextSplitter(encoding_name=ENCODING, chunk_size=job.chunk_tokens, chunk_overlap=0)

    def model(self, output_tokens: int) -> ChatOpenAI:
        """Return the model with an output limit."""
        return ChatOpenAI(
            model="gpt-4o",
            base_url=self._job.base_url,
            api_key="benchmark",
            temperature=0.3,
            max_tokens=output_tokens,
            max_retries=RETRIES,
            timeout=600,
            http_async_client=self._http,
            rate_limiter=self._limiter,
        )

    def documents(self, text: str) -> list[Document]:
        """Cut a text into numbered documents."""
        parts = self._splitter.split_text(text)
        return [Document(page_content=part, metadata={"number": number}) for number, part in enumerate(parts, 1)]


def make(job: Job) -> Summarize:
    """Return the chain behind a splitter."""
    client = Client(job)
    chain = load_summarize_chain(
        client.model(MAP_OUTPUT_TOKENS),
        chain_type="map_reduce",
        reduce_llm=client.model(FINAL_OUTPUT_TOKENS),
        token_max=CONTEXT_TOKENS,
    )

    async def summarize_one(text: str) -> str:
        result = await chain.ainvoke({"input_documents": client.documents(text)})
        return str(result["output_text"])

    async def summarize(texts: Sequence[str]) -> list[str]:
        return list(await asyncio.gather(*map(summarize_one, texts)))

    return summarize


if __name__ == "__main__":
    run(make)
