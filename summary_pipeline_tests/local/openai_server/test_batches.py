"""Files and batches, as the real client of OpenAI sees them."""

import json
import urllib.error
import urllib.request
from collections.abc import Iterator, Sequence
from typing import Any

import openai
import pytest
from openai import OpenAI
from openai.types import Batch

from summary_pipeline.local.openai_server.batch_lines import read_lines
from summary_pipeline.local.openai_server.configuration import Behaviour, Fault, ServerConfig
from summary_pipeline.local.openai_server.serving import RunningServer, running_server
from summary_pipeline_tests.local.openai_server.requests import body
from summary_pipeline_tests.waiting import eventually

pytestmark = pytest.mark.servers

ENDED = {"completed", "failed", "expired", "cancelled"}
MAX_BYTES = 20_000


@pytest.fixture(scope="module")
def shared() -> Iterator[RunningServer]:
    config = ServerConfig(known_models=frozenset({"gpt-6-luna"}), batch_max_requests=50, batch_max_bytes=MAX_BYTES)
    with running_server(config) as server:
        yield server


@pytest.fixture
def server(shared: RunningServer) -> RunningServer:
    shared.behave(Behaviour())
    shared.reset_statistics()
    return shared


@pytest.fixture
def client(server: RunningServer) -> Iterator[OpenAI]:
    with OpenAI(base_url=server.base_url, api_key="any", max_retries=0, timeout=20) as opened:
        yield opened


def line(custom_id: str, text: str = "Hello. How are you?", **parameters: object) -> dict[str, Any]:
    request = {**json.loads(body(text)), **parameters}
    return {"custom_id": custom_id, "method": "POST", "url": "/v1/chat/completions", "body": request}


def submit(client: OpenAI, lines: Sequence[dict[str, Any] | str], metadata: dict[str, str] | None = None) -> Batch:
    content = "".join(f"{one if isinstance(one, str) else json.dumps(one)}\n" for one in lines).encode()
    uploaded = client.files.create(file=("requests.jsonl", content), purpose="batch")
    return client.batches.create(
        completion_window="24h", endpoint="/v1/chat/completions", input_file_id=uploaded.id, metadata=metadata
    )


def ended(client: OpenAI, batch: Batch) -> Batch:
    return eventually(
        lambda: client.batches.retrieve(batch.id), "the batch's end", until=lambda seen: seen.status in ENDED
    )


def results(client: OpenAI, file_id: str | None) -> dict[str, dict[str, Any]]:
    assert file_id is not None
    read = [json.loads(row) for row in client.files.content(file_id).text.splitlines()]
    return {row["custom_id"]: row for row in read}


def error_codes(batch: Batch) -> list[str | None]:
    assert batch.errors is not None
    return [error.code for error in batch.errors.data or []]


def test_a_batch_is_answered_as_calls_are(server: RunningServer, client: OpenAI) -> None:
    batch = ended(client, submit(client, [line("a"), line("b", "Good morning.")]))
    assert batch.status == "completed"
    assert batch.request_counts is not None
    assert (batch.request_counts.total, batch.request_counts.completed, batch.request_counts.failed) == (2, 2, 0)
    assert batch.error_file_id is None
    found = results(client, batch.output_file_id)
    assert set(found) == {"a", "b"}
    response = found["a"]["response"]
    live = client.chat.completions.create(**json.loads(body("Hello. How are you?")))
    assert response["status_code"] == 200
    assert response["body"]["choices"][0]["message"]["content"] == live.choices[0].message.content
    assert batch.usage is not None
    assert batch.usage.input_tokens == sum(row["response"]["body"]["usage"]["prompt_tokens"] for row in found.values())
    assert server.statistics()["batch_statuses"] == {"200": 2}
    assert server.statistics()["calls"] == 1


def test_a_file_is_kept_as_it_came(client: OpenAI) -> None:
    content = b'{"a": "line\\r"}\r\n\xff\n\n--not a boundary\n'
    uploaded = client.files.create(
        file=("x.jsonl", content), purpose="batch", expires_after={"anchor": "created_at", "seconds": 3600}
    )
    assert client.files.content(uploaded.id).content == content
    described = client.files.retrieve(uploaded.id)
    assert (described.filename, described.bytes, described.purpose) == ("x.jsonl", len(content), "batch")
    assert described.expires_at == described.created_at + 3600
    assert client.files.list(limit=1).data[0].id == uploaded.id


def test_a_batch_that_takes_its_time_is_in_progress(server: RunningServer, client: OpenAI) -> None:
    server.behave(Behaviour(batch_seconds=3600))
    batch = submit(client, [line("a")], metadata={"key": "one"})
    found = eventually(
        lambda: client.batches.retrieve(batch.id), "work on it", until=lambda seen: seen.status == "in_progress"
    )
    assert found.output_file_id is None
    assert found.metadata == {"key": "one"}
    client.batches.cancel(batch.id)
    assert ended(client, batch).status == "cancelled"


def test_a_cancelled_batch_keeps_what_was_done(server: RunningServer, client: OpenAI) -> None:
    server.behave(Behaviour(batch_seconds=3600))
    batch = submit(client, [line("a"), line("b")])

    def both_done() -> bool:
        counts = client.batches.retrieve(batch.id).request_counts
        return counts is not None and counts.completed == 2

    eventually(both_done, "both answers")
    assert client.batches.cancel(batch.id).status == "cancelling"
    assert set(results(client, ended(client, batch).output_file_id)) == {"a", "b"}
    with pytest.raises(openai.BadRequestError, match="cancelled"):
        client.batches.cancel(batch.id)


def test_an_expired_batch_answers_what_was_done(server: RunningServer, client: OpenAI) -> None:
    server.behave(Behaviour(batch_expires_after=1))
    batch = ended(client, submit(client, [line("a"), line("b"), line("c")]))
    assert batch.status == "expired"
    assert set(results(client, batch.output_file_id)) == {"a"}
    rest = results(client, batch.error_file_id)
    assert {row["error"]["code"] for row in rest.values()} == {"batch_expired"}
    assert set(rest) == {"b", "c"}
    assert rest["b"]["response"] is None


def test_a_request_that_fails_does_not_fail_the_others(server: RunningServer, client: OpenAI) -> None:
    server.behave(Behaviour(faults=(Fault(kind="error", contains="trouble"),)))
    batch = ended(client, submit(client, [line("a", "trouble"), line("b"), line("c", max_tokens=0)]))
    assert batch.status == "completed"
    assert set(results(client, batch.output_file_id)) == {"b"}
    statuses = {key: row["response"]["status_code"] for key, row in results(client, batch.error_file_id).items()}
    assert statuses == {"a": 500, "c": 400}


def test_a_spoiled_answer_is_an_answer(server: RunningServer, client: OpenAI) -> None:
    server.behave(Behaviour(faults=(Fault(kind="refusal"),)))
    batch = ended(client, submit(client, [line("a")]))
    message = results(client, batch.output_file_id)["a"]["response"]["body"]["choices"][0]["message"]
    assert message["refusal"]


def test_a_batch_of_failures_has_no_output(server: RunningServer, client: OpenAI) -> None:
    server.behave(Behaviour(faults=(Fault(kind="error"),)))
    batch = ended(client, submit(client, [line("a")]))
    assert (batch.status, batch.output_file_id) == ("completed", None)
    assert set(results(client, batch.error_file_id)) == {"a"}


@pytest.mark.parametrize(
    ("lines", "code"),
    [
        ([], "empty_file"),
        (["{"], "invalid_json_line"),
        (["[]"], "invalid_json_line"),
        ([line("a"), line("a")], "duplicate_custom_id"),
        ([line("a") | {"url": "/v1/responses"}], "invalid_url"),
        ([line("a") | {"method": "GET"}], "invalid_method"),
        ([line("a") | {"custom_id": None}], "missing_required_parameter"),
        ([line("a") | {"body": None}], "missing_required_parameter"),
        ([line("a"), line("b", model="gpt-6-sol")], "mismatched_model"),
        ([line(str(number), "x") for number in range(51)], "too_many_tasks"),
        ([line("a", "word " * 5_000)], "file_too_large"),
    ],
)
def test_a_wrong_file_fails_the_batch(client: OpenAI, lines: list[dict[str, Any] | str], code: str) -> None:
    batch = ended(client, submit(client, lines))
    assert batch.status == "failed"
    assert error_codes(batch) == [code]
    assert batch.output_file_id is None


def test_a_file_far_too_large_is_not_taken(client: OpenAI) -> None:
    with pytest.raises(openai.APIStatusError) as caught:
        client.files.create(file=("x", b"x" * (MAX_BYTES + 20_000)), purpose="batch")
    assert caught.value.status_code == 413


def test_the_real_limits_are_the_default() -> None:
    config = ServerConfig()
    assert (config.batch_max_requests, config.batch_max_bytes) == (50_000, 200_000_000)
    rows = b"".join(b"%s\n" % json.dumps(line(str(number), "")).encode() for number in range(50_001))
    _, errors = read_lines(
        rows, endpoint="/v1/chat/completions", max_requests=config.batch_max_requests, max_bytes=config.batch_max_bytes
    )
    assert [error.code for error in errors] == ["too_many_tasks"]


def test_a_batch_fails_as_it_was_asked_to(server: RunningServer, client: OpenAI) -> None:
    server.behave(Behaviour(batch_error="token_limit_exceeded"))
    assert error_codes(ended(client, submit(client, [line("a")]))) == ["token_limit_exceeded"]


def test_batches_are_listed_in_pages_the_newest_first(client: OpenAI) -> None:
    batches = [submit(client, [line("a")], metadata={"number": str(number)}) for number in range(5)]
    page = client.batches.list(limit=2)
    assert page.has_more
    listed = [batch.id for batch, _ in zip(page, range(5), strict=False)]
    assert listed == [batch.id for batch in reversed(batches)]


@pytest.mark.parametrize("limit", [0, 101])
def test_a_page_has_a_size(client: OpenAI, limit: int) -> None:
    with pytest.raises(openai.BadRequestError, match="limit"):
        client.batches.list(limit=limit)


def test_what_is_not_there_is_not_found(client: OpenAI) -> None:
    with pytest.raises(openai.NotFoundError):
        client.batches.retrieve("batch_0")
    with pytest.raises(openai.NotFoundError):
        client.files.content("file-0")
    with pytest.raises(openai.NotFoundError):
        client.batches.create(completion_window="24h", endpoint="/v1/chat/completions", input_file_id="file-0")


@pytest.mark.parametrize(
    "parameters",
    [
        {"endpoint": "/v1/embeddings"},
        {"completion_window": "1h"},
        {"metadata": {"x" * 65: "y"}},
        {"metadata": {"x": "y" * 513}},
        {"metadata": {str(number): "" for number in range(17)}},
        {"output_expires_after": {"anchor": "created_at", "seconds": 60}},
    ],
)
def test_a_wrong_batch_is_refused(client: OpenAI, parameters: dict[str, Any]) -> None:
    uploaded = client.files.create(file=("x.jsonl", json.dumps(line("a")).encode()), purpose="batch")
    asked = {"completion_window": "24h", "endpoint": "/v1/chat/completions", "input_file_id": uploaded.id}
    with pytest.raises(openai.BadRequestError):
        client.batches.create(**{**asked, **parameters})


def test_a_file_for_another_purpose_is_refused(client: OpenAI) -> None:
    with pytest.raises(openai.BadRequestError, match="purpose"):
        client.files.create(file=("x", b"{}"), purpose="vision")


@pytest.mark.parametrize("path", ["/batches", "/files"])
def test_a_key_is_needed(server: RunningServer, path: str) -> None:
    with pytest.raises(urllib.error.HTTPError) as caught:
        urllib.request.urlopen(f"{server.base_url}{path}", timeout=10)  # noqa: S310 - loopback
    assert caught.value.status == 401
