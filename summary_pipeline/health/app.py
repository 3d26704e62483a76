"""The HTTP application.

Belongs here: routes and status codes. Does not belong here: how a dependency is checked (``checks``).
"""

import asyncio
import time
from collections.abc import Callable, Mapping
from importlib.metadata import version
from typing import TypeVar

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

Answer = TypeVar("Answer")
Check = Callable[[], None]
"""Asks a dependency for a sign of life; raises whatever its client raises where none comes."""

Detail = Callable[[], Mapping[str, float | int | None]]
"""Asks for numbers that a person or a monitor wants to see; raises whatever its client raises."""

CHECK_SECONDS = 10.0
NAME = "summary-pipeline"


def create_app(checks: Mapping[str, Check], details: Mapping[str, Detail] | None = None) -> Starlette:
    """Return the application.

    Args:
        checks: run, at the same time, for ``health`` and ``ready``; one that fails makes both answer 503.
        details: numbers that ``health`` alone shows. They decide nothing: a backlog is no reason to stop this service.
    """

    async def information(_request: Request) -> JSONResponse:
        routes = ["/api/v1/health", "/api/v1/health/live", "/api/v1/health/ready"]
        return JSONResponse({"name": NAME, "version": version(NAME), "endpoints": routes})

    async def live(_request: Request) -> JSONResponse:
        return JSONResponse({"status": "ok"})

    async def ready(_request: Request) -> JSONResponse:
        results = await asyncio.gather(*(_run(check) for check in checks.values()))
        return _answer(dict(zip(checks, results, strict=True)), {})

    async def health(_request: Request) -> JSONResponse:
        wanted = details or {}
        results, numbers = await asyncio.gather(
            asyncio.gather(*(_run(check) for check in checks.values())),
            asyncio.gather(*(_ask(detail) for detail in wanted.values())),
        )
        return _answer(dict(zip(checks, results, strict=True)), {"details": dict(zip(wanted, numbers, strict=True))})

    return Starlette(
        routes=[
            Route("/", information),
            Route("/api/v1", information),
            Route("/api/v1/health", health),
            Route("/api/v1/health/live", live),
            Route("/api/v1/health/ready", ready),
        ]
    )


def _answer(report: Mapping[str, Mapping[str, object]], more: Mapping[str, object]) -> JSONResponse:
    ok = all(result["status"] == "ok" for result in report.values())
    body = {"status": "ok" if ok else "error", "dependencies": report, **more}
    return JSONResponse(body, status_code=200 if ok else 503)


async def _run(check: Check) -> dict[str, object]:
    started = time.monotonic()
    problem, _nothing = await _call(check)
    if problem is not None:
        return {"status": "error", "message": problem}
    return {"status": "ok", "milliseconds": round((time.monotonic() - started) * 1000, 1)}


async def _ask(detail: Detail) -> Mapping[str, object]:
    problem, numbers = await _call(detail)
    return numbers if problem is None and numbers is not None else {"message": problem}


async def _call(question: Callable[[], Answer]) -> tuple[str | None, Answer | None]:
    """Return what is wrong, if anything is, and the answer."""
    try:
        return None, await asyncio.wait_for(asyncio.to_thread(question), CHECK_SECONDS)
    except TimeoutError:
        return f"no answer within {CHECK_SECONDS:g} s", None
    except Exception as error:  # noqa: BLE001 -- whatever a client raises is the answer to the question that was asked
        return f"{type(error).__name__}: {error}", None
