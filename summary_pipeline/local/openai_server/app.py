"""The HTTP application: OpenAI's endpoints, and those that control and observe the server.

Belongs here: routing, authentication, the order in which a call meets limits, faults and latency.
Does not belong here: what is answered (``completions``), which fault strikes (``faults``), listening (``serving``).
"""

import asyncio
import contextlib
import json
import time
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from typing import Any

from pydantic import ValidationError
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route

from summary_pipeline.local.openai_server.api_errors import ApiError, retry_after_headers
from summary_pipeline.local.openai_server.batch_api import BatchApi
from summary_pipeline.local.openai_server.chat_request import ChatRequest, parse_chat_request
from summary_pipeline.local.openai_server.completions import (
    Answer,
    answer_request,
    completion_document,
    count_prompt_tokens,
)
from summary_pipeline.local.openai_server.configuration import SERVED_MODEL, Behaviour, Fault, ServerConfig
from summary_pipeline.local.openai_server.faults import FaultPlan
from summary_pipeline.local.openai_server.rate_limits import RateLimits
from summary_pipeline.local.openai_server.statistics import Statistics

DROP_CONNECTION = "summary_pipeline.drop_connection"
"""Key under which ``serving`` puts a function into a request's scope that closes its connection at once."""

_MODEL_CREATED = 1_735_689_600
_TRUNCATED_BY = 1000
_CONNECTION_DROPPED = 599
"""Counted in the statistics for calls that got no answer."""


def create_app(config: ServerConfig | None = None) -> Starlette:
    """Return the application. It keeps its state in memory; two applications share nothing."""
    server = _Server(config or ServerConfig())
    return Starlette(
        routes=[
            Route("/v1/models", _authenticated(server.list_models)),
            Route("/v1/models/{model:path}", _authenticated(server.get_model)),
            Route("/v1/chat/completions", _authenticated(server.create_completion), methods=["POST"]),
            *(
                Route(path, _authenticated(endpoint), methods=[method])
                for method, path, endpoint in server.batches.endpoints()
            ),
            Route("/_control/behaviour", server.get_behaviour, methods=["GET"]),
            Route("/_control/behaviour", server.set_behaviour, methods=["POST"]),
            Route("/_control/behaviour", server.reset_behaviour, methods=["DELETE"]),
            Route("/_control/stats", server.get_statistics, methods=["GET"]),
            Route("/_control/stats", server.reset_statistics, methods=["DELETE"]),
        ],
        exception_handlers={ApiError: _on_api_error, HTTPException: _on_http_exception},
    )


class _Server:
    def __init__(self, config: ServerConfig) -> None:
        self._config = config
        self._statistics = Statistics()
        self.batches = BatchApi(config, self._answer_in_batch, lambda: self._behaviour)
        self._behave(config.behaviour)

    def _behave(self, behaviour: Behaviour) -> None:
        self._behaviour = behaviour
        self._limits = RateLimits(behaviour, time.monotonic())
        self._faults = FaultPlan(behaviour.faults, behaviour.seed)

    async def list_models(self, _: Request) -> Response:
        return JSONResponse({"object": "list", "data": [_model_document(self._config)]})

    async def get_model(self, request: Request) -> Response:
        self._require_known(request.path_params["model"])
        return JSONResponse(_model_document(self._config))

    async def create_completion(self, request: Request) -> Response:
        with self._statistics.call(time.monotonic()):
            try:
                response = await self._complete(request)
            except ApiError as error:
                response = _error_response(error)
            self._statistics.answered(response.status_code, time.monotonic())
            response.headers["x-request-id"] = f"req_{uuid.uuid4().hex}"
            response.headers["openai-version"] = "2020-10-01"
            return response

    async def _complete(self, http_request: Request) -> Response:
        arrived = time.monotonic()
        request = parse_chat_request(await http_request.body(), self._config)
        self._require_known(request.model)
        behaviour, limits, faults = self._behaviour, self._limits, self._faults
        prompt_tokens = await run_in_threadpool(count_prompt_tokens, request)
        self._require_fitting(request, prompt_tokens)
        wanted = (request.max_output_tokens or 0) * request.choices
        admission = limits.admit(prompt_tokens + wanted, time.monotonic())
        schema_name = request.schema.name if request.schema else None
        self._statistics.admitted(admission.charged_tokens, schema_name, time.monotonic())
        fault = faults.strike(request)
        if fault is not None:
            self._statistics.struck(fault.kind)
            await _carry_out(fault, http_request, admission.headers)
        kind = fault.kind if fault else None
        answer = await run_in_threadpool(answer_request, request, self._config.answers, kind)
        limits.settle(admission, prompt_tokens + answer.tokens)
        latency = behaviour.latency_seconds + behaviour.latency_per_output_token_seconds * answer.tokens
        if fault is not None and fault.kind == "slow":
            latency += fault.seconds
        await asyncio.sleep(arrived + latency - time.monotonic())
        self._statistics.used(prompt_tokens, answer.tokens)
        document = _completion_document(request, answer, prompt_tokens)
        response = JSONResponse(document, headers=admission.headers)
        return _spoiled(response, fault)

    async def _answer_in_batch(self, body: Mapping[str, Any]) -> tuple[int, dict[str, Any]]:
        """Answer one request of a batch: neither limits nor latency apply, nor faults of connections."""
        try:
            request = parse_chat_request(json.dumps(body).encode(), self._config)
            self._require_known(request.model)
            prompt_tokens = await run_in_threadpool(count_prompt_tokens, request)
            self._require_fitting(request, prompt_tokens)
            fault = self._faults.strike(request)
            if fault is not None:
                self._statistics.struck(fault.kind)
                _refuse_on_demand(fault, {})
            kind = fault.kind if fault else None
            answer = await run_in_threadpool(answer_request, request, self._config.answers, kind)
            status, document = 200, _completion_document(request, answer, prompt_tokens)
        except ApiError as error:
            status, document = error.status, error.document
        self._statistics.answered_in_batch(status)
        return status, document

    async def get_behaviour(self, _: Request) -> Response:
        return JSONResponse(self._behaviour.model_dump(mode="json"))

    async def set_behaviour(self, request: Request) -> Response:
        """Replace the behaviour, limits and fault counts included; what is not named gets its default."""
        try:
            behaviour = Behaviour.model_validate_json(await request.body())
        except ValidationError as error:
            raise ApiError(400, str(error)) from error
        self._behave(behaviour)
        return await self.get_behaviour(request)

    async def reset_behaviour(self, request: Request) -> Response:
        """Go back to what the server was started with."""
        self._behave(self._config.behaviour)
        return await self.get_behaviour(request)

    async def get_statistics(self, _: Request) -> Response:
        return JSONResponse(self._statistics.snapshot())

    async def reset_statistics(self, request: Request) -> Response:
        self._statistics.reset()
        return await self.get_statistics(request)

    def _require_known(self, model: str) -> None:
        known = self._config.known_models
        if known is not None and model not in known and model != SERVED_MODEL:
            message = f"The model `{model}` does not exist or you do not have access to it."
            raise ApiError(404, message, param="model", code="model_not_found")

    def _require_fitting(self, request: ChatRequest, prompt_tokens: int) -> None:
        limit = self._config.context_tokens
        wanted = prompt_tokens + (request.max_output_tokens or 0)
        if limit is not None and wanted > limit:
            message = (
                f"This model's maximum context length is {limit} tokens. However, you requested {wanted} tokens "
                f"({prompt_tokens} in the messages, {wanted - prompt_tokens} in the completion)."
            )
            raise ApiError(400, message, param="messages", code="context_length_exceeded")


Endpoint = Callable[[Request], Awaitable[Response]]


def _authenticated(endpoint: Endpoint) -> Endpoint:
    async def checked(request: Request) -> Response:
        scheme, _, key = request.headers.get("authorization", "").partition(" ")
        if scheme.lower() != "bearer" or not key.strip():
            message = (
                "You didn't provide an API key. Send it in an Authorization header: 'Bearer YOUR_KEY'. Any key will do."
            )
            raise ApiError(401, message, code="invalid_api_key")
        return await endpoint(request)

    return checked


async def _carry_out(fault: Fault, request: Request, rate_headers: dict[str, str]) -> None:
    """Do what a fault does instead of an answer; those that spoil or delay the answer do nothing yet."""
    _refuse_on_demand(fault, rate_headers)
    match fault.kind:
        case "hang":
            await _wait_for_disconnect(request, fault.seconds)
            raise _drop_connection(request)
        case "dropped_connection":
            raise _drop_connection(request)
        case _:
            pass


def _refuse_on_demand(fault: Fault, rate_headers: dict[str, str]) -> None:
    """Raise the error that a fault asks for, if it asks for one."""
    retry_after = retry_after_headers(fault.retry_after_seconds)
    match fault.kind:
        case "error":
            message = "The server had an error while processing your request (a fault that was asked for)."
            raise ApiError(fault.status, message, kind="server_error", code=fault.code, headers=retry_after)
        case "rate_limited":
            message = "Rate limit reached (a fault that was asked for)."
            headers = {**rate_headers, **retry_after}
            raise ApiError(429, message, kind="requests", code="rate_limit_exceeded", headers=headers)
        case "insufficient_quota":
            message = "You exceeded your current quota, please check your plan and billing details."
            raise ApiError(429, message, kind="insufficient_quota", code="insufficient_quota")
        case _:
            pass


async def _wait_for_disconnect(request: Request, seconds: float) -> None:
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            await request.receive()


def _drop_connection(request: Request) -> ApiError:
    """Close the connection. Where the server that runs the application can't, the returned error is answered."""
    drop = request.scope.get(DROP_CONNECTION)
    if drop is not None:
        drop()
    return ApiError(_CONNECTION_DROPPED, "The connection is dropped (a fault that was asked for).", kind="server_error")


def _spoiled(response: Response, fault: Fault | None) -> Response:
    if fault is not None and fault.kind == "malformed_body":
        response.body = bytes(response.body)[: len(response.body) // 2]
        response.headers["content-length"] = str(len(response.body))
    if fault is not None and fault.kind == "truncated_body":
        headers = {**response.headers, "content-length": str(len(response.body) + _TRUNCATED_BY)}
        return StreamingResponse(_once(bytes(response.body)), headers=headers)
    return response


async def _once(body: bytes) -> AsyncIterator[bytes]:
    yield body


def _completion_document(request: ChatRequest, answer: Answer, prompt_tokens: int) -> dict[str, Any]:
    return completion_document(answer, prompt_tokens, request.top_logprobs, fills_cache=request.fills_cache)


def _model_document(config: ServerConfig) -> dict[str, Any]:
    return {
        "id": SERVED_MODEL,
        "object": "model",
        "created": _MODEL_CREATED,
        "owned_by": "summary-pipeline",
        "shutdown_date": config.shutdown_date.isoformat() if config.shutdown_date else None,
    }


def _error_response(error: ApiError) -> Response:
    return JSONResponse(error.document, status_code=error.status, headers=error.headers)


async def _on_api_error(_: Request, error: Exception) -> Response:
    if not isinstance(error, ApiError):
        raise error
    return _error_response(error)


async def _on_http_exception(request: Request, error: Exception) -> Response:
    if not isinstance(error, HTTPException):
        raise error
    message = f"Invalid URL or method ({request.method} {request.url.path}): {error.detail}."
    return _error_response(ApiError(error.status_code, message))
