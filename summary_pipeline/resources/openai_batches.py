"""OpenAI's Batch API and Files API, or any server that speaks them.

Belongs here: translating between the openai client and what batches mean to us. Does not belong here: which calls go
into a batch (``summarization.batching``), when it is asked for and what becomes of answers (``answer_batches``).
"""

import asyncio
import datetime as dt
import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, Final

import openai
from openai import AsyncOpenAI
from openai.types import Batch

from summary_pipeline.resources.completion_bodies import read_completion
from summary_pipeline.resources.openai_language_model import OpenAILanguageModel, to_model_error
from summary_pipeline.summarization.batching import BatchStatus
from summary_pipeline.summarization.calls import Call
from summary_pipeline.summarization.language_model import Completion, TransientModelError
from summary_pipeline.summarization.model_registry import ModelRegistry

KEY: Final = "summary_pipeline_key"
"""Metadata by which a batch of ours is found again."""
FILE_LIFE_SECONDS: Final = 7 * 86_400
"""How long the provider keeps requests and answers: the 24 hours of a batch, and time to mend what stands in the way
of reading it."""
_PAGE: Final = 100
_STATUSES: Final[Mapping[str, BatchStatus]] = {
    "finalizing": BatchStatus.ENDING,
    "cancelling": BatchStatus.ENDING,
    "completed": BatchStatus.ENDED,
    "expired": BatchStatus.ENDED,
    "failed": BatchStatus.REFUSED,
    "cancelled": BatchStatus.CANCELLED,
}


@dataclass(frozen=True, slots=True)
class SubmittedBatch:
    """A batch as the provider describes it. ``problem`` says why it was refused."""

    id: str
    status: BatchStatus
    completed: int = 0
    total: int = 0
    codes: tuple[str, ...] = ()
    problem: str | None = None
    files: tuple[str, ...] = ()
    """Ids of the files that hold answers and errors."""


@dataclass(frozen=True, slots=True)
class BatchResult:
    """What became of one request: a completion, or the ``problem`` why there is none."""

    completion: Completion | None
    problem: str | None = None


class OpenAIBatches:
    """Batches of chat completions: requests are repeated by nobody but the caller. Made and used in one event loop.

    Args:
        client: reaches the server. The caller closes it.
        registry: says how each model is called.
        seconds: from now on; a request that is not answered by then is given up.
    """

    def __init__(self, client: AsyncOpenAI, registry: ModelRegistry, *, seconds: float) -> None:
        self._client = client.with_options(max_retries=0)
        self._model = OpenAILanguageModel(client, registry)
        self._end = asyncio.get_running_loop().time() + seconds

    def line(self, call: Call[Any]) -> bytes:
        """Return the line that asks in a batch what ``call`` asks alone."""
        request = {
            "custom_id": call.key,
            "method": "POST",
            "url": "/v1/chat/completions",
            "body": self._model.parameters(call.request),
        }
        return json.dumps(request, ensure_ascii=False, separators=(",", ":")).encode("utf-8", errors="replace") + b"\n"

    async def submit(self, key: str, lines: bytes) -> SubmittedBatch:
        """Upload ``lines`` and start a batch of them that ``find`` finds under ``key``.

        Raises:
            LanguageModelError: there is no batch, or (where it is transient) it is unknown whether there is.
        """
        async with self._asking():
            uploaded = await self._client.files.create(
                file=(f"{key}.jsonl", lines),
                purpose="batch",
                expires_after={"anchor": "created_at", "seconds": FILE_LIFE_SECONDS},
            )
            return _described(
                await self._client.batches.create(
                    input_file_id=uploaded.id,
                    endpoint="/v1/chat/completions",
                    completion_window="24h",
                    metadata={KEY: key},
                    output_expires_after={"anchor": "created_at", "seconds": FILE_LIFE_SECONDS},
                )
            )

    async def find(self, key: str, *, since: dt.datetime) -> SubmittedBatch | None:
        """Return the batch that was submitted under ``key`` after ``since`` (with a time zone), None where none was.

        Raises:
            LanguageModelError: the provider could not be asked.
        """
        async with self._asking():
            async for batch in self._client.batches.list(limit=_PAGE):
                if batch.metadata and batch.metadata.get(KEY) == key:
                    return _described(batch)
                if batch.created_at < since.timestamp():  # they come newest first
                    return None
        return None

    async def state(self, batch_id: str) -> SubmittedBatch:
        """Return how a batch is doing; its status is UNKNOWN where the provider has none of this id.

        Raises:
            LanguageModelError: the provider could not be asked.
        """
        async with self._asking():
            try:
                return _described(await self._client.batches.retrieve(batch_id))
            except openai.NotFoundError as error:
                return SubmittedBatch(batch_id, BatchStatus.UNKNOWN, problem=error.message)

    async def cancel(self, batch_id: str) -> None:
        """Ask the provider to end a batch; it does within minutes, and what is done by then is charged.

        Raises:
            LanguageModelError: the provider could not be asked, or refused.
        """
        async with self._asking():
            await self._client.batches.cancel(batch_id)

    async def results(self, batch: SubmittedBatch) -> dict[str, BatchResult]:
        """Return what became of the requests, by the key of the call.

        Raises:
            TransientModelError: a file can't be read as what it should be.
            LanguageModelError: a file could not be had.
        """
        found: dict[str, BatchResult] = {}
        for file_id in batch.files:
            async with self._asking():
                content = (await self._client.files.content(file_id)).content
            for row in content.split(b"\n"):
                if row.strip():
                    key, result = _read_row(row, file_id)
                    found[key] = result
        return found

    @asynccontextmanager
    async def _asking(self) -> AsyncIterator[None]:
        """Bound what is asked, whatever the client's own time-out, which starts anew with each part of an answer."""
        clock = asyncio.get_running_loop().time
        begun = clock()
        try:
            async with asyncio.timeout_at(self._end):
                yield
        except (TimeoutError, openai.APITimeoutError) as error:
            message = f"The provider did not answer within {clock() - begun:.0f} s."
            raise TransientModelError(message, code="timeout") from error
        except openai.OpenAIError as error:
            raise to_model_error(error, now=dt.datetime.now(dt.UTC)) from error


def _described(batch: Batch) -> SubmittedBatch:
    errors = (batch.errors.data or []) if batch.errors else []
    counts = batch.request_counts
    return SubmittedBatch(
        id=batch.id,
        status=_STATUSES.get(batch.status, BatchStatus.WORKING),
        completed=counts.completed if counts else 0,
        total=counts.total if counts else 0,
        codes=tuple(error.code or "" for error in errors),
        problem="; ".join(error.message or error.code or "no reason given" for error in errors[:3]) or None,
        files=tuple(file_id for file_id in (batch.output_file_id, batch.error_file_id) if file_id),
    )


def _read_row(row: bytes, file_id: str) -> tuple[str, BatchResult]:
    try:
        document = json.loads(row)
        key, response, error = document["custom_id"], document.get("response"), document.get("error")
        if response is not None and response["status_code"] == 200:
            return key, BatchResult(read_completion(response["body"]))
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError, TransientModelError) as problem:
        message = f"A line of the provider's file {file_id} is no result of a batch ({type(problem).__name__})."
        raise TransientModelError(message, code="malformed_body") from problem
    if response is not None:
        error = (response.get("body") or {}).get("error") or {"message": f"status {response['status_code']}"}
    error = error if isinstance(error, dict) else {}
    return key, BatchResult(None, str(error.get("message") or error.get("code") or "no reason given"))
