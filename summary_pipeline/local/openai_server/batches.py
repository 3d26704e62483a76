"""The life of a batch, from validating to its end.

Belongs here: statuses, counts and times, and working through the requests. Does not belong here: what a line is
(``batch_lines``), answering one (``app``), HTTP routes (``batch_api``).
"""

import asyncio
import contextlib
import time
import uuid
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from summary_pipeline.local.openai_server.batch_lines import (
    BatchLine,
    LineError,
    answered_line,
    read_lines,
    to_jsonl,
    unanswered_line,
)
from summary_pipeline.local.openai_server.configuration import Behaviour, ServerConfig
from summary_pipeline.local.openai_server.files import FileStore, StoredFile

Status = Literal["validating", "failed", "in_progress", "finalizing", "completed", "expired", "cancelling", "cancelled"]
AnswerLine = Callable[[Mapping[str, Any]], Awaitable[tuple[int, dict[str, Any]]]]
"""Answers the body of one request: HTTP status and body."""

_ENDS: frozenset[Status] = frozenset({"failed", "completed", "expired", "cancelled"})
_WINDOW_SECONDS = 86_400


@dataclass(slots=True)
class Batch:
    """A batch. ``times`` holds a Unix time in seconds for each status that it has reached."""

    input_file: StoredFile
    endpoint: str
    metadata: dict[str, str] | None
    output_expires_after_seconds: int | None = None
    id: str = field(default_factory=lambda: f"batch_{uuid.uuid4().hex}")
    status: Status = "validating"
    created_at: int = field(default_factory=lambda: int(time.time()))
    times: dict[str, int] = field(default_factory=dict)
    errors: list[LineError] = field(default_factory=list)
    total: int = 0
    completed: int = 0
    failed: int = 0
    usage: dict[str, int] = field(default_factory=lambda: {"input_tokens": 0, "output_tokens": 0})
    output_file_id: str | None = None
    error_file_id: str | None = None
    is_cancelling: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def is_ended(self) -> bool:
        """Whether nothing more will happen to it."""
        return self.status in _ENDS

    def reach(self, status: Status) -> None:
        """Go to ``status``, now."""
        self.status = status
        self.times[status] = int(time.time())

    def cancel(self) -> None:
        """Ask for its end, which comes soon."""
        self.reach("cancelling")
        self.is_cancelling.set()

    @property
    def document(self) -> dict[str, Any]:
        """What the API says of it."""
        usage = {**self.usage, "total_tokens": sum(self.usage.values())}
        return {
            "id": self.id,
            "object": "batch",
            "endpoint": self.endpoint,
            "model": None,
            "errors": {"object": "list", "data": [error.document for error in self.errors]} if self.errors else None,
            "input_file_id": self.input_file.id,
            "completion_window": "24h",
            "status": self.status,
            "output_file_id": self.output_file_id,
            "error_file_id": self.error_file_id,
            "created_at": self.created_at,
            "expires_at": self.created_at + _WINDOW_SECONDS,
            **{
                f"{status}_at": self.times.get(status)
                for status in ("in_progress", "finalizing", "completed", "failed", "expired", "cancelling", "cancelled")
            },
            "request_counts": {"total": self.total, "completed": self.completed, "failed": self.failed},
            "usage": {
                **usage,
                "input_tokens_details": {"cached_tokens": 0},
                "output_tokens_details": {"reasoning_tokens": 0},
            },
            "metadata": self.metadata,
        }


class BatchRunner:
    """Works batches off, each in a task of the event loop, and keeps them."""

    def __init__(self, config: ServerConfig, files: FileStore, answer: AnswerLine) -> None:
        self._config = config
        self._files = files
        self._answer = answer
        self._batches: dict[str, Batch] = {}
        self._tasks: set[asyncio.Task[None]] = set()

    def start(self, batch: Batch, behaviour: Behaviour) -> None:
        """Keep ``batch`` and begin to work on it. The behaviour stays what it is now."""
        self._batches[batch.id] = batch
        task = asyncio.get_running_loop().create_task(self._run(batch, behaviour))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def get(self, batch_id: str) -> Batch | None:
        """Return a batch, None where there is none of this id."""
        return self._batches.get(batch_id)

    def newest_first(self) -> list[Batch]:
        """Return all batches."""
        return list(reversed(self._batches.values()))

    async def _run(self, batch: Batch, behaviour: Behaviour) -> None:
        started = time.monotonic()
        lines = await asyncio.to_thread(self._validate, batch, behaviour)
        if batch.errors:
            batch.reach("failed")
            return
        batch.total = len(lines)
        if batch.status == "validating":
            batch.reach("in_progress")
        expires_after = behaviour.batch_expires_after
        outputs: list[dict[str, Any]] = []
        failures: list[dict[str, Any]] = []
        for line in lines[:expires_after]:
            if batch.is_cancelling.is_set():
                break
            await self._work(batch, line, outputs, failures)
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(started + behaviour.batch_seconds - time.monotonic()):
                await batch.is_cancelling.wait()
        self._finish(batch, lines, outputs, failures)

    def _validate(self, batch: Batch, behaviour: Behaviour) -> list[BatchLine]:
        if behaviour.batch_error is not None:
            message = f"The batch was refused with {behaviour.batch_error} (a fault that was asked for)."
            batch.errors = [LineError(behaviour.batch_error, message)]
            return []
        lines, batch.errors = read_lines(
            batch.input_file.content,
            endpoint=batch.endpoint,
            max_requests=self._config.batch_max_requests,
            max_bytes=self._config.batch_max_bytes,
        )
        return lines

    async def _work(
        self, batch: Batch, line: BatchLine, outputs: list[dict[str, Any]], failures: list[dict[str, Any]]
    ) -> None:
        status, body = await self._answer(line.body)
        document = answered_line(line.custom_id, status, body)
        if status != 200:
            batch.failed += 1
            failures.append(document)
            return
        batch.completed += 1
        batch.usage["input_tokens"] += body["usage"]["prompt_tokens"]
        batch.usage["output_tokens"] += body["usage"]["completion_tokens"]
        outputs.append(document)

    def _finish(
        self, batch: Batch, lines: list[BatchLine], outputs: list[dict[str, Any]], failures: list[dict[str, Any]]
    ) -> None:
        done = {document["custom_id"] for document in (*outputs, *failures)}
        rest = [line for line in lines if line.custom_id not in done]
        is_cancelled = batch.is_cancelling.is_set()
        reason = "was cancelled" if is_cancelled else "expired: the request was not executed within 24h"
        code = "batch_cancelled" if is_cancelled else "batch_expired"
        failures += [unanswered_line(line.custom_id, code, f"The batch {reason}.") for line in rest]
        batch.failed += len(rest)
        if not is_cancelled:
            batch.reach("finalizing")
        batch.output_file_id = self._file(batch, "output", outputs)
        batch.error_file_id = self._file(batch, "error", failures)
        batch.reach("cancelled" if is_cancelled else "expired" if rest else "completed")

    def _file(self, batch: Batch, kind: str, lines: list[dict[str, Any]]) -> str | None:
        if not lines:
            return None
        return self._files.add(
            to_jsonl(lines),
            filename=f"{batch.id}_{kind}.jsonl",
            purpose="batch_output",
            expires_after_seconds=batch.output_expires_after_seconds,
        ).id
