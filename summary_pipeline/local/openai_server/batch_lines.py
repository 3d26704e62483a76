"""The lines of a batch: what a request line must be, and what an answer line looks like.

Belongs here: reading and checking an input file, and composing output lines. Does not belong here: answering requests
(``app``), the life of a batch (``batches``).
"""

import json
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

ENDPOINT = "/v1/chat/completions"
MAX_ERRORS = 20
"""More errors of one file are not listed."""


@dataclass(frozen=True, slots=True)
class BatchLine:
    """One request of a batch."""

    custom_id: str
    body: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class LineError:
    """What is wrong with an input file. ``line`` counts from one; None where it is the file as a whole."""

    code: str
    message: str
    line: int | None = None
    param: str | None = None

    @property
    def document(self) -> dict[str, Any]:
        """An entry of ``errors.data``."""
        return {"code": self.code, "message": self.message, "line": self.line, "param": self.param}


def read_lines(
    content: bytes, *, endpoint: str, max_requests: int, max_bytes: int
) -> tuple[list[BatchLine], list[LineError]]:
    """Return the requests of an input file and everything that is wrong with it; with errors it is not worked on."""
    if len(content) > max_bytes:
        error = LineError("file_too_large", f"The file has {len(content)} bytes; {max_bytes} are the limit.")
        return [], [error]
    rows = [row for row in content.split(b"\n") if row.strip()]
    if not rows:
        return [], [LineError("empty_file", "The input file is empty.")]
    if len(rows) > max_requests:
        error = LineError("too_many_tasks", f"The file has {len(rows)} requests; {max_requests} are the limit.")
        return [], [error]
    lines: list[BatchLine] = []
    errors: list[LineError] = []
    seen: set[str] = set()
    for number, row in enumerate(rows, start=1):
        read = _read_line(row, number, endpoint)
        if isinstance(read, BatchLine) and read.custom_id in seen:
            message = f"The custom_id {read.custom_id!r} was used before. Each has to be unique in its batch."
            read = LineError("duplicate_custom_id", message, number, "custom_id")
        if isinstance(read, BatchLine):
            seen.add(read.custom_id)
            lines.append(read)
        else:
            errors.append(read)
    models = {str(line.body.get("model")) for line in lines}
    if len(models) > 1:
        message = f"All requests of a batch must name one model, not {', '.join(sorted(models))}."
        errors.append(LineError("mismatched_model", message, param="body.model"))
    return lines, errors[:MAX_ERRORS]


def _read_line(row: bytes, number: int, endpoint: str) -> BatchLine | LineError:
    try:
        document = json.loads(row)
    except ValueError:
        return LineError("invalid_json_line", "This line is not parseable as valid JSON.", number)
    if not isinstance(document, dict):
        return LineError("invalid_json_line", "This line is not a JSON object.", number)
    custom_id, body, url = document.get("custom_id"), document.get("body"), document.get("url")
    problem = None
    if document.get("method") != "POST":
        problem = LineError("invalid_method", "The method has to be POST.", number, "method")
    if url != endpoint:
        problem = LineError("invalid_url", f"The url {url!r} is not the batch's endpoint, {endpoint}.", number, "url")
    if not isinstance(body, dict):
        problem = LineError("missing_required_parameter", "body is missing.", number, "body")
    if not isinstance(custom_id, str) or not custom_id:
        problem = LineError("missing_required_parameter", "custom_id is missing.", number, "custom_id")
    return problem or BatchLine(str(custom_id), dict(body or {}))


def answered_line(custom_id: str, status: int, body: Mapping[str, Any]) -> dict[str, Any]:
    """Return the output line of a request that was carried out, well or not."""
    response = {"status_code": status, "request_id": f"req_{uuid.uuid4().hex}", "body": body}
    return {"id": _line_id(), "custom_id": custom_id, "response": response, "error": None}


def unanswered_line(custom_id: str, code: str, message: str) -> dict[str, Any]:
    """Return the line of a request that was never carried out."""
    return {
        "id": _line_id(),
        "custom_id": custom_id,
        "response": None,
        "error": {"code": code, "message": message},
    }


def to_jsonl(lines: Sequence[Mapping[str, Any]]) -> bytes:
    """Return lines as a file holds them."""
    return "".join(f"{json.dumps(line, ensure_ascii=False)}\n" for line in lines).encode()


def _line_id() -> str:
    return f"batch_req_{uuid.uuid4().hex}"
