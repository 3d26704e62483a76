"""Errors as OpenAI's API words them.

Belongs here: the error document and what raises it. Does not belong here: deciding that a request is wrong.
"""

import math
from collections.abc import Mapping
from typing import Any

INVALID_REQUEST = "invalid_request_error"


class ApiError(Exception):
    """A request is answered with an error document."""

    def __init__(
        self,
        status: int,
        message: str,
        *,
        kind: str = INVALID_REQUEST,
        param: str | None = None,
        code: str | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(message)
        self.status = status
        self.kind = kind
        self.param = param
        self.code = code
        self.headers = dict(headers or {})

    @property
    def document(self) -> dict[str, Any]:
        """The body of the answer."""
        return {"error": {"message": str(self), "type": self.kind, "param": self.param, "code": self.code}}


def retry_after_headers(seconds: float | None) -> dict[str, str]:
    """Return Retry-After in both forms that OpenAI sends: whole seconds, and exact milliseconds."""
    if seconds is None:
        return {}
    return {"retry-after": str(math.ceil(seconds)), "retry-after-ms": str(math.ceil(seconds * 1000))}
