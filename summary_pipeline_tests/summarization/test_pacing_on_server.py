"""Pace and retries through HTTP, against the offline server's enforcement in real time.

How much of a limit is used, and how few calls are turned away, depends on who else uses the machine:
``test_rate_limit`` asserts both in virtual time, and ``benchmarks`` measures them.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Iterator, Sequence

import pytest
from openai import AsyncOpenAI

from summary_pipeline.local.openai_server.configuration import Behaviour, Fault, ServerConfig
from summary_pipeline.local.openai_server.serving import RunningServer, running_server
from summary_pipeline.resources.openai_language_model import OpenAILanguageModel
from summary_pipeline.summarization.language_model import Completion, CompletionRequest, Message
from summary_pipeline.summarization.pacing import PacedModel
from summary_pipeline.summarization.rate_limit import AdaptiveLimiter
from summary_pipeline.summarization.retries import RetryPolicy

pytestmark = pytest.mark.servers

MOST_TURNED_AWAY = 0.25
"""On a machine that others use calls are late now and then; without a pace nine of ten calls are turned away."""
QUICK = RetryPolicy(first_pause_seconds=0.05)


@pytest.fixture(scope="module")
def shared() -> Iterator[RunningServer]:
    with running_server(ServerConfig(answers="leading")) as server:
        yield server


@pytest.fixture
def server(shared: RunningServer) -> RunningServer:
    shared.behave(Behaviour())
    shared.reset_statistics()
    return shared


@pytest.fixture
async def model(server: RunningServer) -> AsyncIterator[OpenAILanguageModel]:
    async with AsyncOpenAI(base_url=server.base_url, api_key="any", timeout=20) as client:
        yield OpenAILanguageModel(client)


def request(text: str) -> CompletionRequest:
    return CompletionRequest("gpt-6-luna", (Message("user", text),), 50)


async def make(paced: PacedModel, texts: Sequence[str], tokens: int) -> list[Completion]:
    return await asyncio.gather(*(paced(request(text), estimated_tokens=tokens) for text in texts))


async def test_a_request_limit_is_kept(model: OpenAILanguageModel, server: RunningServer) -> None:
    server.behave(Behaviour(requests_per_minute=1200, rate_window_seconds=1, latency_seconds=0.2))
    await make(PacedModel(model, AdaptiveLimiter(requests_per_minute=1200)), ["Hello."] * 120, 60)
    statistics = server.statistics()
    assert statistics["admitted"] == 120
    assert statistics["rate_limited"] <= 120 * MOST_TURNED_AWAY


async def test_a_token_limit_is_kept(model: OpenAILanguageModel, server: RunningServer) -> None:
    text = "word " * 950
    server.behave(Behaviour(tokens_per_minute=600_000, rate_window_seconds=2, latency_seconds=0.2))
    await make(PacedModel(model, AdaptiveLimiter(tokens_per_minute=600_000)), [text] * 70, 1010)
    statistics = server.statistics()
    assert statistics["admitted"] == 70
    assert statistics["rate_limited"] <= 70 * MOST_TURNED_AWAY


async def test_faults_of_all_transient_kinds_cost_attempts_and_no_answers(
    model: OpenAILanguageModel, server: RunningServer
) -> None:
    faults = (
        Fault(kind="error", status=500, times=3),
        Fault(kind="error", status=503, times=3, retry_after_seconds=0.1),
        Fault(kind="rate_limited", times=3, retry_after_seconds=0.2),
        Fault(kind="dropped_connection", times=3),
        Fault(kind="truncated_body", times=3),
        Fault(kind="malformed_body", times=3),
    )
    server.behave(Behaviour(faults=faults))
    answers = await make(PacedModel(model, retry_policy=QUICK), [f"Call {n}." for n in range(20)], 60)
    assert [answer.text for answer in answers] == [f"Call {n}." for n in range(20)]
    assert server.statistics()["calls"] == 20 + 18


async def test_nothing_is_sent_while_the_server_asks_to_wait(model: OpenAILanguageModel, server: RunningServer) -> None:
    server.behave(Behaviour(faults=(Fault(kind="rate_limited", times=1, retry_after_seconds=1),)))
    paced = PacedModel(model, retry_policy=QUICK)
    started = time.monotonic()
    await make(paced, ["First."], 60)
    assert time.monotonic() - started >= 1
    assert server.statistics()["calls"] == 2


async def test_without_a_limit_all_calls_are_under_way_at_once(
    model: OpenAILanguageModel, server: RunningServer
) -> None:
    server.behave(Behaviour(latency_seconds=2))
    await make(PacedModel(model), [f"Call {n}." for n in range(64)], 60)
    assert server.statistics()["peak_in_flight"] == 64
