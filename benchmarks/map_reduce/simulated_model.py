"""The simulated model that all contestants call: the embedded OpenAI server, with a log of its calls.

    python -m benchmarks.map_reduce.simulated_model PORT

Belongs here: the log, as seen from outside the application. ``GET /_calls`` returns it, ``DELETE /_calls`` empties
it.
Every answer takes the same time, as one of a fixed number of tokens would, whatever is in it: nobody gains by writing
less.
"""

import json
import sys
import time
from typing import Any

import uvicorn
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from summary_pipeline.local.openai_server.app import create_app
from summary_pipeline.local.openai_server.configuration import ServerConfig

COMPLETIONS = "/v1/chat/completions"


class CallLog:
    """Notes each call to the application that it wraps, once it has ended.

    That is: arrival, end, status, calls under way at arrival; and the tokens of prompt, answer and output limit.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        self._calls: list[dict[str, Any]] = []
        self._in_flight = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and scope["path"] == COMPLETIONS:
            await self._logged(scope, receive, send)
        elif scope["type"] == "http" and scope["path"] == "/_calls":
            await self._answer_control(scope, send)
        else:
            await self._app(scope, receive, send)

    async def _logged(self, scope: Scope, receive: Receive, send: Send) -> None:
        self._in_flight += 1
        call: dict[str, Any] = {"arrived": time.monotonic(), "at_once": self._in_flight}
        request, response = bytearray(), bytearray()

        async def receive_noted() -> Message:
            message = await receive()
            request.extend(message.get("body", b""))
            return message

        async def send_noted(message: Message) -> None:
            call.setdefault("status", message.get("status"))
            response.extend(message.get("body", b""))
            await send(message)

        try:
            await self._app(scope, receive_noted, send_noted)
        finally:
            self._in_flight -= 1
        call["ended"] = time.monotonic()
        self._calls.append({**call, **_weights(bytes(request), bytes(response))})

    async def _answer_control(self, scope: Scope, send: Send) -> None:
        if scope["method"] == "DELETE":
            self._calls.clear()
        body = json.dumps(self._calls).encode()
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-type", b"application/json")]})
        await send({"type": "http.response.body", "body": body})


def _weights(request: bytes, response: bytes) -> dict[str, int]:
    asked = json.loads(request)
    usage = json.loads(response).get("usage", {})
    return {
        "limit": asked.get("max_completion_tokens") or asked.get("max_tokens") or 0,
        "prompt_tokens": usage.get("prompt_tokens", 0),
        "completion_tokens": usage.get("completion_tokens", 0),
    }


def main() -> None:
    """Serve on the port that the command line names until a signal comes."""
    app = CallLog(create_app(ServerConfig(answers="leading")))
    config = uvicorn.Config(
        app,
        host="127.0.0.1",
        port=int(sys.argv[1]),
        lifespan="off",
        log_level="warning",
        access_log=False,
        timeout_keep_alive=120,
        backlog=4096,
    )
    uvicorn.Server(config).run()


if __name__ == "__main__":
    main()
