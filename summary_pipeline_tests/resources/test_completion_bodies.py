"""What is made of the bodies that servers, and proxies before them, send as chat completions."""

import contextlib
import json
from collections.abc import Iterator, Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from openai import AsyncOpenAI

from summary_pipeline.resources.completion_bodies import read_body, read_completion
from summary_pipeline.resources.openai_language_model import OpenAILanguageModel
from summary_pipeline.summarization.language_model import CompletionRequest, Message, TransientModelError

MESSAGE = {"role": "assistant", "content": "Yes."}
CHOICE = {"index": 0, "finish_reason": "stop", "message": MESSAGE}
USAGE = {
    "prompt_tokens": 90,
    "completion_tokens": 9,
    "total_tokens": 99,
    "prompt_tokens_details": {"cached_tokens": 64, "cache_write_tokens": 20},
}
DOCUMENT = {
    "id": "chatcmpl-1",
    "object": "chat.completion",
    "created": 1,
    "model": "gpt-6-luna-2026-09-01",
    "choices": [CHOICE],
    "usage": USAGE,
}


def choice(**changes: object) -> dict[str, Any]:
    """Return a completion of one choice with these changes to it."""
    return {**DOCUMENT, "choices": [{**CHOICE, **changes}]}


def without(document: Mapping[str, Any], name: str) -> dict[str, Any]:
    return {key: value for key, value in document.items() if key != name}


def test_an_answer_carries_its_model_and_tokens() -> None:
    answer = read_completion(DOCUMENT)
    assert (answer.text, answer.finish_reason, answer.model) == ("Yes.", "stop", "gpt-6-luna-2026-09-01")
    assert (answer.input_tokens, answer.output_tokens, answer.cached_input_tokens) == (90, 9, 64)
    assert answer.cache_write_input_tokens == 20


@pytest.mark.parametrize("usage", [None, {}, {"prompt_tokens": None, "completion_tokens": None}])
def test_tokens_that_are_not_told_count_nothing(usage: object) -> None:
    answer = read_completion({**DOCUMENT, "usage": usage})
    assert (answer.input_tokens, answer.output_tokens, answer.cached_input_tokens) == (0, 0, 0)
    assert read_completion(without(DOCUMENT, "usage")) == answer


@pytest.mark.parametrize("reason", ["tool_calls", None])
def test_an_end_for_a_reason_of_no_concern_to_us_is_other(reason: str | None) -> None:
    assert read_completion(choice(finish_reason=reason)).finish_reason == "other"


@pytest.mark.parametrize("details", [[], {"cached_tokens": "many"}, 5])
def test_odd_details_of_usage_do_not_cost_the_answer(details: object) -> None:
    answer = read_completion({**DOCUMENT, "usage": {**USAGE, "prompt_tokens_details": details}})
    assert (answer.text, answer.input_tokens, answer.cached_input_tokens) == ("Yes.", 90, 0)


@pytest.mark.parametrize("logprobs", [{"content": [{"token": "Yes"}]}, {"content": []}, {"content": None}, [], {}])
def test_odd_probabilities_do_not_cost_the_answer(logprobs: object) -> None:
    answer = read_completion(choice(logprobs=logprobs))
    assert (answer.text, answer.first_token) == ("Yes.", None)


def test_half_a_character_is_replaced_in_what_the_model_wrote_and_in_its_name() -> None:
    document = {**choice(message={"content": "Well \ud83c", "refusal": "\udfff"}), "model": "m\ud83d"}
    answer = read_body(json.dumps(document).encode())
    assert (answer.text, answer.refusal, answer.model) == ("Well \ufffd", "\ufffd", "m\ufffd")
    assert answer.samples == (answer.text,)


def test_a_character_that_json_writes_as_two_halves_is_one() -> None:
    assert read_body(json.dumps(choice(message={"content": "\U0001f389"})).encode()).text == "\U0001f389"


MALFORMED = {
    "nothing": b"",
    "a page": b"<html>Bad gateway</html>",
    "null": b"null",
    "a list": b"[]",
    "not UTF-8": json.dumps(DOCUMENT).encode().replace(b"Yes", b"Y\xff"),
    "too deep": b'{"choices":' + b"[" * 100_000,
    "a number without an end": b'{"choices": ' + b"1" * 10_000 + b"}",
    **{
        name: json.dumps(document).encode()
        for name, document in {
            "no choices": without(DOCUMENT, "choices"),
            "choices null": {**DOCUMENT, "choices": None},
            "choices empty": {**DOCUMENT, "choices": []},
            "choices an object": {**DOCUMENT, "choices": {"a": 1}},
            "choices a text": {**DOCUMENT, "choices": "abc"},
            "a choice null": {**DOCUMENT, "choices": [None]},
            "no message": {**DOCUMENT, "choices": [without(CHOICE, "message")]},
            "message null": choice(message=None),
            "content in parts": choice(message={"content": [{"type": "text", "text": "Yes."}]}),
            "an odd end": choice(finish_reason=["stop"]),
            "no model": without(DOCUMENT, "model"),
            "model null": {**DOCUMENT, "model": None},
            "half a token": {**DOCUMENT, "usage": {**USAGE, "prompt_tokens": 100.5}},
            "less than no tokens": {**DOCUMENT, "usage": {**USAGE, "completion_tokens": -5}},
            "more tokens than a float can hold": {**DOCUMENT, "usage": {**USAGE, "prompt_tokens": 10**400}},
        }.items()
    },
}


@pytest.mark.parametrize("body", MALFORMED.values(), ids=MALFORMED.keys())
def test_a_body_that_is_no_completion_may_come_right(body: bytes) -> None:
    with pytest.raises(TransientModelError, match="no chat completion") as caught:
        read_body(body)
    assert caught.value.code == "malformed_body"


def test_the_message_says_where_a_body_is_wrong_and_repeats_nothing_of_it() -> None:
    with pytest.raises(TransientModelError, match=r"\(choices\.0\.message\.content: string_type\)") as caught:
        read_completion(choice(message={"content": {"secret": "speech"}}))
    assert "speech" not in str(caught.value)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters(codec=None), max_size=5),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=3), inner, max_size=2),
    max_leaves=4,
)


@given(
    document=st.fixed_dictionaries(
        {"model": st.just("m") | JSON, "choices": st.just([CHOICE]) | JSON},
        optional={"usage": st.fixed_dictionaries({}, optional=dict.fromkeys(USAGE, JSON)) | JSON},
    )
)
def test_no_body_breaks_the_reading(document: object) -> None:
    with contextlib.suppress(TransientModelError):
        answer = read_body(json.dumps(document).encode())
        f"{answer.text}{answer.model}{answer.refusal}".encode()
        assert min(answer.input_tokens, answer.output_tokens) >= 0


class AnyBody(BaseHTTPRequestHandler):
    """Answers each request with ``body``."""

    body: bytes

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(self.body)))
        self.end_headers()
        self.wfile.write(self.body)

    def log_message(self, *_arguments: object) -> None:
        """Write nothing."""


@pytest.fixture
def any_body() -> Iterator[tuple[type[AnyBody], str]]:
    handler = type("Handler", (AnyBody,), {})
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = Thread(target=server.serve_forever)
        thread.start()
        yield handler, f"http://127.0.0.1:{server.server_port}/v1"
        server.shutdown()
        thread.join()


@pytest.mark.servers
async def test_the_client_adds_no_failure_of_its_own(any_body: tuple[type[AnyBody], str]) -> None:
    handler, address = any_body
    request = CompletionRequest(model="any", messages=(Message("user", "Hello."),), max_output_tokens=9)
    async with AsyncOpenAI(base_url=address, api_key="any", timeout=10) as client:
        model = OpenAILanguageModel(client)
        for handler.body in MALFORMED.values():
            with pytest.raises(TransientModelError):
                await model.complete(request)
        handler.body = json.dumps(DOCUMENT).encode()
        assert (await model.complete(request)).text == "Yes."
