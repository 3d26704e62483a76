"""The HTTP application.

Belongs here: routes and status codes. Does not belong here: how a dependency is checked (``checks``).
"""

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping
from importlib.metadata import version

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from summary_pipeline.health.question import Answer, Question

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
    dependencies = {name: Question(check) for name, check in checks.items()}
    numbers = {name: Question(detail) for name, detail in (details or {}).items()}

    async def information(_request: Request) -> JSONResponse:
        routes = ["/api/v1/health", "/api/v1/health/live", "/api/v1/health/ready"]
        return JSONResponse({"name": NAME, "version": version(NAME), "endpoints": routes})

    async def live(_request: Request) -> JSONResponse:
        return JSONResponse({"status": "ok"})

    async def ready(_request: Request) -> JSONResponse:
        return _answer(await _all(dependencies, _sign_of_life), {})

    async def health(_request: Request) -> JSONResponse:
        report, more = await asyncio.gather(_all(dependencies, _sign_of_life), _all(numbers, _numbers))
        return _answer(report, {"details": more})

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


async def _all(
    questions: Mapping[str, Question[Answer]], ask: Callable[[Question[Answer]], Awaitable[Mapping[str, object]]]
) -> Mapping[str, Mapping[str, object]]:
    """Ask all at the same time."""
    answers = await asyncio.gather(*(ask(question) for question in questions.values()))
    return dict(zip(questions, answers, strict=True))


async def _sign_of_life(question: Question[None]) -> Mapping[str, object]:
    started = time.monotonic()
    problem, _nothing = await question.answer(CHECK_SECONDS)
    if problem is not None:
        return {"status": "error", "message": problem}
    return {"status": "ok", "milliseconds": round((time.monotonic() - started) * 1000, 1)}


async def _numbers(question: Question[Mapping[str, float | int | None]]) -> Mapping[str, object]:
    problem, numbers = await question.answer(CHECK_SECONDS)
    return numbers if problem is None and numbers is not None else {"message": problem}
