"""Files as the Files API keeps them: uploaded, listed, read again. They last as long as the server.

Belongs here: reading an upload, the store, the documents that describe a file. Does not belong here: what is in a file
(``batch_lines``), HTTP routes (``batch_api``).
"""

import email.parser
import email.policy
import time
import uuid
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from summary_pipeline.local.openai_server.api_errors import ApiError

MAX_PAGE = 100


@dataclass(frozen=True, slots=True)
class StoredFile:
    """A file. ``created_at`` and ``expires_at`` are Unix times in seconds."""

    id: str
    filename: str
    purpose: str
    content: bytes
    created_at: int
    expires_at: int | None = None

    @property
    def document(self) -> dict[str, Any]:
        """What the API says of it."""
        return {
            "id": self.id,
            "object": "file",
            "bytes": len(self.content),
            "created_at": self.created_at,
            "expires_at": self.expires_at,
            "filename": self.filename,
            "purpose": self.purpose,
            "status": "processed",
            "status_details": None,
        }


class FileStore:
    """Files by id, in the order in which they came."""

    def __init__(self) -> None:
        self._files: dict[str, StoredFile] = {}

    def add(
        self, content: bytes, *, filename: str, purpose: str, expires_after_seconds: int | None = None
    ) -> StoredFile:
        """Keep ``content`` and return the file."""
        now = int(time.time())
        expires_at = None if expires_after_seconds is None else now + expires_after_seconds
        stored = StoredFile(f"file-{uuid.uuid4().hex}", filename, purpose, content, now, expires_at)
        self._files[stored.id] = stored
        return stored

    def get(self, file_id: str) -> StoredFile:
        """Return a file.

        Raises:
            ApiError: there is none of this id.
        """
        if file_id not in self._files:
            raise ApiError(404, f"No such File object: {file_id}", param="id")
        return self._files[file_id]

    def newest_first(self, purpose: str | None = None) -> list[StoredFile]:
        """Return all files, or those of one purpose."""
        return [file for file in reversed(self._files.values()) if purpose in (None, file.purpose)]


@dataclass(frozen=True, slots=True)
class Upload:
    """The form that creates a file."""

    filename: str
    purpose: str
    content: bytes
    expires_after_seconds: int | None


def read_upload(content_type: str, body: bytes) -> Upload:
    """Read a ``multipart/form-data`` body (RFC 7578).

    Raises:
        ApiError: it is none, or a field is missing or wrong.
    """
    if not content_type.lower().startswith("multipart/form-data"):
        raise ApiError(400, "Send the file as multipart/form-data.")
    head = f"Content-Type: {content_type}\r\n\r\n".encode("latin-1", errors="replace")
    form = email.parser.BytesParser(policy=email.policy.HTTP).parsebytes(head + body)
    fields: dict[str, tuple[str | None, bytes]] = {}
    for part in form.iter_parts():
        name = part.get_param("name", header="content-disposition")
        payload = part.get_payload(decode=True)
        if isinstance(name, str) and isinstance(payload, bytes):
            fields[name] = (part.get_filename(), payload)
    for required in ("file", "purpose"):
        if required not in fields:
            message = f"Missing required parameter: '{required}'."
            raise ApiError(400, message, param=required, code="missing_required_parameter")
    filename, content = fields["file"]
    purpose = fields["purpose"][1].decode("utf-8", errors="replace")
    if purpose != "batch":
        raise ApiError(400, f"This server takes files with the purpose 'batch', not {purpose!r}.", param="purpose")
    return Upload(filename or "file", purpose, content, _expiry(fields))


def _expiry(fields: dict[str, tuple[str | None, bytes]]) -> int | None:
    seconds = fields.get("expires_after[seconds]", (None, b""))[1]
    if not seconds:
        return None
    if not (seconds.isdigit() and 3600 <= int(seconds) <= 2_592_000):
        param = "expires_after.seconds"
        raise ApiError(400, f"Invalid value for '{param}': expected 3600 to 2592000.", param=param)
    return int(seconds)


Listed = TypeVar("Listed")


def page(items: Sequence[Listed], ids: Iterable[str], *, after: str | None, limit: str | None) -> list[Listed]:
    """Return the page of ``items`` that follows the one with the id ``after``, and one more where there are more.

    Raises:
        ApiError: ``limit`` is no number from 1 to 100, or ``after`` is the id of nothing.
    """
    wanted = limit or "20"
    if not (wanted.isascii() and wanted.isdigit() and 1 <= int(wanted) <= MAX_PAGE):
        raise ApiError(400, f"Invalid 'limit': expected 1 to {MAX_PAGE}, not {wanted!r}.", param="limit")
    known = list(ids)
    if after is not None and after not in known:
        raise ApiError(400, f"Invalid 'after': no such object: {after}.", param="after")
    start = 0 if after is None else known.index(after) + 1
    return list(items[start : start + int(wanted) + 1])


def list_document(documents: Sequence[dict[str, Any]], *, limit: str | None) -> dict[str, Any]:
    """Return the body of an answer that lists ``documents``, which ``page`` has chosen."""
    size = int(limit or "20")
    shown = list(documents[:size])
    return {
        "object": "list",
        "data": shown,
        "first_id": shown[0]["id"] if shown else None,
        "last_id": shown[-1]["id"] if shown else None,
        "has_more": len(documents) > size,
    }
