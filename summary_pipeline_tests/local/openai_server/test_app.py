import asyncio
import json
import time
import urllib.error
import urllib.request
from collections.abc import Iterator

import openai
import pytest
from openai import AsyncOpenAI, OpenAI
from openai.types.chat import ChatCompletion

from summary_pipeline.local.openai_server.configuration import SERVED_MODEL, Behaviour, Fault, ServerConfig
from summary_pipeline.local.openai_server.serving import RunningServer, running_server
from summary_pipeline.summarization.model_registry import OFFLINE_MODEL
from summary_pipeline_tests.local.openai_server.requests import ENGLISH, body, transcript_data

pytestmark = pytest.mark.servers


@pytest.fixture(scope="module")
def shared() -> Iterator[RunningServer]:
    with running_server(ServerConfig(known_models=frozenset({"gpt-6-luna"}), context_tokens=20_000)) as server:
        yield server


@pytest.fixture
def server(shared: RunningServer) -> RunningServer:
    shared.behave(Behaviour())
    shared.reset_statistics()
    return shared


def client_of(server: RunningServer) -> OpenAI:
    return OpenAI(base_url=server.base_url, api_key="any", max_retries=0, timeout=20)


def chat(
    server: RunningServer, text: str = "Hello. How are you?", max_tokens: int | openai.Omit = openai.omit
) -> ChatCompletion:
    with client_of(server) as client:
        return client.chat.completions.create(
            model="gpt-6-luna", messages=[{"role": "user", "content": text}], max_tokens=max_tokens
        )


def fault(server: RunningServer, kind: str, **parameters: object) -> None:
    server.behave(Behaviour(faults=(Fault.model_validate({"kind": kind, **parameters}),)))


def test_answers_carry_the_name_of_what_made_them(server: RunningServer) -> None:
    assert chat(server).model == SERVED_MODEL == OFFLINE_MODEL
    with client_of(server) as client:
        assert [model.id for model in client.models.list()] == [SERVED_MODEL]
        assert client.models.retrieve("gpt-6-luna").id == SERVED_MODEL


def test_usage_is_counted_with_the_messages_frame(server: RunningServer) -> None:
    usage = chat(server, "Hello. How are you?").usage
    assert usage is not None
    assert (usage.prompt_tokens, usage.completion_tokens, usage.total_tokens) == (12, 6, 18)


def test_the_output_limit_is_kept_and_said(server: RunningServer) -> None:
    answer = chat(server, " ".join(ENGLISH) * 3, max_tokens=2)
    assert answer.choices[0].finish_reason == "length"
    assert answer.usage is not None
    assert answer.usage.completion_tokens == 2


def test_an_unknown_model_is_not_found(server: RunningServer) -> None:
    with client_of(server) as client, pytest.raises(openai.NotFoundError) as caught:
        client.models.retrieve("gpt-0")
    assert caught.value.code == "model_not_found"


def test_a_request_beyond_the_context_is_refused(server: RunningServer) -> None:
    with pytest.raises(openai.BadRequestError) as caught:
        chat(server, max_tokens=20_000)
    assert caught.value.code == "context_length_exceeded"


@pytest.mark.parametrize("headers", [{}, {"Authorization": "Bearer "}, {"Authorization": "Basic abc"}])
def test_a_request_without_a_key_is_refused(server: RunningServer, headers: dict[str, str]) -> None:
    request = urllib.request.Request(f"{server.base_url}/chat/completions", data=body("Hi"), headers=headers)  # noqa: S310 - loopback
    with pytest.raises(urllib.error.HTTPError) as caught:
        urllib.request.urlopen(request, timeout=10)  # noqa: S310 - loopback
    assert caught.value.status == 401
    assert json.load(caught.value)["error"]["code"] == "invalid_api_key"


def test_an_unknown_address_is_answered_with_an_error_document(server: RunningServer) -> None:
    with client_of(server) as client, pytest.raises(openai.NotFoundError) as caught:
        client.post("/embeddings", body={}, cast_to=object)
    assert "/v1/embeddings" in caught.value.message


def test_a_stream_is_refused(server: RunningServer) -> None:
    with client_of(server) as client, pytest.raises(openai.BadRequestError) as caught:
        client.chat.completions.create(model="m", messages=[{"role": "user", "content": "Hi"}], stream=True)
    assert caught.value.param == "stream"


def test_limits_are_enforced_and_told(server: RunningServer) -> None:
    server.behave(Behaviour(requests_per_minute=60, tokens_per_minute=6000, rate_window_seconds=2))
    with client_of(server) as client:
        create = client.chat.completions.with_raw_response.create
        first = create(model="gpt-6-luna", messages=[{"role": "user", "content": "Hi"}], max_tokens=50)
        create(model="gpt-6-luna", messages=[{"role": "user", "content": "Hi"}], max_tokens=50)
        with pytest.raises(openai.RateLimitError) as caught:
            create(model="gpt-6-luna", messages=[{"role": "user", "content": "Hi"}], max_tokens=50)
    assert first.headers["x-ratelimit-limit-requests"] == "60"
    assert first.headers["x-ratelimit-remaining-requests"] == "1"
    assert int(caught.value.response.headers["retry-after-ms"]) <= 1000
    assert server.statistics()["rate_limited"] == 1


def test_a_call_takes_its_latency_and_that_of_its_tokens(server: RunningServer) -> None:
    server.behave(Behaviour(latency_seconds=0.2, latency_per_output_token_seconds=0.05))
    started = time.monotonic()
    chat(server)
    assert time.monotonic() - started >= 0.2 + 6 * 0.05


async def test_calls_are_answered_at_the_same_time(server: RunningServer) -> None:
    server.behave(Behaviour(latency_seconds=0.5))
    async with AsyncOpenAI(base_url=server.base_url, api_key="any", max_retries=0) as client:
        started = time.monotonic()
        await asyncio.gather(
            *(
                client.chat.completions.create(model="gpt-6-luna", messages=[{"role": "user", "content": f"Call {n}."}])
                for n in range(20)
            )
        )
        assert time.monotonic() - started < 20 * 0.5 / 2
    assert server.statistics()["peak_in_flight"] == 20
    assert server.statistics()["in_flight"] == 0


@pytest.mark.parametrize("status", [500, 503, 408, 409])
def test_an_error_has_the_status_and_the_code_that_were_asked_for(server: RunningServer, status: int) -> None:
    fault(server, "error", status=status, code="overloaded", retry_after_seconds=3)
    with pytest.raises(openai.APIStatusError) as caught:
        chat(server)
    assert caught.value.status_code == status
    assert caught.value.code == "overloaded"
    assert caught.value.response.headers["retry-after"] == "3"


@pytest.mark.parametrize("kind", ["dropped_connection", "truncated_body", "hang"])
def test_a_connection_ends_without_an_answer(server: RunningServer, kind: str) -> None:
    fault(server, kind, seconds=0.2)
    with pytest.raises(openai.APIConnectionError):
        chat(server)


def test_a_hanging_call_ends_when_the_client_leaves(server: RunningServer) -> None:
    fault(server, "hang", seconds=600)
    with client_of(server) as client, pytest.raises(openai.APITimeoutError):
        client.chat.completions.create(model="gpt-6-luna", messages=[{"role": "user", "content": "Hi"}], timeout=0.3)
    deadline = time.monotonic() + 10
    while server.statistics()["in_flight"]:
        assert time.monotonic() < deadline


def test_a_slow_call_is_answered_late(server: RunningServer) -> None:
    fault(server, "slow", seconds=0.5)
    started = time.monotonic()
    assert chat(server).choices[0].message.content
    assert time.monotonic() - started >= 0.5


def test_a_malformed_body_is_no_json(server: RunningServer) -> None:
    fault(server, "malformed_body")
    with pytest.raises(json.JSONDecodeError):
        chat(server)


@pytest.mark.parametrize(
    ("kind", "content", "refusal", "finish_reason"),
    [
        ("refusal", None, "I'm sorry, I can't help with that.", "stop"),
        ("empty_content", "", None, "stop"),
        ("content_filter", "Hello. How", None, "content_filter"),
        ("truncated_content", "Hello. How", None, "length"),
        ("malformed_content", "Here you are: Hello. How are you?", None, "stop"),
    ],
)
def test_an_answer_is_spoiled_as_asked_for(
    server: RunningServer, kind: str, content: str | None, refusal: str | None, finish_reason: str
) -> None:
    fault(server, kind)
    choice = chat(server).choices[0]
    assert (choice.message.content, choice.message.refusal, choice.finish_reason) == (content, refusal, finish_reason)


def test_quota_and_rate_are_told_apart(server: RunningServer) -> None:
    server.behave(Behaviour(faults=(Fault(kind="insufficient_quota", times=1), Fault(kind="rate_limited"))))
    codes = []
    for _ in range(2):
        with pytest.raises(openai.RateLimitError) as caught:
            chat(server)
        codes.append(caught.value.code)
    assert codes == ["insufficient_quota", "rate_limit_exceeded"]


def test_a_plan_with_an_unknown_fault_is_refused_and_changes_nothing(server: RunningServer) -> None:
    url = server.base_url.replace("/v1", "/_control/behaviour")
    with pytest.raises(urllib.error.HTTPError) as caught:
        urllib.request.urlopen(url, data=b'{"faults": [{"kind": "earthquake"}]}', timeout=10)  # noqa: S310 - loopback
    assert caught.value.status == 400
    assert "earthquake" in json.load(caught.value)["error"]["message"]
    assert chat(server).choices[0].finish_reason == "stop"


def test_statistics_tell_what_was_served(server: RunningServer) -> None:
    fault(server, "error", times=1)
    with pytest.raises(openai.InternalServerError):
        chat(server)
    usage = chat(server, transcript_data(ENGLISH), max_tokens=100).usage
    assert usage is not None
    statistics = server.statistics()
    assert statistics["calls"] == statistics["admitted"] == 2
    assert statistics["statuses"] == {"200": 1, "500": 1}
    assert statistics["faults"] == {"error": 1}
    assert statistics["prompt_tokens"] == usage.prompt_tokens
    assert statistics["charged_tokens"] == 12 + usage.prompt_tokens + 100


def test_a_server_leaves_no_port_open() -> None:
    with running_server() as server:
        chat(server)
    with pytest.raises(openai.APIConnectionError):
        chat(server)
