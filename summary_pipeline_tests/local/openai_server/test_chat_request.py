from typing import Any

import pytest

from summary_pipeline.local.openai_server.api_errors import ApiError
from summary_pipeline.local.openai_server.chat_request import parse_chat_request
from summary_pipeline.local.openai_server.configuration import ServerConfig
from summary_pipeline_tests.local.openai_server.requests import body


def refused(content: bytes, config: ServerConfig | None = None) -> dict[str, Any]:
    with pytest.raises(ApiError) as caught:
        parse_chat_request(content, config or ServerConfig())
    assert caught.value.status == 400
    error: dict[str, Any] = caught.value.document["error"]
    assert error["type"] == "invalid_request_error"
    return error


def test_a_request_is_read() -> None:
    request = parse_chat_request(
        body("Hi", max_completion_tokens=9, temperature=0.3, store=False, seed=1), ServerConfig()
    )
    assert (request.user_text, request.max_output_tokens, request.schema) == ("Hi", 9, None)


def test_text_parts_are_joined() -> None:
    parts = [{"type": "text", "text": "one"}, {"type": "text", "text": "two"}]
    request = parse_chat_request(body("", messages=[{"role": "user", "content": parts}]), ServerConfig())
    assert request.user_text == "one\ntwo"


@pytest.mark.parametrize(
    ("parameters", "param", "code"),
    [
        ({"temprature": 1}, "temprature", "unknown_parameter"),
        ({"model": None}, "model", "missing_required_parameter"),
        ({"messages": None}, "messages", "missing_required_parameter"),
        ({"messages": []}, "messages", "invalid_value"),
        ({"messages": [{"role": "user"}]}, "messages[0].content", "missing_required_parameter"),
        ({"temperature": "warm"}, "temperature", "invalid_type"),
        ({"temperature": 3}, "temperature", "invalid_value"),
        ({"max_tokens": 0}, "max_tokens", "invalid_value"),
        ({"max_tokens": 5, "max_completion_tokens": 5}, None, "invalid_parameter_combination"),
        ({"stream": True}, "stream", "unsupported_parameter"),
        ({"n": 129}, "n", "invalid_value"),
        ({"logprobs": True, "top_logprobs": 21}, "top_logprobs", "invalid_value"),
        ({"top_logprobs": 5}, "top_logprobs", "invalid_value"),
        ({"tools": [{"type": "function"}]}, "tools", "unsupported_parameter"),
        ({"modalities": ["audio"]}, "modalities", "unsupported_parameter"),
        ({"response_format": {"type": "yaml"}}, "response_format.type", "invalid_value"),
        ({"response_format": {"type": "json_schema"}}, "response_format.json_schema", "missing_required_parameter"),
        ({"response_format": {"type": "json_object"}}, "messages", None),
    ],
)
def test_a_wrong_parameter_is_named(parameters: dict[str, Any], param: str | None, code: str | None) -> None:
    error = refused(body("Hello", **parameters) if "model" not in parameters else body("Hello", model=None))
    assert (error["param"], error["code"]) == (param, code)


def test_a_schema_that_is_not_strict_is_refused_where_strictness_is_asked_for() -> None:
    wanted = {"name": "loose", "schema": {"type": "object", "properties": {"a": {}}}}
    loose = {"type": "json_schema", "json_schema": {**wanted, "strict": False}}
    strict = {"type": "json_schema", "json_schema": {**wanted, "strict": True}}
    assert parse_chat_request(body("Hi", response_format=loose), ServerConfig()).schema is not None
    assert "additionalProperties" in refused(body("Hi", response_format=strict))["message"]


@pytest.mark.parametrize("content", [b"{", b"[]", b"\xff", b'"text"'])
def test_a_body_that_is_no_object_is_refused(content: bytes) -> None:
    assert "JSON body" in refused(content)["message"]


@pytest.mark.parametrize(
    ("parameters", "param"),
    [({"max_tokens": 5}, "max_tokens"), ({"temperature": 0.3}, "temperature"), ({"logprobs": True}, "logprobs")],
)
def test_reasoning_models_refuse_what_openai_refuses_for_them(parameters: dict[str, Any], param: str) -> None:
    config = ServerConfig(reasoning_models=frozenset({"gpt-6-luna"}))
    assert refused(body("Hi", **parameters), config)["param"] == param
    assert parse_chat_request(body("Hi", max_completion_tokens=5, temperature=1), config).max_output_tokens == 5
