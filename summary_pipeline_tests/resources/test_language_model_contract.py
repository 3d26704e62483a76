"""What every ``LanguageModel`` owes its callers, shown on the OpenAI client and a real server that fails on demand."""

import asyncio
import json
from collections.abc import AsyncIterator, Iterator
from dataclasses import replace

import pytest
from openai import AsyncOpenAI

from summary_pipeline.local.openai_server.configuration import Behaviour, Fault, FaultKind, ServerConfig
from summary_pipeline.local.openai_server.serving import RunningServer, running_server
from summary_pipeline.resources.openai_language_model import OpenAILanguageModel
from summary_pipeline.summarization.language_model import (
    CompletionRequest,
    JsonSchema,
    LanguageModel,
    Message,
    PermanentModelError,
    RateLimitedError,
    RateLimitState,
    TransientModelError,
    UnansweredError,
)
from summary_pipeline.summarization.model_registry import built_in_registry

pytestmark = pytest.mark.servers

SCHEMA = JsonSchema(
    "rating",
    {
        "type": "object",
        "properties": {"title": {"type": "string"}, "score": {"type": "integer"}},
        "required": ["title", "score"],
        "additionalProperties": False,
    },
)


@pytest.fixture(scope="module")
def shared() -> Iterator[RunningServer]:
    config = ServerConfig(
        known_models=frozenset({"gpt-6-luna", "plain", "thinker"}),
        reasoning_models=frozenset({"gpt-6-luna", "thinker"}),
        cache_writing_models=frozenset({"gpt-6-luna", "plain"}),
        context_tokens=5000,
    )
    with running_server(config) as server:
        yield server


@pytest.fixture
def server(shared: RunningServer) -> RunningServer:
    shared.behave(Behaviour())
    shared.reset_statistics()
    return shared


@pytest.fixture
async def model(server: RunningServer) -> AsyncIterator[LanguageModel]:
    async with AsyncOpenAI(base_url=server.base_url, api_key="any", timeout=10) as client:
        yield OpenAILanguageModel(client)


def request(
    text: str = "Hello. How are you?",
    *,
    model: str = "gpt-6-luna",
    limit: int = 100,
    temperature: float | None = None,
    schema: JsonSchema | None = None,
) -> CompletionRequest:
    messages = (Message("system", "Summarize."), Message("user", text))
    return CompletionRequest(model, messages, limit, temperature=temperature, json_schema=schema)


def fault(server: RunningServer, kind: FaultKind, **parameters: object) -> None:
    server.behave(Behaviour(faults=(Fault.model_validate({"kind": kind, **parameters}),)))


async def test_an_answer_says_what_made_it_and_what_it_weighs(model: LanguageModel) -> None:
    answer = await model.complete(request())
    assert answer.text == "Hello. How are you?"
    assert answer.finish_reason == "stop"
    assert answer.model == "extractive-offline"
    assert (answer.input_tokens, answer.output_tokens) == (19, 6)
    assert answer.refusal is None
    assert answer.rate_limit is None
    assert answer.request_id


async def test_a_schema_is_satisfied(model: LanguageModel) -> None:
    answer = json.loads((await model.complete(request(schema=SCHEMA))).text)
    assert set(answer) == {"title", "score"}


async def test_the_output_limit_goes_out_under_the_name_that_the_model_takes(model: LanguageModel) -> None:
    # The server refuses max_tokens for gpt-6-luna; for a model that nobody knows max_tokens is what is sent.
    assert built_in_registry().lookup("plain").output_limit_parameter == "max_tokens"
    for name in ("gpt-6-luna", "plain"):
        answer = await model.complete(request("Keepers climbed the steps.", model=name, limit=2))
        assert (answer.finish_reason, answer.output_tokens) == ("length", 2)
    with pytest.raises(PermanentModelError, match="max_completion_tokens"):
        await model.complete(request(model="thinker"))


async def test_a_temperature_goes_out_only_where_the_request_has_one(model: LanguageModel) -> None:
    await model.complete(request(temperature=None))
    with pytest.raises(PermanentModelError, match="temperature"):
        await model.complete(request(temperature=0.3))
    await model.complete(request(model="plain", temperature=0.3))


async def test_a_model_that_charges_for_its_cache_is_told_not_to_fill_it(model: LanguageModel) -> None:
    assert built_in_registry().lookup("gpt-6-luna").takes_cache_options
    assert not built_in_registry().lookup("plain").takes_cache_options
    long = "Keepers climbed the steps. " * 400
    told = await model.complete(request(long))
    untold = await model.complete(request(long, model="plain"))
    assert (told.cache_write_input_tokens, untold.cache_write_input_tokens) == (0, untold.input_tokens)


async def test_the_probabilities_of_the_first_token_come_where_they_are_asked_for(model: LanguageModel) -> None:
    asked = replace(request("Hello. How are you?", model="plain"), top_logprobs=5)
    assert (await model.complete(asked)).first_token == {"Hello": 0.0}
    assert (await model.complete(replace(asked, top_logprobs=None))).first_token is None
    with pytest.raises(PermanentModelError, match="logprobs"):
        await model.complete(replace(asked, model="gpt-6-luna"))


async def test_several_samples_are_one_request(model: LanguageModel, server: RunningServer) -> None:
    answer = await model.complete(replace(request("Hello. How are you?"), samples=20))
    assert answer.samples == (answer.text,) * 20
    assert answer.output_tokens == 120
    assert server.statistics()["calls"] == 1


async def test_what_the_provider_says_of_its_limits_is_handed_on(model: LanguageModel, server: RunningServer) -> None:
    server.behave(Behaviour(requests_per_minute=600, tokens_per_minute=60_000, rate_window_seconds=10))
    answer = await model.complete(request())
    charged = answer.input_tokens + 100
    assert answer.rate_limit == RateLimitState(
        limit_requests=600,
        limit_tokens=60_000,
        remaining_requests=99,
        remaining_tokens=10_000 - charged,
        reset_requests_seconds=0.1,
        reset_tokens_seconds=0.119,
    )


async def test_a_limit_that_binds_is_an_error_of_its_own(model: LanguageModel, server: RunningServer) -> None:
    server.behave(Behaviour(requests_per_minute=6, rate_window_seconds=10))
    await model.complete(request())
    with pytest.raises(RateLimitedError) as caught:
        await model.complete(request())
    assert caught.value.retry_after_seconds == pytest.approx(10, abs=1)
    assert caught.value.rate_limit is not None
    assert caught.value.rate_limit.remaining_requests == 0


@pytest.mark.parametrize("kind", ["dropped_connection", "truncated_body", "malformed_body"])
async def test_a_broken_exchange_may_have_been_carried_out_and_is_transient(
    model: LanguageModel, server: RunningServer, kind: FaultKind
) -> None:
    fault(server, kind, times=1)
    with pytest.raises(UnansweredError):
        await model.complete(request())
    assert (await model.complete(request())).text


@pytest.mark.parametrize("status", [408, 409, 500, 502, 503, 504])
async def test_a_server_error_is_transient(model: LanguageModel, server: RunningServer, status: int) -> None:
    fault(server, "error", status=status, retry_after_seconds=4, times=1)
    with pytest.raises(TransientModelError) as caught:
        await model.complete(request())
    assert (caught.value.status, caught.value.retry_after_seconds) == (status, 4.0)
    # A gateway that gave up says nothing of what the server behind it does.
    assert isinstance(caught.value, UnansweredError) == (status in {408, 502, 504})


async def test_a_request_that_was_not_answered_in_time_may_have_been_carried_out_and_is_transient(
    server: RunningServer,
) -> None:
    fault(server, "hang", seconds=60)
    async with AsyncOpenAI(base_url=server.base_url, api_key="any", timeout=0.3) as client:
        with pytest.raises(UnansweredError, match="in time"):
            await OpenAILanguageModel(client).complete(request())


async def test_a_server_that_is_not_there_is_transient() -> None:
    async with AsyncOpenAI(base_url="http://127.0.0.1:9/v1", api_key="any") as client:
        with pytest.raises(TransientModelError, match="connection") as caught:
            await OpenAILanguageModel(client).complete(request())
    assert not isinstance(caught.value, UnansweredError)


async def test_a_key_that_can_not_be_sent_is_permanent_and_is_not_shown(server: RunningServer) -> None:
    async with AsyncOpenAI(base_url=server.base_url, api_key="sk-secret\n") as client:
        with pytest.raises(PermanentModelError, match="OPENAI_API_KEY") as caught:
            await OpenAILanguageModel(client).complete(request())
    assert "secret" not in str(caught.value)


async def test_no_quota_is_permanent(model: LanguageModel, server: RunningServer) -> None:
    fault(server, "insufficient_quota")
    with pytest.raises(PermanentModelError) as caught:
        await model.complete(request())
    assert (caught.value.status, caught.value.code) == (429, "insufficient_quota")


async def test_a_request_that_no_pause_makes_small_enough_is_permanent(
    model: LanguageModel, server: RunningServer
) -> None:
    server.behave(Behaviour(tokens_per_minute=100))
    with pytest.raises(PermanentModelError, match="too large"):
        await model.complete(request())


@pytest.mark.parametrize(
    ("wrong", "code"),
    [
        (request(model="gpt-0"), "model_not_found"),
        (request(limit=6000), "context_length_exceeded"),
        (request(schema=JsonSchema("loose", {"type": "object", "properties": {}})), "invalid_json_schema"),
    ],
)
async def test_a_wrong_request_is_permanent(model: LanguageModel, wrong: CompletionRequest, code: str) -> None:
    with pytest.raises(PermanentModelError) as caught:
        await model.complete(wrong)
    assert caught.value.code == code


async def test_a_wrong_key_is_permanent(server: RunningServer) -> None:
    async with AsyncOpenAI(
        base_url=server.base_url, api_key="x", default_headers={"Authorization": "Basic x"}
    ) as client:
        with pytest.raises(PermanentModelError) as caught:
            await OpenAILanguageModel(client).complete(request())
    assert caught.value.status == 401


@pytest.mark.parametrize(
    ("kind", "text", "finish_reason"),
    [
        ("empty_content", "", "stop"),
        ("truncated_content", "Hello. How", "length"),
        ("content_filter", "Hello. How", "content_filter"),
        ("malformed_content", "Here you are: Hello. How are you?", "stop"),
    ],
)
async def test_an_unusable_answer_is_handed_on_as_it_came(
    model: LanguageModel, server: RunningServer, kind: FaultKind, text: str, finish_reason: str
) -> None:
    fault(server, kind)
    answer = await model.complete(request())
    assert (answer.text, answer.finish_reason, answer.refusal) == (text, finish_reason, None)


async def test_a_refusal_is_an_answer_with_a_refusal(model: LanguageModel, server: RunningServer) -> None:
    fault(server, "refusal")
    answer = await model.complete(request())
    assert answer.refusal
    assert answer.text == ""


@pytest.mark.parametrize("kind", ["error", "rate_limited", "dropped_connection", "malformed_body"])
async def test_a_call_is_one_attempt(model: LanguageModel, server: RunningServer, kind: FaultKind) -> None:
    fault(server, kind)
    with pytest.raises(TransientModelError):
        await model.complete(request())
    assert server.statistics()["calls"] == 1


async def test_calls_run_beside_each_other_and_can_be_cancelled(model: LanguageModel, server: RunningServer) -> None:
    server.behave(Behaviour(latency_seconds=0.3, faults=(Fault(kind="hang", contains="Never"),)))
    hanging = asyncio.create_task(model.complete(request("Never.")))
    answers = await asyncio.gather(*(model.complete(request(f"Call {n}.")) for n in range(10)))
    assert [answer.text for answer in answers] == [f"Call {n}." for n in range(10)]
    hanging.cancel()
    with pytest.raises(asyncio.CancelledError):
        await hanging
    assert server.statistics()["peak_in_flight"] == 11
