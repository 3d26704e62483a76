import datetime as dt
from collections.abc import Mapping

import httpx2
import openai
import pytest
from hypothesis import given
from hypothesis import strategies as st

from summary_pipeline.resources.openai_language_model import (
    OpenAILanguageModel,
    read_duration,
    read_rate_limit,
    read_retry_after,
    to_model_error,
)
from summary_pipeline.summarization.language_model import (
    CompletionRequest,
    Message,
    PermanentModelError,
    RateLimitedError,
    RateLimitState,
    TransientModelError,
    UnansweredError,
)

NOW = dt.datetime(2026, 11, 21, 12, 0, 0, tzinfo=dt.UTC)
REQUEST = httpx2.Request("POST", "http://127.0.0.1/v1/chat/completions")


def status_error(
    status: int, *, code: str | None = None, message: str = "no", headers: Mapping[str, str] | None = None
) -> openai.APIStatusError:
    response = httpx2.Response(status, headers=dict(headers or {}), request=REQUEST)
    body = {"message": message, "code": code, "type": "some_type", "param": None}
    kind = {429: openai.RateLimitError, 400: openai.BadRequestError}.get(status, openai.APIStatusError)
    return kind(message, response=response, body=body)


def test_the_provider_is_told_to_keep_nothing_of_what_was_said() -> None:
    request = CompletionRequest(model="any", messages=(Message("user", "Hello."),), max_output_tokens=9)
    model = OpenAILanguageModel(openai.AsyncOpenAI(api_key="unused"))
    assert model.parameters(request)["store"] is False


@pytest.mark.parametrize("status", [400, 401, 403, 404, 413, 422])
def test_a_request_that_is_wrong_is_not_worth_repeating(status: int) -> None:
    error = to_model_error(status_error(status, code="some_code"), now=NOW)
    assert isinstance(error, PermanentModelError)
    assert (error.status, error.code) == (status, "some_code")


@pytest.mark.parametrize("status", [408, 409, 500, 502, 503, 504, 529])
def test_a_server_in_trouble_may_answer_later(status: int) -> None:
    error = to_model_error(status_error(status, headers={"retry-after": "7"}), now=NOW)
    assert isinstance(error, TransientModelError)
    assert not isinstance(error, RateLimitedError)
    assert (error.status, error.retry_after_seconds) == (status, 7.0)


@pytest.mark.parametrize(("status", "may_cost"), [(408, True), (502, True), (504, True), (500, False), (503, False)])
def test_what_a_gateway_gave_up_on_may_have_been_carried_out(status: int, *, may_cost: bool) -> None:
    assert isinstance(to_model_error(status_error(status), now=NOW), UnansweredError) == may_cost


def test_429_says_to_slow_down_and_how() -> None:
    headers = {"retry-after-ms": "1500", "x-ratelimit-limit-tokens": "9000", "x-ratelimit-remaining-tokens": "0"}
    error = to_model_error(status_error(429, code="rate_limit_exceeded", headers=headers), now=NOW)
    assert isinstance(error, RateLimitedError)
    assert error.retry_after_seconds == 1.5
    assert error.rate_limit == RateLimitState(limit_tokens=9000, remaining_tokens=0)


@pytest.mark.parametrize(
    ("code", "message"),
    [
        ("insufficient_quota", "You exceeded your current quota."),
        ("billing_hard_limit_reached", "Billing hard limit has been reached."),
        ("rate_limit_exceeded", "Request too large for gpt on tokens per min (TPM): Limit 10, Requested 20."),
    ],
)
def test_429_that_no_waiting_helps_against_is_permanent(code: str, message: str) -> None:
    assert isinstance(to_model_error(status_error(429, code=code, message=message), now=NOW), PermanentModelError)


@pytest.mark.parametrize("kind", [{"a": 1}, ["insufficient_quota"], None, 5])
def test_429_may_name_its_type_in_any_way(kind: object) -> None:
    response = httpx2.Response(429, request=REQUEST)
    error = openai.RateLimitError("no", response=response, body={"message": "no", "type": kind})
    assert isinstance(to_model_error(error, now=NOW), RateLimitedError)


@pytest.mark.parametrize(
    ("raised", "code"),
    [
        (openai.APITimeoutError(REQUEST), "timeout"),
        (openai.APIConnectionError(request=REQUEST), "connection"),
        (openai.APIResponseValidationError(httpx2.Response(200, request=REQUEST), None), "malformed_body"),
    ],
)
def test_a_call_that_brought_no_answer_may_be_repeated(raised: Exception, code: str) -> None:
    error = to_model_error(raised, now=NOW)
    assert isinstance(error, UnansweredError)
    assert error.code == code


@pytest.mark.parametrize(
    ("raised", "cause"),
    [
        (openai.APITimeoutError(REQUEST), httpx2.ConnectTimeout("late")),
        (openai.APITimeoutError(REQUEST), httpx2.PoolTimeout("full")),
        (openai.APIConnectionError(request=REQUEST), httpx2.ConnectError("refused")),
        (openai.APIConnectionError(request=REQUEST), httpx2.ProxyError("refused")),
    ],
)
def test_a_call_that_never_reached_the_server_costs_nothing(raised: Exception, cause: Exception) -> None:
    raised.__cause__ = cause
    error = to_model_error(raised, now=NOW)
    assert isinstance(error, TransientModelError)
    assert not isinstance(error, UnansweredError)


def test_a_lost_connection_names_its_cause() -> None:
    error = openai.APIConnectionError(request=REQUEST)
    error.__cause__ = OSError("No route to host.")
    assert str(to_model_error(error, now=NOW)).endswith("failed: OSError: No route to host.")
    error.__cause__ = OSError()
    assert str(to_model_error(error, now=NOW)).endswith("failed: OSError.")


@pytest.mark.parametrize(
    "cause", [httpx2.LocalProtocolError("Illegal header value"), httpx2.UnsupportedProtocol("ftp")]
)
def test_a_request_that_can_not_be_sent_is_not_worth_repeating(cause: Exception) -> None:
    error = openai.APIConnectionError(request=REQUEST)
    error.__cause__ = cause
    assert isinstance(to_model_error(error, now=NOW), PermanentModelError)


def test_what_the_client_itself_refuses_is_permanent() -> None:
    assert isinstance(to_model_error(openai.OpenAIError("no key"), now=NOW), PermanentModelError)


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"retry-after": "120"}, 120.0),
        ({"retry-after": "0.5"}, 0.5),
        ({"retry-after-ms": "250", "retry-after": "1"}, 0.25),
        ({"retry-after": "Sat, 21 Nov 2026 12:01:30 GMT"}, 90.0),
        ({"retry-after": "Sat, 21 Nov 2026 11:00:00 GMT"}, 0.0),
        ({"retry-after": "-5"}, 0.0),
        ({"retry-after": "soon"}, None),
        ({"retry-after": "Sat, 21 Nov 2026 12:01:30 +9999999999999999"}, None),
        ({"retry-after": "inf"}, None),
        ({"retry-after": ""}, None),
        ({}, None),
    ],
)
def test_retry_after_is_read_in_all_its_forms(headers: dict[str, str], seconds: float | None) -> None:
    assert read_retry_after(headers, now=NOW) == seconds


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("6m0s", 360.0),
        ("17ms", 0.017),
        ("1h2m3.5s", 3723.5),
        ("1d", 86400.0),
        ("500us", 0.0005),
        ("12.5", 12.5),
        (" 1s ", 1.0),
        ("2025-01-01T00:00:00Z", None),
        ("s", None),
        ("-1", None),
        ("nan", None),
        ("", None),
        (None, None),
    ],
)
def test_durations_are_read_as_providers_write_them(text: str | None, seconds: float | None) -> None:
    assert read_duration(text) == (None if seconds is None else pytest.approx(seconds))


@given(st.dictionaries(st.sampled_from(["retry-after", "retry-after-ms"]), st.text(max_size=40)))
def test_no_header_can_break_the_reading_of_retry_after(headers: dict[str, str]) -> None:
    seconds = read_retry_after(headers, now=NOW)
    assert seconds is None or seconds >= 0


def test_rate_limit_headers_are_read() -> None:
    headers = {
        "x-ratelimit-limit-requests": "500",
        "x-ratelimit-remaining-requests": "499",
        "x-ratelimit-reset-requests": "120ms",
        "x-ratelimit-limit-tokens": "200000",
        "x-ratelimit-remaining-tokens": "many",
        "x-ratelimit-reset-tokens": "2.4s",
    }
    assert read_rate_limit(headers) == RateLimitState(
        limit_requests=500,
        remaining_requests=499,
        reset_requests_seconds=0.12,
        limit_tokens=200_000,
        remaining_tokens=None,
        reset_tokens_seconds=2.4,
    )


def test_without_rate_limit_headers_nothing_is_known() -> None:
    assert read_rate_limit({"content-type": "application/json"}) is None
