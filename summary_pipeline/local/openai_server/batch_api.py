"""The endpoints of the Files API and the Batch API.

Belongs here: routes, and checking what they are given. Does not belong here: files (``files``), batches (``batches``).
"""

import json
from collections.abc import Awaitable, Callable
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from summary_pipeline.local.openai_server.api_errors import ApiError
from summary_pipeline.local.openai_server.batch_lines import ENDPOINT
from summary_pipeline.local.openai_server.batches import AnswerLine, Batch, BatchRunner
from summary_pipeline.local.openai_server.configuration import Behaviour, ServerConfig
from summary_pipeline.local.openai_server.files import FileStore, list_document, page, read_upload

Endpoint = Callable[[Request], Awaitable[Response]]

_FORM_OVERHEAD = 10_000
"""Bytes that a form may weigh beside the file in it."""


class _OutputExpiry(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)

    anchor: Literal["created_at"]
    seconds: int = Field(ge=3600, le=2_592_000)


class _NewBatch(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)

    input_file_id: str
    endpoint: Literal["/v1/chat/completions"]
    completion_window: Literal["24h"]
    metadata: dict[Annotated[str, Field(max_length=64)], Annotated[str, Field(max_length=512)]] | None = Field(
        None, max_length=16
    )
    output_expires_after: _OutputExpiry | None = None


class BatchApi:
    """Files and batches over HTTP. ``answer`` answers one request of a batch, ``behaviour`` says how the server is."""

    def __init__(self, config: ServerConfig, answer: AnswerLine, behaviour: Callable[[], Behaviour]) -> None:
        self._config = config
        self._behaviour = behaviour
        self._files = FileStore()
        self._batches = BatchRunner(config, self._files, answer)

    def endpoints(self) -> list[tuple[str, str, Endpoint]]:
        """Return method, path and function of each endpoint."""
        return [
            ("POST", "/v1/files", self.create_file),
            ("GET", "/v1/files", self.list_files),
            ("GET", "/v1/files/{id}", self.get_file),
            ("GET", "/v1/files/{id}/content", self.get_file_content),
            ("POST", "/v1/batches", self.create_batch),
            ("GET", "/v1/batches", self.list_batches),
            ("GET", "/v1/batches/{id}", self.get_batch),
            ("POST", "/v1/batches/{id}/cancel", self.cancel_batch),
        ]

    async def create_file(self, request: Request) -> Response:
        """Take an upload."""
        limit = self._config.batch_max_bytes + _FORM_OVERHEAD
        body = bytearray()
        async for piece in request.stream():
            body += piece
            if len(body) > limit:
                raise ApiError(413, f"The file is too large: {self._config.batch_max_bytes} bytes are the limit.")
        upload = read_upload(request.headers.get("content-type", ""), bytes(body))
        stored = self._files.add(
            upload.content,
            filename=upload.filename,
            purpose=upload.purpose,
            expires_after_seconds=upload.expires_after_seconds,
        )
        return JSONResponse(stored.document)

    async def list_files(self, request: Request) -> Response:
        """List files, the newest first."""
        query = request.query_params
        files = self._files.newest_first(query.get("purpose"))
        limit = query.get("limit")
        shown = page(files, (file.id for file in files), after=query.get("after"), limit=limit)
        return JSONResponse(list_document([file.document for file in shown], limit=limit))

    async def get_file(self, request: Request) -> Response:
        """Describe a file."""
        return JSONResponse(self._files.get(request.path_params["id"]).document)

    async def get_file_content(self, request: Request) -> Response:
        """Send a file."""
        stored = self._files.get(request.path_params["id"])
        return Response(stored.content, media_type="application/octet-stream")

    async def create_batch(self, request: Request) -> Response:
        """Start a batch. What is wrong with its file is said by its status later, not now."""
        wanted = _read_new_batch(await request.body())
        input_file = self._files.get(wanted.input_file_id)
        if input_file.purpose != "batch":
            raise ApiError(400, "The input file was not uploaded with the purpose 'batch'.", param="input_file_id")
        expiry = wanted.output_expires_after
        batch = Batch(input_file, wanted.endpoint, wanted.metadata, expiry.seconds if expiry else None)
        self._batches.start(batch, self._behaviour())
        return JSONResponse(batch.document)

    async def list_batches(self, request: Request) -> Response:
        """List batches, the newest first."""
        batches = self._batches.newest_first()
        limit = request.query_params.get("limit")
        ids = (batch.id for batch in batches)
        shown = page(batches, ids, after=request.query_params.get("after"), limit=limit)
        return JSONResponse(list_document([batch.document for batch in shown], limit=limit))

    async def get_batch(self, request: Request) -> Response:
        """Describe a batch."""
        return JSONResponse(self._batch(request).document)

    async def cancel_batch(self, request: Request) -> Response:
        """Stop a batch; what is done of it is still answered."""
        batch = self._batch(request)
        if batch.is_ended:
            raise ApiError(400, f"Cannot cancel a batch with status '{batch.status}'.")
        batch.cancel()
        return JSONResponse(batch.document)

    def _batch(self, request: Request) -> Batch:
        batch_id = request.path_params["id"]
        batch = self._batches.get(batch_id)
        if batch is None:
            raise ApiError(404, f"No batch found with id '{batch_id}'.")
        return batch


def _read_new_batch(body: bytes) -> _NewBatch:
    try:
        document: Any = json.loads(body)
    except ValueError as error:
        raise ApiError(400, f"We could not parse the JSON body of your request: {error}.") from error
    try:
        return _NewBatch.model_validate(document)
    except ValidationError as error:
        problem = error.errors(include_url=False)[0]
        param = ".".join(str(part) for part in problem["loc"])
        hint = f" This server takes {ENDPOINT} only." if param == "endpoint" else ""
        raise ApiError(400, f"Invalid value for '{param}': {problem['msg']}.{hint}", param=param) from error
